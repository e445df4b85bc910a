package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// personPage is somebody with all that an administrator may know.
type personPage struct {
	ui.Shell
	Name     string
	Notices  []ui.Notice
	Facts    []ui.Fact
	Buttons  []ui.Button
	Does     []ui.Do
	Confirms []ui.Confirm
	Role     *form
	Groups   *form
	Access   ui.Table
	Grant    *ui.Button // access to sub-organizations
	Ways     ui.Table
	Sessions ui.Table
	SignOut  *ui.Do
	Traces   ui.Table
	Events   ui.Table
	All      ui.Button // of what was done to them
}

// Head implements [ui.Page].
func (p personPage) Head() ui.Head { return ui.Head{Template: "person", Title: ui.As(p.Name)} }

func userOf(r *http.Request) sso.UserID { return sso.UserID(r.PathValue("user")) }

// person serves GET /console/people/{user}.
func (h *Handler) person(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	d, err := h.Flow.Person(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	builtIn, err := h.readRoles(r.Context(), &v)
	if err != nil {
		return err
	}
	groups, err := h.Flow.Groups(r.Context(), &v.Place, "", provision.GroupPlace{})
	if err != nil {
		return err
	}
	removal, err := h.Flow.Removal(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showPerson(&v, &d, builtIn, groups.Groups, &removal))
}

// personShell returns the frame of the pages of one person.
func (v *visit) personShell() ui.Shell {
	return v.inside(ui.Link{Name: ui.Say("people"), Path: v.to(peoplePath)})
}

// below returns the frame of a page below that of a person.
func (v *visit) belowPerson(u *sso.User) ui.Shell {
	s := v.personShell()
	s.Trail = append(s.Trail, ui.Link{Name: ui.As(u.Name()), Path: v.toPerson(u.ID, "")})
	return s
}

func showPerson(v *visit, d *provision.PersonPage, builtIn []sso.Role, groups []provision.GroupLine, removal *provision.Removal) personPage {
	u := &d.User
	p := personPage{Shell: v.personShell(), Name: u.Name(), Facts: personFacts(v, d)}
	switch {
	case d.Guest:
		p.Notices = append(p.Notices, ui.Notice{Text: ui.Say("guest_notice")})
	case d.Manage != "":
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Problem(d.Manage)})
	}
	if v.managed = d.Managed; v.managed {
		p.Notices = append(p.Notices, v.elsewhere()...)
	}
	p.acts(v, d, removal)
	p.Role, p.Groups = roleForm(v, d, builtIn), groupsForm(v, d, groups)
	p.Access = accessTable(v, d)
	if len(d.Tree) > 0 {
		p.Grant = &ui.Button{Word: ui.Say("access_change"), Path: v.toPerson(u.ID, "/access"), Icon: "edit"}
	}
	p.Ways = ways(d)
	p.Sessions = sessionTable(v, d)
	if len(d.Sessions) > 0 && d.Touch == "" {
		p.SignOut = &ui.Do{Word: ui.Say("sign_out_everywhere"), Action: v.toPerson(u.ID, "/sign-out"), Icon: "sign-out"}
	}
	p.Traces = traceTable(v, d.Traces)
	p.Traces.Empty = ui.Empty{Icon: "clock", Title: ui.Say("sign_ins_none")}
	p.Events = eventTable(v, d.Events, d.Names)
	p.Events.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none")}
	p.All = ui.Button{Word: ui.Say("audit_all"), Path: v.to(auditPath + "?target=" + string(u.ID)), Icon: "log", Kind: ui.Quiet}
	return p
}

func personFacts(v *visit, d *provision.PersonPage) []ui.Fact {
	u := &d.User
	state := userState(u.State)
	facts := []ui.Fact{
		{Name: ui.Say("address"), Value: ui.As(or(u.Email.String(), "–"))},
		{Name: ui.Say("username"), Value: ui.As(or(u.Username, "–"))},
		{Name: ui.Say("state"), Badge: &state},
		{Name: ui.Say("since"), At: d.Position.CreatedAt},
	}
	switch {
	case d.Guest: // where else they sign in, and when, is nobody's business here
	case u.LastSignInAt.IsZero():
		facts = append(facts, ui.Fact{Name: ui.Say("seen"), Value: ui.Say("never")})
	default:
		facts = append(facts, ui.Fact{Name: ui.Say("seen"), At: u.LastSignInAt})
	}
	if f := whyRole(v, d); f != nil {
		facts = append(facts, *f)
	}
	return append(facts, ui.Fact{Name: ui.Say("identifier"), Value: ui.As(string(u.ID)), Mono: true})
}

// whyRole says why the person has their role, where the last sign-in that
// decided about it gave it to them, and leads to that one.
func whyRole(v *visit, d *provision.PersonPage) *ui.Fact {
	for i := range d.Traces {
		t := &d.Traces[i]
		why := t.Detail.Why
		if t.Code != "" || why == nil {
			continue
		}
		if why.Role != d.Position.Role {
			return nil // it was changed here since
		}
		f := ui.Fact{Name: ui.Say("role_why"), Value: frame.Why(why)}
		if v.Rights.Owner() {
			f.Path = v.to(frame.Traces + "/" + t.Reference)
		}
		return &f
	}
	return nil
}

// acts offers what may be done.
func (p *personPage) acts(v *visit, d *provision.PersonPage, removal *provision.Removal) {
	u := &d.User
	path := func(rest string) string { return v.toPerson(u.ID, rest) }
	if d.Manage == "" {
		p.Buttons = append(p.Buttons, ui.Button{Word: ui.Say("edit"), Path: path("/edit"), Icon: "edit"})
	}
	active := u.State == sso.UserActive
	if d.Manage == "" && !active {
		p.Does = append(p.Does, ui.Do{Word: ui.Say("resume"), Action: path("/resume"), Icon: "play"})
	}
	if (d.Recover == "" || v.acted() && d.Manage == "") && active {
		p.Does = append(p.Does, ui.Do{Word: ui.Say("reset_password"), Action: path("/reset-password"), Icon: "mail", Off: v.acted()})
		p.Confirms = append(p.Confirms, resetConfirm(v, d, ""))
	}
	if d.Manage == "" && active {
		p.Does = append(p.Does, ui.Do{Word: ui.Say("unlock"), Action: path("/unlock"), Icon: "lock"})
	}
	if d.Suspend == "" && active {
		p.Confirms = append(p.Confirms, suspendConfirm(v, u, len(d.Sessions)))
	}
	if d.Remove == "" {
		p.Confirms = append(p.Confirms, removeConfirm(v, removal, ""))
	}
}

func suspendConfirm(v *visit, u *sso.User, sessions int) ui.Confirm {
	return ui.Confirm{
		ID: "suspend", Page: v.toPerson(u.ID, "/suspend"), Word: ui.Say("suspend"), Icon: "pause",
		Title: ui.Say("suspend_title", "Name", u.Name()), Text: ui.Count("suspend_text", sessions), Points: []ui.Text{ui.Say("suspend_everywhere"), ui.Say("suspend_kept")},
		Action: v.toPerson(u.ID, "/suspend"), Do: ui.Say("suspend"), Cancel: v.toPerson(u.ID, ""),
	}
}

func removeConfirm(v *visit, removal *provision.Removal, problem string) ui.Confirm {
	u := &removal.User
	c := ui.Confirm{
		ID: "remove", Page: v.toPerson(u.ID, "/remove"), Word: ui.Say("remove"), Icon: "trash", Off: v.acted(),
		Title: ui.Say("remove_title", "Name", u.Name()), Points: []ui.Text{ui.Count("remove_organizations", removal.Organizations), ui.Count("remove_sessions", removal.Sessions)},
		Action: v.toPerson(u.ID, "/remove"), Do: ui.Say("remove"), Cancel: v.toPerson(u.ID, ""), Problem: problem,
	}
	if removal.Deletes {
		c.Text, c.Name = ui.Say("remove_text_home"), u.Name()
	} else {
		c.Text = ui.Say("remove_text_guest", "Organization", v.Name)
	}
	return c
}

func resetConfirm(v *visit, d *provision.PersonPage, problem string) ui.Confirm {
	u := &d.User
	return ui.Confirm{
		ID: "reset", Page: v.toPerson(u.ID, "/reset-account"), Word: ui.Say("reset_account"), Icon: "refresh", Off: v.acted(),
		Title: ui.Say("reset_title", "Name", u.Name()), Text: ui.Say("reset_text", "Address", u.Email.String()),
		Points: []ui.Text{ui.Count("reset_factors", len(d.Factors)), ui.Count("reset_sessions", len(d.Sessions)), ui.Say("reset_links")},
		Name:   u.Name(), Action: v.toPerson(u.ID, "/reset-account"), Do: ui.Say("reset_account"), Cancel: v.toPerson(u.ID, ""), Problem: problem,
	}
}

// roleForm changes the role, or is nil where it may not be changed.
func roleForm(v *visit, d *provision.PersonPage, builtIn []sso.Role) *form {
	if d.Touch != "" {
		return nil
	}
	s := ui.Select{Name: "role", Label: ui.Say("role"), Value: string(d.Position.Role), Options: v.roleOptions(builtIn, d.Position.Role)}
	return &form{
		Action: v.toPerson(d.User.ID, "/role"), Fields: []field{choose(s)},
		Submit: ui.Submit{Word: ui.Say("role_change"), Kind: ui.Ordinary},
	}
}

// roleOptions offers built-in roles, and those that the operator has defined,
// to who has the role now, "" for none. Whoever acts as somebody sees what they
// may not give.
func (v *visit) roleOptions(builtIn []sso.Role, now sso.Role) []ui.Option {
	var options []ui.Option
	for _, r := range v.Rights.Withheld() {
		options = append(options, ui.Option{Value: string(r), Label: v.roleName(r), Help: ui.Problem("acting_lasting"), Off: r != now})
	}
	for _, r := range builtIn {
		options = append(options, ui.Option{Value: string(r), Label: v.roleName(r), Help: ui.Say("role_" + string(r) + "_help")})
	}
	for i := range v.defined {
		d := &v.defined[i]
		o := ui.Option{Value: string(d.Key), Label: ui.As(d.Name)}
		if d.Description != "" {
			o.Help = ui.As(d.Description)
		}
		options = append(options, o)
	}
	return options
}

// groupsForm changes the groups, or is nil where there are none, or they may
// not be changed.
func groupsForm(v *visit, d *provision.PersonPage, groups []provision.GroupLine) *form {
	c := groupChoices(groups, d.Position.Groups)
	if d.Touch != "" || len(c.Options) == 0 {
		return nil
	}
	return &form{
		Action: v.toPerson(d.User.ID, "/groups"), Fields: []field{choices(c)},
		Submit: ui.Submit{Word: ui.Say("groups_change"), Kind: ui.Ordinary},
	}
}

// groupChoices offers groups: those of the list, and those that are chosen.
func groupChoices(groups []provision.GroupLine, chosen []string) ui.Choices {
	c := ui.Choices{Name: "groups", Label: ui.Say("groups"), Values: chosen}
	var names []string
	for i := range groups {
		names = append(names, groups[i].Name)
	}
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		c.Options = append(c.Options, ui.Option{Value: name, Label: ui.As(name)})
	}
	return c
}

// accessTable lists what the person is below the organization.
func accessTable(v *visit, d *provision.PersonPage) ui.Table {
	t := ui.Table{
		Caption: ui.Say("access"), Columns: []ui.Column{{Name: ui.Say("suborganization"), Wide: true}, {Name: ui.Say("role")}, {Name: ui.Say("groups")}},
		Empty: ui.Empty{Icon: "tree", Title: ui.Say("access_none")},
	}
	for i := range d.Tree {
		a := &d.Tree[i]
		if a.Role == "" {
			continue
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(a.Name), Path: v.at(&a.Organization, personPathOf(d.User.ID))}, {Text: v.roleName(a.Role)}, {Text: ui.As(few(a.Groups))},
		}})
	}
	return t
}

func personPathOf(id sso.UserID) string { return strings.ReplaceAll(personPath, "{user}", string(id)) }

// ways lists by what somebody signs in.
func ways(d *provision.PersonPage) ui.Table {
	t := ui.Table{
		Caption: ui.Say("ways"), Columns: []ui.Column{{Name: ui.Say("way"), Wide: true}, {Name: ui.Say("added")}, {Name: ui.Say("the_used")}},
		Empty: ui.Empty{Icon: "key", Title: ui.Say("ways_none"), Text: ui.Say("ways_none_text")},
	}
	if d.Guest {
		t.Empty = ui.Empty{Icon: "key", Title: ui.Say("ways_guest")}
		return t
	}
	if d.User.PasswordHash != "" {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("has_password"), Icon: "lock"}, {At: d.User.CredentialsAt}, {}}})
	}
	for i := range d.Factors {
		f := &d.Factors[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("factor_" + string(f.Kind)), Sub: ui.As(f.Name), Icon: ui.FactorIcon(f.Kind)}, {At: f.CreatedAt}, {At: f.UsedAt, Never: ui.Say("never")}}})
	}
	if d.Codes > 0 {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("factor_recovery"), Sub: ui.Count("codes_left", d.Codes), Icon: "key"}, {}, {}}})
	}
	for i := range d.Links {
		l := &d.Links[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(l.ConnectionName), Sub: ui.As(l.Subject), Icon: "link"}, {At: l.CreatedAt}, {At: l.SeenAt}}})
	}
	return t
}

func sessionTable(v *visit, d *provision.PersonPage) ui.Table {
	t := ui.Table{
		Caption: ui.Say("sessions"),
		Columns: []ui.Column{{Name: ui.Say("device"), Wide: true}, {Name: ui.Say("from")}, {Name: ui.Say("signed_in_at")}, {Name: ui.Say("the_used")}, {Name: ui.Say("end"), Acts: true}},
		Empty:   ui.Empty{Icon: "device", Title: ui.Say("sessions_none")},
	}
	for i := range d.Sessions {
		s := &d.Sessions[i]
		device := ui.Cell{Text: ui.As(or(s.UserAgent, "–")), Icon: "device"}
		if s.AppName != "" {
			device.Text, device.Icon = ui.As(s.AppName), "apps"
		}
		if s.Org != v.ID {
			device.Sub = ui.As(s.OrgName)
		}
		if s.ActedAs() {
			device.Badges = []ui.Badge{{State: ui.Warn, Word: ui.Say("acted")}}
		}
		end := ui.Cell{}
		if d.Touch == "" {
			end.Do = &ui.Do{
				Word: ui.Say("end"), About: ui.As(or(s.AppName, s.UserAgent)), Kind: ui.Quiet,
				Action: v.to(personPath+"/sessions/{session}/end", "{user}", string(d.User.ID), "{session}", string(s.ID)),
			}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{device, {Text: ui.As(s.Address)}, {At: s.AuthTime}, {At: s.SeenAt}, end}})
	}
	return t
}
