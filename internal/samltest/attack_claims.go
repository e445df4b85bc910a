package samltest

import (
	"strings"
	"time"

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
	return []Attack{
		{Name: "85 no NameID", Forge: func(r *Response) { r.NameID = "" }, Rule: saml.NameIdentifier, Alone: true},
		{Name: "85 no subject", Forge: without("saml:Subject"), Rule: saml.Method},
		{Name: "85 blank NameID", Forge: func(r *Response) { r.NameID = " \n" }, Rule: saml.NameIdentifier, Alone: true, Twin: func(r *Response) { r.NameID = " x\n" }},
		{Name: "85 transient NameID", Forge: transient, Rule: saml.NameIdentifier, Alone: true, Twin: transient,
			TwinExpect: func(e *saml.Expect) { e.Legacy.TransientNameID = true }},
		{Name: "85 long NameID", Forge: func(r *Response) { r.NameID = strings.Repeat("x", 1025) }, Rule: saml.NameIdentifier, Alone: true,
			Twin: func(r *Response) { r.NameID = strings.Repeat("x", 1024) }},
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

// times are wrong instants. All bounds are tried a millisecond on each side.
func times() []Attack {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) // the clock of New
	at := func(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05.000Z") }
	set := func(field func(*Response) *string, value string) func(*Response) {
		return func(r *Response) { *field(r) = value }
	}
	from := func(r *Response) *string { return &r.NotBefore }
	until := func(r *Response) *string { return &r.NotOnOrAfter }
	confirmedFrom := func(r *Response) *string { return &r.ConfirmedFrom }
	confirmedUntil := func(r *Response) *string { return &r.ConfirmedUntil }
	session := func(r *Response) *string { return &r.SessionUntil }
	issued := func(r *Response) *string { return &r.AssertionInstant }
	responseIssued := func(r *Response) *string { return &r.IssueInstant }
	authn := func(r *Response) *string { return &r.AuthnInstant }

	const skew, ms, lead = saml.DefaultSkew, time.Millisecond, saml.MaxClockLead
	pair := func(name string, field func(*Response) *string, wrong, right string) Attack {
		return Attack{Name: "77 " + name, Forge: set(field, wrong), Twin: set(field, right), Rule: saml.Time, Alone: true}
	}
	attacks := []Attack{
		pair("conditions in the future", from, at(skew+ms), at(skew)),
		pair("conditions past", until, at(-skew), at(-skew+ms)),
		pair("confirmation in the future", confirmedFrom, at(skew+ms), at(skew)),
		pair("confirmation past", confirmedUntil, at(-skew), at(-skew+ms)),
		pair("confirmation without an end", confirmedUntil, "", at(time.Minute)),
		pair("session past", session, at(-skew), at(-skew+ms)),
		pair("assertion issued in the future", issued, at(lead+skew+ms), at(lead+skew)),
		pair("assertion issued long ago", issued, at(-saml.MaxLifetime-skew), at(-saml.MaxLifetime-skew+ms)),
		pair("response issued in the future", responseIssued, at(lead+skew+ms), at(lead+skew)),
		pair("response issued long ago", responseIssued, at(-saml.MaxLifetime-skew), at(-saml.MaxLifetime-skew+ms)),
		pair("authentication in the future", authn, at(lead+skew+ms), at(lead+skew)),
		pair("no AuthnInstant", authn, "", at(-9*time.Hour)),
		pair("no IssueInstant", issued, "", at(0)),
		pair("empty window", from, at(5*time.Minute), at(-5*time.Minute)),
	}
	for name, wrong := range map[string]string{
		"no zone":          "2026-03-02T09:35:00",
		"24 o'clock":       "2026-03-02T24:00:00Z",
		"leap second":      "2026-03-02T23:59:60Z",
		"month 13":         "2026-13-02T09:35:00Z",
		"30 February":      "2026-02-30T09:35:00Z",
		"five digits":      "12026-03-02T09:35:00Z",
		"negative year":    "-2026-03-02T09:35:00Z",
		"long fraction":    "2026-03-02T09:35:00." + strings.Repeat("0", 400) + "Z",
		"empty fraction":   "2026-03-02T09:35:00.Z",
		"white space":      " 2026-03-02T09:35:00Z",
		"date alone":       "2026-03-02",
		"zone beyond 14 h": "2026-03-02T09:35:00+15:00",
		"seconds":          "1772443800",
		"comma":            "2026-03-02T09:35:00,5Z",
	} {
		attacks = append(attacks, pair(name, confirmedUntil, wrong, "2026-03-02T11:35:00.123456789123+02:00"))
	}
	return attacks
}

// answers belong to another request, or to none.
func answers() []Attack {
	unsolicited := func(e *saml.Expect) { e.RequestID = "" }
	response := func(v string) func(*Response) { return func(r *Response) { r.InResponseTo = v } }
	confirmation := func(v string) func(*Response) { return func(r *Response) { r.Answers = v } }
	both := func(v string) func(*Response) { return func(r *Response) { r.InResponseTo, r.Answers = v, v } }
	return []Attack{
		{Name: "81 answer to another request", Forge: both("idOther"), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 answer to no request", Forge: both(""), Rule: saml.InResponseTo, Alone: true, Twin: response("")},
		{Name: "81 confirmation of no request", Forge: confirmation(""), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 confirmation of another request", Forge: confirmation("idOther"), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 response to another request", Forge: response("idOther"), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 longer ID", Forge: both("id4f1c8e2a0"), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 shorter ID", Forge: both("id4f1c8e2"), Rule: saml.InResponseTo, Alone: true},
		{Name: "81 answer although nobody asked", Forge: func(*Response) {}, Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
		{Name: "81 InResponseTo cut off to look unsolicited", Bases: assertionAlone, Forge: tamper(` InResponseTo="id4f1c8e2a"`, ""), Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
	}
}

// contexts are authentications of another kind or age than was asked for.
func contexts() []Attack {
	asked := func(e *saml.Expect) { e.RequestedContexts = []string{"urn:a", "urn:b"} }
	context := func(v string) func(*Response) { return func(r *Response) { r.Context = v } }
	none := func(r *Response) { r.Statements = nil }
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	fresh := func(e *saml.Expect) { e.AuthnAfter = now }
	authn := func(d time.Duration) func(*Response) {
		return func(r *Response) { r.AuthnInstant = now.Add(d).Format("2006-01-02T15:04:05.000Z") }
	}
	return []Attack{
		{Name: "79 no AuthnStatement", Forge: none, Rule: saml.Shape, Alone: true, Twin: none, TwinExpect: func(e *saml.Expect) { e.Legacy.NoAuthnStatement = true }},
		{Name: "84 another context", Forge: context("urn:c"), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{Name: "84 no context", Forge: context(""), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:a")},
		{Name: "84 old authentication", Forge: authn(-saml.DefaultSkew - time.Millisecond), Expect: fresh, Rule: saml.Time, Alone: true, Twin: authn(-saml.DefaultSkew)},
		{Name: "77 one session of two past", Forge: func(r *Response) {
			past := *r.Statement
			past.SessionUntil = "2026-03-02T09:00:00Z"
			r.Statements = append(r.Statements, &past)
		}, Rule: saml.Time, Alone: true, Twin: func(r *Response) {
			later := *r.Statement
			later.SessionUntil = "2026-03-02T19:00:00Z"
			r.Statements = append(r.Statements, &later)
		}},
	}
}
