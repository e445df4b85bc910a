package events

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/web"
)

// exportPath is the audit list as a file, behind either prefix.
const exportPath = "/audit/export."

// formats are the media types of the files, by their formats.
func formats() map[events.Format]string {
	return map[events.Format]string{events.CSV: "text/csv; charset=utf-8", events.JSONLines: "application/jsonl; charset=utf-8"}
}

// export returns a handler of GET …/audit/export.{format}.
func (h *Handler) export(format events.Format) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		q := r.URL.Query()
		x := events.Excerpt{Format: format, Query: events.EventQuery{Noun: q.Get("about"), Actor: q.Get("actor"), Target: q.Get("target")}}
		x.Query.From, _ = time.Parse(time.RFC3339, q.Get("from")) // none is since ever
		name := "audit"
		if len(v.line) == 0 {
			x.Key = q.Get("organization")
		} else {
			name = v.line[len(v.line)-1].Key + "-audit"
		}
		out := &web.Download{To: w, Name: strings.Map(plain, name) + "." + string(format), Type: formats()[format]}
		return out.End(h.Flow.Export(r.Context(), &v.who, x, out))
	}
}

// plain keeps what needs no escaping in the name of a file.
func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
		return r
	}
	return -1
}
