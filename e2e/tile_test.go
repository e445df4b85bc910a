//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// tile returns where SimpleSAMLphp begins a sign-in by itself.
func (s *stage) tile(t *testing.T, relayState string) string {
	t.Helper()
	metadata := get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata")
	entityID := regexp.MustCompile(`entityID="([^"]*)"`).FindStringSubmatch(metadata)[1]
	return strings.NewReplacer("{SP_ENTITY_ID}", url.QueryEscape(entityID), "{RELAY_STATE}", url.QueryEscape(relayState)).Replace(s.simplesaml.idpInitiated)
}

// TestTile clicks the tile of the application at the identity provider: off, on, and with the answer of another person
// in the browser of somebody else.
func TestTile(t *testing.T) {
	t.Parallel()
	s := newStage(t, databases[0])
	before := s.count(t, "sessions")
	off := newPlain(t)
	got := off.resume(t, off.stopBefore(t, bob, s.tile(t, ""), s.acs(acmeConnection)))
	if got.Status != 403 || !strings.Contains(got.Body, `data-code="saml_irt"`) || !reference.MatchString(got.Body) || !strings.Contains(got.Body, `href="/login/acme"`) {
		t.Errorf("where it is off, the tile ends at %s with %d, want the failure page, a reference and the way to the sign-on URL\n%s", got.URL, got.Status, got.Body)
	}
	s.wantSignedOut(t, off)

	s.also(t, fmt.Sprintf("organizations: [{key: acme, connections: [{key: %s, idp_initiated: true}]}]\napps: [{key: %s, login_url: %q}]\n", acmeConnection, s.node.clientID(), s.node.start()))
	for _, relay := range []string{"", s.node.clientID(), "https://evil.example/"} {
		b := newPlain(t)
		got := b.resume(t, b.stopBefore(t, bob, s.tile(t, relay), s.acs(acmeConnection)))
		if who := s.node.shows(t, got); who.Email != bob.email {
			t.Errorf("RelayState %q: the tile signs %+v in at %s, want %s", relay, who, got.URL, bob.email)
		}
	}

	// Bob's answer, posted through a browser in which nobody is signed in: it ends at the page of the identity provider
	// that asks who is there, and nobody is signed in as Bob.
	after := s.count(t, "sessions")
	if after <= before {
		t.Fatalf("%d sessions after the tiles, and %d before: nothing was signed in", after, before)
	}
	attacker, victim := newPlain(t), newPlain(t)
	got = victim.resume(t, attacker.stopBefore(t, bob, s.tile(t, ""), s.acs(acmeConnection)))
	if strings.HasPrefix(got.URL, s.baseURL) || got.URL == s.node.home() {
		t.Errorf("the victim ends at %s, want the identity provider\n%s", got.URL, got.log)
	}
	if n := s.count(t, "sessions"); n != after {
		t.Errorf("%d sessions were made of another person's answer", n-after)
	}
	s.wantSignedOut(t, victim)
}
