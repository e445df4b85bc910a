package signin_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Two sign-ins that end in the same moment have drawn the same reference. Whatever
// becomes of the trace of one, the job that tells of sign-ins goes on: for it would
// find both again, every second.
func TestTwoOfOneReferenceStopNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for range 2 {
			a := sso.Attempt{ID: sso.NewAttemptID(w.now), Browser: w.browser.Binding, Method: sso.ByPassword, CreatedAt: w.now, ExpiresAt: w.now.Add(sso.AttemptLife)}
			err := w.DB.Write(ctx, func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
			if err != nil {
				t.Fatal(err)
			}
			a.Version, a.DoneAt = 1, w.now
			err = w.DB.Write(ctx, func(tx *store.Writer) error {
				return tx.EndAttempt(ctx, a, sso.Trace{Reference: "7F3K-22QD", Attempt: a.ID, Method: a.Method, At: w.now})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := w.DB.Write(ctx, func(tx *store.Writer) error {
			untold, err := tx.UntoldSignIns(ctx, 10)
			if err != nil {
				return err
			}
			if len(untold) != 2 {
				t.Errorf("%d sign-ins to be told of, want both", len(untold))
			}
			return tx.Tell(ctx, sso.ChainEnd{}, nil, nil, untold)
		})
		if err != nil {
			t.Errorf("Tell() = %v", err)
		}
	})
}

// A sign-in was answered by the program before, which wrote its trace at once, and
// ends after the upgrade. It is told of as what it was: in its organization, from
// where it came.
func TestASignInAcrossTheUpgradeIsToldOfWhereItBelongs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx, c := t.Context(), w.connection("acme-okta")
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		var a sso.Attempt
		err := w.DB.Write(ctx, func(tx *store.Writer) (err error) {
			if a, err = tx.Attempt(ctx, f.attempt.ID); err != nil {
				return err
			}
			// As the program before left it: the reference in the attempt, all else in the trace.
			a.Reference = secret.NewReference()
			return errors.Join(tx.SaveAttempt(ctx, a), tx.InsertTrace(ctx, sso.Trace{
				Reference: a.Reference, Attempt: a.ID, Org: c.Org, Connection: c.ID, Method: sso.BySSO, At: w.now, Address: "192.0.2.7", UserAgent: "test",
			}))
		})
		if err != nil {
			t.Fatal(err)
		}
		a.Version++
		a.DoneAt = w.now
		err = w.DB.Write(ctx, func(tx *store.Writer) error {
			err := tx.EndAttempt(ctx, a, sso.Trace{Reference: a.Reference, Attempt: a.ID, Org: c.Org, Connection: c.ID, Method: sso.BySSO, At: w.now, Address: "192.0.2.7", UserAgent: "test"})
			if err != nil {
				return err
			}
			untold, err := tx.UntoldSignIns(ctx, 10)
			if err != nil {
				return err
			}
			if len(untold) != 1 {
				t.Fatalf("%d sign-ins to be told of, want one", len(untold))
			}
			if e := untold[0].Trace.Event(); e.Org != c.Org || e.Address != "192.0.2.7" {
				t.Errorf("it is told of in the organization %q, from %q; want %q, 192.0.2.7", e.Org, e.Address, c.Org)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Who saves somebody as they were read before a sign-in was told of does not take
// back when that person was last there.
func TestASaveDoesNotTakeBackASignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		known, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		user := func() (u sso.User) {
			t.Helper()
			w.read(func(r *store.Reader) (err error) { u, err = r.User(ctx, known.User.ID); return err })
			return u
		}
		before := user()
		w.now = w.now.Add(time.Hour)
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		want := user().LastSignInAt
		before.LastName = "Bowman"
		if err := w.DB.Write(ctx, func(tx *store.Writer) error { return tx.Org(before.Home).SaveUser(ctx, before) }); err != nil {
			t.Fatal(err)
		}
		if got := user().LastSignInAt; !got.Equal(want) {
			t.Errorf("last sign-in %v, want %v", got, want)
		}
	})
}

// What another node has changed between the answer of the identity provider and the
// end is what counts at the end.
func TestWhatChangedElsewhereCountsAtTheEnd(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, w *world, nodes [2]*signin.Service) {
		known, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		there := w.through(nodes[1])
		org := func(change func(*sso.Organization)) {
			t.Helper()
			err := there.DB.Write(t.Context(), func(tx *store.Writer) error {
				o, err := tx.Organization(t.Context(), known.Org.ID)
				if err != nil {
					return err
				}
				change(&o)
				return tx.SaveOrganization(t.Context(), o)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		link := func(change func(*sso.Connection)) {
			t.Helper()
			err := there.DB.Write(t.Context(), func(tx *store.Writer) error {
				c, err := tx.ConnectionByKey(t.Context(), "acme-okta")
				if err != nil {
					return err
				}
				change(&c)
				return tx.Org(c.Org).SaveConnection(t.Context(), c)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, tc := range []struct {
			what        string
			worse, back func()
		}{
			{"the organization is suspended", func() { org(func(o *sso.Organization) { o.State = sso.OrgSuspended }) }, func() { org(func(o *sso.Organization) { o.State = sso.OrgActive }) }},
			{"a second factor is asked for", func() {
				org(func(o *sso.Organization) { o.Policy.MFA, o.Policy.MFAAfterSSO = sso.MFARequired, sso.SSOFactorAsk })
			}, func() { org(func(o *sso.Organization) { o.Policy.MFA, o.Policy.MFAAfterSSO = "", "" }) }},
			{"the connection is off", func() { link(func(c *sso.Connection) { c.State = sso.ConnectionDisabled }) }, func() { link(func(c *sso.Connection) { c.State = sso.ConnectionActive }) }},
		} {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
				t.Fatal(err)
			}
			tc.worse()
			done, err := w.Service.Finish(t.Context(), w.browser, f.attempt.ID, signin.AskFirst)
			if _, ok := errors.AsType[*fault.Error](err); !ok || !done.Token.IsZero() {
				t.Errorf("%s: Finish() = %+v, %v", tc.what, done, err)
			}
			tc.back()
		}
	})
}

// Of any number that finish one attempt at two nodes, one does.
func TestOneOfManyFinishes(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, w *world, nodes [2]*signin.Service) {
		for range 6 {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			in := signin.Response{ConnectionKey: f.key, SAMLResponse: w.answer(f, about("alice@acme.example")), RelayState: f.relay}
			var all sync.WaitGroup
			var mu sync.Mutex
			answered, finished := 0, 0
			for i := range 6 {
				all.Go(func() {
					if _, err := nodes[i%2].Respond(t.Context(), w.browser, in); err == nil {
						mu.Lock()
						answered++
						mu.Unlock()
					}
				})
			}
			all.Wait()
			for i := range 6 {
				all.Go(func() {
					if _, err := nodes[i%2].Finish(t.Context(), w.browser, f.attempt.ID, signin.AskFirst); err == nil {
						mu.Lock()
						finished++
						mu.Unlock()
					}
				})
			}
			all.Wait()
			if answered != 1 || finished != 1 {
				t.Errorf("%d answered and %d finished, want one each", answered, finished)
			}
		}
	})
}
