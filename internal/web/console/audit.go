package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// audit serves GET /console/audit.
func (h *Handler) audit(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	query := provision.EventQuery{Noun: q.Get("about"), Target: strings.TrimSpace(q.Get("target")), After: q.Get("after")}
	if d, ok := periods()[q.Get("since")]; ok {
		query.From = h.Flow.Now().Add(-d)
	}
	typed := strings.TrimSpace(q.Get("actor"))
	var list provision.EventPage
	if query.Actor, err = h.Flow.Actor(r.Context(), &v.Place, typed); err != nil {
		return err
	}
	if typed == "" || query.Actor != "" {
		if list, err = h.Flow.Events(r.Context(), &v.Place, query); err != nil {
			return err
		}
	}
	return h.UI.Render(w, r, http.StatusOK, showAudit(&v, &query, list, h.AuditKept))
}

// exports lead an owner to the list as a file.
func (v *visit) exports(query *provision.EventQuery) []ui.Button {
	if !v.Rights.Owner() {
		return nil
	}
	q := url.Values{}
	for name, value := range map[string]string{"about": query.Noun, "actor": query.Actor, "target": query.Target} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !query.From.IsZero() {
		q.Set("from", query.From.UTC().Format(time.RFC3339))
	}
	rest := ""
	if len(q) > 0 {
		rest = "?" + q.Encode()
	}
	return []ui.Button{
		{Word: ui.Say("audit_csv"), Path: v.to(auditPath + "/export.csv" + rest), Icon: "download", Off: v.acted()},
		{Word: ui.Say("audit_jsonl"), Path: v.to(auditPath + "/export.jsonl" + rest), Icon: "download", Off: v.acted()},
	}
}

func showAudit(v *visit, asked *provision.EventQuery, list provision.EventPage, kept time.Duration) listPage {
	q := v.r.URL.Query()
	p := listPage{Shell: v.shell(), Name: ui.Say("audit")}
	p.Lead = ui.Say("audit_lead")
	if kept > 0 {
		p.Lead = ui.Count("audit_lead_kept", int(kept/day))
	}
	about := ui.Select{Name: "about", Label: ui.Say("about"), Value: q.Get("about"), Options: []ui.Option{{Label: ui.Say("about_any")}}}
	for _, n := range nouns() {
		about.Options = append(about.Options, ui.Option{Value: n, Label: ui.Say("noun_" + n)})
	}
	since := ui.Select{Name: "since", Label: ui.Say("when"), Value: q.Get("since"), Options: []ui.Option{{Label: ui.Say("since_any")}}}
	for _, s := range []string{"day", "week", "month"} {
		since.Options = append(since.Options, ui.Option{Value: s, Label: ui.Say("since_" + s)})
	}
	p.Filter = ui.Filter{
		Action: auditPath, Search: &ui.Search{Name: "actor", Label: ui.Say("audit_actor"), Value: q.Get("actor")}, Selects: []ui.Select{about, since}, Fields: v.kept("target"),
	}
	p.Table = eventTable(v, list.Events, list.Names)
	p.Table.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none"), Text: ui.Say("audit_none_text")}
	for _, name := range []string{"about", "since", "actor", "target"} {
		if q.Get(name) != "" {
			p.Filter.Reset = v.to(auditPath)
			p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("audit_found_none")}
		}
	}
	p.Table.Page(v.r, list.Next)
	p.Buttons = v.exports(asked)
	return p
}

// nouns are what the audit list can be narrowed to.
func nouns() []string {
	return []string{"user", "membership", "invitation", "group", "people", "import", "session", "factor", "organization", "policy", "entitlement", "domain", "setup_link", "connection", "conflict", "enforcement", "break_glass", "trace", "acting", "sign_in", "device", "grant", "api_key", "webhook", "events"}
}

// periods are how far back the audit list can be narrowed to.
func periods() map[string]time.Duration {
	return map[string]time.Duration{"day": day, "week": 7 * day, "month": 30 * day}
}

// eventTable lists lines of the audit list.
func eventTable(v *visit, all []sso.Event, names map[string]string) ui.Table {
	t := ui.Table{Caption: ui.Say("audit"), Columns: []ui.Column{{Name: ui.Say("action"), Wide: true}, {Name: ui.Say("actor")}, {Name: ui.Say("target")}, {Name: ui.Say("from")}, {Name: ui.Say("when")}}}
	for i := range all {
		e := &all[i]
		action := ui.Cell{Text: frame.Did(e), Sub: frame.Told(e)}
		actor := ui.Cell{Text: frame.Actor(e.Actor)}
		if name := names[e.Actor]; name != "" {
			actor.Text = ui.As(name)
		}
		if e.OnBehalf != "" {
			actor.Sub = ui.Say("on_behalf", "Name", or(names[string(e.OnBehalf)], string(e.OnBehalf)))
		}
		target := ui.Cell{Text: ui.As(names[e.Target])}
		if !strings.Contains(e.Target, "_") { // a domain, and no identifier
			target.Text = ui.As(e.Target)
		}
		if names[e.Target] != "" && strings.HasPrefix(e.Target, "usr_") && e.Action != "user.deleted" && e.Action != "membership.removed" {
			target.Path = v.toPerson(sso.UserID(e.Target), "")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{action, actor, target, {Text: ui.As(e.Address)}, {At: e.At}}})
	}
	return t
}
