package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Each of these flags cannot be right where it stands; what stands behind it differs
// in one thing and is taken.
func TestFlagsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end() // what is not refused does not serve for ever
	dir := t.TempDir()
	smtp := []string{"--smtp-url=smtp://mail.example", "--mail-from=a@b.example"}
	hook := []string{"--sms-gateway=webhook", "--sms-url=https://gateway.example"}
	with := slices.Concat[[]string]
	one := func(flag string) []string { return []string{flag} }
	for _, tc := range []struct {
		wrong, right []string
		want         string
	}{
		{one("--database-connections=-3"), one("--database-connections=3"), "--database-connections: want a number from 1 on"},
		{one("--listen=8080"), one("--listen=:8080"), `--listen: want an address such as 127.0.0.1:8080, got "8080"`},
		{one("--ops-listen=127.0.0.1:90900"), one("--ops-listen=127.0.0.1:9091"), "--ops-listen: want an address"},
		{one("--listen=127.0.0.1:"), one("--listen=127.0.0.1:0"), "--listen: want an address"},
		{one("--ops-listen=127.0.0.1:8080"), one("--ops-listen=127.0.0.2:8080"), "--ops-listen: want another address than 127.0.0.1:8080"},
		{[]string{"--listen=127.0.0.1:81", "--ops-listen=127.0.0.1:81"}, []string{"--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0"}, "--ops-listen: want another"},
		{one("--name= "), one("--name=V"), "--name: want what"},
		{one("--base-url=http://sso.example"), one("--base-url=https://sso.example"), "--base-url: "},
		{one("--proxies=10.0.0.1"), one("--proxies=10.0.0.1/32"), `--proxies: "10.0.0.1" is not a network`},
		{one("--metadata-networks=10/8"), one("--metadata-networks=10.0.0.0/8"), "--metadata-networks: "},
		{one("--app-networks=all"), one("--app-networks=::/0"), "--app-networks: "},
		{one("--event-networks=lan"), one("--event-networks=fd00::/8"), "--event-networks: "},
		{one("--key-notice=1m"), one("--key-notice=1h"), "--key-life, --key-notice, --key-overlap: "},
		{one("--dns-server=192.0.2.53:dns"), one("--dns-server=192.0.2.53"), "--dns-server: "},

		{with(smtp[1:], one("--smtp-url=smtp://mail.example:70000")), with(smtp[1:], one("--smtp-url=smtp://mail.example:65535")), "--smtp-url: want a port from 1 to 65535, got 70000"},
		{with(smtp[1:], one("--smtp-url=smtp://mail.example:0")), with(smtp[1:], one("--smtp-url=smtp://mail.example:1")), "--smtp-url: want a port"},
		{with(smtp[1:], one("--smtp-url=smtp://mail.example#x")), smtp, "--smtp-url: want smtp://HOST:PORT"},

		{hook[:1], hook, "--sms-url is needed for webhook"},
		{one("--sms-countries=DE,XX"), one("--sms-countries=DE,at,GG,va"), `--sms-countries: "XX" is no country that has telephone numbers`},
		{one("--sms-countries=UK"), one("--sms-countries=GB"), `--sms-countries: "UK" is no country`},
		{one("--sms-total=-1"), one("--sms-total=0"), "--sms-total: want a number of SMS in an hour, or 0 for any number, got -1"},
	} {
		args := func(flags []string) []string {
			return slices.Concat([]string{"serve", "--base-url=http://127.0.0.1:8080", "--database=sqlite:" + filepath.Join(dir, "x.db")}, flags)
		}
		var out, complaint strings.Builder
		status := run(ended, args(tc.wrong), streams{strings.NewReader(""), &out, &complaint})
		if said := complaint.String(); status != exitUsage || !strings.Contains(said, tc.want) || strings.Count(said, "\n") != 1 || out.Len() > 0 {
			t.Errorf("%q: status %d: %s, want status %d and one line with %q", tc.wrong, status, said, exitUsage, tc.want)
		}
		var c commands
		parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(args(tc.right)); err != nil {
			t.Errorf("twin %q: %v", tc.right, err)
			continue
		}
		if _, err := c.Serve.config(slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("twin %q: %v", tc.right, err)
		}
	}
	if made, _ := filepath.Glob(filepath.Join(dir, "x.*")); len(made) != 0 {
		t.Errorf("it makes %v", made)
	}
}

// A flag that has no effect is told of, and stops nothing: a composition may pass it on
// to all servers. What stands behind it differs in one thing, by which it has one.
func TestFlagsThatHaveNoEffect(t *testing.T) {
	t.Parallel()
	pw := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(pw, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	smtp := []string{"--smtp-url=smtp://mail.example", "--mail-from=a@b.example"}
	login := []string{"--smtp-username=op", "--smtp-password-file=" + pw}
	sinch := []string{"--sms-gateway=sinch", "--sms-user=key", "--sms-secret-file=" + pw}
	twilio := []string{"--sms-gateway=twilio", "--sms-account=AC1", "--sms-from=+491701234567", "--sms-secret-file=" + pw}
	hook := []string{"--sms-gateway=webhook", "--sms-url=https://gateway.example"}
	with := slices.Concat[[]string]
	one := func(flag string) []string { return []string{flag} }
	for _, tc := range []struct {
		idle, used []string
		want       string
	}{
		{login[:1], with(smtp, login), "--smtp-username is of no use without --smtp-url"},
		{login[1:], with(smtp, login), "--smtp-password-file is of no use without --smtp-url"},
		{with(smtp, login[1:]), with(smtp, login), "--smtp-password-file is of no use without --smtp-username"},
		{with(smtp, one("--smtp-password=x")), with(smtp, one("--smtp-password=x"), login[:1]), "--smtp-password is of no use without --smtp-username"},
		{with(smtp, one("--smtp-auth=login")), with(smtp, login, one("--smtp-auth=login")), "--smtp-auth is of no use without --smtp-username"},
		{one("--smtp-auth=plain"), one("--smtp-auth=auto"), "--smtp-auth is of no use without --smtp-url"},
		{smtp[1:], smtp, "--mail-from is of no use without --smtp-url"},
		{one("--mail-reply-to=a@b.example"), with(smtp, one("--mail-reply-to=a@b.example")), "--mail-reply-to is of no use without --smtp-url"},
		{one("--smtp-ca=ca.pem"), nil, "--smtp-ca is of no use without --smtp-url"},
		{with(smtp[1:], one("--smtp-url=smtp+plain://mail.example"), one("--smtp-ca=ca.pem")), with(smtp[1:], one("--smtp-url=smtp+plain://mail.example")), "--smtp-ca is of no use without smtp or smtps"},
		{one("--sms-url=https://gateway.example"), with(sinch, one("--sms-url=https://gateway.example")), "--sms-url is of no use without --sms-gateway"},
		{sinch[1:2], sinch, "--sms-user is of no use without --sms-gateway"},
		{sinch[2:], sinch, "--sms-secret-file is of no use without --sms-gateway"},
		{one("--sms-secret=x"), with(hook, one("--sms-secret=x")), "--sms-secret is of no use without --sms-gateway"},
		{one("--sms-from=V"), with(sinch, one("--sms-from=V")), "--sms-from is of no use without --sms-gateway"},
		{one("--sms-private"), with(hook, one("--sms-private")), "--sms-private is of no use without --sms-gateway"},
		{one("--sms-auth=hmac"), with(sinch, one("--sms-auth=hmac")), "--sms-auth hmac is of no use without --sms-gateway"},
		{with(twilio, one("--sms-auth=hmac")), with(twilio, one("--sms-auth=basic")), "--sms-auth hmac is of no use without --sms-gateway sinch"},
		{with(sinch, twilio[1:2]), sinch, "--sms-account is of no use without --sms-gateway twilio"},
		{with(hook, sinch[1:2]), with(twilio, sinch[1:2]), "--sms-user is of no use without --sms-gateway sinch or twilio"},
		{with(sinch, one("--sms-body={}")), with(hook, one("--sms-body={}")), "--sms-body is of no use without --sms-gateway webhook"},
		{with(twilio, one("--sms-header=A: b")), with(hook, one("--sms-header=A: b")), "--sms-header is of no use without --sms-gateway webhook"},
		{with(sinch, one("--sms-method=GET")), with(hook, one("--sms-method=GET")), "--sms-method is of no use without --sms-gateway webhook"},
		{one("--sms-id-path=id"), with(hook, one("--sms-id-path=id")), "--sms-id-path is of no use without --sms-gateway"},
	} {
		told := func(flags []string) []string {
			var c commands
			parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(append([]string{"serve", "--base-url=http://127.0.0.1:8080"}, flags...)); err != nil {
				t.Errorf("%q: %v", flags, err)
			}
			if _, err := c.Serve.config(slog.New(slog.DiscardHandler)); err != nil && !strings.Contains(err.Error(), "ca.pem") {
				t.Errorf("%q: %v", flags, err)
			}
			return c.Serve.unused()
		}
		says := func(all []string) bool {
			return slices.ContainsFunc(all, func(one string) bool { return strings.Contains(one, tc.want) })
		}
		if all := told(tc.idle); !says(all) {
			t.Errorf("%q: %q, want %q", tc.idle, all, tc.want)
		}
		if all := told(tc.used); says(all) {
			t.Errorf("twin %q: %q", tc.used, all)
		}
	}
}

// Wherever the configuration stands and whichever command reads it, what is wrong
// with it is status 2.
func TestAWrongConfigurationIsWrongUsage(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	db := "--database=sqlite:" + filepath.Join(dir, "x.db")
	base := "--base-url=http://127.0.0.1:8080"
	short := write("short.key", "c2hvcnQ=\n")
	t.Setenv("SALLYPORT_SMS_TOTAL", "-1")
	for want, args := range map[string][]string{
		"--sms-total: want":                    {"serve", base, db},
		"--smtp-url: unknown scheme":           {"serve", base, db, "--config", write("a.yaml", "smtp-url: mail://mail.example\nmail-from: a@b.example\n"), "--sms-total=1"},
		"--database-connections: want":         {"migrate", db, "--database-connections=-1"},
		"--proxies: ":                          {"doctor", base, db, "--proxies=10"},
		"--metadata-networks: ":                {"apply", db, "--metadata-networks=10", "-f", write("b.yaml", "{}\n")},
		"--base-url: ":                         {"operator", "add", db, "--base-url=sso", "a@b.example"},
		"--key-file: reading key file: line 1": {"keys", "next", db, "--key-file", short},
	} {
		var out, complaint strings.Builder
		ctx := t.Context()
		if args[0] == "serve" {
			ctx = ended
		}
		status := run(ctx, args, streams{strings.NewReader(""), &out, &complaint})
		if said := complaint.String(); status != exitUsage || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%q: status %d: %s, want status %d and one line with %q", args, status, said, exitUsage, want)
		}
	}
}
