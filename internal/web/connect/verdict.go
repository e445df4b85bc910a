package connect

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// verdict is what a test has come to.
type verdict struct {
	Notice     ui.Notice
	Causes     []explained // of a refusal
	Offers     *offersForm // nil: there is nothing to accept
	Facts      []ui.Fact
	Groups     []checkGroup
	Attributes *ui.Table // as they were sent; nil: none were
	Changes    *ui.Table // since the test before; nil: there was none
}

// explained is an error in words: whose it is to mend, and where.
type explained struct {
	ID         string
	Title      ui.Text
	Want, Was  string // of a refusal
	Cause      ui.Marked
	Remedy     ui.Marked
	Hint       ui.Marked
	Side       ui.Text
	Path       []ui.Marked
	Copies     []ui.Code
	Link       string
	Unverified bool
}

// checkGroup is a part of the verdict list.
type checkGroup struct {
	Name  ui.Text
	Count ui.Text
	State ui.State
	Open  bool
	Lines []checkLine
}

// checkLine is a line of the verdict list.
type checkLine struct {
	Badge     ui.Badge
	Name      ui.Text
	About     ui.Text
	Got       string // on the line itself
	Note      ui.Text
	Want, Was string // wanted and got, where it is not as it should be
	Explained *explained
	Open      bool
}

// More reports whether there is more to a line than stands on it.
func (l checkLine) More() bool {
	return l.Explained != nil || l.Want != "" || l.Was != "" || !l.Note.IsZero()
}

// offersForm accepts what a test has seen.
type offersForm struct {
	Action  string
	Hidden  []ui.Hidden
	Choices ui.Choices
	Submit  ui.Submit
}

func verdictOf(v *visit, t *connect.Trials) *verdict {
	x := t.Shown
	r := &x.Result
	out := &verdict{Facts: factsOf(v, x), Groups: groupsOf(t), Attributes: sentTable(r), Changes: changesOf(t)}
	if x.Passed() {
		out.Notice = ui.Notice{State: ui.OK, Title: ui.Say("test_passed"), Text: ui.Say("act_" + or(string(r.Act), "none"))}
	} else {
		out.Notice = ui.Notice{State: ui.Refused, Title: ui.Say("test_failed"), Text: ui.Problem(r.Code)}
		out.Causes = causesOf(t)
	}
	if t.Stale(x) {
		out.Notice.Points = append(out.Notice.Points, ui.Say("test_older"))
	}
	if len(t.Offers) > 0 {
		out.Offers = offersOf(v, t)
	}
	return out
}

// maxCauses is how many causes are told for one refusal.
const maxCauses = 3

// causesOf explains a refusal: by what the identity provider says itself, where
// it does, and else by our code.
func causesOf(t *connect.Trials) []explained {
	var all []explained
	r := &t.Shown.Result
	if r.Code == "saml_status" {
		for i, e := range idp.Explain(r.Got, t.Guide.ID) {
			if i < maxCauses {
				all = append(all, explainedOf(t, "status-"+strconv.Itoa(i), &e))
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	if e, ok := idp.ForCode(t.Guide.ID, r.Code); ok {
		x := explainedOf(t, "cause", &e)
		x.Want, x.Was = r.Want, r.Got
		all = append(all, x)
	}
	return all
}

func explainedOf(t *connect.Trials, id string, e *idp.Explanation) explained {
	x := explained{
		ID: id, Title: ui.Spoken(plain{e.Title, t.Ours}), Cause: say(e.Cause, t.Ours), Remedy: say(e.Remedy, t.Ours), Hint: say(e.Hint, t.Ours),
		Side: ui.Say("side_" + or(e.Side.String(), "nobody")), Path: clicks(e.Path), Link: e.Link, Unverified: e.Unverified,
	}
	for i, c := range e.Copy {
		x.Copies = append(x.Copies, ui.Code{ID: id + "-copy-" + strconv.Itoa(i), Label: ui.Spoken(c.Title), Text: c.Fill(t.Ours)})
	}
	return x
}

func offersOf(v *visit, t *connect.Trials) *offersForm {
	f := &offersForm{
		Action: v.toConnection(&t.Connection, testAcceptPath), Hidden: append(seen(&t.Connection), ui.Hidden{Name: "test", Value: string(t.Shown.ID)}),
		Choices: ui.Choices{Name: "offer", Label: ui.Say("offers_what")}, Submit: ui.Submit{Word: ui.Say("offers_accept"), Icon: "check", Kind: ui.Second},
	}
	for _, o := range t.Offers {
		opt := ui.Option{Value: string(o.Of), Label: ui.Say("offer_"+string(o.Of), "To", o.To)}
		switch {
		case o.To == "" && o.Of == sso.OfferNameIDFormat:
			opt.Label = ui.Say("offer_nameid_format_none")
		case o.To == "":
			opt.Label = ui.Say("offer_usual_" + string(o.Of))
		}
		if o.Seen != "" {
			opt.Help = ui.Say("offer_seen", "Seen", o.Seen)
		}
		f.Choices.Options = append(f.Choices.Options, opt)
		f.Choices.Values = append(f.Choices.Values, string(o.Of))
	}
	return f
}

// factsOf says who came.
func factsOf(_ *visit, t *sso.Test) []ui.Fact {
	r := &t.Result
	facts := []ui.Fact{{Name: ui.Say("test_when"), At: t.AnsweredAt}, {Name: ui.Say("reference"), Value: ui.As(t.Reference), Mono: true}}
	for _, f := range []struct{ key, value, sub string }{
		{"fact_nameid", r.NameID, r.Format}, {"field_email", r.Email, ""}, {"field_first_name", r.FirstName, ""}, {"field_last_name", r.LastName, ""},
		{"field_username", r.Username, ""}, {"field_groups", strings.Join(r.Groups, ", "), ""},
	} {
		if f.value != "" {
			facts = append(facts, ui.Fact{Name: ui.Say(f.key), Value: ui.As(f.value), Sub: ui.As(f.sub)})
		}
	}
	if t.Passed() {
		facts = append(facts, ui.Fact{Name: ui.Say("fact_act"), Value: ui.Say("act_" + or(string(r.Act), "none"))})
	}
	return facts
}

// families are the parts of the verdict list, by what rules begin with. What
// somebody looks for first comes first.
func families() []struct{ name, of string } {
	return []struct{ name, of string }{
		{"person", "ident"}, {"answer", "saml"}, {"signature", "sig enc"}, {"form", "bind xml id"}, {"advice", "advice legacy"},
	}
}

// groupsOf returns the verdict list in its parts.
func groupsOf(t *connect.Trials) []checkGroup {
	var groups []checkGroup
	for _, f := range families() {
		g := checkGroup{Name: ui.Say("checks_" + f.name), State: ui.OK}
		passed, off := 0, 0
		for i := range t.Shown.Result.Checks {
			c := &t.Shown.Result.Checks[i]
			family, _, _ := strings.Cut(c.Rule, ".")
			if !slices.Contains(strings.Fields(f.of), family) {
				continue
			}
			line := lineOf(t, c, "check-"+strconv.Itoa(i))
			switch line.Badge.State {
			case ui.OK:
				passed++
			case ui.Refused:
				off++
				g.State = ui.Refused
			case ui.Warn:
				if g.State == ui.OK {
					g.State = ui.Warn
				}
			}
			g.Lines = append(g.Lines, line)
		}
		if len(g.Lines) == 0 {
			continue
		}
		slices.SortStableFunc(g.Lines, func(a, b checkLine) int { return weight(a) - weight(b) })
		g.Count = ui.Count("checks_passed", passed, "All", strconv.Itoa(len(g.Lines)))
		if passed == 0 && off == 0 && g.State == ui.OK {
			g.State = ui.Pending
		}
		g.Open = g.State == ui.Refused || g.State == ui.Warn || f.name == "person"
		groups = append(groups, g)
	}
	return groups
}

// weight orders lines by how much they matter.
func weight(l checkLine) int {
	return slices.Index([]ui.State{ui.Refused, ui.Warn, ui.OK, ui.Pending}, l.Badge.State)
}

// aboutOf says what a line is about, where several are of one rule.
func aboutOf(c *sso.Check) ui.Text {
	switch {
	case c.About == "" || c.About == "structure" || strings.HasPrefix(c.Rule, "ident."):
		return ui.Text{}
	case c.Rule == "legacy":
		return ui.Say("legacy_" + strings.ReplaceAll(c.About, "-", "_"))
	}
	return ui.Say("about_" + strings.ReplaceAll(c.About, " ", "_"))
}

func lineOf(t *connect.Trials, c *sso.Check, id string) checkLine {
	key := strings.ReplaceAll(c.Rule, ".", "_")
	l := checkLine{Badge: checkBadge(c.Verdict), Name: ui.Say("check_" + key), About: aboutOf(c)}
	code := key
	if strings.HasPrefix(c.Rule, "ident.") {
		if c.Verdict != "pass" && c.About != "" {
			code = c.About
		}
		if c.Rule == "ident.person" && c.Verdict == "pass" {
			l.Note = ui.Say("act_" + or(c.About, "none"))
		}
	}
	switch c.Verdict {
	case "fail":
		l.Want, l.Was, l.Open = c.Want, c.Got, true
		// What the sign-in is refused for is explained above the list.
		if e, ok := idp.ForCode(t.Guide.ID, code); ok && code != t.Shown.Result.Code {
			x := explainedOf(t, id, &e)
			l.Explained = &x
		}
	case "warn":
		l.Want, l.Was, l.Open = c.Want, c.Got, true
		l.Note = ui.Say("note_" + key)
	case "pass":
		l.Got = c.Got
	}
	return l
}

func checkBadge(verdict string) ui.Badge {
	switch verdict {
	case "pass":
		return ui.Badge{State: ui.OK, Word: ui.Say("verdict_pass")}
	case "fail":
		return ui.Badge{State: ui.Refused, Word: ui.Say("verdict_fail")}
	case "warn":
		return ui.Badge{State: ui.Warn, Word: ui.Say("verdict_warn")}
	}
	return ui.Badge{State: ui.Pending, Word: ui.Say("verdict_skip")}
}

// sentTable shows the attributes as they were sent.
func sentTable(r *sso.TestResult) *ui.Table {
	if len(r.Attributes) == 0 {
		return nil
	}
	t := ui.Table{Caption: ui.Say("test_sent"), Columns: []ui.Column{{Name: ui.Say("sent_name"), Wide: true}, {Name: ui.Say("sent_values"), Wide: true}}}
	for i := range r.Attributes {
		a := &r.Attributes[i]
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(a.Name), Mono: true}, {Text: ui.As(or(strings.Join(a.Values, ", "), "–"))}}})
	}
	return &t
}

// changesOf shows what is different from the test before.
func changesOf(t *connect.Trials) *ui.Table {
	if t.Before == nil {
		return nil
	}
	out := ui.Table{
		Caption: ui.Say("test_changes"),
		Columns: []ui.Column{{Name: ui.Say("changes_what"), Wide: true}, {Name: ui.Say("changes_before")}, {Name: ui.Say("changes_now")}},
		Empty:   ui.Empty{Icon: "ok", Title: ui.Say("changes_none")},
	}
	cell := func(c *sso.Check) ui.Cell {
		if c == nil {
			return ui.Cell{Text: ui.As("–")}
		}
		return ui.Cell{Badges: []ui.Badge{checkBadge(c.Verdict)}, Sub: ui.As(c.Got)}
	}
	for _, x := range t.Changes {
		if x.Check != nil {
			out.Rows = append(out.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("check_" + strings.ReplaceAll(x.Check.Rule, ".", "_")), Sub: aboutOf(x.Check)}, cell(x.Was), cell(x.Check)}})
			continue
		}
		before, now := ui.Say("changes_unsent"), ui.Say("changes_sent")
		if x.Gone {
			before, now = now, before
		}
		out.Rows = append(out.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Say("changes_attribute"), Sub: ui.As(x.Attribute)}, {Text: before}, {Text: now}}})
	}
	return &out
}
