package sso

import (
	"slices"
	"strings"
)

// EventFields lists what the audit list calls settings that have changed, and
// what it tells beside an event, as [EventField] returns it: each with the words
// of ours that it may hold. One without any holds names, numbers and what people
// have written.
func EventFields() map[string][]string {
	yesNo := []string{"true", "false"}
	roles := []string{"owner", "admin", "member", "restricted"}
	all := map[string][]string{
		"password":                       {"set", "true", "false"},
		"password_hash":                  {"set", "another"},
		"role":                           roles,
		"state":                          {"active", "disabled", "draft", "tested", "in_review", "verified", "lapsed", "enabled", "failed", "suspended", "deleted"},
		"sso":                            {"off", "optional", "required", "pilot", "true", "false"},
		"mfa":                            {"off", "optional", "owners", "required"},
		"mfa_after_sso":                  {"trust", "ask"},
		"managed":                        yesNo,
		"first_sign_in":                  {"create", "ask", "match", "invited"},
		"sign_requests":                  {"auto", "always", "never"},
		"wants_signed":                   yesNo,
		"idp_initiated":                  yesNo,
		"force_authn":                    yesNo,
		"encryption":                     {"off", "accepted", "required"},
		"logout":                         yesNo,
		"request_binding":                {"auto", "redirect", "post"},
		"shared_acs":                     yesNo,
		"identity_provider.wants_signed": yesNo,
		"defaults.role":                  roles,
		"defaults.keep_profile":          yesNo,
		"defaults.mapping.on":            yesNo,
		"proof":                          {"dns", "vouched"},
		"vouched":                        yesNo,
		"kind":                           {"web", "spa", "native", "machine", "totp", "sms", "passkey", "http", "syslog-tls", "syslog-tcp", "syslog-udp", "subject", "candidates", "address", "provider", "domain", "deleted"},
		"disabled":                       yesNo,
		"auth_method":                    {"secret", "none", "private_key_jwt"},
		"public":                         yesNo,
		"client_secret_hashes":           {"set", "another"},
		"secret_file":                    {"set", "another"},
		"require_par":                    yesNo,
		"dpop":                           yesNo,
		"pkce_optional":                  yesNo,
		"allowed_roles":                  roles,
		"claims.role":                    {"always", "never"},
		"claims.groups":                  {"scope", "always", "never"},
		"claims.names":                   {"scope", "always", "never"},
		"scope":                          {"sso", "domains"},
		"held":                           yesNo,
		"key_state":                      {"next", "current", "retired"},
		"again":                          {"yes"},
		"by":                             {"apply", "operator add"},
		"channel":                        {"mail", "sms"},
		"method":                         {"password", "passkey", "sso", "break_glass", "test", "logout"},
		"sessions":                       {"end", "at", "stay"},
		"taken":                          {"true"},
		"what":                           {"profile", "all others"},
		"with":                           {"others"},
	}
	for _, name := range strings.Fields(`
		username email first_name last_name language groups name description key parent entitlements entitlement plan brand.name brand.accent
		brand.logo pilot local_until pause exempt ip_allow inactive_after session_idle session_life protocol vendor certificates certificate
		idp_entity_id entity_id endpoints logout_to sp_entity_id nameid_format legacy metadata_url identity_provider.entity_id
		identity_provider.sign_on identity_provider.logout identity_provider.certificates identity_provider.metadata_url defaults.groups
		defaults.organizations defaults.mapping defaults.mapping.rows attributes attributes.subject attributes.email attributes.first_name
		attributes.last_name attributes.username attributes.groups connection client_id secret jwks jwks_uri grant_types scopes redirect_uris
		post_logout_redirect_uris backchannel_logout_uri login_url id_token_alg allowed_organizations required_entitlement claims.role_claim
		claims.groups_claim note until url types events target organization organizations ca user about actor address asserted both_until
		bundle changed code conflict days done event failed failures fields file format from hours import invitation last_active left links mail
		member members new people reason reference rows sent session since skipped to user_agent why`) {
		all[name] = nil
	}
	return all
}

// EventField returns the name of a setting without that of the part of a thing
// that it belongs to, where its own is telling enough: the same setting is
// called "saml.logout" where it is stored, and "logout" in a file.
func EventField(name string) string {
	name = strings.TrimPrefix(name, "policy.")
	return strings.TrimPrefix(name, "saml.")
}

// KeyField is the field by which the state of a key is said: events about keys
// ([Event.Noun] "key") name the key in place of a setting.
const KeyField = "key_state"

// ToldAlready reports whether what stands beside an event under a name is told by
// its changes as well.
func (e *Event) ToldAlready(name string) bool {
	if len(e.Changes) == 0 {
		return false
	}
	for _, end := range []string{"_before", "_after", " before", " after"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "changed" || name == "fields" || slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Field == name })
}
