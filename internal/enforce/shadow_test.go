package enforce_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// firm is Acme, entitled to single sign-on, with a connection in use, and a
// rival.
type firm struct {
	*testing.T
	*enforce.Service
	at           atomic.Int64 // the clock
	acme, rival  sso.Organization
	olga, rita   sso.By // owners of the two
	conn         sso.Connection
	link, narrow secret.Token // setup links of Acme: for everything, for domains
}

func eachFirm(t *testing.T, test func(f *firm)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(newFirm(t, e.Open(t)))
		})
	}
}

func newFirm(t *testing.T, db *store.DB) *firm {
	t.Helper()
	f := &firm{T: t, link: secret.NewToken(), narrow: secret.NewToken()}
	f.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	f.Service = &enforce.Service{DB: db, Authority: &authority.Service{DB: db, Now: f.now}, Now: f.now}
	f.acme, f.rival = f.addOrg("acme"), f.addOrg("rival")
	f.olga, f.rita = f.add(&f.acme, "olga", sso.RoleOwner), f.add(&f.rival, "rita", sso.RoleOwner)
	now := f.now()
	f.conn = sso.Connection{
		ID: sso.NewConnectionID(now), Org: f.acme.ID, Key: "acme-idp", Name: "IdP", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate,
		SAML: sso.SAML{
			IdPEntityID: "https://old.example", Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://old.example/sso"}}, Certificates: [][]byte{{1}},
		},
		CreatedAt: now, UpdatedAt: now,
	}
	f.write(func(tx *store.Writer) error {
		acme := tx.Org(f.acme.ID)
		for token, scope := range map[secret.Token]sso.SetupScope{f.link: sso.SetupSSO, f.narrow: sso.SetupDomains} {
			at := f.now()
			l := sso.SetupLink{ID: sso.NewSetupLinkID(at), Org: f.acme.ID, Scope: scope, Note: "for IT", By: f.olga.User.ID, CreatedAt: at, ExpiresAt: at.Add(sso.SetupLinkLife)}
			if err := acme.InsertSetupLink(t.Context(), l, token.Hash()); err != nil {
				return err
			}
		}
		return acme.SaveConnection(t.Context(), f.conn)
	})
	return f
}

// now returns an instant that was never returned before.
func (f *firm) now() time.Time { return time.UnixMicro(f.at.Add(1)).UTC() }

func (f *firm) write(do func(tx *store.Writer) error) {
	f.Helper()
	if err := f.DB.Write(f.Context(), do); err != nil {
		f.Fatal(err)
	}
}

func (f *firm) addOrg(key string) sso.Organization {
	f.Helper()
	now := f.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: "The " + key, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(nil); err != nil {
		f.Fatal(err)
	}
	f.write(func(tx *store.Writer) error { return tx.SaveOrganization(f.Context(), o) })
	o.Version = 1
	return o
}

// add adds a member, signed in.
func (f *firm) add(org *sso.Organization, name string, role sso.Role) sso.By {
	f.Helper()
	now := f.now()
	u := sso.User{ID: sso.NewUserID(now), Home: org.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@" + org.Key + ".example"), State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	s := sso.Session{ID: sso.NewSessionID(now), User: u.ID, Org: org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
	f.write(func(tx *store.Writer) error {
		o := tx.Org(org.ID)
		return errors.Join(o.SaveUser(f.Context(), u), o.SaveMembership(f.Context(), m), tx.InsertSession(f.Context(), s, secret.NewToken().Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: *org, Membership: m}, Address: "192.0.2.1"}
}

func signedIn(by *sso.By) *authority.Who { return &authority.Who{By: *by, Address: by.Address} }
func holding(token secret.Token) *authority.Who {
	return &authority.Who{Link: token, Address: "192.0.2.9"}
}

// prepared prepares settings, and changes them.
func (f *firm) prepared(change func(s *sso.Shadow)) {
	f.Helper()
	if err := f.Prepare(f.Context(), signedIn(&f.olga), f.acme.ID, f.conn.Key); err != nil {
		f.Fatal(err)
	}
	f.write(func(tx *store.Writer) error {
		s, err := tx.Shadow(f.Context(), f.conn.ID, sso.Prepared)
		if err != nil {
			return err
		}
		change(&s)
		s.UpdatedAt = f.now()
		return tx.Org(f.acme.ID).SaveShadow(f.Context(), s)
	})
}

// tries has somebody pass a test of the prepared settings as they are.
func (f *firm) tries(name string) {
	f.Helper()
	f.write(func(tx *store.Writer) error {
		s, err := tx.Shadow(f.Context(), f.conn.ID, sso.Prepared)
		if err != nil {
			return err
		}
		tried, at := f.conn.Beside(&s), f.now()
		return tx.Org(f.acme.ID).InsertTest(f.Context(), sso.Test{
			ID: sso.NewTestID(at), Org: f.acme.ID, Connection: f.conn.ID, Shadow: true, Fingerprint: tried.Fingerprint(), State: sso.TestPassed, Subject: name, CreatedAt: at, AnsweredAt: at,
		})
	})
}

// links has the connection sign somebody in.
func (f *firm) links(by *sso.By) {
	f.Helper()
	f.write(func(tx *store.Writer) error {
		return tx.Org(f.acme.ID).InsertLink(f.Context(), sso.Link{Org: f.acme.ID, Connection: f.conn.ID, Subject: "named:" + by.User.Username, User: by.User.ID, CreatedAt: f.now(), SeenAt: f.now()})
	})
}

// shadows returns what there is, as the owner sees it.
func (f *firm) shadows() enforce.Shadows {
	f.Helper()
	s, err := f.Shadows(f.Context(), &authority.Place{Organization: f.acme}, f.conn.Key)
	if err != nil {
		f.Fatal(err)
	}
	return s
}

func (f *firm) seen(who *authority.Who, which sso.Which) enforce.Seen {
	f.Helper()
	s := f.shadows()
	seen := enforce.Seen{Who: who, Org: f.acme.ID, Key: f.conn.Key, Version: s.Version}
	if beside := map[sso.Which]*sso.Shadow{sso.Prepared: s.Prepared, sso.Former: s.Former}[which]; beside != nil {
		seen.Beside = beside.Version
	}
	return seen
}

// audit returns what the audit list of Acme says, the earliest first.
func (f *firm) audit() []string {
	f.Helper()
	var actions []string
	f.write(func(tx *store.Writer) error {
		events, err := tx.Org(f.acme.ID).Events(f.Context(), 1000)
		actions = nil
		for i := range slices.Backward(events) {
			actions = append(actions, events[i].Action)
		}
		return err
	})
	return actions
}

func refused(t testing.TB, what string, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// A swap wants settings that differ and that somebody has tried as they are;
// then it is done, written down, and undone by one step.
func TestASwapWantsATestOfWhatIsSwapped(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		owner := signedIn(&f.olga)
		swap := func() error { return f.Swap(f.Context(), f.seen(owner, sso.Prepared)) }
		refused(f, "swapping nothing", swap(), "shadow_gone")
		refused(f, "the way back from nothing", f.Return(f.Context(), f.seen(owner, sso.Former)), "shadow_gone")
		f.prepared(func(*sso.Shadow) {})
		refused(f, "swapping a copy", swap(), "shadow_same")
		f.prepared(func(s *sso.Shadow) { s.Attributes.Email = "mail" })
		refused(f, "swapping what nobody has tried", swap(), "connection_untested")
		f.tries("named:olga")
		f.prepared(func(s *sso.Shadow) { s.Attributes.Email = "email" })
		refused(f, "swapping what was changed since", swap(), "connection_untested")
		f.tries("named:olga")
		stale := f.seen(owner, sso.Prepared)
		f.prepared(func(s *sso.Shadow) { s.SAML.ForceAuthn = false })
		refused(f, "swapping what a colleague has saved", f.Swap(f.Context(), stale), "connection_changed")
		if got := f.shadows(); got.Tested != 1 || !slices.Equal(got.Differs, []string{"attributes"}) || got.OtherIdP() {
			f.Errorf("before the swap: %d tested, %v differs", got.Tested, got.Differs)
		}
		must(f, "swapping", swap())
		got := f.shadows()
		if got.Attributes.Email != "email" || got.Prepared != nil || got.Former == nil || got.Former.Attributes.Email != "" || got.State != sso.ConnectionActive {
			f.Errorf("after the swap: %+v", got)
		}
		must(f, "swapping back", f.Return(f.Context(), f.seen(owner, sso.Former)))
		if got := f.shadows(); got.Attributes.Email != "" || got.Former == nil || got.Former.Attributes.Email != "email" {
			f.Errorf("after the way back: %+v", got)
		}
		if got, want := f.audit(), []string{"connection.prepared", "connection.swapped", "connection.returned"}; !slices.Equal(got, want) {
			f.Errorf("audit %v, want %v", got, want)
		}
	})
}

// Whoever may set single sign-on up may swap; to another identity provider, by
// which the people of the old one are known, an owner alone. Nobody else does
// any of it.
func TestWhoSwaps(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		adam := f.add(&f.acme, "adam", sso.RoleAdmin)
		f.prepared(func(s *sso.Shadow) { s.Attributes.Email = "mail" })
		f.tries("named:olga")
		acts := map[string]func(who *authority.Who) error{
			"Prepare": func(who *authority.Who) error { return f.Prepare(f.Context(), who, f.acme.ID, f.conn.Key) },
			"Discard": func(who *authority.Who) error { return f.Discard(f.Context(), who, f.acme.ID, f.conn.Key) },
			"Swap":    func(who *authority.Who) error { return f.Swap(f.Context(), f.seen(who, sso.Prepared)) },
			"Return":  func(who *authority.Who) error { return f.Return(f.Context(), f.seen(who, sso.Former)) },
		}
		for name, act := range acts {
			refused(f, name+" by an administrator", act(signedIn(&adam)), "rights_owner")
			refused(f, name+" by a link for domains", act(holding(f.narrow)), "setup_link_scope")
			refused(f, name+" by a token of nobody", act(holding(secret.NewToken())), "setup_link_over")
			refused(f, name+" by another organization's owner", act(signedIn(&f.rita)), "not_found")
			seen := f.seen(signedIn(&f.rita), sso.Prepared)
			seen.Org = f.rival.ID
			refused(f, name+" in the wrong organization", f.Swap(f.Context(), seen), "page_not_found")
		}
		link := holding(f.link)
		must(f, "swapping by a link", f.Swap(f.Context(), f.seen(link, sso.Prepared)))
		must(f, "swapping back by a link", f.Return(f.Context(), f.seen(link, sso.Former)))

		f.prepared(func(s *sso.Shadow) { s.SAML.IdPEntityID = "https://new.example" })
		f.tries("named:olga")
		f.links(&f.olga)
		refused(f, "another identity provider by a link", f.Swap(f.Context(), f.seen(link, sso.Prepared)), "setup_link_scope")
		must(f, "another identity provider by an owner", f.Swap(f.Context(), f.seen(signedIn(&f.olga), sso.Prepared)))
		refused(f, "the old one by a link", f.Return(f.Context(), f.seen(link, sso.Former)), "setup_link_scope")
		must(f, "the old one by an owner", f.Return(f.Context(), f.seen(signedIn(&f.olga), sso.Former)))
		must(f, "preparing by a link", f.Prepare(f.Context(), link, f.acme.ID, f.conn.Key))
		must(f, "discarding by a link", f.Discard(f.Context(), link, f.acme.ID, f.conn.Key))
	})
}

// Of many swaps at once one is done: the others have seen what is not there any
// more.
func TestOneOfManySwaps(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.prepared(func(s *sso.Shadow) { s.Attributes.Email = "mail" })
		f.tries("named:olga")
		seen := f.seen(signedIn(&f.olga), sso.Prepared)
		errs := make([]error, 8)
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range errs {
			all.Go(func() {
				<-start
				errs[i] = f.Swap(context.WithoutCancel(f.Context()), seen)
			})
		}
		close(start)
		all.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !fault.Is(err, "shadow_gone"):
				f.Errorf("a swap that came too late: %v", err)
			}
		}
		if got := f.shadows(); done != 1 || got.Turn != 1 {
			f.Errorf("%d swaps were done, and the turn is %d", done, got.Turn)
		}
	})
}
