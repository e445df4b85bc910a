package sso_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"pgregory.net/rapid"
)

const objectID = "5a1b0c2d-0000-4abc-8def-0123456789ab"

func mapping(rows ...sso.GroupRow) sso.Defaults {
	return sso.Defaults{Mapping: sso.GroupRoles{On: true, Rows: rows}}
}

func TestRoleFollowsTheGroups(t *testing.T) {
	t.Parallel()
	d := mapping(
		sso.GroupRow{Group: objectID, Label: "Platform", Role: sso.RoleAdmin, Groups: []string{"ops"}},
		sso.GroupRow{Group: "Staff", Role: sso.RoleMember, Groups: []string{"staff", "ops"}},
		sso.GroupRow{Group: "Readers", Groups: []string{"readers"}},
	)
	for name, tc := range map[string]struct {
		role   sso.Role
		have   []string
		groups []string
		unsent bool
		want   sso.RoleReason
		has    []string
	}{
		"the first row that fits":                 {sso.RoleMember, nil, []string{"Staff", objectID}, false, sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Platform"}, []string{"ops", "staff"}},
		"an object ID in capitals":                {sso.RoleMember, nil, []string{"5A1B0C2D-0000-4ABC-8DEF-0123456789AB"}, false, sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Platform"}, []string{"ops"}},
		"a name in another case is another group": {sso.RoleAdmin, nil, []string{"staff"}, false, sso.RoleReason{Role: sso.RoleMember, Rule: sso.RoleByNoGroup}, nil},
		"removed from the group":                  {sso.RoleAdmin, []string{"ops", "hand"}, nil, false, sso.RoleReason{Role: sso.RoleMember, Rule: sso.RoleByNoGroup}, []string{"hand"}},
		"a row that says groups alone":            {sso.RoleOwner, nil, []string{"Readers"}, false, sso.RoleReason{Role: sso.RoleMember, Rule: sso.RoleByNoGroup}, []string{"readers"}},
		"groups that were left out":               {sso.RoleAdmin, []string{"ops"}, nil, true, sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleUnknown}, []string{"ops"}},
		"a restricted one in no group":            {sso.RoleRestricted, nil, []string{"Readers"}, false, sso.RoleReason{Role: sso.RoleRestricted, Rule: sso.RoleRestrictedBy}, []string{"readers"}},
		"a restricted one in a group":             {sso.RoleRestricted, nil, []string{"Staff"}, false, sso.RoleReason{Role: sso.RoleMember, Rule: sso.RoleByGroup, Row: 2, Group: "Staff"}, []string{"staff", "ops"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := sso.Asserted{Groups: tc.groups, Unsent: tc.unsent}
			f := d.Follow(sso.Membership{Role: tc.role, Groups: tc.have}, sent.Known())
			if f.Reason != tc.want || f.Role != tc.want.Role || !slices.Equal(f.Groups, tc.has) {
				t.Errorf("Follow() = %s %v by %+v, want %v by %+v", f.Role, f.Groups, f.Reason, tc.has, tc.want)
			}
		})
	}
	off := d
	off.Mapping.On = false
	if f := off.Follow(sso.Membership{Role: sso.RoleOwner, Groups: []string{"ops"}}, []string{"Staff"}); f.Changed() || f.Reason.Rule != sso.RoleByHand {
		t.Errorf("switched off, it changes %+v", f)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	d := mapping(sso.GroupRow{Group: "Staff", Role: sso.RoleMember})
	for others, want := range map[int]sso.Role{0: sso.RoleOwner, 1: sso.RoleMember} {
		m := sso.Membership{Role: sso.RoleOwner}
		f := d.Follow(m, []string{"Staff"})
		f.Spare(&sso.Position{Membership: m, OtherOwners: others})
		if f.Role != want || (f.Reason.Rule == sso.RoleLastOwner) != (others == 0) {
			t.Errorf("with %d other owners: %s by %s, want %s", others, f.Role, f.Reason.Rule, want)
		}
	}
}

// Whatever was there, a second sign-in with the same groups changes nothing,
// and what no row names stays.
func TestFollowingSettles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string, of ...string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, len(of), rapid.ID[string]).Draw(t, label)
		}
		role := rapid.SampledFrom(sso.Roles())
		var d sso.Defaults
		d.Mapping.On = true
		for _, g := range some("rows", "a", "b", "c") {
			d.Mapping.Rows = append(d.Mapping.Rows, sso.GroupRow{Group: g, Role: role.Draw(t, "gives"), Groups: some("into", "x", "y")})
		}
		m := sso.Membership{Role: role.Draw(t, "role"), Groups: some("have", "x", "y", "hand")}
		groups := append([]string{}, some("sent", "a", "b", "c", "d")...)
		once := d.Follow(m, groups)
		if again := d.Follow(once.Membership, groups); again.Changed() {
			t.Fatalf("a second sign-in makes %s %v of %s %v", again.Role, again.Groups, once.Role, once.Groups)
		}
		if slices.Contains(once.Groups, "hand") != slices.Contains(m.Groups, "hand") {
			t.Fatalf("a group given by hand does not stay: %v of %v", once.Groups, m.Groups)
		}
	})
}

func TestMappingThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	good := sso.GroupRow{Group: "Staff", Role: sso.RoleMember}
	for name, rows := range map[string][]sso.GroupRow{
		"no group":             {{Role: sso.RoleMember}},
		"space at the end":     {{Group: "Staff ", Role: sso.RoleMember}},
		"neither role nor any": {{Group: "Staff"}},
		"a group twice":        {good, {Group: "Staff", Role: sso.RoleAdmin}},
		"an ID in two cases":   {{Group: objectID, Role: sso.RoleMember}, {Group: "5A1B0C2D-0000-4ABC-8DEF-0123456789AB", Role: sso.RoleAdmin}},
		"a group without name": {{Group: "Staff", Groups: []string{" "}}},
		"too many":             make([]sso.GroupRow, sso.MaxGroupRows+1),
	} {
		if err := (&sso.GroupRoles{Rows: rows}).Valid(); !fault.Is(err, "mapping_row") {
			t.Errorf("%s: %v, want mapping_row", name, err)
		}
	}
	if err := (&sso.GroupRoles{Rows: []sso.GroupRow{good, {Group: "staff", Groups: []string{"x"}}}}).Valid(); err != nil {
		t.Errorf("two groups that differ in case: %v", err)
	}
}

// Entra leaves the groups out where there are too many, and sends an address
// in their place. That is not the same as none.
func TestGroupsThatWereLeftOutAreUnknown(t *testing.T) {
	t.Parallel()
	link := sso.Attribute{Name: "http://schemas.microsoft.com/claims/groups.link", Values: []string{"https://graph.example/groups"}}
	groups := sso.Attribute{Name: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", Values: []string{objectID}}
	for name, tc := range map[string]struct {
		sent   []sso.Attribute
		unsent bool
		n      int
	}{
		"none": {nil, false, 0}, "sent": {[]sso.Attribute{groups}, false, 1}, "left out": {[]sso.Attribute{link}, true, 0}, "both": {[]sso.Attribute{link, groups}, false, 1},
	} {
		a, err := sso.AttributeMap{}.Map("s", "alice@acme.example", tc.sent)
		if err != nil || a.Unsent != tc.unsent || len(a.Groups) != tc.n {
			t.Errorf("%s: unsent %v, groups %v, %v", name, a.Unsent, a.Groups, err)
		}
	}
}
