// Package password makes and checks password hashes.
//
// Hashes are argon2id in the PHC string format. A check costs some 30 ms of
// one core and 19 MiB by design, so a [Hasher] lets only so many run at a
// time: a flood of guesses waits in a queue and does not take the machine.
// Whether a guess may be made at all is the caller's to decide.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport/internal/fault"
)

// Cost of a new hash [OWASP Password Storage: argon2id, 19 MiB, 2 passes].
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// Bounds of the cost that a stored hash may ask for: an imported hash must not
// stop the server.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
	minKeyBytes  = 16
	maxKeyBytes  = 64
	maxSaltBytes = 64
	minSaltBytes = 8
)

// MaxWaiting bounds how many checks wait for a slot. Whoever comes then is
// turned away at once: a queue that grows longer helps nobody.
const MaxWaiting = 64

// MaxLength is the length of the longest password, in octets.
const MaxLength = 1024

// Hasher makes and checks hashes, a bounded number at a time.
type Hasher struct {
	slots   *semaphore.Weighted
	waiting atomic.Int64
	dummy   string
}

// NewHasher returns a hasher that uses at most one core in two.
func NewHasher() *Hasher {
	slots := max(1, runtime.GOMAXPROCS(0)/2)
	h := &Hasher{slots: semaphore.NewWeighted(int64(slots))}
	h.dummy = encode(derive([]byte("no such user"), make([]byte, saltBytes), params{memoryKiB, passes, lanes, keyBytes}), make([]byte, saltBytes))
	return h
}

// Hash returns a new hash of password. It waits for a free slot.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := checkLength(password); err != nil {
		return "", err
	}
	if err := h.wait(ctx); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return encode(derive(prepare(password), salt, params{memoryKiB, passes, lanes, keyBytes}), salt), nil
}

// Verify reports whether password is the one that was hashed. An empty hash
// stands for a user who does not exist or has no password: the same work is
// done and the answer is false, so that timing tells nothing. A stored hash
// that cannot be read is an error.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if err := checkLength(password); err != nil {
		return false, err
	}
	nobody := hash == ""
	if nobody {
		hash = h.dummy
	}
	p, salt, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	if err := h.wait(ctx); err != nil {
		return false, err
	}
	defer h.slots.Release(1)
	got := derive(prepare(password), salt, p)
	return subtle.ConstantTimeCompare(got, want) == 1 && !nobody, nil
}

// wait takes a slot, which is to be released.
func (h *Hasher) wait(ctx context.Context) error {
	if h.waiting.Add(1) > MaxWaiting {
		h.waiting.Add(-1)
		return &fault.Error{Kind: fault.Exhausted, Code: "password_throttled", Want: "fewer checks at a time", Fix: fault.PersonSide}
	}
	defer h.waiting.Add(-1)
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for a slot to hash a password: %w", err)
	}
	return nil
}

// Check reports whether hash is one that [Hasher.Verify] can read.
func Check(hash string) error {
	_, _, _, err := parse(hash)
	return err
}

func checkLength(password string) error {
	if password == "" || len(password) > MaxLength {
		return &fault.Error{Kind: fault.Invalid, Code: "password_length", Want: "1 to 1024 octets", Fix: fault.PersonSide}
	}
	return nil
}

// prepare makes one password of the ways to write it [NIST SP 800-63B 3.1.1.2].
func prepare(password string) []byte { return []byte(norm.NFKC.String(password)) }

type params struct {
	memory, time uint32
	lanes        uint8
	key          uint32
}

func derive(password, salt []byte, p params) []byte {
	return argon2.IDKey(password, salt, p.time, p.memory, p.lanes, p.key)
}

func encode(key, salt []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func parse(hash string) (p params, salt, key []byte, err error) {
	bad := func(what string) (params, []byte, []byte, error) {
		return params{}, nil, nil, &fault.Error{Kind: fault.Invalid, Code: "password_hash", Want: "an argon2id hash in PHC format", Got: what, Fix: fault.OperatorSide}
	}
	part := strings.Split(hash, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" {
		return bad("another format")
	}
	if part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return bad("another version")
	}
	var m, t, l uint32
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &m, &t, &l); err != nil || n != 3 || part[3] != fmt.Sprintf("m=%d,t=%d,p=%d", m, t, l) {
		return bad("unreadable parameters")
	}
	if l < 1 || l > maxLanes || t < 1 || t > maxPasses || m < 8*l || m > maxMemoryKiB {
		return bad("parameters out of bounds")
	}
	if salt, err = base64.RawStdEncoding.Strict().DecodeString(part[4]); err != nil || len(salt) < minSaltBytes || len(salt) > maxSaltBytes {
		return bad("unreadable salt")
	}
	if key, err = base64.RawStdEncoding.Strict().DecodeString(part[5]); err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
		return bad("unreadable key")
	}
	return params{m, t, uint8(l), uint32(len(key))}, salt, key, nil
}
