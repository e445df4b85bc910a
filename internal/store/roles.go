package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const roleColumns = `r.key, r.name, r.description, r.created_at, r.updated_at, r.version`

func roleFields(d *sso.RoleDefinition) []any {
	return []any{&d.Key, &d.Name, &d.Description, utc(&d.CreatedAt), utc(&d.UpdatedAt), &d.Version}
}

// Roles returns the roles that operators have defined, by key.
func (r *Reader) Roles(ctx context.Context) ([]sso.RoleDefinition, error) {
	all, err := list(ctx, r.q, roleFields, `
		select `+roleColumns+`
		from roles r
		order by r.key`)
	return all, doing(err, "listing roles")
}

// Role returns the role of this key that operators have defined, or
// [ErrNotFound].
func (r *Reader) Role(ctx context.Context, key sso.Role) (sso.RoleDefinition, error) {
	d, err := one(ctx, r.q, roleFields, `
		select `+roleColumns+`
		from roles r
		where r.key = $1`,
		key)
	return d, doing(err, "reading role %q", key)
}

// SaveRole inserts the role where its Version is 0, else replaces that version.
// One of the same key is a conflict on [RoleKey].
func (w *Writer) SaveRole(ctx context.Context, d sso.RoleDefinition) error {
	if d.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into roles (key, name, description, created_at, updated_at, version)
			values ($1, $2, $3, $4, $5, 1)`,
			d.Key, d.Name, d.Description, at(d.CreatedAt), at(d.UpdatedAt))
		return doing(err, "inserting role %q", d.Key)
	}
	n, err := w.q.exec(ctx, `
		update roles
		set name = $3, description = $4, updated_at = $5, version = version + 1
		where key = $1 and version = $2`,
		d.Key, d.Version, d.Name, d.Description, at(d.UpdatedAt))
	return doing(saved(n, err), "saving role %q", d.Key)
}

// DeleteRole deletes a role that operators have defined. Whether anybody has
// it is the caller's to ask.
func (w *Writer) DeleteRole(ctx context.Context, key sso.Role) error {
	n, err := w.q.exec(ctx, `
		delete from roles
		where key = $1`,
		key)
	return doing(found(n, err), "deleting role %q", key)
}

// CountRole returns how many memberships have the role, at most limit.
func (r *Reader) CountRole(ctx context.Context, key sso.Role, limit int) (int, error) {
	n, err := one(ctx, r.q, func(n *int) []any { return []any{n} }, `
		select count(*)
		from (select 1 from memberships m where m.role = $1 limit $2) as few`,
		key, limit)
	return n, doing(err, "counting who has role %q", key)
}
