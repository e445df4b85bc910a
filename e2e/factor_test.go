//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// factorHouse has people from whom a second factor is demanded, and some from whom it is not.
const factorHouse = `organizations:
  - key: acme
    name: Acme Ltd
    policy: {mfa: required}
    users:
      - {username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "` + alicesHash + `"}
      - {username: bob, email: bob@acme.test, first_name: Bob, last_name: Baker, password_hash: "` + alicesHash + `"}
      - {username: carol, email: carol@acme.test, first_name: Carol, last_name: Clark, password_hash: "` + alicesHash + `"}
`

// TestFactorPages adds and uses an authenticator app, recovery codes and a remembered browser.
func TestFactorPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, factorHouse)
	h.journey(t, "factors", map[string]string{"email": "alice@acme.test", "password": alicesPassword})
}

// TestPasskeyPages adds a security key and a passkey, uses them beside a password and alone, and meets strange ones.
func TestPasskeyPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, factorHouse)
	h.journey(t, "passkeys", map[string]string{"email": "bob@acme.test", "other": "carol@acme.test", "password": alicesPassword})
}

// TestTextPages adds a telephone number, to which a gateway on loopback sends the codes.
func TestTextPages(t *testing.T) {
	t.Parallel()
	gateway := newTexts(t)
	h := newHouse(t, factorHouse, "--sms-gateway", "webhook", "--sms-url", gateway.URL+"/send", "--sms-body", `{"to": "{{to}}", "text": "{{text}}"}`, "--sms-private")
	h.journey(t, "texts", map[string]string{"email": "alice@acme.test", "password": alicesPassword, "texts": gateway.URL + "/texts"})
}

// newTexts starts a gateway for SMS, which shows at /texts what was sent.
func newTexts(t *testing.T) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	texts := []json.RawMessage{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /send", func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) {
			t.Errorf("the gateway got %q, %v", body, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, body)
	})
	mux.HandleFunc("GET /texts", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if err := json.NewEncoder(w).Encode(texts); err != nil {
			t.Errorf("showing what was sent: %v", err)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}
