package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const bundleColumns = `b.id, b.reference, b.org_id, b.content, b.made_by, b.created_at, b.expires_at, b.revoked_at`

func bundleFields(b *sso.Bundle) []any {
	return []any{&b.ID, &b.Reference, opt(&b.Org), fromJSON(&b.Content), &b.By, utc(&b.CreatedAt), utc(&b.ExpiresAt), utc(&b.RevokedAt)}
}

// Bundle returns the support bundle that a token opens, whatever has become of
// it, or [ErrNotFound].
func (r *Reader) Bundle(ctx context.Context, token secret.Hash) (sso.Bundle, error) {
	b, err := one(ctx, r.q, bundleFields, `
		select `+bundleColumns+`
		from trace_bundles b
		where b.token_hash = $1`,
		token[:])
	return b, doing(err, "reading the support bundle of a token")
}

// Bundles returns the support bundles of a trace that can still be opened, the
// latest first, at most limit of them.
func (r *Reader) Bundles(ctx context.Context, reference string, now time.Time, limit int) ([]sso.Bundle, error) {
	all, err := list(ctx, r.q, bundleFields, `
		select `+bundleColumns+`
		from trace_bundles b
		where b.reference = $1 and b.revoked_at is null and b.expires_at > $2
		order by b.created_at desc, b.id desc
		limit $3`,
		reference, at(now), limit)
	return all, doing(err, "listing support bundles of %q", reference)
}

// InsertBundle stores a support bundle, to be found by the hash of its token.
func (w *Writer) InsertBundle(ctx context.Context, b sso.Bundle, token secret.Hash) error {
	_, err := w.q.exec(ctx, `
		insert into trace_bundles (id, token_hash, reference, org_id, content, made_by, created_at, expires_at, revoked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		b.ID, token[:], b.Reference, null(b.Org), toJSON(b.Content), b.By, at(b.CreatedAt), at(b.ExpiresAt), at(b.RevokedAt))
	return doing(err, "inserting support bundle %s", b.ID)
}

// RevokeBundle closes a support bundle of a trace for good, or returns
// [ErrNotFound]. One that is revoked already stays as it is.
func (w *Writer) RevokeBundle(ctx context.Context, reference string, id sso.BundleID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update trace_bundles
		set revoked_at = coalesce(revoked_at, $3)
		where id = $1 and reference = $2`,
		id, reference, at(now))
	return doing(found(n, err), "revoking support bundle %s", id)
}
