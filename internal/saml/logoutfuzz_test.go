package saml_test

import (
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
)

// FuzzReadRedirect finds that no query makes ReadRedirect panic, that its error
// is always a *Refusal, that no message is larger than the limit, and that a
// query is accepted as a logout request only if the identity provider signed it.
func FuzzReadRedirect(f *testing.F) {
	peer := newLogoutPeer(f)
	stranger := logoutPeerOf(f, 2) // whose messages have the right form and the wrong key
	f.Add(stranger.draft(saml.BindingRedirect, nil).rawQuery(f))
	for _, attack := range queryAttacks() {
		f.Add(stranger.draft(saml.BindingRedirect, attack.forge).rawQuery(f))
	}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		m, err := saml.ReadRedirect(rawQuery)
		if err != nil {
			if _, ok := errors.AsType[*saml.Refusal](err); !ok {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		if len(m.Message) > saml.MaxInflated || len(m.RelayState) > saml.MaxRelayState {
			t.Fatalf("a message of %d bytes, a RelayState of %d", len(m.Message), len(m.RelayState))
		}
		if l, err := saml.VerifyLogoutRequest(m, peer.expect, logoutNow); err == nil {
			t.Fatalf("accepted %+v", l)
		}
	})
}

// FuzzVerifyLogout finds that judging a logout message in an envelope never panics, that
// its error is always a *Refusal whose rule is a line of the list, and that what
// is accepted names whom the identity provider named.
func FuzzVerifyLogout(f *testing.F) {
	peer := newLogoutPeer(f)
	expect := peer.expect
	expect.RequestID = "id-ours"
	for _, forge := range []func(*draft){nil, answer()} {
		f.Add([]byte(peer.draft(saml.BindingPost, forge).enveloped(f)))
	}
	for _, attack := range logoutForgeries() {
		if attack.on[0] == saml.BindingPost {
			f.Add([]byte(peer.draft(saml.BindingPost, attack.forge).enveloped(f)))
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		body := append(append([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`), message...), "</s:Body></s:Envelope>"...)
		m, err := saml.ReadSOAP(body)
		if err == nil && m.IsRequest() {
			var l *saml.Logout
			if l, err = saml.VerifyLogoutRequest(m, expect, logoutNow); err == nil && l.NameID.Value != "alice@acme.example" {
				t.Fatalf("accepted %+v", l)
			}
		} else if err == nil {
			_, err = saml.VerifyLogoutResponse(m, expect, logoutNow)
		}
		if err != nil {
			ruleOf(t, err)
		}
	})
}
