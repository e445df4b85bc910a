package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// listsCmd asks for every page that somebody who is signed in can look at, and
// fails where one takes too long.
type listsCmd struct {
	database
	Limit  time.Duration `default:"50ms" help:"How long a page may take."`
	Rounds int           `default:"7" help:"How often each page is asked for, after a first time that is shown and does not count."`
	Only   string        `placeholder:"TEXT" help:"Ask only for pages with this in their line."`
}

// listsBase is the base URL of the server that is measured, which has no
// listener.
const listsBase = "https://sso.example"

// Run asks.
func (c *listsCmd) Run(ctx context.Context, out streams) error {
	if c.Rounds < 1 {
		return errors.New("--rounds: at least 1")
	}
	s, err := idleServer(ctx, serverConfig{database: c.database, baseURL: listsBase, name: "Sallyport", log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer s.close()
	stage, err := newStage(ctx, s)
	if err != nil {
		return err
	}
	questions, err := stage.questions()
	if err != nil {
		return err
	}
	const line = "%8s %8s %8s %8s %8s  %4s  %s\n"
	if _, err := fmt.Fprintf(out.Out, line, "first", "median", "worst", "CPU", "worst", "", "who and what; milliseconds"); err != nil {
		return err
	}
	asked, slow := 0, 0
	for _, q := range questions {
		if !strings.Contains(q.String(), c.Only) {
			continue
		}
		cost, err := c.measure(ctx, s.public, &q)
		if err != nil {
			return err
		}
		mark := ""
		if asked++; cost.worst > c.Limit {
			slow++
			mark = "SLOW"
		}
		if _, err := fmt.Fprintf(out.Out, line, millis(cost.first), millis(cost.median), millis(cost.worst), millis(cost.cpu), millis(cost.worstCPU), mark, q); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(out.Out, "%s: %d pages, %d of them above %v\n", s.db.Engine(), asked, slow, c.Limit); err != nil {
		return err
	}
	if slow > 0 {
		return &exitError{status: exitFailed}
	}
	return nil
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

// question is a page that somebody asks for.
type question struct {
	who   string // "large", …
	token secret.Token
	path  string
}

// String is its line in the report.
func (q question) String() string { return q.who + " " + q.path }

// cost is how long a page takes: the whole answer, or its first octet where it
// is a file.
type cost struct{ first, median, worst, cpu, worstCPU time.Duration }

func (c *listsCmd) measure(ctx context.Context, h http.Handler, q *question) (cost, error) {
	var took, cpu []time.Duration
	for range 1 + c.Rounds {
		before := cpuTime()
		t, err := ask(ctx, h, q)
		if err != nil {
			return cost{}, err
		}
		took, cpu = append(took, t), append(cpu, cpuTime()-before)
	}
	all := cost{first: took[0]}
	took, cpu = took[1:], cpu[1:]
	slices.Sort(took)
	slices.Sort(cpu)
	last := len(took) - 1
	all.median, all.worst, all.cpu, all.worstCPU = took[last/2], took[last], cpu[last/2], cpu[last]
	return all, nil
}

// ask asks for a page and returns how long that took. Whatever is no page is
// an error.
func ask(ctx context.Context, h http.Handler, q *question) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listsBase+q.path, http.NoBody)
	if err != nil {
		return 0, err
	}
	r.RemoteAddr = "192.0.2.1:1"
	r.Header.Set("Cookie", "__Host-sallyport-session="+q.token.Reveal())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := &answer{header: http.Header{}, status: http.StatusOK}
	began := time.Now()
	h.ServeHTTP(w, r)
	took := time.Since(began)
	if w.status != http.StatusOK {
		return 0, fmt.Errorf("%s: status %d, location %q: %s", q, w.status, w.header.Get("Location"), w.body.String())
	}
	if strings.HasPrefix(w.header.Get("Content-Type"), "text/csv") {
		took = w.first.Sub(began)
	}
	return took, nil
}

// answer keeps what a handler answers, and when the first of it came.
type answer struct {
	header http.Header
	status int
	first  time.Time
	body   bytes.Buffer
}

var _ interface {
	http.ResponseWriter
	io.Writer
	http.Flusher
} = (*answer)(nil)

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	if a.first.IsZero() {
		a.first = time.Now()
	}
	return a.body.Write(b)
}

// Flush implements [http.Flusher].
func (a *answer) Flush() {}
