package inspect_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with Acme, a sub-organization of it and a rival, who
// all have the same identity provider.
type house struct {
	*testing.T
	*inspect.Service
	at                atomic.Int64 // the clock
	acme, emea, rival sso.Organization
	owner, below      sso.By // owners of acme and of emea
	okta              sso.Connection
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t}
			h.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			db := e.Open(t)
			sealer, err := secret.NewSealer(make([]byte, 32))
			if err != nil {
				t.Fatal(err)
			}
			h.Service = &inspect.Service{
				DB: db, Authority: &authority.Service{DB: db, Now: h.now}, Outbox: &notify.Outbox{Sealer: sealer, Now: h.now}, Sealer: sealer, BaseURL: "https://id.example", Now: h.now,
			}
			h.acme = h.addOrg("acme", nil)
			h.emea, h.rival = h.addOrg("emea", &h.acme), h.addOrg("rival", nil)
			h.owner, h.below = h.signedIn(&h.acme, "olga"), h.signedIn(&h.emea, "emil")
			h.okta = h.connection(&h.acme, "acme-okta")
			test(h)
		})
	}
}

// now returns an instant that was never returned before.
func (h *house) now() time.Time { return time.UnixMicro(h.at.Add(1)).UTC() }

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) addOrg(key string, above *sso.Organization) sso.Organization {
	h.Helper()
	now := h.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: "The " + key, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(above); err != nil {
		h.Fatal(err)
	}
	domain := sso.Domain{Org: o.ID, Name: key + ".example", State: sso.DomainVerified, Proof: sso.ProofVouched, CreatedAt: now, VerifiedAt: now}
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(h.Context(), o), tx.Org(o.ID).SaveDomain(h.Context(), domain))
	})
	o.Version = 1
	return o
}

func (h *house) connection(o *sso.Organization, key string) sso.Connection {
	h.Helper()
	now := h.now()
	c := sso.Connection{
		ID: sso.NewConnectionID(now), Org: o.ID, Key: key, Name: "Okta of " + o.Key, Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate,
		SAML: sso.SAML{IdPEntityID: "https://idp.example", Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/sso"}}, Certificates: [][]byte{{1}}}, CreatedAt: now, UpdatedAt: now,
	}
	h.write(func(tx *store.Writer) error { return tx.Org(o.ID).SaveConnection(h.Context(), c) })
	c.Version = 1
	return c
}

// add adds somebody at home in an organization, with an address of acme's, and
// a session of theirs.
func (h *house) add(o *sso.Organization, name string, role sso.Role) sso.By {
	h.Helper()
	now := h.now()
	u := sso.User{ID: sso.NewUserID(now), Home: o.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@acme.example"), State: sso.UserActive, CreatedAt: now, UpdatedAt: now, Version: 1}
	stored := u
	stored.Version = 0
	h.write(func(tx *store.Writer) error { return tx.Org(o.ID).SaveUser(h.Context(), stored) })
	h.join(o, u.ID, role)
	return sso.By{Person: sso.Person{Session: h.session(o, u.ID), User: u, Org: *o, Membership: sso.Membership{Org: o.ID, User: u.ID, Role: role}}, Address: "192.0.2.1"}
}

func (h *house) signedIn(o *sso.Organization, name string) sso.By {
	h.Helper()
	return h.add(o, name, sso.RoleOwner)
}

func (h *house) session(o *sso.Organization, user sso.UserID) sso.Session {
	h.Helper()
	now := h.now()
	s := sso.Session{ID: sso.NewSessionID(now), User: user, Org: o.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
	h.write(func(tx *store.Writer) error { return tx.InsertSession(h.Context(), s, secret.NewToken().Hash()) })
	return s
}

func (h *house) join(o *sso.Organization, user sso.UserID, role sso.Role, groups ...string) {
	h.Helper()
	now := h.now()
	h.write(func(tx *store.Writer) error {
		return tx.Org(o.ID).SaveMembership(h.Context(), sso.Membership{Org: o.ID, User: user, Role: role, Groups: groups, CreatedAt: now, UpdatedAt: now})
	})
}

// address gives somebody an address.
func (h *house) address(by *sso.By, address string) {
	h.Helper()
	by.User.Email = sso.StoredEmail(address)
	h.write(func(tx *store.Writer) error { return tx.Org(by.User.Home).SaveUser(h.Context(), by.User) })
	by.User.Version++
}

// link has a subject stand for somebody.
func (h *house) link(c *sso.Connection, subject string, user sso.UserID) {
	h.Helper()
	now := h.now()
	h.write(func(tx *store.Writer) error {
		return tx.Org(c.Org).InsertLink(h.Context(), sso.Link{Connection: c.ID, Org: c.Org, Subject: subject, User: user, Issuer: c.SAML.IdPEntityID, CreatedAt: now, SeenAt: now})
	})
}

// namespace returns in which a subject at acme's connection was seen last.
func (h *house) namespace(subject string) string {
	h.Helper()
	var l sso.Link
	h.write(func(tx *store.Writer) error {
		var err error
		l, err = tx.Link(h.Context(), h.okta.ID, subject)
		return err
	})
	return l.Issuer
}

// linked returns for whom a subject at acme's connection stands; "": nobody.
func (h *house) linked(subject string) sso.UserID {
	h.Helper()
	var l sso.Link
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		var err error
		l, err = r.Link(h.Context(), h.okta.ID, subject)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return l.User
}

// clash puts a conflict of a subject "new" into acme's inbox.
func (h *house) clash(kind sso.ClashKind, address string, candidates ...sso.UserID) sso.ConflictID {
	h.Helper()
	now := h.now()
	c := sso.Conflict{
		ID: sso.NewConflictID(now), Org: h.acme.ID, Connection: h.okta.ID, Subject: "new", Clash: sso.Clash{Kind: kind, Candidates: candidates},
		Asserted: sso.Asserted{Subject: "new", Namespace: h.okta.Namespace(), Email: sso.StoredEmail(address)}, Reference: "7F3K-22QD", SeenAt: now,
	}
	h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).NoteConflict(h.Context(), c) })
	return c.ID
}

func (h *house) state(id sso.ConflictID) sso.ConflictState {
	h.Helper()
	p := h.page(id)
	return p.State
}

func (h *house) page(id sso.ConflictID) inspect.ConflictPage {
	h.Helper()
	p, err := h.Conflict(h.Context(), &authority.Place{Organization: h.acme}, id)
	if err != nil {
		h.Fatal(err)
	}
	return p
}

func who(by *sso.By) *authority.Who { return &authority.Who{By: *by, Address: by.Address} }

func (h *house) wants(err error, code string) {
	h.Helper()
	if code == "" && err == nil {
		return
	}
	if err == nil || !fault.Is(err, code) {
		h.Fatalf("got %v, want the fault %q", err, code)
	}
}

// standing returns everything that somebody is.
func (h *house) standing(user sso.UserID) sso.Standing {
	h.Helper()
	var s sso.Standing
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		var err error
		s, err = r.Standing(h.Context(), user)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return s
}

// lives reports whether a session may be used.
func (h *house) lives(s sso.Session) bool {
	h.Helper()
	lives := false
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		p, err := r.PersonBySession(h.Context(), s.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		lives = err == nil && p.Valid(h.now()) == nil
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return lives
}

// events returns the actions of acme's audit list, the latest first.
func (h *house) events() (actions []string) {
	h.Helper()
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		all, err := r.Org(h.acme.ID).Events(h.Context(), 100)
		for _, e := range all {
			if e.Actor != string(h.owner.User.ID) {
				h.Errorf("%s is by %s", e.Action, e.Actor)
			}
			actions = append(actions, e.Action+" "+e.Target)
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return actions
}

// mails returns which messages wait for whom.
func (h *house) mails() string {
	h.Helper()
	var all []string
	h.write(func(tx *store.Writer) error {
		all = nil
		messages, err := tx.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		for _, m := range messages {
			all = append(all, m.Kind+" "+m.To)
		}
		return err
	})
	slices.Sort(all)
	return strings.Join(all, ", ")
}
