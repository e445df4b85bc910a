package password_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
)

// imports are hashes of "pässword" (or what stands beside them), made by other
// programs: Python's hashlib, crypt(3) and the reference implementation of
// argon2.
func imports() map[string][2]string {
	const p = "pässword"
	return map[string][2]string{
		"argon2i":       {"password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"},
		"bcrypt":        {p, "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"},
		"bcrypt 2y":     {p, "$2y$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"},
		"PBKDF2 SHA1":   {p, "$pbkdf2-sha1$i=1000$c2FsdHNhbHQ$q0NcntwhClL3qjELQ6JdXXwfb6w"},
		"PBKDF2 SHA256": {p, "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os"},
		"PBKDF2 SHA512": {p, "$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$NUaxNiFiJBY94IDtL6cIb6Ny+yrX1nlX+ZMh+2LNA1J52ss/8QlZNBcKTA9DS6IbFo4DvoX4v8L+vqbXA8KZ/g"},
		"passlib":       {p, "$pbkdf2-sha256$1000$c2FsdHNhbHQ$6h4IQHL9HWR81h.An2xpgQd08jjehAg7eLRyOAYi/os"},
		"Django":        {p, "pbkdf2_sha256$1000$saltsalt$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os="},
	}
}

// quick is a hasher whose wrong answers do not wait.
func quick() *password.Hasher {
	h := password.NewHasher()
	h.Floor = 0
	return h
}

func TestHashesOfOtherSystemsAreReadAndUpgraded(t *testing.T) {
	t.Parallel()
	h := quick()
	for name, imported := range imports() {
		secret, hash := imported[0], imported[1]
		if err := password.Check(hash); err != nil {
			t.Errorf("%s: Check() = %v", name, err)
		}
		if ok, err := h.Verify(t.Context(), hash, secret); err != nil || !ok {
			t.Errorf("%s: Verify() = %v, %v, want true", name, ok, err)
		}
		if ok, err := h.Verify(t.Context(), hash, secret+"x"); err != nil || ok {
			t.Errorf("%s: Verify() of another password = %v, %v, want false", name, ok, err)
		}
		if !password.NewHasher().NeedsRehash(hash) {
			t.Errorf("%s: NeedsRehash() = false", name)
		}
	}
	own, err := h.Hash(t.Context(), "pässword")
	if err != nil || password.NewHasher().NeedsRehash(own) {
		t.Errorf("NeedsRehash() of our own hash = true (%v)", err)
	}
	const cheap = "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	const dearer = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !password.NewHasher().NeedsRehash(cheap) || password.NewHasher().NeedsRehash(dearer) {
		t.Error("NeedsRehash() must be true of a cheaper hash, and false of a dearer one")
	}
}

// What tests use is good with them alone.
func TestAQuickHashIsGoodWithItsHasherAlone(t *testing.T) {
	t.Parallel()
	quick, dear := password.NewQuickHasher(), password.NewHasher()
	made, err := quick.Hash(t.Context(), "correct horse")
	if err != nil || quick.NeedsRehash(made) || !dear.NeedsRehash(made) {
		t.Errorf("%q, %v: it is no good with its hasher, or good with the one that serves", made, err)
	}
	for _, h := range []*password.Hasher{quick, dear} {
		if ok, err := h.Verify(t.Context(), made, "correct horse"); err != nil || !ok {
			t.Errorf("Verify() = %v, %v", ok, err)
		}
		if ok, err := h.Verify(t.Context(), made, "incorrect horse"); err != nil || ok {
			t.Errorf("Verify() of another = %v, %v", ok, err)
		}
	}
}

// Other systems hash what was typed as it is. "e" and a combining accent are
// typed, and were hashed, in two characters.
func TestAnImportedHashOfADecomposedSpelling(t *testing.T) {
	t.Parallel()
	const hash = "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$lor2LckEi67DEyVllO8p5sQwUy5EkiCCUaFD0QFrPRY"
	if ok, err := quick().Verify(t.Context(), hash, "cafe\u0301"); err != nil || !ok {
		t.Errorf("Verify() = %v, %v, want true", ok, err)
	}
}

func TestImportsOutOfBoundsAreRefused(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]string{
		"bcrypt that takes hours":    "$2b$31$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG",
		"bcrypt cut short":           "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wH",
		"bcrypt with more behind":    "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHGG",
		"bcrypt 2x":                  "$2x$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG",
		"PBKDF2 that takes hours":    "$pbkdf2-sha256$i=4000000000$c2FsdHNhbHQ$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os",
		"PBKDF2 that costs nothing":  "$pbkdf2-sha256$i=1$c2FsdHNhbHQ$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os",
		"PBKDF2 by MD5":              "$pbkdf2-md5$i=1000$c2FsdHNhbHQ$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os",
		"PBKDF2 with a signed count": "$pbkdf2-sha256$i=+1000$c2FsdHNhbHQ$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os",
		"PBKDF2 without a key":       "$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$",
		"Django without a salt":      "pbkdf2_sha256$1000$$6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os=",
		"Django without a key":       "pbkdf2_sha256$1000$saltsalt$",
		"plain text":                 "password",
		"MD5":                        "$1$abcdefgh$G//4keteveJp0qb8z2DxG/",
	} {
		if err := password.Check(hash); !fault.Is(err, "password_hash") {
			t.Errorf("%s: Check() = %v, want password_hash", name, err)
		}
	}
}

// A hash may cost the vendor, who brings in its own, more than it may cost for
// one of many customers, whose administrator can bring in any.
func TestACustomerBringsInNoDearHash(t *testing.T) {
	t.Parallel()
	const key, long = "6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os", "6h4IQHL9HWR81h+An2xpgQd08jjehAg7eLRyOAYi/os6h4IQHL9HWR81h+An2xpgQd08jjehAg"
	for name, pair := range map[string][2]string{
		"argon2id by its memory": {"$argon2id$v=19$m=262144,t=2,p=1$c29tZXNhbHQ$" + key, "$argon2id$v=19$m=131072,t=2,p=1$c29tZXNhbHQ$" + key},
		"argon2i by its passes":  {"$argon2i$v=19$m=65536,t=5,p=1$c29tZXNhbHQ$" + key, "$argon2i$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$" + key},
		"bcrypt":                 {"$2b$14$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG", "$2b$13$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"},
		"PBKDF2 by its rounds":   {"$pbkdf2-sha256$i=2000001$c2FsdHNhbHQ$" + key, "$pbkdf2-sha256$i=2000000$c2FsdHNhbHQ$" + key},
		"PBKDF2 by its key":      {"$pbkdf2-sha1$i=1000000$c2FsdHNhbHQ$" + long, "$pbkdf2-sha512$i=1000000$c2FsdHNhbHQ$" + long},
	} {
		dear, fair := pair[0], pair[1]
		if err := password.CheckFair(dear); !fault.Is(err, "password_hash_dear") {
			t.Errorf("%s: CheckFair() = %v, want password_hash_dear", name, err)
		}
		if err := password.Check(dear); err != nil {
			t.Errorf("%s: Check() = %v: the vendor may", name, err)
		}
		if err := password.CheckFair(fair); err != nil {
			t.Errorf("%s: CheckFair() of a fair one = %v", name, err)
		}
	}
	if err := password.CheckFair("password"); !fault.Is(err, "password_hash") {
		t.Errorf("CheckFair() of no hash = %v, want password_hash", err)
	}
}

func TestVerifyAnyFindsTheOneWhoseItIs(t *testing.T) {
	t.Parallel()
	h := quick()
	all := []string{""}
	for _, imported := range imports() {
		all = append(all, imported[1])
	}
	for name, imported := range imports() {
		i, err := h.VerifyAny(t.Context(), all, imported[0])
		if ok, _ := h.Verify(t.Context(), all[max(i, 0)], imported[0]); err != nil || !ok {
			t.Errorf("%s: VerifyAny() = %d, %v", name, i, err)
		}
	}
	for _, none := range [][]string{nil, {""}, {"", ""}, all} {
		if i, err := h.VerifyAny(t.Context(), none, "none of them"); err != nil || i != -1 {
			t.Errorf("VerifyAny() of a wrong password = %d, %v, want -1", i, err)
		}
	}
}

// In the bubble a check takes no time but the waiting, which can be measured.
func TestAWrongAnswerTakesAsLongWhoeverIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := password.NewHasher()
		own, err := h.Hash(t.Context(), "pässword")
		if err != nil {
			t.Fatal(err)
		}
		hashes := map[string]string{"nobody": "", "ours": own}
		for name, imported := range imports() {
			hashes[name] = imported[1]
		}
		for name, hash := range hashes {
			began := time.Now()
			if ok, err := h.Verify(t.Context(), hash, "a wrong one"); err != nil || ok {
				t.Fatalf("%s: Verify() = %v, %v, want false", name, ok, err)
			}
			if took := time.Since(began); took != h.Floor {
				t.Errorf("%s: a wrong answer takes %v, want %v", name, took, h.Floor)
			}
		}
		began := time.Now()
		if ok, err := h.Verify(t.Context(), own, "pässword"); err != nil || !ok || time.Since(began) != 0 {
			t.Errorf("the right answer: %v, %v after %v, want true at once", ok, err, time.Since(began))
		}
	})
}
