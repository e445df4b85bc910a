package connect

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of what is beside the live settings of a connection.
const (
	swapPath    = connectionPath + "/swap"
	preparePath = connectionPath + "/prepare"
	discardPath = connectionPath + "/discard"
	returnPath  = connectionPath + "/return"
)

// ofSettings reports whether a page of a connection is about its settings, which
// are the live ones or those that are prepared; the others are about the
// connection itself.
func ofSettings(pattern string) bool {
	return strings.HasPrefix(pattern, connectionPath) &&
		!slices.Contains([]string{defaultsPath, activatePath, deactivatePath, editPath, deletePath, swapPath, preparePath, discardPath, returnPath, changePath, refusePath, readingPath}, pattern)
}

// live returns the visit of the pages of the live settings.
func (v *visit) live() *visit {
	out := *v
	out.which = sso.Live
	return &out
}

// prepared returns the visit of the pages of the prepared settings.
func (v *visit) prepared() *visit {
	out := *v
	out.which = sso.Prepared
	return &out
}

// switcher leads between the live settings of a connection and those beside
// them. Of one by which nobody signs in, only its own are set up.
func (v *visit) switcher(c *sso.Connection) []ui.Tab {
	if v.who.By.Session.ActedAs() || v.which == sso.Live && c.Preparable() != nil {
		return nil
	}
	return []ui.Tab{
		{Name: ui.Say("which_live"), Path: v.live().toConnection(c, configurePath), Current: v.which == sso.Live},
		{Name: ui.Say("which_prepared"), Path: v.toConnection(c, swapPath), Current: v.which == sso.Prepared},
	}
}

// swapPage is where the prepared settings are made the live ones, and where the
// way back is.
type swapPage struct {
	wizard
	Lede    ui.Text
	Checks  []ui.Step
	Differs []ui.Text   // in what the prepared ones do
	Prepare *ui.Do      // nil: there are some already
	Swap    *ui.Confirm // nil: it is not offered yet
	Discard *ui.Confirm
	Return  *ui.Confirm // nil: there is no way back
	Facts   []ui.Fact   // of the way back
}

// Head implements [ui.Page].
func (p swapPage) Head() ui.Head { return ui.Head{Template: "swap", Title: ui.As(p.wizard.Name)} }

// swapping serves GET …/sso/{connection}/swap.
func (h *Handler) swapping(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := h.Enforce.Shadows(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	p := swapPageOf(v, &s)
	if p.Swap != nil && r.URL.Query().Has("confirm") {
		return h.UI.Render(w, r, http.StatusOK, confirmPage{Shell: p.Shell, Confirm: *p.Swap})
	}
	return h.UI.Render(w, r, http.StatusOK, p)
}

func swapPageOf(v *visit, s *enforce.Shadows) swapPage {
	at := v.prepared()
	c := s.Connection
	if s.Prepared != nil {
		c = c.Beside(s.Prepared)
		c.State = sso.ConnectionDraft // nobody signs in by them
	}
	p := swapPage{wizard: at.wizard(&c, toSwap, ui.Say("stage_swap")), Lede: ui.Say("swap_lede")}
	if s.Prepared == nil {
		p.Stages = nil
		if s.Preparable() != nil {
			p.Notices = append(p.Notices, ui.Notice{State: ui.Pending, Text: ui.Problem("shadow_draft")})
		} else {
			p.Prepare = &ui.Do{Word: ui.Say("prepare"), Action: v.toConnection(&c, preparePath), Icon: "plus", Kind: ui.Main}
		}
	} else {
		p.offer(at, s, &c)
	}
	if s.Former != nil {
		p.Facts = []ui.Fact{
			{Name: ui.Say("swap_former_idp"), Value: ui.As(s.Former.SAML.IdPEntityID), Mono: true},
			{Name: ui.Say("swap_former_until"), At: s.Former.UpdatedAt},
		}
		p.Return = &ui.Confirm{
			ID: "return", Page: v.toConnection(&c, returnPath), Word: ui.Say("swap_return"), Icon: "back",
			Title: ui.Say("swap_return_title", "Name", s.Name), Text: ui.Say("swap_return_text"), Action: v.toConnection(&c, returnPath), Do: ui.Say("swap_return"),
			Fields: both(s, s.Former), Cancel: v.toConnection(&c, swapPath),
		}
	}
	return p
}

// offer says what is missing before the swap, and offers it.
func (p *swapPage) offer(v *visit, s *enforce.Shadows, c *sso.Connection) {
	p.Checks = []ui.Step{
		asked{c.Complete() == nil, ui.Refused, v.toConnection(c, configurePath)}.step("swap_complete"),
		asked{len(s.Differs) > 0, ui.Refused, v.toConnection(c, configurePath)}.step("swap_differs"),
		asked{s.Tested > 0, ui.Refused, v.toConnection(c, testPath)}.step("swap_tested"),
		asked{s.Tested > 1, ui.Warn, v.toConnection(c, testPath)}.step("swap_second"),
	}
	for _, name := range s.Differs {
		p.Differs = append(p.Differs, ui.Say("swap_of_"+name))
	}
	if s.Tested > 0 {
		p.Stages[1].State, p.Stages[1].Word = ui.OK, ui.Say("stage_done")
	}
	if s.OtherIdP() && s.Linked > 0 {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Title: ui.Say("swap_other"), Text: ui.Count("swap_other_text", s.Linked)})
	}
	p.Discard = &ui.Confirm{
		ID: "discard", Page: v.toConnection(c, discardPath), Word: ui.Say("swap_discard"), Icon: "trash",
		Title: ui.Say("swap_discard_title"), Text: ui.Say("swap_discard_text"), Action: v.toConnection(c, discardPath), Do: ui.Say("swap_discard"), Cancel: v.toConnection(c, swapPath),
	}
	if s.Ready() != nil {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Pending, Title: ui.Say("swap_not_yet"), Text: ui.Say("swap_not_yet_text")})
		return
	}
	p.Swap = &ui.Confirm{
		ID: "swap", Page: with(v.toConnection(c, swapPath), "confirm", "1"), Kind: ui.Main, Word: ui.Say("swap_do"), Icon: "refresh",
		Title: ui.Say("swap_title", "Name", s.Name), Text: ui.Say("swap_text"), Points: []ui.Text{ui.Say("swap_under_way"), ui.Say("swap_sessions"), ui.Say("swap_back")},
		Action: v.toConnection(c, swapPath), Do: ui.Say("swap_do"), Fields: both(s, s.Prepared), Cancel: v.toConnection(c, swapPath),
	}
}

// both carries along which settings somebody has seen.
func both(s *enforce.Shadows, beside *sso.Shadow) []ui.Hidden {
	return []ui.Hidden{{Name: "version", Value: strconv.FormatInt(s.Version, 10)}, {Name: "beside", Value: strconv.FormatInt(beside.Version, 10)}}
}

// confirmation serves the page of one of the confirmations, for who comes to it
// without the one it belongs to.
func (h *Handler) confirmation(of func(p *swapPage) *ui.Confirm) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		s, err := h.Enforce.Shadows(r.Context(), &v.Place, r.PathValue("connection"))
		if err != nil {
			return err
		}
		p := swapPageOf(v, &s)
		confirm := of(&p)
		if confirm == nil {
			return h.UI.Render(w, r, http.StatusOK, p)
		}
		return h.UI.Render(w, r, http.StatusOK, confirmPage{Shell: p.Shell, Confirm: *confirm})
	}
}

// prepare serves POST …/sso/{connection}/prepare.
func (h *Handler) prepare(w http.ResponseWriter, r *http.Request, v *visit) error {
	key := r.PathValue("connection")
	web.RetryAt(r, v.to(swapPath, "{connection}", key))
	if err := h.Enforce.Prepare(r.Context(), &v.who, v.ID, key); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.prepared().to(configurePath, "{connection}", key), "prepared"))
}

// discard serves POST …/sso/{connection}/discard.
func (h *Handler) discard(w http.ResponseWriter, r *http.Request, v *visit) error {
	key := r.PathValue("connection")
	web.RetryAt(r, v.to(swapPath, "{connection}", key))
	if err := h.Enforce.Discard(r.Context(), &v.who, v.ID, key); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(swapPath, "{connection}", key), "discarded"))
}

// swap serves POST …/sso/{connection}/swap.
func (h *Handler) swap(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.exchange(w, r, v, "swapped", func(seen enforce.Seen) error { return h.Enforce.Swap(r.Context(), seen) })
}

// back serves POST …/sso/{connection}/return.
func (h *Handler) back(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.exchange(w, r, v, "returned", func(seen enforce.Seen) error { return h.Enforce.Return(r.Context(), seen) })
}

func (h *Handler) exchange(w http.ResponseWriter, r *http.Request, v *visit, saved string, do func(seen enforce.Seen) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	seen := enforce.Seen{Who: &v.who, Org: v.ID, Key: r.PathValue("connection")}
	seen.Version, _ = strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	seen.Beside, _ = strconv.ParseInt(form.Get("beside"), 10, 64)
	back := v.to(swapPath, "{connection}", seen.Key)
	web.RetryAt(r, back)
	if err := do(seen); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, saved))
}
