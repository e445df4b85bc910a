package main

import (
	"context"
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
		resolver, err := yamlConfig(strings.NewReader(tc.file))
		if err != nil {
			t.Fatal(err)
		}
		var c commands
		parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Resolvers(resolver))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append([]string{"serve", "--base-url=http://127.0.0.1:8080"}, tc.args...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sms := c.Serve.SMS
		if !slices.Equal(sms.Headers, []string{"Accept: text/plain, */*", "Authorization: Bearer {{secret}}"}) || !slices.Equal(sms.Countries, []string{"DE", "AT"}) {
			t.Errorf("%s: headers %q and countries %q", name, sms.Headers, sms.Countries)
		}
	}
}
