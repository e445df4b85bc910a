package ui_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// specimens are the pages of the house with something in every place.
func specimens() map[string]webtest.Specimen {
	const attempt = "?attempt=att_1"
	all := map[string]webtest.Specimen{
		"leave":      {Page: ui.Leaving, Show: leave("https://idp.example/sso?SAMLRequest=a%2Bb&RelayState=c", "Acme Okta")},
		"leave-ours": {Page: ui.Leaving, Show: leave("/login/continue"+attempt, "")},
		"leave-app": {Page: ui.Leaving, Show: func(u *ui.UI, w http.ResponseWriter, r *http.Request) error {
			return u.LeaveForApp(w, r, "com.example.app:/cb?code=a&state=%22")
		}},
		"post": {Page: ui.Posting, Show: func(u *ui.UI, w http.ResponseWriter, r *http.Request) error {
			return u.Post(w, r, ui.Form{Action: "https://idp.example/sso", Name: "Acme ADFS", Fields: []ui.FormField{{"SAMLRequest", "PHg+"}, {"RelayState", `"<r>`}}})
		}},
	}
	for name, f := range mishaps() {
		all[name] = webtest.Specimen{Page: ui.Failing, Show: func(u *ui.UI, w http.ResponseWriter, r *http.Request) error {
			u.Failure(w, r, f)
			return nil
		}}
	}
	for name, f := range map[string]web.Failure{
		"failure-inside":           {Status: 409, Code: "conflict", Reference: "7F3K-22QD", Fix: fault.PersonSide},
		"failure-inside-not-found": {Status: 404, Code: "page_not_found", Reference: "7F3K-22QD", Fix: fault.PersonSide},
		"failure-inside-gone":      {Status: 404, Code: "app_unknown", Reference: "7F3K-22QD", Fix: fault.OperatorSide},
	} {
		all[name] = webtest.Specimen{Page: ui.Failing, Path: "/console/people", Person: ada(), Show: func(u *ui.UI, w http.ResponseWriter, r *http.Request) error {
			u.Failure(w, r, f)
			return nil
		}}
	}
	for name, page := range map[string]ui.Page{
		"choose": ui.Choose{Action: "/login/choose" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt,
			Choices: []ui.Choice{{"con_1", "Acme Okta"}, {"con_2", "Acme <Entra>"}}},
		"switch":          ui.Switch{Action: "/login/switch" + attempt, Stay: "/account", Now: "Ada Lovelace", Next: "Mallory <b>Moe</b>"},
		"signed-out":      ui.SignedOut{},
		"signed-out-here": ui.SignedOutHere{},
	} {
		all[name] = webtest.Specimen{Page: page}
	}
	return all
}

func leave(target, name string) func(*ui.UI, http.ResponseWriter, *http.Request) error {
	return func(u *ui.UI, w http.ResponseWriter, r *http.Request) error { return u.Leave(w, r, target, name) }
}

// mishaps are the failures whose pages are kept, by name of the golden file.
func mishaps() map[string]web.Failure {
	const ref = "7F3K-22QD"
	return map[string]web.Failure{
		"failure":           {Status: 403, Code: "saml_audience", Reference: ref, Fix: fault.IdPSide, Want: "https://we.example", Got: "https://other.example", Retry: "/login/again?attempt=att_1"},
		"failure-mismatch":  {Status: 403, Code: "ident_email_mismatch", Reference: ref, Fix: fault.IdPSide, Want: "ada@acme.example", Got: "<b>bob@acme.example"},
		"failure-over":      {Status: 409, Code: "attempt_over", Reference: ref, Fix: fault.PersonSide, Retry: "/login/again?attempt=att_1", Onward: "/account"},
		"failure-logout":    {Status: 403, Code: "sig_missing", Reference: ref, Fix: fault.IdPSide, Topic: web.SigningOut},
		"failure-gone":      {Status: 404, Code: "app_unknown", Reference: ref, Fix: fault.OperatorSide},
		"failure-no-logout": {Status: 400, Code: "oidc_post_logout_redirect_uri", Reference: ref, Fix: fault.AppSide},
		"failure-stale":     {Status: 403, Code: "session_stale", Reference: ref, Fix: fault.PersonSide, Retry: "/login/confirm?back=%2Fconsole%2Fpeople"},
		"failure-internal":  {Status: 500, Code: "internal", Reference: ref},
		"failure-not-found": {Status: 404, Code: "page_not_found", Reference: ref, Fix: fault.PersonSide},
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	webtest.Pages{Set: ui.Own(), Specimens: specimens(), Composed: []string{"role_", "console_", "operator_", "why_", "explain_", "mode_help_", "noun_", "did_", "audited_", "valued_", "actor_", "span_"}}.Check(t)
}

func TestValuesOfAFailureAreTheAdministratorsUnlessTheyAreThePersonsOwn(t *testing.T) {
	t.Parallel()
	u, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if page := specimens()["failure"].Shown(t, u, "en").Body.String(); strings.Contains(page, ".example") {
		t.Errorf("the page shows what was wanted or got:\n%s", page)
	}
	page := specimens()["failure-mismatch"].Shown(t, u, "en").Body.String()
	for _, want := range []string{"ada@acme.example", "&lt;b&gt;bob@acme.example"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}
