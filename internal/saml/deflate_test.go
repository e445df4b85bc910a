package saml

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// unpacked reads one stream, and fails if there is more behind it.
func unpacked(t testing.TB, packed []byte) []byte {
	t.Helper()
	r := bytes.NewReader(packed) // an io.ByteReader, of which flate takes no more than the stream
	text, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		t.Fatalf("%x: %v", packed, err)
	}
	if r.Len() > 0 {
		t.Fatalf("%d octets behind the stream", r.Len())
	}
	return text
}

func authnRequest(t testing.TB) []byte {
	t.Helper()
	o, err := Request{
		ID: "id8d1f0c7be52a4f93a6c0d7e1b2f3948576a0c1de", Issuer: "https://sso.example.com/saml/acme-entra/metadata", ACS: "https://sso.example.com/saml/acme-entra/acs",
		Destination: "https://login.microsoftonline.com/2f1a7c1e-9b1e-4c55-9d6a-0f5f9a1b2c3d/saml2", IssueInstant: time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC),
	}.message("")
	if err != nil {
		t.Fatal(err)
	}
	return o.xml
}

func TestWhatIsDeflatedIsInflated(t *testing.T) {
	t.Parallel()
	octets := make([]byte, 256)
	for i := range octets {
		octets[i] = byte(i)
	}
	request := authnRequest(t)
	for name, text := range map[string][]byte{
		"nothing":                       nil,
		"a request":                     request,
		"a name in another script":      []byte("<saml:NameID>Grüße, 世界</saml:NameID>"),
		"every octet":                   octets,
		"every octet, twice":            slices.Concat(octets, octets),
		"one octet, often":              bytes.Repeat([]byte("a"), 3*maxMatch+1),
		"as far before as is looked":    []byte("urn:oasis" + strings.Repeat("\"", maxDistance-len("urn:oasis")) + "urn:oasis"),
		"one octet farther":             []byte("urn:oasis" + strings.Repeat("\"", maxDistance-len("urn:oasis")+1) + "urn:oasis"),
		"more than the table remembers": bytes.Repeat(slices.Concat(request, octets), 200),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := unpacked(t, deflate(nil, text)); !bytes.Equal(got, text) {
				t.Errorf("unpacked(deflate()) = %q, want %q", got, text)
			}
		})
	}
}

// Every length and every distance has a codeword of its own, in both codes.
func TestEveryLengthAndDistanceIsInflated(t *testing.T) {
	t.Parallel()
	for n := minMatch; n <= maxMatch+1; n++ {
		for _, unusual := range []string{"", "\x00"} {
			text := []byte(unusual + strings.Repeat("s", n+1))
			if got := unpacked(t, deflate(nil, text)); !bytes.Equal(got, text) {
				t.Fatalf("%d octets again: got %q", n, got)
			}
		}
	}
	// Between what comes again there is nothing that does.
	var apart []byte
	for i := range 128 * 128 {
		apart = append(apart, ' '+byte(i/128%95), ' '+byte(i%95))
	}
	for distance := len("<id>"); distance <= maxDistance; distance++ {
		text := slices.Concat([]byte("<id>"), apart[:distance-len("<id>")], []byte("<id>"))
		if got := unpacked(t, deflate(nil, text)); !bytes.Equal(got, text) {
			t.Fatalf("again after %d octets: got %q", distance, got)
		}
	}
}

func TestARequestIsHardlyLongerThanAtBest(t *testing.T) {
	t.Parallel()
	request := authnRequest(t)
	var best bytes.Buffer
	w, err := flate.NewWriter(&best, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(request); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(deflate(nil, request)); got > best.Len()+24 {
		t.Errorf("%d octets, want at most 24 more than %d", got, best.Len())
	}
}

// FuzzDeflate finds that what is inflated is what was deflated, in one stream with
// nothing behind it.
func FuzzDeflate(f *testing.F) {
	f.Add(authnRequest(f))
	f.Add([]byte("aaaaaaaaaaaa\x80"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := unpacked(t, deflate(nil, text)); !bytes.Equal(got, text) {
			t.Fatalf("unpacked(deflate(%q)) = %q", text, got)
		}
	})
}

func BenchmarkDeflate(b *testing.B) {
	request := authnRequest(b)
	packed := deflate(nil, request)
	b.ReportAllocs()
	for b.Loop() {
		packed = deflate(packed[:0], request)
	}
}
