package grant_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/storetest"
)

// forged is a proof with this header, signed with a shared secret, or with none.
func (k *holder) forged(secret []byte, header map[string]any) string {
	k.house.Helper()
	header["typ"] = "dpop+jwt"
	var parts [2]string
	for i, part := range []any{header, k.claims()} {
		b, err := json.Marshal(part)
		if err != nil {
			k.house.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(b)
	}
	text := parts[0] + "." + parts[1]
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// What anybody could have signed, or what nobody could verify in little time,
// proves nothing, and takes nothing down.
func TestAProofByAKeyThatIsNoneProvesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	k := newHolder(h)
	text := base64.RawURLEncoding.EncodeToString
	shared := bytes.Repeat([]byte{7}, 32)
	modulus := func(octets int, last byte) string { return text(append(bytes.Repeat([]byte{0xC5}, octets-1), last)) }
	for name, header := range map[string]map[string]any{
		"a shared secret in it":         {"alg": "HS256", "jwk": map[string]any{"kty": "oct", "k": text(shared)}},
		"a shared secret, called ES256": {"alg": "ES256", "jwk": map[string]any{"kty": "oct", "k": text(shared)}},
		"none in capitals":              {"alg": "NONE", "jwk": map[string]any{"kty": "oct", "k": ""}},
		"no key":                        {"alg": "ES256"},
		"a name of a key of ours":       {"alg": "ES256", "kid": "1"},
		"an RSA key without a modulus":  {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": "", "e": "AQAB"}},
		"an even modulus":               {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": modulus(256, 2), "e": "AQAB"}},
		"a short modulus":               {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": modulus(128, 3), "e": "AQAB"}},
		"an endless modulus":            {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": modulus(2100, 3), "e": "AQAB"}},
		"an exponent of one":            {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": modulus(256, 3), "e": "AQ"}},
		"an endless exponent":           {"alg": "RS256", "jwk": map[string]any{"kty": "RSA", "n": modulus(256, 3), "e": modulus(256, 3)}},
		"a point beside the curve":      {"alg": "ES256", "jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": text(shared), "y": text(shared)}},
		"a short key on Edwards' curve": {"alg": "EdDSA", "jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AA"}},
		"what changes what is signed":   {"alg": "ES256", "b64": false, "crit": []string{"b64"}, "jwk": map[string]any{"kty": "oct", "k": text(shared)}},
	} {
		if tokens, err := h.redeemBy(&h.native, tokenProof(k.forged(shared, header)), h.code(&h.native)); !refusedWith(err, oidc.InvalidDPoPProof) || !tokens.AccessToken.IsZero() {
			t.Errorf("%s: %v, want invalid_dpop_proof", name, err)
		}
	}
	if _, err := h.redeemBy(&h.native, k.proof(), h.code(&h.native)); err != nil {
		t.Errorf("twin: %v", err)
	}
}

// A proof that one node has taken is used up at every other.
func TestAProofIsUsedUpAtEveryNode(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		k := newHolder(h)
		proof := k.show(mustRedeem(h, k).AccessToken)
		if _, err := h.UserinfoBy(h.Context(), proof); err != nil {
			h.Fatalf("twin: %v", err)
		}
		other := &grant.Service{DB: h.DB, Issuer: issuer, Sealer: h.Sealer, Now: h.Now, Limits: h.Limits}
		if info, err := other.UserinfoBy(h.Context(), proof); err == nil {
			h.Errorf("another node tells %+v for it", info)
		}
		fresh := k.show(proof.Token)
		if _, err := other.UserinfoBy(h.Context(), fresh); err != nil {
			h.Errorf("twin: a fresh one at the other node: %v", err)
		}
	})
}

// mustRedeem redeems a code by a key.
func mustRedeem(h *house, k *holder) oidc.TokenResponse {
	h.Helper()
	tokens, err := h.redeemBy(&h.native, k.proof(), h.code(&h.native))
	if err != nil {
		h.Fatal(err)
	}
	return tokens
}
