package password

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// keyboard is a layout: where each character is, and how many neighbours a key
// has on average.
type keyboard struct {
	place  map[rune]place
	keys   float64
	degree float64
}

// place is where a key is. Each row of a keyboard stands half a key to the
// right of the row above, so columns are counted in halves.
type place struct {
	row, column int
	shifted     bool
}

// keyboards returns the layouts: the American one, the German one, and the
// digits' block.
func keyboards() []keyboard {
	return []keyboard{
		layout(1, []string{"`1234567890-=", "\tqwertyuiop[]\\", "\tasdfghjkl;'", "\tzxcvbnm,./"}, []string{"~!@#$%^&*()_+", "\tQWERTYUIOP{}|", "\tASDFGHJKL:\"", "\tZXCVBNM<>?"}),
		layout(1, []string{"^1234567890ß´", "\tqwertzuiopü+", "\tasdfghjklöä#", "\tyxcvbnm,.-"}, []string{"°!\"§$%&/()=?`", "\tQWERTZUIOPÜ*", "\tASDFGHJKLÖÄ'", "\tYXCVBNM;:_"}),
		layout(0, []string{"\t/*-", "789+", "456", "123", "0\t."}, nil),
	}
}

func layout(slant int, rows, shifted []string) keyboard {
	k := keyboard{place: map[rune]place{}, degree: 4.6}
	if slant == 0 {
		k.degree = 5.1
	}
	for i, rows := range [][]string{rows, shifted} {
		for row, keys := range rows {
			for column, r := range []rune(keys) {
				if r != '\t' {
					k.place[r] = place{row, 2*column + slant*row, i == 1}
				}
			}
		}
	}
	k.keys = float64(len(k.place))
	if len(shifted) > 0 {
		k.keys /= 2
	}
	return k
}

// step returns the direction from one key to another beside it.
func (k keyboard) step(a, b rune) (dr, dc int, ok bool) {
	from, ok1 := k.place[a]
	to, ok2 := k.place[b]
	if !ok1 || !ok2 {
		return 0, 0, false
	}
	dr, dc = to.row-from.row, to.column-from.column
	return dr, dc, dr >= -1 && dr <= 1 && dc >= -2 && dc <= 2 && (dr != 0 || dc == 2 || dc == -2)
}

// keyboardRuns finds runs of keys that are beside each other.
func keyboardRuns(text []rune) []piece {
	var found []piece
	for _, k := range keyboards() {
		for from := 0; from+minSequence <= len(text); {
			to, turns := from+1, 0
			lastR, lastC := 0, 0
			for to < len(text) {
				dr, dc, ok := k.step(text[to-1], text[to])
				if !ok {
					break
				}
				if turns == 0 || dr != lastR || dc != lastC {
					turns++
				}
				lastR, lastC = dr, dc
				to++
			}
			if to-from >= minSequence {
				found = append(found, piece{from, to, k.guesses(text[from:to], turns)})
			}
			from = to
		}
	}
	return found
}

// guesses counts the runs of this length or less with as many turns or fewer.
func (k keyboard) guesses(run []rune, turns int) float64 {
	shifted := 0
	for _, r := range run {
		if k.place[r].shifted {
			shifted++
		}
	}
	total := 0.0
	for length := 2; length <= len(run); length++ {
		for t := 1; t <= min(turns, length-1); t++ {
			total += choose(length-1, t-1) * k.keys * math.Pow(k.degree, float64(t))
		}
	}
	if shifted > 0 {
		total *= variations(shifted, len(run)-shifted)
	}
	return total
}

// Figures for dates. The year from which others are counted need not be right:
// years near it are all the same.
const (
	thisYear     = 2026
	minYear      = 1900
	maxYear      = 2059
	minYearSpace = 20
	shortestDate = 4
	longestDate  = 10
)

// dates finds years and dates, such as "1987", "24.12.1987" and "241287".
func dates(text []rune) []piece {
	var found []piece
	for from := range text {
		if !unicode.IsDigit(text[from]) {
			continue
		}
		for to := from + shortestDate; to <= min(len(text), from+longestDate); to++ {
			if guesses, ok := dateGuesses(string(text[from:to])); ok {
				found = append(found, piece{from, to, guesses})
			}
		}
	}
	return found
}

// dateGuesses returns what a year or a date costs.
func dateGuesses(s string) (float64, bool) {
	if len(s) == shortestDate {
		if y, ok := number(s); ok && y >= minYear && y <= maxYear {
			return yearSpace(y), true
		}
	}
	separators := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if separators >= 0 {
		separator := s[separators : separators+1]
		if !strings.ContainsAny(separator, "./-_ \\,") {
			return 0, false
		}
		parts := strings.Split(s, separator)
		if len(parts) != 3 {
			return 0, false
		}
		y, ok := date(parts[0], parts[1], parts[2])
		return 4 * 365 * yearSpace(y), ok
	}
	best, found := math.Inf(1), false
	for i := 1; i <= 4; i++ {
		for j := i + 1; j < len(s) && j <= i+4; j++ {
			if y, ok := date(s[:i], s[i:j], s[j:]); ok {
				best, found = min(best, 365*yearSpace(y)), true
			}
		}
	}
	return best, found
}

func yearSpace(y int) float64 {
	return math.Max(math.Abs(float64(y-thisYear)), minYearSpace)
}

// date reads three numbers as a date, the year first or last.
func date(a, b, c string) (year int, ok bool) {
	for _, order := range [][3]string{{a, b, c}, {c, a, b}} {
		y, ok1 := number(order[0])
		m, ok2 := number(order[1])
		d, ok3 := number(order[2])
		if !ok1 || !ok2 || !ok3 || len(order[1]) > 2 || len(order[2]) > 2 {
			continue
		}
		if m > 12 {
			m, d = d, m
		}
		switch {
		case m < 1 || m > 12 || d < 1 || d > 31:
			continue
		case len(order[0]) == 2 && y > 50:
			return minYear + y, true
		case len(order[0]) == 2:
			return minYear + 100 + y, true
		case y >= minYear && y <= maxYear:
			return y, true
		}
	}
	return 0, false
}

func number(s string) (int, bool) {
	if len(s) == 0 || len(s) > 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}
