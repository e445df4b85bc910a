package login

import (
	"testing"

	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	const attempt = "?attempt=att_1"
	passkey := &ui.Ask{Action: passkeyPath, Options: `{"challenge":"AQ","rpId":"id.example"}`, Silent: true, Beside: true, Word: ui.Say("use_passkey")}
	quiet := *passkey
	quiet.Silent = false
	alone := quiet
	alone.Beside = false
	form := func(problem string, check *ui.Check) *codeForm {
		return &codeForm{
			Action: factorPath + attempt, Fields: []ui.Hidden{{Name: "by", Value: "totp"}}, Code: codeInput(problem), Check: check, Submit: ui.Submit{Word: ui.Say("continue")},
		}
	}
	remember := &ui.Check{Name: "remember", Label: ui.Say("remember"), Help: ui.Say("remember_help")}
	ways := []ui.Button{{Word: ui.Say("by_sms"), Icon: "phone", Path: "/login/factor" + attempt + "&by=sms"}, {Word: ui.Say("by_recovery"), Icon: "lock", Path: "/login/factor" + attempt + "&by=recovery"}}
	send := ui.Do{Word: ui.Say("send_to", "Digits", "89"), Action: sendPath + attempt, Icon: "phone", Fields: []ui.Hidden{{Name: "factor", Value: "fac_2"}}}
	again := send
	again.Word, again.Kind = ui.Say("send_again"), ui.Quiet
	key := *passkey
	key.Silent, key.Beside, key.Word, key.Check, key.Problem = false, false, ui.Say("use_key"), remember, "passkey_refused"
	creation := *passkey
	creation.Silent, creation.Beside, creation.Create, creation.Word = false, false, true, ui.Say("make_passkey")
	pages := map[string]webtest.Specimen{}
	for name, page := range map[string]ui.Page{
		"identify":         identifyPage{Action: "/login", Passkey: passkey},
		"identify-problem": identifyPage{Action: "/login" + attempt, Typed: `ada"<b>@acme`, Problem: "ident_email"},
		"password":         passwordPage{Action: "/login/password" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt, Forgot: "/login/forgot", Passkey: &quiet},
		"password-problem": passwordPage{Action: "/login/password" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt, Problem: "password_wrong"},
		"confirm":          passwordPage{Action: "/login/password" + attempt, Who: "ada@acme.example", Confirm: true},
		"confirm-passkey":  passkeyPage{Who: "ada@acme.example", Passkey: alone},
		"factor-totp":      factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_totp"), Form: form("", remember), Others: ways},
		"factor-app":       factorPage{Who: "ada@acme.example", Asks: wanted(signin.AskedBy{App: "Portal & <Co>"}), Lead: ui.Say("factor_totp"), Form: form("", nil), Others: ways},
		"factor-key-first": factorPage{Who: "ada@acme.example", Asks: ui.Say("asks_key_first", "App", "Portal"), Lead: ui.Say("factor_totp"), Form: form("", nil)},
		"factor-problem":   factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_totp"), Form: form("code_wrong", remember), Others: ways},
		"factor-send":      factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_sms"), Send: []ui.Do{send}, Notice: &ui.Notice{State: ui.Refused, Text: ui.Problem("sms_limit")}},
		"factor-sms":       factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_sent", "Digits", "89"), Form: form("", remember), Again: &again, Others: ways},
		"factor-passkey":   factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_passkey"), Ask: &key, Others: ways},
		"factor-recovery": factorPage{Who: "ada@acme.example", Lead: ui.Say("factor_recovery"), Form: &codeForm{
			Action: factorPath + attempt, Code: ui.Input{Name: "code", Label: ui.Say("recovery_code"), Max: 40, Mono: true, Focus: true}, Submit: ui.Submit{Word: ui.Say("continue")},
		}},
		"enrol": enrolPage{Who: "ada@acme.example", Title: ui.Say("enrol_title"), Lead: ui.Say("enrol_text"), Kinds: []choice{
			{"passkey", "/login/enrol" + attempt + "&by=passkey", ui.Say("kind_passkey"), ui.Say("kind_passkey_help")},
			{"clock", "/login/enrol" + attempt + "&by=totp", ui.Say("kind_totp"), ui.Say("kind_totp_help")},
			{"phone", "/login/enrol" + attempt + "&by=sms", ui.Say("kind_sms"), ui.Say("kind_sms_help")},
		}},
		"enrol-asked": enrolPage{Who: "ada@acme.example", Title: ui.Say("enrol_title"), Asks: wanted(signin.AskedBy{App: "Portal", Key: true}), Lead: ui.Say("enrol_choose"), Kinds: []choice{
			{"passkey", "/login/enrol" + attempt + "&by=passkey", ui.Say("kind_passkey"), ui.Say("kind_passkey_help")},
		}},
		"enrol-app": enrolPage{
			Who: "ada@acme.example", Title: ui.Say("enrol_app_title"), Lead: ui.Say("enrol_app"), Form: form("", nil), Others: []ui.Button{{Word: ui.Say("choose_other"), Icon: "back", Path: "/login/enrol" + attempt}},
			App: &appOffer{
				QR:   picture(otp.Picture{Size: 33, Path: "M4 4h7v1h-7z"}),
				Copy: ui.Copy{ID: "secret", Label: ui.Say("app_secret"), Value: "GEZD GNBV"}, URI: "otpauth://totp/Acme:ada%40acme.example?secret=GEZDGNBV",
			},
		},
		"enrol-passkey": enrolPage{Who: "ada@acme.example", Title: ui.Say("enrol_passkey_title"), Lead: ui.Say("enrol_passkey"), Ask: &creation},
		"enrol-number": enrolPage{Who: "ada@acme.example", Title: ui.Say("enrol_sms_title"), Lead: ui.Say("enrol_sms"), Number: &numberForm{
			Action: numberPath + attempt, Submit: ui.Submit{Word: ui.Say("send_code")},
			Number: ui.Input{Name: "number", Label: ui.Say("number"), Help: ui.Say("number_help"), Type: "tel", Complete: "tel", Value: "0151", Problem: "phone_form", Max: 40, Focus: true},
		}},
		"codes": codesPage{Codes: []string{"0123-4567-89AB-CDEF", "1123-4567-89AB-CDEF"}, Download: codesPath, Continue: "/login/continue" + attempt},
	} {
		pages[name] = webtest.Specimen{Page: page}
	}
	email := sso.StoredEmail("ada@acme.example")
	first := firstPageOf("att_1", "Ada <Lovelace>", email, "Acme & Okta")
	first.Passkey = &quiet
	again1st := firstPageOf("att_1", "", email, "Acme Okta")
	again1st.Password.Problem, again1st.Name.Value = "password_wrong", `ada"<b>`
	pages["first"], pages["first-problem"] = webtest.Specimen{Page: first}, webtest.Specimen{Page: again1st}
	pages["break-glass"] = webtest.Specimen{Page: glassPageOf("", "", "")}
	pages["break-glass-problem"] = webtest.Specimen{Page: glassPageOf("att_1", "olga@acme.example", "break_glass_wrong")}
	pages["organization"] = webtest.Specimen{Page: organizationPage{
		Action: choosePath + attempt, Who: "ada@acme.example", Choices: []organizationChoice{{"org_1", "acme", ui.As("Acme")}, {"org_2", "acme-2", ui.As("Acme")}, {"org_3", "", ui.As("Acme <EMEA>")}},
	}}
	pages["organization-on"] = webtest.Specimen{Page: organizationPage{
		Action: choosePath + attempt, Who: "ada@acme.example", NotYou: emailPath + attempt,
		Choices: []organizationChoice{{"org_1", "", ui.Say("go_on_in", "Who", "Ada Lovelace", "Organization", "Acme")}},
	}}
	pages["organization-many"] = webtest.Specimen{Page: organizationPage{
		Action: choosePath + attempt, Who: "ada@acme.example", Search: &organizationSearch{choosePath, "att_1", `a"c`}, Note: ui.Count("organizations_more", 7),
		Choices: []organizationChoice{{"org_1", "", ui.As("Acme")}},
	}}
	pages["leave-ask"] = webtest.Specimen{Page: leavePage{Action: "/oauth2/logout/confirm", Request: `state="a"&client_id=portal`, App: "Portal <b>", Stay: accountPath}}
	pages["leave-ask-nobody"] = webtest.Specimen{Page: leavePage{Action: "/oauth2/logout/confirm", Stay: accountPath}}
	webtest.Pages{Set: Pages(), Specimens: pages, Composed: []string{"by_", "kind_"}}.Check(t)
}
