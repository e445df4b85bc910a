package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// KeyUse says what a signing key signs.
type KeyUse string

// The uses.
const (
	KeyForOIDC KeyUse = "oidc" // id tokens
	KeyForSAML KeyUse = "saml" // requests to identity providers
)

// AlgorithmRSA is the algorithm of the keys for SAML.
const AlgorithmRSA = "RSA"

// KeyState says how far a signing key has come.
type KeyState string

// The states of a key. Of each use and algorithm one key is current.
const (
	KeyNext    KeyState = "next"    // published, so that it is known in time
	KeyCurrent KeyState = "current" // signs
	KeyRetired KeyState = "retired" // published, for what it signed before
)

// SigningKey is a key pair of ours.
type SigningKey struct {
	ID        string // kid
	Use       KeyUse
	Algorithm string
	Private   []byte // sealed
	Public    []byte // SubjectPublicKeyInfo, or a certificate, in DER
	State     KeyState
	Since     time.Time // in this state
	CreatedAt time.Time
}

// SigningKeyPlace is where the private part of the key with this ID stands, to
// which its seal is bound.
func SigningKeyPlace(id string) secret.Place {
	return secret.Place{Table: "signing_keys", Column: "private", Row: id}
}

const signingKeyColumns = `k.kid, k.use, k.algorithm, k.private, k.public, k.state, k.since, k.created_at`

func signingKeyFields(k *SigningKey) []any {
	return []any{&k.ID, &k.Use, &k.Algorithm, &k.Private, &k.Public, &k.State, utc(&k.Since), utc(&k.CreatedAt)}
}

// RS256Wanted reports whether there is an app whose id tokens are signed so.
func (r *Reader) RS256Wanted(ctx context.Context) (bool, error) {
	wanted, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from apps where token_alg = 'RS256')`)
	return wanted, doing(err, "asking whether an app wants RS256")
}

// SigningKeys returns the keys of one use, the oldest first.
func (r *Reader) SigningKeys(ctx context.Context, use KeyUse) ([]SigningKey, error) {
	all, err := list(ctx, r.q, signingKeyFields, `
		select `+signingKeyColumns+`
		from signing_keys k
		where k.use = $1
		order by k.created_at, k.kid`,
		use)
	return all, doing(err, "listing signing keys for %s", use)
}

// InsertSigningKey stores a new key. A second current one is a conflict on
// [CurrentSigningKey].
func (w *Writer) InsertSigningKey(ctx context.Context, k SigningKey) error {
	_, err := w.q.exec(ctx, `
		insert into signing_keys (kid, use, algorithm, private, public, state, since, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Use, k.Algorithm, k.Private, k.Public, k.State, at(k.Since), at(k.CreatedAt))
	return doing(err, "inserting signing key %s", k.ID)
}

// SetSigningKeyState moves a key to another state. The current one must be
// retired before the next one takes its place.
func (w *Writer) SetSigningKeyState(ctx context.Context, id string, state KeyState, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update signing_keys
		set state = $2, since = $3
		where kid = $1`,
		id, state, at(now))
	return doing(found(n, err), "making signing key %s %s", id, state)
}

// DeleteSigningKey deletes a key; what it signed cannot be verified any more.
func (w *Writer) DeleteSigningKey(ctx context.Context, id string) error {
	n, err := w.q.exec(ctx, `
		delete from signing_keys
		where kid = $1`,
		id)
	return doing(found(n, err), "deleting signing key %s", id)
}
