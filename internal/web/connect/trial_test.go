package connect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// trials returns the tests of a connection, the last of which is looked at.
func trials(c *connect.Configuration, tests ...sso.Test) *connect.Trials {
	t := &connect.Trials{Connection: c.Connection, Guide: c.Guide, Ours: c.Ours, Tests: tests}
	for i := range tests {
		tests[i].ID, tests[i].CreatedAt = sso.TestID("tst_"+string(rune('9'-i))), then.Add(-time.Duration(i)*time.Hour)
		if tests[i].State != sso.TestWaiting {
			tests[i].AnsweredAt, tests[i].Reference = tests[i].CreatedAt.Add(time.Minute), "7F3K-22QD"
		}
	}
	if len(tests) > 0 {
		t.Shown = &tests[0]
	}
	if len(tests) > 1 {
		t.Before = &tests[1]
		t.Changes = t.Shown.Since(t.Before)
	}
	return t
}

// passedTest is a test that has found nothing wrong, and says all there is to
// be said about it.
func passedTest(c *connect.Configuration) sso.Test {
	return sso.Test{State: sso.TestPassed, Fingerprint: c.Fingerprint(), Result: sso.TestResult{
		NameID: "4f1c", Format: saml.FormatPersistent, Email: "ada@acme.example", FirstName: "Ada", LastName: "<Lovelace>", Username: "ada", Groups: []string{"eng", "math"}, Act: sso.ActCreate,
		Attributes: []sso.Attribute{{Name: "email", Values: []string{"ada@acme.example"}}, {Name: "groups", Values: []string{"eng", "math"}}, {Name: "empty"}},
		Checks: []sso.Check{
			{Rule: "xml.doctype", Verdict: "pass"}, {Rule: "sig.value", Verdict: "pass"}, {Rule: "enc.key", Verdict: "skip"}, {Rule: "legacy", About: "sha1", Verdict: "warn", Want: "a message that does without", Got: "one that is accepted until 2021-01-01"},
			{Rule: "saml.time", About: "Conditions", Verdict: "pass", Want: "now", Got: "until then"}, {Rule: "ident.email", Verdict: "pass", Got: "ada@acme.example"},
			{Rule: "ident.domain", Verdict: "warn", Want: "verified", Got: "acme.example: in_review"}, {Rule: "ident.person", About: "create", Verdict: "pass", Got: "Ada Lovelace"},
			{Rule: "advice.clock", Verdict: "warn", Want: "30s", Got: "2m0s"}, {Rule: "advice.certificate", Verdict: "warn", Want: "30", Got: "12"}, {Rule: "advice.mfa", Verdict: "skip"},
		},
	}}
}

func failedTest(c *connect.Configuration) sso.Test {
	t := passedTest(c)
	t.State, t.Result.Act, t.Result.Code, t.Result.Want, t.Result.Got, t.Result.Fix = sso.TestFailed, "", "saml_audience", "https://id.example/saml", "spn:https://id.example/saml", "idp"
	t.Result.Checks = []sso.Check{
		{Rule: "sig.value", Verdict: "pass"}, {Rule: "saml.audience", Verdict: "fail", Want: "https://id.example/saml", Got: "spn:https://id.example/saml"},
		{Rule: "ident.person", About: "ident_no_match", Verdict: "fail", Want: "somebody", Got: "nobody"}, {Rule: "ident.person", Verdict: "skip"},
	}
	t.Result.Attributes = []sso.Attribute{{Name: "mail", Values: []string{"ada@acme.example"}}}
	return t
}

func trialSpecimens() map[string]webtest.Specimen {
	entra, bare := known(configured("entra-id")), configured(idp.Generic)
	bare.SAML.NameIDFormat = saml.FormatEmail
	at := func(query string) *visit { return at("/console/sso/x/test" + query) }
	offered := trials(entra, failedTest(entra), passedTest(entra))
	for _, of := range sso.Offers() {
		offered.Offers = append(offered.Offers, sso.Offer{Of: of, To: "acme/<name>", Seen: "x"})
	}
	usual := trials(entra, failedTest(entra))
	for _, of := range sso.Offers()[1:] {
		usual.Offers = append(usual.Offers, sso.Offer{Of: of})
	}
	offered.Next = connect.Place{At: then, ID: "tst_1"}
	status := failedTest(entra)
	status.Result = sso.TestResult{Code: "saml_status", Want: "Success", Got: "Responder / RequestDenied: AADSTS50105", Checks: []sso.Check{{Rule: "saml.status", Verdict: "fail", Want: "Success", Got: "Responder"}}}
	refused := trials(entra, status)
	stale := passedTest(entra)
	stale.Fingerprint, stale.Result.Act, stale.Link = "older", "", "tln_1"
	older := trials(entra, stale, stale)
	older.Links = []sso.TestLink{{ID: "tln_1", CreatedAt: then, ExpiresAt: now().AddDate(0, 0, 7)}}
	underWay := sso.Test{State: sso.TestWaiting, Fingerprint: entra.Fingerprint()}
	late := then.Add(10 * time.Minute)
	specimens := map[string]webtest.Specimen{
		"trial-none":       {Page: trialPageOf(at(""), trials(entra), now())},
		"trial-incomplete": {Page: trialPageOf(by(sso.SetupSSO, "/setup/sso/x/test"), trials(bare), now())},
		"trial-waiting":    {Page: trialPageOf(at(""), trials(entra, underWay), late)},
		"trial-beginning":  {Page: trialPageOf(at("?since=none"), trials(entra), now())},
		"trial-unanswered": {Page: trialPageOf(at(""), trials(entra, underWay), now())},
		"trial-passed":     {Page: trialPageOf(at(""), trials(entra, passedTest(entra)), now())},
		"trial-failed":     {Page: trialPageOf(at("?after=x"), offered, now())},
		"trial-usual":      {Page: trialPageOf(at(""), usual, now())},
		"trial-refused":    {Page: trialPageOf(at(""), refused, now())},
		"trial-stale":      {Page: trialPageOf(at(""), older, now())},
		"trial-explained":  {Page: explainedPageOf(at(""), refused, filledWith(nil, "error", "AADSTS750054 and <b>AADSTS50011</b>"), now())},
		"trial-unknown":    {Page: explainedPageOf(at(""), refused, filledWith(nil, "error", "a rainy day"), now())},
		"trial-linked":     {Page: linkedPageOf(at(""), older, "https://id.example", secret.ParseToken(strings.Repeat("x", 43)), now())},
	}
	for name, s := range specimens {
		s.Path = "/console/sso/x/test"
		specimens[name] = s
	}
	specimens["guest"] = webtest.Specimen{Page: guestPage{Organization: "Acme <Ltd>", Connection: "Entra ID", Action: "/test/x"}, Path: "/test/x"}
	for name, state := range map[string]sso.TestState{"passed": sso.TestPassed, "failed": sso.TestFailed, "waiting": sso.TestWaiting} {
		specimens["tested-"+name] = webtest.Specimen{Page: donePageOf(&sso.Test{State: state, Reference: "7F3K-22QD"}, "/test/done?attempt=x"), Path: "/test/done"}
	}
	return specimens
}

// Every rule of package saml has a name in the verdict list, and so has every
// line that a test adds.
func TestEveryLineHasAName(t *testing.T) {
	t.Parallel()
	pages, err := ui.New(ui.Options{}, Pages())
	if err != nil {
		t.Fatal(err)
	}
	c := known(configured("okta"))
	test := passedTest(c)
	_, err = saml.DecodePost("")
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok || len(refusal.Checks) == 0 {
		t.Fatalf("DecodePost() = %v, want a list of checks", err)
	}
	_, err = saml.Verify("", saml.Expect{}, then)
	refused, ok := errors.AsType[*saml.Refusal](err)
	if !ok || len(refused.Checks) < 40 {
		t.Fatalf("Verify() = %v, want a list of checks", err)
	}
	test.Result.Checks = nil
	for _, x := range append(refusal.Checks, refused.Checks...) {
		for _, verdict := range []string{"pass", "fail", "skip"} {
			test.Result.Checks = append(test.Result.Checks, sso.Check{Rule: string(x.Rule), About: x.About, Verdict: verdict, Want: "w", Got: "g"})
		}
	}
	for _, rule := range []string{"ident.subject", "ident.email", "ident.first_name", "ident.last_name", "ident.username", "ident.groups", "ident.domain", "ident.person", "ident.role"} {
		test.Result.Checks = append(test.Result.Checks, sso.Check{Rule: rule, Verdict: "pass"})
	}
	for _, rule := range []string{"ident.subject", "ident.email", "ident.first_name", "ident.last_name", "ident.groups", "ident.domain", "advice.nameid_format", "advice.clock", "advice.certificate", "advice.session_index", "legacy"} {
		test.Result.Checks = append(test.Result.Checks, sso.Check{Rule: rule, About: map[string]string{"legacy": "sha1"}[rule], Verdict: "warn"})
	}
	for _, on := range sso.LegacySwitches() {
		test.Result.Checks = append(test.Result.Checks, sso.Check{Rule: "legacy", About: string(on), Verdict: "warn"})
	}
	for _, rule := range []string{"advice.signed", "advice.encrypted", "advice.mfa"} {
		test.Result.Checks = append(test.Result.Checks, sso.Check{Rule: rule, Verdict: "pass"})
	}
	page := trialPageOf(at("/console/sso/x/test"), trials(c, test), now())
	lines := 0
	for _, g := range page.Verdict.Groups {
		lines += len(g.Lines)
	}
	if lines != len(test.Result.Checks) {
		t.Errorf("%d lines are shown, want %d", lines, len(test.Result.Checks))
	}
	for _, language := range webtest.Languages() {
		body := webtest.Specimen{Page: page, Path: "/console/sso/x/test"}.Shown(t, pages, language).Body.String()
		for _, key := range []string{">about_", ">check_", ">legacy_", ">note_", ">verdict_"} {
			if at := strings.Index(body, key); at >= 0 {
				t.Errorf("%s: a text is missing: %q", language, body[at:min(at+60, len(body))])
			}
		}
		for _, problem := range webtest.Unsound(body) {
			t.Errorf("%s: %s", language, problem)
		}
	}
}
