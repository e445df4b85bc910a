package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const shadowColumns = `s.org_id, s.connection_id, s.which, s.saml, s.attributes, s.turn, s.updated_at, s.version`

func shadowFields(s *sso.Shadow) []any {
	return []any{&s.Org, &s.Connection, &s.Which, fromJSON(&s.SAML), fromJSON(&s.Attributes), &s.Turn, utc(&s.UpdatedAt), &s.Version}
}

// Shadow returns the settings of a connection beside the live ones, or
// [ErrNotFound].
func (r *Reader) Shadow(ctx context.Context, c sso.ConnectionID, which sso.Which) (sso.Shadow, error) {
	s, err := one(ctx, r.q, shadowFields, `
		select `+shadowColumns+`
		from shadows s
		where s.connection_id = $1 and s.which = $2`,
		c, which)
	return s, doing(err, "reading the %s settings of %s", which, c)
}

// Shadow returns the settings of the organization's connection beside the live
// ones, or [ErrNotFound].
func (r *OrgReader) Shadow(ctx context.Context, c sso.ConnectionID, which sso.Which) (sso.Shadow, error) {
	s, err := one(ctx, r.q, shadowFields, `
		select `+shadowColumns+`
		from shadows s
		where s.connection_id = $1 and s.which = $2 and s.org_id = $3`,
		c, which, r.org)
	return s, doing(err, "reading the %s settings of %s", which, c)
}

// SaveShadow inserts settings beside the live ones where their Version is 0,
// else replaces that version of them. The first version is the instant, so that
// it is none of others that stood there before.
func (w *OrgWriter) SaveShadow(ctx context.Context, s sso.Shadow) error {
	if err := w.own(s.Org); err != nil {
		return doing(err, "saving the %s settings of %s", s.Which, s.Connection)
	}
	if s.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into shadows (connection_id, org_id, which, saml, attributes, turn, updated_at, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			s.Connection, w.org, s.Which, toJSON(s.SAML), toJSON(s.Attributes), s.Turn, at(s.UpdatedAt), at(s.UpdatedAt))
		return doing(err, "inserting the %s settings of %s", s.Which, s.Connection)
	}
	n, err := w.q.exec(ctx, `
		update shadows
		set saml = $5, attributes = $6, updated_at = $7, version = version + 1
		where org_id = $1 and connection_id = $2 and which = $3 and version = $4`,
		w.org, s.Connection, s.Which, s.Version, toJSON(s.SAML), toJSON(s.Attributes), at(s.UpdatedAt))
	return doing(saved(n, err), "saving the %s settings of %s", s.Which, s.Connection)
}

// DeleteShadow deletes the settings of the organization's connection beside the
// live ones, if there are any.
func (w *OrgWriter) DeleteShadow(ctx context.Context, c sso.ConnectionID, which sso.Which) error {
	_, err := w.q.exec(ctx, `
		delete from shadows
		where org_id = $1 and connection_id = $2 and which = $3`,
		w.org, c, which)
	return doing(err, "deleting the %s settings of %s", which, c)
}
