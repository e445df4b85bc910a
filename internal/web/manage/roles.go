package manage

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/sso"
)

// Role is what somebody may be in an organization.
type Role struct {
	Key         string `json:"key" example:"auditor"`
	Name        string `json:"name" example:"Auditor"`
	Description string `json:"description,omitempty"`
	BuiltIn     bool   `json:"built_in" doc:"Whether it means something to Sallyport itself; others mean something to applications"`
}

// RoleChange is what a role is to be called.
type RoleChange struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"500"`
}

// InRole names a role that operators have defined.
type InRole struct {
	Role string `path:"role" doc:"Key of the role" example:"auditor" maxLength:"64"`
}

func (h *Handler) roles(a *api) {
	const tag = "Roles"
	register(a, op{ID: "listRoles", Method: http.MethodGet, Path: "/roles", Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List roles"}, h.listRoles)
	register(a, op{ID: "setRole", Method: http.MethodPut, Path: "/roles/{role}", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Define a role, or change what it is called"}, h.setRole)
	register(a, op{ID: "deleteRole", Method: http.MethodDelete, Path: "/roles/{role}", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Delete a role", About: "Refused while somebody has it."}, h.deleteRole)
}

func (h *Handler) listRoles(c *call, _ *struct{}) (*listed[Role], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	defined, err := h.Operate.Roles(c.ctx(), by)
	if err != nil {
		return nil, err
	}
	all := each(sso.Roles(), func(r *sso.Role) Role { return Role{Key: string(*r), Name: string(*r), BuiltIn: true} })
	for i := range defined {
		all = append(all, role(&defined[i]))
	}
	return &listed[Role]{page[Role]{Items: all}}, nil
}

func role(d *sso.RoleDefinition) Role {
	return Role{Key: string(d.Key), Name: d.Name, Description: d.Description}
}

func (h *Handler) setRole(c *call, in *struct {
	InRole
	Body RoleChange
}) (*told[Role], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	defined, err := h.Operate.Roles(c.ctx(), by)
	if err != nil {
		return nil, err
	}
	there := false
	for i := range defined {
		there = there || string(defined[i].Key) == in.Role
	}
	if there {
		err = h.Operate.ChangeRole(c.ctx(), by, sso.Role(in.Role), in.Body.Name, in.Body.Description)
	} else {
		err = h.Operate.DefineRole(c.ctx(), by, in.Role, in.Body.Name, in.Body.Description)
	}
	if err != nil {
		return nil, err
	}
	if defined, err = h.Operate.Roles(c.ctx(), by); err != nil {
		return nil, err
	}
	for i := range defined {
		if string(defined[i].Key) == in.Role {
			return tell(role(&defined[i])), nil
		}
	}
	return nil, unseen(in.Role)
}

func (h *Handler) deleteRole(c *call, in *struct{ InRole }) (*done, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.DeleteRole(c.ctx(), by, sso.Role(in.Role))
}
