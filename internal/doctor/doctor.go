// Package doctor looks at whether a deployment can do its work, and says of
// what is wrong what to do about it.
//
// It looks from outside at what people depend on: the database, the way from
// the base URL through whatever stands in front, the mail server, the gateway
// for SMS, the resolver; and inside at keys, jobs and messages. Each look is a
// [Finding] of its own, and one that fails keeps no other from being taken. But
// for a row that expires by itself and for what the operator asks it to send, it
// changes nothing.
//
// # Trust
//
// It runs with the configuration of the server, by somebody who may read it.
// What it asks through the base URL is answered to whoever knows a token that
// only somebody who can write to the database has, and holds what they sent.
package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// Verdict says how a look has ended.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn" // it works, and will not for ever
	Fail Verdict = "fail"
	Skip Verdict = "skip" // there is nothing to look at, or no way to
)

// Finding is what a look has come to.
type Finding struct {
	Check   string  `json:"check"` // front.instance
	Verdict Verdict `json:"verdict"`
	Want    string  `json:"want"`
	Got     string  `json:"got"`
	Do      string  `json:"do"` // what to do about it; "" where nothing need be
}

// Healthy reports whether nothing has failed.
func Healthy(all []Finding) bool {
	for i := range all {
		if all[i].Verdict == Fail {
			return false
		}
	}
	return true
}

// Mail is a way to a mail server.
type Mail interface {
	// Probe speaks with the server as far as a recipient, and sends nothing.
	Probe(ctx context.Context, to string) error
	// SendTest sends a letter that says what it is, and returns what the server
	// calls it.
	SendTest(ctx context.Context, to string) (string, error)
}

// SMS is a way to a gateway.
type SMS interface {
	// Probe asks whether the gateway knows us, and sends nothing. It reports
	// whether there was a way to ask.
	Probe(ctx context.Context) (asked bool, err error)
}

// Doctor looks. Its fields are set once, before it is used.
type Doctor struct {
	DB      *store.DB
	Sealer  func(context.Context) (*secret.Sealer, error)
	BaseURL string // without a slash at its end
	Proxies []netip.Prefix
	Caller  *safehttp.Caller // for the base URL, wherever that is
	Mail    Mail             // nil: none is configured
	MailTo  string           // who gets a letter for a test; "": nobody does
	From    string           // address of the sender of mail
	SMS     SMS              // nil: none is configured
	DNS     dnsproof.Resolver
	// DNSName is a name that has TXT records, whoever is asked for them.
	DNSName string
	Now     func() time.Time
}

// Examine looks at everything and returns what it found, in the order in which
// it was looked at.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	e := &examination{Doctor: d}
	e.database(ctx)
	e.front(ctx)
	e.mail(ctx)
	e.sms(ctx)
	e.names(ctx)
	e.keys(ctx)
	e.work(ctx)
	return e.found
}

// examination is one run.
type examination struct {
	*Doctor
	found []Finding
	// blind says that the database cannot be asked, and what only it knows is
	// skipped.
	blind bool
}

func (e *examination) say(check string, v Verdict, want, got, do string) {
	e.found = append(e.found, Finding{Check: check, Verdict: v, Want: want, Got: clip(got), Do: do})
}

// fine is [examination.say] of what is as it has to be.
func (e *examination) fine(check, got string) { e.say(check, Pass, "", got, "") }

// failed says what an error is in the words of whoever it comes from.
func (e *examination) failed(check, want string, err error, do string) {
	e.say(check, Fail, want, reason(err), do)
}

// reason is an error without what only a program reads of it.
func reason(err error) string {
	f := fault.From(err)
	switch {
	case f.Code == "internal" || f.Got == "":
		return strings.Join(strings.Fields(err.Error()), " ")
	default:
		return f.Code + ": " + f.Got
	}
}

// longest is how much of what was found is said, in octets.
const longest = 300

func clip(s string) string {
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// ago writes a length of time for people.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Minute:
		return d.Truncate(time.Minute).String()
	default:
		return d.Truncate(time.Millisecond).String()
	}
}
