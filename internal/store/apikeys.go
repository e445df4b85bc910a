package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const apiKeyColumns = `k.id, k.org_id, k.name, k.hint, k.scopes, k.created_by, k.created_at, k.expires_at, k.revoked_at, k.used_at`

func apiKeyFields(k *sso.APIKey) []any {
	return []any{&k.ID, opt(&k.Org), &k.Name, &k.Hint, fromJSON(&k.Scopes), &k.By, utc(&k.CreatedAt), utc(&k.ExpiresAt), utc(&k.RevokedAt), utc(&k.UsedAt)}
}

// APIKeyByToken returns the API key with this text, whatever has become of it,
// or [ErrNotFound].
func (r *Reader) APIKeyByToken(ctx context.Context, token secret.Hash) (sso.APIKey, error) {
	k, err := one(ctx, r.q, apiKeyFields, `
		select `+apiKeyColumns+`
		from api_keys k
		where k.token_hash = $1`,
		token[:])
	return k, doing(err, "reading the API key of a token")
}

// APIKey returns the API key with this ID, whosever it is, or [ErrNotFound].
func (r *Reader) APIKey(ctx context.Context, id sso.APIKeyID) (sso.APIKey, error) {
	k, err := one(ctx, r.q, apiKeyFields, `
		select `+apiKeyColumns+`
		from api_keys k
		where k.id = $1`,
		id)
	return k, doing(err, "reading API key %s", id)
}

// liveAPIKey is for keys that are good at $2.
const liveAPIKey = `(k.revoked_at is null and (k.expires_at is null or k.expires_at > $2))`

// DeploymentAPIKeys returns the API keys that are bound to no organization, at most
// limit of them: those that are good at this instant, the latest first, and then as
// many of the others.
func (r *Reader) DeploymentAPIKeys(ctx context.Context, now time.Time, limit int) ([]sso.APIKey, error) {
	all, err := list(ctx, r.q, apiKeyFields, `
		select `+apiKeyColumns+`
		from api_keys k
		where k.org_id is null
		order by `+liveAPIKey+` desc, k.created_at desc, k.id desc
		limit $1`,
		limit, at(now))
	return all, doing(err, "listing API keys of the deployment")
}

// APIKeys is [Reader.DeploymentAPIKeys] for those of the organization.
func (r *OrgReader) APIKeys(ctx context.Context, now time.Time, limit int) ([]sso.APIKey, error) {
	all, err := list(ctx, r.q, apiKeyFields, `
		select `+apiKeyColumns+`
		from api_keys k
		where k.org_id = $1
		order by `+liveAPIKey+` desc, k.created_at desc, k.id desc
		limit $3`,
		r.org, at(now), limit)
	return all, doing(err, "listing API keys of %s", r.org)
}

// CountAPIKeys returns how many API keys of an organization, or of the deployment
// for "", are good at this instant.
func (r *Reader) CountAPIKeys(ctx context.Context, org sso.OrgID, now time.Time) (int, error) {
	n, err := one(ctx, r.q, func(n *int) []any { return []any{n} }, `
		select count(*)
		from api_keys k
		where coalesce(k.org_id, '') = $1 and `+liveAPIKey,
		org, at(now))
	return n, doing(err, "counting API keys of %q", org)
}

// InsertAPIKey stores an API key, to be found by the hash of its text.
func (w *Writer) InsertAPIKey(ctx context.Context, k sso.APIKey, token secret.Hash) error {
	_, err := w.q.exec(ctx, `
		insert into api_keys (id, token_hash, org_id, name, hint, scopes, created_by, created_at, expires_at, revoked_at, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		k.ID, token[:], null(k.Org), k.Name, k.Hint, toJSON(k.Scopes), k.By, at(k.CreatedAt), at(k.ExpiresAt), at(k.RevokedAt), at(k.UsedAt))
	return doing(err, "inserting API key %s", k.ID)
}

// RevokeAPIKey ends an API key for good. One that is revoked already stays as
// it is.
func (w *Writer) RevokeAPIKey(ctx context.Context, id sso.APIKeyID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update api_keys
		set revoked_at = $2
		where id = $1 and revoked_at is null`,
		id, at(now))
	return doing(err, "revoking API key %s", id)
}

// TouchAPIKey notes that an API key was used.
func (w *Writer) TouchAPIKey(ctx context.Context, id sso.APIKeyID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update api_keys
		set used_at = $2
		where id = $1 and (used_at is null or used_at < $2)`,
		id, at(now))
	return doing(err, "noting the use of API key %s", id)
}
