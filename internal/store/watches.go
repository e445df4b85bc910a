package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

const watchColumns = `w.connection_id, w.org_id, w.due_at, w.seen, w.fetched_at, w.fetched_by, w.version`

func watchFields(w *sso.Watch) []any {
	return []any{&w.Connection, &w.Org, utc(&w.DueAt), fromJSON(&w.Seen), utcOrNever(&w.FetchedAt), &w.FetchedBy, &w.Version}
}

// WatchesDue returns the watches whose time has come, at most limit of them,
// those that wait longest first.
func (r *Reader) WatchesDue(ctx context.Context, now time.Time, limit int) ([]sso.Watch, error) {
	all, err := list(ctx, r.q, watchFields, `
		select `+watchColumns+`
		from connection_watches w
		where w.due_at <= $1
		order by w.due_at
		limit $2`,
		at(now), limit)
	return all, doing(err, "listing connections to be looked at")
}

// Watch returns the watch of the organization's connection, or [ErrNotFound].
// Every connection has one.
func (r *OrgReader) Watch(ctx context.Context, id sso.ConnectionID) (sso.Watch, error) {
	w, err := one(ctx, r.q, watchFields, `
		select `+watchColumns+`
		from connection_watches w
		where w.org_id = $1 and w.connection_id = $2`,
		r.org, id)
	return w, doing(err, "reading the watch of %s", id)
}

// SaveWatch replaces this version of a watch. What it says of who has read our
// metadata is left alone.
func (w *OrgWriter) SaveWatch(ctx context.Context, x sso.Watch) error {
	if err := w.own(x.Org); err != nil {
		return doing(err, "saving the watch of %s", x.Connection)
	}
	n, err := w.q.exec(ctx, `
		update connection_watches
		set due_at = $4, seen = $5, version = version + 1
		where org_id = $1 and connection_id = $2 and version = $3`,
		w.org, x.Connection, x.Version, orNever(x.DueAt), toJSON(x.Seen))
	return doing(saved(n, err), "saving the watch of %s", x.Connection)
}

// AskWatch has the organization's connection looked at soon, because somebody
// met with a key that is not known, unless that was asked for since then.
func (w *OrgWriter) AskWatch(ctx context.Context, id sso.ConnectionID, now, since time.Time) error {
	_, err := w.q.exec(ctx, `
		update connection_watches
		set asked_at = $3, due_at = case when due_at < $3 then due_at else $3 end
		where org_id = $1 and connection_id = $2 and asked_at <= $4`,
		w.org, id, at(now), at(since))
	return doing(err, "having connection %s looked at", id)
}

// NoteFetch writes down that somebody has read our metadata for the
// organization's connection.
func (w *OrgWriter) NoteFetch(ctx context.Context, id sso.ConnectionID, by string, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update connection_watches
		set fetched_at = $3, fetched_by = $4
		where org_id = $1 and connection_id = $2`,
		w.org, id, at(now), shown(by))
	return doing(err, "noting who reads the metadata of %s", id)
}

// beginWatch has a new connection watched.
func (w *OrgWriter) beginWatch(ctx context.Context, c *sso.Connection) error {
	_, err := w.q.exec(ctx, `
		insert into connection_watches (connection_id, org_id, due_at, asked_at, ends_at, seen, fetched_at, fetched_by, version)
		values ($1, $2, $3, 0, $4, '{}', 0, '', 1)`,
		c.ID, w.org, orNever(c.CreatedAt), at(c.SAML.Lasts()))
	return err
}

// noteEnd keeps when the certificates of a connection end.
func (w *OrgWriter) noteEnd(ctx context.Context, c *sso.Connection) error {
	_, err := w.q.exec(ctx, `
		update connection_watches
		set ends_at = $3
		where org_id = $1 and connection_id = $2`,
		w.org, c.ID, at(c.SAML.Lasts()))
	return err
}

// Ending is an active connection whose last certificate ends.
type Ending struct {
	Connection sso.ConnectionID
	Key        string
	Name       string
	Org        sso.OrgID
	OrgKey     string
	OrgName    string
	Ends       time.Time
}

// Ending returns active connections whose last certificate ends before an
// instant, of one organization or, for "", of all, the first to end first.
func (r *Reader) Ending(ctx context.Context, org sso.OrgID, before time.Time, limit int) ([]Ending, error) {
	fields := func(e *Ending) []any {
		return []any{&e.Connection, &e.Key, &e.Name, &e.Org, &e.OrgKey, &e.OrgName, utc(&e.Ends)}
	}
	all, err := list(ctx, r.q, fields, `
		select c.id, c.key, c.name, o.id, o.key, o.name, w.ends_at
		from connection_watches w
			join connections c on c.id = w.connection_id
			join organizations o on o.id = c.org_id
		where w.ends_at < $1 and c.state = 'active' and ($2 = '' or c.org_id = $2)
		order by w.ends_at, c.id
		limit $3`,
		at(before), org, limit)
	return all, doing(err, "listing certificates that end")
}
