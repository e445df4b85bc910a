package secret_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// cycle is after how long the time that a token tells begins anew.
const cycle = 64 * time.Millisecond << 23

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestHashesOfOneTimeStandBesideEachOther(t *testing.T) {
	t.Parallel()
	at := start.Truncate(64 * time.Millisecond)
	a, b := secret.NewTokenAt(at), secret.NewTokenAt(at.Add(63*time.Millisecond))
	x, y := a.Hash(), b.Hash()
	if !bytes.Equal(x[:3], y[:3]) || x.Equal(y) || a == b {
		t.Fatalf("two tokens of one time: %x and %x, want two that begin alike", x, y)
	}
	last := x
	for range 10 {
		at = at.Add(64 * time.Millisecond)
		next := secret.NewTokenAt(at).Hash()
		if bytes.Compare(last[:3], next[:3]) >= 0 {
			t.Fatalf("a later token has the hash %x, behind %x", next, last)
		}
		last = next
	}
	if again := secret.NewTokenAt(at.Add(cycle)).Hash(); !bytes.Equal(last[:3], again[:3]) {
		t.Fatalf("a cycle later the hash is %x, want one that begins like %x", again, last)
	}
}

// At no time does a token look like an option on a command line, or end in what
// is left out at the end of an address; and what follows the time is random.
func TestTokensWithATimeAreTokens(t *testing.T) {
	t.Parallel()
	first, fifth, hashed := map[byte]bool{}, map[byte]bool{}, map[byte]bool{}
	const times = 64 * 64
	for i := range times {
		tok := secret.NewTokenAt(start.Add(cycle / times * time.Duration(i)))
		text := tok.Reveal()
		if b, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(b) != 35 || len(text) != 47 {
			t.Fatalf("%q is no token: %v", text, err)
		}
		if text[0] == '-' || strings.HasSuffix(text, "-") {
			t.Fatalf("a token is %q", text)
		}
		hash := tok.Hash()
		first[text[0]], fifth[text[4]], hashed[hash[3]>>4] = true, true, true
	}
	if len(first) != 32 || len(fifth) != 63 || len(hashed) != 16 {
		t.Errorf("tokens begin with %d characters, the random part with %d, that of hashes with %d half octets; want 32, 63 and 16", len(first), len(fifth), len(hashed))
	}
}

// What was stored under the plain SHA-256 of a token is found by it still.
func TestTokensWithoutATimeHaveTheHashThatTheyHad(t *testing.T) {
	t.Parallel()
	for range 100 {
		tok := secret.NewToken()
		if got, want := tok.Hash(), secret.Hash(sha256.Sum256([]byte(tok.Reveal()))); got != want || tok.Sum() != want {
			t.Fatalf("the hash of %q is %x, want %x", tok.Reveal(), got, want)
		}
	}
}

// Only the very text of a token leads to its hash.
func TestNoOtherTextIsTheToken(t *testing.T) {
	t.Parallel()
	tok := secret.NewTokenAt(start)
	text, hash := tok.Reveal(), tok.Hash()
	if got := secret.ParseToken(text).Hash(); !got.Equal(hash) {
		t.Fatalf("a token read back has the hash %x, want %x", got, hash)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// Two bits of the last character count for nothing, where one decodes loosely.
	stray := text[:46] + string(letters[strings.IndexByte(letters, text[46])+1])
	if loose, err := base64.RawURLEncoding.DecodeString(stray); err != nil || !strings.HasPrefix(text, base64.RawURLEncoding.EncodeToString(loose)) {
		t.Fatalf("%q is no other spelling of %q: %v", stray, text, err)
	}
	now := secret.NewTokenAt(start.Add(time.Hour)).Reveal()
	for name, other := range map[string]string{
		"stray bits":              stray,
		"without its time":        text[4:],
		"with another time":       now[:4] + text[4:],
		"its time alone":          text[:4],
		"of the same time":        text[:4] + secret.NewToken().Reveal(),
		"cut":                     text[:46],
		"longer":                  text + "A",
		"padded":                  text + "=",
		"with a line break":       text + "\n",
		"a line break for a part": text[:46] + "\n",
		"a line break within":     text[:20] + "\r" + text[21:],
		"another alphabet":        strings.NewReplacer("-", "+", "_", "/").Replace(text[:20] + "-" + text[21:]),
		"a space before":          " " + text,
		"nothing":                 "",
		"the hash itself":         string(hash[:]),
		"the octets of the text":  base64.RawURLEncoding.EncodeToString([]byte(text)),
	} {
		if got := secret.ParseToken(other).Hash(); got.Equal(hash) {
			t.Errorf("%s: %q has the hash of %q", name, other, text)
		}
	}
}

// The property: the hash of a text is its SHA-256; or, where the text is the
// one spelling of 35 octets, their first 3 and the first 29 of the SHA-256. So it
// holds all that it holds of one that was made, and two texts never share one.
func FuzzHash(f *testing.F) {
	token := secret.NewTokenAt(start).Reveal()
	for _, text := range []string{
		"", token, token[4:], token[:46], token + "A", token[:46] + "\n", token[:46] + "_", strings.Repeat("-", 47), strings.Repeat("k", 47), strings.Repeat("A", 47),
		strings.Repeat("+", 47), strings.Repeat("A", 46) + "=", strings.Repeat("A", 45) + "\r\n",
	} {
		f.Add(text, token)
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		sum := sha256.Sum256([]byte(text))
		want := sum[:]
		if b, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(b) == 35 && base64.RawURLEncoding.EncodeToString(b) == text {
			want = slices.Concat(b[:3], sum[:29])
		}
		hash := secret.ParseToken(text).Hash()
		if !bytes.Equal(hash[:], want) {
			t.Errorf("the hash of %q is %x, want %x", text, hash, want)
		}
		if hash.Equal(secret.ParseToken(other).Hash()) != (text == other) {
			t.Errorf("%q and %q: the same hash, or two of one text", text, other)
		}
	})
}
