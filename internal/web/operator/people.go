package operator

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// people serves GET /operator/people.
func (h *Handler) people(w http.ResponseWriter, r *http.Request) error {
	q, by := r.URL.Query(), web.ByFrom(r)
	typed := q.Get("q")
	key, id := ui.ReadKeyPlace(q.Get("after"))
	list, err := h.Flow.People(r.Context(), &by, typed, operate.PeoplePlace{Key: key, User: sso.UserID(id)})
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showPeople(r, typed, list))
}

func showPeople(r *http.Request, typed string, list operate.PeopleList) listPage {
	p := listPage{Shell: frame.Operator(), Name: ui.Say("people")}
	p.Lead = ui.Say("people_lead")
	p.Filter = ui.Filter{Action: peoplePath, Search: &ui.Search{Name: "q", Label: ui.Say("people_search"), Value: typed}}
	t := ui.Table{
		Caption: ui.Say("people"),
		Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("home")}, {Name: ui.Say("state")}, {Name: ui.Say("seen")}},
		Empty:   ui.Empty{Icon: "people", Title: ui.Say("people_type"), Text: ui.Say("people_type_text")},
	}
	if typed != "" {
		p.Filter.Reset = peoplePath
		t.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("people_found_none")}
	}
	for i := range list.People {
		f := &list.People[i]
		name := ui.Cell{Text: ui.As(f.Name()), Path: pathOfPerson(f.ID), Avatar: f.Name()}
		if address := f.Email.String(); address != f.Name() {
			name.Sub = ui.As(address)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			name, {Text: ui.As(f.OrgName), Path: pathOf(f.OrgKey)}, {Badges: []ui.Badge{userState(f.State)}}, {At: f.LastSignInAt, Never: ui.Say("never")},
		}})
	}
	after := ""
	if list.Next != nil {
		after = ui.KeyPlace(list.Next.Key, string(list.Next.User))
	}
	t.Page(r, after)
	p.Table = t
	return p
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

// personPage is somebody with all that support asks about.
type personPage struct {
	ui.Shell
	Name        string
	Facts       []ui.Fact
	Does        []ui.Do
	Reset       *ui.Button // of the account
	Memberships []membership
	Ways        ui.Table
	Sessions    ui.Table
	Traces      ui.Table
	Events      ui.Table
}

// membership is one line of what somebody is a member of.
type membership struct {
	Organization ui.Cell
	Role         ui.Text
	Groups       string
	Act          *ui.Button // as them there
}

// Head implements [ui.Page].
func (p personPage) Head() ui.Head { return ui.Head{Template: "person", Title: ui.As(p.Name)} }

// person serves GET /operator/people/{user}.
func (h *Handler) person(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	d, err := h.Flow.Person(r.Context(), &by, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showPerson(&d, &by))
}

func personShell() ui.Shell {
	s := frame.Operator()
	s.Trail = []ui.Link{{Name: ui.Say("people"), Path: peoplePath}}
	return s
}

func showPerson(d *operate.Dossier, by *sso.By) personPage {
	u, home := &d.User, d.Orgs[d.User.Home]
	path := pathOfPerson(u.ID)
	p := personPage{Shell: personShell(), Name: u.Name()}
	state := userState(u.State)
	p.Facts = []ui.Fact{
		{Name: ui.Say("address"), Value: ui.As(u.Email.String())},
		{Name: ui.Say("username"), Value: ui.As(u.Username)},
		{Name: ui.Say("identifier"), Value: ui.As(string(u.ID)), Mono: true},
		{Name: ui.Say("home"), Value: ui.As(home.Name), Path: pathOf(home.Key)},
		{Name: ui.Say("state"), Badge: &state},
		{Name: ui.Say("created"), At: u.CreatedAt},
	}
	if !u.LastSignInAt.IsZero() {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("seen"), At: u.LastSignInAt})
	}
	helps := u.State != sso.UserDeleted && (by.Operator() || !home.OfOperators())
	if helps {
		p.Does = []ui.Do{
			{Word: ui.Say("unlock"), Action: path + "/unlock", Icon: "lock"},
			{Word: ui.Say("sign_out_everywhere"), Action: path + "/sign-out", Icon: "sign-out"},
			{Word: ui.Say("reset_password"), Action: path + "/reset-password", Icon: "mail"},
		}
	}
	if helps && by.Operator() {
		p.Reset = &ui.Button{Word: ui.Say("reset_account"), Path: path + "/reset-account", Icon: "refresh", Kind: ui.Danger}
	}
	acted := u.State == sso.UserActive && !slices.ContainsFunc(d.Positions, func(m sso.Position) bool { return ofOperators(d, m.Org) }) && !home.OfOperators()
	for i := range d.Positions {
		m := &d.Positions[i]
		o := d.Orgs[m.Org]
		line := membership{Organization: ui.Cell{Text: ui.As(o.Name), Path: pathOf(o.Key)}, Role: roleName(m.Role), Groups: joined(m.Groups)}
		if acted {
			line.Act = &ui.Button{Word: ui.Say("act_as"), Path: path + "/act-as/" + o.Key, Icon: "person"}
		}
		p.Memberships = append(p.Memberships, line)
	}
	p.Ways = ways(d)
	p.Sessions = sessionTable(d)
	p.Traces = traceTable(d.Traces)
	p.Traces.Empty = ui.Empty{Icon: "search", Title: ui.Say("traces_none")}
	p.Events = eventTable(d.Events, d.Names)
	p.Events.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none")}
	return p
}

// ofOperators reports whether one of somebody's organizations is the operators'.
func ofOperators(d *operate.Dossier, id sso.OrgID) bool {
	o := d.Orgs[id]
	return o.OfOperators()
}

// roleName says a role: a built-in one by its word, another by its key.
func roleName(role sso.Role) ui.Text {
	if role.BuiltIn() {
		return ui.Say("role_" + string(role))
	}
	return ui.As(string(role))
}

// joined writes names one behind the other.
func joined(names []string) string {
	s := ""
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}

// ways lists by what somebody signs in.
func ways(d *operate.Dossier) ui.Table {
	t := ui.Table{
		Caption: ui.Say("ways"), Columns: []ui.Column{{Name: ui.Say("way"), Wide: true}, {Name: ui.Say("created")}, {Name: ui.Say("the_used")}},
		Empty: ui.Empty{Icon: "key", Title: ui.Say("ways_none"), Text: ui.Say("ways_none_text")},
	}
	if d.User.PasswordHash != "" {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("way_password"), Icon: "lock"}, {At: d.User.CredentialsAt}, {}}})
	}
	for i := range d.Factors {
		f := &d.Factors[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("way_" + string(f.Kind)), Sub: ui.As(f.Name), Icon: ui.FactorIcon(f.Kind)}, {At: f.CreatedAt}, {At: f.UsedAt, Never: ui.Say("never")}}})
	}
	if d.Recovery > 0 {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("way_recovery"), Sub: ui.Count("recovery_left", d.Recovery), Icon: "key"}, {}, {}}})
	}
	for i := range d.Links {
		l := &d.Links[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(l.ConnectionName), Sub: ui.As(l.Subject), Icon: "link"}, {At: l.CreatedAt}, {At: l.SeenAt}}})
	}
	return t
}

func sessionTable(d *operate.Dossier) ui.Table {
	t := ui.Table{
		Caption: ui.Say("sessions"), Columns: []ui.Column{{Name: ui.Say("device"), Wide: true}, {Name: ui.Say("organization")}, {Name: ui.Say("the_used")}, {Name: ui.Say("ends")}},
		Empty: ui.Empty{Icon: "device", Title: ui.Say("sessions_none")},
	}
	for i := range d.Sessions {
		s := &d.Sessions[i]
		device := ui.Cell{Text: ui.As(or(s.AppName, or(s.UserAgent, "–"))), Sub: ui.As(s.Address)}
		if s.ActedAs() {
			device.Badges = []ui.Badge{{State: ui.Warn, Word: ui.Say("acted")}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{device, {Text: ui.As(s.OrgName)}, {At: s.SeenAt}, {At: s.ExpiresAt}}})
	}
	return t
}

// signOut serves POST /operator/people/{user}/sign-out.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	n, err := h.Flow.EndSessions(r.Context(), &by, userOf(r))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.SavedCount(pathOfPerson(userOf(r)), "sessions_ended", n))
}

// unlock serves POST /operator/people/{user}/unlock.
func (h *Handler) unlock(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.Unlock(r.Context(), &by, userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOfPerson(userOf(r)), "unlocked"))
}

// resetPassword serves POST /operator/people/{user}/reset-password.
func (h *Handler) resetPassword(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	web.RetryAt(r, pathOfPerson(userOf(r)))
	if err := h.Flow.ResetPassword(r.Context(), &by, userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOfPerson(userOf(r)), "password_reset_sent"))
}

// askResetAccount serves GET /operator/people/{user}/reset-account.
func (h *Handler) askResetAccount(w http.ResponseWriter, r *http.Request) error {
	return h.showReset(w, r, http.StatusOK, "")
}

func (h *Handler) showReset(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	by := web.ByFrom(r)
	d, err := h.Flow.Helped(r.Context(), &by, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, resetPage(&d, problem))
}

func resetPage(d *operate.Dossier, problem string) confirmPage {
	name, path := d.User.Name(), pathOfPerson(d.User.ID)
	p := confirmPage{Shell: personShell()}
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(name), Path: path})
	p.Confirm = ui.Confirm{
		ID: "reset", Title: ui.Say("reset_title", "Name", name), Text: ui.Say("reset_text", "Address", d.User.Email.String()),
		Points: []ui.Text{ui.Count("reset_factors", len(d.Factors)), ui.Count("reset_sessions", len(d.Sessions)), ui.Say("reset_links")},
		Name:   name, Action: path + "/reset-account", Do: ui.Say("reset_account"), Cancel: path, Problem: problem,
	}
	return p
}

// resetAccount serves POST /operator/people/{user}/reset-account.
func (h *Handler) resetAccount(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	d, err := h.Flow.Helped(r.Context(), &by, userOf(r))
	if err != nil {
		return err
	}
	if err := ui.Confirmed(f, d.User.Name()); err != nil {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, resetPage(&d, known.Code))
	}
	web.RetryAt(r, pathOfPerson(userOf(r)))
	if err := h.Flow.ResetAccount(r.Context(), &by, userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOfPerson(userOf(r)), "account_reset"))
}
