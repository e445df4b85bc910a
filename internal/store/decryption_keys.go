package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// DecryptionKey is a key pair of ours for which one identity provider encrypts.
// A connection has at most one in each state; the next one and the current one
// are published, and all are tried.
type DecryptionKey struct {
	ID          string
	Connection  sso.ConnectionID
	Private     []byte // sealed
	Certificate []byte // DER
	State       KeyState
	Since       time.Time // in this state
	UsedAt      time.Time // something was encrypted for it while it was retired; zero: nothing was
	CreatedAt   time.Time
}

// DecryptionKeyPlace is where the private part of the key with this ID stands,
// to which its seal is bound.
func DecryptionKeyPlace(id string) secret.Place {
	return secret.Place{Table: "decryption_keys", Column: "private", Row: id}
}

const decryptionKeyColumns = `k.id, k.connection_id, k.private, k.certificate, k.state, k.since, k.used_at, k.created_at`

func decryptionKeyFields(k *DecryptionKey) []any {
	return []any{&k.ID, &k.Connection, &k.Private, &k.Certificate, &k.State, utc(&k.Since), utc(&k.UsedAt), utc(&k.CreatedAt)}
}

// DecryptionKeys returns the keys of the organization's connection: the current
// one, the next one, the retired one.
func (r *OrgReader) DecryptionKeys(ctx context.Context, connection sso.ConnectionID) ([]DecryptionKey, error) {
	all, err := list(ctx, r.q, decryptionKeyFields, `
		select `+decryptionKeyColumns+`
		from decryption_keys k
		where k.org_id = $1 and k.connection_id = $2
		order by case k.state when 'current' then 0 when 'next' then 1 else 2 end`,
		r.org, connection)
	return all, doing(err, "listing decryption keys of %s", connection)
}

// InsertDecryptionKey stores a new key of the organization's connection. A
// second one in its state is a conflict on [DecryptionKeyState].
func (w *OrgWriter) InsertDecryptionKey(ctx context.Context, k DecryptionKey) error {
	_, err := w.q.exec(ctx, `
		insert into decryption_keys (id, org_id, connection_id, private, certificate, state, since, used_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.ID, w.org, k.Connection, k.Private, k.Certificate, k.State, at(k.Since), at(k.UsedAt), at(k.CreatedAt))
	return doing(err, "inserting decryption key %s", k.ID)
}

// SetDecryptionKeyState moves a key to another state, in which there must be
// none.
func (w *OrgWriter) SetDecryptionKeyState(ctx context.Context, id string, state KeyState, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update decryption_keys
		set state = $3, since = $4
		where org_id = $1 and id = $2`,
		w.org, id, state, at(now))
	return doing(found(n, err), "making decryption key %s %s", id, state)
}

// NoteDecryptionKeyUse notes that something was encrypted for a retired key. One
// that is there no more, or not retired, is left alone.
func (w *OrgWriter) NoteDecryptionKeyUse(ctx context.Context, id string, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update decryption_keys
		set used_at = $3
		where org_id = $1 and id = $2 and state = 'retired' and (used_at is null or used_at < $3)`,
		w.org, id, at(now))
	return doing(err, "noting the use of decryption key %s", id)
}

// DeleteDecryptionKey deletes a key; what is encrypted for it stays closed.
func (w *OrgWriter) DeleteDecryptionKey(ctx context.Context, id string) error {
	n, err := w.q.exec(ctx, `
		delete from decryption_keys
		where org_id = $1 and id = $2`,
		w.org, id)
	return doing(found(n, err), "deleting decryption key %s", id)
}

// sealedForLong is what is kept sealed for longer than a day. This is the one place
// where that is said.
const sealedForLong = `
			select 'signing keys' as of_what, substr(private, 1, 5) as head from signing_keys
			union all select 'decryption keys', substr(private, 1, 5) from decryption_keys
			union all select 'authenticator apps', substr(secret, 1, 5) from factors where secret is not null
			union all select 'webhooks', substr(secret, 1, 5) from webhooks
			union all select 'streams', substr(secret, 1, 5) from streams where secret is not null
			union all select 'messages to people', substr(data, 1, 5) from outbox where data is not null
			union all select 'messages of identity providers', substr(sealed, 1, 5) from trace_messages`

// HoldsSealed reports whether the database holds anything of what
// [Reader.SealedValues] counts.
func (r *Reader) HoldsSealed(ctx context.Context) (bool, error) {
	held, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from (`+sealedForLong+`
		) s)`)
	return held, doing(err, "looking for what is sealed")
}

// Sealed says of a column how many values stand in it that begin with the same
// octets: those that name the key under which a value was sealed.
type Sealed struct {
	Of    string // whose column it is, in words
	Head  []byte
	Count int
}

// SealedValues counts what is kept sealed for longer than a day.
func (r *Reader) SealedValues(ctx context.Context) ([]Sealed, error) {
	all, err := list(ctx, r.q, func(s *Sealed) []any { return []any{&s.Of, &s.Head, &s.Count} }, `
		select of_what, head, count(*)
		from (`+sealedForLong+`
		) s
		group by of_what, head
		order by of_what, head`)
	return all, doing(err, "counting what is sealed")
}
