package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Life of a signing key. The next one is published long before it signs, so
// that every cache of our key set knows it in time; a retired one stays
// published, so that what it signed can be verified and shown as a hint.
const (
	keyLife     = 90 * 24 * time.Hour
	keyAhead    = 7 * 24 * time.Hour
	keyRetained = 30 * 24 * time.Hour
	keyRefresh  = time.Minute // how long the keys are kept in memory
)

// keySet is the signing keys as they were read.
type keySet struct {
	readAt   time.Time
	current  map[oidc.Algorithm]*oidc.SigningKey
	public   []oidc.PublicKey
	document []byte
}

// Prepare makes the first signing key where there is none, and fails where the
// sealing key at hand does not open the one there is. It is called before
// anything is served.
func (s *Service) Prepare(ctx context.Context) error {
	_, err := s.keys(ctx)
	return err
}

// JWKS returns the key set document.
func (s *Service) JWKS(ctx context.Context) ([]byte, error) {
	keys, err := s.keys(ctx)
	if err != nil {
		return nil, err
	}
	return keys.document, nil
}

// Discovery returns the discovery document.
func (s *Service) Discovery() ([]byte, error) { return oidc.Discovery(s.Issuer, s.Locales...) }

// keys returns the signing keys, read not long ago. Whoever finds that it is
// time for a change makes it.
func (s *Service) keys(ctx context.Context) (*keySet, error) {
	if k := s.loaded.Load(); k != nil && s.Now().Sub(k.readAt) < keyRefresh {
		return k, nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	now := s.Now()
	if k := s.loaded.Load(); k != nil && now.Sub(k.readAt) < keyRefresh {
		return k, nil
	}
	var stored []store.SigningKey
	wanted := []oidc.Algorithm{oidc.ES256}
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if stored, err = r.SigningKeys(ctx, store.KeyForOIDC); err != nil {
			return err
		}
		rsa, err := r.RS256Wanted(ctx)
		if rsa || len(by(oidc.RS256, stored)) > 0 {
			wanted = append(wanted, oidc.RS256)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, a := range wanted {
		if due(by(a, stored), now) == nothing {
			continue
		}
		if stored, err = s.turn(ctx, a, now); err != nil {
			return nil, err
		}
	}
	k, err := s.open(stored)
	if err != nil {
		return nil, err
	}
	k.readAt = now
	s.loaded.Store(k)
	return k, nil
}

// open reads stored keys.
func (s *Service) open(stored []store.SigningKey) (*keySet, error) {
	k := &keySet{current: map[oidc.Algorithm]*oidc.SigningKey{}}
	for i := range stored {
		public, err := oidc.ParsePublicKey(stored[i].Public)
		if err != nil {
			return nil, fmt.Errorf("reading signing key %s: %w", stored[i].ID, err)
		}
		k.public = append(k.public, public)
		if stored[i].State != store.KeyCurrent {
			continue
		}
		plain, err := s.Sealer.Open(store.SigningKeyPlace(stored[i].ID), stored[i].Private)
		if err != nil {
			return nil, fmt.Errorf("opening signing key %s: %w", stored[i].ID, err)
		}
		if k.current[public.Algorithm()], err = oidc.ParseSigningKey(plain); err != nil {
			return nil, err
		}
	}
	if k.current[oidc.ES256] == nil {
		return nil, errors.New("reading signing keys: none is current")
	}
	var err error
	k.document, err = oidc.KeySet(k.public...)
	return k, err
}

// by returns those of the keys that sign by this algorithm.
func by(a oidc.Algorithm, keys []store.SigningKey) []store.SigningKey {
	var of []store.SigningKey
	for i := range keys {
		if keys[i].Algorithm == string(a) {
			of = append(of, keys[i])
		}
	}
	return of
}

// signer returns the key that signs what this app gets. An app that wants
// another algorithm since a moment ago waits until there is a key.
func (s *Service) signer(ctx context.Context, app *sso.App) (*oidc.SigningKey, error) {
	a := oidc.Algorithm(app.SignedBy())
	k, err := s.keys(ctx)
	if err == nil && k.current[a] == nil {
		s.loaded.CompareAndSwap(k, nil)
		k, err = s.keys(ctx)
	}
	if err != nil {
		return nil, err
	}
	if k.current[a] == nil {
		return nil, fmt.Errorf("signing for app %s: no key for %s", app.ID, a)
	}
	return k.current[a], nil
}

// change is the next thing that is due with a set of keys.
type change uint8

const (
	nothing change = iota
	makeCurrent
	makeNext
	promote // the next one takes the place of the current one
	forget  // a retired one
)

// due says what is to be done now with these keys; done, it may say more.
func due(keys []store.SigningKey, now time.Time) change {
	current, next := find(keys, store.KeyCurrent), find(keys, store.KeyNext)
	switch {
	case current == nil && next == nil:
		return makeCurrent
	case current == nil:
		return promote
	case next == nil && now.Sub(current.Since) >= keyLife-keyAhead:
		return makeNext
	case next != nil && now.Sub(current.Since) >= keyLife && now.Sub(next.Since) >= keyAhead:
		return promote
	}
	if old := find(keys, store.KeyRetired); old != nil && now.Sub(old.Since) >= keyRetained {
		return forget
	}
	return nothing
}

// find returns the oldest key in this state, or nil.
func find(keys []store.SigningKey, state store.KeyState) *store.SigningKey {
	for i := range keys {
		if keys[i].State == state {
			return &keys[i]
		}
	}
	return nil
}

// turn does everything that is due with the keys for an algorithm, and returns all
// keys as they are then. Of several nodes that come at once, one does it.
func (s *Service) turn(ctx context.Context, a oidc.Algorithm, now time.Time) ([]store.SigningKey, error) {
	fresh, err := s.generate(a, now)
	if err != nil {
		return nil, err
	}
	var keys []store.SigningKey
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		for {
			var err error
			if keys, err = tx.SigningKeys(ctx, store.KeyForOIDC); err != nil {
				return err
			}
			own := by(a, keys)
			what := due(own, now)
			if what == nothing {
				return nil
			}
			if err := apply(ctx, tx, what, own, fresh, now); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("turning the signing keys over: %w", err)
	}
	return keys, nil
}

// apply does one thing with the keys, and writes down which key is what from now on.
func apply(ctx context.Context, tx *store.Writer, what change, keys []store.SigningKey, fresh store.SigningKey, now time.Time) error {
	e := sso.Event{At: now, Actor: sso.RolloverActor}
	is := func(id string, from, to store.KeyState) {
		e.Changes = append(e.Changes, sso.Change{Field: id, From: string(from), To: string(to)})
	}
	var err error
	switch what {
	case makeCurrent, makeNext:
		fresh.State = store.KeyCurrent
		if what == makeNext {
			fresh.State = store.KeyNext
		}
		e.Action, e.Target = "key.made", fresh.ID
		is(fresh.ID, "", fresh.State)
		err = tx.InsertSigningKey(ctx, fresh)
	case promote:
		next := find(keys, store.KeyNext)
		e.Action, e.Target = "key.promoted", next.ID
		is(next.ID, store.KeyNext, store.KeyCurrent)
		if old := find(keys, store.KeyCurrent); old != nil {
			is(old.ID, store.KeyCurrent, store.KeyRetired)
			err = tx.SetSigningKeyState(ctx, old.ID, store.KeyRetired, now)
		}
		if err == nil {
			err = tx.SetSigningKeyState(ctx, next.ID, store.KeyCurrent, now)
		}
	default:
		old := find(keys, store.KeyRetired)
		e.Action, e.Target = "key.deleted", old.ID
		is(old.ID, store.KeyRetired, "")
		err = tx.DeleteSigningKey(ctx, old.ID)
	}
	if err != nil {
		return err
	}
	return tx.Record(ctx, e)
}

// generate makes a new key, sealed, without a state.
func (s *Service) generate(a oidc.Algorithm, now time.Time) (store.SigningKey, error) {
	key, err := oidc.GenerateSigningKey(a)
	if err != nil {
		return store.SigningKey{}, err
	}
	private, err := key.MarshalPrivate()
	if err != nil {
		return store.SigningKey{}, err
	}
	public, err := key.Public().Marshal()
	if err != nil {
		return store.SigningKey{}, err
	}
	return store.SigningKey{
		ID: key.ID(), Use: store.KeyForOIDC, Algorithm: string(a), Private: s.Sealer.Seal(store.SigningKeyPlace(key.ID()), private), Public: public,
		Since: now, CreatedAt: now,
	}, nil
}
