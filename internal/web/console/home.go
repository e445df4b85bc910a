package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// homePage is the first page.
type homePage struct {
	ui.Shell
	Notices []ui.Notice
	First   []ui.Step // what to do first
	Stats   []ui.Stat
	Chart   ui.Chart // sign-ins by day
	Causes  ui.Table // of refusals
	Latest  ui.Table
}

// Head implements [ui.Page].
func (homePage) Head() ui.Head { return ui.Head{Template: "home", Title: ui.Say("overview")} }

// home serves GET /console.
func (h *Handler) home(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	o, err := h.Flow.Overview(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showHome(&v, &o, h.Flow.Now()))
}

func showHome(v *visit, o *provision.Overview, now time.Time) homePage {
	good, bad := 0, 0
	for _, c := range o.SignIns {
		if c.Code == "" {
			good += c.N
		} else {
			bad += c.N
		}
	}
	p := homePage{Shell: v.shell()}
	if o.Importing {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Pending, Text: ui.Say("import_waits"), Link: &ui.Link{Name: ui.Say("import_look"), Path: v.to(importsPath)}})
	}
	if v.Rights.Owner() {
		p.Notices = append(p.Notices, ending(v, o)...)
	}
	p.First = first(v, o)
	p.Stats = []ui.Stat{
		{Name: ui.Say("people"), Value: upTo(provision.ManyPeople, o.People.All), Path: v.to(peoplePath)},
		{Name: ui.Say("stat_waiting"), Value: ui.Count("figure", o.Waiting), Path: v.to(invitationsPath)},
		{Name: ui.Say("stat_sign_ins"), Value: ui.Count("figure", good), Note: ui.Say("last_days")},
		{Name: ui.Say("stat_refused"), Value: ui.Count("figure", bad), Note: ui.Say("last_days")},
	}
	if o.People.Suspended > 0 {
		p.Stats[0].Note = ui.Count("stat_suspended", o.People.Suspended)
	}
	p.Chart, p.Causes = chart(o.SignIns, now), causes(o.SignIns)
	p.Latest = traceTable(v, o.Latest)
	p.Latest.Empty = ui.Empty{Icon: "clock", Title: ui.Say("sign_ins_none"), Text: ui.Say("sign_ins_none_text")}
	return p
}

// ending warns an owner of certificates that end.
func ending(v *visit, o *provision.Overview) []ui.Notice {
	var all []ui.Notice
	for i := range o.Ending {
		e := &o.Ending[i]
		n := ui.Notice{State: ui.Warn, Title: ui.Say("ending_title", "Name", e.Name, "Day", e.Ends.UTC().Format(time.DateOnly)), Text: ui.Say("ending_text")}
		if !v.acted() {
			n.Link = &ui.Link{Name: ui.Say("ending_look"), Path: v.to("/console/sso/{connection}/certificates", "{connection}", e.Key)}
		}
		all = append(all, n)
	}
	return all
}

// first lists what an administrator should do, until it is done.
func first(v *visit, o *provision.Overview) []ui.Step {
	if !v.Rights.Owner() {
		return nil
	}
	verified := slices.ContainsFunc(o.Domains, func(d sso.Domain) bool { return d.State == sso.DomainVerified })
	steps, left := []ui.Step{}, 0
	security := v.to(securityPath)
	if v.acted() {
		security = ""
	}
	for _, todo := range []struct {
		key  string
		done bool
		path string
	}{
		{"first_people", o.People.All > 1 || o.Waiting > 0, v.to(invitePath)},
		{"first_owner", o.Owners > 1, v.to(peoplePath)},
		{"first_mfa", v.Policy.MFA == sso.MFARequired || v.Policy.MFA == sso.MFAOwners, security},
		{"first_domain", verified || v.Below(), ""},
	} {
		s := ui.Step{Name: ui.Say(todo.key), Text: ui.Say(todo.key + "_text"), Path: todo.path}
		if todo.done {
			s.State, s.Word, s.Path = ui.OK, ui.Say("first_done"), ""
		} else {
			left++
		}
		steps = append(steps, s)
	}
	if left == 0 {
		return nil
	}
	return steps
}

// chart draws sign-ins by day and method.
func chart(counts []provision.SignInCount, now time.Time) ui.Chart {
	const days = provision.ChartDays
	begin := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	var labels []ui.Text
	for i := range days {
		labels = append(labels, ui.Day(begin.AddDate(0, 0, i)))
	}
	var bySSO, byPassword, refused [days]int
	for _, c := range counts {
		i := int(c.Hour.Sub(begin) / (24 * time.Hour))
		if c.Hour.Before(begin) || i < 0 || i >= days {
			continue
		}
		switch {
		case c.Code != "":
			refused[i] += c.N
		case c.Method == sso.BySSO:
			bySSO[i] += c.N
		default:
			byPassword[i] += c.N
		}
	}
	return ui.Chart{ID: "sign-ins", Title: ui.Say("chart_sign_ins"), Kind: ui.Bars, Labels: labels, Series: []ui.Series{
		{Name: ui.Say("by_sso"), Values: bySSO[:]}, {Name: ui.Say("by_password"), Values: byPassword[:]}, {Name: ui.Say("by_refused"), Values: refused[:]},
	}}
}

// causes lists why sign-ins were refused, the commonest first.
func causes(counts []provision.SignInCount) ui.Table {
	by := map[string]int{}
	for _, c := range counts {
		if c.Code != "" {
			by[c.Code] += c.N
		}
	}
	codes := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(by[b]-by[a], strings.Compare(a, b)) })
	t := ui.Table{Caption: ui.Say("causes"), Columns: []ui.Column{{Name: ui.Say("cause"), Wide: true}, {Name: ui.Say("stat_refused"), Number: true}}}
	const shown = 6
	for _, code := range codes[:min(len(codes), shown)] {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Problem(code)}, {Text: ui.Count("figure", by[code])}}})
	}
	return t
}

// traceTable lists sign-ins.
func traceTable(v *visit, all []sso.Trace) ui.Table {
	t := ui.Table{Caption: ui.Say("sign_ins"), Columns: []ui.Column{{Name: ui.Say("the_reference")}, {Name: ui.Say("result")}, {Name: ui.Say("cause"), Wide: true}, {Name: ui.Say("method")}, {Name: ui.Say("from")}, {Name: ui.Say("when")}}}
	for i := range all {
		x := &all[i]
		result, cause := ui.Badge{State: ui.OK, Word: ui.Say("signed_in_word")}, ui.Cell{}
		if x.Code != "" {
			result, cause = ui.Badge{State: ui.Refused, Word: ui.Say("by_refused")}, ui.Cell{Text: ui.Problem(x.Code)}
		}
		method := ui.Cell{}
		if x.Method != "" {
			method.Text = ui.Say("by_" + string(x.Method))
		}
		reference := ui.Cell{Text: ui.As(x.Reference), Mono: true}
		if v.Rights.Owner() { // whose page the trace is
			reference.Path = v.to(frame.Traces + "/" + x.Reference)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{reference, {Badges: []ui.Badge{result}}, cause, method, {Text: ui.As(x.Address)}, {At: x.At}}})
	}
	return t
}
