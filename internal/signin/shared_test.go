package signin_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// Two customers have moved from a system with one address and one name for all.
const moved = `organizations:
  - key: acme
    connections: [{key: acme-okta, sp_entity_id: "https://OLD.example/saml/", shared_acs: true}]
  - key: globex
    connections: [{key: globex-idp, sp_entity_id: "https://OLD.example/saml/", shared_acs: true, first_sign_in: create}]
`

// atShared makes the answer of a system that knows the shared address.
func (w *world) atShared(f flight, forge ...func(*samltest.Response)) string {
	w.Helper()
	idp := *w.idp
	idp.Now, idp.SPEntityID, idp.ACS, idp.RequestID = w.now, "https://OLD.example/saml/", baseURL+"/saml/acs", f.id()
	return base64.StdEncoding.EncodeToString(idp.Respond(forge...))
}

func (w *world) respondShared(relay, response string) error {
	w.Helper()
	_, err := w.Respond(w.Context(), w.browser, signin.Response{SAMLResponse: response, RelayState: relay})
	return err
}

func TestConnectionsShareAnAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(moved)
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if !strings.Contains(f.request, ` AssertionConsumerServiceURL="`+baseURL+`/saml/acs"`) || !strings.Contains(f.request, `>https://OLD.example/saml/<`) {
			t.Errorf("the request is %s", f.request)
		}
		if err := w.respondShared(f.relay, w.atShared(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		p, err := w.finish(f.attempt.ID)
		if err != nil || p.User.Email.String() != "alice@acme.example" || p.Org.Key != "acme" {
			t.Errorf("Finish() = %s at %s, %v", p.User.Email, p.Org.Key, err)
		}
		metadata, err := w.Metadata(t.Context(), "acme-okta")
		if err != nil || !strings.Contains(string(metadata), `Location="`+baseURL+`/saml/acs"`) || !strings.Contains(string(metadata), `entityID="https://OLD.example/saml/"`) {
			t.Errorf("Metadata() = %s, %v", metadata, err)
		}
	})
}

// At the shared address only the request says whose an answer is: the same
// identity provider, name and address serve both customers.
func TestTheMessageDoesNotChooseItsConnection(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(moved)
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		other := w.depart(w.identify("carol@globex.example", sso.StepSSO), "globex-idp")
		w.mustRefuse(w.respondShared(other.relay, w.atShared(f, about("alice@acme.example"))), "saml_irt")
		for name, relay := range map[string]string{"no RelayState": "", "an unknown one": secret.NewToken().Reveal()} {
			if err := w.respondShared(relay, w.atShared(f, about("alice@acme.example"))); !fault.Is(err, "saml_irt") {
				t.Errorf("%s: Respond() = %v, want saml_irt", name, err)
			}
		}
		if err := w.respondShared(f.relay, w.atShared(f, about("alice@acme.example"))); err != nil {
			t.Errorf("the answer to the request itself: %v", err)
		}
		w.mustRefuse(w.respondShared(f.relay, w.atShared(f, about("alice@acme.example"))), "saml_replay")
	})
}

// An answer comes to the address that the request named.
func TestOneConnectionHasOneAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, w *world) {
		own := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.mustRefuse(w.respondShared(own.relay, w.answer(own, about("alice@acme.example"))), "tenant_connection")
		w.mustRefuse(w.respond(own, w.answer(own, about("alice@acme.example"))), "saml_replay") // it is burnt
		w.apply(moved)
		shared := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.mustRefuse(w.respond(shared, w.atShared(shared, about("alice@acme.example"))), "tenant_connection")
		w.mustRefuse(w.respondShared(shared.relay, w.atShared(shared, about("alice@acme.example"))), "saml_replay")

		// It is given another address while the request is out.
		late := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.apply(strings.ReplaceAll(moved, "shared_acs: true", "shared_acs: false"))
		w.mustRefuse(w.respondShared(late.relay, w.atShared(late, about("alice@acme.example"))), "tenant_connection")
	})
}
