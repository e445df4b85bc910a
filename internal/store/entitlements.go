package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

// Entitlements returns under which plans the organization's entitlements were
// granted, by name. One that came with a configuration file is not among them.
func (r *OrgReader) Entitlements(ctx context.Context) ([]sso.EntitlementGrant, error) {
	all, err := list(ctx, r.q, func(g *sso.EntitlementGrant) []any { return []any{&g.Entitlement, &g.Plan, &g.By, utc(&g.At)} }, `
		select e.name, e.plan, e.granted_by, e.granted_at
		from entitlements e
		where e.org_id = $1
		order by e.name`,
		r.org)
	return all, doing(err, "listing entitlements of %s", r.org)
}

// SaveEntitlement notes under which plan an entitlement is granted. That it
// holds is saved with the organization.
func (w *OrgWriter) SaveEntitlement(ctx context.Context, g sso.EntitlementGrant) error {
	_, err := w.q.exec(ctx, `
		insert into entitlements (org_id, name, plan, granted_by, granted_at)
		values ($1, $2, $3, $4, $5)
		on conflict (org_id, name) do update
		set plan = excluded.plan, granted_by = excluded.granted_by, granted_at = excluded.granted_at`,
		w.org, g.Entitlement, g.Plan, g.By, at(g.At))
	return doing(err, "saving entitlement %q of %s", g.Entitlement, w.org)
}

// DeleteEntitlement forgets under which plan an entitlement was granted; one
// that is not there is no error.
func (w *OrgWriter) DeleteEntitlement(ctx context.Context, e sso.Entitlement) error {
	_, err := w.q.exec(ctx, `
		delete from entitlements
		where org_id = $1 and name = $2`,
		w.org, e)
	return doing(err, "deleting entitlement %q of %s", e, w.org)
}
