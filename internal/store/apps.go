package store

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Columns and tables of an app, without its secrets and with them. The secrets
// have two places, so that they come with the app in one statement.
const (
	appColumns = `p.id, p.key, p.name, p.client_id, p.kind, p.disabled, p.auth_method, p.jwks, p.jwks_uri, p.grant_types, p.redirect_uris,
		p.logout_uris, p.backchannel_uri, p.login_url, p.token_alg, p.require_par, p.dpop, p.pkce_optional, p.allowed_orgs, p.required_entitlement, p.allowed_roles,
		p.brand, p.claims, p.scopes, p.created_at, p.updated_at, p.version`
	keyedAppColumns = appColumns + `,
		k1.id, k1.hash, k1.hint, k1.created_by, k1.created_at, u1.used_at, k2.id, k2.hash, k2.hint, k2.created_by, k2.created_at, u2.used_at`
	keyedAppTables = `apps p
		left join app_secrets k1 on k1.app_id = p.id and k1.slot = 1
		left join secret_uses u1 on u1.secret_id = k1.id
		left join app_secrets k2 on k2.app_id = p.id and k2.slot = 2
		left join secret_uses u2 on u2.secret_id = k2.id`
)

func appFields(a *sso.App) []any {
	return []any{
		&a.ID, &a.Key, &a.Name, &a.ClientID, &a.Kind, &a.Disabled, &a.AuthMethod, &a.JWKS, &a.JWKSURI, fromJSON(&a.GrantTypes), fromJSON(&a.RedirectURIs),
		fromJSON(&a.PostLogoutRedirectURIs), &a.BackchannelLogoutURI, &a.LoginURL, &a.IDTokenAlg, &a.RequirePAR, &a.DPoP, &a.PKCEOptional, fromJSON(&a.AllowedOrgs),
		&a.RequiredEntitlement, fromJSON(&a.AllowedRoles), fromJSON(&a.Brand), fromJSON(&a.Claims), fromJSON(&a.Scopes), utc(&a.CreatedAt), utc(&a.UpdatedAt), &a.Version,
	}
}

// keyedApp is an app with what stands in the places of its secrets.
type keyedApp struct {
	app    sso.App
	places [sso.MaxAppSecrets]struct {
		secret sso.AppSecret // without an ID: none stands there
		hash   []byte
	}
}

func keyedAppFields(k *keyedApp) []any {
	fields := appFields(&k.app)
	for i := range k.places {
		p := &k.places[i]
		s := &p.secret
		fields = append(fields, opt(&s.ID), &p.hash, opt(&s.Hint), opt(&s.CreatedBy), utc(&s.CreatedAt), utc(&s.UsedAt))
	}
	return fields
}

// whole returns the app with its secrets, the older one first.
func (k *keyedApp) whole() sso.App {
	for i := range k.places {
		p := &k.places[i]
		if p.secret.ID != "" {
			copy(p.secret.Hash[:], p.hash)
			k.app.Secrets = append(k.app.Secrets, p.secret)
		}
	}
	if s := k.app.Secrets; len(s) == sso.MaxAppSecrets && s[1].CreatedAt.Before(s[0].CreatedAt) {
		s[0], s[1] = s[1], s[0]
	}
	return k.app
}

// Apps returns all apps, the oldest first.
func (r *Reader) Apps(ctx context.Context) ([]sso.App, error) {
	rows, err := list(ctx, r.q, keyedAppFields, `
		select `+keyedAppColumns+`
		from `+keyedAppTables+`
		order by p.created_at, p.id`)
	return wholeApps(rows), doing(err, "listing apps")
}

// App returns the app with this ID, or [ErrNotFound].
func (r *Reader) App(ctx context.Context, id sso.AppID) (sso.App, error) {
	k, err := one(ctx, r.q, keyedAppFields, `
		select `+keyedAppColumns+`
		from `+keyedAppTables+`
		where p.id = $1`,
		id)
	return k.whole(), doing(err, "reading app %s", id)
}

// AppByClientID returns the app with this client ID, or [ErrNotFound].
func (r *Reader) AppByClientID(ctx context.Context, clientID string) (sso.App, error) {
	k, err := one(ctx, r.q, keyedAppFields, `
		select `+keyedAppColumns+`
		from `+keyedAppTables+`
		where p.client_id = $1`,
		clientID)
	return k.whole(), doing(err, "reading app of client %q", clientID)
}

// AppByKey returns the app with this key, or [ErrNotFound].
func (r *Reader) AppByKey(ctx context.Context, key string) (sso.App, error) {
	k, err := one(ctx, r.q, keyedAppFields, `
		select `+keyedAppColumns+`
		from `+keyedAppTables+`
		where p.key = $1`,
		key)
	return k.whole(), doing(err, "reading app by key %q", key)
}

// AppQuery says which apps are listed, by key. The zero value lists none.
type AppQuery struct {
	Typed string // stands in the key, the name or the client ID; "": any
	After string // key behind which the page begins
	Limit int
}

// ListApps returns a page of apps, by key.
func (r *Reader) ListApps(ctx context.Context, q AppQuery) ([]sso.App, error) {
	like := ""
	if q.Typed != "" {
		like = "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(q.Typed)) + "%"
	}
	rows, err := list(ctx, r.q, keyedAppFields, `
		select `+keyedAppColumns+`
		from `+keyedAppTables+`
		where p.key > $1 and ($2 = '' or p.key like $2 escape '!' or lower(p.name) like $2 escape '!' or lower(p.client_id) like $2 escape '!')
		order by p.key
		limit $3`,
		q.After, like, q.Limit)
	return wholeApps(rows), doing(err, "listing apps by key")
}

func wholeApps(rows []keyedApp) []sso.App {
	var all []sso.App
	for i := range rows {
		all = append(all, rows[i].whole())
	}
	return all
}

// SaveApp inserts the app with its secrets where its Version is 0, else
// replaces that version of it. The secrets of one that is there are added and
// retired one by one.
func (w *Writer) SaveApp(ctx context.Context, a sso.App) error {
	if a.Version == 0 {
		return w.insertApp(ctx, &a)
	}
	n, err := w.q.exec(ctx, `
		update apps
		set key = $3, name = $4, client_id = $5, kind = $6, disabled = $7, auth_method = $8, jwks = $9, jwks_uri = $10, grant_types = $11,
			redirect_uris = $12, logout_uris = $13, backchannel_uri = $14, login_url = $15, token_alg = $16, require_par = $17, dpop = $18,
			allowed_orgs = $19, required_entitlement = $20, allowed_roles = $21, brand = $22, claims = $23, scopes = $24, updated_at = $25, pkce_optional = $26, version = version + 1
		where id = $1 and version = $2`,
		append([]any{a.ID, a.Version}, appValues(&a)...)...)
	return doing(saved(n, err), "saving app %s", a.ID)
}

func (w *Writer) insertApp(ctx context.Context, a *sso.App) error {
	_, err := w.q.exec(ctx, `
		insert into apps (id, created_at, key, name, client_id, kind, disabled, auth_method, jwks, jwks_uri, grant_types, redirect_uris, logout_uris,
			backchannel_uri, login_url, token_alg, require_par, dpop, allowed_orgs, required_entitlement, allowed_roles, brand, claims, scopes, updated_at, pkce_optional, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, 1)`,
		append([]any{a.ID, at(a.CreatedAt)}, appValues(a)...)...)
	if err != nil {
		return doing(err, "inserting app %s", a.ID)
	}
	for i := range a.Secrets {
		if err := w.InsertAppSecret(ctx, a.ID, a.Secrets[i]); err != nil {
			return err
		}
	}
	return nil
}

// appValues are the settings of an app as arguments, from $3 on.
func appValues(a *sso.App) []any {
	return []any{
		a.Key, a.Name, a.ClientID, a.Kind, a.Disabled, a.AuthMethod, a.JWKS, a.JWKSURI, toJSON(a.GrantTypes), toJSON(a.RedirectURIs),
		toJSON(a.PostLogoutRedirectURIs), a.BackchannelLogoutURI, a.LoginURL, a.IDTokenAlg, a.RequirePAR, a.DPoP, toJSON(a.AllowedOrgs),
		a.RequiredEntitlement, toJSON(a.AllowedRoles), toJSON(a.Brand), toJSON(a.Claims), toJSON(a.Scopes), at(a.UpdatedAt), a.PKCEOptional,
	}
}

// DeleteApp deletes an app, and with it its secrets, and all that it was given.
func (w *Writer) DeleteApp(ctx context.Context, id sso.AppID) error {
	n, err := w.q.exec(ctx, `
		delete from apps
		where id = $1`,
		id)
	return doing(found(n, err), "deleting app %s", id)
}

// InsertAppSecret adds a secret to an app, which was not used yet. Where both places are taken, also by
// somebody else at this moment, it is a conflict on [AppSecretPlace].
func (w *Writer) InsertAppSecret(ctx context.Context, app sso.AppID, s sso.AppSecret) error {
	_, err := w.q.exec(ctx, `
		insert into app_secrets (id, app_id, slot, hash, hint, created_by, created_at)
		values ($1, $2, case when exists (select 1 from app_secrets k where k.app_id = $2 and k.slot = 1) then 2 else 1 end, $3, $4, $5, $6)`,
		s.ID, app, s.Hash[:], s.Hint, s.CreatedBy, at(s.CreatedAt))
	return doing(err, "inserting a secret of app %s", app)
}

// DeleteAppSecret deletes a secret of an app, so that it opens nothing.
func (w *Writer) DeleteAppSecret(ctx context.Context, app sso.AppID, id sso.AppSecretID) error {
	n, err := w.q.exec(ctx, `
		delete from app_secrets
		where app_id = $1 and id = $2`,
		app, id)
	return doing(found(n, err), "deleting secret %s", id)
}

// UseAppSecret notes that a secret is in use. One that is gone is no error:
// whoever used it did so before.
func (w *Writer) UseAppSecret(ctx context.Context, id sso.AppSecretID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		insert into secret_uses (secret_id, used_at)
		select k.id, $2 from app_secrets k where k.id = $1
		on conflict (secret_id) do update
		set used_at = excluded.used_at
		where secret_uses.used_at < excluded.used_at`,
		id, at(now))
	return doing(err, "using secret %s", id)
}
