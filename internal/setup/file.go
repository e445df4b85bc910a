package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// MaxFile bounds an apply file, in octets.
const MaxFile = 16 << 20

// File is what an apply file says: the organizations and apps that shall be
// there. Keys are stable names chosen by the author. What a file does not
// mention is left as it is.
type File struct {
	Organizations []Organization `yaml:"organizations"`
	Apps          []App          `yaml:"apps"`
}

// Organization is an organization with what it owns.
type Organization struct {
	Key          string       `yaml:"key"`
	Name         string       `yaml:"name"`
	Parent       string       `yaml:"parent"` // key of the organization above
	State        string       `yaml:"state"`  // active or suspended; empty: active
	Entitlements []string     `yaml:"entitlements"`
	Domains      []Domain     `yaml:"domains"`
	Connections  []Connection `yaml:"connections"`
	Policy       Policy       `yaml:"policy"`
	Users        []User       `yaml:"users"`
}

// Domain is a claim to an e-mail domain.
type Domain struct {
	Name       string `yaml:"name"`
	Vouched    bool   `yaml:"vouched"`    // the operator vouches for it
	Connection string `yaml:"connection"` // key; empty: the organization's own
}

// Connection is an identity provider.
type Connection struct {
	Key          string        `yaml:"key"`
	Name         string        `yaml:"name"` // as people know it; empty: the organization's name
	Protocol     string        `yaml:"protocol"`
	State        string        `yaml:"state"`
	Metadata     string        `yaml:"metadata"`
	MetadataFile string        `yaml:"metadata_file"` // relative to the apply file
	MetadataURL  string        `yaml:"metadata_url"`
	FirstSignIn  string        `yaml:"first_sign_in"`
	Defaults     Defaults      `yaml:"defaults"`
	Attributes   AttributeMap  `yaml:"attributes"`
	SPEntityID   string        `yaml:"sp_entity_id"`
	IdPInitiated bool          `yaml:"idp_initiated"`
	SignRequests string        `yaml:"sign_requests"` // auto, always or never; empty: auto
	NameIDFormat string        `yaml:"nameid_format"`
	ForceAuthn   bool          `yaml:"force_authn"`
	Legacy       []LegacyGrant `yaml:"legacy"`
}

// LegacyGrant switches an old practice on until the end of a day.
type LegacyGrant struct {
	Switch string `yaml:"switch"`
	Until  string `yaml:"until"` // 2027-01-31
}

// Defaults is what new people get.
type Defaults struct {
	Role          string   `yaml:"role"`
	Groups        []string `yaml:"groups"`
	Organizations []string `yaml:"organizations"` // keys
}

// AttributeMap names attributes of the identity provider.
type AttributeMap struct {
	Subject   string `yaml:"subject"`
	Email     string `yaml:"email"`
	FirstName string `yaml:"first_name"`
	LastName  string `yaml:"last_name"`
	Username  string `yaml:"username"`
	Groups    string `yaml:"groups"`
}

// Policy is what an organization demands.
type Policy struct {
	SSO           string   `yaml:"sso"`
	MFA           string   `yaml:"mfa"`
	Exempt        []string `yaml:"exempt"`
	IPAllow       []string `yaml:"ip_allow"`
	InactiveAfter string   `yaml:"inactive_after"` // such as 90d or 36h
}

// User is a person at home in the organization.
type User struct {
	Username     string   `yaml:"username"`
	Email        string   `yaml:"email"`
	FirstName    string   `yaml:"first_name"`
	LastName     string   `yaml:"last_name"`
	Role         string   `yaml:"role"`
	Groups       []string `yaml:"groups"`
	State        string   `yaml:"state"`
	PasswordHash string   `yaml:"password_hash"` // argon2id, PHC format
}

// App is a client of the OpenID provider. Without a secret it is public.
type App struct {
	Key              string   `yaml:"key"`
	Name             string   `yaml:"name"`
	ClientID         string   `yaml:"client_id"`
	ClientSecretFile string   `yaml:"client_secret_file"` // relative to the apply file
	RedirectURIs     []string `yaml:"redirect_uris"`
}

// ParseFile reads an apply file. An unknown key, a second document or a value
// of the wrong kind is a fault with the line; what the values mean is judged
// by [Service.Apply].
func ParseFile(src []byte) (*File, error) {
	if len(src) > MaxFile {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "apply_size", Want: "at most 16 MiB", Got: strconv.Itoa(len(src)), Fix: fault.OperatorSide}
	}
	d := yaml.NewDecoder(bytes.NewReader(src))
	d.KnownFields(true)
	var f File
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "apply_yaml", Got: oneLine(err), Fix: fault.OperatorSide}
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "apply_yaml", Want: "one document", Got: "several", Fix: fault.OperatorSide}
	}
	return &f, nil
}

// oneLine folds the text of a YAML error, which comes in several lines.
func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "yaml:", "")), " ")
}

// policy reads what an organization demands.
func (p Policy) read() (sso.Policy, error) {
	var out sso.Policy
	var err error
	if out.SSO, err = oneOf(p.SSO, "policy.sso", "", sso.SSOOff, sso.SSOOptional, sso.SSORequired); err != nil {
		return out, err
	}
	if out.MFA, err = oneOf(p.MFA, "policy.mfa", "", sso.MFAOff, sso.MFAOptional, sso.MFAOwners, sso.MFARequired); err != nil {
		return out, err
	}
	for _, s := range p.Exempt {
		e, err := sso.ParseEmail(s)
		if err != nil {
			return out, err
		}
		out.Exempt = append(out.Exempt, e.Key())
	}
	for _, s := range p.IPAllow {
		n, err := parsePrefix(s)
		if err != nil {
			return out, err
		}
		out.IPAllow = append(out.IPAllow, n)
	}
	out.InactiveAfter, err = parseDuration(p.InactiveAfter)
	return out, err
}

// oneOf reads one of a few words; an empty one stands for none.
func oneOf[T ~string](s, where string, none T, words ...T) (T, error) {
	if s == "" {
		return none, nil
	}
	var list []string
	for _, w := range words {
		if string(w) == s {
			return w, nil
		}
		list = append(list, string(w))
	}
	return none, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: where + ": " + strings.Join(list, ", "), Got: s, Fix: fault.OperatorSide}
}

// parsePrefix reads a network, or an address for itself alone. IPv4 written as
// IPv6 is one and the same.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(s)
	if err != nil || n.Addr().Is4In6() {
		return netip.Prefix{}, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "policy.ip_allow: a network such as 192.0.2.0/24 or 2001:db8::/32", Got: s, Fix: fault.OperatorSide}
	}
	return n.Masked(), nil
}

// parseDuration reads days ("90d") or what Go reads ("36h"), in whole seconds.
func parseDuration(s string) (sso.Duration, error) {
	if s == "" {
		return 0, nil
	}
	const day = 24 * time.Hour
	const most = 3650 * day
	var d time.Duration
	days, isDays := strings.CutSuffix(s, "d")
	if n, err := strconv.Atoi(days); isDays && err == nil && n >= 0 && n <= int(most/day) {
		d = time.Duration(n) * day
	} else if d, err = time.ParseDuration(s); err != nil || d < 0 || d > most || d%time.Second != 0 {
		return 0, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "policy.inactive_after: a length of time such as 90d or 36h, at most 3650d", Got: s, Fix: fault.OperatorSide}
	}
	return sso.Duration(d / time.Second), nil
}

// at puts the place in the file before an error, so that its reader finds it.
func at(place string, err error) error { return fmt.Errorf("%s: %w", place, err) }
