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

// described is what metadata says, and why it may change nothing any more; nil: it
// may.
type described struct {
	sso.SAML
	over error
}

// identityProvider reads what a connection's metadata says, from one of its
// three places. It returns nil where the file names none, and empty settings
// where it takes the metadata away.
func (s *Service) identityProvider(ctx context.Context, c *Connection, files Files) (*described, error) {
	named := 0
	for _, v := range []*string{c.Metadata, c.MetadataFile, c.MetadataURL} {
		if v != nil {
			named++
		}
	}
	if named > 0 && !c.IdP.empty() {
		return nil, in("identity_provider", refused("metadata or identity_provider", "both"))
	}
	var metadata []byte
	var err error
	switch {
	case named == 0:
		return nil, nil
	case named > 1:
		return nil, in(c.metadataKey(), refused("one of metadata, metadata_file and metadata_url", "several"))
	case c.MetadataFile != nil:
		metadata, err = files.Read(*c.MetadataFile)
	case c.MetadataURL != nil:
		metadata, err = s.Fetch.Get(ctx, *c.MetadataURL)
	case *c.Metadata == "":
		return &described{}, nil
	default:
		metadata = []byte(*c.Metadata)
	}
	var d federation.Description
	if err == nil {
		d, err = federation.Read(metadata, "")
	}
	if err != nil {
		return nil, in(c.metadataKey(), err)
	}
	out := &described{
		SAML: sso.SAML{IdPEntityID: d.EntityID, WantsSigned: d.WantsSigned, Certificates: d.Certificates, Endpoints: d.Endpoints, LogoutTo: d.LogoutTo, MetadataURL: value(c.MetadataURL)},
		over: d.Good(s.Now()),
	}
	if d.Product.Strength != idp.None {
		out.Vendor = string(d.Product.Vendor.ID)
	}
	return out, nil
}

// metadataKey returns under which key the metadata are named.
func (c *Connection) metadataKey() string {
	switch {
	case c.MetadataURL != nil:
		return "metadata_url"
	case c.MetadataFile != nil:
		return "metadata_file"
	default:
		return "metadata"
	}
}

func (a *applier) connection(org *sso.Organization, from *Connection) error {
	if _, err := sso.ParseKey(from.Key); err != nil {
		return in("key", err)
	}
	old, err := a.tx.ConnectionByKey(a.ctx, from.Key)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	if !missing && old.Org != org.ID {
		return in("key", &fault.Error{Kind: fault.Conflict, Code: "connection_key_taken", Want: "a key that no connection of another organization has", Got: from.Key, Fix: fault.OperatorSide})
	}
	c := old
	var before *Connection
	if missing {
		c = sso.Connection{
			ID: sso.NewConnectionID(a.now), Org: org.ID, Key: from.Key, Name: org.Name, Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft,
			FirstSignIn: sso.FirstCreate, Defaults: sso.Defaults{Role: sso.RoleMember}, CreatedAt: a.now,
		}
	} else {
		said, err := a.say.connection(&old)
		if err != nil {
			return err
		}
		before = &said
	}
	a.kept[c.ID] = true
	if err := a.mergeConnection(&c, org, from); err != nil {
		return err
	}
	if c.State == sso.ConnectionActive {
		if err := c.Complete(); err != nil {
			return in("state", err)
		}
	}
	if !missing && same(old, c) {
		return nil
	}
	c.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveConnection(a.ctx, c); err != nil {
		return err
	}
	did, action := Created, "connection.created"
	if !missing {
		did, action = Changed, "connection.changed"
	}
	after, err := a.say.connection(&c)
	if err != nil {
		return err
	}
	fields := difference(before, after)
	a.did("connection", from.Key, did, fields)
	if err := a.record(org.ID, action, string(c.ID), fields); err != nil {
		return err
	}
	return a.decryptionKey(&c, from)
}

// mergeConnection gives the connection what the file says of it.
func (a *applier) mergeConnection(c *sso.Connection, org *sso.Organization, from *Connection) error {
	setName(&c.Name, from.Name, org.Name)
	if read := a.outside.idps[from]; read != nil {
		was := c.SAML
		c.SAML.IdPEntityID, c.SAML.WantsSigned, c.SAML.Certificates, c.SAML.Endpoints = read.IdPEntityID, read.WantsSigned, read.Certificates, read.Endpoints
		c.SAML.LogoutTo, c.SAML.MetadataURL = read.LogoutTo, read.MetadataURL
		// What is there already stays: a file must not become wrong by itself, all of it.
		if read.over != nil && !same(was, c.SAML) {
			return in(from.metadataKey(), read.over)
		}
		if c.SAML.Vendor == "" && read.over == nil {
			c.SAML.Vendor = read.Vendor
		}
	}
	err := errors.Join(
		choose(&c.Protocol, from.Protocol, "protocol", sso.ProtocolSAML),
		choose(&c.State, from.State, "state", sso.ConnectionDraft, sso.ConnectionTested, sso.ConnectionActive, sso.ConnectionDisabled),
		choose(&c.FirstSignIn, from.FirstSignIn, "first_sign_in", sso.FirstSignIns()...),
		from.IdP.merge(&c.SAML),
		from.setVendor(&c.SAML),
		from.mergeSAML(&c.SAML),
		a.mergeDefaults(&c.Defaults, org, &from.Defaults),
		from.Attributes.merge(&c.Attributes),
	)
	if err != nil {
		return err
	}
	if _, reachable := c.SAML.LogoutEndpoint(); c.SAML.Logout && !reachable {
		return in("logout", refused("logout: false, or metadata with a SingleLogoutService by Redirect or POST", "true, and none in the metadata"))
	}
	return nil
}

// mergeSAML gives our side of the connection what the file says of it.
func (c *Connection) mergeSAML(to *sso.SAML) error {
	const auto, anyBinding, off = sso.RequestSign("auto"), sso.Binding("auto"), sso.Encryption("off")
	set(&to.SharedACS, c.SharedACS)
	set(&to.ForceAuthn, c.ForceAuthn)
	set(&to.IdPInitiated, c.IdPInitiated)
	set(&to.Logout, c.Logout)
	err := errors.Join(
		c.mergeEntityID(to),
		c.checkTiles(to),
		setURI(&to.NameIDFormat, c.NameIDFormat, "nameid_format"),
		choose(&to.SignRequests, c.SignRequests, "sign_requests", auto, sso.SignAlways, sso.SignNever),
		choose(&to.RequestBinding, c.RequestBinding, "request_binding", anyBinding, sso.BindingRedirect, sso.BindingPOST),
		choose(&to.Encryption, c.Encryption, "encryption", off, sso.EncryptionAccepted, sso.EncryptionRequired),
		c.mergeLegacy(to),
	)
	if to.SignRequests == auto {
		to.SignRequests = sso.SignAuto
	}
	if to.RequestBinding == anyBinding {
		to.RequestBinding = ""
	}
	if to.Encryption == off {
		to.Encryption = sso.EncryptionOff
	}
	return err
}

func (c *Connection) mergeEntityID(to *sso.SAML) error {
	if c.SPEntityID == nil {
		return nil
	}
	id, err := sso.ParseSPEntityID(*c.SPEntityID)
	if err != nil {
		return in("sp_entity_id", refused("sp_entity_id: "+fault.From(err).Want, *c.SPEntityID))
	}
	to.SPEntityID = id
	return nil
}

func (c *Connection) checkTiles(to *sso.SAML) error {
	if c.SharedACS == nil && c.IdPInitiated == nil {
		return nil
	}
	tiles := sso.SAML{IdPInitiated: to.IdPInitiated, SharedACS: to.SharedACS}
	return in("idp_initiated", tiles.CheckTiles())
}

func (c *Connection) mergeLegacy(to *sso.SAML) error {
	if c.Legacy == nil {
		return nil
	}
	to.Legacy = nil
	return every(c.Legacy, func(l *LegacyGrant) error {
		var sw sso.LegacySwitch
		if err := choose(&sw, &l.Switch, "legacy.switch", sso.LegacySwitches()...); err != nil {
			return on(l, "", err)
		}
		day, err := time.Parse(time.DateOnly, l.Until)
		if err != nil {
			return on(l, "", in("until", refused("legacy.until: a day such as 2027-01-31", l.Until)))
		}
		to.Legacy = append(to.Legacy, sso.Legacy{Switch: sw, Until: day.AddDate(0, 0, 1)})
		return nil
	})
}

// setVendor sets the product, if the file names one.
func (c *Connection) setVendor(to *sso.SAML) error {
	if c.Vendor == nil {
		return nil
	}
	if _, known := idp.ByID(idp.ID(*c.Vendor)); !known && *c.Vendor != "" {
		return in("vendor", refused("vendor: one of "+idp.IDs(), *c.Vendor))
	}
	to.Vendor = *c.Vendor
	return nil
}

func (a *applier) mergeDefaults(to *sso.Defaults, org *sso.Organization, from *Defaults) error {
	set(&to.KeepProfile, from.KeepProfile)
	return errors.Join(
		a.setRole(&to.Role, from.Role, "defaults.role"),
		setGroups(&to.Groups, from.Groups, "defaults.groups"),
		a.mergeMapping(&to.Mapping, &from.Mapping),
		in("defaults.organizations", a.mergeTargets(to, org, from.Organizations)),
	)
}

// mergeTargets sets the organizations of which new people are made members.
func (a *applier) mergeTargets(to *sso.Defaults, org *sso.Organization, keys []string) error {
	if keys == nil {
		return nil
	}
	to.Organizations = nil
	for _, key := range keys {
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

// mergeMapping gives the mapping what the file says of it.
func (a *applier) mergeMapping(to *sso.GroupRoles, m *Mapping) error {
	set(&to.On, m.On)
	if m.Rows == nil {
		return nil
	}
	to.Rows = nil
	err := every(m.Rows, func(from *MappingRow) error {
		row := sso.GroupRow{Group: from.Group, Label: from.Label}
		var role *string
		if from.Role != "" {
			role = &from.Role
		}
		to.Rows = append(to.Rows, sso.GroupRow{})
		if err := errors.Join(a.setRole(&row.Role, role, "role"), setGroups(&row.Groups, from.Groups, "groups")); err != nil {
			return on(from, "defaults.mapping", err)
		}
		to.Rows[len(to.Rows)-1] = row
		return nil
	})
	if err == nil {
		err = at("defaults.mapping", in("defaults.mapping.rows", to.Valid()))
	}
	return err
}

// outsideTree is the fault of defaults that would make members of an
// organization that is none of the connection's.
func outsideTree(org *sso.Organization, key string) error {
	return &fault.Error{Kind: fault.Denied, Code: "defaults_tree", Want: "defaults.organizations at or below " + org.Key, Got: key, Fix: fault.OperatorSide}
}

func (m *AttributeMap) merge(to *sso.AttributeMap) error {
	return errors.Join(
		setAttribute(&to.Subject, m.Subject, "attributes.subject"),
		setAttribute(&to.Email, m.Email, "attributes.email"),
		setAttribute(&to.FirstName, m.FirstName, "attributes.first_name"),
		setAttribute(&to.LastName, m.LastName, "attributes.last_name"),
		setAttribute(&to.Username, m.Username, "attributes.username"),
		setAttribute(&to.Groups, m.Groups, "attributes.groups"),
	)
}
