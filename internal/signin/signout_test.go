package signin_test

import (
	"encoding/base64"
	"net/url"
	"strings"
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
)

// tellsLogout has acme's connection tell its identity provider who signs out.
const tellsLogout = `organizations: [{key: acme, connections: [{key: acme-okta, logout: true}]}]`

func TestSigningOutTellsTheIdentityProvider(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		quiet := w.session("alice@acme.example", "acme-okta", "1")
		if out, err := w.SignOut(t.Context(), quiet, ""); err != nil || out != (signin.SignedOut{}) || w.lives(quiet) {
			t.Errorf("where it is not to be told: %+v, %v; the session lives: %v", out, err, w.lives(quiet))
		}
		w.apply(tellsLogout)
		token := w.session("alice@acme.example", "acme-okta", "session-7")
		out, err := w.SignOut(t.Context(), token, "")
		if err != nil || out.Untold != nil || w.lives(token) {
			t.Fatalf("SignOut() = %+v, %v; the session lives: %v", out, err, w.lives(token))
		}
		if !strings.HasPrefix(out.To.URL, idpSLO+"?") || out.To.Name != "Acme Okta" {
			t.Errorf("it leads to %q at %q", out.To.Name, out.To.URL)
		}
		asked, err := saml.VerifyLogoutRequest(w.received(out.To), w.ours("acme-okta"), w.now)
		if err != nil {
			t.Fatal(err)
		}
		if asked.NameID != (saml.NameID{Value: "id of alice@acme.example", Format: saml.FormatPersistent}) || len(asked.SessionIndexes) != 1 || asked.SessionIndexes[0] != "session-7" {
			t.Errorf("the request says %+v", asked)
		}
		for name, other := range map[string]secret.Token{"once more": token, "of nobody": secret.NewToken(), "of a password": w.passwordSession("paul@plain.example")} {
			if out, err := w.SignOut(t.Context(), other, ""); err != nil || out != (signin.SignedOut{}) {
				t.Errorf("signing out %s: %+v, %v, want nobody told", name, out, err)
			}
		}
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: disabled}]}]`)
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: active}]}]`)
		late := w.session("alice@acme.example", "acme-okta", "8")
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: disabled}]}]`)
		if out, err := w.SignOut(t.Context(), late, ""); err != nil || out.To != nil || w.lives(late) {
			t.Errorf("where the connection is disabled: %+v, %v; the session lives: %v", out, err, w.lives(late))
		}
	})
}

func TestARequestToSignOutIsPostedWhereItHasToBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.withLogout()
	w.apply(tellsLogout)
	post := func(c *sso.Connection) {
		c.SAML.LogoutTo = []sso.Endpoint{{Binding: sso.BindingPOST, Location: idpSLO, Answers: "https://idp.example/answers"}}
	}
	w.alterConnection("acme-okta", post)
	out, err := w.SignOut(t.Context(), w.session("alice@acme.example", "acme-okta", ""), "")
	if err != nil || out.To == nil || out.To.Form == nil || out.To.Form.Action != idpSLO {
		t.Fatalf("SignOut() = %+v, %v, want a form", out, err)
	}
	asked, err := saml.VerifyLogoutRequest(w.received(out.To), w.ours("acme-okta"), w.now)
	if err != nil || len(asked.SessionIndexes) != 0 {
		t.Errorf("the request says %+v, %v", asked, err)
	}
	done, err := w.logout(nil)
	if err != nil || done.Answer == nil || done.Answer.Form == nil || done.Answer.Form.Action != "https://idp.example/answers" {
		t.Errorf("the answer goes to %+v, %v, want by the form to the place for answers", done.Answer, err)
	}
	w.now = w.now.Add(2 * time.Second)
	w.alterConnection("acme-okta", func(c *sso.Connection) { c.SAML.LogoutTo[0].Location = "javascript:alert(1)" })
	token := w.session("alice@acme.example", "acme-okta", "")
	if out, err := w.SignOut(t.Context(), token, ""); err != nil || out.To != nil || out.Untold == nil || w.lives(token) {
		t.Errorf("to an unsafe place: %+v, %v; the session lives: %v", out, err, w.lives(token))
	}
	w.alterConnection("acme-okta", func(c *sso.Connection) { c.SAML.LogoutTo = nil })
	token = w.session("alice@acme.example", "acme-okta", "")
	if out, err := w.SignOut(t.Context(), token, ""); err != nil || out != (signin.SignedOut{}) || w.lives(token) {
		t.Errorf("to no place: %+v, %v; the session lives: %v", out, err, w.lives(token))
	}
	if done, err := w.logout(nil); err != nil || done.Answer != nil {
		t.Errorf("an answer to no place: %+v, %v", done, err)
	}
}

// alterConnection saves a connection as no file would.
func (w *world) alterConnection(key string, change func(*sso.Connection)) {
	w.Helper()
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(w.Context(), key)
		if err != nil {
			return err
		}
		change(&c)
		return tx.Org(c.Org).SaveConnection(w.Context(), c)
	})
	if err != nil {
		w.Fatal(err)
	}
}

// farewell signs alice out and returns the request that the identity provider
// gets.
func (w *world) farewell() *saml.Logout {
	w.Helper()
	return w.farewellFor("")
}

// farewellFor is farewell at the request of an app, which wants alice back at
// this URL.
func (w *world) farewellFor(back string) *saml.Logout {
	w.Helper()
	out, err := w.SignOut(w.Context(), w.session("alice@acme.example", "acme-okta", "1"), back)
	if err != nil {
		w.Fatal(err)
	}
	asked, err := saml.VerifyLogoutRequest(w.received(out.To), w.ours("acme-okta"), w.now)
	if err != nil {
		w.Fatal(err)
	}
	return asked
}

// The way back to the app that asked goes through the identity provider, and is
// what the app had registered: the answer says nothing about it.
func TestTheAnswerLeadsBackToTheApp(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		w.apply(tellsLogout)
		const back = "https://app.example/bye?state=s"
		if done, err := w.reply(w.farewellFor(back), "acme-okta", nil, w.idp.SigningKey()); err != nil || done.Back != back || done.Answer != nil {
			t.Errorf("the answer leads to %+v, %v", done, err)
		}
		if done, err := w.reply(w.farewell(), "acme-okta", nil, w.idp.SigningKey()); err != nil || done.Back != "" {
			t.Errorf("where no app asked: %+v, %v", done, err)
		}
		failed := func(r *saml.LogoutResponse) { r.Status.Code = saml.StatusResponder }
		if done, err := w.reply(w.farewellFor(back), "acme-okta", failed, w.idp.SigningKey()); err != nil || done.Doubt == nil {
			t.Errorf("where it could not: %+v, %v, want doubt", done, err)
		}
	})
}

// reply answers a request of ours.
func (w *world) reply(asked *saml.Logout, key string, forge func(*saml.LogoutResponse), signing saml.SigningKey) (signin.SingleLogout, error) {
	w.Helper()
	r := saml.LogoutResponse{
		ID: saml.NewID(), Destination: baseURL + "/saml/" + key + "/slo", Issuer: w.idp.EntityID, IssueInstant: w.now, InResponseTo: asked.ID,
	}
	if forge != nil {
		forge(&r)
	}
	var target string
	var err error
	if signing.Signer == nil {
		target, err = r.RedirectURL("")
	} else {
		target, err = r.SignedRedirectURL("", signing)
	}
	if err != nil {
		w.Fatal(err)
	}
	_, query, _ := strings.Cut(target, "?")
	return w.Logout(w.Context(), w.browser, signin.LogoutMessage{ConnectionKey: key, Binding: sso.BindingRedirect, Query: query})
}

func TestTheAnswerToASignOutCountsOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.withLogout()
		w.apply(tellsLogout)
		bystander := w.session("bob@acme.example", "acme-okta", "1")
		for name, signing := range map[string]saml.SigningKey{"signed": w.idp.SigningKey(), "not signed, as many do": {}} {
			asked := w.farewell()
			if done, err := w.reply(asked, "acme-okta", nil, signing); err != nil || done.Answer != nil || done.Doubt != nil {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
			_, err := w.reply(asked, "acme-okta", nil, signing)
			w.mustRefuse(err, "saml_replay")
		}
		partly := func(r *saml.LogoutResponse) {
			r.Status = saml.StatusReport{Code: saml.StatusSuccess, Nested: []string{saml.StatusPartialLogout}}
		}
		if done, err := w.reply(w.farewell(), "acme-okta", partly, w.idp.SigningKey()); err != nil || done.Doubt != nil {
			t.Errorf("another application stayed: %+v, %v, want no doubt about ours", done, err)
		}
		stranger, err := samltest.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			forge   func(*saml.LogoutResponse)
			signing saml.SigningKey
			code    string
		}{
			"it could not":         {func(r *saml.LogoutResponse) { r.Status.Code = saml.StatusResponder }, w.idp.SigningKey(), "saml_status"},
			"signed by a stranger": {nil, saml.SigningKey{Signer: stranger}, "sig_value"},
			"from a stranger":      {func(r *saml.LogoutResponse) { r.Issuer = "https://stranger.example" }, w.idp.SigningKey(), "saml_issuer"},
			"for another address":  {func(r *saml.LogoutResponse) { r.Destination = "https://other.example" }, w.idp.SigningKey(), "saml_destination"},
			"old":                  {func(r *saml.LogoutResponse) { r.IssueInstant = w.now.Add(-25 * time.Hour) }, w.idp.SigningKey(), "saml_time"},
		} {
			asked := w.farewell()
			done, err := w.reply(asked, "acme-okta", tc.forge, tc.signing)
			if err != nil || done.Doubt == nil || done.Doubt.Code != tc.code {
				t.Errorf("%s: %+v, %v, want doubt by %s", name, done, err, tc.code)
				continue
			}
			w.mustRefuse(done.Doubt, tc.code)
			// It was the first answer, good or bad.
			_, err = w.reply(asked, "acme-okta", nil, w.idp.SigningKey())
			w.mustRefuse(err, "saml_replay")
		}
		asked := w.farewell()
		_, err = w.reply(asked, "globex-idp", nil, w.idp.SigningKey())
		w.mustRefuse(err, "tenant_connection")
		for name, id := range map[string]string{"of another request": "idx", "of none": ""} {
			_, err = w.reply(asked, "acme-okta", func(r *saml.LogoutResponse) { r.InResponseTo = id }, w.idp.SigningKey())
			if !fault.Is(err, "saml_irt") {
				t.Errorf("an answer %s: %v, want saml_irt", name, err)
			}
		}
		// What cannot be read, or is no answer, names nothing that could be waited for.
		for message, code := range map[string]string{"<x": "xml_wellformed", "<!DOCTYPE x><x/>": "xml_doctype", string(w.idp.Respond()): "saml_shape"} {
			form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(message))}}
			_, err = w.Logout(t.Context(), w.browser, signin.LogoutMessage{ConnectionKey: "acme-okta", Binding: sso.BindingPOST, Form: form})
			w.mustRefuse(err, code)
		}
		w.now = w.now.Add(15 * time.Minute)
		_, err = w.reply(asked, "acme-okta", nil, w.idp.SigningKey())
		w.mustRefuse(err, "saml_irt")
		if !w.lives(bystander) {
			t.Error("an answer has ended a session")
		}
	})
}

// Of strangers' messages only so many are kept for each network, and what they
// send ends nothing.
func TestStrangersLogoutsFillNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.withLogout()
	kept := 0
	for range 60 {
		_, err := w.logout(func(b *bid) { b.signing = saml.SigningKey{} })
		if !fault.Is(err, "sig_missing") {
			t.Fatalf("Logout() = %v, want sig_missing", err)
		}
		if fault.From(err).Ref != "" {
			kept++
		}
	}
	if kept != 50 {
		t.Errorf("%d traces were kept, want 50", kept)
	}
	if _, err := w.logout(nil); err != nil {
		t.Errorf("the genuine one, from the same network: %v", err)
	}
}
