package oidcapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/oidc"
)

// A page of an app's own, with a key that it cannot give away, gets tokens that are
// good for nobody else.
func TestTokensAreBoundToTheKeyOfTheHeader(t *testing.T) {
	t.Parallel()
	p := newRelying(t)
	p.verifier = oauth2.GenerateVerifier()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	proof := func(method, path, token string) string {
		t.Helper()
		n++
		claims := map[string]any{"jti": strings.Repeat("j", n), "htm": method, "htu": p.base + path, "iat": time.Now().Unix()}
		if token != "" {
			sum := sha256.Sum256([]byte(token))
			claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
		}
		b, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		jws, err := signing.Sign(b)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return "DPoP: " + text
	}
	p.signIn(p.session.Reveal())
	code := p.ask(http.MethodGet, oidc.AuthorizePath+"?"+request("spa", "https://spa.example/cb", p.verifier).Encode(), "").location(t).Get("code")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://spa.example/cb"}, "code_verifier": {p.verifier}, "client_id": {"spa"}}.Encode()
	if got := p.ask(http.MethodPost, oidc.TokenPath, form, "Origin: https://spa.example", "DPoP: x"); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.body, "invalid_dpop_proof") {
		t.Errorf("a proof that is none: %s %s", got.Status, got.body)
	}
	got := p.ask(http.MethodPost, oidc.TokenPath, form, "Origin: https://spa.example", proof(http.MethodPost, oidc.TokenPath, ""))
	var a answer
	if err := json.Unmarshal([]byte(got.body), &a); err != nil || got.StatusCode != http.StatusOK || a.Type != "DPoP" || got.Header.Get("Access-Control-Allow-Origin") != "https://spa.example" {
		t.Fatalf("%s %s", got.Status, got.body)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if got := p.ask(method, oidc.UserinfoPath, "", "Authorization: DPoP "+a.Access, proof(method, oidc.UserinfoPath, a.Access)); got.StatusCode != http.StatusOK {
			t.Errorf("userinfo by %s: %s %s", method, got.Status, got.body)
		}
	}
	for name, header := range map[string][]string{
		"as a bearer token":       {"Authorization: Bearer " + a.Access},
		"without a proof":         {"Authorization: DPoP " + a.Access},
		"with one for POST":       {"Authorization: DPoP " + a.Access, proof(http.MethodPost, oidc.UserinfoPath, a.Access)},
		"with one for no token":   {"Authorization: DPoP " + a.Access, proof(http.MethodGet, oidc.UserinfoPath, "")},
		"a bearer token, proved":  {"Authorization: Bearer " + a.Access, proof(http.MethodGet, oidc.UserinfoPath, a.Access)},
		"with one for the tokens": {"Authorization: DPoP " + a.Access, proof(http.MethodGet, oidc.TokenPath, a.Access)},
	} {
		if got := p.ask(http.MethodGet, oidc.UserinfoPath, "", header...); got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s %s", name, got.Status, got.body)
		}
	}
	if got := p.ask(http.MethodOptions, oidc.TokenPath, "", "Origin: https://spa.example"); !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "DPoP") {
		t.Errorf("a page may not send the header: %v", got.Header)
	}
}
