package frame

import (
	"net/mail"
	"net/url"

	"github.com/sallyport/sallyport/internal/web/ui"
)

// Offer is what customers are told who have no single sign-on: how the vendor
// calls the plan that has it, and whom to ask. Both may be empty.
type Offer struct {
	Plan    string
	Contact string // an e-mail address, a URL or a sentence
}

// Notice says that single sign-on is not switched on, and whom to ask.
func (o Offer) Notice() ui.Notice {
	n := ui.Notice{State: ui.Warn, Title: ui.Say("sso_not_entitled"), Text: ui.Say("sso_not_entitled_text")}
	if o.Plan != "" {
		n.Title = ui.Say("sso_not_entitled_plan", "Plan", o.Plan)
	}
	switch {
	case o.Contact == "":
	case isAddress(o.Contact):
		n.Text, n.Link = ui.Say("sso_ask"), &ui.Link{Name: ui.As(o.Contact), Path: "mailto:" + o.Contact}
	case isURL(o.Contact):
		n.Text, n.Link = ui.Say("sso_ask"), &ui.Link{Name: ui.As(o.Contact), Path: o.Contact}
	default:
		n.Text = ui.As(o.Contact)
	}
	return n
}

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != ""
}
