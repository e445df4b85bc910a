package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Protocol is what a connection speaks.
type Protocol string

// The protocols.
const ProtocolSAML Protocol = "saml"

// ConnectionState says how far a connection has come.
type ConnectionState string

// The states of a connection.
const (
	ConnectionDraft    ConnectionState = "draft"
	ConnectionTested   ConnectionState = "tested"
	ConnectionActive   ConnectionState = "active"
	ConnectionDisabled ConnectionState = "disabled"
)

// FirstSignIn says what happens to a subject that signs in for the first time.
type FirstSignIn string

// The modes of first sign-in.
const (
	FirstCreate  FirstSignIn = "create"  // link an existing user as in match, else create one
	FirstAsk     FirstSignIn = "ask"     // link the user whose credentials the person proves, or create one
	FirstMatch   FirstSignIn = "match"   // link the one existing user with that address, else refuse
	FirstInvited FirstSignIn = "invited" // link an existing user as in match, else accept an invitation, else refuse
)

// FirstSignIns lists the modes of first sign-in.
func FirstSignIns() []FirstSignIn {
	return []FirstSignIn{FirstCreate, FirstAsk, FirstMatch, FirstInvited}
}

// Connection is one configured identity provider.
type Connection struct {
	ID          ConnectionID
	Org         OrgID
	Key         string // unique in the deployment; stands in URLs
	Name        string // as people know the identity provider
	Protocol    Protocol
	State       ConnectionState
	SAML        SAML
	FirstSignIn FirstSignIn
	Defaults    Defaults
	Attributes  AttributeMap
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int64 // counts saves; what is derived from settings is cached by it
	// Turn tells apart the settings that were live one after the other: who left
	// by some is not taken back by others.
	Turn int64
}

// SAML is what a SAML connection knows of the identity provider and what it
// does as a service provider. It holds public values only.
type SAML struct {
	IdPEntityID  string      `json:"idp_entity_id"`
	Endpoints    []Endpoint  `json:"endpoints"`           // single sign-on services, in the order of the metadata
	LogoutTo     []Endpoint  `json:"logout_to,omitempty"` // single logout services, likewise
	Certificates [][]byte    `json:"certificates"`        // DER, each a signing key of the identity provider
	SignRequests RequestSign `json:"sign_requests,omitempty"`
	WantsSigned  bool        `json:"wants_signed,omitempty"` // the metadata said WantAuthnRequestsSigned
	SPEntityID   string      `json:"sp_entity_id,omitempty"` // ours, where the customer keeps an older value; "": the metadata URL
	IdPInitiated bool        `json:"idp_initiated,omitempty"`
	NameIDFormat string      `json:"nameid_format,omitempty"` // asked for; "": none
	ForceAuthn   bool        `json:"force_authn,omitempty"`
	Encryption   Encryption  `json:"encryption,omitempty"`
	Logout       bool        `json:"logout,omitempty"` // who signs out here is signed out there
	Legacy       []Legacy    `json:"legacy,omitempty"`

	// Vendor is the product that it is, by the names of package idp; "": not
	// known. It chooses words and click paths, and nothing that is trusted.
	Vendor string `json:"vendor,omitempty"`
	// MetadataURL is where its metadata came from and is read again; "": it did
	// not come from an address.
	MetadataURL    string  `json:"metadata_url,omitempty"`
	RequestBinding Binding `json:"request_binding,omitempty"` // how requests travel; "": as few pages as can be
	// SharedACS has responses come to the address that all such connections have
	// in common, for a customer who keeps the settings of a system with one.
	SharedACS bool `json:"shared_acs,omitempty"`
}

// Encryption says whether assertions are encrypted for us.
type Encryption string

// The degrees. The zero value is off.
const (
	EncryptionOff      Encryption = ""         // we publish no key, and open nothing
	EncryptionAccepted Encryption = "accepted" // we publish a key; a plain assertion is good too
	EncryptionRequired Encryption = "required" // a plain assertion is refused
)

// Decrypts reports whether we open what is encrypted for us.
func (s *SAML) Decrypts() bool { return s.Encryption != EncryptionOff }

// RequestSign says when requests are signed.
type RequestSign string

// The ways. The zero value is auto.
const (
	SignAuto   RequestSign = ""       // where the identity provider's metadata asks
	SignAlways RequestSign = "always" // each one
	SignNever  RequestSign = "never"  // none
)

// Binding is how a message travels.
type Binding string

// The bindings. By the last one programs talk to each other, without a
// browser; we answer by it and do not ask by it.
const (
	BindingRedirect Binding = "redirect"
	BindingPOST     Binding = "post"
	BindingSOAP     Binding = "soap"
)

// Endpoint is a service of the identity provider.
type Endpoint struct {
	Binding  Binding `json:"binding"`
	Location string  `json:"location"`
	Answers  string  `json:"answers,omitempty"` // where answers go; "": Location
}

// Legacy switches one old practice on for one connection, until an instant.
type Legacy struct {
	Switch LegacySwitch `json:"switch"`
	Until  time.Time    `json:"until"`
}

// LegacySwitch names an old practice.
type LegacySwitch string

// The switches.
const (
	LegacySHA1               LegacySwitch = "sha1"
	LegacyRSA15              LegacySwitch = "rsa1_5"
	LegacyRSA1024            LegacySwitch = "rsa1024"
	LegacyTripleDES          LegacySwitch = "3des"
	LegacyNoAuthnStatement   LegacySwitch = "no-authn-statement"
	LegacyTransientNameID    LegacySwitch = "transient-nameid"
	LegacyMissingAudience    LegacySwitch = "missing-audience"
	LegacyMissingRecipient   LegacySwitch = "missing-recipient"
	LegacyMissingDestination LegacySwitch = "missing-destination"
)

// LegacySwitches lists the switches.
func LegacySwitches() []LegacySwitch {
	return []LegacySwitch{
		LegacySHA1, LegacyRSA15, LegacyRSA1024, LegacyTripleDES, LegacyNoAuthnStatement, LegacyTransientNameID,
		LegacyMissingAudience, LegacyMissingRecipient, LegacyMissingDestination,
	}
}

// LegacyOn returns the switches that are on at this instant, each once, with
// the end that is furthest away.
func (s *SAML) LegacyOn(now time.Time) []Legacy {
	var on []Legacy
	for _, l := range s.Legacy {
		if !now.Before(l.Until) {
			continue
		}
		i := slices.IndexFunc(on, func(o Legacy) bool { return o.Switch == l.Switch })
		switch {
		case i < 0:
			on = append(on, l)
		case on[i].Until.Before(l.Until):
			on[i] = l
		}
	}
	return on
}

// Defaults is what a person who is created at first sign-in gets, and what
// later sign-ins change about people.
type Defaults struct {
	Role          Role       `json:"role,omitempty"`
	Groups        []string   `json:"groups,omitempty"`
	Organizations []OrgID    `json:"organizations,omitempty"` // empty: the connection's own
	KeepProfile   bool       `json:"keep_profile,omitempty"`  // later sign-ins leave name and address alone
	Mapping       GroupRoles `json:"mapping,omitzero"`
}

// NewRole returns the role of new people.
func (d *Defaults) NewRole() Role {
	if d.Role == "" {
		return RoleMember
	}
	return d.Role
}

// RequestEndpoint returns where requests go: by the binding that was chosen,
// else by Redirect where there is a choice, since it needs no page in between.
func (c *Connection) RequestEndpoint() (Endpoint, error) {
	bindings := []Binding{BindingRedirect, BindingPOST}
	if c.SAML.RequestBinding != "" {
		bindings = []Binding{c.SAML.RequestBinding}
	}
	for _, b := range bindings {
		for _, e := range c.SAML.Endpoints {
			if e.Binding == b {
				return e, nil
			}
		}
	}
	return Endpoint{}, &fault.Error{Kind: fault.Conflict, Code: "connection_no_endpoint", Want: string(c.SAML.RequestBinding), Got: c.Key, Fix: fault.AdminSide}
}

// LogoutEndpoint returns where messages about logout go, by Redirect where
// there is a choice, and whether there is any place.
func (s *SAML) LogoutEndpoint() (Endpoint, bool) {
	for _, b := range []Binding{BindingRedirect, BindingPOST} {
		for _, e := range s.LogoutTo {
			if e.Binding == b {
				return e, true
			}
		}
	}
	return Endpoint{}, false
}

// SignsRequests reports whether requests to this identity provider are signed.
func (c *Connection) SignsRequests() bool {
	switch c.SAML.SignRequests {
	case SignAlways:
		return true
	case SignNever:
		return false
	default:
		return c.SAML.WantsSigned
	}
}

// Complete refuses settings with which nobody could sign in safely. A
// connection without a signing key of its identity provider never verifies
// anything, and is never active.
func (c *Connection) Complete() error {
	missing := ""
	switch {
	case c.SAML.IdPEntityID == "":
		missing = "the entity ID of the identity provider"
	case len(c.SAML.Certificates) == 0:
		missing = "a signing certificate of the identity provider"
	case len(c.SAML.Endpoints) == 0:
		missing = "a single sign-on URL by Redirect or POST"
	case c.SAML.RequestBinding != "":
		if _, err := c.RequestEndpoint(); err != nil {
			missing = "a single sign-on URL by " + string(c.SAML.RequestBinding)
		}
	}
	if missing != "" {
		return &fault.Error{Kind: fault.Invalid, Code: "connection_incomplete", Want: missing, Got: c.Key, Fix: fault.AdminSide}
	}
	return nil
}

// Usable refuses to sign anybody in through a connection that is not active,
// or whose organization is suspended, not entitled to single sign-on or has
// switched it off. It is asked at the start of a sign-in and again when the answer comes.
func (c *Connection) Usable(org *Organization, above []Organization) error {
	if c.State != ConnectionActive {
		return &fault.Error{Kind: fault.Denied, Code: "connection_inactive", Want: string(ConnectionActive), Got: string(c.State), Fix: fault.AdminSide}
	}
	if err := Permitted(org, above); err != nil {
		return err
	}
	if !org.Policy.SSOOn() {
		return &fault.Error{Kind: fault.Denied, Code: "policy_sso_off", Got: org.Key, Fix: fault.AdminSide}
	}
	return nil
}

// Permitted refuses single sign-on, and trying it, to an organization that is
// suspended or not entitled to it. Entitlement may come from any of the
// organizations above it.
func Permitted(org *Organization, above []Organization) error {
	if org.State != OrgActive {
		return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: org.Key, Fix: fault.OperatorSide}
	}
	entitled := org.Entitled(EntitledSSO)
	for i := range above {
		if above[i].State != OrgActive {
			return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: above[i].Key, Fix: fault.OperatorSide}
		}
		entitled = entitled || above[i].Entitled(EntitledSSO)
	}
	if !entitled {
		return &fault.Error{Kind: fault.Denied, Code: "organization_not_entitled", Want: string(EntitledSSO), Got: org.Key, Fix: fault.OperatorSide}
	}
	return nil
}
