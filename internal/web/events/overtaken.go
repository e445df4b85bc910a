package events

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// versionField carries the version that a form was made of.
func versionField(version int64) []ui.Hidden {
	return []ui.Hidden{{Name: "version", Value: strconv.FormatInt(version, 10)}}
}

// noVersion is that of no thing.
const noVersion = -1

// versionIn returns the version that a form was made of. One that says none was
// made of none that there is: to flows, 0 would be whichever there is.
func versionIn(f url.Values) int64 {
	n, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || n < 1 {
		return noVersion
	}
	return n
}

// overtaken tells above a form that somebody else was quicker, and what is
// stored now in place of what was typed, which stays in the fields. The form
// then is one of the version that is stored: to save it once more is meant.
func overtaken(fields ...differing) *ui.Notice {
	n := &ui.Notice{State: ui.Warn, Title: ui.Say("overtaken"), Text: ui.Problem("connection_changed")}
	for _, f := range fields {
		if f.Typed != f.Stored {
			stored := f.Shown
			if stored.IsZero() {
				stored = ui.Say("nothing")
			}
			n.Points = append(n.Points, ui.Texts(ui.Say("overtaken_now"), ui.As(" "), f.Name, ui.As(": "), stored))
		}
	}
	return n
}

// notSwitched tells who wanted to switch what somebody else has changed
// meanwhile.
func notSwitched() ui.Notice {
	return ui.Notice{State: ui.Warn, Title: ui.Say("overtaken"), Text: ui.Say("overtaken_switch")}
}

// differing is a field of a form that may hold something else than is stored.
type differing struct {
	Name          ui.Text
	Typed, Stored string
	Shown         ui.Text // what is stored
}

// maxStored is how much is shown of what is stored, in characters.
const maxStored = 200

// line is the field of a text.
func line(name, typed, stored string) differing {
	even := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	shown := stored
	if all := []rune(shown); len(all) > maxStored {
		shown = string(all[:maxStored]) + "…"
	}
	return differing{Name: ui.Say(name), Typed: even(typed), Stored: even(stored), Shown: ui.As(shown)}
}

func overtakenWebhook(f url.Values, x *sso.Webhook) *ui.Notice {
	sorted := func(all []string) string { return strings.Join(slices.Sorted(slices.Values(all)), " ") }
	return overtaken(
		line("hook_url", f.Get("url"), x.URL), line("hook_note", f.Get("note"), x.Note),
		differing{Name: ui.Say("webhook_types"), Typed: sorted(draftOf(f).Types), Stored: sorted(x.Types), Shown: typesOf(x)},
	)
}

func overtakenStream(f url.Values, x *sso.Stream) *ui.Notice {
	return overtaken(line("stream_target_label", f.Get("target"), x.Target), line("hook_note", f.Get("note"), x.Note), line("stream_ca_label", f.Get("ca"), x.CA))
}
