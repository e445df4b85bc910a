package sso_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"alice@acme.example":           "alice@acme.example",
		"  alice@acme.example\n":       "alice@acme.example",
		"Alice@ACME.Example":           "Alice@acme.example",
		"a.b+tag@acme.example":         "a.b+tag@acme.example",
		"o'brien@acme.example":         "o'brien@acme.example",
		"alice@bücher.example":         "alice@xn--bcher-kva.example",
		"alice@xn--bcher-kva.example":  "alice@xn--bcher-kva.example",
		"jose\u0301@acme.example":      "jos\u00e9@acme.example",
		"用户@acme.example":              "用户@acme.example",
		"alice@victim.example.evil.co": "alice@victim.example.evil.co",
	} {
		e, err := sso.ParseEmail(in)
		if err != nil || e.String() != want {
			t.Errorf("ParseEmail(%q) = %q, %v, want %q", in, e, err, want)
		}
	}
}

func TestParseEmailRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":                   "",
		"no at":                   "alice",
		"two ats":                 "a@b@c.example",
		"no local part":           "@acme.example",
		"no domain":               "alice@",
		"one label":               "alice@localhost",
		"list":                    "a@x.example,b@y.example",
		"list with semicolon":     "a@x.example;b@y.example",
		"display name":            "Alice <alice@acme.example>",
		"comment":                 "a(x)@acme.example",
		"quoted":                  `"a b"@acme.example`,
		"space inside":            "a b@acme.example",
		"tab inside":              "a\tb@acme.example",
		"newline inside":          "a\nb@acme.example",
		"NUL":                     "a\x00@acme.example",
		"zero-width":              "a\u200bb@acme.example",
		"direction override":      "a\u202eb@acme.example",
		"full-width at":           "alice\uff20acme.example",
		"full-width letter":       "\uff41lice@acme.example",
		"zero-width in domain":    "alice@ac\u200bme.example",
		"Cyrillic in Latin label": "alice@\u0430cme.example",
		"IP address":              "alice@127.0.0.1",
		"IP literal":              "alice@[127.0.0.1]",
		"trailing dot":            "alice@acme.example.",
		"leading dot":             "alice@.example",
		"dots":                    "a..b@acme.example",
		"dot first":               ".a@acme.example",
		"underscore in domain":    "alice@ac_me.example",
		"hyphen first":            "alice@-acme.example",
		"invalid UTF-8":           "a\xff@acme.example",
	} {
		if e, err := sso.ParseEmail(in); !fault.Is(err, "ident_email") {
			t.Errorf("%s: ParseEmail(%q) = %q, %v, want ident_email", name, in, e, err)
		}
	}
}

func TestAddressesCompareWithoutCaseAndNothingElse(t *testing.T) {
	t.Parallel()
	same := [][2]string{{"Alice@ACME.example", "alice@acme.EXAMPLE"}, {"a@bücher.example", "A@xn--bcher-kva.example"}}
	other := [][2]string{{"a.b@acme.example", "ab@acme.example"}, {"a+x@acme.example", "a@acme.example"}, {"a@acme.example", "a@acme.example.evil.co"}}
	for _, p := range same {
		if a, b := email(t, p[0]), email(t, p[1]); !a.Same(b) {
			t.Errorf("%s and %s are told apart", a, b)
		}
	}
	for _, p := range other {
		if a, b := email(t, p[0]), email(t, p[1]); a.Same(b) {
			t.Errorf("%s and %s are taken for one", a, b)
		}
	}
}

func TestClaimDomainRefusesWhatBelongsToEverybody(t *testing.T) {
	t.Parallel()
	if name, err := sso.ClaimDomain("ACME.example"); err != nil || name != "acme.example" {
		t.Fatalf("ClaimDomain() = %q, %v", name, err)
	}
	for in, code := range map[string]string{
		"gmail.com":   "domain_public_mail",
		"GMX.de":      "domain_public_mail",
		"co.uk":       "domain_public_suffix",
		"github.io":   "domain_public_suffix",
		"com":         "domain_form",
		"acme..com":   "domain_form",
		"*.acme.com":  "domain_form",
		"10.0.0.1":    "domain_form",
		"https://a.b": "domain_form",
	} {
		if name, err := sso.ClaimDomain(in); !fault.Is(err, code) {
			t.Errorf("ClaimDomain(%q) = %q, %v, want %s", in, name, err, code)
		}
	}
}

// An accepted address is stable: parsed again it is itself, and its key is the
// key of its upper-case spelling's.
func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"alice@acme.example", "A@bücher.example", "a@b@c", "\u0130@x.example", "ß@ß.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := sso.ParseEmail(s)
		if err != nil {
			return
		}
		if sso.StoredEmail(e.String()) != e {
			t.Fatalf("StoredEmail(%q) is another address", e)
		}
		again, err := sso.ParseEmail(e.String())
		if err != nil || again != e || again.Key() != e.Key() {
			t.Fatalf("ParseEmail(%q) = %q, again %q, %v", s, e, again, err)
		}
	})
}
