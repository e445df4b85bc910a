package ui

import (
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// Confirmed refuses a form of a [Confirm] into which another name was typed.
// How it is spaced and whether in capitals does not matter.
func Confirmed(form url.Values, name string) error {
	if got := form.Get("confirm"); !strings.EqualFold(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(name), " ")) {
		return &fault.Error{Kind: fault.Invalid, Code: "confirm_name", Want: name, Got: got, Fix: fault.PersonSide}
	}
	return nil
}
