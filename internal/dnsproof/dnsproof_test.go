package dnsproof_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/dnstest"
)

const (
	name   = "_sallyport.acme.example"
	proof  = "sallyport-verification=abcdefghijklmnop"
	apex   = "acme.example"
	double = "_sallyport.acme.example.acme.example"
)

func question() dnsproof.Question {
	return dnsproof.Question{Name: name, Value: proof, Elsewhere: []string{apex, double}}
}

func TestLook(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		zone func(s *dnstest.Server)
		want dnsproof.Answer
		tcp  bool
	}{
		"the record": {func(s *dnstest.Server) { s.TXT(name, proof) }, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"the record among others": {func(s *dnstest.Server) {
			s.TXT(name, "sallyport-verification=another")
			s.TXT(name, proof)
			s.TXT(name, "v=spf1 -all")
		}, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"the record in several strings": {func(s *dnstest.Server) { s.TXT(name, proof[:7], proof[7:20], proof[20:]) }, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"the record with pasted quotes": {func(s *dnstest.Server) { s.TXT(name, `"`+proof+`" `) }, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"the record in capitals":        {func(s *dnstest.Server) { s.TXT(name, strings.ToUpper(proof)) }, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"the record behind an alias": {func(s *dnstest.Server) {
			s.Alias(name, "acme.proofs.example")
			s.TXT("acme.proofs.example", proof)
		}, dnsproof.Answer{Found: dnsproof.Proof}, false},
		"an alias of nothing": {func(s *dnstest.Server) { s.Alias(name, "acme.proofs.example") }, dnsproof.Answer{Found: dnsproof.Nothing}, false},
		"no such name":        {func(*dnstest.Server) {}, dnsproof.Answer{Found: dnsproof.Nothing}, false},
		"another value": {func(s *dnstest.Server) { s.TXT(name, "sallyport-verification=of-another-claim") },
			dnsproof.Answer{Found: dnsproof.Other, Values: []string{"sallyport-verification=of-another-claim"}}, false},
		"a value that goes on":   {func(s *dnstest.Server) { s.TXT(name, proof+"x") }, dnsproof.Answer{Found: dnsproof.Other, Values: []string{proof + "x"}}, false},
		"a value that is a part": {func(s *dnstest.Server) { s.TXT(name, proof[:len(proof)-1]) }, dnsproof.Answer{Found: dnsproof.Other, Values: []string{proof[:len(proof)-1]}}, false},
		"the record at the apex": {func(s *dnstest.Server) {
			s.TXT(apex, "v=spf1 -all")
			s.TXT(apex, proof)
		}, dnsproof.Answer{Found: dnsproof.Elsewhere, At: apex}, false},
		"the domain twice": {func(s *dnstest.Server) { s.TXT(double, proof) }, dnsproof.Answer{Found: dnsproof.Elsewhere, At: double}, false},
		"at the apex, and another value here": {func(s *dnstest.Server) {
			s.TXT(name, "nonsense")
			s.TXT(apex, proof)
		}, dnsproof.Answer{Found: dnsproof.Elsewhere, At: apex}, false},
		"another value at the apex": {func(s *dnstest.Server) { s.TXT(apex, "v=spf1 -all") }, dnsproof.Answer{Found: dnsproof.Nothing}, false},
		"an apex that fails": {func(s *dnstest.Server) {
			s.Fail(apex, dnstest.ServFail)
			s.TXT(double, proof)
		}, dnsproof.Answer{Found: dnsproof.Elsewhere, At: double}, false},
		"an answer that was cut off": {func(s *dnstest.Server) {
			s.TXT(name, proof)
			s.Fail(name, dnstest.Truncated)
		}, dnsproof.Answer{Found: dnsproof.Proof}, true},
		"a huge answer": {func(s *dnstest.Server) {
			for range 200 {
				s.TXT(name, strings.Repeat("x", 255))
			}
			s.TXT(name, proof)
		}, dnsproof.Answer{Found: dnsproof.Proof}, true},
		"SERVFAIL":       {func(s *dnstest.Server) { s.Fail(name, dnstest.ServFail) }, dnsproof.Answer{Found: dnsproof.Misbehaved}, false},
		"REFUSED":        {func(s *dnstest.Server) { s.Fail(name, dnstest.Refused) }, dnsproof.Answer{Found: dnsproof.Misbehaved}, false},
		"no answer":      {func(s *dnstest.Server) { s.Fail(name, dnstest.Silence) }, dnsproof.Answer{Found: dnsproof.TimedOut}, false},
		"no DNS message": {func(s *dnstest.Server) { s.Fail(name, dnstest.Garbage) }, dnsproof.Answer{Found: dnsproof.TimedOut}, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := dnstest.Start(t)
			tc.zone(s)
			r := dnsproof.Resolver{Server: s.Address}
			if tc.want.Found == dnsproof.TimedOut {
				r.Patience = 200 * time.Millisecond
			}
			got := r.Look(t.Context(), question())
			if got.Found != tc.want.Found || got.At != tc.want.At || !slices.Equal(got.Values, tc.want.Values) {
				t.Errorf("Look() = %+v, want %+v", got, tc.want)
			}
			if got.Found.Decides() != (got.Err == nil) {
				t.Errorf("Look() = %s with the error %v", got.Found, got.Err)
			}
			if tc.tcp != (s.Asked("tcp", name) > 0) {
				t.Errorf("asked %d times by TCP", s.Asked("tcp", name))
			}
		})
	}
}

func TestAResolverThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := dnsproof.Resolver{Server: "127.0.0.1:1"}
	if got := r.Look(t.Context(), question()); got.Found != dnsproof.Unreachable || got.Err == nil {
		t.Errorf("Look() = %+v, want that the resolver is unreachable", got)
	}
}

func TestWhoeverAskedMayGo(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	s.Fail(name, dnstest.Silence)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := dnsproof.Resolver{Server: s.Address}
	if got := r.Look(ctx, question()); got.Found.Decides() {
		t.Errorf("Look() = %+v, though nobody was asked", got)
	}
}

// What is shown of other people's records is short, and nothing in it moves
// the cursor or turns the line around.
func TestWhatIsShownInsteadIsBounded(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	for range dnsproof.MaxValues + 3 {
		s.TXT(name, strings.Repeat("ä", 120), "x", strings.Repeat("y", 200))
	}
	r := dnsproof.Resolver{Server: s.Address}
	got := r.Look(t.Context(), question())
	if got.Found != dnsproof.Other || len(got.Values) != dnsproof.MaxValues {
		t.Fatalf("Look() = %+v", got)
	}
	if n := len([]rune(got.Values[0])); n != dnsproof.MaxValue+1 {
		t.Errorf("%d characters are shown", n)
	}
	s.Clear(name)
	s.TXT(name, "a\\027[31mb\\000c\\226\\128\\174d")
	if got := r.Look(t.Context(), question()); len(got.Values) != 1 || got.Values[0] != "a[31mbcd" {
		t.Errorf("Look() shows %q", got.Values)
	}
}

func TestParseServer(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.53": "192.0.2.53:53", "192.0.2.53:5353": "192.0.2.53:5353", "2001:db8::53": "[2001:db8::53]:53", "[2001:db8::53]": "[2001:db8::53]:53",
		"[2001:db8::53]:54": "[2001:db8::53]:54", "dns.example": "dns.example:53", "dns.example:54": "dns.example:54",
		"": "", ":53": "", "a b": "", "https://dns.example": "", "2001:db8::zz": "",
	} {
		got, err := dnsproof.ParseServer(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseServer(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// What is an address of a server stays the same when it is read again, and has
// a host and a port.
func FuzzParseServer(f *testing.F) {
	for _, s := range []string{"192.0.2.53", "[2001:db8::53]:53", "dns.example:54", ":", "a b", "[::1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := dnsproof.ParseServer(s)
		if err != nil {
			return
		}
		again, err := dnsproof.ParseServer(got)
		if err != nil || again != got {
			t.Fatalf("%q is %q, and that is %q, %v", s, got, again, err)
		}
		if host, port, err := net.SplitHostPort(got); err != nil || host == "" || port == "" {
			t.Fatalf("%q is %q", s, got)
		}
	})
}
