package ops_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ops"
)

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	var failing error
	h := &ops.Handler{Checks: []ops.Check{
		{Name: "keys", Probe: func(context.Context) error { return nil }},
		{Name: "database", Probe: func(context.Context) error { return failing }},
	}}
	var log strings.Builder
	rt, err := web.New(web.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, h.Routes())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	if w := ask("/readyz"); w.Code != 200 || w.Body.String() != `{"status":"ready"}` {
		t.Errorf("readyz: %d %s, want ready", w.Code, w.Body)
	}
	failing = errors.New("dial tcp 10.0.0.5:5432: refused")
	w := ask("/readyz")
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"error":"not_ready"`) || strings.Contains(w.Body.String(), "10.0.0.5") {
		t.Errorf("readyz without a database: %d %s, want 503 and no addresses", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "checking database: dial tcp 10.0.0.5:5432: refused") {
		t.Errorf("the log does not say why:\n%s", log.String())
	}
	if w := ask("/healthz"); w.Code != 200 || w.Body.String() != `{"status":"ok"}` {
		t.Errorf("healthz without a database: %d %s, want ok", w.Code, w.Body)
	}
	if w := ask("/login"); w.Code != 404 {
		t.Errorf("the operations listener answers /login with %d", w.Code)
	}
}

func TestRouteTable(t *testing.T) {
	t.Parallel()
	const want = "ops              GET    /healthz\nops              GET    /readyz\n"
	if diff := cmp.Diff(want, web.Table((&ops.Handler{}).Routes())); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}
