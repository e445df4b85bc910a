package saml_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A surgeon wraps signatures: it cuts elements out of genuine messages and pastes
// them into others, as a program of a few octets tells it.
type surgeon struct {
	doc  string
	pool []string // messages that an attacker has
}

// operation is one step of a program: what is done to which element, with what.
type operation struct{ kind, at, from, piece, arg byte }

const (
	operationSize = 5
	maxOperations = 8
)

// Texts that operations choose from. IDs are those of the genuine messages.
var (
	surgeonIDs   = []string{"id-response", "id-assertion", "id-other", "id-other-response", "", "id-assertion "}
	surgeonURIs  = []string{"#id-response", "#id-assertion", "#id-other", "", "#", "id-assertion", "#xpointer(/)", "#xpointer(id('id-assertion'))"}
	surgeonTexts = []string{"evil", "<!-- -->", "<x/>", " ", "&#13;", "<?p?>", "<![CDATA[x]]>", samltest.EvilNameID}
	surgeonAttrs = []string{
		` ID="id-assertion"`, ` Id="id-assertion"`, ` xml:id="id-assertion"`, ` samlp:ID="id-assertion"`, ` xmlns:saml="urn:evil"`, ` xmlns:samlp="urn:evil"`,
		` xmlns="urn:oasis:names:tc:SAML:2.0:assertion"`, ` xmlns:ds="urn:evil"`, ` xmlns:x="http://www.w3.org/2000/09/xmldsig#"`, ` xmlns:x="1"`,
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"`, ` xml:base="urn:x"`,
	}
	surgeonWraps = []string{"samlp:Extensions", "saml:Advice", "samlp:Response", "saml:Assertion", "x", "ds:Object", "samlp:Status", "samlp:StatusDetail", "saml:EncryptedAssertion"}
	surgeonUsers = strings.NewReplacer(samltest.DefaultNameID, samltest.EvilNameID, "mallory@acme.example", samltest.EvilNameID)
)

// run carries a program out and returns the message.
func (s surgeon) run(program []byte) string {
	if len(program) == 0 {
		return s.doc
	}
	s.doc = s.pool[int(program[0])%len(s.pool)]
	for steps := range slices.Chunk(program[1:], operationSize) {
		if len(steps) < operationSize || len(program) > 1+operationSize*maxOperations {
			break
		}
		o := operation{steps[0], steps[1], steps[2], steps[3], steps[4]}
		s.operate(o)
	}
	return s.doc
}

// elementOf returns an element of a document, if it is one.
func elementOf(doc string, i byte) (xmltree.Element, bool) {
	tree, err := xmltree.Parse([]byte(doc), xmltree.Metadata)
	if err != nil {
		return xmltree.Element{}, false
	}
	elements := slices.Collect(tree.Root().Descendants())
	return elements[int(i)%len(elements)], true
}

// operate does one step. What cannot be done is left undone.
func (s *surgeon) operate(o operation) {
	e, ok := elementOf(s.doc, o.at)
	if !ok {
		return
	}
	doc, start, end := s.doc, e.Offset(), e.End()
	inside := e.ContentEnd() > e.ContentStart() || doc[e.ContentStart()-2] != '/'
	source := doc
	if o.from > 0 {
		source = s.pool[int(o.from-1)%len(s.pool)]
	}
	p, ok := elementOf(source, o.piece)
	if !ok {
		return
	}
	piece := source[p.Offset():p.End()]
	arg := int(o.arg)
	switch o.kind % 13 {
	case 0:
		s.doc = doc[:start] + piece + doc[start:]
	case 1:
		s.doc = doc[:end] + piece + doc[end:]
	case 2:
		if inside {
			s.doc = doc[:e.ContentStart()] + piece + doc[e.ContentStart():]
		}
	case 3:
		if inside {
			s.doc = doc[:e.ContentEnd()] + piece + doc[e.ContentEnd():]
		}
	case 4:
		s.doc = doc[:start] + piece + doc[end:]
	case 5:
		s.doc = doc[:start] + doc[end:]
	case 6:
		s.doc = doc[:start] + renamed(doc[start:end], surgeonIDs[arg%len(surgeonIDs)]) + doc[end:]
	case 7:
		s.doc = doc[:start] + surgeonUsers.Replace(doc[start:end]) + doc[end:]
	case 8:
		name := surgeonWraps[arg%len(surgeonWraps)]
		s.doc = doc[:start] + `<` + name + ` xmlns:ds="` + xmldsig.Namespace + `">` + doc[start:end] + "</" + name + ">" + doc[end:]
	case 9:
		at := start + 1 + len(e.QName())
		s.doc = doc[:at] + surgeonAttrs[arg%len(surgeonAttrs)] + doc[at:]
	case 10:
		if before, rest, ok := strings.Cut(doc, ` URI="`); ok {
			_, rest, _ = strings.Cut(rest, `"`)
			s.doc = before + ` URI="` + surgeonURIs[arg%len(surgeonURIs)] + `"` + rest
		}
	case 11: // the piece is cut out where it stood and pasted
		if o.from == 0 && inside && !p.Contains(e) {
			cut := strings.Replace(doc, piece, "", 1)
			at := e.ContentEnd()
			if p.Offset() < at {
				at -= len(piece)
			}
			if at >= 0 && at <= len(cut) {
				s.doc = cut[:at] + piece + cut[at:]
			}
		}
	case 12:
		if inside {
			s.doc = doc[:e.ContentStart()] + surgeonTexts[arg%len(surgeonTexts)] + doc[e.ContentStart():]
		}
	}
}

// renamed gives an element another ID, if it has one.
func renamed(element, id string) string {
	tag := element[:strings.IndexByte(element, '>')]
	before, rest, ok := strings.Cut(tag, ` ID="`)
	if !ok {
		return element
	}
	_, rest, _ = strings.Cut(rest, `"`)
	return before + ` ID="` + id + `"` + rest + element[len(tag):]
}

// newSurgeon returns a surgeon with messages of every base about two users, who
// are both genuine, and with what somebody without a key can make.
func newSurgeon(t testing.TB) (surgeon, *signing, *samltest.IdP) {
	t.Helper()
	idp := fixedIdP(t)
	s := &signing{expect: idp.Expect(), said: map[string]bool{}}
	plain := func(r *samltest.Response) {
		r.EachSigning(func(how *xmldsig.Signing) { how.Certificate = nil })
	}
	mallory := func(r *samltest.Response) {
		plain(r)
		r.ID, r.AssertionID, r.NameID = "id-other-response", "id-other", "mallory@acme.example"
	}
	failure := func(r *samltest.Response) {
		plain(r)
		r.Status, r.Assertions = []string{saml.StatusResponder}, nil
	}
	var pool []string
	add := func(forge ...func(*samltest.Response)) { pool = append(pool, string(s.respond(t, idp, forge...))) }
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		add(on(base), plain)
		add(on(base), mallory)
	}
	add(on(samltest.ResponseSigned), failure)
	add(on(samltest.ResponseSigned), plain, func(r *samltest.Response) {
		r.BeforeSigning(func(doc string) string { return strings.ReplaceAll(doc, "samlp:Response", "samlp:LogoutRequest") })
	})
	add(on(samltest.NothingSigned), func(r *samltest.Response) { r.NameID = samltest.EvilNameID })
	add(on(samltest.EncryptedNothingSigned), func(r *samltest.Response) { r.NameID = samltest.EvilNameID })
	add(on(samltest.BothSigned), samltest.SignByStranger, func(r *samltest.Response) { r.NameID = samltest.EvilNameID })
	return surgeon{pool: pool}, s, idp
}

// FuzzSurgery finds that however elements of genuine messages are cut out, pasted,
// renamed, wrapped and rewritten, Verify accepts nothing but what the identity
// provider said as a whole.
func FuzzSurgery(f *testing.F) {
	surgeon, s, idp := newSurgeon(f)
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		program := make([]byte, 1+operationSize*(1+random.IntN(3)))
		for i := range program {
			program[i] = byte(random.Uint32())
		}
		f.Add(program)
	}
	for i := range surgeon.pool {
		f.Add(binary.AppendUvarint(nil, uint64(i)))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		s.check(t, []byte(surgeon.run(program)), idp.Now)
	})
}
