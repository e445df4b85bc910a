package connect

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// settingsPage changes our side of a connection.
type settingsPage struct {
	wizard
	Action   string
	Hidden   []ui.Hidden
	Sign     ui.Select
	Binding  ui.Select
	Format   ui.Select
	Force    ui.Check
	Encrypt  ui.Select
	EntityID *ui.Input
	Shared   *ui.Check
	Tile     *ui.Check
	Logout   *ui.Check // nil: the identity provider has none
	Legacy   []ui.Input
	Open     bool // the list of old practices
	Submit   ui.Submit
}

// Head implements [ui.Page].
func (p settingsPage) Head() ui.Head { return ui.Head{Template: "settings", Title: ui.As(p.Name)} }

// askSettings serves GET …/sso/{connection}/settings.
func (h *Handler) askSettings(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showSettings(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showSettings(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := settingsPageOf(v, &c, f, h.Flow.Now())
	p.Notices = append(notices, p.Notices...)
	return h.UI.Render(w, r, status, p)
}

// chosen returns a select with a text for each value: key_value, and key_auto
// for the empty one.
func chosen[T ~string](name, key string, value T, all ...T) ui.Select {
	s := ui.Select{Name: name, Label: ui.Say(key), Help: ui.Say(key + "_help"), Value: string(value)}
	for _, x := range all {
		word := string(x)
		if word == "" {
			word = "auto"
		}
		s.Options = append(s.Options, ui.Option{Value: string(x), Label: ui.Say(key + "_" + word)})
	}
	return s
}

func settingsPageOf(v *visit, c *connect.Configuration, f ui.Filled, now time.Time) settingsPage {
	x := &c.SAML
	p := settingsPage{
		wizard: v.configuring(&c.Connection, settingsPath, ui.Say("view_settings")),
		Action: v.toConnection(&c.Connection, settingsPath), Hidden: seen(&c.Connection),
		Sign:    f.Select(chosen("sign", "sign_requests", x.SignRequests, sso.SignAuto, sso.SignAlways, sso.SignNever)),
		Binding: f.Select(chosen("binding", "request_binding", x.RequestBinding, "", sso.BindingRedirect, sso.BindingPOST)),
		Format:  f.Select(formatSelect(x.NameIDFormat)),
		Force:   f.Check(ui.Check{Name: "force", Label: ui.Say("force_authn"), Help: ui.Say("force_authn_help"), Checked: x.ForceAuthn}),
		Encrypt: f.Select(chosen("encryption", "encryption", x.Encryption, sso.EncryptionOff, sso.EncryptionAccepted, sso.EncryptionRequired)),
		Submit:  ui.Submit{Word: ui.Say("save")},
	}
	if v.which == sso.Live { // what identity providers were told of us is no part of what is prepared
		entity := f.Input(ui.Input{Name: "entity_id", Label: ui.Say("sp_entity_id"), Help: ui.Say("sp_entity_id_help"), Value: x.SPEntityID, Max: sso.MaxEntityID, Mono: true, Optional: true})
		shared := f.Check(ui.Check{Name: "shared", Label: ui.Say("shared_acs"), Help: ui.Say("shared_acs_help"), Checked: x.SharedACS})
		tile := f.Check(ui.Check{Name: "tile", Label: ui.Say("tile"), Help: ui.Say("tile_help"), Checked: x.IdPInitiated})
		p.EntityID, p.Shared, p.Tile = &entity, &shared, &tile
	}
	if _, there := x.LogoutEndpoint(); there {
		check := f.Check(ui.Check{Name: "logout", Label: ui.Say("logout_there"), Help: ui.Say("logout_there_help"), Checked: x.Logout})
		p.Logout = &check
	}
	days := map[sso.LegacySwitch]time.Time{}
	for _, l := range x.Legacy {
		days[l.Switch] = l.Until
	}
	for _, sw := range sso.LegacySwitches() {
		day := ""
		if until := days[sw]; !until.IsZero() {
			day = until.AddDate(0, 0, -1).Format(time.DateOnly)
		}
		in := f.Input(ui.Input{Name: legacyName(sw), Label: ui.Say("legacy_" + keyOf(sw)), Help: ui.Say("legacy_" + keyOf(sw) + "_help"), Type: "date", Value: day, Optional: true})
		if in.Value != "" {
			p.Open = true
		}
		p.Legacy = append(p.Legacy, in)
	}
	if on := x.LegacyOn(now); len(on) > 0 {
		n := ui.Notice{State: ui.Warn, Title: ui.Say("legacy_on"), Text: ui.Say("legacy_on_text")}
		for _, l := range on {
			n.Points = append(n.Points, ui.Say("legacy_"+keyOf(l.Switch)))
		}
		p.Notices = append(p.Notices, n)
	}
	return p
}

// legacyName is the field for an old practice.
func legacyName(sw sso.LegacySwitch) string { return "legacy-" + string(sw) }

// keyOf returns the name of an old practice as keys of texts have it.
func keyOf(sw sso.LegacySwitch) string {
	b := []byte(sw)
	for i := range b {
		if b[i] == '-' {
			b[i] = '_'
		}
	}
	return string(b)
}

// formatSelect offers the formats of the NameID. One that came by a file stays.
func formatSelect(value string) ui.Select {
	s := ui.Select{Name: "format", Label: ui.Say("nameid_format"), Help: ui.Say("nameid_format_help"), Value: value}
	known := false
	for _, format := range connect.NameIDFormats() {
		known = known || format.URI == value
		s.Options = append(s.Options, ui.Option{Value: format.URI, Label: ui.Say("nameid_format_" + format.Name)})
	}
	if !known {
		s.Options = append(s.Options, ui.Option{Value: value, Label: ui.As(value)})
	}
	return s
}

// saveSettings serves POST …/sso/{connection}/settings.
func (h *Handler) saveSettings(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e, to := v.edits(form.Get("version")), settingsIn(form)
	if v.which != sso.Live { // is not asked for
		c, err := h.Flow.Connection(r.Context(), &v.Place, e.Key)
		if err != nil {
			return err
		}
		to.SPEntityID, to.SharedACS, to.IdPInitiated = c.SAML.SPEntityID, c.SAML.SharedACS, c.SAML.IdPInitiated
	}
	if err := h.Flow.SaveSettings(r.Context(), e, to); err != nil {
		fields := map[string]string{"entity_id_form": "entity_id", "entity_id_other": "entity_id", "connection_no_endpoint": "binding", "connection_tile_shared": "tile", "legacy_until": badDay(form, h.Flow.Now())}
		return again(r, ui.Filled{Values: form}, err, fields, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showSettings(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(settingsPath, "{connection}", e.Key), "connection_settings"))
}

func settingsIn(form url.Values) connect.Settings {
	s := connect.Settings{
		SignRequests: sso.RequestSign(form.Get("sign")), RequestBinding: sso.Binding(form.Get("binding")), NameIDFormat: form.Get("format"),
		ForceAuthn: form.Has("force"), Encryption: sso.Encryption(form.Get("encryption")), SPEntityID: form.Get("entity_id"),
		SharedACS: form.Has("shared"), IdPInitiated: form.Has("tile"), Logout: form.Has("logout"), Legacy: map[sso.LegacySwitch]string{},
	}
	for _, sw := range sso.LegacySwitches() {
		s.Legacy[sw] = form.Get(legacyName(sw))
	}
	return s
}

// badDay returns the first field of an old practice whose day is none.
func badDay(form url.Values, now time.Time) string {
	for _, sw := range sso.LegacySwitches() {
		name := legacyName(sw)
		if day := form.Get(name); day != "" {
			if d, err := time.Parse(time.DateOnly, day); err != nil || d.After(now.Add(connect.MaxLegacy)) {
				return name
			}
		}
	}
	return legacyName(sso.LegacySwitches()[0])
}
