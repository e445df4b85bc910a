package safehttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Exchange is an answer with what its way says of itself.
type Exchange struct {
	Answer
	Location string    // to which the other side sends us; "": nowhere
	Cookies  []Cookie  // that it sets
	Date     time.Time // by its clock; zero: it does not say
	Ends     time.Time // its certificate; zero: it has none
}

// Cookie is a cookie that the other side sets, without its value.
type Cookie struct {
	Name, Path, Domain    string
	Secure, HTTPOnly, Lax bool
}

// Exchange is [Caller.Call] for who asks about the way, and not only for the
// answer.
func (c *Caller) Exchange(ctx context.Context, out Request) (Exchange, error) {
	if err := c.reach.Check(out.URL); err != nil {
		return Exchange{}, fmt.Errorf("calling: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, out.Method, out.URL, bytes.NewReader(out.Body))
	if err != nil {
		return Exchange{}, errors.New("calling: no request can be made of this")
	}
	r.Header.Set("User-Agent", "Sallyport")
	for name, value := range out.Header {
		r.Header.Set(name, value)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return Exchange{}, fmt.Errorf("calling %s: %w", r.URL.Hostname(), cause(err))
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer))
	if err != nil {
		return Exchange{}, fmt.Errorf("reading the answer of %s: %w", r.URL.Hostname(), cause(err))
	}
	x := Exchange{Answer: Answer{Status: answer.StatusCode, Body: body, RetryAfter: retryAfter(answer.Header.Get("Retry-After"), time.Now())}, Location: answer.Header.Get("Location")}
	for _, k := range answer.Cookies() {
		x.Cookies = append(x.Cookies, Cookie{
			Name: k.Name, Path: k.Path, Domain: k.Domain, Secure: k.Secure, HTTPOnly: k.HttpOnly, Lax: k.SameSite == http.SameSiteLaxMode,
		})
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		x.Date = at
	}
	if t := answer.TLS; t != nil && len(t.PeerCertificates) > 0 {
		x.Ends = t.PeerCertificates[0].NotAfter
	}
	return x, nil
}
