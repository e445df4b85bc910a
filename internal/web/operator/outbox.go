package operator

import (
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// pileOf returns the pile that the URL asks for: what could not be sent, where
// it says nothing.
func pileOf(r *http.Request) notify.Pile {
	switch p := notify.Pile(r.URL.Query().Get("pile")); p {
	case notify.Waiting, notify.Sent:
		return p
	default:
		return notify.Dead
	}
}

// outbox serves GET /operator/outbox.
func (h *Handler) outbox(w http.ResponseWriter, r *http.Request) error {
	pile := pileOf(r)
	stuck, err := h.Desk.Stuck(r.Context(), pile, r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	return h.UI.Render(w, r, http.StatusOK, showOutbox(r, pile, &stuck, handOf(&by)))
}

func pathOfPile(p notify.Pile) string { return outboxPath + "?pile=" + string(p) }

func showOutbox(r *http.Request, pile notify.Pile, stuck *notify.Stuck, may hand) listPage {
	p := listPage{Shell: frame.Operator(), Name: ui.Say("outbox")}
	p.Lead = ui.Say("outbox_lead")
	if may == changes {
		p.Action = &ui.Action{Name: ui.Say("outbox_test"), Path: outboxTestPath, Icon: "mail"}
	} else {
		p.Looks, _ = frame.ForSupport()
	}
	for _, tab := range []notify.Pile{notify.Dead, notify.Waiting, notify.Sent} {
		n := 0
		for _, c := range stuck.Counts {
			if c.Pile == tab {
				n += int(c.Count)
			}
		}
		t := ui.Tab{Name: ui.Say("pile_" + string(tab)), Path: pathOfPile(tab), Current: tab == pile}
		if tab != notify.Sent {
			t.Note = atMost(n)
		}
		p.Tabs = append(p.Tabs, t)
	}
	for _, c := range stuck.Unconfigured {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Say("unconfigured_" + string(c))})
	}
	p.Table = messageTable(r, pile, stuck, may)
	return p
}

func messageTable(r *http.Request, pile notify.Pile, stuck *notify.Stuck, may hand) ui.Table {
	t := ui.Table{
		Caption: ui.Say("outbox"),
		Columns: []ui.Column{{Name: ui.Say("message"), Wide: true}, {Name: ui.Say("message_to")}, {Name: ui.Say("message_why")}, {Name: ui.Say("created")}},
		Empty:   ui.Empty{Icon: "mail", Title: ui.Say("pile_" + string(pile) + "_none")},
	}
	acts := may == changes && pile != notify.Sent
	if acts {
		t.Columns = append(t.Columns, ui.Column{Name: ui.Say("actions"), Acts: true})
	}
	for i := range stuck.Items {
		m := &stuck.Items[i]
		kind := ui.Cell{Text: ui.Say("message_" + string(m.Kind)), Sub: ui.Count("tries", int(m.Tries)), Icon: "mail"}
		if m.Channel == notify.SMS {
			kind.Icon = "phone"
		}
		why := ui.Cell{Sub: ui.As(m.Detail)}
		if m.Code != "" {
			why.Text = ui.Problem(m.Code)
		}
		to := ui.Cell{Text: ui.As(m.To)}
		if m.User != "" {
			to.Path = pathOfPerson(m.User)
		}
		cells := []ui.Cell{kind, to, why, {At: m.CreatedAt}}
		if acts {
			fields := []ui.Hidden{{Name: "id", Value: string(m.ID)}, {Name: "pile", Value: string(pile)}}
			cells = append(cells, ui.Cell{Menu: &ui.Menu{Label: ui.As(m.To), Does: []ui.Do{
				{Word: ui.Say("retry"), Action: outboxPath + "/retry", Icon: "refresh", Fields: fields},
				{Word: ui.Say("drop"), Action: outboxPath + "/drop", Icon: "trash", Fields: fields},
			}}})
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	t.Page(r, stuck.Next)
	return t
}

// retry serves POST /operator/outbox/retry.
func (h *Handler) retry(w http.ResponseWriter, r *http.Request) error {
	return h.onMessages(w, r, "messages_retried", func(by sso.By, ids []sso.MessageID) (int, error) { return h.Desk.Retry(r.Context(), by, ids) })
}

// drop serves POST /operator/outbox/drop.
func (h *Handler) drop(w http.ResponseWriter, r *http.Request) error {
	return h.onMessages(w, r, "messages_dropped", func(by sso.By, ids []sso.MessageID) (int, error) { return h.Desk.Drop(r.Context(), by, ids) })
}

// onMessages does something with the messages that a form names.
func (h *Handler) onMessages(w http.ResponseWriter, r *http.Request, saved string, do func(sso.By, []sso.MessageID) (int, error)) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	var ids []sso.MessageID
	for _, id := range f["id"] {
		ids = append(ids, sso.MessageID(id))
	}
	n, err := do(by, ids)
	if err != nil {
		return err
	}
	path := outboxPath
	if p := notify.Pile(f.Get("pile")); p == notify.Waiting {
		path = pathOfPile(p)
	}
	return web.SeeOther(w, r, ui.SavedCount(path, saved, n))
}

// askTest serves GET /operator/outbox/test.
func (h *Handler) askTest(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	return h.UI.Render(w, r, http.StatusOK, testPage(ui.Filled{}, by.User.Email.String()))
}

func testPage(f ui.Filled, address string) formPage {
	p := formPage{Shell: frame.Operator(), Name: ui.Say("outbox_test")}
	p.Trail = []ui.Link{{Name: ui.Say("outbox"), Path: outboxPath}}
	// The two forms share one page; what came back belongs to the one that was sent.
	mail, sms := f, f
	if f.Values.Get("channel") == string(notify.SMS) {
		mail = ui.Filled{}
	} else {
		sms = ui.Filled{}
	}
	p.Forms = []form{
		{
			Title: ui.Say("test_mail"), Action: outboxTestPath, Hidden: []ui.Hidden{{Name: "channel", Value: string(notify.Mail)}},
			Inputs: []ui.Input{mail.Input(ui.Input{Name: "to", Label: ui.Say("address"), Type: "email", Value: address})},
			Submit: ui.Submit{Word: ui.Say("test_send"), Cancel: outboxPath},
		},
		{
			Title: ui.Say("test_sms"), Action: outboxTestPath, Hidden: []ui.Hidden{{Name: "channel", Value: string(notify.SMS)}},
			Inputs: []ui.Input{sms.Input(ui.Input{ID: "number", Name: "to", Label: ui.Say("phone"), Help: ui.Say("phone_help"), Type: "tel", Max: 32})},
			Submit: ui.Submit{Word: ui.Say("test_send"), Kind: ui.Ordinary, Cancel: outboxPath},
		},
	}
	return p
}

// test serves POST /operator/outbox/test.
func (h *Handler) test(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	channel := notify.Mail
	if f.Get("channel") == string(notify.SMS) {
		channel = notify.SMS
	}
	if _, err := h.Desk.Test(r.Context(), by, channel, f.Get("to"), by.User.Language); err != nil {
		return h.testFailed(w, r, f, &by, err)
	}
	return web.SeeOther(w, r, ui.Saved(outboxPath, "test_sent"))
}

// testFailed says beside the field what the server or gateway said.
func (h *Handler) testFailed(w http.ResponseWriter, r *http.Request, f url.Values, by *sso.By, err error) error {
	known, status := web.Record(r, err)
	if known.Kind == fault.Internal {
		return err
	}
	filled := ui.Filled{Values: f, Problems: map[string]string{"to": known.Code}}
	page := testPage(filled, by.User.Email.String())
	if known.Got != "" {
		page.Notice = &ui.Notice{State: ui.Refused, Title: ui.Problem(known.Code), Text: ui.As(known.Got)}
	}
	return h.UI.Render(w, r, status, page)
}
