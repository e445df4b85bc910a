package xmlenc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log"

	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// What comes out was encrypted by anybody: it has to be verified before it is believed.
func ExampleDecryptElement() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	data, err := xmlenc.Encrypt([]byte(`<p:secret>42</p:secret>`), xmlenc.Encryption{To: []*rsa.PublicKey{&private.PublicKey}})
	if err != nil {
		log.Fatal(err)
	}

	key, err := xmlenc.NewKey(private) // once, when it is loaded
	if err != nil {
		log.Fatal(err)
	}
	around, err := xmltree.Parse(`<p:box xmlns:p="urn:example">`+string(data)+`</p:box>`, xmltree.Message)
	if err != nil {
		log.Fatal(err)
	}
	doc, err := xmlenc.DecryptElement(around.Root().FirstChild(), []xmlenc.Key{key}, xmlenc.Policy{})
	if err != nil {
		log.Fatal(err)
	}
	text, _ := doc.Root().Leaf()
	fmt.Println(doc.Root().Space(), text)
	// Output: urn:example 42
}
