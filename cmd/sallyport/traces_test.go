package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/store"
)

func TestWhatIsKeptOfSignInsIsConfigured(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	c := tracesConfig{TracesDays: 30, MessagesDays: 90, MessagesKept: "all"}
	if got, want := c.retention(), (store.Retention{Traces: 30 * day, Messages: 30 * day}); got != want || c.kept() != signin.KeepAll {
		t.Errorf("kept %+v, %q, want %+v: no message outlives its trace", got, c.kept(), want)
	}
	if c.MessagesKept = "refused"; c.kept() != signin.KeepRefused {
		t.Errorf("kept %q", c.kept())
	}
	for _, flags := range [][]string{{"--traces-days", "0"}, {"--messages-days", "3651"}, {"--messages-kept", "some"}} {
		var out, complaint strings.Builder
		argv := append([]string{"serve", "--base-url", "http://127.0.0.1:1", "--database", "sqlite:" + t.TempDir() + "/x.db"}, flags...)
		if status := run(t.Context(), argv, streams{strings.NewReader(""), &out, &complaint}); status == 0 || !strings.Contains(complaint.String(), flags[0]) {
			t.Errorf("%v: status %d, %q", flags, status, complaint.String())
		}
	}
}
