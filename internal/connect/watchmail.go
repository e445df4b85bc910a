package connect

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Kinds of mails about a connection that have no gap of their own.
const (
	held        = notify.ConnectionHeld
	unreachable = notify.ConnectionUnreachable
)

// tell writes to the owners of a connection.
func (l *looking) tell(line []sso.Organization, kind notify.Kind) error {
	owners, err := authority.Owners(l.ctx, l.tx.Reader, line)
	if err != nil {
		return err
	}
	return l.mail(owners, kind, l.gaps(line))
}

// tellExpiry writes to the owners and to the operators that the last
// certificate of the identity provider ends.
func (l *looking) tellExpiry(line []sso.Organization) error {
	owners, err := authority.Owners(l.ctx, l.tx.Reader, line)
	if err != nil {
		return err
	}
	gaps := l.gaps(line)
	ends := l.connection.SAML.Lasts()
	gaps[notify.Left], gaps[notify.Until] = strconv.Itoa(l.days(ends)), notify.Instant(ends)
	if err := l.mail(owners, notify.CertificateEnds, gaps); err != nil {
		return err
	}
	house, err := l.tx.OrganizationByKey(l.ctx, sso.OperatorsKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil // nobody operates it by the pages
	}
	if err != nil {
		return err
	}
	operators, err := authority.Owners(l.ctx, l.tx.Reader, []sso.Organization{house})
	if err != nil {
		return err
	}
	gaps = l.gaps(line)
	gaps[notify.Left], gaps[notify.Until] = strconv.Itoa(l.days(ends)), notify.Instant(ends)
	gaps[notify.Link] = "/operator/organizations/" + url.PathEscape(line[len(line)-1].Key)
	return l.mail(operators, notify.CertificateEndsThere, gaps)
}

// tellKeys writes to the owners of a connection that a key of ours changes which
// its identity provider has to know, once for each.
func (l *looking) tellKeys(line []sso.Organization) error {
	c := &l.connection
	for _, ring := range []struct {
		federation.Ring
		counts bool
	}{{federation.Ring{}, c.SignsRequests()}, {federation.Ring{Connection: c}, c.SAML.Decrypts()}} {
		if !ring.counts {
			continue
		}
		keys, err := ring.Keys(l.ctx, l.tx.Reader)
		if err != nil {
			return err
		}
		next := federation.In(keys, store.KeyNext)
		if next == nil || !l.watch.Tell(next.ID) {
			continue
		}
		owners, err := authority.Owners(l.ctx, l.tx.Reader, line)
		if err != nil {
			return err
		}
		gaps := l.gaps(line)
		gaps[notify.Until] = notify.Instant(l.service.Pace.Change(keys))
		if err := l.mail(owners, notify.KeyChanges, gaps); err != nil {
			return err
		}
	}
	return nil
}

// days returns how many days there are until an instant, a begun one counted.
func (l *looking) days(until time.Time) int {
	const day = 24 * time.Hour
	return int((until.Sub(l.now) + day - 1) / day)
}

// gaps returns what all mails about a connection say.
func (l *looking) gaps(line []sso.Organization) map[notify.Gap]string {
	org := &line[len(line)-1]
	path := "/console/sso/" + l.connection.Key + "/configure"
	if len(line) > 1 {
		path += "?org=" + url.QueryEscape(org.Key)
	}
	return map[notify.Gap]string{notify.Organization: org.Name, notify.Connection: l.connection.Name, notify.Link: path}
}

func (l *looking) mail(to []store.Member, kind notify.Kind, gaps map[notify.Gap]string) error {
	for i := range to {
		u := &to[i]
		if u.Email.IsZero() {
			continue
		}
		err := l.service.Outbox.Enqueue(l.ctx, l.tx, notify.Message{
			Channel: notify.Mail, Kind: kind, Org: l.connection.Org, User: u.ID, To: u.Email.String(), Language: u.Language, Data: gaps,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
