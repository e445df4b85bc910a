package storetest

import (
	"errors"

	"sync"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func ownSessionsEnd(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	w.addMember(acme.ID, alice.ID)
	w.addMember(acme.ID, bob.ID)
	first, _ := w.addSession(acme.ID, alice.ID)
	second, _ := w.addSession(acme.ID, alice.ID)
	third, _ := w.addSession(acme.ID, alice.ID)
	his, _ := w.addSession(acme.ID, bob.ID)
	ended := func(id sso.SessionID) bool {
		w.Helper()
		p := get[sso.Person](w, "PersonBySession()")(w.reader().PersonBySession(ctx, id))
		return !p.Session.EndedAt.IsZero()
	}
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.EndOwnSession(ctx, alice.ID, his.ID, w.now) })
	w.write(func(tx *store.Writer) error { return tx.EndOwnSession(ctx, alice.ID, first.ID, w.now) })
	if !ended(first.ID) || ended(second.ID) || ended(his.ID) {
		w.Error("EndOwnSession() did not end that one alone")
	}
	n := 0
	w.write(func(tx *store.Writer) (err error) {
		n, err = tx.EndOtherSessions(ctx, alice.ID, second.ID, w.now)
		return err
	})
	if n != 1 || ended(second.ID) || !ended(third.ID) || ended(his.ID) {
		w.Errorf("EndOtherSessions() ended %d, want the third alone", n)
	}
}

func resetRequestsAreTaken(w *world) {
	ctx := w.ctx
	var want []store.ResetRequest
	for _, name := range []string{"alice", "bob", "carol"} {
		q := store.ResetRequest{Email: w.email(name + "@acme.example"), Language: "de", CreatedAt: w.later()}
		w.write(func(tx *store.Writer) error { return tx.InsertResetRequest(ctx, q) })
		want = append(want, q)
	}
	var mu sync.Mutex
	got := map[string]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				var taken []store.ResetRequest
				err := w.db.Write(ctx, func(tx *store.Writer) (err error) {
					taken, err = tx.TakeResetRequests(ctx, 2)
					return err
				})
				if err != nil {
					w.Error(err)
				}
				if len(taken) == 0 {
					return
				}
				mu.Lock()
				for _, q := range taken {
					got[q.Email.String()+q.Language+q.CreatedAt.String()]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, q := range want {
		if n := got[q.Email.String()+q.Language+q.CreatedAt.String()]; n != 1 {
			w.Errorf("the request of %s was taken %d times", q.Email, n)
		}
	}
}

func rulesForAMember(w *world) {
	ctx, r := w.ctx, w.reader()
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	emea, apac := w.addOrg("emea", &acme), w.addOrg("apac", &acme)
	for i, o := range []*sso.Organization{&acme, &emea, &apac, &other} {
		o.Policy = sso.Policy{SessionIdle: sso.Duration(i + 1)}
		w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, *o) })
	}
	domain := func(org sso.OrgID, name string, state sso.DomainState) {
		w.write(func(tx *store.Writer) error {
			return tx.Org(org).SaveDomain(ctx, sso.Domain{Org: org, Name: name, State: state, CreatedAt: w.later()})
		})
	}
	domain(apac.ID, "apac.example", sso.DomainVerified)
	domain(acme.ID, "acme.example", sso.DomainVerified)
	domain(other.ID, "other.example", sso.DomainVerified)
	domain(acme.ID, "claimed.example", sso.DomainInReview)
	for name, tc := range map[string]struct {
		org    *sso.Organization
		email  string
		idle   []sso.Duration // of the policies
		proved bool
	}{
		"own domain":                  {&acme, "a@acme.example", []sso.Duration{1}, true},
		"domain of the one above":     {&emea, "a@acme.example", []sso.Duration{1, 2}, true},
		"domain of a sibling":         {&emea, "a@apac.example", []sso.Duration{1, 2, 3}, true},
		"domain of another tree":      {&emea, "a@other.example", []sso.Duration{1, 2}, false},
		"domain that is not verified": {&acme, "a@claimed.example", []sso.Duration{1}, false},
		"domain that nobody claims":   {&acme, "a@nobody.example", []sso.Duration{1}, false},
	} {
		rules, proved, err := r.Rules(ctx, tc.org, w.email(tc.email))
		if err != nil {
			w.Fatal(err)
		}
		var idle []sso.Duration
		for _, p := range rules {
			idle = append(idle, p.SessionIdle)
		}
		same(w, name, tc.idle, idle)
		if proved != tc.proved {
			w.Errorf("%s: proved %v, want %v", name, proved, tc.proved)
		}
	}

	// A domain without passwords demands single sign-on of its people alone,
	// wherever they are in the tree.
	w.write(func(tx *store.Writer) error {
		d, err := tx.Org(apac.ID).Domain(ctx, "apac.example")
		d.PasswordOff = true
		return errors.Join(err, tx.Org(apac.ID).SaveDomain(ctx, d))
	})
	r = w.reader()
	for email, want := range map[string]bool{"a@apac.example": true, "a@acme.example": false} {
		for _, o := range []*sso.Organization{&apac, &emea} {
			rules, _, err := r.Rules(ctx, o, w.email(email))
			if got := rules.DemandsSSO(sso.Entry{Method: sso.ByPassword, Email: w.email(email)}); err != nil || got != want {
				w.Errorf("of %s in %s single sign-on is demanded: %t, %v", email, o.Key, got, err)
			}
		}
	}
}
