package doctor_test

import (
	"context"
	"errors"
	stdmail "net/mail"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
)

// mailer is a way to a real server.
type mailer struct{ *notify.SMTP }

func (m mailer) SendTest(ctx context.Context, to string) (id string, err error) {
	w, err := notify.NewWriter("Vendor", "https://sso.vendor.example")
	if err != nil {
		return "", err
	}
	letter, err := w.Write("msg_test", notify.Message{Channel: notify.Mail, Kind: notify.Test, To: to})
	if err != nil {
		return "", err
	}
	m.Carry(ctx, []notify.Letter{letter}, func(_ int, remote string, refusal error) { id, err = remote, refusal })
	return id, err
}

func through(s *mailtest.Sink) mailer {
	return mailer{&notify.SMTP{
		Host: s.Host, Port: s.Port, TLS: notify.StartTLS, Auth: notify.AuthAuto, Username: mailtest.User,
		Password: func() (string, error) { return mailtest.Password, nil },
		From:     stdmail.Address{Address: "no-reply@vendor.example"}, Hello: "sso.vendor.example", RootCAs: s.CA, Now: time.Now,
	}}
}

func TestMailServerIsSpokenWithAndGetsNothing(t *testing.T) {
	t.Parallel()
	no := func(string) error { return &smtp.SMTPError{Code: 550, Message: "not here"} }
	for name, tc := range map[string]struct {
		options mailtest.Options
		spoil   func(*notify.SMTP)
		code    string
	}{
		"all is well":              {mailtest.Options{}, func(*notify.SMTP) {}, ""},
		"another password":         {mailtest.Options{}, func(s *notify.SMTP) { s.Password = func() (string, error) { return "guess", nil } }, "mail_auth"},
		"no protection":            {mailtest.Options{Mode: mailtest.Plain}, func(*notify.SMTP) {}, "mail_tls"},
		"another host's server":    {mailtest.Options{Name: "mail.other.example"}, func(*notify.SMTP) {}, "mail_tls"},
		"nobody there":             {mailtest.Options{}, func(s *notify.SMTP) { s.Port = 1 }, "mail_unreachable"},
		"a sender that may not":    {mailtest.Options{Sender: no}, func(*notify.SMTP) {}, "mail_sender"},
		"a recipient that is none": {mailtest.Options{Recipient: no}, func(*notify.SMTP) {}, "mail_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.New(t, tc.options)
			m := through(sink)
			tc.spoil(m.SMTP)
			err := m.Probe(t.Context(), "no-reply@vendor.example")
			if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
				t.Errorf("Probe() = %v, want %q", err, tc.code)
			}
			if got := sink.Mails(); len(got) != 0 {
				t.Errorf("%d letters were sent, want none", len(got))
			}
			h := aHouse(t)
			h.Mail = m
			want := doctor.Pass
			if tc.code != "" {
				want = doctor.Fail
			}
			h.expect("mail.server", want)
		})
	}
}

func TestALetterIsSentToWhoAsksForIt(t *testing.T) {
	t.Parallel()
	sink := mailtest.New(t, mailtest.Options{})
	h := aHouse(t)
	h.Mail, h.MailTo = through(sink), "ops@vendor.example"
	h.expect("mail.server", doctor.Pass)
	if got := sink.Mails(); len(got) != 1 || got[0].To != "ops@vendor.example" {
		t.Errorf("letters %+v, want one to ops", got)
	}
	h.Mail = nil
	h.expect("mail.server", doctor.Warn)
}

// gateway is one that answers so.
type gateway struct {
	asked bool
	err   error
}

func (g gateway) Probe(context.Context) (bool, error) { return g.asked, g.err }

func TestGatewayThatDoesNotKnowUs(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	for want, g := range map[doctor.Verdict]doctor.SMS{doctor.Pass: gateway{asked: true}, doctor.Skip: gateway{}, doctor.Fail: gateway{true, errGateway}} {
		h.SMS = g
		h.expect("sms.gateway", want)
	}
	h.SMS = gateway{true, errors.New("dial tcp: refused")}
	h.expect("sms.gateway", doctor.Fail)
}
