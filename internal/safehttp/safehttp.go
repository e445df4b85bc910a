// Package safehttp fetches what a customer's URL names, and nothing from
// inside.
//
// The address is judged when the connection is made, so that neither DNS
// re-binding nor a redirect leads to a private network; only https is spoken,
// no proxy is used and nothing of ours is sent along. Time, redirects and size
// are bounded. Errors never hold what the other side answered.
package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
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
	http *http.Client
}

// New returns a client that reaches public addresses by https on port 443.
func New() *Client {
	guard := ssrf.New(ssrf.WithPorts(443))
	dialer := &net.Dialer{Timeout: Timeout, Control: guard.Safe}
	return &Client{&http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: Timeout, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > MaxRedirects {
				return errors.New("too many redirects")
			}
			return checkURL(r.URL)
		},
	}}
}

// Get returns the document at this URL, at most [MaxBody] octets. Every error
// is a fault that an administrator may see.
func (c *Client) Get(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, refuse("fetch_url", "an https URL", "")
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, refuse("fetch_url", "an https URL", "")
	}
	r.Header.Set("User-Agent", "Sallyport")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "fetch_failed", Got: u.Host, Fix: fault.AdminSide, Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "fetch_status", Want: "200", Got: fmt.Sprint(answer.StatusCode), Fix: fault.AdminSide}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "fetch_failed", Got: u.Host, Fix: fault.AdminSide, Err: err}
	}
	if len(body) > MaxBody {
		return nil, refuse("fetch_size", "at most 5 MiB", "more")
	}
	return body, nil
}

func checkURL(u *url.URL) error {
	if u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return refuse("fetch_url", "an https URL without user name", u.Redacted())
	}
	return nil
}

func refuse(code, want, got string) error {
	return &fault.Error{Kind: fault.Invalid, Code: code, Want: want, Got: got, Fix: fault.AdminSide}
}
