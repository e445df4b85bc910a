package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// APIRequest is a request that a program may send again, to get the same answer
// without the same effect twice.
type APIRequest struct {
	Program string      // its ID
	Key     secret.Hash // of what the program calls the request
	Body    secret.Hash // of all that it asks for
	State   APIRequestState
	BegunAt time.Time
	Answer  []byte // sealed; nil: there is none yet
	// ExpiresAt is when it may be called the same and be another one.
	ExpiresAt time.Time
}

// APIRequestState says how far a request has come.
type APIRequestState string

// The states of a request.
const (
	APIRequestRunning  APIRequestState = "running"
	APIRequestDone     APIRequestState = "done"     // it has had an effect, and no answer is kept
	APIRequestAnswered APIRequestState = "answered" // its answer is kept
)

const apiRequestColumns = `q.program_id, q.key_hash, q.body_hash, q.state, q.begun_at, q.answer, q.expires_at`

func apiRequestFields(q *APIRequest) []any {
	return []any{&q.Program, hash(&q.Key), hash(&q.Body), &q.State, utc(&q.BegunAt), &q.Answer, utc(&q.ExpiresAt)}
}

// BeginAPIRequest stores a request that begins, and returns nil; where one of
// the same name is there, it returns that one. One that has had no effect since
// abandoned, and one past its time, give way. Of several that begin at the same
// time, one does.
func (w *Writer) BeginAPIRequest(ctx context.Context, q APIRequest, abandoned time.Time) (*APIRequest, error) {
	n, err := w.q.exec(ctx, `
		insert into api_requests (program_id, key_hash, body_hash, state, begun_at, answer, expires_at)
		values ($1, $2, $3, $4, $5, null, $6)
		on conflict (program_id, key_hash) do update
		set body_hash = excluded.body_hash, state = excluded.state, begun_at = excluded.begun_at, answer = null, expires_at = excluded.expires_at
		where api_requests.expires_at <= $5 or api_requests.state = 'running' and api_requests.begun_at <= $7`,
		q.Program, q.Key[:], q.Body[:], APIRequestRunning, at(q.BegunAt), at(q.ExpiresAt), at(abandoned))
	if err != nil || n > 0 {
		return nil, doing(err, "beginning a request of %s", q.Program)
	}
	there, err := w.APIRequest(ctx, q.Program, q.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrConflict
	}
	return &there, err
}

// APIRequest returns the request that a program calls by this name, or
// [ErrNotFound].
func (r *Reader) APIRequest(ctx context.Context, program string, key secret.Hash) (APIRequest, error) {
	q, err := one(ctx, r.q, apiRequestFields, `
		select `+apiRequestColumns+`
		from api_requests q
		where q.program_id = $1 and q.key_hash = $2`,
		program, key[:])
	return q, doing(err, "reading a request of %s", program)
}

// FinishAPIRequest notes, in the transaction of its effect, that the request
// which began at that instant has had one. Where another one has begun in its
// place meanwhile, it is [ErrNotFound]: the effect is that one's to have.
func (w *Writer) FinishAPIRequest(ctx context.Context, program string, key secret.Hash, begun time.Time) error {
	n, err := w.q.exec(ctx, `
		update api_requests
		set state = 'done'
		where program_id = $1 and key_hash = $2 and begun_at = $3 and state <> 'answered'`,
		program, key[:], at(begun))
	return doing(found(n, err), "finishing a request of %s", program)
}

// AnswerAPIRequest keeps the answer of the request that began at that instant,
// sealed.
func (w *Writer) AnswerAPIRequest(ctx context.Context, program string, key secret.Hash, begun time.Time, answer []byte) error {
	_, err := w.q.exec(ctx, `
		update api_requests
		set state = 'answered', answer = $4
		where program_id = $1 and key_hash = $2 and begun_at = $3 and state <> 'answered'`,
		program, key[:], at(begun), answer)
	return doing(err, "keeping the answer of a request of %s", program)
}

// ForgetAPIRequest forgets the request that began at that instant, since it was
// refused: it may be sent again. One that has had an effect is not forgotten,
// however it has ended.
func (w *Writer) ForgetAPIRequest(ctx context.Context, program string, key secret.Hash, begun time.Time) error {
	_, err := w.q.exec(ctx, `
		delete from api_requests
		where program_id = $1 and key_hash = $2 and begun_at = $3 and state = 'running'`,
		program, key[:], at(begun))
	return doing(err, "forgetting a request of %s", program)
}

type alongKey struct{}

// Along returns a context in which every [DB.Write] ends with fn, in the same
// transaction: what is to be known of an effect is kept with it or not at all.
func Along(ctx context.Context, fn func(context.Context, *Writer) error) context.Context {
	return context.WithValue(ctx, alongKey{}, fn)
}

// Aside returns a context in which nothing is done along: for what is no part of
// an effect, such as counting how often somebody tries.
func Aside(ctx context.Context) context.Context { return context.WithValue(ctx, alongKey{}, nil) }

// along runs what the context wants done at the end of a transaction.
func along(ctx context.Context, w *Writer) error {
	if fn, ok := ctx.Value(alongKey{}).(func(context.Context, *Writer) error); ok {
		return fn(ctx, w)
	}
	return nil
}
