package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// failed returns why a password was not set.
func failed(_ secret.Token, err error) error { return err }

func testContext() context.Context { return context.Background() }

func TestAPasswordIsChanged(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx, id := w.Context(), w.alice.User.ID
		other := w.addSession(&w.alice)
		before, after := secret.NewToken(), secret.Token{}
		w.write(func(tx *store.Writer) error {
			return tx.RotateSession(ctx, w.alice.Session.ID, before.Hash(), w.now())
		})
		for _, tc := range []struct{ old, chosen, code string }{
			{"wrong", good, "password_old_wrong"},
			{known, "short", "password_short"},
			{known, "alice@acme.example", "password_weak"},
			{known, "acmealice2026", "password_weak"},
			{known, good, ""},
		} {
			token, err := w.SetPassword(ctx, &w.alice, w.browser, tc.old, tc.chosen)
			w.wants("SetPassword("+tc.old+", "+tc.chosen+")", err, tc.code)
			after = token
			if changed := w.verifies(id, good); changed != (tc.code == "") {
				w.Errorf("after %q the new password works: %v", tc.chosen, changed)
			}
		}
		if w.live(other.ID) || !w.live(w.alice.Session.ID) {
			w.Error("want the other session ended, and this one not")
		}
		held := func(token secret.Token) (id sso.SessionID) {
			w.write(func(tx *store.Writer) error {
				p, err := tx.Person(ctx, token.Hash())
				if id = p.Session.ID; errors.Is(err, store.ErrNotFound) {
					return nil
				}
				return err
			})
			return id
		}
		if was, is := held(before), held(after); was != "" || is != w.alice.Session.ID {
			w.Errorf("by the token before one is in %q, by the one after in %q; want none and this session", was, is)
		}
		if got, _ := w.mail(); strings.Join(got, ", ") != "password_changed alice@acme.example" {
			w.Errorf("mailed %v", got)
		}
		// The page was open for long: somebody has changed the password meanwhile.
		w.wants("a stale page", failed(w.SetPassword(ctx, &w.alice, w.browser, known, "another-violet-teapot-9")), "conflict")
	})
}

func TestGuessesAtTheOldPasswordAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	stopped := 0
	for range 12 {
		if err := failed(w.SetPassword(t.Context(), &w.alice, w.browser, "wrong", good)); fault.Is(err, "try_later") {
			stopped++
		}
	}
	if stopped != 2 {
		t.Errorf("%d of 12 guesses were stopped, want 2", stopped)
	}
	w.wants("the right one while it is stopped", failed(w.SetPassword(t.Context(), &w.alice, w.browser, known, good)), "try_later")
	w.advance(time.Minute)
	w.wants("the right one later", failed(w.SetPassword(t.Context(), &w.alice, w.browser, known, good)), "")
}

func TestWhoActsAsAUserLeavesCredentialsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	ctx, b := t.Context(), w.browser
	acting := w.alice
	acting.Session.Actor = "usr_operator"
	acts := map[string]func(by *sso.By) error{
		"password": func(by *sso.By) error { return failed(w.SetPassword(ctx, by, b, known, good)) },
		"app":      func(by *sso.By) error { _, err := w.OfferApp(ctx, by, b, ""); return err },
		"add app":  func(by *sso.By) error { return w.AddApp(ctx, by, b, "x", "123456", "x") },
		"number":   func(by *sso.By) error { return w.OfferNumber(ctx, by, b, "+4915112345678") },
		"code":     func(by *sso.By) error { return w.AddNumber(ctx, by, b, "123456", "x") },
		"passkey":  func(by *sso.By) error { _, err := w.OfferPasskey(ctx, by, b); return err },
		"key":      func(by *sso.By) error { return w.AddPasskey(ctx, by, b, nil, "x") },
		"remove":   func(by *sso.By) error { return w.RemoveFactor(ctx, by, b, "fac_x") },
		"rename":   func(by *sso.By) error { return w.RenameFactor(ctx, by, b, "fac_x", "x") },
		"recovery": func(by *sso.By) error { _, err := w.NewRecoveryCodes(ctx, by, b); return err },
		"device":   func(by *sso.By) error { return w.ForgetDevice(ctx, by, "dev_x") },
	}
	for name, act := range acts {
		if err := act(&acting); !fault.Is(err, "acting_credentials") {
			t.Errorf("%s = %v, want acting_credentials", name, err)
		}
		if err := act(&w.alice); fault.Is(err, "acting_credentials") {
			t.Errorf("%s by Alice herself = %v", name, err)
		}
	}
}

func TestNothingOfAnotherPersonIsTouched(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		bob := w.addPerson(&w.acme, "bob", sso.RoleMember)
		w.write(func(tx *store.Writer) error {
			return errors.Join(
				tx.InsertFactor(ctx, sso.Factor{ID: "fac_bob", User: bob.User.ID, Kind: sso.FactorSMS, Name: "Phone", Phone: "+4915112345678", CreatedAt: w.now()}),
				tx.InsertDevice(ctx, sso.Device{ID: "dev_bob", User: bob.User.ID, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}, secret.NewToken().Hash()))
		})
		w.wants("a session", w.EndSession(ctx, &w.alice, bob.Session.ID), "session_unknown")
		w.wants("a factor", w.RemoveFactor(ctx, &w.alice, w.browser, "fac_bob"), "factor_unknown")
		w.wants("a name", w.RenameFactor(ctx, &w.alice, w.browser, "fac_bob", "x"), "factor_unknown")
		w.wants("a device", w.ForgetDevice(ctx, &w.alice, "dev_bob"), "device_unknown")
		w.wants("his session, himself", w.EndSession(ctx, &bob, bob.Session.ID), "")
		w.wants("his device, himself", w.ForgetDevice(ctx, &bob, "dev_bob"), "")
		w.wants("his factor, himself", w.RemoveFactor(ctx, &bob, w.browser, "fac_bob"), "")
	})
}

func TestTheLastFactorStaysWhereOneIsDemanded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		w.policy(&w.acme, sso.Policy{MFA: sso.MFAOwners})
		w.alice.Org = w.acme
		add := func(id sso.FactorID) {
			w.write(func(tx *store.Writer) error {
				return tx.InsertFactor(ctx, sso.Factor{ID: id, User: w.alice.User.ID, Kind: sso.FactorSMS, Phone: "+4915112345678", CreatedAt: w.now()})
			})
		}
		add("fac_1")
		w.wants("the only one of an owner", w.RemoveFactor(ctx, &w.alice, w.browser, "fac_1"), "factor_last")
		add("fac_2")
		w.wants("one of two", w.RemoveFactor(ctx, &w.alice, w.browser, "fac_1"), "")
		w.policy(&w.acme, sso.Policy{MFA: sso.MFAOptional})
		w.wants("the last one where none is demanded", w.RemoveFactor(ctx, &w.alice, w.browser, "fac_2"), "")
	})
}

func TestAnAccountShowsWhatIsTheirs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		other := w.addSession(&w.alice)
		w.write(func(tx *store.Writer) error {
			return tx.Org(w.globex.ID).SaveMembership(ctx, sso.Membership{Org: w.globex.ID, User: w.alice.User.ID, Role: sso.RoleMember, CreatedAt: w.now(), UpdatedAt: w.now()})
		})
		a, err := w.Account(ctx, &w.alice)
		if err != nil || len(a.Sessions) != 2 || len(a.Orgs) != 2 || a.FactorDemanded() || a.Managed() {
			w.Errorf("Account() = %+v, %v", a, err)
		}
		n, err := w.EndOtherSessions(ctx, &w.alice)
		if err != nil || n != 1 || w.live(other.ID) || !w.live(w.alice.Session.ID) {
			w.Errorf("EndOtherSessions() = %d, %v", n, err)
		}
		w.wants("a profile", w.SaveProfile(ctx, &w.alice, account.Profile{FirstName: " Ali\u0000ce ", LastName: "Archer", Language: "de"}), "")
		if u := w.user(w.alice.User.ID); u.Name() != "Alice Archer" || u.Language != "de" {
			w.Errorf("the profile is %+v", u)
		}
		if err := w.SaveProfile(ctx, &w.alice, account.Profile{Language: "no language!"}); err == nil {
			w.Error("a language that we do not speak is taken")
		}
	})
}

// Who reads a person's mail has links as often as they like. Guesses at the
// second factor they have no more of by that.
func TestALinkGivesNoMoreGuessesAtTheSecondFactor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx, id := w.Context(), w.alice.User.ID
		second, first := backoff.SecondFactor(id), backoff.Account(id, w.browser.Address)
		for _, key := range []backoff.Key{second, first} {
			for w.Limits.Allow(ctx, key) == nil { // until there are none
			}
		}
		var path string
		w.write(func(tx *store.Writer) (err error) {
			path, _, err = w.Recovery.Register(ctx, tx, &w.alice.User)
			return err
		})
		_, err := w.Redeem(ctx, w.browser, recovery.Registration, secret.ParseToken(strings.TrimPrefix(path, recovery.RegistrationPath)), good)
		w.wants("redeeming", err, "")
		w.wants("a guess at the second factor", w.Limits.Allow(ctx, second), "try_later")
		w.wants("a try of the new password", w.Limits.Allow(ctx, first), "")
	})
}

// One allowance is for all that a stranger can try with an address.
func TestResetsAndPasswordsAreCountedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t))
	name := backoff.Name(w.alice.User.Email.Key(), w.alice.User.ID, w.browser.Address)
	for w.Limits.Allow(t.Context(), name) == nil { // as a sign-in counts a password
	}
	w.wants("a reset", w.AskReset(t.Context(), w.browser, "Alice@acme.example", ""), "try_later")
	w.wants("one of another address", w.AskReset(t.Context(), w.browser, "bob@acme.example", ""), "")
	w.write(func(tx *store.Writer) error { return w.Limits.Unlock(t.Context(), tx, w.alice.User.ID) })
	w.wants("a reset once it is unlocked", w.AskReset(t.Context(), w.browser, "alice@acme.example", ""), "")
	for w.AskReset(t.Context(), w.browser, "alice@acme.example", "") == nil {
	}
	w.wants("a password after resets", w.Limits.Allow(t.Context(), name), "try_later")
}

func TestAResetSaysTheSameToAll(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		sso1 := w.addPerson(&w.globex, "sally", sso.RoleMember)
		w.policy(&w.globex, sso.Policy{SSO: sso.SSORequired})
		suspended := w.addPerson(&w.acme, "sue", sso.RoleMember)
		suspended.User.State = sso.UserSuspended
		w.save(suspended.User)
		never := w.addPerson(&w.acme, "nina", sso.RoleMember)
		never.User.PasswordHash, never.User.CredentialsAt = "", time.Time{}
		w.save(never.User)
		for _, address := range []string{"Alice@ACME.example", "nobody@acme.example", sso1.User.Email.String(), "sue@acme.example", "nina@acme.example"} {
			w.wants(address, w.AskReset(ctx, w.browser, address, "de"), "")
		}
		w.wants("no address", w.AskReset(ctx, w.browser, "none", "de"), "ident_email")
		if got, _ := w.mail(); len(got) != 0 {
			w.Errorf("mailed while they wait: %v", got)
		}
		for {
			n, err := w.AnswerResets(ctx)
			if err != nil {
				w.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		got, _ := w.mail()
		if strings.Join(got, ", ") != "reset_password alice@acme.example, sso_instead sally@globex.example" && strings.Join(got, ", ") != "sso_instead sally@globex.example, reset_password alice@acme.example" {
			w.Errorf("mailed %v", got)
		}
	})
}

func TestALinkSetsANewPassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		w.wants("asking", w.AskReset(ctx, w.browser, "alice@acme.example", ""), "")
		if _, err := w.AnswerResets(ctx); err != nil {
			w.Fatal(err)
		}
		_, filled := w.mail()
		token := secret.ParseToken(strings.TrimPrefix(filled["link"], recovery.ResetPath))
		if u, err := w.Holder(ctx, recovery.Reset, token); err != nil || u.ID != w.alice.User.ID {
			w.Fatalf("Holder() = %v, %v", u.ID, err)
		}
		_, err := w.Redeem(ctx, w.browser, recovery.Reset, token, "short")
		w.wants("a weak one", err, "password_short")
		if _, err := w.Redeem(ctx, w.browser, recovery.Reset, token, good); err != nil {
			w.Fatal(err)
		}
		if !w.verifies(w.alice.User.ID, good) || w.live(w.alice.Session.ID) {
			w.Error("want the new password, and no session left")
		}
		_, err = w.Redeem(ctx, w.browser, recovery.Reset, token, "another-violet-teapot-9")
		w.wants("again", err, "link_over")
	})
}

func TestNoLinkLeadsPastAPolicyThatDemandsSSO(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		bob := w.addPerson(&w.acme, "bob", sso.RoleMember)
		var path string
		w.write(func(tx *store.Writer) error {
			var err error
			path, _, err = w.Recovery.Register(ctx, tx, &bob.User)
			return err
		})
		token := secret.ParseToken(strings.TrimPrefix(path, recovery.RegistrationPath))
		w.policy(&w.acme, sso.Policy{SSO: sso.SSORequired})
		_, err := w.Redeem(ctx, w.browser, recovery.Registration, token, good)
		w.wants("where sso is demanded", err, "policy_sso_required")
		w.wants("in the account", failed(w.SetPassword(ctx, &bob, w.browser, known, good)), "policy_sso_required")
		w.policy(&w.acme, sso.Policy{SSO: sso.SSORequired, Exempt: []string{"bob@acme.example"}})
		_, err = w.Redeem(ctx, w.browser, recovery.Registration, token, good)
		w.wants("of somebody exempt", err, "")
	})
}

// Whoever runs the identity provider of an organization can be any of its
// people there, and must not get from there to what one of them administers
// elsewhere.
func TestAnIdentityProviderGivesNobodyAKeyBeyondIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx, below := w.Context(), w.addOrg("below")
		w.move(&below, &w.acme)
		c := sso.Connection{ID: sso.NewConnectionID(w.now()), Org: below.ID, Key: "below-idp", Name: "Below", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstMatch, CreatedAt: w.now(), UpdatedAt: w.now()}
		w.write(func(tx *store.Writer) error { return tx.Org(below.ID).SaveConnection(ctx, c) })
		eve := w.addPerson(&below, "eve", sso.RoleOwner)
		bare := func(change func(u *sso.User)) {
			u := w.user(eve.User.ID)
			u.PasswordHash, u.CredentialsAt = "", time.Time{}
			change(&u)
			w.save(u)
			eve.User = w.user(u.ID)
		}
		set := func(name, code string) {
			w.Helper()
			_, err := w.OfferPasskey(ctx, &eve, w.browser)
			w.wants("a passkey, "+name, err, code)
			// What no browser has made is refused for that at the latest.
			if err := w.AddPasskey(ctx, &eve, w.browser, []byte("{}"), "x"); fault.Is(err, "key_beyond") != (code != "") {
				w.Errorf("adding a passkey, %s: %v", name, err)
			}
			token, err := w.SetPassword(ctx, &eve, w.browser, "", good)
			w.wants("a password, "+name, err, code)
			if err == nil && token.IsZero() {
				w.Errorf("%s: no token", name)
			}
			bare(func(*sso.User) {})
		}
		joins := func(o *sso.Organization, role sso.Role) {
			w.write(func(tx *store.Writer) error {
				return tx.Org(o.ID).SaveMembership(ctx, sso.Membership{Org: o.ID, User: eve.User.ID, Role: role, CreatedAt: w.now(), UpdatedAt: w.now()})
			})
		}
		bare(func(*sso.User) {})
		eve.Session.Connection = c.ID
		set("at home alone", "")
		joins(&w.acme, sso.RoleMember)
		set("a member above", "")
		joins(&w.acme, sso.RoleAdmin)
		set("an administrator above", "key_beyond")
		joins(&w.acme, sso.RoleOwner)
		set("an owner above", "key_beyond")
		eve.Session.Connection = ""
		set("an owner above who did not come by it", "")
		eve.Session.Connection = c.ID
		joins(&w.acme, sso.RoleMember)

		// Of another customer's it counts once they can get in there by themselves.
		joins(&w.globex, sso.RoleAdmin)
		set("a guest who has no key yet", "")
		bare(func(u *sso.User) { u.CredentialsAt = w.now() })
		_, err := w.SetPassword(ctx, &eve, w.browser, "", good)
		w.wants("a guest who can reset theirs", err, "key_beyond")
	})
}
