package factor_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const origin = "https://sso.example"

// world is a house with two people in it.
type world struct {
	*testing.T
	*factor.Service
	now        *atomic.Int64
	alice, bob factor.Act
}

func newWorld(t *testing.T, e storetest.Engine) *world {
	t.Helper()
	w := &world{T: t, now: &atomic.Int64{}}
	w.now.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	now := func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	party, err := passkey.NewParty(origin, "Sallyport")
	if err != nil {
		t.Fatal(err)
	}
	w.Service = &factor.Service{
		DB: e.Open(t), Sealer: sealer, Party: party, Outbox: &notify.Outbox{Sealer: sealer, Now: now}, Product: "Sallyport", SMS: true, Now: now,
	}
	org := sso.Organization{ID: sso.NewOrgID(now()), Key: "acme", Name: "Acme", State: sso.OrgActive, CreatedAt: now(), UpdatedAt: now()}
	if err := org.Place(nil); err != nil {
		t.Fatal(err)
	}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), org) })
	person := func(name string) factor.Act {
		email, err := sso.ParseEmail(name + "@acme.example")
		if err != nil {
			t.Fatal(err)
		}
		u := sso.User{ID: sso.NewUserID(now()), Home: org.ID, Username: name, Email: email, State: sso.UserActive, CreatedAt: now(), UpdatedAt: now()}
		w.write(func(tx *store.Writer) error {
			return errors.Join(tx.Org(org.ID).SaveUser(t.Context(), u), tx.Org(org.ID).SaveMembership(t.Context(), sso.Membership{
				Org: org.ID, User: u.ID, Role: sso.RoleMember, CreatedAt: now(), UpdatedAt: now(),
			}))
		})
		u.Version = 1
		return factor.Act{User: u, Owner: "att_" + name, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	}
	w.alice, w.bob = person("alice"), person("bob")
	return w
}

// demand sets the organization's policy.
func (w *world) demand(d sso.MFADemand) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		org, err := tx.Organization(w.Context(), w.alice.User.Home)
		if err != nil {
			return err
		}
		org.Policy.MFA = d
		return tx.SaveOrganization(w.Context(), org)
	})
}

// eachEngine runs a test on every engine.
func eachEngine(t *testing.T, test func(t *testing.T, w *world)) {
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, e))
		})
	}
}

func (w *world) advance(d time.Duration) { w.now.Add(d.Microseconds()) }

func (w *world) try(fn func(tx *store.Writer) error) error { return w.DB.Write(w.Context(), fn) }

func (w *world) write(fn func(tx *store.Writer) error) {
	w.Helper()
	if err := w.try(fn); err != nil {
		w.Fatalf("Write() = %v", err)
	}
}

func (w *world) refused(what, code string, fn func(tx *store.Writer) error) {
	w.Helper()
	if err := w.try(fn); !fault.Is(err, code) {
		w.Errorf("%s: %v, want %s", what, err, code)
	}
}

// many runs fn in as many transactions at once, of which one may succeed; the
// others end in one of these faults.
func (w *world) many(what string, fn func(tx *store.Writer) error, codes ...string) {
	w.Helper()
	var all sync.WaitGroup
	var won atomic.Int64
	for range 8 {
		all.Go(func() {
			err := w.try(fn)
			if err == nil {
				won.Add(1)
				return
			}
			for _, code := range codes {
				if fault.Is(err, code) {
					return
				}
			}
			w.Errorf("%s: %v, want one of %v", what, err, codes)
		})
	}
	all.Wait()
	if got := won.Load(); got != 1 {
		w.Errorf("%s: %d of 8 succeed, want 1", what, got)
	}
}

func (w *world) factors(act factor.Act) []sso.Factor {
	w.Helper()
	var all []sso.Factor
	w.write(func(tx *store.Writer) (err error) {
		all, err = tx.Factors(w.Context(), act.User.ID)
		return err
	})
	return all
}

// told returns the kinds of messages in the outbox for somebody, the oldest
// first, and what the last one is filled with.
func (w *world) told(act factor.Act) (kinds []string, last map[string]string) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		waiting, err := tx.Messages(w.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		if err != nil {
			return err
		}
		slices.SortFunc(waiting, func(a, b store.OutboxMessage) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
		})
		for _, m := range waiting {
			if m.User != act.User.ID {
				continue
			}
			kinds = append(kinds, m.Kind)
			plain, err := w.Sealer.Open(store.OutboxPlace(m.ID), m.Data)
			if err != nil {
				return err
			}
			last = map[string]string{}
			if err := json.Unmarshal(plain, &last); err != nil {
				return err
			}
		}
		return nil
	})
	return kinds, last
}
