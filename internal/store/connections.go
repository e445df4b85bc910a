package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const connectionColumns = `c.id, c.org_id, c.key, c.name, c.protocol, c.state, c.first_sign_in, c.saml, c.defaults, c.attributes, c.created_at, c.updated_at, c.version, c.turn`

func connectionFields(c *sso.Connection) []any {
	return []any{
		&c.ID, &c.Org, &c.Key, &c.Name, &c.Protocol, &c.State, &c.FirstSignIn,
		fromJSON(&c.SAML), fromJSON(&c.Defaults), fromJSON(&c.Attributes),
		utc(&c.CreatedAt), utc(&c.UpdatedAt), &c.Version, &c.Turn,
	}
}

// Connection returns the connection with this ID, or [ErrNotFound].
func (r *Reader) Connection(ctx context.Context, id sso.ConnectionID) (sso.Connection, error) {
	c, err := one(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id = $1`,
		id)
	return c, doing(err, "reading connection %s", id)
}

// ConnectionByKey returns the connection with this key, or [ErrNotFound].
func (r *Reader) ConnectionByKey(ctx context.Context, key string) (sso.Connection, error) {
	c, err := one(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.key = $1`,
		key)
	return c, doing(err, "reading connection %q", key)
}

// ActiveConnections returns the active connections of these organizations,
// the oldest first.
func (r *Reader) ActiveConnections(ctx context.Context, orgs []sso.OrgID) ([]sso.Connection, error) {
	if len(orgs) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, orgs)
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.org_id in (`+in+`) and c.state = 'active'
		order by c.created_at, c.id`,
		args...)
	return all, doing(err, "listing active connections")
}

// Connections returns the organization's connections, the oldest first.
func (r *OrgReader) Connections(ctx context.Context) ([]sso.Connection, error) {
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.org_id = $1
		order by c.created_at, c.id`,
		r.org)
	return all, doing(err, "listing connections of %s", r.org)
}

// Connection returns the organization's connection with this ID, or
// [ErrNotFound].
func (r *OrgReader) Connection(ctx context.Context, id sso.ConnectionID) (sso.Connection, error) {
	c, err := one(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.org_id = $1 and c.id = $2`,
		r.org, id)
	return c, doing(err, "reading connection %s of %s", id, r.org)
}

// SaveConnection inserts the connection where its Version is 0, else replaces
// that version of it. A new one is watched from now on. The sessions that one
// has made which is switched off are over at its last change.
func (w *OrgWriter) SaveConnection(ctx context.Context, c sso.Connection) error {
	if err := w.own(c.Org); err != nil {
		return doing(err, "saving connection %s", c.ID)
	}
	if c.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into connections (id, org_id, key, name, protocol, state, first_sign_in, saml, defaults, attributes, created_at, updated_at, turn, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)`,
			c.ID, w.org, c.Key, c.Name, c.Protocol, c.State, c.FirstSignIn, toJSON(c.SAML), toJSON(c.Defaults), toJSON(c.Attributes), at(c.CreatedAt), at(c.UpdatedAt), c.Turn)
		if err == nil {
			err = w.beginWatch(ctx, &c)
		}
		return doing(err, "inserting connection %s", c.ID)
	}
	n, err := w.q.exec(ctx, `
		update connections
		set key = $4, name = $5, protocol = $6, state = $7, first_sign_in = $8, saml = $9, defaults = $10, attributes = $11, updated_at = $12, turn = $13, version = version + 1
		where org_id = $1 and id = $2 and version = $3`,
		w.org, c.ID, c.Version, c.Key, c.Name, c.Protocol, c.State, c.FirstSignIn, toJSON(c.SAML), toJSON(c.Defaults), toJSON(c.Attributes), at(c.UpdatedAt), c.Turn)
	if err = saved(n, err); err == nil {
		err = w.noteEnd(ctx, &c)
	}
	if err == nil && c.State == sso.ConnectionDisabled {
		_, err = w.q.exec(ctx, `
			update sessions
			set ended_at = $2
			where connection_id = $1 and ended_at is null`,
			c.ID, at(c.UpdatedAt))
	}
	return doing(err, "saving connection %s", c.ID)
}

// NoteTested makes a draft a connection that was tried in this version, and does
// nothing about any other. It counts as no save: nobody who edits the settings
// has to look at them anew.
func (w *OrgWriter) NoteTested(ctx context.Context, c sso.Connection) error {
	_, err := w.q.exec(ctx, `
		update connections
		set state = 'tested'
		where org_id = $1 and id = $2 and version = $3 and state = 'draft'`,
		w.org, c.ID, c.Version)
	return doing(err, "noting that connection %s was tested", c.ID)
}

// ConnectionsByID returns those of these connections that exist, by name.
func (r *Reader) ConnectionsByID(ctx context.Context, ids []sso.ConnectionID) ([]sso.Connection, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, ids)
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id in (`+in+`)
		order by c.name, c.id`,
		args...)
	return all, doing(err, "listing connections by ID")
}
