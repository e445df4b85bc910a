// Package account is what people do with their own account: their name and
// language, password, second factors, sessions and remembered browsers; and
// how they come to an account, by an invitation or a link from a mail.
//
// # Trust
//
// Who is signed in is the router's to know, and so is that they have proved
// themselves lately where it matters; whoever acts as a user is refused here
// whatever changes what the user signs in with. A link is worth what the
// mailbox is that it was sent to: it works once, and lets nobody past a policy
// that demands single sign-on.
package account

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service looks after accounts. Its fields are set once, before it is used; it
// is safe for concurrent use.
type Service struct {
	DB        *store.DB
	Passwords *password.Hasher
	Factors   *factor.Service
	Recovery  *recovery.Service
	Outbox    *notify.Outbox
	Limits    backoff.Limiter
	Now       func() time.Time
}

// Browser is from where somebody does something.
type Browser struct {
	Address   netip.Addr
	UserAgent string
}

// address returns the address as it is written down.
func (b Browser) address() string {
	if !b.Address.IsValid() {
		return ""
	}
	return b.Address.String()
}

// Account is somebody with all that is theirs.
type Account struct {
	sso.Person
	Factors  []sso.Factor
	Recovery int // recovery codes that are left
	Sessions []store.SessionAt
	Devices  []sso.Device
	Links    []store.LinkAt
	Orgs     []sso.Organization // of which they are a member
	Demand   sso.MFADemand      // of a second factor, the strictest of the line
}

// Managed reports whether an identity provider says what the person is called:
// it would say so again at the next sign-in.
func (a *Account) Managed() bool { return len(a.Links) > 0 }

// FactorDemanded reports whether the person has to have a second factor.
func (a *Account) FactorDemanded() bool { return a.Demand.Demands(a.Membership.Role) }

// Bounds of what one page shows.
const (
	shownSessions = 100
	shownDevices  = 50
)

// Account returns everything about the person who is signed in.
func (s *Service) Account(ctx context.Context, by *sso.By) (Account, error) {
	a := Account{Person: by.Person}
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		id, now := by.User.ID, s.Now()
		var err error
		if a.Factors, err = r.Factors(ctx, id); err != nil {
			return err
		}
		if a.Recovery, err = r.RecoveryCodesLeft(ctx, id); err != nil {
			return err
		}
		sessions, err := r.SessionsOf(ctx, id, now, shownSessions)
		if err != nil {
			return err
		}
		a.Sessions = slices.DeleteFunc(sessions, func(x store.SessionAt) bool { return x.Live(now) != nil })
		devices, err := r.Devices(ctx, id)
		if err != nil {
			return err
		}
		devices = slices.DeleteFunc(devices, func(d sso.Device) bool { return !now.Before(d.ExpiresAt) })
		a.Devices = devices[:min(len(devices), shownDevices)]
		if a.Links, err = r.AllLinksOf(ctx, id); err != nil {
			return err
		}
		memberships, err := r.Memberships(ctx, id)
		if err != nil {
			return err
		}
		ids := make([]sso.OrgID, 0, len(memberships))
		for i := range memberships {
			ids = append(ids, memberships[i].Org)
		}
		if a.Orgs, err = r.OrganizationsByID(ctx, ids); err != nil {
			return err
		}
		a.Demand, err = demand(ctx, r, &by.Person)
		return err
	})
	return a, err
}

// demand returns how far a second factor is demanded of the person, by the
// organization of the session and all above it.
func demand(ctx context.Context, r *store.Reader, p *sso.Person) (sso.MFADemand, error) {
	line, err := r.Lineage(ctx, p.Org.ID)
	if err != nil {
		return "", err
	}
	return sso.RulesOf(line).MFA(), nil
}

// own refuses to whoever acts as a user what only the user may do.
func own(by *sso.By) error {
	if by.Session.ActedAs() {
		return &fault.Error{Kind: fault.Denied, Code: "acting_credentials", Fix: fault.OperatorSide}
	}
	return nil
}

// record writes a line into the audit list of the person's home.
func (s *Service) record(ctx context.Context, tx *store.Writer, by *sso.By, action, target string, detail map[string]string) error {
	e := by.Event(s.Now(), action, target, detail)
	e.Org = by.User.Home
	return tx.Record(ctx, e)
}

// tell mails somebody that something about their account has changed. Who has
// no address is not told.
func (s *Service) tell(ctx context.Context, tx *store.Writer, u *sso.User, b Browser, kind notify.Kind) error {
	if u.Email.IsZero() {
		return nil
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: kind, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language,
		Data: map[notify.Gap]string{notify.At: notify.Instant(s.Now()), notify.Device: sso.DeviceName(b.UserAgent), notify.Place: b.address()},
	})
}

// Profile is what somebody may say of themselves.
type Profile struct {
	FirstName string
	LastName  string
	Language  string // tag; "": the browser's
}

// SaveProfile changes what the person is called and which language they speak.
// The name of somebody who signs in by an identity provider is the identity
// provider's to say.
func (s *Service) SaveProfile(ctx context.Context, by *sso.By, in Profile) error {
	language, err := sso.ParseLanguage(in.Language)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		u, err := tx.User(ctx, by.User.ID)
		if err != nil {
			return err
		}
		links, err := tx.AllLinksOf(ctx, u.ID)
		if err != nil {
			return err
		}
		was := u
		u.Language = language
		if len(links) == 0 {
			u.FirstName, u.LastName = sso.CleanName(in.FirstName), sso.CleanName(in.LastName)
		}
		if u == was {
			return nil
		}
		u.UpdatedAt = s.Now()
		if err := tx.Org(u.Home).SaveUser(ctx, u); err != nil {
			return err
		}
		e := by.Event(u.UpdatedAt, "user.changed", string(u.ID), map[string]string{"what": "profile"})
		e.Org, e.Changes = u.Home, u.Settings().Changed(was.Settings())
		return tx.Record(ctx, e)
	})
}

// EndSession ends one of the person's sessions.
func (s *Service) EndSession(ctx context.Context, by *sso.By, id sso.SessionID) error {
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		err := tx.EndOwnSession(ctx, by.User.ID, id, s.Now())
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "session_unknown", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, "session.ended", string(id), nil)
	})
}

// EndOtherSessions ends all of the person's sessions but the one in which they
// ask, and returns how many those were.
func (s *Service) EndOtherSessions(ctx context.Context, by *sso.By) (n int, err error) {
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if n, err = tx.EndOtherSessions(ctx, by.User.ID, by.Session.ID, s.Now()); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, by, "session.ended", string(by.User.ID), map[string]string{"what": "all others"})
	})
	return n, err
}

// ForgetDevice has a browser asked for the second factor again.
func (s *Service) ForgetDevice(ctx context.Context, by *sso.By, id sso.DeviceID) error {
	if err := own(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		err := tx.DeleteDevice(ctx, by.User.ID, id)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "device_unknown", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, "device.forgotten", string(id), nil)
	})
}
