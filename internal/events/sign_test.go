package events

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/webtest"
)

// The example of Standard Webhooks.
func TestSignedAsTheStandardSays(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := signed("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), key)
	want := map[string]string{
		"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330", "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "Content-Type": "application/json",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signed() (-want +got):\n%s", diff)
	}
}

// message is one as it is sent, for the library of others in e2e.
type message struct {
	Name    string            `json:"name"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// What is sent is what the library of others takes: the end-to-end tests show
// it this file.
func TestMessagesForTheLibraryOfOthers(t *testing.T) {
	t.Parallel()
	key, other := []byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")
	now, body := time.Unix(1788264000, 0), `{"type":"user.created","timestamp":"2026-09-01T12:00:00.000000Z","data":{"target":"Zoë <b>"}}`
	all := []message{
		{"one secret", SecretText(key), signed("evt_1", now, []byte(body), key), body},
		{"two secrets, of which the receiver has the new one", SecretText(key), signed("evt_2", now, []byte(body), key, other), body},
		{"two secrets, of which the receiver has the old one", SecretText(other), signed("evt_3", now, []byte(body), key, other), body},
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "signed.json")
	if webtest.Update() {
		if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
