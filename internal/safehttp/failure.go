package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/sallyport/sallyport/internal/fault"
)

// How far a fetch has come.
const (
	reaching  int32 = iota // for a connection
	connected              // nothing has come back
	answering              // the answer has begun
)

// progress is how far a fetch has come, from which what too long a time means is
// known.
type progress struct {
	at     atomic.Int32
	inside bool // private networks are open, on any port
}

// follow has the progress of requests under this context written down, each that a
// redirect leads to from its beginning.
func (p *progress) follow(ctx context.Context) context.Context {
	reached := func() { p.at.CompareAndSwap(reaching, connected) }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.at.Store(reaching) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				reached()
			}
		},
		TLSHandshakeStart:    reached,
		GotConn:              func(httptrace.GotConnInfo) { reached() },
		GotFirstResponseByte: func() { p.at.Store(answering) },
	})
}

// failed says why a fetch has failed.
func (p *progress) failed(host string, err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	f := &fault.Error{Kind: fault.Unavailable, Code: "fetch_failed", Got: host, Fix: fault.AdminSide, Err: err}
	_, unknown := errors.AsType[*net.DNSError](err)
	late, _ := errors.AsType[net.Error](err)
	at := askedLast(host, err)
	// Which names there are inside is nobody's business: whether one is found is not to
	// be told from whether it leads inside, on whatever port and after whatever redirect.
	hidden := !p.inside && (Forbidden(err) || unknown)
	switch {
	case otherPort(at) && (hidden || isAddress(at) && errors.Is(err, ssrf.ErrProhibitedPort)):
		f = &fault.Error{Kind: fault.Unavailable, Code: "fetch_port", Want: "https on port 443", Got: host, Fix: fault.AdminSide, Err: err}
	case Forbidden(err) && isAddress(at):
		f = &fault.Error{Kind: fault.Unavailable, Code: "fetch_inside", Want: "a public address", Got: host, Fix: fault.AdminSide, Err: err}
	case Forbidden(err), unknown:
		f = &fault.Error{Kind: fault.Unavailable, Code: "fetch_dns", Want: "a name that is in the public DNS, of a public address", Got: host, Fix: fault.AdminSide, Err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		f = &fault.Error{Kind: fault.Unavailable, Code: "fetch_refused", Want: "a server that listens", Got: host, Fix: fault.AdminSide, Err: err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		f = &fault.Error{Kind: fault.Unavailable, Code: "fetch_unreachable", Want: "a way there", Got: host, Fix: fault.AdminSide, Err: err}
	case errors.Is(err, context.Canceled):
	case late != nil && late.Timeout():
		return p.late(host, err)
	default:
		if bad := badTLS(host, err); bad != nil {
			return bad
		}
	}
	return f
}

// askedLast returns the address that was asked last: where redirects have led.
func askedLast(host string, err error) *url.URL {
	if x, ok := errors.AsType[*url.Error](err); ok {
		if u, err := url.Parse(x.URL); err == nil {
			return u
		}
	}
	return &url.URL{Scheme: "https", Host: host}
}

// otherPort reports whether an address names another port than that of https.
func otherPort(u *url.URL) bool {
	return u.Port() != "443" && (u.Port() != "" || u.Scheme == "http")
}

// isAddress reports whether the host of an address is an IP address and no name.
func isAddress(u *url.URL) bool {
	_, err := netip.ParseAddr(u.Hostname())
	return err == nil
}

// late says what has taken too long.
func (p *progress) late(host string, err error) *fault.Error {
	switch want := "within " + Timeout.String(); p.at.Load() {
	case reaching:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_unreachable", Want: "a connection " + want, Got: host, Fix: fault.AdminSide, Err: err}
	case connected:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_silent", Want: "an answer " + want, Got: host, Fix: fault.AdminSide, Err: err}
	default:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_slow", Want: "all of the answer " + want, Got: host, Fix: fault.AdminSide, Err: err}
	}
}

// badTLS says what is wrong with the certificate of a server or its TLS, or nil.
func badTLS(host string, err error) *fault.Error {
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, noRecord := errors.AsType[tls.RecordHeaderError](err)
	op, _ := errors.AsType[*net.OpError](err)
	alert := op != nil && (op.Op == "remote error" || op.Op == "local error") // as crypto/tls calls its alerts
	switch {
	case invalid.Cert != nil && invalid.Reason == x509.Expired:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_certificate_expired", Want: "a certificate that is good today", Got: host, Fix: fault.AdminSide, Err: err}
	case misnamed:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_certificate_name", Want: "a certificate for " + host, Got: "one for another name", Fix: fault.AdminSide, Err: err}
	case unverified:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_certificate_issuer", Want: "a certificate by a public authority, with its chain", Got: host, Fix: fault.AdminSide, Err: err}
	case noRecord, alert, errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "tls: server selected unsupported protocol version"): // which has no type
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_tls", Want: "https, by TLS 1.2 or newer", Got: host, Fix: fault.AdminSide, Err: err}
	}
	return nil
}

// badStatus says what an answer means that is no document.
func badStatus(status int) *fault.Error {
	got := fmt.Sprint(status)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_denied", Want: "200", Got: got, Fix: fault.AdminSide}
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.Unavailable, Code: "fetch_broken", Want: "200", Got: got, Fix: fault.AdminSide}
	}
	return &fault.Error{Kind: fault.Unavailable, Code: "fetch_status", Want: "200", Got: got, Fix: fault.AdminSide}
}
