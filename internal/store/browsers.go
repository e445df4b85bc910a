package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// BrowserLife is how long a browser that somebody has signed in with counts as
// known to them, since they last did.
const BrowserLife = 365 * 24 * time.Hour

// KnowBrowser notes that a user signs in with the browser that has this token,
// and reports whether it is a new one to somebody who has others. It takes up
// to three statements.
func (w *Writer) KnowBrowser(ctx context.Context, user sso.UserID, token secret.Hash, now time.Time) (news bool, err error) {
	n, err := w.q.exec(ctx, `
		insert into browsers (user_id, token_hash, seen_at)
		values ($1, $2, $3)
		on conflict (user_id, token_hash) do nothing`,
		user, token[:], at(now))
	if err != nil {
		return false, doing(err, "noting a browser of %s", user)
	}
	if n == 0 {
		_, err := w.q.exec(ctx, `
			update browsers
			set seen_at = $3
			where user_id = $1 and token_hash = $2`,
			user, token[:], at(now))
		return false, doing(err, "noting a browser of %s", user)
	}
	others, err := one(ctx, w.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from browsers where user_id = $1 and token_hash <> $2)`,
		user, token[:])
	return others, doing(err, "looking for other browsers of %s", user)
}
