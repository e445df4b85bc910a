package connect

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Edit names a connection that somebody changes, as they have seen it.
type Edit struct {
	Who     *authority.Who
	Org     sso.OrgID
	Key     string
	Which   sso.Which // settings of it
	Version int64     // that they have seen
}

// NewConnection is a connection to be made. Without metadata the vendor is what
// was chosen; with them it is the one that is recognised.
type NewConnection struct {
	Vendor   idp.ID
	Metadata Metadata
}

// CreateConnection makes a draft, gives it its key, which never changes, and
// reads its metadata where they are there already.
func (s *Service) CreateConnection(ctx context.Context, who *authority.Who, org sso.OrgID, n NewConnection) (sso.Connection, error) {
	vendor, known := idp.ByID(n.Vendor)
	if !known && n.Vendor != "" {
		return sso.Connection{}, unknownVendor(n.Vendor)
	}
	c := sso.Connection{
		Org: org, Name: vendor.Name, Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft, SAML: sso.SAML{Vendor: string(n.Vendor)},
		FirstSignIn: sso.FirstCreate, Defaults: sso.Defaults{Role: sso.RoleMember},
	}
	if !n.Metadata.IsZero() {
		d, err := s.read(ctx, org, n.Metadata)
		if err != nil {
			return sso.Connection{}, err
		}
		d.give(&c.SAML)
		if product := d.Product.Product; product != "" && c.SAML.Vendor == string(d.Product.Vendor.ID) {
			c.Name = product
		}
	}
	err := s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		all, err := a.In.Connections(ctx)
		if err != nil {
			return err
		}
		if len(all) >= sso.MaxConnections {
			return &fault.Error{Kind: fault.Exhausted, Code: "connection_many", Want: strconv.Itoa(sso.MaxConnections) + " connections at most", Got: strconv.Itoa(len(all)), Fix: fault.AdminSide}
		}
		c.ID, c.CreatedAt, c.UpdatedAt, c.Version = sso.NewConnectionID(a.Now), a.Now, a.Now, 0
		c.Name = freeName(c.Name, all)
		if c.Key, err = freeKey(ctx, a, c.SAML.Vendor); err != nil {
			return err
		}
		if err := a.In.SaveConnection(ctx, c); err != nil {
			return err
		}
		c.Version = 1
		if err := watched(ctx, a, &c, c.SAML.Certificates); err != nil {
			return err
		}
		return a.Record("connection.created", string(c.ID), map[string]string{"key": c.Key, "name": c.Name}, c.Settings().Changed(nil)...)
	})
	if err != nil {
		return sso.Connection{}, err
	}
	return c, nil
}

// freeName returns a name that no connection of the organization has yet.
func freeName(name string, all []sso.Connection) string {
	free := name
	for n := 2; slices.ContainsFunc(all, func(c sso.Connection) bool { return c.Name == free }); n++ {
		free = name + " " + strconv.Itoa(n)
	}
	return free
}

// freeKey returns a key that no connection has yet.
func freeKey(ctx context.Context, a *authority.Act, vendor string) (string, error) {
	for n := 1; ; n++ {
		key := sso.ConnectionKey(a.Key, vendor, n)
		_, err := a.Tx.ConnectionByKey(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return key, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// Connection returns a connection of the organization of a place, by its key.
func (s *Service) Connection(ctx context.Context, p *authority.Place, key string) (sso.Connection, error) {
	var c sso.Connection
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		c, err = connectionOf(ctx, r, p.ID, key)
		return err
	})
	return c, err
}

func connectionOf(ctx context.Context, r *store.Reader, org sso.OrgID, key string) (sso.Connection, error) {
	c, err := r.ConnectionByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Org != org {
		return sso.Connection{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: key, Fix: fault.PersonSide}
	}
	return c, err
}

// change runs fn on the connection, and saves and records what it has changed.
// Whoever has seen an older version is refused: what a colleague has saved is
// not lost. It returns the connection as it is then.
func (s *Service) change(ctx context.Context, e *Edit, fn func(a *authority.Act, c *sso.Connection) error) (sso.Connection, error) {
	var c sso.Connection
	err := s.Authority.Change(ctx, e.Who, e.Org, authority.Setup, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		before, err := e.load(ctx, a)
		if err != nil {
			return err
		}
		c = before
		if err := fn(a, &c); err != nil {
			return err
		}
		c.Retest(&before)
		if reflect.DeepEqual(before, c) {
			return nil
		}
		if e.Which != sso.Live {
			if err := e.savePrepared(ctx, a, &before, &c); err != nil {
				return err
			}
			c.Version++
			return nil
		}
		if c.State == sso.ConnectionActive {
			if err := c.Complete(); err != nil {
				return err
			}
		}
		// Whoever changes by what answers are judged can be anybody of the organization.
		if before.State == sso.ConnectionActive && c.Fingerprint() != before.Fingerprint() {
			if err := a.Proved(); err != nil {
				return err
			}
		}
		c.UpdatedAt = a.Now
		if err := a.In.SaveConnection(ctx, c); err != nil {
			return err
		}
		c.Version++
		return a.Record("connection.changed", string(c.ID), map[string]string{"changed": changes(&before, &c)}, c.Settings().Changed(before.Settings())...)
	})
	if err != nil {
		return sso.Connection{}, err
	}
	return c, nil
}

// load reads the connection, in the version that whoever changes it has seen.
func (e *Edit) load(ctx context.Context, a *authority.Act) (sso.Connection, error) {
	c, err := configured(ctx, a.Tx.Reader, a.ID, e.Key, e.Which)
	if err != nil {
		return sso.Connection{}, err
	}
	if c.Version != e.Version {
		return sso.Connection{}, &fault.Error{Kind: fault.Conflict, Code: "connection_changed", Want: strconv.FormatInt(e.Version, 10), Got: strconv.FormatInt(c.Version, 10), Fix: fault.AdminSide}
	}
	return c, nil
}

// changes lists what is new about a connection, for the audit list.
func changes(before, c *sso.Connection) string {
	different := map[string]bool{
		"name": before.Name != c.Name, "state: " + string(c.State): before.State != c.State, "attributes": before.Attributes != c.Attributes,
	}
	from, to := reflect.ValueOf(before.SAML), reflect.ValueOf(c.SAML)
	for i := range from.NumField() {
		field := from.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		different[name] = !reflect.DeepEqual(from.Field(i).Interface(), to.Field(i).Interface())
	}
	maps.DeleteFunc(different, func(_ string, is bool) bool { return !is })
	return strings.Join(slices.Sorted(maps.Keys(different)), ", ")
}

// Rename gives the connection another name, as people read it, and says of
// which vendor it is.
func (s *Service) Rename(ctx context.Context, e *Edit, name string, vendor idp.ID) error {
	name = sso.CleanName(name)
	if name == "" {
		return &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	if _, known := idp.ByID(vendor); !known {
		return unknownVendor(vendor)
	}
	_, err := s.change(ctx, e, func(_ *authority.Act, c *sso.Connection) error {
		c.Name, c.SAML.Vendor = name, string(vendor)
		return nil
	})
	return err
}

// DeleteConnection deletes a connection that is not active. One by which
// somebody was signed in is deleted by owners alone, after a fresh proof: it takes
// away who they are.
func (s *Service) DeleteConnection(ctx context.Context, e *Edit) error {
	if err := e.onlyLive(); err != nil {
		return err
	}
	return s.Authority.Change(ctx, e.Who, e.Org, authority.Setup, func(a *authority.Act) error {
		c, err := e.load(ctx, a)
		if err != nil {
			return err
		}
		if err := c.Deletable(); err != nil {
			return err
		}
		linked, err := a.In.DeleteConnection(ctx, c, a.Now)
		if err != nil {
			return err
		}
		if linked > 0 && a.Link != nil {
			return &fault.Error{Kind: fault.Denied, Code: "setup_link_scope", Want: "an owner", Got: string(a.Link.Scope), Fix: fault.AdminSide}
		}
		if linked > 0 {
			if err := a.Proved(); err != nil {
				return err
			}
		}
		return a.Record("connection.deleted", string(c.ID), map[string]string{"key": c.Key, "name": c.Name, "people": strconv.Itoa(linked)}, sso.Settings{}.Changed(c.Settings())...)
	})
}

// unknownSetting is the fault of a value that was not offered.
func unknownSetting(got string) error {
	return &fault.Error{Kind: fault.Invalid, Code: "setting_unknown", Want: "one of those that are offered", Got: clip(got), Fix: fault.AdminSide}
}

// unknownVendor is the fault of a vendor that nobody has heard of. Programs have no
// list before them, and are told which ones there are.
func unknownVendor(got idp.ID) error {
	return &fault.Error{Kind: fault.Invalid, Code: "setting_unknown", Want: "one of " + idp.IDs(), Got: clip(string(got)), Fix: fault.AdminSide}
}

// maxShown bounds how much of a bad value is repeated in a fault.
const maxShown = 200

func clip(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

// Guide returns in whose console a connection is mended, and what the identity
// provider has to know of us. Without a connection it is nobody's in particular.
func (s *Service) Guide(c *sso.Connection, o *sso.Organization) (*idp.Vendor, idp.Values) {
	if c == nil {
		c = &sso.Connection{}
	}
	guide, _ := idp.ByID(idp.ID(c.SAML.Vendor))
	return guide, s.values(c, o)
}

// values returns what the identity provider of a connection has to know of us.
func (s *Service) values(c *sso.Connection, o *sso.Organization) idp.Values {
	return idp.Values{
		idp.ACSURL: federation.ACS(s.BaseURL, c), idp.SPEntityID: federation.EntityID(s.BaseURL, c), idp.SLOURL: federation.SLO(s.BaseURL, c),
		idp.MetadataURL: federation.MetadataURL(s.BaseURL, c), idp.LoginURL: federation.LoginURL(s.BaseURL, o), idp.ProductName: s.Name,
	}.With()
}
