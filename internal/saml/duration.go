package saml

import (
	"strings"
	"time"
)

// maxDuration is the longest xs:duration that is told from any longer one.
const maxDuration = 10 * 365 * 24 * time.Hour

// parseDuration reads an xs:duration that is not negative. A year is taken for
// 365 days and a month for 30: durations in metadata say how long to wait, and
// need not be exact.
func parseDuration(s string) (time.Duration, bool) {
	const day = 24 * time.Hour
	date, clock, hasClock := strings.Cut(trim(s), "T")
	date, ok := strings.CutPrefix(date, "P")
	if !ok || date == "" && !hasClock || hasClock && clock == "" {
		return 0, false
	}
	units := [...]struct {
		in   *string
		mark byte
		size int64 // in nanoseconds
	}{
		{&date, 'Y', int64(365 * day)}, {&date, 'M', int64(30 * day)}, {&date, 'D', int64(day)},
		{&clock, 'H', int64(time.Hour)}, {&clock, 'M', int64(time.Minute)}, {&clock, 'S', int64(time.Second)},
	}
	var total int64
	for _, u := range units {
		i := strings.IndexByte(*u.in, u.mark)
		if i < 0 {
			continue
		}
		digits := (*u.in)[:i]
		if u.mark == 'S' {
			var fraction string
			digits, fraction, ok = strings.Cut(digits, ".")
			if ok && !isNumber(fraction) {
				return 0, false
			}
		}
		if !isNumber(digits) {
			return 0, false
		}
		*u.in = (*u.in)[i+1:]
		if n := int64(number(digits)); n > maxDuration.Nanoseconds()/u.size {
			total = maxDuration.Nanoseconds()
		} else {
			total = min(maxDuration.Nanoseconds(), total+n*u.size)
		}
	}
	return time.Duration(total), date == "" && clock == ""
}

// isNumber reports whether s is a number that fits.
func isNumber(s string) bool {
	const longest = 9
	return s != "" && len(s) <= longest && strings.Trim(s, "0123456789") == ""
}
