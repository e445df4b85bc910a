package connect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of support bundles, which open without an account, and of what is done
// about them on the page of a trace.
const (
	bundlePath       = "/bundle/{token}"
	bundleFilePath   = bundlePath + "/trace.json"
	bundlesPath      = tracePath + "/bundles"
	revokeBundlePath = bundlesPath + "/{bundle}/revoke"
)

// bundlePanel is about the support bundles of a trace.
type bundlePanel struct {
	Made   *ui.Copy // the link that was made just now
	Action string
	Life   ui.Select
	Submit ui.Submit
	Table  *ui.Table  // nil: there is none
	Closed *ui.Button // to whoever acts as the owner
}

func bundlesOf(v *visit, t *inspect.TraceView) *bundlePanel {
	p := &bundlePanel{
		Action: v.to(bundlesPath, "{reference}", t.Reference), Submit: ui.Submit{Word: ui.Say("bundle_make"), Icon: "link", Kind: ui.Second},
		Life: ui.Select{Name: "days", Label: ui.Say("bundle_life"), Value: "7"},
	}
	acted := !v.support && v.console().Acted
	if acted {
		p.Closed = &ui.Button{Word: p.Submit.Word, Off: true}
	}
	for _, days := range inspect.BundleLives() {
		p.Life.Options = append(p.Life.Options, ui.Option{Value: strconv.Itoa(days), Label: ui.Count("days", days)})
	}
	if len(t.Bundles) == 0 {
		return p
	}
	p.Table = &ui.Table{Caption: ui.Say("bundles"), Columns: []ui.Column{{Name: ui.Say("bundle_made_at"), Wide: true}, {Name: ui.Say("bundle_until")}, {Name: ui.Say("actions"), Acts: true}}}
	for i := range t.Bundles {
		b := &t.Bundles[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{{At: b.CreatedAt}, {At: b.ExpiresAt}, {Do: &ui.Do{
			Word: ui.Say("bundle_revoke"), Action: v.to(revokeBundlePath, "{reference}", t.Reference, "{bundle}", string(b.ID)), Icon: "trash", Kind: ui.Quiet, Off: acted,
		}}}})
	}
	return p
}

// makeBundle serves POST …/traces/{reference}/bundles. The link is shown once,
// on the page that answers.
func (h *Handler) makeBundle(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	reference := r.PathValue("reference")
	web.RetryAt(r, v.to(tracePath, "{reference}", reference))
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil {
		days = 0 // is offered to nobody
	}
	token, err := h.Inspect.MakeBundle(r.Context(), v.viewer(), reference, days)
	if err != nil {
		return err
	}
	t, err := h.Inspect.Trace(r.Context(), v.viewer(), reference)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, h.bundledPageOf(v, &t, token))
}

func (h *Handler) bundledPageOf(v *visit, t *inspect.TraceView, token secret.Token) tracePage {
	p := h.tracePageOf(v, t, ui.Filled{})
	p.Bundles.Made = &ui.Copy{ID: "bundle", Label: ui.Say("bundle_link"), Help: ui.Say("bundle_once"), Value: h.Flow.BaseURL + strings.ReplaceAll(bundlePath, "{token}", token.Reveal())}
	return p
}

// revokeBundle serves POST …/traces/{reference}/bundles/{bundle}/revoke.
func (h *Handler) revokeBundle(w http.ResponseWriter, r *http.Request, v *visit) error {
	back := v.to(tracePath, "{reference}", r.PathValue("reference"))
	web.RetryAt(r, back)
	if err := h.Inspect.RevokeBundle(r.Context(), v.viewer(), r.PathValue("reference"), sso.BundleID(r.PathValue("bundle"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, "bundle_revoked")+"#bundles")
}

// bundlePage is a trace without anything personal, to whoever has the link.
type bundlePage struct {
	tracePage
	File  string // path of the same as a file
	Until time.Time
}

// Head implements [ui.Page].
func (p bundlePage) Head() ui.Head {
	return ui.Head{Template: "bundle", Title: ui.Say("trace_title", "Reference", p.Reference)}
}

// bundle serves GET /bundle/{token}.
func (h *Handler) bundle(w http.ResponseWriter, r *http.Request) error {
	b, err := h.Inspect.Bundle(r.Context(), secret.ParseToken(r.PathValue("token")))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, bundlePageOf(&b, r.URL.Path))
}

// bundleFile serves GET /bundle/{token}/trace.json.
func (h *Handler) bundleFile(w http.ResponseWriter, r *http.Request) error {
	b, err := h.Inspect.Bundle(r.Context(), secret.ParseToken(r.PathValue("token")))
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(&b.Content, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a support bundle: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="trace-`+b.Reference+`.json"`)
	_, _ = w.Write(append(body, '\n')) // a caller that is gone is not our failure
	return nil
}

func bundlePageOf(b *sso.Bundle, path string) bundlePage {
	c := &b.Content
	t := inspect.TraceView{Trace: c.Trace()}
	look := connect.Trials{Shown: &sso.Test{Result: sso.TestResult{Checks: c.Checks, Code: c.Code, Want: c.Want, Got: c.Got, Fix: c.Fix}}}
	look.Guide, _ = idp.ByID(idp.ID(c.Connection.Vendor))
	look.Ours = idp.Values{idp.ACSURL: c.Connection.ACS, idp.SPEntityID: c.Connection.SPEntityID}.With()
	p := bundlePage{tracePage: tracePage{Shell: ui.Shell{Area: ui.Say("bundle_area"), Home: path}}, File: path + "/trace.json", Until: b.ExpiresAt}
	p.told(&t, &look)
	p.Facts = []ui.Fact{{Name: ui.Say("reference"), Value: ui.As(c.Reference), Mono: true}, {Name: ui.Say("trace_when"), At: c.At}}
	if c.Method != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("trace_method"), Value: ui.Say("by_" + string(c.Method))})
	}
	for _, f := range []struct{ key, value string }{
		{"connection", c.Connection.Name}, {"bundle_idp", c.Connection.IdPEntityID}, {"bundle_sp", c.Connection.SPEntityID}, {"bundle_acs", c.Connection.ACS},
	} {
		if f.value != "" {
			p.Facts = append(p.Facts, ui.Fact{Name: ui.Say(f.key), Value: ui.As(f.value), Mono: f.key != "connection"})
		}
	}
	if len(p.Causes) == 0 {
		p.Facts = append(p.Facts, comparedFacts(&t)...)
	}
	return p
}
