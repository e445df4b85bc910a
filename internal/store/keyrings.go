package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// KeyInUse is for how long a retired key is kept after something was encrypted for
// it: long enough for somebody to come who comes once a month.
const KeyInUse = 35 * 24 * time.Hour

// KeysDue are instants before which a key came into its state, for something to
// be due about it, and before which a retired one was used last.
type KeysDue struct{ Current, Next, Retired, Used time.Time }

// RingsDue returns connections of whose decryption keys one is due, and whose
// keys nobody holds, at most limit of them.
func (r *Reader) RingsDue(ctx context.Context, due KeysDue, limit int) ([]sso.Connection, error) {
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id in (
			select k.connection_id
			from decryption_keys k
			where (k.state = 'current' and k.since <= $1 and not exists (select 1 from decryption_keys o where o.connection_id = k.connection_id and o.state = 'next')
					or k.state = 'next' and k.since <= $2
					or k.state = 'retired' and k.since <= $3)
				and not exists (select 1 from decryption_keys u where u.connection_id = k.connection_id and u.state = 'retired' and u.used_at > $4)
				and not exists (select 1 from key_holds h where h.ring = k.connection_id)
			limit $5
		)`,
		at(due.Current), at(due.Next), at(due.Retired), at(due.Used), limit)
	return all, doing(err, "listing keys that are due")
}

// Encrypting returns connections that have keys of ours, from a place in the
// order of their IDs on.
func (r *Reader) Encrypting(ctx context.Context, after sso.ConnectionID, limit int) ([]sso.Connection, error) {
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id > $1 and exists (select 1 from decryption_keys k where k.connection_id = c.id)
		order by c.id
		limit $2`,
		after, limit)
	return all, doing(err, "listing connections with keys")
}

// StillUsed returns connections whose identity provider has encrypted for a
// retired key since then, at most limit of them.
func (r *Reader) StillUsed(ctx context.Context, since time.Time, limit int) ([]sso.Connection, error) {
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id in (select k.connection_id from decryption_keys k where k.state = 'retired' and k.used_at > $1)
		order by c.id
		limit $2`,
		at(since), limit)
	return all, doing(err, "listing who uses retired keys")
}

// KeyRing is the keys of a connection, without their private parts, and who holds
// them.
type KeyRing struct {
	Keys []DecryptionKey
	Held *KeyHold // nil: nobody
}

// KeyRings returns the keys of connections, and of "" who holds those that sign
// requests.
func (r *Reader) KeyRings(ctx context.Context, of []sso.ConnectionID) (map[sso.ConnectionID]KeyRing, error) {
	type held struct {
		ring sso.ConnectionID
		KeyHold
	}
	rings := map[sso.ConnectionID]KeyRing{}
	if len(of) == 0 {
		return rings, nil
	}
	in, args := anyOf(1, of)
	keys, err := list(ctx, r.q, func(k *DecryptionKey) []any {
		return []any{&k.ID, &k.Connection, &k.Certificate, &k.State, utc(&k.Since), utc(&k.UsedAt), utc(&k.CreatedAt)}
	}, `
		select k.id, k.connection_id, k.certificate, k.state, k.since, k.used_at, k.created_at
		from decryption_keys k
		where k.connection_id in (`+in+`)
		order by k.connection_id, case k.state when 'current' then 0 when 'next' then 1 else 2 end`,
		args...)
	if err != nil {
		return nil, doing(err, "listing the keys of connections")
	}
	for i := range keys {
		ring := rings[keys[i].Connection]
		ring.Keys = append(ring.Keys, keys[i])
		rings[keys[i].Connection] = ring
	}
	holds, err := list(ctx, r.q, func(h *held) []any { return []any{&h.ring, &h.By, utc(&h.At)} }, `
		select h.ring, h.held_by, h.held_at
		from key_holds h
		where h.ring in (`+in+`)`,
		args...)
	for i := range holds {
		ring := rings[holds[i].ring]
		ring.Held = &holds[i].KeyHold
		rings[holds[i].ring] = ring
	}
	return rings, doing(err, "listing who holds keys")
}

// Unread is an active connection whose identity provider has not read our
// metadata for long.
type Unread struct {
	Connection sso.Connection
	FetchedAt  time.Time // when it did last; zero: never
}

// NotReading returns active connections whose identity provider has not read
// our metadata since then, at most limit of them.
func (r *Reader) NotReading(ctx context.Context, since time.Time, limit int) ([]Unread, error) {
	fields := func(u *Unread) []any { return append(connectionFields(&u.Connection), utcOrNever(&u.FetchedAt)) }
	all, err := list(ctx, r.q, fields, `
		select `+connectionColumns+`, w.fetched_at
		from connection_watches w join connections c on c.id = w.connection_id
		where w.fetched_at < $1 and c.state = 'active'
		order by w.fetched_at
		limit $2`,
		at(since), limit)
	return all, doing(err, "listing who does not read our metadata")
}

// KeyHold is an operator's word that keys stay as they are.
type KeyHold struct {
	By sso.UserID
	At time.Time
}

// KeyHold returns who holds the keys of a connection, or for "" those that sign
// requests, or [ErrNotFound].
func (r *Reader) KeyHold(ctx context.Context, ring sso.ConnectionID) (KeyHold, error) {
	h, err := one(ctx, r.q, func(h *KeyHold) []any { return []any{&h.By, utc(&h.At)} }, `
		select h.held_by, h.held_at
		from key_holds h
		where h.ring = $1`,
		ring)
	return h, doing(err, "reading who holds keys")
}

// HoldKeys holds keys; what is held already stays so.
func (w *Writer) HoldKeys(ctx context.Context, ring sso.ConnectionID, h KeyHold) error {
	_, err := w.q.exec(ctx, `
		insert into key_holds (ring, held_by, held_at)
		values ($1, $2, $3)
		on conflict (ring) do nothing`,
		ring, h.By, at(h.At))
	return doing(err, "holding keys")
}

// ReleaseKeys holds keys no longer.
func (w *Writer) ReleaseKeys(ctx context.Context, ring sso.ConnectionID) error {
	_, err := w.q.exec(ctx, `delete from key_holds where ring = $1`, ring)
	return doing(err, "releasing keys")
}

// Held reports whether somebody holds keys.
func (r *Reader) Held(ctx context.Context, ring sso.ConnectionID) (bool, error) {
	_, err := r.KeyHold(ctx, ring)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
