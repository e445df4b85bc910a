package frame_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// What a line of the audit list can say has a word in every language.
func TestEveryFieldOfTheAuditListHasAWord(t *testing.T) {
	t.Parallel()
	var keys []string
	for field, words := range sso.EventFields() {
		keys = append(keys, "audited_"+field)
		for _, word := range words {
			if !sso.Role(word).BuiltIn() {
				keys = append(keys, "valued_"+strings.ReplaceAll(word, " ", "_"))
			}
		}
	}
	for _, noun := range sso.EventNouns() {
		keys = append(keys, "noun_"+noun)
	}
	for _, action := range sso.EventTypes() {
		keys = append(keys, "did_"+strings.ReplaceAll(action, ".", "_"))
	}
	for _, lang := range ui.Languages() {
		b, err := os.ReadFile("../ui/locales/audit." + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]any{}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		wanted := map[string]bool{}
		for _, key := range keys {
			wanted[key] = true
			if texts[key] == nil {
				t.Errorf("%s has no word in %s", key, lang)
			}
		}
		for key := range texts {
			if kind, _, _ := strings.Cut(key, "_"); !wanted[key] && kind != "actor" && kind != "span" {
				t.Errorf("nothing says %s in %s", key, lang)
			}
		}
	}
}

// line is a page that says one text.
type line struct{ Text ui.Text }

// Head implements [ui.Page].
func (line) Head() ui.Head { return ui.Head{Template: "line", Title: ui.Say("console_audit")} }

func TestALineOfTheAuditListIsSaidInWords(t *testing.T) {
	t.Parallel()
	u, err := ui.New(ui.Options{}, ui.Set{
		Name: "line", Pages: []ui.Page{line{}}, Files: fstest.MapFS{"templates/line.html": {Data: []byte(`<p id="line">{{say .Text}}</p>`)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	change := func(field, from, to string) sso.Event {
		return sso.Event{Action: "policy.changed", Changes: []sso.Change{{Field: field, From: from, To: to}}}
	}
	beside := func(name, value string) sso.Event {
		return sso.Event{Action: "user.changed", Detail: map[string]string{name: value}}
	}
	for name, tc := range map[string]struct {
		event  sso.Event
		en, de string
	}{
		"a role":                   {change("role", "member", "admin"), "Role: Member → Administrator", "Rolle: Mitglied → Administrator"},
		"a role of the vendor's":   {change("role", "auditor", ""), "Role: auditor → –", "Rolle: auditor → –"},
		"roles in a file":          {change("allowed_roles", "", "[owner, auditor]"), "Roles let in: Owner, auditor", "Zugelassene Rollen: Inhaber, auditor"},
		"a policy":                 {change("policy.sso", "optional", "required"), "Single sign-on: optional → required", "Single Sign-on: freiwillig → verlangt"},
		"a name that is a word":    {change("name", "draft", "active"), "Name: draft → active", "Name: draft → active"},
		"yes or no":                {change("saml.force_authn", "", "true"), "Always authenticate anew: yes", "Immer neu anmelden lassen: ja"},
		"a span of time":           {change("policy.inactive_after", "", "7776000"), "Suspended when inactive for: 90 days", "Gesperrt nach Untätigkeit von: 90 Tagen"},
		"an instant":               {change("policy.local_until", "", "2026-09-01T12:00:00.000008Z"), "Other sessions end: 1 Sep 2026, 12:00 UTC", "Andere Sitzungen enden: 1. Sept. 2026, 12:00 UTC"},
		"what is stored as JSON":   {change("saml.endpoints", "null", `[{"binding":"post","location":"https://idp.example/sso"}]`), "Sign-on addresses: post, https://idp.example/sso", "Anmeldeadressen: post, https://idp.example/sso"},
		"nothing and nothing":      {change("defaults.mapping", "", "{}"), "", ""},
		"what no release calls so": {change("=x", "a", "b"), "=x: a → b", "=x: a → b"},
		"a key": {
			sso.Event{Action: "key.promoted", Changes: []sso.Change{{Field: "saml-1f", From: "current", To: "retired"}}},
			"State of the key saml-1f: in use → retired", "Zustand des Schlüssels saml-1f: in Gebrauch → abgelöst",
		},
		"beside it":           {beside("method", "break_glass"), "Signed in by: break-glass code", "Angemeldet per: Notfallcode"},
		"what somebody wrote": {beside("reason", "true"), "Reason: true", "Grund: true"},
		"names of settings":   {beside("changed", "certificates, logout_to"), "Changed: Certificates, Logout addresses", "Geändert: Zertifikate, Abmeldeadressen"},
		"why a role":          {beside("why", "admin: group 2, Admins"), "Why: Administrator: Row 2: Admins", "Warum: Administrator: Zeile 2: Admins"},
		"what the changes tell": {
			sso.Event{Action: "policy.changed", Detail: map[string]string{"mfa_before": "off", "mfa_after": "required"}, Changes: []sso.Change{{Field: "policy.mfa", From: "off", To: "required"}}},
			"Second factor: off → required", "Zweiter Faktor: aus → verlangt",
		},
	} {
		for lang, want := range map[string]string{"en": tc.en, "de": tc.de} {
			body := webtest.Specimen{Page: line{frame.Told(&tc.event)}}.Shown(t, u, lang).Body.String()
			_, rest, _ := strings.Cut(body, `<p id="line">`)
			got, _, _ := strings.Cut(rest, "</p>")
			if got != want {
				t.Errorf("%s, in %s: %q, want %q", name, lang, got, want)
			}
		}
	}
}
