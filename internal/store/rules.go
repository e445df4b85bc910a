package store

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/sso"
)

// Rules returns the policies that hold for a member of an organization with an
// address: of the organization and all above it, and, where the domain of the
// address is proved by another organization of the same tree, of that one and
// all above it. proved reports whether anybody in the tree has proved the
// domain. It takes at most three statements.
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
	if err != nil || org.Within(claim.Org) {
		return sso.RulesOf(line), true, err
	}
	claimant, err := r.Lineage(ctx, claim.Org)
	if err != nil || claimant[0].ID != line[0].ID {
		return sso.RulesOf(line), false, err // of a guest, another tree's own affair
	}
	return sso.RulesOf(line, claimant), true, nil
}
