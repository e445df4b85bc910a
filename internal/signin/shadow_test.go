package signin_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// migration is a customer who changes to another identity provider. Its own
// world answers as the old one does, and next as the new one.
type migration struct {
	*world
	next  *world
	flow  *enforce.Service
	owner *authority.Who
	org   sso.OrgID
	key   string
}

// newIdP is where the new identity provider is.
const newIdP = "https://new-idp.example"

// migrate prepares the settings of another identity provider beside those of
// Acme's.
func (w *world) migrate() *migration {
	w.Helper()
	key, err := samltest.NewKey()
	if err != nil {
		w.Fatal(err)
	}
	idp, err := samltest.NewIdP(newIdP+"/metadata", newIdP+"/sso", key)
	if err != nil {
		w.Fatal(err)
	}
	twin := *w
	twin.idp = idp
	now := func() time.Time { return w.now }
	m := &migration{world: w, next: &twin, key: "acme-okta", flow: &enforce.Service{DB: w.DB, Authority: &authority.Service{DB: w.DB, Now: now}, Now: now}}
	c := w.connection(m.key)
	m.org, m.owner = c.Org, &authority.Who{By: sso.By{Person: w.by(w.passwordSession("root@outside.example"))}}
	m.prepare(func(s *sso.Shadow) {
		s.SAML.IdPEntityID, s.SAML.Certificates = idp.EntityID, [][]byte{idp.Certificate()}
		s.SAML.Endpoints = []sso.Endpoint{{Binding: sso.BindingRedirect, Location: idp.SSO}}
	})
	return m
}

// prepare prepares settings, and changes them.
func (m *migration) prepare(change func(s *sso.Shadow)) {
	m.Helper()
	if err := m.flow.Prepare(m.Context(), m.owner, m.org, m.key); err != nil {
		m.Fatal(err)
	}
	m.changes(func(tx *store.Writer) error {
		s, err := tx.Shadow(m.Context(), m.connection(m.key).ID, sso.Prepared)
		if err != nil {
			return err
		}
		change(&s)
		return tx.Org(m.org).SaveShadow(m.Context(), s)
	})
}

// seen is what the owner has seen of the settings now.
func (m *migration) seen(ctx context.Context, which sso.Which) enforce.Seen {
	seen := enforce.Seen{Who: m.owner, Org: m.org, Key: m.key}
	err := m.DB.Read(ctx, func(r *store.Reader) error {
		c, err := r.ConnectionByKey(ctx, m.key)
		if err != nil {
			return err
		}
		s, err := r.Shadow(ctx, c.ID, which)
		seen.Version, seen.Beside = c.Version, s.Version
		return err
	})
	if err != nil {
		m.Errorf("reading the %s settings: %v", which, err)
	}
	return seen
}

func (m *migration) swap() {
	m.Helper()
	if err := m.flow.Swap(m.Context(), m.seen(m.Context(), sso.Prepared)); err != nil {
		m.Fatalf("Swap() = %v", err)
	}
}

func (m *migration) back() {
	m.Helper()
	if err := m.flow.Return(m.Context(), m.seen(m.Context(), sso.Former)); err != nil {
		m.Fatalf("Return() = %v", err)
	}
}

// trial begins a test of the prepared settings.
func (m *migration) trial() flight {
	m.Helper()
	c := m.connection(m.key)
	a, err := m.BeginTest(m.Context(), m.browser, signin.TestStart{Org: c.Org, Connection: c.ID, Which: sso.Prepared, By: "usr_x"})
	if err != nil {
		m.Fatalf("BeginTest() = %v", err)
	}
	return m.depart(a, m.key)
}

// leave sends somebody off.
func (m *migration) leave(address string) flight {
	m.Helper()
	return m.depart(m.identify(address, sso.StepSSO), m.key)
}

// The settings that are prepared are tried beside the live ones: a test of them
// is judged by them and by no others, says so, and changes nothing for those who
// sign in meanwhile.
func TestPreparedSettingsAreTriedBesideTheLiveOnes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		m := w.migrate()
		alice, live := about("alice@acme.example"), m.connection(m.key)
		if got := m.next.tested(m.trial(), alice); !got.Passed() || !got.Shadow || got.Fingerprint == live.Fingerprint() {
			t.Errorf("a test of the prepared settings: %s, shadow %v, %+v", got.State, got.Shadow, got.Result)
		}
		if got := m.tested(m.trial(), alice); got.Passed() {
			t.Error("the old identity provider passes a test of the new one's settings")
		}
		if got := m.next.tested(m.world.trial(m.key), alice); got.Passed() {
			t.Error("the new identity provider passes a test of the old one's settings")
		}
		if got := m.tested(m.world.trial(m.key), alice); !got.Passed() || got.Shadow {
			t.Errorf("a test of the live settings: %s, shadow %v, %+v", got.State, got.Shadow, got.Result)
		}
		if _, err := m.signInBySSO("alice@acme.example", m.key); err != nil {
			t.Errorf("signing in meanwhile: %v", err)
		}
		f := m.leave("bob@acme.example")
		if err := m.respond(f, m.next.answer(f, about("bob@acme.example"))); err == nil {
			t.Error("the new identity provider signs somebody in before the swap")
		}
		late := m.trial()
		if err := m.flow.Discard(t.Context(), m.owner, m.org, m.key); err != nil {
			t.Fatal(err)
		}
		if got := m.next.tested(late, alice); got.Passed() || got.Result.Code != "connection_swapped" {
			t.Errorf("a test of settings that were thrown away: %+v", got.Result)
		}
		c := m.connection(m.key)
		if _, err := m.BeginTest(t.Context(), m.browser, signin.TestStart{Org: c.Org, Connection: c.ID, Which: sso.Prepared}); !fault.Is(err, "shadow_gone") {
			t.Errorf("BeginTest() of nothing = %v, want shadow_gone", err)
		}
	})
}

// Who has left by settings comes back by these, whatever is live by then, or
// begins again; there is no answer that is judged by others than its request
// left by.
func TestASwapMixesNoSettings(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		m := w.migrate()
		bob := about("bob@acme.example")
		if got := m.next.tested(m.trial(), bob); !got.Passed() {
			t.Fatalf("test %+v", got.Result)
		}
		good, bad, old := m.leave("bob@acme.example"), m.leave("bob@acme.example"), m.leave("bob@acme.example")
		m.swap()
		if err := m.respond(good, m.answer(good, bob)); err != nil {
			t.Errorf("who left before the swap does not come back: %v", err)
		}
		if _, err := m.finish(good.attempt.ID); err != nil {
			t.Errorf("and is not in: %v", err)
		}
		if err := m.respond(bad, m.next.answer(bad, bob)); !fault.Is(err, "saml_issuer") && !fault.Is(err, "sig_value") {
			t.Errorf("the new one answers what the old one was asked: %v", err)
		}
		fresh, mixed := m.leave("bob@acme.example"), m.leave("bob@acme.example")
		if err := m.respond(mixed, m.answer(mixed, bob)); err == nil {
			t.Error("the old one answers what the new one was asked")
		}
		m.back()
		if err := m.respond(fresh, m.next.answer(fresh, bob)); err != nil {
			t.Errorf("who left before the way back does not come back: %v", err)
		}
		if err := m.respond(old, m.answer(old, bob)); err != nil {
			t.Errorf("who left by the settings that are live again: %v", err)
		}
		// Settings that nobody keeps any more judge nobody.
		gone := m.leave("bob@acme.example")
		for i := range 2 {
			m.prepare(func(s *sso.Shadow) { s.Attributes.LastName = fmt.Sprint("sn", i) })
			m.tested(m.trial(), bob)
			m.swap()
		}
		m.mustRefuse(m.respond(gone, m.answer(gone, bob)), "connection_swapped")
		if err := m.respond(gone, m.answer(gone, bob)); !fault.Is(err, "saml_replay") {
			t.Errorf("the request was not burnt: %v", err)
		}
	})
}

// People go on signing in while settings are swapped and swapped back: each
// comes in by the identity provider to which they were sent, and nobody by the
// other one.
func TestSignInsRaceASwap(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		m := w.migrate()
		if got := m.next.tested(m.trial(), about("bob@acme.example")); !got.Passed() {
			t.Fatalf("test %+v", got.Result)
		}
		const people = 12
		attempts := make([]sso.Attempt, people)
		for i := range attempts {
			attempts[i] = m.identify(fmt.Sprintf("p%d@acme.example", i), sso.StepSSO)
		}
		if got := m.tested(m.world.trial(m.key), about("bob@acme.example")); !got.Passed() {
			t.Fatalf("test %+v", got.Result)
		}
		var all sync.WaitGroup
		start := make(chan struct{})
		all.Go(func() {
			<-start
			if err := m.flow.Swap(t.Context(), m.seen(t.Context(), sso.Prepared)); err != nil {
				t.Errorf("Swap() = %v", err)
			}
			if err := m.flow.Return(t.Context(), m.seen(t.Context(), sso.Former)); err != nil {
				t.Errorf("Return() = %v", err)
			}
		})
		for i := range attempts {
			all.Go(func() {
				<-start
				d, err := m.Depart(t.Context(), m.browser, attempts[i].ID)
				if err != nil {
					t.Errorf("Depart() = %v", err)
					return
				}
				f, err := flightOf(d, attempts[i], m.key)
				if err != nil {
					t.Error(err)
					return
				}
				sent, other := m.world, m.next
				if strings.HasPrefix(d.URL, newIdP) {
					sent, other = other, sent
				}
				by := sent
				if i%3 == 0 {
					by = other
				}
				_, err = m.Respond(t.Context(), m.browser, signin.Response{ConnectionKey: m.key, SAMLResponse: by.answer(f, about(fmt.Sprintf("p%d@acme.example", i))), RelayState: f.relay})
				if by == sent && err != nil {
					t.Errorf("person %d, sent to %.30s: %v", i, d.URL, err)
				}
				if by == other && !fault.Is(err, "saml_issuer") && !fault.Is(err, "sig_value") {
					t.Errorf("person %d, sent to %.30s, comes by the other one: %v", i, d.URL, err)
				}
			})
		}
		close(start)
		all.Wait()
	})
}
