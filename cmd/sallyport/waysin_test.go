package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A way is one by which somebody comes in, or gets what lets them in, without
// their identity provider.
type way struct {
	routes []string // that are part of it
	try    func(d *doors) error
	codes  []string // of the refusal where single sign-on is demanded; none: it is not asked
}

// ways are all of them. Somebody who adds another one adds it here.
func ways() map[string]way {
	const demanded, over = "policy_sso_required", "session_sso_required"
	return map[string]way{
		"password": {
			[]string{"GET /login", "POST /login", "GET /login/{org}", "GET /login/email", "GET /login/password", "POST /login/password", "GET /login/continue", "POST /login/switch"},
			(*doors).byPassword, []string{demanded},
		},
		"password of a username":    {nil, (*doors).byUsername, []string{demanded}},
		"password, second factor":   {[]string{"GET /login/factor", "POST /login/factor", "POST /login/factor/send"}, (*doors).bySecondFactor, []string{demanded}},
		"password, remembered":      {nil, (*doors).byDevice, []string{demanded}},
		"passkey":                   {[]string{"GET /login/passkey", "POST /login/passkey"}, (*doors).byPasskey, []string{demanded}},
		"reset asked for":           {[]string{"GET /login/reset", "POST /login/reset"}, (*doors).askReset, []string{demanded}},
		"reset link":                {[]string{"GET /login/reset/{token}", "POST /login/reset/{token}"}, (*doors).reset, []string{demanded}},
		"registration link":         {[]string{"GET /login/register/{token}", "POST /login/register/{token}"}, (*doors).register, []string{demanded}},
		"invitation":                {[]string{"GET /login/invitation/{token}", "POST /login/invitation/{token}"}, (*doors).accept, []string{"invitation_way"}},
		"password set when in":      {nil, (*doors).setPassword, []string{demanded}},
		"session":                   {[]string{"GET /oauth2/authorize", "POST /oauth2/authorize", "GET /{$}"}, (*doors).session, []string{over}},
		"session that is confirmed": {[]string{"GET /login/confirm"}, (*doors).confirm, []string{over}},
		"code of an app":            {[]string{"POST /oauth2/token"}, (*doors).code, []string{"invalid_grant"}},
		"token of an app":           {[]string{"GET /oauth2/userinfo", "POST /oauth2/userinfo", "POST /oauth2/introspect"}, (*doors).userinfo, []string{"invalid_token"}},
		"refresh token of an app":   {nil, (*doors).refresh, []string{"invalid_grant"}},
		"agreement to a device":     {[]string{"POST /oauth2/device_authorization"}, (*doors).agree, []string{over}},
		"code of a device":          {nil, (*doors).device, []string{"invalid_grant"}},
		// It is the owner's way in where all others are closed.
		"break-glass code": {[]string{"GET /login/break-glass", "POST /login/break-glass"}, (*doors).breakGlass, nil},
		// Support comes in as who they are: their own organization's policy is asked.
		"acting": {nil, (*doors).act, nil},
	}
}

// noWays are routes for who is not signed in that are no way in, and why.
func noWays() map[string]string {
	const (
		page = "a page or file that is the same for everybody"
		part = "a step between a first proof and its end, at which it is judged"
		idp  = "through the identity provider"
		out  = "out"
		test = "a test, which never becomes a session"
		told = "what is handed out about a sign-in that is over"
		back = "begins a sign-in like any other"
		look = "tells a program what it has sent"
		kept = "keeps a request until its browser comes with it"
	)
	return map[string]string{
		"GET /.well-known/oauth-authorization-server": page, "GET /.well-known/openid-configuration": page, "GET /api/v1/openapi.json": page, "GET /docs/api": page, "GET /docs/api/style.css": page, "GET /assets/{file}": page, "GET /logos/{logo}": page, "GET /oauth2/jwks": page,
		"GET /saml/{connection}/metadata": page, "OPTIONS /oauth2/token": page, "OPTIONS /oauth2/userinfo": page, "OPTIONS /oauth2/revoke": page, "OPTIONS /oauth2/par": page,
		"GET /login/again": part, "GET /login/choose": part, "POST /login/choose": part, "GET /login/enrol": part, "POST /login/enrol": part, "POST /login/enrol/codes": part, "POST /login/enrol/number": part,
		"GET /login/first": idp, "POST /login/first": idp, "POST /login/first/new": idp, "POST /login/first/passkey": idp, "GET /login/sso": idp,
		"GET /saml/acs": idp, "POST /saml/acs": idp, "GET /saml/{connection}/acs": idp, "POST /saml/{connection}/acs": idp,
		"POST /logout": out, "GET /oauth2/logout": out, "POST /oauth2/logout": out, "POST /oauth2/logout/confirm": out, "POST /oauth2/revoke": out, "GET /signed-out": out, "GET /signed-out/here": out, "GET /saml/{connection}/slo": out, "POST /saml/{connection}/slo": out,
		"GET /bundle/{token}": told, "GET /bundle/{token}/trace.json": told, "GET /login/tile": back, "GET /oauth2/start": back,
		"GET /doctor/{token}": look, "POST /oauth2/par": kept, "GET /test/done": test, "GET /test/{token}": test, "POST /test/{token}": test,
	}
}

// TestEveryRouteIsAWayInOrNone fails when a route for who is not signed in is
// new, so that nobody forgets to ask there whether single sign-on is demanded.
// All other routes stand on a session, a setup link or the key of a program.
func TestEveryRouteIsAWayInOrNone(t *testing.T) {
	t.Parallel()
	known := map[string]int{}
	for _, w := range ways() {
		for _, r := range w.routes {
			known[r]++
		}
	}
	for r, why := range noWays() {
		if why == "" {
			t.Errorf("%s is no way in, and nobody says why", r)
		}
		known[r]++
	}
	for _, r := range routeTable(t) {
		if slices.Contains([]string{"signed-in", "console", "support", "operator", "setup-link", "api"}, r.access) {
			continue
		}
		route := r.method + " " + r.path
		if known[route] != 1 {
			t.Errorf("%s is %d ways in or none: have ways() or noWays() say which", route, known[route])
		}
		delete(known, route)
	}
	for r := range known {
		t.Errorf("%s is not in the table of routes", r)
	}
}

// TestOnlyKnownCodeMakesSessions fails when sessions, codes or tokens are made
// elsewhere than where it is judged whether their person may come in.
func TestOnlyKnownCodeMakesSessions(t *testing.T) {
	t.Parallel()
	makes := regexp.MustCompile(`\b(?:tx|s)\.(InsertSession|InsertSessionOf|RefreshSession|RotateSession|RenewSession|InsertToken|InsertGrant|code)\(`)
	want := []string{
		"account/credentials.go RotateSession", "grant/authorize.go code", "grant/exchange.go InsertGrant", "grant/exchange.go InsertSession", "grant/exchange.go InsertToken", "grant/refresh.go InsertToken", "operate/actas.go InsertSession", "operate/actas.go RotateSession",
		"signin/confirm.go RefreshSession", "signin/finish.go InsertSession", "signin/finish.go InsertSessionOf", "signin/session.go RenewSession",
	}
	var got []string
	files, err := filepath.Glob(filepath.Join("..", "..", "internal", "*", "*.go"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		room := filepath.Base(filepath.Dir(file))
		if strings.HasSuffix(file, "_test.go") || room == "storetest" {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range makes.FindAllStringSubmatch(string(src), -1) {
			if line := room + "/" + filepath.Base(file) + " " + m[1]; !slices.Contains(got, line) {
				got = append(got, line)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("sessions and tokens are made at\n%s\nwant\n%s\nWhoever makes them elsewhere asks whether single sign-on is demanded, and stands in ways()", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEnforcementIsAskedAtEveryWayIn tries each way while single sign-on is
// optional, demanded, paused, and demanded of the members of some groups.
func TestEnforcementIsAskedAtEveryWayIn(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		for name, w := range ways() {
			t.Run(e.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				d := newDoors(t, e.Open(t))
				begun := d.now()
				required := sso.Policy{SSO: sso.SSORequired, LocalUntil: begun}
				paused := required
				paused.Pause = sso.Pause{Until: begun.Add(time.Hour)}
				for _, step := range []struct {
					when   string
					policy sso.Policy
					open   bool
				}{
					{"optional", sso.Policy{SSO: sso.SSOOptional}, true},
					{"required", required, false},
					{"paused", paused, true},
					{"required again", required, false},
					{"a pilot of others", sso.Policy{SSO: sso.SSOPilot, Pilot: []sso.GroupID{"grp_other"}, LocalUntil: begun}, true},
					{"a pilot of theirs", sso.Policy{SSO: sso.SSOPilot, Pilot: d.groups, LocalUntil: begun}, false},
					{"off", sso.Policy{SSO: sso.SSOOff}, true},
				} {
					d.at.Add((8 * time.Minute).Microseconds()) // resets are bounded
					d.demand(step.policy)
					err := w.try(d)
					if step.open || w.codes == nil {
						if err != nil {
							t.Errorf("%s: %v, want them in", step.when, err)
						}
						continue
					}
					if !slices.Contains(w.codes, codeOf(err)) {
						t.Errorf("%s: %v, want %v", step.when, err, w.codes)
					}
				}
			})
		}
	}
}

func codeOf(err error) string {
	if token, ok := errors.AsType[*oidc.TokenError](err); ok {
		return string(token.Code)
	}
	if bearer, ok := errors.AsType[*oidc.BearerError](err); ok {
		return string(bearer.Code)
	}
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}
