package xmldsig

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Whatever is read has a canonical form by every algorithm, which is read again
// and is its own canonical form.
func FuzzCanonicalize(f *testing.F) {
	for _, s := range []string{
		unsigned,
		`<p:r xmlns:p="urn:p" xmlns="urn:d" xmlns:q="urn:p" q:z='1' p:x='"' y="&#13;&#9;&#10;&lt;>"><a xml:lang="de">1 &gt; 0 > &amp;&#xD;` + "\r\n" + `</a> <b xmlns=""/><q:b xmlns:p="urn:q"/></p:r>`,
		`<r xml:base="a/b/../c" xml:space="preserve"><s xmlns="urn:a"><s xmlns=""><s xmlns="urn:a"/></s></s><!-- c --></r>`,
	} {
		f.Add([]byte(s), "p #default")
	}
	f.Fuzz(func(t *testing.T, src []byte, list string) {
		doc, err := xmltree.Parse(src, xmltree.Metadata)
		if err != nil {
			return
		}
		prefixes := strings.Fields(list)
		for _, c := range []C14N{{Algorithm: C14N10}, {Algorithm: C14N11}, {Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: prefixes}} {
			once := canonical(t, doc.Root(), c)
			again, err := xmltree.Parse(once, xmltree.Metadata)
			if e, ok := errors.AsType[*xmltree.Error](err); ok && e.Code == xmltree.CodeLimit {
				continue // escapes and repeated declarations can be longer
			}
			if err != nil {
				t.Fatalf("%s of %q is %q: %v", c.Algorithm, src, once, err)
			}
			if twice := canonical(t, again.Root(), c); !bytes.Equal(once, twice) {
				t.Fatalf("%s of %q is %q, of that %q", c.Algorithm, src, once, twice)
			}
		}
	})
}

func canonical(tb testing.TB, e xmltree.Element, c C14N) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := Canonicalize(&b, e, c); err != nil {
		tb.Fatal(err)
	}
	if b.Len() == 0 {
		tb.Fatal("no canonical form")
	}
	return b.Bytes()
}

// fixedKey is one key in all processes of a fuzzing run.
func fixedKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// However a signed message is changed: Verify does not panic, and what it takes
// for verified says, octet for octet of its canonical form, what was signed.
func FuzzVerify(f *testing.F) {
	key := fixedKey(f)
	enveloped := C14N{Algorithm: EnvelopedSignatureURI}
	genuine := map[string]bool{}
	for _, c := range []C14N{{Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: []string{"xs"}}, {Algorithm: C14N10}, {Algorithm: C14N11}} {
		for _, which := range []func(xmltree.Element) xmltree.Element{itself, assertion} {
			genuine[string(canonical(f, which(parse(f, unsigned)), c))] = true
			f.Add([]byte(sign(f, unsigned, which, Signing{Key: key, InfoC14N: c, Transforms: []C14N{enveloped, c}})))
		}
	}
	keys := verifying(f, key)
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := xmltree.Parse(src, xmltree.Message)
		if err != nil {
			return
		}
		for e := range doc.Root().Descendants() {
			v, err := Verify(e, keys, Legacy{SHA1: true, RSA1024: true})
			if codeOf(t, err) != "" {
				continue
			}
			found := false
			for _, c := range []C14N{{Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: []string{"xs"}}, {Algorithm: C14N10}, {Algorithm: C14N11}} {
				c.Omit = child(e, "Signature")
				found = found || genuine[string(canonical(t, v.Element(), c))]
			}
			if !found {
				t.Fatalf("verified, never signed: %s", src)
			}
		}
	})
}

// No octets make a certificate or a key panic, and what is taken can be described.
func FuzzKeyFromCertificate(f *testing.F) {
	f.Add(certificate(f, fixedKey(f)))
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, read := range []func([]byte) (Key, error){KeyFromCertificate, KeyFromSPKI} {
			k, err := read(der)
			if codeOf(t, err) == "" && (k.Bits() == 0 || k.Kind() == "" || k.Public() == nil) {
				t.Fatalf("a key of %d bits and kind %q", k.Bits(), k.Kind())
			}
		}
	})
}
