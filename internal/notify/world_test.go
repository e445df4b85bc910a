package notify_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parseHTML(t *testing.T, html string) *mailtest.Mail {
	t.Helper()
	return &mailtest.Mail{HTML: html}
}

// world is a database with an outbox, and a clock that the test moves.
type world struct {
	*testing.T
	db     *store.DB
	sealer *secret.Sealer
	clock  atomic.Int64
	outbox *notify.Outbox
	log    *bytes.Buffer
	logger *slog.Logger
}

func (w *world) now() time.Time       { return time.UnixMicro(w.clock.Load()).UTC() }
func (w *world) pass(d time.Duration) { w.clock.Add(d.Microseconds()) }

// onEveryEngine runs a test on each engine.
func onEveryEngine(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				t.Fatal(err)
			}
			w := &world{T: t, db: engine.Open(t), sealer: sealer, log: &bytes.Buffer{}}
			w.clock.Store(testTime.UnixMicro())
			w.logger = slog.New(slog.NewTextHandler(&locked{w: w.log}, nil))
			w.outbox = &notify.Outbox{Sealer: sealer, Now: w.now}
			test(w)
		})
	}
}

// locked is a writer for many.
type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) courier(carriers map[notify.Channel]notify.Carrier) *notify.Courier {
	w.Helper()
	writer, err := notify.NewWriter("Vendor", baseURL)
	if err != nil {
		w.Fatal(err)
	}
	return &notify.Courier{DB: w.db, Sealer: w.sealer, Writer: writer, Carriers: carriers, Now: w.now, Log: w.logger}
}

func (w *world) enqueue(m notify.Message) {
	w.Helper()
	if err := w.try(m); err != nil {
		w.Fatalf("Enqueue() = %v", err)
	}
}

func (w *world) try(m notify.Message) error {
	return w.db.Write(w.Context(), func(tx *store.Writer) error { return w.outbox.Enqueue(w.Context(), tx, m) })
}

// deliver delivers all that is due.
func (w *world) deliver(c *notify.Courier, channel notify.Channel) {
	w.Helper()
	for {
		n, err := c.Deliver(w.Context(), channel)
		if err != nil {
			w.Fatalf("Deliver() = %v", err)
		}
		if n == 0 {
			return
		}
	}
}

// pile returns the messages in a state by their recipients.
func (w *world) pile(state store.MessageState) map[string]store.OutboxMessage {
	w.Helper()
	got := map[string]store.OutboxMessage{}
	err := w.db.Read(w.Context(), func(r *store.Reader) error {
		all, err := r.Messages(w.Context(), state, store.MessageCursor{}, 1000)
		for _, m := range all {
			got[m.To] = m
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return got
}

// carrierFunc is a carrier made of what becomes of one letter.
type carrierFunc func(ctx context.Context, l notify.Letter) (string, error)

func (f carrierFunc) Carry(ctx context.Context, letters []notify.Letter, report func(int, string, error)) {
	for i, l := range letters {
		id, err := f(ctx, l)
		report(i, id, err)
	}
}

// operator is who looks after messages.
func operator() sso.By {
	return sso.By{Person: sso.Person{User: sso.User{ID: "usr_operator"}, Org: sso.Organization{ID: "org_operators"}}, Address: "192.0.2.9"}
}
