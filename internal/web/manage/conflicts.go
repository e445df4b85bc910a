package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
)

// Conflict is what no sign-in may decide by itself.
type Conflict struct {
	ID         string     `json:"id"`
	Connection string     `json:"connection" doc:"ID"`
	Kind       string     `json:"kind" enum:"subject,candidates,address,provider,domain,deleted"`
	Subject    string     `json:"subject" doc:"By which the identity provider knows them"`
	Email      string     `json:"email,omitempty" doc:"That was asserted last"`
	Candidates []string   `json:"candidates" doc:"IDs of users who could be meant"`
	Remedies   []string   `json:"remedies" doc:"What can be done about it: relink, merge, invite, allow, refuse"`
	State      string     `json:"state" enum:"open,refused,allowed,solved"`
	Tries      int        `json:"tries"`
	Reference  string     `json:"reference" doc:"Of the last trace"`
	CreatedAt  time.Time  `json:"created_at"`
	SeenAt     time.Time  `json:"seen_at"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
	DecidedBy  string     `json:"decided_by,omitempty" doc:"ID of the user or key"`
}

func clash(k *sso.Conflict) Conflict {
	return Conflict{
		ID: string(k.ID), Connection: string(k.Connection), Kind: string(k.Kind), Subject: k.Subject, Email: k.Asserted.Email.String(), Candidates: texts(k.Candidates),
		Remedies: texts(k.Remedies()), State: string(k.State), Tries: k.Count, Reference: k.Reference, CreatedAt: k.CreatedAt.UTC(), SeenAt: k.SeenAt.UTC(),
		DecidedAt: instant(k.DecidedAt), DecidedBy: k.DecidedBy,
	}
}

// InConflict names a conflict of an organization.
type InConflict struct {
	InOrganization
	Conflict string `path:"conflict" doc:"ID of the conflict" maxLength:"64"`
}

// Remedy says what is done about a conflict.
type Remedy struct {
	Remedy string `json:"remedy" enum:"relink,merge,invite,allow,refuse"`
	User   string `json:"user,omitempty" maxLength:"64" doc:"ID: whom the subject stands for from now on (relink), or who remains (merge)"`
	From   string `json:"from,omitempty" maxLength:"64" doc:"ID: whose account goes up in the other (merge)"`
	Role   string `json:"role,omitempty" default:"member" maxLength:"64" doc:"As what they are invited (invite)"`
}

func (h *Handler) conflicts(a *api) {
	const tag, all, one = "Conflicts", "/organizations/{organization}/conflicts", "/organizations/{organization}/conflicts/{conflict}"
	register(a, op{ID: "listConflicts", Method: http.MethodGet, Path: all, Scope: sso.ScopeSSORead, Tag: tag, Summary: "List conflicts", About: "The one that was seen last first."}, h.listConflicts)
	register(a, op{ID: "getConflict", Method: http.MethodGet, Path: one, Scope: sso.ScopeSSORead, Tag: tag, Summary: "Read a conflict"}, h.getConflict)
	register(a, op{ID: "decideConflict", Method: http.MethodPost, Path: one + "/decide", Scope: sso.ScopeSSOWrite, Tag: tag, Summary: "Decide a conflict"}, h.decideConflict)
}

func (h *Handler) listConflicts(c *call, in *struct {
	InOrganization
	Paging
	State string `query:"state" enum:"open,refused,allowed,solved" default:"open"`
}) (*listed[Conflict], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[inspect.Place](in.Cursor)
	if err != nil {
		return nil, err
	}
	state := sso.ConflictState(in.State)
	if state == "" {
		state = sso.ConflictOpen
	}
	list, err := h.Inspect.Conflicts(c.ctx(), p, state, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Conflicts, in.Paging, further(list.Next), func(k *sso.Conflict) inspect.Place { return inspect.Place{At: k.SeenAt, ID: string(k.ID)} })
	return &listed[Conflict]{page[Conflict]{each(lines, clash), cursor(next)}}, nil
}

// theConflict returns a conflict as it is told of.
func (h *Handler) theConflict(c *call, p *authority.Place, id string) (*told[Conflict], error) {
	k, err := h.Inspect.Conflict(c.ctx(), p, sso.ConflictID(id))
	if err != nil {
		return nil, err
	}
	return tell(clash(&k.Conflict)), nil
}

func (h *Handler) getConflict(c *call, in *struct{ InConflict }) (*told[Conflict], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.theConflict(c, p, in.Conflict)
}

func (h *Handler) decideConflict(c *call, in *struct {
	InConflict
	Body Remedy
}) (*told[Conflict], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	id := sso.ConflictID(in.Conflict)
	switch sso.Remedy(in.Body.Remedy) {
	case sso.RemedyRelink:
		err = h.Inspect.Relink(c.ctx(), who, p.ID, id, sso.UserID(in.Body.User))
	case sso.RemedyMerge:
		err = h.Inspect.Merge(c.ctx(), who, p.ID, id, sso.UserID(in.Body.User), sso.UserID(in.Body.From))
	case sso.RemedyInvite:
		err = h.Inspect.Invite(c.ctx(), who, p.ID, id, sso.Role(in.Body.Role))
	case sso.RemedyAllow:
		err = h.Inspect.Allow(c.ctx(), who, p.ID, id)
	default:
		err = h.Inspect.Refuse(c.ctx(), who, p.ID, id)
	}
	if err != nil {
		return nil, err
	}
	return h.theConflict(c, p, in.Conflict)
}
