package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
)

// SetupLink is a link by which somebody without an account sets single sign-on
// up.
type SetupLink struct {
	ID        string     `json:"id"`
	Scope     string     `json:"scope" enum:"sso,domains" doc:"What it opens: everything, or the domains alone"`
	Note      string     `json:"note" doc:"For whom it is"`
	State     string     `json:"state" enum:"unopened,opened,expired,revoked,disowned"`
	CreatedBy string     `json:"created_by" doc:"ID of the user or key"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
}

func (h *Handler) setupLink(l *sso.SetupLink) SetupLink {
	return SetupLink{
		ID: string(l.ID), Scope: string(l.Scope), Note: l.Note, State: string(l.State(h.Programs.Now())), CreatedBy: string(l.By),
		CreatedAt: l.CreatedAt.UTC(), ExpiresAt: l.ExpiresAt.UTC(), OpenedAt: instant(l.OpenedAt),
	}
}

// NewSetupLink is a link to be made.
type NewSetupLink struct {
	Scope string `json:"scope,omitempty" enum:"sso,domains" default:"sso"`
	Note  string `json:"note" minLength:"1" maxLength:"200" doc:"For whom it is" example:"IT of Acme"`
	Days  int    `json:"days,omitempty" minimum:"1" maximum:"90" default:"14"`
	Email string `json:"email,omitempty" maxLength:"320" doc:"To whom it is mailed; empty: nobody"`
}

// MadeSetupLink is a link that was made.
type MadeSetupLink struct {
	SetupLink
	Path string `json:"path" doc:"Where it leads, in this deployment; it is shown this once"`
}

func (h *Handler) setupLinks(a *api) {
	const tag, all = "Setup links", "/organizations/{organization}/setup-links"
	register(a, op{ID: "listSetupLinks", Method: http.MethodGet, Path: all, Scope: sso.ScopeSSORead, Tag: tag, Summary: "List setup links", About: "The latest first."}, h.listSetupLinks)
	register(a, op{ID: "createSetupLink", Method: http.MethodPost, Path: all, Scope: sso.ScopeSSOWrite, Tag: tag, Summary: "Create a setup link", Status: http.StatusCreated,
		About: "It is good for as long as the key that has made it is."}, h.createSetupLink)
	register(a, op{ID: "revokeSetupLink", Method: http.MethodDelete, Path: all + "/{link}", Scope: sso.ScopeSSOWrite, Tag: tag, Summary: "Revoke a setup link"}, h.revokeSetupLink)
}

func (h *Handler) listSetupLinks(c *call, in *struct {
	InOrganization
	Paging
}) (*listed[SetupLink], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[connect.Place](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Connect.SetupLinks(c.ctx(), p, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Links, in.Paging, further(list.Next), func(l *sso.SetupLink) connect.Place { return connect.Place{At: l.CreatedAt, ID: string(l.ID)} })
	return &listed[SetupLink]{page[SetupLink]{each(lines, h.setupLink), cursor(next)}}, nil
}

func (h *Handler) createSetupLink(c *call, in *struct {
	InOrganization
	Body NewSetupLink
}) (*created[MadeSetupLink], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n := authority.NewLink{Mail: in.Body.Email, NewSetupLink: sso.NewSetupLink{Scope: sso.SetupScope(in.Body.Scope), Note: in.Body.Note, Life: time.Duration(in.Body.Days) * 24 * time.Hour}}
	link, token, err := h.Connect.CreateSetupLink(c.ctx(), who, p.ID, n)
	if err != nil {
		return nil, err
	}
	return &created[MadeSetupLink]{Location: under(&p.Organization, "setup-links"), Body: MadeSetupLink{h.setupLink(&link), authority.SetupLinkPath + token.Reveal()}}, nil
}

func (h *Handler) revokeSetupLink(c *call, in *struct {
	InOrganization
	Link string `path:"link" doc:"ID of the link" maxLength:"64"`
}) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Connect.RevokeSetupLink(c.ctx(), who, p.ID, sso.SetupLinkID(in.Link))
}
