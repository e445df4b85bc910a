package xmldsig

import (
	"crypto"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

func TestSignKeepsTheDocument(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ src, want string }{
		"first":             {`<r ID="a">x<i/>y</r>`, `<r ID="a">|x<i/>y</r>`},
		"in an empty tag":   {"\xEF\xBB\xBF<p:r ID='a' xmlns:p='urn:p' />\n", "\xEF\xBB\xBF<p:r ID='a' xmlns:p='urn:p' >|</p:r>\n"},
		"in an empty one":   {`<r ID="a"></r>`, `<r ID="a">|</r>`},
		"in an inner one":   {`<o><r ID="a"><i/></r></o>`, `<o><r ID="a">|<i/></r></o>`},
		"beside a comment":  {`<!-- c --><r ID="a"><!-- c --><i/></r>`, `<!-- c --><r ID="a">|<!-- c --><i/></r>`},
		"with declarations": {`<?xml version="1.0"?><r ID="a"/>`, `<?xml version="1.0"?><r ID="a">|</r>`},
	} {
		doc, err := xmltree.Parse([]byte(tc.src), xmltree.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		e := doc.Root()
		if e.Local() == "o" {
			e = e.FirstChild()
		}
		out, err := Sign(e, Signing{Key: ecdsaKey()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sig := between(t, string(out), "<ds:Signature ", "</ds:Signature>")
		if got := strings.Replace(string(out), sig, "|", 1); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		again, err := xmltree.Parse(out, xmltree.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(elementAt(again, e.Offset()), verifying(t, ecdsaKey()), Legacy{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignPutsTheSignatureBehindAChild(t *testing.T) {
	t.Parallel()
	e := assertion(parse(t, unsigned))
	out, err := Sign(e, Signing{Key: ecdsaKey(), After: child(e, "Issuer")})
	if err != nil {
		t.Fatal(err)
	}
	if sig := child(assertion(parse(t, string(out))), "Issuer").NextSibling(); !sig.Is(Namespace, "Signature") {
		t.Errorf("behind Issuer stands %s", sig.QName())
	}
}

// brokenSigner is a key that signs nothing, or nonsense.
type brokenSigner struct {
	public crypto.PublicKey
	sig    []byte
	err    error
}

func (b brokenSigner) Public() crypto.PublicKey { return b.public }

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.sig, b.err }

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	e := assertion(parse(t, unsigned))
	enveloped := C14N{Algorithm: EnvelopedSignatureURI}
	for name, tc := range map[string]struct {
		e   xmltree.Element
		how Signing
	}{
		"no key":                        {e, Signing{}},
		"an element without an ID":      {child(e, "Issuer"), Signing{Key: ecdsaKey()}},
		"a place elsewhere":             {e, Signing{Key: ecdsaKey(), After: child(e.Parent(), "Issuer")}},
		"an unknown digest":             {e, Signing{Key: ecdsaKey(), Digest: "urn:x"}},
		"an unknown algorithm":          {e, Signing{Key: ecdsaKey(), Method: "urn:x"}},
		"an algorithm for another key":  {e, Signing{Key: ecdsaKey(), Method: RSASHA256}},
		"an unknown canonicalisation":   {e, Signing{Key: ecdsaKey(), InfoC14N: C14N{Algorithm: "urn:x"}}},
		"prefixes for inclusive C14N":   {e, Signing{Key: ecdsaKey(), InfoC14N: C14N{Algorithm: C14N10, Prefixes: []string{"a"}}}},
		"a control character in a URI":  {e, Signing{Key: ecdsaKey(), URI: "\x00"}},
		"a key that fails":              {e, Signing{Key: brokenSigner{ecdsaKey().Public(), nil, errors.New("no")}}},
		"a key that signs nonsense":     {e, Signing{Key: brokenSigner{ecdsaKey().Public(), []byte("x"), nil}}},
		"a second signature in the way": {assertion(parse(t, signed(t))), Signing{Key: ecdsaKey(), Transforms: []C14N{enveloped}}},
	} {
		if out, err := Sign(tc.e, tc.how); err == nil {
			t.Errorf("%s: signed %s", name, out)
		}
	}
	genuine := signed(t)
	info := between(t, genuine, "<ds:SignedInfo>", "</ds:SignedInfo>")
	for name, src := range map[string]string{
		"no signature":           unsigned,
		"no SignedInfo":          replaced(t, genuine, info, ""),
		"an empty SignedInfo":    replaced(t, genuine, info, "<ds:SignedInfo/>"),
		"no SignatureMethod":     replaced(t, genuine, between(t, info, "<ds:SignatureMethod ", "/>"), ""),
		"unknown canonicalising": replaced(t, genuine, `<ds:CanonicalizationMethod Algorithm="`, `<ds:CanonicalizationMethod Algorithm="x`),
	} {
		if _, err := Seal(assertion(parse(t, src)), ecdsaKey()); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}
