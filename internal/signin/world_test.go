package signin_test

import (
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const baseURL = "https://sso.example"

// world is a deployment with a few customers, and a browser.
type world struct {
	testing.TB
	*signin.Service
	browser signin.Browser
	idp     *samltest.IdP
	now     time.Time
	hash    string // of "correct horse"
}

// customers is the file that every world begins with. All connections trust
// the same identity provider, as customers of one vendor's cloud do.
const customers = `
organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.example, vouched: true}, {name: claimed.example}]
    connections:
      - {key: acme-okta, name: Acme Okta, state: active, metadata: METADATA, defaults: {role: member, groups: [new]}}
    users:
      - {username: owner, email: root@outside.example, role: owner, password_hash: "HASH"}
      - {username: bob, email: bob@acme.example, role: admin, first_name: Robert, password_hash: "HASH"}
  - key: acme-emea
    name: Acme EMEA
    parent: acme
    users: [{email: emma@acme.example}]
  - key: globex
    name: Globex
    entitlements: [sso]
    domains: [{name: globex.example, vouched: true}]
    policy: {sso: required, exempt: [exempt@globex.example]}
    connections:
      - {key: globex-idp, state: active, first_sign_in: match, metadata: METADATA}
    users:
      - {username: carol, email: carol@globex.example, password_hash: "HASH"}
      - {username: exempt, email: exempt@globex.example, password_hash: "HASH"}
  - key: initech
    name: Initech
    entitlements: [sso]
    domains: [{name: initech.example, vouched: true}]
    connections:
      - {key: initech-a, name: Alpha, state: active, metadata: METADATA}
      - {key: initech-b, name: Beta, state: active, metadata: METADATA}
      - {key: initech-draft, name: Draft, state: draft, metadata: METADATA}
  - key: plain
    name: Plain
    users: [{username: paul, email: paul@plain.example, password_hash: "HASH"}]
`

func newWorld(t testing.TB, engine storetest.Engine) *world {
	t.Helper()
	return newWorldAt(t, engine.Open(t))
}

func newWorldAt(t testing.TB, db *store.DB) *world {
	t.Helper()
	idp := samltest.New(t)
	w := &world{TB: t, idp: idp, now: idp.Now}
	hasher := password.NewQuickHasher()
	now := func() time.Time { return w.now }
	party, err := passkey.NewParty(baseURL, "Sallyport")
	if err != nil {
		t.Fatal(err)
	}
	w.Service = &signin.Service{DB: db, BaseURL: baseURL, Passwords: hasher, Limiter: backoff.Limiter{DB: db, Now: now}, Sealer: sealer(t), Now: now}
	w.Factors = &factor.Service{
		DB: db, Sealer: w.Sealer, Party: party, Outbox: &notify.Outbox{Sealer: w.Sealer, Now: now}, Product: "Sallyport", SMS: true, Now: now,
	}
	w.browser = newBrowser()
	hash, err := hasher.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	w.hash = hash
	w.apply(strings.ReplaceAll(customers, "HASH", hash))
	return w
}

// Person is that of the service, asked from where the browser is.
func (w *world) Person(ctx context.Context, token secret.Token) (sso.Person, error) {
	return w.Service.Person(ctx, token, w.browser.Address)
}

// Respond is that of the service; what is written a moment later is written at once.
func (w *world) Respond(ctx context.Context, b signin.Browser, in signin.Response) (signin.Answered, error) {
	defer w.write()
	return w.Service.Respond(ctx, b, in)
}

// Finish is that of the service; what is written a moment later is written at once.
func (w *world) Finish(ctx context.Context, b signin.Browser, id sso.AttemptID, consent signin.Consent) (signin.Finished, error) {
	defer w.write()
	return w.Service.Finish(ctx, b, id, consent)
}

// write writes the traces that attempts hold, as a job does every second.
func (w *world) write() {
	w.Helper()
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		untold, err := tx.UntoldSignIns(w.Context(), 10)
		if err != nil {
			return err
		}
		tarrying, err := tx.TarryingAttempts(w.Context(), w.now, 10)
		if err != nil {
			return err
		}
		return errors.Join(tx.Tell(w.Context(), sso.ChainEnd{}, nil, nil, untold), tx.WriteTraces(w.Context(), tarrying...))
	})
	if err != nil {
		w.Fatal(err)
	}
}

func newBrowser() signin.Browser {
	return signin.Browser{Binding: secret.NewToken().Hash(), Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "test"}
}

// sealer seals under a key of its own.
func sealer(t testing.TB) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// apply changes the customers. METADATA stands for the identity provider's.
func (w *world) apply(file string) {
	w.Helper()
	metadata, err := w.idp.Metadata()
	if err != nil {
		w.Fatal(err)
	}
	file = strings.ReplaceAll(file, "METADATA", "'"+strings.ReplaceAll(string(metadata), "'", "''")+"'")
	f, err := setup.ParseFile([]byte(file))
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.setup().Apply(w.Context(), f, setup.Files("."), setup.Options{}); err != nil {
		w.Fatal(err)
	}
}

// setup is the flow by which the operator sets the customers up.
func (w *world) setup() *setup.Service {
	return &setup.Service{
		DB: w.DB, Now: func() time.Time { return w.now }, Sealer: func(context.Context) (*secret.Sealer, error) { return w.Sealer, nil },
	}
}

// identify types an address and demands where it leads.
func (w *world) identify(typed string, want sso.Step) sso.Attempt {
	w.Helper()
	a, err := w.Identify(w.Context(), w.browser, "", typed, "")
	if err != nil {
		w.Fatalf("Identify(%q) = %v", typed, err)
	}
	if a.Next() != want {
		w.Fatalf("Identify(%q) leads to %s, want %s", typed, a.Next(), want)
	}
	return a
}

// flight is a request that is out.
type flight struct {
	attempt sso.Attempt
	key     string // of the connection
	relay   string
	request string // XML
}

// depart sends the browser off.
func (w *world) depart(a sso.Attempt, key string) flight {
	w.Helper()
	d, err := w.Depart(w.Context(), w.browser, a.ID)
	if err != nil {
		w.Fatalf("Depart() = %v", err)
	}
	f, err := flightOf(d, a, key)
	if err != nil {
		w.Fatal(err)
	}
	return f
}

// flightOf reads the request that a browser leaves with.
func flightOf(d signin.Departure, a sso.Attempt, key string) (flight, error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return flight{}, err
	}
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		return flight{}, err
	}
	request, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	return flight{attempt: a, key: key, relay: u.Query().Get("RelayState"), request: string(request)}, err
}

// id returns the ID of the request.
func (f flight) id() string {
	_, rest, _ := strings.Cut(f.request, ` ID="`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// answer makes the identity provider's response to a flight, base64 as posted.
func (w *world) answer(f flight, forge ...func(*samltest.Response)) string {
	w.Helper()
	idp := *w.idp
	idp.Now = w.now
	idp.SPEntityID = baseURL + "/saml/" + f.key + "/metadata"
	idp.ACS = baseURL + "/saml/" + f.key + "/acs"
	idp.RequestID = f.id()
	return base64.StdEncoding.EncodeToString(idp.Respond(forge...))
}

// about makes an assertion about somebody.
func about(address string) func(*samltest.Response) {
	return func(r *samltest.Response) { subject(r, "id of "+address, address) }
}

func (w *world) respond(f flight, response string) error {
	w.Helper()
	answered, err := w.Respond(w.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: response, RelayState: f.relay})
	if err == nil && answered.Attempt != f.attempt.ID {
		w.Fatalf("Respond() = attempt %s, want %s", answered.Attempt, f.attempt.ID)
	}
	return err
}

// signInBySSO goes the whole way and returns who came out.
func (w *world) signInBySSO(address, key string, forge ...func(*samltest.Response)) (sso.Person, error) {
	w.Helper()
	f := w.depart(w.identify(address, sso.StepSSO), key)
	if err := w.respond(f, w.answer(f, append([]func(*samltest.Response){about(address)}, forge...)...)); err != nil {
		return sso.Person{}, err
	}
	return w.finish(f.attempt.ID)
}

func (w *world) finish(id sso.AttemptID) (sso.Person, error) {
	w.Helper()
	done, err := w.Finish(w.Context(), w.browser, id, signin.AskFirst)
	if err != nil {
		return sso.Person{}, err
	}
	p, err := w.Person(w.Context(), done.Token)
	if err != nil {
		w.Fatalf("the new session stands for nobody: %v", err)
	}
	return p, nil
}

// mustRefuse demands a fault with this code, and the trace that was kept of it.
func (w *world) mustRefuse(err error, code string) {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != code {
		w.Fatalf("got %v, want the fault %s", err, code)
	}
	if f.Ref == "" {
		return
	}
	err = w.DB.Read(w.Context(), func(r *store.Reader) error {
		t, err := r.Trace(w.Context(), f.Ref)
		if err == nil && (t.Code != code || w.now.Sub(t.At) < 0 || w.now.Sub(t.At) >= sso.AttemptLife) {
			w.Fatalf("the trace says %q at %s", t.Code, t.At)
		}
		return err
	})
	if err != nil {
		w.Fatalf("reading the trace %s: %v", f.Ref, err)
	}
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
