package setup

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Key is a key of ours that identity providers know by its certificate.
type Key struct {
	ID          string
	State       store.KeyState
	Since       time.Time // in this state
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

// Keys returns the keys for which a connection is encrypted, or, where no
// connection is named, those that sign what we send to all identity providers.
func (s *Service) Keys(ctx context.Context, connection string) ([]Key, error) {
	var keys []Key
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		ring, err := ringOf(ctx, r, connection)
		if err == nil {
			keys, err = ring.keys(ctx, r)
		}
		return err
	})
	return keys, err
}

// TurnKeys takes one step with the keys that [Service.Keys] names, and returns
// them as they are then. A step that does not come next is refused.
func (s *Service) TurnKeys(ctx context.Context, connection string, turn Turn) ([]Key, error) {
	var made fresh
	if turn == MakeNext { // before the transaction, which nobody should have to wait for
		sealer, err := s.Sealer(ctx)
		if err != nil {
			return nil, err
		}
		if made, err = newKey(sealer, connection, s.Now()); err != nil {
			return nil, err
		}
	}
	var keys []Key
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		ring, err := ringOf(ctx, tx.Reader, connection)
		if err != nil {
			return err
		}
		if keys, err = ring.keys(ctx, tx.Reader); err != nil {
			return err
		}
		if err := ring.turn(ctx, tx, keys, turn, made, s.Now()); err != nil {
			return err
		}
		keys, err = ring.keys(ctx, tx.Reader)
		return err
	})
	return keys, err
}

// fresh is a key that was made for a ring.
type fresh struct {
	signing    store.SigningKey
	decryption store.DecryptionKey
}

func newKey(sealer *secret.Sealer, connection string, now time.Time) (fresh, error) {
	var f fresh
	var err error
	if connection == "" {
		f.signing, err = federation.NewSigningKey(sealer, store.KeyNext, now)
	} else {
		f.decryption, err = federation.NewDecryptionKey(sealer, store.KeyNext, now)
	}
	return f, err
}

func (f *fresh) id() string { return f.signing.ID + f.decryption.ID }

// ring is the keys of one purpose.
type ring struct {
	connection *sso.Connection // nil: the keys that sign requests
}

func ringOf(ctx context.Context, r *store.Reader, connection string) (ring, error) {
	if connection == "" {
		return ring{}, nil
	}
	c, err := r.ConnectionByKey(ctx, connection)
	if errors.Is(err, store.ErrNotFound) {
		return ring{}, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "the key of a connection", Got: connection, Fix: fault.OperatorSide}
	}
	return ring{&c}, err
}

func (g ring) keys(ctx context.Context, r *store.Reader) ([]Key, error) {
	var keys []Key
	if g.connection == nil {
		stored, err := r.SigningKeys(ctx, store.KeyForSAML)
		for _, k := range stored {
			keys = append(keys, Key{ID: k.ID, State: k.State, Since: k.Since, Certificate: k.Public})
		}
		return keys, err
	}
	stored, err := r.Org(g.connection.Org).DecryptionKeys(ctx, g.connection.ID)
	for _, k := range stored {
		keys = append(keys, Key{ID: k.ID, State: k.State, Since: k.Since, Certificate: k.Certificate})
	}
	return keys, err
}

// in returns the key in this state, or nil.
func in(keys []Key, state store.KeyState) *Key {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &keys[i]
}

// turn takes a step.
func (g ring) turn(ctx context.Context, tx *store.Writer, keys []Key, turn Turn, made fresh, now time.Time) error {
	current, next, old := in(keys, store.KeyCurrent), in(keys, store.KeyNext), in(keys, store.KeyRetired)
	refuse := func(want, got string) error {
		return &fault.Error{Kind: fault.Conflict, Code: "key_turn", Want: want, Got: got, Fix: fault.OperatorSide}
	}
	event := sso.Event{At: now, Actor: "operator", Detail: map[string]string{}}
	switch turn {
	case MakeNext:
		switch {
		case current == nil && g.connection == nil:
			return refuse("a current key, which the server makes at its first start", "none")
		case current == nil:
			return refuse("a current key, which encryption: accepted or required makes", "none")
		case next != nil:
			return refuse("no next key", next.ID)
		}
		event.Action, event.Target = "key.made", made.id()
		if err := g.insert(ctx, tx, made); err != nil {
			return err
		}
	case PromoteNext:
		if next == nil {
			return refuse("a next key", "none")
		}
		event.Action, event.Target = "key.promoted", next.ID
		if err := g.promote(ctx, tx, current, next, old, now); err != nil {
			return err
		}
	default:
		if old == nil {
			return refuse("a retired key", "none")
		}
		event.Action, event.Target = "key.deleted", old.ID
		if err := g.remove(ctx, tx, old); err != nil {
			return err
		}
	}
	if g.connection == nil {
		return tx.Record(ctx, event)
	}
	// Who keeps the keys in memory goes by the version.
	g.connection.UpdatedAt = now
	org := tx.Org(g.connection.Org)
	if err := org.SaveConnection(ctx, *g.connection); err != nil {
		return err
	}
	event.Detail["connection"] = string(g.connection.ID)
	return org.Record(ctx, event)
}

// promote moves everybody up: what was retired goes, and there is one key in
// each state at any time.
func (g ring) promote(ctx context.Context, tx *store.Writer, current, next, old *Key, now time.Time) error {
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

func (g ring) insert(ctx context.Context, tx *store.Writer, made fresh) error {
	if g.connection == nil {
		return tx.InsertSigningKey(ctx, made.signing)
	}
	made.decryption.Connection = g.connection.ID
	return tx.Org(g.connection.Org).InsertDecryptionKey(ctx, made.decryption)
}

func (g ring) set(ctx context.Context, tx *store.Writer, k *Key, state store.KeyState, now time.Time) error {
	if g.connection == nil {
		return tx.SetSigningKeyState(ctx, k.ID, state, now)
	}
	return tx.Org(g.connection.Org).SetDecryptionKeyState(ctx, k.ID, state, now)
}

func (g ring) remove(ctx context.Context, tx *store.Writer, k *Key) error {
	if g.connection == nil {
		return tx.DeleteSigningKey(ctx, k.ID)
	}
	return tx.Org(g.connection.Org).DeleteDecryptionKey(ctx, k.ID)
}
