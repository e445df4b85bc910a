package sso

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Settings returns what the audit list says of an app: by the names of the
// configuration file: all but its secrets, and nothing of what is not set. Its keys
// are told by a hash, and its logo is one.
func (a *App) Settings() Settings {
	s := Settings{
		{"name", a.Name}, {"client_id", a.ClientID}, {"kind", string(a.Kind)}, {"disabled", strconv.FormatBool(a.Disabled)},
		{"auth_method", string(a.AuthMethod)}, {"jwks", digest(a.JWKS)}, {"jwks_uri", a.JWKSURI}, {"grant_types", words(a.GrantTypes)}, {"scopes", words(a.Scopes)},
		{"redirect_uris", words(a.RedirectURIs)}, {"post_logout_redirect_uris", words(a.PostLogoutRedirectURIs)},
		{"backchannel_logout_uri", a.BackchannelLogoutURI}, {"login_url", a.LoginURL}, {"id_token_alg", string(a.IDTokenAlg)},
		{"require_par", strconv.FormatBool(a.RequirePAR)}, {"dpop", strconv.FormatBool(a.DPoP)}, {"pkce_optional", strconv.FormatBool(a.PKCEOptional)},
		{"allowed_organizations", words(a.AllowedOrgs)}, {"required_entitlement", string(a.RequiredEntitlement)}, {"allowed_roles", words(a.AllowedRoles)},
		{"brand.name", a.Brand.Name}, {"brand.accent", a.Brand.Accent}, {"brand.logo", a.Brand.Logo},
		{"claims.role", string(a.Claims.Role)}, {"claims.groups", string(a.Claims.Groups)}, {"claims.names", string(a.Claims.Names)},
		{"claims.role_claim", a.Claims.RoleClaim}, {"claims.groups_claim", a.Claims.GroupsClaim},
	}
	return slices.DeleteFunc(s, func(x Setting) bool { return x.Value == "" || x.Value == "false" })
}

func words[T ~string](all []T) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// digest names a long text.
func digest(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:8])
}
