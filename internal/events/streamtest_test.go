package events_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestAStreamIsTriedByItsOwnWay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		r := h.receiver()
		byHTTP, key := h.stream(events.NewStream{Kind: sso.StreamHTTP, Target: r.URL, Key: "acme", State: sso.WebhookDisabled})
		got, err := h.TestStream(ctx, h.vendors(), byHTTP.ID)
		must(t, "TestStream()", err)
		sent := r.take()
		if len(sent) != 1 || !signedBy(t, sent[0], key) || got.Status != http.StatusNoContent || got.Code != "" {
			t.Fatalf("the receiver got %d messages, and we say %+v", len(sent), got)
		}
		var b struct {
			Data struct{ Events []map[string]any }
		}
		must(t, "the message", json.Unmarshal(sent[0].body, &b))
		e := b.Data.Events[0]
		if len(b.Data.Events) != 1 || e["action"] != sso.StreamTested || e["target"] != string(byHTTP.ID) || e["organization"] != string(h.acme.ID) {
			t.Errorf("it is sent %v", b)
		}
		for _, never := range []string{"number", "hash", "previous", "address"} {
			if e[never] != nil {
				t.Errorf("a line outside the chain has the %s %v", never, e[never])
			}
		}
		r.answers(http.StatusForbidden)
		got, err = h.TestStream(ctx, h.vendors(), byHTTP.ID)
		must(t, "TestStream() of one that refuses", err)
		if again := r.take(); got.Status != http.StatusForbidden || got.Code != "webhook_status" || again[0].header.Get("Webhook-Id") == sent[0].header.Get("Webhook-Id") {
			t.Errorf("refused: %+v, as message %v", got, again[0].header)
		}

		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, "listening", err)
		tcp := frames(t, l)
		bySyslog, _ := h.stream(events.NewStream{Kind: sso.StreamSyslogTCP, Target: l.Addr().String()})
		got, err = h.TestStream(ctx, h.vendors(), bySyslog.ID)
		must(t, "TestStream() by syslog", err)
		if m := syslogMessage.FindStringSubmatch(<-tcp); len(m) != 5 || m[3] != sso.StreamTested || strings.Contains(m[4], `"hash"`) || got.Code != "" || got.Status != 0 {
			t.Errorf("by syslog it is sent %q, and we say %+v", m, got)
		}
		// What was tried was not carried, and is carried in its turn, with its hash.
		if line := h.line(bySyslog.ID); line.Sent != bySyslog.Sent || !line.SentAt.IsZero() || line.Version != bySyslog.Version+1 {
			t.Errorf("a test has moved the stream on: %+v", line)
		}
		h.carry()
		var all []string
		for range 5 { // two streams were made, and tried three times
			all = append(all, judged(t, <-tcp))
		}
		same(t, "carried", all, []string{"stream.created", sso.StreamTested, sso.StreamTested, "stream.created", sso.StreamTested})
		must(t, "closing", l.Close())
		got, err = h.TestStream(ctx, h.vendors(), bySyslog.ID)
		must(t, "TestStream() of one that is down", err)
		if got.Code != "webhook_unreachable" || got.Detail == "" {
			t.Errorf("one that is down: %+v", got)
		}
	})
}

func TestAStreamIsTriedByOperatorsAndNotWithoutEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		r := h.receiver()
		x, _ := h.stream(events.NewStream{Kind: sso.StreamHTTP, Target: r.URL})
		for name, who := range map[string]*events.Who{"an owner": h.acmes(), "an owner, as the vendor": {By: h.owner}, "support": {By: h.support}} {
			if _, err := h.TestStream(ctx, who, x.ID); err == nil {
				t.Errorf("%s tries a stream", name)
			}
		}
		if got := r.take(); len(got) != 0 {
			t.Errorf("the receiver was sent %d messages by who may not try it", len(got))
		}
		const most = 20
		for range most {
			_, err := h.TestStream(ctx, h.vendors(), x.ID)
			must(t, "TestStream()", err)
		}
		_, err := h.TestStream(ctx, h.vendors(), x.ID)
		refused(t, "one more at once", err, "try_later")
		if got := r.take(); len(got) != most {
			t.Errorf("the receiver was sent %d messages, want %d", len(got), most)
		}
		h.pass(time.Minute)
		_, err = h.TestStream(ctx, h.vendors(), x.ID)
		must(t, "TestStream() a minute later", err)
		must(t, "DeleteStream()", h.DeleteStream(ctx, h.vendors(), x.ID))
		_, err = h.TestStream(ctx, h.vendors(), x.ID)
		refused(t, "one that is deleted", err, "page_not_found")
	})
}
