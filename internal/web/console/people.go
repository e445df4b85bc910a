package console

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// asked returns which people the URL asks for.
func asked(r *http.Request) provision.PeopleQuery {
	q := r.URL.Query()
	query := provision.PeopleQuery{
		Words: sso.SearchWords(q.Get("q")), Role: sso.Role(q.Get("role")), State: sso.UserState(q.Get("state")), Way: provision.Way(q.Get("way")), Group: q.Get("group"),
	}
	if s := provision.Sort(q.Get("sort")); len(query.Words) == 0 && (s == provision.SortNewest || s == provision.SortSeen) {
		query.Sort = s
		at, id := ui.ReadTimePlace(q.Get("after"))
		query.After = provision.PeoplePlace{At: at, User: sso.UserID(id)}
		return query
	}
	key, id := ui.ReadKeyPlace(q.Get("after"))
	query.After = provision.PeoplePlace{Key: key, User: sso.UserID(id)}
	return query
}

// people serves GET /console/people.
func (h *Handler) people(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	query := asked(r)
	list, err := h.Flow.People(r.Context(), &v.Place, query)
	if err != nil {
		return err
	}
	if _, err = h.readRoles(r.Context(), &v); err != nil {
		return err
	}
	groups, err := h.Flow.Groups(r.Context(), &v.Place, "", provision.GroupPlace{})
	if err != nil {
		return err
	}
	if err := h.readManaged(r.Context(), &v); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showPeople(&v, &query, list, groups.Groups))
}

func showPeople(v *visit, query *provision.PeopleQuery, list provision.PeoplePage, groups []provision.GroupLine) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("people")}
	p.Action, p.Notices = v.add(), v.elsewhere()
	p.Filter = peopleFilter(v, query, groups)
	sorted := func(c ui.Column, sort provision.Sort, order ui.Order) ui.Column {
		if len(query.Words) > 0 {
			return c
		}
		c.Sort = ui.Again(v.r, "sort", string(sort))
		if query.Sort == sort {
			c.Sorted = order
		}
		return c
	}
	t := ui.Table{
		Caption: ui.Say("people"),
		Columns: []ui.Column{
			sorted(ui.Column{Name: ui.Say("name"), Wide: true}, "", ui.Ascending), {Name: ui.Say("role")}, {Name: ui.Say("way")},
			sorted(ui.Column{Name: ui.Say("seen")}, provision.SortSeen, ui.Descending), sorted(ui.Column{Name: ui.Say("since")}, provision.SortNewest, ui.Descending),
		},
		Empty: ui.Empty{Icon: "people", Title: ui.Say("people_none"), Text: ui.Say("people_none_text"), Action: p.Action},
	}
	if p.Filter.Reset != "" {
		t.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("people_found_none")}
	}
	for i := range list.People {
		t.Rows = append(t.Rows, personRow(v, &list.People[i]))
	}
	t.Page(v.r, nextPerson(query, list.Next))
	p.Table, p.Action = t, t.Above(p.Action)
	export := exportPath
	if q := v.r.URL.Query(); len(q) > 0 {
		for _, gone := range []string{"after", "saved", "sort", "order", "org"} {
			q.Del(gone)
		}
		if len(q) > 0 {
			export += "?" + q.Encode()
		}
	}
	p.Buttons = []ui.Button{
		{Word: ui.Say("import"), Path: v.to(importsPath), Icon: "upload"},
		{Word: ui.Say("export"), Path: v.to(export), Icon: "download", Off: v.acted()},
	}
	return p
}

// nextPerson writes where the next page begins.
func nextPerson(query *provision.PeopleQuery, at provision.PeoplePlace) string {
	switch {
	case at.User == "":
		return ""
	case query.Sort == provision.SortNewest || query.Sort == provision.SortSeen:
		return ui.TimePlace(at.At, string(at.User))
	default:
		return ui.KeyPlace(at.Key, string(at.User))
	}
}

func personRow(v *visit, m *provision.Member) ui.Row {
	name := ui.Cell{Text: ui.As(m.Name()), Path: v.toPerson(m.ID, ""), Avatar: m.Name()}
	if address := m.Email.String(); address != m.Name() {
		name.Sub = ui.As(address)
	}
	if m.State != sso.UserActive {
		name.Badges = []ui.Badge{userState(m.State)}
	}
	role := ui.Cell{Text: v.roleName(m.Role)}
	if len(m.Groups) > 0 {
		role.Sub = ui.As(few(m.Groups))
	}
	way := ui.Cell{Text: ui.Say("way_" + string(m.Way))}
	return ui.Row{Cells: []ui.Cell{name, role, way, {At: m.SeenAt, Never: ui.Say("never")}, {At: m.Since}}}
}

// few writes the first of several names, and how many more there are.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " …"
}

func userState(s sso.UserState) ui.Badge {
	switch s {
	case sso.UserActive:
		return ui.Badge{State: ui.OK, Word: ui.Say("state_active")}
	case sso.UserSuspended:
		return ui.Badge{State: ui.Refused, Word: ui.Say("state_suspended")}
	default:
		return ui.Badge{State: ui.Refused, Word: ui.Say("state_deleted")}
	}
}

func peopleFilter(v *visit, query *provision.PeopleQuery, groups []provision.GroupLine) ui.Filter {
	q := v.r.URL.Query()
	role := ui.Select{Name: "role", Label: ui.Say("role"), Value: string(query.Role), Options: []ui.Option{{Label: ui.Say("role_any")}}}
	for _, r := range sso.Roles() {
		role.Options = append(role.Options, ui.Option{Value: string(r), Label: v.roleName(r)})
	}
	for i := range v.defined {
		role.Options = append(role.Options, ui.Option{Value: string(v.defined[i].Key), Label: ui.As(v.defined[i].Name)})
	}
	state := ui.Select{Name: "state", Label: ui.Say("state"), Value: string(query.State), Options: []ui.Option{
		{Label: ui.Say("state_any")}, {Value: string(sso.UserActive), Label: ui.Say("state_active")}, {Value: string(sso.UserSuspended), Label: ui.Say("state_suspended")},
	}}
	way := ui.Select{Name: "way", Label: ui.Say("way"), Value: string(query.Way), Options: []ui.Option{{Label: ui.Say("way_any")}}}
	for _, w := range []provision.Way{provision.WaySSO, provision.WayPassword, provision.WayNone} {
		way.Options = append(way.Options, ui.Option{Value: string(w), Label: ui.Say("way_" + string(w))})
	}
	f := ui.Filter{
		Action: peoplePath, Search: &ui.Search{Name: "q", Label: ui.Say("people_search"), Value: q.Get("q")}, Selects: []ui.Select{role, state, way},
		Fields: v.kept("sort"),
	}
	if len(groups) > 0 || query.Group != "" {
		group, found := ui.Select{Name: "group", Label: ui.Say("group"), Value: query.Group, Options: []ui.Option{{Label: ui.Say("group_any")}}}, false
		for i := range groups {
			group.Options = append(group.Options, ui.Option{Value: groups[i].Name, Label: ui.As(groups[i].Name)})
			found = found || groups[i].Name == query.Group
		}
		if query.Group != "" && !found {
			group.Options = append(group.Options, ui.Option{Value: query.Group, Label: ui.As(query.Group)})
		}
		f.Selects = append(f.Selects, group)
	}
	if len(query.Words) > 0 || query.Role != "" || query.State != "" || query.Way != "" || query.Group != "" {
		f.Reset = v.to(peoplePath)
	}
	return f
}

// kept returns hidden fields for what a filter leaves as it is: the
// organization, and the parameters of these names.
func (v *visit) kept(names ...string) []ui.Hidden {
	var fields []ui.Hidden
	if v.Below() {
		fields = append(fields, ui.Hidden{Name: "org", Value: v.Key})
	}
	for _, name := range names {
		if value := v.r.URL.Query().Get(name); value != "" {
			fields = append(fields, ui.Hidden{Name: name, Value: value})
		}
	}
	return fields
}

// export serves GET /console/people/export.csv.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	query := asked(r)
	out := &web.Download{To: w, Name: v.Key + "-people.csv", Type: "text/csv; charset=utf-8"}
	return out.End(h.Flow.Export(r.Context(), &v.by, &v.Place, query, out))
}
