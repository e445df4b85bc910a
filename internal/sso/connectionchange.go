package sso

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// Fingerprint is the same for the same settings by which a response is judged
// and a person made of it. A test holds for the settings with its fingerprint,
// and for no others.
func (c *Connection) Fingerprint() string {
	judged := struct {
		Protocol   Protocol
		SAML       SAML
		Attributes AttributeMap
	}{c.Protocol, c.SAML, c.Attributes}
	s := &judged.SAML
	s.Vendor, s.MetadataURL, s.Logout, s.LogoutTo = "", "", false, nil
	s.Certificates = slices.SortedFunc(slices.Values(s.Certificates), bytes.Compare)
	text, err := json.Marshal(judged)
	if err != nil {
		panic("sso: " + err.Error()) // texts and numbers are always written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Namespace is that in which a subject at the connection stands for one person:
// the identity provider, and the attribute by which it names people where that
// is not the NameID. Names of two attributes may be two people's, as those of
// two identity providers are.
func (c *Connection) Namespace() string {
	if c.Attributes.Subject == "" {
		return c.SAML.IdPEntityID
	}
	return c.SAML.IdPEntityID + "\n" + c.Attributes.Subject
}

// Retest takes back that c was tested, where it is judged by other settings
// than before.
func (c *Connection) Retest(before *Connection) {
	if c.State == ConnectionTested && c.Fingerprint() != before.Fingerprint() {
		c.State = ConnectionDraft
	}
}

// Deletable refuses to delete a connection through which people sign in.
func (c *Connection) Deletable() error {
	if c.State == ConnectionActive {
		return &fault.Error{Kind: fault.Conflict, Code: "connection_in_use", Want: "a connection that is switched off", Got: c.Key, Fix: fault.AdminSide}
	}
	return nil
}

// MaxConnections is the greatest number of connections of one organization.
const MaxConnections = 50

// ConnectionKey returns the n-th proposal, from 1 on, of a key for a new
// connection of the organization with this key. It is a key for every n.
func ConnectionKey(org, vendor string, n int) string {
	end := ""
	if n > 1 {
		end = "-" + strconv.Itoa(n)
	}
	key := strings.Trim(org+"-"+vendor, "-")
	return strings.TrimRight(key[:min(len(key), maxKey-len(end))], "-") + end
}

// Unprintable reports whether a text holds what cannot be stored on every
// engine, what no XML of ours can carry, or what its reader would not see.
func Unprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) || r == '\uFEFF' || r == '\u2028' || r == '\u2029'
	})
}

// MaxEntityID is the length of the longest entity ID, in octets
// [SAMLCore 8.3.6].
const MaxEntityID = 1024

// ParseSPEntityID judges what we are to be called at an identity provider. It
// is kept to the octet: systems that we replace were called by all kinds of
// names, and identity providers compare them as they are.
func ParseSPEntityID(s string) (string, error) {
	if len(s) > MaxEntityID || Unprintable(s) || strings.TrimSpace(s) != s {
		return "", &fault.Error{
			Kind: fault.Invalid, Code: "entity_id_form", Fix: fault.AdminSide,
			Want: "printable characters without a space at the ends, at most 1024 octets", Got: clip(s),
		}
	}
	return s, nil
}
