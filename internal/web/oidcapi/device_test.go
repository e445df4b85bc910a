package oidcapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/webtest"
)

// addCLI registers an app for devices.
func (s *site) addCLI() {
	s.Helper()
	now := time.Now()
	err := s.grants.DB.Write(s.Context(), func(tx *store.Writer) error {
		return tx.SaveApp(s.Context(), sso.App{
			ID: sso.NewAppID(now), Key: "cli", Name: "Command line", ClientID: "cli", Kind: sso.AppNative, AuthMethod: sso.AuthNone,
			GrantTypes: []sso.GrantType{sso.GrantDevice, sso.GrantRefresh}, CreatedAt: now, UpdatedAt: now,
		})
	})
	if err != nil {
		s.Fatal(err)
	}
}

// codes are what a device gets first.
type codes struct {
	Device   string `json:"device_code"`
	User     string `json:"user_code"`
	URI      string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Expires  int    `json:"expires_in"`
	Interval int    `json:"interval"`
}

func (s *site) device() codes {
	s.Helper()
	got := s.ask(http.MethodPost, oidc.DevicePath, url.Values{"client_id": {"cli"}, "scope": {"openid email offline_access"}}.Encode(), "User-Agent: acme-cli/1.0 <b>")
	var c codes
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
		s.Fatalf("%s %s", got.Status, got.body)
	}
	return c
}

func (s *site) poll(c codes) (status int, body map[string]any) {
	s.Helper()
	got := s.ask(http.MethodPost, oidc.TokenPath, url.Values{"grant_type": {string(oidc.DeviceCode)}, "device_code": {c.Device}, "client_id": {"cli"}}.Encode())
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		s.Fatalf("%s %s", got.Status, got.body)
	}
	return got.StatusCode, body
}

// signedIn returns a browser in which the person is signed in.
func (s *site) signedIn() *webtest.Browser {
	s.Helper()
	b := webtest.NewBrowser(s.T, s.base)
	b.Keep("sallyport-session", s.session.Reveal())
	return b
}

func TestSomebodySignsADeviceIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addCLI()
	c := s.device()
	if c.URI != s.base+"/device" || c.Complete != c.URI+"?user_code="+c.User || c.Expires != 600 || c.Interval != 5 {
		t.Errorf("the device gets %+v", c)
	}
	if status, body := s.poll(c); status != http.StatusBadRequest || body["error"] != "authorization_pending" {
		t.Errorf("before: %d %v", status, body)
	}
	b := s.signedIn()
	if empty := b.Get("/device"); empty.Status != http.StatusOK || !empty.Has("code") {
		t.Errorf("without a code: %d %s", empty.Status, empty.Body)
	}
	typed := b.Get("/device?user_code=" + c.User)
	if !strings.Contains(typed.Body, `value="`+c.User+`"`) {
		t.Errorf("the code is not filled in:\n%s", typed.Body)
	}
	asked := typed.Submit(nil, "", "")
	for _, want := range []string{"Sign in Command line?", c.User, "127.0.0.1", "acme-cli/1.0 &lt;b&gt;", "your e-mail address", "Agree only if you began this yourself"} {
		if !strings.Contains(asked.Body, want) {
			t.Errorf("the page does not say %q:\n%s", want, asked.Body)
		}
	}
	if done := asked.Submit(nil, "answer", "approve"); done.Status != http.StatusOK || done.Heading() != "Signed in" {
		t.Fatalf("%d %s", done.Status, done.Body)
	}
	err := s.grants.DB.Write(t.Context(), func(tx *store.Writer) error { // the device has waited
		return tx.AskDeviceCode(t.Context(), sso.DeviceCode{Device: secret.ParseToken(c.Device).Hash(), Interval: 5})
	})
	if err != nil {
		t.Fatal(err)
	}
	status, body := s.poll(c)
	if status != http.StatusOK || body["refresh_token"] == nil || body["id_token"] == nil || body["scope"] != "openid email offline_access" {
		t.Errorf("after: %d %v", status, body)
	}
}

func TestADeviceIsNotSignedInByALinkOrAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addCLI()
	c := s.device()
	form := url.Values{"code": {c.User}, "answer": {"approve"}}
	stranger := webtest.NewBrowser(t, s.base)
	if got := s.ask(http.MethodGet, "/device?user_code="+c.User, ""); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != s.base+"/login?back=%2Fdevice%3Fuser_code%3D"+c.User {
		t.Errorf("nobody is signed in: %s to %s, want the sign-in, and back", got.Status, got.Header.Get("Location"))
	}
	b := s.signedIn()
	for name, got := range map[string]*webtest.Page{
		"nobody":              stranger.Post("/device/confirm", form),
		"another site":        b.PostFromElsewhere("/device/confirm", form),
		"a link":              b.Get("/device/confirm?" + form.Encode()),
		"parameters in it":    b.Post("/device/confirm?"+form.Encode(), nil),
		"a mistyped code":     b.Post("/device/confirm", url.Values{"code": {"BBBB-BBBB"}, "answer": {"approve"}}),
		"no code of the sort": b.Post("/device", url.Values{"code": {`<script>`}}),
	} {
		if got.Status == http.StatusOK || strings.Contains(got.Body, "<script>") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if status, body := s.poll(c); status != http.StatusBadRequest || body["error"] != "authorization_pending" {
		t.Errorf("the device: %d %v, want authorization_pending", status, body)
	}
	// Whoever acts as the person may not: it would outlast the acting.
	s.actor = "usr_operator"
	if got := b.Post("/device/confirm", form); !strings.Contains(got.Body, "acting_lasting") {
		t.Errorf("acting: %d %s, want acting_lasting", got.Status, got.Body)
	}
}

func TestWhoRefusesIsBelieved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addCLI()
	for name, form := range map[string]url.Values{
		"by the button":       {"answer": {"refuse"}},
		"by no button at all": {},
	} {
		c := s.device()
		form.Set("code", c.User)
		if done := s.signedIn().Post("/device/confirm", form); done.Heading() != "Not signed in" {
			t.Errorf("%s: %d %s", name, done.Status, done.Body)
		}
		if status, body := s.poll(c); status != http.StatusBadRequest || body["error"] != "access_denied" {
			t.Errorf("%s: the device learns %d %v", name, status, body)
		}
	}
}
