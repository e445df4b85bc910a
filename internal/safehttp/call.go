package safehttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of a call.
const (
	CallTimeout = 15 * time.Second
	MaxAnswer   = 64 << 10
)

// Reach says where calls may lead.
type Reach uint8

// The reaches.
const (
	Public  Reach = iota // by https to public addresses, on port 443
	Private              // wherever the operator says, by plain http too
)

// Caller calls what the operator has configured, such as a gateway. It follows
// no redirect. It is safe for concurrent use.
type Caller struct {
	reach Reach // that URLs are held to; where a connection leads is judged when it is made
	guard guard // nil: it may lead anywhere
	http  *http.Client
}

// A guard refuses connections by where they lead.
type guard func(network, address string, c syscall.RawConn) error

// outside returns a guard that lets in these networks of the operator's, whatever
// it refuses else.
func outside(refuses guard, inside []netip.Prefix) guard {
	return func(network, address string, c syscall.RawConn) error {
		if within(inside, address) {
			return nil
		}
		return refuses(network, address, c)
	}
}

// NewCaller returns a caller with this reach, and to these networks of the
// operator's besides, by any port and by plain http too.
func NewCaller(reach Reach, inside ...netip.Prefix) *Caller {
	dialer := &net.Dialer{Timeout: CallTimeout}
	var guard guard
	if reach == Public {
		guard = outside(ssrf.New(ssrf.WithPorts(443)).Safe, inside)
		dialer.Control = guard
		if len(inside) > 0 {
			reach = Private
		}
	}
	return &Caller{reach, guard, &http.Client{
		Timeout: CallTimeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: CallTimeout, ResponseHeaderTimeout: CallTimeout, MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// NewDialer returns what connects to addresses that somebody else has chosen, by
// any port: to public ones, and to these networks of the operator's. The address
// is judged when it is connected to.
func NewDialer(inside ...netip.Prefix) *net.Dialer {
	all := ssrf.New(ssrf.WithAnyPort(), ssrf.WithNetworks("tcp4", "tcp6", "udp4", "udp6"))
	return &net.Dialer{Timeout: CallTimeout, Control: outside(all.Safe, inside)}
}

// Check refuses a URL that is never called: one that these calls do not lead to, or
// whose host is an address that they do not, which is [Forbidden]. Where a name
// leads is seen when it is called.
func (c *Caller) Check(address string) error {
	if err := c.reach.Check(address); err != nil || c.guard == nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("not a URL")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil
	}
	network, port := "tcp6", cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	if ip.Is4() {
		network = "tcp4"
	}
	return c.guard(network, net.JoinHostPort(ip.String(), port), nil)
}

// Forbidden reports whether a call has failed because its address is none that
// may be called.
func Forbidden(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) || errors.Is(err, ssrf.ErrProhibitedPort)
}

// Post is the method of a request that tells something.
const Post = http.MethodPost

// Request is what is sent.
type Request struct {
	Method string
	URL    string
	Header map[string]string
	Body   []byte
}

// Answer is what came back.
type Answer struct {
	Status     int
	Body       []byte        // at most [MaxAnswer] octets; what is longer is cut
	RetryAfter time.Duration // 0: nothing was said of it
}

// OK reports whether the answer is a success.
func (a *Answer) OK() bool { return a.Status >= http.StatusOK && a.Status < http.StatusMultipleChoices }

// TooMany reports whether the other side asks for fewer calls.
func (a *Answer) TooMany() bool { return a.Status == http.StatusTooManyRequests }

// Barred reports whether the other side does not know us, or does not let us
// do this.
func (a *Answer) Barred() bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status == http.StatusProxyAuthRequired
}

// Absent reports whether there is nothing at this URL.
func (a *Answer) Absent() bool {
	return a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusGone
}

// Over reports whether the other side does not want to be called any more.
func (a *Answer) Over() bool { return a.Status == http.StatusGone }

// Broken reports whether the other side is at fault, or sends us elsewhere.
func (a *Answer) Broken() bool {
	return a.Status >= http.StatusInternalServerError || a.Status < http.StatusBadRequest && !a.OK() || a.Status == http.StatusRequestTimeout
}

// Check refuses a URL that calls of this reach cannot lead to.
func (r Reach) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("not a URL") // which may hold a secret: not shown
	}
	if r == Public {
		if checkURL(u) != nil || u.Port() != "" && u.Port() != "443" {
			return fmt.Errorf("want an https URL on port 443 without user name, got one of %q", u.Host)
		}
		return nil
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Opaque != "" {
		return fmt.Errorf("want an http or https URL without user name, got one of %q", u.Host)
	}
	return nil
}

// Call sends a request and returns the answer, whatever its status. Errors
// hold neither the URL nor the answer: both may hold secrets.
func (c *Caller) Call(ctx context.Context, out Request) (Answer, error) {
	x, err := c.Exchange(ctx, out)
	return x.Answer, err
}

// cause is an error without the URL that net/http adds.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter reads the header of that name: seconds, or an instant [RFC 9110 10.2.3].
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
