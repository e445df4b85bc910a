package grant_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
)

// What an app is told of a person is what was settled for it, in id tokens and
// userinfo alike, whatever it asks for.
func TestAnAppIsToldWhatWasSettledForIt(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		about := []string{"name", "given_name", "preferred_username", "email", "groups", "roles", "role", "https://app.example/teams"}
		for name, tc := range map[string]struct {
			claims sso.AppClaims
			scope  string
			want   map[string]any
			role   any // of the claim org
		}{
			"nothing settled":                {sso.AppClaims{}, "openid profile groups", map[string]any{"name": "Alice Sato", "given_name": "Alice", "preferred_username": "alice", "groups": []any{"eng"}, "roles": []any{"admin"}}, "admin"},
			"little asked for":               {sso.AppClaims{}, "openid", map[string]any{"roles": []any{"admin"}}, "admin"},
			"always":                         {sso.AppClaims{Groups: sso.ClaimAlways, Names: sso.ClaimAlways}, "openid", map[string]any{"name": "Alice Sato", "given_name": "Alice", "preferred_username": "alice", "groups": []any{"eng"}, "roles": []any{"admin"}}, "admin"},
			"never":                          {sso.AppClaims{Role: sso.ClaimNever, Groups: sso.ClaimNever, Names: sso.ClaimNever}, "openid profile email groups", map[string]any{"email": "alice@acme.example"}, nil},
			"by names of its own":            {sso.AppClaims{RoleClaim: "role", GroupsClaim: "https://app.example/teams"}, "openid groups", map[string]any{"groups": []any{"eng"}, "roles": []any{"admin"}, "role": "admin", "https://app.example/teams": []any{"eng"}}, "admin"},
			"by names of its own, and never": {sso.AppClaims{Role: sso.ClaimNever, Groups: sso.ClaimNever, RoleClaim: "role", GroupsClaim: "https://app.example/teams"}, "openid groups", map[string]any{}, nil},
		} {
			back := h.changed(&h.portal, func(a *sso.App) { a.Claims = tc.claims })
			tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", tc.scope))
			if err != nil {
				h.Fatal(err)
			}
			info, err := h.Userinfo(h.Context(), tokens.AccessToken)
			if err != nil {
				h.Fatal(err)
			}
			var said map[string]any
			if err := json.Unmarshal(info.Claims.JSON(), &said); err != nil {
				h.Fatal(err)
			}
			for where, claims := range map[string]map[string]any{"id token": payload(h.T, tokens.IDToken), "userinfo": said} {
				got := map[string]any{}
				for _, claim := range about {
					if v, ok := claims[claim]; ok {
						got[claim] = v
					}
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					h.Errorf("%s: %s: wanted -, got +\n%s", name, where, diff)
				}
				if org, ok := claims["org"].(map[string]any); !ok || org["role"] != tc.role || org["key"] != "acme" {
					h.Errorf("%s: %s: org is %v, want the role %v", name, where, claims["org"], tc.role)
				}
			}
			back()
		}
	})
}
