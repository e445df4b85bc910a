package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	coreoidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
)

func newKey(t testing.TB) *oidc.SigningKey {
	t.Helper()
	k, err := oidc.GenerateSigningKey(oidc.ES256)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func alice() oidc.Person {
	return oidc.Person{
		Subject: "usr_1", Name: "Alice Sato", GivenName: "Alice", FamilyName: "Sato", PreferredUsername: "alice",
		Email: "alice@acme.example", EmailVerified: true, Groups: []string{"eng", "on-call"},
		Org: oidc.OrgClaim{ID: "org_1", Key: "acme", Name: "Acme Ltd", Role: "admin"},
	}
}

func goodIDToken() oidc.IDToken {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return oidc.IDToken{
		Issuer: issuer, Audience: "portal", IssuedAt: now, Expires: now.Add(time.Hour), AuthTime: now.Add(-time.Minute),
		Nonce: "n-1", SessionID: "ses_1", AMR: []string{"pwd"}, AccessToken: secret.ParseToken("at"),
		Claims: alice().Claims((oidc.OpenID | oidc.Profile | oidc.Email | oidc.Groups).Claims()),
	}
}

// keySet serves our own JWKS document to the verifier of another house.
type keySet struct{ set jose.JSONWebKeySet }

func (k keySet) VerifySignature(_ context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	return jws.Verify(k.set)
}

func TestIDTokenIsAcceptedByAnotherHouse(t *testing.T) {
	t.Parallel()
	current, next := newKey(t), newKey(t)
	document, err := oidc.KeySet(current.Public(), next.Public())
	if err != nil {
		t.Fatal(err)
	}
	var keys keySet
	if err := json.Unmarshal(document, &keys.set); err != nil {
		t.Fatal(err)
	}
	token := goodIDToken()
	raw, err := token.Sign(current)
	if err != nil {
		t.Fatal(err)
	}
	got, err := coreoidc.NewVerifier(issuer, keys, &coreoidc.Config{
		ClientID: "portal", SupportedSigningAlgs: []string{"ES256"}, Now: func() time.Time { return token.IssuedAt },
	}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.VerifyAccessToken("at"); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	var payload map[string]any
	if err := got.Claims(&payload); err != nil {
		t.Fatal(err)
	}
	delete(payload, "at_hash")
	want := map[string]any{
		"iss": issuer, "sub": "usr_1", "aud": "portal", "exp": 1767326645.0, "iat": 1767323045.0, "auth_time": 1767322985.0,
		"nonce": "n-1", "sid": "ses_1", "amr": []any{"pwd"},
		"name": "Alice Sato", "given_name": "Alice", "family_name": "Sato", "preferred_username": "alice",
		"email": "alice@acme.example", "email_verified": true, "groups": []any{"eng", "on-call"},
		"org":    map[string]any{"id": "org_1", "key": "acme", "name": "Acme Ltd", "role": "admin"},
		"org_id": "org_1", "org_key": "acme", "roles": []any{"admin"},
	}
	if diff := cmp.Diff(want, payload); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if header := partOf(t, raw, 0); header != `{"alg":"ES256","kid":"`+current.ID()+`","typ":"JWT"}` {
		t.Errorf("header = %s", header)
	}
}

func partOf(t *testing.T, token string, i int) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestClaimsKeepToTheScope(t *testing.T) {
	t.Parallel()
	const org = `,"org":{"id":"org_1","key":"acme","name":"Acme Ltd","role":"admin"},"org_id":"org_1","org_key":"acme","roles":["admin"]}`
	for scope, want := range map[oidc.Scope]string{
		oidc.OpenID:                `{"sub":"usr_1"` + org,
		oidc.OpenID | oidc.Profile: `{"sub":"usr_1","name":"Alice Sato","given_name":"Alice","family_name":"Sato","preferred_username":"alice"` + org,
		oidc.OpenID | oidc.Email:   `{"sub":"usr_1","email":"alice@acme.example","email_verified":true` + org,
		oidc.OpenID | oidc.Groups:  `{"sub":"usr_1","groups":["eng","on-call"]` + org,
	} {
		if got := string(alice().Claims(scope.Claims()).JSON()); got != want {
			t.Errorf("%s: %s, want %s", scope, got, want)
		}
	}
	nobody := oidc.Person{Subject: "usr_2"}
	all := oidc.OpenID | oidc.Profile | oidc.Email | oidc.Groups
	if got, want := string(nobody.Claims(all.Claims()).JSON()), `{"sub":"usr_2","groups":[]}`; got != want {
		t.Errorf("a person without anything: %s, want %s", got, want)
	}
	unproved := oidc.Person{Subject: "usr_2", Email: "b@acme.example"}
	if got, want := string(unproved.Claims((oidc.OpenID | oidc.Email).Claims()).JSON()), `{"sub":"usr_2","email":"b@acme.example","email_verified":false}`; got != want {
		t.Errorf("an address that nobody proved: %s, want %s", got, want)
	}
}

func TestSigningKeySurvivesStorage(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	private, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	again, err := oidc.ParseSigningKey(private)
	if err != nil || again.ID() != k.ID() {
		t.Fatalf("ParseSigningKey() = %v, want the key %s", err, k.ID())
	}
	public, err := k.Public().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	read, err := oidc.ParsePublicKey(public)
	if err != nil || read.ID() != k.ID() {
		t.Fatalf("ParsePublicKey() = %v, want the key %s", err, k.ID())
	}
	if newKey(t).ID() == k.ID() {
		t.Fatal("two keys have one ID")
	}
	if _, err := oidc.ParseSigningKey(private[:len(private)-1]); err == nil {
		t.Error("ParseSigningKey() accepts a cut key")
	}
	if _, err := oidc.ParsePublicKey(private); err == nil {
		t.Error("ParsePublicKey() accepts a private key")
	}
	document, err := oidc.KeySet(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(document), `"d"`) {
		t.Fatal("KeySet() publishes the private half")
	}
}

func TestSigningKeyIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := goodIDToken().Sign(k); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestVerifyHint(t *testing.T) {
	t.Parallel()
	k, retired := newKey(t), newKey(t)
	sign := func(by *oidc.SigningKey, change func(*oidc.IDToken)) string {
		token := goodIDToken()
		change(&token)
		raw, err := token.Sign(by)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	same := func(*oidc.IDToken) {}
	good := sign(k, same)
	for name, token := range map[string]string{
		"current key": good,
		"retired key": sign(retired, same),
		"expired":     sign(k, func(t *oidc.IDToken) { t.Expires = t.IssuedAt }),
	} {
		hint, err := oidc.VerifyHint(token, issuer, "portal", k.Public(), retired.Public())
		if err != nil || hint != (oidc.Hint{ClientID: "portal", Subject: "usr_1", SessionID: "ses_1"}) {
			t.Errorf("%s: VerifyHint() = %+v, %v", name, hint, err)
		}
	}
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + k.ID() + `","typ":"JWT"}`))
	for name, token := range map[string]string{
		"empty":              "",
		"another issuer":     sign(k, func(t *oidc.IDToken) { t.Issuer = "https://evil.example" }),
		"another client":     sign(k, func(t *oidc.IDToken) { t.Audience = "other" }),
		"no subject":         sign(k, func(t *oidc.IDToken) { t.Claims.Subject = "" }),
		"a key never ours":   sign(newKey(t), same),
		"no signature":       parts[0] + "." + parts[1] + ".",
		"alg none":           none + "." + parts[1] + ".",
		"payload swapped":    parts[0] + "." + strings.Split(sign(k, func(t *oidc.IDToken) { t.Claims.Subject = "usr_2" }), ".")[1] + "." + parts[2],
		"HS256, public key":  forge(t, jose.HS256, publicBytes(t, k), k.ID(), "JWT", parts[1]),
		"embedded key":       forgeEmbedded(t, parts[1]),
		"kid of another key": forge(t, jose.ES256, foreignKey(t), k.ID(), "JWT", parts[1]),
		"logout token":       resign(t, k, "logout+jwt", parts[1]),
		"no type":            resign(t, k, "", parts[1]),
		"endless":            good + strings.Repeat("A", 16<<10),
	} {
		if _, err := oidc.VerifyHint(token, issuer, "portal", k.Public(), retired.Public()); !errors.Is(err, oidc.ErrHint) {
			t.Errorf("%s: VerifyHint() = %v, want ErrHint", name, err)
		}
	}
	if _, err := oidc.VerifyHint(resign(t, k, "JWT", parts[1]), issuer, "portal", k.Public()); err != nil {
		t.Errorf("twin of the types: VerifyHint() = %v, want it accepted", err)
	}
}

func publicBytes(t *testing.T, k *oidc.SigningKey) []byte {
	t.Helper()
	b, err := k.Public().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func foreignKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func parsePKCS8(t *testing.T, der []byte) any {
	t.Helper()
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// forge signs a payload under any key and header.
func forge(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, typ, payload string) string {
	t.Helper()
	opts := &jose.SignerOptions{}
	if typ != "" {
		opts = opts.WithType(jose.ContentType(typ))
	}
	return forgeWith(t, jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, opts, payload)
}

func forgeEmbedded(t *testing.T, payload string) string {
	t.Helper()
	return forgeWith(t, jose.SigningKey{Algorithm: jose.ES256, Key: foreignKey(t)}, (&jose.SignerOptions{EmbedJWK: true}).WithType("JWT"), payload)
}

// resign signs a payload of ours again with our own key, under another type.
func resign(t *testing.T, k *oidc.SigningKey, typ, payload string) string {
	t.Helper()
	der, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	return forge(t, jose.ES256, parsePKCS8(t, der), k.ID(), typ, payload)
}

func forgeWith(t *testing.T, key jose.SigningKey, opts *jose.SignerOptions, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDiscoveryPromisesOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	b, err := oidc.Discovery(issuer, "en", "de")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"issuer":                                           issuer,
		"authorization_endpoint":                           issuer + "/oauth2/authorize",
		"token_endpoint":                                   issuer + "/oauth2/token",
		"userinfo_endpoint":                                issuer + "/oauth2/userinfo",
		"jwks_uri":                                         issuer + "/oauth2/jwks",
		"response_types_supported":                         []any{"code"},
		"response_modes_supported":                         []any{"query", "form_post"},
		"grant_types_supported":                            []any{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"},
		"subject_types_supported":                          []any{"public"},
		"id_token_signing_alg_values_supported":            []any{"ES256", "RS256"},
		"code_challenge_methods_supported":                 []any{"S256"},
		"authorization_response_iss_parameter_supported":   true,
		"request_parameter_supported":                      false,
		"request_uri_parameter_supported":                  false, // true where it is left out
		"scopes_supported":                                 []any{"openid", "profile", "email", "groups", "offline_access"},
		"claims_parameter_supported":                       true,
		"acr_values_supported":                             []any{"urn:sallyport:1fa", "urn:sallyport:mfa", "phr"},
		"ui_locales_supported":                             []any{"en", "de"},
		"pushed_authorization_request_endpoint":            issuer + "/oauth2/par",
		"require_pushed_authorization_requests":            false,
		"device_authorization_endpoint":                    issuer + "/oauth2/device_authorization",
		"dpop_signing_alg_values_supported":                []any{"ES256", "RS256", "PS256", "EdDSA"},
		"token_endpoint_auth_signing_alg_values_supported": []any{"ES256", "RS256", "PS256", "EdDSA"},
		"revocation_endpoint":                              issuer + "/oauth2/revoke",
		"introspection_endpoint":                           issuer + "/oauth2/introspect",
		"introspection_endpoint_auth_methods_supported":    []any{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"revocation_endpoint_auth_methods_supported":       []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"token_endpoint_auth_methods_supported":            []any{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
	} {
		if !cmp.Equal(got[name], want) {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
}

// No text but one that we signed is ever a hint.
func FuzzVerifyHint(f *testing.F) {
	k, err := oidc.GenerateSigningKey(oidc.ES256)
	if err != nil {
		f.Fatal(err)
	}
	other := newKey(f)
	raw, err := goodIDToken().Sign(other)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add("e30.e30.")
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Fuzz(func(t *testing.T, token string) {
		if hint, err := oidc.VerifyHint(token, issuer, "portal", k.Public()); err == nil {
			t.Fatalf("VerifyHint(%q) = %+v", token, hint)
		}
	})
}
