package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

func TestTheLogHoldsNoControlCharacters(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		web.Note(r, "con", "con_1\x1b[2J")
		return &fault.Error{Kind: fault.Denied, Code: "x", Got: "a\r\nlevel=INFO msg=forged\u202e\x00\u2028" + strings.Repeat("é", 400)}
	}}}, func(c *web.Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	h.ask(t, "GET", "/x")
	line := log.String()
	if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x1b\x00\u202e\u2028") || strings.Contains(line, `\u202e`) || strings.Contains(line, `\r`) {
		t.Errorf("log = %q", line)
	}
	if !strings.Contains(line, `a\\u{d}\\u{a}level`) || !strings.Contains(line, "é…") {
		t.Errorf("log = %q, want the characters spelt out and the rest cut", line)
	}
}

func TestTheLogNamesTheRouteAndNotThePath(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/setup/{token}", Access: web.Public, Handler: ok}})
	h.ask(t, "GET", "/setup/s3cret?code=s3cret")
	h.ask(t, "GET", "/elsewhere/s3cret")
	if strings.Contains(h.log.String(), "s3cret") || !strings.Contains(h.log.String(), `route="GET /setup/{token}"`) {
		t.Errorf("log = %s", h.log)
	}
}

func TestALineTellsWhoAskedAndEachThingOnce(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.SignedIn, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		for range 3 {
			web.Note(r, "att", "att_1")
		}
		web.Note(r, "org", "org_2")
		return &fault.Error{Kind: fault.Denied, Code: "saml_audience", Want: "a", Got: "b"}
	}}}, func(c *web.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	h.ask(t, "GET", "/x", header("Cookie", "__Host-sallyport-session=good"), header("X-Forwarded-For", "198.51.100.1, 203.0.113.7"),
		func(r *http.Request) { r.RemoteAddr = "10.1.1.1:5555" })
	for _, part := range []string{" addr=203.0.113.7 ", " att=att_1 ", " org=org_2 ", " usr=", " code=", " want=", " got=", " ref=", " route=", " status="} {
		if n := strings.Count(h.log.String(), part); n != 1 {
			t.Errorf("the log has %s %d times, want it once:\n%s", part, n, h.log)
		}
	}
}

func TestATraceIsCarriedOn(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for given, carried := range map[string]bool{
		"00-" + id + "-00f067aa0ba902b7-01":                      true,
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":     false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": false,
		"00-" + id + "-00f067aa0ba902b7":                         false,
		"":                                                       false,
		"00-" + id + "-00f067aa0ba902b7-0\u202e":                 false,
		"01-" + id + "-00f067aa0ba902b7-01-what the future will bring of it": false,
	} {
		h := build(t, every())
		h.ask(t, "GET", "/login", header("Traceparent", given))
		if got := strings.Contains(h.log.String(), "trace=00-"+id+"-"); got != carried {
			t.Errorf("traceparent %q carried on: %t, want %t\n%s", given, got, carried, h.log)
		}
	}
}

func TestTheClientsAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		peer string
		xff  []string
		want string
	}{
		"direct":                        {"203.0.113.7:5555", nil, "203.0.113.7"},
		"a stranger forges the header":  {"203.0.113.7:5555", []string{"198.51.100.1"}, "203.0.113.7"},
		"by our proxy":                  {"10.1.1.1:5555", []string{"203.0.113.7"}, "203.0.113.7"},
		"left-most is the stranger's":   {"10.1.1.1:5555", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"two of our proxies":            {"10.1.1.1:5555", []string{"198.51.100.1, 203.0.113.7, 10.2.2.2"}, "203.0.113.7"},
		"header repeated":               {"10.1.1.1:5555", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		"IPv4 in IPv6":                  {"[::ffff:10.1.1.1]:5555", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"with ports":                    {"10.1.1.1:5555", []string{"203.0.113.7:1234, [fd00::1]:443"}, "203.0.113.7"},
		"IPv6":                          {"[fd00::1]:5555", []string{"2001:db8::1"}, "2001:db8::1"},
		"zone":                          {"10.1.1.1:5555", []string{"fe80::1%eth0"}, "fe80::1"},
		"not an address":                {"10.1.1.1:5555", []string{"203.0.113.7, unknown"}, "10.1.1.1"},
		"only proxies":                  {"10.1.1.1:5555", []string{"10.3.3.3"}, "10.3.3.3"},
		"no header":                     {"10.1.1.1:5555", nil, "10.1.1.1"},
		"X-Real-IP is nobody's word":    {"203.0.113.7:5555", nil, "203.0.113.7"},
		"a list longer than any honest": {"10.1.1.1:5555", []string{"198.51.100.1," + strings.Repeat("10.9.9.9,", 40) + "10.9.9.9"}, "10.9.9.9"},
	} {
		var got netip.Addr
		h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			got = web.Address(r)
			return nil
		}}}, func(c *web.Config) { c.Proxies = proxies })
		h.ask(t, "GET", "/x", func(r *http.Request) { r.RemoteAddr = tc.peer }, header("X-Forwarded-For", tc.xff...), header("X-Real-Ip", "198.51.100.9"))
		if got.String() != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
