package store

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
)

// Rules returns the policies that hold for a member of an organization with an
// address: of the organization and all above it, and, where the domain of the
// address is proved by another organization of the same tree, of that one and
// all above it, and of the domain itself. proved reports whether anybody in the
// tree has proved the domain. It takes at most three statements.
func (r *Reader) Rules(ctx context.Context, org *sso.Organization, e sso.Email) (rules sso.Rules, proved bool, err error) {
	line := []sso.Organization{*org}
	if len(org.Path) > 1 {
		if line, err = r.Lineage(ctx, org.ID); err != nil {
			return nil, false, err
		}
	}
	claim, err := r.VerifiedDomain(ctx, e.Domain())
	if errors.Is(err, ErrNotFound) {
		return sso.RulesOf(line), false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if org.Within(claim.Org) {
		return demanding(sso.RulesOf(line), &claim, line), true, nil
	}
	claimant, err := r.Lineage(ctx, claim.Org)
	if err != nil || claimant[0].ID != line[0].ID {
		return sso.RulesOf(line), false, err // of a guest, another tree's own affair
	}
	return demanding(sso.RulesOf(line, claimant), &claim, claimant), true, nil
}

// demanding adds what a domain demands to the policies; line has the
// organization that has proved it.
func demanding(rules sso.Rules, claim *sso.Domain, line []sso.Organization) sso.Rules {
	if i := slices.IndexFunc(line, func(o sso.Organization) bool { return o.ID == claim.Org }); i >= 0 && claim.PasswordOff {
		rules = append(rules, claim.Demand(&line[i]))
	}
	return rules
}
