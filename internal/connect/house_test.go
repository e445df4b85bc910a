package connect_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with Acme and a rival, both entitled to single
// sign-on.
type house struct {
	*testing.T
	*connect.Service
	at           atomic.Int64 // the clock
	acme, rival  sso.Organization
	owner, other sso.By // owners of the two
	dns          zone
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t}
			h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			db := e.Open(t)
			h.Service = &connect.Service{
				DB: db, Authority: &authority.Service{DB: db, Now: h.now}, BaseURL: "https://sso.example", Name: "Portal", Sealer: sealer(t), Fetch: h.fetch, Now: h.now,
				Outbox: &notify.Outbox{Sealer: sealer(t), Now: h.now}, Limits: backoff.Limiter{DB: db, Now: h.now}, DNS: h.dns.look,
			}
			h.acme, h.rival = h.addOrg("acme"), h.addOrg("rival")
			h.owner, h.other = h.add(&h.acme, "olga", sso.RoleOwner), h.add(&h.rival, "rita", sso.RoleOwner)
			test(h)
		})
	}
}

// now returns an instant that was never returned before.
func (h *house) now() time.Time { return time.UnixMicro(h.at.Add(1)).UTC() }

// pass lets time pass.
func (h *house) pass(d time.Duration) { h.at.Add(d.Microseconds()) }

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) addOrg(key string) sso.Organization {
	h.Helper()
	now := h.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: "The " + key, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(nil); err != nil {
		h.Fatal(err)
	}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
	o.Version = 1
	return o
}

// add adds a member, signed in.
func (h *house) add(org *sso.Organization, name string, role sso.Role) sso.By {
	h.Helper()
	now := h.now()
	u := sso.User{ID: sso.NewUserID(now), Home: org.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@" + org.Key + ".example"), State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	s := sso.Session{ID: sso.NewSessionID(now), User: u.ID, Org: org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(365 * 24 * time.Hour), Idle: sso.DurationOf(365 * 24 * time.Hour)}
	h.write(func(tx *store.Writer) error {
		o := tx.Org(org.ID)
		return errors.Join(o.SaveUser(h.Context(), u), o.SaveMembership(h.Context(), m), tx.InsertSession(h.Context(), s, secret.NewToken().Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: *org, Membership: m}, Address: "192.0.2.1"}
}

// proves has somebody prove anew that it is them.
func (h *house) proves(by *sso.By) {
	h.Helper()
	s := by.Session
	s.AuthTime = h.now()
	h.write(func(tx *store.Writer) error {
		return tx.RefreshSession(h.Context(), s, secret.NewToken().Hash(), h.now())
	})
}

// link adds a setup link of an organization, made by its owner.
func (h *house) link(o *sso.Organization, scope sso.SetupScope) (secret.Token, sso.SetupLink) {
	h.Helper()
	now, token, by := h.now(), secret.NewToken(), h.owner.User.ID
	if o.ID == h.rival.ID {
		by = h.other.User.ID
	}
	l := sso.SetupLink{ID: sso.NewSetupLinkID(now), Org: o.ID, Scope: scope, Note: "for IT", By: by, CreatedAt: now, ExpiresAt: now.Add(sso.SetupLinkLife)}
	h.write(func(tx *store.Writer) error { return tx.Org(o.ID).InsertSetupLink(h.Context(), l, token.Hash()) })
	return token, l
}

func signedIn(by *sso.By) *authority.Who { return &authority.Who{By: *by, Address: by.Address} }
func holding(token secret.Token) *authority.Who {
	return &authority.Who{Link: token, Address: "192.0.2.9"}
}

// audit returns what the audit list of an organization says, the earliest
// first.
func (h *house) audit(org sso.OrgID) []string {
	h.Helper()
	var actions []string
	h.write(func(tx *store.Writer) error {
		events, err := tx.Org(org).Events(h.Context(), 1000)
		actions = nil
		for i := range slices.Backward(events) {
			actions = append(actions, events[i].Action)
		}
		return err
	})
	return actions
}

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
