package federation

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Key is a key of ours that identity providers know by its certificate.
type Key struct {
	ID          string
	State       store.KeyState
	Since       time.Time // in this state
	UsedAt      time.Time // of a retired one: something was encrypted for it; zero: nothing was
	Certificate []byte    // DER
}

// Turn is a step of the way from one key to the next.
type Turn string

// The turns, in their order. Between them lies the time in which customers take
// the new certificate over.
const (
	MakeNext    Turn = "next"    // make the next key and publish it beside the current one
	PromoteNext Turn = "promote" // the next key becomes the current one, and that one is retired
	ForgetOld   Turn = "forget"  // delete the retired key
)

// Fresh is a key that was made for a ring.
type Fresh struct {
	signing    store.SigningKey
	decryption store.DecryptionKey
}

// Make makes the next key of a ring. It takes a while, and belongs before the
// transaction in which it is stored.
func (g Ring) Make(sealer *secret.Sealer, now time.Time) (Fresh, error) {
	var f Fresh
	var err error
	if g.Connection == nil {
		f.signing, err = NewSigningKey(sealer, store.KeyNext, now)
	} else {
		f.decryption, err = NewDecryptionKey(sealer, store.KeyNext, now)
	}
	return f, err
}

func (f *Fresh) id() string { return f.signing.ID + f.decryption.ID }

// Ring is the keys of one purpose.
type Ring struct {
	Connection *sso.Connection // nil: the keys that sign requests
}

// Keys returns the keys of the ring.
func (g Ring) Keys(ctx context.Context, r *store.Reader) ([]Key, error) {
	var keys []Key
	if g.Connection == nil {
		stored, err := r.SigningKeys(ctx, store.KeyForSAML)
		for _, k := range stored {
			keys = append(keys, Key{ID: k.ID, State: k.State, Since: k.Since, Certificate: k.Public})
		}
		return keys, err
	}
	stored, err := r.Org(g.Connection.Org).DecryptionKeys(ctx, g.Connection.ID)
	return KeysOf(stored), err
}

// KeysOf returns the keys of a connection as they are stored.
func KeysOf(stored []store.DecryptionKey) []Key {
	var keys []Key
	for i := range stored {
		k := &stored[i]
		keys = append(keys, Key{ID: k.ID, State: k.State, Since: k.Since, UsedAt: k.UsedAt, Certificate: k.Certificate})
	}
	return keys
}

// In returns the key in this state, or nil.
func In(keys []Key, state store.KeyState) *Key {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &keys[i]
}

// Turn takes a step, and records it as done by whom the event names. A step that
// does not come next is refused.
func (g Ring) Turn(ctx context.Context, tx *store.Writer, keys []Key, turn Turn, made Fresh, event sso.Event) error {
	current, next, old := In(keys, store.KeyCurrent), In(keys, store.KeyNext), In(keys, store.KeyRetired)
	refuse := func(want, got string) error {
		return &fault.Error{Kind: fault.Conflict, Code: "key_turn", Want: want, Got: got, Fix: fault.OperatorSide}
	}
	now := event.At
	event.Detail = maps.Clone(event.Detail)
	if event.Detail == nil {
		event.Detail = map[string]string{}
	}
	switch turn {
	case MakeNext:
		switch {
		case current == nil && g.Connection == nil:
			return refuse("a current key, which the server makes at its first start", "none")
		case current == nil:
			return refuse("a current key, which encryption: accepted or required makes", "none")
		case next != nil:
			return refuse("no next key", next.ID)
		}
		event.Action, event.Target, event.Changes = "key.made", made.id(), stateOf(made.id(), "", store.KeyNext)
		if err := g.insert(ctx, tx, made); err != nil {
			return err
		}
	case PromoteNext:
		if next == nil {
			return refuse("a next key", "none")
		}
		event.Action, event.Target, event.Changes = "key.promoted", next.ID, stateOf(next.ID, store.KeyNext, store.KeyCurrent)
		if current != nil {
			event.Changes = append(event.Changes, stateOf(current.ID, store.KeyCurrent, store.KeyRetired)...)
		}
		if old != nil {
			event.Changes = append(event.Changes, stateOf(old.ID, store.KeyRetired, "")...)
		}
		if err := g.promote(ctx, tx, current, next, old, now); err != nil {
			return err
		}
	default:
		if old == nil {
			return refuse("a retired key", "none")
		}
		event.Action, event.Target, event.Changes = "key.deleted", old.ID, stateOf(old.ID, store.KeyRetired, "")
		if err := g.remove(ctx, tx, old); err != nil {
			return err
		}
	}
	if g.Connection == nil {
		return tx.Record(ctx, event)
	}
	// Who keeps the keys in memory goes by the version.
	g.Connection.UpdatedAt = now
	org := tx.Org(g.Connection.Org)
	if err := org.SaveConnection(ctx, *g.Connection); err != nil {
		return err
	}
	event.Detail["connection"] = string(g.Connection.ID)
	return org.Record(ctx, event)
}

// stateOf is what the audit list says of a key that is in another state now.
func stateOf(id string, from, to store.KeyState) []sso.Change {
	return []sso.Change{{Field: id, From: string(from), To: string(to)}}
}

// promote moves everybody up: what was retired goes, and there is one key in
// each state at any time.
func (g Ring) promote(ctx context.Context, tx *store.Writer, current, next, old *Key, now time.Time) error {
	if old != nil {
		if err := g.remove(ctx, tx, old); err != nil {
			return err
		}
	}
	if current != nil {
		if err := g.set(ctx, tx, current, store.KeyRetired, now); err != nil {
			return err
		}
	}
	return g.set(ctx, tx, next, store.KeyCurrent, now)
}

func (g Ring) insert(ctx context.Context, tx *store.Writer, made Fresh) error {
	if g.Connection == nil {
		return tx.InsertSigningKey(ctx, made.signing)
	}
	made.decryption.Connection = g.Connection.ID
	return tx.Org(g.Connection.Org).InsertDecryptionKey(ctx, made.decryption)
}

func (g Ring) set(ctx context.Context, tx *store.Writer, k *Key, state store.KeyState, now time.Time) error {
	if g.Connection == nil {
		return tx.SetSigningKeyState(ctx, k.ID, state, now)
	}
	return tx.Org(g.Connection.Org).SetDecryptionKeyState(ctx, k.ID, state, now)
}

func (g Ring) remove(ctx context.Context, tx *store.Writer, k *Key) error {
	if g.Connection == nil {
		return tx.DeleteSigningKey(ctx, k.ID)
	}
	return tx.Org(g.Connection.Org).DeleteDecryptionKey(ctx, k.ID)
}
