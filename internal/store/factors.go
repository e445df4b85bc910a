package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const factorColumns = `f.id, f.user_id, f.kind, f.name, f.secret, f.step, f.phone, f.credential_id, f.passkey, f.created_at, f.used_at`

// factorRow is a factor as its columns are read.
type factorRow struct {
	sso.Factor
	credential []byte
}

func factorFields(f *factorRow) []any {
	return []any{
		&f.ID, &f.User, &f.Kind, &f.Name, &f.Secret, &f.Step, &f.Phone, &f.credential, fromJSON(&f.Passkey), utc(&f.CreatedAt), utc(&f.UsedAt),
	}
}

// factor returns the noun of a row.
func (f *factorRow) factor() sso.Factor {
	if f.Passkey != nil {
		f.Passkey.Credential = f.credential
	}
	return f.Factor
}

// Factors returns a user's factors, the oldest first.
func (r *Reader) Factors(ctx context.Context, user sso.UserID) ([]sso.Factor, error) {
	rows, err := list(ctx, r.q, factorFields, `
		select `+factorColumns+`
		from factors f
		where f.user_id = $1
		order by f.created_at, f.id`,
		user)
	var all []sso.Factor
	for i := range rows {
		all = append(all, rows[i].factor())
	}
	return all, doing(err, "listing factors of %s", user)
}

// FactorByCredential returns the passkey with this credential ID, whoever's it
// is, or [ErrNotFound].
func (r *Reader) FactorByCredential(ctx context.Context, credential []byte) (sso.Factor, error) {
	f, err := one(ctx, r.q, factorFields, `
		select `+factorColumns+`
		from factors f
		where f.credential_id = $1`,
		credential)
	return f.factor(), doing(err, "reading a passkey")
}

// InsertFactor adds a factor. A passkey that anybody has already is a conflict
// on [FactorCredential]. Where it is one, a second statement keeps what lists
// go by.
func (w *Writer) InsertFactor(ctx context.Context, f sso.Factor) error {
	var credential any
	if f.Passkey != nil {
		credential = f.Passkey.Credential
	}
	_, err := w.q.exec(ctx, `
		insert into factors (id, user_id, kind, name, secret, step, phone, credential_id, passkey, created_at, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		f.ID, f.User, f.Kind, f.Name, f.Secret, f.Step, f.Phone, credential, toJSON(f.Passkey), at(f.CreatedAt), at(f.UsedAt))
	if err == nil && f.Kind == sso.FactorPasskey {
		err = w.indexMemberships(ctx, f.User)
	}
	return doing(err, "inserting factor %s", f.ID)
}

// RenameFactor gives a user's factor another name.
func (w *Writer) RenameFactor(ctx context.Context, user sso.UserID, id sso.FactorID, name string) error {
	n, err := w.q.exec(ctx, `
		update factors
		set name = $3
		where id = $1 and user_id = $2`,
		id, user, name)
	return doing(found(n, err), "renaming factor %s", id)
}

// DeleteFactor deletes a user's factor. A second statement keeps what lists go
// by.
func (w *Writer) DeleteFactor(ctx context.Context, user sso.UserID, id sso.FactorID) error {
	n, err := w.q.exec(ctx, `
		delete from factors
		where id = $1 and user_id = $2`,
		id, user)
	if err = found(n, err); err == nil {
		err = w.indexMemberships(ctx, user)
	}
	return doing(err, "deleting factor %s", id)
}

// UseStep notes that the code of this time step was used of an authenticator
// app. A step that is not later than the last one is [ErrUsed]: of any number
// of transactions that use one code, one succeeds.
func (w *Writer) UseStep(ctx context.Context, id sso.FactorID, step int64, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update factors
		set step = $2, used_at = $3
		where id = $1 and step < $2`,
		id, step, at(now))
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "using a code of factor %s", id)
}

// UseFactor notes that a factor was used, and of a passkey what it said of
// itself.
func (w *Writer) UseFactor(ctx context.Context, f sso.Factor, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update factors
		set passkey = $2, used_at = $3
		where id = $1`,
		f.ID, toJSON(f.Passkey), at(now))
	return doing(found(n, err), "using factor %s", f.ID)
}

// ReplaceRecoveryCodes gives a user a new set of recovery codes in place of all
// that there were, used or not. It takes one statement for each code and one
// more.
func (w *Writer) ReplaceRecoveryCodes(ctx context.Context, user sso.UserID, codes []secret.Hash, now time.Time) error {
	if _, err := w.q.exec(ctx, `delete from recovery_codes where user_id = $1`, user); err != nil {
		return doing(err, "deleting recovery codes of %s", user)
	}
	for _, code := range codes {
		_, err := w.q.exec(ctx, `
			insert into recovery_codes (user_id, hash, created_at)
			values ($1, $2, $3)`,
			user, code[:], at(now))
		if err != nil {
			return doing(err, "inserting a recovery code of %s", user)
		}
	}
	return nil
}

// UseRecoveryCode uses up a user's recovery code. One that was never theirs, or
// was used before, is [ErrNotFound]: of any number of transactions that use one
// code, one succeeds.
func (w *Writer) UseRecoveryCode(ctx context.Context, user sso.UserID, code secret.Hash, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update recovery_codes
		set used_at = $3
		where user_id = $1 and hash = $2 and used_at is null`,
		user, code[:], at(now))
	return doing(found(n, err), "using a recovery code of %s", user)
}

// RecoveryCodesLeft returns how many recovery codes a user has not used yet.
func (r *Reader) RecoveryCodesLeft(ctx context.Context, user sso.UserID) (int, error) {
	n, err := one(ctx, r.q, func(n *int) []any { return []any{n} }, `
		select count(*)
		from recovery_codes
		where user_id = $1 and used_at is null`,
		user)
	return n, doing(err, "counting recovery codes of %s", user)
}

// NoteCredentials writes down since when a user has credentials of their own,
// where they had none before. It is no save: the user's version stays.
func (w *Writer) NoteCredentials(ctx context.Context, user sso.UserID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update users
		set credentials_at = $2
		where id = $1 and credentials_at is null`,
		user, at(now))
	return doing(err, "noting the credentials of %s", user)
}

// UpgradePassword replaces a user's password hash by another one of the same
// password. It is no save: the user's version stays. Where the hash is not the
// old one any more, it does nothing.
func (w *Writer) UpgradePassword(ctx context.Context, user sso.UserID, from, to string) error {
	_, err := w.q.exec(ctx, `
		update users
		set password_hash = $3
		where id = $1 and password_hash = $2`,
		user, from, to)
	return doing(err, "upgrading the password hash of %s", user)
}

// WipeCredentials takes from a user whatever they could sign in with but single
// sign-on: password, factors, recovery codes, remembered browsers and codes on
// their way; and ends their sessions. It takes seven statements.
func (w *Writer) WipeCredentials(ctx context.Context, user sso.UserID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update users
		set password_hash = null, updated_at = $2, version = version + 1
		where id = $1`,
		user, at(now))
	if err := found(n, err); err != nil {
		return doing(err, "wiping the password of %s", user)
	}
	for _, text := range []string{
		`delete from factors where user_id = $1`,
		`delete from recovery_codes where user_id = $1`,
		`delete from devices where user_id = $1`,
		`delete from sms_codes where user_id = $1`,
	} {
		if _, err := w.q.exec(ctx, text, user); err != nil {
			return doing(err, "wiping the factors of %s", user)
		}
	}
	_, err = w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $2)
		where user_id = $1`,
		user, at(now))
	if err == nil {
		err = w.indexMemberships(ctx, user)
	}
	return doing(err, "ending the sessions of %s", user)
}
