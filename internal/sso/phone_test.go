package sso_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestPhoneHasOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"+4915123456789":        {"+4915123456789", "DE"},
		" 0049 151 / 2345-6789": {"+4915123456789", "DE"},
		"+49 (0) 151 2345 6789": {"+4915123456789", "DE"},
		"+1 (212) 555-2368":     {"+12125552368", "US"},
		"+1 604 555 0123":       {"+16045550123", "CA"},
		"+1.876.555.0123":       {"+18765550123", "JM"},
		"+7 701 123 45 67":      {"+77011234567", "KZ"},
		"+7 916 123 45 67":      {"+79161234567", "RU"},
		"+599 9 123 4567":       {"+59991234567", "CW"},
		"+599 318 1234":         {"+5993181234", "BQ"},
		"+683 4002":             {"+6834002", "NU"},
		"+39 06 1234 5678":      {"+390612345678", "IT"}, // the zero belongs to it
	} {
		p, err := sso.ParsePhone(in)
		if err != nil || p.String() != want[0] || p.Country() != want[1] {
			t.Errorf("ParsePhone(%q) = %v of %q, %v; want %v", in, p, p.Country(), err, want)
		}
		if again := sso.StoredPhone(p.String()); again != p {
			t.Errorf("StoredPhone(%q) = %v", p, again)
		}
	}
}

func TestPhoneRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing":                     "",
		"no country code":             "0151 23456789",
		"a code without a number":     "+49",
		"too short":                   "+49 1512",
		"too long":                    "+49 1512 3456 7890 1234",
		"letters":                     "+49 CALL ME NOW",
		"two numbers":                 "+4915123456789,+4915123456780",
		"a plus within":               "+49+15123456789",
		"a line break":                "+4915123\r\n456789",
		"an extension":                "+4915123456789;ext=1",
		"digits of another script":    "+٤٩١٥١٢٣٤٥٦٧٨٩",
		"no country's code":           "+999 123 456 789",
		"a satellite":                 "+881 6 1234 5678",
		"an international free call":  "+800 1234 5678",
		"a premium number of America": "+1 900 555 0123",
		"a free number of America":    "+1 888 555 0123",
		"no area of America":          "+1 123 555 0123",
		"no exchange of America":      "+1 212 155 0123",
		"a digit too few for America": "+1 212 555 012",
		"a wall of text":              "+49" + strings.Repeat(" ", 1000) + "15123456789",
		"broken UTF-8":                "+49151\xff23456789",
	} {
		if p, err := sso.ParsePhone(in); !fault.Is(err, "phone_form") || !p.IsZero() || p.String() != "" {
			t.Errorf("%s: ParsePhone(%q) = %v, %v; want phone_form", name, in, p, err)
		}
	}
}

func TestCountriesThatHaveNumbers(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]bool{
		"DE": true, "US": true, "CA": true, "RU": true, "KZ": true, "CW": true, "JM": true, "PR": true, "XK": true, "UZ": true,
		"XX": false, "EU": false, "UK": false, "JE": false, "": false, "de": false, "D": false,
	} {
		if got := sso.HasPhones(country); got != want {
			t.Errorf("HasPhones(%q) = %v, want %v", country, got, want)
		}
	}
}

func TestPhoneIsMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+4915123456789": "+49 ••• 89", "+12125552368": "+1 ••• 68", "": ""} {
		if got := sso.StoredPhone(in).Masked(); got != want {
			t.Errorf("%q masked is %q, want %q", in, got, want)
		}
	}
}

// Whatever is accepted has one form, which is accepted as itself and belongs to
// a country.
func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"+49 (0) 151 23456789", "0012125552368", "+", "00", "+1", "+7 701", "(0)(0)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := sso.ParsePhone(s)
		if err != nil {
			return
		}
		again, err := sso.ParsePhone(p.String())
		if err != nil || again != p || len(p.Country()) != 2 || len(p.String()) > 16 || strings.Trim(p.String(), "+0123456789") != "" {
			t.Errorf("ParsePhone(%q) = %v of %q; once more %v, %v", s, p, p.Country(), again, err)
		}
	})
}
