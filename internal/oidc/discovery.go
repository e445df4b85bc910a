package oidc

import (
	"encoding/json"
	"fmt"
)

// Paths of the provider below its issuer.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	MetadataPath  = "/.well-known/oauth-authorization-server" // the same document, for OAuth clients [RFC 8414 3]
	AuthorizePath = "/oauth2/authorize"
	TokenPath     = "/oauth2/token"
	UserinfoPath  = "/oauth2/userinfo"
	JWKSPath      = "/oauth2/jwks"
	RevokePath    = "/oauth2/revoke"
	// IntrospectPath is where a program that was given a token asks about it.
	IntrospectPath = "/oauth2/introspect"
	LogoutPath     = "/oauth2/logout"
	PushPath       = "/oauth2/par"
	DevicePath     = "/oauth2/device_authorization"
)

// discovery is the provider's description of itself [OIDCDiscovery 3]. What is
// not supported is said so where the standard's default would promise it.
type discovery struct {
	Issuer                 string       `json:"issuer"`
	AuthorizationEndpoint  string       `json:"authorization_endpoint"`
	TokenEndpoint          string       `json:"token_endpoint"`
	UserinfoEndpoint       string       `json:"userinfo_endpoint"`
	JWKSURI                string       `json:"jwks_uri"`
	RevocationEndpoint     string       `json:"revocation_endpoint"`
	IntrospectionEndpoint  string       `json:"introspection_endpoint"`
	EndSessionEndpoint     string       `json:"end_session_endpoint"`
	PushEndpoint           string       `json:"pushed_authorization_request_endpoint"`
	DeviceEndpoint         string       `json:"device_authorization_endpoint"`
	Scopes                 []string     `json:"scopes_supported"`
	ResponseTypes          []string     `json:"response_types_supported"`
	ResponseModes          []string     `json:"response_modes_supported"`
	GrantTypes             []string     `json:"grant_types_supported"`
	ACRValues              []string     `json:"acr_values_supported"`
	UILocales              []string     `json:"ui_locales_supported"`
	SubjectTypes           []string     `json:"subject_types_supported"`
	IDTokenAlgorithms      []Algorithm  `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods       []AuthMethod `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms    []string     `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods  []AuthMethod `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgorithms   []string     `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectAlgorithms   []string     `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	IntrospectAuthMethods  []AuthMethod `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods       []string     `json:"code_challenge_methods_supported"`
	Prompts                []string     `json:"prompt_values_supported"`
	DPoPAlgorithms         []string     `json:"dpop_signing_alg_values_supported"`
	ClaimTypes             []string     `json:"claim_types_supported"`
	Claims                 []string     `json:"claims_supported"`
	IssuerInResponse       bool         `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter        bool         `json:"claims_parameter_supported"`
	RequestParameter       bool         `json:"request_parameter_supported"`
	RequestURIParameter    bool         `json:"request_uri_parameter_supported"`
	RequestURIRegistration bool         `json:"require_request_uri_registration"`
	BackChannel            bool         `json:"backchannel_logout_supported"`
	BackChannelSession     bool         `json:"backchannel_logout_session_supported"`
	PushRequired           bool         `json:"require_pushed_authorization_requests"` // of all; an application may have it demanded of itself
}

// Discovery returns the discovery document for issuer, an absolute URL without a
// slash at its end, whose pages speak these languages.
func Discovery(issuer string, locales ...string) ([]byte, error) {
	d := discovery{
		Issuer:                issuer,
		AuthorizationEndpoint: issuer + AuthorizePath,
		TokenEndpoint:         issuer + TokenPath,
		UserinfoEndpoint:      issuer + UserinfoPath,
		JWKSURI:               issuer + JWKSPath,
		RevocationEndpoint:    issuer + RevokePath,
		IntrospectionEndpoint: issuer + IntrospectPath,
		EndSessionEndpoint:    issuer + LogoutPath,
		PushEndpoint:          issuer + PushPath,
		DeviceEndpoint:        issuer + DevicePath,
		Scopes:                (OpenID | Profile | Email | Groups | OfflineAccess).Names(),
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{string(ModeQuery), string(ModeFormPost)},
		UILocales:             locales,
		GrantTypes:            []string{string(AuthorizationCode), string(RefreshToken), string(ClientCredentials), string(DeviceCode)},
		SubjectTypes:          []string{"public"},
		IDTokenAlgorithms:     algorithms[:],
		TokenAuthMethods:      []AuthMethod{SecretBasic, SecretPost, PrivateKeyJWT, NoSecret},
		TokenAuthAlgorithms:   AssertionAlgorithms(),
		RevocationAuthMethods: []AuthMethod{SecretBasic, SecretPost, PrivateKeyJWT, NoSecret},
		RevocationAlgorithms:  AssertionAlgorithms(),
		IntrospectAuthMethods: []AuthMethod{SecretBasic, SecretPost, PrivateKeyJWT},
		IntrospectAlgorithms:  AssertionAlgorithms(),
		ChallengeMethods:      []string{"S256"},
		DPoPAlgorithms:        AssertionAlgorithms(),
		ClaimTypes:            []string{"normal"},
		Claims: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "amr", "acr", "at_hash",
			"name", "given_name", "family_name", "preferred_username", "updated_at",
			"email", "email_verified", "groups", "org", "org_id", "org_key", "roles",
		},
		IssuerInResponse: true, ClaimsParameter: true, BackChannel: true, BackChannelSession: true,
	}
	for _, known := range levelNames {
		d.ACRValues = append(d.ACRValues, known.name)
	}
	for _, known := range promptNames {
		d.Prompts = append(d.Prompts, known.name)
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing discovery document: %w", err)
	}
	return append(b, '\n'), nil
}
