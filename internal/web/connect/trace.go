package connect

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// tracePage is what happened in one sign-in.
type tracePage struct {
	ui.Shell
	Reference  string
	Notice     ui.Notice
	Causes     []explained
	Facts      []ui.Fact
	Decided    []ui.Fact
	Way        *ui.Sequence // nil: it is not known
	Groups     []checkGroup
	Said       []ui.Fact // that the identity provider has signed
	Attributes *ui.Table
	Raw        *ui.Code  // the message as it came, to who has opened it
	Open       *openForm // nil: it is open
	Bundles    *bundlePanel
}

// openForm asks for a reason.
type openForm struct {
	Action string
	Kept   bool // the message is kept as it came
	Reason ui.Input
	Submit ui.Submit
	Closed *ui.Button // to whoever acts as the owner
}

// Head implements [ui.Page].
func (p tracePage) Head() ui.Head {
	return ui.Head{Template: "trace", Title: ui.Say("trace_title", "Reference", p.Reference)}
}

// trace serves GET …/traces/{reference}.
func (h *Handler) trace(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showTrace(w, r, v, http.StatusOK, ui.Filled{})
}

func (h *Handler) showTrace(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled) error {
	t, err := h.Inspect.Trace(r.Context(), v.viewer(), r.PathValue("reference"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, h.tracePageOf(v, &t, f))
}

// openTrace serves POST …/traces/{reference}/open: the page that answers shows
// everything, once.
func (h *Handler) openTrace(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	web.RetryAt(r, v.to(tracePath, "{reference}", r.PathValue("reference")))
	t, err := h.Inspect.Open(r.Context(), v.viewer(), r.PathValue("reference"), form.Get("reason"))
	if err != nil {
		f := ui.Filled{Values: form}
		return f.Again(r, err, map[string]string{"trace_reason": "reason"}, func(f ui.Filled, status int) error {
			return h.showTrace(w, r, v, status, f)
		})
	}
	return h.UI.Render(w, r, http.StatusOK, h.tracePageOf(v, &t, ui.Filled{}))
}

func (h *Handler) tracePageOf(v *visit, t *inspect.TraceView, f ui.Filled) tracePage {
	p := tracePage{Shell: v.shell(), Facts: traceFacts(v, t), Bundles: bundlesOf(v, t)}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("traces"), Path: v.to(tracesPath)}), v.to(tracesPath)
	look := connect.Trials{Shown: &sso.Test{Result: sso.TestResult{Checks: t.Checks, Code: t.Code, Want: t.Want, Got: t.Got, Fix: t.Fix}}}
	if t.Connection != nil {
		look.Connection = *t.Connection
	}
	look.Guide, look.Ours = h.Flow.Guide(t.Connection, &t.Organization)
	p.told(t, &look)
	if len(p.Causes) == 0 {
		p.Facts = append(p.Facts, comparedFacts(t)...)
	}
	if t.Opened {
		p.Notice.Points = append(p.Notice.Points, ui.Say("trace_is_open"))
		if t.Raw != "" {
			p.Raw = &ui.Code{ID: "raw", Label: ui.Say("trace_raw"), Text: t.Raw}
		}
		return p
	}
	p.Open = &openForm{
		Action: v.to(openTracePath, "{reference}", t.Reference), Kept: t.Detail.Kept,
		Reason: f.Input(ui.Input{Name: "reason", Label: ui.Say("trace_reason_label"), Help: ui.Say("trace_reason_help"), Max: 800}),
		Submit: ui.Submit{Word: ui.Say("trace_open"), Icon: "eye", Kind: ui.Second},
	}
	if !v.support && v.console().Acted {
		p.Open.Closed = &ui.Button{Word: p.Open.Submit.Word, Off: true}
	}
	return p
}

// told fills in what is told of a trace to whoever sees it.
func (p *tracePage) told(t *inspect.TraceView, look *connect.Trials) {
	p.Reference, p.Decided, p.Way = t.Reference, decidedFacts(t), wentOf(t)
	p.Notice = ui.Notice{State: ui.OK, Title: ui.Say("trace_worked")}
	if t.Code != "" {
		p.Notice = ui.Notice{State: ui.Refused, Title: ui.Say("trace_refused", "Code", t.Code), Text: ui.Problem(t.Code)}
		p.Causes = causesOf(look)
	}
	p.Groups = groupsOf(look)
	p.Said, p.Attributes = saidOf(t)
}

// comparedFacts says what was wanted and what came, where nothing explains it.
func comparedFacts(t *inspect.TraceView) []ui.Fact {
	var facts []ui.Fact
	if t.Want != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("check_want"), Value: ui.As(t.Want), Mono: true})
	}
	if t.Got != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("check_got"), Value: ui.As(t.Got), Mono: true})
	}
	if t.Fix != "" && t.Fix != "nobody" {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_side"), Value: ui.Say("trace_side_" + t.Fix)})
	}
	return facts
}

func traceFacts(v *visit, t *inspect.TraceView) []ui.Fact {
	facts := []ui.Fact{{Name: ui.Say("reference"), Value: ui.As(t.Reference), Mono: true}, {Name: ui.Say("trace_when"), At: t.At}}
	add := func(key string, value ui.Text, path string) {
		if !value.IsZero() {
			facts = append(facts, ui.Fact{Name: ui.Say(key), Value: value, Path: path})
		}
	}
	if v.support && t.Organization.Key != "" {
		add("trace_organization", ui.As(t.Organization.Name), v.to("/organizations/{key}", "{key}", t.Organization.Key))
	}
	if c := t.Connection; c != nil {
		path := ""
		if !v.support && c.Org == v.ID {
			path = v.toConnection(c, testPath)
		}
		add("connection", ui.As(c.Name), path)
	}
	if t.Method != "" {
		add("trace_method", ui.Say("by_"+string(t.Method)), "")
	}
	who := ui.As(t.Who)
	if t.User != "" {
		if who.IsZero() {
			who = ui.Say("trace_person_page")
		}
		add("trace_person", who, v.to("/people/{user}", "{user}", string(t.User)))
	} else {
		add("trace_person", who, "")
	}
	if t.Detail.Typed != "" && t.Detail.Typed != t.Who {
		add("trace_typed", ui.As(t.Detail.Typed), "")
	}
	add("trace_app", ui.As(t.App), "")
	add("trace_from", ui.As(t.Address), "")
	add("trace_device", ui.As(t.UserAgent), "")
	return facts
}

// decidedFacts says what was decided, and by which rule.
func decidedFacts(t *inspect.TraceView) []ui.Fact {
	var facts []ui.Fact
	rule := sso.RouteRule("")
	for i := range t.Hops {
		if t.Hops[i].By != "" {
			rule = t.Hops[i].By
		}
	}
	if rule != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_route"), Value: ui.Say("route_" + string(rule))})
	}
	d := &t.Detail
	if d.Mode != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_mode"), Value: ui.Say("mode_" + string(d.Mode))})
	}
	if d.Act != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_act"), Value: ui.Say("done_" + string(d.Act))})
	}
	if d.Why != nil {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_why"), Value: ui.As(string(d.Why.Role)), Sub: frame.Why(d.Why)})
	}
	if d.Second != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("trace_second"), Value: ui.Say("second_" + string(d.Second))})
	}
	return facts
}

// Parties of the picture.
const (
	partyBrowser = iota
	partyUs
	partyIdP
)

// wentOf draws the way that the browser went.
func wentOf(t *inspect.TraceView) *ui.Sequence {
	if len(t.Hops) == 0 {
		return nil
	}
	s := &ui.Sequence{ID: "way", Title: ui.Say("trace_way"), Parties: []ui.Text{ui.Say("party_browser"), ui.Say("party_us")}}
	for i := range t.Hops {
		hop := &t.Hops[i]
		x := ui.SequenceHop{From: partyBrowser, To: partyUs, Name: ui.Say("hop_" + string(hop.Step)), State: ui.OK, At: hop.At}
		switch hop.Step {
		case sso.HopDepart, sso.HopAnswer:
			if len(s.Parties) == partyIdP {
				s.Parties = append(s.Parties, ui.As(or(hop.Host, "–")))
			}
			if x.From, x.To = partyUs, partyIdP; hop.Step == sso.HopAnswer {
				x.From, x.To = partyIdP, partyUs
			}
		case sso.HopFinish:
			x.From, x.To = partyUs, partyBrowser
		}
		if hop.Code != "" {
			x.State, x.Note = ui.Refused, ui.As(hop.Code)
		}
		s.Hops = append(s.Hops, x)
	}
	return s
}

// saidOf shows what the identity provider has said and signed.
func saidOf(t *inspect.TraceView) ([]ui.Fact, *ui.Table) {
	m := t.Detail.Message
	if m == nil {
		return nil, nil
	}
	var facts []ui.Fact
	for _, f := range []struct{ key, value, sub string }{
		{"said_issuer", m.Issuer, ""}, {"fact_nameid", m.NameID, m.Format}, {"said_session", m.SessionIndex, ""}, {"said_context", m.AuthnContext, ""},
	} {
		if f.value != "" || f.sub != "" {
			facts = append(facts, ui.Fact{Name: ui.Say(f.key), Value: ui.As(f.value), Sub: ui.As(f.sub), Mono: true})
		}
	}
	if !m.IssuedAt.IsZero() {
		facts = append(facts, ui.Fact{Name: ui.Say("said_issued"), At: m.IssuedAt})
	}
	if len(m.Signed) > 0 {
		facts = append(facts, ui.Fact{Name: ui.Say("said_signed"), Value: ui.As(strings.Join(m.Signed, ", "))})
	}
	if m.More > 0 {
		facts = append(facts, ui.Fact{Name: ui.Say("said_more"), Value: ui.As(strconv.Itoa(m.More))})
	}
	return facts, sentTable(&sso.TestResult{Attributes: m.Attributes})
}
