package idp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/idp"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	values := idp.Values{idp.ACSURL: "https://sso.example/saml/acme/acs"}
	for text, want := range map[string][]idp.Span{
		"":           nil,
		"just words": {{Kind: idp.Plain, Text: "just words"}},
		"Set **ACS URL** to {acs_url}.": {
			{Kind: idp.Plain, Text: "Set "}, {Kind: idp.Label, Text: "ACS URL"}, {Kind: idp.Plain, Text: " to "},
			{Kind: idp.OfOurs, Text: "https://sso.example/saml/acme/acs", Value: idp.ACSURL}, {Kind: idp.Plain, Text: "."},
		},
		"**ACS (Consumer) URL*** wants": {{Kind: idp.Label, Text: "ACS (Consumer) URL*"}, {Kind: idp.Plain, Text: " wants"}},
		"type `a={acs_url}`":            {{Kind: idp.Plain, Text: "type "}, {Kind: idp.Code, Text: "a=https://sso.example/saml/acme/acs"}},
		"{slo_url}":                     {{Kind: idp.Missing, Text: "slo_url", Value: idp.SLOURL}},
		"https://{host}/x":              {{Kind: idp.Plain, Text: "https://{host}/x"}},
		"a * b ` c { d ** e":            {{Kind: idp.Plain, Text: "a * b ` c { d ** e"}},
	} {
		if diff := cmp.Diff(want, idp.Spans(text, values)); diff != "" {
			t.Errorf("Spans(%q) differs:\n%s", text, diff)
		}
	}
}

// What stands between the quotes of a text to be copied means itself, whatever
// a product or an organization is called.
func TestCopyEscapesOurValues(t *testing.T) {
	t.Parallel()
	values := idp.Values{idp.ProductName: "A & B \"$(calc)\" <`x`>", idp.ACSURL: "https://sso.example/acs"}
	for name, tc := range map[string]struct {
		c    idp.Copy
		want string
	}{
		"JSON":       {idp.Copy{Language: idp.JSON, Text: `{"name": "{name}", "acs": "{acs_url}"}`}, `{"name": "A \u0026 B \"$(calc)\" \u003c` + "`x`" + `\u003e", "acs": "https://sso.example/acs"}`},
		"PowerShell": {idp.Copy{Language: idp.PowerShell, Text: `-Name "{name}"`}, "-Name \"A & B `\"`$(calc)`\" <``x``>\""},
		"XML":        {idp.Copy{Language: idp.XML, Text: `<a b="{name}"/>`}, "<a b=\"A &amp; B &quot;$(calc)&quot; &lt;`x`>\"/>"},
		"plain":      {idp.Copy{Text: `{name} {slo_url} {host}`}, "A & B \"$(calc)\" <`x`> {slo_url} {host}"},
	} {
		if got := tc.c.Fill(values); got != tc.want {
			t.Errorf("%s: Fill = %s, want %s", name, got, tc.want)
		}
	}
}

// OneLogin wants the ACS URL as a regular expression.
func TestPatternMatchesTheACSAlone(t *testing.T) {
	t.Parallel()
	got := idp.Values{idp.ACSURL: "https://sso.example:8443/saml/acme-1/acs"}.With()[idp.ACSPattern]
	if want := `^https:\/\/sso\.example:8443\/saml\/acme-1\/acs$`; got != want {
		t.Errorf("the pattern is %s, want %s", got, want)
	}
}

func TestTextFallsBackToEnglish(t *testing.T) {
	t.Parallel()
	text := idp.Text{English: "log", German: "Protokoll"}
	for language, want := range map[string]string{"en": "log", "de": "Protokoll", "de-AT": "Protokoll", "fr": "log", "": "log", "den": "log"} {
		if got := text.In(language); got != want {
			t.Errorf("In(%q) = %q, want %q", language, got, want)
		}
	}
}

// Taking a text apart loses nothing but marks: the spans put together are the
// text without them.
func FuzzSpans(f *testing.F) {
	for _, s := range []string{"Set **A** to {acs_url}", "``", "** ** ***", "{acs_url", "{}", "**a*** b`"} {
		f.Add(s)
	}
	strip := strings.NewReplacer("*", "", "`", "", "{", "", "}", "")
	f.Fuzz(func(t *testing.T, text string) {
		var whole strings.Builder
		for _, s := range idp.Spans(text, nil) {
			if s.Text == "" {
				t.Errorf("Spans(%q) has an empty span", text)
			}
			whole.WriteString(s.Text)
		}
		if got, want := strip.Replace(whole.String()), strip.Replace(text); got != want {
			t.Errorf("Spans(%q) is %q together, want %q", text, got, want)
		}
	})
}
