package idp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
)

func ids(found []idp.Explanation) []string {
	var list []string
	for _, e := range found {
		list = append(list, e.ID)
	}
	return list
}

// What people paste is a code, a sentence, a page or its address.
func TestExplain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		at   idp.ID
		want []string
	}{
		"a code":              {"AADSTS50105", "entra-id", []string{"entra_50105"}},
		"in small letters":    {"aadsts50105", "entra-id", []string{"entra_50105"}},
		"its digits":          {" 50105 ", "", []string{"entra_50105"}},
		"a whole page":        {"Sign in\nSorry, but we’re having trouble signing you in.\n\nAADSTS50011: The reply URL specified in the request does not match the reply URLs configured for the application.\nRequest Id: 0f1e\nTimestamp: 2026-03-02", "entra-id", []string{"entra_50011"}},
		"an address":          {"https://login.microsoftonline.com/x?error=access_denied&error_description=AADSTS75011%3A+The+authentication+method", "", []string{"entra_75011"}},
		"two codes":           {"AADSTS50011 and before AADSTS700016", "entra-id", []string{"entra_50011", "entra_700016"}},
		"a longer code":       {"AADSTS750119", "entra-id", []string{"entra_other"}},
		"without the request": {"AADSTS750054: SAMLRequest or SAMLResponse must be present as query string parameters in HTTP request for SAML Redirect binding.", "entra-id", []string{"entra_750054"}},
		"not signed":          {"AADSTS76021: The request sent by client is not signed while the application requires signed requests.", "entra-id", []string{"entra_76021"}},
		"a code of Microsoft's at another vendor": {"AADSTS50105: not assigned", "okta", []string{"entra_50105"}},

		"Google":                    {"Error: app_not_configured_for_user\nService is not configured for this user.", "google-workspace", []string{"google_app_not_configured_for_user"}},
		"Google, the shorter code":  {"403. That’s an error. app_not_configured", "google-workspace", []string{"google_app_not_configured"}},
		"Okta":                      {"User is not assigned to this application: App Not Assigned", "okta", []string{"okta_not_assigned"}},
		"Okta behind something":     {"GENERAL_NONSUCCESS", "okta", []string{"okta_general_nonsuccess"}},
		"AD FS":                     {"MSIS7007: The requested relying party trust 'https://sso.example' is unspecified or unsupported.", "adfs", []string{"adfs_unknown_party"}},
		"an event of AD FS":         {"Log Name: AD FS/Admin\nEvent ID: 321\nThe SAML authentication request had a NameID Policy that could not be satisfied.", "adfs", []string{"adfs_nameid_policy"}},
		"the same in German":        {"Ereignis-ID: 364", "adfs", []string{"adfs_wrapper"}},
		"the page of AD FS":         {"An error occurred. Contact your administrator for more information. Activity ID: 00000000-0000-0000-0d00-0080000000e1", "adfs", []string{"adfs_activity"}},
		"another code of AD FS":     {"MSIS9999", "adfs", []string{"adfs_other"}},
		"AWS":                       {"Something went wrong. It’s not you, it’s us.", "aws-iam-identity-center", []string{"aws_subject"}},
		"the words of AWS at Okta":  {"Something went wrong", "okta", nil},
		"the words of AWS, nowhere": {"Something went wrong", idp.Generic, []string{"aws_subject"}},
		"SAP":                       {"Identity Provider cannot process the request because the configuration is incorrect.", "sap-ias", []string{"sap_configuration"}},
		"Keycloak":                  {"We are sorry... Invalid requester", "keycloak", []string{"keycloak_invalid_requester"}},
		"OneLogin":                  {"Invalid Consumer URL", "onelogin", []string{"onelogin_consumer_url"}},
		"PingOne":                   {"Application not found", "pingone", []string{"pingone_disabled"}},
		"JumpCloud":                 {"Access Denied", "jumpcloud", []string{"jumpcloud_denied"}},
		"Shibboleth":                {"Web Login Service - Unsupported Request", "shibboleth", []string{"shibboleth_unsupported"}},
		"Cloudflare":                {"That account does not have access.", "cloudflare-access", []string{"cloudflare_no_policy"}},

		"a status":           {"urn:oasis:names:tc:SAML:2.0:status:Responder", "okta", []string{"saml_responder"}},
		"a nested status":    {"urn:oasis:names:tc:SAML:2.0:status:Responder urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "okta", []string{"saml_request_denied"}},
		"a status alone":     {"InvalidNameIDPolicy", "okta", []string{"saml_invalid_nameid_policy"}},
		"XML":                {`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"/>`, "", []string{"saml_no_authn_context"}},
		"XML, escaped":       {`&lt;samlp:StatusCode Value=&quot;urn:oasis:names:tc:SAML:2.0:status:NoPassive&quot;/&gt;`, "", []string{"saml_no_passive"}},
		"a status with text": {"urn:oasis:names:tc:SAML:2.0:status:Responder AADSTS501241: Mandatory Input 'mail' missing", "entra-id", []string{"entra_501241", "saml_responder"}},

		"nothing that is known": {"The quick brown fox", "okta", nil},
		"nothing":               {"", "", nil},
		"a word like a status":  {"the requester has succeeded", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := idp.Explain(tc.text, tc.at)
			if got := ids(found); !slices.Equal(got, tc.want) {
				t.Fatalf("Explain(%q, %s) = %q, want %q", tc.text, tc.at, got, tc.want)
			}
			for _, e := range found {
				if e.Title.IsZero() || e.Cause.IsZero() || e.Remedy.IsZero() || e.Vendor == nil || e.Matched == "" {
					t.Errorf("%s is not whole: %+v", e.ID, e)
				}
				if strings.Contains(e.Link, "{") {
					t.Errorf("%s leads to %s", e.ID, e.Link)
				}
			}
		})
	}
}

func TestExplainSaysWhoseSideAndWhere(t *testing.T) {
	t.Parallel()
	found := idp.Explain("AADSTS50105: Your administrator has configured the application", "entra-id")
	if len(found) != 1 {
		t.Fatalf("Explain = %q, want one", ids(found))
	}
	e := found[0]
	if e.Side != fault.IdPSide || !slices.Equal(e.Path, []idp.Click{"Enterprise apps", "{application}", "Users and groups", "Add user/group"}) {
		t.Errorf("side %s, path %q", e.Side, e.Path)
	}
	if e.Link != "https://login.microsoftonline.com/error?code=50105" || e.Matched != "AADSTS50105" {
		t.Errorf("link %s, matched %q", e.Link, e.Matched)
	}
	if !slices.Contains(e.Problems, "not_assigned") || !slices.Contains(e.Faults, "saml_status") {
		t.Errorf("problems %q, codes %q", e.Problems, e.Faults)
	}
	if own := e.Path[1]; own.IsLabel() || own.In("en") != "your application" || own.In("de") != "Ihre Anwendung" || !e.Path[0].IsLabel() || e.Path[0].In("de") != "Enterprise apps" {
		t.Errorf("the way is %q in English, %q in German", own.In("en"), own.In("de"))
	}
	if found := idp.Explain("AADSTS16003", ""); len(found) != 1 || found[0].Link != "https://login.microsoftonline.com/error?code=16003" {
		t.Errorf("an unknown code is explained by %+v, want Microsoft's page about it", found)
	}
}

// A text may be as long and as strange as it likes; what was recognised stood
// in it, and no answer comes twice.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{"AADSTS50105", "Event ID: 364", "status:Responder", "%41ADSTS50011", "&amp;", "İ AADSTS50011", "MSIS", "\xff50105"} {
		f.Add(s, "entra-id")
	}
	f.Fuzz(func(t *testing.T, text, at string) {
		found := idp.Explain(text, idp.ID(at))
		seen := map[string]bool{}
		for _, e := range found {
			if e.Matched == "" || len(e.Matched) > len(text)+len("AADSTS") || seen[e.ID] {
				t.Errorf("Explain(%q) = %s by %q, seen before: %v", text, e.ID, e.Matched, seen[e.ID])
			}
			seen[e.ID] = true
		}
	})
}

// A refusal of ours leads to the field of this very console.
func TestForCode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		at   idp.ID
		code string
		side fault.Side
		path idp.Click // the last one
		says string    // in remedy or hint
	}{
		{"entra-id", "saml_audience", fault.IdPSide, "Edit", "**Identifier (Entity ID)** to {sp_entity_id}"},
		{"okta", "saml_audience", fault.IdPSide, "Configure SAML", "**Audience URI (SP Entity ID)** to {sp_entity_id}"},
		{"google-workspace", "saml_audience", fault.IdPSide, "Service provider details", "Start URL"},
		{"onelogin", "saml_recipient", fault.IdPSide, "Configuration", "**Recipient** is a field of its own"},
		{"keycloak", "saml_recipient", fault.IdPSide, "Settings", "**Master SAML Processing URL** to {acs_url}"},
		{"adfs", "saml_nameid", fault.IdPSide, "Transform an Incoming Claim", "The second rule is missing"},
		{"shibboleth", "saml_nameid", fault.IdPSide, "conf/relying-party.xml", "subject-id"},
		{"okta", "ident_email_missing", fault.IdPSide, "Attribute Statements", "`user.email`"},
		{"entra-id", "ident_email_missing", fault.IdPSide, "Edit", "**user.mail**"},
		{"onelogin", "sig_alg", fault.IdPSide, "SAML Signature Algorithm", "SHA-256"},
		{"adfs", "sig_value", fault.IdPSide, "Token-signing", "renews its certificate by itself"},
		{"google-workspace", "sig_value", fault.IdPSide, "Download metadata", ""},
		{"rippling", "saml_irt", fault.PersonSide, "Disable InResponseTo field in assertions for IdP initiated SSO", "made-up InResponseTo"},
		{"entra-id", "saml_irt", fault.PersonSide, "Sign on URL (Optional)", "{login_url}"},
		{"lastpass", "sig_missing", fault.IdPSide, "Signing and encryption", "Sign assertion"},
		{"entra-id", "sig_key", fault.AdminSide, "App Federation Metadata Url", "metadata"},
		{"aws-iam-identity-center", "saml_nameid", fault.IdPSide, "Subject", "${user:email}"},
		{idp.Generic, "saml_audience", fault.IdPSide, "", "**Audience (Entity ID)** to {sp_entity_id}"},
		{"no-such-vendor", "saml_audience", fault.IdPSide, "", "**Audience (Entity ID)** to {sp_entity_id}"},
	} {
		e, ok := idp.ForCode(tc.at, tc.code)
		if !ok || e.Side != tc.side {
			t.Errorf("ForCode(%s, %s) = %t, side %s, want %s", tc.at, tc.code, ok, e.Side, tc.side)
			continue
		}
		last := idp.Click("")
		if len(e.Path) > 0 {
			last = e.Path[len(e.Path)-1]
		}
		if said := e.Remedy.English + " " + e.Hint.English; last != tc.path || !strings.Contains(said, tc.says) {
			t.Errorf("ForCode(%s, %s) leads to %q and says %q, want %q and %q", tc.at, tc.code, last, said, tc.path, tc.says)
		}
	}
	if _, ok := idp.ForCode("okta", "password_wrong"); ok {
		t.Error("ForCode explains a wrong password, with which no identity provider has to do")
	}
}

// No text is left with a placeholder that nothing fills.
func TestNoLabelIsLeftOpen(t *testing.T) {
	t.Parallel()
	for _, v := range idp.All() {
		for _, e := range idp.Problems(v.ID) {
			for _, code := range e.Faults {
				if forCode, ok := idp.ForCode(v.ID, code); ok {
					e.Hint.English += forCode.Remedy.English + forCode.Hint.English
				}
			}
			if said := e.Cause.English + e.Remedy.English + e.Hint.English; strings.Contains(said, "{label:") || strings.Contains(said, "****") {
				t.Errorf("%s at %s: %q", e.ID, v.ID, said)
			}
		}
	}
}

// The problems that come up again and again each have an explanation, a side,
// and a way into the console where the console can mend it.
func TestRecurringProblems(t *testing.T) {
	t.Parallel()
	want := []struct {
		id    idp.ProblemID
		side  fault.Side
		code  string // a refusal of ours by which it shows
		paste string // what an administrator pastes of it
	}{
		{"meaningless_error", fault.IdPSide, "saml_status", "urn:oasis:names:tc:SAML:2.0:status:Responder"},
		{"nameid", fault.IdPSide, "saml_nameid", "InvalidNameIDPolicy"},
		{"upn_for_mail", fault.IdPSide, "ident_email_mismatch", ""},
		{"certificate_changed", fault.IdPSide, "sig_value", ""},
		{"several_certificates", fault.IdPSide, "sig_value", ""},
		{"entity_id_twice", fault.IdPSide, "saml_audience", "400 duplicate entity id"},
		{"spn_prefix", fault.IdPSide, "saml_audience", ""},
		{"request_refused", fault.IdPSide, "", "AADSTS750054"},
		{"request_refused", fault.IdPSide, "", "AADSTS76021"},
		{"authn_context_forced", fault.AdminSide, "", "AADSTS75011"},
		{"acs_differs", fault.IdPSide, "saml_recipient", "AADSTS50011"},
		{"audience_mismatch", fault.IdPSide, "saml_audience", "AADSTS700016"},
		{"not_assigned", fault.IdPSide, "saml_status", "AADSTS50105"},
		{"session_too_old", fault.IdPSide, "saml_time", ""},
		{"tile_click", fault.IdPSide, "saml_irt", "AADSTS750054"},
		{"white_space", fault.IdPSide, "saml_audience", ""},
		{"sp_metadata_pasted", fault.AdminSide, "metadata_own", ""},
		{"encryption_one_side", fault.IdPSide, "enc_key", "no encryption key"},
		{"second_account", fault.AdminSide, "ident_conflict", ""},
		{"method_hidden", fault.PersonSide, "policy_sso_required", ""},
		{"locked_out", fault.AdminSide, "policy_sso_required", ""},
		{"loop_without_account", fault.AdminSide, "ident_no_match", ""},
		{"logout_leaves_session", fault.IdPSide, "", "PartialLogout"},
		{"person_recreated", fault.AdminSide, "user_deleted", ""},
		{"domain_proof", fault.AdminSide, "ident_domain", ""},
		{"waiting_for_vendor", fault.OperatorSide, "organization_not_entitled", ""},
	}
	var named []string
	for _, p := range idp.Problems("entra-id") {
		named = append(named, p.ID)
	}
	if len(named) != 25 {
		t.Errorf("there are %d recurring problems, want 25: %q", len(named), named)
	}
	for _, w := range want {
		p, ok := idp.ForProblem("entra-id", w.id)
		if !ok || p.Side != w.side {
			t.Errorf("ForProblem(%s) = %t, side %s, want %s", w.id, ok, p.Side, w.side)
		}
		if p.Side == fault.IdPSide && len(p.Path) == 0 {
			t.Errorf("%s is mended at the identity provider, and no way leads there", w.id)
		}
		if e, ok := idp.ForCode("entra-id", w.code); w.code != "" && (!ok || !slices.Contains(e.Problems, w.id)) {
			t.Errorf("%s is no case of %s, but of %q", w.code, w.id, e.Problems)
		}
		if w.paste != "" && !slices.ContainsFunc(idp.Explain(w.paste, ""), func(e idp.Explanation) bool { return slices.Contains(e.Problems, w.id) }) {
			t.Errorf("%q is not explained as %s: %q", w.paste, w.id, ids(idp.Explain(w.paste, "")))
		}
		named = slices.DeleteFunc(named, func(id string) bool { return id == string(w.id) })
	}
	if len(named) > 0 {
		t.Errorf("problems that are not tried: %q", named)
	}
}
