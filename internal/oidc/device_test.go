package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
)

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	want, ok := oidc.ParseUserCode("BCDF-GHJK")
	if !ok || want.String() != "BCDF-GHJK" {
		t.Fatalf("%v, %v", want, ok)
	}
	for _, typed := range []string{"bcdf-ghjk", "BCDFGHJK", " bcdf ghjk ", "BCDF--GHJK", "b-c-d-f-g-h-j-k"} {
		if got, ok := oidc.ParseUserCode(typed); !ok || got != want || got.Hash() != want.Hash() {
			t.Errorf("%q: %v, %v, want %v", typed, got, ok, want)
		}
	}
	for name, typed := range map[string]string{
		"nothing": "", "short": "BCDF-GHJ", "long": "BCDF-GHJKL", "vowel": "ACDF-GHJK", "digit": "BCDF-GHJ0", "endless": "BCDF-GHJK" + strings.Repeat(" ", 40),
		"another alphabet": "ВСDF-GHJK", "underscore": "BCDF_GHJK", "line end": "BCDF-GHJK\n", "zero": "BCDF-GHJK\x00",
	} {
		if got, ok := oidc.ParseUserCode(typed); ok || got.String() != "" {
			t.Errorf("%s: %q is read as %v", name, typed, got)
		}
	}
}

func TestCodesUseTheWholeAlphabetAlike(t *testing.T) {
	t.Parallel()
	seen, letters := map[string]bool{}, map[rune]int{}
	for range 2000 {
		c := oidc.NewUserCode().String()
		if again, ok := oidc.ParseUserCode(c); !ok || again.String() != c || seen[c] {
			t.Fatalf("%s: read as %v, seen before: %v", c, again, seen[c])
		}
		seen[c] = true
		for _, letter := range strings.ReplaceAll(c, "-", "") {
			letters[letter]++
		}
	}
	if len(letters) != 20 {
		t.Errorf("%d letters, want 20", len(letters))
	}
	for letter, n := range letters { // 800 of each, give or take seven deviations
		if n < 600 || n > 1000 {
			t.Errorf("%c comes %d times of 16,000", letter, n)
		}
	}
}

func TestReadDeviceRefuses(t *testing.T) {
	t.Parallel()
	good := url.Values{"client_id": {"cli"}, "scope": {"openid offline_access"}}
	if r, err := oidc.ReadDevice(nil, "", good.Encode()); err != nil || r.Scope != oidc.OpenID|oidc.OfflineAccess {
		t.Fatalf("twin: %+v, %v", r, err)
	}
	for name, tc := range map[string]struct {
		query string
		form  url.Values
		code  oidc.Code
	}{
		"in the URL":    {"client_id=cli", good, oidc.InvalidRequest},
		"no client":     {"", with(good, "client_id"), oidc.InvalidClient},
		"no openid":     {"", with(good, "scope", "email"), oidc.InvalidScope},
		"two scopes":    {"", with(good, "scope", "openid", "email"), oidc.InvalidRequest},
		"endless scope": {"", with(good, "scope", "openid "+strings.Repeat("x", 1024)), oidc.InvalidScope},
	} {
		if _, err := oidc.ReadDevice(nil, tc.query, tc.form.Encode()); !refusedWith(err, tc.code) {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
}

// What is read as a code is written as one, and read again is the same.
func FuzzParseUserCode(f *testing.F) {
	f.Add("BCDF-GHJK")
	f.Add("b c d f g h j k")
	f.Add("ſſſſſſſſ") // a long s becomes one of ours in capitals
	f.Fuzz(func(t *testing.T, typed string) {
		c, ok := oidc.ParseUserCode(typed)
		if !ok {
			return
		}
		if again, ok := oidc.ParseUserCode(c.String()); !ok || again != c || len(c.String()) != 9 || strings.ToUpper(c.String()) != c.String() {
			t.Fatalf("%q is read as %v, and that as %v, %v", typed, c, again, ok)
		}
	})
}
