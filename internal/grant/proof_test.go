package grant_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// signer is an app that signs.
type signer struct {
	house *house
	app   sso.App
	keys  map[string]crypto.Signer // by kid
}

func newSigner(h *house) *signer {
	h.Helper()
	s := &signer{house: h, keys: map[string]crypto.Signer{}}
	var err error
	if s.keys["ec"], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		h.Fatal(err)
	}
	if s.keys["rsa"], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		h.Fatal(err)
	}
	if _, s.keys["ed"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		h.Fatal(err)
	}
	s.app = sso.App{
		ID: sso.NewAppID(h.Now()), Key: "signer", ClientID: "signer", Kind: sso.AppWeb, AuthMethod: sso.AuthPrivateKeyJWT, JWKS: s.jwks(),
		GrantTypes: sso.GrantTypes(), Scopes: []string{"users:read", "sso:read"}, RedirectURIs: []string{"https://signer.example/cb"},
		CreatedAt: h.Now(), UpdatedAt: h.Now(),
	}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, s.app) })
	s.app.Version = 1
	return s
}

// jwks returns the public keys, as they are published.
func (s *signer) jwks() string {
	s.house.Helper()
	var set jose.JSONWebKeySet
	for kid, k := range s.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public(), KeyID: kid})
	}
	b, err := json.Marshal(set)
	if err != nil {
		s.house.Fatal(err)
	}
	return string(b)
}

// claims are those of a good assertion.
func (s *signer) claims(id string) map[string]any {
	now := s.house.Now()
	return map[string]any{"iss": "signer", "sub": "signer", "aud": issuer, "jti": id, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

// sign signs claims by one of the keys; more are fields of the header.
func (s *signer) sign(alg jose.SignatureAlgorithm, kid string, claims map[string]any, more ...string) string {
	s.house.Helper()
	options := &jose.SignerOptions{}
	for i := 0; i < len(more); i += 2 {
		options.WithHeader(jose.HeaderKey(more[i]), more[i+1])
	}
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: s.keys[kid], KeyID: kid}}, options)
	if err != nil {
		s.house.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		s.house.Fatal(err)
	}
	return s.compact(signing, b)
}

// signRaw signs claims as they stand.
func (s *signer) signRaw(claims string) string {
	s.house.Helper()
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.keys["ec"], KeyID: "ec"}}, nil)
	if err != nil {
		s.house.Fatal(err)
	}
	return s.compact(signing, []byte(claims))
}

func (s *signer) compact(signing jose.Signer, payload []byte) string {
	s.house.Helper()
	jws, err := signing.Sign(payload)
	if err != nil {
		s.house.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		s.house.Fatal(err)
	}
	return text
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// machine asks for a token of the app itself.
func (s *signer) machine(assertion string, more ...string) (oidc.TokenResponse, error) {
	s.house.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r, err := oidc.ReadToken(nil, "", form.Encode())
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	return s.house.Exchange(s.house.Context(), r)
}

func with(claims map[string]any, name string, value any) map[string]any {
	if value == nil {
		delete(claims, name)
	} else {
		claims[name] = value
	}
	return claims
}

func TestAnAppProvesItselfByASignature(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		s := newSigner(h)
		for name, assertion := range map[string]string{
			"ES256":                  s.sign(jose.ES256, "ec", s.claims("es")),
			"RS256":                  s.sign(jose.RS256, "rsa", s.claims("rs")),
			"PS256":                  s.sign(jose.PS256, "rsa", s.claims("ps")),
			"EdDSA":                  s.sign(jose.EdDSA, "ed", s.claims("ed")),
			"with its type":          s.sign(jose.ES256, "ec", s.claims("typ"), "typ", "client-authentication+jwt"),
			"the issuer alone, list": s.sign(jose.ES256, "ec", with(s.claims("list"), "aud", []string{issuer})),
			"a clock that is behind": s.sign(jose.ES256, "ec", with(s.claims("late"), "exp", h.Now().Add(-59*time.Second).Unix())),
			"for five minutes":       s.sign(jose.ES256, "ec", with(s.claims("long"), "exp", h.Now().Add(5*time.Minute).Unix())),
		} {
			if tokens, err := s.machine(assertion); err != nil || tokens.AccessToken.IsZero() {
				h.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestASignatureThatProvesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("twin"))); err != nil {
		t.Fatalf("twin: %v", err)
	}
	mallory := &signer{house: h, keys: map[string]crypto.Signer{}}
	mallory.keys["ec"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	public := []byte(s.jwks())
	raw := func(header, claims string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
	}
	good, err := json.Marshal(s.claims("none"))
	if err != nil {
		t.Fatal(err)
	}
	hmac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := hmac.Sign(good)
	if err != nil {
		t.Fatal(err)
	}
	confused, _ := jws.CompactSerialize()
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: mallory.keys["ec"]}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	jws, _ = embedded.Sign(good)
	ownKey, _ := jws.CompactSerialize()
	twice := s.sign(jose.ES256, "ec", s.claims("twice"))
	if _, err := s.machine(twice); err != nil {
		t.Fatal(err)
	}
	for name, assertion := range map[string]string{
		"used before":                 twice,
		"the same jti, signed anew":   s.sign(jose.EdDSA, "ed", s.claims("twice")),
		"alg none":                    raw(`{"alg":"none"}`, string(good)),
		"alg None":                    raw(`{"alg":"None"}`, string(good)),
		"HS256 with the public key":   confused,
		"a key of its own":            ownKey,
		"another's key, our kid":      mallory.sign(jose.ES256, "ec", s.claims("other")),
		"kid like a path":             func() string { s.keys["../ec"] = s.keys["ec"]; return s.sign(jose.ES256, "../ec", s.claims("path")) }(),
		"jku":                         s.sign(jose.ES256, "ec", s.claims("jku"), "jku", "https://evil.example/keys"),
		"x5u":                         s.sign(jose.ES256, "ec", s.claims("x5u"), "x5u", "https://evil.example/cert"),
		"a logout token":              s.sign(jose.ES256, "ec", s.claims("typ"), "typ", "logout+jwt"),
		"for the token endpoint":      s.sign(jose.ES256, "ec", with(s.claims("a1"), "aud", issuer+oidc.TokenPath)),
		"for us and for another":      s.sign(jose.ES256, "ec", with(s.claims("a2"), "aud", []string{issuer, "https://evil.example"})),
		"for us twice":                s.sign(jose.ES256, "ec", with(s.claims("a3"), "aud", []string{issuer, issuer})),
		"for another":                 s.sign(jose.ES256, "ec", with(s.claims("a4"), "aud", "https://evil.example")),
		"for us with a slash":         s.sign(jose.ES256, "ec", with(s.claims("a5"), "aud", issuer+"/")),
		"for nobody":                  s.sign(jose.ES256, "ec", with(s.claims("a6"), "aud", nil)),
		"by another issuer":           s.sign(jose.ES256, "ec", with(s.claims("i1"), "iss", "portal")),
		"about another":               s.sign(jose.ES256, "ec", with(s.claims("i2"), "sub", "portal")),
		"without an end":              s.sign(jose.ES256, "ec", with(s.claims("e1"), "exp", nil)),
		"expired":                     s.sign(jose.ES256, "ec", with(s.claims("e2"), "exp", h.Now().Add(-time.Minute).Unix())),
		"for longer than minutes":     s.sign(jose.ES256, "ec", with(s.claims("e3"), "exp", h.Now().Add(6*time.Minute+time.Second).Unix())),
		"of the future":               s.sign(jose.ES256, "ec", with(s.claims("e4"), "nbf", h.Now().Add(61*time.Second).Unix())),
		"made in the future":          s.sign(jose.ES256, "ec", with(s.claims("e5"), "iat", h.Now().Add(61*time.Second).Unix())),
		"without a name":              s.sign(jose.ES256, "ec", with(s.claims(""), "jti", nil)),
		"with an endless name":        s.sign(jose.ES256, "ec", s.claims(strings.Repeat("j", 256))),
		"claims twice":                s.signRaw(`{"iss":"portal","iss":"signer","sub":"signer","aud":"` + issuer + `","jti":"d","exp":` + strconv.FormatInt(h.Now().Add(time.Minute).Unix(), 10) + `}`),
		"endless":                     s.sign(jose.ES256, "ec", with(s.claims("x"), "x", strings.Repeat("x", 8<<10))),
		"the signature of another":    strings.Join(append(strings.Split(s.sign(jose.ES256, "ec", s.claims("b1")), ".")[:2], strings.Split(twice, ".")[2]), "."),
		"not a JWT":                   "x",
		"two dots":                    "..",
		"RS256 with a curve's key":    strings.Replace(s.sign(jose.ES256, "ec", s.claims("c1")), base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"`)), base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"`)), 1),
		"of an app that has a secret": s.sign(jose.ES256, "ec", with(with(s.claims("p1"), "iss", "portal"), "sub", "portal")),
	} {
		if tokens, err := s.machine(assertion); !refusedWith(err, oidc.InvalidClient) || !tokens.AccessToken.IsZero() {
			t.Errorf("%s: %v, want invalid_client", name, err)
		}
	}
	for name, form := range map[string][]string{
		"another type":        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
		"another client's ID": {"client_id", "portal"},
	} {
		if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims(name)), form...); !refusedWith(err, oidc.InvalidClient) {
			t.Errorf("%s: %v, want invalid_client", name, err)
		}
	}
	if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("both")), "client_secret", pass); !refusedWith(err, oidc.InvalidRequest) {
		t.Errorf("a secret beside it: %v, want invalid_request", err)
	}
	r, err := oidc.ReadToken(nil, "", url.Values{"grant_type": {"client_credentials"}, "client_id": {"signer"}, "client_secret": {pass}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Exchange(t.Context(), r); !refusedWith(err, oidc.InvalidClient) {
		t.Errorf("a secret in its place: %v, want invalid_client", err)
	}
}

// Of any number that send one assertion at the same time, one gets in.
func TestAnAssertionIsUsedOnceHoweverManySendIt(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		s := newSigner(h)
		assertion := s.sign(jose.ES256, "ec", s.claims("race"))
		var got [6]error
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { _, got[i] = s.machine(assertion) })
		}
		all.Wait()
		in := 0
		for _, err := range got {
			switch {
			case err == nil:
				in++
			case !refusedWith(err, oidc.InvalidClient):
				h.Errorf("refused with %v", err)
			}
		}
		if in != 1 {
			h.Errorf("%d got in, want one", in)
		}
	})
}

func TestKeysThatAnAppPublishesAreReadWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	s.app.JWKS, s.app.JWKSURI = "", "https://signer.example/keys"
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, s.app) })
	published, reads := s.jwks(), 0
	h.Fetch = func(_ context.Context, uri string) ([]byte, error) {
		reads++
		if uri != s.app.JWKSURI {
			t.Errorf("read %s", uri)
		}
		if published == "" {
			return nil, errors.New("nobody answers")
		}
		return []byte(published), nil
	}
	n := 0
	try := func(kid string) error {
		n++
		_, err := s.machine(s.sign(jose.ES256, kid, s.claims(string(rune('a'+n)))))
		return err
	}
	for range 3 {
		if err := try("ec"); err != nil {
			t.Fatal(err)
		}
	}
	if reads != 1 {
		t.Errorf("read %d times, want once", reads)
	}
	s.keys["new"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for range 3 { // a stranger could go on like this
		if err := try("new"); !refusedWith(err, oidc.InvalidClient) {
			t.Errorf("a key that is not published: %v", err)
		}
	}
	if reads != 1 {
		t.Errorf("read %d times within half a minute, want once", reads)
	}
	published = s.jwks()
	h.wait(31 * time.Second)
	if err := try("new"); err != nil || reads != 2 {
		t.Errorf("a key that is published since: %v after %d reads", err, reads)
	}
	published = ""
	h.wait(11 * time.Minute)
	if err := try("new"); err != nil || reads != 3 {
		t.Errorf("what was read is good for a while where nobody answers: %v after %d reads", err, reads)
	}
	h.wait(time.Hour)
	if err := try("new"); !refusedWith(err, oidc.InvalidClient) {
		t.Errorf("and no longer: %v", err)
	}
}

// A signature does at every endpoint what a secret does there.
func TestAnAppThatSignsProvesItselfEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	n := 0
	signed := func(more ...string) string {
		n++
		form := url.Values{"client_assertion_type": {assertionType}, "client_assertion": {s.sign(jose.EdDSA, "ed", s.claims("everywhere"+strconv.Itoa(n)))}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form.Encode()
	}
	pushed := request(&s.app, "scope", "openid offline_access")
	pushed.Del("client_id") // it stands in the assertion
	var more []string
	for name := range pushed {
		more = append(more, name, pushed.Get(name))
	}
	p, err := oidc.ReadPushed(nil, "", signed(more...))
	if err != nil {
		t.Fatal(err)
	}
	name, err := h.Push(t.Context(), p, netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		t.Fatalf("pushes: %v", err)
	}
	out, err := h.Authorize(t.Context(), oidc.PushedQuery("signer", name.Token), h.person())
	if err != nil || out.Refused != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	exchange := func(more ...string) (oidc.TokenResponse, error) {
		r, err := oidc.ReadToken(nil, "", signed(more...))
		if err != nil {
			return oidc.TokenResponse{}, err
		}
		return h.Exchange(t.Context(), r)
	}
	tokens, err := exchange("grant_type", "authorization_code", "code", query(t, out.URL).Get("code"), "redirect_uri", s.app.RedirectURIs[0], "code_verifier", verifier)
	if err != nil {
		t.Fatalf("exchanges: %v", err)
	}
	if tokens, err = exchange("grant_type", "refresh_token", "refresh_token", tokens.RefreshToken.Reveal()); err != nil {
		t.Fatalf("renews: %v", err)
	}
	q, err := oidc.ReadTokenQuestion(nil, "", signed("token", tokens.AccessToken.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := h.Introspect(t.Context(), q); err != nil || !answer.Active {
		t.Errorf("asks: %+v, %v", answer, err)
	}
	if answer, err := h.Introspect(t.Context(), q); !refusedWith(err, oidc.InvalidClient) || answer.Active {
		t.Errorf("asks by the same signature again: %+v, %v, want invalid_client", answer, err)
	}
	d, err := oidc.ReadDevice(nil, "", signed("scope", "openid"))
	if err != nil {
		t.Fatal(err)
	}
	if codes, err := h.Device(t.Context(), d, grant.From{}); err != nil || codes.Device.IsZero() {
		t.Errorf("begins on a device: %v", err)
	}
	if q, err = oidc.ReadTokenQuestion(nil, "", signed("token", tokens.RefreshToken.Reveal())); err != nil {
		t.Fatal(err)
	}
	if err := h.Revoke(t.Context(), q); err != nil {
		t.Errorf("revokes: %v", err)
	}
	if _, err := h.Userinfo(t.Context(), tokens.AccessToken); err == nil {
		t.Error("what it has revoked is good still")
	}
}

// strange sends an assertion by a key that nobody publishes: anybody can.
func (s *signer) strange(ctx context.Context, id string) error {
	mallory := &signer{house: s.house, keys: map[string]crypto.Signer{"unknown": s.keys["ec"]}}
	r, err := oidc.ReadToken(nil, "", url.Values{
		"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}, "client_assertion": {mallory.sign(jose.ES256, "unknown", s.claims(id))},
	}.Encode())
	if err != nil {
		return err
	}
	_, err = s.house.Exchange(ctx, r)
	return err
}

func TestAStrangerDoesNotKeepAnAppFromItsKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	s.app.JWKS, s.app.JWKSURI = "", "https://signer.example/keys"
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, s.app) })
	published := []byte(s.jwks())
	during := func() {}
	h.Fetch = func(ctx context.Context, _ string) ([]byte, error) {
		during()
		return published, ctx.Err()
	}

	// One who has the keys read, and hangs up before they are there.
	ctx, hangUp := context.WithCancel(t.Context())
	during = hangUp
	if err := s.strange(ctx, "cut"); err == nil {
		t.Fatal("a key that is not published got in")
	}
	during = func() {}
	if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("first"))); err != nil {
		t.Errorf("the app, after one who hung up: %v", err)
	}

	// One who has them read while nobody answers: the app goes by those it has.
	h.wait(31 * time.Second)
	asked, answer := make(chan struct{}), make(chan struct{})
	during = func() { close(asked); <-answer }
	var stranger sync.WaitGroup
	stranger.Go(func() {
		if err := s.strange(t.Context(), "slow"); !refusedWith(err, oidc.InvalidClient) {
			t.Errorf("the stranger: %v, want invalid_client", err)
		}
	})
	<-asked
	if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("second"))); err != nil {
		t.Errorf("the app, while its keys are read: %v", err)
	}
	close(answer)
	stranger.Wait()
}
