package sso_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

func sent(pairs ...string) []sso.Attribute {
	var all []sso.Attribute
	for i := 0; i < len(pairs); i += 2 {
		if n := len(all); n > 0 && all[n-1].Name == pairs[i] {
			all[n-1].Values = append(all[n-1].Values, pairs[i+1])
			continue
		}
		all = append(all, sso.Attribute{Name: pairs[i], Values: []string{pairs[i+1]}})
	}
	return all
}

func TestATestOffersWhatIsSafe(t *testing.T) {
	t.Parallel()
	complete := sso.TestResult{Email: "a@acme.example", FirstName: "A", LastName: "B", Groups: []string{"g"}}
	with := func(change func(r *sso.TestResult)) sso.TestResult {
		r := complete
		change(&r)
		return r
	}
	for name, tc := range map[string]struct {
		c      sso.Connection
		result sso.TestResult
		want   []sso.Offer
	}{
		"nothing is amiss": {result: complete},
		"a first name under a name of the customer's own": {
			result: with(func(r *sso.TestResult) {
				r.FirstName, r.Attributes = "", sent("https://acme.example/claims/Given-Name", "Ada")
			}),
			want: []sso.Offer{{Of: sso.OfferFirstName, To: "https://acme.example/claims/Given-Name", Seen: "Ada"}},
		},
		"two that could be it": {
			result: with(func(r *sso.TestResult) {
				r.FirstName, r.Attributes = "", sent("custom/givenname", "Ada", "custom.vorname", "Adele")
			}),
		},
		"a name that was typed and is not sent, while a usual one is": {
			c: sso.Connection{Attributes: sso.AttributeMap{Email: "e_mail", LastName: "SN2"}},
			result: with(func(r *sso.TestResult) {
				r.Email, r.LastName, r.Attributes = "", "", sent("mail", "a@acme.example", "sn", "Byron")
			}),
			want: []sso.Offer{{Of: sso.OfferEmail, Seen: "a@acme.example"}, {Of: sso.OfferLastName, Seen: "Byron"}},
		},
		"the only address of a verified domain, in place of a user name": {
			result: with(func(r *sso.TestResult) {
				r.Code, r.Email = "ident_domain", "a@acme.onmicrosoft.com"
				r.Attributes = sent("upn", "a@acme.onmicrosoft.com", "private", "a@home.example", "work", "a@acme.example")
			}),
			want: []sso.Offer{{Of: sso.OfferEmail, To: "work", Seen: "a@acme.example"}},
		},
		"two addresses of a verified domain": {
			result: with(func(r *sso.TestResult) {
				r.Code, r.Email = "ident_domain", "a@acme.onmicrosoft.com"
				r.Attributes = sent("boss", "b@acme.example", "work", "a@acme.example")
			}),
		},
		"groups under another name": {
			result: with(func(r *sso.TestResult) {
				r.Groups, r.Attributes = nil, sent("urn:acme:Roles", "x", "urn:acme:Roles", "y")
			}),
			want: []sso.Offer{{Of: sso.OfferGroups, To: "urn:acme:Roles", Seen: "x, y"}},
		},
		"a transient NameID beside something lasting": {
			result: with(func(r *sso.TestResult) {
				r.Code, r.Attributes = "saml_nameid", sent("http://schemas.microsoft.com/identity/claims/objectidentifier", "4f1c", "uid", "ada")
			}),
			want: []sso.Offer{{Of: sso.OfferSubject, To: "http://schemas.microsoft.com/identity/claims/objectidentifier", Seen: "4f1c"}},
		},
		"a transient NameID and nothing else": {
			result: with(func(r *sso.TestResult) { r.Code = "saml_nameid" }),
			want:   []sso.Offer{{Of: sso.OfferNameIDFormat, To: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}},
		},
		"another subject, where people sign in already": {
			c:      sso.Connection{State: sso.ConnectionActive},
			result: with(func(r *sso.TestResult) { r.Code, r.Attributes = "saml_nameid", sent("uid", "ada") }),
		},
		"a format that the identity provider cannot give": {
			c:      sso.Connection{SAML: sso.SAML{NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}},
			result: with(func(r *sso.TestResult) { r.Code, r.Got = "saml_status", "Requester / InvalidNameIDPolicy" }),
			want:   []sso.Offer{{Of: sso.OfferNameIDFormat}},
		},
		"another issuer, key or address": {
			result: with(func(r *sso.TestResult) { r.Code, r.Got = "saml_issuer", "https://other.example" }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := tc.c
			if c.State == "" {
				c.State = sso.ConnectionDraft
			}
			test := sso.Test{State: sso.TestFailed, Fingerprint: c.Fingerprint(), Result: tc.result}
			got := c.Offers(&test, []string{"acme.example"})
			if !slices.Equal(got, tc.want) {
				t.Fatalf("offers %+v, want %+v", got, tc.want)
			}
			before := c.Fingerprint()
			for _, o := range got {
				c.Accept(o)
			}
			if len(got) > 0 && c.Fingerprint() == before {
				t.Error("accepting it changes nothing")
			}
			if again := c.Offers(&test, []string{"acme.example"}); len(got) > 0 && len(again) > 0 {
				t.Errorf("a test of other settings offers %+v", again)
			}
		})
	}
}

func TestATestTellsWhatHasChanged(t *testing.T) {
	t.Parallel()
	before := sso.Test{Result: sso.TestResult{
		Checks: []sso.Check{
			{Rule: "saml.time", About: "Conditions", Verdict: "pass", Got: "12:00"}, {Rule: "saml.audience", Verdict: "fail", Got: "spn:x"},
			{Rule: "ident.email", Verdict: "pass", Got: "a@acme.example"}, {Rule: "advice.clock", Verdict: "pass", Got: "1s"},
		},
		Attributes: sent("email", "a@acme.example", "old", "1"),
	}}
	after := before
	after.Result.Checks = []sso.Check{
		{Rule: "saml.time", About: "Conditions", Verdict: "pass", Got: "13:00"}, {Rule: "saml.audience", Verdict: "pass", Got: "x"},
		{Rule: "ident.email", Verdict: "pass", Got: "b@acme.example"}, {Rule: "advice.clock", Verdict: "pass", Got: "2s"}, {Rule: "ident.role", Verdict: "pass", Got: "member"},
	}
	after.Result.Attributes = sent("email", "b@acme.example", "new", "1")
	var said []string
	for _, c := range after.Since(&before) {
		switch {
		case c.Check != nil:
			said = append(said, c.Check.Rule)
		case c.Gone:
			said = append(said, "-"+c.Attribute)
		default:
			said = append(said, "+"+c.Attribute)
		}
	}
	if want := []string{"saml.audience", "ident.email", "ident.role", "+new", "-old"}; !slices.Equal(said, want) {
		t.Errorf("changes %q, want %q", said, want)
	}
	if same := before.Since(&before); len(same) > 0 {
		t.Errorf("a test differs from itself: %+v", same)
	}
}
