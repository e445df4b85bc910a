package events

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// webhooks serves GET …/webhooks.
func (h *Handler) webhooks(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := h.Flow.Webhooks(r.Context(), &v.who)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, listOf(v, all))
}

func listOf(v *visit, all []sso.Webhook) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("webhooks")}
	p.Lead, p.Tabs = ui.Say("webhooks_lead"), v.tabs(webhooksPath)
	if v.changes() && !v.closed() {
		p.Action = &ui.Action{Name: ui.Say("webhook_new"), Path: v.to(newPath), Icon: "plus"}
	}
	p.Table = ui.Table{
		Caption: ui.Say("webhooks"),
		Columns: []ui.Column{{Name: ui.Say("hook_url"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("webhook_types")}, {Name: ui.Say("created")}},
		Empty:   ui.Empty{Icon: "external", Title: ui.Say("webhooks_none"), Text: ui.Say("webhooks_none_text"), Action: p.Action},
	}
	if !v.changes() {
		p.Looks, p.Table.Empty.Text = frame.ForSupport()
	}
	for i := range all {
		x := &all[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(x.URL), Sub: ui.As(x.Note), Path: v.to(webhookPath, "{webhook}", string(x.ID))}, {Badges: []ui.Badge{stateOf(x)}}, {Text: typesOf(x)}, {At: x.CreatedAt},
		}})
	}
	p.Action = p.Table.Above(p.Action)
	return p
}

// stateOf says how a webhook stands.
func stateOf(x *sso.Webhook) ui.Badge {
	switch {
	case x.State == sso.WebhookFailed:
		return ui.Badge{State: ui.Refused, Word: ui.Say("webhook_failed")}
	case x.State == sso.WebhookDisabled:
		return ui.Badge{State: ui.Plain, Word: ui.Say("webhook_disabled")}
	case x.Failures > 0:
		return ui.Badge{State: ui.Warn, Word: ui.Say("webhook_failing")}
	}
	return ui.Badge{State: ui.OK, Word: ui.Say("webhook_enabled")}
}

func typesOf(x *sso.Webhook) ui.Text {
	if len(x.Types) == 0 {
		return ui.Say("types_all")
	}
	return ui.As(strings.Join(x.Types, ", "))
}

// nouns are what can be chosen with one click; everything else is written.
func nouns() []string {
	return []string{"user", "membership", "group", "invitation", "sign_in", "session", "connection", "domain", "enforcement", "policy", "organization", "trace"}
}

// askWebhook serves GET …/webhooks/new.
func (h *Handler) askWebhook(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.UI.Render(w, r, http.StatusOK, newPage(v, ui.Filled{}))
}

func newPage(v *visit, f ui.Filled) formPage {
	p := fields(f, &sso.Webhook{})
	p.Shell, p.Name, p.Action = v.inside(), ui.Say("webhook_new"), v.to(newPath)
	p.Submit = ui.Submit{Word: ui.Say("webhook_create"), Cancel: v.to(webhooksPath)}
	return p
}

// fields are those of a webhook.
func fields(f ui.Filled, x *sso.Webhook) formPage {
	chosen := ui.Choices{Name: "noun", Label: ui.Say("webhook_types"), Help: ui.Say("webhook_types_help")}
	var others []string
	for _, n := range nouns() {
		chosen.Options = append(chosen.Options, ui.Option{Value: n, Label: ui.Say("topic_" + n)})
	}
	for _, t := range x.Types {
		if noun, all := strings.CutSuffix(t, ".*"); all && slices.Contains(nouns(), noun) {
			chosen.Values = append(chosen.Values, noun)
		} else {
			others = append(others, t)
		}
	}
	return formPage{
		Inputs: []ui.Input{
			f.Input(ui.Input{Name: "url", Label: ui.Say("hook_url"), Help: ui.Say("hook_url_help"), Type: "url", Max: 2000, Value: x.URL, Focus: true, Mono: true}),
			f.Input(ui.Input{Name: "note", Label: ui.Say("hook_note"), Help: ui.Say("hook_note_help"), Max: 400, Value: x.Note, Optional: true}),
		},
		Nouns: f.Choices(chosen),
		Areas: []ui.Area{f.Area(ui.Area{Name: "types", Label: ui.Say("types_exact"), Help: ui.Say("types_exact_help"), Value: strings.Join(others, "\n"), Rows: 3, Mono: true, Optional: true})},
	}
}

// draftOf reads the fields of a webhook.
func draftOf(f url.Values) events.Draft {
	d := events.Draft{URL: f.Get("url"), Note: f.Get("note"), Types: strings.Fields(strings.ReplaceAll(f.Get("types"), ",", " "))}
	for _, noun := range f["noun"] {
		d.Types = append(d.Types, noun+".*")
	}
	return d
}

// beside are the fields beside which faults are told.
func beside() map[string]string {
	return map[string]string{"webhook_url": "url", "webhook_address": "url", "webhook_note": "note", "event_type_unknown": "types", "webhooks_many": "url"}
}

// secretPage shows a secret, once.
type secretPage struct {
	ui.Shell
	Secret ui.Copy
	Back   ui.Button
}

// Head implements [ui.Page].
func (secretPage) Head() ui.Head { return ui.Head{Template: "secret", Title: ui.Say("secret_made")} }

// createWebhook serves POST …/webhooks/new.
func (h *Handler) createWebhook(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	hook, key, err := h.Flow.CreateWebhook(r.Context(), &v.who, draftOf(f))
	if err != nil {
		filled, ok := ui.Filled{Values: f}.Beside(err, beside())
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.UI.Render(w, r, status, newPage(v, filled))
	}
	return h.UI.Render(w, r, http.StatusOK, secretOf(v, v.to(webhookPath, "{webhook}", string(hook.ID)), key))
}

func secretOf(v *visit, path, key string) secretPage {
	return secretPage{
		Shell:  v.inside(),
		Secret: ui.Copy{ID: "secret", Label: ui.Say("secret"), Help: ui.Say("secret_help"), Value: key},
		Back:   ui.Button{Word: ui.Say("secret_noted"), Path: path, Kind: ui.Main},
	}
}

func hookOf(r *http.Request) sso.WebhookID { return sso.WebhookID(r.PathValue("webhook")) }

// webhookPage is one webhook with its log.
type webhookPage struct {
	ui.Shell
	Name    ui.Text
	Notices []ui.Notice
	Facts   []ui.Fact
	Changes bool // buttons are shown
	Does    []ui.Do
	Buttons []ui.Button
	Turn    ui.Confirm
	Delete  ui.Confirm
	Replay  *replayForm
	States  []ui.Tab // the deliveries in each state
	Log     ui.Table
}

// replayForm asks since when everything is to be sent again.
type replayForm struct {
	Action string
	Since  ui.Select
	Submit ui.Submit
}

// Head implements [ui.Page].
func (p webhookPage) Head() ui.Head { return ui.Head{Template: "webhook", Title: p.Name} }

// webhook serves GET …/webhooks/{webhook}.
func (h *Handler) webhook(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	l, err := h.Flow.Webhook(r.Context(), &v.who, hookOf(r), sso.DeliveryState(q.Get("state")), q.Get("after"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, pageOf(v, &l))
}

func pageOf(v *visit, l *events.Log) webhookPage {
	at := func(rest string) string { return v.to(webhookPath+rest, "{webhook}", string(l.ID)) }
	p := webhookPage{Shell: v.inside(), Name: ui.Say("webhook"), Changes: v.changes()}
	if !p.Changes {
		p.Looks, _ = frame.ForSupport()
	}
	badge := stateOf(&l.Webhook)
	p.Facts = []ui.Fact{
		{Name: ui.Say("hook_url"), Value: ui.As(l.URL), Sub: ui.As(l.Note), Mono: true}, {Name: ui.Say("state"), Badge: &badge}, {Name: ui.Say("webhook_types"), Value: typesOf(&l.Webhook)},
		{Name: ui.Say("webhook_by"), Value: ui.As(l.Maker)}, {Name: ui.Say("created"), At: l.CreatedAt},
	}
	switch {
	case l.State == sso.WebhookFailed:
		p.Notices = append(p.Notices, ui.Notice{State: ui.Refused, Title: ui.Say("webhook_failed_title"), Text: ui.Say("webhook_failed_text")})
	case l.State == sso.WebhookEnabled && l.Failures > 0:
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Title: ui.Count("webhook_failing_title", int(l.Failures)), Text: ui.Say("webhook_failing_text")})
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("webhook_failing_since"), At: l.FailingSince})
	}
	off := v.closed()
	if l.State == sso.WebhookEnabled {
		p.Does = []ui.Do{{Word: ui.Say("webhook_test"), Action: at("/test"), Icon: "play", Off: off}, {Word: ui.Say("switch_off"), Action: at("/off"), Icon: "pause", Fields: versionField(l.Version), Off: off}}
	} else {
		p.Does = []ui.Do{{Word: ui.Say("switch_on"), Action: at("/on"), Icon: "play", Kind: ui.Main, Fields: versionField(l.Version), Off: off}}
	}
	p.Buttons = []ui.Button{{Word: ui.Say("edit"), Path: at("/edit"), Icon: "edit", Off: off}}
	p.Turn, p.Delete = turnOf(v, &l.Webhook), deleteOf(v, &l.Webhook)
	if p.Changes && l.State == sso.WebhookEnabled && !off {
		since := ui.Select{Name: "hours", Label: ui.Say("replay_since"), Value: "24"}
		for _, n := range replayHours() {
			since.Options = append(since.Options, ui.Option{Value: strconv.Itoa(n), Label: lastHours(n)})
		}
		p.Replay = &replayForm{Action: at("/replay"), Since: since, Submit: ui.Submit{Word: ui.Say("replay_do"), Kind: ui.Second}}
	}
	for _, s := range []sso.DeliveryState{"", sso.DeliveryWaiting, sso.DeliveryDelivered, sso.DeliveryFailed} {
		name := ui.Say("deliveries_all")
		if s != "" {
			name = ui.Say("delivery_" + string(s))
		}
		p.States = append(p.States, ui.Tab{Name: name, Path: ui.Again(v.r, "state", string(s)), Current: v.r.URL.Query().Get("state") == string(s)})
	}
	p.Log = logTable(v, l, off)
	return p
}

// replayHours are for how long back everything can be sent again.
func replayHours() []int { return []int{1, 24, 72, 168, 720} }

func lastHours(n int) ui.Text {
	if n%24 == 0 {
		return ui.Count("last_days", n/24)
	}
	return ui.Count("last_hours", n)
}

func logTable(v *visit, l *events.Log, off bool) ui.Table {
	t := ui.Table{
		Caption: ui.Say("deliveries"),
		Columns: []ui.Column{{Name: ui.Say("event"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("answer")}, {Name: ui.Say("when")}},
		Empty:   ui.Empty{Icon: "log", Title: ui.Say("deliveries_none"), Text: ui.Say("deliveries_none_text")},
	}
	if v.r.URL.Query().Get("state") != "" {
		t.Empty = ui.Empty{Icon: "search", Title: ui.Say("deliveries_found_none")}
	}
	acts := v.changes() && l.State == sso.WebhookEnabled && !off
	if acts {
		t.Columns = append(t.Columns, ui.Column{Name: ui.Say("actions"), Acts: true})
	}
	for i := range l.Deliveries {
		d := &l.Deliveries[i]
		state := ui.Badge{State: ui.Pending, Word: ui.Say("delivery_waiting")}
		switch d.State {
		case sso.DeliveryDelivered:
			state = ui.Badge{State: ui.OK, Word: ui.Say("delivery_delivered")}
		case sso.DeliveryFailed:
			state = ui.Badge{State: ui.Refused, Word: ui.Say("delivery_failed")}
		}
		answer := ui.Cell{}
		switch {
		case d.Status > 0:
			answer = ui.Cell{Text: ui.Say("answered", "Status", strconv.FormatInt(d.Status, 10), "Took", strconv.FormatInt(d.Took.Milliseconds(), 10)), Sub: ui.As(d.Detail)}
		case d.Code != "":
			answer = ui.Cell{Text: ui.Problem(d.Code), Sub: ui.As(d.Detail)}
		}
		when := d.TriedAt
		if when.IsZero() {
			when = d.CreatedAt
		}
		cells := []ui.Cell{{Text: ui.As(d.Action), Sub: ui.As(string(d.Event)), Mono: true}, {Badges: []ui.Badge{state}, Sub: ui.Count("tries", int(d.Tries))}, answer, {At: when}}
		if acts {
			cells = append(cells, ui.Cell{Do: &ui.Do{
				Word: ui.Say("replay_one"), Action: v.to(webhookPath+"/replay", "{webhook}", string(l.ID)), Kind: ui.Quiet, About: ui.As(d.Action), Fields: []ui.Hidden{{Name: "event", Value: string(d.Event)}},
			}})
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	t.Page(v.r, l.Next)
	return t
}

// askEdit serves GET …/webhooks/{webhook}/edit.
func (h *Handler) askEdit(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showEdit(w, r, v, http.StatusOK, func(x *sso.Webhook) formPage { return editPage(v, ui.Filled{}, x) })
}

// showEdit shows the form for a webhook as it is stored now.
func (h *Handler) showEdit(w http.ResponseWriter, r *http.Request, v *visit, status int, of func(*sso.Webhook) formPage) error {
	l, err := h.Flow.Webhook(r.Context(), &v.who, hookOf(r), "", "")
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, of(&l.Webhook))
}

func editPage(v *visit, f ui.Filled, x *sso.Webhook) formPage {
	path := v.to(webhookPath, "{webhook}", string(x.ID))
	p := fields(f, x)
	p.Shell, p.Name, p.Action = v.inside(ui.Link{Name: ui.Say("webhook"), Path: path}), ui.Say("webhook_edit"), v.to(webhookPath+"/edit", "{webhook}", string(x.ID))
	p.Hidden = versionField(x.Version)
	p.Submit = ui.Submit{Word: ui.Say("save"), Cancel: path}
	return p
}

// edit serves POST …/webhooks/{webhook}/edit.
func (h *Handler) edit(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	err = h.Flow.ChangeWebhook(r.Context(), &v.who, hookOf(r), versionIn(f), func(d *events.Draft) { *d = draftOf(f) })
	if fault.Is(err, "conflict") {
		_, status := web.Record(r, err)
		return h.showEdit(w, r, v, status, func(x *sso.Webhook) formPage {
			p := editPage(v, ui.Filled{Values: f}, x)
			p.Notice = overtakenWebhook(f, x)
			return p
		})
	}
	if err != nil {
		filled, ok := ui.Filled{Values: f}.Beside(err, beside())
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.showEdit(w, r, v, status, func(x *sso.Webhook) formPage {
			p := editPage(v, filled, x)
			p.Hidden = versionField(versionIn(f)) // who was quicker is told of when it is saved
			return p
		})
	}
	return h.back(w, r, v, "webhook_changed")
}

// back leads to the page of the webhook, and says what was done.
func (h *Handler) back(w http.ResponseWriter, r *http.Request, v *visit, did string) error {
	return web.SeeOther(w, r, ui.Saved(v.to(webhookPath, "{webhook}", string(hookOf(r))), did))
}

// switchTo returns a handler of POST …/webhooks/{webhook}/on and off. Who has
// looked at a webhook that is another one by now switches nothing, but is shown
// what it is.
func (h *Handler) switchTo(to sso.WebhookState, did string) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		f, err := web.Form(r)
		if err != nil {
			return err
		}
		err = h.Flow.ChangeWebhook(r.Context(), &v.who, hookOf(r), versionIn(f), func(d *events.Draft) { d.State = to })
		if !fault.Is(err, "conflict") {
			if err != nil {
				return err
			}
			return h.back(w, r, v, did)
		}
		l, gone := h.Flow.Webhook(r.Context(), &v.who, hookOf(r), "", "")
		switch {
		case gone != nil:
			return gone
		case l.State == to: // they wanted the same
			return h.back(w, r, v, did)
		}
		_, status := web.Record(r, err)
		p := pageOf(v, &l)
		p.Notices = append([]ui.Notice{notSwitched()}, p.Notices...)
		return h.UI.Render(w, r, status, p)
	}
}

// test serves POST …/webhooks/{webhook}/test.
func (h *Handler) test(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := h.Flow.TestWebhook(r.Context(), &v.who, hookOf(r)); err != nil {
		return err
	}
	return h.back(w, r, v, "webhook_tested")
}

// replay serves POST …/webhooks/{webhook}/replay.
func (h *Handler) replay(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	what := events.Replayed{Event: sso.EventID(f.Get("event"))}
	if what.Event == "" {
		hours, err := strconv.Atoi(f.Get("hours"))
		if err != nil || !slices.Contains(replayHours(), hours) {
			hours = 1
		}
		what.Since = h.Flow.Now().Add(-time.Duration(hours) * time.Hour)
	}
	again, err := h.Flow.Replay(r.Context(), &v.who, hookOf(r), what)
	if err != nil {
		return err
	}
	did := "replayed"
	if !again.Until.IsZero() {
		did = "replayed_part"
	}
	return web.SeeOther(w, r, ui.SavedCount(v.to(webhookPath, "{webhook}", string(hookOf(r))), did, again.Events))
}

// askSecret serves GET …/webhooks/{webhook}/secret.
func (h *Handler) askSecret(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.askBefore(w, r, v, turnOf)
}

// askDelete serves GET …/webhooks/{webhook}/delete.
func (h *Handler) askDelete(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.askBefore(w, r, v, deleteOf)
}

func (h *Handler) askBefore(w http.ResponseWriter, r *http.Request, v *visit, of func(*visit, *sso.Webhook) ui.Confirm) error {
	l, err := h.Flow.Webhook(r.Context(), &v.who, hookOf(r), "", "")
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, confirmOf(v, &l.Webhook, of(v, &l.Webhook)))
}

func confirmOf(v *visit, x *sso.Webhook, c ui.Confirm) confirmPage {
	return confirmPage{Shell: v.inside(ui.Link{Name: ui.Say("webhook"), Path: v.to(webhookPath, "{webhook}", string(x.ID))}), Confirm: c}
}

func turnOf(v *visit, x *sso.Webhook) ui.Confirm {
	at := v.to(webhookPath+"/secret", "{webhook}", string(x.ID))
	return ui.Confirm{
		ID: "turn", Page: at, Word: ui.Say("secret_turn"), Icon: "key", Title: ui.Say("secret_turn_title"), Text: ui.Say("secret_turn_text"), Action: at, Do: ui.Say("secret_turn"), Kind: ui.Second,
		Cancel: v.to(webhookPath, "{webhook}", string(x.ID)), Off: v.closed(),
	}
}

func deleteOf(v *visit, x *sso.Webhook) ui.Confirm {
	at := v.to(webhookPath+"/delete", "{webhook}", string(x.ID))
	return ui.Confirm{
		ID: "delete", Page: at, Word: ui.Say("delete"), Icon: "trash", Title: ui.Say("webhook_delete_title"), Text: ui.Say("webhook_delete_text", "URL", x.URL), Name: x.Host(), Action: at, Do: ui.Say("delete"),
		Cancel: v.to(webhookPath, "{webhook}", string(x.ID)), Off: v.closed(),
	}
}

// turnSecret serves POST …/webhooks/{webhook}/secret.
func (h *Handler) turnSecret(w http.ResponseWriter, r *http.Request, v *visit) error {
	key, err := h.Flow.TurnSecret(r.Context(), &v.who, hookOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, secretOf(v, v.to(webhookPath, "{webhook}", string(hookOf(r))), key))
}

// delete serves POST …/webhooks/{webhook}/delete.
func (h *Handler) delete(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	l, err := h.Flow.Webhook(r.Context(), &v.who, hookOf(r), "", "")
	if err != nil {
		return err
	}
	c := deleteOf(v, &l.Webhook)
	if err := ui.Confirmed(f, c.Name); err != nil {
		known, status := web.Record(r, err)
		c.Problem = known.Code
		return h.UI.Render(w, r, status, confirmOf(v, &l.Webhook, c))
	}
	if err := h.Flow.DeleteWebhook(r.Context(), &v.who, hookOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(webhooksPath), "webhook_deleted"))
}
