package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// MaxFile bounds an apply file, in octets.
const MaxFile = 16 << 20

// File is what an apply file says: the organizations and apps that shall be
// there. Keys are stable names chosen by the author. What a file does not
// mention is left as it is: a thing, and each setting of a thing that it does
// mention. So nil is "unchanged", or the default for what is new; to empty a
// setting, the file gives the empty text or the empty list.
type File struct {
	Organizations []Organization `yaml:"organizations"`
	Apps          []App          `yaml:"apps"`
}

// Organization is an organization with what it owns.
type Organization struct {
	Key          string       `yaml:"key"`
	Name         *string      `yaml:"name"`   // new: the key
	Parent       *string      `yaml:"parent"` // key of the organization above; empty: none, as for a new one
	State        *string      `yaml:"state"`  // active or suspended; new: active
	Entitlements []string     `yaml:"entitlements"`
	Domains      []Domain     `yaml:"domains"`
	Connections  []Connection `yaml:"connections"`
	Policy       Policy       `yaml:"policy"`
	Users        []User       `yaml:"users"`
}

// Domain is a claim to an e-mail domain.
type Domain struct {
	Name       string  `yaml:"name"`
	Vouched    *bool   `yaml:"vouched"`    // the operator vouches for it, or withdraws that
	Connection *string `yaml:"connection"` // key; empty: the organization's own
}

// Connection is an identity provider.
type Connection struct {
	Key            string        `yaml:"key"`
	Name           *string       `yaml:"name"`     // as people know it; empty or new: the organization's name
	Protocol       *string       `yaml:"protocol"` // new: saml
	State          *string       `yaml:"state"`    // new: draft
	Metadata       *string       `yaml:"metadata"`
	MetadataFile   *string       `yaml:"metadata_file"` // relative to the apply file
	MetadataURL    *string       `yaml:"metadata_url"`
	Vendor         *string       `yaml:"vendor"`        // of package idp; new: as it is recognised
	FirstSignIn    *string       `yaml:"first_sign_in"` // new: create
	Defaults       Defaults      `yaml:"defaults"`
	Attributes     AttributeMap  `yaml:"attributes"`
	SPEntityID     *string       `yaml:"sp_entity_id"`
	SharedACS      *bool         `yaml:"shared_acs"` // responses come to /saml/acs
	IdPInitiated   *bool         `yaml:"idp_initiated"`
	SignRequests   *string       `yaml:"sign_requests"`   // auto, always or never; new: auto
	RequestBinding *string       `yaml:"request_binding"` // auto, redirect or post; new: auto
	NameIDFormat   *string       `yaml:"nameid_format"`
	ForceAuthn     *bool         `yaml:"force_authn"`
	Encryption     *string       `yaml:"encryption"` // off, accepted or required; new: off
	Logout         *bool         `yaml:"logout"`     // who signs out here is signed out there
	Legacy         []LegacyGrant `yaml:"legacy"`
}

// LegacyGrant switches an old practice on until the end of a day.
type LegacyGrant struct {
	Switch string `yaml:"switch"`
	Until  string `yaml:"until"` // 2027-01-31
}

// Defaults is what new people get.
type Defaults struct {
	Role          *string  `yaml:"role"` // new: member
	Groups        []string `yaml:"groups"`
	Organizations []string `yaml:"organizations"` // keys
	KeepProfile   *bool    `yaml:"keep_profile"`  // later sign-ins leave name and address alone
	Mapping       Mapping  `yaml:"mapping"`
}

// Mapping says what groups at the identity provider are here.
type Mapping struct {
	On   *bool        `yaml:"on"` // roles and groups follow at every sign-in
	Rows []MappingRow `yaml:"rows"`
}

// MappingRow says what one group is here. The first row that fits says the role.
type MappingRow struct {
	Group  string   `yaml:"group"` // as it is sent: a name, or an object ID
	Label  string   `yaml:"label"` // what people call it
	Role   string   `yaml:"role"`  // empty: the row says nothing about the role
	Groups []string `yaml:"groups"`
}

// AttributeMap names attributes of the identity provider. An empty name means
// the usual ones.
type AttributeMap struct {
	Subject   *string `yaml:"subject"`
	Email     *string `yaml:"email"`
	FirstName *string `yaml:"first_name"`
	LastName  *string `yaml:"last_name"`
	Username  *string `yaml:"username"`
	Groups    *string `yaml:"groups"`
}

// Policy is what an organization demands.
type Policy struct {
	SSO           *string  `yaml:"sso"`
	MFA           *string  `yaml:"mfa"`
	MFAAfterSSO   *string  `yaml:"mfa_after_sso"`
	Exempt        []string `yaml:"exempt"`
	IPAllow       []string `yaml:"ip_allow"`
	InactiveAfter *string  `yaml:"inactive_after"` // such as 90d or 36h; empty: never
	SessionIdle   *string  `yaml:"session_idle"`   // such as 30m; empty: 8h
	SessionLife   *string  `yaml:"session_life"`   // such as 12h; empty: 7d
	Managed       *bool    `yaml:"managed"`        // the identity provider says who there is
}

// User is a person at home in the organization, found by username, else by
// address.
type User struct {
	Username     *string  `yaml:"username"`
	Email        *string  `yaml:"email"`
	FirstName    *string  `yaml:"first_name"`
	LastName     *string  `yaml:"last_name"`
	Role         *string  `yaml:"role"` // new: member
	Groups       []string `yaml:"groups"`
	State        *string  `yaml:"state"`         // active or suspended; new: active
	PasswordHash *string  `yaml:"password_hash"` // argon2id, PHC format; empty: has no password
}

// App is a client of the OpenID provider. A new one without a secret is public.
type App struct {
	Key              string   `yaml:"key"`
	Name             *string  `yaml:"name"`               // new: the key
	ClientID         *string  `yaml:"client_id"`          // new: the key
	ClientSecretFile *string  `yaml:"client_secret_file"` // relative to the apply file
	Public           *bool    `yaml:"public"`             // takes the secret away
	RedirectURIs     []string `yaml:"redirect_uris"`
	LoginURL         *string  `yaml:"login_url"` // where it begins to sign somebody in; "" for none
}

// ParseFile reads an apply file. An unknown key, a second document or a value
// of the wrong kind is a fault with the line; what the values mean is judged
// by [Service.Apply].
func ParseFile(src []byte) (*File, error) {
	if len(src) > MaxFile {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "apply_size", Want: "at most 16 MiB", Got: strconv.Itoa(len(src)) + " octets or more", Fix: fault.OperatorSide}
	}
	d := yaml.NewDecoder(bytes.NewReader(src))
	d.KnownFields(true)
	var f File
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlFault(err)
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "apply_yaml", Want: "one document", Got: "several, with --- between them", Fix: fault.OperatorSide}
	}
	return &f, nil
}

// once refuses a file that mentions one thing twice: which of the two holds
// would be for chance to say, and the next run would change it back. The same
// domain may be claimed by two organizations, and a name or address may be
// that of two people at home in two.
func (f *File) once() error {
	all := mentions{}
	for i := range f.Organizations {
		o := &f.Organizations[i]
		place := "organization " + o.Key
		if err := all.add("organization", o.Key, o.Key); err != nil {
			return err
		}
		for j := range o.Connections {
			if err := all.add("connection", o.Connections[j].Key, o.Connections[j].Key); err != nil {
				return at(place, err)
			}
		}
		own := mentions{}
		for j := range o.Domains {
			// What is no name is refused where it is read.
			if name, err := sso.ParseDomainName(o.Domains[j].Name); err == nil {
				if err := own.add("domain", name, name); err != nil {
					return at(place, err)
				}
			}
		}
		for j := range o.Users {
			if err := own.addUser(&o.Users[j]); err != nil {
				return at(place, err)
			}
		}
	}
	for i := range f.Apps {
		if err := all.add("app", f.Apps[i].Key, f.Apps[i].Key); err != nil {
			return err
		}
	}
	return nil
}

// mentions are the things that a file has mentioned so far.
type mentions map[mention]bool

type mention struct{ what, key string }

func (m mentions) add(what, key, name string) error {
	if m[mention{what, key}] {
		return at(what+" "+name, twice(name))
	}
	m[mention{what, key}] = true
	return nil
}

func (m mentions) addUser(u *User) error {
	if name, err := sso.ParseUsername(value(u.Username)); err == nil {
		if err := m.add("user", sso.UsernameKey(name), u.name()); err != nil {
			return err
		}
	}
	if e, err := sso.ParseEmail(value(u.Email)); err == nil { // has an @, so it is no username
		return m.add("user", e.Key(), u.name())
	}
	return nil
}

func twice(name string) error {
	return &fault.Error{Kind: fault.Invalid, Code: "apply_twice", Want: "each thing once in a file", Got: name + " a second time", Fix: fault.OperatorSide}
}

// at puts the place in the file before an error, so that its reader finds it.
func at(place string, err error) error { return fmt.Errorf("%s: %w", place, err) }
