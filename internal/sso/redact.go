package sso

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Blank stands where something personal was.
const Blank = "•••"

// Redacted returns the trace as it is shown to whoever has not opened it:
// names, addresses and what an identity provider has sent about the person are
// masked, wherever they stand. What kind of thing it was can still be seen.
func (t *Trace) Redacted() Trace { return t.without(redaction{hide: mask, place: network}) }

// Blanked returns the trace as it may leave the house: nothing of the person
// is left, and neither is who they are here.
func (t *Trace) Blanked() Trace {
	blank := func(string) string { return Blank }
	c := t.without(redaction{hide: blank, place: blank})
	c.User, c.Attempt, c.UserAgent = "", "", ""
	return c
}

func (t *Trace) without(x redaction) Trace {
	x.from = t.Address
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
	c.Want, c.Got = x.text(t.Want), x.got(t.Code, t.Got)
	if t.Address != "" {
		c.Address = x.place(t.Address)
	}
	c.Checks = slices.Clone(t.Checks)
	for i := range c.Checks {
		k := &c.Checks[i]
		k.Want, k.Got = x.text(k.Want), x.found(&t.Checks[i])
	}
	if why := t.Detail.Why; why != nil && why.Group != "" {
		masked := *why
		masked.Group = x.value(why.Group)
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

// personal reports whether a check says what was found out about a person.
func personal(c *Check) bool {
	switch c.Rule {
	case "saml.nameid":
		return c.Verdict == "pass" // else it says what is wrong with it
	case "ident.domain", "ident.role":
		return false
	default:
		return strings.HasPrefix(c.Rule, "ident.") && !impersonal(c.About)
	}
}

// impersonal reports whether a fault with this code says what was found in words
// of our own, which are the same for everybody.
func impersonal(code string) bool { return code == "ident_tree" || code == "ident_conflict" }

// redaction hides what is known to be personal.
type redaction struct {
	hide  func(string) string
	place func(string) string // hides a network address
	from  string              // the network address that somebody came from
	known []string
}

// found hides what is personal of what a check has found.
func (x *redaction) found(c *Check) string {
	switch {
	case personal(c):
		return x.value(c.Got)
	case c.Rule == "ident.role": // the role, and which row of the table gives it; then groups
		role, groups, _ := strings.Cut(c.Got, ", ")
		if groups != "" {
			role += ", " + x.hide(groups)
		}
		return role
	case c.Rule == "saml.status" && c.Verdict == "fail":
		return x.prose(c.Got)
	default:
		return x.text(c.Got)
	}
}

// got hides what is personal of what a fault with this code has found.
func (x *redaction) got(code, got string) string {
	switch {
	case code == "ident_email", code == "ident_ambiguous": // values as they were sent, and cut off somewhere
		return x.value(got)
	case code == "saml_status":
		return x.prose(got)
	case strings.HasPrefix(code, "ident_") && !impersonal(code):
		return x.words(got)
	default:
		return x.text(got)
	}
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
	if x.from != "" && strings.Contains(s, x.from) {
		s = strings.ReplaceAll(s, x.from, x.place(x.from))
	}
	return addressForm.ReplaceAllStringFunc(s, x.hide)
}

// prose hides what is personal within a text that an identity provider has
// written for people: in whatever case it stands there, and of an address the
// name alone, too.
func (x *redaction) prose(s string) string {
	s = x.text(s)
	for _, k := range x.known {
		name, _, _ := strings.Cut(k, "@")
		s = x.whole(x.whole(s, k), name)
	}
	return s
}

// whole hides a word wherever it stands for itself.
func (x *redaction) whole(s, word string) string {
	if utf8.RuneCountInString(word) < shortest || !strings.Contains(strings.ToLower(s), strings.ToLower(word)) {
		return s
	}
	form, err := regexp.Compile("(?i)" + regexp.QuoteMeta(word))
	if err != nil { // it is no UTF-8, and in no text that is
		return s
	}
	var b strings.Builder
	end := 0
	for _, at := range form.FindAllStringIndex(s, -1) {
		before, _ := utf8.DecodeLastRuneInString(s[:at[0]])
		after, _ := utf8.DecodeRuneInString(s[at[1]:])
		if inWord(before) || inWord(after) {
			continue
		}
		b.WriteString(s[end:at[0]] + x.hide(s[at[0]:at[1]]))
		end = at[1]
	}
	b.WriteString(s[end:])
	return b.String()
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

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
