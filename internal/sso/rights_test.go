package sso

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/fault"
)

// anyTree draws a tree of organizations with one beside it.
func anyTree(t *rapid.T) []Organization {
	var all []Organization
	for i := range rapid.IntRange(2, 8).Draw(t, "organizations") {
		o := Organization{ID: OrgID(fmt.Sprintf("org_%d", i)), State: OrgActive}
		var parent *Organization
		if i > 0 {
			if at := rapid.IntRange(-1, i-1).Draw(t, "parent"); at >= 0 {
				parent = &all[at]
			}
		}
		if err := o.Place(parent); err != nil {
			t.Skip("too deep")
		}
		all = append(all, o)
	}
	return all
}

func anyRole(t *rapid.T) Role {
	return rapid.SampledFrom(append(Roles(), "auditor")).Draw(t, "role")
}

// anyPerson draws somebody who is signed in to one of the organizations.
func anyPerson(t *rapid.T, orgs []Organization) Person {
	o := rapid.SampledFrom(orgs).Draw(t, "organization")
	u := User{ID: "usr_me", State: UserActive}
	return Person{User: u, Org: o, Membership: Membership{Org: o.ID, User: u.ID, Role: anyRole(t)}}
}

func anyStanding(t *rapid.T, orgs []Organization) Standing {
	home := rapid.SampledFrom(orgs).Draw(t, "home")
	s := Standing{User: User{ID: "usr_them", Home: home.ID, State: UserActive}, HomePath: home.Path}
	for i := range orgs {
		if rapid.Bool().Draw(t, "member") {
			s.Positions = append(s.Positions, Position{
				Membership: Membership{Org: orgs[i].ID, User: s.User.ID, Role: anyRole(t)}, Path: orgs[i].Path,
				OtherOwners: rapid.IntRange(0, 2).Draw(t, "other owners"),
			})
		}
	}
	return s
}

func rank(r Role) int { return slices.Index([]Role{RoleOwner, RoleAdmin}, r) }

// Whatever somebody may do, they may do it by their own role, and only there
// and below.
func TestRightsReachDownAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orgs := anyTree(t)
		p := anyPerson(t, orgs)
		for i := range orgs {
			r := p.RightsIn(&orgs[i])
			below := slices.Contains(orgs[i].Path, p.Org.ID)
			want := below && (p.Membership.Role == RoleOwner || p.Membership.Role == RoleAdmin)
			if r.Any() != want {
				t.Fatalf("a %s of %s has rights in %v: %v", p.Membership.Role, p.Org.ID, orgs[i].Path, r.Any())
			}
			if (r.Govern() == nil) != (want && p.Membership.Role == RoleOwner) {
				t.Fatalf("a %s of %s governs %v", p.Membership.Role, p.Org.ID, orgs[i].Path)
			}
		}
	})
}

// No act gives anybody a role above that of who does it, touches who is above
// them, or leaves an organization without an owner.
func TestNobodyRisesAndNoOrganizationIsLeftAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orgs := anyTree(t)
		p, them, to := anyPerson(t, orgs), anyStanding(t, orgs), anyRole(t)
		for i := range them.Positions {
			pos := &them.Positions[i]
			r := p.RightsIn(&Organization{ID: pos.Org, Path: pos.Path})
			changed, removed := r.ChangeRole(pos, to) == nil, r.Remove(pos) == nil
			if !changed && !removed {
				continue
			}
			if !slices.Contains(pos.Path, p.Org.ID) {
				t.Fatalf("changed beyond reach: %v from %s", pos.Path, p.Org.ID)
			}
			if p.Membership.Role == RoleAdmin && (pos.Role == RoleOwner || changed && to == RoleOwner) {
				t.Fatalf("an administrator made a %s a %s", pos.Role, to)
			}
			if pos.Role == RoleOwner && pos.OtherOwners == 0 && (removed || to != RoleOwner) {
				t.Fatal("the last owner is gone")
			}
		}
	})
}

// Whoever acts as a user may do less than the user, never more, and nothing that
// would outlast it: no role that opens a console is given. What the user may give
// and they may not is withheld, and shown to be.
func TestWhoActsAsSomebodyGivesNothingThatLasts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orgs := anyTree(t)
		p, them, to := anyPerson(t, orgs), anyStanding(t, orgs), anyRole(t)
		acting := p
		acting.Session.Actor = "usr_support"
		for i := range orgs {
			own, r := p.RightsIn(&orgs[i]), acting.RightsIn(&orgs[i])
			if got := append(r.Withheld(), r.Roles()...); !slices.Equal(got, own.Roles()) || len(own.Withheld()) != 0 {
				t.Fatalf("of %v, %v are withheld and %v given", own.Roles(), r.Withheld(), r.Roles())
			}
			gives := r.Give(to) == nil
			if gives && own.Give(to) != nil {
				t.Fatalf("acting as a %s gives %s, which the user may not", p.Membership.Role, to)
			}
			if opens := to == RoleOwner || to == RoleAdmin; gives != (own.Give(to) == nil && !opens) {
				t.Fatalf("acting as a %s of %s gives %s in %v: %v", p.Membership.Role, p.Org.ID, to, orgs[i].Path, gives)
			}
		}
		for i := range them.Positions {
			pos := &them.Positions[i]
			o := Organization{ID: pos.Org, Path: pos.Path}
			own, r := p.RightsIn(&o), acting.RightsIn(&o)
			if r.Recover(&them) == nil {
				t.Fatal("resets while acting")
			}
			if (r.Touch(pos) == nil) != (own.Touch(pos) == nil) {
				t.Fatalf("touches a %s otherwise than the user", pos.Role)
			}
			rises := (to == RoleOwner || to == RoleAdmin) && to != pos.Role
			if got, want := r.ChangeRole(pos, to) == nil, own.ChangeRole(pos, to) == nil && !rises; got != want {
				t.Fatalf("acting as a %s makes a %s of a %s: %v, want %v", p.Membership.Role, to, pos.Role, got, want)
			}
		}
	})
}

// Whoever may change a user as such could become them, and gains nothing by it.
func TestWhoManagesSomebodyCouldDoAllTheyCan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orgs := anyTree(t)
		p, them := anyPerson(t, orgs), anyStanding(t, orgs)
		r := p.RightsIn(&Organization{ID: them.User.Home, Path: them.HomePath})
		if r.Manage(&them) != nil {
			if r.Suspend(&them) == nil || r.Recover(&them) == nil {
				t.Fatal("shut out or recovered, though not to be managed")
			}
			return
		}
		if !slices.Contains(them.HomePath, p.Org.ID) {
			t.Fatalf("managed a user of %v from %s", them.HomePath, p.Org.ID)
		}
		for _, pos := range them.Positions {
			if rank(pos.Role) < 0 {
				continue // may administer nothing
			}
			own := p.RightsIn(&Organization{ID: pos.Org, Path: pos.Path})
			if !own.Any() || rank(own.role) > rank(pos.Role) {
				t.Fatalf("a %s of %s manages a %s of %v", p.Membership.Role, p.Org.ID, pos.Role, pos.Path)
			}
		}
		if r.Suspend(&them) == nil && slices.ContainsFunc(them.Positions, func(pos Position) bool { return pos.Role == RoleOwner && pos.OtherOwners == 0 }) {
			t.Fatal("the last owner is shut out")
		}
	})
}

// Nobody gives an address of a domain that somebody else has proved: another
// customer, an organization above, or one beside.
func TestAddressesBelongToWhoProvedTheDomain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orgs := anyTree(t)
		p := anyPerson(t, orgs)
		home, owner := rapid.SampledFrom(orgs).Draw(t, "home"), rapid.SampledFrom(orgs).Draw(t, "domain of")
		claim := &VerifiedClaim{Domain: Domain{Name: "acme.example", State: DomainVerified}, OrgPath: owner.Path}
		err := p.RightsIn(&home).GiveAddress(StoredEmail("x@acme.example"), &home, claim)
		want := slices.Contains(owner.Path, home.ID) || p.RightsIn(&home).Any() && slices.Contains(owner.Path, p.Org.ID)
		if (err == nil) != want {
			t.Fatalf("at home in %v, domain of %v, by %s: %v", home.Path, owner.Path, p.Org.ID, err)
		}
		if got := home.House(StoredEmail("x@acme.example"), claim) == nil; got != (home.Path[0] == owner.Path[0]) {
			t.Fatalf("at home in %v with a domain of %v: %v", home.Path, owner.Path, got)
		}
		for _, free := range []*VerifiedClaim{nil, {Domain: Domain{Name: "acme.example", State: DomainInReview}, OrgPath: owner.Path}, {Domain: Domain{Name: "other.example", State: DomainVerified}, OrgPath: owner.Path}} {
			if err := p.RightsIn(&home).GiveAddress(StoredEmail("x@acme.example"), &home, free); err != nil {
				t.Fatalf("an address that nobody has proved: %v", err)
			}
		}
	})
}

func TestRefusalsOfRights(t *testing.T) {
	t.Parallel()
	root := Organization{ID: "org_root", Path: []OrgID{"org_root"}}
	below := Organization{ID: "org_below", Path: []OrgID{"org_root", "org_below"}}
	as := func(o Organization, role Role, id UserID) *Person {
		return &Person{User: User{ID: id}, Org: o, Membership: Membership{Org: o.ID, User: id, Role: role}}
	}
	owner, admin, sub := as(root, RoleOwner, "usr_o"), as(root, RoleAdmin, "usr_a"), as(below, RoleOwner, "usr_s")
	acting := as(root, RoleOwner, "usr_o")
	acting.Session.Actor = "usr_support"
	them := func(home *Organization, positions ...Position) *Standing {
		return &Standing{User: User{ID: "usr_t", State: UserActive}, HomePath: home.Path, Positions: positions}
	}
	pos := func(o *Organization, role Role, others int) Position {
		return Position{Membership: Membership{Org: o.ID, User: "usr_t", Role: role}, Path: o.Path, OtherOwners: others}
	}
	lone, pair, plain := pos(&root, RoleOwner, 0), pos(&root, RoleOwner, 1), pos(&root, RoleMember, 0)
	self := pos(&root, RoleAdmin, 1)
	self.User = "usr_a"
	gone := them(&root)
	gone.User.State = UserDeleted
	for name, tc := range map[string]struct {
		err  error
		code string
	}{
		"an owner demotes one of two":                 {owner.RightsIn(&root).ChangeRole(&pair, RoleMember), ""},
		"an owner demotes the last one":               {owner.RightsIn(&root).ChangeRole(&lone, RoleMember), "rights_last_owner"},
		"an owner keeps the last one":                 {owner.RightsIn(&root).ChangeRole(&lone, RoleOwner), ""},
		"an owner removes the last one":               {owner.RightsIn(&root).Remove(&lone), "rights_last_owner"},
		"an owner suspends the last one":              {owner.RightsIn(&root).Suspend(them(&root, lone)), "rights_last_owner"},
		"an owner suspends one of two":                {owner.RightsIn(&root).Suspend(them(&root, pair)), ""},
		"an administrator promotes a member":          {admin.RightsIn(&root).ChangeRole(&plain, RoleAdmin), ""},
		"an administrator makes an owner":             {admin.RightsIn(&root).ChangeRole(&plain, RoleOwner), "rights_owner"},
		"an administrator demotes an owner":           {admin.RightsIn(&root).ChangeRole(&pair, RoleMember), "rights_owner"},
		"an administrator removes themselves":         {admin.RightsIn(&root).Remove(&self), "rights_self"},
		"an administrator leaves the others":          {admin.RightsIn(&root).ChangeRole(&self, RoleMember), ""},
		"an administrator changes policy":             {admin.RightsIn(&root).Govern(), "rights_owner"},
		"a member opens the console":                  {as(root, RoleMember, "usr_m").RightsIn(&root).Give(RoleMember), "console_role"},
		"an owner below looks up":                     {sub.RightsIn(&root).Give(RoleMember), "console_role"},
		"an owner below manages who owns above":       {sub.RightsIn(&below).Manage(them(&below, pair)), "rights_outrank"},
		"an owner below manages a member above":       {sub.RightsIn(&below).Manage(them(&below, plain)), ""},
		"an administrator manages an owner":           {admin.RightsIn(&root).Manage(them(&root, pair)), "rights_outrank"},
		"an owner above manages an owner below":       {owner.RightsIn(&below).Manage(them(&below, pos(&below, RoleOwner, 0))), ""},
		"an owner below manages who is at home above": {sub.RightsIn(&below).Manage(them(&root)), "rights_guest"},
		"somebody manages who was removed":            {owner.RightsIn(&root).Manage(gone), "user_deleted"},
		"support resets while it acts":                {acting.RightsIn(&root).Recover(them(&root)), "acting_credentials"},
		"support makes an owner while it acts":        {acting.RightsIn(&root).ChangeRole(&plain, RoleOwner), "acting_lasting"},
		"support demotes while it acts":               {acting.RightsIn(&root).ChangeRole(&pair, RoleMember), ""},
		"support decides what lasts":                  {acting.RightsIn(&root).Own(), "acting_lasting"},
		"an owner decides what lasts":                 {owner.RightsIn(&root).Own(), ""},
		"an owner resets":                             {owner.RightsIn(&root).Recover(them(&root)), ""},
	} {
		if tc.code == "" && tc.err != nil || tc.code != "" && !fault.Is(tc.err, tc.code) {
			t.Errorf("%s: %v, want %q", name, tc.err, tc.code)
		}
	}
	if got := admin.RightsIn(&root).Roles(); !slices.Equal(got, []Role{RoleAdmin, RoleMember, RoleRestricted}) {
		t.Errorf("an administrator may give %v", got)
	}
}
