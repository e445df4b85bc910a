package signin_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

const idpSLO = "https://idp.example/slo"

// withLogout has the identity provider say where its logout service is.
func (w *world) withLogout() {
	w.Helper()
	w.idp.SLO = idpSLO
	w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, metadata: METADATA}]}, {key: globex, connections: [{key: globex-idp, metadata: METADATA}]}]`)
}

// session signs somebody in by SSO, in a browser of their own.
func (w *world) session(address, key, index string) secret.Token {
	w.Helper()
	before := w.browser
	defer func() { w.browser = before }()
	w.browser = newBrowser()
	f := w.depart(w.identify(address, sso.StepSSO), key)
	if err := w.respond(f, w.answer(f, about(address), func(r *samltest.Response) { r.SessionIndex = index })); err != nil {
		w.Fatal(err)
	}
	done, err := w.Finish(w.Context(), w.browser, f.attempt.ID, signin.AskFirst)
	if err != nil {
		w.Fatal(err)
	}
	return done.Token
}

func (w *world) lives(token secret.Token) bool {
	w.Helper()
	_, err := w.Person(w.Context(), token)
	if err != nil && !fault.Is(err, "session_over") {
		w.Fatalf("Person() = %v", err)
	}
	return err == nil
}

// bid is a logout request of the identity provider about alice.
type bid struct {
	saml.LogoutRequest
	binding sso.Binding
	key     string // of the connection to whose address it is sent
	signing saml.SigningKey
	relay   string
	tamper  func(*signin.LogoutMessage)
}

func (w *world) bid(forge func(*bid)) bid {
	b := bid{
		LogoutRequest: saml.LogoutRequest{
			ID: saml.NewID(), Destination: baseURL + "/saml/acme-okta/slo", Issuer: w.idp.EntityID, IssueInstant: w.now, NotOnOrAfter: w.now.Add(5 * time.Minute),
			NameID: saml.NameID{Value: "id of alice@acme.example", Format: saml.FormatPersistent},
		},
		binding: sso.BindingRedirect, key: "acme-okta", signing: w.idp.SigningKey(), relay: "their state",
	}
	if forge != nil {
		forge(&b)
	}
	return b
}

// message returns the request as it arrives.
func (w *world) message(b bid) signin.LogoutMessage {
	w.Helper()
	in := signin.LogoutMessage{ConnectionKey: b.key, Binding: b.binding}
	var err error
	switch b.binding {
	case sso.BindingRedirect:
		var target string
		if b.signing.Signer == nil {
			target, err = b.RedirectURL(b.relay)
		} else {
			target, err = b.SignedRedirectURL(b.relay, b.signing)
		}
		_, in.Query, _ = strings.Cut(target, "?")
	case sso.BindingPOST:
		var form saml.PostForm
		if b.signing.Signer == nil {
			form, err = b.PostForm(b.relay)
		} else {
			form, err = b.SignedPostForm(b.relay, b.signing)
		}
		in.Form = url.Values{"SAMLRequest": {form.SAMLRequest}, "RelayState": {form.RelayState}}
	default:
		in.Envelope, err = b.SOAP(b.signing)
	}
	if err != nil {
		w.Fatal(err)
	}
	if b.tamper != nil {
		b.tamper(&in)
	}
	return in
}

func (w *world) logout(forge func(*bid)) (signin.SingleLogout, error) {
	w.Helper()
	return w.Logout(w.Context(), w.browser, w.message(w.bid(forge)))
}

// ours is what an identity provider expects of what we send: signed by the key
// of our metadata.
func (w *world) ours(key string) saml.LogoutExpect {
	w.Helper()
	public, err := xmldsig.KeyFromCertificate(w.certificate("", store.KeyCurrent))
	if err != nil {
		w.Fatal(err)
	}
	return saml.LogoutExpect{
		IdP:      saml.IdP{EntityID: baseURL + "/saml/" + key + "/metadata", Keys: []xmldsig.Key{public}},
		EntityID: w.idp.EntityID, SLO: idpSLO, Skew: saml.DefaultSkew,
	}
}

// received reads what we have the browser carry.
func (w *world) received(d *signin.Departure) *saml.Received {
	w.Helper()
	if d == nil {
		w.Fatal("nobody is told")
	}
	var m *saml.Received
	var err error
	if d.Form != nil {
		form := url.Values{}
		for _, f := range d.Form.Fields {
			form.Set(f.Name, f.Value)
		}
		m, err = saml.ReadPost(form)
	} else {
		_, query, _ := strings.Cut(d.URL, "?")
		m, err = saml.ReadRedirect(query)
	}
	if err != nil {
		w.Fatal(err)
	}
	return m
}

func TestAnIdentityProviderEndsItsSessions(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		for _, binding := range []sso.Binding{sso.BindingRedirect, sso.BindingPOST, sso.BindingSOAP} {
			one, two := w.session("alice@acme.example", "acme-okta", "1"), w.session("alice@acme.example", "acme-okta", "2")
			three, bob := w.session("alice@acme.example", "acme-okta", "3"), w.session("bob@acme.example", "acme-okta", "1")
			local := w.passwordSession("paul@plain.example")
			w.now = w.now.Add(time.Minute)

			var asked bid
			done, err := w.logout(func(b *bid) {
				b.binding, b.SessionIndexes = binding, []string{"1", "9"}
				asked = *b
			})
			if err != nil {
				t.Fatalf("%s: %v", binding, err)
			}
			if w.lives(one) || !w.lives(two) || !w.lives(three) || !w.lives(bob) {
				t.Errorf("%s: the request ended another session than that of alice with its index", binding)
			}
			expect := w.ours("acme-okta")
			expect.RequestID = asked.ID
			var m *saml.Received
			if binding == sso.BindingSOAP {
				if m, err = saml.ReadSOAP(done.Envelope); err != nil {
					t.Fatal(err)
				}
			} else if m = w.received(done.Answer); m.RelayState != "their state" {
				t.Errorf("%s: the answer has the RelayState %q", binding, m.RelayState)
			}
			if answer, err := saml.VerifyLogoutResponse(m, expect, w.now); err != nil || !answer.Signed {
				t.Errorf("%s: the answer is %+v, %v, want a signed one", binding, answer, err)
			}

			if _, err := w.logout(func(b *bid) { b.binding = binding }); err != nil {
				t.Fatalf("%s: %v", binding, err)
			}
			if w.lives(two) || w.lives(three) || !w.lives(bob) || !w.lives(local) {
				t.Errorf("%s: a request without an index must end all of alice's sessions and nobody else's", binding)
			}
			// It has come true already: that is no failure.
			if _, err := w.logout(func(b *bid) { b.binding = binding }); err != nil {
				t.Errorf("%s: a further one: %v", binding, err)
			}
			w.now = w.now.Add(time.Minute)
		}
	})
}

func TestALogoutIsRecorded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		token := w.session("alice@acme.example", "acme-okta", "1")
		p, err := w.Person(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Minute)
		if _, err := w.logout(nil); err != nil {
			t.Fatal(err)
		}
		err = w.DB.Read(t.Context(), func(r *store.Reader) error {
			traces, err := r.Org(p.Org.ID).Traces(t.Context(), 1)
			if err != nil {
				return err
			}
			if tr := traces[0]; tr.Method != sso.ByLogout || tr.Code != "" || tr.User != p.User.ID || tr.Connection != p.Session.Connection || len(tr.Checks) < 20 {
				t.Errorf("the trace says %+v", tr)
			}
			events, err := r.Org(p.Org.ID).Events(t.Context(), 20)
			for _, e := range events {
				if e.Action == "session.ended" && e.Target == string(p.User.ID) && e.Detail["session"] == string(p.Session.ID) && e.Actor == "single-logout" {
					return err
				}
			}
			t.Errorf("no event says that the session was ended: %+v", events)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestALogoutRequestIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		stranger, err := samltest.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		session := w.session("alice@acme.example", "acme-okta", "1")
		for name, tc := range map[string]struct {
			forge func(*bid)
			code  string
		}{
			"not signed":             {func(b *bid) { b.signing = saml.SigningKey{} }, "sig_missing"},
			"not signed, by POST":    {func(b *bid) { b.binding, b.signing = sso.BindingPOST, saml.SigningKey{} }, "sig_missing"},
			"signed by a stranger":   {func(b *bid) { b.signing = saml.SigningKey{Signer: stranger} }, "sig_value"},
			"from a stranger":        {func(b *bid) { b.Issuer = "https://stranger.example" }, "saml_issuer"},
			"for another address":    {func(b *bid) { b.Destination = baseURL + "/saml/globex-idp/slo" }, "saml_destination"},
			"at another address":     {func(b *bid) { b.key = "globex-idp" }, "saml_destination"},
			"over":                   {func(b *bid) { b.NotOnOrAfter = w.now.Add(-2 * time.Minute) }, "saml_time"},
			"too old to have no end": {func(b *bid) { b.IssueInstant, b.NotOnOrAfter = w.now.Add(-20*time.Minute), time.Time{} }, "saml_time"},
			"about nobody":           {func(b *bid) { b.NameID.Value = " " }, "saml_nameid"},
			"altered":                {func(b *bid) { b.tamper = alter }, "sig_value"},
			"encoded anew": {func(b *bid) {
				b.tamper = func(in *signin.LogoutMessage) {
					in.Query = strings.Replace(in.Query, "their+state", "their%20state", 1)
				}
			}, "sig_value"},
			"two readers, two answers": {func(b *bid) { b.tamper = func(in *signin.LogoutMessage) { in.Query += "&SAMLRequest=x" } }, "bind_param"},
			"not compressed": {func(b *bid) {
				b.tamper = func(in *signin.LogoutMessage) {
					in.Query = "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("<x/>")))
				}
			}, "bind_inflate"},
			"no message": {func(b *bid) { b.tamper = func(in *signin.LogoutMessage) { in.Query = "" } }, "bind_param"},
		} {
			_, err := w.logout(tc.forge)
			if !fault.Is(err, tc.code) {
				t.Errorf("%s: Logout() = %v, want %s", name, err, tc.code)
				continue
			}
			w.mustRefuse(err, tc.code)
			if fault.From(err).Ref == "" {
				t.Errorf("%s: no trace was kept", name)
			}
		}
		if !w.lives(session) {
			t.Fatal("a refused request has ended the session")
		}
		if _, err := w.logout(func(b *bid) { b.key = "nobody" }); !fault.Is(err, "connection_unknown") {
			t.Errorf("at the address of no connection: %v", err)
		}
		if _, err := w.logout(nil); err != nil || w.lives(session) {
			t.Errorf("the genuine one: %v, want the session ended", err)
		}
	})
}

// alter changes an octet that the signature of a query is over.
func alter(in *signin.LogoutMessage) {
	in.Query = strings.Replace(in.Query, "RelayState=their", "RelayState=heir", 1)
}

// Two customers may have the same identity provider, in which people have the
// same names: what it says to one of them ends nothing at the other.
func TestALogoutEndsNothingElsewhere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		acme := w.session("alice@acme.example", "acme-okta", "1")
		done, err := w.logout(func(b *bid) { b.key, b.Destination = "globex-idp", baseURL+"/saml/globex-idp/slo" })
		if err != nil || done.Answer == nil || !w.lives(acme) {
			t.Errorf("a good request to globex = %+v, %v; acme's session lives: %v", done, err, w.lives(acme))
		}
		for name, forge := range map[string]func(*bid){
			"another name":           func(b *bid) { b.NameID.Value = "id of bob@acme.example" },
			"another kind of name":   func(b *bid) { b.NameID.Format = saml.FormatEmail },
			"another qualifier":      func(b *bid) { b.NameID.NameQualifier = "https://other.example" },
			"an index of somebody":   func(b *bid) { b.SessionIndexes = []string{"2"} },
			"another SP's qualifier": func(b *bid) { b.NameID.SPNameQualifier = "https://other.example" },
		} {
			if _, err := w.logout(forge); err != nil || !w.lives(acme) {
				t.Errorf("%s: %v; alice's session lives: %v", name, err, w.lives(acme))
			}
		}
		same := func(b *bid) { // the defaults, written out
			b.NameID.NameQualifier, b.NameID.SPNameQualifier = w.idp.EntityID, baseURL+"/saml/acme-okta/metadata"
		}
		if _, err := w.logout(same); err != nil || w.lives(acme) {
			t.Errorf("alice's own name: %v; her session lives: %v", err, w.lives(acme))
		}
	})
}

func TestALogoutRequestCountsOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		w.session("alice@acme.example", "acme-okta", "1")
		in := w.message(w.bid(nil))
		var done atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := w.Logout(t.Context(), w.browser, in)
				switch {
				case err == nil:
					done.Add(1)
				case !fault.Is(err, "saml_replay"):
					t.Errorf("Logout() = %v, want saml_replay", err)
				}
			})
		}
		all.Wait()
		if done.Load() != 1 {
			t.Errorf("one request was taken %d times, want once", done.Load())
		}
		w.now = w.now.Add(2 * time.Second)
		later := w.session("alice@acme.example", "acme-okta", "2")
		_, err := w.Logout(t.Context(), w.browser, in)
		w.mustRefuse(err, "saml_replay")
		if !w.lives(later) {
			t.Error("a replay has ended a later session")
		}
	})
}

// Somebody signs out at the identity provider while the browser is on its way
// back from it: what was proved before makes no session after.
func TestASignInOnItsWayIsEndedToo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		prove := func(index string) flight {
			w.Helper()
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(f, w.answer(f, about("alice@acme.example"), func(r *samltest.Response) { r.SessionIndex = index })); err != nil {
				t.Fatal(err)
			}
			return f
		}
		asked := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		made := w.answer(asked, about("alice@acme.example"))
		proved, other := prove("1"), prove("2")
		w.now = w.now.Add(10 * time.Second)
		if _, err := w.logout(func(b *bid) { b.SessionIndexes = []string{"1"} }); err != nil {
			t.Fatal(err)
		}
		_, err := w.finish(proved.attempt.ID)
		w.mustRefuse(err, "signed_out_there")
		if _, err := w.finish(proved.attempt.ID); !fault.Is(err, "attempt_over") {
			t.Errorf("once more: %v, want attempt_over", err)
		}
		if _, err := w.finish(other.attempt.ID); err != nil {
			t.Errorf("of another session there: %v", err)
		}
		if _, err := w.logout(nil); err != nil {
			t.Fatal(err)
		}
		// An assertion from before the logout that arrives after it.
		if err := w.respond(asked, made); err != nil {
			t.Fatal(err)
		}
		_, err = w.finish(asked.attempt.ID)
		w.mustRefuse(err, "signed_out_there")
		w.now = w.now.Add(2 * time.Second)
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("signing in anew: %v", err)
		}
	})
}

// A connection that is switched off has sessions left, and Entra ID signs out
// under another name than it signs in.
func TestWhoMayEndSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.idp.EntityID = "https://sts.windows.net/tenant-1/"
	w.withLogout()
	for name, tc := range map[string]struct {
		issuer, state, code string
	}{
		"the entity ID":         {"https://sts.windows.net/tenant-1/", "active", ""},
		"the sign-out name":     {"https://login.microsoftonline.com/tenant-1/", "active", ""},
		"another tenant's":      {"https://login.microsoftonline.com/tenant-2/", "active", "saml_issuer"},
		"a disabled connection": {"https://sts.windows.net/tenant-1/", "disabled", ""},
	} {
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: active}]}]`)
		token := w.session("alice@acme.example", "acme-okta", "1")
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: ` + tc.state + `}]}]`)
		_, err := w.logout(func(b *bid) { b.Issuer = tc.issuer })
		if tc.code != "" && !fault.Is(err, tc.code) || tc.code == "" && (err != nil || w.lives(token)) {
			t.Errorf("%s: Logout() = %v, want %q", name, err, tc.code)
		}
		w.now = w.now.Add(time.Minute)
	}
}

// A request signed in an old way passes while its switch is on, and the trace
// says that it needed it.
func TestALogoutNeedsItsSwitchToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.withLogout()
	sha1 := func(b *bid) {
		b.tamper = func(in *signin.LogoutMessage) {
			octets, _, _ := strings.Cut(in.Query, "&SigAlg=")
			octets += "&SigAlg=" + url.QueryEscape(xmldsig.RSASHA1)
			value, err := xmldsig.SignOctets(xmldsig.RSASHA1, []byte(octets), b.signing.Signer)
			if err != nil {
				t.Fatal(err)
			}
			in.Query = octets + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
		}
	}
	_, err := w.logout(sha1)
	w.mustRefuse(err, "sig_alg")
	w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, legacy: [{switch: sha1, until: 2026-12-31}]}]}]`)
	w.now = w.now.Add(time.Second)
	if _, err := w.logout(sha1); err != nil {
		t.Fatal(err)
	}
	err = w.DB.Read(t.Context(), func(r *store.Reader) error {
		c, err := r.ConnectionByKey(t.Context(), "acme-okta")
		if err != nil {
			return err
		}
		traces, err := r.Org(c.Org).Traces(t.Context(), 1)
		if err == nil && len(warned(traces[0])) != 1 {
			t.Errorf("the trace warns of %v, want the switch", warned(traces[0]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
