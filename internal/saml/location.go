package saml

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckLocation reports whether a browser may be sent to the endpoint: an
// absolute https URL without user information or fragment. Plain http is
// allowed on loopback. Endpoints come from metadata that strangers write, so
// they are checked when they are saved and again before every use.
func CheckLocation(location string) error {
	u, err := url.Parse(location)
	switch {
	case err != nil:
		return errors.New("reading location: not a URL")
	case u.Host == "" || u.Hostname() == "":
		return errors.New("reading location: no host")
	case u.User != nil:
		return errors.New("reading location: user information in it")
	case !utf8.ValidString(location) || strings.ContainsFunc(location, func(r rune) bool { return unicode.Is(unicode.Noncharacter_Code_Point, r) }):
		return errors.New("reading location: characters that no message can carry")
	case strings.Contains(location, "#"): // an empty one too: what is appended would be part of it
		return errors.New("reading location: a fragment in it")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("reading location: want https, got %q", u.Scheme)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
