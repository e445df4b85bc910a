package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const invitationColumns = `i.id, i.org_id, i.email, i.role, i.groups, i.organizations, i.language, i.invited_by, i.created_at, i.sent_at, i.expires_at, i.revoked_at, i.accepted_at, i.accepted_by`

func invitationFields(i *sso.Invitation) []any {
	return []any{
		&i.ID, &i.Org, email(&i.Email), &i.Role, fromJSON(&i.Groups), fromJSON(&i.Organizations), &i.Language, &i.By,
		utc(&i.CreatedAt), utc(&i.SentAt), utc(&i.ExpiresAt), utc(&i.RevokedAt), utc(&i.AcceptedAt), opt(&i.AcceptedBy),
	}
}

// Invitation returns the invitation with this token, whatever has become of
// it, or [ErrNotFound].
func (r *Reader) Invitation(ctx context.Context, token secret.Hash) (sso.Invitation, error) {
	i, err := one(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where i.token_hash = $1`,
		token[:])
	return i, doing(err, "reading the invitation of a token")
}

// InvitationsTo returns the invitations to an address that could be accepted
// now, of all organizations, the oldest first.
func (r *Reader) InvitationsTo(ctx context.Context, e sso.Email, now time.Time) ([]sso.Invitation, error) {
	all, err := list(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where i.email_key = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2
		order by i.created_at, i.id`,
		e.Key(), at(now))
	return all, doing(err, "listing invitations to an address")
}

// AcceptInvitation uses an invitation up, for a user. One that is open no more
// is [ErrUsed]; of any number of transactions that accept it, one succeeds.
func (w *Writer) AcceptInvitation(ctx context.Context, id sso.InvitationID, user sso.UserID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update invitations
		set accepted_at = $3, accepted_by = $2
		where id = $1 and accepted_at is null and revoked_at is null and expires_at > $3`,
		id, user, at(now))
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "accepting invitation %s", id)
}

// Invitation returns the organization's invitation with this ID, or
// [ErrNotFound].
func (r *OrgReader) Invitation(ctx context.Context, id sso.InvitationID) (sso.Invitation, error) {
	i, err := one(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where i.org_id = $1 and i.id = $2`,
		r.org, id)
	return i, doing(err, "reading invitation %s of %s", id, r.org)
}

// Place is a place in a list that is ordered by instants, the latest first, to
// go on from. The zero value is the beginning.
type Place struct {
	At time.Time
	ID string
}

// Invitations returns the organization's invitations behind a place, at most
// limit of them, the latest first.
func (r *OrgReader) Invitations(ctx context.Context, after Place, limit int) ([]sso.Invitation, error) {
	var s statement
	s.where("i.org_id = " + s.arg(r.org))
	s.earlier(after, "i.created_at", "i.id")
	all, err := page(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where `+s.conditions()+`
		order by i.created_at desc, i.id desc
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing invitations of %s", r.org)
}

// OpenInvitation returns the organization's invitation to an address that was
// neither accepted nor revoked, expired or not, or [ErrNotFound].
func (r *OrgReader) OpenInvitation(ctx context.Context, e sso.Email) (sso.Invitation, error) {
	i, err := one(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where i.org_id = $1 and i.email_key = $2 and i.accepted_at is null and i.revoked_at is null`,
		r.org, e.Key())
	return i, doing(err, "reading the open invitation of %s to an address", r.org)
}

// OpenInvitationsTo returns the invitations of all organizations to an address
// that were neither accepted nor revoked, expired or not, the earliest first.
func (r *Reader) OpenInvitationsTo(ctx context.Context, e sso.Email) ([]sso.Invitation, error) {
	all, err := list(ctx, r.q, invitationFields, `
		select `+invitationColumns+`
		from invitations i
		where i.email_key = $1 and i.accepted_at is null and i.revoked_at is null
		order by i.created_at, i.id`,
		e.Key())
	return all, doing(err, "reading the open invitations to an address")
}

// InsertInvitation stores an invitation, to be found by the hash of its token.
// A second open one to the same address is a conflict on [OpenInvitationTo].
func (w *OrgWriter) InsertInvitation(ctx context.Context, i sso.Invitation, token secret.Hash) error {
	if err := w.own(i.Org); err != nil {
		return doing(err, "inserting invitation %s", i.ID)
	}
	_, err := w.q.exec(ctx, `
		insert into invitations (id, org_id, token_hash, email, email_key, role, groups, organizations, language, invited_by, created_at, sent_at, expires_at, revoked_at, accepted_at, accepted_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		i.ID, w.org, token[:], i.Email.String(), i.Email.Key(), i.Role, toJSON(i.Groups), toJSON(i.Organizations), i.Language, shown(i.By),
		at(i.CreatedAt), at(i.SentAt), at(i.ExpiresAt), at(i.RevokedAt), at(i.AcceptedAt), null(i.AcceptedBy))
	return doing(err, "inserting invitation %s", i.ID)
}

// RenewInvitation gives an invitation that is neither accepted nor revoked a
// new token and new times, and what else it gives; the old token is void. Any
// other is [ErrUsed].
func (w *OrgWriter) RenewInvitation(ctx context.Context, i sso.Invitation, token secret.Hash) error {
	n, err := w.q.exec(ctx, `
		update invitations
		set token_hash = $3, role = $4, groups = $5, organizations = $6, language = $7, invited_by = $8, sent_at = $9, expires_at = $10
		where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null`,
		w.org, i.ID, token[:], i.Role, toJSON(i.Groups), toJSON(i.Organizations), i.Language, shown(i.By), at(i.SentAt), at(i.ExpiresAt))
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "renewing invitation %s", i.ID)
}

// RevokeInvitation makes an invitation of no use. One that was accepted or
// revoked before is [ErrUsed].
func (w *OrgWriter) RevokeInvitation(ctx context.Context, id sso.InvitationID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update invitations
		set revoked_at = $3
		where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null`,
		w.org, id, at(now))
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "revoking invitation %s", id)
}
