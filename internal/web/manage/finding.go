package manage

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
)

// Explained is one step of the way that an address would go.
type Explained struct {
	Rule         string `json:"rule" example:"domain_proved" doc:"By which it goes on"`
	Domain       string `json:"domain,omitempty"`
	Organization string `json:"organization,omitempty" doc:"Name"`
	Connection   string `json:"connection,omitempty" doc:"Name"`
	User         string `json:"user,omitempty" doc:"Name"`
	FirstSignIn  string `json:"first_sign_in,omitempty" enum:"create,ask,match,invited"`
	Role         string `json:"role,omitempty"`
	Code         string `json:"code,omitempty" doc:"Why it is refused"`
}

// Found is somebody, of whatever organization.
type Found struct {
	ID           string `json:"id"`
	Username     string `json:"username,omitempty"`
	Email        string `json:"email,omitempty"`
	Name         string `json:"name"`
	State        string `json:"state" enum:"active,suspended,deleted"`
	Organization string `json:"organization" doc:"Key of the one where they are at home"`
}

// finding are the operations that say where somebody belongs.
func (h *Handler) finding(a *api) {
	const how = "It asks the very rules by which sign-ins go, and does nothing."
	register(a, op{ID: "explainAddress", Method: http.MethodGet, Path: "/organizations/{organization}/explain", Scope: sso.ScopeSSORead, Tag: "Connections", Summary: "Say which way an address would go in an organization", About: how}, h.explainAddress)
	register(a, op{ID: "explainAnyAddress", Method: http.MethodGet, Path: "/explain", Scope: sso.ScopeDeploymentRead, Tag: "Connections", Summary: "Say which way an address would go anywhere", About: how}, h.explainAnyAddress)
	register(a, op{ID: "findUsers", Method: http.MethodGet, Path: "/users", Scope: sso.ScopeDeploymentRead, Tag: "Users", Summary: "Find users of all organizations"}, h.findUsers)
}

// Address is the one that somebody would type.
type Address struct {
	Email string `query:"email" required:"true" minLength:"3" maxLength:"320" example:"alice@acme.example"`
}

func explained(all []inspect.Explained) *listed[Explained] {
	return &listed[Explained]{page[Explained]{Items: each(all, func(e *inspect.Explained) Explained {
		return Explained{Rule: string(e.Way), Domain: e.Domain, Organization: e.Organization, Connection: e.Connection, User: e.User, FirstSignIn: string(e.Mode), Role: string(e.Role), Code: e.Code}
	})}}
}

func (h *Handler) explainAddress(c *call, in *struct {
	InOrganization
	Address
}) (*listed[Explained], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	all, err := h.Inspect.Explain(c.ctx(), p, in.Email)
	if err != nil {
		return nil, err
	}
	return explained(all), nil
}

func (h *Handler) explainAnyAddress(c *call, in *struct{ Address }) (*listed[Explained], error) {
	if _, err := c.vendor(h); err != nil {
		return nil, err
	}
	all, err := h.Inspect.ExplainAnywhere(c.ctx(), in.Email)
	if err != nil {
		return nil, err
	}
	return explained(all), nil
}

func (h *Handler) findUsers(c *call, in *struct {
	Paging
	Q string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Beginnings of words of name, username or address"`
}) (*listed[Found], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	after, err := place[operate.PeoplePlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Operate.People(c.ctx(), by, in.Q, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.People, in.Paging, list.Next, func(f *operate.Found) operate.PeoplePlace { return f.Place })
	return &listed[Found]{page[Found]{each(lines, func(f *operate.Found) Found {
		return Found{ID: string(f.ID), Username: f.Username, Email: f.Email.String(), Name: f.Name(), State: string(f.State), Organization: f.OrgKey}
	}), cursor(next)}}, nil
}
