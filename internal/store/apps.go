package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const appColumns = `p.id, p.key, p.name, p.client_id, p.secret_hash, p.redirect_uris, p.login_url, p.created_at, p.updated_at, p.version`

func appFields(a *sso.App) []any {
	return []any{&a.ID, &a.Key, &a.Name, &a.ClientID, &a.SecretHash, fromJSON(&a.RedirectURIs), &a.LoginURL, utc(&a.CreatedAt), utc(&a.UpdatedAt), &a.Version}
}

// Apps returns all apps, the oldest first.
func (r *Reader) Apps(ctx context.Context) ([]sso.App, error) {
	all, err := list(ctx, r.q, appFields, `
		select `+appColumns+`
		from apps p
		order by p.created_at, p.id`)
	return all, doing(err, "listing apps")
}

// App returns the app with this ID, or [ErrNotFound].
func (r *Reader) App(ctx context.Context, id sso.AppID) (sso.App, error) {
	a, err := one(ctx, r.q, appFields, `
		select `+appColumns+`
		from apps p
		where p.id = $1`,
		id)
	return a, doing(err, "reading app %s", id)
}

// AppByClientID returns the app with this client ID, or [ErrNotFound].
func (r *Reader) AppByClientID(ctx context.Context, clientID string) (sso.App, error) {
	a, err := one(ctx, r.q, appFields, `
		select `+appColumns+`
		from apps p
		where p.client_id = $1`,
		clientID)
	return a, doing(err, "reading app of client %q", clientID)
}

// SaveApp inserts the app where its Version is 0, else replaces that version
// of it.
func (w *Writer) SaveApp(ctx context.Context, a sso.App) error {
	if len(a.SecretHash) == 0 {
		a.SecretHash = nil
	}
	if a.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into apps (id, key, name, client_id, secret_hash, redirect_uris, login_url, created_at, updated_at, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)`,
			a.ID, a.Key, a.Name, a.ClientID, a.SecretHash, toJSON(a.RedirectURIs), a.LoginURL, at(a.CreatedAt), at(a.UpdatedAt))
		return doing(err, "inserting app %s", a.ID)
	}
	n, err := w.q.exec(ctx, `
		update apps
		set key = $3, name = $4, client_id = $5, secret_hash = $6, redirect_uris = $7, login_url = $8, updated_at = $9, version = version + 1
		where id = $1 and version = $2`,
		a.ID, a.Version, a.Key, a.Name, a.ClientID, a.SecretHash, toJSON(a.RedirectURIs), a.LoginURL, at(a.UpdatedAt))
	return doing(saved(n, err), "saving app %s", a.ID)
}
