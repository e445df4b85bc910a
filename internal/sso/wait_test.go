package sso_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestARelayStateLeadsBackToItsRequest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := sso.Attempt{ID: sso.NewAttemptID(now)}
	first := a.Await(sso.Wait{Request: "first"})
	second := a.Await(sso.Wait{Request: "second"})
	for relay, want := range map[string]string{first.Reveal(): "first", second.Reveal(): "second"} {
		if w := a.Awaited(relay); w == nil || w.Request != want {
			t.Errorf("Awaited(%q) = %+v, want the %s request", relay, w, want)
		}
		if got := sso.RelayedAttempt(relay); got != a.ID {
			t.Errorf("RelayedAttempt(%q) = %s, want %s", relay, got, a.ID)
		}
		if len(relay) > 80 {
			t.Errorf("the RelayState has %d octets, more than SAML allows", len(relay))
		}
	}
	for _, relay := range []string{"", ".", string(a.ID), string(a.ID) + ".", first.Reveal() + "x", first.Reveal()[:40]} {
		if w := a.Awaited(relay); w != nil {
			t.Errorf("Awaited(%q) = %+v, want none", relay, w)
		}
	}
	for _, relay := range []string{"", string(a.ID), "portal", string(a.ID) + "." + strings.Repeat("x", 80)} {
		if got := sso.RelayedAttempt(relay); got != "" {
			t.Errorf("RelayedAttempt(%.40q) = %s, want none", relay, got)
		}
	}
	// Whoever begins again and again fills no row.
	for range 20 {
		a.Await(sso.Wait{Request: "later"})
	}
	if len(a.Waits) != 8 || a.Awaited(first.Reveal()) != nil {
		t.Errorf("%d requests are out, want the latest 8", len(a.Waits))
	}
}
