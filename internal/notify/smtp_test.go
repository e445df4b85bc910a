package notify_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	stdmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
)

const baseURL = "https://sso.vendor.example"

// carrierTo returns a carrier that sends to a sink as an operator would have it.
func carrierTo(s *mailtest.Sink, mode notify.TLSMode) *notify.SMTP {
	return &notify.SMTP{
		Host: s.Host, Port: s.Port, TLS: mode, Auth: notify.AuthAuto, Username: mailtest.User,
		Password: func() (string, error) { return mailtest.Password, nil },
		From:     stdmail.Address{Name: "Vendor Sign-in", Address: "no-reply@vendor.example"}, Hello: "sso.vendor.example", RootCAs: s.CA,
		Now: func() time.Time { return testTime },
	}
}

func letter(t *testing.T, m notify.Message) notify.Letter {
	t.Helper()
	w, err := notify.NewWriter("Vendor", baseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.Write("msg_1", m)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// outcome is how a letter has fared.
type outcome struct {
	id  string
	err error
}

func carry(ctx context.Context, c notify.Carrier, letters ...notify.Letter) map[int]outcome {
	got := map[int]outcome{}
	c.Carry(ctx, letters, func(i int, id string, err error) { got[i] = outcome{id, err} })
	return got
}

func TestMailArrivesAsWritten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options mailtest.Options
		mode    notify.TLSMode
		auth    notify.AuthMode
	}{
		"STARTTLS and PLAIN":     {mailtest.Options{}, notify.StartTLS, notify.AuthAuto},
		"implicit TLS and LOGIN": {mailtest.Options{Mode: mailtest.Implicit, Mechanisms: []string{"LOGIN"}}, notify.ImplicitTLS, notify.AuthAuto},
		"LOGIN as asked for":     {mailtest.Options{}, notify.StartTLS, notify.AuthLogin},
		"CRAM-MD5":               {mailtest.Options{Mechanisms: []string{"CRAM-MD5"}}, notify.StartTLS, notify.AuthAuto},
		"SCRAM before PLAIN":     {mailtest.Options{Mechanisms: []string{"PLAIN", "SCRAM-SHA-256"}}, notify.StartTLS, notify.AuthAuto},
		"SCRAM as asked for":     {mailtest.Options{Mechanisms: []string{"PLAIN", "SCRAM-SHA-256"}}, notify.StartTLS, notify.AuthScram},
		"a token":                {mailtest.Options{Mechanisms: []string{"XOAUTH2"}}, notify.StartTLS, notify.AuthXOAuth2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.New(t, tc.options)
			c := carrierTo(sink, tc.mode)
			c.Auth, c.ReplyTo = tc.auth, &stdmail.Address{Address: "help@vendor.example"}
			got := carry(t.Context(), c, letter(t, invitation("bob@acme.example")))
			if got[0].err != nil || len(got) != 1 {
				t.Fatalf("Carry() reports %v, %v", got, got[0].err)
			}
			m := sink.Wait(t, "bob@acme.example", 1)
			if !m.Protected || m.From != "no-reply@vendor.example" {
				t.Errorf("it came protected %v from %s", m.Protected, m.From)
			}
			for header, want := range map[string]string{
				"From": `"Vendor Sign-in" <no-reply@vendor.example>`, "To": "<bob@acme.example>", "Reply-To": "<help@vendor.example>",
				"Message-Id": "<msg_1@vendor.example>", "Date": "Tue, 01 Sep 2026 12:00:00 +0000", "Auto-Submitted": "auto-generated",
				"X-Auto-Response-Suppress": "All", "Mime-Version": "1.0", "List-Unsubscribe": "", "X-Mailer": "", "User-Agent": "",
			} {
				if got := m.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if link, err := m.Link(); err != nil || link.String() != baseURL+"/login/invitation/t0ken" {
				t.Errorf("Link() = %v, %v", link, err)
			}
			if m.Subject != "Alice lädt Sie zu Acme ein" {
				t.Errorf("the subject is %q", m.Subject)
			}
		})
	}
}

func TestMailWaitsWhereNothingIsSafe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options mailtest.Options
		change  func(*notify.SMTP)
		code    string
	}{
		"no STARTTLS":                     {mailtest.Options{Mode: mailtest.Plain}, nil, "mail_tls"},
		"an authority that nobody trusts": {mailtest.Options{}, func(c *notify.SMTP) { c.RootCAs = nil }, "mail_tls"},
		"a certificate of another name":   {mailtest.Options{Name: "mail.evil.example"}, nil, "mail_tls"},
		"the same by implicit TLS":        {mailtest.Options{Name: "mail.evil.example", Mode: mailtest.Implicit}, func(c *notify.SMTP) { c.TLS = notify.ImplicitTLS }, "mail_tls"},
		"TLS where there is none":         {mailtest.Options{}, func(c *notify.SMTP) { c.TLS = notify.ImplicitTLS }, "mail_tls"},
		"a wrong password":                {mailtest.Options{}, func(c *notify.SMTP) { c.Password = func() (string, error) { return "wrong", nil } }, "mail_auth"},
		"a password that is not there":    {mailtest.Options{}, func(c *notify.SMTP) { c.Password = func() (string, error) { return "", errors.New("no file") } }, "mail_auth"},
		"a wrong password by SCRAM":       {mailtest.Options{Mechanisms: []string{"SCRAM-SHA-256"}}, func(c *notify.SMTP) { c.Password = func() (string, error) { return "wrong", nil } }, "mail_auth"},
		"no mechanism that we want":       {mailtest.Options{Mechanisms: []string{"NTLM"}}, nil, "mail_auth"},
		"another mechanism than wanted":   {mailtest.Options{}, func(c *notify.SMTP) { c.Auth = notify.AuthScram }, "mail_auth"},
		"no password where one is needed": {mailtest.Options{}, func(c *notify.SMTP) { c.Username = "" }, "mail_sender"},
		"a token without protection":      {mailtest.Options{Mode: mailtest.Plain, Mechanisms: []string{"XOAUTH2"}}, func(c *notify.SMTP) { c.TLS, c.Auth = notify.NoTLS, notify.AuthXOAuth2 }, "mail_auth"},
		"a sender that is not ours": {mailtest.Options{Sender: func(string) error {
			return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not your address"}
		}}, nil, "mail_sender"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.New(t, tc.options)
			c := carrierTo(sink, notify.StartTLS)
			if tc.change != nil {
				tc.change(c)
			}
			l := letter(t, invitation("bob@acme.example"))
			got := carry(t.Context(), c, l, l)
			if len(got) != 2 {
				t.Fatalf("Carry() reports %d of 2 letters", len(got))
			}
			for _, o := range got {
				f := fault.From(o.err)
				if f == nil || f.Code != tc.code || f.Kind == fault.Denied || f.Got == "" {
					t.Errorf("Carry() reports %v, want %s, which may be mended", o.err, tc.code)
				}
				if f != nil && strings.Contains(f.Error(), mailtest.Password) {
					t.Error("the failure shows the password")
				}
			}
			if n := len(sink.Mails()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

func TestRelayOnThisMachineNeedsNoProtection(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t, mailtest.Options{Mode: mailtest.Plain, Open: true})
	c := carrierTo(sink, notify.NoTLS)
	c.Username = ""
	if got := carry(t.Context(), c, letter(t, invitation("bob@acme.example"))); got[0].err != nil {
		t.Fatal(got[0].err)
	}
	sink.Wait(t, "bob@acme.example", 1)
}

func TestServerAnswersEachLetter(t *testing.T) {
	t.Parallel()
	answers := map[string]*smtp.SMTPError{
		"grey@acme.example": {Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, come again"},
		"gone@acme.example": {Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"},
		"full@acme.example": {Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "Mailbox full"},
		"busy@acme.example": {Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Closing"},
	}
	sink := mailtest.New(t, mailtest.Options{
		Recipient: func(to string) error {
			if a, ok := answers[to]; ok {
				return a
			}
			return nil
		},
		Content: func(m mailtest.Mail) error {
			if m.To == "spam@acme.example" {
				return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Looks like spam"}
			}
			return nil
		},
	})
	var letters []notify.Letter
	to := []string{"grey@acme.example", "gone@acme.example", "full@acme.example", "busy@acme.example", "spam@acme.example", "bob@acme.example", "carol@acme.example"}
	for _, to := range to {
		letters = append(letters, letter(t, invitation(to)))
	}
	got := carry(t.Context(), carrierTo(sink, notify.StartTLS), letters...)
	for i, want := range []struct {
		code  string
		kind  fault.Kind
		words string
	}{
		{"mail_deferred", fault.Unavailable, "Greylisted"}, {"mail_refused", fault.Denied, "550 5.1.1 No such user"}, {"mail_refused", fault.Denied, "552"},
		{"mail_deferred", fault.Unavailable, "421"}, {"mail_refused", fault.Denied, "spam"}, {}, {},
	} {
		f := fault.From(got[i].err)
		if want.code == "" {
			if got[i].err != nil || !strings.Contains(got[i].id, "OK") {
				t.Errorf("%s: %q, %v, want it sent with the server's words", to[i], got[i].id, got[i].err)
			}
			continue
		}
		if f == nil || f.Code != want.code || f.Kind != want.kind || !strings.Contains(f.Got, want.words) {
			t.Errorf("%s: %v, want %s with %q", to[i], got[i].err, want.code, want.words)
		}
	}
	var arrived []string
	for _, m := range sink.Mails() {
		arrived = append(arrived, m.To)
	}
	if !slices.Equal(arrived, to[5:]) {
		t.Errorf("mail arrived for %q, want it for %q alone", arrived, to[5:])
	}
}

func TestAddressOutsideASCII(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t, mailtest.Options{})
	l := letter(t, invitation("zoë@acme.example"))
	if got := carry(t.Context(), carrierTo(sink, notify.StartTLS), l); got[0].err != nil {
		t.Fatalf("a server that takes it: %v", got[0].err)
	}
	sink.Wait(t, "zoë@acme.example", 1)

	old := listen(t, func(c net.Conn) {
		say(c, "220 old.example\r\n")
		for line := range lines(c) {
			switch {
			case strings.HasPrefix(line, "EHLO"):
				say(c, "250 old.example\r\n")
			case line == "QUIT":
				say(c, "221 bye\r\n")
				return
			default:
				t.Errorf("the server is told %q", line)
			}
		}
	})
	c := carrierTo(sink, notify.NoTLS)
	c.Port, c.Username = old, ""
	if got := carry(t.Context(), c, l); !fault.Is(got[0].err, "mail_refused") {
		t.Errorf("a server that does not: %v, want mail_refused", got[0].err)
	}
}

func TestServerThatNeverAnswersIsAskedOnce(t *testing.T) {
	t.Parallel()
	calls := make(chan struct{}, 10)
	port := listen(t, func(c net.Conn) {
		calls <- struct{}{}
		for range lines(c) { // until it is hung up
		}
	})
	sink := mailtest.New(t, mailtest.Options{})
	c := carrierTo(sink, notify.StartTLS)
	c.Port, c.Patience = port, time.Second
	l := letter(t, invitation("bob@acme.example"))
	got := carry(t.Context(), c, l, l, l)
	for i := range 3 {
		if !fault.Is(got[i].err, "mail_unreachable") {
			t.Errorf("letter %d: %v, want mail_unreachable", i, got[i].err)
		}
	}
	<-calls // which it may notice when we have given it up
	if len(calls) != 0 {
		t.Errorf("the server was called %d times for three letters", 1+len(calls))
	}
}

func TestServerThatHangsUpLosesOneLetter(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t, mailtest.Options{})
	first := true
	port := listen(t, func(c net.Conn) {
		if first { // one conversation after the other
			first = false
			say(c, "220 mail.example\r\n")
			for line := range lines(c) {
				switch {
				case strings.HasPrefix(line, "EHLO"):
					say(c, "250 mail.example\r\n")
				case strings.HasPrefix(line, "MAIL"):
					say(c, "250 ok\r\n")
				default:
					return
				}
			}
		}
		say(c, "220 mail.example\r\n")
		for line := range lines(c) {
			switch {
			case line == "DATA":
				say(c, "354 go\r\n")
			case line == "." || strings.HasPrefix(line, "EHLO") || strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "RCPT") || line == "RSET":
				say(c, "250 ok as 4711\r\n")
			case line == "QUIT":
				say(c, "221 bye\r\n")
				return
			}
		}
	})
	c := carrierTo(sink, notify.NoTLS)
	c.Port, c.Username = port, ""
	l := letter(t, invitation("bob@acme.example"))
	got := carry(t.Context(), c, l, l)
	if !fault.Is(got[0].err, "mail_unreachable") {
		t.Errorf("the first letter: %v, want mail_unreachable", got[0].err)
	}
	if got[1].err != nil || !strings.Contains(got[1].id, "4711") {
		t.Errorf("the second letter: %q, %v, want it sent", got[1].id, got[1].err)
	}
}

func TestCanceledCarrierTriesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sink := mailtest.New(t, mailtest.Options{})
	if got := carry(ctx, carrierTo(sink, notify.StartTLS), letter(t, invitation("bob@acme.example"))); len(got) != 0 || sink.Conversations() != 0 {
		t.Errorf("Carry() reports %v after %d conversations", got, sink.Conversations())
	}
}

// listen serves one conversation after the other on a loopback port.
func listen(t *testing.T, talk func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

func say(c net.Conn, s string) { _, _ = c.Write([]byte(s)) }

// lines gives what the other side says, line by line.
func lines(c net.Conn) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		s := bufio.NewScanner(c)
		for s.Scan() {
			if !yield(s.Text()) {
				return
			}
		}
	}
}
