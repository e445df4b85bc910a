package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
)

// Connection is one configured identity provider.
type Connection struct {
	ID          string             `json:"id"`
	Key         string             `json:"key" doc:"Unique in the deployment; stands in addresses" example:"acme-okta"`
	Name        string             `json:"name" example:"Okta"`
	Protocol    string             `json:"protocol" enum:"saml"`
	State       string             `json:"state" enum:"draft,tested,active,disabled"`
	Vendor      string             `json:"vendor,omitempty" doc:"The product that it is" example:"okta"`
	Provider    Provider           `json:"provider" doc:"What is known of the identity provider"`
	Ours        map[string]string  `json:"ours" doc:"What the identity provider has to know of us"`
	Settings    ConnectionSettings `json:"settings"`
	Attributes  AttributeNames     `json:"attributes"`
	People      ConnectionPeople   `json:"people"`
	LinkedUsers int                `json:"linked_users" doc:"How many people have come by it"`
	Watch       Watch              `json:"watch"`
	Encrypts    []Certificate      `json:"encryption_certificates" doc:"Of ours, for which it may encrypt"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
}

// Provider is what is known of an identity provider.
type Provider struct {
	EntityID     string        `json:"entity_id,omitempty"`
	SignOn       []Endpoint    `json:"sign_on" doc:"Single sign-on services"`
	Logout       []Endpoint    `json:"logout" doc:"Single logout services"`
	Certificates []Certificate `json:"certificates" doc:"Of its signing keys"`
	MetadataURL  string        `json:"metadata_url,omitempty" doc:"Where its metadata are read again"`
}

// Endpoint is a service of an identity provider.
type Endpoint struct {
	Binding  string `json:"binding" enum:"redirect,post,soap"`
	Location string `json:"location"`
}

// Certificate is one that carries a key.
type Certificate struct {
	Fingerprint string     `json:"fingerprint" doc:"SHA-256, in hexadecimal"`
	Subject     string     `json:"subject,omitempty"`
	NotBefore   *time.Time `json:"not_before,omitempty"`
	NotAfter    *time.Time `json:"not_after,omitempty"`
}

// Watch is what is known of the metadata that an identity provider publishes.
type Watch struct {
	ReadAt    *time.Time `json:"read_at,omitempty" doc:"When they could be read last"`
	FailingAt *time.Time `json:"failing_since,omitempty" doc:"Since when they cannot be read"`
	Failure   string     `json:"failure,omitempty" doc:"Code that says why not"`
	Waiting   string     `json:"waiting,omitempty" doc:"Digest of a change that waits to be approved or refused"`
}

// ConnectionSettings are those of our side.
type ConnectionSettings struct {
	SignRequests   string            `json:"sign_requests,omitempty" enum:",always,never" doc:"Empty: where the identity provider asks for it"`
	RequestBinding string            `json:"request_binding,omitempty" enum:",redirect,post" doc:"Empty: redirect where there is a choice"`
	NameIDFormat   string            `json:"nameid_format,omitempty" doc:"URI of the format that is asked for; empty: none" maxLength:"200"`
	ForceAuthn     bool              `json:"force_authn,omitempty" doc:"Whether the identity provider is to ask anew each time"`
	Encryption     string            `json:"encryption,omitempty" enum:",accepted,required" doc:"Empty: off"`
	SPEntityID     string            `json:"sp_entity_id,omitempty" doc:"What we are called there; empty: our own for the connection" maxLength:"1024"`
	SharedACS      bool              `json:"shared_acs,omitempty" doc:"Whether answers come to the address that all such connections have in common"`
	Logout         bool              `json:"logout,omitempty" doc:"Whether who signs out here is signed out there"`
	IdPInitiated   bool              `json:"idp_initiated,omitempty" doc:"Whether sign-ins may begin at the identity provider"`
	Legacy         map[string]string `json:"legacy,omitempty" doc:"Old practices that are let pass, with the last day of each, such as {\"sha1\": \"2027-01-31\"}"`
}

// AttributeNames name the attributes that carry what is kept of people; an
// empty one means those that are recognised.
type AttributeNames struct {
	Subject   string `json:"subject,omitempty" maxLength:"1024" doc:"That identifies the person, in place of the NameID"`
	Email     string `json:"email,omitempty" maxLength:"1024"`
	FirstName string `json:"first_name,omitempty" maxLength:"1024"`
	LastName  string `json:"last_name,omitempty" maxLength:"1024"`
	Username  string `json:"username,omitempty" maxLength:"1024"`
	Groups    string `json:"groups,omitempty" maxLength:"1024"`
}

// ConnectionPeople is what a connection does about people.
type ConnectionPeople struct {
	FirstSignIn   string         `json:"first_sign_in" enum:"create,ask,match,invited" doc:"What becomes of somebody who comes for the first time"`
	Role          string         `json:"role,omitempty" default:"member" maxLength:"64" doc:"Of new people"`
	Groups        []string       `json:"groups,omitempty" maxItems:"1000" doc:"Of new people"`
	Organizations []string       `json:"organizations,omitempty" maxItems:"200" doc:"IDs of those that new people become members of; empty: its own"`
	KeepProfile   bool           `json:"keep_profile,omitempty" doc:"Whether later sign-ins leave name and address alone"`
	GroupMapping  bool           `json:"group_mapping,omitempty" doc:"Whether groups of the identity provider say roles and groups at each sign-in"`
	Mapping       []GroupMapping `json:"mapping,omitempty" maxItems:"1000" doc:"The first one that fits says the role"`
}

// GroupMapping is what one group at the identity provider is here.
type GroupMapping struct {
	Group  string   `json:"group" minLength:"1" maxLength:"512" doc:"As it is sent"`
	Label  string   `json:"label,omitempty" maxLength:"256" doc:"What people call it"`
	Role   string   `json:"role,omitempty" maxLength:"64"`
	Groups []string `json:"groups,omitempty" maxItems:"100"`
}

func certificate(c *connect.Certificate) Certificate {
	return Certificate{Fingerprint: c.Fingerprint, Subject: c.Subject, NotBefore: instant(c.NotBefore), NotAfter: instant(c.NotAfter)}
}

func endpoint(e *sso.Endpoint) Endpoint {
	return Endpoint{Binding: string(e.Binding), Location: e.Location}
}

func connection(c *connect.Configuration) Connection {
	x, d := &c.SAML, &c.Defaults
	out := Connection{
		ID: string(c.ID), Key: c.Key, Name: c.Name, Protocol: string(c.Protocol), State: string(c.State), Vendor: x.Vendor, Ours: map[string]string{},
		Provider: provider(c), Settings: settings(x),
		Attributes: AttributeNames(c.Attributes), LinkedUsers: c.Linked, Watch: Watch{ReadAt: instant(c.Watching.ReadAt), FailingAt: instant(c.Watching.Failing), Failure: c.Watching.Failure, Waiting: c.Watching.Digest},
		People: ConnectionPeople{
			FirstSignIn: string(c.FirstSignIn), Role: string(d.NewRole()), Groups: d.Groups, Organizations: texts(d.Organizations), KeepProfile: d.KeepProfile, GroupMapping: d.Mapping.On,
			Mapping: each(d.Mapping.Rows, func(r *sso.GroupRow) GroupMapping {
				return GroupMapping{Group: r.Group, Label: r.Label, Role: string(r.Role), Groups: r.Groups}
			}),
		},
		Encrypts: each(c.Encrypts, certificate), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	for name, value := range c.Ours {
		out.Ours[string(name)] = value
	}
	return out
}

func provider(c *connect.Configuration) Provider {
	x := &c.SAML
	return Provider{EntityID: x.IdPEntityID, SignOn: each(x.Endpoints, endpoint), Logout: each(x.LogoutTo, endpoint), Certificates: each(c.Certificates, certificate), MetadataURL: x.MetadataURL}
}

func settings(x *sso.SAML) ConnectionSettings {
	out := ConnectionSettings{
		SignRequests: string(x.SignRequests), RequestBinding: string(x.RequestBinding), NameIDFormat: x.NameIDFormat, ForceAuthn: x.ForceAuthn, Encryption: string(x.Encryption),
		SPEntityID: x.SPEntityID, SharedACS: x.SharedACS, Logout: x.Logout, IdPInitiated: x.IdPInitiated, Legacy: map[string]string{},
	}
	for _, l := range x.Legacy {
		out.Legacy[string(l.Switch)] = l.Until.AddDate(0, 0, -1).UTC().Format(time.DateOnly)
	}
	return out
}

// given returns the settings as they are decided about.
func (s *ConnectionSettings) given() connect.Settings {
	to := connect.Settings{
		SignRequests: sso.RequestSign(s.SignRequests), RequestBinding: sso.Binding(s.RequestBinding), NameIDFormat: s.NameIDFormat, ForceAuthn: s.ForceAuthn,
		Encryption: sso.Encryption(s.Encryption), SPEntityID: s.SPEntityID, SharedACS: s.SharedACS, Logout: s.Logout, IdPInitiated: s.IdPInitiated, Legacy: map[sso.LegacySwitch]string{},
	}
	for name, day := range s.Legacy {
		to.Legacy[sso.LegacySwitch(name)] = day
	}
	return to
}

// InConnection names a connection of an organization.
type InConnection struct {
	InOrganization
	Connection string `path:"connection" doc:"Key of the connection" example:"acme-okta" maxLength:"64"`
}

func (h *Handler) connections(a *api) {
	const tag, all, one = "Connections", "/organizations/{organization}/connections", "/organizations/{organization}/connections/{connection}"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "listConnections", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List connections"}, h.listConnections)
	register(a, op{ID: "createConnection", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create a connection", Status: http.StatusCreated, MaxBody: maxMetadata,
		About: "A draft, of the identity provider that the metadata describe."}, h.createConnection)
	register(a, op{ID: "getConnection", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a connection"}, h.getConnection)
	register(a, op{ID: "updateConnection", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change name and vendor of a connection"}, h.updateConnection)
	register(a, op{ID: "deleteConnection", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Delete a connection that is not active"}, h.deleteConnection)
	register(a, op{ID: "setMetadata", Method: http.MethodPut, Path: one + "/metadata", Scope: write, Tag: tag, Summary: "Take over metadata of the identity provider", MaxBody: maxMetadata,
		About: "Of one by which people sign in already nothing is taken away: keys come beside those that are there."}, h.setMetadata)
	register(a, op{ID: "readMetadata", Method: http.MethodPost, Path: one + "/metadata/read", Scope: write, Tag: tag, Summary: "Have the metadata read again soon"}, h.readMetadata)
	register(a, op{ID: "approveChange", Method: http.MethodPost, Path: one + "/changes/{change}/approve", Scope: write, Tag: tag, Summary: "Go by a change that the identity provider has published"}, h.approveChange)
	register(a, op{ID: "refuseChange", Method: http.MethodPost, Path: one + "/changes/{change}/refuse", Scope: write, Tag: tag, Summary: "Leave the connection as it is, whatever the identity provider has published"}, h.refuseChange)
	register(a, op{ID: "setSettings", Method: http.MethodPut, Path: one + "/settings", Scope: write, Tag: tag, Summary: "Decide about our side of a connection"}, h.setSettings)
	register(a, op{ID: "setAttributes", Method: http.MethodPut, Path: one + "/attributes", Scope: write, Tag: tag, Summary: "Say which attributes carry what"}, h.setAttributes)
	register(a, op{ID: "setPeople", Method: http.MethodPut, Path: one + "/people", Scope: write, Tag: tag, Summary: "Decide what a connection does about people"}, h.setPeople)
	register(a, op{ID: "addCertificate", Method: http.MethodPost, Path: one + "/certificates", Scope: write, Tag: tag, Summary: "Add a signing certificate beside those that are there"}, h.addCertificate)
	register(a, op{ID: "removeCertificate", Method: http.MethodDelete, Path: one + "/certificates/{certificate}", Scope: write, Tag: tag, Summary: "Remove a signing certificate"}, h.removeCertificate)
	register(a, op{ID: "activateConnection", Method: http.MethodPost, Path: one + "/activate", Scope: write, Tag: tag, Summary: "Have people sign in by a connection", About: "It must have been tried with the settings that it has."}, h.activateConnection)
	register(a, op{ID: "deactivateConnection", Method: http.MethodPost, Path: one + "/deactivate", Scope: write, Tag: tag, Summary: "Have nobody sign in by a connection any more"}, h.deactivateConnection)
	h.tests(a)
	h.besides(a)
	h.ourSide(a)
}

// maxMetadata bounds a request that brings metadata, in octets.
const maxMetadata = 6 << 20

// ConnectionLine is a connection in a list.
type ConnectionLine struct {
	ID        string    `json:"id"`
	Key       string    `json:"key" example:"acme-okta"`
	Name      string    `json:"name" example:"Okta"`
	State     string    `json:"state" enum:"draft,tested,active,disabled"`
	Vendor    string    `json:"vendor,omitempty"`
	EntityID  string    `json:"entity_id,omitempty" doc:"Of the identity provider"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (h *Handler) listConnections(c *call, in *struct{ InOrganization }) (*listed[ConnectionLine], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	o, err := h.Connect.Overview(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	return &listed[ConnectionLine]{page[ConnectionLine]{Items: each(o.Connections, func(k *sso.Connection) ConnectionLine {
		return ConnectionLine{
			ID: string(k.ID), Key: k.Key, Name: k.Name, State: string(k.State), Vendor: k.SAML.Vendor, EntityID: k.SAML.IdPEntityID, CreatedAt: k.CreatedAt.UTC(), UpdatedAt: k.UpdatedAt.UTC(),
		}
	})}}, nil
}

// theConnection returns a connection as it is told of.
func (h *Handler) theConnection(c *call, p *authority.Place, key string) (*told[Connection], error) {
	v, err := h.Connect.Configuration(c.ctx(), p, key, sso.Live)
	if err != nil {
		return nil, err
	}
	return &told[Connection]{ETag: etag(v.Version), Body: connection(&v)}, nil
}

func (h *Handler) getConnection(c *call, in *struct{ InConnection }) (*told[Connection], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.theConnection(c, p, in.Connection)
}

// Metadata are those of an identity provider.
type Metadata struct {
	URL      string `json:"url,omitempty" maxLength:"2000" doc:"Where they are, to be read again by itself"`
	XML      string `json:"xml,omitempty" doc:"Or as they are"`
	EntityID string `json:"entity_id,omitempty" maxLength:"1024" doc:"Of the identity provider that is meant, where they are of several"`
}

func (m *Metadata) given() connect.Metadata {
	g := connect.Metadata{Text: m.URL, EntityID: m.EntityID}
	if m.XML != "" {
		g.File = []byte(m.XML)
	}
	return g
}

// NewConnection is a connection to be made.
type NewConnection struct {
	Vendor   string    `json:"vendor,omitempty" maxLength:"64" doc:"The product, where there are no metadata that tell" example:"okta"`
	Metadata *Metadata `json:"metadata,omitempty"`
}

func (h *Handler) createConnection(c *call, in *struct {
	InOrganization
	Body NewConnection
}) (*created[Connection], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n := connect.NewConnection{Vendor: idp.ID(in.Body.Vendor)}
	if in.Body.Metadata != nil {
		n.Metadata = in.Body.Metadata.given()
	}
	made, err := h.Connect.CreateConnection(c.ctx(), who, p.ID, n)
	if err != nil {
		return nil, err
	}
	t, err := h.theConnection(c, p, made.Key)
	if err != nil {
		return nil, err
	}
	return &created[Connection]{Location: under(&p.Organization, "connections", made.Key), ETag: t.ETag, Body: t.Body}, nil
}

// edited runs a change of a connection, and tells of it.
func (h *Handler) edited(c *call, in InConnection, version func(latest int64) (int64, error), do func(e *connect.Edit, p *authority.Place) error) (*told[Connection], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	is, err := h.Connect.Connection(c.ctx(), p, in.Connection)
	if err != nil {
		return nil, err
	}
	v, err := version(is.Version)
	if err != nil {
		return nil, err
	}
	if err := do(&connect.Edit{Who: who, Org: p.ID, Key: is.Key, Which: sso.Live, Version: v}, p); err != nil {
		return nil, err
	}
	return h.theConnection(c, p, is.Key)
}

// ConnectionChange is what a connection is to be called; what is left out
// stays.
type ConnectionChange struct {
	Name   *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Vendor *string `json:"vendor,omitempty" maxLength:"64"`
}

func (h *Handler) updateConnection(c *call, in *struct {
	InConnection
	Matching
	Body ConnectionChange
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.version, func(e *connect.Edit, p *authority.Place) error {
		is, err := h.Connect.Connection(c.ctx(), p, e.Key)
		if err != nil {
			return err
		}
		vendor := idp.ID(or(in.Body.Vendor, is.SAML.Vendor))
		if vendor == "" {
			vendor = idp.Generic
		}
		return h.Connect.Rename(c.ctx(), e, or(in.Body.Name, is.Name), vendor)
	})
}

func (h *Handler) deleteConnection(c *call, in *struct {
	InConnection
	Matching
}) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	is, err := h.Connect.Connection(c.ctx(), p, in.Connection)
	if err != nil {
		return nil, err
	}
	v, err := in.version(is.Version)
	if err != nil {
		return nil, err
	}
	return nil, h.Connect.DeleteConnection(c.ctx(), &connect.Edit{Who: who, Org: p.ID, Key: is.Key, Which: sso.Live, Version: v})
}

func (h *Handler) setMetadata(c *call, in *struct {
	InConnection
	Matching
	Body Metadata
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.wanted, func(e *connect.Edit, _ *authority.Place) error {
		_, err := h.Connect.SaveMetadata(c.ctx(), e, in.Body.given())
		return err
	})
}

func (h *Handler) readMetadata(c *call, in *struct{ InConnection }) (*told[Connection], error) {
	return h.edited(c, in.InConnection, Matching{}.version, func(e *connect.Edit, _ *authority.Place) error { return h.Connect.ReadAgain(c.ctx(), e) })
}

// InChange names a change that an identity provider has published.
type InChange struct {
	InConnection
	Change string `path:"change" doc:"Digest of the change, as watch.waiting says" maxLength:"128"`
}

func (h *Handler) approveChange(c *call, in *struct{ InChange }) (*told[Connection], error) {
	return h.edited(c, in.InConnection, Matching{}.version, func(e *connect.Edit, _ *authority.Place) error { return h.Connect.Approve(c.ctx(), e, in.Change) })
}

func (h *Handler) refuseChange(c *call, in *struct{ InChange }) (*told[Connection], error) {
	return h.edited(c, in.InConnection, Matching{}.version, func(e *connect.Edit, _ *authority.Place) error { return h.Connect.Refuse(c.ctx(), e, in.Change) })
}

func (h *Handler) setSettings(c *call, in *struct {
	InConnection
	Matching
	Body ConnectionSettings
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.wanted, func(e *connect.Edit, _ *authority.Place) error {
		return h.Connect.SaveSettings(c.ctx(), e, in.Body.given())
	})
}

func (h *Handler) setAttributes(c *call, in *struct {
	InConnection
	Matching
	Body AttributeNames
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.wanted, func(e *connect.Edit, _ *authority.Place) error {
		return h.Connect.SaveAttributes(c.ctx(), e, sso.AttributeMap(in.Body))
	})
}

func (h *Handler) setPeople(c *call, in *struct {
	InConnection
	Matching
	Body ConnectionPeople
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.wanted, func(e *connect.Edit, p *authority.Place) error {
		b := &in.Body
		n := connect.NewDefaults{Version: e.Version, FirstSignIn: sso.FirstSignIn(b.FirstSignIn), Defaults: sso.Defaults{
			Role: sso.Role(b.Role), Groups: b.Groups, KeepProfile: b.KeepProfile, Mapping: sso.GroupRoles{On: b.GroupMapping},
		}}
		for _, id := range b.Organizations {
			n.Defaults.Organizations = append(n.Defaults.Organizations, sso.OrgID(id))
		}
		for _, m := range b.Mapping {
			n.Defaults.Mapping.Rows = append(n.Defaults.Mapping.Rows, sso.GroupRow{Group: m.Group, Label: m.Label, Role: sso.Role(m.Role), Groups: m.Groups})
		}
		return h.Connect.SaveDefaults(c.ctx(), e.Who, p.ID, e.Key, n)
	})
}

// NewCertificate is a certificate to be added.
type NewCertificate struct {
	Certificate string `json:"certificate" minLength:"1" maxLength:"20000" doc:"In PEM, or base64 alone"`
}

func (h *Handler) addCertificate(c *call, in *struct {
	InConnection
	Matching
	Body NewCertificate
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.version, func(e *connect.Edit, _ *authority.Place) error {
		return h.Connect.AddCertificate(c.ctx(), e, []byte(in.Body.Certificate))
	})
}

func (h *Handler) removeCertificate(c *call, in *struct {
	InConnection
	Matching
	Certificate string `path:"certificate" doc:"Fingerprint of the certificate" maxLength:"64"`
}) (*done, error) {
	_, err := h.edited(c, in.InConnection, in.version, func(e *connect.Edit, _ *authority.Place) error {
		return h.Connect.RemoveCertificate(c.ctx(), e, in.Certificate)
	})
	return nil, err
}

func (h *Handler) activateConnection(c *call, in *struct {
	InConnection
	Matching
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.version, func(e *connect.Edit, _ *authority.Place) error { return h.Connect.Activate(c.ctx(), e) })
}

func (h *Handler) deactivateConnection(c *call, in *struct {
	InConnection
	Matching
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.version, func(e *connect.Edit, _ *authority.Place) error { return h.Connect.Deactivate(c.ctx(), e) })
}
