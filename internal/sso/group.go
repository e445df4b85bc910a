package sso

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// Group is a group of an organization. Applications are told its name, so two
// names that differ by a letter's case are two groups.
type Group struct {
	ID          GroupID
	Org         OrgID
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// MaxDescription is the length of the longest description, in characters.
const MaxDescription = 500

// SortKey returns the octets by which groups are listed.
func (g *Group) SortKey() []byte { return sortKey(g.Name) }

// ParseGroupName judges the name of a group: printable, without white space at
// its ends, at most 256 characters.
func ParseGroupName(s string) (string, error) {
	s = strings.TrimSpace(s)
	bad := s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxGroupName || strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r)
	})
	if bad {
		return "", &fault.Error{Kind: fault.Invalid, Code: "group_name", Want: "1 to 256 printable characters", Got: clip(s), Fix: fault.PersonSide}
	}
	return s, nil
}

// CleanDescription makes a description from outside fit to be stored and
// shown, as [CleanName] does a name.
func CleanDescription(s string) string { return cleanText(s, MaxDescription) }
