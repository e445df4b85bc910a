package sso

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWhatBecomesOfSessionsWhenARoleChanges(t *testing.T) {
	t.Parallel()
	customer, operators := &Organization{Key: "acme"}, &Organization{Key: OperatorsKey}
	for _, tc := range []struct {
		from, to          Role
		customer, vendors Rise
	}{
		{RoleRestricted, RoleMember, Renewed, SignedOut},
		{RoleRestricted, "auditor", Renewed, SignedOut},
		{RoleMember, "auditor", Renewed, SignedOut}, // what it means, apps know
		{"auditor", RoleMember, Renewed, SignedOut},
		{"auditor", "editor", Renewed, SignedOut},
		{RoleMember, RoleAdmin, SignedOut, SignedOut},
		{RoleRestricted, RoleOwner, SignedOut, SignedOut},
		{"auditor", RoleOwner, SignedOut, SignedOut},
		{RoleAdmin, RoleOwner, SignedOut, SignedOut},
		{RoleOwner, RoleAdmin, Unmoved, Unmoved},
		{RoleOwner, RoleMember, Unmoved, Unmoved},
		{RoleAdmin, "auditor", Unmoved, Unmoved},
		{RoleMember, RoleRestricted, Unmoved, Unmoved},
		{RoleMember, RoleMember, Unmoved, Unmoved},
		{RoleOwner, RoleOwner, Unmoved, Unmoved},
	} {
		if got := customer.Rise(tc.from, tc.to); got != tc.customer {
			t.Errorf("from %s to %s: %v, want %v", tc.from, tc.to, got, tc.customer)
		}
		if got := operators.Rise(tc.from, tc.to); got != tc.vendors {
			t.Errorf("of the operators, from %s to %s: %v, want %v", tc.from, tc.to, got, tc.vendors)
		}
	}
}

// A token is never good for more than the person is, nor for more than they
// were when it was given; and no token that goes on opens a console that it did
// not open before.
func TestATokenDoesNotGrowWithItsOwner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		was, is := anyRole(t), anyRole(t)
		o := rapid.SampledFrom([]*Organization{{ID: "org_1", Key: "acme"}, {ID: "org_1", Key: OperatorsKey}}).Draw(t, "organization")
		p := Person{Org: *o, Membership: Membership{Role: is}}
		before := Person{Org: *o, Membership: Membership{Role: was}}
		switch o.Rise(was, is) {
		case SignedOut:
			return // there is no token that goes on
		case Renewed:
			p.Former = was
			if p.Administers() && !before.Administers() || p.Support() && !before.Support() {
				t.Fatalf("from %s to %s a console opens, and nobody comes in anew", was, is)
			}
		case Unmoved:
			if was != is && !was.Above(is) {
				t.Fatalf("from %s to %s nothing happens", was, is)
			}
		}
		p.Settle()
		if got := p.Membership.Role; got.Above(was) || got.Above(is) || p.Former != "" && got != was {
			t.Fatalf("from %s to %s, the token is good for %s", was, is, got)
		}
		// What they lose afterwards they lose by the old token, too.
		p.Membership.Role = RoleRestricted
		if p.Settle(); p.Membership.Role.Above(RoleRestricted) {
			t.Fatalf("who is restricted now is %s by an old token", p.Membership.Role)
		}
	})
}
