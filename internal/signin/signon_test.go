package signin_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// Who mistypes the address of an organization is told so. Who goes through a list
// of names is told of thirty, also where all are asked at once, and from then on
// nothing: neither that there is none nor that there is one.
func TestNobodyGoesThroughTheKeysOfOrganizations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for range 40 { // a whole customer may come at nine
			if a, d, err := w.SignOn(t.Context(), w.browser, "acme"); err != nil || d == nil || a.Next() != sso.StepSSO {
				t.Fatalf("SignOn(acme) = %v, %v, %v", a.Next(), d, err)
			}
		}
		var all sync.WaitGroup
		var told, later atomic.Int64
		ask := func(i int) {
			_, _, err := w.SignOn(t.Context(), w.browser, fmt.Sprintf("customer-%d", i))
			if i%2 == 1 {
				_, err = w.GoOn(t.Context(), w.browser, fmt.Sprintf("customer-%d", i))
			}
			switch {
			case fault.Is(err, "organization_unknown"):
				told.Add(1)
			case fault.Is(err, "try_later"):
				later.Add(1)
			default:
				t.Errorf("SignOn() = %v", err)
			}
		}
		for i := range 36 {
			all.Go(func() { ask(i) })
		}
		all.Wait()
		if got := told.Load(); got > 30 {
			t.Errorf("it is told of %d keys that there are none, want 30 at most", got)
		}
		for i := range 30 {
			ask(i)
		}
		if later.Load() == 0 {
			t.Fatal("it is told of any number of keys")
		}
		refused := func(what string, err error) {
			t.Helper()
			if !fault.Is(err, "try_later") {
				t.Errorf("%s: %v, want try_later", what, err)
			}
		}
		for _, key := range []string{"acme", "plain", "customer-0"} {
			_, _, err := w.SignOn(t.Context(), w.browser, key)
			refused(key, err)
			_, err = w.GoOn(t.Context(), w.browser, key)
			refused(key+", signed in", err)
		}
		if a, err := w.Identify(t.Context(), w.browser, "", "bob@acme.example", ""); err != nil || a.Next() != sso.StepSSO {
			t.Errorf("by their address: %v, %v", a.Next(), err)
		}
		elsewhere := w.browser
		elsewhere.Address = netip.MustParseAddr("198.51.100.7")
		if _, _, err := w.SignOn(t.Context(), elsewhere, "acme"); err != nil {
			t.Errorf("from another network: %v", err)
		}
		w.now = w.now.Add(20 * time.Second)
		if _, _, err := w.SignOn(t.Context(), w.browser, "acme"); err != nil {
			t.Errorf("after a while: %v", err)
		}
	})
}
