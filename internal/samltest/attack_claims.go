package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

const statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"

// statuses report failures.
func statuses() []Attack {
	return []Attack{
		{No: 70, Name: "success in capital letters", Forge: func(r *Response) { r.Status = []string{strings.ToUpper(saml.StatusSuccess)} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "success and a space", Forge: func(r *Response) { r.Status = []string{saml.StatusSuccess + " "} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "longer than success", Forge: func(r *Response) { r.Status = []string{saml.StatusSuccess + "ful"} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "empty status", Forge: before(func(doc string) string { return find(doc, "samlp:Status").filled("") }), Rule: saml.Status, Alone: true},
		{No: 70, Name: "status code without a value", Forge: before(func(doc string) string { return find(doc, "samlp:StatusCode").with("<samlp:StatusCode/>") }), Rule: saml.Status, Alone: true},
		{No: 70, Name: "success behind a failure", Forge: before(func(doc string) string {
			p := find(doc, "samlp:StatusCode")
			return p.with(strings.Replace(p.text, saml.StatusSuccess, statusPrefix+"Responder", 1) + p.text)
		}), Rule: saml.Shape},
		{No: 70, Name: "success, and a Status of failure behind", Forge: before(func(doc string) string {
			p := find(doc, "samlp:Status")
			return p.with(strings.Replace(p.text, saml.StatusSuccess, statusPrefix+"Responder", 1) + p.text)
		}), Rule: saml.Shape},
		{No: 70, Name: "success in the text of a failure", Forge: func(r *Response) {
			r.Status, r.StatusMessage = []string{statusPrefix + "Responder"}, saml.StatusSuccess
		}, Rule: saml.Status, Alone: true, Twin: func(r *Response) { r.StatusMessage = statusPrefix + "Responder" }},
		{No: 70, Name: "failure with an assertion", Forge: func(r *Response) { r.Status = []string{statusPrefix + "Responder"} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "success inside a failure", Forge: func(r *Response) { r.Status = []string{statusPrefix + "Responder", saml.StatusSuccess} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "unknown status", Forge: func(r *Response) { r.Status = []string{"Success"} }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "no status", Forge: func(r *Response) { r.Status = nil }, Rule: saml.Status, Alone: true},
		{No: 70, Name: "unsigned failure without an assertion", Forge: func(r *Response) {
			r.Status, r.StatusMessage = []string{statusPrefix + "Responder", statusPrefix + "AuthnFailed"}, "Not today."
			r.Assertions, r.Base = nil, NothingSigned
		}, Rule: saml.Status, Alone: true},
		{No: 78, Name: "no assertion", Bases: responseAlone, Forge: func(r *Response) { r.Assertions = nil }, Rule: saml.Count, Alone: true},
		{No: 78, Name: "two assertions that are equal but for their IDs", Forge: func(r *Response) {
			second := *r.Assertion
			second.AssertionID = "idSecond"
			r.Assertions = append(r.Assertions, &second)
		}, Rule: saml.Count, Alone: true},
		{No: 78, Name: "eleven assertions", Forge: func(r *Response) {
			for i := range 10 {
				more := *r.Assertion
				more.AssertionID = "id" + string(rune('a'+i))
				r.Assertions = append(r.Assertions, &more)
			}
		}, Rule: saml.Count, Alone: true},
		{No: 78, Name: "two assertions", Forge: func(r *Response) {
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
		no    Number
		name  string
		set   func(*Response, string)
		right string
		rule  saml.Rule
	}{
		{72, "issuer of the assertion", issuer, idp, saml.Issuer},
		{72, "issuer of the response", responseIssuer, idp, saml.Issuer},
		{73, "destination", destination, acs, saml.Destination},
		{74, "recipient", recipient, acs, saml.Recipient},
		{75, "audience", audience, sp, saml.Audience},
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
			"with a part behind":  field.right + "#x",
			"with a port":         strings.Replace(field.right, ".example", ".example:443", 1),
			"percent-escaped":     strings.Replace(field.right, "e", "%65", 1),
			"of another host":     strings.Replace(field.right, ".example", ".example.evil.example", 1),
			"up and down again":   strings.Replace(field.right, "example/", "example/x/../", 1),
			"by a pattern":        "https://.*",
			"with the right one":  "https://other.example " + field.right,
			"with a line behind":  field.right + "\u2028",
		} {
			attacks = append(attacks, Attack{No: field.no, Name: field.name + " " + name, Forge: set(field.set, wrong), Rule: field.rule, Alone: true})
		}
	}
	return append(attacks, []Attack{
		{No: 72, Name: "no issuer in the assertion", Forge: set(issuer, ""), Rule: saml.Issuer, Alone: true, Twin: set(responseIssuer, "")},
		{No: 72, Name: "blank issuer of the assertion", Forge: set(issuer, " "), Rule: saml.Issuer, Alone: true,
			Twin: set(issuer, " \n"+idp+"\t")},
		{No: 72, Name: "empty issuer of the response", Forge: before(func(doc string) string { return find(doc, "saml:Issuer").filled("") }), Rule: saml.Issuer, Alone: true,
			Twin: set(responseIssuer, "\n"+idp+" ")},
		{No: 72, Name: "two issuers by two connections of one key", Forge: set(issuer, "https://other.example/metadata"), Rule: saml.Issuer,
			Twin:       all(set(issuer, "https://other.example/metadata"), set(responseIssuer, "https://other.example/metadata")),
			TwinExpect: func(e *saml.Expect) { e.IdP.EntityID = "https://other.example/metadata" }},
		{No: 72, Name: "issuer of another format", Forge: func(r *Response) { r.AssertionIssuerFormat = saml.FormatEmail }, Rule: saml.Issuer, Alone: true,
			Twin: func(r *Response) {
				r.AssertionIssuerFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
			}},
		{No: 72, Name: "issuer of the response of another format", Forge: func(r *Response) { r.IssuerFormat = saml.FormatEmail }, Rule: saml.Issuer, Alone: true},
		{No: 71, Name: "unsigned issuer altered", Bases: assertionAlone, Forge: tamper(">https://idp.example/metadata<", ">https://other.example<"), Rule: saml.Issuer, Alone: true},
		{No: 71, Name: "unsigned destination altered", Bases: assertionAlone, Forge: tamper(` Destination="https://sso`, ` Destination="https://sso2`), Rule: saml.Destination, Alone: true},
		{No: 71, Name: "unsigned InResponseTo altered", Bases: assertionAlone, Forge: tamper(` InResponseTo="`, ` InResponseTo="x`), Rule: saml.InResponseTo, Alone: true},
		{No: 73, Name: "no destination on a signed response", Bases: withResponse, Forge: set(destination, ""), Rule: saml.Destination, Alone: true,
			Twin: set(destination, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingDestination = true }},
		{No: 73, Name: "empty destination", Bases: assertionAlone, Forge: tamper(` Destination="`+acs+`"`, ` Destination=""`), Rule: saml.Destination, Alone: true,
			Twin: tamper(` Destination="`+acs+`"`, ``)},
		{No: 74, Name: "empty recipient", Forge: swap(` Recipient="`+acs+`"`, ` Recipient=""`), Rule: saml.Recipient, Alone: true, Expect: func(e *saml.Expect) { e.Legacy.MissingRecipient = true }},
		{No: 74, Name: "wrong recipient although none is needed", Forge: set(recipient, "https://other.example"), Rule: saml.Recipient, Alone: true, Expect: func(e *saml.Expect) { e.Legacy.MissingRecipient = true }},
		{No: 73, Name: "wrong destination although none is needed", Forge: set(destination, "https://other.example"), Rule: saml.Destination, Alone: true, Expect: func(e *saml.Expect) { e.Legacy.MissingDestination = true }},
		{No: 71, Name: "unsigned Version altered", Bases: assertionAlone, Forge: tamper(` Version="2.0"`, ` Version="2.1"`), Rule: saml.Shape, Alone: true},
		{No: 71, Name: "unsigned IssueInstant altered", Bases: assertionAlone, Forge: tamper(` IssueInstant="2026`, ` IssueInstant="2025`), Rule: saml.Time, Alone: true},
		{No: 71, Name: "unsigned status altered", Bases: assertionAlone, Forge: tamper(saml.StatusSuccess, statusPrefix+"Responder"), Rule: saml.Status, Alone: true},
		{No: 71, Name: "the right values on the response, others in the assertion", Bases: assertionAlone, Forge: func(r *Response) {
			r.AssertionIssuer, r.Recipient, r.Answers = "https://other.example", "https://other.example", "idOther"
		}, Rule: saml.Issuer},
		{No: 74, Name: "no recipient", Forge: set(recipient, ""), Rule: saml.Recipient, Alone: true,
			Twin: set(recipient, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingRecipient = true }},
		{No: 75, Name: "no audience", Forge: set(audience, ""), Rule: saml.Audience, Alone: true,
			Twin: set(audience, ""), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{No: 75, Name: "no conditions", Forge: without("saml:Conditions"), Rule: saml.Audience, Alone: true,
			Twin: without("saml:Conditions"), TwinExpect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{No: 75, Name: "wrong audience although none is needed", Forge: set(audience, "https://other.example"), Rule: saml.Audience, Alone: true,
			Expect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{No: 75, Name: "empty audience", Forge: swap(sp+"</saml:Audience>", "</saml:Audience>"), Rule: saml.Audience, Alone: true,
			Twin: swap(sp+"</saml:Audience>", " \n"+sp+"\t</saml:Audience>")},
		{No: 75, Name: "second restriction to others", Forge: func(r *Response) { r.MoreRestrictions = []string{"https://other.example"} }, Rule: saml.Audience, Alone: true,
			Twin: func(r *Response) { r.MoreRestrictions = []string{sp} }},
		{No: 75, Name: "restriction that names nobody", Forge: before(func(doc string) string { return find(doc, "saml:AudienceRestriction").filled("") }), Rule: saml.Audience, Alone: true,
			Expect: func(e *saml.Expect) { e.Legacy.MissingAudience = true }},
		{No: 75, Name: "restriction to others in front", Forge: func(r *Response) { r.Audience, r.MoreRestrictions = "https://other.example", []string{sp} }, Rule: saml.Audience, Alone: true,
			Twin: func(r *Response) { r.Audience, r.MoreAudiences = "https://other.example", []string{sp} }},
		{No: 75, Name: "audience of proxies alone", Forge: before(func(doc string) string { return strings.ReplaceAll(doc, "AudienceRestriction>", "ProxyRestriction>") }), Rule: saml.Audience, Alone: true,
			Twin: before(func(doc string) string {
				p := find(doc, "saml:AudienceRestriction")
				return p.with(p.text + strings.ReplaceAll(p.text, "AudienceRestriction>", "ProxyRestriction>"))
			})},
		{No: 75, Name: "others only", Forge: func(r *Response) { r.Audience, r.MoreAudiences = "urn:a", []string{"urn:b"} }, Rule: saml.Audience, Alone: true,
			Twin: func(r *Response) { r.Audience, r.MoreAudiences = "urn:a", []string{sp} }},
	}...)
}

// subjects name nobody, or nobody in a lasting way.
func subjects() []Attack {
	transient := func(r *Response) { r.NameIDFormat = saml.FormatTransient }
	attacks := []Attack{
		{No: 85, Name: "no NameID", Forge: func(r *Response) { r.NameID = "" }, Rule: saml.NameIdentifier, Alone: true},
		{No: 85, Name: "BaseID", Forge: before(func(doc string) string { return find(doc, "saml:NameID").with("<saml:BaseID/>") }), Rule: saml.Shape},
		{No: 85, Name: "NameID in the confirmation alone", Forge: before(func(doc string) string {
			p := find(doc, "saml:NameID")
			return replaced(p.without(), "<saml:SubjectConfirmationData ", p.text+"<saml:SubjectConfirmationData ")
		}), Rule: saml.NameIdentifier, Alone: true, Twin: swap("<saml:SubjectConfirmationData ", "<saml:NameID>"+EvilNameID+"</saml:NameID><saml:SubjectConfirmationData ")},
		{No: 85, Name: "format that is no URI", Forge: func(r *Response) { r.NameIDFormat = "urn:x y" }, Rule: saml.NameIdentifier, Alone: true, Twin: func(r *Response) { r.NameIDFormat = "urn:x-y" }},
		{No: 85, Name: "no subject", Forge: without("saml:Subject"), Rule: saml.Method},
		{No: 85, Name: "blank NameID", Forge: func(r *Response) { r.NameID = " \n" }, Rule: saml.NameIdentifier, Alone: true, Twin: func(r *Response) { r.NameID = " x\n" }},
		{No: 85, Name: "transient NameID", Forge: transient, Rule: saml.NameIdentifier, Alone: true, Twin: transient,
			TwinExpect: func(e *saml.Expect) { e.Legacy.TransientNameID = true }},
		{No: 85, Name: "long NameID", Forge: func(r *Response) { r.NameID = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameID = strings.Repeat("x", 1024) }},
		{No: 85, Name: "long qualifier", Forge: func(r *Response) { r.NameQualifier = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameQualifier = strings.Repeat("x", 1024) }},
		{No: 85, Name: "long qualifier by the application", Forge: func(r *Response) { r.SPNameQualifier = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.SPNameQualifier = strings.Repeat("x", 1024) }},
		{No: 85, Name: "transient NameID with white space around its format", Forge: func(r *Response) { r.NameIDFormat = " " + saml.FormatTransient + "\n" }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameIDFormat = " " + saml.FormatPersistent + "\n" }},
		{No: 85, Name: "transient NameID with a blank behind its format", Forge: func(r *Response) { r.NameIDFormat = saml.FormatTransient + "\u00a0" }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameIDFormat = saml.FormatPersistent }},
		{No: 76, Name: "no confirmation", Forge: func(r *Response) { r.Confirmations = nil }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "bearer in capital letters", Forge: func(r *Response) { r.Method = strings.ToUpper(Bearer) }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "confirmation without a method", Forge: func(r *Response) { r.Method = "" }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "holder of key, and a bearer for others", Forge: func(r *Response) {
			other := *r.Confirmation
			other.Recipient = "https://other.example"
			r.Method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
			r.Confirmations = append(r.Confirmations, &other)
		}, Rule: saml.Recipient, Alone: true, Twin: func(r *Response) {
			other := *r.Confirmation
			r.Method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
			r.Confirmations = append(r.Confirmations, &other)
		}},
		{No: 76, Name: "two SubjectConfirmationData", Forge: before(func(doc string) string {
			p := find(doc, "saml:SubjectConfirmationData")
			return p.with(p.text + p.text)
		}), Rule: saml.Shape, Alone: true},
		{No: 76, Name: "holder of key", Forge: func(r *Response) { r.Method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key" }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "sender vouches", Forge: func(r *Response) { r.Method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "no confirmation data", Forge: func(r *Response) { r.WithoutConfirmationData = true }, Rule: saml.Method, Alone: true},
		{No: 76, Name: "two confirmations that together fit", Forge: func(r *Response) {
			other := *r.Confirmation
			other.Recipient = "https://other.example"
			r.ConfirmedUntil = ""
			r.Confirmations = append(r.Confirmations, &other)
		}, Rule: saml.Time, Alone: true, Twin: func(r *Response) {
			other := *r.Confirmation
			r.ConfirmedUntil, r.Recipient = "", "https://other.example"
			r.Confirmations = append(r.Confirmations, &other)
		}},
		{No: 76, Name: "many confirmations", Forge: confirmations(9), Rule: saml.Shape, Twin: confirmations(8)},
	}
	for name, value := range map[string]string{
		"no-break space": "\u00a0", "zero-width space": "\u200b", "joiners": "\u200c\u200d", "byte order mark": "\ufeff", "soft hyphen": "\u00ad",
		"filler": "\u3164", "accent alone": "\u0301", "blank braille": "\u2800", "ideographic space": "\u3000",
		"newline": "alice\nadmin", "tab": "alice\tadmin", "next line": "alice\u0085admin", "line separator": "alice\u2028admin",
	} {
		attacks = append(attacks, Attack{No: 85, Name: "NameID with " + name, Forge: func(r *Response) { r.NameID = value }, Rule: saml.NameIdentifier, Alone: true,
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
