package password

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// MinLength is the length of the shortest password that may be chosen, in
// characters [NIST SP 800-63B 3.1.1.2].
const MinLength = 8

// minGuesses is what a password must cost to guess for who knows what people
// choose: zxcvbn's score 3, which holds against the theft of a slow hash.
const minGuesses = 1e8

// looked is how much of a password is looked at, in characters. What comes
// after cannot make it easier to guess.
const looked = 72

// Judge refuses a password that may not be chosen: one that is too short, too
// long, or too easily guessed. own are words that stand near the person, such
// as their name, address and organization. There are no rules about kinds of
// characters: they make people choose worse ones.
func Judge(password string, own ...string) error {
	if err := checkLength(password); err != nil {
		return err
	}
	password = string(normal(password))
	if utf8.RuneCountInString(password) < MinLength {
		return &fault.Error{Kind: fault.Invalid, Code: "password_short", Want: fmt.Sprintf("%d characters or more", MinLength), Fix: fault.PersonSide}
	}
	if Guesses(password, own...) < minGuesses {
		return &fault.Error{Kind: fault.Invalid, Code: "password_weak", Want: "one that is hard to guess", Fix: fault.PersonSide}
	}
	return nil
}

// Guesses estimates how many guesses a password costs at least, as zxcvbn does
// [Wheeler, USENIX Security 2016]: it finds words, names, common passwords,
// keyboard runs, sequences, repetitions and dates in it, and what they cost
// together.
func Guesses(password string, own ...string) float64 {
	text := []rune(password)
	if len(text) > looked {
		text = text[:looked]
	}
	e := estimate{own: ownWords(own)}
	return min(e.guesses(text), e.guesses(e.without(text)))
}

// without returns text without the words that stand near the person: what is
// left has to be hard to guess by itself.
func (e estimate) without(text []rune) []rune {
	var rest []rune
	for from := 0; from < len(text); {
		to := min(len(text), from+maxWord)
		for to > from && e.own[strings.ToLower(string(text[from:to]))] == 0 {
			to--
		}
		if to == from {
			rest = append(rest, text[from])
			to++
		}
		from = to
	}
	return rest
}

// ownWords splits what stands near the person into words, and ranks them.
func ownWords(own []string) map[string]int {
	ranks := map[string]int{}
	add := func(word string) {
		if word = strings.ToLower(word); utf8.RuneCountInString(word) >= minWord && ranks[word] == 0 {
			ranks[word] = len(ranks) + 1
		}
	}
	for _, text := range own {
		add(text)
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			add(word)
		}
	}
	return ranks
}
