package manage

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Invitation is one that was mailed to somebody.
type Invitation struct {
	ID            string     `json:"id"`
	Email         string     `json:"email"`
	Role          string     `json:"role"`
	Groups        []string   `json:"groups"`
	Organizations []string   `json:"organizations" doc:"IDs of organizations below, of which they become members besides"`
	State         string     `json:"state" enum:"open,accepted,revoked,expired"`
	InvitedBy     string     `json:"invited_by" doc:"ID of the user or key"`
	CreatedAt     time.Time  `json:"created_at"`
	SentAt        time.Time  `json:"sent_at"`
	ExpiresAt     time.Time  `json:"expires_at"`
	AcceptedAt    *time.Time `json:"accepted_at,omitempty"`
	AcceptedBy    string     `json:"accepted_by,omitempty" doc:"ID of the user"`
}

// NewInvitations says who is invited, and to what.
type NewInvitations struct {
	Emails        []string `json:"emails" minItems:"1" maxItems:"200"`
	Role          string   `json:"role,omitempty" default:"member" maxLength:"64"`
	Groups        []string `json:"groups,omitempty" maxItems:"1000"`
	Organizations []string `json:"organizations,omitempty" doc:"IDs of organizations below, of which they become members besides" maxItems:"200"`
	Language      string   `json:"language,omitempty" doc:"Of the mail" maxLength:"35"`
}

// Invited says how many invitations were mailed.
type Invited struct {
	Sent int `json:"sent"`
}

// InInvitation names an invitation of an organization.
type InInvitation struct {
	InOrganization
	Invitation string `path:"invitation" doc:"ID of the invitation" maxLength:"64"`
}

func (h *Handler) invitations(a *api) {
	const tag, all, one = "Invitations", "/organizations/{organization}/invitations", "/organizations/{organization}/invitations/{invitation}"
	read, write := sso.ScopeUsersRead, sso.ScopeUsersWrite
	register(a, op{ID: "listInvitations", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List invitations", About: "The latest first."}, h.listInvitations)
	register(a, op{ID: "invite", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Invite people",
		About: "An invitation that is out to one of the addresses is sent anew. Where any of them cannot be invited, nobody is."}, h.invite)
	register(a, op{ID: "resendInvitation", Method: http.MethodPost, Path: one + "/resend", Scope: write, Tag: tag, Summary: "Mail an invitation anew", About: "With a new link; the old one is void."}, h.resendInvitation)
	register(a, op{ID: "revokeInvitation", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Revoke an invitation"}, h.revokeInvitation)
}

func (h *Handler) listInvitations(c *call, in *struct {
	InOrganization
	Paging
}) (*listed[Invitation], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[provision.InvitationPlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.People.Invitations(c.ctx(), &provision.Place{Organization: o}, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Invitations, in.Paging, further(list.Next), func(i *sso.Invitation) provision.InvitationPlace {
		return provision.InvitationPlace{At: i.CreatedAt, ID: string(i.ID)}
	})
	now := h.Programs.Now()
	return &listed[Invitation]{page[Invitation]{each(lines, func(i *sso.Invitation) Invitation {
		return Invitation{
			ID: string(i.ID), Email: i.Email.String(), Role: string(i.Role), Groups: texts(i.Groups), Organizations: texts(i.Organizations), State: string(i.State(now)),
			InvitedBy: i.By, CreatedAt: i.CreatedAt.UTC(), SentAt: i.SentAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(), AcceptedAt: instant(i.AcceptedAt), AcceptedBy: string(i.AcceptedBy),
		}
	}), cursor(next)}}, nil
}

func (h *Handler) invite(c *call, in *struct {
	InOrganization
	Body NewInvitations
}) (*told[Invited], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n := provision.NewInvitations{Addresses: strings.Join(in.Body.Emails, "\n"), Role: in.Body.Role, Groups: in.Body.Groups, Language: in.Body.Language}
	for _, id := range in.Body.Organizations {
		n.Organizations = append(n.Organizations, sso.OrgID(id))
	}
	sent, err := h.People.Invite(c.ctx(), by, o.ID, n)
	if err != nil {
		return nil, err
	}
	return tell(Invited{sent}), nil
}

func (h *Handler) resendInvitation(c *call, in *struct{ InInvitation }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.Resend(c.ctx(), by, o.ID, sso.InvitationID(in.Invitation))
}

func (h *Handler) revokeInvitation(c *call, in *struct{ InInvitation }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.Revoke(c.ctx(), by, o.ID, sso.InvitationID(in.Invitation))
}
