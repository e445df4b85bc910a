package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// OrgClaim is the claim "org": the organization in which the person is signed
// in, and what they are there.
type OrgClaim struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // "" where an application is not to know it
}

// Claims are what an application learns of a person, in the id token and from
// userinfo alike. The organization is repeated as org_id and org_key, and its role in roles,
// flat, for the many consumers that can only match a plain claim.
type Claims struct {
	Subject           string    `json:"sub"`
	Name              string    `json:"name,omitempty"`
	GivenName         string    `json:"given_name,omitempty"`
	FamilyName        string    `json:"family_name,omitempty"`
	PreferredUsername string    `json:"preferred_username,omitempty"`
	UpdatedAt         int64     `json:"updated_at,omitempty"` // seconds since 1970
	Email             string    `json:"email,omitempty"`
	EmailVerified     *bool     `json:"email_verified,omitempty"`
	Groups            []string  `json:"groups,omitzero"`
	Org               *OrgClaim `json:"org,omitempty"`
	OrgID             string    `json:"org_id,omitempty"`
	OrgKey            string    `json:"org_key,omitempty"`
	Roles             []string  `json:"roles,omitempty"`

	// More are claims by names of the application's own. None may be one of the
	// names above, or of an id token.
	More []NamedClaim `json:"-"`
}

// NamedClaim is a claim of an application's own.
type NamedClaim struct {
	Name  string
	Value any // a text, or a list of texts
}

// with writes further members into a JSON object. One that stands in it already
// is left as it is: of two, readers take the one or the other.
func with(object []byte, more []NamedClaim) ([]byte, error) {
	taken := map[string]json.RawMessage{}
	if len(more) > 0 {
		if err := json.Unmarshal(object, &taken); err != nil {
			return nil, fmt.Errorf("reading claims: %w", err)
		}
	}
	for _, m := range more {
		if _, has := taken[m.Name]; has {
			continue
		}
		member, err := json.Marshal(map[string]any{m.Name: m.Value})
		if err != nil {
			return nil, fmt.Errorf("writing claim %q: %w", m.Name, err)
		}
		object[len(object)-1] = ','
		object = append(object, member[1:]...)
	}
	return object, nil
}

// Person is all that could be told of somebody; [Person.Claims] keeps to what an
// application asked for.
type Person struct {
	Subject           string
	Name              string
	GivenName         string
	FamilyName        string
	PreferredUsername string
	UpdatedAt         time.Time
	Email             string
	EmailVerified     bool
	Groups            []string
	Org               OrgClaim // zero: in no organization
}

// Claims returns what is in set of p. The organization is always told: an
// application that serves many must never guess it.
func (p Person) Claims(set ClaimSet) Claims {
	c := Claims{Subject: p.Subject}
	for _, text := range [...]struct {
		claim ClaimSet
		to    *string
		value string
	}{
		{ClaimName, &c.Name, p.Name},
		{ClaimGivenName, &c.GivenName, p.GivenName},
		{ClaimFamilyName, &c.FamilyName, p.FamilyName},
		{ClaimPreferredUsername, &c.PreferredUsername, p.PreferredUsername},
		{ClaimEmail, &c.Email, p.Email},
	} {
		if set.Has(text.claim) {
			*text.to = text.value
		}
	}
	if set.Has(ClaimUpdatedAt) && !p.UpdatedAt.IsZero() {
		c.UpdatedAt = p.UpdatedAt.Unix()
	}
	if set.Has(ClaimEmailVerified) && p.Email != "" {
		verified := p.EmailVerified
		c.EmailVerified = &verified
	}
	if set.Has(ClaimGroups) {
		c.Groups = append([]string{}, p.Groups...) // an empty list says "none", a missing one "not told"
	}
	if p.Org != (OrgClaim{}) {
		org := p.Org
		c.Org, c.OrgID, c.OrgKey = &org, org.ID, org.Key
		if org.Role != "" {
			c.Roles = []string{org.Role}
		}
	}
	return c
}

// JSON returns c as the body of a userinfo response.
func (c Claims) JSON() []byte {
	b, err := json.Marshal(c)
	if err == nil {
		b, err = with(b, c.More)
	}
	if err != nil {
		panic(err) // strings, numbers and lists of them always marshal
	}
	return b
}

// IDToken is an id token before it is signed [OIDCCore 2].
type IDToken struct {
	Issuer      string
	Audience    string // the client ID
	IssuedAt    time.Time
	Expires     time.Time
	AuthTime    time.Time
	Nonce       string
	SessionID   string
	AMR         []string     // [RFC 8176]
	ACR         string       // "" where nothing is claimed
	AccessToken secret.Token // issued beside it; gives at_hash
	Claims      Claims
}

// idTokenJSON is the payload as it is written.
type idTokenJSON struct {
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	Expires   int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	AuthTime  int64    `json:"auth_time"`
	Nonce     string   `json:"nonce,omitempty"`
	SessionID string   `json:"sid"`
	AMR       []string `json:"amr,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	ATHash    string   `json:"at_hash,omitempty"`
	Claims
}

// idTokenType is the type of our id tokens, by which they are known again.
const idTokenType = "JWT"

// Sign returns the id token as a compact JWS under k.
func (t IDToken) Sign(k *SigningKey) (string, error) {
	body := idTokenJSON{
		Issuer: t.Issuer, Audience: t.Audience,
		Expires: t.Expires.Unix(), IssuedAt: t.IssuedAt.Unix(), AuthTime: t.AuthTime.Unix(),
		Nonce: t.Nonce, SessionID: t.SessionID, AMR: t.AMR, ACR: t.ACR,
		Claims: t.Claims,
	}
	if !t.AccessToken.IsZero() {
		// The left half of the hash that the signature uses [OIDCCore 3.1.3.6].
		sum := sha256.Sum256([]byte(t.AccessToken.Reveal()))
		body.ATHash = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	payload, err := json.Marshal(body)
	if err == nil {
		payload, err = with(payload, t.Claims.More)
	}
	if err != nil {
		return "", fmt.Errorf("writing id token: %w", err)
	}
	return k.sign(idTokenType, payload)
}
