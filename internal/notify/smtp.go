package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	stdmail "net/mail"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/sallyport/sallyport/internal/fault"
)

// TLSMode says how a connection to a mail server is protected.
type TLSMode string

// The modes.
const (
	StartTLS    TLSMode = "starttls" // demanded: a server without it gets nothing
	ImplicitTLS TLSMode = "tls"      // from the first octet
	NoTLS       TLSMode = "none"     // for a relay on the same machine
)

// AuthMode says how we prove to a mail server who we are.
type AuthMode string

// The modes. AuthAuto takes the best one that the server offers.
const (
	AuthAuto    AuthMode = "auto"
	AuthPlain   AuthMode = "plain"
	AuthLogin   AuthMode = "login"
	AuthCramMD5 AuthMode = "cram-md5"
	AuthScram   AuthMode = "scram-sha-256"
	AuthXOAuth2 AuthMode = "xoauth2" // the password is an access token
)

// SMTP sends mail through one server. Its fields are set once, before it is
// used; it is safe for concurrent use.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLSMode
	Auth     AuthMode
	Username string // "": the server asks for no proof
	// Password is asked for each connection, so that a token in a file may be
	// replaced while we run.
	Password func() (string, error)
	From     stdmail.Address
	ReplyTo  *stdmail.Address // nil: none
	Hello    string           // how we introduce ourselves
	RootCAs  *x509.CertPool   // whose certificates are trusted; nil: those of the system
	Now      func() time.Time
	Patience time.Duration // for one letter; 0: [LetterTime]
}

// Carry implements [Carrier]. Letters share a connection. A server that cannot be
// reached is asked once, and all letters wait for it.
func (s *SMTP) Carry(ctx context.Context, letters []Letter, report func(i int, remoteID string, err error)) {
	var c *smtp.Client
	defer func() { hangUp(c) }()
	for i, l := range letters {
		if ctx.Err() != nil {
			return
		}
		if c == nil {
			var err error
			if c, err = s.dial(ctx); err != nil {
				for j := i; j < len(letters) && ctx.Err() == nil; j++ {
					report(j, "", err)
				}
				return
			}
		}
		remoteID, alive, err := s.send(c, l)
		report(i, remoteID, err)
		if !alive {
			hangUp(c)
			c = nil
		}
	}
}

func (s *SMTP) patience() time.Duration {
	if s.Patience > 0 {
		return s.Patience
	}
	return LetterTime
}

// dial connects, protects the connection and proves who we are. Whatever goes
// wrong here is mended by the operator or by time, so no letter is given up.
func (s *SMTP) dial(ctx context.Context) (*smtp.Client, error) {
	dialer := net.Dialer{Timeout: s.patience()}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "mail_unreachable", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c, err := s.greet(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// greet takes a fresh connection to where a letter can be handed over.
func (s *SMTP) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	unreachable := func(err error) error {
		return &fault.Error{Kind: fault.Unavailable, Code: "mail_unreachable", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	}
	insecure := func(err error) error {
		return &fault.Error{Kind: fault.Unavailable, Code: "mail_tls", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	}
	if err := conn.SetDeadline(time.Now().Add(s.patience())); err != nil {
		return nil, unreachable(err)
	}
	if s.TLS == ImplicitTLS {
		secured := tls.Client(conn, s.tlsConfig())
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, insecure(err)
		}
		conn = secured
	}
	c, err := smtp.NewClient(conn, s.Host)
	if err != nil {
		return nil, unreachable(err)
	}
	if err := c.Hello(s.Hello); err != nil {
		return nil, unreachable(err)
	}
	if s.TLS == StartTLS {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return nil, insecure(errors.New("the server does not offer STARTTLS"))
		}
		if err := c.StartTLS(s.tlsConfig()); err != nil {
			return nil, insecure(err)
		}
	}
	if s.Username == "" {
		return c, nil
	}
	if err := s.prove(c); err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "mail_auth", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	}
	return c, nil
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
}

// prove authenticates. A password is never sent over a connection that is not
// protected, except to this machine.
func (s *SMTP) prove(c *smtp.Client) error {
	_, offered := c.Extension("AUTH")
	offers := strings.Fields(offered)
	mode := s.Auth
	if mode == AuthAuto {
		for _, m := range []AuthMode{AuthScram, AuthPlain, AuthLogin, AuthCramMD5} {
			if slices.Contains(offers, strings.ToUpper(string(m))) {
				mode = m
				break
			}
		}
	}
	if !slices.Contains(offers, strings.ToUpper(string(mode))) {
		return fmt.Errorf("the server offers no way to sign in that we want: %q", offered)
	}
	password, err := s.Password()
	if err != nil {
		return err
	}
	var a smtp.Auth
	switch mode {
	case AuthPlain:
		a = smtp.PlainAuth("", s.Username, password, s.Host, false)
	case AuthLogin:
		a = smtp.LoginAuth(s.Username, password, s.Host, false)
	case AuthCramMD5:
		a = smtp.CRAMMD5Auth(s.Username, password)
	case AuthScram:
		a = smtp.ScramSHA256Auth(s.Username, password)
	case AuthXOAuth2:
		if s.TLS == NoTLS {
			return errors.New("a token is sent over a protected connection only")
		}
		a = smtp.XOAuth2Auth(s.Username, password)
	default:
		return fmt.Errorf("no way to sign in is called %q", mode)
	}
	return c.Auth(a)
}

// send hands over one letter, and reports whether the connection can be used
// for another one.
func (s *SMTP) send(c *smtp.Client, l Letter) (remoteID string, alive bool, err error) {
	if offered, _ := c.Extension("SMTPUTF8"); !offered && !ascii(l.To) {
		return "", true, &fault.Error{Kind: fault.Denied, Code: "mail_refused", Got: "the server takes no address outside ASCII", Fix: fault.OperatorSide}
	}
	m := s.compose(l)
	client, err := mail.NewClient(s.Host, mail.WithTimeout(s.patience()), mail.WithHELO(s.Hello), mail.WithoutNoop())
	if err != nil {
		return "", true, fmt.Errorf("sending mail: %w", err)
	}
	err = client.SendWithSMTPClient(c, m)
	if m.IsDelivered() { // what comes afterwards is no matter of this letter
		return m.ServerResponse(), err == nil, nil
	}
	return "", answered(err), refusal(err)
}

// answered reports whether a failure is an answer of the server, after which
// the conversation goes on.
func answered(err error) bool {
	e, ok := errors.AsType[*mail.SendError](err)
	return ok && e.ErrorCode() != 0 && e.ErrorCode() != codeClosing && e.Reason != mail.ErrSMTPData && e.Reason != mail.ErrSMTPDataClose
}

// codeClosing is how a server says that it hangs up [RFC 5321 4.2.3].
const codeClosing = 421

// refusal gives what the server answered its meaning. A permanent answer to the
// recipient or to the content is final [RFC 5321 4.2.1]; to the sender, it is a
// mistake of the configuration.
func refusal(err error) error {
	e, ok := errors.AsType[*mail.SendError](err)
	switch {
	case !ok || e.ErrorCode() == 0:
		return &fault.Error{Kind: fault.Unavailable, Code: "mail_unreachable", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	case e.ErrorCode() < 500:
		return &fault.Error{Kind: fault.Unavailable, Code: "mail_deferred", Got: plain(err), Fix: fault.Nobody, Err: err}
	case e.Reason == mail.ErrSMTPMailFrom:
		return &fault.Error{Kind: fault.Unavailable, Code: "mail_sender", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	default:
		return &fault.Error{Kind: fault.Denied, Code: "mail_refused", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	}
}

// plain is what went wrong in the words of the server, or of the network,
// without those of the library.
func plain(err error) string {
	s := err.Error()
	if _, ok := errors.AsType[*mail.SendError](err); ok { // it hides the cause
		if _, answer, found := strings.Cut(s, ": "); found {
			s = answer
		}
		s, _, _ = strings.Cut(s, ", affected recipient(s)")
		s, _, _ = strings.Cut(s, ", affected message ID")
	}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		s = answer.Error()
	}
	if code, said, ok := strings.Cut(s, " "); ok {
		if words, err := strconv.Unquote(said); err == nil {
			s = code + " " + words
		}
	}
	return line(s)
}

// compose makes a message of a letter: text and HTML, encoded so that nothing
// in it can be a header.
func (s *SMTP) compose(l Letter) *mail.Msg {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(&s.From)
	m.EnvelopeFromMailAddress(&stdmail.Address{Address: s.From.Address})
	m.ToMailAddress(&stdmail.Address{Address: l.To})
	if s.ReplyTo != nil {
		m.ReplyToMailAddress(s.ReplyTo)
	}
	_, domain, _ := strings.Cut(s.From.Address, "@")
	m.SetMessageIDWithValue(string(l.ID) + "@" + domain) // the same for each try
	m.SetDateWithValue(s.Now())
	m.Subject(l.Subject)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // [RFC 3834 5]
	m.SetGenHeader("X-Auto-Response-Suppress", "All")  // what Exchange heeds in its place
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	m.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	return m
}

// hangUp ends a conversation, if there is one.
func hangUp(c *smtp.Client) {
	if c == nil {
		return
	}
	if c.UpdateDeadline(time.Second) != nil || c.Quit() != nil {
		_ = c.Close() // nothing is left to say to it
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
