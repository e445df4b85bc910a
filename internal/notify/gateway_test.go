package notify_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/store"
)

// heard is what a gateway was asked.
type heard struct {
	method, path, contentType, body string
	header                          http.Header
}

// gateway serves an API on loopback: check judges the request as the API's
// documentation wants it, and answer answers what passed.
func gateway(t *testing.T, answer http.HandlerFunc) (url string, asked chan heard) {
	t.Helper()
	asked = make(chan heard, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- heard{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body), r.Header}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func through(api notify.API) *notify.Gateway {
	return &notify.Gateway{API: api, Caller: safehttp.NewCaller(safehttp.Private)}
}

func smsLetter(t *testing.T) notify.Letter {
	l := letter(t, code("+4915123456789"))
	l.Until = testTime.Add(10 * time.Minute)
	return l
}

// sinchAPI answers as Sinch MessageMedia's documentation says.
func sinchAPI(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodPost || r.URL.Path != "/v1/messages" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if user, secret, ok := r.BasicAuth(); ok {
		if user != "key" || secret != "s3cret" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"message":"Access denied"}`))
			return
		}
	} else if !sinchSigned(r, body) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"message":"Unauthorized: check the signature"}`))
		return
	}
	var in struct {
		Messages []struct {
			Content, Format string
			Destination     string `json:"destination_number"`
			Source          string `json:"source_number"`
			Expires         string `json:"message_expiry_timestamp"`
		}
	}
	if json.Unmarshal(body, &in) != nil || len(in.Messages) != 1 || in.Messages[0].Content == "" || !strings.HasPrefix(in.Messages[0].Destination, "+") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"message":"Something went wrong. Please try again later.","details":["messages[0].destination_number: invalid"]}`))
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprintf(w, `{"messages":[{"message_id":"04fe9a97-a579-43c5-bb1a-58ed29bf0a6a","status":"queued","content":%q,"destination_number":%q}]}`, "…", in.Messages[0].Destination)
}

// sinchSigned checks a signature as the documentation describes it, from the
// request as it arrived.
func sinchSigned(r *http.Request, body []byte) bool {
	sum := md5.Sum(body)
	if r.Header.Get("Content-MD5") != hex.EncodeToString(sum[:]) {
		return false
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	_, _ = fmt.Fprintf(mac, "Date: %s\nContent-MD5: %s\n%s %s HTTP/1.1", r.Header.Get("Date"), r.Header.Get("Content-MD5"), r.Method, r.URL.RequestURI())
	want := fmt.Sprintf(`hmac username="key", algorithm="hmac-sha256", headers="Date Content-MD5 request-line", signature="%s"`, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r.Header.Get("Authorization") == want
}

func TestSinchTakesAMessage(t *testing.T) {
	t.Parallel()
	for _, signed := range []notify.Signing{notify.SignBasic, notify.SignHMAC} {
		t.Run(string(signed), func(t *testing.T) {
			t.Parallel()
			url, asked := gateway(t, sinchAPI)
			api := &notify.Sinch{BaseURL: url, Key: "key", Secret: "s3cret", From: "Vendor", Signed: signed, Now: func() time.Time { return testTime }}
			got := carry(t.Context(), through(api), smsLetter(t))
			if got[0].err != nil || got[0].id != "04fe9a97-a579-43c5-bb1a-58ed29bf0a6a" {
				t.Fatalf("Carry() reports %v", got)
			}
			h := <-asked
			var body map[string][]map[string]any
			if err := json.Unmarshal([]byte(h.body), &body); err != nil {
				t.Fatal(err)
			}
			m := body["messages"][0]
			if m["content"] != smsLetter(t).Text || m["destination_number"] != "+4915123456789" || m["format"] != "SMS" || m["source_number"] != "Vendor" ||
				m["message_expiry_timestamp"] != "2026-09-01T12:10:00.000Z" {
				t.Errorf("the gateway is told %v", m)
			}
			if signed == notify.SignHMAC && strings.Contains(fmt.Sprint(h.header), "s3cret") {
				t.Error("the secret is sent along")
			}

			api.Secret = "wrong"
			if got := carry(t.Context(), through(api), smsLetter(t)); !fault.Is(got[0].err, "sms_auth") {
				t.Errorf("a wrong secret: %v, want sms_auth", got[0].err)
			}
			refused := smsLetter(t)
			api.Secret, refused.To = "s3cret", "4915123456789"
			got = carry(t.Context(), through(api), refused)
			if f := fault.From(got[0].err); f == nil || f.Code != "sms_refused" || f.Kind != fault.Denied || !strings.Contains(f.Got, "destination_number: invalid") {
				t.Errorf("a number that it does not take: %v, want sms_refused with the reason", got[0].err)
			}
		})
	}
}

// twilioAPI answers as Twilio's documentation says.
func twilioAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	user, secret, _ := r.BasicAuth()
	if secret != "t0ken" || (user != "AC123" && user != "SK123") {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`))
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/2010-04-01/Accounts/AC123/Messages.json" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.ParseForm() != nil || r.PostForm.Get("Body") == "" || (r.PostForm.Get("From") == "") == (r.PostForm.Get("MessagingServiceSid") == "") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("To") != "+4915123456789" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"code":21211,"message":"The 'To' number is not a valid phone number.","status":400}`))
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(`{"sid":"SM87105da94bff44b999e4e6eb90d8eb6a","status":"queued","error_code":null}`))
}

func TestTwilioTakesAMessage(t *testing.T) {
	t.Parallel()
	url, asked := gateway(t, twilioAPI)
	now := func() time.Time { return testTime }
	service := "MG" + strings.Repeat("0", 32)
	for name, tc := range map[string]struct {
		api  *notify.Twilio
		form string
	}{
		"by auth token":            {&notify.Twilio{BaseURL: url, Account: "AC123", Secret: "t0ken", From: "+12125552368", Now: now}, "From=%2B12125552368&"},
		"by API key":               {&notify.Twilio{BaseURL: url, Account: "AC123", Key: "SK123", Secret: "t0ken", From: "Vendor", Now: now}, "From=Vendor&"},
		"by a pool of its service": {&notify.Twilio{BaseURL: url, Account: "AC123", Secret: "t0ken", From: service, Now: now}, "MessagingServiceSid=" + service + "&"},
	} {
		got := carry(t.Context(), through(tc.api), smsLetter(t))
		if got[0].err != nil || got[0].id != "SM87105da94bff44b999e4e6eb90d8eb6a" {
			t.Fatalf("%s: Carry() reports %v", name, got)
		}
		h := <-asked
		if h.contentType != "application/x-www-form-urlencoded" || !strings.Contains(h.body, tc.form) || !strings.Contains(h.body, "ValidityPeriod=600") ||
			!strings.Contains(h.body, "To=%2B4915123456789") {
			t.Errorf("%s: the gateway is told %s", name, h.body)
		}
	}
	api := &notify.Twilio{BaseURL: url, Account: "AC123", Secret: "wrong", From: "Vendor", Now: now}
	if got := carry(t.Context(), through(api), smsLetter(t)); !fault.Is(got[0].err, "sms_auth") {
		t.Errorf("a wrong token: %v, want sms_auth", got[0].err)
	}
	api.Secret = "t0ken"
	elsewhere := smsLetter(t)
	elsewhere.To = "+12125552368"
	got := carry(t.Context(), through(api), elsewhere)
	if f := fault.From(got[0].err); f == nil || f.Code != "sms_refused" || !strings.Contains(f.Got, "21211") {
		t.Errorf("a number that it does not take: %v, want sms_refused with the code", got[0].err)
	}
}

func TestWebhookIsCalledAsTheOperatorWantsIt(t *testing.T) {
	t.Parallel()
	url, asked := gateway(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"results":[{"id":4711}]}`)) })
	nasty := smsLetter(t)
	nasty.Text = "a \"quoted\"\\ text\n{{secret}} & = + ü \u2028"
	for name, tc := range map[string]struct {
		config notify.WebhookConfig
		want   heard
	}{
		"JSON": {
			notify.WebhookConfig{URL: url + "/send", Body: `{"to":"{{to}}","text":"{{ text }}","from":"{{from}}"}`, Headers: []string{"Authorization: Bearer {{secret}}"}, ID: "results.id"},
			heard{"POST", "/send", "application/json", "", nil},
		},
		"a form": {
			notify.WebhookConfig{URL: url + "/send", Body: `n={{digits}}&t={{text}}&k={{secret}}`, Headers: []string{"Content-Type: application/x-www-form-urlencoded"}, ID: "results.id"},
			heard{"POST", "/send", "application/x-www-form-urlencoded", "n=4915123456789&t=a+%22quoted%22%5C+text%0A%7B%7Bsecret%7D%7D+%26+%3D+%2B+%C3%BC+%E2%80%A8&k=s3cret", nil},
		},
		"a GET": {
			notify.WebhookConfig{Method: "GET", URL: url + "/send?to={{to}}&text={{text}}&key={{secret}}", ID: "results.id"},
			heard{"GET", "/send?to=%2B4915123456789&text=a+%22quoted%22%5C+text%0A%7B%7Bsecret%7D%7D+%26+%3D+%2B+%C3%BC+%E2%80%A8&key=s3cret", "application/json", "", nil},
		},
		"plain text by PUT": {
			notify.WebhookConfig{Method: "PUT", URL: url + "/{{digits}}", Body: "{{text}}", Headers: []string{"Content-Type: text/plain; charset=utf-8", "X-Id: {{id}}"}, ID: "results.id"},
			heard{"PUT", "/4915123456789", "text/plain; charset=utf-8", nasty.Text, nil},
		},
	} {
		tc.config.From, tc.config.Secret, tc.config.Reach = "Vendor", "s3cret", safehttp.Private
		hook, err := notify.NewWebhook(tc.config)
		if err != nil {
			t.Fatalf("%s: NewWebhook() = %v", name, err)
		}
		got := carry(t.Context(), through(hook), nasty)
		if got[0].err != nil || got[0].id != "4711" {
			t.Fatalf("%s: Carry() reports %v", name, got)
		}
		h := <-asked
		if h.method != tc.want.method || h.path != tc.want.path || h.contentType != tc.want.contentType || tc.want.body != "" && h.body != tc.want.body {
			t.Errorf("%s: the gateway is asked %s %s by %s: %s", name, h.method, h.path, h.contentType, h.body)
		}
		if name == "JSON" {
			var body map[string]string
			if err := json.Unmarshal([]byte(h.body), &body); err != nil || body["text"] != nasty.Text || body["to"] != nasty.To || body["from"] != "Vendor" || len(body) != 3 {
				t.Errorf("the gateway is told %q, %v", body, err)
			}
			if h.header.Get("Authorization") != "Bearer s3cret" {
				t.Errorf("it is authorized by %q", h.header.Get("Authorization"))
			}
		}
	}
}

func TestWebhookRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]notify.WebhookConfig{
		"no URL":                      {},
		"a URL that is none":          {URL: "gateway.example/send"},
		"plain http":                  {URL: "http://gateway.example/send"},
		"another port":                {URL: "https://gateway.example:8443/send"},
		"a user name in the URL":      {URL: "https://a:b@gateway.example/send"},
		"an unknown mark":             {URL: "https://gateway.example/send", Body: `{"to":"{{phone}}"}`},
		"a mark that does not end":    {URL: "https://gateway.example/send", Body: `{"to":"{{to"}`},
		"a body that is no JSON":      {URL: "https://gateway.example/send", Body: `{"to":{{to}}`},
		"a mark outside quotes":       {URL: "https://gateway.example/send", Body: `{"to":{{text}}}`},
		"a header without a value":    {URL: "https://gateway.example/send", Headers: []string{"Authorization"}},
		"a header with a bad name":    {URL: "https://gateway.example/send", Headers: []string{"X Y: z"}},
		"an unknown mark in a header": {URL: "https://gateway.example/send", Headers: []string{"X: {{token}}"}},
		"another method":              {URL: "https://gateway.example/send", Method: "DELETE"},
	} {
		if _, err := notify.NewWebhook(c); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: NewWebhook() = %v", name, err)
		}
	}
	if _, err := notify.NewWebhook(notify.WebhookConfig{URL: "https://gateway.example/send", Body: `{"to":"{{to}}"}`}); err != nil {
		t.Errorf("twin: NewWebhook() = %v", err)
	}
}

func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		code string
		kind fault.Kind
	}{
		200: {"", 0}, 201: {"", 0}, 202: {"", 0}, 204: {"", 0},
		302: {"sms_unreachable", fault.Unavailable}, 400: {"sms_refused", fault.Denied}, 401: {"sms_auth", fault.Unavailable}, 403: {"sms_auth", fault.Unavailable},
		404: {"sms_auth", fault.Unavailable}, 408: {"sms_unreachable", fault.Unavailable}, 422: {"sms_refused", fault.Denied}, 429: {"sms_limited", fault.Exhausted},
		500: {"sms_unreachable", fault.Unavailable}, 503: {"sms_unreachable", fault.Unavailable},
	} {
		url, asked := gateway(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		hook, err := notify.NewWebhook(notify.WebhookConfig{URL: url, Reach: safehttp.Private})
		if err != nil {
			t.Fatal(err)
		}
		got := carry(t.Context(), through(hook), smsLetter(t))
		f := fault.From(got[0].err)
		if want.code == "" && f != nil || want.code != "" && (f == nil || f.Code != want.code || f.Kind != want.kind) {
			t.Errorf("%d: %v, want %q", status, got[0].err, want.code)
		}
		if len(asked) != 1 {
			t.Errorf("%d: the gateway was asked %d times", status, len(asked))
		}
	}
}

func TestGatewayThatIsNotThere(t *testing.T) {
	t.Parallel()
	hook, err := notify.NewWebhook(notify.WebhookConfig{URL: "http://127.0.0.1:1/send?key={{secret}}", Secret: "s3cret", Reach: safehttp.Private})
	if err != nil {
		t.Fatal(err)
	}
	got := carry(t.Context(), through(hook), smsLetter(t))
	if !fault.Is(got[0].err, "sms_unreachable") || strings.Contains(got[0].err.Error(), "s3cret") {
		t.Errorf("Carry() reports %v, want sms_unreachable without the secret", got[0].err)
	}
}

func TestGatewayOnAPrivateNetworkHasToBeAllowed(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://127.0.0.1/send", "https://10.0.0.1/send", "https://[fd00::1]/send", "https://169.254.169.254/send"} {
		hook, err := notify.NewWebhook(notify.WebhookConfig{URL: url, Reach: safehttp.Public})
		if err != nil {
			t.Fatal(err)
		}
		g := &notify.Gateway{API: hook, Caller: safehttp.NewCaller(safehttp.Public)}
		if got := carry(t.Context(), g, smsLetter(t)); !fault.Is(got[0].err, "sms_unreachable") {
			t.Errorf("%s: %v, want sms_unreachable", url, got[0].err)
		}
	}
}

func TestGatewayThatAsksForRestGetsIt(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		busy := true
		url, _ := gateway(w.T, func(rw http.ResponseWriter, _ *http.Request) {
			if busy {
				rw.Header().Set("Retry-After", "90")
				rw.WriteHeader(http.StatusTooManyRequests)
				return
			}
			_, _ = rw.Write([]byte(`{"id":"m-1"}`))
		})
		hook, err := notify.NewWebhook(notify.WebhookConfig{URL: url, ID: "id", Reach: safehttp.Private})
		if err != nil {
			w.Fatal(err)
		}
		c := w.courier(map[notify.Channel]notify.Carrier{notify.SMS: through(hook)})
		w.enqueue(code("+4915123456789"))
		w.deliver(c, notify.SMS)
		m := w.pile(store.MessageWaiting)["+4915123456789"]
		if m.Code != "sms_limited" || m.DueAt.Sub(w.now()) != 90*time.Second {
			w.Errorf("the code waits %v because of %q, want the 90 s that were asked for", m.DueAt.Sub(w.now()), m.Code)
		}
		busy = false
		w.pass(90 * time.Second)
		w.deliver(c, notify.SMS)
		if m := w.pile(store.MessageSent)["+4915123456789"]; m.RemoteID != "m-1" || m.Tries != 2 {
			w.Errorf("the code is %+v, want it sent", m)
		}
	})
}

// Whatever stands in a value, a JSON pattern is filled to JSON that says just
// that, and no value is read as a mark.
func FuzzPattern(f *testing.F) {
	f.Add(`{"to":"{{to}}","text":"{{text}}"}`, "+49", "a \"b\" {{to}} \\ \n\x00 \xff")
	f.Add(`{{text}}`, "", "x")
	f.Add(`{{`, "", "")
	f.Add(`{{to}}{{{text}}}`, "{{text}}", "{{to}}")
	f.Fuzz(func(t *testing.T, pattern, to, text string) {
		known := map[string]string{"to": "", "text": ""}
		plain := func(s string) string { return s }
		fill, err := notify.ParsePattern(pattern, known, plain)
		if err != nil {
			return
		}
		got := fill(map[string]string{"to": to, "text": text})
		rest := pattern
		for { // what is not a mark stays as it is
			before, after, found := strings.Cut(rest, "{{")
			if !strings.HasPrefix(got, before) {
				t.Fatalf("%q filled is %q: %q is lost", pattern, got, before)
			}
			got = got[len(before):]
			if !found {
				break
			}
			name, tail, _ := strings.Cut(after, "}}")
			value := map[string]string{"to": to, "text": text}[strings.TrimSpace(name)]
			if !strings.HasPrefix(got, value) {
				t.Fatalf("%q: %q does not stand for %q", pattern, value, name)
			}
			got, rest = got[len(value):], tail
		}
		if got != "" {
			t.Fatalf("%q: %q is added", pattern, got)
		}
		fill, err = notify.ParsePattern(`{"a":"{{to}}","b":["{{text}}"]}`, known, notify.EscapeJSON)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			A string
			B []string
		}
		if err := json.Unmarshal([]byte(fill(map[string]string{"to": to, "text": text})), &doc); err != nil || len(doc.B) != 1 {
			t.Fatalf("filled by %q and %q: %v, %v", to, text, doc, err)
		}
		if utf8.ValidString(to) && doc.A != to || utf8.ValidString(text) && doc.B[0] != text {
			t.Fatalf("%q and %q are read as %q", to, text, doc)
		}
	})
}
