package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const deviceColumns = `d.id, d.user_id, d.user_agent, d.address, d.created_at, d.expires_at`

func deviceFields(d *sso.Device) []any {
	return []any{&d.ID, &d.User, &d.UserAgent, &d.Address, utc(&d.CreatedAt), utc(&d.ExpiresAt)}
}

// Device returns the remembered browser of this token, expired or not, or
// [ErrNotFound].
func (r *Reader) Device(ctx context.Context, token secret.Hash) (sso.Device, error) {
	d, err := one(ctx, r.q, deviceFields, `
		select `+deviceColumns+`
		from devices d
		where d.token_hash = $1`,
		token[:])
	return d, doing(err, "reading a remembered browser")
}

// Devices returns a user's remembered browsers, the oldest first.
func (r *Reader) Devices(ctx context.Context, user sso.UserID) ([]sso.Device, error) {
	all, err := list(ctx, r.q, deviceFields, `
		select `+deviceColumns+`
		from devices d
		where d.user_id = $1
		order by d.created_at, d.id`,
		user)
	return all, doing(err, "listing remembered browsers of %s", user)
}

// InsertDevice remembers a browser, to be found by the hash of its token.
func (w *Writer) InsertDevice(ctx context.Context, d sso.Device, token secret.Hash) error {
	_, err := w.q.exec(ctx, `
		insert into devices (id, token_hash, user_id, user_agent, address, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		d.ID, token[:], d.User, shown(d.UserAgent), shown(d.Address), at(d.CreatedAt), at(d.ExpiresAt))
	return doing(err, "inserting remembered browser %s", d.ID)
}

// DeleteDevice forgets one of a user's remembered browsers.
func (w *Writer) DeleteDevice(ctx context.Context, user sso.UserID, id sso.DeviceID) error {
	n, err := w.q.exec(ctx, `
		delete from devices
		where id = $1 and user_id = $2`,
		id, user)
	return doing(found(n, err), "deleting remembered browser %s", id)
}

// DeleteDevices forgets all of a user's remembered browsers.
func (w *Writer) DeleteDevices(ctx context.Context, user sso.UserID) error {
	_, err := w.q.exec(ctx, `
		delete from devices
		where user_id = $1`,
		user)
	return doing(err, "deleting remembered browsers of %s", user)
}
