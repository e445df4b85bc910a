package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Organization is a customer.
type Organization struct {
	ID           string    `json:"id" doc:"Never changes" example:"org_01k5"`
	Key          string    `json:"key" doc:"Unique in the deployment; stands in addresses" example:"acme"`
	Name         string    `json:"name" example:"Acme Ltd"`
	Parent       string    `json:"parent,omitempty" doc:"ID of the organization above"`
	State        string    `json:"state" enum:"active,suspended"`
	Entitlements []string  `json:"entitlements" doc:"What the vendor has switched on for it"`
	Accent       string    `json:"accent,omitempty" doc:"Colour of its pages" example:"#0a6b5e"`
	Logo         string    `json:"logo,omitempty" doc:"Where its logo is, in this deployment"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// logoAt returns where the picture with this hash is; "": there is none.
func logoAt(hash string) string {
	if hash == "" {
		return ""
	}
	return "/logos/" + hash + ".png"
}

func organization(o *sso.Organization) Organization {
	return Organization{
		ID: string(o.ID), Key: o.Key, Name: o.Name, Parent: string(o.Parent()), State: string(o.State), Entitlements: texts(o.Entitlements),
		Accent: o.Brand.Accent, Logo: logoAt(o.Brand.Logo), CreatedAt: o.CreatedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
	}
}

func toldOrganization(o *sso.Organization) *told[Organization] {
	return &told[Organization]{ETag: etag(o.Version), Body: organization(o)}
}

// NewOrganization is an organization to be made.
type NewOrganization struct {
	Key    string `json:"key" doc:"Lower case letters, digits and -" minLength:"1" maxLength:"63" example:"acme"`
	Name   string `json:"name" minLength:"1" maxLength:"200" example:"Acme Ltd"`
	Parent string `json:"parent,omitempty" doc:"Key of the organization above" maxLength:"64"`
}

// OrganizationChange is what an organization is to be; what is left out stays.
type OrganizationChange struct {
	Name   *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Accent *string `json:"accent,omitempty" doc:"Colour of its pages as #rrggbb; empty: the deployment's" maxLength:"7"`
}

func (h *Handler) organizations(a *api) {
	const tag = "Organizations"
	register(a, op{ID: "listOrganizations", Method: http.MethodGet, Path: "/organizations", Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List organizations",
		About: "All of the deployment by name, or those that are found by the words of q."}, h.listOrganizations)
	register(a, op{ID: "createOrganization", Method: http.MethodPost, Path: "/organizations", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Create an organization", Status: http.StatusCreated}, h.createOrganization)
	register(a, op{ID: "getOrganization", Method: http.MethodGet, Path: "/organizations/{organization}", Scope: sso.ScopeOrganizationsRead, Tag: tag, Summary: "Read an organization"}, h.getOrganization)
	register(a, op{ID: "updateOrganization", Method: http.MethodPatch, Path: "/organizations/{organization}", Scope: sso.ScopeOrganizationsWrite, Tag: tag, Summary: "Change how an organization shows"}, h.updateOrganization)
	register(a, op{ID: "setLogo", Method: http.MethodPut, Path: "/organizations/{organization}/logo", Scope: sso.ScopeOrganizationsWrite, Tag: tag, Summary: "Give an organization a logo", MaxBody: maxLogo}, h.setLogo)
	register(a, op{ID: "removeLogo", Method: http.MethodDelete, Path: "/organizations/{organization}/logo", Scope: sso.ScopeOrganizationsWrite, Tag: tag, Summary: "Take the logo of an organization away"}, h.removeLogo)
	register(a, op{ID: "listSuborganizations", Method: http.MethodGet, Path: "/organizations/{organization}/organizations", Scope: sso.ScopeOrganizationsRead, Tag: tag, Summary: "List the organizations right below one"}, h.listSuborganizations)
	register(a, op{ID: "createSuborganization", Method: http.MethodPost, Path: "/organizations/{organization}/organizations", Scope: sso.ScopeOrganizationsWrite, Tag: tag, Summary: "Create an organization below one", Status: http.StatusCreated}, h.createSuborganization)
	register(a, op{ID: "moveOrganization", Method: http.MethodPost, Path: "/organizations/{organization}/move", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Put an organization below another one",
		About: "All that stands below it moves along."}, h.moveOrganization)
	register(a, op{ID: "suspendOrganization", Method: http.MethodPost, Path: "/organizations/{organization}/suspend", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Shut an organization out",
		About: "Its people, and those of all organizations below it, are out at once."}, h.suspendOrganization)
	register(a, op{ID: "resumeOrganization", Method: http.MethodPost, Path: "/organizations/{organization}/resume", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Let a suspended organization in again"}, h.resumeOrganization)
	register(a, op{ID: "listEntitlements", Method: http.MethodGet, Path: "/organizations/{organization}/entitlements", Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List what is granted to an organization"}, h.listEntitlements)
	register(a, op{ID: "grantEntitlement", Method: http.MethodPut, Path: "/organizations/{organization}/entitlements/{entitlement}", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Grant an entitlement, or change its plan"}, h.grantEntitlement)
	register(a, op{ID: "revokeEntitlement", Method: http.MethodDelete, Path: "/organizations/{organization}/entitlements/{entitlement}", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Take an entitlement away",
		About: "Refused while single sign-on is the only way in for anybody who comes by it."}, h.revokeEntitlement)
}

func (h *Handler) listOrganizations(c *call, in *struct {
	Paging
	Q     string `query:"q" maxLength:"200" doc:"Beginnings of words of key or name"`
	State string `query:"state" enum:"active,suspended"`
}) (*listed[Organization], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	after, err := place[operate.OrganizationPlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Operate.OrganizationPage(c.ctx(), by, operate.OrganizationFilter{Typed: in.Q, State: sso.OrgState(in.State), After: after, Limit: in.limit()})
	if err != nil {
		return nil, err
	}
	return &listed[Organization]{page[Organization]{each(list.Organizations, organization), cursor(list.Next)}}, nil
}

func (h *Handler) createOrganization(c *call, in *struct{ Body NewOrganization }) (*created[Organization], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	o, err := h.Operate.CreateOrganization(c.ctx(), by, operate.NewOrganization{Key: in.Body.Key, Name: in.Body.Name, Parent: in.Body.Parent})
	if err != nil {
		return nil, err
	}
	return createdOrganization(&o), nil
}

func createdOrganization(o *sso.Organization) *created[Organization] {
	return &created[Organization]{Location: Path + "/organizations/" + o.Key, ETag: etag(o.Version), Body: organization(o)}
}

func (h *Handler) getOrganization(c *call, in *struct{ InOrganization }) (*told[Organization], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return toldOrganization(&o), nil
}

func (h *Handler) updateOrganization(c *call, in *struct {
	InOrganization
	Matching
	Body OrganizationChange
}) (*told[Organization], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	version, err := in.version(o.Version)
	if err != nil {
		return nil, err
	}
	to := provision.Settings{Version: version, Name: or(in.Body.Name, o.Name), Accent: or(in.Body.Accent, o.Brand.Accent)}
	if err := h.People.SaveSettings(c.ctx(), by, o.ID, to); err != nil {
		return nil, err
	}
	return h.getOrganization(c, &struct{ InOrganization }{in.InOrganization})
}

// maxLogo bounds a request that brings a logo, in octets: base64 takes a third
// more than the picture.
const maxLogo = sso.MaxLogo/3*4 + 16<<10

// Logo is a picture.
type Logo struct {
	Picture []byte `json:"picture" minLength:"1" doc:"PNG or JPEG, at most 512 KB and 1024 pixels a side"`
}

func (h *Handler) setLogo(c *call, in *struct {
	InOrganization
	Matching
	Body Logo
}) (*told[Organization], error) {
	return h.rebranded(c, in.InOrganization, in.Matching, sso.NewLogo{Picture: in.Body.Picture})
}

func (h *Handler) removeLogo(c *call, in *struct {
	InOrganization
	Matching
}) (*done, error) {
	_, err := h.rebranded(c, in.InOrganization, in.Matching, sso.NewLogo{Gone: true})
	return nil, err
}

func (h *Handler) rebranded(c *call, in InOrganization, m Matching, logo sso.NewLogo) (*told[Organization], error) {
	by, o, err := c.by(h, in)
	if err != nil {
		return nil, err
	}
	version, err := m.version(o.Version)
	if err != nil {
		return nil, err
	}
	if err := h.People.SaveSettings(c.ctx(), by, o.ID, provision.Settings{Version: version, Name: o.Name, Accent: o.Brand.Accent, Logo: logo}); err != nil {
		return nil, err
	}
	return h.getOrganization(c, &struct{ InOrganization }{in})
}

func (h *Handler) listSuborganizations(c *call, in *struct {
	InOrganization
	Paging
}) (*listed[Organization], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[provision.OrganizationPlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.People.Suborganizations(c.ctx(), &provision.Place{Organization: o}, "", after)
	if err != nil {
		return nil, err
	}
	var next *provision.OrganizationPlace
	if list.Next.Org != "" {
		next = &list.Next
	}
	lines, next := cut(list.Organizations, in.Paging, next, func(l *provision.OrganizationLine) provision.OrganizationPlace { return l.Place })
	return &listed[Organization]{page[Organization]{each(lines, func(l *provision.OrganizationLine) Organization { return organization(&l.Organization) }), cursor(next)}}, nil
}

// NewSuborganization is an organization to be made below another one.
type NewSuborganization struct {
	Key  string `json:"key" doc:"Lower case letters, digits and -" minLength:"1" maxLength:"63" example:"acme-emea"`
	Name string `json:"name" minLength:"1" maxLength:"200" example:"Acme EMEA"`
}

func (h *Handler) createSuborganization(c *call, in *struct {
	InOrganization
	Body NewSuborganization
}) (*created[Organization], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := h.People.CreateSuborganization(c.ctx(), by, o.ID, in.Body.Name, in.Body.Key); err != nil {
		return nil, err
	}
	_, below, err := h.Programs.In(c.ctx(), &c.program, in.Body.Key, c.address)
	if err != nil {
		return nil, err
	}
	return createdOrganization(&below), nil
}

// customer returns the key of an organization that operators change.
func (h *Handler) customer(c *call, in InOrganization) (*sso.By, string, error) {
	_, o, err := c.by(h, in)
	if err != nil {
		return nil, "", err
	}
	by, err := c.vendor(h)
	return by, o.Key, err
}

// changed runs a change of an organization by the vendor and tells of it.
func (h *Handler) changed(c *call, in InOrganization, do func(by *sso.By, key string) error) (*told[Organization], error) {
	by, key, err := h.customer(c, in)
	if err != nil {
		return nil, err
	}
	if err := do(by, key); err != nil {
		return nil, err
	}
	return h.getOrganization(c, &struct{ InOrganization }{in})
}

// Move says below which organization another one is put.
type Move struct {
	Parent string `json:"parent" doc:"Key of the organization above; empty: none" maxLength:"64"`
}

func (h *Handler) moveOrganization(c *call, in *struct {
	InOrganization
	Body Move
}) (*told[Organization], error) {
	return h.changed(c, in.InOrganization, func(by *sso.By, key string) error {
		return h.Operate.MoveOrganization(c.ctx(), by, key, in.Body.Parent)
	})
}

func (h *Handler) suspendOrganization(c *call, in *struct{ InOrganization }) (*told[Organization], error) {
	return h.changed(c, in.InOrganization, func(by *sso.By, key string) error { return h.Operate.SuspendOrganization(c.ctx(), by, key) })
}

func (h *Handler) resumeOrganization(c *call, in *struct{ InOrganization }) (*told[Organization], error) {
	return h.changed(c, in.InOrganization, func(by *sso.By, key string) error { return h.Operate.ResumeOrganization(c.ctx(), by, key) })
}

// Entitlement is what the vendor has switched on for an organization.
type Entitlement struct {
	Entitlement string     `json:"entitlement" enum:"sso,scim"`
	Plan        string     `json:"plan" doc:"What the vendor calls it"`
	GrantedBy   string     `json:"granted_by,omitempty"`
	GrantedAt   *time.Time `json:"granted_at,omitempty"`
}

func (h *Handler) listEntitlements(c *call, in *struct{ InOrganization }) (*listed[Entitlement], error) {
	by, key, err := h.customer(c, in.InOrganization)
	if err != nil {
		return nil, err
	}
	v, err := h.Operate.Organization(c.ctx(), by, key)
	if err != nil {
		return nil, err
	}
	return &listed[Entitlement]{page[Entitlement]{Items: each(v.Grants, func(g *sso.EntitlementGrant) Entitlement {
		return Entitlement{Entitlement: string(g.Entitlement), Plan: g.Plan, GrantedBy: g.By, GrantedAt: instant(g.At)}
	})}}, nil
}

// InEntitlement names an entitlement of an organization.
type InEntitlement struct {
	InOrganization
	Entitlement string `path:"entitlement" enum:"sso,scim"`
}

// Grant says under which plan something is granted.
type Grant struct {
	Plan string `json:"plan,omitempty" doc:"What the vendor calls it" maxLength:"200"`
}

func (h *Handler) grantEntitlement(c *call, in *struct {
	InEntitlement
	Body Grant
}) (*told[Organization], error) {
	return h.changed(c, in.InOrganization, func(by *sso.By, key string) error {
		return h.Operate.Grant(c.ctx(), by, key, sso.Entitlement(in.Entitlement), in.Body.Plan)
	})
}

func (h *Handler) revokeEntitlement(c *call, in *struct{ InEntitlement }) (*done, error) {
	by, key, err := h.customer(c, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.Revoke(c.ctx(), by, key, sso.Entitlement(in.Entitlement))
}
