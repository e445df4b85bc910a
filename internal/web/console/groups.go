package console

import (
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

func groupOf(r *http.Request) sso.GroupID { return sso.GroupID(r.PathValue("group")) }

func (v *visit) toGroup(id sso.GroupID, rest string) string {
	return v.to(groupPath+rest, "{group}", string(id))
}

// atMost says a number in a list, which was counted up to a limit.
func atMost(n int) ui.Text { return upTo(provision.ManyMembers, n) }

// upTo says a number that was counted up to a limit.
func upTo(limit, n int) ui.Text {
	if n >= limit {
		return ui.Count("figure_more", limit)
	}
	return ui.Count("figure", n)
}

// members says how many members a group has.
func members(n int) ui.Text {
	if n >= provision.ManyPeople {
		return ui.Count("group_members_more", provision.ManyPeople)
	}
	return ui.Count("group_members", n)
}

// groups serves GET /console/groups.
func (h *Handler) groups(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	key, id := ui.ReadKeyPlace(q.Get("after"))
	list, err := h.Flow.Groups(r.Context(), &v.Place, q.Get("q"), provision.GroupPlace{Key: key, ID: sso.GroupID(id)})
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showGroups(&v, q.Get("q"), list))
}

func showGroups(v *visit, typed string, list provision.GroupPage) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("groups")}
	p.Lead = ui.Say("groups_lead")
	p.Action = &ui.Action{Name: ui.Say("group_new"), Path: v.to(newGroupPath), Icon: "plus"}
	p.Filter = ui.Filter{Action: groupsPath, Search: &ui.Search{Name: "q", Label: ui.Say("groups_search"), Value: typed}, Fields: v.kept()}
	t := ui.Table{
		Caption: ui.Say("groups"), Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("members"), Number: true}, {Name: ui.Say("created")}},
		Empty: ui.Empty{Icon: "groups", Title: ui.Say("groups_none"), Text: ui.Say("groups_none_text"), Action: p.Action},
	}
	if typed != "" {
		p.Filter.Reset = v.to(groupsPath)
		t.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("groups_found_none")}
	}
	for i := range list.Groups {
		g := &list.Groups[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(g.Name), Sub: ui.As(g.Description), Path: v.toGroup(g.ID, "")}, {Text: atMost(g.Members)}, {At: g.CreatedAt}}})
	}
	next := ""
	if list.Next.ID != "" {
		next = ui.KeyPlace(list.Next.Key, string(list.Next.ID))
	}
	t.Page(v.r, next)
	p.Table, p.Action = t, t.Above(p.Action)
	return p
}

// groupPage is one group with its members.
type groupPage struct {
	ui.Shell
	Name    string
	Text    string
	Count   ui.Text
	Buttons []ui.Button
	Delete  ui.Confirm
	Add     form
	Members ui.Table
}

// Head implements [ui.Page].
func (p groupPage) Head() ui.Head { return ui.Head{Template: "group", Title: ui.As(p.Name)} }

func (v *visit) groupShell() ui.Shell {
	return v.inside(ui.Link{Name: ui.Say("groups"), Path: v.to(groupsPath)})
}

// group serves GET /console/groups/{group}.
func (h *Handler) group(w http.ResponseWriter, r *http.Request) error {
	return h.showGroup(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showGroup(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	g, n, err := h.Flow.Group(r.Context(), &v.Place, groupOf(r))
	if err != nil {
		return err
	}
	key, id := ui.ReadKeyPlace(r.URL.Query().Get("after"))
	list, err := h.Flow.People(r.Context(), &v.Place, provision.PeopleQuery{Group: g.Name, After: provision.PeoplePlace{Key: key, User: sso.UserID(id)}})
	if err != nil {
		return err
	}
	if _, err := h.readRoles(r.Context(), &v); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, groupPageOf(&v, &g, n, list, f))
}

func groupPageOf(v *visit, g *sso.Group, n int, list provision.PeoplePage, f ui.Filled) groupPage {
	p := groupPage{Shell: v.groupShell(), Name: g.Name, Text: g.Description, Count: members(n), Delete: deleteConfirm(v, g, n, "")}
	p.Buttons = []ui.Button{
		{Word: ui.Say("edit"), Path: v.toGroup(g.ID, "/edit"), Icon: "edit"},
		{Word: ui.Say("group_in_list"), Path: v.to(peoplePath + "?group=" + url.QueryEscape(g.Name)), Icon: "people"},
	}
	p.Add = form{
		Action: v.toGroup(g.ID, "/members"), Fields: []field{input(f.Input(ui.Input{Name: "who", Label: ui.Say("group_who"), Help: ui.Say("group_who_help"), Mode: "email", Complete: "off"}))},
		Submit: ui.Submit{Word: ui.Say("group_add"), Icon: "plus", Kind: ui.Ordinary},
	}
	t := ui.Table{
		Caption: ui.Say("members"), Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("role")}, {Name: ui.Say("actions"), Acts: true}},
		Empty: ui.Empty{Icon: "people", Title: ui.Say("group_empty"), Text: ui.Say("group_empty_text")},
	}
	for i := range list.People {
		m := &list.People[i]
		row := personRow(v, m)
		gone := ui.Cell{}
		if v.Rights.Cover(m.Role) == nil {
			gone.Do = &ui.Do{Word: ui.Say("group_leave"), About: ui.As(m.Name()), Kind: ui.Quiet, Action: v.to(groupPath+"/members/{user}/remove", "{group}", string(g.ID), "{user}", string(m.ID))}
		}
		row.Cells = []ui.Cell{row.Cells[0], {Text: v.roleName(m.Role)}, gone}
		t.Rows = append(t.Rows, row)
	}
	next := ""
	if list.Next.User != "" {
		next = ui.KeyPlace(list.Next.Key, string(list.Next.User))
	}
	t.Page(v.r, next)
	p.Members = t
	return p
}

func deleteConfirm(v *visit, g *sso.Group, n int, problem string) ui.Confirm {
	return ui.Confirm{
		ID: "delete", Page: v.toGroup(g.ID, "/delete"), Word: ui.Say("group_delete"), Icon: "trash",
		Title: ui.Say("group_delete_title", "Name", g.Name), Text: ui.Count("group_delete_text", n), Points: []ui.Text{ui.Say("group_delete_apps"), ui.Say("group_delete_people")},
		Name: g.Name, Action: v.toGroup(g.ID, "/delete"), Do: ui.Say("group_delete"), Cancel: v.toGroup(g.ID, ""), Problem: problem,
	}
}

// askGroup serves GET /console/groups/new.
func (h *Handler) askGroup(w http.ResponseWriter, r *http.Request) error {
	return h.showGroupForm(w, r, http.StatusOK, ui.Filled{}, nil)
}

// showGroupForm shows the form of a group; g is the group, or nil for a new
// one.
func (h *Handler) showGroupForm(w http.ResponseWriter, r *http.Request, status int, f ui.Filled, g *sso.Group) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, groupForm(&v, g, f))
}

func groupForm(v *visit, g *sso.Group, f ui.Filled) formPage {
	p := formPage{Shell: v.groupShell(), Name: ui.Say("group_new")}
	action, cancel, word, name, text := v.to(newGroupPath), v.to(groupsPath), ui.Say("group_create"), "", ""
	if g != nil {
		cancel = v.toGroup(g.ID, "")
		p.Trail = append(p.Trail, ui.Link{Name: ui.As(g.Name), Path: cancel})
		p.Name = ui.Say("edit_of", "Name", g.Name)
		action, word, name, text = v.toGroup(g.ID, "/edit"), ui.Say("save_changes"), g.Name, g.Description
	}
	p.Forms = []form{{
		Action: action,
		Fields: []field{
			input(f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Help: ui.Say("group_name_help"), Value: name, Max: 1024, Focus: true})),
			input(f.Input(ui.Input{Name: "description", Label: ui.Say("group_text"), Value: text, Max: 4 * sso.MaxDescription, Optional: true})),
		},
		Submit: ui.Submit{Word: word, Cancel: cancel},
	}}
	return p
}

// groupFields says which field of the form a fault is about.
func groupFields() map[string]string {
	return map[string]string{"group_name": "name", "group_taken": "name", "description_long": "description"}
}

// createGroup serves POST /console/groups/new.
func (h *Handler) createGroup(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	id, err := h.Flow.CreateGroup(r.Context(), &v.by, v.ID, form.Get("name"), form.Get("description"))
	if err != nil {
		return ui.Filled{Values: form}.Again(r, err, groupFields(), func(f ui.Filled, status int) error { return h.showGroupForm(w, r, status, f, nil) })
	}
	return web.SeeOther(w, r, ui.Saved(v.toGroup(id, ""), "group_created"))
}

// askEditGroup serves GET /console/groups/{group}/edit.
func (h *Handler) askEditGroup(w http.ResponseWriter, r *http.Request) error {
	return h.showEditGroup(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showEditGroup(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	g, _, err := h.Flow.Group(r.Context(), &v.Place, groupOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, groupForm(&v, &g, f))
}

// editGroup serves POST /console/groups/{group}/edit.
func (h *Handler) editGroup(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := h.Flow.EditGroup(r.Context(), &v.by, v.ID, groupOf(r), form.Get("name"), form.Get("description")); err != nil {
		return ui.Filled{Values: form}.Again(r, err, groupFields(), func(f ui.Filled, status int) error { return h.showEditGroup(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(v.toGroup(groupOf(r), ""), "group_changed"))
}

// askDeleteGroup serves GET /console/groups/{group}/delete.
func (h *Handler) askDeleteGroup(w http.ResponseWriter, r *http.Request) error {
	return h.showDeleteGroup(w, r, http.StatusOK, "")
}

func (h *Handler) showDeleteGroup(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	g, n, err := h.Flow.Group(r.Context(), &v.Place, groupOf(r))
	if err != nil {
		return err
	}
	p := confirmPage{Shell: v.groupShell(), Confirm: deleteConfirm(&v, &g, n, problem)}
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(g.Name), Path: v.toGroup(g.ID, "")})
	return h.UI.Render(w, r, status, p)
}

// deleteGroup serves POST /console/groups/{group}/delete.
func (h *Handler) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	g, _, err := h.Flow.Group(r.Context(), &v.Place, groupOf(r))
	if err != nil {
		return err
	}
	if err := ui.Confirmed(form, g.Name); err != nil {
		known, status := web.Record(r, err)
		return h.showDeleteGroup(w, r, status, known.Code)
	}
	if err := h.Flow.DeleteGroup(r.Context(), &v.by, v.ID, g.ID); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(groupsPath), "group_deleted"))
}

// addToGroup serves POST /console/groups/{group}/members.
func (h *Handler) addToGroup(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := h.Flow.AddToGroup(r.Context(), &v.by, v.ID, groupOf(r), form.Get("who")); err != nil {
		web.RetryAt(r, v.toGroup(groupOf(r), ""))
		return ui.Filled{Values: form}.Again(r, err, map[string]string{"member_unknown": "who", "rights_owner": "who", "group_many": "who"}, func(f ui.Filled, status int) error {
			return h.showGroup(w, r, status, f)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.toGroup(groupOf(r), ""), "group_added"))
}

// removeFromGroup serves POST /console/groups/{group}/members/{user}/remove.
func (h *Handler) removeFromGroup(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	web.RetryAt(r, v.toGroup(groupOf(r), ""))
	if err := h.Flow.RemoveFromGroup(r.Context(), &v.by, v.ID, groupOf(r), userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.toGroup(groupOf(r), ""), "group_left"))
}
