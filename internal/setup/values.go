package setup

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// value returns what the file says, or "" where it says nothing.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// set gives a setting the value of the file, if it has one there.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// setList gives a list the values of the file, if it has any there.
func setList(to *[]string, from []string) {
	if from != nil {
		*to = from
	}
}

// chosen returns the words of a file as what they are, to be judged later.
func chosen[T ~string](from []string) []T {
	all := make([]T, len(from))
	for i, s := range from {
		all[i] = T(s)
	}
	return all
}

// setName gives a name the value of the file, if it has one there. Where
// nothing of it can be shown, the name is other.
func setName(to, from *string, other string) {
	if from == nil {
		return
	}
	if *to = sso.CleanName(*from); *to == "" {
		*to = other
	}
}

// choose sets one of a few words, if the file has one there.
func choose[T ~string](to *T, from *string, where string, words ...T) error {
	if from == nil {
		return nil
	}
	var list []string
	for _, w := range words {
		if string(w) == *from {
			*to = w
			return nil
		}
		list = append(list, quoted(string(w)))
	}
	return in(where, refused(where+": "+strings.Join(list, ", "), *from))
}

// merge gives the policy what the file says of it.
func (p *Policy) merge(to *sso.Policy) error {
	set(&to.Managed, p.Managed)
	return errors.Join(
		choose(&to.SSO, p.SSO, "policy.sso", sso.SSOOff, sso.SSOOptional, sso.SSOPilot, sso.SSORequired, ""),
		choose(&to.MFA, p.MFA, "policy.mfa", sso.MFAOff, sso.MFAOptional, sso.MFAOwners, sso.MFARequired, ""),
		choose(&to.MFAAfterSSO, p.MFAAfterSSO, "policy.mfa_after_sso", sso.SSOFactorTrust, sso.SSOFactorAsk, ""),
		p.mergeExempt(to),
		p.mergeNetworks(to),
		setDuration(&to.InactiveAfter, p.InactiveAfter, "policy.inactive_after"),
		setDuration(&to.SessionIdle, p.SessionIdle, "policy.session_idle"),
		setDuration(&to.SessionLife, p.SessionLife, "policy.session_life"),
	)
}

func (p *Policy) mergeExempt(to *sso.Policy) error {
	if p.Exempt == nil {
		return nil
	}
	to.Exempt = nil
	for i, s := range p.Exempt {
		e, err := sso.ParseEmail(s)
		if err != nil {
			return in("policy.exempt."+strconv.Itoa(i), at("policy.exempt", err))
		}
		to.Exempt = append(to.Exempt, e.Key())
	}
	return nil
}

func (p *Policy) mergeNetworks(to *sso.Policy) error {
	if p.IPAllow == nil {
		return nil
	}
	to.IPAllow = nil
	for i, s := range p.IPAllow {
		n, err := sso.ParseNetwork(s)
		if err != nil {
			return in("policy.ip_allow."+strconv.Itoa(i), refused("policy.ip_allow: "+fault.From(err).Want, s))
		}
		to.IPAllow = append(to.IPAllow, n)
	}
	return nil
}

// setDuration sets a length of time, if the file has one there.
func setDuration(to *sso.Duration, from *string, where string) error {
	if from == nil {
		return nil
	}
	d, err := parseDuration(where, *from)
	if err == nil {
		*to = d
	}
	return in(where, err)
}

// parseDuration reads days ("90d") or what Go reads ("36h"), in whole seconds.
func parseDuration(where, s string) (sso.Duration, error) {
	if s == "" {
		return 0, nil
	}
	const day = 24 * time.Hour
	const most = 3650 * day
	var d time.Duration
	days, isDays := strings.CutSuffix(s, "d")
	if n, err := strconv.Atoi(days); isDays && err == nil && n >= 0 && n <= int(most/day) {
		d = time.Duration(n) * day
	} else if d, err = time.ParseDuration(s); err != nil || d < 0 || d > most || d%time.Second != 0 {
		return 0, refused(where+": a length of time such as 90d or 36h, at most 3650d", s)
	}
	return sso.Duration(d / time.Second), nil
}

// Lengths of texts that are stored as they are.
const (
	maxURI       = 1024 // octets [SAMLCore 8.3.6]
	maxGroupName = 256  // characters, as much as is kept of an assertion's
)

// setURI sets an identifier that we send to an identity provider, if the file
// has one there. It may be empty.
func setURI(to, from *string, where string) error {
	if from == nil {
		return nil
	}
	if len(*from) > maxURI || sso.Unprintable(*from) || strings.ContainsFunc(*from, unicode.IsSpace) {
		return in(where, refused(where+": a URI of printable characters without spaces, at most 1024 octets", *from))
	}
	*to = *from
	return nil
}

// setAttribute sets the name of an attribute, if the file has one there. It
// may be empty.
func setAttribute(to, from *string, where string) error {
	if from == nil {
		return nil
	}
	if len(*from) > maxURI || sso.Unprintable(*from) || strings.TrimSpace(*from) != *from {
		return in(where, refused(where+": a name of printable characters, without a space at its ends, at most 1024 octets", *from))
	}
	*to = *from
	return nil
}

// setGroups sets groups, if the file has any there.
func setGroups(to *[]string, from []string, where string) error {
	if from == nil {
		return nil
	}
	if len(from) > sso.MaxGroups {
		return in(where, refused(where+": at most 1000", strconv.Itoa(len(from))))
	}
	for i, g := range from {
		if g == "" || utf8.RuneCountInString(g) > maxGroupName || sso.Unprintable(g) || strings.TrimSpace(g) != g {
			return in(where+"."+strconv.Itoa(i), refused(where+": names of 1 to 256 printable characters, without a space at their ends", g))
		}
	}
	*to = from
	return nil
}

// maxShown bounds how much of a bad value is repeated in a fault.
const maxShown = 200

// refused is the fault of a value that is not one of those that may stand
// there.
func refused(want, got string) error {
	if got == "" {
		got = "an empty text"
	}
	if len(got) > maxShown {
		got = strings.ToValidUTF8(got[:maxShown], "") + "…"
	}
	return &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: want, Got: got, Fix: fault.OperatorSide}
}

// wanting says in words what a rule of the domain wants where it only names
// what came.
func wanting(want string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Want != "" {
		return err
	}
	said := *f
	said.Want = want
	return &said
}
