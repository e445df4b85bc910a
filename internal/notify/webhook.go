package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/safehttp"
)

// Webhook speaks to any gateway that takes one request for one message. Its
// address, headers and body are patterns.
type Webhook struct {
	method  string
	url     pattern
	headers map[string]pattern
	body    pattern
	id      []string
}

// WebhookConfig is what a webhook is made of. In URL, Headers and Body stand the
// marks {{to}} (+ and digits), {{digits}}, {{text}}, {{from}}, {{id}} and {{secret}}.
type WebhookConfig struct {
	Method  string   // "": POST
	URL     string   // marks are escaped as in a query
	Headers []string // "Name: value"; marks are not escaped, but cannot end a line
	Body    string   // marks are escaped as the Content-Type wants it
	From    string
	Secret  string
	ID      string // path to the message's ID in a JSON answer, such as "messages.message_id"; "": none
	Reach   safehttp.Reach
}

// NewWebhook reads the patterns. What is wrong with them is said here.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	w := &Webhook{method: c.Method, headers: map[string]pattern{}}
	if w.method == "" {
		w.method = "POST"
	}
	if !slices.Contains([]string{"POST", "PUT", "GET"}, w.method) {
		return nil, fmt.Errorf("method %q: want POST, PUT or GET", w.method)
	}
	if c.ID != "" {
		w.id = strings.Split(c.ID, ".")
	}
	known := map[string]string{"to": "", "digits": "", "text": "", "id": "", "from": c.From, "secret": c.Secret}
	var err error
	if w.url, err = parsePattern(c.URL, known, url.QueryEscape); err != nil {
		return nil, fmt.Errorf("URL: %w", err)
	}
	if err := c.Reach.Check(w.url.fill(nil)); err != nil {
		return nil, fmt.Errorf("URL: %w", err)
	}
	contentType := ""
	for _, h := range c.Headers {
		name, value, ok := strings.Cut(h, ":")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsFunc(name, notInName) {
			return nil, errors.New(`header: want "Name: value"`) // its value may be a secret: not shown
		}
		if w.headers[name], err = parsePattern(strings.TrimSpace(value), known, oneLine); err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		if strings.EqualFold(name, "Content-Type") {
			contentType = strings.ToLower(strings.TrimSpace(value))
		}
	}
	if contentType == "" {
		contentType = "application/json"
		w.headers["Content-Type"] = pattern{{text: contentType}}
	}
	escape, check := escaping(contentType)
	if w.body, err = parsePattern(c.Body, known, escape); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if err := check(w.body.fill(nil)); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return w, nil
}

// Request implements [API].
func (w *Webhook) Request(l Letter) (safehttp.Request, error) {
	values := map[string]string{"to": l.To, "digits": strings.TrimPrefix(l.To, "+"), "text": l.Text, "id": string(l.ID)}
	r := safehttp.Request{Method: w.method, URL: w.url.fill(values), Header: map[string]string{}, Body: []byte(w.body.fill(values))}
	for name, value := range w.headers {
		r.Header[name] = value.fill(values)
	}
	return r, nil
}

// Receipt implements [API].
func (w *Webhook) Receipt(body []byte) (id, complaint string) {
	if len(w.id) > 0 {
		id = text(body, w.id...)
	}
	return id, string(body)
}

// escaping returns how a value is written into a body of this type, and what
// must hold for the whole.
func escaping(contentType string) (escape func(string) string, check func(string) error) {
	contentType, _, _ = strings.Cut(contentType, ";")
	fine := func(string) error { return nil }
	switch strings.TrimSpace(contentType) {
	case "application/x-www-form-urlencoded":
		return url.QueryEscape, fine
	case "text/plain":
		return func(s string) string { return s }, fine
	default: // JSON, or the best guess for what is like it
		return escapeJSON, func(s string) error {
			if s != "" && !json.Valid([]byte(s)) {
				return errors.New("not JSON with the marks filled; text marks stand within quotes")
			}
			return nil
		}
	}
}

// escapeJSON writes a value as it stands between the quotes of a JSON string.
func escapeJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // no string is refused
		return ""
	}
	return string(b[1 : len(b)-1])
}

// oneLine drops what would end a header.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, s)
}

// notInName reports what a name of a header cannot have [RFC 9110 5.6.2].
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}
