package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func failedTransactionLeavesNothing(w *world) {
	ctx := w.ctx
	insert := func(tx *store.Writer, key string) {
		w.Helper()
		if err := tx.SaveOrganization(ctx, w.organization(key, nil)); err != nil {
			w.Error(err)
		}
	}
	no := errors.New("no")
	w.refused(no, func(tx *store.Writer) error {
		insert(tx, "refused")
		return no
	})
	func() {
		defer func() {
			if recover() == nil {
				w.Error("Write() swallows a panic")
			}
		}()
		_ = w.db.Write(ctx, func(tx *store.Writer) error {
			insert(tx, "panicked")
			panic("no")
		})
	}()
	none[sso.Organization](w, "Organizations()")(w.reader().Organizations(ctx))
	w.addOrg("after", nil) // and the database is as good as before
}

func hiddenErrorIsReturned(w *world) {
	ctx := w.ctx
	w.addOrg("acme", nil)
	w.conflict(store.OrganizationKey, func(tx *store.Writer) error {
		if err := tx.SaveOrganization(ctx, w.organization("before", nil)); err != nil {
			return err
		}
		_ = tx.SaveOrganization(ctx, w.organization("acme", nil))
		return nil
	})
	missing[sso.Organization](w, "OrganizationByKey()")(w.reader().OrganizationByKey(ctx, "before"))

	// What was not found and what was stale are answers: fn decides.
	w.write(func(tx *store.Writer) error {
		missing[sso.User](w, "User()")(tx.User(ctx, "usr_none"))
		stale := w.organization("stale", nil)
		stale.Version = 7
		if err := tx.SaveOrganization(ctx, stale); !store.ConflictOn(err, store.StaleVersion) {
			w.Errorf("SaveOrganization() = %v, want a stale version", err)
		}
		return tx.SaveOrganization(ctx, w.organization("new", nil))
	})
	get[sso.Organization](w, "OrganizationByKey()")(w.reader().OrganizationByKey(ctx, "new"))
}

func transactionIsAlone(w *world) {
	ctx := w.ctx
	outside := w.reader()
	w.write(func(tx *store.Writer) error {
		if err := tx.SaveOrganization(ctx, w.organization("acme", nil)); err != nil {
			return err
		}
		missing[sso.Organization](w, "OrganizationByKey() outside")(outside.OrganizationByKey(ctx, "acme"))
		get[sso.Organization](w, "OrganizationByKey() inside")(tx.OrganizationByKey(ctx, "acme"))
		return nil
	})
	get[sso.Organization](w, "OrganizationByKey() afterwards")(outside.OrganizationByKey(ctx, "acme"))
}

func canceledContext(w *world) {
	ctx, cancel := context.WithCancel(w.ctx)
	err := w.db.Write(ctx, func(tx *store.Writer) error {
		if err := tx.SaveOrganization(ctx, w.organization("acme", nil)); err != nil {
			return err
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		w.Errorf("Write() = %v, want it canceled", err)
	}
	missing[sso.Organization](w, "OrganizationByKey()")(w.reader().OrganizationByKey(w.ctx, "acme"))
	if _, err := w.reader().Organizations(ctx); !errors.Is(err, context.Canceled) {
		w.Errorf("Organizations() = %v, want it canceled", err)
	}
	w.addOrg("after", nil)
}

// writtenIsThere reads from beside, and by another connection, what each of
// many transactions at once has just written.
func writtenIsThere(w *world) {
	const writers, each = 16, 5
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				hash := secret.HashOf([]byte{byte(i), byte(j)})
				trace := w.trace("org_a")
				if err := w.db.Write(w.ctx, func(tx *store.Writer) error {
					return errors.Join(tx.InsertTrace(w.ctx, trace), tx.InsertSingleUse(w.ctx, store.KindSAMLAssertion, hash, w.now, ""))
				}); err != nil {
					w.Errorf("Write() = %v", err)
				}
				same(w, "Trace()", trace, get[sso.Trace](w, "Trace()")(w.reader().Trace(w.ctx, trace.Reference)))
			}
		})
	}
	all.Wait()
	if n := len(get[[]sso.Trace](w, "Traces()")(w.reader().Org("org_a").Traces(w.ctx, 1000))); n != writers*each {
		w.Errorf("%d traces are kept, want %d", n, writers*each)
	}
}

// race runs fn n times at once and returns how many succeeded. Each of the
// others must have met the error want.
func (w *world) race(n int, want error, fn func(i int, tx *store.Writer) error) int {
	w.Helper()
	var won, other atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			err := w.db.Write(w.ctx, func(tx *store.Writer) error { return fn(i, tx) })
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, want) && other.Add(1) == 1: // the others say the same
				w.Errorf("Write() = %v, want %v", err, want)
			}
		})
	}
	close(start)
	all.Wait()
	return int(won.Load())
}

// racers is how many transactions race.
const racers = 100

func oneOfManyConsumes(w *world) {
	hash := secret.NewToken().Hash()
	w.addSingleUse(store.KindTrialCode, hash, w.now.Add(time.Minute))
	won := w.race(racers, store.ErrUsed, func(_ int, tx *store.Writer) error {
		if _, err := tx.Consume(w.ctx, store.KindTrialCode, hash, w.now); err != nil {
			return err
		}
		return tx.InsertTrace(w.ctx, w.trace("org_a")) // the effect
	})
	if won != 1 {
		w.Errorf("%d of %d consume one single-use thing", won, racers)
	}
	if traces := get[[]sso.Trace](w, "Traces()")(w.reader().Org("org_a").Traces(w.ctx, racers)); len(traces) != 1 {
		w.Errorf("one use has %d effects", len(traces))
	}
}

func oneOfManyInserts(w *world) {
	hash := secret.NewToken().Hash()
	won := w.race(racers, store.ErrUsed, func(_ int, tx *store.Writer) error {
		return tx.InsertSingleUse(w.ctx, store.KindSAMLAssertion, hash, w.now, "")
	})
	if won != 1 {
		w.Errorf("%d of %d insert one assertion", won, racers)
	}
}

// Who looks first and then makes what was not there is told in no other way than
// who comes a moment later: a row that another transaction has made meanwhile is
// seen. On PostgreSQL it takes one that has not looked for it to meet such a row.
func oneOfManyMakesWhatIsMissing(w *world) {
	there := errors.New("there is one")
	org := w.addOrg("acme", nil).ID
	won := w.race(racers, there, func(n int, tx *store.Writer) error {
		if n%2 == 0 {
			err := tx.Org(org).SaveUser(w.ctx, w.user(org, "alice"))
			if errors.Is(err, store.ErrConflict) {
				return there
			}
			return err
		}
		all, err := tx.UsersByUsername(w.ctx, "alice")
		switch {
		case err != nil:
			return err
		case len(all) > 0:
			return there
		}
		return tx.Org(org).SaveUser(w.ctx, w.user(org, "alice"))
	})
	if won != 1 {
		w.Errorf("%d of %d make one person", won, racers)
	}
}

func oneOfManySaves(w *world) {
	ctx := w.ctx
	a := w.attempt()
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
	a.Version = 1
	won := w.race(racers, store.ErrConflict, func(_ int, tx *store.Writer) error { return tx.SaveAttempt(ctx, a) })
	if won != 1 {
		w.Errorf("%d of %d save one version", won, racers)
	}
}

func oneOfManyVerifies(w *world) {
	ctx := w.ctx
	const claims = 12
	var orgs []sso.OrgID
	for i := range claims {
		orgs = append(orgs, w.addOrg("org-"+string(rune('a'+i)), nil).ID)
	}
	won := w.race(claims, store.ErrConflict, func(i int, tx *store.Writer) error {
		return tx.Org(orgs[i]).SaveDomain(ctx, sso.Domain{Org: orgs[i], Name: "acme.example", State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: w.now, VerifiedAt: w.now})
	})
	if won != 1 {
		w.Errorf("%d of %d organizations have verified one domain", won, claims)
	}
	get[sso.Domain](w, "VerifiedDomain()")(w.reader().VerifiedDomain(ctx, "acme.example"))
}

// noWriteSkew lets each of several owners step down where there is another
// one. Each reads all rows and writes only its own, so that nothing but
// serializable transactions keeps the last owner.
func noWriteSkew(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	const owners = 6
	var members []sso.Membership
	for i := range owners {
		m := w.addMember(acme.ID, w.addUser(acme.ID, "owner-"+string(rune('a'+i))).ID)
		m.Role = sso.RoleOwner
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveMembership(ctx, m) })
		members = append(members, m)
	}
	last := errors.New("the last owner stays")
	won := w.race(owners, last, func(i int, tx *store.Writer) error {
		all, err := tx.Org(acme.ID).Memberships(ctx)
		if err != nil {
			return err
		}
		left := 0
		for _, m := range all {
			if m.Role == sso.RoleOwner {
				left++
			}
		}
		if left <= 1 {
			return last
		}
		m := members[i]
		m.Role = sso.RoleMember
		return tx.Org(acme.ID).SaveMembership(ctx, m)
	})
	if won != owners-1 {
		w.Errorf("%d of %d owners stepped down, want all but one", won, owners)
	}
}

// oneStatement counts what reads of many rows cost: one each, however many.
func oneStatement(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	above := &acme
	var tree []sso.OrgID
	var c sso.Connection
	alice := w.addUser(acme.ID, "alice")
	for i := range 5 {
		o := w.addOrg("org-"+string(rune('a'+i)), above)
		above, tree = &o, append(tree, o.ID)
		c = w.addConnection(o.ID, "con-"+o.Key)
		w.addMember(o.ID, alice.ID)
		u := w.user(o.ID, "alice")
		w.write(func(tx *store.Writer) error { return tx.Org(o.ID).SaveUser(ctx, u) })
		w.addMember(acme.ID, u.ID)
	}
	s, token := w.addSession(tree[4], alice.ID)
	for range 5 {
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, w.trace(acme.ID)) })
	}
	r := w.reader()
	of := r.Org(acme.ID)
	for name, read := range map[string]func() (int, error){
		"Lineage":             func() (int, error) { return count(r.Lineage(ctx, tree[4])) },
		"Organizations":       func() (int, error) { return count(r.Organizations(ctx)) },
		"OrganizationsByID":   func() (int, error) { return count(r.OrganizationsByID(ctx, tree)) },
		"ActiveConnections":   func() (int, error) { return count(r.ActiveConnections(ctx, tree)) },
		"UsersByEmail":        func() (int, error) { return count(r.UsersByEmail(ctx, alice.Email)) },
		"UsersByUsername":     func() (int, error) { return count(r.UsersByUsername(ctx, "alice")) },
		"Memberships":         func() (int, error) { return count(r.Memberships(ctx, alice.ID)) },
		"MembershipsAt":       func() (int, error) { return count(r.MembershipsAt(ctx, alice.ID)) },
		"Org().Memberships":   func() (int, error) { return count(of.Memberships(ctx)) },
		"Org().Traces":        func() (int, error) { return count(of.Traces(ctx, 10)) },
		"Org().Users of many": func() (int, error) { return count(r.Org(tree[0]).Users(ctx)) },
	} {
		before := w.db.Stats().Statements
		rows, err := read()
		after := w.db.Stats().Statements
		if err != nil || rows == 0 || after-before != 1 {
			w.Errorf("%s: %d rows by %d statements, %v; want one statement", name, rows, after-before, err)
		}
	}
	_, err := r.Person(ctx, token) // the line of the organization is remembered from now on
	if err != nil {
		w.Fatal(err)
	}
	before := w.db.Stats().Statements
	_, err = r.Person(ctx, token)
	_, errBySession := r.PersonBySession(ctx, s.ID)
	_, errConnection := r.Connection(ctx, c.ID)
	if after := w.db.Stats().Statements; errors.Join(err, errBySession, errConnection) != nil || after-before != 3 {
		w.Errorf("three reads cost %d statements", after-before)
	}
}

func count[T any](all []T, err error) (int, error) { return len(all), err }

// Many transactions that want the same row get through, all of them: however often
// one was undone for the others' sake.
func everybodyGetsThrough(w *world) {
	const writers, each = 32, 8
	a := w.attempt()
	a.DoneAt = time.Time{}
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(w.ctx, a) })
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := w.db.Write(w.ctx, func(tx *store.Writer) error {
					a, err := tx.Attempt(w.ctx, a.ID)
					if err != nil {
						return err
					}
					return errors.Join(tx.InsertTrace(w.ctx, w.trace("org_a")), tx.SaveAttempt(w.ctx, a))
				})
				if err != nil {
					w.Errorf("Write() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := get[sso.Attempt](w, "Attempt()")(w.reader().Attempt(w.ctx, a.ID)).Version, int64(1+writers*each); got != want {
		w.Errorf("the row is at version %d, want %d", got, want)
	}
}
