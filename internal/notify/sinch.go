package notify

import (
	"crypto/hmac"
	"crypto/md5" // the API wants it as a checksum; the signature is SHA-256
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/safehttp"
)

// SinchURL is where Sinch MessageMedia's API stands, unless the account is in
// another region (https://eu.app.api.sinch.com).
const SinchURL = "https://api.messagemedia.com"

// Sinch speaks Sinch MessageMedia's messages API, version 1
// (https://messagemedia.github.io/documentation/).
type Sinch struct {
	BaseURL string // without a slash at the end
	Key     string
	Secret  string
	From    string // source number or alpha tag; "": the account's own
	Signed  Signing
	Now     func() time.Time
}

// Signing says how requests to Sinch prove whose they are.
type Signing string

// The ways.
const (
	SignBasic Signing = "basic" // the secret is sent along
	SignHMAC  Signing = "hmac"  // HMAC-SHA-256 over date, body and request line
)

type sinchMessage struct {
	Content     string            `json:"content"`
	Destination string            `json:"destination_number"`
	Format      string            `json:"format"`
	Source      string            `json:"source_number,omitempty"`
	Expires     string            `json:"message_expiry_timestamp,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// Request implements [API].
func (s *Sinch) Request(l Letter) (safehttp.Request, error) {
	m := sinchMessage{Content: l.Text, Destination: l.To, Format: "SMS", Source: s.From, Metadata: map[string]string{"message": string(l.ID)}}
	if !l.Until.IsZero() {
		m.Expires = l.Until.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	body, err := json.Marshal(map[string][]sinchMessage{"messages": {m}})
	if err != nil {
		return safehttp.Request{}, err
	}
	r := safehttp.Request{
		Method: "POST", URL: s.BaseURL + "/v1/messages", Body: body,
		Header: map[string]string{"Accept": "application/json", "Content-Type": "application/json"},
	}
	return s.signed(r)
}

// signed adds to a request by which it is known whose it is. Of a request
// without a body, date and request line are signed.
func (s *Sinch) signed(r safehttp.Request) (safehttp.Request, error) {
	if s.Signed != SignHMAC {
		r.Header["Authorization"] = basic(s.Key, s.Secret)
		return r, nil
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return safehttp.Request{}, err
	}
	r.Header["Date"] = s.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	names, lines := "Date", "Date: "+r.Header["Date"]+"\n"
	if len(r.Body) > 0 {
		sum := md5.Sum(r.Body)
		r.Header["Content-MD5"] = hex.EncodeToString(sum[:])
		names, lines = names+" Content-MD5", lines+"Content-MD5: "+r.Header["Content-MD5"]+"\n"
	}
	mac := hmac.New(sha256.New, []byte(s.Secret))
	_, _ = fmt.Fprintf(mac, "%s%s %s HTTP/1.1", lines, r.Method, u.RequestURI())
	r.Header["Authorization"] = fmt.Sprintf(`hmac username="%s", algorithm="hmac-sha256", headers="%s request-line", signature="%s"`,
		s.Key, names, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r, nil
}

// Receipt implements [API].
func (*Sinch) Receipt(body []byte) (id, complaint string) {
	return text(body, "messages", "message_id"), strings.TrimSpace(text(body, "message") + " " + text(body, "details"))
}

// basic is the value of a header Authorization [RFC 7617].
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
