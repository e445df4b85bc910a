package connect

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the way out of single sign-on.
const (
	offPath      = enforcePath + "/off"
	offResetPath = offPath + "/reset"
	offStopPath  = offPath + "/stop"
)

// offPage lists who would have no way in, has their accounts reset, and turns
// single sign-on off.
type offPage struct {
	ui.Shell
	Notices []ui.Notice
	Working *ui.Progress // accounts are being reset: the page is asked for anew
	Again   string       // path of the page itself
	Stop    *ui.Do
	Reset   *ui.Confirm // nil: nobody needs it, or it is under way
	Off     *ui.Confirm // nil: it is off
	Table   ui.Table
}

// Head implements [ui.Page].
func (offPage) Head() ui.Head { return ui.Head{Template: "off", Title: ui.Say("off_title")} }

// turningOff serves GET /console/enforcement/off.
func (h *Handler) turningOff(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showOff(w, r, v, http.StatusOK, "")
}

func (h *Handler) showOff(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	key, id := ui.ReadKeyPlace(r.URL.Query().Get("after"))
	q := enforce.ForeseenQuery{}
	q.After.Key, q.After.User = key, sso.UserID(id)
	known, err := h.Enforce.Retreat(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	list, err := h.Enforce.Stranded(r.Context(), &v.Place, q.After)
	if err != nil {
		return err
	}
	p := offPageOf(v, &known, &list, problem, h.Enforce.Now())
	asked := r.URL.Query().Get("confirm")
	switch {
	case p.Off != nil && (problem != "" || asked == p.Off.ID):
		return h.UI.Render(w, r, status, confirmPage{Shell: p.Shell, Confirm: *p.Off})
	case p.Reset != nil && asked == p.Reset.ID:
		return h.UI.Render(w, r, status, confirmPage{Shell: p.Shell, Confirm: *p.Reset})
	}
	return h.UI.Render(w, r, status, p)
}

func offPageOf(v *visit, known *enforce.Retreat, list *enforce.StrandedList, problem string, now time.Time) offPage {
	p := offPage{Shell: v.shell(), Again: v.to(offPath)}
	p.Lead = ui.Say("off_lead")
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("enforce"), Path: v.to(enforcePath)}), v.to(ssoPath)
	on := known.Organization.Policy.SSOOn()
	if !on {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Title: ui.Say("off_now"), Text: ui.Say("off_now_text"), Link: &ui.Link{Name: ui.Say("enforce"), Path: v.to(enforcePath)}})
	}
	if known.Above {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Say("off_above")})
	}
	running := known.Resets != nil && known.Resets.State == sso.RetreatRunning
	if known.Resets != nil {
		p.resets(v, known.Resets, now)
	}
	if known.Stranded > 0 && !running {
		p.Reset = &ui.Confirm{
			ID: "reset", Page: with(v.to(offPath), "confirm", "reset"), Word: ui.Count("off_reset", known.Stranded), Icon: "mail", Kind: ui.Main, Title: ui.Count("off_reset_title", known.Stranded),
			Text: ui.Say("off_reset_text"), Action: v.to(offResetPath), Do: ui.Say("off_reset_do"), Cancel: v.to(offPath),
		}
	}
	if on {
		p.Off = &ui.Confirm{
			ID: "off", Page: with(v.to(offPath), "confirm", "off"), Word: ui.Say("off_do"), Icon: "pause", Title: ui.Say("off_confirm", "Name", v.Name), Text: ui.Count("off_text", known.Stranded),
			Points: []ui.Text{ui.Say("off_point_connections"), ui.Say("off_point_list"), ui.Say("off_point_sessions")}, Name: v.Name, Problem: problem,
			Action: v.to(offPath), Do: ui.Say("off_do"), Fields: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(known.Organization.Version, 10)}}, Cancel: v.to(offPath),
		}
	}
	p.Table = ui.Table{
		Caption: ui.Say("off_stranded"), Columns: []ui.Column{{Name: ui.Say("foreseen_who"), Wide: true}, {Name: ui.Say("off_way")}},
		Empty: ui.Empty{Icon: "ok", Title: ui.Say("off_nobody"), Text: ui.Say("off_nobody_text")},
	}
	for i := range list.People {
		m := &list.People[i]
		who := ui.Cell{Text: ui.As(m.Name()), Sub: ui.As(m.Email.String())}
		way := ui.Cell{Text: ui.Say("off_way_mail")}
		if m.Email.IsZero() {
			way.Badges = []ui.Badge{{State: ui.Refused, Word: ui.Say("off_way_none")}}
			way.Text = ui.Text{}
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{who, way}})
	}
	next := ""
	if list.Next.User != "" {
		next = ui.KeyPlace(list.Next.Key, string(list.Next.User))
	}
	p.Table.Page(v.r, next)
	return p
}

// resets says how far the work has come.
func (p *offPage) resets(v *visit, t *sso.Retreat, now time.Time) {
	switch t.State {
	case sso.RetreatRunning:
		done := t.Sent + t.Skipped
		p.Working = &ui.Progress{Label: ui.Say("off_working"), Done: min(done, t.Total), Of: t.Total, Text: ui.Count("off_of", done, "All", strconv.Itoa(t.Total))}
		p.Stop = &ui.Do{Word: ui.Say("off_stop"), Action: v.to(offStopPath), Icon: "close"}
		if t.NextAt.After(now) {
			p.Notices = append(p.Notices, ui.Notice{State: ui.Pending, Text: ui.Say("off_budget")})
		}
	case sso.RetreatDone:
		p.Notices = append(p.Notices, ui.Notice{State: ui.OK, Text: ui.Count("off_sent", t.Sent)})
	case sso.RetreatStopped:
		n := ui.Notice{State: ui.Warn, Title: ui.Count("off_stopped", t.Sent)}
		if t.Code != "" {
			n.Text = ui.Problem(t.Code)
		}
		p.Notices = append(p.Notices, n)
	}
	if t.Skipped > 0 {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Count("off_skipped", t.Skipped)})
	}
}

// resetStranded serves POST /console/enforcement/off/reset.
func (h *Handler) resetStranded(w http.ResponseWriter, r *http.Request, v *visit) error {
	web.RetryAt(r, v.to(offPath))
	if err := h.Enforce.ResetStranded(r.Context(), &v.who, v.ID); err != nil {
		return err
	}
	return web.SeeOther(w, r, v.to(offPath))
}

// stopResets serves POST /console/enforcement/off/stop.
func (h *Handler) stopResets(w http.ResponseWriter, r *http.Request, v *visit) error {
	web.RetryAt(r, v.to(offPath))
	if err := h.Enforce.StopResets(r.Context(), &v.who, v.ID); err != nil {
		return err
	}
	return web.SeeOther(w, r, v.to(offPath))
}

// turnOff serves POST /console/enforcement/off.
func (h *Handler) turnOff(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := ui.Confirmed(form, v.Name); err != nil {
		known, status := web.Record(r, err)
		return h.showOff(w, r, v, status, known.Code)
	}
	version, _ := strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	web.RetryAt(r, v.to(offPath))
	if err := h.Enforce.TurnOff(r.Context(), &enforce.Edit{Who: &v.who, Org: v.ID, Version: version}); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(offPath), "off"))
}
