package oidc

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of a request as a whole.
const (
	MaxForm       = 32 << 10 // octets of a query or a form body
	MaxAuthorize  = 8 << 10  // octets of an authorize request, which is kept while the person signs in
	maxParameters = 64       // names and values
	maxShown      = 200      // octets of a refused value that an error repeats
)

// ParseForm reads a query or a form body. Unlike [net/url.URL.Query] it refuses
// what it cannot read, so that no two readers see two requests.
func ParseForm(raw string) (url.Values, error) {
	if len(raw) > MaxForm || strings.Count(raw, "&") >= maxParameters {
		return nil, tooLarge()
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "oidc_request_malformed", Fix: fault.AppSide, Err: err}
	}
	return v, nil
}

// ParseAuthorize reads an authorize request as [ParseForm] does. Anybody can
// send one, and it is kept: as it came and as it is kept, it has at most
// [MaxAuthorize] octets.
func ParseAuthorize(raw string) (url.Values, error) {
	v, err := ParseForm(raw)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxAuthorize || len(v.Encode()) > MaxAuthorize {
		return nil, tooLarge()
	}
	return v, nil
}

func tooLarge() error {
	return &fault.Error{Kind: fault.Invalid, Code: "oidc_request_too_large", Fix: fault.AppSide}
}

// single returns the only value of a parameter; one without a value counts as
// left out [RFC 6749 3.1]. It reports false where there are several.
func single(v url.Values, name string) (string, bool) {
	switch all := v[name]; len(all) {
	case 0:
		return "", true
	case 1:
		return all[0], true
	default:
		return "", false
	}
}

// plain reports whether s can be repeated on pages, in logs and in URLs.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// clip makes a hostile value fit to be repeated in an error.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

// isLoopback reports whether a host name never leaves this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
