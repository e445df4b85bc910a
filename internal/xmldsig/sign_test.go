package xmldsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

func TestSignThenVerify(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, err := xmltree.Parse([]byte(`<s:R xmlns:s="urn:s" ID="_1"><s:I>x</s:I><s:T a='1'/></s:R>`), xmltree.Message)
	if err != nil {
		t.Fatal(err)
	}
	kk, err := NewKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	ek, err := NewKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []Signing{{Key: k}, {Key: ec, After: d.Root().FirstChild()}, {Key: k, Method: PSSSHA384, Document: true}} {
		out, err := Sign(d.Root(), how)
		if err != nil {
			t.Fatal(err)
		}
		d2, err := xmltree.Parse(out, xmltree.Message)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Verify(d2.Root(), []Key{ek, kk}, Legacy{})
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if v.Element() != d2.Root() {
			t.Fatal("another element than the signed one is verified")
		}
	}
}
