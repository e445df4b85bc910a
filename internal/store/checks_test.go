package store_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// The lines of a trace are written briefly, and read as they were.
func TestLinesOfATraceAreBrief(t *testing.T) {
	t.Parallel()
	all := []sso.Check{
		{Rule: "xml.doctype", Verdict: "pass"},
		{Rule: "enc.alg", Verdict: "skip"},
		{Rule: "saml.issuer", About: "Response", Verdict: "pass", Want: "https://idp.example/\"ü\"\u2028\\", Got: "https://idp.example/\"ü\"\u2028\\"},
		{Rule: "saml.audience", Verdict: "fail", Want: "one", Got: "another"},
		{Rule: "saml.time", About: "session", Verdict: "skip"},
		{Rule: "ident.email", Verdict: "warn"},
		{Rule: "-odd", Verdict: "pass"},
		{Rule: "", Verdict: "pass"},
	}
	const brief = `["xml.doctype","-enc.alg",{"r":"saml.issuer","a":"Response","w":"https://idp.example/\"ü\"\u2028\\","s":true},` +
		`{"r":"saml.audience","v":"fail","w":"one","g":"another"},{"r":"saml.time","a":"session","v":"skip"},{"r":"ident.email","v":"warn"},{"r":"-odd"},{}]`
	if got := store.ChecksJSON(all); got != brief {
		t.Errorf("ChecksJSON() = %s\nwant %s", got, brief)
	}
	before, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"brief": brief, "as they were written before": string(before)} {
		got, err := store.ParseChecks(text)
		if diff := cmp.Diff(all, got); err != nil || diff != "" {
			t.Errorf("%s: %v, wanted -, got +\n%s", name, err, diff)
		}
	}
	for name, text := range map[string]string{"none": "[]", "null": "null"} {
		if got, err := store.ParseChecks(text); err != nil || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{"a number": "[1]", "cut off": `["xml.doctype"`, "an array": `[["xml.doctype"]]`} {
		if got, err := store.ParseChecks(text); err == nil {
			t.Errorf("%s: %+v, want an error", name, got)
		}
	}
}

func FuzzChecks(f *testing.F) {
	f.Add("saml.issuer", "Response", "pass", "a", "a", `["xml.doctype","-enc.alg",{"r":"x","s":true}]`)
	f.Add("-odd", "", "skip", "\u0000", "\"<", `[{"rule":"x","verdict":"pass"}]`)
	f.Fuzz(func(t *testing.T, rule, about, verdict, want, got, stored string) {
		if all, err := store.ParseChecks(stored); err == nil {
			again, err := store.ParseChecks(store.ChecksJSON(all))
			if diff := cmp.Diff(all, again); err != nil || diff != "" {
				t.Errorf("%v, wanted -, got +\n%s", err, diff)
			}
		}
		valid := func(s string) string { return strings.ToValidUTF8(s, "?") }
		c := sso.Check{Rule: valid(rule), About: valid(about), Verdict: valid(verdict), Want: valid(want), Got: valid(got)}
		if c.Verdict == "" {
			return // every line has one
		}
		text := store.ChecksJSON([]sso.Check{c, c})
		all, err := store.ParseChecks(text)
		if diff := cmp.Diff([]sso.Check{c, c}, all); err != nil || diff != "" {
			t.Errorf("%s: %v, wanted -, got +\n%s", text, err, diff)
		}
	})
}
