package enforce_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with Acme, which is entitled to single sign-on and has
// an active connection that nobody has tried, and a rival.
type house struct {
	*testing.T
	*enforce.Service
	at           atomic.Int64 // the clock
	acme, rival  sso.Organization
	owner, other sso.By // owners of the two
	admin        sso.By // of Acme
	connection   sso.Connection
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t}
			h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			db := e.Open(t)
			h.Service = &enforce.Service{DB: db, Authority: &authority.Service{DB: db, Now: h.now}, BaseURL: "https://sso.example", Now: h.now}
			h.acme, h.rival = h.addOrg("acme"), h.addOrg("rival")
			h.owner, h.other, h.admin = h.add(&h.acme, "olga", sso.RoleOwner), h.add(&h.rival, "rita", sso.RoleOwner), h.add(&h.acme, "adam", sso.RoleAdmin)
			now := h.now()
			h.connection = sso.Connection{
				ID: sso.NewConnectionID(now), Org: h.acme.ID, Key: "acme-okta", Name: "Okta", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now,
			}
			h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), h.connection) })
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

// tested notes that a test of the settings as they are was passed.
func (h *house) tested(subject string) {
	h.Helper()
	now := h.now()
	t := sso.Test{ID: sso.NewTestID(now), Org: h.acme.ID, Connection: h.connection.ID, State: sso.TestWaiting, Fingerprint: h.connection.Fingerprint(), CreatedAt: now}
	h.write(func(tx *store.Writer) error {
		in, done := tx.Org(h.acme.ID), t
		done.State, done.Subject, done.AnsweredAt = sso.TestPassed, subject, now
		return errors.Join(in.InsertTest(h.Context(), t), in.AnswerTest(h.Context(), done))
	})
}

// came notes that somebody came in past single sign-on. Of codes, another one
// is left.
func (h *house) came(by *sso.By, method sso.Method) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		in := tx.Org(by.Org.ID)
		if method == sso.ByBreakGlass {
			if err := in.ReplaceBreakGlassCodes(h.Context(), []secret.Hash{secret.HashOf([]byte(by.Org.ID))}, h.now()); err != nil {
				return err
			}
		}
		return in.NoteBeside(h.Context(), by.User.ID, method, h.now())
	})
}

// open has the gate be open.
func (h *house) open() {
	h.Helper()
	h.tested("alice")
	h.tested("bob")
	h.came(&h.owner, sso.ByBreakGlass)
}

// edit is a change of Acme by somebody who has just looked at it.
func (h *house) edit(by *sso.By) *enforce.Edit {
	h.Helper()
	return &enforce.Edit{Who: &authority.Who{By: *by, Address: by.Address}, Org: h.acme.ID, Version: h.stored().Version}
}

func (h *house) stored() sso.Organization {
	h.Helper()
	var o sso.Organization
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		var err error
		o, err = r.Organization(h.Context(), h.acme.ID)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return o
}

func (h *house) state() enforce.State {
	h.Helper()
	s, err := h.State(h.Context(), &authority.Place{Organization: h.stored()})
	if err != nil {
		h.Fatal(err)
	}
	return s
}

// audit returns what the audit list of Acme says, the earliest first.
func (h *house) audit() string {
	h.Helper()
	var actions []string
	h.write(func(tx *store.Writer) error {
		events, err := tx.Org(h.acme.ID).Events(h.Context(), 1000)
		actions = nil
		for i := range slices.Backward(events) {
			actions = append(actions, events[i].Action)
		}
		return err
	})
	return strings.Join(actions, " ")
}

func (h *house) refused(what string, err error, code string) {
	h.Helper()
	if !fault.Is(err, code) {
		h.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (h *house) must(what string, err error) {
	h.Helper()
	if err != nil {
		h.Fatalf("%s: %v", what, err)
	}
}
