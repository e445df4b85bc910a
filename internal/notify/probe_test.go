package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
)

// A gateway is asked whether it knows us by a request that sends nothing.
func TestGatewayIsAskedWhetherItKnowsUs(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return testTime }
	knows := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			http.Error(w, "nothing may be sent", http.StatusTeapot)
			return
		}
		user, password, basic := r.BasicAuth()
		signature := hmac.New(sha256.New, []byte("secret"))
		_, _ = fmt.Fprintf(signature, "Date: %s\n%s %s HTTP/1.1", r.Header.Get("Date"), r.Method, r.URL.RequestURI())
		signed := strings.Contains(r.Header.Get("Authorization"), `signature="`+base64.StdEncoding.EncodeToString(signature.Sum(nil))+`"`)
		if basic && user == "key" && password == "secret" || signed {
			_, _ = w.Write([]byte(`{}`))
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"message": "who are you?"}`))
	}
	url, _ := gateway(t, knows)
	down, _ := gateway(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	hook, err := notify.NewWebhook(notify.WebhookConfig{Method: "POST", URL: url, Body: "{{text}}", Reach: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		api   notify.API
		asked bool
		code  string
	}{
		"twilio":                      {&notify.Twilio{BaseURL: url, Account: "AC1", Key: "key", Secret: "secret", Now: clock}, true, ""},
		"twilio, another secret":      {&notify.Twilio{BaseURL: url, Account: "AC1", Key: "key", Secret: "guess", Now: clock}, true, "sms_auth"},
		"twilio is down":              {&notify.Twilio{BaseURL: down, Account: "AC1", Key: "key", Secret: "secret", Now: clock}, true, "sms_unreachable"},
		"sinch":                       {&notify.Sinch{BaseURL: url, Key: "key", Secret: "secret", Signed: notify.SignBasic, Now: clock}, true, ""},
		"sinch, signed":               {&notify.Sinch{BaseURL: url, Key: "key", Secret: "secret", Signed: notify.SignHMAC, Now: clock}, true, ""},
		"sinch, signed by another":    {&notify.Sinch{BaseURL: url, Key: "key", Secret: "guess", Signed: notify.SignHMAC, Now: clock}, true, "sms_auth"},
		"a webhook cannot be asked":   {hook, false, ""},
		"nobody is there to be asked": {&notify.Twilio{BaseURL: "http://127.0.0.1:1", Account: "AC1", Secret: "secret", Now: clock}, true, "sms_unreachable"},
	} {
		asked, err := through(tc.api).Probe(t.Context())
		if asked != tc.asked || tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s: Probe() = %v, %v, want %v and %q", name, asked, err, tc.asked, tc.code)
		}
	}
}
