package setup

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// makeKeys makes a key for each connection of the file that is to be encrypted
// for and has none. It is done before the transaction: nobody else should have
// to wait for it.
func (s *Service) makeKeys(ctx context.Context, f *File) (map[*Connection]store.DecryptionKey, error) {
	keys := map[*Connection]store.DecryptionKey{}
	for i := range f.Organizations {
		for j := range f.Organizations[i].Connections {
			in := &f.Organizations[i].Connections[j]
			if v := value(in.Encryption); v != string(sso.EncryptionAccepted) && v != string(sso.EncryptionRequired) {
				continue
			}
			has, err := s.hasKey(ctx, in.Key)
			if err == nil && !has {
				keys[in], err = s.newDecryptionKey(ctx)
			}
			if err != nil {
				return nil, at("connection "+in.Key, err)
			}
		}
	}
	return keys, nil
}

// hasKey reports whether the connection of this key, if there is one, has a
// current decryption key.
func (s *Service) hasKey(ctx context.Context, connection string) (bool, error) {
	var has bool
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		c, err := r.ConnectionByKey(ctx, connection)
		if err != nil {
			return err
		}
		keys, err := r.Org(c.Org).DecryptionKeys(ctx, c.ID)
		has = federation.Current(keys)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return has, err
}

// newDecryptionKey makes a key and seals it. It is of no connection yet.
func (s *Service) newDecryptionKey(ctx context.Context) (store.DecryptionKey, error) {
	sealer, err := s.Sealer(ctx)
	if err != nil {
		return store.DecryptionKey{}, err
	}
	return federation.NewDecryptionKey(sealer, store.KeyCurrent, s.Now())
}

// decryptionKey gives a connection that is encrypted for its first key.
func (a *applier) decryptionKey(c *sso.Connection, from *Connection) error {
	if !c.SAML.Decrypts() {
		return nil
	}
	org := a.tx.Org(c.Org)
	keys, err := org.DecryptionKeys(a.ctx, c.ID)
	if err != nil || federation.Current(keys) {
		return err
	}
	a.did("decryption key", from.Key, Made, nil)
	if a.outside.keys == nil {
		return nil // a dry run makes none
	}
	key, made := a.outside.keys[from]
	if !made {
		return fmt.Errorf("making a decryption key: connection %s has changed meanwhile", from.Key)
	}
	key.Connection = c.ID
	if err := org.InsertDecryptionKey(a.ctx, key); err != nil {
		return err
	}
	return a.record(c.Org, "connection.key_made", string(c.ID), []Field{{Key: "key", After: key.ID}})
}
