package oidc

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of the parameters of an authorize request, in octets. State and nonce
// are generous: applications seal whole cookies into them.
const (
	maxState       = 2048
	maxNonce       = 1024
	maxScope       = 1024
	maxLoginHint   = 512
	maxLocales     = 256
	maxACRValues   = 512
	maxOrgParam    = 128
	maxIDTokenHint = 4 << 10                  // it is kept with the request, which anybody can begin
	maxMaxAge      = 100 * 365 * 24 * 60 * 60 // seconds; anything longer is no demand
)

// Prompt is the set of prompts that a request asks for [OIDCCore 3.1.2.1].
type Prompt uint8

// The prompts. Consent is accepted and does nothing: the applications behind
// this door belong to the one who runs it.
const (
	PromptNone Prompt = 1 << iota
	PromptLogin
	PromptConsent
	PromptSelectAccount
)

// promptNames is in the order in which prompts are written.
var promptNames = [...]promptName{
	{PromptNone, "none"},
	{PromptLogin, "login"},
	{PromptConsent, "consent"},
	{PromptSelectAccount, "select_account"},
}

type promptName struct {
	prompt Prompt
	name   string
}

// Has reports whether all of want are in p.
func (p Prompt) Has(want Prompt) bool { return p&want == want }

// String returns p as a request writes it.
func (p Prompt) String() string {
	var names []string
	for _, known := range promptNames {
		if p.Has(known.prompt) {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, " ")
}

// AuthorizeRequest is a request that has been judged: its client is known, its
// redirect URI is registered and everything in it is well-formed. Only [Judge]
// makes one that leads anywhere.
type AuthorizeRequest struct {
	ClientID    string
	Scope       Scope
	State       string
	Nonce       string
	Challenge   Challenge
	Prompt      Prompt
	LoginHint   string
	UILocales   []string
	ACRValues   []string
	IDTokenHint string // as it came; see [VerifyHint]
	// Organization is the ID or key of the one that the person shall be signed
	// in to; "": any.
	Organization string

	maxAge      int64 // seconds; negative: not asked for
	redirectURI string
	mode        Mode
	claims      claimsRequest
	key         string
}

// Key returns the thumbprint of the key to which the code shall be bound, or ""
// [RFC 9449 10].
func (r AuthorizeRequest) Key() string { return r.key }

// Bind binds the code to the key that was shown with a request that was pushed,
// unless the request names another [RFC 9449 10.1].
func (r *AuthorizeRequest) Bind(p Possession) error {
	if p.Key != "" && r.key != "" && r.key != p.Key {
		return badProof("dpop_jkt is not the key of the proof")
	}
	if p.Key != "" {
		r.key = p.Key
	}
	return nil
}

// Subject returns the only person whom the claims parameter wants, or "".
func (r AuthorizeRequest) Subject() string { return r.claims.subject }

// Claims returns all that the request asks to be told, by scope and by claim.
func (r AuthorizeRequest) Claims() ClaimSet { return r.Scope.Claims() | r.claims.set }

// DemandsFreshness reports whether the person must be asked anew who they are,
// by an identity provider too that remembers them: prompt=login and max_age
// mean the person, not our session [OIDCCore 3.1.2.1].
func (r AuthorizeRequest) DemandsFreshness() bool {
	return r.Prompt.Has(PromptLogin) || r.maxAge >= 0
}

// ClientIDOf returns the client ID of an authorize request, so that its client
// can be looked up before [Judge]. The error is for a page.
func ClientIDOf(v url.Values) (string, error) {
	id, ok := single(v, "client_id")
	if !ok || id == "" || len(id) > MaxClientID || !plain(id) {
		return "", UnknownClient(id)
	}
	return id, nil
}

// Judge reads the authorize request of client c. The error is a [*fault.Error]
// where the browser must not be sent anywhere, and an [*AuthorizeError] where
// the application may be told.
func Judge(v url.Values, c Client) (AuthorizeRequest, error) {
	if id, err := ClientIDOf(v); err != nil {
		return AuthorizeRequest{}, err
	} else if id != c.ID {
		return AuthorizeRequest{}, UnknownClient(id)
	}
	redirect, ok := single(v, "redirect_uri")
	if !ok || redirect == "" || !c.registered(redirect) {
		return AuthorizeRequest{}, &fault.Error{
			Kind: fault.Invalid, Code: "oidc_redirect_uri",
			Want: "one of the redirect URIs registered for the application, to the letter",
			Got:  clip(strings.Join(v["redirect_uri"], " ")), Fix: fault.AppSide,
		}
	}

	// From here on the application may be told.
	r := AuthorizeRequest{ClientID: c.ID, redirectURI: redirect, maxAge: -1, mode: ModeQuery}
	state, ok := single(v, "state")
	if !ok || len(state) > maxState || !plain(state) {
		return AuthorizeRequest{}, r.Refuse(InvalidRequest, "state is repeated, too long or not text")
	}
	r.State = state
	for _, read := range []func(url.Values) *AuthorizeError{
		r.readResponse, r.readScope, func(v url.Values) *AuthorizeError { return r.readChallenge(v, c) }, r.readKey, r.readPrompt, r.readHints, r.readClaims,
	} {
		if refusal := read(v); refusal != nil {
			return AuthorizeRequest{}, refusal
		}
	}
	return r, nil
}

// RedirectURI returns where the answer goes; it is one that the client
// registered.
func (r AuthorizeRequest) RedirectURI() string { return r.redirectURI }

// MaxAge returns how old the person's authentication may be, and whether the
// request says so.
func (r AuthorizeRequest) MaxAge() (time.Duration, bool) {
	return time.Duration(max(r.maxAge, 0)) * time.Second, r.maxAge >= 0
}

// Refuse returns the error that takes code and description to the application.
// The description must be a fixed text of printable ASCII without quotes and
// backslashes [RFC 6749 4.1.2.1].
func (r AuthorizeRequest) Refuse(code Code, description string) *AuthorizeError {
	return &AuthorizeError{Code: code, Description: description, redirectURI: r.redirectURI, mode: r.mode, state: r.State}
}

// Answer returns what takes a code to the application [RFC 9207 2].
func (r AuthorizeRequest) Answer(issuer, code string) Answer {
	return newAnswer(r.mode, r.redirectURI, Parameter{"code", code}, Parameter{"state", r.State}, Parameter{"iss", issuer})
}

// Values returns the request in the form in which it came. It is what is kept
// while the person signs in: judged again afterwards, against the client as it
// is then, it gives the same request or says what has changed.
func (r AuthorizeRequest) Values() url.Values {
	v := url.Values{
		"response_type": {"code"},
		"client_id":     {r.ClientID},
		"redirect_uri":  {r.redirectURI},
		"scope":         {r.Scope.String()},
	}
	if !r.Challenge.IsZero() {
		v.Set("code_challenge", r.Challenge.String())
		v.Set("code_challenge_method", "S256")
	}
	for name, value := range map[string]string{
		"state":         r.State,
		"nonce":         r.Nonce,
		"prompt":        r.Prompt.String(),
		"login_hint":    r.LoginHint,
		"ui_locales":    strings.Join(r.UILocales, " "),
		"acr_values":    strings.Join(r.ACRValues, " "),
		"id_token_hint": r.IDTokenHint,
		"organization":  r.Organization,
		"claims":        r.claims.raw,
		"dpop_jkt":      r.key,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if r.mode != ModeQuery {
		v.Set("response_mode", string(r.mode))
	}
	if r.maxAge >= 0 {
		v.Set("max_age", strconv.FormatInt(r.maxAge, 10))
	}
	return v
}

// readResponse checks what sort of answer is asked for. The mode comes first, so
// that a refusal goes the way that was asked for.
func (r *AuthorizeRequest) readResponse(v url.Values) *AuthorizeError {
	switch mode, ok := single(v, "response_mode"); {
	case !ok:
		return r.Refuse(InvalidRequest, "response_mode is repeated")
	case mode == "" || Mode(mode) == ModeQuery:
	case Mode(mode) != ModeFormPost:
		return r.Refuse(InvalidRequest, "only response_mode=query and response_mode=form_post are supported")
	case !inBrowser(r.redirectURI):
		return r.Refuse(InvalidRequest, "response_mode=form_post needs a redirect_uri to which a browser can post")
	default:
		r.mode = ModeFormPost
	}
	for _, off := range [...]struct {
		name string
		code Code
	}{
		{"request", RequestNotSupported},
		{"request_uri", RequestURINotSupported},
		{"registration", RegistrationNotSupported},
	} {
		if strings.Join(v[off.name], "") != "" {
			return r.Refuse(off.code, off.name+" is not supported")
		}
	}
	kind, ok := single(v, "response_type")
	switch {
	case !ok || kind == "":
		return r.Refuse(InvalidRequest, "response_type is missing or repeated")
	case kind != "code":
		return r.Refuse(UnsupportedResponseType, "only response_type=code is supported")
	}
	return nil
}

// readScope checks that this is an OpenID request [OIDCCore 3.1.2.1].
func (r *AuthorizeRequest) readScope(v url.Values) *AuthorizeError {
	scope, ok := single(v, "scope")
	if !ok || len(scope) > maxScope || !plain(scope) {
		return r.Refuse(InvalidRequest, "scope is repeated, too long or not text")
	}
	r.Scope = ParseScope(scope)
	if !r.Scope.Has(OpenID) {
		return r.Refuse(InvalidScope, "scope must contain openid")
	}
	nonce, ok := single(v, "nonce")
	if !ok || len(nonce) > maxNonce || !plain(nonce) {
		return r.Refuse(InvalidRequest, "nonce is repeated, too long or not text")
	}
	r.Nonce = nonce
	return nil
}

// readChallenge insists on PKCE with S256, but of a client that may go without.
// Where that one sends a challenge, it is held to it like any other. A missing
// method means plain [RFC 7636 4.3], which is refused like any other.
func (r *AuthorizeRequest) readChallenge(v url.Values, c Client) *AuthorizeError {
	text, ok := single(v, "code_challenge")
	if ok && text == "" && c.PKCEOptional && !c.Public && strings.Join(v["code_challenge_method"], "") == "" {
		return nil
	}
	if !ok || text == "" {
		return r.Refuse(InvalidRequest, "code_challenge is missing or repeated: PKCE with S256 is required")
	}
	if method, ok := single(v, "code_challenge_method"); !ok || method != "S256" {
		return r.Refuse(InvalidRequest, "code_challenge_method must be S256")
	}
	if r.Challenge, ok = parseChallenge(text); !ok {
		return r.Refuse(InvalidRequest, "code_challenge is not a base64url SHA-256")
	}
	return nil
}

// readKey reads the key to which the code shall be bound.
func (r *AuthorizeRequest) readKey(v url.Values) *AuthorizeError {
	var ok bool
	if r.key, ok = single(v, "dpop_jkt"); !ok {
		return r.Refuse(InvalidRequest, "dpop_jkt is repeated")
	}
	if _, ok := parseChallenge(r.key); r.key != "" && !ok {
		return r.Refuse(InvalidRequest, "dpop_jkt is not a thumbprint by SHA-256")
	}
	return nil
}

// readPrompt reads what the person must be asked.
func (r *AuthorizeRequest) readPrompt(v url.Values) *AuthorizeError {
	list, ok := single(v, "prompt")
	if !ok {
		return r.Refuse(InvalidRequest, "prompt is repeated")
	}
	for name := range strings.FieldsSeq(list) {
		i := slices.IndexFunc(promptNames[:], func(known promptName) bool { return known.name == name })
		if i < 0 {
			return r.Refuse(InvalidRequest, "prompt has a value that is not supported")
		}
		r.Prompt |= promptNames[i].prompt
	}
	if r.Prompt.Has(PromptNone) && r.Prompt != PromptNone {
		return r.Refuse(InvalidRequest, "prompt=none excludes every other prompt")
	}
	age, ok := single(v, "max_age")
	if !ok {
		return r.Refuse(InvalidRequest, "max_age is repeated")
	}
	if age != "" {
		n, err := strconv.ParseUint(age, 10, 63)
		if err != nil {
			return r.Refuse(InvalidRequest, "max_age is not a number of seconds")
		}
		r.maxAge = int64(min(n, maxMaxAge))
	}
	return nil
}

// readHints reads what may help and binds nobody.
func (r *AuthorizeRequest) readHints(v url.Values) *AuthorizeError {
	var locales, acr string
	for _, hint := range []struct {
		name string
		max  int
		to   *string
	}{
		{"login_hint", maxLoginHint, &r.LoginHint},
		{"ui_locales", maxLocales, &locales},
		{"acr_values", maxACRValues, &acr},
		{"id_token_hint", maxIDTokenHint, &r.IDTokenHint},
		{"organization", maxOrgParam, &r.Organization},
	} {
		value, ok := single(v, hint.name)
		if !ok || len(value) > hint.max || !plain(value) {
			return r.Refuse(InvalidRequest, hint.name+" is repeated, too long or not text")
		}
		*hint.to = value
	}
	r.UILocales, r.ACRValues = strings.Fields(locales), strings.Fields(acr)
	return nil
}

// readClaims reads what is asked for claim by claim.
func (r *AuthorizeRequest) readClaims(v url.Values) *AuthorizeError {
	raw, ok := single(v, "claims")
	if !ok || len(raw) > maxClaims || !plain(raw) {
		return r.Refuse(InvalidRequest, "claims is repeated, too long or not text")
	}
	var problem string
	if r.claims, problem = parseClaims(raw); problem != "" {
		return r.Refuse(InvalidRequest, problem)
	}
	return nil
}

// inBrowser reports whether a registered URI is one that a browser itself opens.
func inBrowser(uri string) bool {
	return strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://")
}
