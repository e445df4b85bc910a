package samltest

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
)

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

	window := func(from, until string) func(*Response) {
		return func(r *Response) { r.NotBefore, r.NotOnOrAfter = from, until }
	}
	const skew, ms, lead = saml.DefaultSkew, time.Millisecond, saml.MaxClockLead
	pair := func(name string, field func(*Response) *string, wrong, right string) Attack {
		return Attack{No: 77, Name: "" + name, Forge: set(field, wrong), Twin: set(field, right), Rule: saml.Time, Alone: true}
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
		pair("malformed start", from, "x", at(-time.Minute)),
		pair("malformed end", until, "x", at(time.Minute)),
		pair("malformed start of the confirmation", confirmedFrom, "x", at(-time.Minute)),
		pair("end in the year 1", until, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
		pair("start in the year 9999", from, "9999-12-31T23:59:58Z", "0001-01-01T00:00:00Z"),
		pair("end in the year 9999, issued then", issued, "9999-12-31T23:59:59Z", at(0)),
		pair("issued in the year 1", issued, "0001-01-01T00:00:00Z", at(0)),
		pair("empty end", until, " ", at(time.Minute)),
		pair("empty start of the confirmation", confirmedFrom, " ", at(-time.Minute)),
		pair("malformed end of the session", session, "never", at(time.Hour)),
		pair("malformed AuthnInstant", authn, "2026-03-02", at(-time.Hour)),
		pair("malformed IssueInstant of the response", responseIssued, "2026-03-02 09:30:00Z", at(0)),
		pair("no IssueInstant of the response", responseIssued, "", at(0)),
		pair("year 0", from, "0000-03-02T09:25:00Z", "0001-03-02T09:25:00Z"),
		{No: 77, Name: "empty window", Forge: window(at(30*time.Second), at(-30*time.Second)), Twin: window(at(-31*time.Second), at(-30*time.Second)), Rule: saml.Time, Alone: true},
		{No: 77, Name: "window of no length", Forge: window(at(0), at(0)), Twin: window(at(0), at(ms)), Rule: saml.Time, Alone: true},
		{No: 77, Name: "end alone, past", Forge: window("", at(-skew)), Twin: window("", at(-skew+ms)), Rule: saml.Time, Alone: true},
		{No: 77, Name: "start alone, in the future", Forge: window(at(skew+ms), ""), Twin: window(at(skew), ""), Rule: saml.Time, Alone: true},
	}
	for name, wrong := range map[string]string{
		"no zone":                    "2026-03-02T09:35:00",
		"24 o'clock":                 "2026-03-02T24:00:00Z",
		"leap second":                "2026-03-02T09:35:60Z",
		"minute 60":                  "2026-03-02T09:60:00Z",
		"small z":                    "2026-03-02T09:35:00z",
		"small t":                    "2026-03-02t09:35:00Z",
		"month 13":                   "2026-13-02T09:35:00Z",
		"30 February":                "2026-02-30T09:35:00Z",
		"five digits":                "12026-03-02T09:35:00Z",
		"negative year":              "-2026-03-02T09:35:00Z",
		"long fraction":              "2026-03-02T09:35:00." + strings.Repeat("0", 400) + "Z",
		"empty fraction":             "2026-03-02T09:35:00.Z",
		"white space":                " 2026-03-02T09:35:00Z",
		"date alone":                 "2026-03-02",
		"zone beyond 14 h":           "2026-03-03T09:35:00+15:00",
		"zone of an hour in minutes": "2026-03-02T10:35:00+00:60",
		"zone without a colon":       "2026-03-02T10:35:00+0100",
		"seconds":                    "1772443800",
		"comma":                      "2026-03-02T09:35:00,5Z",
		"two zones":                  "2026-03-02T09:35:00ZZ",
		"zone of a name":             "2026-03-02T09:35:00 CET",
		"sign of no number":          "2026-03-02T09:35:00+--:00",
		"digits beyond ASCII":        "2026-03-02T09:35:0\u0660Z",
		"week":                       "2026-W10-1T09:35:00Z",
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
		{No: 81, Name: "answer to another request", Forge: both("idOther"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "answer to no request", Forge: both(""), Rule: saml.InResponseTo, Alone: true, Twin: response("")},
		{No: 81, Name: "confirmation of no request", Forge: confirmation(""), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "confirmation of another request", Forge: confirmation("idOther"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "response to another request", Forge: response("idOther"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "ID in other letters", Forge: both("ID4F1C8E2A"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "ID by a pattern", Forge: both(".*"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "two IDs in one", Forge: both("idOther id4f1c8e2a"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "space behind the ID", Forge: both("id4f1c8e2a "), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "another ID of the response, the right one in the confirmation", Bases: assertionAlone, Forge: response("idOther"), Rule: saml.InResponseTo, Alone: true, Twin: response("")},
		{No: 81, Name: "two confirmations, of another request and for another address", Forge: func(r *Response) {
			other := *r.Confirmation
			r.Answers, other.Recipient = "idOther", "https://other.example"
			r.Confirmations = append(r.Confirmations, &other)
		}, Rule: saml.InResponseTo, Alone: true, Twin: func(r *Response) {
			other := *r.Confirmation
			r.Answers = "idOther"
			r.Confirmations = append(r.Confirmations, &other)
		}},
		{No: 81, Name: "longer ID", Forge: both("id4f1c8e2a0"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "shorter ID", Forge: both("id4f1c8e2"), Rule: saml.InResponseTo, Alone: true},
		{No: 81, Name: "answer although nobody asked", Forge: func(*Response) {}, Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
		{No: 81, Name: "InResponseTo cut off to look unsolicited", Bases: assertionAlone, Forge: tamper(` InResponseTo="id4f1c8e2a"`, ""), Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
		{No: 81, Name: "empty InResponseTo of the confirmation although nobody asked", Forge: func(r *Response) {
			both("")(r)
			swap("<saml:SubjectConfirmationData ", `<saml:SubjectConfirmationData InResponseTo="" `)(r)
		}, Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
		{No: 81, Name: "empty InResponseTo of the response although nobody asked", Forge: func(r *Response) {
			both("")(r)
			swap("<samlp:Response ", `<samlp:Response InResponseTo="" `)(r)
		}, Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
	}
}

// contexts are authentications of another kind or age than was asked for.
func contexts() []Attack {
	asked := func(e *saml.Expect) { e.RequestedContexts = []string{"urn:a", "urn:b"} }
	context := func(v string) func(*Response) { return func(r *Response) { r.Context = v } }
	none := func(r *Response) { r.Statements = nil }
	optional := func(expect func(*saml.Expect)) func(*saml.Expect) {
		return func(e *saml.Expect) { expect(e); e.Legacy.NoAuthnStatement = true }
	}
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	fresh := func(e *saml.Expect) { e.AuthnAfter = now }
	authn := func(d time.Duration) func(*Response) {
		return func(r *Response) { r.AuthnInstant = now.Add(d).Format("2006-01-02T15:04:05.000Z") }
	}
	return []Attack{
		{No: 79, Name: "no AuthnStatement", Forge: none, Rule: saml.Shape, Alone: true, Twin: none, TwinExpect: func(e *saml.Expect) { e.Legacy.NoAuthnStatement = true }},
		{No: 84, Name: "context in other letters", Forge: context("URN:B"), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{No: 84, Name: "longer context", Forge: context("urn:bb"), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{No: 84, Name: "the context that was asked for beside the assertion", Bases: assertionAlone, Forge: all(context("urn:c"), tamper("</samlp:Status>", "</samlp:Status><saml:AuthnContext><saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></saml:AuthnContext>")),
			Expect: asked, Rule: saml.Shape, Twin: context("urn:b")},
		{No: 84, Name: "the context that was asked for in a declaration", Forge: all(context("urn:c"), swap("</saml:AuthnContextClassRef>", "</saml:AuthnContextClassRef><saml:AuthnContextDeclRef>urn:b</saml:AuthnContextDeclRef>")),
			Expect: asked, Rule: saml.Shape, Alone: true, Twin: all(context("urn:b"), swap("</saml:AuthnContextClassRef>", "</saml:AuthnContextClassRef><saml:AuthnContextDeclRef>urn:c</saml:AuthnContextDeclRef>"))},
		{No: 84, Name: "another context", Forge: context("urn:c"), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{No: 84, Name: "no context", Forge: context(""), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:a")},
		{No: 84, Name: "old authentication", Forge: authn(-saml.DefaultSkew - time.Millisecond), Expect: fresh, Rule: saml.Time, Alone: true, Twin: authn(-saml.DefaultSkew)},
		{No: 84, Name: "no statement of the context that was asked for", Forge: none, Expect: optional(asked), Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{No: 84, Name: "no statement of an authentication that was to be fresh", Forge: none, Expect: optional(fresh), Rule: saml.Time, Alone: true, Twin: authn(0)},
		{No: 77, Name: "one session of two past", Forge: func(r *Response) {
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
