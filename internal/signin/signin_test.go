package signin_test

import (
	"encoding/base64"
	"slices"
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
)

// subject makes an assertion about a subject with an address.
func subject(r *samltest.Response, nameID, address string) {
	r.NameID, r.NameIDFormat = nameID, saml.FormatPersistent
	local, _, _ := strings.Cut(address, "@")
	r.Attributes = []saml.Attribute{
		{Name: "mail", Values: []string{address}},
		{Name: "givenName", Values: []string{strings.ToUpper(local[:1]) + local[1:]}},
		{Name: "sn", Values: []string{"Archer"}},
		{Name: "uid", Values: []string{local}},
	}
}

func TestFirstSignInCreatesAndTheNextKnows(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		first, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		if first.User.Name() != "Alice Archer" || first.Org.Key != "acme" || first.Membership.Role != sso.RoleMember || !slices.Equal(first.Membership.Groups, []string{"new"}) {
			t.Fatalf("created %+v in %s as %+v", first.User, first.Org.Key, first.Membership)
		}
		if !slices.Equal(first.Session.AMR, []string{"fed"}) || first.Session.Connection == "" || first.Session.SAML.NameID != "id of alice@acme.example" {
			t.Fatalf("session %+v", first.Session)
		}
		w.now = w.now.Add(time.Hour)
		second, err := w.signInBySSO("alice@acme.example", "acme-okta", func(r *samltest.Response) { r.Attributes[2].Values[0] = "Bowman" })
		if err != nil {
			t.Fatal(err)
		}
		if second.User.ID != first.User.ID || second.User.LastName != "Bowman" || second.Session.ID == first.Session.ID {
			t.Fatalf("second sign-in is %+v, want the same user with the new name", second.User)
		}
		if !second.User.LastSignInAt.Equal(w.now) {
			t.Fatalf("last sign-in noted as %s, want %s", second.User.LastSignInAt, w.now)
		}
	})
}

func TestFirstSignInLinksAnExistingUser(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		bob, err := w.signInBySSO("bob@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		if bob.User.Username != "bob" || bob.Membership.Role != sso.RoleAdmin {
			t.Fatalf("signed in %+v as %s, want the existing bob with role and groups untouched", bob.User, bob.Membership.Role)
		}
		emma, err := w.signInBySSO("emma@acme.example", "acme-okta")
		if err != nil || emma.Org.Key != "acme-emea" {
			t.Fatalf("emma of the sub-organization: %s, %v", emma.Org.Key, err)
		}
		if _, err := w.signInBySSO("bob@acme.example", "acme-okta", func(r *samltest.Response) { r.NameID = "another subject" }); !fault.Is(err, "ident_conflict") {
			t.Fatalf("a second subject for bob = %v, want ident_conflict", err)
		}
	})
}

func TestMatchAdmitsOnlyTheExisting(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		if _, err := w.signInBySSO("carol@globex.example", "globex-idp"); err != nil {
			t.Fatal(err)
		}
		_, err := w.signInBySSO("stranger@globex.example", "globex-idp")
		w.mustRefuse(err, "ident_no_match")
	})
}

// One identity provider serves several customers here, as a vendor's cloud
// does: what it says to one must be worth nothing at another.
func TestResponseOfOneCustomerIsNothingToAnother(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		other := w.depart(w.identify("carol@globex.example", sso.StepSSO), "globex-idp")
		stolen := w.answer(f, about("alice@acme.example"))

		at := other
		at.relay = f.relay
		w.mustRefuse(w.respond(at, stolen), "tenant_connection")
		w.mustRefuse(w.respond(other, stolen), "saml_destination")

		// The customer's own administrator asserts somebody else's people.
		_, err := w.signInBySSO("carol@globex.example", "globex-idp", func(r *samltest.Response) { subject(r, "x", "alice@acme.example") })
		w.mustRefuse(err, "ident_email_mismatch")
		begun, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "globex"})
		if err != nil || begun.Next() != sso.StepSSO {
			t.Fatalf("Begin() = %s, %v", begun.Next(), err)
		}
		g := w.depart(begun, "globex-idp")
		w.mustRefuse(w.respond(g, w.answer(g, about("bob@acme.example"))), "ident_domain")
	})
}

func TestRespondRefuses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for name, tc := range map[string]struct {
			forge func(*samltest.Response)
			code  string
		}{
			"nothing wrong": {func(*samltest.Response) {}, ""},
			"altered in transit": {func(r *samltest.Response) {
				r.AfterSigning(samltest.Replace("alice@acme.example", "owner@acme.example"))
			}, "sig_digest"},
			"signed with another key":      {samltest.SignByStranger, "sig_value"},
			"not signed":                   {samltest.Unsigned, "sig_missing"},
			"encrypted":                    {func(r *samltest.Response) { r.Base = samltest.EncryptedAssertionSigned }, "enc_key"},
			"with an encrypted NameID":     {samltest.EncryptNameID, "enc_key"},
			"for another audience":         {func(r *samltest.Response) { r.Audience = "https://other.example" }, "saml_audience"},
			"for another recipient":        {func(r *samltest.Response) { r.Recipient = "https://other.example" }, "saml_recipient"},
			"an answer to another request": {func(r *samltest.Response) { r.InResponseTo, r.Answers = "idother", "idother" }, "saml_irt"},
			"expired":                      {func(r *samltest.Response) { r.ConfirmedUntil = "2026-03-02T09:00:00Z" }, "saml_time"},
			"a failure at the IdP":         {func(r *samltest.Response) { r.Status = []string{"urn:oasis:names:tc:SAML:2.0:status:Responder"} }, "saml_status"},
			"about another address":        {func(r *samltest.Response) { subject(r, "x", "bob@acme.example") }, "ident_email_mismatch"},
			"with two addresses":           {func(r *samltest.Response) { r.Attributes[0].Values = []string{"alice@acme.example", "a@acme.example"} }, "ident_ambiguous"},
		} {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			err := w.respond(f, w.answer(f, about("alice@acme.example"), tc.forge))
			if tc.code == "" {
				if err != nil {
					t.Errorf("%s: Respond() = %v", name, err)
				}
				continue
			}
			if !fault.Is(err, tc.code) {
				t.Errorf("%s: Respond() = %v, want %s", name, err, tc.code)
				continue
			}
			w.mustRefuse(err, tc.code)
			if _, err := w.finish(f.attempt.ID); !fault.Is(err, "attempt_step") {
				t.Errorf("%s: Finish() after the refusal = %v, want attempt_step", name, err)
			}
			// The request is burnt: a good answer comes too late.
			w.mustRefuse(w.respond(f, w.answer(f, about("alice@acme.example"))), "saml_replay")
		}
	})
}

func TestAnswerToNothingIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		good := w.answer(f, about("alice@acme.example"))
		unsolicited := w.answer(f, about("alice@acme.example"), func(r *samltest.Response) { r.InResponseTo, r.Answers = "", "" })
		for name, relay := range map[string]string{"no RelayState": "", "an unknown RelayState": secret.NewToken().Reveal()} {
			stray := f
			stray.relay = relay
			for _, response := range []string{good, unsolicited} {
				if err := w.respond(stray, response); !fault.Is(err, "saml_irt") {
					t.Errorf("%s: Respond() = %v, want saml_irt", name, err)
				}
			}
		}
		for response, code := range map[string]string{"": "bind_param", "%%%": "bind_base64", base64.StdEncoding.EncodeToString([]byte("<x/>")): "saml_shape"} {
			g := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(g, response); !fault.Is(err, code) {
				t.Errorf("Respond(%q) = %v, want %s", response, err, code)
			}
		}
		if err := w.respond(flight{key: "nobody"}, good); !fault.Is(err, "connection_unknown") {
			t.Errorf("Respond() at an unknown address = %v", err)
		}
		if err := w.respond(f, good); err != nil {
			t.Errorf("Respond() to the request itself = %v", err)
		}
		// Later than the request lives.
		h := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.now = w.now.Add(sso.AttemptLife)
		if err := w.respond(h, w.answer(h, about("alice@acme.example"))); !fault.Is(err, "saml_irt") {
			t.Errorf("Respond() after the life of the request = %v, want saml_irt", err)
		}
	})
}

// An assertion falls with the request that it answers, and its ID is used up: an
// identity provider that gives one ID to two has one of them refused.
func TestAssertionIsUsedOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		same := func(r *samltest.Response) { r.AssertionID = "assertion-1" }
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		response := w.answer(f, about("alice@acme.example"), same)
		if err := w.respond(f, response); err != nil {
			t.Fatal(err)
		}
		w.mustRefuse(w.respond(f, response), "saml_replay")
		g := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.mustRefuse(w.respond(g, response), "saml_irt")
		h := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.mustRefuse(w.respond(h, w.answer(h, about("alice@acme.example"), same)), "saml_replay")
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("another assertion: %v", err)
		}
	})
}

func TestParallelPostsGiveOneSession(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const posts = 100
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		response := w.answer(f, about("alice@acme.example"))
		var good, finished atomic.Int64
		var wg sync.WaitGroup
		for range posts {
			wg.Go(func() {
				_, err := w.Respond(t.Context(), signin.Browser{}, signin.Response{ConnectionKey: f.key, SAMLResponse: response, RelayState: f.relay})
				switch {
				case err == nil:
					good.Add(1)
				case !fault.Is(err, "saml_replay"):
					t.Errorf("Respond() = %v, want saml_replay", err)
				}
			})
		}
		wg.Wait()
		for range posts {
			wg.Go(func() {
				_, err := w.Finish(t.Context(), w.browser, f.attempt.ID, signin.AskFirst)
				switch {
				case err == nil:
					finished.Add(1)
				case !fault.Is(err, "attempt_over") && !fault.Is(err, "attempt_changed"):
					t.Errorf("Finish() = %v, want attempt_over", err)
				}
			})
		}
		wg.Wait()
		if good.Load() != 1 || finished.Load() != 1 {
			t.Fatalf("%d responses were accepted and %d sessions made, want 1 and 1", good.Load(), finished.Load())
		}
	})
}

func TestOtherBrowserGetsNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string]signin.Browser{"another browser": newBrowser(), "a browser without a cookie": {}} {
			if _, err := w.Finish(t.Context(), b, f.attempt.ID, signin.AskFirst); !fault.Is(err, "bind_cookie") {
				t.Errorf("%s: Finish() = %v, want bind_cookie", name, err)
			}
			if _, err := w.Attempt(t.Context(), b, f.attempt.ID); !fault.Is(err, "bind_cookie") {
				t.Errorf("%s: Attempt() = %v, want bind_cookie", name, err)
			}
			if _, err := w.Service.Depart(t.Context(), b, f.attempt.ID); !fault.Is(err, "bind_cookie") {
				t.Errorf("%s: Depart() = %v, want bind_cookie", name, err)
			}
		}
		if _, err := w.finish(f.attempt.ID); err != nil {
			t.Fatalf("the browser that began: %v", err)
		}
		if _, err := w.finish(f.attempt.ID); !fault.Is(err, "attempt_over") {
			t.Fatalf("a second time: %v, want attempt_over", err)
		}
	})
}

// State is looked at when it is used: what is switched off between the request
// and the answer, or between the answer and the session, stays out.
func TestSwitchedOffMidway(t *testing.T) {
	t.Parallel()
	const off = `organizations: [{key: acme, name: Acme Ltd, %s, connections: [{key: acme-okta, state: %s, metadata: METADATA}]}]`
	eachEngine(t, func(t *testing.T, w *world) {
		for _, tc := range []struct{ org, state, code string }{
			{"entitlements: [sso]", "disabled", "connection_inactive"},
			{"entitlements: []", "active", "organization_not_entitled"},
			{"entitlements: [sso], state: suspended", "active", "organization_suspended"},
			{"entitlements: [sso], policy: {sso: off}", "active", "policy_sso_off"},
		} {
			file := strings.Replace(strings.Replace(off, "%s", tc.org, 1), "%s", tc.state, 1)
			on := strings.Replace(strings.Replace(off, "%s", "entitlements: [sso], state: active, policy: {sso: optional}", 1), "%s", "active", 1)
			w.apply(on)
			asked := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			answered := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(answered, w.answer(answered, about("alice@acme.example"))); err != nil {
				t.Fatal(err)
			}
			w.apply(file)
			w.mustRefuse(w.respond(asked, w.answer(asked, about("alice@acme.example"))), tc.code)
			if _, err := w.finish(answered.attempt.ID); !fault.Is(err, tc.code) {
				t.Errorf("Finish() after %s = %v, want %s", tc.code, err, tc.code)
			}
			if _, err := w.Service.Depart(t.Context(), w.browser, w.stale(asked.attempt)); err == nil {
				t.Errorf("Depart() after %s works", tc.code)
			}
		}
	})
}

// The trace of a refused response holds every check, the failed one too.
func TestTraceKeepsEveryCheck(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		err := w.respond(f, w.answer(f, about("alice@acme.example"), func(r *samltest.Response) { r.Audience = "https://other.example" }))
		ref := fault.From(err).Ref
		err = w.DB.Read(t.Context(), func(r *store.Reader) error {
			tr, err := r.Trace(t.Context(), ref)
			if err != nil {
				return err
			}
			failed, passed := 0, 0
			for _, c := range tr.Checks {
				switch c.Verdict {
				case "fail":
					failed++
				case "pass":
					passed++
				}
			}
			if failed != 1 || passed < 10 || tr.Want != baseURL+"/saml/acme-okta/metadata" || tr.Got != "https://other.example" || tr.Fix != "idp" || tr.Attempt != f.attempt.ID {
				t.Errorf("trace = %+v", tr)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Who can mend a refused response is who the documentation of errors says, in
// the trace too.
func TestRefusalsSayWhoseSideItIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for code, want := range map[string]struct {
			forge func(*samltest.Response)
			side  fault.Side
		}{
			"saml_audience": {func(r *samltest.Response) { r.Audience = "https://other.example" }, fault.IdPSide},
			"saml_issuer":   {func(r *samltest.Response) { r.Issuer = "https://other.example" }, fault.AdminSide},
			"saml_irt":      {func(r *samltest.Response) { r.InResponseTo = "id7" }, fault.PersonSide},
			"sig_digest":    {func(r *samltest.Response) { r.AfterSigning(samltest.Replace("alice@", "blice@")) }, fault.Nobody},
		} {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			got := fault.From(w.respond(f, w.answer(f, about("alice@acme.example"), want.forge)))
			if got.Code != code || got.Fix != want.side {
				t.Errorf("%s on side %q, want %s on side %q", got.Code, got.Fix, code, want.side)
			}
		}
	})
}

// Whoever is below a suspended organization stays out, and is put out.
func TestSuspendedAncestorKeepsEverybodyOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const child = `organizations: [{key: plain, state: %s}, {key: plain-child, parent: plain, users: [{username: kid, email: kid@else.example, password_hash: "HASH"}]}]`
		set := func(state string) {
			w.apply(strings.Replace(strings.ReplaceAll(child, "HASH", w.hash), "%s", state, 1))
		}
		set("active")
		token := w.passwordSession("kid")
		if _, err := w.Person(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		a, err := w.Identify(t.Context(), w.browser, "", "kid", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		set("suspended")
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Errorf("Person() = %v, want session_over", err)
		}
		_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "organization_suspended")
		set("active")
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Errorf("Person() once it is active again = %v, want session_over: it has ended", err)
		}
		if _, err := w.Person(t.Context(), w.passwordSession("kid")); err != nil {
			t.Errorf("Person() after another sign-in = %v", err)
		}
	})
}

// Whose sign-in failed, or is over, begins again for the same app.
func TestRequestSurvivesTheAttempt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a, err := w.Begin(t.Context(), w.browser, signin.Start{App: "app_1", Request: "client_id=portal", LoginHint: "alice@acme.example"})
		if err != nil {
			t.Fatal(err)
		}
		f := w.depart(a, "acme-okta")
		response := w.answer(f, about("alice@acme.example"))
		if err := w.respond(f, response); err != nil {
			t.Fatal(err)
		}
		if _, err := w.finish(a.ID); err != nil {
			t.Fatal(err)
		}
		answered, err := w.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: response, RelayState: f.relay})
		if !fault.Is(err, "saml_replay") || answered.Attempt != "" {
			t.Errorf("a replay = attempt %q, %v, want none", answered.Attempt, err)
		}
		g := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		answered, err = w.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: g.key, SAMLResponse: "%%%", RelayState: g.relay})
		if !fault.Is(err, "bind_base64") || answered.Attempt != g.attempt.ID {
			t.Errorf("a refusal = attempt %q, %v, want %s", answered.Attempt, err, g.attempt.ID)
		}
		w.now = w.now.Add(2 * sso.AttemptLife)
		if start, err := w.Begun(t.Context(), w.browser, a.ID); err != nil || start.Request != "client_id=portal" {
			t.Errorf("Begun() = %+v, %v", start, err)
		}
		if start, err := w.Begun(t.Context(), newBrowser(), a.ID); !fault.Is(err, "bind_cookie") || start != (signin.Start{}) {
			t.Errorf("Begun() by another browser = %+v, %v, want bind_cookie", start, err)
		}
		if _, err := w.Begun(t.Context(), w.browser, "att_none"); !fault.Is(err, "attempt_unknown") {
			t.Errorf("Begun() of no attempt = %v", err)
		}
	})
}
