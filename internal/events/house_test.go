package events_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with its operators, Acme with an organization below it,
// and a rival.
type house struct {
	*testing.T
	*events.Service
	at                                 atomic.Int64 // the clock
	operators, acme, emea, rival       sso.Organization
	operator, support, owner, stranger sso.By
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t}
			h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			db := e.Open(t)
			here := safehttp.NewCaller(safehttp.Public, netip.MustParsePrefix("127.0.0.0/8"))
			h.Service = &events.Service{
				DB: db, Authority: &authority.Service{DB: db, Now: h.now}, Outbox: &notify.Outbox{Sealer: sealer(t), Now: h.now}, Sealer: sealer(t), Limits: backoff.Limiter{DB: db, Now: h.now},
				Outside: here, Inside: here, Dialer: safehttp.NewDialer(netip.MustParsePrefix("127.0.0.0/8")), Host: "sso.example", Now: h.now, Log: slog.New(slog.DiscardHandler),
			}
			h.operators, h.acme, h.rival = h.addOrg(sso.OperatorsKey, nil), h.addOrg("acme", nil), h.addOrg("rival", nil)
			h.emea = h.addOrg("acme-emea", &h.acme)
			h.operator, h.support = h.add(&h.operators, "otto", sso.RoleOwner), h.add(&h.operators, "sam", sso.RoleMember)
			h.owner, h.stranger = h.add(&h.acme, "olga", sso.RoleOwner), h.add(&h.rival, "rita", sso.RoleOwner)
			test(h)
		})
	}
}

func sealer(t *testing.T) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
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

// record has something happen in an organization, or in the deployment.
func (h *house) record(org sso.OrgID, action, target string) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		return tx.Record(h.Context(), sso.Event{Org: org, At: h.now(), Actor: "usr_x", Address: "192.0.2.9", Action: action, Target: target, Changes: []sso.Change{{Field: "name", From: "A", To: "B"}}})
	})
}

// seal seals what has happened.
func (h *house) seal() {
	h.Helper()
	for {
		n, err := h.Seal(h.Context())
		if err != nil {
			h.Fatalf("Seal() = %v", err)
		}
		if n == 0 {
			return
		}
	}
}

// deliver tells webhooks what is due.
func (h *house) deliver() {
	h.Helper()
	h.seal()
	if _, err := h.Deliver(h.Context()); err != nil {
		h.Fatalf("Deliver() = %v", err)
	}
}

// carry takes events to streams until there is nothing to do.
func (h *house) carry() {
	h.Helper()
	h.seal()
	for {
		n, err := h.Carry(h.Context())
		if err != nil {
			h.Fatalf("Carry() = %v", err)
		}
		if n == 0 {
			return
		}
	}
}

func (h *house) acmes() *events.Who   { return &events.Who{By: h.owner, Org: h.acme.ID} }
func (h *house) rivals() *events.Who  { return &events.Who{By: h.stranger, Org: h.rival.ID} }
func (h *house) vendors() *events.Who { return &events.Who{By: h.operator} }

// hook makes a webhook at a receiver.
func (h *house) hook(who *events.Who, r *receiver, types ...string) (sso.Webhook, string) {
	h.Helper()
	hook, key, err := h.CreateWebhook(h.Context(), who, events.Draft{URL: r.URL, Note: "test", Types: types})
	if err != nil {
		h.Fatalf("CreateWebhook() = %v", err)
	}
	return hook, key
}

// turned switches a webhook on or off.
func (h *house) turned(who *events.Who, id sso.WebhookID, to sso.WebhookState) error {
	return h.ChangeWebhook(h.Context(), who, id, 0, func(d *events.Draft) { d.State = to })
}

// log returns what the log of a webhook says, the latest first.
func (h *house) log(who *events.Who, id sso.WebhookID) events.Log {
	h.Helper()
	l, err := h.Webhook(h.Context(), who, id, "", "")
	if err != nil {
		h.Fatalf("Webhook() = %v", err)
	}
	return l
}

// message is what a receiver got.
type message struct {
	header http.Header
	body   []byte
}

// receiver is somebody else's program.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(n int) int // status of the nth answer, from 1; nil: 204
	header http.Header
}

func (h *house) receiver() *receiver {
	h.Helper()
	r := &receiver{header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, message{req.Header, body})
		status := http.StatusNoContent
		if r.answer != nil {
			status = r.answer(len(r.got))
		}
		for name, values := range r.header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = w.Write([]byte("sorry"))
		}
	}))
	h.Cleanup(r.Close)
	return r
}

// answers has a receiver answer like this from now on.
func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(int) int { return status }
}

// take returns what was received since it was last asked.
func (r *receiver) take() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// types returns the types of what was received since it was last asked.
func (r *receiver) types(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, m := range r.take() {
		all = append(all, payloadOf(t, m).Type)
	}
	return all
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

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}
