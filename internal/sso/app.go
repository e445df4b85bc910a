package sso

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// Limits of an app.
const (
	MaxAppSecrets     = 2 // that are good at once: the one in use, and the one that takes its place
	MaxRedirectURIs   = 50
	MaxLogoutURIs     = 50
	MaxAllowedOrgs    = 200 // beyond that, an entitlement says who may enter
	MaxAllowedRoles   = MaxRoles
	MaxAppScopes      = 50
	MaxAppSigningKeys = 16 << 10 // octets of [App.JWKS]
)

// AppKind says what sort of program an app is. It decides what is proposed for
// it and shown about it; what the app may do is said by its settings alone.
type AppKind string

// The kinds.
const (
	AppWeb     AppKind = "web"     // runs on a server, and keeps a secret
	AppSPA     AppKind = "spa"     // runs in the browser
	AppNative  AppKind = "native"  // runs on somebody's own machine
	AppMachine AppKind = "machine" // acts for nobody
)

// AppKinds lists the kinds.
func AppKinds() []AppKind { return []AppKind{AppWeb, AppSPA, AppNative, AppMachine} }

// AppAuth says how an app proves that it is itself.
type AppAuth string

// The ways. The zero value is the secret: an app that has none yet is nobody.
const (
	AuthSecret        AppAuth = ""
	AuthNone          AppAuth = "none"            // a public client, that PKCE protects
	AuthPrivateKeyJWT AppAuth = "private_key_jwt" // a signature [OIDCCore 9]
)

// GrantType is what an app may ask tokens for.
type GrantType string

// The grant types.
const (
	GrantCode              GrantType = "authorization_code"
	GrantRefresh           GrantType = "refresh_token"
	GrantClientCredentials GrantType = "client_credentials"
	GrantDevice            GrantType = "device_code" // [RFC 8628], where it has a longer name
)

// GrantTypes lists the grant types.
func GrantTypes() []GrantType {
	return []GrantType{GrantCode, GrantRefresh, GrantClientCredentials, GrantDevice}
}

// TokenAlg is an algorithm that signs id tokens.
type TokenAlg string

// The algorithms. RS256 costs twenty times as much; it is for clients that know
// no other.
const (
	AlgES256 TokenAlg = "ES256"
	AlgRS256 TokenAlg = "RS256"
)

// App is a client of our OpenID provider.
type App struct {
	ID       AppID
	Key      string
	Name     string
	ClientID string
	Kind     AppKind
	Disabled bool // gets nothing, and nobody enters it

	AuthMethod AppAuth
	Secrets    []AppSecret // the older one first; read with the app, stored apart
	JWKS       string      // public keys of the app, a JWK Set; or
	JWKSURI    string      // where it publishes them

	GrantTypes             []GrantType // empty: authorization_code and refresh_token
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	BackchannelLogoutURI   string
	LoginURL               string   // where it begins to sign somebody in who came from elsewhere [OIDC 4]; "": nowhere
	IDTokenAlg             TokenAlg // "": ES256
	Scopes                 []string // what it may do for itself, with client_credentials
	RequirePAR             bool     // authorize requests are pushed first [RFC 9126]
	DPoP                   bool     // tokens are bound to a key of the app's [RFC 9449]
	PKCEOptional           bool     // authorize requests may lack PKCE: of an app that keeps a secret, and knows no better

	// Who may enter: all of these, where they say something.
	AllowedOrgs         []OrgID // with what stands below them
	RequiredEntitlement Entitlement
	AllowedRoles        []Role

	Brand  Brand // of the sign-in pages, before that of an organization
	Claims AppClaims

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64 // counts saves; a save of an older version is refused
}

// AppSecret is a secret of an app, known by the SHA-256 of its text, which somebody
// else may have made and handed in.
type AppSecret struct {
	ID        AppSecretID
	Hash      secret.Hash
	Hint      string // its last characters, by which people tell two apart
	CreatedBy string // as [Event.Actor]
	CreatedAt time.Time
	UsedAt    time.Time // to the hour; zero: never
}

// SecretUse is how exactly it is kept when a secret was last used: every sign-in
// uses one, and none should cost a write more.
const SecretUse = time.Hour

// hintLength is how much of a secret may be shown again. Of one of 32 characters
// 28 are left to guess.
const hintLength = 4

// NewAppSecret returns the secret of this text as it is kept.
func NewAppSecret(text secret.Token, by string, now time.Time) AppSecret {
	plain := text.Reveal()
	return AppSecret{ID: NewAppSecretID(now), Hash: text.Sum(), Hint: plain[max(0, len(plain)-hintLength):], CreatedBy: by, CreatedAt: now}
}

// ClaimWhen says when an app is told something of a person.
type ClaimWhen string

// The answers. The zero value leaves it to the scope that the app asks for; the
// role needs none.
const (
	ClaimByScope ClaimWhen = ""
	ClaimAlways  ClaimWhen = "always"
	ClaimNever   ClaimWhen = "never"
)

// AppClaims says what an app is told of people, in id tokens and userinfo alike.
type AppClaims struct {
	Role   ClaimWhen `json:"role,omitempty"`   // in the organization
	Groups ClaimWhen `json:"groups,omitempty"` // in the organization
	Names  ClaimWhen `json:"names,omitempty"`  // of the person; their address is another matter

	// Claims that say the same once more, as an app wants to find it.
	RoleClaim   string `json:"role_claim,omitempty"`
	GroupsClaim string `json:"groups_claim,omitempty"`
}

// maxClaimName bounds the name of a claim, in octets.
const maxClaimName = 200

// ownClaims are those that mean something already. A claim of an app's own never
// takes the place of one.
var ownClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash", "c_hash", "s_hash",
	"cnf", "act", "may_act", "scope", "client_id", "events", "sub_jwk", "sub_id", "_claim_names", "_claim_sources",
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified", "address",
	"groups", "org", "org_id", "org_key", "roles",
}

// check refuses names of claims that mean something else, or say two things.
func (c *AppClaims) check() error {
	for _, name := range []string{c.RoleClaim, c.GroupsClaim} {
		bad := len(name) > maxClaimName || slices.Contains(ownClaims, name)
		for i := 0; i < len(name) && !bad; i++ {
			bad = name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\'
		}
		if bad {
			return &fault.Error{Kind: fault.Invalid, Code: "app_claim_name", Want: "a name of a claim that means nothing yet, such as role or https://app.example/role", Got: clip(name), Fix: fault.OperatorSide}
		}
	}
	if c.RoleClaim != "" && c.RoleClaim == c.GroupsClaim {
		return &fault.Error{Kind: fault.Invalid, Code: "app_claim_name", Want: "one claim for the role and another for the groups", Got: c.RoleClaim, Fix: fault.OperatorSide}
	}
	return nil
}

// Public reports whether the app keeps no secret of any kind.
func (a *App) Public() bool { return a.AuthMethod == AuthNone }

// Grants reports whether the app may ask tokens for g.
func (a *App) Grants(g GrantType) bool {
	if len(a.GrantTypes) == 0 {
		return g == GrantCode || g == GrantRefresh
	}
	return slices.Contains(a.GrantTypes, g)
}

// SignedBy returns the algorithm that signs the app's id tokens.
func (a *App) SignedBy() TokenAlg { return cmp.Or(a.IDTokenAlg, AlgES256) }

// SecretOf returns the secret of the app that has this hash.
func (a *App) SecretOf(h secret.Hash) (AppSecret, bool) {
	for i := range a.Secrets {
		if a.Secrets[i].Hash.Equal(h) {
			return a.Secrets[i], true
		}
	}
	return AppSecret{}, false
}

// MayAddSecret refuses a secret more than [MaxAppSecrets], and one for an app
// that proves itself in another way.
func (a *App) MayAddSecret() error {
	if a.AuthMethod != AuthSecret {
		return &fault.Error{Kind: fault.Conflict, Code: "app_secret_none", Want: "an app that proves itself by a secret", Got: string(a.AuthMethod), Fix: fault.OperatorSide}
	}
	if len(a.Secrets) >= MaxAppSecrets {
		return &fault.Error{Kind: fault.Conflict, Code: "app_secrets_full", Want: "at most 2 secrets", Got: strconv.Itoa(len(a.Secrets)), Fix: fault.OperatorSide}
	}
	return nil
}

// On refuses an app that is switched off.
func (a *App) On() error {
	if a.Disabled {
		return &fault.Error{Kind: fault.Denied, Code: "app_disabled", Got: a.Key, Fix: fault.OperatorSide}
	}
	return nil
}

// Restricts reports whether [App.Admits] depends on who somebody is.
func (a *App) Restricts() bool {
	return len(a.AllowedOrgs) > 0 || a.RequiredEntitlement != "" || len(a.AllowedRoles) > 0
}

// AsksAbove reports whether [App.Admits] has to know the organizations above
// this one.
func (a *App) AsksAbove(org *Organization) bool {
	return a.RequiredEntitlement != "" && !org.Entitled(a.RequiredEntitlement) && org.Parent() != ""
}

// Admits refuses somebody whom the app does not let in, or an app that is
// switched off. The organizations above theirs are needed where
// [App.AsksAbove] says so: what the vendor has switched on for a customer holds
// for all that stands below it. This is no matter of what a person may do within
// the app, which is for the app.
func (a *App) Admits(p *Person, above []Organization) error {
	if err := a.On(); err != nil {
		return err
	}
	if len(a.AllowedOrgs) > 0 && !slices.ContainsFunc(a.AllowedOrgs, p.Org.Within) {
		return &fault.Error{Kind: fault.Denied, Code: "app_organization", Want: "an organization that may use " + a.Key, Got: p.Org.Key, Fix: fault.OperatorSide}
	}
	if e := a.RequiredEntitlement; e != "" && !p.Org.Entitled(e) && !slices.ContainsFunc(above, func(o Organization) bool { return p.Org.Within(o.ID) && o.Entitled(e) }) {
		return &fault.Error{Kind: fault.Denied, Code: "app_entitlement", Want: string(e), Got: p.Org.Key, Fix: fault.OperatorSide}
	}
	if role := p.Membership.Role; len(a.AllowedRoles) > 0 && !slices.Contains(a.AllowedRoles, role) {
		return &fault.Error{Kind: fault.Denied, Code: "app_role", Want: "a role that may use " + a.Key, Got: string(role), Fix: fault.AdminSide}
	}
	return nil
}

// Check refuses settings of an app that do not go together. What its URIs and
// keys look like is judged elsewhere.
func (a *App) Check() error {
	refuse := func(code, setting, want, got string) error {
		return &WrongSetting{Setting: setting, Err: &fault.Error{Kind: fault.Invalid, Code: code, Want: want, Got: clip(got), Fix: fault.OperatorSide}}
	}
	if !slices.Contains(AppKinds(), a.Kind) {
		return refuse("app_settings", "kind", "web, spa, native or machine", string(a.Kind))
	}
	for _, g := range a.GrantTypes {
		if !slices.Contains(GrantTypes(), g) {
			return refuse("app_grant_types", "grant_types", "authorization_code, refresh_token, client_credentials or device_code", string(g))
		}
	}
	switch {
	case a.Public() && a.PKCEOptional:
		return refuse("app_settings", "pkce_optional", "PKCE, where the app keeps no secret", "pkce_optional")
	case a.Public() && a.Grants(GrantClientCredentials):
		return refuse("app_grant_types", "grant_types", "client_credentials only for an app that proves itself", "none")
	case a.Grants(GrantRefresh) && !a.Grants(GrantCode) && !a.Grants(GrantDevice):
		return refuse("app_grant_types", "grant_types", "refresh_token beside authorization_code or device_code", "refresh_token alone")
	case a.Grants(GrantCode) && (len(a.RedirectURIs) == 0 || len(a.RedirectURIs) > MaxRedirectURIs):
		return refuse("app_redirect_uri", "redirect_uris", "1 to 50 redirect_uris", strconv.Itoa(len(a.RedirectURIs)))
	case len(a.RedirectURIs) > MaxRedirectURIs:
		return refuse("app_redirect_uri", "redirect_uris", "at most 50 redirect_uris", strconv.Itoa(len(a.RedirectURIs)))
	case len(a.PostLogoutRedirectURIs) > MaxLogoutURIs:
		return refuse("app_redirect_uri", "post_logout_redirect_uris", "at most 50 post_logout_redirect_uris", strconv.Itoa(len(a.PostLogoutRedirectURIs)))
	case !slices.Contains([]TokenAlg{"", AlgES256, AlgRS256}, a.IDTokenAlg):
		return refuse("app_settings", "id_token_alg", "ES256 or RS256", string(a.IDTokenAlg))
	case !slices.Contains([]AppAuth{AuthSecret, AuthNone, AuthPrivateKeyJWT}, a.AuthMethod):
		return refuse("app_settings", "auth_method", "a secret, none or private_key_jwt", string(a.AuthMethod))
	case a.AuthMethod == AuthPrivateKeyJWT && (a.JWKS == "") == (a.JWKSURI == ""):
		return refuse("app_keys", "auth_method", "jwks or jwks_uri with private_key_jwt", "both or none")
	case a.AuthMethod != AuthPrivateKeyJWT && (a.JWKS != "" || a.JWKSURI != ""):
		return refuse("app_keys", "auth_method", "no keys without private_key_jwt", string(a.AuthMethod))
	case a.AuthMethod != AuthSecret && len(a.Secrets) > 0:
		return refuse("app_settings", "auth_method", "no secret where the app proves itself in another way", string(a.AuthMethod))
	case len(a.AllowedOrgs) > MaxAllowedOrgs:
		return refuse("app_settings", "allowed_organizations", "at most 200 organizations", strconv.Itoa(len(a.AllowedOrgs)))
	case len(a.AllowedRoles) > MaxAllowedRoles:
		return refuse("app_settings", "allowed_roles", "at most 100 roles", strconv.Itoa(len(a.AllowedRoles)))
	case a.RequiredEntitlement != "" && !slices.Contains(Entitlements(), a.RequiredEntitlement):
		return refuse("app_settings", "required_entitlement", "an entitlement that exists", string(a.RequiredEntitlement))
	}
	if err := checkAppScopes(a.Scopes); err != nil {
		return &WrongSetting{Setting: "scopes", Err: err}
	}
	if err := a.Claims.check(); err != nil {
		return &WrongSetting{Setting: "claims", Err: err}
	}
	return nil
}

// WrongSetting is why an app cannot be kept as it is: one setting, by its name in
// configuration files.
type WrongSetting struct {
	Setting string
	Err     error
}

// Error returns the text for the log.
func (w *WrongSetting) Error() string { return w.Setting + ": " + w.Err.Error() }

// Unwrap returns the fault.
func (w *WrongSetting) Unwrap() error { return w.Err }

// maxAppScope bounds the name of a scope, in octets.
const maxAppScope = 100

// checkAppScopes refuses scopes that no request could name [RFC 6749 3.3].
func checkAppScopes(scopes []string) error {
	bad := len(scopes) > MaxAppScopes
	got := strconv.Itoa(len(scopes))
	for _, s := range scopes {
		if s == "" || len(s) > maxAppScope || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			bad, got = true, s
		}
	}
	if bad {
		return &fault.Error{Kind: fault.Invalid, Code: "app_scope", Want: "at most 50 scopes, each of at most 100 printable characters without white space and quotes", Got: clip(got), Fix: fault.OperatorSide}
	}
	return nil
}
