package signin_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// firstSignIn sets what acme's connection does about who is new.
func (w *world) firstSignIn(mode sso.FirstSignIn, defaults string) {
	w.Helper()
	w.apply(fmt.Sprintf(`organizations: [{key: acme, connections: [{key: acme-okta, first_sign_in: %s, defaults: {%s}}]}]`, mode, defaults))
}

// newcomer comes through acme's connection, and is asked.
func (w *world) newcomer(address string, forge ...func(*samltest.Response)) sso.Attempt {
	w.Helper()
	f := w.depart(w.identify(address, sso.StepSSO), "acme-okta")
	if err := w.respond(f, w.answer(f, append([]func(*samltest.Response){about(address)}, forge...)...)); err != nil {
		w.Fatal(err)
	}
	a, err := w.Attempt(w.Context(), w.browser, f.attempt.ID)
	if err != nil || a.Next() != sso.StepFirst {
		w.Fatalf("%s leads to %s, %v, want to be asked", address, a.Next(), err)
	}
	return a
}

// linksOf returns how many subjects stand for somebody.
func (w *world) linksOf(user sso.UserID) int {
	w.Helper()
	n := 0
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		all, err := r.AllLinksOf(w.Context(), user)
		n = len(all)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// inbox returns what acme's administrators have to decide.
func (w *world) inbox(state sso.ConflictState) []sso.Conflict {
	w.Helper()
	var all []sso.Conflict
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		org, err := r.OrganizationByKey(w.Context(), "acme")
		if err != nil {
			return err
		}
		all, err = r.Org(org.ID).Conflicts(w.Context(), state, store.Place{}, 10)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// people returns who of whatever organization has an address and is not
// deleted.
func (w *world) people(address string) []store.UserAt {
	w.Helper()
	var all []store.UserAt
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		var err error
		all, err = r.UsersByEmail(w.Context(), w.email(address))
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(all, func(u store.UserAt) bool { return u.State == sso.UserDeleted })
}

func (w *world) email(address string) sso.Email {
	w.Helper()
	e, err := sso.ParseEmail(address)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

func TestAskConnectsAnAccountWhoseCredentialsAreProved(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		// The account has another address than the identity provider says.
		w.apply(`organizations: [{key: acme, users: [{username: bob, email: bob@acme.example, password_hash: "` + w.hash + `"}]}]`)
		a := w.newcomer("robert@acme.example")
		n, err := w.Newcomer(t.Context(), w.browser, a.ID)
		if err != nil || n.Email.String() != "robert@acme.example" || n.Connection != "Acme Okta" {
			t.Fatalf("Newcomer() = %+v, %v", n, err)
		}
		if a, err = w.Connect(t.Context(), w.browser, a.ID, "bob", "correct horse"); err != nil || a.Next() != sso.StepFinish {
			t.Fatalf("Connect() leads to %s, %v", a.Next(), err)
		}
		bob := w.someone("bob")
		if w.linksOf(bob.ID) != 0 {
			t.Fatal("linked before the sign-in is finished")
		}
		done := w.mustFinish(a)
		if done.Session.User != bob.ID || w.linksOf(bob.ID) != 1 || done.Session.Connection == "" || !slices.Equal(done.Session.AMR, []string{"fed", "pwd"}) {
			t.Fatalf("session %+v with %d links", done.Session, w.linksOf(bob.ID))
		}
		// From now on nothing is asked, and the address follows.
		p, err := w.signInBySSO("robert@acme.example", "acme-okta")
		if err != nil || p.User.ID != bob.ID || p.User.Email.String() != "robert@acme.example" {
			t.Fatalf("the next time: %+v, %v", p.User, err)
		}
		if got := w.inbox(sso.ConflictOpen); len(got) != 0 {
			t.Errorf("an administrator is asked: %+v", got)
		}
	})
}

func TestAskWantsTheSecondFactorOfTheAccount(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		key := w.has("bob")
		// Neither a policy that asks nobody nor the identity provider's own
		// second factor nor a remembered browser stands in for it.
		w.apply(`organizations: [{key: acme, policy: {mfa: off}}]`)
		mfa := func(r *samltest.Response) { r.Context = "https://refeds.org/profile/mfa" }
		a := w.newcomer("bob@acme.example", mfa)
		a, err := w.Connect(t.Context(), w.browser, a.ID, "bob@acme.example", "correct horse")
		if err != nil || a.Next() != sso.StepFactor {
			t.Fatalf("Connect() leads to %s, %v, want the second factor", a.Next(), err)
		}
		if _, err := w.finish(a.ID); !fault.Is(err, "attempt_step") {
			t.Fatalf("Finish() without it = %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: another(w.code(key))}); !fault.Is(err, "code_wrong") {
			t.Fatalf("a wrong code: %v", err)
		}
		if w.linksOf(w.someone("bob").ID) != 0 {
			t.Fatal("linked by one factor of two")
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(key)}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); w.linksOf(done.Session.User) != 1 {
			t.Fatal("not linked after both")
		}
	})
}

// Who has an account, where, and how they sign in cannot be told from the
// answers to wrong guesses.
func TestAskTellsNobodyWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		a := w.newcomer("alice@acme.example")
		for what, guess := range map[string][2]string{
			"nobody":                     {"nobody@acme.example", "correct horse"},
			"a wrong password":           {"bob@acme.example", "wrong"},
			"without a password":         {"emma@acme.example", "correct horse"},
			"the right one of elsewhere": {"carol@globex.example", "correct horse"},
			"the right one of a plain":   {"paul", "correct horse"},
		} {
			if _, err := w.Connect(t.Context(), w.browser, a.ID, guess[0], guess[1]); !fault.Is(err, "password_wrong") {
				t.Errorf("%s: %v, want password_wrong", what, err)
			}
		}
		if got := w.inbox(sso.ConflictOpen); len(got) != 0 {
			t.Errorf("an administrator is asked: %+v", got)
		}
	})
}

// Guesses at an account count the same wherever they are made.
func TestAskCountsGuessesWithThoseOfTheSignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		a := w.newcomer("alice@acme.example")
		var err error
		for range 100 {
			if _, err = w.Connect(t.Context(), w.browser, a.ID, "owner", "wrong"); !fault.Is(err, "password_wrong") {
				break
			}
		}
		if !fault.Is(err, "try_later") {
			t.Fatalf("guesses end in %v, want try_later", err)
		}
		begun, err := w.Identify(t.Context(), w.browser, "", "owner", sso.ByPassword)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Password(t.Context(), w.browser, begun.ID, "correct horse"); !fault.Is(err, "try_later") {
			t.Errorf("at the sign-in it goes on: %v", err)
		}
		other := newBrowser()
		if _, err := w.Connect(t.Context(), other, a.ID, "owner", "correct horse"); !fault.Is(err, "bind_cookie") {
			t.Errorf("another browser answers: %v", err)
		}
	})
}

func TestAskByAPasskey(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		answer := func(username string) []byte {
			key := w.key(username)
			options, err := w.AskPasskey(w.browser)
			if err != nil {
				t.Fatal(err)
			}
			return key.Get(options, baseURL)
		}
		a := w.newcomer("bob@acme.example")
		if _, err := w.ConnectPasskey(t.Context(), w.browser, a.ID, answer("paul")); !fault.Is(err, "ident_tree") {
			t.Fatalf("the key of another customer's person: %v", err)
		}
		if w.linksOf(w.someone("paul").ID) != 0 {
			t.Fatal("linked across organizations")
		}
		a, err := w.ConnectPasskey(t.Context(), w.browser, a.ID, answer("bob"))
		if err != nil || a.Next() != sso.StepFinish {
			t.Fatalf("ConnectPasskey() leads to %s, %v", a.Next(), err)
		}
		if done := w.mustFinish(a); done.Session.User != w.someone("bob").ID || w.linksOf(done.Session.User) != 1 {
			t.Fatalf("session %+v", done.Session)
		}
	})
}

func TestAskMakesSomebodyRestricted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "role: owner, groups: [new]")
		a, err := w.Register(t.Context(), w.browser, w.newcomer("alice@acme.example").ID)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.finish(a.ID)
		if err != nil || p.Membership.Role != sso.RoleRestricted || p.User.Name() != "Alice Archer" || p.User.PasswordHash != "" {
			t.Fatalf("made %+v as %+v, %v", p.User, p.Membership, err)
		}
		// Where somebody has the address, nobody is made beside them, and the
		// administrator hears of it.
		b := w.newcomer("bob@acme.example")
		_, err = w.Register(t.Context(), w.browser, b.ID)
		w.mustRefuse(err, "ident_conflict")
		got := w.inbox(sso.ConflictOpen)
		if len(got) != 1 || got[0].Kind != sso.ClashCandidates || !slices.Equal(got[0].Candidates, []sso.UserID{w.someone("bob").ID}) || got[0].Reference != fault.From(err).Ref {
			t.Fatalf("the inbox holds %+v", got)
		}
		if n := len(w.people("bob@acme.example")); n != 1 {
			t.Fatalf("%d people have the address", n)
		}
		if b, err = w.Connect(t.Context(), w.browser, b.ID, "bob", "correct horse"); err != nil || b.Next() != sso.StepFinish {
			t.Fatalf("to connect after that: %s, %v", b.Next(), err)
		}
	})
}

// What was asserted to one connection is worth nothing at another, whatever
// the person types in between.
func TestAskedIsAskedThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		a := w.newcomer("alice@acme.example")
		if _, err := w.Identify(t.Context(), w.browser, a.ID, "carol@globex.example", ""); !fault.Is(err, "attempt_step") {
			t.Fatalf("Identify() in between = %v, want attempt_step", err)
		}
		if _, err := w.finish(a.ID); !fault.Is(err, "attempt_step") {
			t.Errorf("Finish() without an answer = %v", err)
		}
		// State is looked at when the answer comes.
		w.firstSignIn(sso.FirstCreate, "")
		if _, err := w.Register(t.Context(), w.browser, a.ID); !fault.Is(err, "attempt_changed") {
			t.Errorf("a connection that asks no more: %v", err)
		}
		w.firstSignIn(sso.FirstAsk, "")
		connected, err := w.Connect(t.Context(), w.browser, a.ID, "bob", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: disabled}]}]`)
		if _, err := w.finish(connected.ID); !fault.Is(err, "connection_inactive") {
			t.Errorf("a connection that was switched off: %v", err)
		}
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, state: active}]}]`)
		w.setPassword("bob", w.hashOf("another horse"))
		if _, err := w.finish(connected.ID); !fault.Is(err, "proof_stale") {
			t.Errorf("a password that was changed since: %v", err)
		}
		if w.linksOf(w.someone("bob").ID) != 0 {
			t.Error("linked all the same")
		}
	})
}

// One subject in two windows: one answer counts.
func TestOneOfManyAnswersMakesSomebody(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstAsk, "")
		var attempts []sso.Attempt
		for range 4 {
			attempts = append(attempts, w.newcomer("alice@acme.example"))
		}
		connected, err := w.Connect(t.Context(), w.browser, attempts[0].ID, "bob", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := w.Finish(t.Context(), w.browser, connected.ID, signin.AskFirst); err == nil {
				won.Add(1)
			} else if !fault.Is(err, "attempt_changed") && !fault.Is(err, "ident_conflict") {
				t.Error(err)
			}
		})
		for _, a := range attempts[1:] {
			all.Go(func() {
				if _, err := w.Register(t.Context(), w.browser, a.ID); err == nil {
					won.Add(1)
				} else if !fault.Is(err, "attempt_changed") && !fault.Is(err, "ident_conflict") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(w.people("alice@acme.example")); won.Load() != 1 || n+w.linksOf(w.someone("bob").ID) != 1 {
			t.Errorf("%d answers count, %d people were made, %d links of bob", won.Load(), n, w.linksOf(w.someone("bob").ID))
		}
	})
}

// invite stores an invitation, as its sender would.
func (w *world) invite(org, address string, role sso.Role) sso.InvitationID {
	w.Helper()
	id := sso.NewInvitationID(w.now)
	w.changes(func(tx *store.Writer) error {
		o, err := tx.OrganizationByKey(w.Context(), org)
		if err != nil {
			return err
		}
		return tx.Org(o.ID).InsertInvitation(w.Context(), sso.Invitation{
			ID: id, Org: o.ID, Email: w.email(address), Role: role, Groups: []string{"guests"}, By: string(w.someone("owner").ID), CreatedAt: w.now, SentAt: w.now, ExpiresAt: w.now.Add(sso.InvitationLife),
		}, secret.NewToken().Hash())
	})
	return id
}

func TestInvitedIsTheOnlyWayIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstInvited, "")
		_, err := w.signInBySSO("alice@acme.example", "acme-okta")
		w.mustRefuse(err, "ident_not_invited")
		w.invite("globex", "alice@acme.example", sso.RoleMember)
		_, err = w.signInBySSO("alice@acme.example", "acme-okta")
		w.mustRefuse(err, "ident_not_invited")
		w.invite("acme", "alice@acme.example", sso.RoleAdmin)
		p, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil || p.Membership.Role != sso.RoleAdmin || !slices.Equal(p.Membership.Groups, []string{"guests"}) {
			t.Fatalf("invited as %+v, %v", p.Membership, err)
		}
		// It is used up, by them.
		if err := w.DB.Read(t.Context(), func(r *store.Reader) error {
			left, err := r.InvitationsTo(t.Context(), w.email("alice@acme.example"), w.now)
			if len(left) != 1 { // globex's
				t.Errorf("%d invitations are left", len(left))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if bob, err := w.signInBySSO("bob@acme.example", "acme-okta"); err != nil || bob.User.Username != "bob" {
			t.Fatalf("who is here already: %+v, %v", bob.User, err)
		}
	})
}

// A guest of another domain comes in by the invitation, and nobody else does.
func TestGuestOutsideTheDomains(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		come := func(address string) (sso.Person, error) {
			a, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "acme"})
			if err != nil {
				t.Fatal(err)
			}
			f := w.depart(a, "acme-okta")
			if err := w.respond(f, w.answer(f, about(address))); err != nil {
				return sso.Person{}, err
			}
			return w.finish(a.ID)
		}
		_, err := come("guest@partner.example")
		w.mustRefuse(err, "ident_domain")
		got := w.inbox(sso.ConflictOpen)
		if len(got) != 1 || got[0].Kind != sso.ClashDomain || got[0].Asserted.Email.String() != "guest@partner.example" || len(got[0].Candidates) != 0 {
			t.Fatalf("the inbox holds %+v", got)
		}
		w.invite("acme", "guest@partner.example", sso.RoleMember)
		p, err := come("guest@partner.example")
		if err != nil || p.Org.Key != "acme" || p.Membership.Role != sso.RoleMember {
			t.Fatalf("the guest: %+v, %v", p.Membership, err)
		}
		// The owner outside the domains is nobody's to name, and another
		// customer's people are not, invited or not.
		_, err = come("root@outside.example")
		w.mustRefuse(err, "ident_domain")
		w.invite("acme", "carol@globex.example", sso.RoleMember)
		_, err = come("carol@globex.example")
		w.mustRefuse(err, "ident_domain")
	})
}

func TestDeletedComesBackByLeaveAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		gone := w.people("alice@acme.example")[0].User
		w.changes(func(tx *store.Writer) error {
			now, err := tx.User(t.Context(), gone.ID)
			if err != nil {
				return err
			}
			now.State = sso.UserDeleted
			return tx.Org(gone.Home).SaveUser(t.Context(), now)
		})
		for range 2 {
			_, err := w.signInBySSO("alice@acme.example", "acme-okta")
			w.mustRefuse(err, "user_deleted")
		}
		got := w.inbox(sso.ConflictOpen)
		if len(got) != 1 || got[0].Kind != sso.ClashDeleted || got[0].Count != 2 || !slices.Equal(got[0].Candidates, []sso.UserID{gone.ID}) {
			t.Fatalf("the inbox holds %+v", got)
		}
		c := got[0]
		w.changes(func(tx *store.Writer) error {
			if err := c.Decide(sso.RemedyAllow, "usr_o", w.now); err != nil {
				return err
			}
			if err := tx.Org(c.Org).DeleteLink(t.Context(), c.Connection, c.Subject, gone.ID); err != nil {
				return err
			}
			return tx.Org(c.Org).DecideConflict(t.Context(), c, sso.ConflictOpen)
		})
		p, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil || p.User.ID == gone.ID {
			t.Fatalf("with leave: %+v, %v", p.User, err)
		}
		if left := append(w.inbox(sso.ConflictOpen), w.inbox(sso.ConflictAllowed)...); len(left) != 0 {
			t.Errorf("the leave is not used up: %+v", left)
		}
	})
}
