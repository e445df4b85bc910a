package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

const retreatColumns = `t.org_id, t.state, t.by_user, t.by_org, t.address, t.after_key, t.after_user, t.total, t.sent, t.skipped, t.code, t.next_at, t.created_at, t.updated_at, t.version`

func retreatFields(t *sso.Retreat) []any {
	return []any{
		&t.Org, &t.State, &t.By, &t.ByOrg, &t.Address, &t.AfterKey, &t.AfterUser, &t.Total, &t.Sent, &t.Skipped, &t.Code,
		utc(&t.NextAt), utc(&t.CreatedAt), utc(&t.UpdatedAt), &t.Version,
	}
}

// Retreat returns the organization's, whatever has become of it, or
// [ErrNotFound].
func (r *OrgReader) Retreat(ctx context.Context) (sso.Retreat, error) {
	t, err := one(ctx, r.q, retreatFields, `
		select `+retreatColumns+`
		from retreats t
		where t.org_id = $1`,
		r.org)
	return t, doing(err, "reading the retreat of %s", r.org)
}

// NextRetreat returns the running one whose time came first, or [ErrNotFound].
func (r *Reader) NextRetreat(ctx context.Context, now time.Time) (sso.Retreat, error) {
	t, err := one(ctx, r.q, retreatFields, `
		select `+retreatColumns+`
		from retreats t
		where t.state = 'running' and t.next_at <= $1
		order by t.next_at
		limit 1`,
		at(now))
	return t, doing(err, "looking for a retreat to go on with")
}

// SaveRetreat inserts the organization's where its Version is 0, else replaces
// that version of it.
func (w *OrgWriter) SaveRetreat(ctx context.Context, t sso.Retreat) error {
	if err := w.own(t.Org); err != nil {
		return doing(err, "saving the retreat of %s", t.Org)
	}
	if t.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into retreats (org_id, state, by_user, by_org, address, after_key, after_user, total, sent, skipped, code, next_at, created_at, updated_at, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)`,
			w.org, t.State, t.By, t.ByOrg, shown(t.Address), t.AfterKey, t.AfterUser, t.Total, t.Sent, t.Skipped, t.Code, at(t.NextAt), at(t.CreatedAt), at(t.UpdatedAt))
		return doing(err, "inserting the retreat of %s", t.Org)
	}
	n, err := w.q.exec(ctx, `
		update retreats
		set state = $3, by_user = $4, by_org = $5, address = $6, after_key = $7, after_user = $8, total = $9, sent = $10, skipped = $11, code = $12, next_at = $13,
			created_at = $14, updated_at = $15, version = version + 1
		where org_id = $1 and version = $2`,
		w.org, t.Version, t.State, t.By, t.ByOrg, shown(t.Address), t.AfterKey, t.AfterUser, t.Total, t.Sent, t.Skipped, t.Code, at(t.NextAt), at(t.CreatedAt), at(t.UpdatedAt))
	return doing(saved(n, err), "saving the retreat of %s", t.Org)
}

// WithPasskeys returns those of these users who have a passkey.
func (r *Reader) WithPasskeys(ctx context.Context, users []sso.UserID) ([]sso.UserID, error) {
	if len(users) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, users)
	all, err := list(ctx, r.q, func(id *sso.UserID) []any { return []any{id} }, `
		select distinct f.user_id
		from factors f
		where f.user_id in (`+in+`) and f.kind = 'passkey'
		order by f.user_id`,
		args...)
	return all, doing(err, "listing who has a passkey")
}
