package oidc

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// Limits of a token request, in octets.
const (
	maxAuthorization = 4 << 10
	maxCode          = 512     // of what is known by its hash alone
	MaxCode          = 8 << 10 // of an authorization code, which carries what it stands for: a nonce and a redirect URI, among others
	maxAccessToken   = 512
	maxRefreshToken  = 512
	maxMachineScopes = 50
)

// AuthMethod is how a client proves itself at the token endpoint.
type AuthMethod string

// The methods, named as in [OIDCCore 9].
const (
	NoSecret      AuthMethod = "none"
	SecretBasic   AuthMethod = "client_secret_basic"
	SecretPost    AuthMethod = "client_secret_post"
	PrivateKeyJWT AuthMethod = "private_key_jwt"
)

// Credentials are what a client says of itself; [Client.Authenticate] judges
// them.
type Credentials struct {
	ClientID string
	Method   AuthMethod
	Secret   secret.Token // zero but with SecretBasic and SecretPost
	// Address and UserAgent are from where they were shown, and with what, as the
	// transport has seen it. They prove nothing; they are written down.
	Address, UserAgent string

	assertion *signed // with PrivateKeyJWT
	proved    bool    // the assertion was verified; see [Credentials.Prove]
}

// GrantType says what a token request brings in return for tokens.
type GrantType string

// The grant types in use.
const (
	AuthorizationCode GrantType = "authorization_code" // [RFC 6749 4.1.3]
	RefreshToken      GrantType = "refresh_token"      // [RFC 6749 6]
	ClientCredentials GrantType = "client_credentials" // [RFC 6749 4.4]
	DeviceCode        GrantType = "urn:ietf:params:oauth:grant-type:device_code"
)

// TokenRequest is a well-formed request for tokens. Nothing in it has been
// proved. What its grant type does not use is zero.
type TokenRequest struct {
	Client      Credentials
	Grant       GrantType
	Code        secret.Token
	RedirectURI string
	Refresh     secret.Token
	Device      secret.Token
	Machine     []string // scopes of a machine, in its own words; none: all that it has
	Proof       DPoP     // that came with it; see [DPoP.Verify]

	verifier string
	narrowed bool
	scope    Scope
}

// Narrow returns the scope that tokens get: what was granted, or of that what
// the request asks for. A refresh token stays good for all that was granted
// [RFC 6749 6].
func (r TokenRequest) Narrow(granted Scope) (Scope, error) {
	if !r.narrowed {
		return granted, nil
	}
	if !granted.Has(r.scope) || !r.scope.Has(OpenID) {
		return 0, badToken(InvalidScope, "the scope must contain openid, and nothing that was not granted")
	}
	return r.scope, nil
}

// Binding is what a code was issued for.
type Binding struct {
	ClientID    string
	RedirectURI string
	Challenge   Challenge
}

// ReadToken reads a request for tokens: the values of its Authorization header, its
// query and its form body. The error is a [*TokenError].
func ReadToken(authorization []string, query, body string) (TokenRequest, error) {
	client, form, err := readClientForm(authorization, query, body,
		"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "scope")
	if err != nil {
		return TokenRequest{}, err
	}
	switch GrantType(form.Get("grant_type")) {
	case AuthorizationCode:
		return readCode(client, form)
	case RefreshToken:
		return readRefresh(client, form)
	case ClientCredentials:
		return readMachine(client, form)
	case DeviceCode:
		return readDeviceCode(client, form)
	case "":
		return TokenRequest{}, badToken(InvalidRequest, "grant_type is missing")
	default:
		return TokenRequest{}, badToken(UnsupportedGrantType, "only authorization_code, refresh_token, client_credentials and device_code are supported")
	}
}

// readClientForm reads the form of a client that says who it is, in which each
// of these parameters stands once at most.
func readClientForm(authorization []string, query, body string, names ...string) (Credentials, url.Values, error) {
	if query != "" {
		// Whatever stands in a URL ends in logs [RFC 6749 2.3.1].
		return Credentials{}, nil, badToken(InvalidRequest, "parameters belong in the body, not in the URL")
	}
	form, err := ParseForm(body)
	if err != nil {
		return Credentials{}, nil, badToken(InvalidRequest, "the body is not a form or too large")
	}
	for _, name := range append(names, "client_id", "client_secret", "client_assertion", "client_assertion_type") {
		if value, ok := single(form, name); !ok || !plain(value) {
			return Credentials{}, nil, badToken(InvalidRequest, name+" is repeated or not text")
		}
	}
	client, err := readCredentials(authorization, form)
	return client, form, err
}

// readCode reads what a code is exchanged with.
func readCode(client Credentials, form url.Values) (TokenRequest, error) {
	r := TokenRequest{
		Client:      client,
		Grant:       AuthorizationCode,
		Code:        secret.ParseToken(form.Get("code")),
		RedirectURI: form.Get("redirect_uri"),
		verifier:    form.Get("code_verifier"),
	}
	switch {
	case r.Code.IsZero() || len(form.Get("code")) > MaxCode:
		return TokenRequest{}, badToken(InvalidRequest, "code is missing or too long")
	case r.RedirectURI == "":
		return TokenRequest{}, badToken(InvalidRequest, "redirect_uri is missing")
	case r.verifier != "" && !wellFormedVerifier(r.verifier):
		return TokenRequest{}, badToken(InvalidRequest, "code_verifier must be 43 to 128 unreserved characters")
	}
	return r, nil
}

// readRefresh reads a refresh token.
func readRefresh(client Credentials, form url.Values) (TokenRequest, error) {
	r := TokenRequest{
		Client:   client,
		Grant:    RefreshToken,
		Refresh:  secret.ParseToken(form.Get("refresh_token")),
		narrowed: form.Get("scope") != "",
		scope:    ParseScope(form.Get("scope")),
	}
	switch {
	case r.Refresh.IsZero() || len(form.Get("refresh_token")) > maxRefreshToken:
		return TokenRequest{}, badToken(InvalidRequest, "refresh_token is missing or too long")
	case len(form.Get("scope")) > maxScope:
		return TokenRequest{}, badToken(InvalidScope, "scope is too long")
	}
	return r, nil
}

// readMachine reads what a machine asks for itself.
func readMachine(client Credentials, form url.Values) (TokenRequest, error) {
	r := TokenRequest{Client: client, Grant: ClientCredentials, Machine: strings.Fields(form.Get("scope"))}
	if len(form.Get("scope")) > maxScope || len(r.Machine) > maxMachineScopes {
		return TokenRequest{}, badToken(InvalidScope, "scope is too long")
	}
	return r, nil
}

// readDeviceCode reads with what a device asks whether somebody has agreed.
func readDeviceCode(client Credentials, form url.Values) (TokenRequest, error) {
	r := TokenRequest{Client: client, Grant: DeviceCode, Device: secret.ParseToken(form.Get("device_code"))}
	if r.Device.IsZero() || len(form.Get("device_code")) > maxCode {
		return TokenRequest{}, badToken(InvalidRequest, "device_code is missing or too long")
	}
	return r, nil
}

// MachineScopes returns the scopes that a machine gets: all that it has, or of
// these what it asks for.
func (r TokenRequest) MachineScopes(has []string) ([]string, error) {
	if len(r.Machine) == 0 {
		return has, nil
	}
	var given []string
	for _, scope := range has { // in their order, each once
		if slices.Contains(r.Machine, scope) {
			given = append(given, scope)
		}
	}
	for _, scope := range r.Machine {
		if !slices.Contains(has, scope) {
			return nil, badToken(InvalidScope, "the scope has something that the client does not have")
		}
	}
	return given, nil
}

// Redeem reports whether r may have what was issued for b. The client must have
// been authenticated before.
func (r TokenRequest) Redeem(b Binding) error {
	switch {
	case b.ClientID == "" || r.Client.ClientID != b.ClientID:
		return InvalidCode()
	case r.RedirectURI != b.RedirectURI:
		return badToken(InvalidGrant, "redirect_uri is not that of the authorize request")
	case b.Challenge.IsZero() && r.verifier != "": // the challenge was taken out on the way [RFC 9700 4.8.2]
		return badToken(InvalidGrant, "there is a code_verifier, and there was no code_challenge")
	case !b.Challenge.IsZero() && r.verifier == "":
		return badToken(InvalidGrant, "code_verifier is missing")
	case !b.Challenge.IsZero() && !b.Challenge.met(r.verifier):
		return badToken(InvalidGrant, "code_verifier does not match the code_challenge")
	}
	return nil
}

// InvalidCode returns the one error for a code that is unknown, too old, used or
// another client's: the one who guesses must not learn which.
func InvalidCode() error {
	return badToken(InvalidGrant, "the code is unknown, expired, used or another client's")
}

// InvalidRefresh returns the one error for a refresh token that is good for
// nothing: the one who guesses must not learn why.
func InvalidRefresh() error {
	return badToken(InvalidGrant, "the refresh token is unknown, expired, used, revoked or another client's")
}

// UnknownTokenClient returns the error for a client that is not registered. It
// is the same as for a wrong secret.
func UnknownTokenClient() error { return invalidClient("the client is not registered") }

// DisabledClient returns the error for a client that is switched off. It is the
// same as for a wrong secret.
func DisabledClient() error { return invalidClient("the client is switched off") }

// readCredentials finds the one way in which the client authenticates. More than
// one is refused [RFC 6749 2.3].
func readCredentials(authorization []string, form url.Values) (Credentials, error) {
	id, postSecret := form.Get("client_id"), form.Get("client_secret")
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		if len(authorization) > 0 || postSecret != "" {
			return Credentials{}, badToken(InvalidRequest, "the client authenticates in more than one way")
		}
		return readAssertion(form)
	}
	if len(authorization) == 0 {
		switch {
		case id == "" || len(id) > MaxClientID:
			return Credentials{}, invalidClient("the client does not say who it is")
		case postSecret != "":
			return Credentials{ClientID: id, Method: SecretPost, Secret: secret.ParseToken(postSecret)}, nil
		default:
			return Credentials{ClientID: id, Method: NoSecret}, nil
		}
	}
	if len(authorization) > 1 || postSecret != "" {
		return Credentials{}, badToken(InvalidRequest, "the client authenticates in more than one way")
	}
	basic, err := readBasic(authorization[0])
	if err != nil {
		return Credentials{}, err
	}
	if id != "" && id != basic.ClientID {
		return Credentials{}, badToken(InvalidRequest, "client_id is not that of the Authorization header")
	}
	return basic, nil
}

// readBasic reads client credentials from an Authorization header. Both halves
// are form-encoded before they are joined [RFC 6749 2.3.1]. A plus sign stands
// for itself: many clients do not encode at all, secrets made by a base64 tool
// have plus signs, and no identifier or secret here has a space.
func readBasic(header string) (Credentials, error) {
	if len(header) > maxAuthorization {
		return Credentials{}, badToken(InvalidRequest, "the Authorization header is too long")
	}
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return Credentials{}, invalidClient("the Authorization header must be Basic")
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return Credentials{}, invalidClient("the Authorization header is not base64")
	}
	id, pass, found := strings.Cut(string(pair), ":")
	if !found {
		return Credentials{}, invalidClient("the Authorization header has no secret")
	}
	id, errID := url.PathUnescape(id)
	pass, errPass := url.PathUnescape(pass)
	if errID != nil || errPass != nil || !plain(id) || !plain(pass) {
		return Credentials{}, invalidClient("client_id and client_secret must be form-encoded in the Authorization header")
	}
	if id == "" || len(id) > MaxClientID {
		return Credentials{}, invalidClient("the client does not say who it is")
	}
	if pass == "" { // some libraries send "id:" for a public client
		return Credentials{ClientID: id, Method: NoSecret}, nil
	}
	return Credentials{ClientID: id, Method: SecretBasic, Secret: secret.ParseToken(pass)}, nil
}

// TokenResponse is what the token endpoint answers [OIDCCore 3.1.3.3, 12.2].
type TokenResponse struct {
	AccessToken  secret.Token
	RefreshToken secret.Token // zero: none is given
	ExpiresIn    time.Duration
	Scope        string
	IDToken      string // "": of a machine there is none
	Bound        bool   // the access token is good only with a proof of possession
}

// JSON returns the body. It must not be cached.
func (r TokenResponse) JSON() []byte {
	kind := "Bearer"
	if r.Bound {
		kind = "DPoP"
	}
	b, err := json.Marshal(struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"`
		RefreshToken string `json:"refresh_token,omitempty"`
		Scope        string `json:"scope"`
		IDToken      string `json:"id_token,omitempty"`
	}{r.AccessToken.Reveal(), kind, int64(r.ExpiresIn / time.Second), r.RefreshToken.Reveal(), r.Scope, r.IDToken})
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	return b
}

// ReadBearer reads the access token of a userinfo request: from the
// Authorization header, or from the form body of a POST; never from the URL
// [RFC 6750 2]. The error is a [*BearerError].
func ReadBearer(authorization []string, query, body string) (secret.Token, error) {
	inURL, err := ParseForm(query)
	if err != nil || inURL.Has("access_token") {
		return secret.Token{}, &BearerError{Code: InvalidRequest, Description: "the access token must not be in the URL"}
	}
	form, err := ParseForm(body)
	if err != nil {
		return secret.Token{}, &BearerError{Code: InvalidRequest, Description: "the body is not a form or too large"}
	}
	sent := form["access_token"]
	for _, header := range authorization {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return secret.Token{}, &BearerError{Description: "the Authorization header must be Bearer"}
		}
		sent = append(sent, strings.TrimSpace(token))
	}
	switch {
	case len(sent) == 0:
		return secret.Token{}, &BearerError{Description: "an access token is needed"}
	case len(sent) > 1:
		return secret.Token{}, &BearerError{Code: InvalidRequest, Description: "more than one access token"}
	case sent[0] == "" || len(sent[0]) > maxAccessToken:
		return secret.Token{}, InvalidAccessToken()
	}
	return secret.ParseToken(sent[0]), nil
}

// InvalidAccessToken returns the one error for an access token that is unknown,
// expired or no longer backed by a session.
func InvalidAccessToken() error {
	return &BearerError{Code: InvalidToken, Description: "the access token is unknown, expired or revoked"}
}
