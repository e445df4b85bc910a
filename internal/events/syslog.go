package events

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Priorities of syslog messages: facility 13, log audit, with the severities
// warning and informational [RFC 5424 6.2.1].
const (
	priorityRefused = 13*8 + 4
	priorityDone    = 13*8 + 6
)

// Limits of syslog [RFC 5424 6, RFC 5426 3.2].
const (
	maxMessageID = 32
	maxHost      = 255
	maxDatagram  = 8 << 10
	syslogTime   = 15 * time.Second // for a batch
)

// syslogLine writes an event as a message of syslog [RFC 5424 6], whose text is
// the line of JSON.
func syslogLine(host string, e *sso.Recorded) []byte {
	priority := priorityDone
	if e.Action == sso.SignInRefused {
		priority = priorityRefused
	}
	head := "<" + strconv.Itoa(priority) + ">1 " + e.At.UTC().Format(sso.EventInstant) + " " + printed(host, maxHost) + " sallyport - " + printed(e.Action, maxMessageID) + " - "
	return append([]byte(head), e.Line()...)
}

// printed keeps what a field of the head may hold; "-" stands for nothing.
func printed(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// frame puts a message into a stream of octets: its length stands before it
// [RFC 5425 4.3, RFC 6587 3.4.1].
func frame(message []byte) []byte {
	return append([]byte(strconv.Itoa(len(message))+" "), message...)
}

// carrySyslog sends events to a server of syslog.
func (s *Service) carrySyslog(ctx context.Context, x *sso.Stream, all []sso.Recorded) error {
	ctx, cancel := context.WithTimeout(ctx, syslogTime)
	defer cancel()
	network := "tcp"
	if x.Kind == sso.StreamSyslogUDP {
		network = "udp"
	}
	var to net.Conn
	var err error
	if x.Kind == sso.StreamSyslogTLS {
		c := &tls.Config{MinVersion: tls.VersionTLS12}
		if x.CA != "" {
			c.RootCAs = x509.NewCertPool()
			c.RootCAs.AppendCertsFromPEM([]byte(x.CA))
		}
		to, err = (&tls.Dialer{NetDialer: s.Dialer, Config: c}).DialContext(ctx, network, x.Target)
	} else {
		to, err = s.Dialer.DialContext(ctx, network, x.Target)
	}
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := to.SetDeadline(deadline); err != nil {
			_ = to.Close()
			return err
		}
	}
	for i := range all {
		message := syslogLine(s.Host, &all[i])
		if network == "udp" {
			message = message[:min(len(message), maxDatagram)]
		} else {
			message = frame(message)
		}
		if _, err := to.Write(message); err != nil {
			_ = to.Close()
			return err
		}
	}
	return to.Close()
}
