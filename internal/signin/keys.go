package signin

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// What a new key for requests is. RSA, because many identity providers verify
// nothing else; a life of ten years, because none of them looks at it and
// some administrators' consoles refuse a certificate that is over.
const (
	requestKeyBits      = 2048
	requestKeyLife      = 10 * 365 * 24 * time.Hour
	requestKeyAlgorithm = "RSA"
)

// LoadRequestKey returns the key that signs our requests to identity
// providers, and makes it at the first start. All nodes on one database use
// one key: its certificate stands at the customers' identity providers.
func LoadRequestKey(ctx context.Context, db *store.DB, sealer *secret.Sealer, now time.Time) (saml.SigningKey, error) {
	key, err := currentRequestKey(ctx, db, sealer)
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	made, err := newRequestKey(sealer, now)
	if err != nil {
		return saml.SigningKey{}, err
	}
	err = db.Write(ctx, func(tx *store.Writer) error { return tx.InsertSigningKey(ctx, made) })
	if err != nil && !errors.Is(err, store.ErrConflict) { // another node was quicker
		return saml.SigningKey{}, err
	}
	return currentRequestKey(ctx, db, sealer)
}

func currentRequestKey(ctx context.Context, db *store.DB, sealer *secret.Sealer) (saml.SigningKey, error) {
	var keys []store.SigningKey
	err := db.Read(ctx, func(r *store.Reader) error {
		var err error
		keys, err = r.SigningKeys(ctx, store.KeyForSAML)
		return err
	})
	if err != nil {
		return saml.SigningKey{}, err
	}
	for _, k := range keys {
		if k.State != store.KeyCurrent {
			continue
		}
		der, err := sealer.Open(store.SigningKeyPlace(k.ID), k.Private)
		if err != nil {
			return saml.SigningKey{}, fmt.Errorf("opening the key for requests: %w", err)
		}
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return saml.SigningKey{}, fmt.Errorf("reading the key for requests: %w", err)
		}
		signer, ok := private.(crypto.Signer)
		if !ok {
			return saml.SigningKey{}, errors.New("reading the key for requests: it does not sign")
		}
		return saml.SigningKey{Signer: signer, Certificate: k.Public}, nil
	}
	return saml.SigningKey{}, store.ErrNotFound
}

func newRequestKey(sealer *secret.Sealer, now time.Time) (store.SigningKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, requestKeyBits)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("making a key for requests: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("making a key for requests: %w", err)
	}
	// One day back, for identity providers whose clock is behind.
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Sallyport requests"},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.Add(requestKeyLife), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("making a certificate for requests: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("making a key for requests: %w", err)
	}
	sum := sha256.Sum256(certificate)
	id := "saml-" + hex.EncodeToString(sum[:10])
	return store.SigningKey{
		ID: id, Use: store.KeyForSAML, Algorithm: requestKeyAlgorithm, Private: sealer.Seal(store.SigningKeyPlace(id), der),
		Public: certificate, State: store.KeyCurrent, Since: now, CreatedAt: now,
	}, nil
}
