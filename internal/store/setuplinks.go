package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// What who made a link is by now is read with it: its state is asked whenever
// it is used.
const setupLinkColumns = `l.id, l.org_id, l.scope, l.note, l.created_by, l.created_at, l.expires_at, l.revoked_at, l.opened_at,
		not exists (
			select 1
			from memberships m
				join users u on u.id = m.user_id
				join organizations own on own.id = m.org_id
				join organizations o on o.id = l.org_id
			where m.user_id = l.created_by and u.state = 'active'
				and (m.role = 'owner' and '/' || o.path || '/' like '%/' || own.id || '/%'
					or m.role in ('owner', 'admin') and own.key = '` + sso.OperatorsKey + `'))
			and not exists (
				select 1
				from api_keys k
				where k.id = l.created_by and k.revoked_at is null)`

func setupLinkFields(l *sso.SetupLink) []any {
	return []any{&l.ID, &l.Org, &l.Scope, &l.Note, &l.By, utc(&l.CreatedAt), utc(&l.ExpiresAt), utc(&l.RevokedAt), utc(&l.OpenedAt), &l.Disowned}
}

// SetupLink returns the setup link with this token, whatever has become of it,
// or [ErrNotFound].
func (r *Reader) SetupLink(ctx context.Context, token secret.Hash) (sso.SetupLink, error) {
	l, err := one(ctx, r.q, setupLinkFields, `
		select `+setupLinkColumns+`
		from setup_links l
		where l.token_hash = $1`,
		token[:])
	return l, doing(err, "reading the setup link of a token")
}

// SetupLink returns the organization's setup link with this ID, or
// [ErrNotFound].
func (r *OrgReader) SetupLink(ctx context.Context, id sso.SetupLinkID) (sso.SetupLink, error) {
	l, err := one(ctx, r.q, setupLinkFields, `
		select `+setupLinkColumns+`
		from setup_links l
		where l.org_id = $1 and l.id = $2`,
		r.org, id)
	return l, doing(err, "reading setup link %s of %s", id, r.org)
}

// SetupLinks returns the organization's setup links behind a place, at most
// limit of them, the latest first.
func (r *OrgReader) SetupLinks(ctx context.Context, after Place, limit int) ([]sso.SetupLink, error) {
	var s statement
	s.where("l.org_id = " + s.arg(r.org))
	s.earlier(after, "l.created_at", "l.id")
	all, err := list(ctx, r.q, setupLinkFields, `
		select `+setupLinkColumns+`
		from setup_links l
		where `+s.conditions()+`
		order by l.created_at desc, l.id desc
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing setup links of %s", r.org)
}

// InsertSetupLink stores a setup link, to be found by the hash of its token.
func (w *OrgWriter) InsertSetupLink(ctx context.Context, l sso.SetupLink, token secret.Hash) error {
	if err := w.own(l.Org); err != nil {
		return doing(err, "inserting setup link %s", l.ID)
	}
	_, err := w.q.exec(ctx, `
		insert into setup_links (id, token_hash, org_id, scope, note, created_by, created_at, expires_at, revoked_at, opened_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		l.ID, token[:], w.org, l.Scope, l.Note, l.By, at(l.CreatedAt), at(l.ExpiresAt), at(l.RevokedAt), at(l.OpenedAt))
	return doing(err, "inserting setup link %s of %s", l.ID, w.org)
}

// RevokeSetupLink closes a setup link for good. One that is revoked already
// stays as it is.
func (w *OrgWriter) RevokeSetupLink(ctx context.Context, id sso.SetupLinkID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update setup_links
		set revoked_at = $3
		where org_id = $1 and id = $2 and revoked_at is null`,
		w.org, id, at(now))
	return doing(err, "revoking setup link %s of %s", id, w.org)
}

// NoteSetupLink notes that a setup link was opened.
func (w *OrgWriter) NoteSetupLink(ctx context.Context, id sso.SetupLinkID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update setup_links
		set opened_at = $3
		where org_id = $1 and id = $2`,
		w.org, id, at(now))
	return doing(err, "noting that setup link %s of %s was opened", id, w.org)
}
