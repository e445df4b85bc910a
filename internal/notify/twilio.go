package notify

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/safehttp"
)

// TwilioURL is where Twilio's API stands, unless the account is in another
// region.
const TwilioURL = "https://api.twilio.com"

// longestValidity is how long Twilio keeps a message at most.
const longestValidity = 10 * time.Hour

// Twilio speaks Twilio's API of 2010-04-01
// (https://www.twilio.com/docs/messaging/api/message-resource).
type Twilio struct {
	BaseURL string // without a slash at the end
	Account string // account SID
	Key     string // API key; "": the account SID with its auth token
	Secret  string
	From    string // number, alphanumeric sender ID, or SID of a messaging service
	Now     func() time.Time
}

// Request implements [API].
func (t *Twilio) Request(l Letter) (safehttp.Request, error) {
	form := url.Values{"To": {l.To}, "Body": {l.Text}}
	if strings.HasPrefix(t.From, "MG") && len(t.From) == 34 {
		form.Set("MessagingServiceSid", t.From)
	} else {
		form.Set("From", t.From)
	}
	if left := min(l.Until.Sub(t.Now()), longestValidity); left >= time.Second {
		form.Set("ValidityPeriod", strconv.Itoa(int(left/time.Second)))
	}
	key := t.Key
	if key == "" {
		key = t.Account
	}
	return safehttp.Request{
		Method: "POST", URL: t.BaseURL + "/2010-04-01/Accounts/" + url.PathEscape(t.Account) + "/Messages.json", Body: []byte(form.Encode()),
		Header: map[string]string{"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", "Authorization": basic(key, t.Secret)},
	}, nil
}

// Receipt implements [API].
func (*Twilio) Receipt(body []byte) (id, complaint string) {
	return text(body, "sid"), strings.TrimSpace(text(body, "code") + " " + text(body, "message"))
}
