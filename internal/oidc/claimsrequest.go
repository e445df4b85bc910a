package oidc

import (
	"encoding/json"
	"strings"
)

// Limits of the claims parameter.
const (
	maxClaims     = 2 << 10 // octets
	maxClaimNames = 64
	maxClaimACR   = 16
)

// ClaimSet is a set of the claims that an application can be told of a person.
// Those that it is told anyway, such as sub and org, are none of them.
type ClaimSet uint16

// The claims.
const (
	ClaimName ClaimSet = 1 << iota
	ClaimGivenName
	ClaimFamilyName
	ClaimPreferredUsername
	ClaimUpdatedAt
	ClaimEmail
	ClaimEmailVerified
	ClaimGroups
)

// claimNames is in the order in which claims are written.
var claimNames = [...]struct {
	claim ClaimSet
	name  string
}{
	{ClaimName, "name"},
	{ClaimGivenName, "given_name"},
	{ClaimFamilyName, "family_name"},
	{ClaimPreferredUsername, "preferred_username"},
	{ClaimUpdatedAt, "updated_at"},
	{ClaimEmail, "email"},
	{ClaimEmailVerified, "email_verified"},
	{ClaimGroups, "groups"},
}

// Has reports whether all of want are in c.
func (c ClaimSet) Has(want ClaimSet) bool { return c&want == want }

// String returns the names of c, apart by spaces; [ParseClaimSet] reads it back.
func (c ClaimSet) String() string {
	var names []string
	for _, known := range claimNames {
		if c.Has(known.claim) {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, " ")
}

// ParseClaimSet reads a list of names and keeps those it knows.
func ParseClaimSet(list string) ClaimSet {
	var c ClaimSet
	for name := range strings.FieldsSeq(list) {
		c |= claimNamed(name)
	}
	return c
}

func claimNamed(name string) ClaimSet {
	for _, known := range claimNames {
		if known.name == name {
			return known.claim
		}
	}
	return 0
}

// Claims returns what the values of s give [OIDCCore 5.4].
func (s Scope) Claims() ClaimSet {
	var c ClaimSet
	if s.Has(Profile) {
		c |= ClaimName | ClaimGivenName | ClaimFamilyName | ClaimPreferredUsername | ClaimUpdatedAt
	}
	if s.Has(Email) {
		c |= ClaimEmail | ClaimEmailVerified
	}
	if s.Has(Groups) {
		c |= ClaimGroups
	}
	return c
}

// claimsRequest is what the claims parameter asks for [OIDCCore 5.5].
type claimsRequest struct {
	raw     string // as it came
	set     ClaimSet
	subject string   // nobody but this person; "": anybody
	acr     []string // of which one must be met; none: whatever it is
	better  []string // values of acr that would be liked
}

// claimWish is what is said of one claim.
type claimWish struct {
	Essential bool     `json:"essential"`
	Value     any      `json:"value"`
	Values    []any    `json:"values"`
	texts     []string // of Value and Values
}

// parseClaims reads a claims parameter, or says in fixed words why not. Claims
// and members that we do not know are ignored [OIDCCore 5.5]. What is asked for
// in one place is told in both: id token and userinfo say the same here.
func parseClaims(raw string) (claimsRequest, string) {
	const malformed = "claims is not a JSON object of claims for userinfo and id_token"
	c := claimsRequest{raw: raw}
	if raw == "" {
		return c, ""
	}
	var places map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &places); err != nil || places == nil {
		return c, malformed
	}
	for _, place := range [...]string{"id_token", "userinfo"} {
		if len(places[place]) == 0 {
			continue
		}
		var wishes map[string]*claimWish
		if err := json.Unmarshal(places[place], &wishes); err != nil {
			return c, malformed
		}
		if len(wishes) > maxClaimNames {
			return c, "claims asks for too much"
		}
		for name, wish := range wishes {
			c.set |= claimNamed(name)
			if wish == nil {
				continue
			}
			if !wish.read() {
				return c, "claims has values that are too many or not text"
			}
			switch {
			case name == "sub" && len(wish.texts) > 0:
				if len(wish.texts) > 1 || c.subject != "" && c.subject != wish.texts[0] {
					return c, "claims asks for more than one person"
				}
				c.subject = wish.texts[0]
			case name == "acr" && place == "id_token" && wish.Essential:
				c.acr = wish.texts
			case name == "acr" && place == "id_token":
				c.better = wish.texts
			}
		}
	}
	return c, ""
}

// read finds the values that are text. Others are none that we could meet.
func (w *claimWish) read() bool {
	all := w.Values
	if w.Value != nil {
		all = append([]any{w.Value}, all...)
	}
	if len(all) > maxClaimACR {
		return false
	}
	for _, v := range all {
		text, ok := v.(string)
		if !ok || !plain(text) {
			text = "\x00" // meets nothing
		}
		w.texts = append(w.texts, text)
	}
	return true
}
