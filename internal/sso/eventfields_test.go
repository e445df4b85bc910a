package sso_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Whatever the audit list may say of a thing that has changed is a field that
// pages have a word for.
func TestEverySettingIsAFieldOfTheAuditList(t *testing.T) {
	t.Parallel()
	app := sso.App{
		Name: "x", ClientID: "x", Kind: sso.AppWeb, Disabled: true, AuthMethod: sso.AuthNone, JWKS: "x", JWKSURI: "x", GrantTypes: []sso.GrantType{"x"}, Scopes: []string{"x"},
		RedirectURIs: []string{"x"}, PostLogoutRedirectURIs: []string{"x"}, BackchannelLogoutURI: "x", LoginURL: "x", IDTokenAlg: sso.AlgES256, RequirePAR: true, DPoP: true,
		PKCEOptional: true, AllowedOrgs: []sso.OrgID{"x"}, RequiredEntitlement: sso.EntitledSSO, AllowedRoles: []sso.Role{"x"}, Brand: sso.Brand{Name: "x", Accent: "x", Logo: "x"},
		Claims: sso.AppClaims{Role: "x", Groups: "x", Names: "x", RoleClaim: "x", GroupsClaim: "x"},
	}
	all := slices.Concat(
		app.Settings(), (&sso.Organization{}).Settings(), (&sso.Connection{}).Settings(), (&sso.Domain{}).Settings(), (&sso.Membership{}).Settings(), (&sso.Invitation{}).Settings(),
		(&sso.Group{}).Settings(), (&sso.RoleDefinition{}).Settings(), (&sso.Factor{}).Settings(), (&sso.APIKey{ExpiresAt: time.Unix(1, 0)}).Settings(), (&sso.SetupLink{}).Settings(),
		(&sso.User{}).Settings(), (&sso.Webhook{}).Settings(), (&sso.Stream{}).Settings(),
	)
	for part, v := range map[string]any{"policy": sso.Policy{}, "saml": sso.SAML{}, "defaults": sso.Defaults{}, "attributes": sso.AttributeMap{}} {
		for i := range reflect.TypeOf(v).NumField() {
			if name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ","); name != "-" {
				all = append(all, sso.Setting{Name: part + "." + name})
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("there are only %d settings: the search is broken", len(all))
	}
	fields := sso.EventFields()
	for _, s := range all {
		if _, ok := fields[sso.EventField(s.Name)]; !ok {
			t.Errorf("%s is a setting, and no field of the audit list", s.Name)
		}
	}
}
