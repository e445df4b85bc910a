package web

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// BaseURL is where people and programs reach this deployment: the only source
// of links. It is https, or plain http on the machine itself.
type BaseURL struct {
	origin string
	secure bool
}

// ParseBaseURL judges the configured base URL: scheme and host, a port if need
// be, nothing after it but one slash.
func ParseBaseURL(s string) (BaseURL, error) {
	refuse := &fault.Error{
		Kind: fault.Invalid, Code: "base_url", Fix: fault.OperatorSide, Got: clip(s),
		Want: "https://host, or http:// and a loopback address, without a path",
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#") ||
		(u.Path != "" && u.Path != "/") {
		return BaseURL{}, refuse
	}
	secure := u.Scheme == "https"
	if !secure && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return BaseURL{}, refuse
	}
	return BaseURL{origin: u.Scheme + "://" + strings.ToLower(u.Host), secure: secure}, nil
}

// String returns the base URL without a slash at its end.
func (b BaseURL) String() string { return b.origin }

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
