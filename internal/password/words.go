package password

import (
	_ "embed" // for the lists
	"math"
	"strings"
	"sync"
	"unicode"
)

//go:embed words.txt
var wordLists string

// Lengths of the words that are looked for, in characters.
const (
	minWord = 3
	maxWord = 24
)

// ranks holds for each word how common it is in its list: 1 is the commonest.
// The lists are read when a password is judged for the first time: most runs of
// the program judge none.
var ranks = sync.OnceValue(func() map[string]int {
	all := make(map[string]int, strings.Count(wordLists, "\n"))
	rank := 0
	for line := range strings.Lines(wordLists) {
		word := strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(word, "#") {
			rank = 0
			continue
		}
		rank++
		if known := all[word]; known == 0 || rank < known {
			all[word] = rank
		}
	}
	return all
})

// rank returns how common a word is, or 0.
func (e estimate) rank(word string) int {
	if r := e.own[word]; r > 0 {
		return r
	}
	return ranks()[word]
}

// words finds words, also backwards, capitalised, and with digits and signs in
// place of letters.
func (e estimate) words(text []rune) []piece {
	found := e.wordsIn(text, text)
	backwards := make([]rune, len(text))
	for i, r := range text {
		backwards[len(text)-1-i] = r
	}
	for _, p := range e.wordsIn(backwards, backwards) {
		found = append(found, piece{len(text) - p.to, len(text) - p.from, 2 * p.guesses})
	}
	for _, meant := range unleet(text) {
		found = append(found, e.wordsIn(text, meant)...)
	}
	return found
}

// wordsIn finds words in meant, which text stands for.
func (e estimate) wordsIn(text, meant []rune) []piece {
	var found []piece
	lower := make([]rune, len(meant))
	for i, r := range meant {
		lower[i] = unicode.ToLower(r)
	}
	for from := range lower {
		for to := from + minWord; to <= min(len(lower), from+maxWord); to++ {
			if rank := e.rank(string(lower[from:to])); rank > 0 {
				guesses := float64(rank) * capitals(text[from:to]) * leets(text[from:to], meant[from:to])
				found = append(found, piece{from, to, guesses})
			}
		}
	}
	return found
}

// capitals returns in how many ways a word is commonly capitalised, up to the
// one that is used.
func capitals(word []rune) float64 {
	upper, lower := 0, 0
	for _, r := range word {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	switch {
	case upper == 0:
		return 1
	case lower == 0, upper == 1 && (unicode.IsUpper(word[0]) || unicode.IsUpper(word[len(word)-1])):
		return 2
	default:
		return variations(upper, lower)
	}
}

// leets returns in how many ways letters are commonly written as other signs,
// up to the one that is used.
func leets(word, meant []rune) float64 {
	swapped := map[rune]int{}
	for i := range word {
		if word[i] != meant[i] {
			swapped[meant[i]]++
		}
	}
	ways := 1.0
	for letter, n := range swapped {
		kept := 0
		for i := range word {
			if word[i] == meant[i] && unicode.ToLower(word[i]) == letter {
				kept++
			}
		}
		ways = math.Min(ways*variations(n, kept), 1e12)
	}
	return ways
}

// unleet returns what a text may stand for where signs are written in place of
// letters. Signs that stand for two letters are taken once for the one and
// once for the other, all of them alike.
func unleet(text []rune) [][]rune {
	first := map[rune]rune{
		'4': 'a', '@': 'a', '8': 'b', '(': 'c', '{': 'c', '[': 'c', '<': 'c', '3': 'e', '€': 'e', '6': 'g', '9': 'g', '1': 'i', '!': 'i', '|': 'i',
		'0': 'o', '$': 's', '5': 's', '+': 't', '7': 't', '%': 'x', '2': 'z',
	}
	second := map[rune]rune{'1': 'l', '|': 'l', '7': 'l', '!': 'l'}
	swap := func(tables ...map[rune]rune) ([]rune, bool) {
		meant, swapped := make([]rune, len(text)), false
		for i, r := range text {
			meant[i] = r
			for _, t := range tables {
				if letter, ok := t[r]; ok {
					meant[i], swapped = letter, true
					break
				}
			}
		}
		return meant, swapped
	}
	meant, swapped := swap(first)
	if !swapped {
		return nil
	}
	all := [][]rune{meant}
	if strings.ContainsAny(string(text), "1|7!") {
		other, _ := swap(second, first)
		all = append(all, other)
	}
	return all
}
