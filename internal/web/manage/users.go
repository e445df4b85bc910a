package manage

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// User is a person, as a member of an organization.
type User struct {
	ID           string     `json:"id" example:"usr_01k5"`
	Home         string     `json:"home" doc:"ID of the organization where they are at home"`
	Username     string     `json:"username,omitempty"`
	Email        string     `json:"email,omitempty" example:"alice@acme.example"`
	FirstName    string     `json:"first_name,omitempty"`
	LastName     string     `json:"last_name,omitempty"`
	Language     string     `json:"language,omitempty" doc:"Of pages and mails; not there: the browser's" example:"de"`
	State        string     `json:"state" enum:"active,suspended,deleted"`
	Role         string     `json:"role" doc:"In the organization" example:"member"`
	Groups       []string   `json:"groups" doc:"In the organization"`
	HasPassword  bool       `json:"has_password"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
	LastSignInAt *time.Time `json:"last_sign_in_at,omitempty"`
}

func user(u *sso.User, role sso.Role, groups []string) User {
	return User{
		ID: string(u.ID), Home: string(u.Home), Username: u.Username, Email: u.Email.String(), FirstName: u.FirstName, LastName: u.LastName,
		Language: u.Language, State: string(u.State), Role: string(role), Groups: texts(groups), HasPassword: u.PasswordHash != "",
		CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(), LastSignInAt: instant(u.LastSignInAt),
	}
}

// NewUser is a person to be made.
type NewUser struct {
	Email         string   `json:"email,omitempty" maxLength:"320" example:"alice@acme.example"`
	Username      string   `json:"username,omitempty" maxLength:"200"`
	FirstName     string   `json:"first_name,omitempty" maxLength:"200"`
	LastName      string   `json:"last_name,omitempty" maxLength:"200"`
	Language      string   `json:"language,omitempty" maxLength:"35"`
	Role          string   `json:"role,omitempty" default:"member" maxLength:"64"`
	Groups        []string `json:"groups,omitempty" maxItems:"1000"`
	Organizations []string `json:"organizations,omitempty" doc:"Keys of organizations below, of which they become members besides" maxItems:"200"`
	PasswordHash  string   `json:"password_hash,omitempty" doc:"Of a password that they have already: argon2id, bcrypt or PBKDF2" maxLength:"1000"`
	Welcome       bool     `json:"welcome,omitempty" doc:"Mail them a link to set up how they sign in"`
}

// UserChange is what a person is to be; what is left out stays.
type UserChange struct {
	Email     *string   `json:"email,omitempty" maxLength:"320"`
	Username  *string   `json:"username,omitempty" maxLength:"200"`
	FirstName *string   `json:"first_name,omitempty" maxLength:"200"`
	LastName  *string   `json:"last_name,omitempty" maxLength:"200"`
	Language  *string   `json:"language,omitempty" maxLength:"35"`
	Role      *string   `json:"role,omitempty" doc:"In the organization" maxLength:"64"`
	Groups    *[]string `json:"groups,omitempty" doc:"Exactly these, in the organization" maxItems:"1000"`
}

// profile reports whether anything of the person is to change, and not just
// what they are in the organization.
func (c *UserChange) profile() bool {
	return c.Email != nil || c.Username != nil || c.FirstName != nil || c.LastName != nil || c.Language != nil
}

// InUser names a member of an organization.
type InUser struct {
	InOrganization
	User string `path:"user" doc:"ID of the user" example:"usr_01k5" maxLength:"64"`
}

func (h *Handler) users(a *api) {
	const tag, all, one = "Users", "/organizations/{organization}/users", "/organizations/{organization}/users/{user}"
	read, write := sso.ScopeUsersRead, sso.ScopeUsersWrite
	register(a, op{ID: "listUsers", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List users",
		About: "Members of the organization, by name or as sort says. A page may hold fewer than limit; only where next is missing is it the last."}, h.listUsers)
	register(a, op{ID: "createUser", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create a user", Status: http.StatusCreated,
		About: "Somebody who is at home in the organization. To have somebody come who decides for themselves, invite them."}, h.createUser)
	register(a, op{ID: "getUser", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a user"}, h.getUser)
	register(a, op{ID: "updateUser", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change a user",
		About: "Profile and address of somebody at home in the organization or below it; role and groups of any member. Owners are changed by programs with the scope `owners:write` alone."}, h.updateUser)
	register(a, op{ID: "removeUser", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Remove a user",
		About: "Where they are at home in the organization their account is deleted; else they are no members any more, there and below."}, h.removeUser)
	register(a, op{ID: "suspendUser", Method: http.MethodPost, Path: one + "/suspend", Scope: write, Tag: tag, Summary: "Shut a user out", About: "Everywhere and at once."}, h.suspendUser)
	register(a, op{ID: "resumeUser", Method: http.MethodPost, Path: one + "/resume", Scope: write, Tag: tag, Summary: "Let a suspended user in again"}, h.resumeUser)
	register(a, op{ID: "unlockUser", Method: http.MethodPost, Path: one + "/unlock", Scope: write, Tag: tag, Summary: "Let a user try again who has guessed too often"}, h.unlockUser)
	register(a, op{ID: "resetPassword", Method: http.MethodPost, Path: one + "/reset-password", Scope: write, Tag: tag, Summary: "Mail a user a link to set a new password"}, h.resetPassword)
	register(a, op{ID: "resetAccount", Method: http.MethodPost, Path: one + "/reset-account", Scope: write, Tag: tag, Summary: "Take from a user all that they sign in with",
		About: "But for single sign-on. Their sessions end, and they are mailed a link to register anew."}, h.resetAccount)
	h.sessions(a)
}

func (h *Handler) listUsers(c *call, in *struct {
	InOrganization
	Paging
	Q     string `query:"q" maxLength:"200" doc:"Beginnings of words of name, username or address"`
	Role  string `query:"role" maxLength:"64"`
	State string `query:"state" enum:"active,suspended"`
	Way   string `query:"way" enum:"sso,password,none" doc:"How they come in"`
	Group string `query:"group" maxLength:"256" doc:"Name of a group that they are in"`
	Sort  string `query:"sort" enum:"name,newest,seen" default:"name"`
}) (*listed[User], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[provision.PeoplePlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.People.People(c.ctx(), &provision.Place{Organization: o}, provision.PeopleQuery{
		Words: sso.SearchWords(in.Q), Role: sso.Role(in.Role), State: sso.UserState(in.State), Way: provision.Way(in.Way), Group: in.Group,
		Sort: provision.Sort(in.Sort), After: after, Limit: in.limit(),
	})
	if err != nil {
		return nil, err
	}
	var next *provision.PeoplePlace
	if list.Next.User != "" {
		next = &list.Next
	}
	return &listed[User]{page[User]{each(list.People, func(m *provision.Member) User { return user(&m.User, m.Role, m.Groups) }), cursor(next)}}, nil
}

// userTag is the version of a user and of what they are in the organization.
func userTag(u *sso.User, m *sso.Membership) string {
	return `"` + strconv.FormatInt(u.Version, 10) + "." + strconv.FormatInt(m.UpdatedAt.UnixMicro(), 36) + `"`
}

// member returns a member as they are told of.
func (h *Handler) member(c *call, o *sso.Organization, id string) (*told[User], error) {
	u, m, err := h.People.Member(c.ctx(), &provision.Place{Organization: *o}, sso.UserID(id))
	if err != nil {
		return nil, err
	}
	return &told[User]{ETag: userTag(&u, &m), Body: user(&u, m.Role, m.Groups)}, nil
}

func (h *Handler) createUser(c *call, in *struct {
	InOrganization
	Body NewUser
}) (*created[User], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n := provision.NewPerson{PersonRow: sso.PersonRow{
		Email: in.Body.Email, Username: in.Body.Username, FirstName: in.Body.FirstName, LastName: in.Body.LastName, Role: in.Body.Role,
		Groups: in.Body.Groups, Organizations: in.Body.Organizations, Language: in.Body.Language, PasswordHash: in.Body.PasswordHash,
	}}
	if in.Body.Welcome {
		n.Welcome = provision.WelcomeByMail
	}
	id, err := h.People.CreatePerson(c.ctx(), by, o.ID, n)
	if err != nil {
		return nil, err
	}
	t, err := h.member(c, &o, string(id))
	if err != nil {
		return nil, err
	}
	return &created[User]{Location: Path + "/organizations/" + o.Key + "/users/" + string(id), ETag: t.ETag, Body: t.Body}, nil
}

func (h *Handler) getUser(c *call, in *struct{ InUser }) (*told[User], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.member(c, &o, in.User)
}

func (h *Handler) updateUser(c *call, in *struct {
	InUser
	Matching
	Body UserChange
}) (*told[User], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	u, m, err := h.People.Member(c.ctx(), &provision.Place{Organization: o}, sso.UserID(in.User))
	if err != nil {
		return nil, err
	}
	at := provision.NewPosition{Role: in.Body.Role, Groups: in.Body.Groups}
	if !in.blind() {
		if in.IfMatch != userTag(&u, &m) {
			return nil, stale(nil)
		}
		at.Read = m.UpdatedAt
	}
	to := in.Body
	if to.profile() && (to.Role != nil || to.Groups != nil) {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "api_mixed", Want: "either the profile or what they are in the organization", Fix: fault.AppSide}
	}
	if to.profile() {
		err := h.People.EditPerson(c.ctx(), by, o.ID, u.ID, provision.Profile{
			Version: u.Version, FirstName: or(to.FirstName, u.FirstName), LastName: or(to.LastName, u.LastName), Username: or(to.Username, u.Username),
			Email: or(to.Email, u.Email.String()), Language: or(to.Language, u.Language),
		})
		if err != nil {
			return nil, err
		}
	}
	if to.Role != nil || to.Groups != nil {
		if err := h.People.SetPosition(c.ctx(), by, o.ID, u.ID, at); err != nil {
			return nil, err
		}
	}
	return h.member(c, &o, in.User)
}

func (h *Handler) removeUser(c *call, in *struct{ InUser }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.Remove(c.ctx(), by, o.ID, sso.UserID(in.User))
}

// acted runs an act on a member and tells of them.
func (h *Handler) acted(c *call, in InUser, do func(by *sso.By, org sso.OrgID, user sso.UserID) error) (*told[User], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := do(by, o.ID, sso.UserID(in.User)); err != nil {
		return nil, err
	}
	return h.member(c, &o, in.User)
}

func (h *Handler) suspendUser(c *call, in *struct{ InUser }) (*told[User], error) {
	return h.acted(c, in.InUser, func(by *sso.By, org sso.OrgID, id sso.UserID) error { return h.People.Suspend(c.ctx(), by, org, id) })
}

func (h *Handler) resumeUser(c *call, in *struct{ InUser }) (*told[User], error) {
	return h.acted(c, in.InUser, func(by *sso.By, org sso.OrgID, id sso.UserID) error { return h.People.Resume(c.ctx(), by, org, id) })
}

func (h *Handler) unlockUser(c *call, in *struct{ InUser }) (*told[User], error) {
	return h.acted(c, in.InUser, func(by *sso.By, org sso.OrgID, id sso.UserID) error { return h.People.Unlock(c.ctx(), by, org, id) })
}

func (h *Handler) resetPassword(c *call, in *struct{ InUser }) (*told[User], error) {
	return h.acted(c, in.InUser, func(by *sso.By, org sso.OrgID, id sso.UserID) error {
		return h.People.ResetPassword(c.ctx(), by, org, id)
	})
}

func (h *Handler) resetAccount(c *call, in *struct{ InUser }) (*told[User], error) {
	return h.acted(c, in.InUser, func(by *sso.By, org sso.OrgID, id sso.UserID) error {
		return h.People.ResetAccount(c.ctx(), by, org, id)
	})
}
