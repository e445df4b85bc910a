package saml_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// facts is everything that an assertion says.
func facts(a *saml.Assertion) string {
	return fmt.Sprint(a.ID, "|", a.Issuer, "|", a.NameID, "|", a.SubjectKey(), "|", a.Attributes, "|", a.SessionIndex, "|",
		a.AuthnInstant, "|", a.AuthnContext, "|", a.SessionNotOnOrAfter, "|", a.NotOnOrAfter, "|", a.InResponseTo)
}

// thorough reports whether everything is to be tried, as tools/fuzz.sh asks for: it
// takes minutes.
func thorough() bool { return os.Getenv("SALLYPORT_EXHAUSTIVE") != "" }

// changes yields what becomes of a message when one octet is exchanged, left out,
// doubled or put in at an offset. Which octets come in its place or in front of it
// depends on how much is to be tried: those that mean something in XML, base64
// and numbers, and some that are neither.
func changes(message []byte, at int, yield func(changed []byte)) {
	b := message[at]
	before, after := message[:at], message[at+1:]
	instead, inFront := []byte{b ^ 1, '<', ' '}, []byte{'A'}
	switch {
	case thorough():
		instead = []byte("\x00\t\n\r !\"#%&'+-./09:;<=>?AZ[]_az{}\x7f\x80\xc3\xff")
		instead = append(instead, b^1, b^0x20, b^0x80, b+1, b-1)
		inFront = []byte(" \n\"&'/<=>A0:;-\x00\x80\xff")
	case testing.Short():
		instead, inFront = []byte{b ^ 1}, nil
	}
	slices.Sort(instead)
	buffer := make([]byte, 0, len(message)+1)
	try := func(parts ...[]byte) {
		buffer = buffer[:0]
		for _, p := range parts {
			buffer = append(buffer, p...)
		}
		yield(buffer)
	}
	for _, c := range slices.Compact(instead) {
		if c != b {
			try(before, []byte{c}, after)
		}
	}
	for _, c := range inFront {
		try(before, []byte{c}, message[at:])
	}
	try(before, after)
	if !testing.Short() {
		try(before, []byte{b}, message[at:])
	}
	if thorough() && len(after) > 0 && after[0] != b {
		try(before, after[:1], []byte{b}, after[1:])
	}
}

// changeEach changes a message at each offset that a step leads to: whatever is
// still accepted says what it said.
func changeEach(t *testing.T, message []byte, step func(at int) int, judge func([]byte) (string, error)) {
	t.Helper()
	want, err := judge(message)
	if err != nil {
		t.Fatal(err)
	}
	tried, accepted := 0, 0
	for at := 0; at < len(message); at += step(at) {
		changes(message, at, func(changed []byte) {
			tried++
			got, err := judge(changed)
			if err != nil {
				return
			}
			if accepted++; got != want {
				t.Fatalf("at %d of\n%s\naccepted\n%s\nas %s, want %s", at, message, changed, got, want)
			}
		})
	}
	t.Logf("%d changes, of which %d, outside of what is signed, were accepted", tried, accepted)
}

func everyByte(int) int { return 1 }

// bare leaves the certificates out: KeyInfo is neither signed nor read, and without
// it there is less to try.
func bare(r *samltest.Response) {
	r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
	r.Attributes = r.Attributes[:1]
}

// TestNoByteChangesWhatIsAccepted changes every byte of signed responses, one at a
// time, in every form of signature that there is.
func TestNoByteChangesWhatIsAccepted(t *testing.T) {
	t.Parallel()
	type form struct {
		dialect samltest.Dialect
		c14n    xmldsig.C14N
	}
	forms := []form{{samltest.Prefixed, xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}}}
	if thorough() {
		forms = append(forms,
			form{samltest.DefaultNamespaces, xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N, Prefixes: []string{"samlp", "saml", ""}}},
			form{samltest.Prefixed, xmldsig.C14N{Algorithm: xmldsig.C14N10}},
			form{samltest.DefaultNamespaces, xmldsig.C14N{Algorithm: xmldsig.C14N11}})
	}
	for _, base := range samltest.Bases {
		for _, f := range forms {
			t.Run(string(base)+"/"+string(f.dialect)+"/"+f.c14n.Algorithm, func(t *testing.T) {
				t.Parallel()
				idp := samltest.New(t)
				message := idp.Respond(on(base), bare, func(r *samltest.Response) {
					r.Dialect = f.dialect
					r.EachSigning(func(s *xmldsig.Signing) {
						s.InfoC14N = f.c14n
						s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, f.c14n}
					})
				})
				expect := idp.Expect()
				changeEach(t, message, everyByte, func(changed []byte) (string, error) {
					a, err := saml.Verify(changed, expect, idp.Now)
					if err != nil {
						return "", err
					}
					return facts(a), nil
				})
			})
		}
	}
}

// TestNoByteChangesWhatIsAcceptedBehindEncryption does the same to encrypted ones.
// By CBC whoever changes an octet changes the text in a place that they choose.
// Every octet that is decrypted costs a private operation, so only some of the
// encrypted text are tried unless everything is.
func TestNoByteChangesWhatIsAcceptedBehindEncryption(t *testing.T) {
	t.Parallel()
	for _, base := range samltest.EncryptedBases {
		t.Run(string(base), func(t *testing.T) {
			t.Parallel()
			idp := samltest.New(t)
			message := idp.Respond(on(base), bare, func(r *samltest.Response) { r.Encryption.Content = xmlenc.AES128CBC })
			text := bytes.LastIndex(message, []byte("<xenc:CipherValue>")) + len("<xenc:CipherValue>")
			end := text + bytes.IndexByte(message[text:], '<')
			step := func(at int) int {
				if at < text || at >= end || thorough() {
					return 1
				}
				return min(61, end-at) // reaches every place within a block and a group of four
			}
			expect := idp.Expect()
			changeEach(t, message, step, func(changed []byte) (string, error) {
				a, err := saml.Verify(changed, expect, idp.Now)
				if err != nil {
					return "", err
				}
				return facts(a), nil
			})
		})
	}
}

// TestNoByteOfAFormChangesWhatIsAccepted changes the form that carries a response,
// so that no two forms of one message are read as two.
func TestNoByteOfAFormChangesWhatIsAccepted(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	message := idp.Respond(on(samltest.ResponseSigned), bare)
	expect := idp.Expect()
	step := 5 // reaches every place within a group of four
	if thorough() {
		step = 1
	}
	form := []byte(base64.StdEncoding.EncodeToString(message))
	changeEach(t, form, func(int) int { return step }, func(changed []byte) (string, error) {
		message, err := saml.DecodePost(string(changed))
		if err != nil {
			return "", err
		}
		a, err := saml.Verify(message, expect, idp.Now)
		if err != nil {
			return "", err
		}
		return facts(a), nil
	})
}

// TestNoByteOfALogoutChangesIt changes logout requests of every binding.
func TestNoByteOfALogoutChangesIt(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	redirect := peer.draft(saml.BindingRedirect, nil).rawQuery(t)
	enveloped := peer.draft(saml.BindingSOAP, nil).enveloped(t)
	const start, end = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`, `</s:Body></s:Envelope>`
	for name, tc := range map[string]struct {
		message string
		read    func(string) (*saml.Received, error)
	}{
		"Redirect": {redirect, saml.ReadRedirect},
		"SOAP":     {start + enveloped + end, func(s string) (*saml.Received, error) { return saml.ReadSOAP([]byte(s)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := 7 // of a signature by ECDSA, which takes its time
			if thorough() {
				step = 1
			}
			changeEach(t, []byte(tc.message), func(int) int { return step }, func(changed []byte) (string, error) {
				m, err := tc.read(string(changed))
				if err != nil {
					return "", err
				}
				return peer.judged(m)
			})
		})
	}
}
