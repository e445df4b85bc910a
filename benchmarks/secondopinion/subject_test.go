package secondopinion

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A subject is a message to be judged, and the certificates by which it may be
// signed.
type subject struct {
	name    string
	message []byte
	certs   [][]byte // DER
}

const vectors = "../../testdata/vectors"

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fromVectors returns the responses among the vectors, and what is encrypted in
// them.
func fromVectors(t *testing.T) []subject {
	t.Helper()
	var subjects []subject
	lines := bufio.NewScanner(bytes.NewReader(read(t, "responses.jsonl")))
	for lines.Scan() {
		var row struct {
			ID, File    string
			IdPCerts    []string `json:"idp_certs"`
			IdPMetadata string   `json:"idp_metadata"`
			SPKeys      []string `json:"sp_keys"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		s := subject{name: row.ID, message: read(t, row.File)}
		if !bytes.ContainsRune(s.message, '<') {
			decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(s.message)), ""))
			if err != nil {
				continue // no message: the binding refuses it
			}
			s.message = decoded
		}
		for _, name := range row.IdPCerts {
			block, _ := pem.Decode(read(t, name))
			s.certs = append(s.certs, block.Bytes)
		}
		if row.IdPMetadata != "" {
			m, err := saml.ParseIdPMetadata(read(t, row.IdPMetadata))
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range m.Keys {
				s.certs = append(s.certs, k.Certificate)
			}
		}
		var keys []xmlenc.Key
		for _, name := range row.SPKeys {
			k, err := xmlenc.KeyFromPEM(read(t, name))
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
		subjects = append(subjects, s)
		subjects = append(subjects, inside(t, s, keys)...)
	}
	return subjects
}

// inside returns the assertions that are encrypted in a subject, each a document
// of its own with the namespaces that are in scope around it.
func inside(t *testing.T, s subject, keys []xmlenc.Key) []subject {
	t.Helper()
	doc, err := xmltree.Parse(s.message, xmltree.Message)
	if err != nil || len(keys) == 0 {
		return nil
	}
	var subjects []subject
	for e := range doc.Root().Descendants() {
		if !e.Is(xmlenc.Namespace, "EncryptedData") {
			continue
		}
		inner, err := xmlenc.DecryptElement(e, keys, xmlenc.Policy{RSA15: true, TripleDES: true})
		if err != nil {
			continue
		}
		var octets bytes.Buffer
		if err := xmldsig.Canonicalize(&octets, inner.Root(), xmldsig.C14N{Algorithm: xmldsig.C14N10}); err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, subject{s.name + ", inside", octets.Bytes(), s.certs})
	}
	return subjects
}

// fromAttacks returns the responses of all attacks and twins, each on one of its
// bases in turn, and on all of them where everything is to be tried.
func fromAttacks(t *testing.T) []subject {
	t.Helper()
	idp := samltest.New(t)
	keys := idp.Expect().DecryptionKeys
	var subjects []subject
	seen := map[string]bool{}
	add := func(name string, forge ...func(*samltest.Response)) {
		s := subject{name, idp.Respond(forge...), [][]byte{idp.Certificate()}}
		if seen[string(s.message)] || len(s.message) > saml.MaxMessage { // the size alone is refused
			return
		}
		seen[string(s.message)] = true
		subjects = append(append(subjects, s), inside(t, s, keys)...)
	}
	on := func(base samltest.Base) func(*samltest.Response) { return func(r *samltest.Response) { r.Base = base } }
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		for _, dialect := range []samltest.Dialect{samltest.Prefixed, samltest.DefaultNamespaces} {
			add(string(base)+", "+string(dialect), on(base), func(r *samltest.Response) { r.Dialect = dialect })
		}
	}
	for i, attack := range samltest.Attacks() {
		bases := attack.On()
		if !thorough() {
			bases = bases[i%len(bases):][:1]
		}
		for _, base := range bases {
			name := attack.String() + " on " + string(base)
			add(name, on(base), attack.Forge)
			if attack.Twin != nil {
				add("twin of "+name, on(base), attack.Twin)
			}
		}
	}
	return subjects
}

// thorough reports whether everything is to be tried, as tools/fuzz.sh asks for.
func thorough() bool { return os.Getenv("SALLYPORT_EXHAUSTIVE") != "" }
