package password_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
)

func TestVerifyTellsPasswordsApart(t *testing.T) {
	t.Parallel()
	h := quick()
	hash, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := password.Check(hash); err != nil {
		t.Fatalf("Check() of our own hash = %v", err)
	}
	for guess, want := range map[string]bool{
		"correct horse":  true,
		"correct horse ": false,
		"Correct horse":  false,
		"c":              false,
	} {
		if got, err := h.Verify(t.Context(), hash, guess); err != nil || got != want {
			t.Errorf("Verify(%q) = %v, %v, want %v", guess, got, err, want)
		}
	}
	again, err := h.Hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Fatalf("two hashes of one password are equal (%v)", err)
	}
}

func TestVerifyReadsAHashMadeElsewhere(t *testing.T) {
	t.Parallel()
	// Made with the reference implementation:
	// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := quick()
	if ok, err := h.Verify(t.Context(), hash, "password"); err != nil || !ok {
		t.Fatalf("Verify() = %v, %v, want true", ok, err)
	}
	if ok, err := h.Verify(t.Context(), hash, "Password"); err != nil || ok {
		t.Fatalf("Verify() of another password = %v, %v, want false", ok, err)
	}
}

func TestEquivalentSpellingsAreOnePassword(t *testing.T) {
	t.Parallel()
	h := quick()
	hash, err := h.Hash(t.Context(), "caf\u00e9")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := h.Verify(t.Context(), hash, "cafe\u0301"); err != nil || !ok {
		t.Fatalf("Verify() of the decomposed spelling = %v, %v, want true", ok, err)
	}
}

func TestNobodyHasAPassword(t *testing.T) {
	t.Parallel()
	h := quick()
	for _, guess := range []string{"no such user", "x"} {
		if ok, err := h.Verify(t.Context(), "", guess); err != nil || ok {
			t.Fatalf("Verify() against no hash = %v, %v, want false", ok, err)
		}
	}
}

func TestLengthIsBounded(t *testing.T) {
	t.Parallel()
	h := quick()
	for _, p := range []string{"", strings.Repeat("a", password.MaxLength+1)} {
		if _, err := h.Hash(t.Context(), p); !fault.Is(err, "password_length") {
			t.Errorf("Hash() of %d octets = %v, want password_length", len(p), err)
		}
		if _, err := h.Verify(t.Context(), "", p); !fault.Is(err, "password_length") {
			t.Errorf("Verify() of %d octets = %v, want password_length", len(p), err)
		}
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("a", password.MaxLength)); err != nil {
		t.Errorf("Hash() of the longest password = %v", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	const good = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if err := password.Check(good); err != nil {
		t.Fatalf("Check() of the twin = %v", err)
	}
	for name, change := range map[string][2]string{
		"another function": {"argon2id", "argon2d"},
		"another version":  {"v=19", "v=16"},
		"too much memory":  {"m=65536", "m=4194304"},
		"no memory":        {"m=65536", "m=1"},
		"too many passes":  {"t=2", "t=9999"},
		"no pass":          {"t=2", "t=0"},
		"no lane":          {"p=1", "p=0"},
		"junk after":       {"p=1", "p=1x"},
		"short salt":       {"c29tZXNhbHQ", "c29t"},
		"bad salt":         {"c29tZXNhbHQ", "c29tZXNhbH!"},
		"short key":        {"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "CTFh"},
	} {
		hash := strings.Replace(good, change[0], change[1], 1)
		if err := password.Check(hash); !fault.Is(err, "password_hash") {
			t.Errorf("%s: Check() = %v, want password_hash", name, err)
		}
	}
}

// A hash from anywhere is read or refused, and never panics.
func FuzzCheck(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, hash string) {
		if err := password.Check(hash); err != nil && !fault.Is(err, "password_hash") {
			t.Fatalf("Check(%q) = %v, want password_hash", hash, err)
		}
	})
}
