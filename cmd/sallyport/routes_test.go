package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/webtest"
)

// testServer returns a server on a database of its own, as serve makes it.
func testServer(t *testing.T) *server {
	t.Helper()
	return serverBy(t, newServer)
}

// serverBy is testServer for one that is made otherwise: an idle one asks the
// database for nothing by itself.
func serverBy(t *testing.T, start func(context.Context, serverConfig) (*server, error)) *server {
	t.Helper()
	s, err := start(t.Context(), serverConfig{
		database: database{Database: "sqlite:" + filepath.Join(t.TempDir(), "x.db")}, baseURL: "https://sso.example",
		dns: dnsproof.Resolver{Server: "127.0.0.1:1"}, // nobody answers there
		log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// Who may ask for what is read here, and reviewed when it changes.
func TestWhoMayAskForWhat(t *testing.T) {
	t.Parallel()
	s := testServer(t)
	for name, got := range map[string]string{"public.txt": s.public.Table(), "ops.txt": s.ops.Table()} {
		path := filepath.Join("testdata", "routes", name)
		if webtest.Update() {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// In a browser that was left signed in, nothing is lost for good and no power is
// given away. A group has nothing but its members, which a list brings back; of a
// connection the flow asks by whom people came.
func TestWhatIsGoneForGoodWantsAProof(t *testing.T) {
	t.Parallel()
	flow := []string{"/console/groups/{group}/delete", "/console/sso/{connection}/delete"}
	more := []string{"/operator/keys/turn", "/operator/organizations/{key}/domains/{domain}/vouch", "/operator/organizations/{key}/parent"}
	found := 0
	for _, r := range routeTable(t) {
		if r.access == "setup-link" || slices.Contains(flow, r.path) || !strings.HasSuffix(r.path, "/delete") && !slices.Contains(more, r.path) {
			continue
		}
		found++
		if (r.access == "console" || r.access == "operator") && !strings.Contains(r.more, "(fresh)") {
			t.Errorf("%s %s is asked of who has proved themselves long ago", r.method, r.path)
		}
	}
	if found < 12 {
		t.Errorf("%d routes were found in the table", found)
	}
}
