package xmldsig

import (
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// What was read as standing in a verified element, outside of its signature, is
// verified by it; nothing else is.
func TestDecryptedStandsInWhatWasVerified(t *testing.T) {
	t.Parallel()
	key, err := NewKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(parse(t, `<R ID="r"><A/><E ID="e"><D/></E></R>`), Signing{Key: rsaKey(), Certificate: certificate(t, rsaKey())})
	if err != nil {
		t.Fatal(err)
	}
	root := parse(t, string(signed))
	v, err := Verify(root, []Key{key}, Legacy{})
	if err != nil {
		t.Fatal(err)
	}
	at := child(root, "E")
	part, ok := v.Descendant(child(root, "A"))
	if !ok {
		t.Fatal("A is not verified")
	}
	fragment := func(at xmltree.Element) *xmltree.Document {
		t.Helper()
		doc, err := xmltree.ParseFragment([]byte(`<I ID="i"/>`), at, xmltree.Message)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	twin := parse(t, string(signed))
	inner := fragment(at)
	for name, tc := range map[string]struct {
		within Verified
		doc    *xmltree.Document
		want   bool
	}{
		"inside":                           {v, inner, true},
		"a document of its own":            {v, parse(t, `<I ID="i"/>`).Document(), false},
		"no document":                      {v, nil, false},
		"in the signature":                 {v, fragment(child(child(root, "Signature"), "KeyInfo")), false},
		"in the signature itself":          {v, fragment(child(root, "Signature")), false},
		"in a document of the same octets": {v, fragment(child(twin, "E")), false},
		"in another part":                  {part, inner, false},
		"in what nobody verified":          {Verified{}, inner, false},
	} {
		got, ok := tc.within.Decrypted(tc.doc)
		if ok != tc.want || ok && got.Element() != tc.doc.Root() || !ok && !got.Element().IsZero() {
			t.Errorf("%s: Decrypted() = %v, %v, want %v", name, got, ok, tc.want)
		}
	}
	// What stood encrypted in what stood encrypted.
	got, ok := v.Decrypted(inner)
	if !ok {
		t.Fatal("not verified")
	}
	if _, ok := got.Decrypted(fragment(inner.Root())); !ok {
		t.Error("not verified within what was decrypted")
	}
	if _, ok := v.Decrypted(fragment(inner.Root())); ok {
		t.Error("verified by an element of another document")
	}
}

// The empty URI means a document; what was decrypted is a part of one.
func TestEmptyURIMeansNoFragment(t *testing.T) {
	t.Parallel()
	key, err := NewKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		how  Signing
		code string
	}{
		"by its ID":        {Signing{}, ""},
		"by the empty URI": {Signing{Document: true}, CodeReference},
	} {
		tc.how.Key = rsaKey()
		signed, err := Sign(parse(t, `<I ID="i"/>`), tc.how)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := xmltree.ParseFragment(signed, parse(t, `<R/>`), xmltree.Message)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(doc.Root(), []Key{key}, Legacy{}); codeOf(t, err) != tc.code {
			t.Errorf("%s: Verify() = %v, want %q", name, err, tc.code)
		}
	}
}
