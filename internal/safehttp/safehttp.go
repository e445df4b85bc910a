// Package safehttp fetches what a customer's URL names, and nothing from
// inside.
//
// The address is judged when the connection is made, so that neither DNS
// re-binding nor a redirect leads to a private network, but those that the
// operator names; only https is spoken elsewhere, no proxy is used and nothing
// of ours is sent along. Time, redirects and size
// are bounded. Errors never hold what the other side answered.
package safehttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of a fetch.
const (
	Timeout      = 5 * time.Second
	MaxRedirects = 3
	MaxBody      = 5 << 20
)

// Client fetches documents. It is safe for concurrent use.
type Client struct {
	http   *http.Client
	scheme func(string) bool // that may be spoken
}

// New returns a client that reaches public addresses by https on port 443, and
// these networks of the operator's by any port, by plain http too.
func New(inside ...netip.Prefix) *Client {
	guard := ssrf.New(ssrf.WithPorts(443))
	dialer := &net.Dialer{Timeout: Timeout, Control: func(network, address string, c syscall.RawConn) error {
		if within(inside, address) {
			return nil
		}
		return guard.Safe(network, address, c)
	}}
	// Plain http does not lead outside: the guard lets nothing pass but port 443.
	scheme := func(s string) bool { return s == "https" || s == "http" && len(inside) > 0 }
	return &Client{scheme: scheme, http: &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: Timeout, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > MaxRedirects || check(r.URL, scheme) != nil {
				return refuse("fetch_redirect", fmt.Sprintf("at most %d redirects, to https alone", MaxRedirects), r.URL.Host)
			}
			return nil
		},
	}}
}

// within reports whether an address with its port is of one of the networks.
func within(networks []netip.Prefix, address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(at.Addr().Unmap()) })
}

// Get returns the document at this URL, at most [MaxBody] octets. Every error
// is a fault that an administrator may see.
func (c *Client) Get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, refuse("fetch_url", "an https URL", "")
	}
	if err := check(u, c.scheme); err != nil {
		return nil, err
	}
	way := progress{inside: c.scheme("http")}
	r, err := http.NewRequestWithContext(way.follow(ctx), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, refuse("fetch_url", "an https URL", "")
	}
	r.Header.Set("User-Agent", "Sallyport")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, way.failed(u.Host, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, badStatus(answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	if err != nil {
		return nil, way.failed(u.Host, err)
	}
	switch at := answer.Request.URL; {
	case len(body) > MaxBody:
		return nil, refuse("fetch_size", "at most 5 MiB", "more")
	case isPage(body) && (at.Host != u.Host || at.Path != u.Path):
		return nil, refuse("fetch_sign_in", "a document", "a web page at "+at.Host+", to which the address leads")
	case isPage(body):
		return nil, refuse("fetch_page", "a document", "a web page")
	}
	return body, nil
}

// isPage reports whether a document is a web page, whatever its type is said to
// be: metadata come as text/html too.
func isPage(body []byte) bool {
	start := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 512)], " \t\r\n\ufeff"))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

func checkURL(u *url.URL) error {
	return check(u, func(s string) bool { return s == "https" })
}

func check(u *url.URL, scheme func(string) bool) error {
	if !scheme(u.Scheme) || u.Host == "" || u.User != nil || u.Opaque != "" {
		return refuse("fetch_url", "an https URL without user name", u.Redacted())
	}
	return nil
}

func refuse(code, want, got string) error {
	return &fault.Error{Kind: fault.Invalid, Code: code, Want: want, Got: got, Fix: fault.AdminSide}
}
