package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// ReplaceBreakGlassCodes gives the organization a new set of break-glass codes
// in place of all that there were, used or not. It takes one statement for each
// code and one more.
func (w *OrgWriter) ReplaceBreakGlassCodes(ctx context.Context, codes []secret.Hash, now time.Time) error {
	if _, err := w.q.exec(ctx, `delete from break_glass_codes where org_id = $1`, w.org); err != nil {
		return doing(err, "deleting break-glass codes of %s", w.org)
	}
	for _, code := range codes {
		_, err := w.q.exec(ctx, `
			insert into break_glass_codes (org_id, hash, created_at)
			values ($1, $2, $3)`,
			w.org, code[:], at(now))
		if err != nil {
			return doing(err, "inserting a break-glass code of %s", w.org)
		}
	}
	return nil
}

// UseBreakGlassCode uses up a code of the organization for somebody. One that
// was never its own, or was used before, is [ErrNotFound]: of any number of
// transactions that use one code, one succeeds.
func (w *OrgWriter) UseBreakGlassCode(ctx context.Context, code secret.Hash, user sso.UserID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update break_glass_codes
		set used_at = $4, used_by = $3
		where org_id = $1 and hash = $2 and used_at is null`,
		w.org, code[:], user, at(now))
	return doing(found(n, err), "using a break-glass code of %s", w.org)
}

// BreakGlass is what is known of the break-glass codes of an organization.
type BreakGlass struct {
	Left      int       // that can be used
	CreatedAt time.Time // of the set; zero: there is none
}

// BreakGlass returns what is known of the organization's break-glass codes.
func (r *OrgReader) BreakGlass(ctx context.Context) (BreakGlass, error) {
	b, err := one(ctx, r.q, func(b *BreakGlass) []any { return []any{&b.Left, utc(&b.CreatedAt)} }, `
		select count(*) - count(used_at), min(created_at)
		from break_glass_codes
		where org_id = $1`,
		r.org)
	return b, doing(err, "counting break-glass codes of %s", r.org)
}

// NoteBeside notes that a member came in past single sign-on.
func (w *OrgWriter) NoteBeside(ctx context.Context, user sso.UserID, method sso.Method, now time.Time) error {
	_, err := w.q.exec(ctx, `
		insert into beside_sso (org_id, user_id, method, at)
		values ($1, $2, $3, $4)
		on conflict (org_id, user_id, method) do update
		set at = excluded.at`,
		w.org, user, method, at(now))
	return doing(err, "noting who came into %s past single sign-on", w.org)
}

// ForgetBeside forgets who came in past single sign-on: it is to be tried anew.
func (w *OrgWriter) ForgetBeside(ctx context.Context) error {
	_, err := w.q.exec(ctx, `delete from beside_sso where org_id = $1`, w.org)
	return doing(err, "forgetting who came into %s past single sign-on", w.org)
}

// Beside returns those who came in past single sign-on and are members still,
// the latest first, this many at most.
func (r *OrgReader) Beside(ctx context.Context, limit int) ([]sso.Beside, error) {
	all, err := list(ctx, r.q, func(b *sso.Beside) []any { return []any{&b.User, email(&b.Email), &b.Role, &b.Method, utc(&b.At)} }, `
		select x.user_id, u.email, m.role, x.method, x.at
		from beside_sso x
		join memberships m on m.org_id = x.org_id and m.user_id = x.user_id
		join users u on u.id = x.user_id
		where x.org_id = $1 and u.state = 'active'
		order by x.at desc, x.user_id, x.method
		limit $2`,
		r.org, limit)
	return all, doing(err, "listing who came into %s past single sign-on", r.org)
}
