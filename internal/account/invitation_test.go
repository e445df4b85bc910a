package account_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// invite stores an invitation and returns the token of its link.
func (w *world) invite(change func(i *sso.Invitation)) secret.Token {
	w.Helper()
	i := sso.Invitation{
		ID: sso.NewInvitationID(w.now()), Org: w.acme.ID, Email: w.email("new@acme.example"), Role: sso.RoleAdmin, By: string(w.alice.User.ID), Language: "de",
		CreatedAt: w.now(), SentAt: w.now(), ExpiresAt: w.now().Add(sso.InvitationLife),
	}
	if change != nil {
		change(&i)
	}
	token := secret.NewToken()
	w.write(func(tx *store.Writer) error { return tx.Org(i.Org).InsertInvitation(w.Context(), i, token.Hash()) })
	return token
}

func person() account.NewPerson {
	return account.NewPerson{FirstName: "Nora", LastName: "New", Password: good}
}

func TestAnInvitationMakesAPersonOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx, nobody := w.Context(), &sso.By{}
		token := w.invite(nil)
		for range 2 { // looking accepts nothing
			o, err := w.Invitation(ctx, nobody, token)
			if err != nil || o.Way != account.AcceptAsNew || o.Inviter != "alice" || o.Organization.Key != "acme" {
				w.Fatalf("Invitation() = %+v, %v", o, err)
			}
		}
		_, err := w.Register(ctx, w.browser, token, account.NewPerson{Password: "short"})
		if !fault.Is(err, "name_empty") && !fault.Is(err, "password_short") {
			w.Errorf("nothing filled in = %v", err)
		}
		var all sync.WaitGroup
		results := make(chan error, 4)
		for range cap(results) {
			all.Go(func() {
				_, err := w.Register(ctx, w.browser, token, person())
				results <- err
			})
		}
		all.Wait()
		close(results)
		made := 0
		for err := range results {
			switch {
			case err == nil:
				made++
			case !fault.Is(err, "invitation_accepted") && !fault.Is(err, "invitation_way"):
				w.Errorf("a loser got %v", err)
			}
		}
		users, err := w.byEmail("new@acme.example")
		if err != nil || made != 1 || len(users) != 1 || users[0].Home != w.acme.ID || users[0].Language != "de" {
			w.Fatalf("%d were made: %+v, %v", made, users, err)
		}
		w.write(func(tx *store.Writer) error {
			m, err := tx.Org(w.acme.ID).Membership(ctx, users[0].ID)
			if m.Role != sso.RoleAdmin {
				w.Errorf("the role is %q", m.Role)
			}
			return err
		})
		_, err = w.Invitation(ctx, nobody, token)
		w.wants("looking again", err, "invitation_accepted")
		// Whoever has accepted it is told nothing of a mistake.
		them := &sso.By{Person: sso.Person{User: users[0].User}}
		if o, err := w.Invitation(ctx, them, token); err != nil || o.Way != account.AcceptDone {
			w.Errorf("looking again, signed in: %q, %v, want done", o.Way, err)
		}
		them.Session.Actor = "usr_support"
		_, err = w.Invitation(ctx, them, token)
		w.wants("looking again, for them", err, "invitation_accepted")
	})
}

func (w *world) byEmail(s string) (users []store.UserAt, err error) {
	err = w.DB.Read(w.Context(), func(r *store.Reader) error {
		users, err = r.UsersByEmail(w.Context(), w.email(s))
		return err
	})
	return users, err
}

func TestWhoMayAcceptAnInvitation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(w *world)
		change  func(w *world, i *sso.Invitation)
		by      func(w *world) *sso.By
		way     account.Way
		code    string
	}{
		"nobody yet":                  {way: account.AcceptAsNew},
		"revoked":                     {change: func(w *world, i *sso.Invitation) { i.RevokedAt = w.now() }, code: "invitation_revoked"},
		"expired":                     {change: func(w *world, i *sso.Invitation) { i.ExpiresAt = w.now() }, code: "invitation_expired"},
		"of a suspended organization": {prepare: func(w *world) { w.acme.State = sso.OrgSuspended; w.policy(&w.acme, sso.Policy{}) }, code: "organization_suspended"},
		"of a domain of ours":         {prepare: func(w *world) { w.vouches(w.acme.ID, "acme.example") }, way: account.AcceptAsNew},
		"of a domain of another":      {prepare: func(w *world) { w.vouches(w.globex.ID, "acme.example") }, code: "ident_foreign"},
		"where sso is demanded":       {prepare: func(w *world) { w.policy(&w.acme, sso.Policy{SSO: sso.SSORequired}) }, way: account.AcceptBySSO},
		"an owner outside the domain": {prepare: func(w *world) { w.policy(&w.acme, sso.Policy{SSO: sso.SSORequired}) }, change: func(_ *world, i *sso.Invitation) { i.Role = sso.RoleOwner }, way: account.AcceptAsNew},
		"somebody who has an account": {change: func(w *world, i *sso.Invitation) { i.Email = w.alice.User.Email }, way: account.AcceptSignIn},
		"the one who is signed in": {change: func(w *world, i *sso.Invitation) {
			i.Email, i.Org, i.Role = w.alice.User.Email, w.globex.ID, sso.RoleMember
		}, by: func(w *world) *sso.By { return &w.alice }, way: account.AcceptSignedIn},
		"a customer's person, by the operators": {
			prepare: func(w *world) { w.rekey(&w.globex, sso.OperatorsKey) }, change: func(w *world, i *sso.Invitation) {
				i.Email, i.Org, i.Role = w.alice.User.Email, w.globex.ID, sso.RoleMember
			},
			code: "operator_elsewhere",
		},
		"a customer's person who is signed in, by the operators": {
			prepare: func(w *world) { w.rekey(&w.globex, sso.OperatorsKey) }, change: func(w *world, i *sso.Invitation) {
				i.Email, i.Org, i.Role = w.alice.User.Email, w.globex.ID, sso.RoleMember
			},
			by: func(w *world) *sso.By { return &w.alice }, code: "operator_elsewhere",
		},
		"somebody new, by the operators": {
			prepare: func(w *world) { w.rekey(&w.acme, sso.OperatorsKey) }, way: account.AcceptAsNew,
		},
		"an administrator, by who is none any more": {change: func(w *world, i *sso.Invitation) {
			i.By = string(w.addPerson(&w.acme, "mona", sso.RoleMember).User.ID)
		}, code: "invitation_revoked"},
		"an administrator, by one of another organization": {change: func(w *world, i *sso.Invitation) {
			i.By = string(w.addPerson(&w.globex, "rita", sso.RoleOwner).User.ID)
		}, code: "invitation_revoked"},
		"an owner, by an administrator": {change: func(w *world, i *sso.Invitation) {
			i.Role, i.By = sso.RoleOwner, string(w.addPerson(&w.acme, "adam", sso.RoleAdmin).User.ID)
		}, code: "invitation_revoked"},
		"an administrator, by one": {change: func(w *world, i *sso.Invitation) {
			i.By = string(w.addPerson(&w.acme, "adam", sso.RoleAdmin).User.ID)
		}, way: account.AcceptAsNew},
		"a member, by who is nobody any more": {change: func(w *world, i *sso.Invitation) {
			i.Role, i.By = sso.RoleMember, string(w.addPerson(&w.globex, "rita", sso.RoleMember).User.ID)
		}, way: account.AcceptAsNew},
		"another who is signed in": {by: func(w *world) *sso.By { return &w.alice }, way: account.AcceptOther},
		"somebody who acts as them": {change: func(w *world, i *sso.Invitation) { i.Email = w.alice.User.Email }, by: func(w *world) *sso.By {
			acting := w.alice
			acting.Session.Actor = "usr_operator"
			return &acting
		}, way: account.AcceptOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t))
			token := w.invite(func(i *sso.Invitation) {
				if tc.change != nil {
					tc.change(w, i)
				}
			})
			if tc.prepare != nil {
				tc.prepare(w)
			}
			by := &sso.By{}
			if tc.by != nil {
				by = tc.by(w)
			}
			o, err := w.Invitation(t.Context(), by, token)
			w.wants("Invitation()", err, tc.code)
			if o.Way != tc.way {
				t.Errorf("the way is %q, want %q", o.Way, tc.way)
			}
			_, joined := w.Join(t.Context(), by, token)
			if (joined == nil) != (tc.way == account.AcceptSignedIn) {
				t.Errorf("Join() = %v", joined)
			}
			_, registered := w.Register(t.Context(), w.browser, token, person())
			if (registered == nil) != (tc.way == account.AcceptAsNew || tc.way == account.AcceptOther && name == "another who is signed in") {
				t.Errorf("Register() = %v", registered) // in a browser of its own: who has the link is who is invited
			}
		})
	}
	w := newWorld(t, storetest.SQLite(t))
	_, err := w.Invitation(t.Context(), &sso.By{}, secret.NewToken())
	w.wants("one that never was", err, "invitation_unknown")
}

// Another customer has given somebody's address to an account that opens nothing
// to them. That stands in nobody's way; the twin opens something.
func TestAnAccountElsewhereThatOpensNothingIsInNobodysWay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(w *world, u *sso.User)
		at     func(w *world) *sso.Organization // their home; nil: another customer's
		way    account.Way
	}{
		"a password":  {way: account.AcceptSignIn},
		"shut out":    {change: func(_ *world, u *sso.User) { u.State = sso.UserSuspended }, way: account.AcceptAsNew},
		"an old one":  {change: func(_ *world, u *sso.User) { u.PasswordHash = "" }, way: account.AcceptSignIn}, // a reset leads back
		"never a key": {change: func(_ *world, u *sso.User) { u.PasswordHash, u.CredentialsAt = "", time.Time{} }, way: account.AcceptAsNew},
		"of a customer whom the vendor has shut out": {change: func(w *world, _ *sso.User) {
			w.globex.State = sso.OrgSuspended
			w.policy(&w.globex, sso.Policy{})
		}, way: account.AcceptAsNew},
		"single sign-on": {change: func(w *world, u *sso.User) {
			u.PasswordHash, u.CredentialsAt = "", time.Time{}
			c := sso.Connection{ID: sso.NewConnectionID(w.now()), Org: w.globex.ID, Key: "globex-idp", Name: "IdP", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: w.now(), UpdatedAt: w.now()}
			w.write(func(tx *store.Writer) error {
				return errors.Join(tx.Org(c.Org).SaveConnection(w.Context(), c), tx.Org(c.Org).InsertLink(w.Context(), sso.Link{Connection: c.ID, Org: c.Org, Subject: "s", User: u.ID, CreatedAt: w.now(), SeenAt: w.now()}))
			})
		}, way: account.AcceptSignIn},
		"shut out, of who has proved the domain": {change: func(w *world, u *sso.User) {
			u.State = sso.UserSuspended
			w.vouches(w.globex.ID, "new.example")
		}, way: account.AcceptSignIn},
		"shut out, where they are invited": {
			change: func(_ *world, u *sso.User) { u.State = sso.UserSuspended },
			at:     func(w *world) *sso.Organization { return &w.acme }, way: account.AcceptSignIn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t))
			home := &w.globex
			if tc.at != nil {
				home = tc.at(w)
			}
			u := w.addPerson(home, "squat", sso.RoleMember).User
			u.Email = w.email("new@new.example")
			token := w.invite(func(i *sso.Invitation) { i.Email = u.Email })
			if tc.change != nil {
				tc.change(w, &u)
			}
			w.save(u)
			o, err := w.Invitation(t.Context(), &sso.By{}, token)
			w.wants("Invitation()", err, "")
			if o.Way != tc.way {
				t.Errorf("the way is %q, want %q", o.Way, tc.way)
			}
			if _, err := w.Register(t.Context(), w.browser, token, person()); (err == nil) != (tc.way == account.AcceptAsNew) {
				t.Errorf("Register() = %v", err)
			}
		})
	}
}

func TestJoiningLeavesWhatSomebodyIsAlready(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		w.move(&w.acme, &w.globex)
		token := w.invite(func(i *sso.Invitation) {
			i.Email, i.Org, i.Role, i.Organizations = w.alice.User.Email, w.globex.ID, sso.RoleMember, []sso.OrgID{w.acme.ID}
		})
		org, err := w.Join(ctx, &w.alice, token)
		if err != nil || org.ID != w.globex.ID {
			w.Fatalf("Join() = %v, %v", org.Key, err)
		}
		for id, want := range map[sso.OrgID]sso.Role{w.globex.ID: sso.RoleMember, w.acme.ID: sso.RoleOwner} {
			w.write(func(tx *store.Writer) error {
				m, err := tx.Org(id).Membership(ctx, w.alice.User.ID)
				if m.Role != want {
					w.Errorf("the role is %q, want %q", m.Role, want)
				}
				return err
			})
		}
	})
}

// An invitation gives access to organizations below. Who is in one that has
// become another customer's meanwhile is that customer's to say.
func TestAnInvitationGivesNothingInWhatHasMovedAway(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		kept, sold := w.addOrg("kept"), w.addOrg("sold")
		w.move(&kept, &w.acme)
		w.move(&sold, &w.acme)
		token := w.invite(func(i *sso.Invitation) {
			i.Email, i.Role, i.Organizations = w.email("nina@nowhere.example"), sso.RoleMember, []sso.OrgID{kept.ID, sold.ID}
		})
		w.move(&sold, &w.globex)
		nina, err := w.Register(ctx, w.browser, token, person())
		w.wants("registering", err, "")
		var orgs []sso.OrgID
		w.write(func(tx *store.Writer) error {
			all, err := tx.Memberships(ctx, nina.ID)
			orgs = nil
			for _, m := range all {
				orgs = append(orgs, m.Org)
			}
			return err
		})
		if !slices.Contains(orgs, w.acme.ID) || !slices.Contains(orgs, kept.ID) || slices.Contains(orgs, sold.ID) {
			w.Errorf("a member of %v, want of Acme and what was kept", orgs)
		}
	})
}

// Between the invitation and its acceptance somebody has made a decision of
// their own: an old offer does not undo it.
func TestJoiningUndoesNoDecisionMadeMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		offered sso.Role
		is      sso.Membership // what they became meanwhile
		changed time.Duration  // after that
		want    sso.Role
	}{
		"came by a connection":         {sso.RoleAdmin, sso.Membership{Role: sso.RoleMember}, 0, sso.RoleAdmin},
		"was restricted afterwards":    {sso.RoleAdmin, sso.Membership{Role: sso.RoleRestricted}, time.Minute, sso.RoleRestricted},
		"was made the owner meanwhile": {sso.RoleMember, sso.Membership{Role: sso.RoleOwner}, 0, sso.RoleOwner},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t))
			gina := w.addPerson(&w.globex, "gina", sso.RoleMember)
			token := w.invite(func(i *sso.Invitation) { i.Email, i.Role = gina.User.Email, tc.offered })
			w.advance(time.Hour)
			m := tc.is
			m.Org, m.User, m.CreatedAt, m.UpdatedAt = w.acme.ID, gina.User.ID, w.now(), w.now().Add(tc.changed)
			w.write(func(tx *store.Writer) error { return tx.Org(w.acme.ID).SaveMembership(t.Context(), m) })
			_, err := w.Join(t.Context(), &gina, token)
			w.wants("joining", err, "")
			w.write(func(tx *store.Writer) error {
				got, err := tx.Org(w.acme.ID).Membership(t.Context(), gina.User.ID)
				if got.Role != tc.want {
					t.Errorf("the role is %q, want %q", got.Role, tc.want)
				}
				return err
			})
		})
	}
}

// An invitation from before the identity provider said who there is leads there,
// adds nobody beside it, and still lets an owner in.
func TestAnInvitationLeadsToTheIdPThatSaysWhoThereIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx, nobody := w.Context(), &sso.By{}
		carol := w.addPerson(&w.globex, "carol", sso.RoleMember)
		stranger := w.invite(nil)
		guest := w.invite(func(i *sso.Invitation) { i.Email = carol.User.Email })
		owner := w.invite(func(i *sso.Invitation) {
			i.Email, i.Role, i.By = w.email("boss@free.example"), sso.RoleOwner, "operator"
		})
		way := func(by *sso.By, token secret.Token) account.Way {
			o, err := w.Invitation(ctx, by, token)
			if err != nil {
				return account.Way(fault.From(err).Code)
			}
			return o.Way
		}
		ways := func() []account.Way {
			return []account.Way{way(nobody, stranger), way(&carol, guest), way(nobody, owner)}
		}
		if got, want := ways(), []account.Way{account.AcceptAsNew, account.AcceptSignedIn, account.AcceptAsNew}; !slices.Equal(got, want) {
			w.Fatalf("by hand: %v, want %v", got, want)
		}
		w.policy(&w.acme, sso.Policy{Managed: true})
		if got, want := ways(), []account.Way{account.AcceptBySSO, "people_managed", account.AcceptAsNew}; !slices.Equal(got, want) {
			w.Errorf("by the identity provider: %v, want %v", got, want)
		}
		if _, err := w.Register(ctx, w.browser, stranger, person()); !fault.Is(err, "invitation_way") {
			w.Errorf("Register() = %v, want invitation_way", err)
		}
		if _, err := w.Join(ctx, &carol, guest); !fault.Is(err, "people_managed") {
			w.Errorf("Join() = %v, want people_managed", err)
		}
		// Whom the identity provider has let in meanwhile takes what they were invited to.
		w.write(func(tx *store.Writer) error {
			return tx.Org(w.acme.ID).SaveMembership(ctx, sso.Membership{Org: w.acme.ID, User: carol.User.ID, Role: sso.RoleMember, CreatedAt: w.now(), UpdatedAt: w.now()})
		})
		if _, err := w.Join(ctx, &carol, guest); err != nil {
			w.Errorf("Join() of a member = %v", err)
		}
	})
}

// Another customer has made an account with the address of who is invited here, and
// has given it a key. The mailbox gives it a password; what has come in by that brings
// nobody along who has the key.
func TestNobodyComesInByAKeyThatWasPlanted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(w *world, by *sso.By)
		bare   bool // the account has no factor
		known  bool // whose the account is
		home   func(w *world) *sso.Organization
		code   string
	}{
		"by a password, and there is a key": {code: "invitation_factor"},
		"by a password, and there is none":  {bare: true},
		"by a password and a factor":        {change: func(_ *world, by *sso.By) { by.Session.AMR = []string{"pwd", "otp", "mfa"} }},
		"by an identity provider that says so": {change: func(_ *world, by *sso.By) {
			by.Session.AMR, by.Session.Connection = []string{"fed", "mfa"}, "con_globex"
		}, code: "invitation_factor"},
		"of who has proved the domain":         {change: func(w *world, _ *sso.By) { w.vouches(w.globex.ID, "new.example") }, known: true},
		"of another who has proved the domain": {change: func(w *world, _ *sso.By) { w.vouches(w.addOrg("third").ID, "new.example") }, code: "invitation_factor"},
		"a member already": {change: func(w *world, by *sso.By) {
			m := sso.Membership{Org: w.acme.ID, User: by.User.ID, Role: sso.RoleMember, CreatedAt: w.now(), UpdatedAt: w.now()}
			w.write(func(tx *store.Writer) error { return tx.Org(w.acme.ID).SaveMembership(w.Context(), m) })
		}, known: true},
		"at home where they are invited": {home: func(w *world) *sso.Organization { return &w.acme }, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t))
			home := &w.globex
			if tc.home != nil {
				home = tc.home(w)
			}
			by := w.addPerson(home, "squat", sso.RoleMember)
			by.User.Email, by.Session.AMR = w.email("new@new.example"), []string{"pwd"}
			w.save(by.User)
			by.User = w.user(by.User.ID)
			if !tc.bare {
				w.write(func(tx *store.Writer) error {
					return tx.InsertFactor(t.Context(), sso.Factor{ID: "fac_planted", User: by.User.ID, Kind: sso.FactorPasskey, Name: "Key", Passkey: &sso.Passkey{Credential: []byte("planted"), PublicKey: []byte{1}}, CreatedAt: w.now()})
				})
			}
			token := w.invite(func(i *sso.Invitation) { i.Email, i.Role = by.User.Email, sso.RoleOwner })
			if tc.change != nil {
				tc.change(w, &by)
			}
			other := w.addSession(&by)
			_, err := w.Join(t.Context(), &by, token)
			w.wants("Join()", err, tc.code)
			if tc.code != "" {
				w.write(func(tx *store.Writer) error { return tx.DeleteFactor(t.Context(), by.User.ID, "fac_planted") })
				_, err = w.Join(t.Context(), &by, token)
				w.wants("Join() once it is gone", err, "")
			}
			for id, want := range map[sso.SessionID]bool{by.Session.ID: true, other.ID: tc.known} {
				var p sso.Person
				err := w.DB.Read(t.Context(), func(r *store.Reader) (err error) {
					p, err = r.PersonBySession(t.Context(), id)
					return err
				})
				if got := err == nil && p.Session.Live(w.now()) == nil; got != want {
					t.Errorf("session %s goes on: %v, want %v (%v)", id, got, want, err)
				}
			}
		})
	}
}

// vouches says for an organization that a domain is theirs.
func (w *world) vouches(org sso.OrgID, name string) {
	w.Helper()
	d := sso.NewDomain(org, name, w.now())
	d.Vouch(w.now())
	w.write(func(tx *store.Writer) error { return tx.Org(org).SaveDomain(w.Context(), d) })
}
