package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const deviceCodeColumns = `c.device_hash, c.user_hash, c.app_id, c.scope, c.address, c.user_agent, c.state, c.session_id, c.poll_interval, c.asked_at, c.created_at, c.expires_at`

func deviceCodeFields(c *sso.DeviceCode) []any {
	return []any{
		hash(&c.Device), hash(&c.User), &c.App, &c.Scope, &c.Address, &c.UserAgent, &c.State, &c.Session, &c.Interval, utc(&c.AskedAt), utc(&c.CreatedAt), utc(&c.ExpiresAt),
	}
}

// DeviceCode returns what a device asks with, whatever has become of it, or
// [ErrNotFound].
func (r *Reader) DeviceCode(ctx context.Context, device secret.Hash) (sso.DeviceCode, error) {
	c, err := one(ctx, r.q, deviceCodeFields, `
		select `+deviceCodeColumns+`
		from device_codes c
		where c.device_hash = $1`,
		device[:])
	return c, doing(err, "reading a device code")
}

// DeviceCodeByUser returns what the code stands for that a person has typed,
// whatever has become of it, or [ErrNotFound].
func (r *Reader) DeviceCodeByUser(ctx context.Context, user secret.Hash) (sso.DeviceCode, error) {
	c, err := one(ctx, r.q, deviceCodeFields, `
		select `+deviceCodeColumns+`
		from device_codes c
		where c.user_hash = $1`,
		user[:])
	return c, doing(err, "reading a device code by what was typed")
}

// InsertDeviceCode stores a device code. It is [ErrUsed] where another one has
// what the person is to type.
func (w *Writer) InsertDeviceCode(ctx context.Context, c sso.DeviceCode) error {
	n, err := w.q.exec(ctx, `
		insert into device_codes (device_hash, user_hash, app_id, scope, address, user_agent, state, session_id, poll_interval, asked_at, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (user_hash) do nothing`,
		c.Device[:], c.User[:], c.App, c.Scope, shown(c.Address), shown(c.UserAgent), c.State, c.Session, c.Interval, at(c.AskedAt), at(c.CreatedAt), at(c.ExpiresAt))
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "inserting a device code")
}

// DecideDeviceCode has somebody agree, in this session, or refuse. It is
// [ErrNotFound] where there is nothing to be decided any more. Of any number that
// decide, one does.
func (w *Writer) DecideDeviceCode(ctx context.Context, user secret.Hash, state sso.DeviceCodeState, session sso.SessionID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update device_codes
		set state = $2, session_id = $3
		where user_hash = $1 and state = 'pending' and expires_at > $4`,
		user[:], state, session, at(now))
	return doing(found(n, err), "deciding about a device code")
}

// AskDeviceCode notes when the device last asked, and how long it has to wait.
func (w *Writer) AskDeviceCode(ctx context.Context, c sso.DeviceCode) error {
	n, err := w.q.exec(ctx, `
		update device_codes
		set asked_at = $2, poll_interval = $3
		where device_hash = $1`,
		c.Device[:], at(c.AskedAt), c.Interval)
	return doing(found(n, err), "noting a question of a device")
}

// UseDeviceCode uses a device code up to which somebody has agreed. Of any number
// that use it, one does; to the others it is [ErrNotFound].
func (w *Writer) UseDeviceCode(ctx context.Context, device secret.Hash) error {
	n, err := w.q.exec(ctx, `
		update device_codes
		set state = 'used'
		where device_hash = $1 and state = 'approved'`,
		device[:])
	return doing(found(n, err), "using a device code")
}
