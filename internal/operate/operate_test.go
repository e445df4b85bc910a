package operate_test

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with an operator, a support agent, and Alice of Acme.
type house struct {
	testing.TB
	*operate.Service
	signIn   *signin.Service
	now      time.Time
	operator sso.By
	support  sso.By
	alice    sso.By
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, e.Open(t)))
		})
	}
}

func newHouse(t testing.TB, db *store.DB) *house {
	h := &house{TB: t, now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return h.now }
	outbox := &notify.Outbox{Sealer: sealer, Now: clock}
	h.Service = &operate.Service{
		DB: db, Now: clock, Recovery: &recovery.Service{Outbox: outbox, Now: clock}, Links: authority.Links{Outbox: outbox}, Sealer: sealer, Pace: federation.DefaultPace(),
	}
	h.signIn = &signin.Service{DB: db, Now: clock}
	operators := h.addOrg(sso.OperatorsKey)
	h.operator = h.addPerson(operators, "olga", sso.RoleAdmin)
	h.support = h.addPerson(operators, "sam", sso.RoleMember)
	h.alice = h.addPerson(h.addOrg("acme"), "alice", sso.RoleOwner)
	return h
}

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) addOrg(key string) sso.Organization {
	h.Helper()
	o := sso.Organization{ID: sso.NewOrgID(h.now), Key: key, Name: key, State: sso.OrgActive, CreatedAt: h.now, UpdatedAt: h.now}
	o.Path = []sso.OrgID{o.ID}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
	return o
}

// addPerson adds a member, signed in.
func (h *house) addPerson(org sso.Organization, name string, role sso.Role) sso.By {
	h.Helper()
	address, err := sso.ParseEmail(name + "@" + org.Key + ".example")
	if err != nil {
		h.Fatal(err)
	}
	u := sso.User{ID: sso.NewUserID(h.now), Home: org.ID, Username: name, Email: address, State: sso.UserActive, CreatedAt: h.now, UpdatedAt: h.now}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: h.now, UpdatedAt: h.now}
	s := sso.Session{ID: sso.NewSessionID(h.now), User: u.ID, Org: org.ID, AuthTime: h.now, CreatedAt: h.now, SeenAt: h.now, ExpiresAt: h.now.Add(sso.SessionLife)}
	h.write(func(tx *store.Writer) error {
		ctx := h.Context()
		return errors.Join(tx.Org(org.ID).SaveUser(ctx, u), tx.Org(org.ID).SaveMembership(ctx, m), tx.InsertSession(ctx, s, secret.NewToken().Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: org, Membership: m}, Address: "192.0.2.1"}
}

// returns signs somebody in once more, now.
func (h *house) returns(by *sso.By) {
	h.Helper()
	s := by.Session
	s.ID, s.AuthTime, s.CreatedAt, s.SeenAt, s.ExpiresAt = sso.NewSessionID(h.now), h.now, h.now, h.now, h.now.Add(sso.SessionLife)
	h.write(func(tx *store.Writer) error { return tx.InsertSession(h.Context(), s, secret.NewToken().Hash()) })
	by.Session = s
}

func (h *house) org(key string) (o sso.Organization) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		var err error
		o, err = tx.OrganizationByKey(h.Context(), key)
		return err
	})
	return o
}

// audit returns the actions of an organization's audit list, sorted: they
// happen at one instant.
func (h *house) audit(key string) string {
	h.Helper()
	var actions []string
	org := h.org(key).ID
	h.write(func(tx *store.Writer) error {
		actions = nil
		p, err := tx.Org(org).ListEvents(h.Context(), store.EventQuery{Limit: 20})
		for _, e := range p.Events {
			actions = append(actions, e.Action)
		}
		return err
	})
	slices.Sort(actions)
	return strings.Join(actions, " ")
}

// acts is everything that changes something, by name.
func (h *house) acts() map[string]func(by *sso.By) error {
	ctx := h.Context()
	return map[string]func(by *sso.By) error{
		"create": func(by *sso.By) error {
			_, err := h.CreateOrganization(ctx, by, operate.NewOrganization{Key: "new", Name: "New"})
			return err
		},
		"rename":  func(by *sso.By) error { return h.RenameOrganization(ctx, by, "acme", "Acme Ltd") },
		"move":    func(by *sso.By) error { return h.MoveOrganization(ctx, by, "acme", "") },
		"suspend": func(by *sso.By) error { return h.SuspendOrganization(ctx, by, "acme") },
		"resume":  func(by *sso.By) error { return h.ResumeOrganization(ctx, by, "acme") },
		"grant":   func(by *sso.By) error { return h.Grant(ctx, by, "acme", sso.EntitledSSO, "Enterprise") },
		"revoke":  func(by *sso.By) error { return h.Revoke(ctx, by, "acme", sso.EntitledSSO) },
		"define":  func(by *sso.By) error { return h.DefineRole(ctx, by, "auditor", "Auditor", "Reads") },
		"change":  func(by *sso.By) error { return h.ChangeRole(ctx, by, "auditor", "Auditors", "") },
		"delete":  func(by *sso.By) error { return h.DeleteRole(ctx, by, "auditor") },
	}
}

func TestOnlyOperatorsChangeTheDeployment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	order := []string{"create", "rename", "move", "suspend", "resume", "grant", "revoke", "define", "change", "delete"}
	if acts := h.acts(); len(acts) != len(order) {
		t.Fatalf("%d acts, %d in order", len(acts), len(order))
	}
	for _, name := range order {
		act := h.acts()[name]
		for _, by := range []*sso.By{&h.support, &h.alice, {}} {
			if err := act(by); !fault.Is(err, "operator_role") {
				t.Errorf("%s by %q = %v, want operator_role", name, by.User.Username, err)
			}
		}
		if err := act(&h.operator); err != nil {
			t.Errorf("%s by an operator: %v", name, err)
		}
	}
	const want = "entitlement.granted entitlement.revoked organization.renamed organization.resumed organization.suspended"
	if got := h.audit("acme"); got != want {
		t.Errorf("the audit list of acme says %q, want %q", got, want)
	}
	if got := h.audit("new"); got != "organization.created" {
		t.Errorf("the audit list of the new one says %q", got)
	}
}

func TestTheOperatorsOwnOrganizationIsNoCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	ctx, by := t.Context(), &h.operator
	for name, err := range map[string]error{
		"suspend": h.SuspendOrganization(ctx, by, sso.OperatorsKey),
		"rename":  h.RenameOrganization(ctx, by, sso.OperatorsKey, "Ours"),
		"grant":   h.Grant(ctx, by, sso.OperatorsKey, sso.EntitledSSO, ""),
		"below":   h.MoveOrganization(ctx, by, "acme", sso.OperatorsKey),
	} {
		if !fault.Is(err, "operators_organization") {
			t.Errorf("%s = %v, want operators_organization", name, err)
		}
	}
	if _, err := h.CreateOrganization(ctx, by, operate.NewOrganization{Key: sso.OperatorsKey, Name: "x"}); !fault.Is(err, "key_reserved") {
		t.Errorf("another one = %v, want key_reserved", err)
	}
}

func TestOrganizationsAreMadeAndPlaced(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, by := h.Context(), &h.operator
		for _, tc := range []struct {
			in   operate.NewOrganization
			code string
		}{
			{operate.NewOrganization{Key: "emea", Name: " Acme\tEMEA ", Parent: "acme"}, ""},
			{operate.NewOrganization{Key: "emea", Name: "Again"}, "key_taken"},
			{operate.NewOrganization{Key: "Not a key", Name: "x"}, "key_form"},
			{operate.NewOrganization{Key: "nameless", Name: " \u200e"}, "name_empty"},
			{operate.NewOrganization{Key: "orphan", Name: "x", Parent: "nobody"}, "organization_unknown"},
		} {
			_, err := h.CreateOrganization(ctx, by, tc.in)
			if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
				h.Errorf("CreateOrganization(%+v) = %v, want %q", tc.in, err, tc.code)
			}
		}
		emea, acme := h.org("emea"), h.org("acme")
		if emea.Name != "Acme EMEA" || !slices.Equal(emea.Path, []sso.OrgID{acme.ID, emea.ID}) {
			h.Errorf("got %+v", emea)
		}
		if err := h.MoveOrganization(ctx, by, "acme", "emea"); !fault.Is(err, "organization_cycle") {
			h.Errorf("moving acme below its own = %v, want organization_cycle", err)
		}
		err := h.MoveOrganization(ctx, by, "emea", "")
		if emea = h.org("emea"); err != nil || emea.Parent() != "" {
			h.Errorf("moving to the top: %v, parent %q", err, emea.Parent())
		}
	})
}

func TestAPlanStandsBesideItsEntitlement(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, by := h.Context(), &h.operator
		plans := func() (all []sso.EntitlementGrant) {
			h.write(func(tx *store.Writer) error {
				var err error
				all, err = tx.Org(h.alice.Org.ID).Entitlements(ctx)
				return err
			})
			return all
		}
		for _, plan := range []string{"Business", "Enterprise"} {
			if err := h.Grant(ctx, by, "acme", sso.EntitledSSO, plan); err != nil {
				h.Fatal(err)
			}
		}
		acme := h.org("acme")
		if got := plans(); !slices.Equal(acme.Entitlements, []sso.Entitlement{sso.EntitledSSO}) || len(got) != 1 || got[0].Plan != "Enterprise" || got[0].By != string(by.User.ID) {
			h.Errorf("entitlements %v, plans %+v", acme.Entitlements, got)
		}
		if err := h.Grant(ctx, by, "acme", "teleport", ""); !fault.Is(err, "entitlement_unknown") {
			h.Errorf("an unknown one = %v", err)
		}
		for range 2 { // the second time there is nothing to revoke
			if err := h.Revoke(ctx, by, "acme", sso.EntitledSSO); err != nil {
				h.Fatal(err)
			}
		}
		if acme := h.org("acme"); len(acme.Entitlements) != 0 || len(plans()) != 0 {
			h.Errorf("after revoking: %v, %v", acme.Entitlements, plans())
		}
		if got := h.audit("acme"); got != "entitlement.granted entitlement.granted entitlement.revoked" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

// Without the entitlement no connection is used: whoever has no other way in
// would be shut out by it.
func TestSingleSignOnStaysWhereItIsTheOnlyWayIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, by := h.Context(), &h.operator
		if err := h.Grant(ctx, by, "acme", sso.EntitledSSO, ""); err != nil {
			h.Fatal(err)
		}
		demand := func(e sso.Enforcement) {
			acme := h.org("acme")
			acme.Policy.SSO = e
			h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, acme) })
		}
		demand(sso.SSORequired)
		if err := h.Revoke(ctx, by, "acme", sso.EntitledSSO); !fault.Is(err, "entitlement_demanded") {
			h.Errorf("Revoke() = %v, want entitlement_demanded", err)
		}
		if acme := h.org("acme"); !acme.Entitled(sso.EntitledSSO) {
			h.Error("it is gone all the same")
		}
		demand(sso.SSOOptional)
		if err := h.Revoke(ctx, by, "acme", sso.EntitledSSO); err != nil {
			h.Errorf("twin: Revoke() = %v", err)
		}
	})
}

func TestARoleInUseStays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, by := h.Context(), &h.operator
		for key, code := range map[string]string{"auditor": "", "owner": "role_built_in", "No": "key_form"} {
			if err := h.DefineRole(ctx, by, key, "Name", ""); code == "" && err != nil || code != "" && !fault.Is(err, code) {
				h.Errorf("DefineRole(%q) = %v, want %q", key, err, code)
			}
		}
		if err := h.DefineRole(ctx, by, "auditor", "Another", ""); !fault.Is(err, "role_taken") {
			h.Errorf("the same key again = %v, want role_taken", err)
		}
		if err := h.ChangeRole(ctx, by, "reader", "Reader", ""); !fault.Is(err, "role_unknown") {
			h.Errorf("changing one that is not there = %v, want role_unknown", err)
		}
		m := h.alice.Membership
		m.Role = "auditor"
		h.write(func(tx *store.Writer) error { return tx.Org(m.Org).SaveMembership(ctx, m) })
		if err := h.DeleteRole(ctx, by, "auditor"); !fault.Is(err, "role_used") {
			h.Errorf("deleting a role in use = %v, want role_used", err)
		}
		m.Role = sso.RoleMember
		h.write(func(tx *store.Writer) error { return tx.Org(m.Org).SaveMembership(ctx, m) })
		if err := h.DeleteRole(ctx, by, "auditor"); err != nil {
			h.Error(err)
		}
		if err := h.DeleteRole(ctx, by, "auditor"); !fault.Is(err, "role_unknown") {
			h.Errorf("deleting it again = %v, want role_unknown", err)
		}
	})
}

func TestSupportActsAsAUserForAWhile(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		token, err := h.ActAs(ctx, &h.support, h.alice.User.ID, h.alice.Org.ID, "ticket 4711: cannot see reports")
		if err != nil {
			h.Fatal(err)
		}
		p, err := h.signIn.Person(ctx, token, netip.Addr{})
		if err != nil || p.User.ID != h.alice.User.ID || p.Session.Actor != h.support.User.ID || !p.Session.ActedAs() || p.Session.Reason != "ticket 4711: cannot see reports" {
			h.Fatalf("the session is %+v, %v", p.Session, err)
		}
		acting := sso.By{Person: p}
		if _, err := h.ActAs(ctx, &acting, h.alice.User.ID, h.alice.Org.ID, "once more, deeper"); err == nil {
			h.Error("who acts as a user acts as another")
		}
		back, err := h.StopActing(ctx, &acting)
		if err != nil || back.IsZero() {
			h.Fatalf("StopActing() = %v, %v", back.IsZero(), err)
		}
		if _, err := h.signIn.Person(ctx, token, netip.Addr{}); !fault.Is(err, "session_over") {
			h.Errorf("the session after its end: %v", err)
		}
		if p, err := h.signIn.Person(ctx, back, netip.Addr{}); err != nil || p.User.ID != h.support.User.ID || p.Session.ID != h.support.Session.ID {
			h.Errorf("back in %v as %q, %v", p.Session.ID, p.User.Username, err)
		}
		if got := h.audit("acme"); got != "acting.begun acting.ended" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

func TestWhoMayNotActAsWhom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	suspended := h.addPerson(h.org("acme"), "sue", sso.RoleMember)
	suspended.User.State, suspended.User.Version = sso.UserSuspended, 1
	h.write(func(tx *store.Writer) error { return tx.Org(suspended.User.Home).SaveUser(ctx, suspended.User) })
	both := h.addPerson(h.org("acme"), "otto", sso.RoleMember) // a support agent elsewhere
	h.write(func(tx *store.Writer) error {
		return tx.Org(h.operator.Org.ID).SaveMembership(ctx, sso.Membership{Org: h.operator.Org.ID, User: both.User.ID, Role: sso.RoleMember, CreatedAt: h.now, UpdatedAt: h.now})
	})
	const reason = "ticket 4711"
	for name, tc := range map[string]struct {
		by     *sso.By
		as     *sso.By
		reason string
		code   string
	}{
		"a customer":                   {&h.alice, &h.alice, reason, "page_not_found"},
		"without a reason":             {&h.operator, &h.alice, "  because ", "acting_reason"},
		"as an operator":               {&h.support, &h.operator, reason, "acting_operator"},
		"as one with two memberships":  {&h.support, &both, reason, "acting_operator"},
		"as a suspended user":          {&h.support, &suspended, reason, "user_suspended"},
		"as a member of another":       {&h.support, &sso.By{Person: sso.Person{User: h.alice.User, Org: h.operator.Org}}, reason, "user_unknown"},
		"the twin that is let through": {&h.support, &h.alice, reason, ""},
	} {
		_, err := h.ActAs(ctx, tc.by, tc.as.User.ID, tc.as.Org.ID, tc.reason)
		if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s = %v, want %q", name, err, tc.code)
		}
	}
}

func TestActingEndsWithTheActor(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house){
		"its hour": func(h *house) { h.now = h.now.Add(operate.ActingLife) },
		"signing out": func(h *house) {
			h.write(func(tx *store.Writer) error { return tx.EndSession(h.Context(), h.support.Session.ID, h.now) })
		},
		"losing the role": func(h *house) {
			m := h.support.Membership
			m.Role = sso.RoleRestricted
			h.write(func(tx *store.Writer) error { return tx.Org(m.Org).SaveMembership(h.Context(), m) })
		},
		"being suspended": func(h *house) {
			u := h.support.User
			u.State, u.Version = sso.UserSuspended, 1
			h.write(func(tx *store.Writer) error { return tx.Org(u.Home).SaveUser(h.Context(), u) })
		},
		"the user's end": func(h *house) {
			u := h.alice.User
			u.State, u.Version = sso.UserSuspended, 1
			h.write(func(tx *store.Writer) error { return tx.Org(u.Home).SaveUser(h.Context(), u) })
		},
		"nothing, the twin": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(h *house) {
				token, err := h.ActAs(h.Context(), &h.support, h.alice.User.ID, h.alice.Org.ID, "ticket 4711")
				if err != nil {
					h.Fatal(err)
				}
				h.now = h.now.Add(time.Minute)
				if end != nil {
					end(h)
				}
				if _, err := h.signIn.Person(h.Context(), token, netip.Addr{}); (err == nil) != (end == nil) {
					h.Errorf("Person() = %v", err)
				}
			})
		})
	}
}

func TestTwoWhoSaveAtOnceBothHaveTheirEffect(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		var all sync.WaitGroup
		for _, e := range sso.Entitlements() {
			all.Go(func() {
				for {
					err := h.Grant(h.Context(), &h.operator, "acme", e, "p")
					if errors.Is(err, store.ErrConflict) {
						continue
					}
					if err != nil {
						h.Error(err)
					}
					return
				}
			})
		}
		all.Wait()
		acme := h.org("acme")
		for _, e := range sso.Entitlements() {
			if !acme.Entitled(e) {
				h.Errorf("%s was lost: %v", e, acme.Entitlements)
			}
		}
	})
}
