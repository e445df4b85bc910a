package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/dnstest"
	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestAHealthyDeploymentIsFoundSo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.behind()
		h.serve(from("203.0.113.9"))
		for _, f := range h.Examine(t.Context()) {
			if f.Verdict != doctor.Pass && f.Check != "clock.database" {
				t.Errorf("%+v, want pass", f)
			}
		}
	})
}

// edit is a proxy that changes what passes through it.
func edit(request func(http.Header), answer func(http.Header)) func(http.Handler) http.Handler {
	return func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if request != nil {
				request(r.Header)
			}
			if answer == nil {
				proxy.ServeHTTP(w, r)
				return
			}
			seen := httptest.NewRecorder()
			proxy.ServeHTTP(seen, r)
			answer(seen.Header())
			for name, values := range seen.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(seen.Code)
			_, _ = w.Write(seen.Body.Bytes())
		})
	}
}

func TestWhatAProxySpoilsIsFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		front func(http.Handler) http.Handler
		check string
	}{
		"Authorization is stripped":    {edit(func(h http.Header) { h.Del("Authorization") }, nil), "front.authorization"},
		"Authorization is its own":     {edit(func(h http.Header) { h.Set("Authorization", "Basic cHJveHk6cHJveHk=") }, nil), "front.authorization"},
		"unknown headers are stripped": {edit(func(h http.Header) { h.Del("Sallyport-Doctor") }, nil), "front.headers"},
		"headers are doubled":          {edit(func(h http.Header) { h.Add("Sallyport-Doctor", h.Get("Sallyport-Doctor")) }, nil), "front.headers"},
		"cookies are stripped":         {edit(func(h http.Header) { h.Del("Cookie") }, nil), "cookies.sent"},
		"no cookie comes back":         {edit(nil, func(h http.Header) { h.Del("Set-Cookie") }), "cookies.set"},
		"the path of cookies is another": {edit(nil, func(h http.Header) {
			h.Set("Set-Cookie", "sallyport-browser=x; Path=/sso; HttpOnly; SameSite=Lax")
		}), "cookies.set"},
		"the cookie is for all neighbours": {edit(nil, func(h http.Header) {
			h.Set("Set-Cookie", "sallyport-browser=x; Path=/; Domain=example.com; HttpOnly; SameSite=Lax")
		}), "cookies.set"},
		"everybody is led elsewhere": {func(http.Handler) http.Handler {
			return http.RedirectHandler("https://www.example/", http.StatusMovedPermanently)
		}, "front.instance"},
		"a page of its own": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<h1>It works!</h1>")) })
		}, "front.instance"},
		"an answer of yesterday": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"nonce": "yesterday"}`)) })
		}, "front.instance"},
		"it says that something is broken": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		}, "front.instance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := aHouse(t)
			h.behind()
			h.serve(tc.front)
			h.expect(tc.check, doctor.Fail)
			h.serve(func(proxy http.Handler) http.Handler { return proxy })
			h.expect(tc.check, doctor.Pass)
		})
	}
}

func TestWhoseAddressCounts(t *testing.T) {
	t.Parallel()
	honest := from("203.0.113.9")
	for name, tc := range map[string]struct {
		front  func(http.Handler) http.Handler
		behind bool
		want   doctor.Verdict
	}{
		"nothing stands in between":                {nil, false, doctor.Pass},
		"a proxy that is believed":                 {honest, true, doctor.Pass},
		"a proxy that nobody told of":              {honest, false, doctor.Fail},
		"who asks is a proxy as well":              {from("127.0.0.7"), true, doctor.Skip},
		"whoever comes directly is believed":       {nil, true, doctor.Fail},
		"a proxy that replaces what was claimed":   {edit(func(h http.Header) { h.Del("X-Forwarded-For") }, nil), true, doctor.Pass},
		"a proxy that says nothing":                {silent, true, doctor.Fail},
		"a proxy that passes on what was claimed":  {naive, true, doctor.Fail},
		"a proxy that says nothing, and untrusted": {silent, false, doctor.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := aHouse(t)
			if tc.behind {
				h.behind()
			}
			h.serve(tc.front)
			h.expect("front.address", tc.want)
		})
	}
}

// from is a proxy to which somebody comes from this address. It adds that.
func from(address string) func(http.Handler) http.Handler {
	return func(proxy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RemoteAddr = address + ":4711"
			proxy.ServeHTTP(w, r)
		})
	}
}

// silent takes X-Forwarded-For away.
func silent(proxy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header["X-Forwarded-For"] = nil // by which the proxy of the library adds none
		proxy.ServeHTTP(w, r)
	})
}

// naive passes X-Forwarded-For on as it came.
func naive(proxy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "" // by which the proxy of the library adds nothing
		proxy.ServeHTTP(w, r)
	})
}

func TestAnotherInstanceIsFound(t *testing.T) {
	t.Parallel()
	h, other := aHouse(t), aHouse(t)
	h.serveOn(other.DB, nil)
	h.expect("front.instance", doctor.Fail)
	h.serve(nil)
	h.expect("front.instance", doctor.Pass)
	h.BaseURL = "http://127.0.0.1:1"
	h.expect("front.reach", doctor.Fail)
}

// To whoever has no token of a doctor, there is nothing.
func TestTheMirrorShowsStrangersNothing(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.serve(nil)
	spent := secret.NewToken()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindDoctor, spent.Hash(), time.Now().Add(-time.Second), "nonce")
	})
	reset := secret.NewToken()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindPasswordReset, reset.Hash(), time.Now().Add(time.Hour), "somebody's")
	})
	good := secret.NewToken()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindDoctor, good.Hash(), time.Now().Add(time.Hour), "nonce")
	})
	for name, tc := range map[string]struct {
		token  string
		status int
	}{
		"made up": {secret.NewToken().Reveal(), 404}, "expired": {spent.Reveal(), 404}, "of another kind": {reset.Reveal(), 404}, "of a doctor": {good.Reveal(), 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.BaseURL+doctor.MirrorPath+tc.token, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != tc.status {
			t.Errorf("a token that is %s: status %d, want %d", name, answer.StatusCode, tc.status)
		}
	}
}

func TestDatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.expect("database.reach", doctor.Pass)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "empty.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h.DB = db
	h.expect("database.schema", doctor.Fail)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.expect("database.reach", doctor.Fail)
}

func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, e)
			h.serve(nil)
			for ahead, want := range map[time.Duration]doctor.Verdict{0: doctor.Pass, 10 * time.Second: doctor.Warn, -10 * time.Second: doctor.Warn, time.Minute: doctor.Fail} {
				h.ahead = ahead
				h.expect("clock.front", want)
				if e.Name == "postgres" {
					h.expect("clock.database", want)
				}
			}
		})
	}
}

// A database that takes its time to write may still know what time it is.
func TestASlowDatabaseHasNoWrongClock(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, h *house) {
		if h.DB.Engine() != "postgres" {
			h.expect("clock.database", doctor.Skip)
			return
		}
		late := time.Duration(0)
		h.Now = func() time.Time { // what comes after it has answered comes ten seconds later
			defer func() { late += 10 * time.Second }()
			return time.Now().Add(late)
		}
		h.expect("clock.database", doctor.Pass)
		late = 10 * time.Second
		h.expect("clock.database", doctor.Warn)
	})
}

func TestSealingKeyOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.expect("keys.sealing", doctor.Pass)
	other, err := secret.NewSealer([]byte("01234567890123456789012345678901"))
	if err != nil {
		t.Fatal(err)
	}
	h.Sealer = func(context.Context) (*secret.Sealer, error) { return other, nil }
	h.expect("keys.sealing", doctor.Fail)
}

// A key that seals nothing any more, and opens our own keys no more, may still be
// needed for what was sealed under it for somebody.
func TestSealingKeyThatIsStillNeeded(t *testing.T) {
	t.Parallel()
	newer, older := make([]byte, 32), []byte("01234567890123456789012345678901")
	both, err := secret.NewSealer(newer, older)
	if err != nil {
		t.Fatal(err)
	}
	before, err := secret.NewSealer(older)
	if err != nil {
		t.Fatal(err)
	}
	eachEngine(t, func(_ *testing.T, h *house) {
		h.sealed("msg_new", h.sealer)
		h.expect("keys.sealing", doctor.Pass)
		h.sealed("msg_old", before)
		h.expect("keys.sealing", doctor.Fail)
		if got, want := h.finds("keys.sealing").Got, "no key for 1 messages to people"; got != want {
			h.Errorf("got %q, want %q", got, want)
		}
		h.Sealer = func(context.Context) (*secret.Sealer, error) { return both, nil }
		h.expect("keys.sealing", doctor.Pass)
	})
}

func TestKeysThatAreMissingOrEnd(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.expect("keys.oidc", doctor.Pass)
	h.expect("keys.saml", doctor.Pass)
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.SetSigningKeyState(ctx, "oidc-1", store.KeyRetired, time.Now())
	})
	h.expect("keys.oidc", doctor.Fail)
	h.expect("keys.connections", doctor.Pass)
}

func TestRetiredKeysThatAreStillUsed(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	now := time.Now()
	org := sso.Organization{ID: sso.NewOrgID(now), Key: "acme", Name: "Acme", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	org.Path = []sso.OrgID{org.ID}
	c := sso.Connection{ID: sso.NewConnectionID(now), Org: org.ID, Key: "acme-adfs", Name: "AD FS", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now}
	key, err := federation.NewDecryptionKey(h.sealer, store.KeyRetired, now)
	if err != nil {
		t.Fatal(err)
	}
	key.Connection = c.ID
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(ctx, org), tx.Org(org.ID).SaveConnection(ctx, c), tx.Org(org.ID).InsertDecryptionKey(ctx, key))
	})
	h.expect("keys.retired", doctor.Pass)
	used := func(at time.Time) {
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.Org(org.ID).NoteDecryptionKeyUse(ctx, key.ID, at)
		})
	}
	used(now.Add(-store.KeyInUse))
	h.expect("keys.retired", doctor.Pass)
	used(now.Add(time.Hour - store.KeyInUse))
	h.expect("keys.retired", doctor.Warn)
	if f := h.finds("keys.retired"); f.Got != "acme-adfs" {
		t.Errorf("named is %q", f.Got)
	}
}

func TestJobsThatFailOrAreOverdue(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.expect("jobs", doctor.Pass)
	h.job("inactivity", "dial tcp: refused")
	h.expect("jobs", doctor.Fail)
	h = aHouse(t)
	h.ahead = -time.Hour
	h.expect("jobs", doctor.Fail)
}

func TestMessagesThatWait(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	message := func(id sso.MessageID, age time.Duration) {
		h.write(func(ctx context.Context, tx *store.Writer) error {
			at := time.Now().Add(-age)
			return tx.InsertMessage(ctx, store.OutboxMessage{ID: id, Channel: "mail", Kind: "test", To: "a@x.example", CreatedAt: at, DueAt: at, ExpiresAt: at.Add(24 * time.Hour)})
		})
	}
	message("one", time.Minute)
	h.expect("outbox", doctor.Pass)
	message("two", time.Hour)
	h.expect("outbox.waiting", doctor.Fail)
	h.write(func(ctx context.Context, tx *store.Writer) error {
		_, err := tx.ExpireMessages(ctx, "mail", time.Now().Add(48*time.Hour), "expired")
		return err
	})
	h.expect("outbox.dead", doctor.Warn)
}

func TestResolverThatFailsOrLies(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.expect("dns.txt", doctor.Pass)
	h.expect("dns.absent", doctor.Pass)
	h.dns.Lie("v=search, see our page")
	h.expect("dns.absent", doctor.Fail)
	h.dns.Clear("known.example")
	h.dns.Lie("")
	h.expect("dns.txt", doctor.Fail)
	h.dns.Fail("known.example", dnstest.ServFail)
	h.expect("dns.txt", doctor.Fail)
	h.DNS.Server = "127.0.0.1:" + strconv.Itoa(1)
	h.expect("dns.txt", doctor.Fail)
}

// Somebody has written to the audit list past everything that seals it.
func TestAuditListThatWasAltered(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, h *house) {
		add := func(hash func(e *sso.Recorded, end sso.ChainEnd)) {
			h.write(func(ctx context.Context, tx *store.Writer) error {
				_, last, err := tx.ChainEnds(ctx)
				if err != nil {
					return err
				}
				e := sso.NewRecorded(sso.Event{At: time.Now(), Actor: "operator", Action: "role.defined", Target: "auditor", Changes: []sso.Change{{Field: "name", To: "Auditor"}}}, 0)
				hash(&e, last)
				return tx.Tell(ctx, last, []sso.Recorded{e}, nil, nil)
			})
		}
		h.expect("audit.chain", doctor.Pass)
		add(func(e *sso.Recorded, end sso.ChainEnd) { end.Follow(e) })
		h.expect("audit.chain", doctor.Pass)
		add(func(e *sso.Recorded, end sso.ChainEnd) {
			end.Follow(e)
			e.Target = "owner"
		})
		h.expect("audit.chain", doctor.Fail)
	})
}
