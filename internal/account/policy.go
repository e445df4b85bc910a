package account

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// demandsSSOIn reports whether a member of an organization must come through a
// connection to it.
func demandsSSOIn(ctx context.Context, r *store.Reader, u *sso.User, m *sso.Membership, now time.Time) (bool, error) {
	org, err := r.Organization(ctx, m.Org)
	if err != nil {
		return false, err
	}
	rules, entry, err := r.Door(ctx, &org, u, m.Role)
	entry.Method, entry.At = sso.ByPassword, now
	return rules.DemandsSSO(entry), err
}
