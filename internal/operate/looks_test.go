package operate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestAnOperatorIsAddedAgainAndAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		add := func(address string, role sso.Role) error {
			path, until, err := h.AddOperator(ctx, address, role)
			if err == nil && (!strings.HasPrefix(path, recovery.RegistrationPath) || !until.After(h.now)) {
				h.Errorf("the link is %q until %v", path, until)
			}
			return err
		}
		for _, role := range []sso.Role{sso.RoleMember, sso.RoleOwner} {
			if err := add("New@vendor.example", role); err != nil {
				h.Fatal(err)
			}
		}
		h.write(func(tx *store.Writer) error {
			email, _ := sso.ParseEmail("new@vendor.example")
			users, err := tx.UsersByEmail(ctx, email)
			if err != nil || len(users) != 1 || users[0].Home != h.operator.Org.ID {
				h.Fatalf("users %+v, %v; want one of the operators", users, err)
			}
			m, err := tx.Org(h.operator.Org.ID).Membership(ctx, users[0].ID)
			if m.Role != sso.RoleOwner {
				h.Errorf("the role is %q, want the one given last", m.Role)
			}
			return err
		})
		// A support agent who becomes an operator comes in anew; nobody else does.
		for _, tc := range []struct {
			role sso.Role
			ends bool
		}{{sso.RoleMember, false}, {sso.RoleAdmin, true}} {
			if err := add("sam@operators.example", tc.role); err != nil {
				h.Fatal(err)
			}
			h.write(func(tx *store.Writer) error {
				p, err := tx.PersonBySession(ctx, h.support.Session.ID)
				if ended := !p.Session.EndedAt.IsZero(); ended != tc.ends {
					h.Errorf("added as %s: the session ended is %v, want %v", tc.role, ended, tc.ends)
				}
				return err
			})
		}
		if err := add("alice@acme.example", sso.RoleOwner); !fault.Is(err, "operator_elsewhere") {
			h.Errorf("a customer's user = %v, want operator_elsewhere", err)
		}
		if err := add("none", sso.RoleOwner); !fault.Is(err, "ident_email") {
			h.Errorf("no address = %v, want ident_email", err)
		}
	})
}

func TestTheFirstOperatorMakesTheOrganization(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			db := e.Open(t)
			now := func() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }
			s := &operate.Service{DB: db, Recovery: &recovery.Service{Now: now}, Now: now}
			if _, _, err := s.AddOperator(t.Context(), "olga@vendor.example", sso.RoleOwner); err != nil {
				t.Fatal(err)
			}
			err := db.Read(t.Context(), func(r *store.Reader) error {
				o, err := r.OrganizationByKey(t.Context(), sso.OperatorsKey)
				if o.Policy.MFA != sso.MFARequired || o.Policy.SessionIdle.Std() != time.Hour || !o.OfOperators() {
					t.Errorf("the policy is %+v", o.Policy)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOperatorsLookAndOthersDoNot(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	looks := map[string]func(by *sso.By) error{
		"organizations": func(by *sso.By) error {
			_, err := h.Organizations(ctx, by, "", "", store.OrganizationPlace{})
			return err
		},
		"below":        func(by *sso.By) error { _, err := h.Below(ctx, by, "org_x", store.OrganizationPlace{}); return err },
		"organization": func(by *sso.By) error { _, err := h.Organization(ctx, by, "acme"); return err },
		"deployment":   func(by *sso.By) error { _, err := h.Deployment(ctx, by); return err },
		"events":       func(by *sso.By) error { _, err := h.Events(ctx, by, "", store.EventQuery{}); return err },
		"roles":        func(by *sso.By) error { _, err := h.Roles(ctx, by); return err },
	}
	for name, look := range looks {
		for _, by := range []*sso.By{&h.alice, {}} {
			if err := look(by); !fault.Is(err, "page_not_found") {
				t.Errorf("%s by %q = %v, want page_not_found", name, by.User.Username, err)
			}
		}
		for _, by := range []*sso.By{&h.operator, &h.support} {
			if err := look(by); err != nil {
				t.Errorf("%s by %q = %v", name, by.User.Username, err)
			}
		}
	}
}

func TestOrganizationsArePaged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	h.write(func(tx *store.Writer) error {
		for i := range operate.PageSize {
			o := sso.Organization{ID: sso.NewOrgID(h.now), Key: fmt.Sprintf("org-%d", i), Name: fmt.Sprintf("Org %03d", i), State: sso.OrgActive, CreatedAt: h.now, UpdatedAt: h.now}
			if err := o.Place(&h.alice.Org); err != nil {
				return err
			}
			if err := tx.SaveOrganization(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	first, err := h.Organizations(ctx, &h.support, "", "", store.OrganizationPlace{})
	if err != nil || len(first.Organizations) != operate.PageSize || first.Next == nil {
		t.Fatalf("the first page has %d, next %v, %v", len(first.Organizations), first.Next, err)
	}
	second, err := h.Organizations(ctx, &h.support, "", "", *first.Next)
	if err != nil || len(second.Organizations) != 2 || second.Next != nil || second.Organizations[1].Name != "Org 049" {
		t.Errorf("the second page has %+v, next %v, %v", second.Organizations, second.Next, err)
	}
	below, err := h.Below(ctx, &h.support, h.alice.Org.ID, store.OrganizationPlace{})
	if err != nil || len(below.Organizations) != operate.PageSize || below.Next != nil {
		t.Errorf("below acme: %d, next %v, %v", len(below.Organizations), below.Next, err)
	}
	found, err := h.Organizations(ctx, &h.support, "acm", "", store.OrganizationPlace{})
	if err != nil || len(found.Organizations) != 1 {
		t.Errorf("found %d, %v", len(found.Organizations), err)
	}
}

func TestAnOverviewSaysWhatStandsAboveAndBelow(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, by := h.Context(), &h.operator
		if _, err := h.CreateOrganization(ctx, by, operate.NewOrganization{Key: "emea", Name: "EMEA", Parent: "acme"}); err != nil {
			h.Fatal(err)
		}
		if err := h.Grant(ctx, by, "acme", sso.EntitledSSO, "Enterprise"); err != nil {
			h.Fatal(err)
		}
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.alice.Org.ID).SaveDomain(ctx, sso.Domain{Org: h.alice.Org.ID, Name: "acme.example", State: sso.DomainInReview, CreatedAt: h.now})
		})
		v, err := h.Service.Organization(ctx, &h.support, "acme")
		if err != nil || v.Below != 1 || v.People != 1 || len(v.Above) != 0 || len(v.Grants) != 1 || len(v.Domains) != 1 || len(v.Events) != 1 || v.Suspended() {
			h.Errorf("acme: %+v, %v", v, err)
		}
		if err := h.SuspendOrganization(ctx, by, "acme"); err != nil {
			h.Fatal(err)
		}
		v, err = h.Service.Organization(ctx, &h.support, "emea")
		if err != nil || len(v.Above) != 1 || v.Above[0].Key != "acme" || !v.Suspended() || v.State != sso.OrgActive {
			h.Errorf("emea: %+v, %v; want it suspended with the one above", v, err)
		}
		if _, err := h.Service.Organization(ctx, &h.support, "nobody"); !fault.Is(err, "organization_unknown") {
			h.Errorf("nobody = %v", err)
		}
	})
}

func TestPeopleAreFoundAcrossOrganizations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.addPerson(h.addOrg("globex"), "alicia", sso.RoleMember)
		names := func(typed string, after store.PeoplePlace) (all []string) {
			h.Helper()
			l, err := h.People(ctx, &h.support, typed, after)
			if err != nil {
				h.Fatal(err)
			}
			for i := range l.People {
				all = append(all, l.People[i].Username+"@"+l.People[i].OrgKey)
			}
			return all
		}
		for typed, want := range map[string]string{
			"ali": "alice@acme alicia@globex", "ALICE@acme": "alice@acme", "": "", "nobody": "", "ali glob": "",
			"sam": "sam@operators",
		} {
			if got := strings.Join(names(typed, store.PeoplePlace{}), " "); got != want {
				h.Errorf("found by %q: %s, want %s", typed, got, want)
			}
		}
		if _, err := h.People(ctx, &h.alice, "ali", store.PeoplePlace{}); !fault.Is(err, "page_not_found") {
			h.Errorf("a customer finds people: %v", err)
		}
		d, err := h.Person(ctx, &h.support, h.alice.User.ID)
		if err != nil || d.User.Username != "alice" || len(d.Positions) != 1 || d.Orgs[h.alice.Org.ID].Key != "acme" || len(d.Sessions) != 1 {
			h.Errorf("Person() = %+v, %v", d, err)
		}
		if _, err := h.Person(ctx, &h.support, "usr_none"); !fault.Is(err, "user_unknown") {
			h.Errorf("nobody = %v", err)
		}
	})
}

func TestWhoHelpsWhom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	h.write(func(tx *store.Writer) error {
		for _, p := range []*sso.By{&h.alice, &h.operator} {
			u := p.User
			u.PasswordHash, u.CredentialsAt, u.Version = "$argon2id$x", h.now, 1
			if err := tx.Org(u.Home).SaveUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	const customer, operator, role = "", "page_not_found", "operator_role"
	for name, tc := range map[string]struct {
		act func(by *sso.By, id sso.UserID) error
		// Codes for: a customer's owner on her own person; a support agent on
		// Alice; a support agent on an operator; an operator on an operator.
		want [4]string
	}{
		"sign out":       {func(by *sso.By, id sso.UserID) error { _, err := h.EndSessions(ctx, by, id); return err }, [4]string{operator, customer, role, customer}},
		"unlock":         {func(by *sso.By, id sso.UserID) error { return h.Unlock(ctx, by, id) }, [4]string{operator, customer, role, customer}},
		"reset password": {func(by *sso.By, id sso.UserID) error { return h.ResetPassword(ctx, by, id) }, [4]string{operator, customer, role, customer}},
		"reset account":  {func(by *sso.By, id sso.UserID) error { return h.ResetAccount(ctx, by, id) }, [4]string{role, role, role, customer}},
	} {
		alice, olga := h.alice.User.ID, h.operator.User.ID
		for i, err := range []error{tc.act(&h.alice, alice), tc.act(&h.support, alice), tc.act(&h.support, olga), tc.act(&h.operator, olga)} {
			if want := tc.want[i]; want == "" && err != nil || want != "" && !fault.Is(err, want) {
				t.Errorf("%s, case %d = %v, want %q", name, i, err, want)
			}
		}
		h.returns(&h.operator) // who was signed out, by herself
		if err := tc.act(&h.operator, "usr_none"); !fault.Is(err, "user_unknown") {
			t.Errorf("%s of nobody = %v", name, err)
		}
	}
}
