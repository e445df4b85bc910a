package events_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// export returns the file that somebody gets.
func (h *house) export(who *events.Who, x events.Excerpt) string {
	h.Helper()
	var b bytes.Buffer
	must(h.T, "Export()", h.Export(h.Context(), who, x, &b))
	return b.String()
}

// Each line of JSON can be checked with nothing but itself, and each names the
// hash of the one before.
func TestExportedLinesCanBeCheckedElsewhere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.record(h.rival.ID, "user.created", "usr_z")
		const n = 120 // more than one read
		for range n {
			h.record(h.acme.ID, "user.changed", "<usr> & \u2028")
		}
		h.seal()
		hashed := regexp.MustCompile(`^(\{.*),"hash":"([0-9a-f]{64})"\}$`)
		lines := strings.Split(strings.TrimSuffix(h.export(h.acmes(), events.Excerpt{Format: events.JSONLines}), "\n"), "\n")
		if len(lines) != n+1 || !strings.Contains(lines[0], "events.exported") {
			t.Fatalf("%d lines, want %d and that of the export itself: %s", len(lines), n, lines[0])
		}
		next := ""
		for _, line := range lines[1:] {
			m := hashed.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s has no hash at its end", line)
			}
			sum := sha256.Sum256([]byte(m[1] + "}"))
			if hex.EncodeToString(sum[:]) != m[2] {
				t.Errorf("%s does not fit its hash", line)
			}
			var e struct{ Previous, Action string }
			must(t, "a line", json.Unmarshal([]byte(line), &e))
			if next != "" && next != m[2] || e.Action != "user.changed" {
				t.Errorf("%s is not what the line after it follows", line)
			}
			next = e.Previous
		}
	})
}

// Whatever somebody calls themselves, no spreadsheet takes it for a formula.
func TestExportedCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		attack := "=HYPERLINK(\"https://evil.example\")"
		h.write(func(tx *store.Writer) error {
			return tx.Record(h.Context(), sso.Event{
				Org: h.acme.ID, At: h.now(), Actor: attack, UserAgent: "+cmd|' /C calc'!A0", Action: "key.promoted", Target: "@SUM(1)", Detail: map[string]string{"note": "b"},
				Changes: []sso.Change{{Field: "=x", From: "next", To: "current"}},
			})
		})
		rows, err := csv.NewReader(strings.NewReader(h.export(h.vendors(), events.Excerpt{Format: events.CSV, Key: "acme", Query: events.EventQuery{Noun: "key"}}))).ReadAll()
		must(t, "reading the file", err)
		if len(rows) != 2 {
			t.Fatalf("%d rows, want the head and the event", len(rows))
		}
		for _, cell := range rows[1] {
			if strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@") {
				t.Errorf("the cell %q is a formula", cell)
			}
		}
		if rows[1][4] != "'"+attack || rows[1][10] != "note: b" || !strings.Contains(rows[1][11], `"next" → "current"`) {
			t.Errorf("the row is %q", rows[1])
		}
	})
}

// An export is of what somebody may see, and is written down before its first
// line.
func TestNobodyExportsAnotherOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.record(h.rival.ID, "user.created", "usr_z")
		h.record("", "key.made", "key_1")
		var b bytes.Buffer
		x := events.Excerpt{Format: events.CSV, Key: "rival"}
		refused(t, "the rival's list, by an owner as the vendor", h.Export(h.Context(), &events.Who{By: h.owner}, x, &b), "operator_role")
		refused(t, "the whole list, by support", h.Export(h.Context(), &events.Who{By: h.support}, events.Excerpt{Format: events.CSV}, &b), "operator_role")
		refused(t, "the list of nobody", h.Export(h.Context(), h.vendors(), events.Excerpt{Format: events.CSV, Key: "none"}, &b), "organization_unknown")
		if err := h.Export(h.Context(), &events.Who{By: h.owner, Org: h.rival.ID}, x, &b); err == nil {
			t.Error("the owner of Acme exports the rival's list")
		}
		if b.Len() != 0 {
			t.Errorf("a refused export has written %q", b.String())
		}
		if got := h.export(h.acmes(), x); strings.Contains(got, "usr_z") || !strings.Contains(got, "events.exported") {
			t.Errorf("with the rival's key, Acme's owner gets %s", got)
		}
		if got := h.export(h.vendors(), events.Excerpt{Format: events.CSV}); !strings.Contains(got, "usr_z") || !strings.Contains(got, "key_1") {
			t.Errorf("the vendor gets %s", got)
		}
		full := errors.New("the disk is full")
		if err := h.Export(h.Context(), h.vendors(), events.Excerpt{Format: events.JSONLines}, failing{full}); !errors.Is(err, full) {
			t.Errorf("Export() = %v, want %v", err, full)
		}
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
