package sso_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestAReferenceIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"7F3K-22QD":   "7F3K-22QD",
		" 7f3k22qd ":  "7F3K-22QD",
		"7f 3k-22 qd": "7F3K-22QD",
		"OiL0-22QD":   "0110-22QD",
		"7F3K-22Q":    "",
		"7F3K-22QDX":  "",
		"7F3K-22QU":   "",
		"7F3K_22QD":   "",
		"":            "",
		"ÄÖÜß-1234":   "",
	} {
		got, ok := sso.ParseReference(typed)
		if ok != (want != "") || ok && got != want {
			t.Errorf("ParseReference(%q) = %q, %v, want %q", typed, got, ok, want)
		}
	}
	for range 100 {
		ref := secret.NewReference()
		if got, ok := sso.ParseReference(ref); !ok || got != ref {
			t.Fatalf("ParseReference(%q) = %q, %v", ref, got, ok)
		}
	}
}
