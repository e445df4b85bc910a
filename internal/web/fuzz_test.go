package web

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzCheckTarget: what is accepted starts with https and a host, or with http
// and a name of this machine, and holds nothing that ends a header line.
func FuzzCheckTarget(f *testing.F) {
	for _, s := range []string{"https://idp.example/sso", "http://127.0.0.1/", "javascript:alert(1)", "https:\\\\x", "http://localhost@evil", "HTTPS://x", "https://[::1]:8443/?a#b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckTarget(s) != nil {
			return
		}
		lower := strings.ToLower(s)
		u, err := url.Parse(s)
		switch {
		case err != nil:
			t.Fatalf("%q is accepted and cannot be read: %v", s, err)
		case strings.HasPrefix(lower, "https://") && u.Hostname() != "":
		case strings.HasPrefix(lower, "http://") && loopback(u.Hostname()):
		default:
			t.Fatalf("%q is accepted", s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }) {
			t.Fatalf("%q is accepted with a control character", s)
		}
		if CheckReturn(s) != nil {
			t.Fatalf("%q is fit for an identity provider and not for an app", s)
		}
	})
}

// FuzzParseBaseURL: what is accepted is its own normal form, and every path
// joined to it stays on its host.
func FuzzParseBaseURL(f *testing.F) {
	for _, s := range []string{"https://id.example", "http://[::1]:80/", "https://ID.example:8443", "https://x@y", "https://id.example#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		base, err := ParseBaseURL(s)
		if err != nil {
			return
		}
		again, err := ParseBaseURL(base.String())
		if err != nil || again != base {
			t.Fatalf("%q becomes %q, which becomes %q (%v)", s, base, again, err)
		}
		joined, err := url.Parse(base.Join("/login?x=y"))
		origin, err2 := url.Parse(base.String())
		if err != nil || err2 != nil || joined.Host != origin.Host || joined.Scheme != origin.Scheme || joined.Path != "/login" {
			t.Fatalf("%q joined is %v (%v, %v)", s, joined, err, err2)
		}
	})
}

// FuzzClientAddress: a peer that is no proxy is always itself, and whatever
// comes out through a proxy is an address.
func FuzzClientAddress(f *testing.F) {
	f.Add("203.0.113.7:1", "198.51.100.1, 10.0.0.1", "")
	f.Add("10.0.0.1:1", "198.51.100.1:80, [::1]", "::ffff:10.0.0.2")
	f.Add("[fd00::1%eth0]:9", ",,, ,", "unknown")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, remote, first, second string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {first, second}}}
		got := clientAddress(r, trusted)
		if direct := peer(remote); !among(direct, trusted) && got != direct {
			t.Fatalf("%q is no proxy and is taken for %s", remote, got)
		} else if direct.IsValid() && !got.IsValid() {
			t.Fatalf("%q by %q, %q has no address", remote, first, second)
		}
		if got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%s has two forms", got)
		}
	})
}

// FuzzClean: what reaches the log is text of one line, visible and bounded.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"plain", "a\r\nb", "\x1b[2J", "\u202eabc", "\xff\xfe", "é\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !utf8.ValidString(got) || len(got) > (maxLogged+3)*8 {
			t.Fatalf("clean(%q) = %q", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
				t.Fatalf("clean(%q) = %q holds %U", s, got, r)
			}
		}
	})
}

// FuzzTrace: what is logged as a trace has the form of one, whatever was sent.
func FuzzTrace(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")
	f.Fuzz(func(t *testing.T, s string) {
		got := strings.Split(traceOf(&http.Request{Header: http.Header{"Traceparent": {s}}}), "-")
		if len(got) != 4 || got[0] != "00" || !lowerHex(got[1], 32) || !lowerHex(got[2], 16) || !lowerHex(got[3], 2) {
			t.Fatalf("traceparent %q becomes %v", s, got)
		}
	})
}

// FuzzParseFields: what is read of a form is what the standard library reads, and
// what it refuses is refused.
func FuzzParseFields(f *testing.F) {
	for _, s := range []string{"", "&", "a=b&a=c&d", "=&=x", "a+b=%2B+%20", "a=%C3%bc", "a=%", "a=%2", "a=%zz&b", "a;b=c", "a=b=c%3D", "%41=%00", "a=b%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseFields([]byte(s))
		want, refused := url.ParseQuery(s)
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: parseFields() = %v, url.ParseQuery() = %v", s, err, refused)
		}
		if err == nil && !maps.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q: parseFields() = %q, want %q", s, got, want)
		}
	})
}

func TestAFormHasAsManyFieldsAsTheStandardLibraryReads(t *testing.T) {
	t.Parallel()
	for _, form := range []string{strings.Repeat("a&", maxPairs-1), strings.Repeat("a&", maxPairs)} {
		_, err := parseFields([]byte(form))
		if _, refused := url.ParseQuery(form); (err != nil) != (refused != nil) {
			t.Errorf("%d octets: parseFields() = %v, url.ParseQuery() = %v", len(form), err, refused)
		}
	}
}
