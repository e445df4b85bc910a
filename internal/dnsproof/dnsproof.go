// Package dnsproof looks in the DNS for a TXT record by which somebody proves
// that a domain is theirs, and says what is there instead.
//
// It asks a resolver that is named to it, or the system's, and keeps nothing:
// what it says is what that resolver says now. Answers that were cut off are
// asked for again by TCP; aliases are followed by the resolver.
//
// # Trust
//
// Whoever answers for the domain chooses what the records hold. Values are
// compared, and otherwise only shown: cut to a length, and a few of them.
package dnsproof

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Found is what a look has come to.
type Found string

// What may be found. The last three say nothing about the domain: it cannot be
// known now what is there.
const (
	Proof       Found = "proof"       // the record, where it has to be
	Nothing     Found = "nothing"     // no such name, or no TXT record there
	Other       Found = "other"       // TXT records, but not that one
	Elsewhere   Found = "elsewhere"   // the record, at another name
	TimedOut    Found = "timed_out"   // no answer came in time
	Misbehaved  Found = "misbehaved"  // the servers of the domain do not answer for it, as by SERVFAIL
	Unreachable Found = "unreachable" // the resolver itself is not there
)

// Decides reports whether the answer says something about the domain.
func (f Found) Decides() bool {
	return f != TimedOut && f != Misbehaved && f != Unreachable
}

// Limits.
const (
	Patience  = 5 * time.Second // with one question
	MaxValues = 5               // of those found instead
	MaxValue  = 120             // characters of one
)

// Question is what is looked for.
type Question struct {
	Name      string   // at which the record has to be, without a dot at its end
	Value     string   // that it has to have
	Elsewhere []string // names at which it is found when something went wrong
}

// Answer is what was found.
type Answer struct {
	Found  Found
	At     string   // the name, where it is another one
	Values []string // found at the right name instead
	Err    error    // why nothing can be said; nil otherwise
}

// Resolver asks. Its fields are set once, before it is used; it is safe for
// concurrent use.
type Resolver struct {
	Server   string        // host and port of a recursive resolver; "": the system's
	Patience time.Duration // with one question; 0: [Patience]
}

// ParseServer reads the address of a resolver: a host, and a port where it is
// not 53.
func ParseServer(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "53"
		if inner, ok := strings.CutPrefix(s, "["); ok {
			host = strings.TrimSuffix(inner, "]")
		}
	}
	_, notIP := netip.ParseAddr(host)
	n, notPort := strconv.ParseUint(port, 10, 16)
	if host == "" || notPort != nil || n == 0 || notIP != nil && strings.ContainsFunc(host, notInName) {
		return "", fmt.Errorf("%q is no address of a DNS server such as 192.0.2.53 or [2001:db8::53]:53", s)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// notInName refuses what is in no name of a host.
func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// Look looks for the record.
func (r *Resolver) Look(ctx context.Context, q Question) Answer {
	values, found, err := r.texts(ctx, q.Name)
	if !found.Decides() {
		return Answer{Found: found, Err: err}
	}
	if holds(values, q.Value) {
		return Answer{Found: Proof}
	}
	for _, name := range q.Elsewhere {
		// What cannot be read there says nothing about where it has to be.
		if there, _, _ := r.texts(ctx, name); holds(there, q.Value) {
			return Answer{Found: Elsewhere, At: name}
		}
	}
	if len(values) == 0 {
		return Answer{Found: Nothing}
	}
	return Answer{Found: Other, Values: shown(values)}
}

// Texts returns the TXT records at a name without a dot at its end, made fit to
// be shown, or why there are none.
func (r *Resolver) Texts(ctx context.Context, name string) ([]string, Found, error) {
	values, found, err := r.texts(ctx, name)
	return shown(values), found, err
}

// texts returns the TXT records at a name, or why there are none.
func (r *Resolver) texts(ctx context.Context, name string) ([]string, Found, error) {
	patience := r.Patience
	if patience == 0 {
		patience = Patience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line := line{server: r.Server}
	asked := net.Resolver{PreferGo: true, Dial: line.dial}
	// The dot at the end keeps the system's search list out.
	values, err := asked.LookupTXT(ctx, name+".")
	if err == nil {
		return values, Other, nil
	}
	said, ok := errors.AsType[*net.DNSError](err)
	err = fmt.Errorf("asking for the TXT records of %s: %w", name, err)
	switch {
	case ok && said.IsNotFound:
		return nil, Nothing, nil
	case ok && said.IsTimeout, ctx.Err() != nil:
		return nil, TimedOut, err
	case line.heard.Load():
		return nil, Misbehaved, err
	default:
		return nil, Unreachable, err
	}
}

// holds reports whether one of the records is the one. Some consoles store the
// quotes and spaces that were pasted along, and case means nothing in it.
func holds(values []string, want string) bool {
	for _, v := range values {
		if strings.EqualFold(strings.Trim(v, "\"' \t\r\n"), want) {
			return true
		}
	}
	return false
}

// shown makes records fit to be shown.
func shown(values []string) []string {
	all := make([]string, 0, MaxValues)
	for _, v := range values[:min(len(values), MaxValues)] {
		v = strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return -1
		}, strings.ToValidUTF8(v[:min(len(v), MaxValue*utf8.UTFMax)], ""))
		if runes := []rune(v); len(runes) > MaxValue {
			v = string(runes[:MaxValue]) + "…"
		}
		all = append(all, v)
	}
	return all
}
