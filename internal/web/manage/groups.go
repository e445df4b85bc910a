package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Group is a group of an organization, which applications are told of.
type Group struct {
	ID          string    `json:"id"`
	Name        string    `json:"name" example:"Staff"`
	Description string    `json:"description,omitempty"`
	Members     int       `json:"members" doc:"Counted as far as 1000 in lists"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func group(g *sso.Group, members int) Group {
	return Group{ID: string(g.ID), Name: g.Name, Description: g.Description, Members: members, CreatedAt: g.CreatedAt.UTC(), UpdatedAt: g.UpdatedAt.UTC()}
}

// NewGroup is a group to be made.
type NewGroup struct {
	Name        string `json:"name" minLength:"1" maxLength:"256" example:"Staff"`
	Description string `json:"description,omitempty" maxLength:"500"`
}

// GroupChange is what a group is to be; what is left out stays.
type GroupChange struct {
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Description *string `json:"description,omitempty" maxLength:"500"`
}

// InGroup names a group of an organization.
type InGroup struct {
	InOrganization
	Group string `path:"group" doc:"ID of the group" maxLength:"64"`
}

func (h *Handler) groups(a *api) {
	const tag, all, one = "Groups", "/organizations/{organization}/groups", "/organizations/{organization}/groups/{group}"
	read, write := sso.ScopeUsersRead, sso.ScopeUsersWrite
	register(a, op{ID: "listGroups", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List groups", About: "Its members are listed by `group` of the list of users."}, h.listGroups)
	register(a, op{ID: "createGroup", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create a group", Status: http.StatusCreated}, h.createGroup)
	register(a, op{ID: "getGroup", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a group"}, h.getGroup)
	register(a, op{ID: "updateGroup", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change a group", About: "Applications are told the new name of each of its members from then on."}, h.updateGroup)
	register(a, op{ID: "deleteGroup", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Delete a group", About: "The people stay."}, h.deleteGroup)
	register(a, op{ID: "addToGroup", Method: http.MethodPut, Path: one + "/members/{user}", Scope: write, Tag: tag, Summary: "Put a member into a group"}, h.addToGroup)
	register(a, op{ID: "removeFromGroup", Method: http.MethodDelete, Path: one + "/members/{user}", Scope: write, Tag: tag, Summary: "Take a member out of a group"}, h.removeFromGroup)
}

func (h *Handler) listGroups(c *call, in *struct {
	InOrganization
	Paging
	Q string `query:"q" maxLength:"256" doc:"Beginning of the name"`
}) (*listed[Group], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[provision.GroupPlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.People.Groups(c.ctx(), &provision.Place{Organization: o}, in.Q, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Groups, in.Paging, further(list.Next), func(l *provision.GroupLine) provision.GroupPlace { return l.Place })
	return &listed[Group]{page[Group]{each(lines, func(l *provision.GroupLine) Group { return group(&l.Group, l.Members) }), cursor(next)}}, nil
}

// theGroup returns a group as it is told of.
func (h *Handler) theGroup(c *call, o *sso.Organization, id string) (*told[Group], error) {
	g, n, err := h.People.Group(c.ctx(), &provision.Place{Organization: *o}, sso.GroupID(id))
	if err != nil {
		return nil, err
	}
	return &told[Group]{ETag: etagOf(g.Name, g.Description), Body: group(&g, n)}, nil
}

func (h *Handler) createGroup(c *call, in *struct {
	InOrganization
	Body NewGroup
}) (*created[Group], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	id, err := h.People.CreateGroup(c.ctx(), by, o.ID, in.Body.Name, in.Body.Description)
	if err != nil {
		return nil, err
	}
	t, err := h.theGroup(c, &o, string(id))
	if err != nil {
		return nil, err
	}
	return &created[Group]{Location: under(&o, "groups", string(id)), ETag: t.ETag, Body: t.Body}, nil
}

func (h *Handler) getGroup(c *call, in *struct{ InGroup }) (*told[Group], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.theGroup(c, &o, in.Group)
}

func (h *Handler) updateGroup(c *call, in *struct {
	InGroup
	Matching
	Body GroupChange
}) (*told[Group], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	err = h.People.ChangeGroup(c.ctx(), by, o.ID, sso.GroupID(in.Group), func(g *sso.Group) error {
		if !in.blind() && in.IfMatch != etagOf(g.Name, g.Description) {
			return stale(nil)
		}
		g.Name, g.Description = or(in.Body.Name, g.Name), or(in.Body.Description, g.Description)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.theGroup(c, &o, in.Group)
}

func (h *Handler) deleteGroup(c *call, in *struct{ InGroup }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.DeleteGroup(c.ctx(), by, o.ID, sso.GroupID(in.Group))
}

// InGroupMember names a member of a group.
type InGroupMember struct {
	InGroup
	User string `path:"user" doc:"ID of the user" maxLength:"64"`
}

func (h *Handler) addToGroup(c *call, in *struct{ InGroupMember }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.PutIntoGroup(c.ctx(), by, o.ID, sso.GroupID(in.Group), sso.UserID(in.User))
}

func (h *Handler) removeFromGroup(c *call, in *struct{ InGroupMember }) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.RemoveFromGroup(c.ctx(), by, o.ID, sso.GroupID(in.Group), sso.UserID(in.User))
}
