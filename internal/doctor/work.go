package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Times of what is done by itself.
const (
	late      = 15 * time.Minute    // by which a job or message is not only a little late
	soon      = 30 * 24 * time.Hour // in which a certificate ends that somebody has to see to
	mostShown = 10                  // of what ends
)

func codeOf(err error) string { return fault.From(err).Code }

// signing looks at the keys by which we sign.
func (e *examination) signing(ctx context.Context) {
	var oidc, saml []store.SigningKey
	err := e.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if oidc, err = r.SigningKeys(ctx, store.KeyForOIDC); err == nil {
			saml, err = r.SigningKeys(ctx, store.KeyForSAML)
		}
		return err
	})
	if err != nil {
		e.failed("keys.signing", "keys that sign", err, "")
		return
	}
	for _, k := range []struct {
		check, what string
		keys        []store.SigningKey
	}{{"keys.oidc", "tokens", oidc}, {"keys.saml", "requests to identity providers", saml}} {
		current := currentOf(k.keys)
		if current == nil {
			v := Fail
			if len(oidc)+len(saml) == 0 {
				v = Skip
			}
			e.say(k.check, v, "a key that signs "+k.what, "none", "start the server, which makes one")
			continue
		}
		e.fine(k.check, k.what+" are signed with "+current.Algorithm+", since "+ago(e.Now().Sub(current.Since)))
	}
	if k := currentOf(saml); k != nil {
		if cert, err := x509.ParseCertificate(k.Public); err == nil && cert.NotAfter.Sub(e.Now()) < soon {
			e.say("keys.saml", Warn, "a certificate that lasts", "ends in "+ago(cert.NotAfter.Sub(e.Now())), "sallyport keys next, and keys promote once identity providers know it")
		}
	}
}

func currentOf(keys []store.SigningKey) *store.SigningKey {
	for i := range keys {
		if keys[i].State == store.KeyCurrent {
			return &keys[i]
		}
	}
	return nil
}

// certificates looks for connections whose identity provider will sign with
// another key soon.
func (e *examination) certificates(ctx context.Context) {
	const check = "keys.connections"
	var ending []store.Ending
	err := e.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		ending, err = r.Ending(ctx, "", e.Now().Add(soon), mostShown+1)
		return err
	})
	if err != nil {
		e.failed(check, "certificates of identity providers", err, "")
		return
	}
	if len(ending) == 0 {
		e.fine(check, "no certificate of an identity provider ends within "+ago(soon))
		return
	}
	var names []string
	for i := range ending[:min(len(ending), mostShown)] {
		names = append(names, ending[i].Key+" on "+ending[i].Ends.UTC().Format(time.DateOnly))
	}
	if len(ending) > mostShown {
		names = append(names, "and more")
	}
	e.say(check, Warn, "no certificate that ends within "+ago(soon), strings.Join(names, ", "), "the owners are told by mail; ask those customers for metadata by URL, which are read by themselves")
}

// clinging looks for connections whose identity provider encrypts for a key of
// ours that is retired.
func (e *examination) clinging(ctx context.Context) {
	const check = "keys.retired"
	var used []sso.Connection
	err := e.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		used, err = r.StillUsed(ctx, e.Now().Add(-store.KeyInUse), mostShown+1)
		return err
	})
	if err != nil {
		e.failed(check, "keys for which it is encrypted", err, "")
		return
	}
	if len(used) == 0 {
		e.fine(check, "no identity provider encrypts for a retired key")
		return
	}
	var names []string
	for i := range used[:min(len(used), mostShown)] {
		names = append(names, used[i].Key)
	}
	if len(used) > mostShown {
		names = append(names, "and more")
	}
	e.say(check, Warn, "identity providers that encrypt for our current key", strings.Join(names, ", "), "ask those customers to bring our current certificate there; the retired key stays until then")
}

// work looks whether what is done by itself is done.
func (e *examination) work(ctx context.Context) {
	if e.blind {
		return
	}
	var jobs []store.Job
	var messages []store.OutboxCount
	err := e.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if jobs, err = r.Jobs(ctx); err == nil {
			messages, err = r.OutboxCounts(ctx)
		}
		return err
	})
	if err != nil {
		e.failed("jobs", "jobs that run", err, "")
		return
	}
	e.jobs(jobs)
	e.outbox(messages)
	e.audit(ctx)
}

// auditTime bounds how long the audit list is read.
const auditTime = time.Minute

// audit looks whether the audit list is whole and unaltered.
func (e *examination) audit(ctx context.Context) {
	const check = "audit.chain"
	within, cancel := context.WithTimeout(ctx, auditTime)
	defer cancel()
	v, err := e.DB.VerifyChain(within)
	switch {
	case within.Err() != nil && ctx.Err() == nil:
		e.say(check, Skip, "", "not read to its end within "+ago(auditTime)+": sallyport audit verify takes its time", "")
	case err != nil:
		e.failed(check, "an audit list that can be read", err, "look whether the database answers")
	case v.Broken != nil:
		e.say(check, Fail, "an audit list that is whole and unaltered", v.Broken.String(), "keep a copy of the database as it is, compare it with a backup and with what was streamed elsewhere, and find out who can write to it")
	default:
		said := fmt.Sprintf("whole: %d events", v.To.Number-v.From.Number)
		if v.From.Number > 0 {
			said += fmt.Sprintf("; the %d before them were deleted for their age (--audit-days)", v.From.Number)
		}
		e.fine(check, said)
	}
}

func (e *examination) jobs(all []store.Job) {
	if len(all) == 0 {
		e.say("jobs", Skip, "", "none has ever run: start the server", "")
		return
	}
	var failing, overdue []string
	for _, j := range all {
		switch {
		case j.Failures > 0:
			failing = append(failing, fmt.Sprintf("%s (%d times: %s)", j.Name, j.Failures, j.Error))
		case e.Now().Sub(j.DueAt) > late && e.Now().After(j.Leased):
			overdue = append(overdue, j.Name+" since "+ago(e.Now().Sub(j.DueAt)))
		}
	}
	switch {
	case len(failing) > 0:
		e.say("jobs", Fail, "jobs that end well", strings.Join(failing, ", "), "look in the log of the server for msg=\"a job failed\"")
	case len(overdue) > 0:
		e.say("jobs", Fail, "jobs that run in time", "overdue: "+strings.Join(overdue, ", "), "look whether a server runs on this database")
	default:
		e.fine("jobs", fmt.Sprintf("%d run in time", len(all)))
	}
}

func (e *examination) outbox(all []store.OutboxCount) {
	ok := true
	for _, c := range all {
		age := e.Now().Sub(c.Oldest)
		got := fmt.Sprintf("%d by %s, the oldest since %s", c.Count, c.Channel, ago(age))
		switch {
		case c.State == store.MessageWaiting && age > late:
			e.say("outbox.waiting", Fail, "messages that are sent within "+ago(late), got, "look at Messages in /operator for what the server or gateway answers, and whether a server runs")
			ok = false
		case c.State == store.MessageDead:
			e.say("outbox.dead", Warn, "no message that was given up", got, "look at Messages in /operator: they can be sent again or deleted there")
			ok = false
		}
	}
	if ok {
		e.fine("outbox", "nothing waits for long")
	}
}
