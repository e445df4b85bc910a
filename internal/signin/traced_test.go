package signin_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// traced returns the trace of a fault.
func (w *world) traced(err error) sso.Trace {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Ref == "" {
		w.Fatalf("%v has no reference", err)
	}
	var t sso.Trace
	err = w.DB.Read(w.Context(), func(r *store.Reader) error {
		var err error
		t, err = r.Trace(w.Context(), f.Ref)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func steps(t *sso.Trace) (all []sso.HopStep) {
	for _, h := range t.Hops {
		all = append(all, h.Step)
	}
	return all
}

func TestOwnersHearOfConflictsOnceADay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		told := func() (to []string) {
			err := w.DB.Write(t.Context(), func(tx *store.Writer) error {
				mails, err := tx.Messages(t.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
				to = nil
				for _, m := range mails {
					if m.Kind == string(notify.ConflictWaits) {
						to = append(to, m.To)
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return to
		}
		clash := func(subject string) {
			t.Helper()
			if _, err := w.signInBySSO("bob@acme.example", "acme-okta", func(r *samltest.Response) { r.NameID = subject }); !fault.Is(err, "ident_conflict") {
				t.Fatalf("a further subject for bob = %v, want ident_conflict", err)
			}
		}
		if _, err := w.signInBySSO("bob@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		if got := told(); len(got) != 0 {
			t.Fatalf("told %v of nothing", got)
		}
		for _, subject := range []string{"another", "another", "a third"} {
			clash(subject)
			if got := told(); len(got) != 1 || got[0] != "root@outside.example" {
				t.Errorf("told %v, want the owner, once", got)
			}
		}
		w.now = w.now.Add(24 * time.Hour)
		clash("another")
		if got := told(); len(got) != 2 {
			t.Errorf("a day later told %v, want the owner once more", got)
		}
	})
}

// A local refusal leaves a trace, in the organization of whom it is about; to
// whoever is refused it tells nothing of that.
func TestALocalRefusalLeavesATrace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		try := func(typed string) sso.Trace {
			t.Helper()
			a, err := w.Identify(t.Context(), w.browser, "", typed, sso.ByPassword)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Password(t.Context(), w.browser, a.ID, "wrong")
			w.mustRefuse(err, "password_wrong")
			return w.traced(err)
		}
		paul, nobody := try("paul@plain.example"), try("nobody@plain.example")
		if paul.User == "" || paul.Org == "" || paul.Method != sso.ByPassword || paul.Who != "paul@plain.example" || len(paul.Hops) != 3 || paul.Hops[2].Code != "password_wrong" {
			t.Errorf("the trace of who is there: %+v", paul)
		}
		if nobody.User != "" || nobody.Org != "" || nobody.Who != "nobody@plain.example" {
			t.Errorf("the trace of who is not there: %+v", nobody)
		}
	})
}

func TestTheTraceOfASignInGoesOnToItsEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.Keep = signin.KeepAll
		p, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		var all []sso.Trace
		err = w.DB.Read(t.Context(), func(r *store.Reader) error {
			all, err = r.Org(p.Org.ID).Traces(t.Context(), 10)
			return err
		})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d traces of one sign-in, %v", len(all), err)
		}
		got := &all[0]
		if want := []sso.HopStep{sso.HopBegin, sso.HopIdentify, sso.HopDepart, sso.HopAnswer, sso.HopFinish}; len(steps(got)) != len(want) || got.Code != "" || got.User != p.User.ID {
			t.Errorf("it went %v, want %v; %+v", steps(got), want, got)
		}
		d := &got.Detail
		if d.Act != sso.ActCreate || d.Mode != sso.FirstCreate || d.Why == nil || d.Why.Role != sso.RoleMember || d.Message == nil || d.Message.NameID == "" || !d.Kept {
			t.Errorf("it says %+v", d)
		}
	})
}

func (w *world) lost() int {
	w.Helper()
	n, err := w.Lose(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// An identity provider that shows an error of its own sends nobody back: that
// nobody came is all there is to find.
func TestWhoDoesNotComeBackLeavesATrace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		came := w.depart(w.identify("bob@acme.example", sso.StepSSO), "acme-okta")
		if err := w.respond(came, w.answer(came, about("bob@acme.example"))); err != nil {
			t.Fatal(err)
		}
		w.mustFinish(came.attempt)
		w.trial("acme-okta") // tests have a list of their own
		w.now = w.now.Add(sso.AttemptLife - time.Second)
		if n := w.lost(); n != 0 {
			t.Fatalf("%d are lost before their time", n)
		}
		w.now = w.now.Add(time.Second)
		if n := w.lost(); n != 1 {
			t.Fatalf("%d are lost, want 1", n)
		}
		c := w.connection("acme-okta")
		var traces []sso.Trace
		w.read(func(r *store.Reader) error {
			var err error
			traces, err = r.Org(c.Org).Traces(t.Context(), 10)
			return err
		})
		traces = slices.DeleteFunc(traces, func(t sso.Trace) bool { return t.Code != "attempt_unanswered" })
		if len(traces) != 1 || traces[0].Connection != c.ID || traces[0].Detail.Typed != "alice@acme.example" || traces[0].Fix != fault.IdPSide.String() {
			t.Errorf("traces %+v", traces)
		}
	})
}

func TestLostSignInsFillNoList(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for range 25 {
			w.identify("alice@acme.example", sso.StepSSO)
		}
		w.now = w.now.Add(sso.AttemptLife)
		if n := w.lost(); n != 20 {
			t.Errorf("%d traces, want 20", n)
		}
		// Others that are past their time are deleted in many steps.
		if n := w.lost(); n != 0 {
			t.Errorf("%d are noted once more", n)
		}
	})
}

// Anybody can send what is refused. Whoever does from many networks fills nothing
// either; what an identity provider vouches for is all kept where all is to be.
func TestOnlySoManyRefusedMessagesAreKept(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.Keep = signin.KeepAll
		kept := 0
		count := func(reference string) {
			t.Helper()
			err := w.DB.Read(t.Context(), func(r *store.Reader) error {
				_, err := r.TraceMessage(t.Context(), reference)
				return err
			})
			switch {
			case err == nil:
				kept++
			case !errors.Is(err, store.ErrNotFound):
				t.Fatal(err)
			}
		}
		for i := range 210 {
			w.browser.Address = netip.AddrFrom4([4]byte{10, 1, byte(i), 1})
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			err := w.respond(f, "PHgvPg==")
			count(w.traced(err).Reference)
		}
		if kept != 200 {
			t.Errorf("%d messages from 210 networks are kept, want 200", kept)
		}
		kept = 0
		for range 25 {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
				t.Fatal(err)
			}
			a, err := w.Attempt(t.Context(), w.browser, f.attempt.ID)
			if err != nil {
				t.Fatal(err)
			}
			count(a.Reference)
		}
		if kept != 25 {
			t.Errorf("%d messages of 25 good sign-ins are kept", kept)
		}
	})
}

// Who was answered and did not come to their end is no lost one while the assertion
// could come again: with the attempt, it would be forgotten.
func TestNobodyIsLostWhoseAssertionCouldComeAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		w.now = w.now.Add(sso.AttemptLife - time.Second)
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(2 * time.Second)
		if n := w.lost(); n != 0 {
			t.Errorf("%d are lost whose assertion could come again", n)
		}
		w.now = w.now.Add(24 * time.Hour)
		if n := w.lost(); n != 1 {
			t.Errorf("%d are lost, want 1", n)
		}
	})
}
