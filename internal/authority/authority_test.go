package authority_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with a tree, Acme above Acme EMEA and Acme US, and a
// rival.
type house struct {
	*testing.T
	*authority.Service
	at               atomic.Int64 // the clock
	acme, emea, us   sso.Organization
	rival            sso.Organization
	everything, dns  secret.Token // of links of Acme
	everythingID     sso.SetupLinkID
	owner, admin     sso.By // of Acme
	member           sso.By
	below, ownerElse sso.By // owners of Acme EMEA and of the rival
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t}
			h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			h.Service = &authority.Service{DB: e.Bare(t), Now: h.now}
			h.acme = h.addOrg("acme", nil)
			h.emea, h.us, h.rival = h.addOrg("acme-emea", &h.acme), h.addOrg("acme-us", &h.acme), h.addOrg("rival", nil)
			h.owner, h.admin, h.member = h.add(h.acme, "olga", sso.RoleOwner), h.add(h.acme, "adam", sso.RoleAdmin), h.add(h.acme, "mia", sso.RoleMember)
			h.below, h.ownerElse = h.add(h.emea, "elsa", sso.RoleOwner), h.add(h.rival, "rita", sso.RoleOwner)
			h.everything, h.everythingID = h.link(&h.acme, sso.SetupSSO)
			h.dns, _ = h.link(&h.acme, sso.SetupDomains)
			test(h)
		})
	}
}

func (h *house) now() time.Time { return time.UnixMicro(h.at.Add(1)).UTC() }

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) addOrg(key string, parent *sso.Organization) sso.Organization {
	h.Helper()
	now := h.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: "The " + key, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(parent); err != nil {
		h.Fatal(err)
	}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
	o.Version = 1
	return o
}

// change saves an organization that a test has changed.
func (h *house) change(o *sso.Organization) {
	h.Helper()
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), *o) })
	o.Version++
}

// add adds a member, signed in.
func (h *house) add(org sso.Organization, name string, role sso.Role) sso.By {
	h.Helper()
	now := h.now()
	u := sso.User{ID: sso.NewUserID(now), Home: org.ID, Username: name, State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	s := sso.Session{ID: sso.NewSessionID(now), User: u.ID, Org: org.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
	h.write(func(tx *store.Writer) error {
		o := tx.Org(org.ID)
		return errors.Join(o.SaveUser(h.Context(), u), o.SaveMembership(h.Context(), m), tx.InsertSession(h.Context(), s, secret.NewToken().Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: org, Membership: m}, Address: "192.0.2.1"}
}

func (h *house) link(o *sso.Organization, scope sso.SetupScope) (secret.Token, sso.SetupLinkID) {
	h.Helper()
	now, token := h.now(), secret.NewToken()
	l := sso.SetupLink{ID: sso.NewSetupLinkID(now), Org: o.ID, Scope: scope, Note: "for IT", By: h.owner.User.ID, CreatedAt: now, ExpiresAt: now.Add(sso.SetupLinkLife)}
	h.write(func(tx *store.Writer) error { return tx.Org(o.ID).InsertSetupLink(h.Context(), l, token.Hash()) })
	return token, l.ID
}

func signedIn(by *sso.By) *authority.Who { return &authority.Who{By: *by, Address: by.Address} }
func holding(token secret.Token) *authority.Who {
	return &authority.Who{Link: token, Address: "192.0.2.9"}
}

// try holds both doors to one answer: the page that asks, and the change. code
// is "" where they may.
func (h *house) try(name string, who *authority.Who, o *sso.Organization, need authority.Need, code string) {
	h.Helper()
	before := h.events(o)
	_, err := h.Enter(h.Context(), who, o.Key, need)
	h.held(name+", entering", err, code)
	ran := false
	err = h.Change(h.Context(), who, o.ID, need, func(a *authority.Act) error {
		ran = true
		return a.Record("domain.claimed", "acme.example", nil)
	})
	if code == "page_not_found" { // whoever changes has a page before them
		code = "not found"
	}
	h.held(name+", changing", err, code)
	if ran != (code == "") {
		h.Errorf("%s: the change ran: %t", name, ran)
	}
	if got := h.events(o) - before; (got == 1) != (code == "") {
		h.Errorf("%s: the audit list grew by %d", name, got)
	}
}

func (h *house) held(what string, err error, code string) {
	h.Helper()
	switch {
	case code == "" && err != nil:
		h.Errorf("%s: %v", what, err)
	case code == "not found" && !errors.Is(err, store.ErrNotFound):
		h.Errorf("%s: %v, want not found", what, err)
	case code != "" && code != "not found" && !fault.Is(err, code):
		h.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (h *house) events(o *sso.Organization) (n int) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		all, err := tx.Org(o.ID).Events(h.Context(), 1000)
		n = len(all)
		return err
	})
	return n
}

func needs() []authority.Need {
	return []authority.Need{authority.Domains, authority.Setup, authority.Owner}
}

func TestAnOwnerMay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for _, need := range needs() {
			h.try("the owner", signedIn(&h.owner), &h.acme, need, "")
			h.try("the owner, one below", signedIn(&h.owner), &h.emea, need, "")
			h.try("the owner below", signedIn(&h.below), &h.emea, need, "")
			h.try("an administrator", signedIn(&h.admin), &h.acme, need, "rights_owner")
			h.try("an administrator, one below", signedIn(&h.admin), &h.emea, need, "rights_owner")
			h.try("a member", signedIn(&h.member), &h.acme, need, "page_not_found")
			h.try("an owner from below", signedIn(&h.below), &h.acme, need, "page_not_found")
			h.try("an owner from beside", signedIn(&h.below), &h.us, need, "page_not_found")
			h.try("an owner from elsewhere", signedIn(&h.ownerElse), &h.acme, need, "page_not_found")
		}
		if _, err := h.Enter(h.Context(), signedIn(&h.owner), "nobody", authority.Owner); !fault.Is(err, "page_not_found") {
			h.Errorf("an organization that is not there: %v", err)
		}
	})
}

func TestALinkOpensWhatItIsFor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		emeas, _ := h.link(&h.emea, sso.SetupSSO)
		h.try("a link for the domains", holding(h.dns), &h.acme, authority.Domains, "")
		h.try("a link for everything", holding(h.everything), &h.acme, authority.Domains, "")
		h.try("a link for everything", holding(h.everything), &h.acme, authority.Setup, "")
		h.try("a link for the domains, elsewhere", holding(h.dns), &h.acme, authority.Setup, "setup_link_scope")
		for _, l := range []secret.Token{h.dns, h.everything} {
			h.try("a link at what is an owner's", holding(l), &h.acme, authority.Owner, "setup_link_scope")
			h.try("a link of the one above", holding(l), &h.emea, authority.Domains, "page_not_found")
			h.try("a link of another", holding(l), &h.rival, authority.Domains, "page_not_found")
		}
		h.try("a link of the one below", holding(emeas), &h.acme, authority.Domains, "page_not_found")
		h.try("its own", holding(emeas), &h.emea, authority.Setup, "")
		h.try("what is no link", holding(secret.NewToken()), &h.acme, authority.Domains, "setup_link_over")
		p, err := h.Enter(h.Context(), holding(emeas), "", authority.Setup)
		if err != nil || len(p.Line) != 1 || p.Line[0].ID != h.emea.ID || len(p.Lineage) != 2 {
			h.Errorf("the holder of a link sees %d organizations, %v", len(p.Line), err)
		}
	})
}

func TestALinkEnds(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.try("before", holding(h.everything), &h.acme, authority.Setup, "")
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.acme.ID).RevokeSetupLink(h.Context(), h.everythingID, h.now())
		})
		h.try("once revoked", holding(h.everything), &h.acme, authority.Setup, "setup_link_over")
		h.at.Add(int64(sso.SetupLinkLife/time.Microsecond) - int64(time.Hour/time.Microsecond))
		h.try("near its end", holding(h.dns), &h.acme, authority.Domains, "")
		h.at.Add(int64(time.Hour / time.Microsecond))
		h.try("once expired", holding(h.dns), &h.acme, authority.Domains, "setup_link_over")
	})
}

// Whoever has a link can let anybody in. An owner who leaves takes none along.
func TestALinkStandsOnWhoMadeIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		by := func(o *sso.Organization, maker *sso.By) secret.Token {
			was := h.owner
			h.owner = *maker
			token, _ := h.link(o, sso.SetupSSO)
			h.owner = was
			return token
		}
		operators := h.addOrg(sso.OperatorsKey, nil)
		left, operator := h.add(h.acme, "lea", sso.RoleOwner), h.add(operators, "oscar", sso.RoleAdmin)
		support := h.add(operators, "susan", sso.RoleMember)
		lefts, below, vendors := by(&h.acme, &left), by(&h.emea, &left), by(&h.acme, &operator)
		h.try("an owner's", holding(lefts), &h.acme, authority.Setup, "")
		h.try("an owner's above", holding(below), &h.emea, authority.Setup, "")
		h.try("an operator's", holding(vendors), &h.acme, authority.Setup, "")
		for name, maker := range map[string]*sso.By{"an administrator": &h.admin, "an owner below": &h.below, "an owner elsewhere": &h.ownerElse, "a support agent": &support} {
			h.try("one of "+name, holding(by(&h.acme, maker)), &h.acme, authority.Domains, "setup_link_over")
		}

		for name, change := range map[string]func(tx *store.Writer) error{
			"suspended": func(tx *store.Writer) error {
				u, err := tx.User(h.Context(), left.User.ID)
				u.State = sso.UserSuspended
				return errors.Join(err, tx.Org(h.acme.ID).SaveUser(h.Context(), u))
			},
			"made an administrator": func(tx *store.Writer) error {
				m := left.Membership
				m.Role = sso.RoleAdmin
				return tx.Org(h.acme.ID).SaveMembership(h.Context(), m)
			},
			"removed": func(tx *store.Writer) error {
				return tx.Org(h.acme.ID).RemoveMembership(h.Context(), left.User.ID, h.Now())
			},
		} {
			h.write(change)
			h.try("one of whoever was "+name, holding(lefts), &h.acme, authority.Setup, "setup_link_over")
			h.try("one below of whoever was "+name, holding(below), &h.emea, authority.Setup, "setup_link_over")
			h.write(func(tx *store.Writer) error {
				u, err := tx.User(h.Context(), left.User.ID)
				u.State = sso.UserActive
				return errors.Join(err, tx.Org(h.acme.ID).SaveUser(h.Context(), u), tx.Org(h.acme.ID).SaveMembership(h.Context(), left.Membership))
			})
			h.try("and let in again", holding(lefts), &h.acme, authority.Setup, "")
		}
		h.write(func(tx *store.Writer) error {
			return tx.Org(operators.ID).RemoveMembership(h.Context(), operator.User.ID, h.Now())
		})
		h.try("one of who was an operator", holding(vendors), &h.acme, authority.Setup, "setup_link_over")
	})
}

func TestNobodyMayInASuspendedOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		emeas, _ := h.link(&h.emea, sso.SetupSSO)
		h.try("before", holding(emeas), &h.emea, authority.Setup, "")
		h.acme.State = sso.OrgSuspended
		h.change(&h.acme)
		h.try("a link", holding(h.everything), &h.acme, authority.Setup, "organization_suspended")
		h.try("a link below", holding(emeas), &h.emea, authority.Setup, "organization_suspended")
		// Whoever is signed in was asked by the router; the change asks again.
		err := h.Change(h.Context(), signedIn(&h.owner), h.acme.ID, authority.Owner, func(*authority.Act) error { return nil })
		h.held("the owner", err, "session_over")
		h.acme.State = sso.OrgActive
		h.change(&h.acme)
		h.try("a link, let in again", holding(h.everything), &h.acme, authority.Setup, "")
		err = h.Change(h.Context(), signedIn(&h.owner), h.acme.ID, authority.Owner, func(*authority.Act) error { return nil })
		h.held("the owner, whose session has ended", err, "session_over")
		again := h.add(h.acme, "nora", sso.RoleOwner)
		h.try("an owner who has signed in since", signedIn(&again), &h.acme, authority.Owner, "")
	})
}

// What somebody was when their page was made does not count.
func TestAChangeAsksAnew(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		act := func(by *sso.By) error {
			return h.Change(h.Context(), signedIn(by), h.acme.ID, authority.Owner, func(*authority.Act) error { return nil })
		}
		second := h.add(h.acme, "otto", sso.RoleOwner)
		if err := act(&second); err != nil {
			h.Fatalf("an owner: %v", err)
		}
		m := second.Membership
		m.Role = sso.RoleAdmin
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveMembership(h.Context(), m) })
		h.held("who is an owner no more", act(&second), "rights_owner")

		acting := h.owner
		acting.Session.ID, acting.Session.Actor, acting.Session.Reason = sso.NewSessionID(h.now()), h.ownerElse.User.ID, "helping"
		h.write(func(tx *store.Writer) error {
			return tx.InsertSession(h.Context(), acting.Session, secret.NewToken().Hash())
		})
		h.held("who acts as an owner", act(&acting), "acting_setup")
		h.held("the owner", act(&h.owner), "")

		h.write(func(tx *store.Writer) error {
			_, err := tx.EndSessionsOf(h.Context(), h.owner.User.ID, h.now())
			return err
		})
		h.held("whose session has ended", act(&h.owner), "session_over")
		gone := h.owner
		gone.Session.ID = sso.NewSessionID(h.now())
		h.held("whose session never was", act(&gone), "session_over")
	})
}

func TestTheAuditListNamesTheLink(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.try("a link", holding(h.everything), &h.acme, authority.Setup, "")
		h.try("the owner, one below", signedIn(&h.owner), &h.emea, authority.Setup, "")
		h.write(func(tx *store.Writer) error {
			for org, want := range map[sso.OrgID]sso.Event{
				h.acme.ID: {Actor: string(h.everythingID), Address: "192.0.2.9"},
				h.emea.ID: {Actor: string(h.owner.User.ID), Address: "192.0.2.1"},
			} {
				events, err := tx.Org(org).Events(h.Context(), 1)
				if err != nil {
					return err
				}
				if got := events[0]; got.Org != org || got.Actor != want.Actor || got.Address != want.Address || got.Action != "domain.claimed" {
					h.Errorf("the audit list says %+v", got)
				}
			}
			return nil
		})
	})
}

func TestGrantedBelowWhatIsGrantedAbove(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		granted := func(by *sso.By) error {
			p, err := h.Enter(h.Context(), signedIn(by), "", authority.Owner)
			if err != nil {
				h.Fatal(err)
			}
			return p.Granted()
		}
		h.held("without", granted(&h.below), "organization_not_entitled")
		h.acme.Entitlements = []sso.Entitlement{sso.EntitledSCIM}
		h.change(&h.acme)
		h.held("with another", granted(&h.below), "organization_not_entitled")
		h.acme.Entitlements = []sso.Entitlement{sso.EntitledSSO}
		h.change(&h.acme)
		h.held("granted above", granted(&h.below), "")
		h.held("itself", granted(&h.owner), "")
		h.held("another", granted(&h.ownerElse), "organization_not_entitled")
	})
}
