package setup

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// identityProvider reads what a connection's metadata says, from one of its
// three places. It returns nil where the file names none, and empty settings
// where it takes the metadata away.
func (s *Service) identityProvider(ctx context.Context, c *Connection, files Files) (*sso.SAML, error) {
	named := 0
	for _, v := range []*string{c.Metadata, c.MetadataFile, c.MetadataURL} {
		if v != nil {
			named++
		}
	}
	var metadata []byte
	var err error
	switch {
	case named == 0:
		return nil, nil
	case named > 1:
		return nil, refused("one of metadata, metadata_file and metadata_url", "several")
	case c.MetadataFile != nil:
		metadata, err = files.Read(*c.MetadataFile)
	case c.MetadataURL != nil:
		metadata, err = s.Fetch.Get(ctx, *c.MetadataURL)
	case *c.Metadata == "":
		return &sso.SAML{}, nil
	default:
		metadata = []byte(*c.Metadata)
	}
	if err != nil {
		return nil, err
	}
	d, err := federation.Read(metadata, "")
	if err != nil {
		return nil, err
	}
	out := &sso.SAML{IdPEntityID: d.EntityID, WantsSigned: d.WantsSigned, Certificates: d.Certificates, Endpoints: d.Endpoints, LogoutTo: d.LogoutTo, MetadataURL: value(c.MetadataURL)}
	if d.Product.Strength != idp.None {
		out.Vendor = string(d.Product.Vendor.ID)
	}
	return out, nil
}

func (a *applier) connection(org *sso.Organization, in *Connection) error {
	if _, err := sso.ParseKey(in.Key); err != nil {
		return err
	}
	old, err := a.tx.ConnectionByKey(a.ctx, in.Key)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	if !missing && old.Org != org.ID {
		return &fault.Error{Kind: fault.Conflict, Code: "connection_key_taken", Want: "a key that no connection of another organization has", Got: in.Key, Fix: fault.OperatorSide}
	}
	c := old
	if missing {
		c = sso.Connection{
			ID: sso.NewConnectionID(a.now), Org: org.ID, Key: in.Key, Name: org.Name, Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft,
			FirstSignIn: sso.FirstCreate, Defaults: sso.Defaults{Role: sso.RoleMember}, CreatedAt: a.now,
		}
	}
	if err := a.mergeConnection(&c, org, in); err != nil {
		return err
	}
	if c.State == sso.ConnectionActive {
		if err := c.Complete(); err != nil {
			return err
		}
	}
	if !missing && same(old, c) {
		return nil
	}
	c.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveConnection(a.ctx, c); err != nil {
		return err
	}
	did, action := "created, "+string(c.State), "connection.created"
	if !missing {
		did, action = changesOf(&old, &c), "connection.changed"
	}
	a.did("connection", in.Key, did)
	if err := a.record(org.ID, action, string(c.ID)); err != nil {
		return err
	}
	return a.decryptionKey(&c, in)
}

// changesOf lists what is new about a connection.
func changesOf(old, c *sso.Connection) string {
	before := old.SAML
	before.Encryption, before.Logout = c.SAML.Encryption, c.SAML.Logout
	return changed(
		field{"name", old.Name != c.Name}, field{"state, now " + string(c.State), old.State != c.State}, field{"identity provider", !same(before, c.SAML)},
		field{"encryption", old.SAML.Encryption != c.SAML.Encryption}, field{"logout", old.SAML.Logout != c.SAML.Logout}, field{"first sign-in", old.FirstSignIn != c.FirstSignIn},
		field{"defaults", !same(old.Defaults, c.Defaults)}, field{"attributes", old.Attributes != c.Attributes})
}

// mergeConnection gives the connection what the file says of it.
func (a *applier) mergeConnection(c *sso.Connection, org *sso.Organization, in *Connection) error {
	setName(&c.Name, in.Name, org.Name)
	if err := choose(&c.Protocol, in.Protocol, "protocol", sso.ProtocolSAML); err != nil {
		return err
	}
	if err := choose(&c.State, in.State, "state", sso.ConnectionDraft, sso.ConnectionTested, sso.ConnectionActive, sso.ConnectionDisabled); err != nil {
		return err
	}
	if err := choose(&c.FirstSignIn, in.FirstSignIn, "first_sign_in", sso.FirstSignIns()...); err != nil {
		return err
	}
	if read := a.outside.idps[in]; read != nil {
		c.SAML.IdPEntityID, c.SAML.WantsSigned, c.SAML.Certificates, c.SAML.Endpoints = read.IdPEntityID, read.WantsSigned, read.Certificates, read.Endpoints
		c.SAML.LogoutTo, c.SAML.MetadataURL = read.LogoutTo, read.MetadataURL
		if c.SAML.Vendor == "" {
			c.SAML.Vendor = read.Vendor
		}
	}
	if err := in.setVendor(&c.SAML); err != nil {
		return err
	}
	if err := in.mergeSAML(&c.SAML); err != nil {
		return err
	}
	if _, reachable := c.SAML.LogoutEndpoint(); c.SAML.Logout && !reachable {
		return refused("logout: false, or metadata with a SingleLogoutService by Redirect or POST", "true, and none in the metadata")
	}
	if err := a.mergeDefaults(&c.Defaults, org, &in.Defaults); err != nil {
		return err
	}
	return in.Attributes.merge(&c.Attributes)
}

// mergeSAML gives our side of the connection what the file says of it.
func (c *Connection) mergeSAML(to *sso.SAML) error {
	if c.SPEntityID != nil {
		var err error
		if to.SPEntityID, err = sso.ParseSPEntityID(*c.SPEntityID); err != nil {
			f := fault.From(err)
			return refused("sp_entity_id: "+f.Want, *c.SPEntityID)
		}
	}
	set(&to.SharedACS, c.SharedACS)
	if err := setURI(&to.NameIDFormat, c.NameIDFormat, "nameid_format"); err != nil {
		return err
	}
	set(&to.ForceAuthn, c.ForceAuthn)
	set(&to.IdPInitiated, c.IdPInitiated)
	if c.SharedACS != nil || c.IdPInitiated != nil {
		tiles := sso.SAML{IdPInitiated: to.IdPInitiated, SharedACS: to.SharedACS}
		set(&tiles.SharedACS, c.SharedACS)
		if err := tiles.CheckTiles(); err != nil {
			return err
		}
	}
	const auto = sso.RequestSign("auto")
	if err := choose(&to.SignRequests, c.SignRequests, "sign_requests", auto, sso.SignAlways, sso.SignNever); err != nil {
		return err
	}
	if to.SignRequests == auto {
		to.SignRequests = sso.SignAuto
	}
	const anyBinding = sso.Binding("auto")
	if err := choose(&to.RequestBinding, c.RequestBinding, "request_binding", anyBinding, sso.BindingRedirect, sso.BindingPOST); err != nil {
		return err
	}
	if to.RequestBinding == anyBinding {
		to.RequestBinding = ""
	}
	const off = sso.Encryption("off")
	if err := choose(&to.Encryption, c.Encryption, "encryption", off, sso.EncryptionAccepted, sso.EncryptionRequired); err != nil {
		return err
	}
	set(&to.Logout, c.Logout)
	if to.Encryption == off {
		to.Encryption = sso.EncryptionOff
	}
	if c.Legacy == nil {
		return nil
	}
	to.Legacy = nil
	for i := range c.Legacy {
		l := &c.Legacy[i]
		var sw sso.LegacySwitch
		if err := choose(&sw, &l.Switch, "legacy.switch", sso.LegacySwitches()...); err != nil {
			return err
		}
		day, err := time.Parse(time.DateOnly, l.Until)
		if err != nil {
			return refused("legacy.until: a day such as 2027-01-31", l.Until)
		}
		to.Legacy = append(to.Legacy, sso.Legacy{Switch: sw, Until: day.AddDate(0, 0, 1)})
	}
	return nil
}

// setVendor sets the product, if the file names one.
func (c *Connection) setVendor(to *sso.SAML) error {
	if c.Vendor == nil {
		return nil
	}
	if _, known := idp.ByID(idp.ID(*c.Vendor)); !known && *c.Vendor != "" {
		return refused("vendor: a name of the catalogue such as entra-id, okta or "+string(idp.Generic), *c.Vendor)
	}
	to.Vendor = *c.Vendor
	return nil
}

func (a *applier) mergeDefaults(to *sso.Defaults, org *sso.Organization, in *Defaults) error {
	if err := setRole(&to.Role, in.Role); err != nil {
		return at("defaults.role", err)
	}
	if err := setGroups(&to.Groups, in.Groups, "defaults.groups"); err != nil {
		return err
	}
	set(&to.KeepProfile, in.KeepProfile)
	if err := in.Mapping.merge(&to.Mapping); err != nil {
		return err
	}
	if in.Organizations == nil {
		return nil
	}
	to.Organizations = nil
	for _, key := range in.Organizations {
		o, err := a.org(key)
		if err != nil {
			return at("defaults.organizations", err)
		}
		if !o.Within(org.ID) {
			return outsideTree(org, key)
		}
		to.Organizations = append(to.Organizations, o.ID)
	}
	return nil
}

// merge gives the mapping what the file says of it.
func (m *Mapping) merge(to *sso.GroupRoles) error {
	set(&to.On, m.On)
	if m.Rows == nil {
		return nil
	}
	to.Rows = nil
	for i := range m.Rows {
		from := &m.Rows[i]
		row := sso.GroupRow{Group: from.Group, Label: from.Label}
		if from.Role != "" {
			if err := setRole(&row.Role, &from.Role); err != nil {
				return at("defaults.mapping", err)
			}
		}
		if err := setGroups(&row.Groups, from.Groups, "defaults.mapping"); err != nil {
			return err
		}
		to.Rows = append(to.Rows, row)
	}
	if err := to.Valid(); err != nil {
		return at("defaults.mapping", err)
	}
	return nil
}

// outsideTree is the fault of defaults that would make members of an
// organization that is none of the connection's.
func outsideTree(org *sso.Organization, key string) error {
	return &fault.Error{Kind: fault.Denied, Code: "defaults_tree", Want: "defaults.organizations at or below " + org.Key, Got: key, Fix: fault.OperatorSide}
}

func (m *AttributeMap) merge(to *sso.AttributeMap) error {
	for _, f := range []struct {
		to, from *string
		where    string
	}{
		{&to.Subject, m.Subject, "subject"}, {&to.Email, m.Email, "email"}, {&to.FirstName, m.FirstName, "first_name"},
		{&to.LastName, m.LastName, "last_name"}, {&to.Username, m.Username, "username"}, {&to.Groups, m.Groups, "groups"},
	} {
		if err := setAttribute(f.to, f.from, "attributes."+f.where); err != nil {
			return err
		}
	}
	return nil
}
