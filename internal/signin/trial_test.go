package signin_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// trial begins a test of a connection and sends the browser off.
func (w *world) trial(key string) flight {
	w.Helper()
	c := w.connection(key)
	a, err := w.BeginTest(w.Context(), w.browser, signin.TestStart{Org: c.Org, Connection: c.ID, By: "usr_x"})
	if err != nil {
		w.Fatalf("BeginTest() = %v", err)
	}
	return w.depart(a, key)
}

func (w *world) connection(key string) sso.Connection {
	w.Helper()
	var c sso.Connection
	w.read(func(r *store.Reader) error {
		var err error
		c, err = r.ConnectionByKey(w.Context(), key)
		return err
	})
	return c
}

func (w *world) read(fn func(r *store.Reader) error) {
	w.Helper()
	if err := w.DB.Read(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// tested answers a test and returns what it has come to.
func (w *world) tested(f flight, forge ...func(*samltest.Response)) sso.Test {
	w.Helper()
	if err := w.respond(f, w.answer(f, forge...)); err != nil {
		w.Fatalf("Respond() to a test = %v", err)
	}
	t, err := w.TestOf(w.Context(), w.browser, f.attempt.ID)
	if err != nil {
		w.Fatalf("TestOf() = %v", err)
	}
	return t
}

// verdict returns the verdict of a line.
func verdict(t *sso.Test, rule string) string {
	i := slices.IndexFunc(t.Result.Checks, func(c sso.Check) bool { return c.Rule == rule })
	if i < 0 {
		return ""
	}
	return t.Result.Checks[i].Verdict
}

func TestATestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.trial("acme-okta")
		got := w.tested(f, about("new@acme.example"))
		if !got.Passed() || got.Result.Act != sso.ActCreate || got.Result.Email != "new@acme.example" || got.Subject == "" || got.Reference == "" {
			t.Errorf("test %+v", got)
		}
		c := w.connection("acme-okta")
		if got.Fingerprint != c.Fingerprint() {
			t.Errorf("fingerprint %q, want that of the settings", got.Fingerprint)
		}
		if n := len(got.Result.Checks); n < 20 {
			t.Errorf("%d checks, want 20 at least", n)
		}
		for _, line := range []string{"ident.subject", "ident.email", "ident.domain", "ident.person", "ident.role", "advice.signed", "advice.certificate"} {
			if verdict(&got, line) == "" {
				t.Errorf("no line %s", line)
			}
		}
		w.read(func(r *store.Reader) error {
			users, err := r.UsersByEmail(t.Context(), sso.StoredEmail("new@acme.example"))
			if err != nil || len(users) > 0 {
				t.Errorf("users %v, %v", users, err)
			}
			return nil
		})
		if _, err := w.Finish(t.Context(), w.browser, f.attempt.ID, signin.Switch); !fault.Is(err, "attempt_over") {
			t.Errorf("Finish() of a test = %v", err)
		}
		// The same person, by a real sign-in, is new.
		p, err := w.signInBySSO("new@acme.example", "acme-okta")
		if err != nil || p.User.Email.String() != "new@acme.example" {
			t.Errorf("a sign-in after the test = %v, %v", p.User, err)
		}
		if again := w.tested(w.trial("acme-okta"), about("new@acme.example")); again.Result.Act != sso.ActSignIn {
			t.Errorf("a test by somebody known would %q", again.Result.Act)
		}
	})
}

func TestADraftMayBeTriedAndSignsNobodyIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		if got := w.tested(w.trial("initech-draft"), about("ida@elsewhere.example")); got.Passed() || w.connection("initech-draft").State != sso.ConnectionDraft {
			t.Errorf("test %+v, and the connection is %s", got.Result, w.connection("initech-draft").State)
		}
		before := w.connection("initech-draft").Version
		if got := w.tested(w.trial("initech-draft"), about("ida@initech.example")); !got.Passed() {
			t.Errorf("test %+v", got.Result)
		}
		if c := w.connection("initech-draft"); c.State != sso.ConnectionTested || c.Version != before {
			t.Errorf("the connection is %s in version %d, want it tested in version %d", c.State, c.Version, before)
		}
	})
}

func TestATestSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for what, tc := range map[string]struct {
			forge []func(*samltest.Response)
			code  string
			line  string
		}{
			"signed by somebody else": {[]func(*samltest.Response){about("bob@acme.example"), samltest.SignByStranger}, "sig_value", "sig.value"},
			"a foreign domain":        {[]func(*samltest.Response){about("carol@globex.example")}, "ident_domain", "ident.domain"},
			"no address":              {[]func(*samltest.Response){about("nobody")}, "ident_email", "ident.email"},
		} {
			got := w.tested(w.trial("acme-okta"), tc.forge...)
			if got.State != sso.TestFailed || got.Result.Code != tc.code || verdict(&got, tc.line) != "fail" {
				t.Errorf("%s: %s, code %q, %s is %q", what, got.State, got.Result.Code, tc.line, verdict(&got, tc.line))
			}
		}
		// The domain that waits for its proof is the administrator's own.
		got := w.tested(w.trial("acme-okta"), about("ann@claimed.example"))
		if !got.Passed() || verdict(&got, "ident.domain") != "warn" {
			t.Errorf("an address of a domain in review: %s, %q", got.State, verdict(&got, "ident.domain"))
		}
	})
}

func TestATestIsAnsweredOnceAndShownToItsBrowser(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.trial("acme-okta")
		response := w.answer(f, about("bob@acme.example"))
		if err := w.respond(f, response); err != nil {
			t.Fatal(err)
		}
		w.mustRefuse(w.respond(f, response), "saml_replay")
		if _, err := w.TestOf(t.Context(), newBrowser(), f.attempt.ID); !fault.Is(err, "bind_cookie") {
			t.Errorf("TestOf() in another browser = %v", err)
		}
		if _, err := w.TestOf(t.Context(), w.browser, w.identify("bob@acme.example", sso.StepSSO).ID); !fault.Is(err, "attempt_unknown") {
			t.Errorf("TestOf() of a sign-in = %v", err)
		}
	})
}

func TestATestLinkOpensOneConnection(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		c := w.connection("acme-okta")
		token := secret.NewToken()
		l := sso.TestLink{ID: sso.NewTestLinkID(w.now), Org: c.Org, Connection: c.ID, By: "usr_x", CreatedAt: w.now, ExpiresAt: w.now.Add(sso.TestLinkLife)}
		if err := w.DB.Write(t.Context(), func(tx *store.Writer) error { return tx.Org(c.Org).InsertTestLink(t.Context(), l, token.Hash()) }); err != nil {
			t.Fatal(err)
		}
		a, err := w.BeginTest(t.Context(), w.browser, signin.TestStart{Link: token, By: "usr_forged"})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.tested(w.depart(a, "acme-okta"), about("bob@acme.example")); !got.Passed() || got.By != "" || got.Link != l.ID {
			t.Errorf("test %+v", got)
		}
		if _, err := w.BeginTest(t.Context(), w.browser, signin.TestStart{Link: secret.NewToken()}); !fault.Is(err, "test_link_over") {
			t.Errorf("another link = %v", err)
		}
		w.now = l.ExpiresAt
		if _, err := w.BeginTest(t.Context(), w.browser, signin.TestStart{Link: token}); !fault.Is(err, "test_link_over") {
			t.Errorf("an expired link = %v", err)
		}
		if _, err := w.BeginTest(t.Context(), w.browser, signin.TestStart{Org: w.connection("globex-idp").Org, Connection: c.ID}); err == nil {
			t.Error("another organization's connection was tried")
		}
	})
}

// What a refused message says is looked at all the same, as long as the identity
// provider has signed it.
func TestATestLooksAtWhatIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		elsewhere := func(r *samltest.Response) { r.Audience = "https://other.example" }
		got := w.tested(w.trial("acme-okta"), about("carol@globex.example"), elsewhere)
		if got.Passed() || got.Result.Code != "saml_audience" || got.Subject != "" || got.Result.Act != "" {
			t.Errorf("test %+v", got)
		}
		for line, want := range map[string]string{"saml.audience": "fail", "ident.email": "pass", "ident.domain": "fail", "ident.person": "skip"} {
			if v := verdict(&got, line); v != want {
				t.Errorf("%s is %q, want %q", line, v, want)
			}
		}
		if got.Result.Email != "carol@globex.example" || len(got.Result.Attributes) == 0 {
			t.Errorf("what was sent: %+v", got.Result)
		}
		passing := w.tested(w.trial("acme-okta"), about("bob@acme.example"), func(r *samltest.Response) { r.NameIDFormat = saml.FormatTransient })
		if v := verdict(&passing, "ident.subject"); v != "fail" || passing.Result.Code != "saml_nameid" {
			t.Errorf("by a name that passes, a lasting name is %q, code %s", v, passing.Result.Code)
		}
		forged := w.tested(w.trial("acme-okta"), about("bob@acme.example"), elsewhere, samltest.SignByStranger)
		if forged.Result.Email != "" || len(forged.Result.Attributes) != 0 || verdict(&forged, "ident.email") != "" {
			t.Errorf("what nobody has signed is shown: %+v", forged.Result)
		}
		w.read(func(r *store.Reader) error {
			_, err := r.Link(t.Context(), w.connection("acme-okta").ID, got.Result.NameID)
			if err == nil {
				t.Error("a refused test has linked somebody")
			}
			return nil
		})
	})
}

func TestOnlySoManyTestsBeginInOneNetwork(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		c := w.connection("acme-okta")
		begin := func(b signin.Browser) error {
			_, err := w.BeginTest(t.Context(), b, signin.TestStart{Org: c.Org, Connection: c.ID, By: "usr_x"})
			return err
		}
		var err error
		for n := 0; err == nil && n < 1000; n++ {
			err = begin(w.browser)
		}
		if !fault.Is(err, "try_later") {
			t.Fatalf("test upon test = %v", err)
		}
		elsewhere := newBrowser()
		elsewhere.Address = netip.MustParseAddr("198.51.100.7")
		if err := begin(elsewhere); err != nil {
			t.Errorf("a test from another network = %v", err)
		}
		w.now = w.now.Add(time.Hour)
		if err := begin(w.browser); err != nil {
			t.Errorf("a test an hour later = %v", err)
		}
	})
}
