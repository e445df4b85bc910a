package sso

import (
	"crypto/x509"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// StreamID names a stream.
type StreamID string

// NewStreamID returns a fresh one.
func NewStreamID(now time.Time) StreamID { return StreamID(secret.NewID("str", now)) }

// StreamKind is how a stream carries events.
type StreamKind string

// The kinds of streams.
const (
	StreamSyslogTLS StreamKind = "syslog-tls" // RFC 5425
	StreamSyslogTCP StreamKind = "syslog-tcp" // RFC 6587, octets counted
	StreamSyslogUDP StreamKind = "syslog-udp" // RFC 5426
	StreamHTTP      StreamKind = "http"       // batches, signed as webhooks are
)

// StreamKinds lists the kinds.
func StreamKinds() []StreamKind {
	return []StreamKind{StreamSyslogTLS, StreamSyslogTCP, StreamSyslogUDP, StreamHTTP}
}

// MaxStreams is how many streams there may be.
const MaxStreams = 20

// Stream carries the whole audit list, or that of one organization and those
// below it, to where an operator wants it: in its order, from where it is on.
// What cannot be sent waits for as long as it takes.
type Stream struct {
	ID     StreamID
	Org    OrgID // whose events; "": all
	Kind   StreamKind
	Target string // host and port, or a URL
	Note   string
	CA     string // certificates in PEM that a receiver's must lead to; "": the system's
	Secret []byte // of [StreamHTTP], sealed
	State  WebhookState
	By     UserID // who made it
	// Sent is the number of the last event that has arrived, or is not for it.
	Sent      int64
	SentAt    time.Time // when that was; zero: never
	Failures  int64     // one after the other, until now
	Code      string    // of what was wrong the last time
	Detail    string    // what was said then
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Check refuses what no stream can be. That nothing inside is called is
// another's to see to, when it is called.
func (s *Stream) Check() error {
	s.Target, s.Note, s.CA = strings.TrimSpace(s.Target), strings.TrimSpace(s.Note), strings.TrimSpace(s.CA)
	wrong := &fault.Error{Kind: fault.Invalid, Code: "stream_target", Want: "host:port for syslog, an https URL for http", Fix: fault.OperatorSide}
	if len(s.Target) > maxWebhookURL {
		return wrong
	}
	switch s.Kind {
	case StreamHTTP:
		if u, err := url.Parse(s.Target); err != nil || u.Host == "" {
			return wrong
		}
	case StreamSyslogTLS, StreamSyslogTCP, StreamSyslogUDP:
		host, port, err := net.SplitHostPort(s.Target)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" || strings.ContainsAny(host, " /@") {
			return wrong
		}
	default:
		return &fault.Error{Kind: fault.Invalid, Code: "stream_kind", Got: string(s.Kind), Fix: fault.OperatorSide}
	}
	if utf8.RuneCountInString(s.Note) > maxWebhookNote || strings.ContainsFunc(s.Note, func(r rune) bool { return r < ' ' }) {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_note", Want: "one line of at most 100 characters", Fix: fault.OperatorSide}
	}
	if s.CA != "" && (s.Kind != StreamSyslogTLS || !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA))) {
		return &fault.Error{Kind: fault.Invalid, Code: "stream_ca", Want: "certificates in PEM, for syslog by TLS", Fix: fault.OperatorSide}
	}
	return nil
}

// Rest returns how long a stream rests that has just failed again.
func (s *Stream) Rest() time.Duration { return min(DeliveryWait(s.Failures), maxRest) }

// VeiledTarget is the target of which the audit list may tell; see [VeiledURL].
func (s *Stream) VeiledTarget() string {
	if s.Kind == StreamHTTP {
		return VeiledURL(s.Target)
	}
	return s.Target
}

// Settings are what the audit list says of a stream.
func (s *Stream) Settings() Settings {
	return Settings{{"kind", string(s.Kind)}, {"target", s.VeiledTarget()}, {"note", s.Note}, {"organization", string(s.Org)}, {"ca", s.CA}, {"state", string(s.State)}}
}
