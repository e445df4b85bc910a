package connect

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of what the identity provider publishes, behind either prefix.
const (
	changePath  = connectionPath + "/change"
	refusePath  = changePath + "/refuse"
	readingPath = connectionPath + "/read"
)

// changePage shows what an identity provider publishes beside what we go by,
// and asks whether we are to go by that from now on.
type changePage struct {
	wizard
	Lede        ui.Text
	Differences ui.Table
	Approve     *ui.Confirm // nil: nothing waits, or whoever asks may not
	Refuse      *ui.Do
}

// Head implements [ui.Page].
func (p changePage) Head() ui.Head { return ui.Head{Template: "change", Title: ui.As(p.Name)} }

// change serves GET …/sso/{connection}/change.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.live().which)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, changePageOf(v, &c))
}

func changePageOf(v *visit, c *connect.Configuration) changePage {
	p := changePage{wizard: v.configuring(&c.Connection, "", ui.Say("change_title")), Lede: ui.Say("change_lede", "Name", c.Name)}
	p.Differences = ui.Table{
		Caption: ui.Say("change_title"), Columns: []ui.Column{{Name: ui.Say("change_what")}, {Name: ui.Say("change_now"), Wide: true}, {Name: ui.Say("change_new"), Wide: true}},
		Empty: ui.Empty{Icon: "check", Title: ui.Say("change_none"), Text: ui.Say("change_none_text")},
	}
	x := &c.Watching
	if x.Digest == "" {
		return p
	}
	p.Differences.Rows = differences(c)
	fields := append(seen(&c.Connection), ui.Hidden{Name: "change", Value: x.Digest})
	risk := "change_risk_keys"
	if x.Change.EntityID || x.Change.Hosts {
		risk = "change_risk_other"
	}
	p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Say(risk)})
	if risk == "change_risk_other" && v.Link != nil {
		p.Notices = append(p.Notices, ui.Notice{Text: ui.Say("change_owner")})
		return p
	}
	p.Refuse = &ui.Do{Word: ui.Say("change_refuse"), Action: v.toConnection(&c.Connection, refusePath), Icon: "close", Fields: fields}
	p.Approve = &ui.Confirm{
		ID: "approve", Title: ui.Say("change_approve_title"), Text: ui.Say("change_approve_text"), Action: v.toConnection(&c.Connection, changePath),
		Do: ui.Say("change_approve"), Kind: ui.Main, Fields: fields, Cancel: v.toConnection(&c.Connection, configurePath),
	}
	return p
}

// differences lists what is different, old beside new.
func differences(c *connect.Configuration) []ui.Row {
	x := &c.Watching
	row := func(what string, old, fresh ui.Cell) ui.Row {
		return ui.Row{Cells: []ui.Cell{{Text: ui.Say(what)}, old, fresh}}
	}
	mono := func(text string) ui.Cell {
		if text == "" {
			return ui.Cell{Text: ui.Say("change_nothing")}
		}
		return ui.Cell{Text: ui.As(text), Mono: true}
	}
	var rows []ui.Row
	if x.Change.EntityID {
		rows = append(rows, row("found_issuer", mono(c.SAML.IdPEntityID), mono(x.Held.EntityID)))
	}
	if x.Change.SignOn {
		rows = append(rows, row("found_signon", mono(addresses(c.SAML.Endpoints)), mono(addresses(x.Held.Endpoints))))
	}
	if x.Change.Logout {
		rows = append(rows, row("found_logout", mono(addresses(c.SAML.LogoutTo)), mono(addresses(x.Held.LogoutTo))))
	}
	certificate := func(cert *connect.Certificate) ui.Cell {
		return ui.Cell{Text: ui.As(subjectOf(cert)), Sub: ui.As("SHA-256 " + cert.Fingerprint)}
	}
	none := ui.Cell{Text: ui.Say("change_nothing")}
	for i := range x.Removed {
		rows = append(rows, row("certificate", certificate(&x.Removed[i]), none))
	}
	for i := range x.Added {
		rows = append(rows, row("certificate", none, certificate(&x.Added[i])))
	}
	return rows
}

// approve serves POST …/sso/{connection}/change.
func (h *Handler) approve(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.judge(w, r, v, "change_approved", h.Flow.Approve)
}

// refuse serves POST …/sso/{connection}/change/refuse.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.judge(w, r, v, "change_refused", h.Flow.Refuse)
}

// readAgain serves POST …/sso/{connection}/read.
func (h *Handler) readAgain(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.edits(form.Get("version"))
	if err := h.Flow.ReadAgain(r.Context(), e); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(configurePath, "{connection}", e.Key)+"#theirs", "reading"))
}

// judge has somebody decide about a change that waits.
func (h *Handler) judge(w http.ResponseWriter, r *http.Request, v *visit, saved string, do func(ctx context.Context, e *connect.Edit, digest string) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.live().edits(form.Get("version"))
	web.RetryAt(r, v.to(changePath, "{connection}", e.Key))
	if err := do(r.Context(), e, form.Get("change")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(configurePath, "{connection}", e.Key)+"#theirs", saved))
}

// foundAt says where metadata are read, and how that goes.
func foundAt(v *visit, c *connect.Configuration) (ui.Fact, []ui.Notice) {
	x := &c.Watching
	fact := ui.Fact{Name: ui.Say("found_url"), Value: ui.As(c.SAML.MetadataURL), Mono: true}
	var notices []ui.Notice
	if x.Digest != "" {
		notices = append(notices, ui.Notice{
			State: ui.Warn, Title: ui.Say("change_waits"), Text: ui.Say("change_waits_text"), Link: &ui.Link{Name: ui.Say("change_look"), Path: v.toConnection(&c.Connection, changePath)},
		})
	}
	if !x.Failing.IsZero() {
		fact.Badge = &ui.Badge{State: ui.Warn, Word: ui.Say("watch_failing")}
		text := []ui.Text{ui.Say("watch_failing_since", "When", x.Failing.UTC().Format("2006-01-02 15:04 UTC")), ui.Problem(x.Failure)}
		if got := strings.TrimSpace(x.Got); got != "" {
			text = append(text, ui.As(got))
		}
		notices = append(notices, ui.Notice{State: ui.Warn, Title: ui.Say("watch_failing_title"), Text: ui.Say("watch_failing_text"), Points: text})
	}
	return fact, notices
}
