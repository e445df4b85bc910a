package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// BrandOf returns the brand that the people of an organization see: its own,
// or that of the nearest one above it that has one.
func (r *Reader) BrandOf(ctx context.Context, org sso.OrgID) (sso.Brand, error) {
	all, err := list(ctx, r.q, func(b *sso.Brand) []any { return []any{fromJSON(b)} }, `
		with recursive up (id, parent_id, depth) as (
			select o.id, o.parent_id, 0 from organizations o where o.id = $1
			union all
			select p.id, p.parent_id, up.depth + 1
			from up join organizations p on p.id = up.parent_id
			where up.depth < $2
		)
		select o.brand
		from up cross join organizations o
		where o.id = up.id and o.brand not in ('', '{}')
		order by up.depth
		limit 1`,
		org, sso.MaxTreeDepth)
	if err != nil || len(all) == 0 {
		return sso.Brand{}, doing(err, "reading the brand of %s", org)
	}
	return all[0], nil
}

// BrandOfAttempt returns the brand of the app for which a sign-in was begun and,
// where that says nothing, of the organization at which it was.
func (r *Reader) BrandOfAttempt(ctx context.Context, id sso.AttemptID) (sso.Brand, error) {
	a, err := r.Attempt(ctx, id)
	if err != nil {
		return sso.Brand{}, err
	}
	var b sso.Brand
	if a.App != "" {
		app, err := r.App(ctx, a.App)
		if err != nil && !errors.Is(err, ErrNotFound) { // it may have been deleted meanwhile
			return sso.Brand{}, err
		}
		b = app.Brand
	}
	if a.Org == "" {
		return b, nil
	}
	above, err := r.BrandOf(ctx, a.Org)
	return b.Over(above), err
}

// Logo returns the picture of this hash, of an organization or an app, or
// [ErrNotFound].
func (r *Reader) Logo(ctx context.Context, hash string) ([]byte, error) {
	image, err := one(ctx, r.q, func(b *[]byte) []any { return []any{b} }, `
		select l.image
		from logos l
		where l.hash = $1
		union all
		select a.image
		from app_logos a
		where a.hash = $1`,
		hash)
	return image, doing(err, "reading a logo")
}

// SaveLogo keeps a picture for the organization in place of any other of its
// own, or none for the hash "". The hash is one that no other organization
// comes to. It takes two statements.
func (w *OrgWriter) SaveLogo(ctx context.Context, hash string, image []byte, now time.Time) error {
	_, err := w.q.exec(ctx, `
		delete from logos
		where org_id = $1 and hash <> $2`,
		w.org, hash)
	if err == nil && hash != "" {
		_, err = w.q.exec(ctx, `
			insert into logos (hash, org_id, image, created_at)
			values ($1, $2, $3, $4)
			on conflict (hash) do nothing`,
			hash, w.org, image, at(now))
	}
	return doing(err, "saving the logo of %s", w.org)
}

// SaveAppLogo keeps a picture for an app in place of any other of its own, or
// none for the hash "". The hash is one that nobody else comes to. It takes two
// statements.
func (w *Writer) SaveAppLogo(ctx context.Context, app sso.AppID, hash string, image []byte, now time.Time) error {
	_, err := w.q.exec(ctx, `
		delete from app_logos
		where app_id = $1 and hash <> $2`,
		app, hash)
	if err == nil && hash != "" {
		_, err = w.q.exec(ctx, `
			insert into app_logos (hash, app_id, image, created_at)
			values ($1, $2, $3, $4)
			on conflict (hash) do nothing`,
			hash, app, image, at(now))
	}
	return doing(err, "saving the logo of %s", app)
}
