package setup

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// MaxFile bounds an apply file, in octets.
const MaxFile = 64 << 20

// File is what an apply file says: the organizations and apps that shall be
// there. Keys are stable names chosen by the author. What a file does not
// mention is left as it is: a thing, and each setting of a thing that it does
// mention. So nil is "unchanged", or the default for what is new; to empty a
// setting, the file gives the empty text or the empty list.
type File struct {
	Roles         []Role         `yaml:"roles"`
	Organizations []Organization `yaml:"organizations"`
	Apps          []App          `yaml:"apps"`
	Webhooks      []Webhook      `yaml:"webhooks"` // of the deployment
	Streams       []Stream       `yaml:"streams"`

	// places is where in the file each thing stands, by the address of it.
	places map[any]*yaml.Node
}

// Role is a role beside the built-in ones, which means something to apps.
type Role struct {
	Key         string  `yaml:"key"`
	Name        *string `yaml:"name"` // new: the key
	Description *string `yaml:"description"`
}

// Organization is an organization with what it owns.
type Organization struct {
	Key          string        `yaml:"key"`
	Name         *string       `yaml:"name"`   // new: the key
	Parent       *string       `yaml:"parent"` // key of the organization above; empty: none, as for a new one
	State        *string       `yaml:"state"`  // active or suspended; new: active
	Entitlements []Entitlement `yaml:"entitlements"`
	Brand        Brand         `yaml:"brand"`
	Policy       Policy        `yaml:"policy"`
	Domains      []Domain      `yaml:"domains"`
	Connections  []Connection  `yaml:"connections"`
	Groups       []Group       `yaml:"groups"`
	Users        []User        `yaml:"users"`
	Webhooks     []Webhook     `yaml:"webhooks"`
}

// Entitlement is a feature that is switched on: its name alone, or with the
// plan under which it is.
type Entitlement struct {
	Name string  `yaml:"name"`
	Plan *string `yaml:"plan"` // what the vendor calls it
}

// Webhook is where a program is told of events, found by its URL, and of several
// with the same one by its note.
type Webhook struct {
	URL        string   `yaml:"url"`
	Note       *string  `yaml:"note"`
	Events     []string `yaml:"events"`      // such as user.created or user.*; empty or new: all
	State      *string  `yaml:"state"`       // enabled or disabled; new: enabled
	SecretFile *string  `yaml:"secret_file"` // whsec_ and base64; new without it: one of its own, which is turned in the console
}

// Stream carries the audit list elsewhere, and is found by its kind, its target
// and its organization.
type Stream struct {
	Kind         string  `yaml:"kind"`         // syslog-tls, syslog-tcp, syslog-udp, http
	Target       string  `yaml:"target"`       // host:port, or a URL
	Organization string  `yaml:"organization"` // key of the one whose events it carries, and of those below; empty: all
	Note         *string `yaml:"note"`
	CA           *string `yaml:"ca"`          // certificates in PEM that a receiver's must lead to; empty: the system's
	State        *string `yaml:"state"`       // enabled or disabled; new: enabled
	SecretFile   *string `yaml:"secret_file"` // of http: whsec_ and base64; new without it: one that nobody knows
}

// Brand is how an organization wants its pages to look.
type Brand struct {
	Accent   *string `yaml:"accent"`    // #rrggbb; empty: the deployment's
	Logo     *string `yaml:"logo"`      // PNG or JPEG in base64; empty: none
	LogoFile *string `yaml:"logo_file"` // relative to the apply file
}

// Group is a group of an organization. One that a person is put in comes to be
// without being listed.
type Group struct {
	Name        string  `yaml:"name"`
	Description *string `yaml:"description"`
}

// Domain is a claim to an e-mail domain.
type Domain struct {
	Name       string  `yaml:"name"`
	Vouched    *bool   `yaml:"vouched"`    // the operator vouches for it, or withdraws that
	Connection *string `yaml:"connection"` // key; empty: the organization's own
	SSO        *bool   `yaml:"sso"`        // its people are sent to the identity provider; new: true
	Password   *bool   `yaml:"password"`   // they may come by a password as well; new: true
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
	IdP            IdP           `yaml:"identity_provider"` // in place of metadata
	Vendor         *string       `yaml:"vendor"`            // of package idp; new: as it is recognised
	FirstSignIn    *string       `yaml:"first_sign_in"`     // new: create
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

// IdP is what metadata say of an identity provider, said here one by one.
type IdP struct {
	EntityID     *string    `yaml:"entity_id"`
	SignOn       []Endpoint `yaml:"sign_on"`
	Logout       []Endpoint `yaml:"logout"`
	Certificates []string   `yaml:"certificates"` // PEM, or base64 of DER
	WantsSigned  *bool      `yaml:"wants_signed"` // requests; new: false
	MetadataURL  *string    `yaml:"metadata_url"` // where they are read again from time to time; empty: nowhere
}

// Endpoint is where an identity provider is met.
type Endpoint struct {
	Binding string  `yaml:"binding"` // redirect or post
	URL     string  `yaml:"url"`
	Answers *string `yaml:"answers"` // where answers go; empty: the same
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
	SSO           *string  `yaml:"sso"`   // of these three, "" says nothing: what stands above holds, or what is usual
	Pilot         []string `yaml:"pilot"` // groups whose members may come by single sign-on alone
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
	State        *string  `yaml:"state"`                       // active or suspended; new: active
	Language     *string  `yaml:"language"`                    // such as de; empty: the browser's
	PasswordHash *string  `yaml:"password_hash" plan:"secret"` // argon2id, PHC format; empty: has no password
	Access       []Access `yaml:"access"`                      // what else they are a member of
}

// Access is a membership in another organization than that at which somebody is
// at home.
type Access struct {
	Organization string   `yaml:"organization"`
	Role         *string  `yaml:"role"` // new: member
	Groups       []string `yaml:"groups"`
}

// App is a client of the OpenID provider. A new one without a secret, keys or
// another word about it is public.
type App struct {
	Key                    string    `yaml:"key"`
	Name                   *string   `yaml:"name"`      // new: the key
	ClientID               *string   `yaml:"client_id"` // new: the key
	Kind                   *string   `yaml:"kind"`      // web, spa, native or machine; new: web, or spa where it is public
	Disabled               *bool     `yaml:"disabled"`
	AuthMethod             *string   `yaml:"auth_method"`                        // secret, none or private_key_jwt
	Public                 *bool     `yaml:"public"`                             // true is auth_method: none
	ClientSecretFile       *string   `yaml:"client_secret_file"`                 // one secret that is good; relative to the apply file
	ClientSecretFiles      []string  `yaml:"client_secret_files"`                // all that are good, at most two
	ClientSecretHashes     []string  `yaml:"client_secret_hashes" plan:"secret"` // the same as hashes, sha256: and 64 digits, as an export has them
	JWKS                   *string   `yaml:"jwks"`
	JWKSFile               *string   `yaml:"jwks_file"` // relative to the apply file
	JWKSURI                *string   `yaml:"jwks_uri"`
	GrantTypes             []string  `yaml:"grant_types"` // empty or new: authorization_code and refresh_token
	RedirectURIs           []string  `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string  `yaml:"post_logout_redirect_uris"`
	BackchannelLogoutURI   *string   `yaml:"backchannel_logout_uri"`
	LoginURL               *string   `yaml:"login_url"`    // where it begins to sign somebody in; "" for none
	IDTokenAlg             *string   `yaml:"id_token_alg"` // ES256 or RS256; new: ES256
	Scopes                 []string  `yaml:"scopes"`       // what it may do for itself, with client_credentials
	RequirePAR             *bool     `yaml:"require_par"`
	DPoP                   *bool     `yaml:"dpop"`
	PKCEOptional           *bool     `yaml:"pkce_optional"`         // for old libraries that know no PKCE
	AllowedOrganizations   []string  `yaml:"allowed_organizations"` // keys; empty: all
	RequiredEntitlement    *string   `yaml:"required_entitlement"`
	AllowedRoles           []string  `yaml:"allowed_roles"` // empty: all
	Brand                  AppBrand  `yaml:"brand"`
	Claims                 AppClaims `yaml:"claims"`
}

// AppBrand is how the sign-in pages look for an app.
type AppBrand struct {
	Name     *string `yaml:"name"`
	Accent   *string `yaml:"accent"`    // #0a6b5e
	Logo     *string `yaml:"logo"`      // PNG or JPEG in base64; empty: the organization's
	LogoFile *string `yaml:"logo_file"` // relative to the apply file
}

// AppClaims says what an app is told of people.
type AppClaims struct {
	Role        *string `yaml:"role"`   // always or never; new: always
	Groups      *string `yaml:"groups"` // scope, always or never; new: scope
	Names       *string `yaml:"names"`  // scope, always or never; new: scope
	RoleClaim   *string `yaml:"role_claim"`
	GroupsClaim *string `yaml:"groups_claim"`
}

// ParseFile reads an apply file. Unknown keys, a second document and values of
// the wrong kind are [Mistakes], each with its line and column; what the values
// mean is judged by [Service.Apply].
func ParseFile(src []byte) (*File, error) {
	if len(src) > MaxFile {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "apply_size", Want: "at most 64 MiB", Got: strconv.Itoa(len(src)) + " octets or more", Fix: fault.OperatorSide}
	}
	d := yaml.NewDecoder(bytes.NewReader(src))
	var document, more yaml.Node
	if err := d.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, Mistakes{syntaxMistake(err)}
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, Mistakes{syntaxMistake(err)}
		}
		return nil, Mistakes{{Line: more.Line, Column: more.Column, Err: yamlFault("one document", "several, with --- between them")}}
	}
	f := &File{places: map[any]*yaml.Node{}}
	reading := decoder{places: f.places, left: valuesOf(len(src))}
	if len(document.Content) > 0 {
		reading.value(document.Content[0], reflect.ValueOf(f).Elem())
	}
	if len(reading.wrong) > 0 {
		return nil, reading.wrong
	}
	return f, nil
}

// once refuses a file that mentions one thing twice: which of the two holds
// would be for chance to say, and the next run would change it back. The same
// domain may be claimed by two organizations, and a name or address may be
// that of two people at home in two.
func (f *File) once() error {
	all := mentions{}
	var wrong []error
	add := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	for i := range f.Roles {
		add(all.add(&f.Roles[i], "role", f.Roles[i].Key, f.Roles[i].Key))
	}
	for i := range f.Organizations {
		o := &f.Organizations[i]
		place := "organization " + o.Key
		add(all.add(o, "organization", o.Key, o.Key))
		own := mentions{}
		for j := range o.Connections {
			add(at(place, all.add(&o.Connections[j], "connection", o.Connections[j].Key, o.Connections[j].Key)))
		}
		for j := range o.Groups {
			add(at(place, own.add(&o.Groups[j], "group", o.Groups[j].Name, o.Groups[j].Name)))
		}
		for j := range o.Domains {
			// What is no name is refused where it is read.
			if name, err := sso.ParseDomainName(o.Domains[j].Name); err == nil {
				add(at(place, own.add(&o.Domains[j], "domain", name, name)))
			}
		}
		for j := range o.Users {
			add(at(place, own.addUser(&o.Users[j])))
		}
		for j := range o.Webhooks {
			add(at(place, own.addWebhook(&o.Webhooks[j])))
		}
	}
	for i := range f.Webhooks {
		add(all.addWebhook(&f.Webhooks[i]))
	}
	for i := range f.Streams {
		add(all.add(&f.Streams[i], "stream", f.Streams[i].same(), f.Streams[i].name()))
	}
	for i := range f.Apps {
		add(all.add(&f.Apps[i], "app", f.Apps[i].Key, f.Apps[i].Key))
	}
	return errors.Join(wrong...)
}

// mentions are the things that a file has mentioned so far.
type mentions map[mention]bool

type mention struct{ what, key string }

func (m mentions) add(of any, what, key, name string) error {
	if m[mention{what, key}] {
		return on(of, what+" "+name, twice(name))
	}
	m[mention{what, key}] = true
	return nil
}

func (m mentions) addUser(u *User) error {
	if name, err := sso.ParseUsername(value(u.Username)); err == nil {
		if err := m.add(u, "user", sso.UsernameKey(name), u.name()); err != nil {
			return err
		}
	}
	if e, err := sso.ParseEmail(value(u.Email)); err == nil { // has an @, so it is no username
		return m.add(u, "user", e.Key(), u.name())
	}
	return nil
}

func (m mentions) addWebhook(h *Webhook) error {
	return m.add(h, "webhook", strings.TrimSpace(h.URL)+"\n"+strings.TrimSpace(value(h.Note)), h.URL)
}

func twice(name string) error {
	return &fault.Error{Kind: fault.Invalid, Code: "apply_twice", Want: "each thing once in a file", Got: name + " a second time", Fix: fault.OperatorSide}
}
