package sso_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

func webApp() sso.App {
	return sso.App{ID: "app_portal", Key: "portal", Name: "Portal", ClientID: "portal", Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/cb"}}
}

func TestAppAdmits(t *testing.T) {
	t.Parallel()
	acme := sso.Organization{ID: "org_acme", Key: "acme", Path: []sso.OrgID{"org_acme"}, Entitlements: []sso.Entitlement{sso.EntitledSCIM}}
	emea := sso.Organization{ID: "org_emea", Key: "acme-emea", Path: []sso.OrgID{"org_acme", "org_emea"}}
	globex := sso.Organization{ID: "org_globex", Key: "globex", Path: []sso.OrgID{"org_globex"}}
	in := func(o sso.Organization, r sso.Role) *sso.Person {
		return &sso.Person{Org: o, Membership: sso.Membership{Org: o.ID, Role: r}}
	}
	for name, tc := range map[string]struct {
		app     func(*sso.App)
		who     *sso.Person
		above   []sso.Organization
		refused string // "": admitted
	}{
		"no rule":                                    {func(*sso.App) {}, in(globex, sso.RoleRestricted), nil, ""},
		"switched off":                               {func(a *sso.App) { a.Disabled = true }, in(acme, sso.RoleOwner), nil, "app_disabled"},
		"an organization of the list":                {func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_x", "org_acme"} }, in(acme, sso.RoleMember), nil, ""},
		"below one of the list":                      {func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_acme"} }, in(emea, sso.RoleMember), nil, ""},
		"above one of the list":                      {func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_emea"} }, in(acme, sso.RoleOwner), nil, "app_organization"},
		"another organization":                       {func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_acme"} }, in(globex, sso.RoleOwner), nil, "app_organization"},
		"entitled":                                   {func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM }, in(acme, sso.RoleMember), nil, ""},
		"entitled from above":                        {func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM }, in(emea, sso.RoleMember), []sso.Organization{acme}, ""},
		"not entitled, nor above":                    {func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSSO }, in(emea, sso.RoleOwner), []sso.Organization{acme}, "app_entitlement"},
		"what is above was not asked":                {func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM }, in(emea, sso.RoleOwner), nil, "app_entitlement"},
		"another organization's entitlement":         {func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM }, in(globex, sso.RoleOwner), []sso.Organization{acme}, "app_entitlement"},
		"a role of the list":                         {func(a *sso.App) { a.AllowedRoles = []sso.Role{"auditor", sso.RoleAdmin} }, in(acme, "auditor"), nil, ""},
		"another role, also one that may do more":    {func(a *sso.App) { a.AllowedRoles = []sso.Role{"auditor", sso.RoleAdmin} }, in(acme, sso.RoleOwner), nil, "app_role"},
		"the role fits, the organization does not":   {func(a *sso.App) { a.AllowedOrgs, a.AllowedRoles = []sso.OrgID{"org_x"}, []sso.Role{sso.RoleOwner} }, in(acme, sso.RoleOwner), nil, "app_organization"},
		"the organization fits, the role does not":   {func(a *sso.App) { a.AllowedOrgs, a.AllowedRoles = []sso.OrgID{"org_acme"}, []sso.Role{sso.RoleAdmin} }, in(acme, sso.RoleMember), nil, "app_role"},
		"switched off, whoever it would let in else": {func(a *sso.App) { a.Disabled, a.AllowedOrgs = true, []sso.OrgID{"org_acme"} }, in(acme, sso.RoleMember), nil, "app_disabled"},
	} {
		a := webApp()
		tc.app(&a)
		if err := a.Admits(tc.who, tc.above); (err == nil) != (tc.refused == "") || err != nil && !fault.Is(err, tc.refused) {
			t.Errorf("%s: Admits() = %v, want %q", name, err, tc.refused)
		}
	}
	a := webApp()
	a.RequiredEntitlement = sso.EntitledSCIM
	if a.AsksAbove(&acme) || a.AsksAbove(&globex) || !a.AsksAbove(&emea) {
		t.Error("what is above is asked of the entitled, or of who has nobody above, or not of the others")
	}
}

func TestAppCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		app     func(*sso.App)
		refused string // "": kept
	}{
		"a web app":    {func(*sso.App) {}, ""},
		"a native one": {func(a *sso.App) { a.Kind, a.AuthMethod = sso.AppNative, sso.AuthNone }, ""},
		"a machine": {func(a *sso.App) {
			a.Kind, a.GrantTypes, a.RedirectURIs = sso.AppMachine, []sso.GrantType{sso.GrantClientCredentials}, nil
		}, ""},
		"a command line": {func(a *sso.App) {
			a.AuthMethod, a.GrantTypes, a.RedirectURIs = sso.AuthNone, []sso.GrantType{sso.GrantDevice, sso.GrantRefresh}, nil
		}, ""},
		"keys of its own": {func(a *sso.App) { a.AuthMethod, a.JWKSURI = sso.AuthPrivateKeyJWT, "https://app.example/jwks" }, ""},
		"claims of its own": {func(a *sso.App) {
			a.Claims = sso.AppClaims{RoleClaim: "role", GroupsClaim: "https://app.example/groups"}
		}, ""},

		"no kind": {func(a *sso.App) { a.Kind = "" }, "app_settings"},
		"a public machine": {func(a *sso.App) {
			a.AuthMethod, a.GrantTypes = sso.AuthNone, []sso.GrantType{sso.GrantClientCredentials}
		}, "app_grant_types"},
		"a grant type that is none":            {func(a *sso.App) { a.GrantTypes = []sso.GrantType{"password"} }, "app_grant_types"},
		"refresh tokens of nothing":            {func(a *sso.App) { a.GrantTypes = []sso.GrantType{sso.GrantRefresh} }, "app_grant_types"},
		"codes that go nowhere":                {func(a *sso.App) { a.RedirectURIs = nil }, "app_redirect_uri"},
		"too many addresses":                   {func(a *sso.App) { a.RedirectURIs = make([]string, sso.MaxRedirectURIs+1) }, "app_redirect_uri"},
		"too many addresses after signing out": {func(a *sso.App) { a.PostLogoutRedirectURIs = make([]string, sso.MaxLogoutURIs+1) }, "app_redirect_uri"},
		"keys and no word of them":             {func(a *sso.App) { a.JWKS = "{}" }, "app_keys"},
		"a proof by keys without keys":         {func(a *sso.App) { a.AuthMethod = sso.AuthPrivateKeyJWT }, "app_keys"},
		"keys from two places": {func(a *sso.App) {
			a.AuthMethod, a.JWKS, a.JWKSURI = sso.AuthPrivateKeyJWT, "{}", "https://app.example/jwks"
		}, "app_keys"},
		"a public app with a secret":        {func(a *sso.App) { a.AuthMethod, a.Secrets = sso.AuthNone, make([]sso.AppSecret, 1) }, "app_settings"},
		"a proof that is none":              {func(a *sso.App) { a.AuthMethod = "tls" }, "app_settings"},
		"an unsigned token":                 {func(a *sso.App) { a.IDTokenAlg = "none" }, "app_settings"},
		"an entitlement that is none":       {func(a *sso.App) { a.RequiredEntitlement = "everything" }, "app_settings"},
		"a claim that is the subject":       {func(a *sso.App) { a.Claims.RoleClaim = "sub" }, "app_claim_name"},
		"a claim that is the address":       {func(a *sso.App) { a.Claims.GroupsClaim = "email" }, "app_claim_name"},
		"a claim with a quotation mark":     {func(a *sso.App) { a.Claims.GroupsClaim = `x"y` }, "app_claim_name"},
		"a claim with a space":              {func(a *sso.App) { a.Claims.GroupsClaim = "my groups" }, "app_claim_name"},
		"one claim for two things":          {func(a *sso.App) { a.Claims = sso.AppClaims{RoleClaim: "x", GroupsClaim: "x"} }, "app_claim_name"},
		"a claim longer than all others":    {func(a *sso.App) { a.Claims.RoleClaim = strings.Repeat("x", 201) }, "app_claim_name"},
		"more organizations than are asked": {func(a *sso.App) { a.AllowedOrgs = make([]sso.OrgID, sso.MaxAllowedOrgs+1) }, "app_settings"},
	} {
		a := webApp()
		tc.app(&a)
		if err := a.Check(); (err == nil) != (tc.refused == "") || err != nil && !fault.Is(err, tc.refused) {
			t.Errorf("%s: Check() = %v, want %q", name, err, tc.refused)
		}
	}
}

func TestAppSecrets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	a := webApp()
	text := secret.NewToken()
	if err := a.MayAddSecret(); err != nil {
		t.Error(err)
	}
	first := sso.NewAppSecret(text, "usr_x", now)
	if plain := text.Reveal(); first.Hint != plain[len(plain)-4:] || first.CreatedBy != "usr_x" || first.CreatedAt != now {
		t.Errorf("NewAppSecret() = %+v", first)
	}
	a.Secrets = []sso.AppSecret{first, sso.NewAppSecret(secret.NewToken(), "usr_x", now)}
	if err := a.MayAddSecret(); !fault.Is(err, "app_secrets_full") {
		t.Errorf("MayAddSecret() of a third = %v", err)
	}
	if s, ok := a.SecretOf(text.Sum()); !ok || s != first {
		t.Errorf("SecretOf() = %+v, %v, want the first", s, ok)
	}
	if _, ok := a.SecretOf(secret.NewToken().Sum()); ok {
		t.Error("any secret is good")
	}
	// Somebody else's tool may have made the hash, of a secret that looks like a token of ours.
	chosen := strings.Repeat("k", 47)
	if got, want := sso.NewAppSecret(secret.ParseToken(chosen), "usr_x", now).Hash, sha256.Sum256([]byte(chosen)); got != want {
		t.Errorf("the hash of a secret of 47 characters is %x, want its SHA-256 %x", got, want)
	}
	for method, code := range map[sso.AppAuth]string{sso.AuthNone: "app_secret_none", sso.AuthPrivateKeyJWT: "app_secret_none"} {
		b := webApp()
		b.AuthMethod = method
		if err := b.MayAddSecret(); !fault.Is(err, code) {
			t.Errorf("MayAddSecret() with %s = %v", method, err)
		}
	}
}

func TestAppsThatSayNothingMaySignPeopleInAndStay(t *testing.T) {
	t.Parallel()
	a := webApp()
	for _, g := range sso.GrantTypes() {
		if want := g == sso.GrantCode || g == sso.GrantRefresh; a.Grants(g) != want {
			t.Errorf("Grants(%s) = %v, want %v", g, !want, want)
		}
	}
	a.GrantTypes = []sso.GrantType{sso.GrantDevice}
	if !a.Grants(sso.GrantDevice) || a.Grants(sso.GrantCode) {
		t.Error("the list does not say what is granted")
	}
	if a.SignedBy() != sso.AlgES256 {
		t.Errorf("SignedBy() = %s", a.SignedBy())
	}
}
