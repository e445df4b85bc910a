package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	s, err := secret.NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	at := secret.Place{Table: "signing_keys", Column: "private", Row: "k1"}
	sealed := s.Seal(at, []byte("hello"))
	if bytes.Contains(sealed, []byte("hello")) {
		t.Fatal("Seal() leaves the plain text readable")
	}
	got, err := s.Open(at, sealed)
	if err != nil || string(got) != "hello" {
		t.Fatalf("Open() = %q, %v, want hello", got, err)
	}
	for name, other := range map[string]secret.Place{
		"another row":    {Table: "signing_keys", Column: "private", Row: "k2"},
		"another column": {Table: "signing_keys", Column: "public", Row: "k1"},
		"another table":  {Table: "users", Column: "private", Row: "k1"},
	} {
		if _, err := s.Open(other, sealed); !errors.Is(err, secret.ErrUnsealing) {
			t.Errorf("%s: Open() = %v, want ErrUnsealing", name, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Open(at, bad); !errors.Is(err, secret.ErrUnsealing) {
			t.Fatalf("octet %d altered: Open() = %v, want ErrUnsealing", i, err)
		}
	}
	for i := range sealed {
		if _, err := s.Open(at, sealed[:i]); !errors.Is(err, secret.ErrUnsealing) {
			t.Fatalf("cut to %d octets: Open() = %v, want ErrUnsealing", i, err)
		}
	}
}

func TestOlderKeyStillOpens(t *testing.T) {
	t.Parallel()
	old, newer := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	at := secret.Place{Table: "t", Column: "c", Row: "r"}
	before, err := secret.NewSealer(old)
	if err != nil {
		t.Fatal(err)
	}
	sealed := before.Seal(at, []byte("v"))
	after, err := secret.NewSealer(newer, old)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open(at, sealed); err != nil || string(got) != "v" {
		t.Fatalf("Open() after roll-over = %q, %v", got, err)
	}
	if _, err := before.Open(at, after.Seal(at, []byte("v"))); !errors.Is(err, secret.ErrUnsealing) {
		t.Fatalf("Open() with only the old key = %v, want ErrUnsealing", err)
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := secret.OpenKeyFile(path); err == nil {
		t.Fatal("OpenKeyFile() of a missing file gives no error")
	}
	if err := secret.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := secret.CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Fatal("CreateKeyFile() replaced an existing key")
	}
	if _, err := secret.OpenKeyFile(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenKeyFile(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Fatalf("OpenKeyFile() of a readable file = %v, want a refusal naming mode 0600", err)
	}
}

func TestKeyFileRefusesWhatIsNoKey(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":        "",
		"only comment": "# nothing\n",
		"short key":    "AAAA\n",
		"not base64":   "!!!!\n",
		"second bad":   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nnope\n",
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := secret.OpenKeyFile(path); err == nil {
			t.Errorf("%s: OpenKeyFile() gives no error", name)
		}
	}
}

func TestParallelStartsAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	at := secret.Place{Table: "t", Column: "c", Row: "r"}
	sealers := make([]*secret.Sealer, 8)
	var wg sync.WaitGroup
	for i := range sealers {
		wg.Go(func() {
			if err := secret.CreateKeyFile(path); err != nil {
				t.Error(err)
				return
			}
			s, err := secret.OpenKeyFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			sealers[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := sealers[0].Seal(at, []byte("v"))
	for i, s := range sealers {
		if _, err := s.Open(at, sealed); err != nil {
			t.Errorf("start %d has another key: %v", i, err)
		}
	}
}

func TestTokenHidesItself(t *testing.T) {
	t.Parallel()
	tok := secret.NewToken()
	if s := fmt.Sprintf("%v %s", tok, tok); strings.Contains(s, tok.Reveal()) {
		t.Fatalf("formatting a token shows it: %s", s)
	}
	if !secret.ParseToken(tok.Reveal()).Hash().Equal(tok.Hash()) {
		t.Fatal("a token read back has another hash")
	}
	if secret.NewToken().Hash().Equal(tok.Hash()) {
		t.Fatal("two tokens are equal")
	}
}

// Tokens are pasted on command lines and at the end of addresses.
func TestNoTokenLooksLikeAnOption(t *testing.T) {
	t.Parallel()
	first := map[byte]bool{}
	for range 64 * 64 { // without a second draw one in 64 would begin so
		text := secret.NewToken().Reveal()
		if b, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(b) != 32 {
			t.Fatalf("%q is no token: %v", text, err)
		}
		if text[0] == '-' || strings.HasSuffix(text, "-") {
			t.Fatalf("a token is %q", text)
		}
		first[text[0]] = true
	}
	if len(first) != 63 {
		t.Errorf("tokens begin with %d characters, want all but one of 64", len(first))
	}
}

func TestIDsSortByTimeAndReferencesAreReadable(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := secret.NewID("org", now), secret.NewID("org", now.Add(time.Second))
	if a >= b || !regexp.MustCompile(`^org_[0-9a-hjkmnp-tv-z]{26}$`).MatchString(a) {
		t.Fatalf("NewID() = %s, %s, want ascending identifiers", a, b)
	}
	if ref := secret.NewReference(); !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(ref) {
		t.Fatalf("NewReference() = %q", ref)
	}
}
