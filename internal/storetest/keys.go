package storetest

import (
	"errors"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) decryptionKey(connection sso.ConnectionID, id string, state store.KeyState) store.DecryptionKey {
	return store.DecryptionKey{
		ID: id, Connection: connection, Private: []byte{1, 0, 255}, Certificate: []byte{2}, State: state, Since: w.later(), CreatedAt: w.later(),
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
	remove := func(id string) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteDecryptionKey(ctx, id) }
	}
	w.write(remove("k2"))
	same(w, "DecryptionKeys() after a deletion", []store.DecryptionKey{next}, keys())
	w.refused(store.ErrNotFound, remove("k2"))
	w.refused(store.ErrNotFound, set("k2", store.KeyNext))
}
