package operator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// askTry serves GET /operator/apps/{app}/try.
func (h *Handler) askTry(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, tryPage(&v.App))
}

func tryPage(a *sso.App) formPage {
	p := formPage{Shell: appShell(a, tabTry, changes), Name: ui.As(a.Name)}
	p.Forms = []form{{
		Title: ui.Say("app_try_title"), Text: ui.Say("app_try_text"), Action: pathOfApp(a.Key) + "/try",
		Submit: ui.Submit{Word: ui.Say("app_try_do"), Icon: "play"},
	}}
	return p
}

// try serves POST /operator/apps/{app}/try: it sends the browser on the way that
// it would go from the app.
func (h *Handler) try(w http.ResponseWriter, r *http.Request) error {
	by, key := web.ByFrom(r), r.PathValue("app")
	web.RetryAt(r, pathOfApp(key)+"/try")
	to, err := h.Grants.BeginTrial(r.Context(), &by, key)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, to)
}

// triedPage shows what an app would see.
type triedPage struct {
	ui.Shell
	Name    ui.Text
	Notice  ui.Notice
	Parts   []triedPart
	Again   ui.Button
	Summary []ui.Fact
}

// triedPart is a document that the app would get.
type triedPart struct {
	Title, Text ui.Text
	Members     []ui.Fact
	Folded      bool // few ask for more than that it is there
}

// Head implements [ui.Page].
func (p triedPage) Head() ui.Head { return ui.Head{Template: "tried", Title: p.Name} }

// tried serves GET /operator/try, where the answer to a trial comes back. What
// the app would be given is shown, and was never given to anybody.
func (h *Handler) tried(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	web.RetryAt(r, appsPath)
	got, err := h.Grants.FinishTrial(r.Context(), &by, r.URL.Query())
	if err != nil {
		return err
	}
	p, err := showTried(&got)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, p)
}

func showTried(got *grant.Tried) (triedPage, error) {
	path := pathOfApp(got.App.Key) + "/try"
	p := triedPage{Shell: appShell(&got.App, tabNone, changes), Name: ui.Say("app_tried", "Name", got.App.Name), Again: ui.Button{Word: ui.Say("app_try_again"), Path: path, Icon: "refresh"}}
	if got.Refused != "" {
		p.Notice = ui.Notice{State: ui.Refused, Title: ui.Say("app_tried_refused"), Text: ui.Say("app_tried_refused_text", "Code", string(got.Refused), "Why", got.Why)}
		return p, nil
	}
	p.Notice = ui.Notice{State: ui.OK, Title: ui.Say("app_tried_ok"), Text: ui.Say("app_tried_ok_text")}
	p.Summary = []ui.Fact{
		{Name: ui.Say("app_tried_scope"), Value: ui.As(got.Scope), Mono: true},
		{Name: ui.Say("app_tried_life"), Value: ui.Count("app_tried_minutes", int(got.ExpiresIn.Minutes()))},
	}
	for _, part := range []struct {
		what   string
		text   []byte
		folded bool
	}{{"claims", got.Claims, false}, {"userinfo", got.Userinfo, true}, {"header", got.Header, true}} {
		members, err := membersOf(part.text, &got.App)
		if err != nil {
			return p, err
		}
		p.Parts = append(p.Parts, triedPart{Title: ui.Say("app_tried_" + part.what), Text: ui.Say("app_tried_" + part.what + "_text"), Members: members, Folded: part.folded})
	}
	return p, nil
}

// membersOf lists the members of a JSON object, in their order, each with what it
// means, and an instant in words.
func membersOf(object []byte, a *sso.App) ([]ui.Fact, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the brace
		return nil, err
	}
	var all []ui.Fact
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		called, _ := name.(string) // of an object they are texts
		m := ui.Fact{Name: ui.As(called), Value: ui.As(string(value)), Mono: true, Sub: meaning(called, a)}
		if slices.Contains([]string{"exp", "iat", "auth_time", "updated_at"}, called) {
			if at, err := strconv.ParseInt(string(value), 10, 64); err == nil {
				m.Sub = ui.Between(" · ", ui.At(time.Unix(at, 0)), m.Sub)
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// meaning says what a claim means.
func meaning(name string, a *sso.App) ui.Text {
	switch name {
	case a.Claims.RoleClaim:
		return ui.Say("claim_own_role")
	case a.Claims.GroupsClaim:
		return ui.Say("claim_own_groups")
	case "alg", "kid", "typ", "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "amr", "acr", "at_hash", "name", "given_name", "family_name",
		"preferred_username", "updated_at", "email", "email_verified", "groups", "org", "org_id", "org_key", "roles":
		return ui.Say("claim_" + name)
	default:
		return ui.Say("claim_other")
	}
}
