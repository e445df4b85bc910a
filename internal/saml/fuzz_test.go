package saml_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

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

// TestNoByteChangesWhatIsAccepted changes every byte of signed responses, one
// at a time: whatever is still accepted says what it said.
func TestNoByteChangesWhatIsAccepted(t *testing.T) {
	t.Parallel()
	for _, base := range []samltest.Base{samltest.AssertionSigned, samltest.ResponseSigned} {
		t.Run(string(base), func(t *testing.T) {
			t.Parallel()
			idp := samltest.New(t)
			message := idp.Respond(on(base), func(r *samltest.Response) {
				// KeyInfo is neither signed nor read: without it there is less to try.
				r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
			})
			expect := idp.Expect()
			a, err := saml.Verify(message, expect, idp.Now)
			if err != nil {
				t.Fatal(err)
			}
			want, accepted := facts(a), 0
			for i := range message {
				for _, b := range []byte{message[i] ^ 1, ' '} {
					if b == message[i] {
						continue
					}
					changed := bytes.Clone(message)
					changed[i] = b
					a, err := saml.Verify(changed, expect, idp.Now)
					if err != nil {
						continue
					}
					accepted++
					if got := facts(a); got != want {
						t.Fatalf("byte %d, %q for %q: got %s, want %s", i, b, message[i], got, want)
					}
				}
			}
			t.Logf("%d changes outside what is signed were accepted", accepted)
		})
	}
}

// TestNoByteChangesWhatIsAcceptedBehindEncryption does the same to encrypted
// ones. By CBC whoever changes an octet changes the text in a place that they
// choose. Only few of the octets of the encrypted text are tried in each run of
// the quick loop, since every one of them costs a private operation.
func TestNoByteChangesWhatIsAcceptedBehindEncryption(t *testing.T) {
	t.Parallel()
	step := 1
	if testing.Short() {
		step = 16
	}
	for _, base := range []samltest.Base{samltest.EncryptedAssertionSigned, samltest.EncryptedResponseSigned} {
		t.Run(string(base), func(t *testing.T) {
			t.Parallel()
			idp := samltest.New(t)
			message := idp.Respond(on(base), func(r *samltest.Response) {
				r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
				r.Encryption.Content = xmlenc.AES128CBC
				r.Attributes = nil
			})
			expect := idp.Expect()
			a, err := saml.Verify(message, expect, idp.Now)
			if err != nil {
				t.Fatal(err)
			}
			want, accepted := facts(a), 0
			text := bytes.LastIndex(message, []byte("<xenc:CipherValue>"))
			for i := 0; i < len(message); i++ {
				if inside := i > text && i < text+bytes.Index(message[text:], []byte("</")); inside && i%step != 0 {
					continue
				}
				changed := bytes.Clone(message)
				changed[i] ^= 1
				a, err := saml.Verify(changed, expect, idp.Now)
				if err != nil {
					continue
				}
				accepted++
				if got := facts(a); got != want {
					t.Fatalf("byte %d, %q for %q: got %s, want %s", i, changed[i], message[i], got, want)
				}
			}
			t.Logf("%d changes outside what is signed were accepted", accepted)
		})
	}
}

// FuzzVerify finds that Verify never panics, that its error is always a
// *Refusal by a rule of its list, and that it accepts nothing but what the
// identity provider signed.
func FuzzVerify(f *testing.F) {
	idp := samltest.New(f)
	expect := idp.Expect()
	said := map[string]bool{}
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		message := idp.Respond(on(base))
		a, err := saml.Verify(message, expect, idp.Now)
		if err != nil {
			f.Fatal(err)
		}
		said[facts(a)] = true
		f.Add(message)
	}
	for _, attack := range samltest.Attacks() {
		f.Add(idp.Respond(on(attack.On()[0]), attack.Forge))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		a, err := saml.Verify(message, expect, idp.Now)
		if err == nil {
			// The attacks that need another expectation are good messages.
			if _, err := saml.VerifySignatures(message, expect); err != nil {
				t.Fatalf("accepted %s without a signature", facts(a))
			}
			if !said[facts(a)] && a.NameID.Value == samltest.EvilNameID {
				t.Fatalf("accepted %s", facts(a))
			}
			return
		}
		refusal, ok := errors.AsType[*saml.Refusal](err)
		if !ok {
			t.Fatalf("error of type %T", err)
		}
		for _, check := range refusal.Checks {
			if check.Verdict == saml.Fail && check.Rule == refusal.Rule {
				return
			}
		}
		t.Fatalf("refused by %v, which is not on its list", refusal.Rule)
	})
}

// FuzzParseIdPMetadata finds that metadata is either refused with a code, or
// gives an entity ID and keys.
func FuzzParseIdPMetadata(f *testing.F) {
	doc, err := samltest.New(f).Metadata()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, err := saml.ParseIdPMetadata(src)
		if err == nil {
			if m.EntityID == "" || len(m.Keys) == 0 || len(m.Keys) > saml.MaxKeys {
				t.Fatalf("accepted %+v", m)
			}
			_, err = m.SignOn()
		}
		if bad, ok := errors.AsType[*saml.MetadataError](err); err != nil && (!ok || bad.Code == "") {
			t.Fatalf("error %T without a code: %v", err, err)
		}
	})
}

// FuzzDecodePost finds that what is decoded is never longer than its form and
// that every refusal is by a rule of the binding.
func FuzzDecodePost(f *testing.F) {
	f.Add("PHg+")
	f.Add("PHg-")
	f.Add(" P\nH g+")
	f.Add("eJyzKbCzAQADAgEA")
	f.Fuzz(func(t *testing.T, form string) {
		message, err := saml.DecodePost(form)
		if len(message) > len(form) {
			t.Fatalf("%d bytes from a form of %d", len(message), len(form))
		}
		if err == nil {
			return
		}
		if refusal, ok := errors.AsType[*saml.Refusal](err); !ok || refusal.Rule.Family() != "bind" {
			t.Fatalf("got %v", err)
		}
	})
}

// FuzzInstant finds that what is read as a time is the time that the standard
// library reads, so that no instant means two things.
func FuzzInstant(f *testing.F) {
	idp := samltest.New(f)
	f.Add("2026-03-02T09:35:00Z")
	f.Add("2026-03-02T09:35:00.5+01:00")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := idp.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		var escaped bytes.Buffer
		for _, r := range text {
			fmt.Fprintf(&escaped, "&#%d;", r)
		}
		doc = bytes.Replace(doc, []byte("entityID="), fmt.Appendf(nil, `validUntil="%s" entityID=`, &escaped), 1)
		m, err := saml.ParseIdPMetadata(doc)
		if err != nil {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || !m.ValidUntil.Equal(want) {
			t.Fatalf("read %q as %v, want %v, %v", text, m.ValidUntil, want, err)
		}
	})
}
