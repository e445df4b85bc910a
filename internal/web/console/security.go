package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// security serves GET /console/security.
func (h *Handler) security(w http.ResponseWriter, r *http.Request) error {
	return h.showSecurity(w, r, http.StatusOK, ui.Filled{}, nil)
}

// showSecurity shows the page; lock is the fault of a list of networks that
// shuts its author out, or nil.
func (h *Handler) showSecurity(w http.ResponseWriter, r *http.Request, status int, f ui.Filled, lock *fault.Error) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := v.Rights.Govern(); err != nil {
		return err
	}
	line, err := h.Flow.Line(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, securityPageOf(&v, h.Offer, line, f, lock))
}

func securityPageOf(v *visit, offer frame.Offer, line []sso.Organization, f ui.Filled, lock *fault.Error) formPage {
	o := &line[len(line)-1] // as it is stored now
	p := formPage{Shell: v.shell(), Name: ui.Say("security")}
	p.Lead = ui.Say("security_lead")
	if n := inherited(line[:len(line)-1]); len(n.Points) > 0 {
		p.Notices = append(p.Notices, n)
	}
	if !slices.ContainsFunc(line, func(o sso.Organization) bool { return o.Entitled(sso.EntitledSSO) }) {
		p.Notices = append(p.Notices, offer.Notice())
	}
	fields := []field{
		choices(f.Choices(ui.Choices{Name: "mfa", Label: ui.Say("mfa"), Help: ui.Say("mfa_help"), One: true, Values: []string{or(string(o.Policy.MFA), string(sso.MFAOptional))}, Options: words("mfa_", sso.MFAOff, sso.MFAOptional, sso.MFAOwners, sso.MFARequired)})),
		choices(f.Choices(ui.Choices{Name: "mfa_after_sso", Label: ui.Say("mfa_sso"), One: true, Values: []string{or(string(o.Policy.MFAAfterSSO), string(sso.SSOFactorTrust))}, Options: words("mfa_sso_", sso.SSOFactorTrust, sso.SSOFactorAsk)})),
		choose(f.Select(durations("session_idle", o.Policy.SessionIdle.Std(), 15*time.Minute, 30*time.Minute, time.Hour, 4*time.Hour, 8*time.Hour, day, 7*day, 30*day))),
		choose(f.Select(durations("session_life", o.Policy.SessionLife.Std(), time.Hour, 8*time.Hour, 12*time.Hour, day, 7*day, 30*day, 90*day))),
		choose(f.Select(durations("inactive_after", o.Policy.InactiveAfter.Std(), 30*day, 60*day, 90*day, 180*day, 365*day))),
		area(f.Area(ui.Area{Name: "ip_allow", Label: ui.Say("ip_allow"), Help: ui.Say("ip_allow_help", "Address", or(v.by.Address, "–")), Value: provision.Networks(o.Policy.IPAllow), Rows: 5, Mono: true, Optional: true})),
	}
	fields = append(fields, listKept(f, o))
	if lock != nil {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Title: ui.Say("lock_out_title"), Text: ui.Say("lock_out_text", "Address", lock.Got)})
		fields = append(fields, check(f.Check(ui.Check{Name: "lock_out", Label: ui.Say("lock_out_accept"), Help: ui.Say("lock_out_help")})))
	}
	p.Forms = []form{{
		Action: v.to(securityPath), Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(o.Version, 10)}}, Fields: fields,
		Submit: ui.Submit{Word: ui.Say("save_changes")},
	}}
	if typed := f.Values.Get("version"); typed != "" {
		p.Forms[0].Hidden[0].Value = typed // what was looked at
	}
	return p
}

// inherited says what organizations above demand.
func inherited(above []sso.Organization) ui.Notice {
	n := ui.Notice{Title: ui.Say("inherited")}
	say := func(key string, o *sso.Organization) {
		n.Points = append(n.Points, ui.Say("inherited_"+key, "Organization", o.Name))
	}
	for i := range above {
		o := &above[i]
		if o.Policy.MFA == sso.MFARequired || o.Policy.MFA == sso.MFAOwners {
			say("mfa", o)
		}
		if o.Policy.SessionIdle > 0 || o.Policy.SessionLife > 0 {
			say("sessions", o)
		}
		if o.Policy.InactiveAfter > 0 {
			say("inactive", o)
		}
		if o.Policy.ManagesPeople() {
			say("managed", o)
		}
		if len(o.Policy.IPAllow) > 0 {
			say("networks", o)
		}
	}
	return n
}

// words offers values by their words.
func words[T ~string](prefix string, values ...T) []ui.Option {
	var options []ui.Option
	for _, value := range values {
		options = append(options, ui.Option{Value: string(value), Label: ui.Say(prefix + string(value)), Help: ui.Say(prefix + string(value) + "_help")})
	}
	return options
}

const day = 24 * time.Hour

// durations offers lengths of time, in seconds; "" stands for the common one.
// One that was chosen elsewhere is offered too.
func durations(name string, value time.Duration, offered ...time.Duration) ui.Select {
	s := ui.Select{Name: name, Label: ui.Say(name), Help: ui.Say(name + "_help"), Options: []ui.Option{{Label: ui.Say(name + "_default")}}}
	if value > 0 {
		s.Value = seconds(value)
		if !slices.Contains(offered, value) {
			offered = append(offered, value)
			slices.Sort(offered)
		}
	}
	for _, d := range offered {
		s.Options = append(s.Options, ui.Option{Value: seconds(d), Label: length(d)})
	}
	return s
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// length says a length of time.
func length(d time.Duration) ui.Text {
	switch {
	case d%day == 0:
		return ui.Count("days", int(d/day))
	case d%time.Hour == 0:
		return ui.Count("hours", int(d/time.Hour))
	default:
		return ui.Count("minutes", int(d/time.Minute))
	}
}

// saveSecurity serves POST /console/security.
func (h *Handler) saveSecurity(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	web.RetryAt(r, v.to(securityPath))
	lockOut := provision.RefuseLockOut
	if form.Has("lock_out") {
		lockOut = provision.AcceptLockOut
	}
	err = h.Flow.SaveSecurity(r.Context(), &v.by, v.ID, securityOf(form), lockOut)
	if fault.Is(err, "policy_locks_out") {
		known, status := web.Record(r, err)
		return h.showSecurity(w, r, status, ui.Filled{Values: form, Problems: map[string]string{"ip_allow": known.Code}}, known)
	}
	if err != nil {
		fields := map[string]string{"people_managed_by_nobody": "managed", "policy_idle": "session_idle", "policy_life": "session_life", "policy_inactive": "inactive_after", "network_form": "ip_allow", "network_many": "ip_allow"}
		return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showSecurity(w, r, status, f, nil) })
	}
	return web.SeeOther(w, r, ui.Saved(v.to(securityPath), "security"))
}

// securityOf reads the form. What is no number is beyond what can be chosen.
func securityOf(form url.Values) provision.Security {
	length := func(name string) time.Duration {
		s := form.Get(name)
		if s == "" {
			return 0
		}
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return -1
		}
		return time.Duration(n) * time.Second
	}
	list := provision.ListByHand
	if form.Has("managed") {
		list = provision.ListByIdP
	}
	version, _ := strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	return provision.Security{
		Version: version, MFA: form.Get("mfa"), MFAAfterSSO: form.Get("mfa_after_sso"),
		SessionIdle: length("session_idle"), SessionLife: length("session_life"), InactiveAfter: length("inactive_after"), IPAllow: form.Get("ip_allow"), List: list,
	}
}
