package sso

import "slices"

// RulesAt returns the policies that hold for a member of an organization with
// an address: of its line, which leads to it from the root, and, where the
// domain of the address is proved by another organization of the same tree, of
// claimant, the line of that one, and of the domain itself. claim is nil where
// nobody has proved the domain. proved reports whether anybody in the tree has.
func RulesAt(line []Organization, claim *Domain, claimant []Organization) (rules Rules, proved bool) {
	switch {
	case claim == nil:
		return RulesOf(line), false
	case line[len(line)-1].Within(claim.Org):
		return claim.demanding(RulesOf(line), line), true
	case len(claimant) == 0 || claimant[0].ID != line[0].ID:
		return RulesOf(line), false // of a guest, another tree's own affair
	default:
		return claim.demanding(RulesOf(line, claimant), claimant), true
	}
}

// demanding adds what a domain demands to the policies; line has the
// organization that has proved it.
func (d *Domain) demanding(rules Rules, line []Organization) Rules {
	if i := slices.IndexFunc(line, func(o Organization) bool { return o.ID == d.Org }); i >= 0 && d.PasswordOff {
		rules = append(rules, d.Demand(&line[i]))
	}
	return rules
}
