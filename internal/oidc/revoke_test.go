package oidc_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
)

func TestNarrowNeverWidens(t *testing.T) {
	t.Parallel()
	granted := oidc.OpenID | oidc.Email | oidc.OfflineAccess
	for asked, want := range map[string]oidc.Scope{
		"":                            granted,
		"openid":                      oidc.OpenID,
		"openid email offline_access": granted,
		"openid something":            oidc.OpenID, // unknown ones are ignored
		"openid profile":              0,
		"email":                       0,
	} {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"r3fresh"}, "client_id": {"portal"}, "scope": {asked}}
		r, err := oidc.ReadToken(nil, "", form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Narrow(granted)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: Narrow() = %s, %v, want %s", asked, got, err, want)
		}
		if refusal, ok := errors.AsType[*oidc.TokenError](err); err != nil && (!ok || refusal.Code != oidc.InvalidScope) {
			t.Errorf("%q: Narrow() = %v, want invalid_scope", asked, err)
		}
	}
}

func TestReadTokenQuestionRefuses(t *testing.T) {
	t.Parallel()
	good := url.Values{"token": {"t0ken"}, "token_type_hint": {"refresh_token"}}
	for name, tc := range map[string]struct {
		query         string
		hostile, twin url.Values
		code          oidc.Code
	}{
		"no token":         {"", with(good, "token"), good, oidc.InvalidRequest},
		"two tokens":       {"", with(good, "token", "a", "b"), with(good, "token", "a"), oidc.InvalidRequest},
		"endless token":    {"", with(good, "token", strings.Repeat("t", 513)), with(good, "token", strings.Repeat("t", 512)), oidc.InvalidRequest},
		"token in the URL": {"token=t0ken", good, good, oidc.InvalidRequest},
		"two hints":        {"", with(good, "token_type_hint", "a", "b"), with(good, "token_type_hint", "unknown"), oidc.InvalidRequest},
	} {
		if q, err := oidc.ReadTokenQuestion(basic("portal", "secret"), "", tc.twin.Encode()); err != nil || q.Token.IsZero() || q.Client.ClientID != "portal" {
			t.Errorf("%s: twin: ReadTokenQuestion() = %+v, %v", name, q, err)
		}
		_, err := oidc.ReadTokenQuestion(basic("portal", "secret"), tc.query, tc.hostile.Encode())
		if refusal, ok := errors.AsType[*oidc.TokenError](err); !ok || refusal.Code != tc.code {
			t.Errorf("%s: ReadTokenQuestion() = %v, want %s", name, err, tc.code)
		}
	}
	if _, err := oidc.ReadTokenQuestion(nil, "", good.Encode()); err == nil {
		t.Error("a question of nobody is read")
	}
}

// What is said of a token that is good for nothing is the same whatever the
// reason, and tells nothing.
func TestIntrospectionOfWhatIsOver(t *testing.T) {
	t.Parallel()
	over := oidc.Introspection{Subject: "usr_1", ClientID: "portal", Expires: time.Unix(1, 0)}
	if got := string(over.JSON()); got != `{"active":false}` {
		t.Errorf("JSON() = %s", got)
	}
	over.Active = true
	var got map[string]any
	if err := json.Unmarshal(over.JSON(), &got); err != nil || got["active"] != true || got["sub"] != "usr_1" || got["client_id"] != "portal" {
		t.Errorf("twin: JSON() = %s, %v", over.JSON(), err)
	}
}

// No question about a token is read from anything but one form.
func FuzzReadTokenQuestion(f *testing.F) {
	f.Add("Basic cG9ydGFsOnNlY3JldA==", "", "token=t0ken&token_type_hint=access_token")
	f.Add("", "token=x", "client_id=portal&token=t0ken")
	f.Fuzz(func(t *testing.T, header, query, body string) {
		var headers []string
		if header != "" {
			headers = []string{header}
		}
		q, err := oidc.ReadTokenQuestion(headers, query, body)
		if err != nil {
			return
		}
		form, parsed := url.ParseQuery(body)
		if parsed != nil || query != "" || len(form["token"]) != 1 || q.Token.Reveal() != form.Get("token") || q.Client.ClientID == "" {
			t.Fatalf("ReadTokenQuestion(%q, %q, %q) = %+v", header, query, body, q)
		}
	})
}
