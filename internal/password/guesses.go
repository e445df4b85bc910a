package password

import (
	"math"
	"strings"
	"unicode"
)

// Figures of zxcvbn.
const (
	bruteforceCardinality = 10    // guesses for each character of which nothing is known
	minPieceChar          = 10    // guesses for one character at least, beside others
	minPiece              = 50    // guesses for more of them at least
	growing               = 10000 // what an attacker tries before a longer series of pieces
)

// piece is a part of a password that follows a pattern: characters from up to
// before to, and what it costs to guess.
type piece struct {
	from, to int
	guesses  float64
}

// estimate finds pieces. It is used for one password and what repeats in it.
type estimate struct {
	own map[string]int // words that stand near the person, by rank
}

// guesses returns what the cheapest way to put text together costs.
func (e estimate) guesses(text []rune) float64 {
	if len(text) == 0 {
		return 1
	}
	var pieces []piece
	pieces = append(pieces, e.words(text)...)
	pieces = append(pieces, e.repeats(text)...)
	pieces = append(pieces, sequences(text)...)
	pieces = append(pieces, keyboardRuns(text)...)
	pieces = append(pieces, dates(text)...)
	return cheapest(len(text), pieces)
}

// cheapest returns the least cost of a series of pieces, with brute force
// between them, that makes up a text of n characters. A series of l pieces
// costs their product times l!, the orders in which they could stand, and what
// is tried before series of that length.
func cheapest(n int, pieces []piece) float64 {
	ending := make([][]piece, n+1)
	for _, p := range pieces {
		least := float64(minPiece)
		if p.to-p.from == 1 {
			least = minPieceChar
		}
		if p.to-p.from < n {
			p.guesses = max(p.guesses, least)
		}
		ending[p.to] = append(ending[p.to], p)
	}
	// product[k][l] is the least product of l pieces that make up the first k
	// characters; loose[k][l] is that where the last one is brute force, after
	// which no second one needs to be tried.
	product, loose := table(n), table(n)
	product[0][0] = 1
	for k := 1; k <= n; k++ {
		for _, p := range ending[k] {
			for l := 1; l <= k; l++ {
				before := min(product[p.from][l-1], loose[p.from][l-1])
				product[k][l] = min(product[k][l], before*p.guesses)
			}
		}
		for from := range k {
			for l := 1; l <= from+1; l++ {
				loose[k][l] = min(loose[k][l], product[from][l-1]*bruteforce(k-from))
			}
		}
	}
	best := math.Inf(1)
	for l := 1; l <= n; l++ {
		total := math.Gamma(float64(l)+1)*min(product[n][l], loose[n][l]) + math.Pow(growing, float64(l-1))
		best = min(best, total)
	}
	return best
}

func table(n int) [][]float64 {
	t := make([][]float64, n+1)
	for k := range t {
		t[k] = make([]float64, n+1)
		for l := range t[k] {
			t[k][l] = math.Inf(1)
		}
	}
	return t
}

func bruteforce(n int) float64 {
	if n == 1 {
		return minPieceChar + 1
	}
	return max(minPiece+1, math.Pow(bruteforceCardinality, float64(n)))
}

// repeats finds what is repeated right after itself, such as "abcabc" and
// "aaa": it costs the guesses for one of them, times how often it stands there.
func (e estimate) repeats(text []rune) []piece {
	var found []piece
	for from := 0; from < len(text); {
		period, length := 0, 0
		for p := 1; from+2*p <= len(text); p++ {
			n := p
			for from+n < len(text) && text[from+n] == text[from+n-p] {
				n++
			}
			if n -= n % p; n >= 2*p && n > length {
				period, length = p, n
			}
		}
		if length == 0 {
			from++
			continue
		}
		found = append(found, piece{from, from + length, e.guesses(text[from:from+period]) * float64(length/period)})
		from += length
	}
	return found
}

// minSequence is the length of the shortest sequence.
const minSequence = 3

// sequences finds runs of characters that follow each other, such as "abcd",
// "9876" and "acegi".
func sequences(text []rune) []piece {
	const maxDelta = 5
	var found []piece
	for from := 0; from+minSequence <= len(text); {
		delta := text[from+1] - text[from]
		to := from + 2
		for to < len(text) && text[to]-text[to-1] == delta && sameClass(text[from], text[to]) {
			to++
		}
		if delta == 0 || delta > maxDelta || delta < -maxDelta || to-from < minSequence || !sameClass(text[from], text[from+1]) {
			from++
			continue
		}
		base := 26.0
		switch first := text[from]; {
		case strings.ContainsRune("aAzZ019", first):
			base = 4
		case unicode.IsDigit(first):
			base = 10
		}
		if delta < 0 {
			base *= 2
		}
		found = append(found, piece{from, to, base * float64(to-from)})
		from = to - 1 // the last one may begin another
	}
	return found
}

func sameClass(a, b rune) bool {
	return unicode.IsDigit(a) && unicode.IsDigit(b) || unicode.IsLower(a) && unicode.IsLower(b) || unicode.IsUpper(a) && unicode.IsUpper(b)
}

// variations returns in how many ways some of a+b characters can be of the
// rarer sort, at most as many as are.
func variations(a, b int) float64 {
	if a == 0 || b == 0 {
		return 2
	}
	total := 0.0
	for i := 1; i <= min(a, b); i++ {
		total += choose(a+b, i)
	}
	return total
}

// choose returns the binomial coefficient.
func choose(n, k int) float64 {
	if k > n {
		return 0
	}
	c := 1.0
	for i := 1; i <= k; i++ {
		c = c * float64(n-k+i) / float64(i)
	}
	return c
}
