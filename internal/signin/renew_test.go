package signin_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// becomes gives paul another role, as a console does it.
func (w *world) becomes(to sso.Role) {
	w.Helper()
	paul := w.someone("paul")
	w.changes(func(tx *store.Writer) error {
		ctx := w.Context()
		o, err := tx.Organization(ctx, paul.Home)
		if err != nil {
			return err
		}
		m, err := tx.Org(o.ID).Membership(ctx, paul.ID)
		if err != nil {
			return err
		}
		was := m.Role
		m.Role = to
		if err := tx.Org(o.ID).SaveMembership(ctx, m); err != nil {
			return err
		}
		return tx.Org(o.ID).RoleChanged(ctx, &o, paul.ID, was, to, w.now)
	})
}

// by returns whom a token stands for.
func (w *world) by(token secret.Token) sso.Person {
	w.Helper()
	p, err := w.Person(w.Context(), token)
	if err != nil {
		w.Fatalf("Person() = %v", err)
	}
	return p
}

// A token does not grow with its owner: until it is replaced it is good for what
// they were, and so it is for what is under way when it was. Then it is dead.
func TestATokenIsReplacedWhenItsPersonMayDoMore(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.becomes(sso.RoleRestricted)
		old := w.passwordSession("paul")
		if next, err := w.Renew(ctx, old); err != nil || !next.IsZero() {
			t.Errorf("a token that waits for nothing is replaced: %v, %v", !next.IsZero(), err)
		}
		w.becomes(sso.RoleMember)
		p := w.by(old)
		if p.Membership.Role != sso.RoleRestricted || !p.Waits() {
			t.Errorf("before, they are %s, waiting %v", p.Membership.Role, p.Waits())
		}
		next, err := w.Renew(ctx, old)
		if err != nil || next.IsZero() {
			t.Fatalf("Renew() = %v, %v", !next.IsZero(), err)
		}
		after := w.by(next)
		if after.Membership.Role != sso.RoleMember || after.Waits() || after.Retired || after.Session.ID != p.Session.ID || !after.Session.AuthTime.Equal(p.Session.AuthTime) {
			t.Errorf("by the new token: %+v", after)
		}
		w.now = w.now.Add(sso.RetiredFor - time.Second)
		if p := w.by(old); p.Membership.Role != sso.RoleRestricted || !p.Retired || p.Waits() || p.Session.ID != after.Session.ID {
			t.Errorf("by the old one, in time: a %s, retired %v, waiting %v", p.Membership.Role, p.Retired, p.Waits())
		}
		if again, err := w.Renew(ctx, old); err != nil || !again.IsZero() {
			t.Errorf("the old token is replaced again: %v, %v", !again.IsZero(), err)
		}
		w.now = w.now.Add(time.Second)
		if _, err := w.Person(ctx, old); !fault.Is(err, "session_over") {
			t.Errorf("by the old one, afterwards: %v, want session_over", err)
		}
		if p := w.by(next); p.Membership.Role != sso.RoleMember {
			t.Errorf("by the new one, afterwards: a %s", p.Membership.Role)
		}
	})
}

// Whoever may open a console from now on comes in anew: a new token would go to
// whoever asks for it first.
func TestWhoMayOpenAConsoleIsGivenNoToken(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		old := w.passwordSession("paul")
		w.becomes(sso.RoleAdmin)
		if _, err := w.Person(t.Context(), old); !fault.Is(err, "session_over") {
			t.Errorf("Person() = %v, want session_over", err)
		}
		if next, err := w.Renew(t.Context(), old); err != nil || !next.IsZero() {
			t.Errorf("Renew() = %v, %v; want none", !next.IsZero(), err)
		}
		w.browser.Session = secret.Token{}
		if p := w.by(w.passwordSession("paul")); p.Membership.Role != sso.RoleAdmin {
			t.Errorf("who has come in anew is a %s", p.Membership.Role)
		}
	})
}

// A browser has several requests under way when its token is to be replaced.
// One of them brings the new one, and nobody is signed out.
func TestOfManyRequestsOneBringsTheNewToken(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.becomes(sso.RoleRestricted)
		old := w.passwordSession("paul")
		w.becomes(sso.RoleMember)
		var ready, all sync.WaitGroup
		start, tokens := make(chan struct{}), make(chan secret.Token, 8)
		for range cap(tokens) {
			ready.Add(1)
			all.Go(func() {
				ctx := context.WithoutCancel(t.Context())
				ready.Done()
				<-start
				next, err := w.Renew(ctx, old)
				if err != nil {
					t.Error(err)
				}
				if !next.IsZero() {
					tokens <- next
				}
				if p, err := w.Person(ctx, old); err != nil || p.Membership.Role != sso.RoleRestricted {
					t.Errorf("a request under way is of a %s, %v", p.Membership.Role, err)
				}
			})
		}
		ready.Wait()
		close(start)
		all.Wait()
		close(tokens)
		if n := len(tokens); n != 1 {
			t.Fatalf("%d new tokens, want 1", n)
		}
		if p := w.by(<-tokens); p.Membership.Role != sso.RoleMember {
			t.Errorf("by the new token: a %s", p.Membership.Role)
		}
		w.now = w.now.Add(sso.RetiredFor)
		if _, err := w.Person(t.Context(), old); !fault.Is(err, "session_over") {
			t.Errorf("by the old one, afterwards: %v", err)
		}
	})
}

// Whoever signs out with a request that was under way is signed out, and by the
// new token as well.
func TestSigningOutByAnOldToken(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.becomes(sso.RoleRestricted)
		old := w.passwordSession("paul")
		w.becomes(sso.RoleMember)
		next, err := w.Renew(ctx, old)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignOut(ctx, old, ""); err != nil {
			t.Fatal(err)
		}
		for name, token := range map[string]secret.Token{"old": old, "new": next} {
			if _, err := w.Person(ctx, token); !fault.Is(err, "session_over") {
				t.Errorf("by the %s token: %v, want session_over", name, err)
			}
		}
	})
}

// Every way to prove something gives the session another token at once, with no
// time for the old one: signing in, with a second factor too, and proving anew.
func TestEveryProofReplacesTheToken(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		dead := func(what string, token secret.Token) {
			t.Helper()
			if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
				t.Errorf("%s: by the token before: %v, want session_over", what, err)
			}
		}
		first := w.passwordSession("paul")
		w.browser.Session = first
		second := w.passwordSession("paul") // in the same browser
		dead("signing in again", first)
		w.browser.Session = second
		w.becomes("auditor") // waits for another token
		a := w.confirming(sso.StepPassword)
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		third := w.mustFinish(a).Token
		dead("proving anew", second)
		if p := w.by(third); p.Waits() || p.Membership.Role != "auditor" {
			t.Errorf("after a proof they are a %s, waiting %v", p.Membership.Role, p.Waits())
		}
	})
}
