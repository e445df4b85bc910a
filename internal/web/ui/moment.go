package ui

import (
	"strconv"
	"strings"
	"time"
)

// moment is an instant as people read it.
type moment struct {
	ISO      string
	Full     string // with its zone
	Relative string
}

// moment returns an instant in words, as seen from now.
func (v voice) moment(at, now time.Time) moment {
	at = at.UTC()
	return moment{ISO: at.Format(time.RFC3339), Full: v.full(at), Relative: v.relative(at, now)}
}

// full writes an instant out. Where scripts run, the browser's own zone takes
// the place of ours.
func (v voice) full(at time.Time) string {
	return v.date(at) + ", " + at.Format("15:04") + " UTC"
}

// date writes a day.
func (v voice) date(at time.Time) string {
	months := strings.Fields(v.text("format_months"))
	return v.text("format_date", "Day", strconv.Itoa(at.Day()), "Month", months[at.Month()-1], "Year", strconv.Itoa(at.Year()))
}

const day = 24 * time.Hour

// relative says how far an instant is from now: up to a month in words, then
// by its date.
func (v voice) relative(at, now time.Time) string {
	d, key := now.Sub(at), "ago_"
	if d < 0 {
		d, key = -d, "in_"
	}
	switch {
	case d < time.Minute:
		return v.text(key + "now")
	case d < time.Hour:
		return v.count(key+"minutes", int(d/time.Minute))
	case d < day:
		return v.count(key+"hours", int(d/time.Hour))
	case d < 30*day:
		return v.count(key+"days", int(d/day))
	default:
		return v.date(at.UTC())
	}
}
