package xmlenc

import (
	"bytes"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// fixedKey is the same in every process, unlike the other keys of the tests.
func fixedKey(tb testing.TB) Key {
	tb.Helper()
	key, err := KeyFromPEM(vector(tb, "enc/keys/RSA-2048.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Decrypt never panics, takes memory by the length of the message and has nothing
// but its own errors, which name an element of the message; what DecryptElement reads is what Decrypt decrypts; what is
// decrypted without a switch is with all of them.
func FuzzDecrypt(f *testing.F) {
	key := fixedKey(f)
	for _, place := range []Place{Inside, Named, Beside} {
		for _, c := range contents {
			how := Encryption{To: to(key.private).To, Content: c.uri, Transport: RSAOAEP, Params: []byte("p"), Place: place}
			f.Add(encrypt(f, plain, how))
		}
	}
	files, err := filepath.Glob(filepath.Join(vectors, "enc", "*.xml"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		f.Add(string(vector(f, filepath.Join("enc", filepath.Base(file)))))
	}
	f.Fuzz(func(t *testing.T, message string) {
		doc, err := xmltree.Parse([]byte(message), xmltree.Message)
		if err != nil {
			return
		}
		operations := 0
		for e := range doc.Root().Descendants() {
			if !strings.HasPrefix(e.Local(), "Encrypted") {
				continue
			}
			if operations++; operations > 2 {
				return
			}
			var text []byte
			var err error
			// A private operation has its price, and there are up to eight.
			if got, limit := allocated(func() { text, err = Decrypt(e, []Key{key}, lenient) }), 32*uint64(len(message))+1<<20; got > limit {
				t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(message), limit)
			}
			checkError(t, doc, err)
			read, readErr := DecryptElement(e, []Key{key}, lenient)
			checkError(t, doc, readErr)
			if readErr == nil && (err != nil || read.Slice(0, read.Len()) != string(text)) {
				t.Fatalf("read %q, decrypted %q, %v", read.Slice(0, read.Len()), text, err)
			}
			if _, strict := Decrypt(e, []Key{key}, Policy{}); strict == nil && err != nil {
				t.Fatalf("a switch refuses: %v", err)
			}
		}
	})
}

// allocated returns how many octets of memory f asks for, given back or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func checkError(t *testing.T, doc *xmltree.Document, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Want == "" || e.Offset < 0 || e.Offset >= doc.Len() || doc.Slice(e.Offset, e.Offset+1) != "<" {
		t.Fatalf("error %#v", err)
	}
	switch e.Code {
	case CodeFailed, CodeAlgorithm, CodeShape:
	default:
		t.Fatalf("the code %s", e.Code)
	}
}

// Whatever octets stand for key and text, the outcome is what was encrypted or
// the one error; under GCM nothing else is ever decrypted.
func FuzzOctets(f *testing.F) {
	key := fixedKey(f)
	for i := range contents {
		f.Add(uint8(i), uint16(0), byte(0), uint16(0), byte(1))
		f.Add(uint8(i), uint16(17), byte(0x80), uint16(0), byte(0))
		f.Add(uint8(i), uint16(0), byte(0), uint16(300), byte(0x10))
	}
	messages := make([]string, 2*len(contents))
	for i := range messages {
		how := Encryption{To: to(key.private).To, Content: contents[i/2].uri, Transport: [...]string{RSAOAEP, RSA15}[i%2]}
		messages[i] = encrypt(f, plain, how)
	}
	f.Fuzz(func(t *testing.T, which uint8, keyAt uint16, keyBits byte, textAt uint16, textBits byte) {
		i := int(which) % len(messages)
		change := func(at uint16, bits byte) func([]byte) []byte {
			return func(b []byte) []byte {
				b = bytes.Clone(b)
				b[int(at)%len(b)] ^= bits
				return b
			}
		}
		message := alter(alter(messages[i], 0, change(keyAt, keyBits)), 1, change(textAt, textBits))
		e := parse(t, []byte(message)).FirstChild().FirstChild()
		got, err := Decrypt(e, []Key{key}, lenient)
		altered := keyBits|textBits != 0
		refusal, _ := errors.AsType[*Error](err)
		switch {
		case err != nil && (refusal == nil || *refusal != *failed(e)):
			t.Fatalf("error %v", err)
		case err != nil && !altered:
			t.Fatalf("unaltered, and %v", err)
		case err == nil && string(got) != plain && contents[i/2].mode == gcm:
			t.Fatalf("decrypted %q", got)
		case err == nil && altered && contents[i/2].mode == gcm:
			t.Fatal("altered, and decrypted")
		}
	})
}
