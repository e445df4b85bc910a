package manage

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Access is what a user is in an organization.
type Access struct {
	Organization string   `json:"organization" doc:"ID of the organization"`
	Key          string   `json:"key" doc:"Its key"`
	Name         string   `json:"name" doc:"Its name"`
	Role         string   `json:"role"`
	Groups       []string `json:"groups"`
}

// AccessChange is what a user is to be in an organization below.
type AccessChange struct {
	Role string `json:"role" minLength:"1" maxLength:"64" example:"member"`
}

// InAccess names what a member is in an organization below.
type InAccess struct {
	InUser
	Below string `path:"below" doc:"Key or ID of an organization below" maxLength:"64"`
}

func (h *Handler) access(a *api) {
	const tag, all = "Users", "/organizations/{organization}/users/{user}/access"
	register(a, op{ID: "listAccess", Method: http.MethodGet, Path: all, Scope: sso.ScopeUsersRead, Tag: tag, Summary: "List what a user is in the organizations below"}, h.listAccess)
	register(a, op{ID: "setAccess", Method: http.MethodPut, Path: all + "/{below}", Scope: sso.ScopeUsersWrite, Tag: tag, Summary: "Make a user a member of an organization below, or give them another role there", Status: http.StatusNoContent}, h.setAccess)
	register(a, op{ID: "removeAccess", Method: http.MethodDelete, Path: all + "/{below}", Scope: sso.ScopeUsersWrite, Tag: tag, Summary: "End what a user is in an organization below"}, h.removeAccess)
}

func (h *Handler) listAccess(c *call, in *struct{ InUser }) (*listed[Access], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	p, err := h.People.Person(c.ctx(), &provision.Place{Organization: o, Rights: by.RightsIn(&o)}, sso.UserID(in.User))
	if err != nil {
		return nil, err
	}
	var is []provision.Access
	for _, at := range p.Tree {
		if at.Role != "" {
			is = append(is, at)
		}
	}
	return &listed[Access]{page[Access]{Items: each(is, func(at *provision.Access) Access {
		return Access{Organization: string(at.ID), Key: at.Key, Name: at.Name, Role: string(at.Role), Groups: texts(at.Groups)}
	})}}, nil
}

func (h *Handler) setAccess(c *call, in *struct {
	InAccess
	Body AccessChange
}) (*done, error) {
	return h.accessTo(c, in.InAccess, in.Body.Role)
}

func (h *Handler) removeAccess(c *call, in *struct{ InAccess }) (*done, error) {
	return h.accessTo(c, in.InAccess, "")
}

// accessTo gives a member a role in an organization below, or none.
func (h *Handler) accessTo(c *call, in InAccess, role string) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	_, below, err := h.Programs.In(c.ctx(), &c.program, in.Below, c.address)
	if err != nil {
		return nil, err
	}
	if !below.Within(o.ID) {
		return nil, authority.Unseen(in.Below)
	}
	return nil, h.People.SetAccess(c.ctx(), by, o.ID, sso.UserID(in.User), map[sso.OrgID]string{below.ID: role})
}
