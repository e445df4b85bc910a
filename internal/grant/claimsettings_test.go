package grant_test

import (
	"context"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// saidTo has the portal be told by these settings from now on, and returns what
// it is told by tokens that were given before, by those given now and by a
// refresh: all alike.
func (h *house) saidTo(claims sso.AppClaims, scope string) map[string]map[string]any {
	h.Helper()
	before, err := h.exchange(&h.portal, h.code(&h.portal, "scope", scope+" offline_access"))
	if err != nil {
		h.Fatal(err)
	}
	h.portal.Claims = claims
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	h.portal.Version++
	now, err := h.exchange(&h.portal, h.code(&h.portal, "scope", scope))
	if err != nil {
		h.Fatal(err)
	}
	renewed, err := h.renewBy(before, "")
	if err != nil {
		h.Fatal(err)
	}
	return map[string]map[string]any{
		"userinfo by a token of before": h.told(before), "userinfo": h.told(now), "the id token": payload(h.T, now.IDToken), "the id token of a refresh": payload(h.T, renewed.IDToken),
	}
}

func TestAnAppIsToldWhatItsSettingsSay(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		everything := "openid profile email groups"
		for name, tc := range map[string]struct {
			claims sso.AppClaims
			scope  string
			told   []string
			not    []string
		}{
			"as the scope says": {sso.AppClaims{}, everything, []string{"name", "given_name", "preferred_username", "email", "groups", "roles", "org_id"}, nil},
			"never": {
				sso.AppClaims{Role: sso.ClaimNever, Groups: sso.ClaimNever, Names: sso.ClaimNever, RoleClaim: "role", GroupsClaim: "teams"}, everything,
				[]string{"email", "org", "org_id"}, []string{"name", "given_name", "family_name", "preferred_username", "groups", "roles", "role", "teams"},
			},
			"always": {
				sso.AppClaims{Role: sso.ClaimAlways, Groups: sso.ClaimAlways, Names: sso.ClaimAlways}, "openid",
				[]string{"name", "given_name", "family_name", "groups", "roles"}, []string{"email"},
			},
			"once more by other names": {
				sso.AppClaims{RoleClaim: "https://app.example/role", GroupsClaim: "teams"}, "openid groups", []string{"https://app.example/role", "teams"}, nil,
			},
			"by another name, but not without the scope": {sso.AppClaims{GroupsClaim: "teams"}, "openid", []string{"roles"}, []string{"teams", "groups"}},
		} {
			for where, said := range h.saidTo(tc.claims, tc.scope) {
				for _, claim := range tc.told {
					if said[claim] == nil {
						h.Errorf("%s: %s does not say %s: %v", name, where, claim, said)
					}
				}
				for _, claim := range tc.not {
					if said[claim] != nil {
						h.Errorf("%s: %s says %s: %v", name, where, claim, said[claim])
					}
				}
				if org, ok := said["org"].(map[string]any); ok && tc.claims.Role == sso.ClaimNever && org["role"] != nil {
					h.Errorf("%s: %s says the role within org: %v", name, where, org)
				}
			}
		}
		h.portal.Claims = sso.AppClaims{RoleClaim: "rank", GroupsClaim: "teams"}
		said := h.saidTo(h.portal.Claims, everything)["the id token"]
		if teams, _ := said["teams"].([]any); said["rank"] != "admin" || !slices.Equal(teams, []any{"eng"}) {
			h.Errorf("rank = %v, teams = %v", said["rank"], said["teams"])
		}
	})
}

func TestIntrospectionSaysNoMoreThanTheAppIsTold(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		asked := func(scope string, claims sso.AppClaims) oidc.Introspection {
			h.Helper()
			h.portal.Claims = claims
			h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
			h.portal.Version++
			tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", scope))
			if err != nil {
				h.Fatal(err)
			}
			said, err := h.Introspect(h.Context(), oidc.TokenQuestion{
				Client: oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: secret.ParseToken(pass)}, Token: tokens.AccessToken,
			})
			if err != nil || !said.Active {
				h.Fatalf("Introspect() = %+v, %v", said, err)
			}
			return said
		}
		if said := asked("openid profile", sso.AppClaims{}); said.Username != "alice" || said.Org.Role != "admin" {
			h.Errorf("by the scope: %+v", said)
		}
		if said := asked("openid", sso.AppClaims{}); said.Username != "" {
			h.Errorf("without the scope: %+v", said)
		}
		if said := asked("openid profile", sso.AppClaims{Role: sso.ClaimNever, Names: sso.ClaimNever}); said.Username != "" || said.Org.Role != "" || said.Org.Key != "acme" {
			h.Errorf("never: %+v", said)
		}
	})
}

// A claim of an app's own never says twice what a token says already: of two
// claims of one name readers take the one or the other.
func TestNoClaimOfAnAppTakesTheNameOfOneOfOurs(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens, err := h.exchange(&h.portal, h.code(&h.portal, "acr_values", "urn:sallyport:1fa"))
		if err != nil {
			h.Fatal(err)
		}
		claims := payload(h.T, tokens.IDToken)
		if len(claims) < 20 {
			h.Fatalf("an id token with %d claims is not all there is: %v", len(claims), claims)
		}
		app := h.portal
		app.Kind = sso.AppWeb
		for name := range claims {
			app.Claims = sso.AppClaims{RoleClaim: name}
			if err := registration.Check(&app); err == nil {
				h.Errorf("the role may be told as %s", name)
			}
		}
		app.Claims = sso.AppClaims{RoleClaim: "rank"}
		if err := registration.Check(&app); err != nil {
			h.Errorf("the role may not be told as rank: %v", err)
		}
		// One that was kept before we had ours says nothing.
		said := h.saidTo(sso.AppClaims{RoleClaim: "org_key", GroupsClaim: "email"}, "openid email groups")
		for where, s := range said {
			if s["org_key"] != "acme" || s["email"] != "alice@acme.example" {
				h.Errorf("%s says org_key %v and email %v", where, s["org_key"], s["email"])
			}
		}
	})
}
