package account_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// Passwords: what everybody has, and what they may choose.
const (
	known = "correct horse battery"
	good  = "violet-teapot-seldom-73"
)

// knownHash is of the known password; it is made once.
var knownHash = sync.OnceValue(func() string {
	h, err := password.NewQuickHasher().Hash(testContext(), known)
	if err != nil {
		panic(err)
	}
	return h
})

// world is Acme with Alice in it, and Globex beside it.
type world struct {
	testing.TB
	*account.Service
	sealer       *secret.Sealer
	micros       atomic.Int64
	acme, globex sso.Organization
	alice        sso.By
	browser      account.Browser
}

func eachEngine(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, e.Open(t)))
		})
	}
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{TB: t, browser: account.Browser{Address: netip.MustParseAddr("192.0.2.1"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}
	w.micros.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	clock := w.now
	var err error
	if w.sealer, err = secret.NewSealer(bytes.Repeat([]byte{7}, 32)); err != nil {
		t.Fatal(err)
	}
	party, err := passkey.NewParty("https://sso.example", "Sallyport")
	if err != nil {
		t.Fatal(err)
	}
	outbox := &notify.Outbox{Sealer: w.sealer, Now: clock}
	w.Service = &account.Service{
		DB: db, Passwords: password.NewQuickHasher(), Outbox: outbox, Now: clock,
		Factors:  &factor.Service{DB: db, Sealer: w.sealer, Party: party, Outbox: outbox, Product: "Sallyport", Now: clock},
		Recovery: &recovery.Service{Outbox: outbox, Now: clock},
		Limits:   backoff.Limiter{DB: db, Now: clock},
	}
	w.acme, w.globex = w.addOrg("acme"), w.addOrg("globex")
	w.alice = w.addPerson(&w.acme, "alice", sso.RoleOwner)
	return w
}

func (w *world) now() time.Time { return time.UnixMicro(w.micros.Load()).UTC() }

func (w *world) advance(d time.Duration) { w.micros.Add(d.Microseconds()) }

func (w *world) write(do func(tx *store.Writer) error) {
	w.Helper()
	if err := w.DB.Write(w.Context(), do); err != nil {
		w.Fatal(err)
	}
}

func (w *world) addOrg(key string) sso.Organization {
	w.Helper()
	o := sso.Organization{ID: sso.NewOrgID(w.now()), Key: key, Name: strings.ToUpper(key[:1]) + key[1:], State: sso.OrgActive, CreatedAt: w.now(), UpdatedAt: w.now(), Entitlements: []sso.Entitlement{sso.EntitledSSO}}
	o.Path = []sso.OrgID{o.ID}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.Context(), o) })
	o.Version = 1
	return o
}

// rekey gives an organization another key.
func (w *world) rekey(o *sso.Organization, key string) {
	w.Helper()
	o.Key = key
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.Context(), *o) })
	o.Version++
}

// move puts an organization below another one.
func (w *world) move(o, parent *sso.Organization) {
	w.Helper()
	if err := o.Place(parent); err != nil {
		w.Fatal(err)
	}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.Context(), *o) })
	o.Version++
}

// policy changes what an organization demands.
func (w *world) policy(o *sso.Organization, p sso.Policy) {
	w.Helper()
	o.Policy = p
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.Context(), *o) })
	o.Version++
}

func (w *world) email(s string) sso.Email {
	w.Helper()
	e, err := sso.ParseEmail(s)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// addPerson adds a member with the known password, signed in.
func (w *world) addPerson(o *sso.Organization, name string, role sso.Role) sso.By {
	w.Helper()
	now := w.now()
	u := sso.User{
		ID: sso.NewUserID(now), Home: o.ID, Username: name, Email: w.email(name + "@" + o.Key + ".example"), FirstName: name, State: sso.UserActive,
		PasswordHash: knownHash(), CredentialsAt: now, CreatedAt: now, UpdatedAt: now,
	}
	m := sso.Membership{Org: o.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	w.write(func(tx *store.Writer) error {
		if err := tx.Org(o.ID).SaveUser(w.Context(), u); err != nil {
			return err
		}
		return tx.Org(o.ID).SaveMembership(w.Context(), m)
	})
	u.Version = 1
	by := sso.By{Person: sso.Person{User: u, Org: *o, Membership: m}, Address: "192.0.2.1"}
	by.Session = w.addSession(&by)
	return by
}

func (w *world) addSession(by *sso.By) sso.Session {
	w.Helper()
	now := w.now()
	s := sso.Session{ID: sso.NewSessionID(now), User: by.User.ID, Org: by.Org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
	w.write(func(tx *store.Writer) error { return tx.InsertSession(w.Context(), s, secret.NewToken().Hash()) })
	return s
}

// user reads somebody anew, as a request does.
func (w *world) user(id sso.UserID) (u sso.User) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		var err error
		u, err = tx.User(w.Context(), id)
		return err
	})
	return u
}

func (w *world) save(u sso.User) {
	w.Helper()
	w.write(func(tx *store.Writer) error { return tx.Org(u.Home).SaveUser(w.Context(), u) })
}

func (w *world) live(id sso.SessionID) bool {
	w.Helper()
	alive := false
	w.write(func(tx *store.Writer) error {
		p, err := tx.PersonBySession(w.Context(), id)
		alive = p.Session.Live(w.now()) == nil
		return err
	})
	return alive
}

func (w *world) verifies(id sso.UserID, password string) bool {
	w.Helper()
	ok, err := w.Passwords.Verify(w.Context(), w.user(id).PasswordHash, password)
	if err != nil {
		w.Fatal(err)
	}
	return ok
}

// mail is what waits in the outbox: "kind to" of each, the oldest first, and
// what the last one is filled with.
func (w *world) mail() (all []string, last map[string]string) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		all, last = nil, nil
		waiting, err := tx.Messages(w.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		if err != nil {
			return err
		}
		slices.SortFunc(waiting, func(a, b store.OutboxMessage) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID), string(b.ID)))
		})
		for _, m := range waiting {
			all = append(all, m.Kind+" "+m.To)
			plain, err := w.sealer.Open(store.OutboxPlace(m.ID), m.Data)
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
	return all, last
}

// wants fails unless err is a fault of this code, or none for "".
func (w *world) wants(what string, err error, code string) {
	w.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		w.Errorf("%s = %v, want %q", what, err, code)
	}
}
