package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
)

// A key of RFC 8037, and one of RFC 7517.
const (
	ed25519Key = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	p256Key    = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}`
)

// p384Key returns a good key of a curve by which we verify nothing.
func p384Key() string {
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	b, err := jose.JSONWebKey{Key: k.Public()}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestClientKeysAreJudged(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"one key":  `{"keys":[` + ed25519Key + `]}`,
		"two keys": `{"keys":[` + ed25519Key + `,` + p256Key + `]}`,
	} {
		if err := oidc.CheckClientKeys(document); err != nil {
			t.Errorf("%s: CheckClientKeys() = %v, want it accepted", name, err)
		}
	}
	for name, document := range map[string]string{
		"nothing":                  "",
		"no keys":                  `{"keys":[]}`,
		"a key and no set":         ed25519Key,
		"a private key":            `{"keys":[` + strings.Replace(ed25519Key, `}`, `,"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`, 1) + `]}`,
		"a shared secret":          `{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"a key for encryption":     `{"keys":[` + strings.Replace(p256Key, `"sig"`, `"enc"`, 1) + `]}`,
		"a point beside the curve": `{"keys":[` + strings.Replace(p256Key, `4Etl`, `4Etm`, 1) + `]}`,
		"a short RSA key":          `{"keys":[{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("A", 2) + `_` + strings.Repeat("9", 168) + `"}]}`,
		"a key for HS256":          `{"keys":[` + strings.Replace(p256Key, `}`, `,"alg":"HS256"}`, 1) + `]}`,
		"another curve":            `{"keys":[` + p384Key() + `]}`,
		"too many keys":            `{"keys":[` + strings.Repeat(ed25519Key+",", 20) + ed25519Key + `]}`,
		"too long":                 `{"keys":[` + strings.Repeat(" ", oidc.MaxClientKeySet) + ed25519Key + `]}`,
	} {
		if err := oidc.CheckClientKeys(document); !fault.Is(err, "app_keys") {
			t.Errorf("%s: CheckClientKeys() = %v, want app_keys", name, err)
		}
	}
}

// FuzzCheckClientKeys: whatever is registered, it is judged; what is accepted is
// accepted again, and has no private part.
func FuzzCheckClientKeys(f *testing.F) {
	f.Add(`{"keys":[` + ed25519Key + `]}`)
	f.Add(`{"keys":[` + p256Key + `]}`)
	f.Add(`{"keys":[{"kty":"oct","k":"AA"}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		if err := oidc.CheckClientKeys(document); err == nil && oidc.CheckClientKeys(document) != nil {
			t.Error("judged twice, once this way and once that way")
		}
	})
}
