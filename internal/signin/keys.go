package signin

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// requestKeyRefresh is how long the keys that sign our messages are kept in
// memory. Somebody may have made the next one the current one.
const requestKeyRefresh = time.Minute

// requestKeys are the keys that sign our messages, as they were read.
type requestKeys struct {
	readAt       time.Time
	signing      saml.SigningKey
	certificates [][]byte // to be published: of the current key, of the next, and of the one before
}

// Prepare makes the key that signs our messages to identity providers where
// there is none, and fails where the sealing key at hand does not open the one
// there is. It is called before anything is served.
func (s *Service) Prepare(ctx context.Context) error {
	_, err := s.requestKeys(ctx)
	return err
}

// requestKeys returns the keys that sign our messages, read not long ago. All
// nodes on one database use the same: their certificates stand at the
// customers' identity providers.
func (s *Service) requestKeys(ctx context.Context) (*requestKeys, error) {
	if k := s.signing.Load(); k != nil && s.Now().Sub(k.readAt) < requestKeyRefresh {
		return k, nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	now := s.Now()
	if k := s.signing.Load(); k != nil && now.Sub(k.readAt) < requestKeyRefresh {
		return k, nil
	}
	k, err := s.readRequestKeys(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if err := s.makeRequestKey(ctx, now); err != nil {
			return nil, err
		}
		k, err = s.readRequestKeys(ctx)
	}
	if err != nil {
		return nil, err
	}
	k.readAt = now
	s.signing.Store(k)
	return k, nil
}

func (s *Service) readRequestKeys(ctx context.Context) (*requestKeys, error) {
	var stored []store.SigningKey
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		stored, err = r.SigningKeys(ctx, store.KeyForSAML)
		return err
	})
	if err != nil {
		return nil, err
	}
	k := &requestKeys{}
	var next, before [][]byte
	for i := range stored {
		switch stored[i].State {
		case store.KeyNext:
			next = append(next, stored[i].Public)
		case store.KeyRetired:
			before = append(before, stored[i].Public)
		case store.KeyCurrent:
			private, err := s.privateKey(func() ([]byte, error) { return s.Sealer.Open(store.SigningKeyPlace(stored[i].ID), stored[i].Private) })
			if err != nil {
				return nil, fmt.Errorf("reading the key for requests: %w", err)
			}
			signer, ok := private.(crypto.Signer)
			if !ok {
				return nil, errors.New("reading the key for requests: it does not sign")
			}
			k.signing = saml.SigningKey{Signer: signer, Certificate: stored[i].Public}
			k.certificates = [][]byte{stored[i].Public}
		}
	}
	if k.signing.Signer == nil {
		return nil, store.ErrNotFound
	}
	k.certificates = slices.Concat(k.certificates, next, before)
	return k, nil
}

// privateKey reads a key that open takes out of its seal.
func (*Service) privateKey(open func() ([]byte, error)) (crypto.PrivateKey, error) {
	der, err := open()
	if err != nil {
		return nil, err
	}
	return x509.ParsePKCS8PrivateKey(der)
}

func (s *Service) makeRequestKey(ctx context.Context, now time.Time) error {
	key, err := federation.NewSigningKey(s.Sealer, store.KeyCurrent, now)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := tx.InsertSigningKey(ctx, key); err != nil {
			return err
		}
		return tx.Record(ctx, sso.Event{At: now, Actor: sso.RolloverActor, Action: "key.made", Target: key.ID, Changes: []sso.Change{{Field: key.ID, To: string(key.State)}}})
	})
	if errors.Is(err, store.ErrConflict) { // another node was quicker
		return nil
	}
	return err
}

// decryptionKeys opens the keys of a connection, in the order in which they
// are tried.
func (s *Service) decryptionKeys(stored []store.DecryptionKey) ([]xmlenc.Key, error) {
	var keys []xmlenc.Key
	for i := range stored {
		k := &stored[i]
		private, err := s.privateKey(func() ([]byte, error) { return s.Sealer.Open(store.DecryptionKeyPlace(k.ID), k.Private) })
		if err != nil {
			return nil, fmt.Errorf("reading decryption key %s: %w", k.ID, err)
		}
		key, err := xmlenc.NewKey(private)
		if err != nil {
			return nil, fmt.Errorf("reading decryption key %s: %w", k.ID, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
