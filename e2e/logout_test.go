//go:build e2e

package e2e

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// A party is an identity provider of a stage, as seen from one person's way through it.
type party struct {
	name       string
	idp        *idp
	connection string
	who        person
}

func (s *stage) idps() []party {
	return []party{
		{"SimpleSAMLphp", s.simplesaml, acmeConnection, alice},
		{"LemonLDAP", s.lemonldap, globexConnection, carol},
	}
}

// TestLogout signs out here, which ends the session there, and signs out there, which ends the sessions here.
func TestLogout(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			s.also(t, `organizations:
  - {key: acme, connections: [{key: `+acmeConnection+`, logout: true}]}
  - {key: globex, connections: [{key: `+globexConnection+`, logout: true}]}
`)
			for _, p := range s.idps() {
				t.Run(p.name+"/from here", func(t *testing.T) { s.testLogoutFromHere(t, p) })
				t.Run(p.name+"/from an app", func(t *testing.T) { s.testLogoutFromApp(t, p) })
				t.Run(p.name+"/from there", func(t *testing.T) { s.testLogoutFromThere(t, p) })
			}
			t.Run("LemonLDAP/from there, between the servers", func(t *testing.T) { s.testLogoutBySOAP(t) })
		})
	}
}

// testLogoutFromHere presses the button on our account page, with and without JavaScript.
func (s *stage) testLogoutFromHere(t *testing.T, p party) {
	for kind, b := range browsers(t) {
		got := b.signIn(t, p.who, s.baseURL+"/login", s.baseURL+"/signed-out", "Sign out")
		if got.URL != s.baseURL+"/signed-out" {
			t.Errorf("%s: signing out ends at %s, want everywhere signed out\n%s", kind, got.URL, got.log)
		}
		if n := s.live(t); n != 0 {
			t.Errorf("%s: %d sessions are left", kind, n)
		}
		if plain, ok := b.(plain); ok {
			s.wantMessages(t, got, "LogoutRequest", "LogoutResponse")
			s.wantAskedAgain(t, p, plain)
		}
	}
}

// testLogoutFromApp signs out in an application, which ends the session here and there, and leads back to it.
func (s *stage) testLogoutFromApp(t *testing.T, p party) {
	b := newPlain(t)
	wantSeen(t, s.node, b.signIn(t, p.who, s.node.start(), s.node.home()), seenAs[p.who])
	got := b.visit(t, s.node.home()+"signout")
	if got.URL != s.node.home() || !strings.Contains(got.Body, "Not signed in") {
		t.Errorf("signing out ends at %s, want the application\n%s", got.URL, got.log)
	}
	if n := s.live(t); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	s.wantMessages(t, got, "LogoutRequest", "LogoutResponse")
	s.wantAskedAgain(t, p, b)
}

// testLogoutFromThere signs out at the identity provider, which has the browser carry a request to us.
func (s *stage) testLogoutFromThere(t *testing.T, p party) {
	leave := strings.ReplaceAll(p.idp.logout, "{URL}", url.QueryEscape(p.idp.base+"/"))
	b, other := newPlain(t), newPlain(t)
	for _, b := range []plain{b, other} {
		wantSeen(t, s.node, b.signIn(t, p.who, s.node.start(), s.node.home()), seenAs[p.who])
	}
	got := b.visit(t, leave)
	s.wantMessages(t, got, "LogoutRequest", "LogoutResponse")
	if n := s.live(t); n != 1 {
		t.Errorf("%d sessions are left, want the one of the other browser\n%s", n, got.log)
	}
	s.wantSignedOut(t, b)
	if at := other.visit(t, s.baseURL+"/account"); at.URL != s.baseURL+"/account" {
		t.Errorf("the other browser, which has a session of its own there, ends at %s", at.URL)
	}
	other.visit(t, leave)
	if n := s.live(t); n != 0 {
		t.Errorf("%d sessions are left in the end", n)
	}

	// With JavaScript, and with what a browser thinks of pages in frames.
	at := chromium{}.signInThen(t, p.who, s.baseURL+"/login", s.baseURL+"/account", leave, s.baseURL+"/account")
	if !strings.HasPrefix(at.URL, s.baseURL+"/login") || s.live(t) != 0 {
		t.Errorf("chromium is still signed in: %s, %d sessions\n%s", at.URL, s.live(t), at.log)
	}
}

// testLogoutBySOAP gives LemonLDAP::NG metadata of ours in which the only way to end a session is between the servers.
func (s *stage) testLogoutBySOAP(t *testing.T) {
	metadata := get(t, s.baseURL+"/saml/"+globexConnection+"/metadata")
	front := regexp.MustCompile(`<md:SingleLogoutService Binding="[^"]*HTTP-[^"]*"[^>]*(/>|></md:SingleLogoutService>)`)
	if found := front.FindAllString(metadata, -1); len(found) != 2 {
		t.Fatalf("the metadata has %d addresses for logout through the browser, want 2:\n%s", len(found), metadata)
	}
	s.lemonldap.trust(t, front.ReplaceAllString(metadata, ""))
	b := newPlain(t)
	wantSeen(t, s.node, b.signIn(t, carol, s.node.start(), s.node.home()), seenAs[carol])
	got := b.visit(t, s.lemonldap.logout)
	if n := s.live(t); n != 0 {
		t.Errorf("%d sessions are left\n%s", n, got.log)
	}
	s.wantSignedOut(t, b)
}

// live counts the sessions that have not ended.
func (s *stage) live(t *testing.T) int {
	t.Helper()
	return s.count(t, "sessions where ended_at is null")
}

// wantMessages fails the test when a journey did not carry these messages.
func (s *stage) wantMessages(t *testing.T, p page, types ...string) {
	t.Helper()
	for _, want := range types {
		found := false
		for _, m := range p.Messages {
			found = found || m.Type == want
		}
		if !found {
			t.Errorf("no %s was carried\n%s", want, p.log)
		}
	}
}

// wantAskedAgain fails the test when the identity provider lets b in without a password.
func (s *stage) wantAskedAgain(t *testing.T, p party, b plain) {
	t.Helper()
	at := b.visit(t, s.node.start()+"?login_hint="+p.who.email)
	if !strings.HasPrefix(at.URL, p.idp.base) || !strings.Contains(at.Body, `type="password"`) {
		t.Errorf("%s still knows the person: a new sign-in ends at %s\n%s", p.name, at.URL, at.log)
	}
}
