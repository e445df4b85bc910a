// Package mailtest is a mail server that keeps what it is sent, for tests: it
// holds the real conversation, over TLS and with a password, and gives back
// the mails as a mail program would read them.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// What the server wants to know.
const (
	User     = "sallyport"
	Password = "open sesame 4 mail"
)

// Mode says how the server protects connections.
type Mode uint8

// The modes.
const (
	StartTLS Mode = iota
	Implicit
	Plain // it offers no protection, and so no password is taken
)

// Options change what a server does. The zero value is a good server.
type Options struct {
	Mode Mode
	// Name is what the certificate is for; "": 127.0.0.1, where the server stands.
	Name string
	// Open says that everybody may send.
	Open bool
	// Mechanisms are those of AUTH; nil: PLAIN and LOGIN.
	Mechanisms []string
	// Sender, Recipient and Content refuse what they return an error for.
	Sender    func(from string) error
	Recipient func(to string) error
	Content   func(m Mail) error
}

// Sink is a running server.
type Sink struct {
	Addr   string // host and port
	Host   string
	Port   int
	CA     *x509.CertPool // that signed the certificate
	CAFile string         // the same, in PEM

	options Options
	mu      sync.Mutex
	mails   []Mail
	arrived chan struct{}   // closed and replaced when a mail arrives
	talks   map[string]bool // addresses from which we were called
}

// New starts a server for the length of a test.
func New(tb testing.TB, o Options) *Sink {
	tb.Helper()
	s := &Sink{options: o, arrived: make(chan struct{}), talks: map[string]bool{}}
	cert := s.certificate(tb)
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.Addr = l.Addr().String()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	s.Host = host
	if s.Port, err = strconv.Atoi(port); err != nil {
		tb.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.talks[c.Conn().RemoteAddr().String()] = true
		s.mu.Unlock()
		return &session{sink: s, conn: c, known: o.Open}, nil
	}))
	server.Domain = "mail.example"
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch o.Mode {
	case StartTLS:
		server.TLSConfig = config
	case Implicit:
		l = tls.NewListener(l, config)
	case Plain:
		server.AllowInsecureAuth = true
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends when it is closed
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		_ = l.Close() // where it did not get as far as serving
		<-done
	})
	return s
}

// certificate makes an authority and a certificate of it.
func (s *Sink) certificate(tb testing.TB) tls.Certificate {
	tb.Helper()
	name := s.options.Name
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail for tests"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{name}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.CAFile = filepath.Join(tb.TempDir(), "mail-ca.pem")
	if err := os.WriteFile(s.CAFile, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	s.CA = x509.NewCertPool()
	s.CA.AppendCertsFromPEM(text)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Mails returns what has arrived so far, the oldest first.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Conversations returns how many were begun.
func (s *Sink) Conversations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.talks)
}

// Wait returns the n-th mail to this address, counted from 1, and waits for it
// for as long as the test may take, at most a minute.
func (s *Sink) Wait(tb testing.TB, to string, n int) Mail {
	tb.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		s.mu.Lock()
		arrived, left := s.arrived, n
		for _, m := range s.mails {
			if m.To != to {
				continue
			}
			if left--; left == 0 {
				s.mu.Unlock()
				return m
			}
		}
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-limit.C:
			tb.Fatalf("no mail number %d to %s arrives", n, to)
		case <-tb.Context().Done():
			tb.Fatalf("the test ends before mail number %d to %s arrives", n, to)
		}
	}
}

func (s *Sink) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// session is one conversation.
type session struct {
	sink     *Sink
	conn     *smtp.Conn
	known    bool
	from, to string
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout ends the conversation.
func (s *session) Logout() error { return nil }

// AuthMechanisms lists the ways to prove who one is: none without protection.
func (s *session) AuthMechanisms() []string {
	_, protected := s.conn.TLSConnectionState()
	switch {
	case !protected && s.sink.options.Mode != Plain:
		return nil
	case s.sink.options.Mechanisms != nil:
		return s.sink.options.Mechanisms
	default:
		return []string{sasl.Plain, sasl.Login}
	}
}

// Auth begins one of them.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	case "SCRAM-SHA-256":
		return &scramServer{check: check}, nil
	default:
		return &foreign{mechanism: mechanism, check: check}, nil
	}
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	if s.sink.options.Sender != nil {
		return s.sink.options.Sender(from)
	}
	return nil
}

// Rcpt takes the recipient. The mails that we send have one each.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to != "" {
		return errors.New("a second recipient")
	}
	if s.sink.options.Recipient != nil {
		if err := s.sink.options.Recipient(to); err != nil {
			return err
		}
	}
	s.to = to
	return nil
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(bytes.Clone(raw))
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	m.From, m.To = s.from, s.to
	_, m.Protected = s.conn.TLSConnectionState()
	if s.sink.options.Content != nil {
		if err := s.sink.options.Content(m); err != nil {
			return err
		}
	}
	s.sink.keep(m)
	return nil
}
