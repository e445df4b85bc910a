package federation

import (
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// What our keys are called, for people who read the certificates in a console.
const (
	signingName    = "Sallyport requests"
	encryptionName = "Sallyport encryption"
)

// NewSigningKey makes a key that signs what we send, and seals it.
func NewSigningKey(sealer *secret.Sealer, state store.KeyState, now time.Time) (store.SigningKey, error) {
	pair, private, err := newPair(saml.ForSigning, signingName, now)
	return store.SigningKey{
		ID: pair.ID(), Use: store.KeyForSAML, Algorithm: store.AlgorithmRSA, Private: sealer.Seal(store.SigningKeyPlace(pair.ID()), private),
		Public: pair.Certificate, State: state, Since: now, CreatedAt: now,
	}, err
}

// NewDecryptionKey makes a key for which an identity provider encrypts, and
// seals it. It is of no connection yet.
func NewDecryptionKey(sealer *secret.Sealer, state store.KeyState, now time.Time) (store.DecryptionKey, error) {
	pair, private, err := newPair(saml.ForEncryption, encryptionName, now)
	return store.DecryptionKey{
		ID: pair.ID(), Private: sealer.Seal(store.DecryptionKeyPlace(pair.ID()), private),
		Certificate: pair.Certificate, State: state, Since: now, CreatedAt: now,
	}, err
}

func newPair(use saml.KeyUse, name string, now time.Time) (saml.KeyPair, []byte, error) {
	pair, err := saml.NewKeyPair(use, name, now)
	if err != nil {
		return saml.KeyPair{}, nil, err
	}
	private, err := pair.MarshalPrivate()
	return pair, private, err
}

// Current reports whether one of the keys is the current one.
func Current(keys []store.DecryptionKey) bool {
	for i := range keys {
		if keys[i].State == store.KeyCurrent {
			return true
		}
	}
	return false
}
