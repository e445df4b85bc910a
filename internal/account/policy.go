package account

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// demandsSSOIn reports whether a member of an organization must come through a
// connection to it.
func demandsSSOIn(ctx context.Context, r *store.Reader, u *sso.User, m *sso.Membership) (bool, error) {
	org, err := r.Organization(ctx, m.Org)
	if err != nil {
		return false, err
	}
	rules, proved, err := r.Rules(ctx, &org, u.Email)
	if err != nil {
		return false, err
	}
	entry := sso.Entry{Method: sso.ByPassword, Email: u.Email, Outside: m.Role == sso.RoleOwner && !proved}
	return rules.DemandsSSO(entry), nil
}
