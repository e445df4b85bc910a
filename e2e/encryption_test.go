//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestEncryptedAssertion has each identity provider encrypt for the key of its connection, of which only its metadata tells.
func TestEncryptedAssertion(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			if metadata := get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata"); strings.Contains(metadata, `use="encryption"`) {
				t.Errorf("a key is shown that nobody asked for:\n%s", metadata)
			}
			s.also(t, `organizations:
  - {key: acme, connections: [{key: `+acmeConnection+`, encryption: required, logout: true}]}
  - {key: globex, connections: [{key: `+globexConnection+`, encryption: required, logout: true}]}
`)
			for _, p := range s.idps() {
				t.Run(p.name+"/plain is refused", func(t *testing.T) {
					b := newPlain(t)
					got := b.resume(t, b.stopBefore(t, p.who, s.node.start(), s.acs(p.connection)))
					if code := failureCode.FindStringSubmatch(got.Body); len(code) != 2 || code[1] != "enc_missing" {
						t.Errorf("it ends at %s with %v, want enc_missing\n%s", got.URL, code, got.log)
					}
				})
			}
			s.simplesaml.serviceProviderArgs = append(s.simplesaml.serviceProviderArgs, "assertion.encryption=true")
			s.lemonldap.serviceProviderArgs = append(s.lemonldap.serviceProviderArgs, "EncryptionMode=assertion")
			for _, p := range s.idps() {
				p.idp.trust(t, get(t, s.baseURL+"/saml/"+p.connection+"/metadata"))
				t.Run(p.name, func(t *testing.T) { s.testEncryptedSignIn(t, p) })
			}
			s.testTurnedKey(t, s.idps()[0])
		})
	}
}

func (s *stage) testEncryptedSignIn(t *testing.T, p party) {
	got := newPlain(t).signIn(t, p.who, s.node.start(), s.node.home())
	wantSeen(t, s.node, got, seenAs[p.who])
	s.wantMessages(t, got, "Response")
	for _, m := range got.Messages {
		if m.Type == "Response" && (!strings.Contains(m.XML, "EncryptedAssertion") || strings.Contains(strings.ToLower(m.XML), p.who.email)) {
			t.Errorf("the response is not encrypted:\n%s", m.XML)
		}
	}
	// What is encrypted is signed out of like anything else.
	if got := newPlain(t).signIn(t, p.who, s.baseURL+"/login", s.baseURL+"/signed-out", "Sign out"); got.URL != s.baseURL+"/signed-out" {
		t.Errorf("signing out ends at %s\n%s", got.URL, got.log)
	}
}

// testTurnedKey turns the key of a connection over, beside the running server. What is still encrypted for the key before
// is opened until that one is forgotten.
func (s *stage) testTurnedKey(t *testing.T, p party) {
	keys := func(step string, more ...string) {
		mustRun(t, append([]string{sallyport(t), "keys", step, p.connection, "--database", s.database, "--key-file", s.keyFile}, more...)...)
	}
	keys("next")
	keys("promote")
	old, renewed := newPlain(t), newPlain(t)
	wantSeen(t, s.node, old.signIn(t, p.who, s.node.start(), s.node.home()), seenAs[p.who])
	keys("forget", "--yes") // though it was used a moment ago
	b := newPlain(t)
	got := b.resume(t, b.stopBefore(t, p.who, s.node.start(), s.acs(p.connection)))
	if code := failureCode.FindStringSubmatch(got.Body); len(code) != 2 || code[1] != "enc_failed" {
		t.Errorf("encrypted for a key that is forgotten, it ends at %s with %v, want enc_failed\n%s", got.URL, code, got.log)
	}
	p.idp.trust(t, get(t, s.baseURL+"/saml/"+p.connection+"/metadata"))
	wantSeen(t, s.node, renewed.signIn(t, p.who, s.node.start(), s.node.home()), seenAs[p.who])
}
