package saml_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
)

// judged has a logout message judged as what it came as, and returns all that it
// tells. An answer may be unsigned; then it tells nothing that counts.
func (p *logoutPeer) judged(m *saml.Received) (string, error) {
	expect := p.expect
	expect.RequestID = "id-ours"
	if m.IsRequest() {
		l, err := saml.VerifyLogoutRequest(m, expect, logoutNow)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("request %q %q %q %q %q %v %q", l.ID, l.Issuer, l.NameID, l.SessionIndexes, l.Reason, l.NotOnOrAfter, m.RelayState), nil
	}
	a, err := saml.VerifyLogoutResponse(m, expect, logoutNow)
	if err != nil || !a.Signed {
		return "", err
	}
	answers, err := m.Answers()
	return fmt.Sprintf("response %q %q %q %q %q %q", a.ID, a.Issuer, a.InResponseTo, answers, a.Status, m.RelayState), err
}

// logoutDrafts calls yield with the drafts of all attacks of a binding, of their
// twins, and of both before anybody tampered with them.
func logoutDrafts(binding string, yield func(forge func(*draft))) {
	untouched := func(forge func(*draft)) func(*draft) {
		return func(d *draft) {
			if forge != nil {
				forge(d)
			}
			d.after, d.query = nil, nil
		}
	}
	yield(nil)
	yield(answer())
	for _, attack := range logoutAttacks() {
		for _, on := range attack.on {
			if on != binding {
				continue
			}
			for _, forge := range []func(*draft){attack.forge, attack.twin, untouched(attack.forge), untouched(attack.twin)} {
				yield(forge)
			}
		}
	}
}

// fuzzLogout runs a fuzz target over messages that read makes of an input and
// write makes of a draft.
func fuzzLogout(f *testing.F, binding string, write func(d *draft) string, read func(input string) (*saml.Received, error)) {
	f.Helper()
	peer := newLogoutPeer(f)
	stranger := logoutPeerOf(f, 2) // whose messages have the right form and the wrong key
	said := map[string]bool{"": true}
	logoutDrafts(binding, func(forge func(*draft)) {
		input := write(peer.draft(binding, forge))
		if m, err := read(input); err == nil {
			if told, err := peer.judged(m); err == nil {
				said[told] = true
			}
		}
		f.Add(input)
		f.Add(write(stranger.draft(binding, forge)))
	})
	f.Fuzz(func(t *testing.T, input string) {
		var m *saml.Received
		var told string
		var err error
		// A query may inflate to its greatest size, into buffers that take several
		// times as much while they grow; under the race detector more than else.
		if got, limit := allocated(func() {
			if m, err = read(input); err == nil {
				told, err = peer.judged(m)
			}
		}), uint64(256*len(input)+8*saml.MaxInflated); got > limit {
			t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(input), limit)
		}
		if m != nil && (len(m.XML()) > saml.MaxMessage || len(m.RelayState) > saml.MaxRelayState) {
			t.Fatalf("a message of %d bytes, a RelayState of %d", len(m.XML()), len(m.RelayState))
		}
		if _, ok := errors.AsType[*saml.Refusal](err); err != nil && !ok {
			t.Fatalf("error of type %T", err)
		}
		if err != nil {
			ruleOf(t, err)
		} else if !said[told] {
			t.Fatalf("accepted %s, which was never signed", told)
		}
	})
}

// FuzzReadRedirect finds that no query makes ReadRedirect panic or take memory
// beyond the limits, that its error is always a *Refusal, and that a query is
// accepted only if it tells, RelayState included, what was signed as a whole.
func FuzzReadRedirect(f *testing.F) {
	fuzzLogout(f, saml.BindingRedirect, func(d *draft) string { return d.rawQuery(f) }, saml.ReadRedirect)
}

// FuzzVerifyLogout finds the same of logout messages in a SOAP envelope, with the
// signature in the message.
func FuzzVerifyLogout(f *testing.F) {
	const start, end = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`, `</s:Body></s:Envelope>`
	fuzzLogout(f, saml.BindingSOAP, func(d *draft) string { return start + d.enveloped(f) + end },
		func(input string) (*saml.Received, error) { return saml.ReadSOAP([]byte(input)) })
}
