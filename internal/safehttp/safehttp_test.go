package safehttp

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
)

func TestGetRefusesWhatIsInside(t *testing.T) {
	t.Parallel()
	c := New()
	for name, tc := range map[string]struct{ url, code string }{
		"plain http":        {"http://idp.example/metadata", "fetch_url"},
		"a file":            {"file:///etc/passwd", "fetch_url"},
		"a user name":       {"https://a:b@idp.example/", "fetch_url"},
		"nothing":           {"", "fetch_url"},
		"loopback":          {"https://127.0.0.1/", "fetch_inside"},
		"loopback by IPv6":  {"https://[::1]/", "fetch_inside"},
		"IPv4 in IPv6":      {"https://[::ffff:127.0.0.1]/", "fetch_inside"},
		"cloud metadata":    {"https://169.254.169.254/", "fetch_inside"},
		"a private network": {"https://10.0.0.1/", "fetch_inside"},
		"unique local":      {"https://[fd00::1]/", "fetch_inside"},
		"carrier NAT":       {"https://100.64.0.1/", "fetch_inside"},
		"NAT64":             {"https://[64:ff9b::7f00:1]/", "fetch_inside"},
		"unspecified":       {"https://0.0.0.0/", "fetch_inside"},
		"another port":      {"https://192.0.2.1:22/", "fetch_port"},
	} {
		if _, err := c.Get(t.Context(), tc.url); !fault.Is(err, tc.code) {
			t.Errorf("%s: Get(%q) = %v, want %s", name, tc.url, err, tc.code)
		}
	}
}

// A resolver takes it for a name that nobody has, or for loopback.
func TestGetRefusesADecimalAddress(t *testing.T) {
	t.Parallel()
	if _, err := New().Get(t.Context(), "https://2130706433/"); !fault.Is(err, "fetch_dns") {
		t.Errorf("got %v, want fetch_dns", err)
	}
}

// reach makes a client that takes every connection to the test server, so that
// everything but the address check can be tried.
func reach(t *testing.T, h http.Handler) *Client {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	c := New()
	tr, ok := c.http.Transport.(*http.Transport)
	if !ok {
		t.Fatal("the transport is another one")
	}
	tr.DialContext = (&net.Dialer{}).DialContext
	tr.TLSClientConfig = &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
	c.http.Transport = rewrite{tr, s.Listener.Addr().String()}
	return c
}

type rewrite struct {
	tr   *http.Transport
	addr string
}

func (w rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = w.addr
	return w.tr.RoundTrip(r)
}

func TestGetBoundsTheAnswer(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("fine")) })
	mux.HandleFunc("/missing", http.NotFound)
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("a", MaxBody+1)))
	})
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("a", MaxBody)))
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://idp.example/loop", http.StatusFound)
	})
	mux.HandleFunc("/once", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://idp.example/ok", http.StatusFound)
	})
	mux.HandleFunc("/down", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://idp.example/ok", http.StatusFound)
	})
	c := reach(t, mux)
	for path, size := range map[string]int{"/ok": 4, "/once": 4, "/full": MaxBody} {
		if body, err := c.Get(t.Context(), "https://idp.example"+path); err != nil || len(body) != size {
			t.Errorf("Get(%s) = %d octets, %v, want %d", path, len(body), err, size)
		}
	}
	for path, code := range map[string]string{"/missing": "fetch_status", "/large": "fetch_size", "/loop": "fetch_redirect", "/down": "fetch_redirect"} {
		if _, err := c.Get(t.Context(), "https://idp.example"+path); !fault.Is(err, code) {
			t.Errorf("Get(%s) = %v, want %s", path, err, code)
		}
	}
}

// The operator's own networks are reached, and no others.
func TestGetReachesTheNetworksOfTheOperator(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		default:
			_, _ = w.Write([]byte("fine"))
		}
	}))
	t.Cleanup(s.Close)
	inside := New(netip.MustParsePrefix("127.0.0.0/8"))
	for _, url := range []string{s.URL, s.URL + "/inside", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strings.Replace(s.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		if body, err := inside.Get(t.Context(), url); err != nil || string(body) != "fine" {
			t.Errorf("Get(%s) = %q, %v", url, body, err)
		}
	}
	for name, tc := range map[string]struct {
		client    *Client
		url, code string
	}{
		"no network is named":      {New(), s.URL, "fetch_url"},
		"another network":          {New(netip.MustParsePrefix("10.0.0.0/8")), s.URL, "fetch_port"},
		"beside the network":       {inside, "http://10.0.0.1/", "fetch_port"},
		"a redirect beside it":     {inside, s.URL + "/elsewhere", "fetch_port"},
		"plain http in the public": {inside, "http://192.0.2.1/", "fetch_port"},
		"cloud metadata":           {inside, "http://169.254.169.254/", "fetch_port"},
		"a user name":              {inside, strings.Replace(s.URL, "http://", "http://a@", 1), "fetch_url"},
	} {
		if _, err := tc.client.Get(t.Context(), tc.url); !fault.Is(err, tc.code) {
			t.Errorf("%s: Get(%s) = %v, want %s", name, tc.url, err, tc.code)
		}
	}
}
