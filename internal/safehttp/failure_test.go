package safehttp

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"code.dny.dev/ssrf"

	"github.com/sallyport/sallyport/internal/fault"
)

// within127 returns a client that reaches this machine, and its transport.
func within127(t *testing.T) (*Client, *http.Transport) {
	t.Helper()
	c := New(netip.MustParsePrefix("127.0.0.0/8"))
	tr, ok := c.http.Transport.(*http.Transport)
	if !ok {
		t.Fatal("the transport is another one")
	}
	return c, tr
}

// What keeps a document from us is told apart, since other people mend each of it.
func TestGetSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<?xml version='1.0'?><html-like/>"))
	})
	for path, status := range map[string]int{"/401": 401, "/403": 403, "/404": 404, "/410": 410, "/429": 429, "/500": 500, "/503": 503} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte("\ufeff\n<!DOCTYPE HTML>\n<title>Sign in"))
	}
	mux.HandleFunc("/page", page)
	mux.HandleFunc("/login", page)
	mux.HandleFunc("/guarded", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login?to=guarded", http.StatusFound)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("half"))
	})
	plain := httptest.NewServer(mux)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(mux)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	gone := httptest.NewServer(mux)
	gone.Close()

	trusting := func(tr *http.Transport) {
		tr.TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	}
	for name, tc := range map[string]struct {
		url  string
		with func(*http.Transport)
		code string
	}{
		"a document that is called a page": {plain.URL + "/ok", nil, ""},
		"a document that has moved":        {plain.URL + "/moved", nil, ""},
		"a document by TLS":                {secure.URL + "/ok", trusting, ""},
		"who are you":                      {plain.URL + "/401", nil, "fetch_denied"},
		"not for you":                      {plain.URL + "/403", nil, "fetch_denied"},
		"nothing there":                    {plain.URL + "/404", nil, "fetch_status"},
		"nothing there any more":           {plain.URL + "/410", nil, "fetch_status"},
		"too often":                        {plain.URL + "/429", nil, "fetch_broken"},
		"a bug":                            {plain.URL + "/500", nil, "fetch_broken"},
		"maintenance":                      {plain.URL + "/503", nil, "fetch_broken"},
		"a page":                           {plain.URL + "/page", nil, "fetch_page"},
		"a page to sign in on":             {plain.URL + "/guarded", nil, "fetch_sign_in"},
		"an answer that breaks off":        {plain.URL + "/broken", nil, "fetch_failed"},
		"nobody listens":                   {gone.URL, nil, "fetch_refused"},
		"a certificate by nobody known":    {secure.URL + "/ok", nil, "fetch_certificate_issuer"},
		"a certificate of the past": {secure.URL + "/ok", func(tr *http.Transport) {
			trusting(tr)
			tr.TLSClientConfig.Time = func() time.Time { return time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC) }
		}, "fetch_certificate_expired"},
		"a certificate of another": {secure.URL + "/ok", func(tr *http.Transport) {
			trusting(tr)
			tr.TLSClientConfig.ServerName = "idp.example"
		}, "fetch_certificate_name"},
		"plain http where https is asked": {"https" + plain.URL[len("http"):] + "/ok", nil, "fetch_tls"},
		"TLS too old": {secure.URL + "/ok", func(tr *http.Transport) {
			trusting(tr)
			tr.TLSClientConfig.MaxVersion, tr.TLSClientConfig.MinVersion = tls.VersionTLS10, tls.VersionTLS10
		}, "fetch_tls"},
		"no way there": {plain.URL + "/ok", func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
			}
		}, "fetch_unreachable"},
		"an answer in TLS 1.0": {"https://192.0.2.1/ok", func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer func() { _ = theirs.Close() }()
					_, _ = theirs.Read(make([]byte, 4096)) // all of what is said first
					hello := append([]byte{2, 0, 0, 38, 3, 1}, make([]byte, 36)...)
					_, _ = theirs.Write(append([]byte{22, 3, 1, 0, byte(len(hello))}, hello...))
				}()
				return ours, nil
			}
		}, "fetch_tls"},
		"a name that is none": {plain.URL + "/ok", func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
			}
		}, "fetch_dns"},
		"an address inside": {plain.URL + "/ok", func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: ssrf.ErrProhibitedIP}
			}
		}, "fetch_inside"},
		"a name that leads inside": {"http://intranet.example/ok", func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: ssrf.ErrProhibitedIP}
			}
		}, "fetch_dns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tr := within127(t)
			if tc.with != nil {
				tc.with(tr)
			}
			body, err := c.Get(t.Context(), tc.url)
			if tc.code == "" && (err != nil || len(body) == 0) {
				t.Errorf("got %q, %v", body, err)
			}
			if tc.code != "" && !fault.Is(err, tc.code) {
				t.Errorf("got %q, %v, want %s", body, err, tc.code)
			}
		})
	}
}

// Who does not let us in, who says nothing, and who takes too long to say it are
// three.
func TestGetSaysWhatTookTooLong(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
	for name, tc := range map[string]struct {
		dials  bool
		answer []string // a second apart each
		code   string
	}{
		"no connection":            {false, nil, "fetch_unreachable"},
		"no answer":                {true, nil, "fetch_silent"},
		"half an answer":           {true, []string{head + "fi"}, "fetch_slow"},
		"half of its head":         {true, []string{head[:20]}, "fetch_slow"},
		"an answer bit by bit":     {true, []string{head, "f", "i", "ne"}, ""},
		"an answer, bit after bit": {true, []string{head, "f", "", "i", "", "", "ne"}, "fetch_slow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, tr := within127(t)
				var serving sync.WaitGroup
				defer serving.Wait()
				tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					if !tc.dials {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					ours, theirs := net.Pipe()
					serving.Go(func() {
						defer func() { _ = theirs.Close() }()
						r, err := http.ReadRequest(bufio.NewReader(theirs))
						if err != nil {
							return
						}
						_ = r.Body.Close()
						for _, part := range tc.answer {
							time.Sleep(time.Second) // in the bubble: no time passes
							if _, err := theirs.Write([]byte(part)); err != nil {
								return
							}
						}
						_, _ = io.Copy(io.Discard, theirs) // until we hang up
					})
					return ours, nil
				}
				body, err := c.Get(t.Context(), "http://127.0.0.1/metadata")
				if tc.code == "" && (err != nil || string(body) != "fine") {
					t.Errorf("got %q, %v", body, err)
				}
				if tc.code != "" && !fault.Is(err, tc.code) {
					t.Errorf("got %q, %v, want %s", body, err, tc.code)
				}
				tr.CloseIdleConnections()
			})
		})
	}
}

// Who sets a connection up learns of no name whether it is one inside: not by another
// port, nor from an address that leads there.
func TestGetTellsOfNoNameInside(t *testing.T) {
	t.Parallel()
	unknown := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
	get := func(open bool, first, then string, err error) error {
		c := New()
		if open {
			c = New(netip.MustParsePrefix("10.0.0.0/8"))
		}
		tr, ok := c.http.Transport.(*http.Transport)
		if !ok {
			t.Fatal("the transport is another one")
		}
		var leads http.RoundTripper = tr
		if then != "" {
			leads = roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.String() == first {
					return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {then}}, Body: http.NoBody, Request: r}, nil
				}
				return tr.RoundTrip(r)
			})
		}
		c.http.Transport = leads
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		_, got := c.Get(t.Context(), first)
		return got
	}
	for name, tc := range map[string]struct {
		open        bool
		first, then string
		code        string
	}{
		"a name":                            {false, "https://db.corp.example/m", "", "fetch_dns"},
		"a name at another port":            {false, "https://db.corp.example:444/m", "", "fetch_port"},
		"from an address to a name":         {false, "https://192.0.2.1/m", "https://db.corp.example/m", "fetch_dns"},
		"from an address to another port":   {false, "https://192.0.2.1/m", "https://db.corp.example:444/m", "fetch_port"},
		"at another port where it may be":   {true, "https://db.corp.example:444/m", "", "fetch_dns"},
		"to the port of https, by its name": {false, "https://192.0.2.1/m", "https://db.corp.example:443/m", "fetch_dns"},
	} {
		for why, err := range map[string]error{
			"nobody has it": unknown, "it leads inside": &net.OpError{Op: "dial", Err: ssrf.ErrProhibitedIP}, "so it does, at another port": &net.OpError{Op: "dial", Err: ssrf.ErrProhibitedPort},
		} {
			if got := get(tc.open, tc.first, tc.then, err); !fault.Is(got, tc.code) {
				t.Errorf("%s, %s: %v, want %s", name, why, got, tc.code)
			}
		}
	}
}

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
