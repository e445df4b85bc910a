package store

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/sso"
)

const userColumns = `u.id, u.org_id, u.username, u.email, u.first_name, u.last_name, u.state, u.password_hash, u.created_at, u.updated_at, u.last_sign_in_at, u.language, u.credentials_at, u.version`

func userFields(u *sso.User) []any {
	return []any{
		&u.ID, &u.Home, opt(&u.Username), email(&u.Email), &u.FirstName, &u.LastName, &u.State, opt(&u.PasswordHash),
		utc(&u.CreatedAt), utc(&u.UpdatedAt), utc(&u.LastSignInAt), &u.Language, utc(&u.CredentialsAt), &u.Version,
	}
}

// UserAt is a user and where in the tree the home organization stands.
type UserAt struct {
	sso.User
	HomePath []sso.OrgID // from the root of the tree to the home organization
}

func userAtFields(u *UserAt) []any { return append(userFields(&u.User), path(&u.HomePath)) }

// User returns the user with this ID, or [ErrNotFound].
func (r *Reader) User(ctx context.Context, id sso.UserID) (sso.User, error) {
	u, err := one(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.id = $1`,
		id)
	return u, doing(err, "reading user %s", id)
}

// UsersByEmail returns everybody with this address, deleted ones too, the
// oldest first. The address of two people at home in two organizations may be
// the same, and so may that of two in one.
func (r *Reader) UsersByEmail(ctx context.Context, e sso.Email) ([]UserAt, error) {
	all, err := list(ctx, r.q, userAtFields, `
		select `+userColumns+`, o.path
		from users u join organizations o on o.id = u.org_id
		where u.email_key = $1
		order by u.created_at, u.id`,
		e.Key())
	return all, doing(err, "listing users by address")
}

// UsersByEmails returns everybody with any of these addresses, as
// [Reader.UsersByEmail] does.
func (r *Reader) UsersByEmails(ctx context.Context, emails []sso.Email) ([]UserAt, error) {
	if len(emails) == 0 {
		return nil, nil
	}
	keys := make([]string, len(emails))
	for i := range emails {
		keys[i] = emails[i].Key()
	}
	in, args := anyOf(1, keys)
	all, err := list(ctx, r.q, userAtFields, `
		select `+userColumns+`, o.path
		from users u join organizations o on o.id = u.org_id
		where u.email_key in (`+in+`)
		order by u.created_at, u.id`,
		args...)
	return all, doing(err, "listing users by addresses")
}

// UsersByUsername returns everybody with this username, at most one of each
// home organization, deleted ones too, the oldest first.
func (r *Reader) UsersByUsername(ctx context.Context, username string) ([]UserAt, error) {
	all, err := list(ctx, r.q, userAtFields, `
		select `+userColumns+`, o.path
		from users u join organizations o on o.id = u.org_id
		where u.username_key = $1
		order by u.created_at, u.id`,
		sso.UsernameKey(username))
	return all, doing(err, "listing users by username")
}

// User returns the user with this ID who is at home in the organization, or
// [ErrNotFound].
func (r *OrgReader) User(ctx context.Context, id sso.UserID) (sso.User, error) {
	u, err := one(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.org_id = $1 and u.id = $2`,
		r.org, id)
	return u, doing(err, "reading user %s of %s", id, r.org)
}

// Users returns everybody at home in the organization, the oldest first.
func (r *OrgReader) Users(ctx context.Context) ([]sso.User, error) {
	all, err := list(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.org_id = $1
		order by u.created_at, u.id`,
		r.org)
	return all, doing(err, "listing users of %s", r.org)
}

// UsersByEmail returns everybody at home in the organization with this
// address, the oldest first.
func (r *OrgReader) UsersByEmail(ctx context.Context, e sso.Email) ([]sso.User, error) {
	all, err := list(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.org_id = $1 and u.email_key = $2
		order by u.created_at, u.id`,
		r.org, e.Key())
	return all, doing(err, "listing users of %s by address", r.org)
}

// UserByUsername returns the user at home in the organization with this
// username, or [ErrNotFound].
func (r *OrgReader) UserByUsername(ctx context.Context, username string) (sso.User, error) {
	u, err := one(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.org_id = $1 and u.username_key = $2`,
		r.org, sso.UsernameKey(username))
	return u, doing(err, "reading user %q of %s", username, r.org)
}

// SaveUser inserts the user where the Version is 0, else replaces that version.
// A username that another user at home here has is a conflict on [HomeUsername].
// Further statements keep what lists go by. The sessions end of one who may not
// sign in any more.
func (w *OrgWriter) SaveUser(ctx context.Context, u sso.User) error {
	if err := w.own(u.Home); err != nil {
		return doing(err, "saving user %s", u.ID)
	}
	all, words := &Writer{&Reader{w.q}}, u.Words()
	if u.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into users (id, org_id, username, username_key, email, email_key, first_name, last_name, state, password_hash, created_at, updated_at, last_sign_in_at, language, credentials_at, sort_key, words, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1)`,
			u.ID, w.org, null(u.Username), null(sso.UsernameKey(u.Username)), null(u.Email.String()), null(u.Email.Key()), u.FirstName, u.LastName, u.State,
			null(u.PasswordHash), at(u.CreatedAt), at(u.UpdatedAt), at(u.LastSignInAt), u.Language, at(u.CredentialsAt), u.SortKey(), joined(words))
		if err == nil {
			err = all.insertWords(ctx, &u, words)
		}
		return doing(err, "inserting user %s", u.ID)
	}
	was, err := all.indexedUser(ctx, u.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return doing(err, "saving user %s", u.ID)
	}
	n, err := w.q.exec(ctx, `
		update users
		set username = $4, username_key = $5, email = $6, email_key = $7, first_name = $8, last_name = $9, state = $10, password_hash = $11,
			updated_at = $12, last_sign_in_at = case when last_sign_in_at > $13 then last_sign_in_at else $13 end, language = $14, credentials_at = $15, sort_key = $16, words = $17, version = version + 1
		where org_id = $1 and id = $2 and version = $3`,
		w.org, u.ID, u.Version, null(u.Username), null(sso.UsernameKey(u.Username)), null(u.Email.String()), null(u.Email.Key()), u.FirstName, u.LastName, u.State,
		null(u.PasswordHash), at(u.UpdatedAt), at(u.LastSignInAt), u.Language, at(u.CredentialsAt), u.SortKey(), joined(words))
	if err = saved(n, err); err == nil {
		err = all.indexUser(ctx, &u, was)
	}
	if err == nil && u.MaySignIn() != nil {
		_, err = all.EndSessionsOf(ctx, u.ID, u.UpdatedAt)
	}
	return doing(err, "saving user %s", u.ID)
}

// UserAt returns the user with this ID and the place of their home, or
// [ErrNotFound].
func (r *Reader) UserAt(ctx context.Context, id sso.UserID) (UserAt, error) {
	u, err := one(ctx, r.q, userAtFields, `
		select `+userColumns+`, o.path
		from users u join organizations o on o.id = u.org_id
		where u.id = $1`,
		id)
	return u, doing(err, "reading user %s", id)
}

// UsersByID returns those of the users that exist, in no order.
func (r *Reader) UsersByID(ctx context.Context, ids []sso.UserID) ([]sso.User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, ids)
	all, err := list(ctx, r.q, userFields, `
		select `+userColumns+`
		from users u
		where u.id in (`+in+`)`,
		args...)
	return all, doing(err, "listing users by ID")
}
