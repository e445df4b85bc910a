package operator

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the apps.
const (
	appsPath   = "/operator/apps"
	newAppPath = "/operator/new-app" // not below the apps, where it would be a key
	appPath    = "/operator/apps/{app}"
)

func pathOfApp(key string) string { return at(appPath, "{app}", key) }

// apps serves GET /operator/apps.
func (h *Handler) apps(w http.ResponseWriter, r *http.Request) error {
	q, by := r.URL.Query(), web.ByFrom(r)
	list, err := h.Flow.Apps(r.Context(), &by, q.Get("q"), q.Get("after"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showApps(r, &list, handOf(&by)))
}

func showApps(r *http.Request, list *operate.AppList, may hand) listPage {
	p := listPage{Shell: frame.Operator(), Name: ui.Say("apps")}
	p.Lead = ui.Say("apps_lead")
	typed := r.URL.Query().Get("q")
	p.Filter = ui.Filter{Action: appsPath, Search: &ui.Search{Name: "q", Label: ui.Say("app_search"), Value: typed}}
	p.Table = ui.Table{
		Caption: ui.Say("apps"),
		Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("app_client")}, {Name: ui.Say("app_kind")}, {Name: ui.Say("app_entry")}, {Name: ui.Say("state")}},
		Empty:   ui.Empty{Icon: "apps", Title: ui.Say("app_none"), Text: ui.Say("app_none_text")},
	}
	create := &ui.Action{Name: ui.Say("app_new"), Path: newAppPath, Icon: "plus"}
	if may == changes {
		p.Action = create
	} else {
		p.Looks, p.Table.Empty.Text = frame.ForSupport()
	}
	switch {
	case typed != "":
		p.Filter.Reset = appsPath
		p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("app_found_none")}
	case len(list.Apps) == 0 && r.URL.Query().Get("after") == "":
		p.Filter, p.Action = ui.Filter{}, nil // nothing to search
		if may == changes {
			p.Table.Empty.Action = create
		}
	}
	for i := range list.Apps {
		a := &list.Apps[i]
		entry := ui.Cell{Text: ui.Say("app_entry_all")}
		if a.Restricts() {
			entry.Text = ui.Say("app_entry_some")
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(a.Name), Path: pathOfApp(a.Key), Icon: "apps"}, {Text: ui.As(a.ClientID), Mono: true}, {Text: appKind(a.Kind)}, entry, {Badges: []ui.Badge{appState(a)}},
		}})
	}
	p.Table.Page(r, list.Next)
	return p
}

func appKind(k sso.AppKind) ui.Text { return ui.Say("app_kind_" + string(k)) }

func appState(a *sso.App) ui.Badge {
	if a.Disabled {
		return ui.Badge{State: ui.Refused, Word: ui.Say("app_off")}
	}
	return ui.Badge{State: ui.OK, Word: ui.Say("app_on")}
}

// newApp serves GET /operator/new-app.
func (h *Handler) newApp(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, newAppPage(ui.Filled{}))
}

func newAppPage(f ui.Filled) formPage {
	p := formPage{Shell: frame.Operator(), Name: ui.Say("app_new")}
	p.Trail, p.Under = []ui.Link{{Name: ui.Say("apps"), Path: appsPath}}, appsPath
	p.Lead = ui.Say("app_new_lead")
	kind := ui.Choices{Name: "kind", Label: ui.Say("app_kind"), One: true, Values: []string{string(sso.AppWeb)}}
	for _, k := range sso.AppKinds() {
		kind.Options = append(kind.Options, ui.Option{Value: string(k), Label: appKind(k), Help: ui.Say("app_kind_" + string(k) + "_help")})
	}
	p.Forms = []form{{
		Action: newAppPath,
		Fields: []field{
			input(f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Help: ui.Say("app_name_help"), Max: 4 * sso.MaxName, Focus: true})),
			choices(f.Choices(kind)),
			input(f.Input(ui.Input{Name: "key", Label: ui.Say("key"), Help: ui.Say("app_key_help"), Mono: true, Max: 63})),
			area(f.Area(ui.Area{Name: "redirect_uris", Label: ui.Say("app_redirect_uris"), Help: ui.Say("app_redirect_uris_new_help"), Mono: true, Rows: rowsFor(strings.Count(f.Values.Get("redirect_uris"), "\n") + 1)})),
		},
		Submit: ui.Submit{Word: ui.Say("app_create"), Cancel: appsPath},
	}}
	return p
}

// rowsFor is how high a field of so many lines is, with room for one more.
func rowsFor(lines int) int { return min(max(3, lines+1), 10) }

// lines returns the lines of a field that are not empty.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// createApp serves POST /operator/new-app. A secret is shown here and nowhere
// again.
func (h *Handler) createApp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	in := operate.NewApp{Key: strings.TrimSpace(f.Get("key")), Name: f.Get("name"), Kind: sso.AppKind(f.Get("kind")), RedirectURIs: lines(f.Get("redirect_uris"))}
	if in.Kind == sso.AppMachine {
		in.RedirectURIs = nil // the form asks whatever was chosen
	}
	app, text, err := h.Flow.CreateApp(r.Context(), &by, in)
	if err != nil {
		return besideSettings(r, f, err, func(f ui.Filled, status int) error {
			p := newAppPage(f)
			p.elsewhere(f)
			return h.UI.Render(w, r, status, p)
		})
	}
	if text.IsZero() {
		return web.SeeOther(w, r, ui.Saved(pathOfApp(app.Key), "app_created"))
	}
	return h.UI.Render(w, r, http.StatusOK, secretMade(&app, text, firstSecret))
}

// appView reads the app that the URL names.
func (h *Handler) appView(r *http.Request) (operate.AppView, error) {
	by := web.ByFrom(r)
	return h.Flow.App(r.Context(), &by, r.PathValue("app"))
}

// appTab is one of the pages of an app.
type appTab string

// The pages.
const (
	tabOverview appTab = ""
	tabSettings appTab = "settings"
	tabSecrets  appTab = "secrets"
	tabEntry    appTab = "entry"
	tabBrand    appTab = "brand"
	tabTry      appTab = "try"
	tabNone     appTab = "-" // a page of its own, such as one that asks
)

// appShell returns the frame of the pages of an app.
func appShell(a *sso.App, tab appTab, may hand) ui.Shell {
	s := frame.Operator()
	s.Trail, s.Under = []ui.Link{{Name: ui.Say("apps"), Path: appsPath}}, appsPath
	if tab == tabNone {
		s.Trail = append(s.Trail, ui.Link{Name: ui.As(a.Name), Path: pathOfApp(a.Key)})
		return s
	}
	if may != changes {
		s.Looks, _ = frame.ForSupport()
		return s
	}
	for _, t := range []appTab{tabOverview, tabSettings, tabSecrets, tabEntry, tabBrand, tabTry} {
		if t == tabSecrets && a.AuthMethod != sso.AuthSecret || (t == tabTry || t == tabBrand) && !a.Grants(sso.GrantCode) {
			continue
		}
		path := pathOfApp(a.Key)
		if t != tabOverview {
			path += "/" + string(t)
		}
		one := ui.Tab{Name: ui.Say("app_tab_" + or(string(t), "overview")), Path: path, Current: t == tab}
		if t == tabSecrets {
			one.Note = ui.Count("figure", len(a.Secrets))
		}
		s.Tabs = append(s.Tabs, one)
	}
	return s
}

// appPage is an app, and how to build on it.
type appPage struct {
	ui.Shell
	Name    string
	Notices []ui.Notice
	Facts   []ui.Fact
	Values  []ui.Copy
	Guides  []ui.Tab
	Snippet ui.Code
	Proof   ui.Text // how the snippet comes by what the app proves itself with; none where it does not
	Enable  *ui.Do
	Told    *ui.Table // logouts by its back channel; nil: it has none
}

// Head implements [ui.Page].
func (p appPage) Head() ui.Head { return ui.Head{Template: "app", Title: ui.As(p.Name)} }

// app serves GET /operator/apps/{app}.
func (h *Handler) app(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	p, err := h.showApp(r, &v, handOf(&by))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, p)
}

func (h *Handler) showApp(r *http.Request, v *operate.AppView, may hand) (appPage, error) {
	p := appPage{Shell: appShell(&v.App, tabOverview, may), Name: v.Name, Notices: appNotices(v)}
	if v.Disabled && may == changes {
		p.Enable = &ui.Do{Word: ui.Say("app_enable"), Action: pathOfApp(v.Key) + "/enable", Icon: "play"}
	}
	state := appState(&v.App)
	p.Facts = []ui.Fact{
		{Name: ui.Say("state"), Badge: &state},
		{Name: ui.Say("app_kind"), Value: appKind(v.Kind)},
		{Name: ui.Say("key"), Value: ui.As(v.Key), Mono: true},
		{Name: ui.Say("app_proof"), Value: ui.Say("app_proof_" + or(string(v.AuthMethod), "secret"))},
	}
	entry := ui.Fact{Name: ui.Say("app_entry"), Value: ui.Say("app_entry_all")}
	if v.Restricts() {
		entry.Value = ui.Say("app_entry_some")
	}
	p.Facts = append(p.Facts, entry, ui.Fact{Name: ui.Say("created"), At: v.CreatedAt})
	p.Values = []ui.Copy{
		{ID: "issuer", Label: ui.Say("app_issuer"), Help: ui.Say("app_issuer_help"), Value: h.BaseURL},
		{ID: "client-id", Label: ui.Say("app_client"), Value: v.ClientID},
		{ID: "discovery", Label: ui.Say("app_discovery"), Help: ui.Say("app_discovery_help"), Value: h.BaseURL + "/.well-known/openid-configuration"},
	}
	if v.BackchannelLogoutURI != "" || len(v.Told) > 0 {
		p.Told = toldTable(v.Told)
	}
	var err error
	p.Snippet, p.Guides, err = guideOf(r, h.BaseURL, &v.App)
	switch v.AuthMethod {
	case sso.AuthNone:
	case sso.AuthPrivateKeyJWT:
		p.Proof = ui.Say("app_guide_key")
	default:
		p.Proof = ui.Say("app_guide_file")
	}
	return p, err
}

// toldTable lists of which logouts an app was told, or is to be.
func toldTable(all []operate.Told) *ui.Table {
	t := &ui.Table{
		Caption: ui.Say("app_told"),
		Columns: []ui.Column{{Name: ui.Say("app_told_whose"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("app_told_ended")}, {Name: ui.Say("app_told_tried")}, {Name: ui.Say("app_told_next")}},
		Empty:   ui.Empty{Icon: "sign-out", Title: ui.Say("app_told_none"), Text: ui.Say("app_told_none_text")},
	}
	for i := range all {
		n := &all[i]
		whose := ui.Cell{Text: ui.As(n.Person), Sub: ui.As(n.Org), Icon: "person"}
		if n.Person == "" {
			whose.Text = ui.As(string(n.User))
		}
		state := ui.Cell{Badges: []ui.Badge{toldState(n.State)}}
		if n.Code != "" {
			state.Text, state.Sub = ui.Problem(n.Code), ui.As(n.Detail)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{whose, state, {At: n.At}, {Text: ui.Count("tries", n.Tries)}, {At: n.Next, Never: ui.Say("app_told_no_next")}}})
	}
	return t
}

func toldState(s operate.ToldState) ui.Badge {
	switch s {
	case operate.ToldDone:
		return ui.Badge{State: ui.OK, Word: ui.Say("app_told_sent")}
	case operate.ToldNever:
		return ui.Badge{State: ui.Refused, Word: ui.Say("app_told_dead")}
	default:
		return ui.Badge{State: ui.Pending, Word: ui.Say("app_told_waiting")}
	}
}

// appNotices say what keeps an app from working.
func appNotices(v *operate.AppView) []ui.Notice {
	var all []ui.Notice
	if v.Disabled {
		all = append(all, ui.Notice{State: ui.Refused, Title: ui.Say("app_off_notice"), Text: ui.Say("app_off_notice_text")})
	}
	if v.AuthMethod == sso.AuthSecret && len(v.Secrets) == 0 {
		all = append(all, ui.Notice{State: ui.Warn, Title: ui.Say("app_no_secret"), Text: ui.Say("app_no_secret_text")})
	}
	return all
}

// askDisable serves GET /operator/apps/{app}/disable.
func (h *Handler) askDisable(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, disablePage(&v.App))
}

func disablePage(a *sso.App) confirmPage {
	path := pathOfApp(a.Key)
	return confirmPage{Shell: appShell(a, tabNone, changes), Confirm: ui.Confirm{
		ID: "disable", Title: ui.Say("app_disable_title", "Name", a.Name), Text: ui.Say("app_disable_text"), Points: []ui.Text{ui.Say("app_disable_now"), ui.Say("app_disable_kept")},
		Action: path + "/disable", Do: ui.Say("app_disable"), Cancel: path + "/settings",
	}}
}

// disableApp serves POST /operator/apps/{app}/disable.
func (h *Handler) disableApp(w http.ResponseWriter, r *http.Request) error {
	return h.switchApp(w, r, "app_disabled", func(a *sso.App) { a.Disabled = true })
}

// enableApp serves POST /operator/apps/{app}/enable.
func (h *Handler) enableApp(w http.ResponseWriter, r *http.Request) error {
	return h.switchApp(w, r, "app_enabled", func(a *sso.App) { a.Disabled = false })
}

func (h *Handler) switchApp(w http.ResponseWriter, r *http.Request, saved string, change func(*sso.App)) error {
	by, key := web.ByFrom(r), r.PathValue("app")
	err := h.Flow.ChangeApp(r.Context(), &by, key, 0, func(a *sso.App) error {
		change(a)
		return nil
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOfApp(key), saved))
}

// askDeleteApp serves GET /operator/apps/{app}/delete.
func (h *Handler) askDeleteApp(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, deleteAppPage(&v.App, ""))
}

func deleteAppPage(a *sso.App, problem string) confirmPage {
	path := pathOfApp(a.Key)
	return confirmPage{Shell: appShell(a, tabNone, changes), Confirm: ui.Confirm{
		ID: "delete", Title: ui.Say("app_delete_title", "Name", a.Name), Text: ui.Say("app_delete_text"), Points: []ui.Text{ui.Say("app_delete_tokens"), ui.Say("app_delete_instead")},
		Name: a.Name, Action: path + "/delete", Do: ui.Say("app_delete"), Cancel: path + "/settings", Problem: problem,
	}}
}

// deleteApp serves POST /operator/apps/{app}/delete.
func (h *Handler) deleteApp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	err = ui.Confirmed(f, v.Name)
	if fault.Is(err, "confirm_name") {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, deleteAppPage(&v.App, known.Code))
	}
	by := web.ByFrom(r)
	if err := h.Flow.DeleteApp(r.Context(), &by, v.Key); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(appsPath, "app_deleted"))
}
