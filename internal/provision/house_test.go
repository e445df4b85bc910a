package provision_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with a tree, Acme above Acme EMEA, and a rival.
type house struct {
	testing.TB
	*provision.Service
	at   atomic.Int64 // the clock
	acme sso.Organization
	emea sso.Organization
	// who is signed in
	owner, admin, member sso.By // of Acme
	below                sso.By // owner of Acme EMEA
	rival                sso.By // owner of Rival
}

// eachEngine runs a test on every database.
func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, e.Open(t)))
		})
	}
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TB: t}
	h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	outbox := &notify.Outbox{Sealer: sealer, Now: h.now}
	h.Service = &provision.Service{
		DB: db, Now: h.now, Outbox: outbox, Recovery: &recovery.Service{Outbox: outbox, Now: h.now}, Limits: backoff.Limiter{DB: db, Now: h.now},
	}
	h.acme = h.addOrg("acme", nil)
	h.emea = h.addOrg("acme-emea", &h.acme)
	rival := h.addOrg("rival", nil)
	h.owner, h.admin, h.member = h.add(h.acme, "olga", sso.RoleOwner), h.add(h.acme, "adam", sso.RoleAdmin), h.add(h.acme, "mia", sso.RoleMember)
	h.below, h.rival = h.add(h.emea, "elsa", sso.RoleOwner), h.add(rival, "rita", sso.RoleOwner)
	return h
}

// now returns an instant that was never returned before, so that lists have
// one order.
func (h *house) now() time.Time { return time.UnixMicro(h.at.Add(1)).UTC() }

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) addOrg(key string, parent *sso.Organization) sso.Organization {
	h.Helper()
	now := h.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: "The " + key, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(parent); err != nil {
		h.Fatal(err)
	}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
	o.Version = 1
	return o
}

// add adds a member with a password, signed in.
func (h *house) add(org sso.Organization, name string, role sso.Role) sso.By {
	h.Helper()
	now := h.now()
	u := sso.User{
		ID: sso.NewUserID(now), Home: org.ID, Username: name, Email: h.email(name + "@" + org.Key + ".example"), FirstName: name, LastName: "Person",
		State: sso.UserActive, CreatedAt: now, UpdatedAt: now,
	}
	u.SetPassword("$argon2id$x", now)
	h.write(func(tx *store.Writer) error { return tx.Org(org.ID).SaveUser(h.Context(), u) })
	return h.join(org, u, role)
}

// join makes a user a member of an organization, signed in there.
func (h *house) join(org sso.Organization, u sso.User, role sso.Role) sso.By {
	h.Helper()
	now := h.now()
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	s := sso.Session{ID: sso.NewSessionID(now), User: u.ID, Org: org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(org.ID).SaveMembership(h.Context(), m), tx.InsertSession(h.Context(), s, secret.NewToken().Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: org, Membership: m}, Address: "192.0.2.1"}
}

func (h *house) email(s string) sso.Email {
	h.Helper()
	e, err := sso.ParseEmail(s)
	if err != nil {
		h.Fatal(err)
	}
	return e
}

// verify proves a domain for an organization.
func (h *house) verify(org sso.OrgID, domain string) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		return tx.Org(org).SaveDomain(h.Context(), sso.Domain{Org: org, Name: domain, State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: h.now(), VerifiedAt: h.now()})
	})
}

func (h *house) place(by *sso.By, key string) *provision.Place {
	h.Helper()
	p, err := h.Enter(h.Context(), by, key)
	if err != nil {
		h.Fatalf("Enter(%q) = %v", key, err)
	}
	return &p
}

func (h *house) standing(user sso.UserID) sso.Standing {
	h.Helper()
	var s sso.Standing
	h.write(func(tx *store.Writer) error {
		var err error
		s, err = tx.Standing(h.Context(), user)
		return err
	})
	return s
}

// role returns the role of a user in an organization, "" for no member.
func (h *house) role(org sso.OrgID, user sso.UserID) sso.Role {
	h.Helper()
	for _, p := range h.standing(user).Positions {
		if p.Org == org {
			return p.Role
		}
	}
	return ""
}

// sessions returns how many sessions of a user are open.
func (h *house) sessions(user sso.UserID) int {
	h.Helper()
	n := 0
	h.write(func(tx *store.Writer) error {
		all, err := tx.SessionsOf(h.Context(), user, h.now(), 100)
		n = len(all)
		return err
	})
	return n
}

// audit returns what the audit list of an organization says, the earliest
// first.
func (h *house) audit(org sso.OrgID) []string {
	h.Helper()
	var actions []string
	h.write(func(tx *store.Writer) error {
		events, err := tx.Org(org).Events(h.Context(), 1000)
		actions = nil
		for _, e := range slices.Backward(events) {
			actions = append(actions, e.Action)
		}
		return err
	})
	return actions
}

// mails returns the kinds and recipients of all mails that wait to be sent.
func (h *house) mails() string {
	h.Helper()
	var all []string
	h.write(func(tx *store.Writer) error {
		all = nil
		messages, err := tx.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		for _, m := range messages {
			all = append(all, m.Kind+" "+m.To)
		}
		return err
	})
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// refused holds an error to the code of a fault.
func refused(t testing.TB, what string, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// atOnce runs acts at the same time and returns their errors.
func atOnce(acts ...func(ctx context.Context) error) []error {
	errs := make([]error, len(acts))
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i, act := range acts {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = act(context.Background())
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

func sqliteOf(t testing.TB) *store.DB {
	t.Helper()
	return storetest.SQLite(t)
}
