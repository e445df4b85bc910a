package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A header may hold a comma, and a list of countries is split at each.
func TestListsInTheConfigurationFile(t *testing.T) {
	t.Parallel()
	const file = `
sms-header: ["Accept: text/plain, */*", "Authorization: Bearer {{secret}}"]
sms-countries: [DE, AT]
`
	for name, tc := range map[string]struct {
		file string
		args []string
	}{
		"in a file":  {file, nil},
		"as flags":   {"", []string{"--sms-header=Accept: text/plain, */*", "--sms-header=Authorization: Bearer {{secret}}", "--sms-countries=DE,AT"}},
		"flags win":  {"sms-header: ['X: y']\nsms-countries: [US]", []string{"--sms-header=Accept: text/plain, */*", "--sms-header=Authorization: Bearer {{secret}}", "--sms-countries=DE,AT"}},
		"one by one": {file, []string{"--sms-countries=DE", "--sms-countries=AT"}},
	} {
		sms := configured(t, tc.file, tc.args...).SMS
		if !slices.Equal(sms.Headers, []string{"Accept: text/plain, */*", "Authorization: Bearer {{secret}}"}) || !slices.Equal(sms.Countries, []string{"DE", "AT"}) {
			t.Errorf("%s: headers %q and countries %q", name, sms.Headers, sms.Countries)
		}
	}
}

// configured returns what serve is told by a configuration file, and by arguments.
func configured(t *testing.T, file string, args ...string) serveCmd {
	t.Helper()
	resolver, err := yamlConfig(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var c commands
	parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Resolvers(resolver))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve", "--base-url=http://127.0.0.1:8080"}, args...)); err != nil {
		t.Fatalf("%q and %q: %v", file, args, err)
	}
	return c.Serve
}

// What looks like a number or an instant in a file is the text that stands there:
// a telephone number keeps its plus, and a password its zeros.
func TestTextsInTheConfigurationFileStayAsTheyAre(t *testing.T) {
	t.Parallel()
	s := configured(t, `
sms-from: +491701234567
sms-account: 0123
sms-secret: 1e5
smtp-password: 2026-01-02
name: 0x1F
sms-countries: [0123, +5]
sms-total: 100
sms-private: true
audit-days: &days 90
traces-days: *days
`)
	got := []string{s.SMS.From, s.SMS.Account, s.SMS.Secret, s.Mail.Password, s.Name, strings.Join(s.SMS.Countries, " ")}
	if want := []string{"+491701234567", "0123", "1e5", "2026-01-02", "0x1F", "0123 +5"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if !s.SMS.Private {
		t.Error("true is not true")
	}
}

// What nobody would read is refused, and not passed over.
func TestAConfigurationFileIsOneDocument(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"name: a\n":                         "",
		"---\nname: a\n...\n":               "",
		"name: a\n---\naudit-days: 90\n":    "configuration:2:1: want one document, got several, with --- between them",
		"name: a\n---\n\t\n":                "reading configuration: yaml: line 3: found character that cannot start any token",
		"name: &a {b: c}\nlog-format: *a\n": "configuration:1:7: \"name\": want one value, got keys with values\nconfiguration:1:7: \"log-format\": want one value, got keys with values",
	} {
		resolver, err := yamlConfig(strings.NewReader(file))
		if err == nil {
			var parser *kong.Kong
			if parser, err = kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil))); err == nil {
				err = resolver.Validate(parser.Model)
			}
		}
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
}
