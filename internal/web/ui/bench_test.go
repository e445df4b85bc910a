package ui

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func BenchmarkRender(b *testing.B) {
	u, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/login", nil)
	r.Header.Set("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")
	b.ReportAllocs()
	for b.Loop() {
		if err := u.Render(httptest.NewRecorder(), r, http.StatusOK, Switch{Action: "/login/switch", Stay: "/account", Now: "Ada", Next: "Moe"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNew is what the pages cost every start of the program.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
