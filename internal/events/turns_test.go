package events_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// As many receivers as a node has workers take their time with each event, and
// all that they do is in order. Whoever is due meanwhile is told as soon as the
// first turn ends, and the slow ones get the rest in theirs.
func TestSlowReceiversTakeTurnsWithTheOthers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		const (
			slowOnes  = 8               // workers of a node
			slowness  = 7 * time.Second // by the clock of the house, of which three fill a turn
			eventsFor = 6               // each
			inATurn   = 3
		)
		told := make(chan struct{}) // the receiver that answers at once
		tell := sync.OnceFunc(func() { close(told) })
		quick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			tell() // for it, too, an event may come again
			w.WriteHeader(http.StatusNoContent)
		}))
		t.Cleanup(quick.Close)
		h.hookAt(h.rivals(), quick.URL)

		var busy sync.WaitGroup // until every worker has one of the slow ones
		busy.Add(slowOnes)
		var late sync.Once
		var stuck atomic.Bool
		counts, met := make([]atomic.Int64, slowOnes), make([]sync.Map, slowOnes)
		for i := range slowOnes {
			slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// All of them move the clock, by which a turn may end while its answer is
				// on the way: then an event comes again, under its ID.
				if _, again := met[i].LoadOrStore(r.Header.Get("webhook-id"), true); again {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				n := counts[i].Add(1)
				if n == 1 {
					busy.Done()
					busy.Wait()
					late.Do(func() {
						h.record(h.rival.ID, "user.changed", "usr_x")
						h.seal()
					})
				}
				if n > inATurn {
					select {
					case <-told:
					case <-r.Context().Done():
						stuck.Store(true)
					}
				}
				h.pass(slowness)
				w.WriteHeader(http.StatusNoContent)
			}))
			t.Cleanup(slow.Close)
			org := h.addOrg("slow-"+strconv.Itoa(i), nil) // of one, only two are served at the same time
			by := h.add(&org, "owner", sso.RoleOwner)
			h.seal()
			h.hookAt(&events.Who{By: by, Org: org.ID}, slow.URL)
			for range eventsFor {
				h.record(org.ID, "user.changed", "usr_x")
			}
		}
		h.deliver()
		if stuck.Load() {
			t.Error("a slow receiver was called beyond its turn while another one waited")
		}
		select {
		case <-told:
		default:
			t.Error("the receiver that was due meanwhile was told nothing")
		}
		for i := range counts {
			if n := counts[i].Load(); n != eventsFor {
				t.Errorf("slow receiver %d got %d events, want %d", i, n, eventsFor)
			}
		}
	})
}

// One receiver takes its time, and nothing else was due when it was called. Whoever
// is due meanwhile is told meanwhile.
func TestASlowReceiverKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		told := make(chan struct{})
		quick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(told)
			w.WriteHeader(http.StatusNoContent)
		}))
		t.Cleanup(quick.Close)
		h.hookAt(h.rivals(), quick.URL)
		slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.record(h.rival.ID, "user.changed", "usr_x")
			h.seal()
			select {
			case <-told:
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusNoContent)
		}))
		t.Cleanup(slow.Close)
		hook, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: slow.URL, Types: []string{"user.*"}})
		must(h.T, "CreateWebhook()", err)
		h.record(h.acme.ID, "user.changed", "usr_x")
		h.deliver()
		if d := h.log(h.acmes(), hook.ID).Deliveries; len(d) != 1 || d[0].State != sso.DeliveryDelivered {
			t.Errorf("the other receiver waited for the slow one, which waited for it: %+v", d)
		}
	})
}

// hookAt makes a webhook at a receiver that is told of users.
func (h *house) hookAt(who *events.Who, url string) {
	h.Helper()
	if _, _, err := h.CreateWebhook(h.Context(), who, events.Draft{URL: url, Note: "test", Types: []string{"user.*"}}); err != nil {
		h.Fatalf("CreateWebhook() = %v", err)
	}
}

// What one worker did not expect is a failure of the job. It ends neither the
// program nor the turns of the others.
func TestAWorkerThatPanicsEndsNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
		t.Cleanup(at.Close)
		h.hookAt(h.rivals(), at.URL)
		h.record(h.rival.ID, "user.changed", "usr_x")
		h.seal()
		var asked atomic.Int64
		now := h.Service.Now
		h.Service.Now = func() time.Time {
			if asked.Add(1) == 2 { // the first looks whether anything is due
				panic("a row that nobody thought of")
			}
			return now()
		}
		_, err := h.Deliver(h.Context())
		if _, panicked := errors.AsType[*fault.PanicError](err); !panicked {
			h.Fatalf("Deliver() = %v, want what a worker has panicked with", err)
		}
		h.Service.Now = now
		h.deliver()
	})
}
