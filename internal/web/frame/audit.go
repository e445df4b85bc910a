package frame

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// How much of what has changed a list shows. All of it stands in an export.
const (
	toldChanges = 8
	toldValue   = 60 // characters
)

// Told is what a line of the audit list says beside who did what to whom: what
// was before and after, and all else.
func Told(e *sso.Event) string {
	var parts []string
	for i, c := range e.Changes {
		if i == toldChanges {
			parts = append(parts, "+"+strconv.Itoa(len(e.Changes)-i))
			break
		}
		parts = append(parts, c.Field+": "+changed(sso.Change{From: shortened(c.From), To: shortened(c.To)}))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if e.Detail[name] != "" {
			parts = append(parts, name+": "+e.Detail[name])
		}
	}
	return strings.Join(parts, " · ")
}

func shortened(s string) string {
	if all := []rune(s); len(all) > toldValue {
		return string(all[:toldValue]) + "…"
	}
	return s
}

func changed(c sso.Change) string {
	switch {
	case c.From == "":
		return c.To
	case c.To == "":
		return c.From + " → –"
	default:
		return c.From + " → " + c.To
	}
}
