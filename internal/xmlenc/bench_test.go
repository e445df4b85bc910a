package xmlenc

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// An assertion of 8 KB, as most messages have it, beside the private operation
// that nobody can do without.
func BenchmarkDecryptElement(b *testing.B) {
	key := fixedKey(b)
	text := strings.Replace(plain, "größe", strings.Repeat("0123456789abcdef", 512), 1)
	for _, c := range contents[:len(contents)-1] {
		message := encrypt(b, text, Encryption{To: to(key.private).To, Content: c.uri})
		e := parse(b, []byte(message)).FirstChild().FirstChild()
		b.Run(c.uri[strings.IndexByte(c.uri, '#')+1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecryptElement(e, []Key{key}, Policy{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("private operation alone", func(b *testing.B) {
		octets, err := rsa.EncryptOAEPWithOptions(rand.Reader, key.Public(), make([]byte, 32), &rsa.OAEPOptions{Hash: digestOf(SHA1)})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := key.private.Decrypt(rand.Reader, octets, &rsa.OAEPOptions{Hash: digestOf(SHA1)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What can be asked of us at the most: every key with every encrypted key, the
// largest of them, and none the right one.
func BenchmarkDecryptWorst(b *testing.B) {
	key, err := KeyFromPEM(vector(b, "enc/keys/RSA-4096.pem"))
	if err != nil {
		b.Fatal(err)
	}
	other, err := KeyFromPEM(vector(b, "enc/keys/aleksey-rsa-4096.pem"))
	if err != nil {
		b.Fatal(err)
	}
	how := to(key.private, key.private, key.private, key.private)
	how.Transport, how.Content = RSA15, AES256CBC
	message := encrypt(b, "\xFF"+strings.Repeat("x", xmltree.MaxText/2), how)
	e := parse(b, []byte(message)).FirstChild().FirstChild()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecryptElement(e, []Key{other, key}, lenient); err == nil {
			b.Fatal("decrypted")
		}
	}
}
