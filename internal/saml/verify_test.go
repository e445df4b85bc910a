package saml_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

func accept(t *testing.T, idp *samltest.IdP, forge ...func(*samltest.Response)) *saml.Assertion {
	t.Helper()
	a, err := saml.Verify(idp.Respond(forge...), idp.Expect(), idp.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestVerifyReturnsWhatTheAssertionSays(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		for _, dialect := range []samltest.Dialect{samltest.Prefixed, samltest.DefaultNamespaces} {
			t.Run(string(base)+" "+string(dialect), func(t *testing.T) {
				t.Parallel()
				got := accept(t, samltest.New(t), on(base), func(r *samltest.Response) {
					r.Dialect = dialect
					r.AssertionID, r.SessionUntil = "id7", "2026-03-02T17:30:00Z"
					r.NameID = "\n  " + samltest.DefaultNameID + " "
				})
				want := &saml.Assertion{
					ID: "id7", Issuer: idp.EntityID, IssueInstant: idp.Now,
					NameID: saml.NameID{Value: samltest.DefaultNameID, Format: saml.FormatEmail},
					Attributes: saml.Attributes{
						{Name: "mail", Values: []string{samltest.DefaultNameID}},
						{Name: "givenName", Values: []string{"Alice"}},
						{Name: "groups", Values: []string{"red", "green"}},
					},
					SessionIndex: "session-1", AuthnInstant: idp.Now.Add(-time.Minute), AuthnContext: samltest.DefaultContext,
					SessionNotOnOrAfter: idp.Now.Add(8 * time.Hour),
					NotOnOrAfter:        idp.Now.Add(5*time.Minute + saml.DefaultSkew),
					InResponseTo:        idp.RequestID,
					Signed: saml.Signed{
						Response:  base != samltest.AssertionSigned && base != samltest.EncryptedAssertionSigned,
						Assertion: base != samltest.ResponseSigned && base != samltest.EncryptedResponseSigned,
					},
				}
				ignore := []cmp.Option{cmpopts.IgnoreFields(saml.Assertion{}, "Checks"), cmpopts.IgnoreUnexported(saml.Assertion{})}
				if diff := cmp.Diff(want, got, ignore...); diff != "" {
					t.Errorf("Verify() (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestVerifyTriesEveryKey(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	expect := idp.Expect()
	other, err := xmldsig.NewKey(ecKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	expect.IdP.Keys = []xmldsig.Key{other, expect.IdP.Keys[0]}
	if _, err := saml.Verify(idp.Respond(), expect, idp.Now); err != nil {
		t.Error(err)
	}
	expect.IdP.Keys = expect.IdP.Keys[:1]
	if _, err := saml.Verify(idp.Respond(), expect, idp.Now); err == nil {
		t.Error("accepted without the key")
	}
}

func TestVerifyAcceptsNothingUnderAnEmptyExpectation(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	message := idp.Respond(func(r *samltest.Response) {
		r.Issuer, r.AssertionIssuer, r.Audience, r.Destination, r.Recipient = "", "x", "x", "", ""
		r.BeforeSigning(func(doc string) string {
			return strings.NewReplacer(">x</saml:Issuer>", "></saml:Issuer>", ">x</saml:Audience>", "></saml:Audience>",
				"<saml:SubjectConfirmationData", `<saml:SubjectConfirmationData Recipient=""`).Replace(doc)
		})
	})
	_, err := saml.Verify(message, saml.Expect{IdP: saml.IdP{Keys: idp.Expect().IdP.Keys}, RequestID: idp.RequestID}, idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatal("accepted")
	}
	failed := map[saml.Rule]bool{}
	for _, c := range refusal.Checks {
		failed[c.Rule] = failed[c.Rule] || c.Verdict == saml.Fail
	}
	for _, rule := range []saml.Rule{saml.Issuer, saml.Audience, saml.Recipient} {
		if !failed[rule] {
			t.Errorf("%v did not fail", rule)
		}
	}
}

func TestAttributesAreMergedAndTrimmed(t *testing.T) {
	t.Parallel()
	a := accept(t, samltest.New(t), func(r *samltest.Response) {
		r.Attributes = []saml.Attribute{
			{Name: "Role", Values: []string{" a\n"}},
			{Name: "mail", FriendlyName: "Role", Values: []string{"x"}},
			{Name: "Role", FriendlyName: "role", Values: []string{"", "b", "\t"}},
			{Name: "role", Values: []string{"c"}},
			{Name: "none"},
			{Name: "eduPersonTargetedID", Values: []string{"HERE"}},
			{Name: "nested", Values: []string{"THERE"}},
		}
		r.BeforeSigning(samltest.Replace("HERE", `<saml:NameID Format="urn:x"> id-1 </saml:NameID>`))
		r.BeforeSigning(samltest.Replace("THERE", `<a>x</a><b/>`))
	})
	want := saml.Attributes{
		{Name: "Role", FriendlyName: "role", Values: []string{"a", "b"}},
		{Name: "mail", FriendlyName: "Role", Values: []string{"x"}},
		{Name: "role", Values: []string{"c"}},
		{Name: "none"},
		{Name: "eduPersonTargetedID", Values: []string{"id-1"}},
		{Name: "nested"},
	}
	if diff := cmp.Diff(want, a.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if a.Attributes.Get("rolE") != nil {
		t.Error("names are compared loosely")
	}
}

func TestManyAttributesStayDistinct(t *testing.T) {
	t.Parallel()
	a := accept(t, samltest.New(t), func(r *samltest.Response) {
		r.Attributes = nil
		for range 2 {
			for i := range 100 {
				r.Attributes = append(r.Attributes, saml.Attribute{Name: fmt.Sprint(i), Values: []string{fmt.Sprint(i)}})
			}
		}
	})
	if len(a.Attributes) != 100 {
		t.Fatalf("%d attributes, want 100", len(a.Attributes))
	}
	for i, attribute := range a.Attributes {
		if diff := cmp.Diff([]string{fmt.Sprint(i), fmt.Sprint(i)}, attribute.Values); diff != "" {
			t.Errorf("attribute %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestSubjectKey(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	key := func(value, format, qualifier, spQualifier string) string {
		t.Helper()
		expect := idp.Expect()
		expect.Legacy.TransientNameID = true
		a, err := saml.Verify(idp.Respond(func(r *samltest.Response) {
			r.NameID, r.NameIDFormat, r.NameQualifier, r.SPNameQualifier = value, format, qualifier, spQualifier
		}), expect, idp.Now)
		if err != nil {
			t.Fatal(err)
		}
		return a.SubjectKey()
	}
	base := key("x", saml.FormatEmail, "", "")
	for name, same := range map[string]string{
		"another lasting format":  key("x", saml.FormatUnspecified, "", ""),
		"no format":               key("x", "", "", ""),
		"qualifiers by default":   key("x", saml.FormatEmail, idp.EntityID, idp.SPEntityID),
		"white space around it":   key(" x\n", saml.FormatEmail, "", ""),
		"one qualifier by itself": key("x", saml.FormatEmail, idp.EntityID, ""),
	} {
		if same != base {
			t.Errorf("%s: key %q, want %q", name, same, base)
		}
	}
	seen := map[string]string{base: "the base"}
	for name, other := range map[string]string{
		"another value":                  key("X", saml.FormatEmail, "", ""),
		"a persistent one":               key("x", saml.FormatPersistent, "", ""),
		"a transient one":                key("x", saml.FormatTransient, "", ""),
		"another qualifier":              key("x", saml.FormatEmail, "a", ""),
		"the other qualifier":            key("x", saml.FormatEmail, "", "a"),
		"both qualifiers":                key("x", saml.FormatEmail, "a", "a"),
		"a value like a qualified one":   key(",1,0:ax", saml.FormatEmail, "", ""),
		"a qualifier moved to the value": key("ax", saml.FormatEmail, "", ""),
		"letters moved":                  key("bx", saml.FormatEmail, "a", ""),
		"letters moved on":               key("x", saml.FormatEmail, "ab", ""),
		"letters moved over":             key("x", saml.FormatEmail, "a", "b"),
	} {
		if seen[other] != "" {
			t.Errorf("%s and %s have the key %q", name, seen[other], other)
		}
		seen[other] = name
	}
}

// TestNotOnOrAfterBoundsReplay finds that an assertion is refused from the
// instant that NotOnOrAfter gives, whatever the message claims.
func TestNotOnOrAfterBoundsReplay(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(*samltest.Response){
		"conditions end first":    func(r *samltest.Response) { r.ConfirmedUntil = "2026-03-02T20:00:00Z" },
		"confirmation ends first": func(r *samltest.Response) { r.NotOnOrAfter = "2026-03-02T20:00:00Z" },
		"conditions without end":  func(r *samltest.Response) { r.NotOnOrAfter = "" },
		"an end in the year 9999": func(r *samltest.Response) {
			r.NotOnOrAfter, r.ConfirmedUntil = "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"
		},
		"another confirmation lasts longer": func(r *samltest.Response) {
			longer := *r.Confirmation
			longer.ConfirmedUntil = "2026-03-02T09:33:00Z"
			r.Confirmations = append(r.Confirmations, &longer)
			r.ConfirmedUntil = "2026-03-02T09:31:00Z"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := samltest.New(t)
			message := idp.Respond(forge)
			a, err := saml.Verify(message, idp.Expect(), idp.Now)
			if err != nil {
				t.Fatal(err)
			}
			if limit := idp.Now.Add(saml.MaxLifetime + saml.DefaultSkew); a.NotOnOrAfter.After(limit) {
				t.Errorf("NotOnOrAfter %v, want at most %v", a.NotOnOrAfter, limit)
			}
			if _, err := saml.Verify(message, idp.Expect(), a.NotOnOrAfter.Add(-time.Millisecond)); err != nil {
				t.Errorf("a millisecond before: %v", err)
			}
			if _, err := saml.Verify(message, idp.Expect(), a.NotOnOrAfter); err == nil {
				t.Error("still accepted")
			}
		})
	}
}

func TestTheEarliestSessionEndCounts(t *testing.T) {
	t.Parallel()
	a := accept(t, samltest.New(t), func(r *samltest.Response) {
		second := *r.Statement
		r.SessionUntil, second.SessionUntil = "2026-03-02T18:00:00Z", "2026-03-02T12:00:00Z"
		r.Statements = append(r.Statements, &second)
	})
	if want := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC); !a.SessionNotOnOrAfter.Equal(want) {
		t.Errorf("SessionNotOnOrAfter %v, want %v", a.SessionNotOnOrAfter, want)
	}
}

// A message has the name of a response and is of another language: the name alone
// would be what was wanted.
func TestRefusalTellsNamesakesApart(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	for message, got := range map[string]string{
		`<Response xmlns="urn:oasis:names:tc:SAML:1.0:protocol"/>`: "Response of the namespace urn:oasis:names:tc:SAML:1.0:protocol",
		`<Response/>`: "Response of no namespace",
		`<LogoutResponse xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>`:    "LogoutResponse",
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`: "Envelope",
	} {
		_, err := saml.Verify(message, idp.Expect(), idp.Now)
		if refusal, ok := errors.AsType[*saml.Refusal](err); !ok || refusal.Rule != saml.Shape || refusal.Got != got {
			t.Errorf("Verify(%s) = %v, want got %q", message, err, got)
		}
	}
}

// What a stranger writes for a status fills no trace.
func TestRefusalBoundsTheStatus(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	const longest = 310 // octets, with what says that there was more
	_, err := saml.Verify(idp.Respond(func(r *samltest.Response) {
		long := strings.Repeat("x", 10_000)
		r.Status, r.StatusMessage, r.Base = []string{long, long}, long, samltest.NothingSigned
	}), idp.Expect(), idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok || len(refusal.Status.Nested) != 1 {
		t.Fatalf("Verify() = %v, want a refusal with two codes", err)
	}
	for _, text := range []string{refusal.Status.Code, refusal.Status.Nested[0], refusal.Status.Message} {
		if text == "" || len(text) > longest {
			t.Errorf("%d octets of the status are reported", len(text))
		}
	}
}

func TestRefusalReportsTheStatus(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	_, err := saml.Verify(idp.Respond(func(r *samltest.Response) {
		r.Status = []string{prefix + "Responder", prefix + "RequestDenied", "urn:vendor:7"}
		r.StatusMessage, r.Assertions, r.Base = " Not\nassigned ", nil, samltest.NothingSigned
	}), idp.Expect(), idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatal(err)
	}
	want := saml.StatusReport{Code: prefix + "Responder", Nested: []string{prefix + "RequestDenied", "urn:vendor:7"}, Message: "Not\nassigned"}
	if diff := cmp.Diff(want, refusal.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if want := "saml.status: want Success, got Responder / RequestDenied / urn:vendor:7: Not\nassigned"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestRefusalSaysWhere(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	message := idp.Respond(func(r *samltest.Response) { r.Audience = "https://other.example" })
	_, err := saml.Verify(message, idp.Expect(), idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatal(err)
	}
	if refusal.Path != "/samlp:Response/saml:Assertion/saml:Conditions/saml:AudienceRestriction" ||
		!strings.HasPrefix(string(message[refusal.Offset:]), "<saml:AudienceRestriction") {
		t.Errorf("path %s, offset %d", refusal.Path, refusal.Offset)
	}
	if refusal.Want != idp.SPEntityID || refusal.Got != "https://other.example" {
		t.Errorf("want %q, got %q", refusal.Want, refusal.Got)
	}
}

func TestVerifySignatures(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	old := func(r *samltest.Response) { r.NotOnOrAfter, r.Audience = "2001-01-01T00:00:00Z", "urn:x" }
	got, err := saml.VerifySignatures(idp.Respond(old), idp.Expect())
	if err != nil || got.Signed != (saml.Signed{Assertion: true}) {
		t.Errorf("VerifySignatures() = %+v, %v", got, err)
	}
	for name, tc := range map[string]struct {
		forge func(*samltest.Response)
		rule  saml.Rule
	}{
		"nothing signed": {samltest.Unsigned, saml.SigMissing},
		"nothing signed, nothing said": {func(r *samltest.Response) {
			r.Assertions, r.Status, r.Base = nil, []string{"urn:x"}, samltest.NothingSigned
		}, saml.SigMissing},
		"a stranger":      {samltest.SignByStranger, saml.SigValue},
		"wrapped":         {samltest.WrapSignature, saml.Count},
		"not the message": {func(r *samltest.Response) { r.AfterSigning(func(string) string { return "<x/>" }) }, saml.Shape},
		"not XML":         {func(r *samltest.Response) { r.AfterSigning(func(string) string { return "x" }) }, saml.XMLWellFormed},
	} {
		_, err := saml.VerifySignatures(idp.Respond(tc.forge), idp.Expect())
		if rule := ruleOf(t, err); rule != tc.rule {
			t.Errorf("%s: VerifySignatures() = %v, want %v", name, err, tc.rule)
		}
	}
}

// Of several statements, the one that was asked for tells how the user
// authenticated; else the first.
func TestTheStatementThatFitsIsReported(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	message := idp.Respond(func(r *samltest.Response) {
		second := *r.Statement
		second.Context, second.SessionIndex, second.AuthnInstant = "urn:mfa", "session-2", "2026-03-02T09:20:00Z"
		third := second
		third.SessionIndex = "session-3"
		r.Statements = append(r.Statements, &second, &third)
	})
	for wanted, want := range map[string][2]string{"": {samltest.DefaultContext, "session-1"}, "urn:mfa": {"urn:mfa", "session-2"}, samltest.DefaultContext: {samltest.DefaultContext, "session-1"}} {
		expect := idp.Expect()
		if wanted != "" {
			expect.RequestedContexts = []string{"urn:other", wanted}
		}
		a, err := saml.Verify(message, expect, idp.Now)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{a.AuthnContext, a.SessionIndex}; got != want {
			t.Errorf("asked for %q: got %q, want %q", wanted, got, want)
		}
	}
}
