package secret

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// keyIDBytes is the length of a sealing key's identifier in a sealed value.
const keyIDBytes = 4

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 16 << 10

// sealVersion is the first octet of every sealed value.
const sealVersion = 1

// ErrUnsealing says that a sealed value was made under another key, for
// another row, or was altered.
var ErrUnsealing = errors.New("sealed value does not open with the keys at hand")

// Sealer encrypts values at rest with XChaCha20-Poly1305. It holds one key that
// seals and any number that only open, for roll-over. It is safe for concurrent
// use.
type Sealer struct {
	keys []sealKey // the first one seals
}

type sealKey struct {
	id   [keyIDBytes]byte
	aead cipher.AEAD
}

// NewSealer returns a sealer with the given 32-octet keys; the first one seals.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("no sealing key")
	}
	s := &Sealer{}
	for i, k := range keys {
		aead, err := chacha20poly1305.NewX(k)
		if err != nil {
			return nil, fmt.Errorf("reading sealing key %d: %w", i+1, err)
		}
		key := sealKey{aead: aead}
		h := HashOf(append([]byte("sallyport sealing key id\x00"), k...))
		copy(key.id[:], h[:])
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// Place names the row and column that a sealed value stands in. It is bound to
// the value as associated data: a value moved to another place does not open.
type Place struct{ Table, Column, Row string }

func (p Place) data() []byte {
	return []byte(p.Table + "\x00" + p.Column + "\x00" + p.Row)
}

// Seal returns plain encrypted for this place.
func (s *Sealer) Seal(at Place, plain []byte) []byte {
	k := s.keys[0]
	out := make([]byte, 0, 1+keyIDBytes+chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	out = append(out, sealVersion)
	out = append(out, k.id[:]...)
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	_, _ = rand.Read(nonce)
	out = append(out, nonce...)
	return k.aead.Seal(out, nonce, plain, at.data())
}

// Open returns what was sealed for this place, or [ErrUnsealing].
func (s *Sealer) Open(at Place, sealed []byte) ([]byte, error) {
	const head = 1 + keyIDBytes + chacha20poly1305.NonceSizeX
	if len(sealed) < head || sealed[0] != sealVersion {
		return nil, ErrUnsealing
	}
	for _, k := range s.keys {
		if !bytes.Equal(k.id[:], sealed[1:1+keyIDBytes]) {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[1+keyIDBytes:head], sealed[head:], at.data())
		if err != nil {
			return nil, ErrUnsealing
		}
		return plain, nil
	}
	return nil, ErrUnsealing
}

// Holds reports whether the key is at hand under which a value was sealed, of
// which its beginning is enough: five octets.
func (s *Sealer) Holds(head []byte) bool {
	return len(head) > keyIDBytes && head[0] == sealVersion &&
		slices.ContainsFunc(s.keys, func(k sealKey) bool { return bytes.Equal(k.id[:], head[1:1+keyIDBytes]) })
}

// OpenKeyFile reads a sealer's keys: one base64 line of 32 octets each, the
// first one seals; empty lines and lines that start with # are passed over.
// A file that others may read is refused.
func OpenKeyFile(path string) (*Sealer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("reading key file: %s has mode %04o, want 0600", path, info.Mode().Perm())
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("reading key file: %s is larger than %d octets", path, maxKeyFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	var keys [][]byte
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("reading key file: line %d of %s is not a base64 key of %d octets", n+1, path, chacha20poly1305.KeySize)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("reading key file: %s holds no key", path)
	}
	return NewSealer(keys...)
}

// CreateKeyFile writes a new random key to path with mode 0600. It never
// replaces a file: a lost sealing key loses what was sealed under it.
func CreateKeyFile(path string) error {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key)
	text := "# Sealing key of this Sallyport. Keep a copy apart from the database.\n" +
		base64.StdEncoding.EncodeToString(key) + "\n"
	// Written beside and linked into place, so that two starts at one time
	// agree on one key and nobody reads half a file.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("creating key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	// On the disk before the database holds anything sealed under it: that waits
	// for the disk as well, and would outlive a power cut alone.
	_, err = tmp.WriteString(text)
	if err == nil {
		err = tmp.Sync()
	}
	if err != nil {
		_ = tmp.Close()
		return fmt.Errorf("creating key file: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("creating key file: %w", err)
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("creating key file: %w", err)
	}
	return nil
}
