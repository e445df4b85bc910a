package notify_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// to returns a code for one of many numbers in Germany, asked for by a browser.
func to(n int, org sso.OrgID, from string) notify.Message {
	m := code(fmt.Sprintf("+49151%08d", n))
	m.Org = org
	if from != "" {
		m.Address = netip.MustParseAddr(from)
	}
	return m
}

func TestPumpingEndsAtABudget(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		budgets notify.Budgets
		message func(i int) notify.Message // the i-th that the attacker has us send
		other   notify.Message             // of somebody whom that must not concern
	}{
		"of one number, whoever asks": {
			notify.Budgets{PerNumber: 5},
			func(i int) notify.Message {
				return to(1, sso.OrgID(fmt.Sprint("org_", i)), fmt.Sprintf("192.0.%d.1", i))
			},
			to(2, "org_0", "192.0.0.1"),
		},
		"of one organization": {
			notify.Budgets{PerOrg: 5}, func(i int) notify.Message { return to(i, "org_evil", "") }, to(0, "org_acme", ""),
		},
		"of one network": {
			notify.Budgets{PerNetwork: 5}, func(i int) notify.Message { return to(i, "", fmt.Sprintf("192.0.2.%d", i)) }, to(0, "", "198.51.100.1"),
		},
		"of one network by IPv6": {
			notify.Budgets{PerNetwork: 5}, func(i int) notify.Message { return to(i, "", fmt.Sprintf("2001:db8:1:%d::1", i)) }, to(0, "", "2001:db8:2::1"),
		},
		"of one network, IPv4 in IPv6": {
			notify.Budgets{PerNetwork: 5}, func(i int) notify.Message { return to(i, "", fmt.Sprintf("::ffff:192.0.2.%d", i)) }, to(0, "", "::ffff:198.51.100.1"),
		},
		"to one country": {
			notify.Budgets{PerCountry: 5}, func(i int) notify.Message { return to(i, "", "") }, code("+43664123456"),
		},
		"of nobody": {
			notify.Budgets{PerNetwork: 5}, func(int) notify.Message { return to(1, "", "192.0.2.1") }, to(1, "", ""), // an administrator's doing
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEveryEngine(t, func(w *world) {
				w.outbox.SMS = tc.budgets
				for i := range 5 {
					w.enqueue(tc.message(i))
				}
				err := w.try(tc.message(5))
				f := fault.From(err)
				if f == nil || f.Code != "sms_budget" || f.Kind != fault.Exhausted {
					w.Fatalf("the sixth SMS: %v, want sms_budget", err)
				}
				again, err := time.Parse(time.RFC3339, f.Want)
				if err != nil || again.Sub(w.now()) != 12*time.Minute {
					w.Errorf("it says to try again at %q, want in 12 minutes", f.Want)
				}
				w.enqueue(tc.other)
				w.pass(12 * time.Minute)
				w.enqueue(tc.message(6))
				if err := w.try(tc.message(7)); !fault.Is(err, "sms_budget") {
					w.Errorf("after 12 minutes a second one: %v, want sms_budget", err)
				}
			})
		})
	}
}

func TestTotalEndsEverything(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.outbox.SMS = notify.Budgets{Total: 3}
		for i := range 3 {
			w.enqueue(to(i, sso.OrgID(fmt.Sprint("org_", i)), ""))
		}
		if err := w.try(code("+43664123456")); !fault.Is(err, "sms_budget") {
			w.Errorf("the fourth SMS: %v, want sms_budget", err)
		}
		w.enqueue(invitation("bob@acme.example")) // mail costs nothing
	})
}

func TestSMSGoToTheCountriesThatTheOperatorListed(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.outbox.SMS = notify.Budgets{Countries: []string{"AT", "DE", "US"}}
		for _, number := range []string{"+4915123456789", "+43664123456", "+12125552368"} {
			w.enqueue(code(number))
		}
		for _, number := range []string{"+18765550123", "+16045550123", "+2531234567", "+37012345678"} {
			if err := w.try(code(number)); !fault.Is(err, "sms_country") {
				w.Errorf("%s: %v, want sms_country", number, err)
			}
		}
		if n := len(w.pile(store.MessageWaiting)); n != 3 {
			w.Errorf("%d SMS wait, want three", n)
		}
	})
}

func TestRefusedSMSCountsAgainstNothing(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.outbox.SMS = notify.Budgets{PerNumber: 1, PerCountry: 3}
		w.enqueue(to(1, "", ""))
		for range 10 {
			if err := w.try(to(1, "", "")); !fault.Is(err, "sms_budget") {
				w.Fatalf("a second SMS to one number: %v, want sms_budget", err)
			}
		}
		w.enqueue(to(2, "", "")) // the country has two left
		w.enqueue(to(3, "", ""))
	})
}

// Many nodes at once do not spend more than there is.
func TestBudgetHoldsInARace(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.outbox.SMS = notify.Budgets{PerNumber: 5}
		var taken atomic.Int64
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				err := w.try(to(1, "", ""))
				switch {
				case err == nil:
					taken.Add(1)
				case !fault.Is(err, "sms_budget"):
					w.Errorf("Enqueue() = %v, want sms_budget", err)
				}
			})
		}
		all.Wait()
		if taken.Load() != 5 || len(w.pileOf(store.MessageWaiting)) != 5 {
			w.Errorf("%d of 12 SMS were taken and %d wait, want five", taken.Load(), len(w.pileOf(store.MessageWaiting)))
		}
	})
}

func (w *world) pileOf(state store.MessageState) (all []store.OutboxMessage) {
	w.Helper()
	err := w.db.Read(context.Background(), func(r *store.Reader) (err error) {
		all, err = r.Messages(w.Context(), state, store.MessageCursor{}, 1000)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}
