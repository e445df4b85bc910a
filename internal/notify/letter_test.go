package notify_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/notify"
)

// samples returns a message of each kind.
func samples() map[notify.Kind]notify.Message {
	until, at := notify.Instant(testTime.Add(48*time.Hour)), notify.Instant(testTime)
	where := map[notify.Gap]string{notify.At: at, notify.Device: "Firefox, Linux", notify.Place: "192.0.2.1"}
	with := func(base map[notify.Gap]string, gap notify.Gap, value string) map[notify.Gap]string {
		m := maps.Clone(base)
		m[gap] = value
		return m
	}
	mail := func(k notify.Kind, data map[notify.Gap]string) notify.Message {
		return notify.Message{Channel: notify.Mail, Kind: k, To: "bob@acme.example", Data: data}
	}
	connection := map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.Connection: "Okta", notify.Link: "/console/sso/acme-okta/configure"}
	return map[notify.Kind]notify.Message{
		notify.Invitation: mail(notify.Invitation, map[notify.Gap]string{
			notify.Organization: "Acme Ltd", notify.Inviter: "Alice Archer", notify.Link: "/login/invitation/t0ken", notify.Until: until}),
		notify.ResetPassword:         mail(notify.ResetPassword, map[notify.Gap]string{notify.Link: "/login/reset/t0ken", notify.Until: until}),
		notify.Registration:          mail(notify.Registration, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.Link: "/login/reset/t0ken", notify.Until: until}),
		notify.SSOInstead:            mail(notify.SSOInstead, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.Link: "/login/acme"}),
		notify.InactiveWarning:       mail(notify.InactiveWarning, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.Link: "/login/acme", notify.Until: until}),
		notify.PasswordChanged:       mail(notify.PasswordChanged, where),
		notify.AddressChanged:        mail(notify.AddressChanged, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.At: at}),
		notify.AddressGiven:          mail(notify.AddressGiven, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.At: at}),
		notify.FactorAdded:           mail(notify.FactorAdded, with(where, notify.Factor, "passkey")),
		notify.FactorRemoved:         mail(notify.FactorRemoved, with(where, notify.Factor, "totp")),
		notify.RecoveryUsed:          mail(notify.RecoveryUsed, with(where, notify.Left, "3")),
		notify.SignInNewDevice:       mail(notify.SignInNewDevice, where),
		notify.BreakGlassUsed:        mail(notify.BreakGlassUsed, with(with(where, notify.Organization, "Acme Ltd"), notify.Owner, "Olga Owner")),
		notify.IdentityMoved:         mail(notify.IdentityMoved, map[notify.Gap]string{notify.Organization: "Acme Ltd", notify.At: at}),
		notify.ConnectionHeld:        mail(notify.ConnectionHeld, connection),
		notify.ConnectionUnreachable: mail(notify.ConnectionUnreachable, connection),
		notify.CertificateEnds:       mail(notify.CertificateEnds, with(with(connection, notify.Left, "7"), notify.Until, at)),
		notify.CertificateEndsThere:  mail(notify.CertificateEndsThere, with(with(connection, notify.Left, "7"), notify.Until, at)),
		notify.KeyChanges:            mail(notify.KeyChanges, with(connection, notify.Until, until)),
		notify.WebhookDisabled:       mail(notify.WebhookDisabled, map[notify.Gap]string{notify.Domain: "hooks.acme.example", notify.Link: "/console/webhooks/whk_1"}),
		notify.SMSCode:               code("+4915123456789"),
		notify.Test:                  mail(notify.Test, nil),
	}
}

func TestEveryKindHasItsWordsInEveryLanguage(t *testing.T) {
	t.Parallel()
	kinds := notify.Kinds()
	all := samples()
	if len(all) != len(kinds) {
		t.Fatalf("%d samples of %d kinds", len(all), len(kinds))
	}
	for _, kind := range kinds {
		for _, lang := range []string{"en", "de"} {
			m := all[kind]
			m.Language = lang
			l := letter(t, m)
			golden(t, string(kind)+"."+lang+".txt", "Subject: "+l.Subject+"\n\n"+l.Text)
			if strings.Contains(l.Subject+l.Text+l.HTML, "<no value>") || strings.Contains(l.Subject+l.Text+l.HTML, "{{") {
				t.Errorf("%s in %s has a gap that nothing fills", kind, lang)
			}
			if m.Channel == notify.Mail && (l.Subject == "" || !strings.Contains(l.HTML, `<html lang="`+lang+`">`)) {
				t.Errorf("%s in %s: subject %q, and the HTML does not say its language", kind, lang, l.Subject)
			}
		}
	}
	m := all[notify.Invitation]
	golden(t, "invitation.en.html", letter(t, m).HTML)
}

func TestMailLoadsNothingAndRunsNothing(t *testing.T) {
	t.Parallel()
	remote := regexp.MustCompile(`(?i)<(script|img|link|iframe|object|form|svg|video|audio|base)\b|url\(|@import|\bon[a-z]+=|javascript:`)
	for kind, m := range samples() {
		if found := remote.FindString(letter(t, m).HTML); found != "" {
			t.Errorf("%s holds %q", kind, found)
		}
	}
}

func TestLanguageOfAPerson(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"": "Choose a new password", "en": "Choose a new password", "en-GB": "Choose a new password", "fr": "Choose a new password", "no tag!": "Choose a new password",
		"de": "Neues Passwort wählen", "de-AT": "Neues Passwort wählen", "DE": "Neues Passwort wählen",
	} {
		m := samples()[notify.ResetPassword]
		m.Language = lang
		if got := letter(t, m).Subject; got != want {
			t.Errorf("in %q it is %q, want %q", lang, got, want)
		}
	}
	for lang, want := range map[string]string{"en": "3 September 2026, 12:00 UTC", "de": "3. September 2026, 12:00 UTC"} {
		m := samples()[notify.ResetPassword]
		m.Language = lang
		if l := letter(t, m); !strings.Contains(l.Text, want) {
			t.Errorf("in %s the end is not written %q: %s", lang, want, l.Text)
		}
	}
}

// Names are given by customers: nobody gets a text, a link or a header of their
// own into a mail of ours.
func TestNameStaysAName(t *testing.T) {
	t.Parallel()
	for name, evil := range map[string]string{
		"markup":          `<a href="https://evil.example">Click</a><script>alert(1)</script>`,
		"a link":          "You have won: https://evil.example/prize",
		"a host":          "Visit www.evil.example now",
		"an address":      "write to eve@evil.example",
		"another header":  "Acme\r\nBcc: eve@evil.example\r\n\r\nHello",
		"a template":      "{{.link}} {{printf `%s` .code}}",
		"the end of text": "Acme\n\n-- \nThe real team",
		"a wall of text":  strings.Repeat("Buy now ", 500),
		"direction marks": "Acme \u202Egro.live\u202C",
	} {
		m := samples()[notify.Invitation]
		m.Data[notify.Organization], m.Data[notify.Inviter] = evil, evil
		l := letter(t, m)
		page := parseHTML(t, l.HTML)
		if links := page.Links(); !slices.Equal(links, []string{baseURL + "/login/invitation/t0ken"}) {
			t.Errorf("%s: the HTML leads to %q", name, links)
		}
		if n := page.Elements()["script"]; n != 0 {
			t.Errorf("%s: the HTML holds a script", name)
		}
		for where, s := range map[string]string{"subject": l.Subject, "text": l.Text, "HTML": l.HTML} {
			if strings.Contains(s, "evil.example") || strings.Contains(s, "@evil") || strings.Contains(s, "https://evil") || strings.Contains(s, "\u202E") {
				t.Errorf("%s: the %s shows what a mail program makes a link of: %q", name, where, s)
			}
		}
		if strings.ContainsAny(l.Subject, "\r\n") || len([]rune(l.Subject)) > 250 {
			t.Errorf("%s: the subject is %q", name, l.Subject)
		}
		if strings.Count(l.Text, "\n-- \n") != 1 {
			t.Errorf("%s: the text has another end: %q", name, l.Text)
		}
	}
}

func TestCodeIsBoundToItsSite(t *testing.T) {
	t.Parallel()
	l := letter(t, code("+4915123456789"))
	if !strings.HasSuffix(l.Text, "\n\n@sso.vendor.example #123456") || !strings.HasPrefix(l.Text, "123456 ") || len(l.Text) > 160 {
		t.Errorf("the SMS of %d octets is %q", len(l.Text), l.Text)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s has changed; look at it and run with -update:\n%s", name, got)
	}
}
