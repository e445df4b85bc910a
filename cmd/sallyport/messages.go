package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
)

// Ports of mail servers that a URL need not name.
const (
	portStartTLS = 587
	portTLS      = 465
	portPlain    = 25
)

// maxSecretFile bounds what is read of a file with a secret.
const maxSecretFile = 16 << 10

// messagesConfig says how mail and SMS are sent. What is not configured waits
// in the outbox.
type messagesConfig struct {
	Mail mailConfig `embed:"" prefix:"smtp-" group:"Mail"`
	From string     `name:"mail-from" group:"Mail" placeholder:"ADDRESS" help:"Sender of mail, such as 'Vendor <no-reply@vendor.example>'; needed with --smtp-url. Let SPF, DKIM and DMARC of its domain allow your mail server."`
	// ReplyTo is where answers go.
	ReplyTo string    `name:"mail-reply-to" group:"Mail" placeholder:"ADDRESS" help:"Where answers to mail go; without it, to the sender."`
	SMS     smsConfig `embed:"" prefix:"sms-" group:"SMS"`
}

// mailConfig is the mail server.
type mailConfig struct {
	URL          string `name:"url" placeholder:"URL" help:"Mail server: smtp://HOST[:587] (STARTTLS is demanded), smtps://HOST[:465], or smtp+plain://HOST[:25] for a relay that needs no protection."`
	Username     string `placeholder:"NAME" help:"User name at the mail server; without it, none is asked for."`
	Password     string `placeholder:"TEXT" help:"Password at the mail server; better in a file."`
	PasswordFile string `placeholder:"FILE" type:"path" help:"File with the password, or with the access token for xoauth2; read for each connection."`
	Auth         string `default:"auto" enum:"auto,plain,login,cram-md5,scram-sha-256,xoauth2" help:"How to sign in at the mail server: auto, plain, login, cram-md5, scram-sha-256 or xoauth2."`
	CA           string `name:"ca" placeholder:"FILE" type:"path" help:"Certificates in PEM that the mail server's must lead to, in place of those of the system."`
}

// smsConfig is the gateway for SMS, and how many may go.
type smsConfig struct {
	Gateway    string   `default:"" enum:",sinch,twilio,webhook" placeholder:"KIND" help:"Gateway for SMS: sinch (MessageMedia's messages API), twilio, or webhook."`
	URL        string   `name:"url" placeholder:"URL" help:"Address of the gateway. For sinch and twilio, another region's: https://eu.app.api.sinch.com."`
	Account    string   `placeholder:"SID" help:"Account SID at twilio."`
	User       string   `placeholder:"NAME" help:"API key at the gateway; for twilio, without it the account SID."`
	Secret     string   `placeholder:"TEXT" help:"Secret of the API key, or auth token; better in a file."`
	SecretFile string   `placeholder:"FILE" type:"path" help:"File with that secret."`
	Auth       string   `default:"basic" enum:"basic,hmac" help:"How to sign in at sinch: basic or hmac."`
	From       string   `placeholder:"SENDER" help:"Number or name that SMS come from; for twilio, also the SID of a messaging service."`
	Method     string   `default:"POST" enum:"POST,PUT,GET" help:"Method of a webhook: POST, PUT or GET."`
	Headers    []string `name:"header" sep:"none" placeholder:"NAME:VALUE" help:"Header of a webhook, repeatable; may hold {{secret}} and the marks of the body."`
	Body       string   `placeholder:"TEXT" help:"Body of a webhook, with the marks {{to}}, {{digits}}, {{text}}, {{from}}, {{id}} and {{secret}}, which are escaped as its Content-Type (without a header: application/json) wants it."`
	ID         string   `name:"id-path" placeholder:"PATH" help:"Where in a webhook's JSON answer the ID of the message stands, such as messages.message_id."`
	Private    bool     `help:"The gateway stands in a private network, or speaks plain http."`
	Countries  []string `placeholder:"CODE,…" help:"Countries to which SMS go, such as DE,AT,CH; without it, to all. The first thing to set: who has us text numbers that they earn by sits in a few countries."`
	PerNumber  int      `default:"6" help:"SMS to one number in an hour; 0: any number."`
	PerNetwork int      `default:"60" help:"SMS for one network of people (IPv4 /24, IPv6 /48) in an hour; 0: any number."`
	PerOrg     int      `name:"per-organization" default:"300" help:"SMS for one organization in an hour; 0: any number."`
	PerCountry int      `default:"1000" help:"SMS to one country in an hour; 0: any number."`
	Total      int      `default:"3000" help:"SMS in an hour; 0: any number."`
}

// given is a flag that is set though its default is nothing.
type given struct {
	flag string
	is   bool
}

// without tells which flags say nothing without another one.
func without(needed string, all ...given) (unused []string) {
	for _, g := range all {
		if g.is {
			unused = append(unused, g.flag+" is of no use without "+needed)
		}
	}
	return unused
}

// unused tells which flags have no effect, because others are missing. They are said
// and not refused: a composition may pass them on to all its servers.
func (c *messagesConfig) unused() []string {
	m := c.Mail
	who := []given{
		{"--smtp-password", m.Password != ""}, {"--smtp-password-file", m.PasswordFile != ""}, {"--smtp-auth", m.Auth != "" && m.Auth != string(notify.AuthAuto)},
	}
	ca := given{"--smtp-ca", m.CA != ""}
	var mail []string
	switch {
	case m.URL == "":
		mail = without("--smtp-url", append([]given{{"--smtp-username", m.Username != ""}, ca, {"--mail-from", c.From != ""}, {"--mail-reply-to", c.ReplyTo != ""}}, who...)...)
	case m.Username == "":
		mail = without("--smtp-username", who...)
	}
	if strings.HasPrefix(m.URL, "smtp+plain:") {
		mail = append(mail, without("smtp or smtps in --smtp-url", ca)...)
	}
	return append(mail, c.SMS.unused()...)
}

// unused tells which flags have no effect, because others are missing or another
// gateway has them. How many SMS may go where holds in any case.
func (c *smsConfig) unused() []string {
	account, user := given{"--sms-account", c.Account != ""}, given{"--sms-user", c.User != ""}
	hmac := given{"--sms-auth " + c.Auth, c.Auth == "hmac"}
	hook := []given{
		{"--sms-method", c.Method != "" && c.Method != http.MethodPost}, {"--sms-header", len(c.Headers) > 0}, {"--sms-body", c.Body != ""}, {"--sms-id-path", c.ID != ""},
	}
	switch c.Gateway {
	case "":
		return without("--sms-gateway", append([]given{
			{"--sms-url", c.URL != ""}, account, user, {"--sms-secret", c.Secret != ""}, {"--sms-secret-file", c.SecretFile != ""}, hmac,
			{"--sms-from", c.From != ""}, {"--sms-private", c.Private},
		}, hook...)...)
	case "sinch":
		return append(without("--sms-gateway twilio", account), without("--sms-gateway webhook", hook...)...)
	case "twilio":
		return append(without("--sms-gateway sinch", hmac), without("--sms-gateway webhook", hook...)...)
	default:
		return slices.Concat(without("--sms-gateway twilio", account), without("--sms-gateway sinch or twilio", user), without("--sms-gateway sinch", hmac))
	}
}

// carriers returns what sends messages, for each channel that is configured.
func (c *messagesConfig) carriers(baseURL string) (map[notify.Channel]notify.Carrier, error) {
	all := map[notify.Channel]notify.Carrier{}
	if c.Mail.URL != "" {
		carrier, err := c.smtp(baseURL)
		if err != nil {
			return nil, err
		}
		all[notify.Mail] = carrier
	}
	if c.SMS.Gateway != "" {
		carrier, err := c.SMS.gateway()
		if err != nil {
			return nil, err
		}
		all[notify.SMS] = carrier
	}
	return all, nil
}

// smtp reads the flags of mail.
func (c *messagesConfig) smtp(baseURL string) (*notify.SMTP, error) {
	u, err := url.Parse(c.Mail.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("--smtp-url: want smtp://HOST:PORT or smtps://HOST:PORT; the user name goes to --smtp-username")
	}
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, errors.New("--base-url: not a URL")
	}
	host := base.Hostname()
	s := &notify.SMTP{Host: u.Hostname(), Auth: notify.AuthMode(c.Mail.Auth), Username: c.Mail.Username, Hello: host, Now: now}
	switch u.Scheme {
	case "smtp":
		s.TLS, s.Port = notify.StartTLS, portStartTLS
	case "smtps":
		s.TLS, s.Port = notify.ImplicitTLS, portTLS
	case "smtp+plain":
		s.TLS, s.Port = notify.NoTLS, portPlain
	default:
		return nil, fmt.Errorf("--smtp-url: unknown scheme %q, want smtp, smtps or smtp+plain", u.Scheme)
	}
	if p := u.Port(); p != "" {
		const highest = 1<<16 - 1
		if s.Port, err = strconv.Atoi(p); err != nil || s.Port < 1 || s.Port > highest {
			return nil, fmt.Errorf("--smtp-url: want a port from 1 to %d, got %s", highest, p)
		}
	}
	if c.From == "" {
		return nil, errors.New("--mail-from is needed with --smtp-url: the address that mail comes from")
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("--mail-from: %q is no address such as 'Vendor <no-reply@vendor.example>'", c.From)
	}
	s.From = *from
	if c.ReplyTo != "" {
		if s.ReplyTo, err = mail.ParseAddress(c.ReplyTo); err != nil {
			return nil, fmt.Errorf("--mail-reply-to: %q is no address", c.ReplyTo)
		}
	}
	if net.ParseIP(host) != nil {
		s.Hello = "[" + host + "]" // [RFC 5321 4.1.3]
	}
	if c.Mail.CA != "" {
		pem, err := os.ReadFile(c.Mail.CA)
		if err != nil {
			return nil, fmt.Errorf("--smtp-ca: %w", err)
		}
		s.RootCAs = x509.NewCertPool()
		if !s.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--smtp-ca: %s holds no certificate in PEM", c.Mail.CA)
		}
	}
	s.Password = func() (string, error) { return secretFrom("--smtp-password", c.Mail.Password, c.Mail.PasswordFile) }
	if c.Mail.Username != "" { // that it is there is asked now; it may be another one later
		if _, err := s.Password(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// gateway reads the flags of SMS.
func (c *smsConfig) gateway() (*notify.Gateway, error) {
	secret, err := secretFrom("--sms-secret", c.Secret, c.SecretFile)
	if err != nil && (c.Gateway != "webhook" || c.SecretFile != "") {
		return nil, err
	}
	reach := safehttp.Public
	if c.Private {
		reach = safehttp.Private
	}
	g := &notify.Gateway{Caller: safehttp.NewCaller(reach)}
	address := strings.TrimSuffix(c.URL, "/")
	switch c.Gateway {
	case "sinch":
		if address == "" {
			address = notify.SinchURL
		}
		if c.User == "" {
			return nil, errors.New("--sms-user is needed for sinch: the API key")
		}
		g.API = &notify.Sinch{BaseURL: address, Key: c.User, Secret: secret, From: c.From, Signed: notify.Signing(c.Auth), Now: now}
	case "twilio":
		if address == "" {
			address = notify.TwilioURL
		}
		if c.Account == "" || c.From == "" {
			return nil, errors.New("--sms-account and --sms-from are needed for twilio: the account SID, and a number or the SID of a messaging service")
		}
		g.API = &notify.Twilio{BaseURL: address, Account: c.Account, Key: c.User, Secret: secret, From: c.From, Now: now}
	default:
		if c.URL == "" {
			return nil, errors.New("--sms-url is needed for webhook: the address of the gateway")
		}
		hook, err := notify.NewWebhook(notify.WebhookConfig{
			Method: c.Method, URL: c.URL, Headers: c.Headers, Body: c.Body, From: c.From, Secret: secret, ID: c.ID, Reach: reach,
		})
		if err != nil {
			return nil, fmt.Errorf("--sms-…: %w", err)
		}
		g.API = hook
		return g, nil
	}
	if err := reach.Check(address); err != nil {
		return nil, fmt.Errorf("--sms-url: %w", err)
	}
	return g, nil
}

// shared are countries of ISO 3166 whose numbers, if any, count as those of a larger
// one with the same calling code. A list that somebody brings may name them.
const shared = "AQ AX BL BV CC CX EH GG IM JE MF PN SJ TF UM VA YT"

// budgets reads how many SMS may go.
func (c *smsConfig) budgets() (notify.Budgets, error) {
	b := notify.Budgets{PerNumber: c.PerNumber, PerNetwork: c.PerNetwork, PerOrg: c.PerOrg, PerCountry: c.PerCountry, Total: c.Total}
	for _, country := range c.Countries {
		country = strings.ToUpper(strings.TrimSpace(country))
		if len(country) != 2 || strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return b, fmt.Errorf("--sms-countries: %q is no country's code of two letters, such as DE", country)
		}
		if !sso.HasPhones(country) && !slices.Contains(strings.Fields(shared), country) {
			return b, fmt.Errorf("--sms-countries: %q is no country that has telephone numbers, such as DE (Germany) or GB (United Kingdom)", country)
		}
		b.Countries = append(b.Countries, country)
	}
	slices.Sort(b.Countries)
	for _, n := range []struct {
		flag string
		is   int
	}{
		{"--sms-per-number", b.PerNumber}, {"--sms-per-network", b.PerNetwork}, {"--sms-per-organization", b.PerOrg}, {"--sms-per-country", b.PerCountry}, {"--sms-total", b.Total},
	} {
		if n.is < 0 {
			return b, fmt.Errorf("%s: want a number of SMS in an hour, or 0 for any number, got %d", n.flag, n.is)
		}
	}
	return b, nil
}

// secretFrom returns a secret that stands in a flag or in a file, without the
// white space around it.
func secretFrom(flag, text, file string) (string, error) {
	switch {
	case text != "" && file != "":
		return "", fmt.Errorf("%s and %s-file: want one of them", flag, flag)
	case file != "":
		info, err := os.Stat(file)
		if err != nil {
			return "", fmt.Errorf("%s-file: %w", flag, err)
		}
		if info.Size() > maxSecretFile {
			return "", fmt.Errorf("%s-file: %s is larger than %d octets", flag, file, maxSecretFile)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%s-file: %w", flag, err)
		}
		if text = strings.TrimSpace(string(b)); text == "" {
			return "", fmt.Errorf("%s-file: %s is empty", flag, file)
		}
	}
	if text == "" {
		return "", fmt.Errorf("%s-file is needed", flag)
	}
	return text, nil
}
