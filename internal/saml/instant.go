package saml

import "time"

// maxFraction is the greatest number of digits of a fraction of a second.
const maxFraction = 20

// parseInstant reads an xs:dateTime that names its zone. The forms that
// readers disagree about are refused: no zone, 24:00:00, leap seconds, years
// of other than four digits [SAMLCore 1.3.3].
func parseInstant(s string) (time.Time, bool) {
	const layout = "0000-00-00T00:00:00"
	if len(s) <= len(layout) {
		return time.Time{}, false
	}
	for i := range len(layout) {
		if digit := s[i] >= '0' && s[i] <= '9'; layout[i] == '0' && !digit || layout[i] != '0' && s[i] != layout[i] {
			return time.Time{}, false
		}
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	rest := s[len(layout):]

	nanos := 0
	if rest[0] == '.' {
		digits := 1
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 1 || digits-1 > maxFraction {
			return time.Time{}, false
		}
		for i := 1; i <= 9; i++ {
			nanos *= 10
			if i < digits {
				nanos += int(rest[i] - '0')
			}
		}
		rest = rest[digits:]
	}

	offset, ok := zoneOffset(rest)
	if !ok || year == 0 || month == 0 || month > 12 || day == 0 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day { // the 31st of a shorter month
		return time.Time{}, false
	}
	return t.Add(-offset), true
}

// zoneOffset reads Z or a signed offset of at most fourteen hours.
func zoneOffset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	const layout = "+00:00"
	if len(s) != len(layout) || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	for _, i := range []int{1, 2, 4, 5} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hours, minutes := number(s[1:3]), number(s[4:6])
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if minutes > 59 || offset > 14*time.Hour {
		return 0, false
	}
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// number returns the value of a string of decimal digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// formatInstant writes t as messages carry it.
func formatInstant(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.999Z")
}
