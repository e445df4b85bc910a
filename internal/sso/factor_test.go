package sso_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestTheStrictestDemandForASecondFactorHolds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		line []sso.MFADemand
		want sso.MFADemand
	}{
		"nobody says anything":            {[]sso.MFADemand{"", ""}, sso.MFAOptional},
		"below nothing is loosened":       {[]sso.MFADemand{sso.MFARequired, sso.MFAOff}, sso.MFARequired},
		"below more may be demanded":      {[]sso.MFADemand{sso.MFAOff, sso.MFAOwners}, sso.MFAOwners},
		"off beside who says nothing":     {[]sso.MFADemand{"", sso.MFAOff}, sso.MFAOff},
		"optional is stricter than off":   {[]sso.MFADemand{sso.MFAOptional, sso.MFAOff}, sso.MFAOptional},
		"required is stricter than owner": {[]sso.MFADemand{sso.MFAOwners, sso.MFARequired}, sso.MFARequired},
		"no line at all":                  {nil, sso.MFAOptional},
	} {
		var rules sso.Rules
		for _, d := range tc.line {
			rules = append(rules, sso.Policy{MFA: d})
		}
		if got := rules.MFA(); got != tc.want {
			t.Errorf("%s: MFA() = %q, want %q", name, got, tc.want)
		}
	}
}

func TestTheLastFactorStaysWhereOneIsDemanded(t *testing.T) {
	t.Parallel()
	app, key := sso.Factor{ID: "fac_app"}, sso.Factor{ID: "fac_key"}
	one, two := []sso.Factor{app}, []sso.Factor{app, key}
	for name, tc := range map[string]struct {
		factors []sso.Factor
		id      sso.FactorID
		demand  sso.MFADemand
		role    sso.Role
		code    string
	}{
		"the last, demanded":              {one, app.ID, sso.MFARequired, sso.RoleMember, "factor_last"},
		"the last, not demanded":          {one, app.ID, sso.MFAOptional, sso.RoleOwner, ""},
		"one of two, demanded":            {two, app.ID, sso.MFARequired, sso.RoleMember, ""},
		"the last of an owner":            {one, app.ID, sso.MFAOwners, sso.RoleOwner, "factor_last"},
		"the last of a member":            {one, app.ID, sso.MFAOwners, sso.RoleMember, ""},
		"another one's":                   {one, key.ID, sso.MFAOff, sso.RoleMember, "factor_unknown"},
		"another one's, where demanded":   {one, key.ID, sso.MFARequired, sso.RoleMember, "factor_unknown"},
		"of somebody who has none at all": {nil, key.ID, sso.MFAOff, sso.RoleMember, "factor_unknown"},
	} {
		err := sso.MayRemove(tc.factors, tc.id, tc.demand, tc.role)
		if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s: MayRemove() = %v, want %q", name, err, tc.code)
		}
	}
}

func TestNobodyAddsFactorsWithoutEnd(t *testing.T) {
	t.Parallel()
	factors := make([]sso.Factor, sso.MaxFactors)
	if err := sso.MayAdd(factors[1:]); err != nil {
		t.Errorf("MayAdd() beside %d = %v", len(factors)-1, err)
	}
	if err := sso.MayAdd(factors); !fault.Is(err, "factor_many") {
		t.Errorf("MayAdd() beside %d = %v, want factor_many", len(factors), err)
	}
}

func TestAttemptGoesThroughTheSecondFactor(t *testing.T) {
	t.Parallel()
	for want, proof := range map[sso.Step]sso.Proof{
		sso.StepPassword: {},
		sso.StepOrg:      {User: "usr_1", Needs: sso.NeedFactor},
		sso.StepFactor:   {User: "usr_1", Org: "org_1", Needs: sso.NeedFactor},
		sso.StepEnrol:    {User: "usr_1", Org: "org_1", Needs: sso.NeedEnrol},
		sso.StepFinish:   {User: "usr_1", Org: "org_1"},
	} {
		a := sso.Attempt{Method: sso.ByPassword, Proof: proof}
		if got := a.Next(); got != want {
			t.Errorf("%+v: Next() = %s, want %s", proof, got, want)
		}
	}
}

func TestWhatASignInNeedsAboutASecondFactor(t *testing.T) {
	t.Parallel()
	root, other := email(t, "root@acme.example"), email(t, "a@acme.example")
	strict := sso.Policy{SSO: sso.SSORequired, Exempt: []string{"root@acme.example"}}
	ask := sso.Policy{MFA: sso.MFARequired, MFAAfterSSO: sso.SSOFactorAsk}
	password := sso.Entry{Method: sso.ByPassword, Email: other}
	for name, tc := range map[string]struct {
		policy sso.Policy
		asking sso.Asking
		want   sso.Need
	}{
		"nothing is said, and none is there":      {sso.Policy{}, sso.Asking{Entry: password}, ""},
		"nothing is said, and one is there":       {sso.Policy{}, sso.Asking{Entry: password, Has: true}, sso.NeedFactor},
		"off, and one is there":                   {sso.Policy{MFA: sso.MFAOff}, sso.Asking{Entry: password, Has: true}, ""},
		"optional, and one is there":              {sso.Policy{MFA: sso.MFAOptional}, sso.Asking{Entry: password, Has: true}, sso.NeedFactor},
		"required, and none is there":             {sso.Policy{MFA: sso.MFARequired}, sso.Asking{Entry: password}, sso.NeedEnrol},
		"required, and one is there":              {sso.Policy{MFA: sso.MFARequired}, sso.Asking{Entry: password, Has: true}, sso.NeedFactor},
		"required, and it was given":              {sso.Policy{MFA: sso.MFARequired}, sso.Asking{Entry: password, Has: true, Given: true}, ""},
		"of owners, an owner":                     {sso.Policy{MFA: sso.MFAOwners}, sso.Asking{Entry: password, Role: sso.RoleOwner}, sso.NeedEnrol},
		"of owners, an admin":                     {sso.Policy{MFA: sso.MFAOwners}, sso.Asking{Entry: password, Role: sso.RoleAdmin}, ""},
		"of owners, an admin who has one":         {sso.Policy{MFA: sso.MFAOwners}, sso.Asking{Entry: password, Role: sso.RoleAdmin, Has: true}, sso.NeedFactor},
		"the exempt":                              {strict, sso.Asking{Entry: sso.Entry{Method: sso.ByPassword, Email: root}}, sso.NeedEnrol},
		"the exempt, by a passkey alone":          {strict, sso.Asking{Entry: sso.Entry{Method: sso.ByPasskey, Email: root}, Has: true, Given: true}, ""},
		"an owner outside":                        {strict, sso.Asking{Entry: sso.Entry{Method: sso.ByPassword, Email: other, Outside: true}}, ""},
		"by SSO, required":                        {sso.Policy{MFA: sso.MFARequired}, sso.Asking{Entry: sso.Entry{Method: sso.BySSO}, Has: true}, ""},
		"by SSO, asked, and one is there":         {ask, sso.Asking{Entry: sso.Entry{Method: sso.BySSO}, Has: true}, sso.NeedFactor},
		"by SSO, asked, and none is there":        {ask, sso.Asking{Entry: sso.Entry{Method: sso.BySSO}}, sso.NeedEnrol},
		"by SSO, asked of whom the IdP has asked": {ask, sso.Asking{Entry: sso.Entry{Method: sso.BySSO}, Given: true}, ""},
		"by SSO, the exempt":                      {strict, sso.Asking{Entry: sso.Entry{Method: sso.BySSO, Email: root}}, ""},
	} {
		if got := (sso.Rules{tc.policy, {}}).Need(tc.asking); got != tc.want {
			t.Errorf("%s: Need() = %q, want %q", name, got, tc.want)
		}
	}
}

func TestIdentityProvidersSayThatTheyAskedForMore(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]bool{
		"https://refeds.org/profile/mfa":                                    true,
		"http://schemas.microsoft.com/claims/multipleauthn":                 true,
		"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport": false,
		"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified":                false,
		"http://schemas.microsoft.com/claims/multipleauthn?x":               false,
		"": false,
	} {
		if got := sso.MultiFactor("x", says); got != want {
			t.Errorf("MultiFactor(%q) = %v, want %v", says, got, want)
		}
	}
}
