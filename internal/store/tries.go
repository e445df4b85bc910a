package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Try takes one of the allowance of a key: burst at once, and one more each
// interval. Where nothing is left it takes nothing and returns until when; a
// second statement finds that out. user is whose account it is about, or "".
func (w *Writer) Try(ctx context.Context, key secret.Hash, user sso.UserID, burst int, interval time.Duration, now time.Time) (wait time.Time, err error) {
	reserve := time.Duration(burst-1) * interval
	n, err := w.q.exec(ctx, `
		insert into tries (key, user_id, back_at)
		values ($1, $2, $3)
		on conflict (key) do update
		set user_id = coalesce(excluded.user_id, tries.user_id), back_at = case when tries.back_at > $4 then tries.back_at + $5 else $3 end
		where tries.back_at <= $6`,
		key[:], null(user), at(now.Add(interval)), at(now), interval.Microseconds(), at(now.Add(reserve)))
	if err != nil || n > 0 {
		return time.Time{}, doing(err, "counting a try")
	}
	back, err := one(ctx, w.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		select back_at
		from tries
		where key = $1`,
		key[:])
	if errors.Is(err, ErrNotFound) {
		return now, nil
	}
	return back.Add(-reserve), doing(err, "reading when to try again")
}

// SpendTries takes n of the allowance of a key: burst at once, and one more each
// interval. It returns how many are left after that. Where there are fewer than
// n it takes none and returns until when; a second statement finds that out.
func (w *Writer) SpendTries(ctx context.Context, key secret.Hash, n, burst int, interval time.Duration, now time.Time) (left int, wait time.Time, err error) {
	back, err := one(ctx, w.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		insert into tries (key, user_id, back_at)
		values ($1, null, $2)
		on conflict (key) do update
		set back_at = case when tries.back_at > $3 then tries.back_at + $4 else $2 end
		where tries.back_at <= $5
		returning back_at`,
		key[:], at(now.Add(time.Duration(n)*interval)), at(now), (time.Duration(n) * interval).Microseconds(), at(now.Add(time.Duration(burst-n)*interval)))
	if err == nil {
		return burst - int((back.Sub(now)+interval-1)/interval), time.Time{}, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return 0, time.Time{}, doing(err, "counting requests")
	}
	back, err = one(ctx, w.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		select back_at
		from tries
		where key = $1`,
		key[:])
	return 0, back.Add(-time.Duration(burst-n) * interval), doing(err, "reading when to ask again")
}

// ForgetTry gives back all that was taken of the allowance of a key.
func (w *Writer) ForgetTry(ctx context.Context, key secret.Hash) error {
	_, err := w.q.exec(ctx, `
		delete from tries
		where key = $1`,
		key[:])
	return doing(err, "forgetting tries")
}

// ForgetTriesAt gives back all that was taken of the allowances that are about
// a user's account, wherever from, but for that of one key.
func (w *Writer) ForgetTriesAt(ctx context.Context, user sso.UserID, but secret.Hash) error {
	_, err := w.q.exec(ctx, `
		delete from tries
		where user_id = $1 and key <> $2`,
		user, but[:])
	return doing(err, "forgetting tries at %s", user)
}

// GiveBackTry gives back one of what was taken of the allowance of a key.
func (w *Writer) GiveBackTry(ctx context.Context, key secret.Hash, interval time.Duration) error {
	_, err := w.q.exec(ctx, `
		update tries
		set back_at = back_at - $2
		where key = $1`,
		key[:], interval.Microseconds())
	return doing(err, "giving back a try")
}
