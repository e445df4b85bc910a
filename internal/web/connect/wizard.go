package connect

import (
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of a connection, behind either prefix.
const (
	newPath           = "/sso/new"
	connectionPath    = "/sso/{connection}"
	configurePath     = connectionPath + "/configure"
	metadataPath      = connectionPath + "/metadata"
	valuesPath        = connectionPath + "/values"
	attributesPath    = connectionPath + "/attributes"
	certificatesPath  = connectionPath + "/certificates"
	certificatePath   = certificatesPath + "/{certificate}/remove"
	settingsPath      = connectionPath + "/settings"
	editPath          = connectionPath + "/edit"
	deletePath        = connectionPath + "/delete"
	signingPEMPath    = connectionPath + "/signing.pem"
	encryptionPEMPath = connectionPath + "/encryption.pem"
)

// maxUpload is the size of the largest form with metadata: the file, and what
// is pasted.
const maxUpload = connect.MaxMetadata + 1<<20

// fileSize says how large a file may be.
func fileSize() ui.Text { return ui.Say("file_size", "Size", strconv.Itoa(connect.MaxMetadata>>20)) }

// connectionRoutes returns the routes of connections, each page by both doors.
func (h *Handler) connectionRoutes() []web.Route {
	var routes []web.Route
	for _, d := range []door{{consolePrefix, web.Console}, {setupPrefix, web.Setup}} {
		add := func(method, path string, limit int64, serve page) {
			routes = append(routes, web.Route{Method: method, Path: d.prefix + path, Access: d.access, Own: d.access == web.Console, MaxBody: limit, Handler: h.by(d, authority.Setup, serve)})
		}
		get := func(path string, serve page) { add(http.MethodGet, path, 0, serve) }
		post := func(path string, serve page) { add(http.MethodPost, path, 0, serve) }
		upload := func(path string, serve page) { add(http.MethodPost, path, maxUpload, h.ofConnection(serve)) }
		get(newPath, h.askNew)
		add(http.MethodPost, newPath, maxUpload, h.create)
		get(configurePath, h.configure)
		upload(metadataPath, h.saveMetadata)
		get(valuesPath, h.askValues)
		upload(valuesPath, h.saveValues)
		get(attributesPath, h.askAttributes)
		post(attributesPath, h.saveAttributes)
		get(certificatesPath, h.certificates)
		upload(certificatesPath, h.addCertificate)
		get(certificatePath, h.askRemoveCertificate)
		post(certificatePath, h.removeCertificate)
		get(changePath, h.change)
		post(changePath, h.approve)
		post(refusePath, h.refuse)
		post(readingPath, h.readAgain)
		get(settingsPath, h.askSettings)
		post(settingsPath, h.saveSettings)
		get(editPath, h.askEdit)
		post(editPath, h.edit)
		get(activatePath, h.activation)
		post(activatePath, h.activate)
		get(deactivatePath, h.askDeactivate)
		post(deactivatePath, h.deactivate)
		get(swapPath, h.swapping)
		post(swapPath, h.swap)
		post(preparePath, h.prepare)
		get(discardPath, h.confirmation(func(p *swapPage) *ui.Confirm { return p.Discard }))
		post(discardPath, h.discard)
		get(returnPath, h.confirmation(func(p *swapPage) *ui.Confirm { return p.Return }))
		post(returnPath, h.back)
		get(deletePath, h.askDelete)
		post(deletePath, h.remove)
		get(signingPEMPath, h.signingPEM)
		get(encryptionPEMPath, h.encryptionPEM)
	}
	return routes
}

// ofConnection asks whose the connection is before a large form is read.
func (h *Handler) ofConnection(serve page) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if _, err := h.Flow.Connection(r.Context(), &v.Place, r.PathValue("connection")); err != nil {
			return err
		}
		return serve(w, r, v)
	}
}

// stage is one of the four of a connection, or of the three of settings that are
// prepared beside its own.
type stage string

// The stages.
const (
	toConfigure stage = "configure"
	toTest      stage = "test"
	toDefaults  stage = "defaults"
	toActivate  stage = "activate"
	toSwap      stage = "swap" // of settings that are prepared
)

// stagePath returns where a stage is done.
func stagePath(s stage) string {
	switch s {
	case toConfigure:
		return configurePath
	case toTest:
		return testPath
	case toDefaults:
		return defaultsPath
	case toSwap:
		return swapPath
	}
	return activatePath
}

// wizard is the frame of the pages of a connection: its stages stand beside
// each, so that whoever comes sees how far it is.
type wizard struct {
	ui.Shell
	Name    string   // of the connection
	Switch  []ui.Tab // between the live settings and those beside them
	Stages  []ui.Step
	Heading ui.Text // of the page
	Notices []ui.Notice
}

// toConnection returns a path of a connection. To whoever acts as the owner its
// pages are closed.
func (v *visit) toConnection(c *sso.Connection, path string) string {
	if v.who.By.Session.ActedAs() {
		return ""
	}
	return v.to(path, "{connection}", c.Key)
}

// wizard returns the frame of a page of a connection at a stage.
func (v *visit) wizard(c *sso.Connection, at stage, heading ui.Text) wizard {
	w := wizard{Shell: v.shell(), Name: c.Name, Heading: heading}
	w.Trail, w.Under = append(w.Trail, ui.Link{Name: ui.Say("console_sso"), Path: v.to(ssoPath)}), v.to(ssoPath)
	w.Switch = v.switcher(c)
	for _, s := range v.stages() {
		step := ui.Step{Name: ui.Say("stage_" + string(s)), Text: ui.Say("stage_" + string(s) + "_text"), Current: s == at}
		step.Path = v.toConnection(c, stagePath(s))
		step.State, step.Word = standing(c, s)
		w.Stages = append(w.Stages, step)
	}
	return w
}

// stages are those of the settings that the visit is about.
func (v *visit) stages() []stage {
	if v.which == sso.Prepared {
		return []stage{toConfigure, toTest, toSwap}
	}
	return []stage{toConfigure, toTest, toDefaults, toActivate}
}

// standing says how a stage of a connection stands.
func standing(c *sso.Connection, s stage) (ui.State, ui.Text) {
	live := c.State == sso.ConnectionActive || c.State == sso.ConnectionDisabled
	switch {
	case s == toConfigure && c.Complete() == nil, s == toTest && (c.State == sso.ConnectionTested || live), s == toDefaults && live, s == toActivate && c.State == sso.ConnectionActive:
		return ui.OK, ui.Say("stage_done")
	case s == toActivate && c.State == sso.ConnectionDisabled:
		return ui.Warn, ui.Say("connection_disabled")
	case s == toConfigure, s == toTest && c.Complete() == nil:
		return ui.Pending, ui.Say("stage_open")
	}
	return ui.Plain, ui.Text{}
}

// views are the pages of the first stage.
func (v *visit) views(c *sso.Connection, at string) []ui.Tab {
	var tabs []ui.Tab
	for _, t := range []struct{ path, key string }{
		{configurePath, "view_guide"}, {attributesPath, "view_attributes"}, {certificatesPath, "view_certificates"}, {settingsPath, "view_settings"}, {editPath, "view_edit"},
	} {
		if v.which != sso.Live && !ofSettings(t.path) {
			continue
		}
		tabs = append(tabs, ui.Tab{Name: ui.Say(t.key), Path: v.toConnection(c, t.path), Current: t.path == at})
	}
	return tabs
}

// configuring returns the frame of a page of the first stage.
func (v *visit) configuring(c *sso.Connection, at string, heading ui.Text) wizard {
	w := v.wizard(c, toConfigure, heading)
	w.Tabs = v.views(c, at)
	return w
}

// next returns the path of the page of a connection where something is to be
// done.
func (v *visit) next(c *sso.Connection) string {
	if c.Complete() == nil && c.State == sso.ConnectionDraft {
		return v.toConnection(c, testPath)
	}
	return v.toConnection(c, configurePath)
}

// edits returns what a form is about: which connection, in the version of the
// page that it stood on.
func (v *visit) edits(version string) *connect.Edit {
	n, _ := strconv.ParseInt(version, 10, 64) // 0 is no version that anybody looked at
	return &connect.Edit{Who: &v.who, Org: v.ID, Key: v.r.PathValue("connection"), Which: v.which, Version: n}
}

// seen carries the version of a page along.
func seen(c *sso.Connection) []ui.Hidden {
	return []ui.Hidden{{Name: "version", Value: strconv.FormatInt(c.Version, 10)}}
}

// again shows a form once more with what is wrong with it. A colleague who was
// quicker is told of above the form; it then holds the version that is stored,
// so that saving it once more is meant.
func again(r *http.Request, f ui.Filled, err error, fields map[string]string, show func(f ui.Filled, notices []ui.Notice, status int) error) error {
	if fault.Is(err, "connection_changed") {
		_, status := web.Record(r, err)
		return show(f, []ui.Notice{{State: ui.Warn, Title: ui.Say("changed_meanwhile"), Text: ui.Problem("connection_changed")}}, status)
	}
	return f.Again(r, err, fields, func(f ui.Filled, status int) error { return show(f, nil, status) })
}

// said is a text of the catalogue of identity providers, with our values in it.
type said struct {
	idp.Text
	ours idp.Values
}

// Runs implements [ui.Marked].
func (s said) Runs(language string) []ui.Run {
	var runs []ui.Run
	for _, span := range idp.Spans(s.In(language), s.ours) {
		run := ui.Run{Text: span.Text}
		switch span.Kind {
		case idp.Label:
			run.Mark = ui.MarkLabel
		case idp.Code, idp.OfOurs:
			run.Mark = ui.MarkCode
		case idp.Missing:
			run.Text = "{" + span.Text + "}"
		}
		runs = append(runs, run)
	}
	return runs
}

// say returns a text of the catalogue, or nil for none.
func say(t idp.Text, ours idp.Values) ui.Marked {
	if t.IsZero() {
		return nil
	}
	return said{t, ours}
}

// clicked is one step of the way through a console.
type clicked idp.Click

// Runs implements [ui.Marked].
func (c clicked) Runs(language string) []ui.Run {
	click := idp.Click(c)
	run := ui.Run{Text: click.In(language)}
	if click.IsLabel() {
		run.Mark = ui.MarkLabel
	}
	return []ui.Run{run}
}

func clicks(path []idp.Click) []ui.Marked {
	var all []ui.Marked
	for _, c := range path {
		all = append(all, clicked(c))
	}
	return all
}
