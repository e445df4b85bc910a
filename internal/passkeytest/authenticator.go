// Package passkeytest is an authenticator with a browser around it, for tests:
// it makes credentials and uses them as a security key does, and can be told to
// lie about anything. The package belongs to tests alone.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Flags of authenticator data [WebAuthn 6.1].
const (
	UserPresent    byte = 1 << 0
	UserVerified   byte = 1 << 2
	BackupEligible byte = 1 << 3
	BackedUp       byte = 1 << 4
	attested       byte = 1 << 6
)

// Authenticator holds one credential, once it has made it.
type Authenticator struct {
	testing.TB
	Key     crypto.Signer
	ID      []byte
	Handle  []byte // of the user, as it was told; kept where the credential is discoverable
	Flags   byte   // that it says of itself
	Counter uint32 // of its signatures; it rises with each
}

// New returns an authenticator that verifies people and is backed up nowhere.
// Its key is of ECDSA.
func New(t testing.TB) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &Authenticator{TB: t, Key: key, ID: id, Flags: UserPresent | UserVerified}
}

// Ceremony is what the authenticator and its browser are about to say. A test
// changes it before it is signed.
type Ceremony struct {
	Type        string
	Challenge   string // base64url
	Origin      string
	CrossOrigin bool
	TopOrigin   string
	Domain      string // of the credential
	Flags       byte
	Counter     uint32
	ID          []byte
	RawID       []byte // as the browser tells it
	Handle      []byte
	Algorithm   int
	Signer      crypto.Signer
	// Spoil changes what was signed, after it was signed.
	Spoil func(authenticatorData, clientData, signature *[]byte)
}

// options are those of both ceremonies.
type options struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	RPID string `json:"rpId"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (a *Authenticator) read(raw []byte) options {
	a.Helper()
	var o options
	if err := json.Unmarshal(raw, &o); err != nil {
		a.Fatalf("reading the options for a browser: %v\n%s", err, raw)
	}
	return o
}

// Create makes the credential on a page of this origin, and returns what the
// page posts: RegistrationResponseJSON.
func (a *Authenticator) Create(raw []byte, origin string, forge ...func(*Ceremony)) []byte {
	a.Helper()
	o := a.read(raw)
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		a.Fatal(err)
	}
	a.Handle = handle
	c := Ceremony{
		Type: "webauthn.create", Challenge: o.Challenge, Origin: origin, Domain: o.RP.ID, Flags: a.Flags | attested, Counter: a.Counter,
		ID: a.ID, RawID: a.ID, Signer: a.Key,
	}
	public, alg := cose(a, a.Key)
	c.Algorithm = alg
	for _, f := range forge {
		f(&c)
	}
	if c.Algorithm != alg {
		public[3] = c.Algorithm
	}
	key := a.cbor(public)
	data := a.data(&c)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(c.ID)))
	data = append(append(data, c.ID...), key...)
	client := a.client(&c)
	if c.Spoil != nil {
		var none []byte
		c.Spoil(&data, &client, &none)
	}
	object := a.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return a.answer(&c, map[string]any{
		"clientDataJSON": b64(client), "attestationObject": b64(object), "transports": []string{"usb", "carrier-pigeon"},
	})
}

// Get uses the credential on a page of this origin, and returns what the page
// posts: AuthenticationResponseJSON.
func (a *Authenticator) Get(raw []byte, origin string, forge ...func(*Ceremony)) []byte {
	a.Helper()
	o := a.read(raw)
	a.Counter++
	c := Ceremony{
		Type: "webauthn.get", Challenge: o.Challenge, Origin: origin, Domain: o.RPID, Flags: a.Flags, Counter: a.Counter,
		ID: a.ID, RawID: a.ID, Handle: a.Handle, Signer: a.Key,
	}
	for _, f := range forge {
		f(&c)
	}
	data, client := a.data(&c), a.client(&c)
	digest := sha256.Sum256(client)
	signature := a.sign(c.Signer, append(append([]byte{}, data...), digest[:]...))
	if c.Spoil != nil {
		c.Spoil(&data, &client, &signature)
	}
	return a.answer(&c, map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(c.Handle),
	})
}

func (a *Authenticator) data(c *Ceremony) []byte {
	domain := sha256.Sum256([]byte(c.Domain))
	data := append(domain[:], c.Flags)
	return binary.BigEndian.AppendUint32(data, c.Counter)
}

func (a *Authenticator) client(c *Ceremony) []byte {
	a.Helper()
	says := map[string]any{"type": c.Type, "challenge": c.Challenge, "origin": c.Origin, "crossOrigin": c.CrossOrigin}
	if c.TopOrigin != "" {
		says["topOrigin"] = c.TopOrigin
	}
	return a.json(says)
}

func (a *Authenticator) answer(c *Ceremony, response map[string]any) []byte {
	a.Helper()
	return a.json(map[string]any{
		"id": b64(c.RawID), "rawId": b64(c.RawID), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
}

func (a *Authenticator) json(v any) []byte {
	a.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		a.Fatal(err)
	}
	return b
}

func (a *Authenticator) cbor(v any) []byte {
	a.Helper()
	b, err := webauthncbor.Marshal(v)
	if err != nil {
		a.Fatal(err)
	}
	return b
}

func (a *Authenticator) sign(key crypto.Signer, message []byte) []byte {
	a.Helper()
	digest, hash := sha256.Sum256(message), crypto.SHA256
	signed := digest[:]
	if _, ok := key.(ed25519.PrivateKey); ok {
		signed, hash = message, 0
	}
	signature, err := key.Sign(rand.Reader, signed, hash)
	if err != nil {
		a.Fatal(err)
	}
	return signature
}

// cose returns a public key as authenticators write it [RFC 9053], and its
// algorithm.
func cose(t testing.TB, key crypto.Signer) (public map[int]any, algorithm int) {
	t.Helper()
	switch k := key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}, -7
	case ed25519.PublicKey:
		return map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(k)}, -8
	case *rsa.PublicKey:
		return map[int]any{1: 3, 3: -257, -1: k.N.Bytes(), -2: big.NewInt(int64(k.E)).Bytes()}, -257
	default:
		t.Fatalf("no authenticator has a key of type %T", k)
		return nil, 0
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
