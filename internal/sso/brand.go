package sso

import (
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// Brand is how an organization wants the pages to look that its people see.
// The zero value leaves them as the deployment has them.
type Brand struct {
	Accent string `json:"accent,omitempty"` // colour, as #rrggbb
	Logo   string `json:"logo,omitempty"`   // hash of the picture
}

// IsZero reports whether nothing is wanted.
func (b Brand) IsZero() bool { return b == Brand{} }

var accentForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ParseAccent judges a colour: #rrggbb, or nothing.
func ParseAccent(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s != "" && !accentForm.MatchString(s) {
		return "", &fault.Error{Kind: fault.Invalid, Code: "brand_accent", Want: "a colour such as #0a6b5e", Got: clip(s), Fix: fault.PersonSide}
	}
	return s, nil
}
