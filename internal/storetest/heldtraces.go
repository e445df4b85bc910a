package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// What an identity provider has said stands in the attempt, until somebody reads of
// it.
func tracesAreHeld(w *world) {
	ctx := w.ctx
	r := w.reader()
	begin := func() (sso.Attempt, sso.Trace) {
		a := w.attempt()
		a.ID, a.Session, a.Reference, a.Method, a.Version = sso.NewAttemptID(w.now), "", "", sso.BySSO, 1
		a.ExpiresAt, a.DoneAt = w.now.Add(sso.AttemptLife), time.Time{}
		w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
		t := w.trace("org_a")
		t.Reference, t.Attempt, t.Connection, t.Method, t.At = secret.NewReference(), a.ID, a.Connection, a.Method, w.now
		t.Code, t.Want, t.Got, t.Fix = "", "", "", ""
		a.Hops = t.Hops
		return a, t
	}
	by := func(t sso.Trace) store.Answer {
		return store.Answer{Assertion: secret.NewToken().Hash(), Until: w.now.Add(time.Hour), Trace: t}
	}
	a, t := begin()
	answer := by(t)
	missing[sso.AttemptID](w, "AnsweredBy()")(r.AnsweredBy(ctx, answer.Assertion))
	stale := a
	stale.Version++
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.AnswerAttempt(ctx, stale, answer) })
	w.write(func(tx *store.Writer) error { return tx.AnswerAttempt(ctx, a, answer) })
	a.Version, a.Reference = 2, t.Reference
	same(w, "Attempt() that was answered", a, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, a.ID)))
	same(w, "AnsweredBy()", a.ID, get[sso.AttemptID](w, "AnsweredBy()")(r.AnsweredBy(ctx, answer.Assertion)))
	missing[sso.Trace](w, "Trace() that is held")(r.Trace(ctx, t.Reference))
	none[store.UntoldSignIn](w, "UntoldSignIns() of one under way")(r.UntoldSignIns(ctx, 10))
	none[sso.AttemptID](w, "TarryingAttempts() too soon")(r.TarryingAttempts(ctx, t.At.Add(-time.Microsecond), 10))
	same(w, "TarryingAttempts()", []sso.AttemptID{a.ID}, get[[]sso.AttemptID](w, "TarryingAttempts()")(r.TarryingAttempts(ctx, t.At, 10)))

	// No assertion answers twice, whatever else is true.
	other, its := begin()
	second := by(its)
	second.Assertion = answer.Assertion
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.AnswerAttempt(ctx, other, second) })
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.AnswerAttempt(ctx, a, answer) })
	w.write(func(tx *store.Writer) error { return tx.AnswerAttempt(ctx, other, by(its)) })
	other.Version = 2
	other.Reference = its.Reference

	// One that is written as far as it has come can go on.
	w.write(func(tx *store.Writer) error { return tx.WriteTraces(ctx, other.ID) })
	same(w, "TarryingAttempts() of which one is written", []sso.AttemptID{a.ID}, get[[]sso.AttemptID](w, "TarryingAttempts()")(r.TarryingAttempts(ctx, w.now.Add(time.Hour), 10)))
	same(w, "Trace() of one under way", its, get[sso.Trace](w, "Trace()")(r.Trace(ctx, its.Reference)))
	its.Code, its.Attempt = "org_disabled", other.ID
	w.write(func(tx *store.Writer) error { return errors.Join(tx.WriteTraces(ctx, other.ID), tx.EndTrace(ctx, its)) })
	same(w, "Trace() of one that was refused", its, get[sso.Trace](w, "Trace()")(r.Trace(ctx, its.Reference)))
	tell := func(refused []string) func(tx *store.Writer) error {
		return func(tx *store.Writer) error {
			untold, err := tx.UntoldSignIns(ctx, 10)
			return errors.Join(err, tx.Tell(ctx, sso.ChainEnd{}, nil, refused, untold))
		}
	}

	// Both come to a good end, and one without an identity provider.
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	var want []sso.Trace
	end := func(a sso.Attempt, t sso.Trace) {
		a.DoneAt, a.Proof.Org, a.Proof.User = w.later(), acme.ID, alice.ID
		t.User, t.At, t.Code = alice.ID, a.DoneAt, ""
		t.Hops = append(t.Hops[:len(t.Hops):len(t.Hops)], sso.Hop{Step: sso.HopFinish, At: a.DoneAt})
		w.write(func(tx *store.Writer) error { return tx.EndAttempt(ctx, a, t) })
		want = append(want, t)
	}
	local, whose := begin()
	end(a, t)
	end(other, its)
	end(local, whose)
	if n := len(get[[]store.UntoldSignIn](w, "UntoldSignIns()")(r.UntoldSignIns(ctx, 10))); n != 2 {
		w.Errorf("UntoldSignIns() = %d, want those that were not refused before", n)
	}
	w.write(func(tx *store.Writer) error { return tx.Tell(ctx, sso.ChainEnd{}, nil, []string{its.Reference}, nil) })
	untold := get[[]store.UntoldSignIn](w, "UntoldSignIns()")(r.UntoldSignIns(ctx, 10))
	if len(untold) != 3 || untold[0].Org != acme.ID || untold[2].Trace.Reference != whose.Reference {
		w.Fatalf("UntoldSignIns() = %+v", untold)
	}
	same(w, "what is told", want[2].Event(), untold[2].Trace.Event())
	if n := w.sweep(a.ExpiresAt.Add(2 * time.Hour)); n != 0 {
		w.Errorf("DeleteExpired() deletes %d sign-ins that nobody has been told of", n)
	}
	w.write(func(tx *store.Writer) error { return tx.Tell(ctx, sso.ChainEnd{}, nil, nil, untold) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Tell(ctx, sso.ChainEnd{}, nil, nil, untold) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Tell(ctx, sso.ChainEnd{}, nil, []string{its.Reference}, nil) })
	none[store.UntoldSignIn](w, "UntoldSignIns() when all are told of")(r.UntoldSignIns(ctx, 10))
	for i := range want {
		same(w, "Trace() that was told of", want[i], get[sso.Trace](w, "Trace()")(r.Trace(ctx, want[i].Reference)))
	}
	none[sso.Trace](w, "Untold()")(r.Untold(ctx, 10))
	p := get[sso.Person](w, "Member()")(r.Member(ctx, alice.ID, acme.ID))
	if !p.User.LastSignInAt.Equal(want[2].At) || p.User.Version != alice.Version {
		w.Errorf("last sign-in %v of version %d, want %v of %d", p.User.LastSignInAt, p.User.Version, want[2].At, alice.Version)
	}

	// A reference that another attempt has drawn too overwrites nothing.
	twin, t2 := begin()
	t2.Reference = t.Reference
	end(twin, t2)
	w.write(tell(nil))
	same(w, "Trace() of whose reference another has drawn", want[0], get[sso.Trace](w, "Trace()")(r.Trace(ctx, t.Reference)))

	// An attempt is kept for as long as its assertion could come again.
	if n := w.sweep(w.now.Add(time.Hour - time.Microsecond)); n != 2 {
		w.Errorf("DeleteExpired() before the assertion's time deletes %d, want those that were answered by none", n)
	}
	get[sso.AttemptID](w, "AnsweredBy()")(r.AnsweredBy(ctx, answer.Assertion))
}

// What a node has stored of attempts it remembers, and nothing that was undone.
func attemptsAreRemembered(w *world) {
	ctx := w.ctx
	a := w.attempt()
	a.DoneAt, a.Proof.First, a.Version = time.Time{}, nil, 1
	undone := errors.New("undone")
	if err := w.db.Write(ctx, func(tx *store.Writer) error { return errors.Join(tx.InsertAttempt(ctx, a), undone) }); !errors.Is(err, undone) {
		w.Fatal(err)
	}
	if _, known := w.db.AttemptAtAGlance(a.ID); known {
		w.Error("an attempt is remembered that was not stored")
	}
	w.write(func(tx *store.Writer) error {
		if err := tx.InsertAttempt(ctx, a); err != nil {
			return err
		}
		if _, known := w.db.AttemptAtAGlance(a.ID); known {
			w.Error("an attempt is remembered before it is stored")
		}
		return nil
	})
	glance := func() sso.Attempt {
		w.Helper()
		a, known := w.db.AttemptAtAGlance(a.ID)
		if !known {
			w.Fatal("the attempt is not remembered")
		}
		return a
	}
	same(w, "AttemptAtAGlance()", a, glance())
	glance().Waits[0].Answered = !a.Waits[0].Answered
	same(w, "AttemptAtAGlance() after somebody has changed what they got", a, glance())

	b := a
	b.Typed = sso.Email{}
	w.write(func(tx *store.Writer) error { return tx.SaveAttempt(ctx, b) })
	b.Version = 2
	same(w, "AttemptAtAGlance() after a save", b, glance())
	b.DoneAt = w.later()
	w.write(func(tx *store.Writer) error { return tx.SaveAttempt(ctx, b) })
	if _, known := w.db.AttemptAtAGlance(a.ID); known {
		w.Error("an attempt is remembered that is over")
	}
}

// Somebody who is known as they were seen is let in while they are so.
func sessionsOfWhoWasSeen(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	m := w.addMember(acme.ID, alice.ID)
	a := w.attempt()
	a.DoneAt, a.Proof.First, a.Version = time.Time{}, nil, 1
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
	member := func() (p *sso.Person) {
		w.Helper()
		w.write(func(tx *store.Writer) (err error) {
			p, err = tx.MemberAtAGlance(ctx, a.ID)
			return err
		})
		return p
	}
	if p := member(); p != nil {
		w.Errorf("MemberAtAGlance() of an attempt that has proved nobody = %+v", p)
	}
	w.write(func(tx *store.Writer) error {
		return tx.AnswerAttempt(ctx, a, store.Answer{Assertion: secret.NewToken().Hash(), Until: w.now, Trace: w.trace(acme.ID), Member: &sso.Person{User: alice, Membership: m}})
	})
	seen := member()
	same(w, "MemberAtAGlance()", get[sso.Person](w, "Member()")(w.reader().Member(ctx, alice.ID, acme.ID)), *seen)
	enter := func(tx *store.Writer) error {
		s, token := w.session(acme.ID, alice.ID, "")
		return tx.InsertSessionOf(ctx, s, token, seen)
	}
	w.write(enter)
	for name, change := range map[string]func(tx *store.Writer) error{
		"another role": func(tx *store.Writer) error { m.Role = sso.RoleMember; return tx.Org(acme.ID).SaveMembership(ctx, m) },
		"other groups": func(tx *store.Writer) error {
			m.Groups = []string{"ops"}
			return tx.Org(acme.ID).SaveMembership(ctx, m)
		},
		"another state": func(tx *store.Writer) error {
			alice.State = sso.UserSuspended
			return tx.Org(acme.ID).SaveUser(ctx, alice)
		},
		"none at all":    func(tx *store.Writer) error { return tx.Org(acme.ID).RemoveMembership(ctx, alice.ID, w.now) },
		"another person": func(*store.Writer) error { seen.User.Version++; return nil },
	} {
		undone := errors.New("undone")
		was, then, so := m, alice, *seen
		w.refused(undone, func(tx *store.Writer) error {
			if err := change(tx); err != nil {
				return err
			}
			if err := enter(tx); !store.ConflictOn(err, store.StaleVersion) {
				w.Errorf("%s: InsertSessionOf() = %v, want a conflict", name, err)
			}
			return undone
		})
		m, alice, *seen = was, then, so
	}
	w.write(enter)
}

// What another node has made of an attempt is not what this one remembers: nothing
// is stored by that.
func attemptsBeside(here, there *world) {
	a := here.attempt()
	a.DoneAt, a.Proof.First, a.Version = time.Time{}, nil, 1
	here.write(func(tx *store.Writer) error { return tx.InsertAttempt(here.ctx, a) })
	there.write(func(tx *store.Writer) error { return tx.SaveAttempt(there.ctx, a) })
	seen, known := here.db.AttemptAtAGlance(a.ID)
	if !known || seen.Version != 1 {
		here.Fatalf("AttemptAtAGlance() = version %d, %v", seen.Version, known)
	}
	answer := store.Answer{Assertion: secret.NewToken().Hash(), Until: here.later(), Trace: here.trace("org_a")}
	for name, save := range map[string]func(tx *store.Writer) error{
		"SaveAttempt":   func(tx *store.Writer) error { return tx.SaveAttempt(here.ctx, seen) },
		"AnswerAttempt": func(tx *store.Writer) error { return tx.AnswerAttempt(here.ctx, seen, answer) },
		"EndAttempt":    func(tx *store.Writer) error { return tx.EndAttempt(here.ctx, seen, answer.Trace) },
	} {
		here.conflict(store.StaleVersion, save)
		if _, known := here.db.AttemptAtAGlance(a.ID); known {
			here.Errorf("after %s an attempt is remembered that is known to be another one", name)
		}
	}
}
