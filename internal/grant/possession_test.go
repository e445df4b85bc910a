package grant_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
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

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// holder has a key.
type holder struct {
	house *house
	key   crypto.Signer
	alg   jose.SignatureAlgorithm
	n     int
}

func newHolder(h *house) *holder {
	h.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	return &holder{house: h, key: key, alg: jose.ES256}
}

// thumbprint is that of the key.
func (k *holder) thumbprint() string {
	k.house.Helper()
	sum, err := (&jose.JSONWebKey{Key: k.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		k.house.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// claims are those of a good proof for the token endpoint.
func (k *holder) claims() map[string]any {
	k.n++
	return map[string]any{"jti": "p" + strconv.Itoa(k.n), "htm": "POST", "htu": issuer + oidc.TokenPath, "iat": k.house.Now().Unix()}
}

// sign signs claims; header changes fields of the header.
func (k *holder) sign(claims map[string]any, header ...string) string {
	k.house.Helper()
	o := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	for i := 0; i+1 < len(header); i += 2 {
		o.WithHeader(jose.HeaderKey(header[i]), header[i+1])
	}
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: k.key}, o)
	if err != nil {
		k.house.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		k.house.Fatal(err)
	}
	jws, err := signing.Sign(b)
	if err != nil {
		k.house.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		k.house.Fatal(err)
	}
	return text
}

// signRaw signs good claims, with this key in the header.
func (k *holder) signRaw(jwk jose.JSONWebKey) string {
	k.house.Helper()
	header, err := json.Marshal(map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk})
	if err != nil {
		k.house.Fatal(err)
	}
	claims, err := json.Marshal(k.claims())
	if err != nil {
		k.house.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	key, ok := k.key.(*ecdsa.PrivateKey)
	if !ok {
		k.house.Fatal("not a key on a curve")
	}
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		k.house.Fatal(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature[:])
}

func tokenProof(values ...string) oidc.DPoP {
	return oidc.DPoP{Header: values, Method: "POST", Path: oidc.TokenPath}
}

// proof is a good one for the token endpoint.
func (k *holder) proof() oidc.DPoP { return tokenProof(k.sign(k.claims())) }

// show is a token with a good proof for userinfo.
func (k *holder) show(token secret.Token) oidc.Presented {
	sum := sha256.Sum256([]byte(token.Reveal()))
	claims := with(with(k.claims(), "htm", "GET"), "htu", issuer+oidc.UserinfoPath)
	return oidc.Presented{Token: token, Proof: oidc.DPoP{
		Header: []string{k.sign(with(claims, "ath", base64.RawURLEncoding.EncodeToString(sum[:])))}, Method: "GET", Path: oidc.UserinfoPath,
	}}
}

// exchangeBy presents a code, or what more makes of it, with a proof.
func (h *house) exchangeBy(app *sso.App, proof oidc.DPoP, form ...string) (oidc.TokenResponse, error) {
	h.Helper()
	v := url.Values{"client_id": {app.ClientID}}
	if !app.Public() {
		v.Set("client_secret", pass)
	}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	r, err := oidc.ReadToken(nil, "", v.Encode())
	if err != nil {
		h.Fatal(err)
	}
	r.Proof = proof
	return h.Exchange(h.Context(), r)
}

func (h *house) redeemBy(app *sso.App, proof oidc.DPoP, code string) (oidc.TokenResponse, error) {
	h.Helper()
	return h.exchangeBy(app, proof, "grant_type", "authorization_code", "code", code, "redirect_uri", app.RedirectURIs[0], "code_verifier", verifier)
}

func TestATokenIsBoundToAKey(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		k, thief := newHolder(h), newHolder(h)
		for name, app := range map[string]*sso.App{"public": &h.native, "keeps a secret": &h.portal} {
			tokens, err := h.redeemBy(app, k.proof(), h.code(app, "scope", "openid offline_access"))
			if err != nil || !tokens.Bound || !strings.Contains(string(tokens.JSON()), `"token_type":"DPoP"`) {
				h.Fatalf("%s: %+v, %v", name, tokens, err)
			}
			if info, err := h.UserinfoBy(h.Context(), k.show(tokens.AccessToken)); err != nil || info.Claims.Subject != string(h.user.ID) {
				h.Errorf("%s: userinfo by the key: %+v, %v", name, info, err)
			}
			for way, shown := range map[string]oidc.Presented{
				"as a bearer token": {Token: tokens.AccessToken},
				"by another key":    thief.show(tokens.AccessToken),
			} {
				_, err := h.UserinfoBy(h.Context(), shown)
				if refusal, ok := errors.AsType[*oidc.BearerError](err); !ok || refusal.Code != oidc.InvalidToken {
					h.Errorf("%s: %s: %v, want invalid_token", name, way, err)
				}
			}
			if said := h.ask(tokens.AccessToken); said["token_type"] != "DPoP" || said["cnf"].(map[string]any)["jkt"] != k.thumbprint() {
				h.Errorf("%s: introspection %v", name, said)
			}
			// An app without a secret renews by its key alone; another one proves itself.
			renew := func(by oidc.DPoP) error {
				_, err := h.exchangeBy(app, by, "grant_type", "refresh_token", "refresh_token", tokens.RefreshToken.Reveal())
				return err
			}
			if app.Public() {
				for way, by := range map[string]oidc.DPoP{"no key": {}, "another key": thief.proof()} {
					if err := renew(by); !refusedWith(err, oidc.InvalidDPoPProof) {
						h.Errorf("%s: renewed by %s: %v, want invalid_dpop_proof", name, way, err)
					}
				}
			}
			next, err := h.exchangeBy(app, k.proof(), "grant_type", "refresh_token", "refresh_token", tokens.RefreshToken.Reveal())
			if err != nil || !next.Bound {
				h.Fatalf("%s: renewed: %+v, %v", name, next, err)
			}
			if _, err := h.UserinfoBy(h.Context(), k.show(next.AccessToken)); err != nil {
				h.Errorf("%s: userinfo after that: %v", name, err)
			}
		}
		// Twin: who shows no key gets what opens by none.
		bearer, err := h.redeemBy(&h.portal, oidc.DPoP{}, h.code(&h.portal))
		if err != nil || bearer.Bound {
			h.Fatalf("twin: %+v, %v", bearer, err)
		}
		if _, err := h.Userinfo(h.Context(), bearer.AccessToken); err != nil {
			h.Errorf("twin: %v", err)
		}
		if _, err := h.UserinfoBy(h.Context(), k.show(bearer.AccessToken)); err == nil {
			h.Error("a token that is bound to none opens by a key")
		}
	})
}

func TestAnAppThatHasToShowAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.portal.DPoP = true
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	code := h.code(&h.portal)
	if _, err := h.redeemBy(&h.portal, oidc.DPoP{}, code); !refusedWith(err, oidc.InvalidDPoPProof) {
		t.Errorf("without a proof: %v, want invalid_dpop_proof", err)
	}
	// The code was not used up by that: nobody has shown that it is in wrong hands.
	if tokens, err := h.redeemBy(&h.portal, newHolder(h).proof(), code); err != nil || !tokens.Bound {
		t.Errorf("twin: %+v, %v", tokens, err)
	}
}

func TestACodeIsBoundToAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	k, thief := newHolder(h), newHolder(h)
	for way, by := range map[string]oidc.DPoP{"another key": thief.proof(), "no key": {}} {
		if _, err := h.redeemBy(&h.native, by, h.code(&h.native, "dpop_jkt", k.thumbprint())); !refusedWith(err, oidc.InvalidDPoPProof) {
			t.Errorf("redeemed by %s: %v, want invalid_dpop_proof", way, err)
		}
	}
	if _, err := h.redeemBy(&h.native, k.proof(), h.code(&h.native, "dpop_jkt", k.thumbprint())); err != nil {
		t.Errorf("twin: %v", err)
	}
	// A key that is shown with a pushed request binds its code as well.
	push := func(by *holder, more ...string) (oidc.PushedResponse, error) {
		r, err := oidc.ReadPushed(nil, "", request(&h.native, more...).Encode())
		if err != nil {
			t.Fatal(err)
		}
		r.Proof = oidc.DPoP{Header: []string{by.sign(with(by.claims(), "htu", issuer+oidc.PushPath))}, Method: "POST", Path: oidc.PushPath}
		return h.Push(t.Context(), r, netip.MustParseAddr("192.0.2.1"))
	}
	pushed, err := push(k)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Authorize(t.Context(), oidc.PushedQuery("native", pushed.Token), h.person())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.redeemBy(&h.native, thief.proof(), query(t, out.URL).Get("code")); !refusedWith(err, oidc.InvalidDPoPProof) {
		t.Errorf("pushed with a key, redeemed by another: %v, want invalid_dpop_proof", err)
	}
	if _, err := push(thief, "dpop_jkt", k.thumbprint()); !refusedWith(err, oidc.InvalidDPoPProof) {
		t.Errorf("pushed with a key, for another: %v, want invalid_dpop_proof", err)
	}
}

func TestAProofThatProvesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	k := newHolder(h)
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaked := k.signRaw(jose.JSONWebKey{Key: k.key})
	if _, err := h.redeemBy(&h.native, tokenProof(k.signRaw(jose.JSONWebKey{Key: k.key.Public()})), h.code(&h.native)); err != nil {
		t.Fatalf("twin of a private key: %v", err)
	}
	swapped := strings.Split(k.sign(k.claims()), ".")
	swapped[0] = strings.Split(newHolder(h).sign(k.claims()), ".")[0]
	used := k.sign(k.claims())
	if _, err := h.redeemBy(&h.native, tokenProof(used), h.code(&h.native)); err != nil {
		t.Fatalf("twin: %v", err)
	}
	edge := h.Now()
	for name, proof := range map[string]oidc.DPoP{
		"used before":            tokenProof(used),
		"two of them":            tokenProof(k.sign(k.claims()), k.sign(k.claims())),
		"nothing in it":          tokenProof(""),
		"no JWT":                 tokenProof("x"),
		"endless":                tokenProof(k.sign(with(k.claims(), "x", strings.Repeat("x", 4<<10)))),
		"none":                   tokenProof(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"dpop+jwt"}`)) + ".e30."),
		"an id token":            tokenProof(k.sign(k.claims(), "typ", "JWT")),
		"another's key in front": tokenProof(strings.Join(swapped, ".")),
		"a private key":          tokenProof(leaked),
		"a key elsewhere":        tokenProof(k.sign(k.claims(), "jku", "https://evil.example/")),
		"a curve off the list":   tokenProof((&holder{house: h, key: p384, alg: jose.ES384}).sign(k.claims())),
		"no name":                tokenProof(k.sign(with(k.claims(), "jti", nil))),
		"an endless name":        tokenProof(k.sign(with(k.claims(), "jti", strings.Repeat("j", 256)))),
		"for GET":                tokenProof(k.sign(with(k.claims(), "htm", "GET"))),
		"for post in small":      tokenProof(k.sign(with(k.claims(), "htm", "post"))),
		"for userinfo":           tokenProof(k.sign(with(k.claims(), "htu", issuer+oidc.UserinfoPath))),
		"for another house":      tokenProof(k.sign(with(k.claims(), "htu", "https://evil.example"+oidc.TokenPath))),
		"for a part of us":       tokenProof(k.sign(with(k.claims(), "htu", issuer+oidc.TokenPath+"/"))),
		"for us with a name":     tokenProof(k.sign(with(k.claims(), "htu", "https://a@sso.example"+oidc.TokenPath))),
		"for us, another way":    tokenProof(k.sign(with(k.claims(), "htu", issuer+"/x/.."+oidc.TokenPath))),
		"for no address":         tokenProof(k.sign(with(k.claims(), "htu", nil))),
		"of no time":             tokenProof(k.sign(with(k.claims(), "iat", nil))),
		"of before":              tokenProof(k.sign(with(k.claims(), "iat", edge.Add(-61*time.Second).Unix()))),
		"of the future":          tokenProof(k.sign(with(k.claims(), "iat", edge.Add(61*time.Second).Unix()))),
	} {
		if tokens, err := h.redeemBy(&h.native, proof, h.code(&h.native)); !refusedWith(err, oidc.InvalidDPoPProof) || !tokens.AccessToken.IsZero() {
			t.Errorf("%s: %v, want invalid_dpop_proof", name, err)
		}
	}
	for name, proof := range map[string]oidc.DPoP{
		"a minute ago":              tokenProof(k.sign(with(k.claims(), "iat", edge.Add(-time.Minute).Unix()))),
		"in a minute":               tokenProof(k.sign(with(k.claims(), "iat", edge.Add(time.Minute).Unix()))),
		"with a query, in capitals": tokenProof(k.sign(with(k.claims(), "htu", "HTTPS://SSO.example:443"+oidc.TokenPath+"?x=y#z"))),
		"RS256":                     tokenProof((&holder{house: h, key: big, alg: jose.RS256}).sign(k.claims())),
		"PS256":                     tokenProof((&holder{house: h, key: big, alg: jose.PS256}).sign(k.claims())),
	} {
		if _, err := h.redeemBy(&h.native, proof, h.code(&h.native)); err != nil {
			t.Errorf("%s: %v, want tokens", name, err)
		}
	}
	tokens, err := h.redeemBy(&h.native, k.proof(), h.code(&h.native))
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.redeemBy(&h.native, k.proof(), h.code(&h.native))
	if err != nil {
		t.Fatal(err)
	}
	swap := k.show(other.AccessToken)
	swap.Token = tokens.AccessToken
	for name, shown := range map[string]oidc.Presented{
		"for another token":  swap,
		"for no token":       {Token: tokens.AccessToken, Proof: oidc.DPoP{Header: []string{k.sign(with(with(k.claims(), "htm", "GET"), "htu", issuer+oidc.UserinfoPath))}, Method: "GET", Path: oidc.UserinfoPath}},
		"for the token page": {Token: tokens.AccessToken, Proof: k.proof()},
	} {
		shown.Proof.Method, shown.Proof.Path = "GET", oidc.UserinfoPath
		_, err := h.UserinfoBy(t.Context(), shown)
		if refusal, ok := errors.AsType[*oidc.BearerError](err); !ok || refusal.Code != oidc.InvalidDPoPProof || !strings.HasPrefix(refusal.Challenge(), "DPoP ") {
			t.Errorf("userinfo: %s: %v, want invalid_dpop_proof", name, err)
		}
	}
}

// Of any number that send one proof at the same time, one gets in.
func TestAProofIsUsedOnceHoweverManySendIt(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		k := newHolder(h)
		proof := k.proof()
		var codes [4]string
		for i := range codes {
			codes[i] = h.code(&h.native)
		}
		var got [4]error
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { _, got[i] = h.redeemBy(&h.native, proof, codes[i]) })
		}
		all.Wait()
		in := 0
		for _, err := range got {
			switch {
			case err == nil:
				in++
			case !refusedWith(err, oidc.InvalidDPoPProof):
				h.Errorf("refused with %v", err)
			}
		}
		if in != 1 {
			h.Errorf("%d got in, want one", in)
		}
	})
}

// A machine's token that is bound says so to who asks about it.
func TestAMachinesTokenIsBoundToAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.portal.GrantTypes, h.portal.Scopes = sso.GrantTypes(), []string{"users:read"}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	k := newHolder(h)
	tokens, err := h.exchangeBy(&h.portal, k.proof(), "grant_type", "client_credentials")
	if err != nil || !tokens.Bound {
		t.Errorf("bound: %+v, %v", tokens, err)
	}
	if said := h.ask(tokens.AccessToken); said["active"] != true || said["token_type"] != "DPoP" || said["cnf"].(map[string]any)["jkt"] != k.thumbprint() {
		t.Errorf("introspection: %v", said)
	}
	if twin, err := h.exchangeBy(&h.portal, oidc.DPoP{}, "grant_type", "client_credentials"); err != nil || twin.Bound || h.ask(twin.AccessToken)["cnf"] != nil {
		t.Errorf("twin: %+v, %v", twin, err)
	}
}

// What proves something once stays used up for as long as a node takes it whose clock
// is behind that of the node which forgets what has expired.
func TestWhatCountsOnceStaysUsedWhereClocksDiffer(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		s, k := newSigner(h), newHolder(h)
		assertion, proof := s.sign(jose.ES256, "ec", s.claims("once")), k.proof()
		redeem := func(by oidc.DPoP) error {
			_, err := h.redeemBy(&h.portal, by, h.code(&h.portal))
			return err
		}
		assert := func(by string) error {
			_, err := s.machine(by)
			return err
		}
		if err := errors.Join(redeem(proof), assert(assertion)); err != nil {
			h.Fatal(err)
		}
		sweep := func() {
			h.write(func(ctx context.Context, tx *store.Writer) error {
				_, err := tx.DeleteExpired(ctx, h.Now().Add(5*time.Second), store.Retention{})
				return err
			})
		}
		unused := k.proof()
		h.wait(oidc.DPoPSkew - 2*time.Second)
		sweep()
		if err := redeem(proof); !refusedWith(err, oidc.InvalidDPoPProof) {
			h.Errorf("the proof again: %v, want invalid_dpop_proof", err)
		}
		if err := redeem(unused); err != nil {
			h.Errorf("twin, a proof as old: %v", err)
		}
		other := s.sign(jose.ES256, "ec", s.claims("other"))
		h.wait(time.Minute) // the assertion has expired by now, but for the skew
		sweep()
		if err := assert(assertion); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("the assertion again: %v, want invalid_client", err)
		}
		if err := assert(other); err != nil {
			h.Errorf("twin, an assertion that was not used: %v", err)
		}
	})
}

// Anybody can make a key. Who shows a token that is none leaves nothing behind, and
// who shows a good one has used their proof up.
func TestAProofForATokenOfNobodyIsForgotten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	k := newHolder(h)
	tokens, err := h.redeemBy(&h.portal, k.proof(), h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		token secret.Token
		want  [2]oidc.Code
	}{
		"of nobody":           {secret.NewToken(), [2]oidc.Code{oidc.InvalidToken, oidc.InvalidToken}},
		"twin: of the person": {tokens.AccessToken, [2]oidc.Code{"", oidc.InvalidDPoPProof}},
	} {
		shown := k.show(tc.token)
		for i, want := range tc.want {
			info, err := h.UserinfoBy(t.Context(), shown)
			refusal, _ := errors.AsType[*oidc.BearerError](err)
			if (err == nil) != (want == "") || refusal != nil && refusal.Code != want || (info.Claims.Subject == "") != (want != "") {
				t.Errorf("%s, time %d: %+v, %v, want %q", name, i+1, info, err, want)
			}
		}
	}
}
