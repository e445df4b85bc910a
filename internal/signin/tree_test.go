package signin_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// apac is a sub-organization of acme with an identity provider of its own.
const apac = `
organizations:
  - key: acme-apac
    name: Acme APAC
    parent: acme
    connections: [{key: apac-idp, state: active, metadata: METADATA}]
    users: [{username: mallory, email: mallory@acme.example}]
`

// at begins at the sign-on URL of an organization and answers for somebody.
func (w *world) at(org, key, address string, forge ...func(*samltest.Response)) error {
	w.Helper()
	a, err := w.Begin(w.Context(), w.browser, signin.Start{OrgKey: org})
	if err != nil {
		w.Fatal(err)
	}
	f := w.depart(a, key)
	if err := w.respond(f, w.answer(f, append([]func(*samltest.Response){about(address)}, forge...)...)); err != nil {
		return err
	}
	_, err = w.finish(a.ID)
	return err
}

// The identity provider of a sub-organization speaks for its own people, and
// for nobody else of its parent's domain.
func TestSubOrganizationSpeaksForItsOwnPeople(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(apac)
		if err := w.at("acme-apac", "apac-idp", "mallory@acme.example"); err != nil {
			t.Fatalf("its own person: %v", err)
		}
		w.mustRefuse(w.at("acme-apac", "apac-idp", "bob@acme.example"), "ident_conflict")  // at home above
		w.mustRefuse(w.at("acme-apac", "apac-idp", "emma@acme.example"), "ident_conflict") // at home beside
		w.mustRefuse(w.at("acme-apac", "apac-idp", "ceo@acme.example"), "ident_domain")    // of whom nobody knows yet
		// A known person comes back with another's address.
		as := func(address string) func(*samltest.Response) {
			return func(r *samltest.Response) { subject(r, "id of mallory@acme.example", address) }
		}
		w.mustRefuse(w.at("acme-apac", "apac-idp", "x@acme.example", as("bob@acme.example")), "ident_domain")
		w.mustRefuse(w.at("acme-apac", "apac-idp", "x@acme.example", as("ceo@acme.example")), "ident_domain")
		// The CEO is nobody's but acme's, and is led there.
		if _, err := w.signInBySSO("ceo@acme.example", "acme-okta"); err != nil {
			t.Fatalf("the parent's own person: %v", err)
		}
		// Where the parent's domain names the connection, it may make people,
		// and whoever types such an address is led there.
		w.apply(`organizations: [{key: acme, domains: [{name: acme.example, connection: apac-idp}]}]`)
		p, err := w.signInBySSO("new@acme.example", "apac-idp")
		if err != nil || p.Org.Key != "acme-apac" {
			t.Fatalf("a new person through the named connection: %s, %v", p.Org.Key, err)
		}
		w.mustRefuse(w.at("acme-apac", "apac-idp", "bob@acme.example"), "ident_conflict") // all the same
		// Whom that connection could not sign in goes where they always went.
		if p, err := w.signInBySSO("bob@acme.example", "acme-okta"); err != nil || p.User.Username != "bob" {
			t.Fatalf("a known person of the parent: %q, %v", p.User.Username, err)
		}
	})
}

func TestRefusedFirstSignInLeavesNobody(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		// Everybody new becomes a member of acme alone, by choice of its
		// administrator; at the sub-organization's address there is no way in.
		w.apply(`organizations: [{key: acme, entitlements: [sso], connections: [{key: acme-okta, state: active, metadata: METADATA, defaults: {organizations: [acme]}}]}]`)
		w.mustRefuse(w.at("acme-emea", "acme-okta", "new@acme.example"), "membership_missing")
		err := w.DB.Read(t.Context(), func(r *store.Reader) error {
			e, err := sso.ParseEmail("new@acme.example")
			if err != nil {
				return err
			}
			users, err := r.UsersByEmail(t.Context(), e)
			if len(users) != 0 {
				t.Errorf("the refused sign-in left %d users", len(users))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSignOnURLOfASubOrganizationMakesItsMembers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "acme-emea"})
		if err != nil {
			t.Fatal(err)
		}
		f := w.depart(a, "acme-okta")
		if err := w.respond(f, w.answer(f, about("new@acme.example"))); err != nil {
			t.Fatal(err)
		}
		p, err := w.finish(a.ID)
		if err != nil || p.Org.Key != "acme-emea" {
			t.Fatalf("signed in to %s, %v, want acme-emea", p.Org.Key, err)
		}
	})
}

// What an organization demands holds for everybody below it, and for the
// people of its domain wherever they are members.
func TestPolicyOfTheLineHolds(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(`
organizations:
  - key: globex-kid
    parent: globex
    users: [{username: kid, email: kid@globex.example, password_hash: "HASH"}, {username: far, email: far@far.example, role: owner, password_hash: "HASH"}]
  - key: emea2
    parent: acme
    domains: [{name: emea.example, vouched: true}]
    policy: {ip_allow: [198.51.100.0/24]}
`, "HASH", w.hash))
		byPassword := func(name string) error {
			a, err := w.Identify(t.Context(), w.browser, "", name, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
				t.Fatal(err)
			}
			_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
			return err
		}
		w.mustRefuse(byPassword("kid"), "policy_sso_required")
		if err := byPassword("far"); err != nil {
			t.Errorf("an owner outside the domains: %v", err)
		}
		if _, err := w.signInBySSO("x@emea.example", "acme-okta"); !fault.Is(err, "policy_address") {
			t.Errorf("a person of emea's domain from elsewhere: %v, want policy_address", err)
		}
		if _, err := w.signInBySSO("x@acme.example", "acme-okta"); err != nil {
			t.Errorf("twin: a person of acme's domain: %v", err)
		}
	})
}

// A link that leads through an identity provider which answers by itself must
// not turn the browser into somebody else.
func TestAnotherPersonIsNotReplacedUnasked(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		paul := w.passwordSession("paul@plain.example")
		w.browser.Session = paul
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		_, err := w.Finish(t.Context(), w.browser, f.attempt.ID, signin.AskFirst)
		other, ok := errors.AsType[*signin.OtherPerson](err)
		if !ok || other.Now != "paul" || other.Next != "Alice Archer" {
			t.Fatalf("Finish() = %v, want to be asked", err)
		}
		if _, err := w.Person(t.Context(), paul); err != nil {
			t.Errorf("the session that was there: %v", err)
		}
		done, err := w.Finish(t.Context(), w.browser, f.attempt.ID, signin.Switch)
		if err != nil {
			t.Fatalf("with consent: %v", err)
		}
		if _, err := w.Person(t.Context(), paul); !fault.Is(err, "session_over") {
			t.Errorf("the session before: %v, want session_over", err)
		}
		// The same person again needs no question, nor does a session that is over.
		w.browser.Session = done.Token
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("the same person: %v", err)
		}
		w.browser.Session = paul
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("instead of a session that is over: %v", err)
		}
	})
}

func TestFloodsAreBounded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		kept := func() int {
			var n int
			err := w.DB.Read(t.Context(), func(r *store.Reader) error {
				org, err := r.OrganizationByKey(t.Context(), "acme")
				if err != nil {
					return err
				}
				traces, err := r.Org(org.ID).Traces(t.Context(), 1000)
				n = len(traces)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 80 {
			stray := flight{key: "acme-okta", relay: secret.NewToken().Reveal()}
			if err := w.respond(stray, "PHgvPg=="); fault.From(err).Kind != fault.Denied {
				t.Fatalf("Respond() = %v", err)
			}
		}
		if n := kept(); n != 50 {
			t.Errorf("%d traces of responses that nobody waits for, want 50", n)
		}
		// One password for many names, from one network.
		throttled := 0
		for i := range 205 {
			a, err := w.Identify(t.Context(), w.browser, "", fmt.Sprintf("name%d", i), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err = w.Password(t.Context(), w.browser, a.ID, "x"); fault.Is(err, "try_later") {
				throttled++
			}
		}
		if throttled != 5 {
			t.Errorf("%d of 205 names were throttled, want 5", throttled)
		}
	})
}

// Whoever gets somebody's mail gets their account. A sub-organization says where
// its people's mail goes, but not that of one who administers the organization
// above.
func TestASubOrganizationMovesNobodyWhoAdministersMore(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.apply(apac + "    domains: [{name: apac.example, vouched: true}]\n")
		if err := w.at("acme-apac", "apac-idp", "mallory@acme.example"); err != nil {
			t.Fatal(err)
		}
		as := func(address string) error {
			return w.at("acme-apac", "apac-idp", address, func(r *samltest.Response) { subject(r, "id of mallory@acme.example", address) })
		}
		has := func(want string) {
			t.Helper()
			if got := w.someone("mallory").Email.String(); got != want {
				t.Errorf("their address is %s, want %s", got, want)
			}
		}
		raised := sso.Membership{User: w.someone("mallory").ID, Role: sso.RoleAdmin, CreatedAt: w.now, UpdatedAt: w.now}
		err := w.DB.Write(ctx, func(tx *store.Writer) error {
			acme, err := tx.OrganizationByKey(ctx, "acme")
			raised.Org = acme.ID
			return errors.Join(err, tx.Org(acme.ID).SaveMembership(ctx, raised))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := as("mallory@apac.example"); err != nil {
			t.Errorf("signing in: %v", err)
		}
		has("mallory@acme.example")
		if err := w.DB.Write(ctx, func(tx *store.Writer) error { return tx.Org(raised.Org).RemoveMembership(ctx, raised.User, w.now) }); err != nil {
			t.Fatal(err)
		}
		if err := as("mallory@apac.example"); err != nil {
			t.Errorf("signing in, an administrator no more: %v", err)
		}
		has("mallory@apac.example")
	})
}

// People are recognised by another attribute from now on, which each of them
// chooses: what somebody calls themselves there was somebody else's identifier.
func TestAnotherAttributeKeepsNobodysPlace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		named := func(address, nick string) func(*samltest.Response) {
			return func(r *samltest.Response) {
				subject(r, "id of "+address, address)
				r.Attributes = append(r.Attributes, attribute("nickname", nick))
			}
		}
		by := func(attribute string) {
			w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, attributes: {subject: ` + attribute + `}}]}]`)
		}
		by("uid")
		alice, err := w.signInBySSO("alice@acme.example", "acme-okta", named("alice@acme.example", "ally"))
		if err != nil {
			t.Fatal(err)
		}
		by("nickname")
		_, err = w.signInBySSO("zed@acme.example", "acme-okta", named("zed@acme.example", "alice"))
		w.mustRefuse(err, "ident_conflict")
		// Whose identifier stays the same is known as before.
		again, err := w.signInBySSO("alice@acme.example", "acme-okta", named("alice@acme.example", "alice"))
		if err != nil || again.User.ID != alice.User.ID {
			t.Fatalf("alice by the other attribute: %s, %v", again.User.ID, err)
		}
	})
}

// A connection gets another identity provider, which numbers its people anew:
// the same name is somebody else's now.
func TestReplacedIdentityProviderKeepsNobodysPlace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		number := func(address string) func(*samltest.Response) {
			return func(r *samltest.Response) { subject(r, "1001", address) }
		}
		alice, err := w.signInBySSO("alice@acme.example", "acme-okta", number("alice@acme.example"))
		if err != nil {
			t.Fatal(err)
		}
		w.idp.EntityID = "https://other-idp.example/metadata"
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, metadata: METADATA}]}]`)
		_, err = w.signInBySSO("zed@acme.example", "acme-okta", number("zed@acme.example"))
		w.mustRefuse(err, "ident_conflict")
		for range 2 {
			again, err := w.signInBySSO("alice@acme.example", "acme-okta", number("alice@acme.example"))
			if err != nil || again.User.ID != alice.User.ID {
				t.Fatalf("alice at the new identity provider: %s, %v", again.User.ID, err)
			}
		}
		// From now on she is known there, and may change her address.
		if _, err := w.signInBySSO("alice.b@acme.example", "acme-okta", number("alice.b@acme.example")); err != nil {
			t.Fatalf("with another address: %v", err)
		}
	})
}
