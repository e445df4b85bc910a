package sso_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// personalTrace is a trace in which a person stands wherever they can.
func personalTrace() sso.Trace {
	return sso.Trace{
		Reference: "7F3K-22QD", Attempt: "att_1", Org: "org_a", User: "usr_1", Code: "saml_status", Address: "192.0.2.7", UserAgent: "Firefox", Who: "ada@acme.example",
		Want: "Success", Got: "AADSTS50105: the user 'Ada@acme.example' (4f1c-77) is not assigned; ask bob@acme.example",
		Checks: []sso.Check{
			{Rule: "saml.audience", Verdict: "fail", Want: "https://id.example", Got: "https://old.example"}, {Rule: "saml.nameid", Verdict: "pass", Got: "4f1c-77"},
			{Rule: "ident.email", Verdict: "pass", Got: "ada@acme.example"}, {Rule: "ident.person", About: "create", Verdict: "pass", Got: "Lovelace, Ada"}, {Rule: "ident.role", Verdict: "pass", Got: "admin: group 1, Secret Board"},
		},
		Detail: sso.TraceDetail{Typed: "Ada@acme.example", Why: &sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Secret Board"}, Message: &sso.Message{
			Issuer: "https://idp.example", NameID: "4f1c-77", SessionIndex: "_session-9", Attributes: []sso.Attribute{{Name: "sn", Values: []string{"Lovelace"}}, {Name: "groups", Values: []string{"Secret Board"}}},
		}},
	}
}

func said(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNothingPersonalIsShownBeforeATraceIsOpened(t *testing.T) {
	t.Parallel()
	full := personalTrace()
	before := said(t, full)
	masked := full.Redacted()
	text := said(t, masked)
	for _, secret := range []string{"ada@", "Ada@", "bob@", "4f1c-77", "Lovelace", "Secret Board", "_session-9", "192.0.2.7"} {
		if !strings.Contains(before, secret) {
			t.Errorf("the trace of this test does not hold %q", secret)
		}
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown: %s", secret, text)
		}
	}
	for _, kept := range []string{"AADSTS50105", "@acme.example", "https://old.example", "https://idp.example", "192.0.2.0/24", "saml.audience", `"sn"`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is gone, of which nobody is told: %s", kept, text)
		}
	}
	if said(t, full) != before {
		t.Error("the trace itself was changed")
	}
}

func TestABundleHoldsNothingOfThePerson(t *testing.T) {
	t.Parallel()
	full := personalTrace()
	text := said(t, full.Bundle(sso.BundleConnection{Name: "Entra", ACS: "https://id.example/acs"}))
	for _, secret := range []string{"acme.example", "4f1c", "Lovelace", "Secret", "_session", "192.0.2", "usr_1", "att_1", "Firefox"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q leaves the house: %s", secret, text)
		}
	}
	for _, kept := range []string{"AADSTS50105", "https://old.example", "https://id.example/acs", "7F3K-22QD", sso.Blank} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is gone: %s", kept, text)
		}
	}
}

// What is told to whoever is refused may name the person, or where they are, in
// other words than a message has.
func TestARefusalNamesNobody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trace       sso.Trace
		want, blank string // got, as it is shown and as it leaves the house
	}{
		"the address that no network of the policy holds": {
			sso.Trace{Code: "policy_address", Address: "192.0.2.77", Got: "192.0.2.77"}, "192.0.2.0/24", sso.Blank,
		},
		"a name in a sentence of the identity provider's": {
			sso.Trace{Code: "saml_status", Who: "ada@acme.example", Got: "AuthnFailed: user ADA is locked (adamant)"},
			"AuthnFailed: user A" + sso.Blank + " is locked (adamant)", "AuthnFailed: user " + sso.Blank + " is locked (adamant)",
		},
		"several values, the last one cut off": {
			sso.Trace{Code: "ident_ambiguous", Who: "ada@acme.example", Got: "ada@acme.example, lovelace@acme.ex…"}, "a" + sso.Blank + "@acme.ex…", sso.Blank,
		},
		"what is the same for everybody": {
			sso.Trace{Code: "ident_conflict", Who: "ada@acme.example", Got: "several users with this address"}, "several users with this address", "several users with this address",
		},
	} {
		if got := tc.trace.Redacted().Got; got != tc.want {
			t.Errorf("%s: shown as %q, want %q", name, got, tc.want)
		}
		if got := tc.trace.Blanked().Got; got != tc.blank {
			t.Errorf("%s: leaves as %q, want %q", name, got, tc.blank)
		}
		trace := sso.Trace{Want: "an address of a domain verified for acme", Code: "ident_domain"}
		if got := trace.Redacted().Want; got != trace.Want {
			t.Errorf("what was wanted is shown as %q", got)
		}
	}
}

// A test has no reason beside its checks by which groups could be known.
func TestGroupsByWhichARoleIsGivenAreMasked(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{"admin: group 1, Secret Board": "admin: group 1, S" + sso.Blank, "member, Board, Staff": "member, B" + sso.Blank, "member: default": "member: default"} {
		trace := sso.Trace{Checks: []sso.Check{{Rule: "ident.role", Verdict: "pass", Got: got}, {Rule: "ident.person", Verdict: "fail", About: "ident_conflict", Got: "several users with this address"}}}
		shown := trace.Redacted().Checks
		if shown[0].Got != want {
			t.Errorf("%q is shown as %q, want %q", got, shown[0].Got, want)
		}
		if shown[1].Got != "several users with this address" {
			t.Errorf("what is the same for everybody is shown as %q", shown[1].Got)
		}
	}
}

func TestABundleIsGoodForAWhileAndUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	b := sso.Bundle{ExpiresAt: now}
	if err := b.Usable(now.Add(-time.Second)); err != nil {
		t.Errorf("before its end: %v", err)
	}
	if b.Usable(now) == nil {
		t.Error("at its end it opens")
	}
	b.RevokedAt = now.Add(-time.Hour)
	if b.Usable(now.Add(-time.Second)) == nil {
		t.Error("revoked, it opens")
	}
}

// FuzzRedacted: whatever a value is, and wherever it stands, it is not shown,
// unless it is too short to be told from other text.
func FuzzRedacted(f *testing.F) {
	f.Add("ada@acme.example", "x")
	f.Add("Lovelace", "of ")
	f.Add("•••", "•")
	f.Add("a\x00b@c.d", "@")
	f.Fuzz(func(t *testing.T, value, around string) {
		if len([]rune(strings.TrimSpace(value))) < 5 || strings.Contains(value, sso.Blank) {
			return
		}
		trace := sso.Trace{Got: "said " + value + " in", Who: value, Detail: sso.TraceDetail{Message: &sso.Message{NameID: value, Attributes: []sso.Attribute{{Name: "n", Values: []string{value, around}}}}}}
		shown := trace.Redacted()
		for _, s := range append(shown.Detail.Message.Attributes[0].Values, shown.Detail.Message.NameID, shown.Who) {
			if s == value {
				t.Errorf("%q is shown of %q", s, value)
			}
		}
		blank := trace.Blanked()
		if blank.Who != sso.Blank || blank.Detail.Message.NameID != sso.Blank {
			t.Errorf("%q leaves as %q, %q", value, blank.Who, blank.Detail.Message.NameID)
		}
	})
}

func TestAnAttemptKeepsItsFirstAndLatestHops(t *testing.T) {
	t.Parallel()
	var a sso.Attempt
	begin := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		a.Hop(sso.HopPassword, begin.Add(time.Duration(i)*time.Second))
	}
	if n := len(a.Hops); n != 40 || !a.Hops[0].At.Equal(begin) || !a.Hops[n-1].At.Equal(begin.Add(99*time.Second)) {
		t.Errorf("%d hops from %s to %s", n, a.Hops[0].At, a.Hops[n-1].At)
	}
}
