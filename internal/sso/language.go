package sso

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/sallyport/sallyport/internal/fault"
)

// maxLanguage is the length of the longest language tag that is taken.
const maxLanguage = 35

// ParseLanguage judges the tag of a language that somebody has chosen, such as
// "de" or "pt-BR". The empty one stands for no choice.
func ParseLanguage(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	tag, err := language.Parse(s)
	if err != nil || len(s) > maxLanguage {
		return "", &fault.Error{Kind: fault.Invalid, Code: "language_form", Want: "a language tag such as de or pt-BR", Got: clip(s), Fix: fault.PersonSide}
	}
	return tag.String(), nil
}
