package safehttp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestCallSendsWhatItIsTold(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPut || r.URL.RequestURI() != "/a?b=c" || r.Header.Get("X-Key") != "k" || string(body) != "hello" || r.Header.Get("User-Agent") != "Sallyport" {
			t.Errorf("the server is asked %s %s with %v: %s", r.Method, r.URL, r.Header, body)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(strings.Repeat("x", MaxAnswer+1)))
	}))
	t.Cleanup(s.Close)
	a, err := NewCaller(Private).Call(t.Context(), Request{Method: http.MethodPut, URL: s.URL + "/a?b=c", Header: map[string]string{"X-Key": "k"}, Body: []byte("hello")})
	if err != nil || a.Status != http.StatusTeapot || len(a.Body) != MaxAnswer || a.RetryAfter != 7*time.Second {
		t.Errorf("Call() = %d with %d octets, again in %v, %v", a.Status, len(a.Body), a.RetryAfter, err)
	}
}

func TestCallFollowsNobody(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("the redirect is followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(s.Close)
	if a, err := NewCaller(Private).Call(t.Context(), Request{Method: http.MethodPost, URL: s.URL + "/"}); err != nil || a.OK() || !a.Broken() {
		t.Errorf("Call() = %d, %v, want the redirect itself, which is no success", a.Status, err)
	}
}

func TestPublicCallReachesNothingInside(t *testing.T) {
	t.Parallel()
	c := NewCaller(Public)
	for name, url := range map[string]string{
		"plain http": "http://gateway.example/", "loopback": "https://127.0.0.1/", "loopback by IPv6": "https://[::1]/", "IPv4 in IPv6": "https://[::ffff:10.0.0.1]/",
		"cloud metadata": "https://169.254.169.254/", "a private network": "https://192.168.0.1/", "carrier NAT": "https://100.64.0.1/", "another port": "https://192.0.2.1:22/",
		"a user name": "https://a:s3cret@gateway.example/", "a file": "file:///etc/passwd", "nothing": "", "no URL": "https://%zz/?s3cret",
	} {
		if a, err := c.Call(t.Context(), Request{Method: http.MethodPost, URL: url}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: Call() = %v, %v, want an error that shows no secret", name, a, err)
		}
	}
}

// The operator's own networks are reached, and no others.
func TestCallReachesTheNetworksOfTheOperator(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	c := NewCaller(Public, netip.MustParsePrefix("127.0.0.0/8"))
	if a, err := c.Call(t.Context(), Request{Method: http.MethodPost, URL: s.URL}); err != nil || !a.OK() {
		t.Errorf("inside: %d, %v", a.Status, err)
	}
	for _, url := range []string{"http://10.0.0.1/", "https://192.168.0.1/", "http://192.0.2.1/", "https://192.0.2.1:22/", "https://169.254.169.254/", "http://a@127.0.0.1/"} {
		if a, err := c.Call(t.Context(), Request{Method: http.MethodPost, URL: url}); err == nil {
			t.Errorf("%s: Call() = %d, want an error", url, a.Status)
		}
	}
	if a, err := NewCaller(Public).Call(t.Context(), Request{Method: http.MethodPost, URL: s.URL}); err == nil {
		t.Errorf("where none is named: Call() = %d, want an error", a.Status)
	}
}

func TestCallShowsNoSecretOfTheURL(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	url := s.URL
	s.Close()
	if _, err := NewCaller(Private).Call(t.Context(), Request{Method: http.MethodPost, URL: url + "/?key=s3cret"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Call() = %v", err)
	}
	if _, err := NewCaller(Private).Call(t.Context(), Request{Method: "BAD METHOD", URL: url + "/?key=s3cret"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Call() = %v", err)
	}
}

func TestReachOfAURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][2]bool{ // public, private
		"https://gateway.example/send":      {true, true},
		"https://gateway.example:443/send":  {true, true},
		"https://gateway.example:8443/send": {false, true},
		"http://10.0.0.1:8080/send":         {false, true},
		"ftp://gateway.example/":            {false, false},
		"https://a@gateway.example/":        {false, false},
		"https:gateway.example":             {false, false},
		"//gateway.example/":                {false, false},
		"":                                  {false, false},
	} {
		if got := [2]bool{Public.Check(url) == nil, Private.Check(url) == nil}; got != want {
			t.Errorf("%q: public %v, private %v, want %v", url, got[0], got[1], want)
		}
	}
}

// An address in a URL is judged before it is called; a name, when it is.
func TestACallerKnowsTheAddressesThatItRefuses(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][3]bool{ // refused as an address inside: by the public caller, with a network of the operator's, by the private
		"https://9.9.9.9/":           {},
		"https://[2620:fe::fe]/":     {},
		"https://hooks.example/":     {},
		"https://10.0.0.1/":          {true, false, false},
		"https://10.0.0.1:443/":      {true, false, false},
		"https://[::ffff:10.0.0.1]/": {true, false, false},
		"https://192.168.0.1/":       {true, true, false},
		"https://169.254.169.254/":   {true, true, false},
		"https://[::1]/":             {true, true, false},
		"https://[fe80::1%25eth0]/":  {true, true, false},
	} {
		inside := netip.MustParsePrefix("10.0.0.0/8")
		for i, c := range []*Caller{NewCaller(Public), NewCaller(Public, inside), NewCaller(Private)} {
			if err := c.Check(url); Forbidden(err) != want[i] || !want[i] && err != nil {
				t.Errorf("caller %d: Check(%q) = %v, refused as inside: want %v", i, url, err, want[i])
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "99999999999999999999": 0,
		"Tue, 01 Sep 2026 12:01:00 GMT": time.Minute, "Tue, 01 Sep 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}
