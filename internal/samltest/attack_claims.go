package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

const statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"

// statuses report failures.
func statuses() []Attack {
	return []Attack{
		{Name: "70 failure with an assertion", Forge: func(r *Response) { r.Status = []string{statusPrefix + "Responder"} }, Rule: saml.Status, Alone: true},
		{Name: "70 success inside a failure", Forge: func(r *Response) { r.Status = []string{statusPrefix + "Responder", saml.StatusSuccess} }, Rule: saml.Status, Alone: true},
		{Name: "70 unknown status", Forge: func(r *Response) { r.Status = []string{"Success"} }, Rule: saml.Status, Alone: true},
		{Name: "70 no status", Forge: func(r *Response) { r.Status = nil }, Rule: saml.Status, Alone: true},
		{Name: "70 unsigned failure without an assertion", Forge: func(r *Response) {
			r.Status, r.StatusMessage = []string{statusPrefix + "Responder", statusPrefix + "AuthnFailed"}, "Not today."
			r.Assertions, r.Base = nil, NothingSigned
		}, Rule: saml.Status, Alone: true},
		{Name: "78 no assertion", Bases: responseAlone, Forge: func(r *Response) { r.Assertions = nil }, Rule: saml.Count, Alone: true},
		{Name: "78 two assertions", Forge: func(r *Response) {
			second := *r.Assertion
			second.AssertionID, second.NameID = "idSecond", EvilNameID
			r.Assertions = append(r.Assertions, &second)
		}, Rule: saml.Count, Alone: true},
	}
}

// addresses are made for somebody else, or by somebody else.
func addresses() []Attack {
	set := func(f func(*Response, string), value string) func(*Response) {
		return func(r *Response) { f(r, value) }
	}
	issuer := func(r *Response, v string) { r.AssertionIssuer = v }
	responseIssuer := func(r *Response, v string) { r.Issuer = v }
	destination := func(r *Response, v string) { r.Destination = v }
	recipient := func(r *Response, v string) { r.Recipient = v }
	audience := func(r *Response, v string) { r.Audience = v }

	const sp, acs, idp = "https://sso.example/saml/acme-okta", "https://sso.example/saml/acme-okta/acs", "https://idp.example/metadata"
	var attacks []Attack
	for _, field := range []struct {
		name  string
		set   func(*Response, string)
		right string
		rule  saml.Rule
	}{
		{"72 issuer of the assertion", issuer, idp, saml.Issuer},
		{"72 issuer of the response", responseIssuer, idp, saml.Issuer},
		{"73 destination", destination, acs, saml.Destination},
		{"74 recipient", recipient, acs, saml.Recipient},
		{"75 audience", audience, sp, saml.Audience},
	} {
		for name, wrong := range map[string]string{
			"of another":          "https://other.example",
			"longer":              field.right + "/evil",
			"shorter":             field.right[:len(field.right)-1],
			"with a slash":        field.right + "/",
			"in another case":     strings.ToUpper(field.right[:9]) + field.right[9:],
			"by http":             strings.Replace(field.right, "https", "http", 1),
			"of another letter":   strings.Replace(field.right, "e", "\u0435", 1),
			"with a query behind": field.right + "?x",
		} {
			attacks = append(attacks, Attack{Name: field.name + " " + name, Forge: set(field.set, wrong), Rule: field.rule, Alone: true})
		}
	}
	return append(attacks, []Attack{
		{Name: "72 no issuer in the assertion", Forge: set(issuer, ""), Rule: saml.Issuer, Alone: true, Twin: set(responseIssuer, "")},
		{Name: "72 issuer of another format", Forge: func(r *Response) { r.AssertionIssuerFormat = saml.FormatEmail }, Rule: saml.Issuer, Alone: true,
			Twin: func(r *Response) {
				r.AssertionIssuerFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
			}},
		{Name: "72 issuer of the response of another format", Forge: func(r *Response) { r.IssuerFormat = saml.FormatEmail }, Rule: saml.Issuer, Alone: true},
		{Name: "71 unsigned issuer altered", Bases: assertionAlone, Forge: tamper(">https://idp.example/metadata<", ">https://other.example<"), Rule: saml.Issuer, Alone: true},
		{Name: "71 unsigned destination altered", Bases: assertionAlone, Forge: tamper(` Destination="https://sso`, ` Destination="https://sso2`), Rule: saml.Destination, Alone: true},
		{Name: "71 unsigned InResponseTo altered", Bases: assertionAlone, Forge: tamper(` InResponseTo="`, ` InResponseTo="x`), Rule: saml.InResponseTo, Alone: true},
		{Name: "73 no destination on a signed response", Bases: withResponse, Forge: set(destination, ""), Rule: saml.Destination, Alone: true,
			Twin: set(destination, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingDestination = true }},
		{Name: "73 empty destination", Bases: assertionAlone, Forge: tamper(` Destination="`+acs+`"`, ` Destination=""`), Rule: saml.Destination, Alone: true,
			Twin: tamper(` Destination="`+acs+`"`, ``)},
		{Name: "74 no recipient", Forge: set(recipient, ""), Rule: saml.Recipient, Alone: true,
			Twin: set(recipient, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingRecipient = true }},
		{Name: "75 no audience", Forge: set(audience, ""), Rule: saml.Audience, Alone: true,
			Twin: set(audience, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{Name: "75 no conditions", Forge: without("saml:Conditions"), Rule: saml.Audience, Alone: true,
			Twin: without("saml:Conditions"), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{Name: "75 wrong audience although none is needed", Forge: set(audience, "https://other.example"), Rule: saml.Audience, Alone: true,
			Expect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{Name: "75 empty audience", Forge: swap(sp+"</saml:Audience>", "</saml:Audience>"), Rule: saml.Audience, Alone: true,
			Twin: swap(sp+"</saml:Audience>", " \n"+sp+"\t</saml:Audience>")},
		{Name: "75 second restriction to others", Forge: func(r *Response) { r.MoreRestrictions = []string{"https://other.example"} }, Rule: saml.Audience, Alone: true,
			Twin: func(r *Response) { r.MoreRestrictions = []string{sp} }},
		{Name: "75 others only", Forge: func(r *Response) { r.Audience, r.MoreAudiences = "urn:a", []string{"urn:b"} }, Rule: saml.Audience, Alone: true,
			Twin: func(r *Response) { r.Audience, r.MoreAudiences = "urn:a", []string{sp} }},
	}...)
}

// subjects name nobody, or nobody in a lasting way.
func subjects() []Attack {
	transient := func(r *Response) { r.NameIDFormat = saml.FormatTransient }
	attacks := []Attack{
		{Name: "85 no NameID", Forge: func(r *Response) { r.NameID = "" }, Rule: saml.NameIdentifier, Alone: true},
		{Name: "85 no subject", Forge: without("saml:Subject"), Rule: saml.Method},
		{Name: "85 blank NameID", Forge: func(r *Response) { r.NameID = " \n" }, Rule: saml.NameIdentifier, Alone: true, Twin: func(r *Response) { r.NameID = " x\n" }},
		{Name: "85 transient NameID", Forge: transient, Rule: saml.NameIdentifier, Alone: true, Twin: transient,
			TwinExpect: func(e *saml.Expect) { e.Legacy.TransientNameID = true }},
		{Name: "85 long NameID", Forge: func(r *Response) { r.NameID = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameID = strings.Repeat("x", 1024) }},
		{Name: "85 long qualifier", Forge: func(r *Response) { r.NameQualifier = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameQualifier = strings.Repeat("x", 1024) }},
		{Name: "85 long qualifier by the application", Forge: func(r *Response) { r.SPNameQualifier = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.SPNameQualifier = strings.Repeat("x", 1024) }},
		{Name: "85 transient NameID with white space around its format", Forge: func(r *Response) { r.NameIDFormat = " " + saml.FormatTransient + "\n" }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameIDFormat = " " + saml.FormatPersistent + "\n" }},
		{Name: "85 transient NameID with a blank behind its format", Forge: func(r *Response) { r.NameIDFormat = saml.FormatTransient + "\u00a0" }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameIDFormat = saml.FormatPersistent }},
		{Name: "76 no confirmation", Forge: func(r *Response) { r.Confirmations = nil }, Rule: saml.Method, Alone: true},
		{Name: "76 holder of key", Forge: func(r *Response) { r.Method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key" }, Rule: saml.Method, Alone: true},
		{Name: "76 sender vouches", Forge: func(r *Response) { r.Method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" }, Rule: saml.Method, Alone: true},
		{Name: "76 no confirmation data", Forge: func(r *Response) { r.WithoutConfirmationData = true }, Rule: saml.Method, Alone: true},
		{Name: "76 two confirmations that together fit", Forge: func(r *Response) {
			other := *r.Confirmation
			other.Recipient = "https://other.example"
			r.ConfirmedUntil = ""
			r.Confirmations = append(r.Confirmations, &other)
		}, Rule: saml.Time, Alone: true, Twin: func(r *Response) {
			other := *r.Confirmation
			r.ConfirmedUntil, r.Recipient = "", "https://other.example"
			r.Confirmations = append(r.Confirmations, &other)
		}},
		{Name: "76 many confirmations", Forge: confirmations(9), Rule: saml.Shape, Twin: confirmations(8)},
	}
	for name, value := range map[string]string{
		"no-break space": "\u00a0", "zero-width space": "\u200b", "joiners": "\u200c\u200d", "byte order mark": "\ufeff", "soft hyphen": "\u00ad",
		"filler": "\u3164", "accent alone": "\u0301", "blank braille": "\u2800", "ideographic space": "\u3000",
		"newline": "alice\nadmin", "tab": "alice\tadmin", "next line": "alice\u0085admin", "line separator": "alice\u2028admin",
	} {
		attacks = append(attacks, Attack{Name: "85 NameID with " + name, Forge: func(r *Response) { r.NameID = value }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameID = "jos\u0065\u0301 \u674e" }})
	}
	return attacks
}

// confirmations has n of them, of which the last fits.
func confirmations(n int) func(*Response) {
	return func(r *Response) {
		right := *r.Confirmation
		r.Recipient = "https://other.example"
		for len(r.Confirmations) < n-1 {
			r.Confirmations = append(r.Confirmations, r.Confirmation)
		}
		r.Confirmations = append(r.Confirmations, &right)
	}
}
