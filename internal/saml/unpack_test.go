package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
)

// FuzzDecodePostUnpacks finds that the quick way through DecodePost and the one
// that looks at every octet decode the same forms to the same octets, and that
// what only one of them takes is refused by the other's rule.
func FuzzDecodePostUnpacks(f *testing.F) {
	for _, form := range []string{
		"", "\n", "PHg+", "PHg-", "PHg+\r\n", "PH\ng+", " PHg+", "PHg+\t", "PHg+PHg+", "PHg+=", "PHg=", "PHg=\n", "PH==", "PA=\n=", "PA==\n", "PA==PA==",
		"PB==", "PA=", "PA", "<x/>", "=", "====", "PHg+\x00", "\vPHg+", "eJyz",
	} {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, form string) {
		if len(form) > MaxForm {
			return
		}
		want, slow := unpack(form)
		got, err := DecodePost(form)
		if err == nil && (slow != nil || got != string(want)) {
			t.Fatalf("DecodePost(%q) = %q, unpack() = %q, %v", form, got, want, slow)
		}
		if slow == nil {
			quick, err := strict.DecodeString(form)
			if err == nil && !bytes.Equal(quick, want) {
				t.Fatalf("%q: quick %q, slow %q", form, quick, want)
			}
			return
		}
		refused, ok := errors.AsType[*Refusal](err)
		wanted, _ := errors.AsType[*Refusal](slow)
		if !ok || refused.Rule != wanted.Rule || refused.Got != wanted.Got {
			t.Fatalf("DecodePost(%q) = %v, want %v", form, err, slow)
		}
	})
}

// At the greatest size both ways have the same limit, whatever the padding.
func TestDecodePostHasOneLimit(t *testing.T) {
	t.Parallel()
	for size := MaxMessage - 3; size <= MaxMessage+3; size++ {
		form := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("<"), size))
		for _, form := range []string{form, " " + form} {
			if _, err := DecodePost(form); (err == nil) != (size <= MaxMessage) {
				t.Errorf("%d octets in a form of %d: %v", size, len(form), err)
			}
		}
	}
}
