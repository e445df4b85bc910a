package events_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// stream makes a stream of the deployment's.
func (h *house) stream(n events.NewStream) (sso.Stream, string) {
	h.Helper()
	x, key, err := h.CreateStream(h.Context(), h.vendors(), n)
	must(h.T, "CreateStream()", err)
	return x, key
}

// line returns a stream as it is listed.
func (h *house) line(id sso.StreamID) events.Line {
	h.Helper()
	all, err := h.Streams(h.Context(), h.vendors())
	must(h.T, "Streams()", err)
	i := slices.IndexFunc(all, func(l events.Line) bool { return l.ID == id })
	if i < 0 {
		h.Fatalf("there is no stream %s", id)
	}
	return all[i]
}

// frames reads what comes by one connection after the other: messages with their
// length before them.
func frames(t *testing.T, l net.Listener) <-chan string {
	t.Helper()
	out := make(chan string, 1000)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				r := bufio.NewReader(c)
				for {
					length, err := r.ReadString(' ')
					if err != nil {
						return
					}
					n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
					if err != nil {
						out <- "no frame: " + length
						return
					}
					message := make([]byte, n)
					if _, err := io.ReadFull(r, message); err != nil {
						return
					}
					out <- string(message)
				}
			}()
		}
	}()
	return out
}

// syslogMessage is what RFC 5424 demands, with the line of JSON as its text.
var syslogMessage = regexp.MustCompile(`^<(\d+)>1 (\S+) sso\.example sallyport - (\S+) - (\{.*\})$`)

// judged holds a message to the standard and returns its type.
func judged(t *testing.T, message string) string {
	t.Helper()
	m := syslogMessage.FindStringSubmatch(message)
	if m == nil {
		t.Fatalf("%q is no message of syslog", message)
	}
	var e struct{ Action, Hash string }
	must(t, "the text of a message", json.Unmarshal([]byte(m[4]), &e))
	if _, err := time.Parse(time.RFC3339Nano, m[2]); err != nil || e.Action != m[3] || e.Hash == "" {
		t.Errorf("the message is %q", message)
	}
	if want := map[bool]string{true: "108", false: "110"}[e.Action == sso.SignInRefused]; m[1] != want {
		t.Errorf("%s has the priority %s, want %s", e.Action, m[1], want)
	}
	return e.Action
}

func TestStreamsCarryBySyslog(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, "listening", err)
		tcp := frames(t, plain)
		certified := httptest.NewTLSServer(http.NotFoundHandler())
		t.Cleanup(certified.Close)
		secured, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12})
		must(t, "listening", err)
		byTLS := frames(t, secured)
		datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, "listening", err)
		t.Cleanup(func() { _ = datagrams.Close() })
		ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw}))

		h.stream(events.NewStream{Kind: sso.StreamSyslogTCP, Target: plain.Addr().String()})
		h.stream(events.NewStream{Kind: sso.StreamSyslogTLS, Target: secured.Addr().String(), CA: ca, Key: "acme"})
		h.stream(events.NewStream{Kind: sso.StreamSyslogUDP, Target: datagrams.LocalAddr().String(), Key: "rival"})
		stranger, _ := h.stream(events.NewStream{Kind: sso.StreamSyslogTLS, Target: secured.Addr().String()})
		h.record(h.acme.ID, "user.created", "usr_a")
		h.record(h.emea.ID, "sign_in.refused", "usr_b")
		h.record(h.rival.ID, "user.deleted", "usr_c")
		h.carry()

		var all []string
		for range 7 { // four streams were made, and three things happened
			all = append(all, judged(t, <-tcp))
		}
		same(t, "all, by TCP", all[4:], []string{"user.created", "sign_in.refused", "user.deleted"})
		same(t, "Acme and below, by TLS", []string{judged(t, <-byTLS), judged(t, <-byTLS)}, []string{"user.created", "sign_in.refused"})
		b := make([]byte, 9000)
		n, _, err := datagrams.ReadFrom(b)
		must(t, "reading a datagram", err)
		same(t, "the rival, by UDP", []string{judged(t, string(b[:n]))}, []string{"user.deleted"})
		if l := h.line(stranger.ID); l.Code != "webhook_unreachable" || l.Failures == 0 || l.Behind == 0 || !strings.Contains(l.Detail, "certificate") {
			t.Errorf("to a server that cannot be trusted: %+v", l)
		}
	})
}

// A receiver that is down for a while, or slow, misses nothing, gets nothing
// twice that it has taken, and holds up nobody.
func TestAStreamMissesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r, fine := h.receiver(), h.receiver()
		x, key := h.stream(events.NewStream{Kind: sso.StreamHTTP, Target: r.URL, Key: "acme"})
		h.stream(events.NewStream{Kind: sso.StreamHTTP, Target: fine.URL, Key: "acme"})
		h.carry()
		r.answers(http.StatusServiceUnavailable)
		const n = 450 // more than two batches
		for range n {
			h.record(h.acme.ID, "user.changed", "usr_a")
		}
		h.carry()
		if l := h.line(x.ID); l.Behind < n || l.Failures != 1 || l.Code != "webhook_status" {
			t.Errorf("the one that fails: %+v", l)
		}
		if got := batches(t, fine.take()); len(got) != n {
			t.Errorf("the other one gets %d events, want %d", len(got), n)
		}
		if got := r.take(); len(got) != 1 {
			t.Errorf("the one that fails is tried %d times at once", len(got))
		}
		r.answers(http.StatusOK)
		h.pass(time.Minute)
		h.carry()
		got := r.take()
		for _, m := range got {
			if !signedBy(t, m, key) {
				t.Error("a batch is not signed")
			}
		}
		numbers := batches(t, got)
		if len(numbers) != n || !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != n {
			t.Errorf("after it has come back it gets %d events, want %d in order", len(numbers), n)
		}
		if l := h.line(x.ID); l.Behind != 0 || l.Failures != 0 || l.SentAt.IsZero() {
			t.Errorf("after that: %+v", l)
		}
	})
}

// batches returns the numbers of the events in what was received.
func batches(t *testing.T, all []message) (numbers []int64) {
	t.Helper()
	for _, m := range all {
		var b struct {
			Type string
			Data struct {
				Events []struct{ Number int64 }
			}
		}
		must(t, "a batch", json.Unmarshal(m.body, &b))
		if b.Type != "events" {
			t.Errorf("the batch is of type %q", b.Type)
		}
		for _, e := range b.Data.Events {
			numbers = append(numbers, e.Number)
		}
	}
	return numbers
}

func off(d *events.StreamDraft) { d.State = sso.WebhookDisabled }

func TestStreamsAreForOperators(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		x, _ := h.stream(events.NewStream{Kind: sso.StreamHTTP, Target: h.receiver().URL})
		for name, who := range map[string]*events.Who{"an owner": h.acmes(), "an owner, as the vendor": {By: h.owner}, "support": {By: h.support}} {
			_, _, created := h.CreateStream(ctx, who, events.NewStream{Kind: sso.StreamHTTP, Target: "https://siem.example/"})
			for what, err := range map[string]error{"creates": created, "switches": h.ChangeStream(ctx, who, x.ID, 0, off), "deletes": h.DeleteStream(ctx, who, x.ID)} {
				if err == nil {
					t.Errorf("%s %s a stream", name, what)
				}
			}
		}
		if _, err := h.Streams(ctx, &events.Who{By: h.owner}); err == nil {
			t.Error("an owner sees the vendor's streams")
		}
		for _, tc := range []struct {
			n    events.NewStream
			code string
		}{
			{events.NewStream{Kind: "carrier-pigeon", Target: "siem.example:514"}, "stream_kind"},
			{events.NewStream{Kind: sso.StreamSyslogTCP, Target: "siem.example"}, "stream_target"},
			{events.NewStream{Kind: sso.StreamSyslogUDP, Target: "siem.example:0"}, "stream_target"},
			{events.NewStream{Kind: sso.StreamSyslogTLS, Target: "siem.example:70000"}, "stream_target"},
			{events.NewStream{Kind: sso.StreamHTTP, Target: "siem.example:514"}, "stream_target"},
			{events.NewStream{Kind: sso.StreamHTTP, Target: "https://a:b@siem.example/"}, "stream_target"},
			{events.NewStream{Kind: sso.StreamSyslogTLS, Target: "siem.example:6514", CA: "no PEM"}, "stream_ca"},
			{events.NewStream{Kind: sso.StreamSyslogTLS, Target: "siem.example:6514", Key: "none"}, "organization_unknown"},
			{events.NewStream{Kind: sso.StreamSyslogTLS, Target: "siem.example:6514", Note: strings.Repeat("x", 101)}, "webhook_note"},
		} {
			_, _, err := h.CreateStream(ctx, h.vendors(), tc.n)
			refused(t, string(tc.n.Kind)+" "+tc.n.Target, err, tc.code)
		}
		must(t, "ChangeStream()", h.ChangeStream(ctx, h.vendors(), x.ID, 0, off))
		must(t, "DeleteStream()", h.DeleteStream(ctx, h.vendors(), x.ID))
		refused(t, "one that is deleted", h.DeleteStream(ctx, h.vendors(), x.ID), "page_not_found")
	})
}

// A stream is no way into the vendor's own network either, unless it was opened.
func TestStreamsReachNothingInside(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, "listening", err)
		reached := frames(t, l)
		h.Dialer = safehttp.NewDialer()
		x, _ := h.stream(events.NewStream{Kind: sso.StreamSyslogTCP, Target: l.Addr().String()})
		h.carry()
		if got := h.line(x.ID); got.Code != "webhook_address" {
			t.Errorf("it fares like this: %+v", got)
		}
		must(t, "closing", l.Close())
		select {
		case m := <-reached:
			t.Errorf("it is sent %q", m)
		default:
		}
		if _, err := safehttp.NewDialer().DialContext(h.Context(), "udp", "169.254.169.254:514"); !safehttp.Forbidden(err) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the cloud's metadata can be sent datagrams: %v", err)
		}
	})
}

// What follows the host is often all that a receiver knows us by; the audit list
// goes to all who look at it, and to every other stream.
func TestTheAuditListDoesNotSayThePathOfAStream(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		made := map[sso.StreamID]string{}
		for _, n := range []events.NewStream{
			{Kind: sso.StreamHTTP, Target: "https://siem.example/collect/s3cret?token=s3cret"},
			{Kind: sso.StreamSyslogTLS, Target: "siem.example:6514"}, // twin: there is no secret in it
		} {
			x, _ := h.stream(n)
			made[x.ID] = "https://siem.example/…"
			if n.Kind != sso.StreamHTTP {
				made[x.ID] = n.Target
			}
			if n.Kind == sso.StreamHTTP {
				must(t, "ChangeStream()", h.ChangeStream(h.Context(), h.vendors(), x.ID, 0, func(d *events.StreamDraft) { d.Target = "https://siem.example/collect/s3cret2" }))
			}
			must(t, "DeleteStream()", h.DeleteStream(h.Context(), h.vendors(), x.ID))
		}
		told := 0
		must(t, "Events()", h.DB.Read(h.Context(), func(r *store.Reader) error {
			all, err := r.Unsealed(h.Context(), 50)
			for _, e := range all {
				i := slices.IndexFunc(e.Changes, func(c sso.Change) bool { return c.Field == "target" })
				if i < 0 {
					continue
				}
				told++
				c := e.Changes[i]
				if strings.Contains(c.From+c.To, "s3cret") || !strings.Contains(c.From+c.To, made[sso.StreamID(e.Target)]) || c.From == c.To {
					t.Errorf("%s says %+v", e.Action, c)
				}
			}
			return err
		}))
		if told != 5 {
			t.Errorf("%d events tell of a target, want 5", told)
		}
	})
}
