package connect

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the second stage, behind either prefix.
const (
	testPath        = connectionPath + "/test"
	testExplainPath = testPath + "/explain"
	testAcceptPath  = testPath + "/accept"
	testLinksPath   = testPath + "/links"
	testRevokePath  = testLinksPath + "/{testlink}/revoke"
)

// SignIn is the sign-in by which connections are tried; [signin.Service] is one.
type SignIn interface {
	BeginTest(context.Context, signin.Browser, signin.TestStart) (sso.Attempt, error)
	Depart(context.Context, signin.Browser, sso.AttemptID) (signin.Departure, error)
	TestOf(context.Context, signin.Browser, sso.AttemptID) (sso.Test, error)
}

// trialRoutes returns the routes of tests: those of who sets up by both doors,
// and those of the browser in which a test is made.
func (h *Handler) trialRoutes() []web.Route {
	routes := []web.Route{
		{Method: http.MethodGet, Path: guestPath, Access: web.Browser, Handler: h.lookAtTest},
		{Method: http.MethodPost, Path: guestPath, Access: web.Browser, Handler: h.testAsGuest},
		{Method: http.MethodGet, Path: donePath, Access: web.Browser, Handler: h.tested},
	}
	for _, d := range []door{{consolePrefix, web.Console}, {setupPrefix, web.Setup}} {
		add := func(method, path string, serve page) {
			routes = append(routes, web.Route{Method: method, Path: d.prefix + path, Access: d.access, Own: d.access == web.Console, Handler: h.by(d, authority.Setup, serve)})
		}
		add(http.MethodGet, testPath, h.trials)
		add(http.MethodPost, testPath, h.test)
		add(http.MethodPost, testExplainPath, h.explainError)
		add(http.MethodPost, testAcceptPath, h.accept)
		add(http.MethodPost, testLinksPath, h.addTestLink)
		add(http.MethodPost, testRevokePath, h.revokeTestLink)
	}
	return routes
}

// trialPage is the second stage: a sign-in that leads nowhere, and what came of
// it.
type trialPage struct {
	wizard
	Lede    ui.Text
	Start   *startForm // nil: there is nothing to be tried yet
	Waiting *waiting   // for an answer
	Verdict *verdict   // of the test that is looked at; nil: there is none
	Error   *errorForm
	History ui.Table
	Links   linksPanel
}

// startForm begins a test, in a window of its own or in this one.
type startForm struct {
	Action  string
	Follows string // path at which its answer is waited for
	Again   bool   // there was a test before
}

// waiting tells that a test is under way.
type waiting struct {
	Text  ui.Text
	Again string // path of the page itself
	Stop  string // path of the page that does not wait
}

// errorForm takes what an identity provider says when it refuses by itself.
type errorForm struct {
	Action string
	Hidden []ui.Hidden
	Text   ui.Area
	Submit ui.Submit
	Found  []explained
	Notice *ui.Notice // nothing is known of it
}

// linksPanel is about the links by which others test.
type linksPanel struct {
	Made   *ui.Copy // the one that was made just now
	Action string
	Life   ui.Select
	Submit ui.Submit
	Table  *ui.Table // nil: there is none
}

// Head implements [ui.Page].
func (p trialPage) Head() ui.Head { return ui.Head{Template: "trial", Title: ui.As(p.Name)} }

// trials serves GET …/sso/{connection}/test.
func (h *Handler) trials(w http.ResponseWriter, r *http.Request, v *visit) error {
	t, err := h.readTrials(r, v)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, trialPageOf(v, &t, h.Flow.Now()))
}

func (h *Handler) readTrials(r *http.Request, v *visit) (connect.Trials, error) {
	q := r.URL.Query()
	return h.Flow.Trials(r.Context(), &v.Place, r.PathValue("connection"), v.which, sso.TestID(q.Get("test")), placeOf(r))
}

func trialPageOf(v *visit, t *connect.Trials, now time.Time) trialPage {
	c := &t.Connection
	p := trialPage{wizard: v.wizard(c, toTest, ui.Say("stage_test")), Lede: ui.Say("test_lede")}
	path := v.toConnection(c, testPath)
	latest := "none"
	if len(t.Tests) > 0 {
		latest = string(t.Tests[0].ID)
	}
	if c.Complete() != nil {
		p.Notices = append(p.Notices, ui.Notice{
			State: ui.Pending, Title: ui.Say("test_incomplete"), Text: ui.Problem("connection_incomplete"), Link: &ui.Link{Name: ui.Say("stage_configure"), Path: v.toConnection(c, configurePath)},
		})
	} else {
		p.Start = &startForm{Action: path, Follows: with(path, "since", latest), Again: len(t.Tests) > 0}
	}
	p.await(v, t, path, latest, now)
	if t.Shown != nil && t.Shown.State != sso.TestWaiting {
		p.Verdict = verdictOf(v, t)
	}
	p.Error = errorFormOf(v, t, ui.Filled{})
	p.History = historyOf(v, t, now)
	p.Links = linksOf(v, t)
	return p
}

// with returns a path of ours with one more parameter.
func with(path, name, value string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + name + "=" + value
}

// await says that an answer is waited for: to the test that is looked at, or to
// one that begins in another window in this moment.
func (p *trialPage) await(v *visit, t *connect.Trials, path, latest string, now time.Time) {
	underWay := t.Shown != nil && t.Shown.State == sso.TestWaiting && now.Before(t.Shown.CreatedAt.Add(sso.TestLife))
	since := v.r.URL.Query().Get("since")
	if underWay || since != "" && since == latest {
		p.Waiting = &waiting{Text: ui.Say("test_waiting_text"), Again: path, Stop: path}
		if underWay {
			p.Waiting.Again = with(path, "test", string(t.Shown.ID))
		}
		if !underWay {
			p.Waiting.Again = with(path, "since", latest)
		}
	}
}

func errorFormOf(v *visit, t *connect.Trials, f ui.Filled) *errorForm {
	e := &errorForm{
		Action: v.toConnection(&t.Connection, testExplainPath),
		Text:   f.Area(ui.Area{Name: "error", Label: ui.Say("test_error"), Help: ui.Say("test_error_help"), Rows: 3}),
		Submit: ui.Submit{Word: ui.Say("test_explain"), Icon: "search", Kind: ui.Second},
	}
	if t.Shown != nil {
		e.Hidden = []ui.Hidden{{Name: "test", Value: string(t.Shown.ID)}}
	}
	return e
}

// explainError serves POST …/sso/{connection}/test/explain: it says what the
// error of an identity provider means. What was pasted is kept nowhere.
func (h *Handler) explainError(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	t, err := h.Flow.Trials(r.Context(), &v.Place, r.PathValue("connection"), v.which, sso.TestID(form.Get("test")), connect.Place{})
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, explainedPageOf(v, &t, ui.Filled{Values: form}, h.Flow.Now()))
}

func explainedPageOf(v *visit, t *connect.Trials, f ui.Filled, now time.Time) trialPage {
	p := trialPageOf(v, t, now)
	p.Waiting = nil // what was found must not go away while it is read
	p.Error = errorFormOf(v, t, f)
	for i, e := range idp.Explain(f.Values.Get("error"), t.Guide.ID) {
		p.Error.Found = append(p.Error.Found, explainedOf(t, "found-"+strconv.Itoa(i), &e))
	}
	if len(p.Error.Found) == 0 {
		p.Error.Notice = &ui.Notice{State: ui.Warn, Title: ui.Say("test_error_unknown"), Text: ui.Say("test_error_unknown_text")}
	}
	return p
}

// test serves POST …/sso/{connection}/test: it begins a test and sends the
// browser off.
func (h *Handler) test(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := h.Flow.Connection(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	web.RetryAt(r, v.toConnection(&c, testPath))
	by := string(v.who.By.User.ID)
	if v.Link != nil {
		by = string(v.Link.ID)
	}
	return h.depart(w, r, signin.TestStart{Org: v.ID, Connection: c.ID, Which: v.which, By: by})
}

// depart begins a test and sends the browser to the identity provider.
func (h *Handler) depart(w http.ResponseWriter, r *http.Request, start signin.TestStart) error {
	b := signin.Browser{Binding: web.Bind(w, r), Address: web.Address(r), UserAgent: web.UserAgent(r)}
	a, err := h.SignIn.BeginTest(r.Context(), b, start)
	if err != nil {
		return err
	}
	web.Note(r, "att", string(a.ID))
	d, err := h.SignIn.Depart(r.Context(), b, a.ID)
	if err != nil {
		return err
	}
	if d.Form == nil {
		return h.UI.Leave(w, r, d.URL, d.Name)
	}
	form := ui.Form{Action: d.Form.Action, Name: d.Name}
	for _, f := range d.Form.Fields {
		form.Fields = append(form.Fields, ui.FormField(f))
	}
	return h.UI.Post(w, r, form)
}

// accept serves POST …/sso/{connection}/test/accept.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.edits(form.Get("version"))
	back := v.to(testPath, "{connection}", e.Key)
	web.RetryAt(r, back)
	var chosen []sso.OfferOf
	for _, of := range form["offer"] {
		chosen = append(chosen, sso.OfferOf(of))
	}
	if err := h.Flow.Accept(r.Context(), e, sso.TestID(form.Get("test")), chosen); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, "test_accepted"))
}

func historyOf(v *visit, t *connect.Trials, now time.Time) ui.Table {
	c := &t.Connection
	h := ui.Table{
		Caption: ui.Say("test_history"),
		Columns: []ui.Column{{Name: ui.Say("test_when")}, {Name: ui.Say("state")}, {Name: ui.Say("test_who"), Wide: true}, {Name: ui.Say("reference")}},
		Empty:   ui.Empty{Icon: "play", Title: ui.Say("tests_none"), Text: ui.Say("tests_none_text")},
	}
	for i := range t.Tests {
		x := &t.Tests[i]
		traced := ui.Cell{Text: ui.As(or(x.Reference, "–")), Mono: true}
		if x.Reference != "" && v.Link == nil {
			traced.Path = v.to(tracePath, "{reference}", x.Reference)
		}
		state := ui.Cell{Badges: []ui.Badge{testState(x, now)}}
		if t.Stale(x) {
			state.Badges = append(state.Badges, ui.Badge{Word: ui.Say("test_stale_word")})
		}
		who := ui.Cell{Text: ui.As(or(x.Result.Email, or(x.Result.NameID, "–")))}
		if x.Link != "" {
			who.Sub = ui.Say("test_by_link")
		}
		h.Rows = append(h.Rows, ui.Row{Cells: []ui.Cell{
			{At: x.CreatedAt, Path: with(v.toConnection(c, testPath), "test", string(x.ID))}, state, who, traced,
		}})
	}
	h.Page(v.r, placeText(t.Next))
	return h
}

func or(s, substitute string) string {
	if s == "" {
		return substitute
	}
	return s
}

func testState(t *sso.Test, now time.Time) ui.Badge {
	switch {
	case t.State == sso.TestPassed:
		return ui.Badge{State: ui.OK, Word: ui.Say("test_passed_word")}
	case t.State == sso.TestFailed:
		return ui.Badge{State: ui.Refused, Word: ui.Say("test_failed_word")}
	case now.Before(t.CreatedAt.Add(sso.TestLife)):
		return ui.Badge{State: ui.Pending, Word: ui.Say("test_waiting_word")}
	}
	return ui.Badge{State: ui.Warn, Word: ui.Say("test_unanswered_word")}
}

func linksOf(v *visit, t *connect.Trials) linksPanel {
	c := &t.Connection
	p := linksPanel{
		Action: v.toConnection(c, testLinksPath), Submit: ui.Submit{Word: ui.Say("test_link_make"), Icon: "link", Kind: ui.Second},
		Life: ui.Select{Name: "days", Label: ui.Say("test_link_life"), Value: "7"},
	}
	for _, days := range connect.TestLinkLives() {
		p.Life.Options = append(p.Life.Options, ui.Option{Value: strconv.Itoa(days), Label: ui.Count("days", days)})
	}
	if len(t.Links) == 0 {
		return p
	}
	p.Table = &ui.Table{Caption: ui.Say("test_links"), Columns: []ui.Column{{Name: ui.Say("test_link_made"), Wide: true}, {Name: ui.Say("test_link_until")}, {Name: ui.Say("actions"), Acts: true}}}
	for i := range t.Links {
		l := &t.Links[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{At: l.CreatedAt}, {At: l.ExpiresAt}, {Do: &ui.Do{
			Word: ui.Say("test_link_revoke"), Action: v.to(testRevokePath, "{connection}", c.Key, "{testlink}", string(l.ID)), Icon: "trash", Kind: ui.Quiet,
		}}}})
	}
	return p
}

// addTestLink serves POST …/sso/{connection}/test/links. The link is shown once,
// on the page that answers.
func (h *Handler) addTestLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	key := r.PathValue("connection")
	web.RetryAt(r, v.to(testPath, "{connection}", key))
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil {
		days = 0 // is offered to nobody
	}
	token, err := h.Flow.CreateTestLink(r.Context(), &v.who, v.ID, key, v.which, days)
	if err != nil {
		return err
	}
	t, err := h.readTrials(r, v)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, linkedPageOf(v, &t, h.Flow.BaseURL, token, h.Flow.Now()))
}

func linkedPageOf(v *visit, t *connect.Trials, base string, token secret.Token, now time.Time) trialPage {
	p := trialPageOf(v, t, now)
	p.Waiting = nil // the link is not shown a second time
	p.Links.Made = &ui.Copy{ID: "made", Label: ui.Say("test_link"), Help: ui.Say("test_link_once"), Value: base + strings.ReplaceAll(guestPath, "{token}", token.Reveal())}
	return p
}

// revokeTestLink serves POST …/sso/{connection}/test/links/{testlink}/revoke.
func (h *Handler) revokeTestLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	key := r.PathValue("connection")
	back := v.to(testPath, "{connection}", key)
	web.RetryAt(r, back)
	if err := h.Flow.RevokeTestLink(r.Context(), &v.who, v.ID, key, sso.TestLinkID(r.PathValue("testlink"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, "test_link_revoked"))
}
