package web

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/sallyport/sallyport/internal/fault"
)

// BaseURL is where people and programs reach this deployment: the only source
// of links. It is https, or plain http on the machine itself.
type BaseURL struct {
	origin string
	secure bool
}

// Limits of a name [RFC 1035 2.3.4].
const (
	maxLabel = 63
	maxHost  = 253
)

// ParseBaseURL judges the configured base URL: scheme and host, a port if need
// be, nothing after it but one slash.
func ParseBaseURL(s string) (BaseURL, error) {
	refuse := &fault.Error{
		Kind: fault.Invalid, Code: "base_url", Fix: fault.OperatorSide, Got: clip(s),
		Want: "https://host, or http:// and a loopback address, without a path",
	}
	if ascii, ok := idnaForm(s); ok {
		refuse.Want = "the host in its ASCII form: " + ascii
		return BaseURL{}, refuse
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#") ||
		(u.Path != "" && u.Path != "/") {
		return BaseURL{}, refuse
	}
	host, ok := originHost(u.Hostname())
	port, portOK := originPort(u)
	secure := u.Scheme == "https"
	if !ok || !portOK || !secure && (u.Scheme != "http" || !loopback(strings.ToLower(u.Hostname()))) {
		return BaseURL{}, refuse
	}
	return BaseURL{origin: u.Scheme + "://" + host + port, secure: secure}, nil
}

// idnaForm returns the ASCII form of a name in other letters, which browsers
// write in its place and compare [RFC 5891 4].
func idnaForm(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || strings.IndexFunc(u.Hostname(), func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return "", false
	}
	ascii, err := idna.Lookup.ToASCII(u.Hostname())
	return ascii, err == nil
}

// originHost returns a host as browsers write it in an origin: a name of
// letters, digits and hyphens in lower case, or an address. A name whose last
// label is a number would be an address to them [URL 3.5].
func originHost(host string) (string, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Is4() {
			return a.String(), true
		}
		return "[" + a.String() + "]", a.Zone() == "" && !a.Is4In6()
	}
	host = strings.ToLower(host)
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
			label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	return host, len(host) <= maxHost && (last[0] < '0' || last[0] > '9')
}

// originPort returns the port as browsers write it in an origin: not at all
// where it is the scheme's own.
func originPort(u *url.URL) (string, bool) {
	text := u.Port()
	if text == "" {
		return "", !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", false
	}
	if u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
		return "", true
	}
	return ":" + strconv.FormatUint(n, 10), true
}

// String returns the base URL without a slash at its end.
func (b BaseURL) String() string { return b.origin }

// Host returns the host, without a port.
func (b BaseURL) Host() string {
	u, err := url.Parse(b.origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Join returns the URL of a path, which starts with a slash.
func (b BaseURL) Join(path string) string { return b.origin + path }

// Secure reports whether the base URL is https.
func (b BaseURL) Secure() bool { return b.secure }

// loopback reports whether host names the machine itself.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// CheckTarget judges a URL of another site before a browser is sent there:
// https, or plain http on the machine itself. Such a URL comes from the
// metadata of an identity provider and is judged when it is stored and again
// when it is used.
func CheckTarget(s string) error {
	u, err := url.Parse(s)
	if err == nil && u.Hostname() != "" && u.User == nil && u.Opaque == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())) {
		return nil
	}
	return &fault.Error{
		Kind: fault.Denied, Code: "redirect_target", Fix: fault.AdminSide,
		Want: "an https URL", Got: clip(s), Err: err,
	}
}

// CheckReturn judges where an application wants its people back, before a
// browser is sent there: as [CheckTarget], or a scheme of a native
// application's own, which has a dot, as none that a browser runs does
// [RFC 8252 7.1]. That the address is registered has been checked before; this
// is the second lock.
func CheckReturn(s string) error {
	u, err := url.Parse(s)
	if err == nil && strings.Contains(u.Scheme, ".") {
		return nil
	}
	return CheckTarget(s)
}
