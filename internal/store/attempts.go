package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const attemptColumns = `a.id, a.browser, a.app_id, a.request, a.org_id, a.typed, a.username, a.connection_id, a.choices, a.method, a.fresh, a.demand, a.session_id, a.way_back, a.test_id, a.waits, a.proof, a.hops, a.reference, a.created_at, a.expires_at, a.done_at, a.version`

func attemptFields(a *sso.Attempt) []any {
	return []any{
		&a.ID, hash(&a.Browser), opt(&a.App), &a.Request, opt(&a.Org), email(&a.Typed), &a.Username, opt(&a.Connection),
		fromJSON(&a.Choices), &a.Method, &a.Fresh, &a.Demand, opt(&a.Session), &a.Back, opt(&a.Test), fromJSON(&a.Waits), fromJSON(&a.Proof), fromJSON(&a.Hops), &a.Reference, utc(&a.CreatedAt), utc(&a.ExpiresAt), utc(&a.DoneAt), &a.Version,
	}
}

// WayBackPlace is where the way back of the attempt with this ID stands, to
// which its seal is bound.
func WayBackPlace(id sso.AttemptID) secret.Place {
	return secret.Place{Table: "attempts", Column: "way_back", Row: string(id)}
}

// Attempt returns the attempt with this ID, or [ErrNotFound].
func (r *Reader) Attempt(ctx context.Context, id sso.AttemptID) (sso.Attempt, error) {
	a, err := one(ctx, r.q, func(a *sso.Attempt) []any { return append(attemptFields(a), r.q.seen()) }, `
		select `+attemptColumns+`, `+marked+`
		from attempts a
		where a.id = $1`,
		id)
	return a, doing(err, "reading attempt %s", id)
}

// Lost is an attempt that did not come to its end in time, though its browser
// left for an identity provider, and whose customer that is.
type Lost struct {
	Attempt sso.Attempt
	Org     sso.OrgID // of the connection
}

// LostAttempts returns attempts that are lost, at most so many, those first that
// have been for longest. Tests are none.
func (r *Reader) LostAttempts(ctx context.Context, now time.Time, limit int) ([]Lost, error) {
	lost, err := list(ctx, r.q, func(l *Lost) []any { return append(attemptFields(&l.Attempt), &l.Org) }, `
		select `+attemptColumns+`, c.org_id
		from attempts a
		join connections c on c.id = a.connection_id
		where a.kept_until <= $1 and a.done_at is null and a.method = 'sso' and a.test_id is null
		order by a.kept_until
		limit $2`,
		at(now), limit)
	return lost, doing(err, "listing attempts that are lost")
}

// InsertAttempt stores a new attempt, as version 1.
func (w *Writer) InsertAttempt(ctx context.Context, a sso.Attempt) error {
	_, err := w.q.changed(ctx, `
		insert into attempts (id, browser, app_id, request, org_id, typed, username, connection_id, choices, method, fresh, session_id, way_back, proof, created_at, expires_at, kept_until, done_at, test_id, hops, reference, waits, demand, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19, $20, $21, $22, 1)`+bringingMark,
		a.ID, a.Browser[:], null(a.App), a.Request, null(a.Org), null(a.Typed.String()), a.Username, null(a.Connection), toJSON(a.Choices), a.Method,
		a.Fresh, null(a.Session), a.Back, toJSON(a.Proof), at(a.CreatedAt), at(a.ExpiresAt), at(a.DoneAt), null(a.Test), toJSON(a.Hops), a.Reference, toJSON(a.Waits), a.Demand)
	if err == nil {
		w.q.keep(a, 1, nil)
	}
	return doing(err, "inserting attempt %s", a.ID)
}

// SaveAttempt replaces this version of an attempt. Its browser, its first
// instant, what the app demands, and whether it is a test, stay.
func (w *Writer) SaveAttempt(ctx context.Context, a sso.Attempt) error {
	n, err := w.q.changed(ctx, `
		update attempts
		set app_id = $3, request = $4, org_id = $5, typed = $6, username = $7, connection_id = $8, choices = $9, method = $10, fresh = $11, session_id = $12, way_back = $13,
			proof = $14, expires_at = $15, kept_until = case when kept_until < $15 then $15 else kept_until end, done_at = $16, hops = $17, reference = $18, waits = $19, version = version + 1
		where id = $1 and version = $2`+bringingMark,
		a.ID, a.Version, null(a.App), a.Request, null(a.Org), null(a.Typed.String()), a.Username, null(a.Connection), toJSON(a.Choices), a.Method,
		a.Fresh, null(a.Session), a.Back, toJSON(a.Proof), at(a.ExpiresAt), at(a.DoneAt), toJSON(a.Hops), a.Reference, toJSON(a.Waits))
	if err = saved(n, err); err == nil {
		w.q.keep(a, a.Version+1, nil)
	}
	return doing(w.q.stale(a.ID, err), "saving attempt %s", a.ID)
}

// DeleteAttempts deletes attempts.
func (w *Writer) DeleteAttempts(ctx context.Context, ids []sso.AttemptID) error {
	if len(ids) == 0 {
		return nil
	}
	in, args := anyOf(1, ids)
	_, err := w.q.exec(ctx, `delete from attempts where id in (`+in+`)`, args...)
	for _, id := range ids {
		w.q.drop(id)
	}
	return doing(err, "deleting attempts")
}
