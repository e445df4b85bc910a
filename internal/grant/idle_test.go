package grant_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// An app is told when a session has lain idle for too long, and not when it
// would have expired.
func TestAppsAreToldOfIdleSessionsInTime(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		t := h.T
		l := h.withBackChannel()
		tokens, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			t.Fatal(err)
		}
		looks := func(want int) {
			t.Helper()
			if n, err := h.EndIdle(t.Context()); n != 0 || err != nil {
				t.Fatalf("EndIdle() = %d, %v", n, err)
			}
			h.tells()
			sent := l.tokens(t, atLogout)
			if len(sent) != want {
				t.Fatalf("%d logout tokens, want %d", len(sent), want)
			}
			for _, s := range sent {
				if got := payload(t, s); got["sid"] != payload(t, tokens.IDToken)["sid"] {
					t.Errorf("it is about %v", got)
				}
			}
		}
		h.wait(sso.SessionIdle - time.Minute)
		looks(0)
		h.wait(time.Minute)
		looks(1)
		looks(0)
	})
}
