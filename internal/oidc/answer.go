package oidc

import (
	"net/url"
	"strings"
)

// Mode is how the answer to an authorize request gets to the application.
type Mode string

// The modes. Fragments are for answers with tokens in them, of which there are
// none.
const (
	ModeQuery    Mode = "query"
	ModeFormPost Mode = "form_post" // [OAuth 2.0 Form Post Response Mode 2]
)

// Parameter is a parameter of an answer.
type Parameter struct{ Name, Value string }

// Answer is what the browser takes to the application. Only [AuthorizeRequest]
// and [AuthorizeError] make one: it goes to a redirect URI that is registered.
type Answer struct {
	Mode        Mode
	RedirectURI string
	Parameters  []Parameter
}

// newAnswer leaves out what is empty.
func newAnswer(mode Mode, redirectURI string, parameters ...Parameter) Answer {
	a := Answer{Mode: mode, RedirectURI: redirectURI}
	for _, p := range parameters {
		if p.Value != "" {
			a.Parameters = append(a.Parameters, p)
		}
	}
	return a
}

// URL returns where to send the browser: to the redirect URI, which keeps the
// query that it was registered with [RFC 6749 3.1.2]. What is posted does not
// stand in it.
func (a Answer) URL() string {
	if a.Mode == ModeFormPost {
		return a.RedirectURI
	}
	var b strings.Builder
	b.WriteString(a.RedirectURI)
	separator := byte('?')
	if strings.Contains(a.RedirectURI, "?") {
		separator = '&'
	}
	for _, p := range a.Parameters {
		b.WriteByte(separator)
		b.WriteString(p.Name)
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
		separator = '&'
	}
	return b.String()
}
