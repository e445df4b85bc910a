package setup_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// wholeApp uses every key of an app.
const wholeApp = `
organizations: [{key: acme}]
apps:
  - key: portal
    name: Portal
    client_id: portal-1
    kind: native
    disabled: true
    auth_method: private_key_jwt
    jwks_uri: https://app.example/jwks
    grant_types: [authorization_code, device_code]
    redirect_uris: ["https://app.example/cb", "com.example.app:/cb"]
    post_logout_redirect_uris: ["https://app.example/bye"]
    backchannel_logout_uri: https://app.example/out
    login_url: https://app.example/login
    id_token_alg: RS256
    require_par: true
    dpop: true
    pkce_optional: true
    allowed_organizations: [acme]
    required_entitlement: scim
    allowed_roles: [owner, admin]
    brand: {name: The Portal, accent: "#0A6B5E", logo_file: logo.png}
    claims: {role: never, groups: always, names: never, role_claim: role, groups_claim: teams}
`

// app returns an app as it is stored.
func (h *house) app(clientID string) sso.App {
	h.Helper()
	var app sso.App
	h.read(func(ctx context.Context, r *store.Reader) error {
		var err error
		app, err = r.AppByClientID(ctx, clientID)
		return err
	})
	return app
}

func TestAnAppIsWhatTheFileSays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(wholeApp)
		got := h.app("portal-1")
		want := sso.App{
			ID: got.ID, Key: "portal", Name: "Portal", ClientID: "portal-1", Kind: sso.AppNative, Disabled: true,
			AuthMethod: sso.AuthPrivateKeyJWT, JWKSURI: "https://app.example/jwks", GrantTypes: []sso.GrantType{sso.GrantCode, sso.GrantDevice},
			RedirectURIs: []string{"https://app.example/cb", "com.example.app:/cb"}, PostLogoutRedirectURIs: []string{"https://app.example/bye"},
			BackchannelLogoutURI: "https://app.example/out", LoginURL: "https://app.example/login", IDTokenAlg: sso.AlgRS256, RequirePAR: true, DPoP: true, PKCEOptional: true,
			AllowedOrgs: []sso.OrgID{h.organization("acme").ID}, RequiredEntitlement: sso.EntitledSCIM, AllowedRoles: []sso.Role{sso.RoleOwner, sso.RoleAdmin},
			Brand:     sso.Brand{Name: "The Portal", Accent: "#0a6b5e", Logo: sso.LogoHash(got.ID, picture(t))},
			Claims:    sso.AppClaims{Role: sso.ClaimNever, Groups: sso.ClaimAlways, Names: sso.ClaimNever, RoleClaim: "role", GroupsClaim: "teams"},
			CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt, Version: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the app: wanted -, got +\n%s", diff)
		}
		if again := h.must(wholeApp); len(again) != 0 {
			t.Errorf("the second time: %q, want nothing", again)
		}
		// What is not mentioned stays; what is emptied goes.
		if said := h.must(`apps: [{key: portal}]`); len(said) != 0 {
			t.Errorf("a bare mention says %q, want nothing", said)
		}
		h.must(`apps: [{key: portal, kind: web, disabled: false, auth_method: secret, grant_types: [], post_logout_redirect_uris: [], backchannel_logout_uri: "", login_url: "",
  id_token_alg: ES256, require_par: false, dpop: false, pkce_optional: false, allowed_organizations: [], required_entitlement: "", allowed_roles: [], brand: {name: "", accent: "", logo: ""},
  claims: {role: always, groups: scope, names: scope, role_claim: "", groups_claim: ""}}]`)
		got = h.app("portal-1")
		want = sso.App{
			ID: got.ID, Key: "portal", Name: "Portal", ClientID: "portal-1", Kind: sso.AppWeb, RedirectURIs: want.RedirectURIs,
			GrantTypes: []sso.GrantType{}, PostLogoutRedirectURIs: []string{}, IDTokenAlg: sso.AlgES256,
			CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt, Version: 2,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the app, emptied: wanted -, got +\n%s", diff)
		}
	})
}

func TestAppsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("private.jwks", `{"keys":[{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
		write("public.jwks", `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
		h.must(wholeApp)
		for name, tc := range map[string]struct{ old, text, code string }{
			"a kind that is none":               {"kind: native", "kind: fridge", "apply_value"},
			"a proof that is none":              {"auth_method: private_key_jwt", "auth_method: tls", "apply_value"},
			"two words about the proof":         {"disabled: true", "public: true", "apply_value"},
			"a secret beside keys":              {"disabled: true", "client_secret_file: app.secret", "apply_value"},
			"three secrets":                     {"disabled: true", "client_secret_files: [app.secret, app.secret, app.secret]", "apply_value"},
			"a private key":                     {"jwks_uri: https://app.example/jwks", "jwks_uri: ''\n    jwks_file: private.jwks", "app_keys"},
			"keys from two places":              {"disabled: true", "jwks_file: public.jwks", "app_keys"},
			"keys over plain http":              {"jwks_uri: https://", "jwks_uri: http://", "app_redirect_uri"},
			"a grant type that is none":         {"device_code]", "password]", "app_grant_types"},
			"a place after signing out with #":  {"app.example/bye", "app.example/bye#x", "app_redirect_uri"},
			"messages to a scheme of its own":   {"https://app.example/out", "com.example.app:/out", "app_redirect_uri"},
			"an algorithm that is none":         {"id_token_alg: RS256", "id_token_alg: none", "apply_value"},
			"an organization that is none":      {"allowed_organizations: [acme]", "allowed_organizations: [nobody]", "organization_unknown"},
			"an entitlement that is none":       {"required_entitlement: scim", "required_entitlement: all", "apply_value"},
			"a role that nobody has defined":    {"[owner, admin]", "[owner, auditor]", "role_unknown"},
			"a colour that is none":             {"#0A6B5E", "teal", "brand_accent"},
			"a logo that is none":               {"logo_file: logo.png", "logo_file: app.secret", "brand_logo"},
			"two logos":                         {"logo_file: logo.png", "logo_file: logo.png, logo: ''", "apply_value"},
			"a word about claims that is none":  {"groups: always", "groups: sometimes", "apply_value"},
			"a claim that means something else": {"role_claim: role", "role_claim: sub", "app_claim_name"},
		} {
			if !strings.Contains(wholeApp, tc.old) {
				t.Fatalf("%s: the file has no %q", name, tc.old)
			}
			if _, err := h.apply(strings.Replace(wholeApp, tc.old, tc.text, 1), setup.Commit); !fault.Is(err, tc.code) {
				t.Errorf("%s: Apply() = %v, want %s", name, err, tc.code)
			}
		}
		if got := h.app("portal-1"); got.Version != 1 {
			t.Errorf("the app was saved %d times, want once", got.Version)
		}
		h.must(strings.Replace(wholeApp, "jwks_uri: https://app.example/jwks", "jwks_uri: ''\n    jwks_file: public.jwks", 1))
	})
}

// A secret takes the place of another while both are good, and the file is what
// says so.
func TestSecretsOfAnAppTakeTurns(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		texts := map[string]secret.Token{}
		for _, name := range []string{"one", "two", "three"} {
			texts[name] = secret.NewToken()
			if err := os.WriteFile(filepath.Join(h.dir, name), []byte(texts[name].Reveal()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		good := func(step string, want ...string) {
			t.Helper()
			app := h.app("portal")
			if len(app.Secrets) != len(want) {
				t.Errorf("%s: %d secrets are good, want %d", step, len(app.Secrets), len(want))
			}
			for _, name := range want {
				if _, ok := app.SecretOf(texts[name].Sum()); !ok {
					t.Errorf("%s: secret %s is not good", step, name)
				}
			}
		}
		apply := func(said string) []string {
			return h.must(`apps: [{key: portal, redirect_uris: ["https://app.example/cb"]` + said + `}]`)
		}
		apply(`, client_secret_file: one`)
		good("the first", "one")
		apply(`, client_secret_files: [one, two]`)
		good("a second beside it", "one", "two")
		before := h.app("portal").Secrets
		if said := apply(`, client_secret_file: two`); len(said) != 0 {
			t.Errorf("naming one of two says %q, want nothing", said)
		}
		if said := apply(``); len(said) != 0 || !cmp.Equal(before, h.app("portal").Secrets) {
			t.Errorf("no word of secrets says %q, want nothing", said)
		}
		apply(`, client_secret_files: [two]`)
		good("the first is retired", "two")
		apply(`, client_secret_file: three`)
		good("a leap", "three")
		apply(`, client_secret_files: []`)
		good("none")
		if app := h.app("portal"); app.Public() {
			t.Error("an app becomes public because its secrets are gone")
		}
		apply(`, client_secret_file: one`)
		apply(`, public: true`)
		good("public")
		if app := h.app("portal"); !app.Public() {
			t.Errorf("the app is %+v, want it public", app)
		}
	})
}
