package operator

import (
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of our own keys.
const (
	keysPath    = "/operator/keys"
	turnPath    = keysPath + "/turn"
	holdPath    = keysPath + "/hold"
	releasePath = keysPath + "/release"
)

// keys serves GET /operator/keys.
func (h *Handler) keys(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	all, err := h.Flow.Keys(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showKeys(&all, handOf(&by)))
}

// showKeys lists our keys, and who has to be told of the next ones.
func showKeys(all *operate.Keys, may hand) listPage {
	p := listPage{Shell: frame.Operator(), Name: ui.Say("keys")}
	p.Lead = ui.Say("keys_lead")
	if may != changes {
		p.Looks, _ = frame.ForSupport()
	}
	if len(all.Unaware) > 0 || all.More {
		n := ui.Notice{State: ui.Warn, Title: ui.Say("keys_unaware"), Text: ui.Say("keys_unaware_text")}
		for i := range all.Unaware {
			n.Points = append(n.Points, ui.Say("keys_unaware_point", "Name", all.Unaware[i].Name, "Key", all.Unaware[i].Key))
		}
		if all.More {
			n.Points = append(n.Points, ui.Say("keys_unaware_more"))
		}
		p.Notices = append(p.Notices, n)
	}
	if n := clinging(all.Rings); len(n.Points) > 0 {
		p.Notices = append(p.Notices, n)
	}
	p.Table = ui.Table{Caption: ui.Say("keys"), Columns: []ui.Column{
		{Name: ui.Say("keys_of"), Wide: true}, {Name: ui.Say("keys_since")}, {Name: ui.Say("keys_step")}, {Name: ui.Say("keys_when")}, {Name: ui.Say("keys_hold")},
	}}
	for i := range all.Rings {
		p.Table.Rows = append(p.Table.Rows, ringRow(&all.Rings[i], may))
	}
	return p
}

// clinging names the connections for whose retired key it is still encrypted.
func clinging(rings []operate.KeyRing) ui.Notice {
	n := ui.Notice{State: ui.Warn, Title: ui.Say("keys_clinging"), Text: ui.Say("keys_clinging_text")}
	for i := range rings {
		if ring := &rings[i]; !ring.ClingsAt.IsZero() {
			n.Points = append(n.Points, ui.Say("keys_unaware_point", "Name", ring.Connection.Name, "Key", ring.Connection.Key))
		}
	}
	return n
}

func ringRow(ring *operate.KeyRing, may hand) ui.Row {
	name := ui.Cell{Text: ui.Say("keys_signing"), Sub: ui.Say("keys_signing_text"), Icon: "key"}
	if c := ring.Connection; c != nil {
		name = ui.Cell{Text: ui.Say("keys_opening", "Name", c.Name), Sub: ui.As(ring.Org.Name), Icon: "lock"}
	}
	since := ui.Cell{At: ring.Since(), Never: ui.Say("keys_none")}
	step, when := ui.Cell{Text: ui.Say("keys_none")}, ui.Cell{Never: ui.Say("keys_none")}
	if ring.Next != "" {
		step, when.At = ui.Cell{Text: ui.Say("keys_turn_" + string(ring.Next))}, ring.Due
		if may == changes {
			step.Path = turnPath + "?ring=" + url.QueryEscape(ring.ID())
		}
	}
	hold := ui.Cell{}
	if ring.Held != nil {
		hold.Badges = []ui.Badge{{State: ui.Warn, Word: ui.Say("keys_held")}}
		when = ui.Cell{Never: ui.Say("keys_held")}
	}
	if may == changes {
		fields := []ui.Hidden{{Name: "ring", Value: ring.ID()}}
		hold.Do = &ui.Do{Word: ui.Say("keys_do_hold"), Action: holdPath, Icon: "pause", Kind: ui.Quiet, Fields: fields, About: name.Text}
		if ring.Held != nil {
			hold.Do.Word, hold.Do.Action, hold.Do.Icon = ui.Say("keys_do_release"), releasePath, "play"
		}
	}
	return ui.Row{Cells: []ui.Cell{name, since, step, when, hold}}
}

// askTurn serves GET /operator/keys/turn.
func (h *Handler) askTurn(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	ring, err := h.Flow.RingOf(r.Context(), &by, r.URL.Query().Get("ring"))
	if err != nil {
		return err
	}
	if ring.Next == "" {
		return web.SeeOther(w, r, keysPath)
	}
	return h.UI.Render(w, r, http.StatusOK, turnPage(&ring))
}

func turnPage(ring *operate.KeyRing) confirmPage {
	p := confirmPage{Shell: frame.Operator()}
	p.Trail = []ui.Link{{Name: ui.Say("keys"), Path: keysPath}}
	step := string(ring.Next)
	p.Confirm = ui.Confirm{
		ID: "turn", Title: ui.Say("keys_turn_" + step), Text: ui.Say("keys_turn_" + step + "_text"), Action: turnPath, Do: ui.Say("keys_turn_do"), Cancel: keysPath,
		Fields: []ui.Hidden{{Name: "ring", Value: ring.ID()}, {Name: "turn", Value: step}},
	}
	if ring.Needed { // only what the page says is lost has the operator agreed to lose
		p.Confirm.Points = []ui.Text{lost(ring)}
		p.Confirm.Fields = append(p.Confirm.Fields, ui.Hidden{Name: "lose", Value: ring.Retired()})
	}
	return p
}

// lost says what it costs to delete a retired key that may be needed still.
func lost(ring *operate.KeyRing) ui.Text {
	switch {
	case !ring.ClingsAt.IsZero():
		return ui.Say("keys_turn_clinging_text")
	case ring.Connection != nil:
		return ui.Say("keys_turn_early_text")
	default:
		return ui.Say("keys_turn_signed_text")
	}
}

// turn serves POST /operator/keys/turn.
func (h *Handler) turn(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	web.RetryAt(r, keysPath)
	if err := h.Flow.TurnKeys(r.Context(), &by, f.Get("ring"), federation.Turn(f.Get("turn")), f.Get("lose")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(keysPath, "keys_turned"))
}

// hold serves POST /operator/keys/hold.
func (h *Handler) hold(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.HoldKeys(r.Context(), &by, f.Get("ring")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(keysPath, "keys_held"))
}

// release serves POST /operator/keys/release.
func (h *Handler) release(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.ReleaseKeys(r.Context(), &by, f.Get("ring")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(keysPath, "keys_released"))
}
