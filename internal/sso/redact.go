package sso

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Blank stands where something personal was.
const Blank = "•••"

// Redacted returns the trace as it is shown to whoever has not opened it:
// names, addresses and what an identity provider has sent about the person are
// masked, wherever they stand. What kind of thing it was can still be seen.
func (t *Trace) Redacted() Trace { return t.without(mask) }

// Blanked returns the trace as it may leave the house: nothing of the person
// is left, and neither is who they are here.
func (t *Trace) Blanked() Trace {
	c := t.without(func(string) string { return Blank })
	c.User, c.Attempt, c.UserAgent = "", "", ""
	if c.Address != "" {
		c.Address = Blank
	}
	return c
}

func (t *Trace) without(hide func(string) string) Trace {
	x := redaction{hide: hide}
	for _, s := range []string{t.Who, t.Detail.Typed} {
		x.learn(s)
	}
	if why := t.Detail.Why; why != nil {
		x.learn(why.Group)
	}
	if m := t.Detail.Message; m != nil {
		x.learn(m.NameID)
		x.learn(m.SessionIndex)
		for _, a := range m.Attributes {
			for _, v := range a.Values {
				x.learn(v)
			}
		}
	}
	for i := range t.Checks {
		if personal(&t.Checks[i]) {
			x.learn(t.Checks[i].Got)
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(x.known, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	x.known = slices.Compact(x.known)

	c := *t
	c.Who, c.Detail.Typed = x.value(t.Who), x.value(t.Detail.Typed)
	c.Want, c.Got = x.text(t.Want), x.text(t.Got)
	if strings.HasPrefix(t.Code, "ident_") {
		c.Want, c.Got = x.words(t.Want), x.words(t.Got)
	}
	c.Address = network(t.Address)
	c.Checks = slices.Clone(t.Checks)
	for i := range c.Checks {
		k := &c.Checks[i]
		k.Want, k.Got = x.text(k.Want), x.text(k.Got)
		if personal(&t.Checks[i]) {
			k.Got = x.value(t.Checks[i].Got)
		}
	}
	if why := t.Detail.Why; why != nil && why.Group != "" {
		masked := *why
		masked.Group = x.hide(why.Group)
		c.Detail.Why = &masked
	}
	if t.Detail.Message != nil {
		m := *t.Detail.Message
		m.NameID, m.SessionIndex = x.value(m.NameID), x.value(m.SessionIndex)
		m.Issuer = x.text(m.Issuer)
		m.Attributes = make([]Attribute, len(t.Detail.Message.Attributes))
		for i, a := range t.Detail.Message.Attributes {
			m.Attributes[i].Name = a.Name
			for _, v := range a.Values {
				m.Attributes[i].Values = append(m.Attributes[i].Values, x.value(v))
			}
		}
		c.Detail.Message = &m
	}
	return c
}

// personal reports whether a check says what was found out about a person. Why
// somebody has a role is nothing of theirs but for the group.
func personal(c *Check) bool {
	switch c.Rule {
	case "saml.nameid":
		return c.Verdict == "pass" // else it says what is wrong with it
	case "ident.domain", "ident.role":
		return false
	default:
		return strings.HasPrefix(c.Rule, "ident.")
	}
}

// redaction hides what is known to be personal.
type redaction struct {
	hide  func(string) string
	known []string
}

// shortest is the shortest value that is looked for in other texts: what is
// shorter would be found in anything.
const shortest = 3

func (x *redaction) learn(s string) {
	if s = strings.TrimSpace(s); utf8.RuneCountInString(s) >= shortest {
		x.known = append(x.known, s)
	}
}

// value hides the whole of a value.
func (x *redaction) value(s string) string {
	if s == "" {
		return ""
	}
	return x.hide(s)
}

// text hides what is personal within a text, and leaves the rest.
func (x *redaction) text(s string) string {
	if s == "" {
		return ""
	}
	for _, k := range x.known {
		if strings.Contains(s, k) {
			s = strings.ReplaceAll(s, k, x.hide(k))
		}
	}
	return addressForm.ReplaceAllStringFunc(s, x.hide)
}

// words hides all of a text of which it is not known what is personal in it.
func (x *redaction) words(s string) string {
	if hidden := x.text(s); hidden != s || s == "" {
		return hidden
	}
	return x.hide(s)
}

// addressForm finds what may be an e-mail address in a text.
var addressForm = regexp.MustCompile(`[^\s<>"'(),:;@\[\]]+@[^\s<>"'(),:;@\[\]]+\.[^\s<>"'(),:;@\[\]]+`)

// mask leaves of a value what tells its kind: of an address its domain, of
// anything else its first character.
func mask(s string) string {
	if s == "" || s == Blank {
		return s
	}
	first, _ := utf8.DecodeRuneInString(s)
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		return string(first) + Blank + s[at:]
	}
	return string(first) + Blank
}

// network returns the network of an address, in place of the address.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		if address == "" {
			return ""
		}
		return Blank
	}
	bits := 24
	if a.Unmap().Is6() {
		bits = 48
	}
	p, _ := a.Unmap().WithZone("").Prefix(bits)
	return p.String()
}

// WhoKey returns the form in which a trace is found by a person: an address, or
// a name, as somebody types it.
func WhoKey(s string) string {
	s = strings.TrimSpace(s)
	if e, err := ParseEmail(s); err == nil {
		return e.Key()
	}
	return clipValue(UsernameKey(s))
}

// clipValue bounds what is kept of a value, between two characters.
func clipValue(s string) string {
	limit := maxKeptValue
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
