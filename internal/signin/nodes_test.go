package signin_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// beside runs a story with two nodes at one database. Each remembers what it has
// stored itself.
func beside(t *testing.T, story func(t *testing.T, w *world, nodes [2]*signin.Service)) {
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			one, other := e.Two(t)
			w := newWorldAt(t, one)
			second := &signin.Service{
				DB: other, BaseURL: w.BaseURL, Passwords: w.Passwords, Factors: w.Factors, Limiter: w.Limiter, Sealer: w.Sealer, Now: w.Now,
			}
			story(t, w, [2]*signin.Service{w.Service, second})
		})
	}
}

// through has a node be the one that is asked.
func (w *world) through(node *signin.Service) *world {
	there := *w
	there.Service = node
	return &there
}

func TestASignInGoesThroughAnyNodes(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, w *world, nodes [2]*signin.Service) {
		for way := range 16 {
			begin, depart, respond, finish := w.through(nodes[way&1]), w.through(nodes[way>>1&1]), w.through(nodes[way>>2&1]), w.through(nodes[way>>3&1])
			f := depart.depart(begin.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := respond.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
				t.Fatalf("by nodes %04b: Respond() = %v", way, err)
			}
			for _, node := range nodes {
				w.mustRefuse(w.through(node).respond(f, w.answer(f, about("alice@acme.example"))), "saml_replay")
			}
			if _, err := finish.finish(f.attempt.ID); err != nil {
				t.Fatalf("by nodes %04b: Finish() = %v", way, err)
			}
			for _, node := range nodes {
				if _, err := w.through(node).finish(f.attempt.ID); !fault.Is(err, "attempt_over") {
					t.Errorf("by nodes %04b: Finish() of what is over = %v", way, err)
				}
			}
		}
	})
}

// Who somebody was when the identity provider answered is good for nothing where
// they are somebody else when the session is made.
func TestWhoSomebodyWasDoesNotLetThemIn(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, w *world, nodes [2]*signin.Service) {
		known, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		change := func(do func(tx *store.Writer, u sso.User) error) {
			t.Helper()
			err := nodes[1].DB.Write(t.Context(), func(tx *store.Writer) error {
				u, err := tx.User(t.Context(), known.User.ID)
				if err != nil {
					return err
				}
				return do(tx, u)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		save := func(to func(*sso.User)) {
			t.Helper()
			change(func(tx *store.Writer, u sso.User) error {
				to(&u)
				return tx.Org(u.Home).SaveUser(t.Context(), u)
			})
		}
		is := func(role sso.Role) {
			t.Helper()
			change(func(tx *store.Writer, u sso.User) error {
				m, err := tx.Org(known.Org.ID).Membership(t.Context(), u.ID)
				m.Role = role
				return errors.Join(err, tx.Org(known.Org.ID).SaveMembership(t.Context(), m))
			})
		}
		for _, tc := range []struct {
			what        string
			worse, back func()
			code        string
		}{
			{"as they were", func() {}, func() {}, ""},
			{"suspended", func() { save(func(u *sso.User) { u.State = sso.UserSuspended }) }, func() { save(func(u *sso.User) { u.State = sso.UserActive }) }, "user_suspended"},
			{"under another name", func() { save(func(u *sso.User) { u.LastName = "Bowman" }) }, func() {}, ""},
			{"of another role", func() { is(sso.RoleAdmin) }, func() { is(sso.RoleMember) }, ""},
			{"no member any more", func() {
				change(func(tx *store.Writer, u sso.User) error {
					return tx.Org(known.Org.ID).RemoveMembership(t.Context(), u.ID, w.now)
				})
			}, func() {
				change(func(tx *store.Writer, _ sso.User) error {
					return tx.Org(known.Org.ID).SaveMembership(t.Context(), known.Membership)
				})
			}, "membership_missing"},
		} {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
				t.Fatal(err)
			}
			tc.worse()
			p, err := w.finish(f.attempt.ID)
			if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
				t.Errorf("%s: Finish() = %v, want %q", tc.what, err, tc.code)
			}
			if want := map[bool]sso.Role{true: sso.RoleAdmin, false: sso.RoleMember}[tc.what == "of another role"]; err == nil && p.Membership.Role != want {
				t.Errorf("%s: they are signed in as %s", tc.what, p.Membership.Role)
			}
			tc.back()
		}
	})
}

// An assertion proves a person once, whichever node meets it first.
func TestAnAssertionIsUsedOnceAtAllNodes(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, w *world, nodes [2]*signin.Service) {
		for i := range nodes {
			here, there := w.through(nodes[i]), w.through(nodes[1-i])
			first, second := here.depart(here.identify("alice@acme.example", sso.StepSSO), "acme-okta"), there.depart(there.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			id := "_twice" + string(rune('a'+i))
			same := func(r *samltest.Response) { r.AssertionID = id }
			if err := here.respond(first, w.answer(first, about("alice@acme.example"), same)); err != nil {
				t.Fatal(err)
			}
			err := there.respond(second, w.answer(second, about("alice@acme.example"), same))
			w.mustRefuse(err, "saml_replay")
			if tr := w.traced(err); tr.Got != id || tr.Attempt != second.attempt.ID || len(tr.Checks) < 10 {
				t.Errorf("the trace of the second: %+v", tr)
			}
			if _, err := there.finish(second.attempt.ID); err == nil {
				t.Error("what was refused becomes a session")
			}
			if _, err := here.finish(first.attempt.ID); err != nil {
				t.Errorf("the first: %v", err)
			}
		}
	})
}

// Who takes their time after the answer of the identity provider is seen before
// they come to their end, and once they are lost.
func TestWhoDoesNotComeToTheirEndLeavesATrace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if _, err := w.Service.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: w.answer(f, about("alice@acme.example")), RelayState: f.relay}); err != nil {
			t.Fatal(err)
		}
		traces := func() (all []sso.Trace) {
			t.Helper()
			w.read(func(r *store.Reader) (err error) {
				all, err = r.Org(w.connection("acme-okta").Org).Traces(t.Context(), 10)
				return err
			})
			return all
		}
		if n := len(traces()); n != 0 {
			t.Errorf("%d traces before anybody writes them", n)
		}
		w.now = w.now.Add(2 * sso.AttemptLife) // longer than the assertion is good
		if n := w.lost(); n != 1 {
			t.Errorf("%d are lost, want the one", n)
		}
		all := traces()
		if len(all) != 1 || all[0].Code != "" || all[0].Ended() || all[0].Detail.Message == nil || len(all[0].Checks) < 10 {
			t.Errorf("traces %+v", all)
		}
	})
}

// Many people sign in at the same time, and nobody is told that there are too many.
func TestManySignInAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const people, each = 32, 4
		answers := make([][each]flight, people)
		for i := range answers {
			for j := range answers[i] {
				answers[i][j] = w.depart(w.identify(fmt.Sprintf("many%d@acme.example", i), sso.StepSSO), "acme-okta")
			}
		}
		signIn := func(i int, f flight) error {
			answered, err := w.Service.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: w.answer(f, about(fmt.Sprintf("many%d@acme.example", i))), RelayState: f.relay})
			if err != nil {
				return fmt.Errorf("responding: %w", err)
			}
			_, err = w.Service.Finish(t.Context(), w.browser, answered.Attempt, signin.AskFirst)
			return err
		}
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				for _, f := range answers[i] {
					if err := signIn(i, f); err != nil {
						t.Errorf("person %d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
	})
}
