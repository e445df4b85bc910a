package events

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of streams, which operators have alone.
const (
	streamsPath   = "/streams"
	newStreamPath = "/streams/new"
	streamPath    = "/streams/{stream}"
)

// streams serves GET /operator/streams.
func (h *Handler) streams(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := h.Flow.Streams(r.Context(), &v.who)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, streamsOf(v, all))
}

func streamsOf(v *visit, all []events.Line) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("streams")}
	p.Under = v.to(webhooksPath)
	p.Lead, p.Tabs = ui.Say("streams_lead"), v.tabs(streamsPath)
	if v.changes() {
		p.Action = &ui.Action{Name: ui.Say("stream_new"), Path: v.to(newStreamPath), Icon: "plus"}
	}
	p.Table = ui.Table{
		Caption: ui.Say("streams"),
		Columns: []ui.Column{{Name: ui.Say("stream_target_label"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("stream_behind"), Number: true}, {Name: ui.Say("stream_sent")}},
		Empty:   ui.Empty{Icon: "external", Title: ui.Say("streams_none"), Text: ui.Say("streams_none_text"), Action: p.Action},
	}
	if !v.changes() {
		p.Looks, p.Table.Empty.Text = frame.ForSupport()
	}
	if v.changes() {
		p.Table.Columns = append(p.Table.Columns, ui.Column{Name: ui.Say("actions"), Acts: true})
	}
	for i := range all {
		x := &all[i]
		state := ui.Cell{Badges: []ui.Badge{{State: ui.OK, Word: ui.Say("webhook_enabled")}}}
		switch {
		case x.State != sso.WebhookEnabled:
			state.Badges[0] = ui.Badge{Word: ui.Say("webhook_disabled")}
		case x.Failures > 0:
			state = ui.Cell{Badges: []ui.Badge{{State: ui.Warn, Word: ui.Say("webhook_failing")}}, Sub: ui.As(x.Detail)}
		}
		carries := ui.Say("stream_" + string(x.Kind))
		target := ui.Cell{Text: ui.As(x.Target), Sub: carries, Mono: true}
		if x.Key != "" {
			target.Badges = []ui.Badge{{Word: ui.As(x.Key)}}
		}
		cells := []ui.Cell{target, state, {Text: ui.Count("events_count", int(x.Behind))}, {At: x.SentAt, Never: ui.Say("stream_never")}}
		if v.changes() {
			at := func(rest string) string { return v.to(streamPath+rest, "{stream}", string(x.ID)) }
			menu := &ui.Menu{Label: ui.As(x.Target), Does: []ui.Do{{Word: ui.Say("switch_off"), Action: at("/off"), Icon: "pause", Fields: versionField(x.Version)}, {Word: ui.Say("stream_test"), Action: at("/test"), Icon: "external"}}, Links: []ui.Button{{Word: ui.Say("edit"), Path: at("/edit"), Icon: "edit"}, {Word: ui.Say("delete"), Path: at("/delete"), Icon: "trash"}}}
			if x.State != sso.WebhookEnabled {
				menu.Does[0] = ui.Do{Word: ui.Say("switch_on"), Action: at("/on"), Icon: "play", Fields: versionField(x.Version)}
			}
			cells = append(cells, ui.Cell{Menu: menu})
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: cells})
	}
	p.Action = p.Table.Above(p.Action)
	return p
}

// tabs lead from webhooks to streams and back, where there are both.
func (v *visit) tabs(current string) []ui.Tab {
	if len(v.line) > 0 {
		return nil
	}
	return []ui.Tab{
		{Name: ui.Say("webhooks"), Path: v.to(webhooksPath), Current: current == webhooksPath},
		{Name: ui.Say("streams"), Path: v.to(streamsPath), Current: current == streamsPath},
	}
}

// askStream serves GET /operator/streams/new.
func (h *Handler) askStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.UI.Render(w, r, http.StatusOK, newStreamPage(v, ui.Filled{}))
}

func newStreamPage(v *visit, f ui.Filled) formPage {
	kinds := ui.Choices{Name: "kind", Label: ui.Say("stream_kind_label"), One: true, Values: []string{string(sso.StreamSyslogTLS)}}
	for _, k := range sso.StreamKinds() {
		kinds.Options = append(kinds.Options, ui.Option{Value: string(k), Label: ui.Say("stream_" + string(k))})
	}
	p := streamForm(v, f, &sso.Stream{})
	p.Name, p.Action, p.Nouns = ui.Say("stream_new"), v.to(newStreamPath), f.Choices(kinds)
	p.Inputs = slices.Insert(p.Inputs, 1, f.Input(ui.Input{Name: "organization", Label: ui.Say("stream_organization"), Help: ui.Say("stream_organization_help"), Optional: true}))
	p.Submit = ui.Submit{Word: ui.Say("stream_create"), Cancel: v.to(streamsPath)}
	return p
}

// streamForm asks for what can be changed of a stream, too.
func streamForm(v *visit, f ui.Filled, x *sso.Stream) formPage {
	return formPage{
		Shell: v.inside(ui.Link{Name: ui.Say("streams"), Path: v.to(streamsPath)}),
		Inputs: []ui.Input{
			f.Input(ui.Input{Name: "target", Label: ui.Say("stream_target_label"), Help: ui.Say("stream_target_help"), Value: x.Target, Max: 2000, Focus: true, Mono: true}),
			f.Input(ui.Input{Name: "note", Label: ui.Say("hook_note"), Help: ui.Say("hook_note_help"), Value: x.Note, Max: 400, Optional: true}),
		},
		Areas: []ui.Area{f.Area(ui.Area{Name: "ca", Label: ui.Say("stream_ca_label"), Help: ui.Say("stream_ca_help"), Value: x.CA, Mono: true, Optional: true})},
	}
}

// besideStream says beside which field a fault of a stream is told.
func besideStream() map[string]string {
	return map[string]string{
		"stream_target": "target", "webhook_address": "target", "streams_many": "target", "stream_kind": "kind", "stream_ca": "ca", "webhook_note": "note", "organization_unknown": "organization",
	}
}

// createStream serves POST /operator/streams/new.
func (h *Handler) createStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	_, key, err := h.Flow.CreateStream(r.Context(), &v.who, events.NewStream{
		Kind: sso.StreamKind(f.Get("kind")), Target: f.Get("target"), Note: f.Get("note"), CA: f.Get("ca"), Key: f.Get("organization"),
	})
	if err != nil {
		filled, ok := ui.Filled{Values: f}.Beside(err, besideStream())
		if !ok {
			return err
		}
		if filled.Problems["organization"] != "" { // it is named by its key, and not by where it signs in
			filled.Wrong = map[string][]ui.Text{"organization": {ui.Say("no_such_organization")}}
		}
		_, status := web.Record(r, err)
		return h.UI.Render(w, r, status, newStreamPage(v, filled))
	}
	if key == "" {
		return web.SeeOther(w, r, ui.Saved(v.to(streamsPath), "stream_created"))
	}
	return h.UI.Render(w, r, http.StatusOK, secretOf(v, v.to(streamsPath), key))
}

func streamOf(r *http.Request) sso.StreamID { return sso.StreamID(r.PathValue("stream")) }

// switchStream returns a handler of POST /operator/streams/{stream}/on and off.
// Who has looked at a stream that is another one by now switches nothing, but is
// shown what it is.
func (h *Handler) switchStream(to sso.WebhookState, did string) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		f, err := web.Form(r)
		if err != nil {
			return err
		}
		err = h.Flow.ChangeStream(r.Context(), &v.who, streamOf(r), versionIn(f), func(d *events.StreamDraft) { d.State = to })
		if !fault.Is(err, "conflict") {
			if err != nil {
				return err
			}
			return web.SeeOther(w, r, ui.Saved(v.to(streamsPath), did))
		}
		all, failed := h.Flow.Streams(r.Context(), &v.who)
		if failed != nil {
			return failed
		}
		if slices.ContainsFunc(all, func(x events.Line) bool { return x.ID == streamOf(r) && x.State == to }) { // they wanted the same
			return web.SeeOther(w, r, ui.Saved(v.to(streamsPath), did))
		}
		_, status := web.Record(r, err)
		p := streamsOf(v, all)
		p.Notices = []ui.Notice{notSwitched()}
		return h.UI.Render(w, r, status, p)
	}
}

// askDeleteStream serves GET /operator/streams/{stream}/delete.
func (h *Handler) askDeleteStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.UI.Render(w, r, http.StatusOK, deleteStreamPage(v, streamOf(r), ""))
}

func deleteStreamPage(v *visit, id sso.StreamID, problem string) confirmPage {
	at := v.to(streamPath+"/delete", "{stream}", string(id))
	return confirmPage{Shell: v.inside(ui.Link{Name: ui.Say("streams"), Path: v.to(streamsPath)}), Confirm: ui.Confirm{
		ID: "delete", Page: at, Word: ui.Say("delete"), Icon: "trash", Title: ui.Say("stream_delete_title"), Text: ui.Say("stream_delete_text"), Name: string(id), Action: at, Do: ui.Say("delete"),
		Cancel: v.to(streamsPath), Problem: problem,
	}}
}

// deleteStream serves POST /operator/streams/{stream}/delete.
func (h *Handler) deleteStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := ui.Confirmed(f, string(streamOf(r))); err != nil {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, deleteStreamPage(v, streamOf(r), known.Code))
	}
	if err := h.Flow.DeleteStream(r.Context(), &v.who, streamOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(streamsPath), "stream_deleted"))
}
