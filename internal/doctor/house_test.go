package doctor_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/dnstest"
	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/mirror"
)

// house is a deployment in which all is well, until a test spoils it.
type house struct {
	testing.TB
	doctor.Doctor
	sealer *secret.Sealer
	dns    *dnstest.Server
	ahead  time.Duration // of the clock of the server and its database
}

func newHouse(t testing.TB, e storetest.Engine) *house {
	t.Helper()
	sealer, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TB: t, sealer: sealer, dns: dnstest.Start(t)}
	h.dns.TXT("known.example", "v=spf1 -all")
	h.Doctor = doctor.Doctor{
		DB: e.Open(t), Caller: safehttp.NewCaller(safehttp.Private), DNSName: "known.example", DNS: dnsproof.Resolver{Server: h.dns.Address},
		Mail: goodMail{}, SMS: goodGateway{}, From: "no-reply@vendor.example",
		Sealer: func(context.Context) (*secret.Sealer, error) { return sealer, nil },
		Now:    func() time.Time { return time.Now().Add(-h.ahead) },
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		k, err := federation.NewSigningKey(sealer, store.KeyCurrent, time.Now())
		if err != nil {
			return err
		}
		if err := tx.InsertSigningKey(ctx, k); err != nil {
			return err
		}
		id := "oidc-1"
		return tx.InsertSigningKey(ctx, store.SigningKey{
			ID: id, Use: store.KeyForOIDC, Algorithm: "ES256", Private: sealer.Seal(store.SigningKeyPlace(id), []byte("private")), Public: []byte("public"),
			State: store.KeyCurrent, Since: time.Now(), CreatedAt: time.Now(),
		})
	})
	h.job("sweep", "")
	return h
}

type goodMail struct{}

func (goodMail) Probe(context.Context, string) error              { return nil }
func (goodMail) SendTest(context.Context, string) (string, error) { return "queued", nil }

type goodGateway struct{}

func (goodGateway) Probe(context.Context) (bool, error) { return true, nil }

func (h *house) write(fn func(context.Context, *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), func(tx *store.Writer) error { return fn(h.Context(), tx) }); err != nil {
		h.Fatal(err)
	}
}

// job has a job run once, a moment ago.
func (h *house) job(name, failure string) {
	h.Helper()
	now := time.Now()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		if _, err := tx.ClaimJob(ctx, name, "lease", now, now.Add(time.Minute)); err != nil {
			return err
		}
		return tx.EndJob(ctx, name, "lease", now, now.Add(time.Minute), failure)
	})
}

// sealed has a message wait whose text a key has sealed.
func (h *house) sealed(id sso.MessageID, by *secret.Sealer) {
	h.Helper()
	now := time.Now()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertMessage(ctx, store.OutboxMessage{
			ID: id, Channel: "mail", Kind: "test", To: "a@x.example", Data: by.Seal(store.OutboxPlace(id), []byte("text")),
			CreatedAt: now, DueAt: now, ExpiresAt: now.Add(time.Hour),
		})
	})
}

// serve runs a server on the database and, before it, what stands in front;
// the base URL leads there. Over TLS is https.
func (h *house) serve(front func(http.Handler) http.Handler) {
	h.Helper()
	h.serveOn(h.DB, front)
}

func (h *house) serveOn(db *store.DB, front func(http.Handler) http.Handler) {
	h.Helper()
	public := httptest.NewUnstartedServer(nil)
	base, err := web.ParseBaseURL("http://" + public.Listener.Addr().String())
	if err != nil {
		h.Fatal(err)
	}
	rt, err := web.New(web.Config{
		BaseURL: base, Proxies: h.Proxies, Log: slog.New(slog.DiscardHandler),
		Failure: func(w http.ResponseWriter, _ *http.Request, f web.Failure) { w.WriteHeader(f.Status) },
	}, (&mirror.Handler{Flow: &doctor.Mirror{DB: db, Now: time.Now}}).Routes())
	if err != nil {
		h.Fatal(err)
	}
	public.Config.Handler = rt
	if front != nil {
		inner := httptest.NewServer(rt)
		h.Cleanup(inner.Close)
		to, err := url.Parse(inner.URL)
		if err != nil {
			h.Fatal(err)
		}
		// It adds the address of who asks to X-Forwarded-For, as proxies do.
		public.Config.Handler = front(httputil.NewSingleHostReverseProxy(to))
	}
	public.Start()
	h.Cleanup(public.Close)
	h.BaseURL = base.String()
}

// behind says that the proxy on loopback is believed.
func (h *house) behind() { h.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// finds examines and returns the finding of one check.
func (h *house) finds(check string) doctor.Finding {
	h.Helper()
	all := h.Examine(h.Context())
	for _, f := range all {
		if f.Check == check {
			if f.Verdict == doctor.Fail && f.Do == "" {
				h.Errorf("%s fails, and nothing is said of what to do: %+v", check, f)
			}
			return f
		}
	}
	h.Fatalf("nothing is found of %s: %+v", check, all)
	return doctor.Finding{}
}

func (h *house) expect(check string, want doctor.Verdict) {
	h.Helper()
	if got := h.finds(check); got.Verdict != want {
		h.Errorf("%s: %+v, want %s", check, got, want)
	}
}

func eachEngine(t *testing.T, test func(t *testing.T, h *house)) {
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newHouse(t, e))
		})
	}
}

func aHouse(t *testing.T) *house { return newHouse(t, storetest.Engines(t)[0]) }

var errGateway = &fault.Error{Kind: fault.Unavailable, Code: "sms_auth", Got: "401 no such key", Err: errors.New("unauthorized")}
