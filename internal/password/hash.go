package password

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport/sallyport/internal/fault"
)

// price is what a hash costs to make.
type price struct{ memoryKiB, passes uint32 }

// dearly is the price of a new hash [OWASP Password Storage: argon2id, 19 MiB,
// 2 passes].
func dearly() price { return price{19 * 1024, 2} }

// quickly is the price of one that protects nobody.
func quickly() price { return price{64, 1} }

// Lengths of a new hash, and how many lanes it takes.
const (
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// Bounds of the cost that a stored hash may ask for: an imported hash must not
// stop the server. The dearest takes a few seconds.
const (
	maxMemoryKiB  = 256 * 1024
	maxPasses     = 16
	maxLanes      = 16
	maxBcryptCost = 14
	maxRounds     = 3_000_000
	minRounds     = 1000
	minKeyBytes   = 16
	maxKeyBytes   = 64
	minSaltBytes  = 8
	maxSaltBytes  = 64
)

// Bounds of the cost that a customer may bring in: each check of the dearest
// takes some half a second. There are few slots to check in for everybody, and
// all wrong answers take as long as the dearest, so whoever administers one
// organization must not make signing in slow for all others.
const (
	fairKiBPasses  = 256 * 1024 // memory times passes
	fairBcryptCost = 13
	fairRounds     = 2_000_000 // times the blocks of the key
)

// Lengths of bcrypt, in octets: of what it looks at of a password, and of a
// hash.
const (
	bcryptLength     = 72
	bcryptHashLength = 60
)

// hashed is a stored hash that has been read.
type hashed struct {
	derive func(password []byte) []byte
	want   []byte
	bcrypt []byte // compared by its own library, in place of derive and want
	cost   string // function and parameters
	weak   bool   // of another kind, or cheaper, than ours
	dear   bool   // beyond what a customer may bring in
}

// matches reports whether password is the one that was hashed. Other systems
// hash what was typed as it is, so that is tried as well; the work depends on
// the password alone.
func (h hashed) matches(password string) bool {
	plain := normal(password)
	ok := h.equal(plain)
	if string(plain) != password {
		raw := h.equal([]byte(password))
		ok = ok || raw
	}
	return ok
}

func (h hashed) equal(password []byte) bool {
	if h.bcrypt != nil {
		return bcrypt.CompareHashAndPassword(h.bcrypt, password[:min(len(password), bcryptLength)]) == nil
	}
	return subtle.ConstantTimeCompare(h.derive(password), h.want) == 1
}

// ours is a hash as we make them.
func (p price) ours(salt []byte) hashed {
	return hashed{derive: func(password []byte) []byte {
		return argon2.IDKey(password, salt, p.passes, p.memoryKiB, lanes, keyBytes)
	}}
}

// cost is [hashed.cost] of a hash at this price.
func (p price) cost() string { return "argon2id" + p.parameters() }

func (p price) parameters() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.memoryKiB, p.passes, lanes)
}

func (p price) encode(key, salt []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$%s$%s$%s", argon2.Version, p.parameters(),
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func unreadable(what string) (hashed, error) {
	return hashed{}, &fault.Error{
		Kind: fault.Invalid, Code: "password_hash", Want: "a hash by argon2id, argon2i, bcrypt or PBKDF2", Got: what, Fix: fault.OperatorSide,
	}
}

// parse reads a hash in one of these forms:
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$key    also argon2i
//	$2b$12$…                                   also 2a and 2y
//	$pbkdf2-sha256$i=600000$salt$key           also sha1 and sha512; also passlib's, without "i="
//	pbkdf2_sha256$600000$salt$key              Django's
func parse(stored string) (hashed, error) {
	part := strings.Split(stored, "$")
	switch {
	case len(part) == 6 && part[0] == "" && (part[1] == "argon2id" || part[1] == "argon2i"):
		return parseArgon2(part)
	case len(part) == 4 && part[0] == "" && (part[1] == "2a" || part[1] == "2b" || part[1] == "2y"):
		return parseBcrypt(stored)
	case len(part) == 5 && part[0] == "" && strings.HasPrefix(part[1], "pbkdf2"):
		return parsePBKDF2(part)
	case len(part) == 4 && strings.HasPrefix(part[0], "pbkdf2_"):
		return parseDjango(part)
	default:
		return unreadable("another format")
	}
}

func parseArgon2(part []string) (hashed, error) {
	if part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return unreadable("another version")
	}
	var m, t, l uint32
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &m, &t, &l); err != nil || n != 3 || part[3] != fmt.Sprintf("m=%d,t=%d,p=%d", m, t, l) {
		return unreadable("unreadable parameters")
	}
	if l < 1 || l > maxLanes || t < 1 || t > maxPasses || m < 8*l || m > maxMemoryKiB {
		return unreadable("parameters out of bounds")
	}
	salt, key, err := saltAndKey(base64.RawStdEncoding, part[4], part[5])
	if err != nil {
		return unreadable(err.Error())
	}
	derive := argon2.IDKey
	if part[1] == "argon2i" {
		derive = argon2.Key
	}
	return hashed{
		derive: func(password []byte) []byte { return derive(password, salt, t, m, uint8(l), uint32(len(key))) },
		want:   key, cost: part[1] + part[3],
		weak: part[1] != "argon2id" || m < dearly().memoryKiB || t < dearly().passes,
		dear: m*t > fairKiBPasses, // both are bounded
	}, nil
}

func parseBcrypt(stored string) (hashed, error) {
	cost, err := bcrypt.Cost([]byte(stored))
	if err != nil || len(stored) != bcryptHashLength {
		return unreadable("an unreadable bcrypt hash")
	}
	if cost > maxBcryptCost {
		return unreadable("parameters out of bounds")
	}
	return hashed{bcrypt: []byte(stored), cost: "bcrypt" + strconv.Itoa(cost), weak: true, dear: cost > fairBcryptCost}, nil
}

// parsePBKDF2 reads the PHC form, and that of Python's passlib, which writes
// "." for "+" and the rounds without a name.
func parsePBKDF2(part []string) (hashed, error) {
	function, ok := functions()[strings.TrimPrefix(strings.TrimPrefix(part[1], "pbkdf2"), "-")]
	if !ok {
		return unreadable("another format")
	}
	salt, key, err := saltAndKey(base64.RawStdEncoding, strings.ReplaceAll(part[3], ".", "+"), strings.ReplaceAll(part[4], ".", "+"))
	if err != nil {
		return unreadable(err.Error())
	}
	return pbkdf2Of(part[1], function, strings.TrimPrefix(part[2], "i="), salt, key)
}

// parseDjango reads Django's form, whose salt is the text itself.
func parseDjango(part []string) (hashed, error) {
	function, ok := functions()[strings.TrimPrefix(part[0], "pbkdf2_")]
	if !ok {
		return unreadable("another format")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(part[3])
	if err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
		return unreadable("unreadable key")
	}
	if len(part[2]) < minSaltBytes || len(part[2]) > maxSaltBytes {
		return unreadable("unreadable salt")
	}
	return pbkdf2Of(part[0], function, part[1], []byte(part[2]), key)
}

func functions() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{"": sha1.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
}

func pbkdf2Of(name string, function func() hash.Hash, rounds string, salt, key []byte) (hashed, error) {
	n, err := strconv.ParseUint(rounds, 10, 32)
	if err != nil || rounds != strconv.FormatUint(n, 10) {
		return unreadable("unreadable parameters")
	}
	if n < minRounds || n > maxRounds {
		return unreadable("parameters out of bounds")
	}
	blocks := uint64((len(key)-1)/function().Size() + 1)
	return hashed{
		derive: func(password []byte) []byte {
			got, err := pbkdf2.Key(function, string(password), salt, int(n), len(key))
			if err != nil {
				return nil // only where FIPS mode is demanded of the whole program
			}
			return got
		},
		want: key, cost: name + "$" + rounds, weak: true, dear: n*blocks > fairRounds,
	}, nil
}

func saltAndKey(enc *base64.Encoding, s, k string) (salt, key []byte, err error) {
	if salt, err = enc.Strict().DecodeString(s); err != nil || len(salt) < minSaltBytes || len(salt) > maxSaltBytes {
		return nil, nil, fmt.Errorf("unreadable salt")
	}
	if key, err = enc.Strict().DecodeString(k); err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
		return nil, nil, fmt.Errorf("unreadable key")
	}
	return salt, key, nil
}
