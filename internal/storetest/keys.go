package storetest

import (
	"slices"
	"time"

	"errors"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) decryptionKey(connection sso.ConnectionID, id string, state store.KeyState) store.DecryptionKey {
	return store.DecryptionKey{
		ID: id, Connection: connection, Private: []byte{1, 0, 255}, Certificate: []byte{2}, State: state, Since: w.later(), UsedAt: w.later(), CreatedAt: w.later(),
	}
}

func decryptionKeysAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	acme := w.addOrg("acme", nil)
	c, other := w.addConnection(acme.ID, "acme-okta"), w.addConnection(acme.ID, "acme-entra")
	none[store.DecryptionKey](w, "DecryptionKeys()")(r.Org(acme.ID).DecryptionKeys(ctx, c.ID))
	if held, err := r.HoldsSealed(ctx); held || err != nil {
		w.Errorf("HoldsSealed() without a key = %v, %v", held, err)
	}
	insert := func(k store.DecryptionKey) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).InsertDecryptionKey(ctx, k) }
	}
	keys := func() []store.DecryptionKey {
		w.Helper()
		return get[[]store.DecryptionKey](w, "DecryptionKeys()")(r.Org(acme.ID).DecryptionKeys(ctx, c.ID))
	}
	next, current := w.decryptionKey(c.ID, "k1", store.KeyNext), w.decryptionKey(c.ID, "k2", store.KeyCurrent)
	full(w, next)
	w.write(insert(next))
	w.write(insert(current))
	w.write(insert(w.decryptionKey(other.ID, "k3", store.KeyCurrent)))
	w.conflict(store.DecryptionKeyState, insert(w.decryptionKey(c.ID, "k4", store.KeyNext)))
	w.conflict("decryption_keys_id", insert(w.decryptionKey(c.ID, "k1", store.KeyRetired)))
	w.refused(store.ErrReference, insert(w.decryptionKey("con_none", "k5", store.KeyCurrent)))
	same(w, "DecryptionKeys()", []store.DecryptionKey{current, next}, keys())
	if held, err := r.HoldsSealed(ctx); !held || err != nil {
		w.Errorf("HoldsSealed() with keys = %v, %v", held, err)
	}

	now := w.later()
	set := func(id string, state store.KeyState) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).SetDecryptionKeyState(ctx, id, state, now) }
	}
	w.conflict(store.DecryptionKeyState, set("k1", store.KeyCurrent))
	w.write(func(tx *store.Writer) error {
		return errors.Join(set("k2", store.KeyRetired)(tx), set("k1", store.KeyCurrent)(tx))
	})
	current.State, current.Since, next.State, next.Since = store.KeyRetired, now, store.KeyCurrent, now
	same(w, "DecryptionKeys() after roll-over", []store.DecryptionKey{next, current}, keys())
	for id, used := range map[string]time.Time{"k1": next.UsedAt, "k2": current.UsedAt} { // and one that is not retired
		for _, at := range []time.Time{w.later(), used} { // the second one came late
			w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteDecryptionKeyUse(ctx, id, at) })
			if id == "k2" && at.After(current.UsedAt) {
				current.UsedAt = at
			}
		}
	}
	w.write(func(tx *store.Writer) error { return tx.Org("org_else").NoteDecryptionKeyUse(ctx, "k2", w.later()) })
	same(w, "DecryptionKeys() after a use", []store.DecryptionKey{next, current}, keys())
	still := func(since time.Time) int {
		w.Helper()
		return len(get[[]sso.Connection](w, "StillUsed()")(r.StillUsed(ctx, since, 10)))
	}
	same(w, "StillUsed() since before", 1, still(current.UsedAt.Add(-time.Second)))
	same(w, "StillUsed() since then", 0, still(current.UsedAt))
	remove := func(id string) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteDecryptionKey(ctx, id) }
	}
	w.write(remove("k2"))
	same(w, "DecryptionKeys() after a deletion", []store.DecryptionKey{next}, keys())
	w.refused(store.ErrNotFound, remove("k2"))
	w.refused(store.ErrNotFound, set("k2", store.KeyNext))
}

func keyRingsAreDue(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	due := store.KeysDue{Current: w.now.Add(-time.Hour), Next: w.now.Add(-time.Minute), Retired: w.now.Add(-time.Second), Used: w.now}
	add := func(org sso.OrgID, name string, keys map[store.KeyState]time.Time) sso.Connection {
		c := w.addConnection(org, name)
		c.Version = 1
		for state, since := range keys {
			k := w.decryptionKey(c.ID, name+string(state), state)
			k.Since, k.UsedAt = since, time.Time{}
			w.write(func(tx *store.Writer) error { return tx.Org(org).InsertDecryptionKey(ctx, k) })
		}
		return c
	}
	add(acme.ID, "young", map[store.KeyState]time.Time{store.KeyCurrent: w.now})
	old := add(acme.ID, "old", map[store.KeyState]time.Time{store.KeyCurrent: due.Current})
	add(acme.ID, "waits", map[store.KeyState]time.Time{store.KeyCurrent: due.Current, store.KeyNext: w.now})
	next := add(other.ID, "next", map[store.KeyState]time.Time{store.KeyCurrent: due.Current, store.KeyNext: due.Next})
	gone := add(other.ID, "gone", map[store.KeyState]time.Time{store.KeyCurrent: w.now, store.KeyRetired: due.Retired})
	// One for whose retired key it was encrypted since: nothing takes its place.
	clings := add(other.ID, "clings", map[store.KeyState]time.Time{store.KeyCurrent: w.now, store.KeyNext: due.Next, store.KeyRetired: due.Retired})
	use := func(at time.Time) {
		w.write(func(tx *store.Writer) error {
			return tx.Org(other.ID).NoteDecryptionKeyUse(ctx, "clings"+string(store.KeyRetired), at)
		})
	}
	use(due.Used.Add(time.Microsecond))
	w.addConnection(acme.ID, "plain")
	r := w.reader()
	names := func(all []sso.Connection) []string {
		var names []string
		for i := range all {
			names = append(names, all[i].Key)
		}
		slices.Sort(names)
		return names
	}
	rings := func() []string {
		return names(get[[]sso.Connection](w, "RingsDue()")(r.RingsDue(ctx, due, 10)))
	}
	same(w, "RingsDue()", []string{gone.Key, next.Key, old.Key}, rings())
	same(w, "Encrypting()", 6, len(get[[]sso.Connection](w, "Encrypting()")(r.Encrypting(ctx, "", 10))))
	same(w, "Encrypting() behind the last", 0, len(get[[]sso.Connection](w, "Encrypting()")(r.Encrypting(ctx, "con_zzz", 10))))

	hold := store.KeyHold{By: "usr_o", At: w.now}
	held := func() bool { return get[bool](w, "Held()")(r.Held(ctx, old.ID)) }
	same(w, "Held()", false, held())
	missing[store.KeyHold](w, "KeyHold()")(r.KeyHold(ctx, old.ID))
	w.write(func(tx *store.Writer) error { return tx.HoldKeys(ctx, old.ID, hold) })
	w.write(func(tx *store.Writer) error {
		return tx.HoldKeys(ctx, old.ID, store.KeyHold{By: "usr_late", At: w.now})
	})
	same(w, "KeyHold()", hold, get[store.KeyHold](w, "KeyHold()")(r.KeyHold(ctx, old.ID)))
	same(w, "RingsDue() of those that nobody holds", []string{gone.Key, next.Key}, rings())
	same(w, "Held()", true, held())
	all := get[map[sso.ConnectionID]store.KeyRing](w, "KeyRings()")(r.KeyRings(ctx, []sso.ConnectionID{"", old.ID, next.ID, "con_none"}))
	same(w, "KeyRings()", 2, len(all))
	for _, c := range []sso.Connection{old, next} {
		want := get[[]store.DecryptionKey](w, "DecryptionKeys()")(r.Org(c.Org).DecryptionKeys(ctx, c.ID))
		for i := range want {
			want[i].Private = nil
		}
		same(w, "KeyRings() of "+c.Key, want, all[c.ID].Keys)
	}
	same(w, "KeyRings() says who holds them", &hold, all[old.ID].Held)
	same(w, "KeyRings() of what nobody holds", nil, all[next.ID].Held)
	w.write(func(tx *store.Writer) error { return tx.ReleaseKeys(ctx, old.ID) })
	same(w, "RingsDue() after the release", []string{gone.Key, next.Key, old.Key}, rings())

	due.Used = due.Used.Add(time.Microsecond)
	same(w, "RingsDue() once it is not used any more", []string{clings.Key, gone.Key, next.Key, old.Key}, rings())
	unaware := func(since time.Time) []string {
		var found []sso.Connection
		for _, u := range get[[]store.Unread](w, "NotReading()")(r.NotReading(ctx, since, 10)) {
			found = append(found, u.Connection)
			if u.Connection.ID == old.ID && !u.FetchedAt.IsZero() {
				same(w, "NotReading() says when they did", w.now, u.FetchedAt)
			}
		}
		return names(found)
	}
	old.State = sso.ConnectionActive
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, old) })
	same(w, "NotReading()", true, slices.Contains(unaware(w.now), old.Key))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteFetch(ctx, old.ID, "ADFS", w.now) })
	same(w, "NotReading() after they have", false, slices.Contains(unaware(w.now), old.Key))
	same(w, "NotReading() since then", true, slices.Contains(unaware(w.now.Add(time.Second)), old.Key))
}

func sealedValuesAreCounted(w *world) {
	ctx := w.ctx
	none[store.Sealed](w, "SealedValues()")(w.reader().SealedValues(ctx))
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	under := func(id string, key byte, state store.KeyState) store.DecryptionKey {
		k := w.decryptionKey(c.ID, id, state)
		k.Private = []byte{1, key, 0, 0, 0, byte(len(id)), 7}
		return k
	}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(acme.ID).InsertDecryptionKey(ctx, under("k1", 2, store.KeyNext)),
			tx.Org(acme.ID).InsertDecryptionKey(ctx, under("k22", 1, store.KeyCurrent)),
			tx.Org(acme.ID).InsertDecryptionKey(ctx, under("k333", 2, store.KeyRetired)))
	})
	same(w, "SealedValues()", []store.Sealed{
		{Of: "decryption keys", Head: []byte{1, 1, 0, 0, 0}, Count: 1}, {Of: "decryption keys", Head: []byte{1, 2, 0, 0, 0}, Count: 2},
	}, get[[]store.Sealed](w, "SealedValues()")(w.reader().SealedValues(ctx)))
}
