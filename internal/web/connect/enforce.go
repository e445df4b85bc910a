package connect

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths about the demand for single sign-on. Only owners change it.
const (
	enforcePath   = "/enforcement"
	pausePath     = enforcePath + "/pause"
	resumePath    = enforcePath + "/resume"
	codesPath     = enforcePath + "/codes"
	codesFilePath = codesPath + "/file"
)

// enforceRoutes returns the routes of the demand. What lets people in or shuts
// them out for good, and a list of all of them, wants a fresh proof; to pause
// does not, since the identity provider by which it would be given may be what
// fails.
func (h *Handler) enforceRoutes() []web.Route {
	d := door{consolePrefix, web.Console}
	route := func(method, path string, fresh bool, serve page) web.Route {
		return web.Route{Method: method, Path: d.prefix + path, Access: d.access, Own: true, Fresh: fresh, Handler: h.by(d, authority.Owner, serve)}
	}
	return []web.Route{
		route(http.MethodGet, enforcePath, false, h.enforcement),
		route(http.MethodPost, enforcePath, true, h.demand),
		route(http.MethodPost, pausePath, false, h.pause),
		route(http.MethodPost, resumePath, false, h.resume),
		route(http.MethodGet, offPath, false, h.turningOff),
		route(http.MethodPost, offPath, true, h.turnOff),
		route(http.MethodPost, offResetPath, true, h.resetStranded),
		route(http.MethodPost, offStopPath, false, h.stopResets),
		route(http.MethodGet, foreseenPath, false, h.foreseen),
		route(http.MethodGet, foreseenCSVPath, true, h.foreseenCSV),
		route(http.MethodGet, codesPath, true, h.askCodes),
		route(http.MethodPost, codesPath, true, h.makeCodes),
		route(http.MethodPost, codesFilePath, false, h.downloadCodes),
	}
}

// enforcePage is where an owner decides who must come by single sign-on.
type enforcePage struct {
	ui.Shell
	Notices []ui.Notice
	Facts   []ui.Fact
	Gate    []ui.Step
	Foresee ui.Button // what would become of whom
	Off     ui.Button // the way out of single sign-on
	Form    demandForm
	Codes   []ui.Fact
	Make    ui.Button
	Pause   *pauseForm // nil: nothing is demanded, or it is paused
	Resume  *ui.Do     // nil: it is not paused
}

// demandForm asks who must come by single sign-on.
type demandForm struct {
	Action   string
	Hidden   []ui.Hidden
	Degree   ui.Choices
	Pilot    ui.Area
	Exempt   ui.Area
	Sessions ui.Choices
	Hours    ui.Select
	Submit   ui.Submit
}

// pauseForm asks for how long, and why.
type pauseForm struct {
	Action string
	Hidden []ui.Hidden
	Hours  ui.Select
	Reason ui.Input
	Submit ui.Submit
}

// Head implements [ui.Page].
func (enforcePage) Head() ui.Head { return ui.Head{Template: "enforce", Title: ui.Say("enforce")} }

// enforcement serves GET /console/enforcement.
func (h *Handler) enforcement(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showEnforcement(w, r, v, http.StatusOK, ui.Filled{})
}

func (h *Handler) showEnforcement(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled) error {
	s, err := h.Enforce.State(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, enforcePageOf(v, &s, f, h.Enforce.Now()))
}

func enforcePageOf(v *visit, s *enforce.State, f ui.Filled, now time.Time) enforcePage {
	policy := &s.Organization.Policy
	p := enforcePage{Shell: v.shell(), Notices: standingNotices(s, now), Facts: standingFacts(s, now), Make: ui.Button{Word: ui.Say("codes_make"), Path: v.to(codesPath), Icon: "key"}}
	p.Lead = ui.Say("enforce_lead")
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("console_sso"), Path: v.to(ssoPath)}), v.to(ssoPath)
	where := map[sso.GateStep]string{sso.GateActive: v.to(ssoPath), sso.GateTested: v.to(ssoPath), sso.GateSecond: v.to(ssoPath)}
	for _, step := range sso.GateSteps() {
		p.Gate = append(p.Gate, asked{s.Gate.Passed(step), ui.Refused, where[step]}.step("gate_"+string(step)))
	}
	if problem := f.Problems["gate"]; problem != "" {
		p.Notices = append([]ui.Notice{{State: ui.Refused, Title: ui.Problem(problem)}}, p.Notices...)
	}
	p.Foresee = ui.Button{Word: ui.Say("foresee"), Path: v.to(foreseenPath), Icon: "people"}
	p.Off = ui.Button{Word: ui.Say("off_title"), Path: v.to(offPath), Icon: "pause"}
	p.Form = demandFormOf(v, s, f)
	p.Codes = []ui.Fact{{Name: ui.Say("codes_left"), Value: ui.Count("codes_count", s.Codes.Left)}}
	if !s.Codes.CreatedAt.IsZero() {
		p.Codes = append(p.Codes, ui.Fact{Name: ui.Say("codes_since"), At: s.Codes.CreatedAt})
	}
	switch {
	case policy.Pause.Running(now):
		p.Resume = &ui.Do{Word: ui.Say("resume"), Action: v.to(resumePath), Icon: "play", Fields: versionOf(s)}
	case s.Demands:
		p.Pause = pauseFormOf(v, s, f)
	}
	return p
}

func versionOf(s *enforce.State) []ui.Hidden {
	return []ui.Hidden{{Name: "version", Value: strconv.FormatInt(s.Organization.Version, 10)}}
}

// standingNotices say how the demand stands, and who has paused it.
func standingNotices(s *enforce.State, now time.Time) []ui.Notice {
	policy := &s.Organization.Policy
	var all []ui.Notice
	if s.Above {
		all = append(all, ui.Notice{State: ui.Pending, Title: ui.Say("enforce_above"), Text: ui.Say("enforce_above_text")})
	}
	if pause := &policy.Pause; s.Demands && pause.Running(now) {
		return append(all, ui.Notice{State: ui.Warn, Title: ui.Say("paused"), Text: ui.Say("paused_text")})
	}
	switch policy.SSO {
	case sso.SSORequired:
		all = append(all, ui.Notice{State: ui.OK, Title: ui.Say("enforce_required_now"), Text: ui.Say("enforce_required_text")})
	case sso.SSOPilot:
		all = append(all, ui.Notice{State: ui.OK, Title: ui.Say("enforce_pilot_now"), Text: ui.Say("enforce_pilot_text", "Groups", strings.Join(s.Pilot, ", "))})
	case sso.SSOOff, sso.SSOOptional:
	}
	return all
}

// standingFacts are what the notices leave out: until when, by whom and why.
func standingFacts(s *enforce.State, now time.Time) []ui.Fact {
	policy := &s.Organization.Policy
	var facts []ui.Fact
	if pause := &policy.Pause; s.Demands && pause.Running(now) {
		by := ui.As(s.PausedBy)
		if pause.Vendor {
			by = ui.Say("paused_vendor")
		}
		facts = append(facts, ui.Fact{Name: ui.Say("paused_until"), At: pause.Until}, ui.Fact{Name: ui.Say("paused_by"), Value: by}, ui.Fact{Name: ui.Say("paused_why"), Value: ui.As(pause.Reason)})
	}
	if until := policy.LocalUntil; policy.Demanding() && until.After(now) {
		facts = append(facts, ui.Fact{Name: ui.Say("sessions_end_at"), At: until})
	}
	return facts
}

// sessionHours are after how many hours sessions may be made to end.
func sessionHours() []int { return []int{1, 8, 24, 72, 168} }

func demandFormOf(v *visit, s *enforce.State, f ui.Filled) demandForm {
	policy := &s.Organization.Policy
	degree := policy.SSO
	if !policy.Demanding() {
		degree = sso.SSOOptional
	}
	form := demandForm{
		Action: v.to(enforcePath), Hidden: versionOf(s),
		Degree:   ui.Choices{Name: "sso", Label: ui.Say("degree"), One: true, Values: []string{string(degree)}},
		Pilot:    f.Area(ui.Area{Name: "groups", Label: ui.Say("pilot_groups"), Help: ui.Say("pilot_groups_help"), Value: strings.Join(s.Pilot, "\n"), Optional: true}),
		Exempt:   f.Area(ui.Area{Name: "exempt", Label: ui.Say("exempt"), Help: ui.Say("exempt_help"), Value: strings.Join(policy.Exempt, "\n"), Optional: true}),
		Sessions: ui.Choices{Name: "sessions", Label: ui.Say("live_sessions"), Help: ui.Say("live_sessions_help"), One: true, Values: []string{string(sso.SessionsStay)}},
		Hours:    ui.Select{Name: "hours", Label: ui.Say("sessions_in"), Value: "24"},
		Submit:   ui.Submit{Word: ui.Say("save")},
	}
	if policy.Demanding() && !policy.LocalUntil.IsZero() {
		form.Sessions.Values = []string{string(sso.SessionsEnd)}
	}
	for _, d := range []sso.Enforcement{sso.SSOOptional, sso.SSOPilot, sso.SSORequired} {
		form.Degree.Options = append(form.Degree.Options, ui.Option{Value: string(d), Label: ui.Say("degree_" + string(d)), Help: ui.Say("degree_help_" + string(d))})
	}
	for _, l := range []sso.LiveSessions{sso.SessionsStay, sso.SessionsAt, sso.SessionsEnd} {
		form.Sessions.Options = append(form.Sessions.Options, ui.Option{Value: string(l), Label: ui.Say("sessions_" + string(l))})
	}
	for _, n := range sessionHours() {
		form.Hours.Options = append(form.Hours.Options, ui.Option{Value: strconv.Itoa(n), Label: ui.Count("hours", n)})
	}
	form.Degree, form.Sessions, form.Hours = f.Choices(form.Degree), f.Choices(form.Sessions), f.Select(form.Hours)
	return form
}

func pauseFormOf(v *visit, s *enforce.State, f ui.Filled) *pauseForm {
	form := pauseForm{
		Action: v.to(pausePath), Hidden: versionOf(s),
		Hours:  ui.Select{Name: "pause", Label: ui.Say("pause_hours"), Value: "4"},
		Reason: f.Input(ui.Input{Name: "reason", Label: ui.Say("pause_why"), Help: ui.Say("pause_why_help"), Max: 4 * sso.MaxDescription}),
		Submit: ui.Submit{Word: ui.Say("pause_do"), Icon: "pause", Kind: ui.Second},
	}
	for _, n := range sso.PauseHours() {
		form.Hours.Options = append(form.Hours.Options, ui.Option{Value: strconv.Itoa(n), Label: ui.Count("hours", n)})
	}
	form.Hours = f.Select(form.Hours)
	return &form
}

// demand serves POST /console/enforcement.
func (h *Handler) demand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.changeEnforcement(w, r, v, "enforcement", func(e *enforce.Edit, form url.Values) error {
		hours, _ := strconv.Atoi(form.Get("hours"))
		if !slices.Contains(sessionHours(), hours) {
			hours = 0 // which the rules refuse where it matters
		}
		return h.Enforce.Demand(r.Context(), e, enforce.Chosen{
			SSO: sso.Enforcement(form.Get("sso")), Groups: lines(form.Get("groups")), Exempt: lines(form.Get("exempt")),
			Sessions: sso.LiveSessions(form.Get("sessions")), Hours: hours,
		})
	})
}

// lines returns the lines of a text that are not empty.
func lines(s string) []string {
	var all []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return all
}

// pause serves POST /console/enforcement/pause.
func (h *Handler) pause(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.changeEnforcement(w, r, v, "enforcement_paused", func(e *enforce.Edit, form url.Values) error {
		hours, _ := strconv.Atoi(form.Get("pause")) // 0 is refused
		return h.Enforce.Pause(r.Context(), e, hours, form.Get("reason"))
	})
}

// resume serves POST /console/enforcement/resume.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.changeEnforcement(w, r, v, "enforcement_resumed", func(e *enforce.Edit, _ url.Values) error { return h.Enforce.Resume(r.Context(), e) })
}

func (h *Handler) changeEnforcement(w http.ResponseWriter, r *http.Request, v *visit, saved string, do func(e *enforce.Edit, form url.Values) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	back := v.to(enforcePath)
	web.RetryAt(r, back)
	version, _ := strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	err = do(&enforce.Edit{Who: &v.who, Org: v.ID, Version: version}, form)
	if err == nil {
		return web.SeeOther(w, r, ui.Saved(back, saved))
	}
	fields := map[string]string{
		"enforce_not_ready": "gate", "enforce_degree": "sso", "enforce_pilot": "groups", "enforce_pilots": "groups", "enforce_group": "groups", "enforce_exempt": "exempt", "enforce_exempt_last": "exempt", "domain_no_owner": "exempt", "enforce_address": "exempt",
		"enforce_sessions": "sessions", "enforce_at": "hours", "pause_life": "pause", "pause_reason": "reason", "enforce_changed": "gate",
	}
	return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showEnforcement(w, r, v, status, f) })
}

// codesPage shows the break-glass codes, once.
type codesPage struct {
	ui.Shell
	Lede     ui.Text
	Codes    []string
	Download string
	Text     string
	Back     ui.Button
}

// Head implements [ui.Page].
func (codesPage) Head() ui.Head { return ui.Head{Template: "codes-made", Title: ui.Say("codes_made")} }

// askCodes serves GET /console/enforcement/codes.
func (h *Handler) askCodes(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.UI.Render(w, r, http.StatusOK, askCodesPage(v))
}

func askCodesPage(v *visit) confirmPage {
	back := v.to(enforcePath)
	p := confirmPage{Shell: v.shell(), Confirm: ui.Confirm{
		ID: "codes", Title: ui.Say("codes_title"), Text: ui.Say("codes_text"), Points: []ui.Text{ui.Say("codes_point_who"), ui.Say("codes_point_mail"), ui.Say("codes_point_old")},
		Action: v.to(codesPath), Do: ui.Say("codes_make"), Kind: ui.Main, Cancel: back,
	}}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("enforce"), Path: back}), v.to(ssoPath)
	return p
}

// makeCodes serves POST /console/enforcement/codes.
func (h *Handler) makeCodes(w http.ResponseWriter, r *http.Request, v *visit) error {
	codes, err := h.Enforce.NewCodes(r.Context(), &v.who, v.ID)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, codesPageOf(v, codes))
}

func codesPageOf(v *visit, codes []string) codesPage {
	p := codesPage{
		Shell: v.shell(), Lede: ui.Say("codes_once", "Path", enforce.BreakGlassPath), Codes: codes, Download: v.to(codesFilePath), Text: strings.Join(codes, " "),
		Back: ui.Button{Word: ui.Say("codes_saved"), Path: v.to(enforcePath), Kind: ui.Main},
	}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("enforce"), Path: v.to(enforcePath)}), v.to(ssoPath)
	return p
}

// downloadCodes serves POST /console/enforcement/codes/file: the codes that the
// page shows, as a file that says where they are for. Nothing but codes is sent
// back.
func (h *Handler) downloadCodes(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	text, err := h.Enforce.CodesFile(&v.Place, strings.Fields(form.Get("codes")))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="break-glass-codes.txt"`)
	_, err = text.WriteTo(w)
	return err
}
