package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// StreamSecretPlace is where the secret of the stream with this ID stands, to
// which its seal is bound.
func StreamSecretPlace(id sso.StreamID) secret.Place {
	return secret.Place{Table: "streams", Column: "secret", Row: string(id)}
}

const streamColumns = `id, org_id, kind, target, note, ca, secret, state, created_by, sent, sent_at, failures, code, detail, created_at, updated_at, version`

func streamFields(s *sso.Stream) []any {
	return []any{
		&s.ID, &s.Org, &s.Kind, &s.Target, &s.Note, &s.CA, &s.Secret, &s.State, &s.By, &s.Sent, utc(&s.SentAt), &s.Failures, &s.Code, &s.Detail, utc(&s.CreatedAt), utc(&s.UpdatedAt), &s.Version,
	}
}

// Streams returns all streams, the oldest first.
func (r *Reader) Streams(ctx context.Context) ([]sso.Stream, error) {
	all, err := list(ctx, r.q, streamFields, `
		select `+streamColumns+`
		from streams s
		order by created_at, id`)
	return all, doing(err, "listing streams")
}

// Stream returns the stream with this ID, or [ErrNotFound].
func (r *Reader) Stream(ctx context.Context, id sso.StreamID) (sso.Stream, error) {
	s, err := one(ctx, r.q, streamFields, `
		select `+streamColumns+`
		from streams
		where id = $1`,
		id)
	return s, doing(err, "reading stream %s", id)
}

// SaveStream stores a stream: what somebody has decided about it, and for a new
// one from where on it carries. The version is that which was read, 0 for a new
// one.
func (w *Writer) SaveStream(ctx context.Context, s sso.Stream) error {
	n, err := w.q.exec(ctx, `
		insert into streams (id, org_id, kind, target, note, ca, secret, state, created_by, sent, failures, code, detail, rests_until, leased_until, created_at, updated_at, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', '', 0, 0, $11, $12, $13 + 1)
		on conflict (id) do update
		set org_id = excluded.org_id, kind = excluded.kind, target = excluded.target, note = excluded.note, ca = excluded.ca, secret = excluded.secret, state = excluded.state,
			failures = 0, code = '', detail = '', rests_until = 0, updated_at = excluded.updated_at, version = excluded.version
		where streams.version = $13`,
		s.ID, s.Org, s.Kind, s.Target, s.Note, s.CA, s.Secret, s.State, s.By, s.Sent, at(s.CreatedAt), at(s.UpdatedAt), s.Version)
	return doing(saved(n, err), "saving stream %s", s.ID)
}

// DeleteStream deletes a stream, or is [ErrNotFound].
func (w *Writer) DeleteStream(ctx context.Context, id sso.StreamID) error {
	n, err := w.q.exec(ctx, `delete from streams where id = $1`, id)
	return doing(found(n, err), "deleting stream %s", id)
}

// streamDue holds for the streams that have something to carry.
const streamDue = `state = 'enabled' and sent < (select number from audit_ends where name = 'last') and rests_until <= $1 and leased_until <= $1`

// StreamDue reports whether a claim would give a stream.
func (r *Reader) StreamDue(ctx context.Context, now time.Time) (bool, error) {
	due, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from streams where `+streamDue+`)`,
		at(now))
	return due, doing(err, "looking for streams")
}

// ClaimStream gives the stream that is farthest behind to the caller alone,
// until the lease ends. There being none is [ErrNotFound].
func (w *Writer) ClaimStream(ctx context.Context, now, until time.Time) (sso.Stream, error) {
	s, err := one(ctx, w.q, streamFields, `
		update streams
		set leased_until = $2
		where id = (select id from streams where `+streamDue+` order by sent, id limit 1)
		returning `+streamColumns,
		at(now), at(until))
	return s, doing(err, "claiming a stream")
}

// ReleaseStream gives a stream back whose lease ends at that instant, with how
// far it has come, to rest until then. Where somebody else has claimed it
// meanwhile, or it is there no more, it is [ErrNotFound].
func (w *Writer) ReleaseStream(ctx context.Context, s sso.Stream, lease, rest time.Time) error {
	n, err := w.q.exec(ctx, `
		update streams
		set leased_until = 0, sent = $3, sent_at = $4, failures = $5, code = $6, detail = $7, rests_until = $8
		where id = $1 and leased_until = $2`,
		s.ID, at(lease), s.Sent, at(s.SentAt), s.Failures, s.Code, shown(s.Detail), orNever(rest))
	return doing(found(n, err), "releasing stream %s", s.ID)
}
