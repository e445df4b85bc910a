package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const organizationColumns = `o.id, o.key, o.name, o.path, o.state, o.entitlements, o.policy, o.brand, o.created_at, o.updated_at, o.version`

func organizationFields(o *sso.Organization) []any {
	return []any{
		&o.ID, &o.Key, &o.Name, path(&o.Path), &o.State, fromJSON(&o.Entitlements), fromJSON(&o.Policy), fromJSON(&o.Brand),
		utc(&o.CreatedAt), utc(&o.UpdatedAt), &o.Version,
	}
}

// Organization returns the organization with this ID, or [ErrNotFound].
func (r *Reader) Organization(ctx context.Context, id sso.OrgID) (sso.Organization, error) {
	o, err := one(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where o.id = $1`,
		id)
	return o, doing(err, "reading organization %s", id)
}

// OrganizationByKey returns the organization with this key, or [ErrNotFound].
func (r *Reader) OrganizationByKey(ctx context.Context, key string) (sso.Organization, error) {
	o, err := one(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where o.key = $1`,
		key)
	return o, doing(err, "reading organization %q", key)
}

// Organizations returns all organizations, parents before their children.
func (r *Reader) Organizations(ctx context.Context) ([]sso.Organization, error) {
	all, err := list(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		order by length(o.path), o.id`)
	return all, doing(err, "listing organizations")
}

// OrganizationsByID returns those of the organizations that exist, parents
// before their children.
func (r *Reader) OrganizationsByID(ctx context.Context, ids []sso.OrgID) ([]sso.Organization, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, ids)
	all, err := list(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where o.id in (`+in+`)
		order by length(o.path), o.id`,
		args...)
	return all, doing(err, "listing organizations by ID")
}

// Lineage returns the organization and all above it, from the root of the
// tree to the organization itself, or [ErrNotFound].
func (r *Reader) Lineage(ctx context.Context, id sso.OrgID) ([]sso.Organization, error) {
	line, err := list(ctx, r.q, organizationFields, `
		with recursive up (id, parent_id) as (
			select id, parent_id from organizations where id = $1
			union -- ends even in a circle
			select p.id, p.parent_id from up join organizations p on p.id = up.parent_id
		)
		select `+organizationColumns+`
		from up join organizations o on o.id = up.id
		order by length(o.path)`,
		id)
	if err == nil && len(line) == 0 {
		err = ErrNotFound
	}
	return line, doing(err, "reading the organizations above %s", id)
}

// SaveOrganization inserts the organization where its Version is 0, else
// replaces that version of it. Where it has moved within the tree, a further
// statement moves all that stands below it, which counts as a save of each.
// Two more keep the words by which it is found. The sessions of one that is
// suspended, and of all below it, are over at its last change.
func (w *Writer) SaveOrganization(ctx context.Context, o sso.Organization) error {
	if o.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into organizations (id, key, name, parent_id, path, state, entitlements, policy, created_at, updated_at, sort_key, inactive_after, brand, local_until, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)`,
			o.ID, o.Key, o.Name, null(o.Parent()), pathText(o.Path), o.State, toJSON(o.Entitlements), toJSON(o.Policy), at(o.CreatedAt), at(o.UpdatedAt), o.SortKey(), inactiveAfter(&o), toJSON(o.Brand), localUntil(&o))
		if err == nil {
			err = w.indexOrganization(ctx, &o)
		}
		return doing(err, "inserting organization %s", o.ID)
	}
	n, err := w.q.exec(ctx, `
		update organizations
		set key = $3, name = $4, parent_id = $5, path = $6, state = $7, entitlements = $8, policy = $9, updated_at = $10, sort_key = $11, inactive_after = $12, brand = $13, local_until = $14, version = version + 1
		where id = $1 and version = $2`,
		o.ID, o.Version, o.Key, o.Name, null(o.Parent()), pathText(o.Path), o.State, toJSON(o.Entitlements), toJSON(o.Policy), at(o.UpdatedAt), o.SortKey(), inactiveAfter(&o), toJSON(o.Brand), localUntil(&o))
	if err := saved(n, err); err != nil {
		return doing(err, "saving organization %s", o.ID)
	}
	if err := w.indexOrganization(ctx, &o); err != nil {
		return doing(err, "saving organization %s", o.ID)
	}
	_, err = w.q.exec(ctx, `
		with recursive below (id, path) as (
			select id, path from organizations where id = $1
			union all
			select c.id, below.path || '/' || c.id
			from below join organizations c on c.parent_id = below.id
		)
		update organizations
		set path = (select below.path from below where below.id = organizations.id), version = version + 1
		where id in (select below.id from below)
			and path <> (select below.path from below where below.id = organizations.id)`,
		o.ID)
	if err != nil || o.State == sso.OrgActive {
		return doing(err, "moving what stands below organization %s", o.ID)
	}
	_, err = w.q.exec(ctx, `
		with recursive below (id) as (
			select id from organizations where id = $1
			union all
			select c.id
			from below join organizations c on c.parent_id = below.id
		)
		update sessions
		set ended_at = $2
		where id in (
			select s.id
			from below cross join memberships m cross join sessions s -- in this order
			where m.org_id = below.id and s.user_id = m.user_id and s.org_id = m.org_id and s.ended_at is null
		)`,
		o.ID, at(o.UpdatedAt))
	return doing(err, "ending the sessions of organization %s and below", o.ID)
}

// Organization returns the organization itself, or [ErrNotFound].
func (r *OrgReader) Organization(ctx context.Context) (sso.Organization, error) {
	return (&Reader{r.q}).Organization(ctx, r.org)
}
