package jobs_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/jobs"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const day = 24 * time.Hour

var now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// house is an organization that shuts people out after 90 days.
type house struct {
	*testing.T
	db  *store.DB
	now time.Time
	org sso.Organization
	job *jobs.Inactivity
}

func onEveryEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				t.Fatal(err)
			}
			h := &house{T: t, db: engine.Open(t), now: now}
			clock := func() time.Time { return h.now }
			h.job = &jobs.Inactivity{DB: h.db, Outbox: &notify.Outbox{Sealer: sealer, Now: clock}, Now: clock}
			h.org = sso.Organization{
				ID: sso.NewOrgID(now), Key: "acme", Name: "Acme", State: sso.OrgActive, Policy: sso.Policy{InactiveAfter: sso.DurationOf(90 * day)}, CreatedAt: now, UpdatedAt: now,
			}
			if err := h.org.Place(nil); err != nil {
				t.Fatal(err)
			}
			h.write(func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), h.org) })
			test(h)
		})
	}
}

func (h *house) write(fn func(tx *store.Writer) error) {
	h.Helper()
	if err := h.db.Write(h.Context(), fn); err != nil {
		h.Fatal(err)
	}
}

// add adds a member who last came so long ago.
func (h *house) add(name string, role sso.Role, ago time.Duration, change func(*sso.User)) sso.UserID {
	h.Helper()
	email, err := sso.ParseEmail(name + "@acme.example")
	if err != nil {
		h.Fatal(err)
	}
	u := sso.User{
		ID: sso.NewUserID(now), Home: h.org.ID, Username: name, Email: email, State: sso.UserActive, Language: "de",
		CreatedAt: now.Add(-1000 * day), UpdatedAt: now.Add(-1000 * day), LastSignInAt: now.Add(-ago),
	}
	if change != nil {
		change(&u)
	}
	h.write(func(tx *store.Writer) error {
		if err := tx.Org(h.org.ID).SaveUser(h.Context(), u); err != nil {
			return err
		}
		return tx.Org(h.org.ID).SaveMembership(h.Context(), sso.Membership{Org: h.org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now})
	})
	return u.ID
}

// run runs the job until it finds nothing to do, and returns what it did.
func (h *house) run() (done int64) {
	h.Helper()
	for {
		n, err := h.job.Batch(h.Context())
		if err != nil {
			h.Fatalf("Batch() = %v", err)
		}
		if n == 0 {
			return done
		}
		done += n
	}
}

func (h *house) state(id sso.UserID) (state sso.UserState) {
	h.Helper()
	err := h.db.Read(h.Context(), func(r *store.Reader) error {
		u, err := r.User(h.Context(), id)
		state = u.State
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return state
}

func (h *house) mails() (all []store.OutboxMessage) {
	h.Helper()
	err := h.db.Read(h.Context(), func(r *store.Reader) (err error) {
		all, err = r.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 1000)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

func (h *house) events() (all []sso.Event) {
	h.Helper()
	err := h.db.Read(h.Context(), func(r *store.Reader) (err error) {
		all, err = r.Org(h.org.ID).Events(h.Context(), 1000)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

func TestWhoStaysAwayIsWarnedTwiceAndShutOut(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		h.add("owner", sso.RoleOwner, 0, nil)
		alice := h.add("alice", sso.RoleMember, 0, nil) // comes today, and never again
		session := sso.Session{ID: sso.NewSessionID(now), User: alice, Org: h.org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(365 * day)}
		token := secret.NewToken().Hash()
		h.write(func(tx *store.Writer) error { return tx.InsertSession(h.Context(), session, token) })
		var warned []time.Duration
		shut := time.Duration(0)
		for d := range 100 {
			h.now = now.Add(time.Duration(d)*day + time.Hour)
			before := len(h.mails())
			h.run()
			if got := len(h.mails()) - before; got == 1 {
				warned = append(warned, time.Duration(d)*day)
			} else if got > 1 {
				h.Fatalf("day %d: %d mails", d, got)
			}
			if shut == 0 && h.state(alice) == sso.UserSuspended {
				shut = time.Duration(d) * day
			}
		}
		if len(warned) != 2 || warned[0] != 83*day || warned[1] != 89*day || shut != 90*day {
			h.Fatalf("warned after %v and shut out after %v, want 83 and 89 days, and 90", warned, shut)
		}
		m := h.mails()[0]
		if m.To != "alice@acme.example" || m.Kind != "inactive_warning" || m.Language != "de" || m.User != alice || m.Org != h.org.ID || !m.ExpiresAt.Equal(now.Add(90*day)) {
			h.Errorf("the warning is %+v", m)
		}
		var shutOut []sso.Event
		for _, e := range h.events() {
			if e.Action == "user.suspended" {
				shutOut = append(shutOut, e)
			}
		}
		if len(shutOut) != 1 || shutOut[0].Actor != "inactivity" || shutOut[0].Target != string(alice) || shutOut[0].Detail["days"] != "90" {
			h.Errorf("the audit list says %+v", shutOut)
		}
		err := h.db.Read(h.Context(), func(r *store.Reader) error {
			p, err := r.Person(h.Context(), token)
			if err == nil && p.Session.EndedAt.IsZero() {
				h.Error("the session of who was shut out lives on")
			}
			return err
		})
		if err != nil {
			h.Error(err)
		}
	})
}

func TestWhoComesAfterTheWarningStays(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		alice := h.add("alice", sso.RoleMember, 84*day, nil)
		if h.run() != 1 || len(h.mails()) != 1 {
			h.Fatalf("%d mails, want a warning", len(h.mails()))
		}
		h.now = now.Add(day)
		h.write(func(tx *store.Writer) error {
			return tx.NoteSignIns(h.Context(), store.SignedIn{User: alice, Org: h.org.ID, At: h.now})
		})
		h.now = now.Add(10 * day)
		if n := h.run(); n != 0 || h.state(alice) != sso.UserActive {
			h.Errorf("%d were seen to, and Alice is %s", n, h.state(alice))
		}
	})
}

func TestOneWhoIsLetInAgainStays(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		alice := h.add("alice", sso.RoleMember, 100*day, nil)
		if h.run() != 1 || h.state(alice) != sso.UserSuspended {
			h.Fatal("Alice is not shut out")
		}
		h.now = now.Add(time.Hour)
		h.write(func(tx *store.Writer) error {
			u, err := tx.Org(h.org.ID).User(h.Context(), alice)
			if err != nil {
				return err
			}
			u.State, u.UpdatedAt = sso.UserActive, h.now
			return tx.Org(h.org.ID).SaveUser(h.Context(), u)
		})
		h.now = now.Add(day)
		if n := h.run(); n != 0 || h.state(alice) != sso.UserActive {
			h.Errorf("%d were seen to, and Alice is %s", n, h.state(alice))
		}
	})
}

// Both owners have been away for a year.
func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		owners := []sso.UserID{h.add("alice", sso.RoleOwner, 400*day, nil), h.add("bob", sso.RoleOwner, 400*day, nil), h.add("carol", sso.RoleOwner, 400*day, nil)}
		member := h.add("dave", sso.RoleMember, 400*day, nil)
		if n := h.run(); n != 3 {
			h.Errorf("%d were shut out, want two owners and a member", n)
		}
		left := 0
		for _, id := range owners {
			if h.state(id) == sso.UserActive {
				left++
			}
		}
		if left != 1 || h.state(member) != sso.UserSuspended {
			h.Errorf("%d owners are left, and the member is %s", left, h.state(member))
		}
		if n := h.run(); n != 0 {
			h.Errorf("a second run shuts out %d", n)
		}
	})
}

func TestWhoHasNoAddressIsShutOutAllTheSame(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		quiet := h.add("quiet", sso.RoleMember, 84*day, func(u *sso.User) { u.Email = sso.Email{} })
		if n := h.run(); n != 1 || len(h.mails()) != 0 {
			h.Errorf("%d were seen to by %d mails", n, len(h.mails()))
		}
		h.now = now.Add(7 * day)
		if n := h.run(); n != 1 || h.state(quiet) != sso.UserSuspended {
			h.Errorf("%d were seen to, and who has no address is %s", n, h.state(quiet))
		}
	})
}

func TestManyAreSeenTo(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		const people = 150 // more than one transaction's
		for i := range people {
			h.add(fmt.Sprintf("p%d", i), sso.RoleMember, 100*day, nil)
		}
		if n := h.run(); n != people || len(h.events()) != people {
			h.Errorf("%d of %d were shut out, and the audit list has %d lines", n, people, len(h.events()))
		}
	})
}

func TestTwoNodesWarnOnce(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(h *house) {
		for i := range 20 {
			h.add(fmt.Sprintf("p%d", i), sso.RoleMember, 84*day, nil)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := h.job.Batch(h.Context()); err != nil {
					h.Errorf("Batch() = %v", err)
				}
			})
		}
		all.Wait()
		if n := len(h.mails()); n != 20 {
			h.Errorf("%d mails to 20 people", n)
		}
	})
}
