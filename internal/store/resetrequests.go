package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// ResetRequest says that somebody has asked for a way back to the account of
// an address, whether there is one or not.
type ResetRequest struct {
	ID        string
	Email     sso.Email
	Language  string // of the browser, for who has chosen none
	CreatedAt time.Time
}

// InsertResetRequest stores that somebody has asked.
func (w *Writer) InsertResetRequest(ctx context.Context, q ResetRequest) error {
	_, err := w.q.exec(ctx, `
		insert into reset_requests (id, email, language, created_at)
		values ($1, $2, $3, $4)`,
		secret.NewID("rst", q.CreatedAt), q.Email.String(), q.Language, at(q.CreatedAt))
	return doing(err, "inserting a reset request")
}

// TakeResetRequests takes away the oldest requests, at most limit of them. Of
// any number of transactions, one gets each.
func (w *Writer) TakeResetRequests(ctx context.Context, limit int) ([]ResetRequest, error) {
	all, err := list(ctx, w.q, func(q *ResetRequest) []any { return []any{&q.ID, email(&q.Email), &q.Language, utc(&q.CreatedAt)} }, `
		delete from reset_requests
		where id in (select q.id from reset_requests q order by q.id limit $1)
		returning id, email, language, created_at`,
		limit)
	return all, doing(err, "taking reset requests")
}
