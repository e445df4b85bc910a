package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// How much of what has changed a list shows. All of it stands in an export.
const (
	toldChanges = 8
	toldValue   = 60 // characters
)

// Did is what a line of the audit list says that was done.
func Did(e *sso.Event) ui.Text {
	if slices.Contains(sso.EventTypes(), e.Action) {
		return ui.Say("did_" + strings.ReplaceAll(e.Action, ".", "_"))
	}
	return ui.As(e.Action) // of a release that is no more
}

// Actor is who a line of the audit list says it was, where that is not a person,
// a program or the holder of a link.
func Actor(name string) ui.Text {
	if slices.Contains(actors(), name) {
		return ui.Say("actor_" + name)
	}
	return ui.As(name)
}

// actors are those who have no identifier.
func actors() []string {
	return []string{"domain-check", "inactivity", "operator", sso.RolloverActor, "sign-in", "single-logout", "watch", "webhooks"}
}

// Told is what a line of the audit list says beside who did what to whom: what
// was before and after, and all else.
func Told(e *sso.Event) ui.Text {
	var parts []ui.Text
	for i, c := range e.Changes {
		if i == toldChanges {
			parts = append(parts, ui.As("+"+strconv.Itoa(len(e.Changes)-i)))
			break
		}
		if t := changed(e, c); !t.IsZero() {
			parts = append(parts, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if e.Detail[name] != "" && !e.ToldAlready(name) {
			parts = append(parts, ui.Texts(fieldName(name), ui.As(": "), detail(e, name)))
		}
	}
	return ui.Between(" · ", parts...)
}

// changed says a change; nothing where what was nothing is nothing.
func changed(e *sso.Event, c sso.Change) ui.Text {
	name, field := fieldName(c.Field), sso.EventField(c.Field)
	if _, known := sso.EventFields()[field]; !known && e.Noun() == "key" {
		name, field = ui.Texts(fieldName(sso.KeyField), ui.As(" "+c.Field)), sso.KeyField
	}
	from, to := valueOf(field, c.From), valueOf(field, c.To)
	switch {
	case from.IsZero() && to.IsZero():
		return ui.Text{}
	case from.IsZero():
		return ui.Texts(name, ui.As(": "), to)
	case to.IsZero():
		to = ui.As("–")
	}
	return ui.Texts(name, ui.As(": "), from, ui.As(" → "), to)
}

// fieldName is what a setting is called.
func fieldName(name string) ui.Text {
	if field := sso.EventField(name); known(field) {
		return ui.Say("audited_" + field)
	}
	return ui.As(name)
}

func known(field string) bool {
	_, ok := sso.EventFields()[field]
	return ok
}

// detail says what stands beside an event.
func detail(e *sso.Event, name string) ui.Text {
	value := e.Detail[name]
	switch name {
	case "changed", "fields": // names of settings
		var all []ui.Text
		for _, field := range strings.Split(value, ", ") {
			all = append(all, fieldName(field))
		}
		return ui.Between(", ", all...)
	case "why":
		return reason(value)
	}
	return valueOf(name, value)
}

// reason says why somebody has a role.
func reason(text string) ui.Text {
	why, ok := sso.ParseRoleReason(text)
	if !ok {
		return ui.As(text)
	}
	return ui.Texts(Role(why.Role), ui.As(": "), Why(&why))
}

// valueOf says a value of a setting; nothing for what is empty.
func valueOf(field, value string) ui.Text {
	var all []ui.Text
	said := 0
	for _, v := range elements(field, value) {
		if said > toldValue {
			all = append(all, ui.As("…"))
			break
		}
		said += len(v)
		all = append(all, wordOf(field, shortened(v)))
	}
	return ui.Between(", ", all...)
}

// elements returns what a value consists of: one thing, or those of a list, as
// JSON, as YAML in one line, or, of words of ours, as such.
func elements(field, value string) []string {
	switch {
	case slices.Contains([]string{"", "null", "[]", "{}"}, value):
		return nil
	case strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{"):
		if all, ok := scalars(value); ok {
			return all
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	}
	if words := sso.EventFields()[field]; len(words) > 0 && !slices.Contains(words, value) {
		return strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
	}
	return []string{value}
}

// scalars returns all that is in a JSON text and no name there.
func scalars(text string) ([]string, bool) {
	d := json.NewDecoder(bytes.NewBufferString(text))
	d.UseNumber()
	var all []string
	var within []json.Delim // the lists and objects that are open
	name := false           // a name comes next
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, true
		}
		if err != nil {
			return nil, false
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				within = append(within, t)
			} else {
				within = within[:len(within)-1]
			}
			name = len(within) > 0 && within[len(within)-1] == '{'
			continue
		case string:
			if name {
				name = false
				continue
			}
			if t != "" {
				all = append(all, t)
			}
		case json.Number:
			all = append(all, t.String())
		case bool:
			all = append(all, strconv.FormatBool(t))
		}
		name = len(within) > 0 && within[len(within)-1] == '{'
	}
}

// wordOf says one value: by its word, where it has one, an instant and a span of
// time as people write them, and anything else as it is.
func wordOf(field, value string) ui.Text {
	switch {
	case slices.Contains([]string{"role", "defaults.role", "allowed_roles"}, field):
		return Role(sso.Role(value))
	case slices.Contains(sso.EventFields()[field], value):
		return ui.Say("valued_" + strings.ReplaceAll(value, " ", "_"))
	case slices.Contains([]string{"inactive_after", "session_idle", "session_life"}, field):
		if n, err := strconv.Atoi(value); err == nil {
			return span(n)
		}
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return ui.At(at)
	}
	return ui.As(value)
}

// span says how long so many seconds are.
func span(n int) ui.Text {
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case n%day == 0:
		return ui.Count("span_days", n/day)
	case n%hour == 0:
		return ui.Count("span_hours", n/hour)
	case n%minute == 0:
		return ui.Count("span_minutes", n/minute)
	}
	return ui.Count("span_seconds", n)
}

func shortened(s string) string {
	if all := []rune(s); len(all) > toldValue {
		return string(all[:toldValue]) + "…"
	}
	return s
}
