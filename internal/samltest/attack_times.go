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
		pair("malformed start", from, "x", at(-time.Minute)),
		pair("malformed end", until, "x", at(time.Minute)),
		pair("malformed start of the confirmation", confirmedFrom, "x", at(-time.Minute)),
		pair("year 0", from, "0000-03-02T09:25:00Z", "0001-03-02T09:25:00Z"),
		{Name: "77 empty window", Forge: window(at(30*time.Second), at(-30*time.Second)), Twin: window(at(-31*time.Second), at(-30*time.Second)), Rule: saml.Time, Alone: true},
		{Name: "77 window of no length", Forge: window(at(0), at(0)), Twin: window(at(0), at(ms)), Rule: saml.Time, Alone: true},
		{Name: "77 end alone, past", Forge: window("", at(-skew)), Twin: window("", at(-skew+ms)), Rule: saml.Time, Alone: true},
		{Name: "77 start alone, in the future", Forge: window(at(skew+ms), ""), Twin: window(at(skew), ""), Rule: saml.Time, Alone: true},
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
		{Name: "81 empty InResponseTo of the confirmation although nobody asked", Forge: func(r *Response) {
			both("")(r)
			swap("<saml:SubjectConfirmationData ", `<saml:SubjectConfirmationData InResponseTo="" `)(r)
		}, Expect: unsolicited, Rule: saml.InResponseTo, Alone: true, Twin: both("")},
		{Name: "81 empty InResponseTo of the response although nobody asked", Forge: func(r *Response) {
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
		{Name: "79 no AuthnStatement", Forge: none, Rule: saml.Shape, Alone: true, Twin: none, TwinExpect: func(e *saml.Expect) { e.Legacy.NoAuthnStatement = true }},
		{Name: "84 another context", Forge: context("urn:c"), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{Name: "84 no context", Forge: context(""), Expect: asked, Rule: saml.Shape, Alone: true, Twin: context("urn:a")},
		{Name: "84 old authentication", Forge: authn(-saml.DefaultSkew - time.Millisecond), Expect: fresh, Rule: saml.Time, Alone: true, Twin: authn(-saml.DefaultSkew)},
		{Name: "84 no statement of the context that was asked for", Forge: none, Expect: optional(asked), Rule: saml.Shape, Alone: true, Twin: context("urn:b")},
		{Name: "84 no statement of an authentication that was to be fresh", Forge: none, Expect: optional(fresh), Rule: saml.Time, Alone: true, Twin: authn(0)},
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
