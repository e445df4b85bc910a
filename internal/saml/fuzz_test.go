package saml_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

// newSigning returns what an identity provider signs for the responses of all
// attacks, and these responses.
func newSigning(t testing.TB) (s *signing, idp *samltest.IdP, messages [][]byte) {
	t.Helper()
	idp = fixedIdP(t)
	s = &signing{expect: idp.Expect(), said: map[string]bool{}}
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		message := s.respond(t, idp, on(base))
		if _, err := saml.Verify(message, s.expect, idp.Now); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, message)
	}
	for _, attack := range samltest.Attacks() {
		base := on(attack.On()[0])
		messages = append(messages, s.respond(t, idp, base, attack.Forge))
		if attack.Twin != nil {
			messages = append(messages, s.respond(t, idp, base, attack.Twin))
		}
	}
	return s, idp, messages
}

// FuzzVerify finds that Verify never panics and takes memory by the length of the
// message, that its error is always a *Refusal by a rule of its list, and that
// what it accepts is, as a whole, what the identity provider said in octets that
// it signed: nothing comes from outside of the signed element.
func FuzzVerify(f *testing.F) {
	s, idp, messages := newSigning(f)
	for _, message := range messages {
		if len(message) < 16<<10 { // the limits have tests of their own, and what is large is slow to change
			f.Add(message)
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if got, limit := allocated(func() { _, _ = saml.Verify(message, s.expect, idp.Now) }), 256*uint64(len(message))+2<<20; got > limit {
			t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(message), limit)
		}
		s.check(t, message, idp.Now)
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
