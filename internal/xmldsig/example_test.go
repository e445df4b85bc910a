package xmldsig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// What is read on is the element that was verified, never the document.
func ExampleVerify() {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	letter, err := xmltree.Parse(`<letter ID="a1"><to>Alice</to></letter>`, xmltree.Message)
	if err != nil {
		log.Fatal(err)
	}
	signed, err := xmldsig.Sign(letter.Root(), xmldsig.Signing{Key: private})
	if err != nil {
		log.Fatal(err)
	}

	key, err := xmldsig.NewKey(private.Public()) // once, when somebody is trusted
	if err != nil {
		log.Fatal(err)
	}
	doc, err := xmltree.Parse(signed, xmltree.Message)
	if err != nil {
		log.Fatal(err)
	}
	if err := xmldsig.CheckIDs(doc); err != nil {
		log.Fatal(err)
	}
	verified, err := xmldsig.Verify(doc.Root(), []xmldsig.Key{key}, xmldsig.Legacy{})
	if err != nil {
		log.Fatal(err)
	}
	for e := range verified.Element().Children() {
		if e.Is("", "to") {
			text, _ := e.Leaf()
			fmt.Println(text)
		}
	}
	// Output: Alice
}
