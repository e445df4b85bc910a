package grant_test

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// ours reports whether an error is a failure of ours, and no refusal.
func ours(err error) bool {
	if _, ok := errors.AsType[*oidc.TokenError](err); ok || err == nil {
		return false
	}
	if _, ok := errors.AsType[*oidc.BearerError](err); ok {
		return false
	}
	f, ok := errors.AsType[*fault.Error](err)
	return !ok || f.Kind == fault.Internal
}

// What is no text gets as far as to a database that would not take it, or is
// refused before: it is no failure of ours, and no name of anybody's.
func TestWhatIsNoTextIsNoFailureOfOurs(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		h.withReturn()
		d := newDevice(h, "openid")
		names := func(v url.Values, more ...string) (all []string) {
			for name := range v {
				all = append(all, name)
			}
			return append(all, more...)
		}
		for _, value := range []string{"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "\ufeff\u202e", strings.Repeat("\x00", 99), "org_\x00", "'\\"} {
			with := func(v url.Values, name string) url.Values {
				out := url.Values{}
				for n := range v {
					out[n] = v[n]
				}
				out.Set(name, value)
				return out
			}
			authorize := request(&h.portal)
			for _, name := range names(authorize, "organization", "login_hint", "id_token_hint", "prompt", "max_age", "ui_locales", "acr_values", "claims", "response_mode", "request_uri", "dpop_jkt") {
				for _, person := range []*sso.Person{nil, h.person()} {
					out, err := h.Authorize(h.Context(), with(authorize, name), person)
					if ours(err) {
						h.Errorf("authorize with %s=%q: %v", name, value, err)
					}
					if code := query(h.T, out.URL).Get("code"); code != "" {
						if _, err := h.exchange(&h.portal, code); ours(err) {
							h.Errorf("the code of authorize with %s=%q: %v", name, value, err)
						}
					}
					if out.SignIn != nil {
						if _, err := h.resume(out.SignIn.Request, h.person().Session); ours(err) {
							h.Errorf("a sign-in for authorize with %s=%q: %v", name, value, err)
						}
					}
				}
			}
			for _, base := range []url.Values{
				{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {verifier}, "client_id": {"portal"}, "client_secret": {pass}},
				{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "scope": {"openid"}, "client_id": {"portal"}, "client_secret": {pass}},
				{"grant_type": {string(oidc.DeviceCode)}, "device_code": {"x"}, "client_id": {"cli"}},
				{"grant_type": {"client_credentials"}, "client_id": {"portal"}, "client_secret": {pass}, "scope": {"sso:read"}},
			} {
				for _, name := range names(base) {
					r, err := oidc.ReadToken(nil, "", with(base, name).Encode())
					if err == nil {
						_, err = h.Exchange(h.Context(), r)
					}
					if ours(err) {
						h.Errorf("%s with %s=%q: %v", base.Get("grant_type"), name, value, err)
					}
				}
			}
			for _, name := range []string{"token", "client_id", "client_secret"} {
				q, err := oidc.ReadTokenQuestion(nil, "", with(url.Values{"token": {"x"}, "client_id": {"portal"}, "client_secret": {pass}}, name).Encode())
				if err == nil {
					_, err = h.Introspect(h.Context(), q)
					err = errors.Join(err, h.Revoke(h.Context(), q))
				}
				if ours(err) {
					h.Errorf("a question with %s=%q: %v", name, value, err)
				}
			}
			for _, name := range []string{"scope", "client_id"} {
				r, err := oidc.ReadDevice(nil, "", with(url.Values{"scope": {"openid"}, "client_id": {"cli"}}, name).Encode())
				if err == nil {
					_, err = h.Device(h.Context(), r, grant.From{Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "cli"})
				}
				if ours(err) {
					h.Errorf("a device with %s=%q: %v", name, value, err)
				}
			}
			for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"} {
				if _, err := h.Logout(h.Context(), with(url.Values{"client_id": {"portal"}}, name), h.session); ours(err) {
					h.Errorf("logout with %s=%q: %v", name, value, err)
				}
			}
			_, err := h.Userinfo(h.Context(), secret.ParseToken(value))
			_, typed := h.Waiting(h.Context(), h.by(), value)
			_, start := h.LoginURL(h.Context(), value)
			for what, err := range map[string]error{"userinfo": err, "a code that is typed": typed, "a start": start} {
				if ours(err) {
					h.Errorf("%s with %q: %v", what, value, err)
				}
			}
		}
		// The twin: with text all of it goes on.
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			h.Errorf("twin: %v", err)
		}
		if _, err := h.Waiting(h.Context(), h.by(), d.User.String()); err != nil && !fault.Is(err, "try_later") {
			h.Errorf("twin: %v", err)
		}
	})
}
