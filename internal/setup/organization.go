package setup

import (
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// organizations creates and changes the organizations of the file, parents
// before children, whatever their order in the file.
func (a *applier) organizations(f *File) error {
	waiting := map[string]*Organization{}
	for i := range f.Organizations {
		o := &f.Organizations[i]
		if _, err := sso.ParseOrgKey(o.Key); err != nil {
			return at("organization "+o.Key, err)
		}
		if waiting[o.Key] != nil {
			return at("organization "+o.Key, &fault.Error{Kind: fault.Invalid, Code: "apply_twice", Got: o.Key, Fix: fault.OperatorSide})
		}
		waiting[o.Key] = o
	}
	var place func(o *Organization, below []string) error
	place = func(o *Organization, below []string) error {
		if a.orgs[o.Key] != nil && waiting[o.Key] == nil {
			return nil
		}
		if slices.Contains(below, o.Key) {
			return at("organization "+o.Key, &fault.Error{Kind: fault.Conflict, Code: "organization_cycle", Got: o.Key, Fix: fault.OperatorSide})
		}
		if parent := waiting[o.Parent]; o.Parent != "" && parent != nil {
			if err := place(parent, append(below, o.Key)); err != nil {
				return err
			}
		}
		if err := a.organization(o); err != nil {
			return at("organization "+o.Key, err)
		}
		delete(waiting, o.Key)
		return nil
	}
	for i := range f.Organizations {
		if o := &f.Organizations[i]; waiting[o.Key] != nil {
			if err := place(o, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *applier) organization(in *Organization) error {
	var parent *sso.Organization
	var err error
	if in.Parent != "" {
		if parent, err = a.org(in.Parent); err != nil {
			return err
		}
	}
	old, err := a.tx.OrganizationByKey(a.ctx, in.Key)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	org := old
	if missing {
		org = sso.Organization{ID: sso.NewOrgID(a.now), Key: in.Key, CreatedAt: a.now}
	}
	if org.Name = sso.CleanName(in.Name); org.Name == "" {
		org.Name = in.Key
	}
	if org.State, err = oneOf(in.State, "state", sso.OrgActive, sso.OrgActive, sso.OrgSuspended); err != nil {
		return err
	}
	org.Entitlements = nil
	for _, e := range in.Entitlements {
		entitlement, err := oneOf(e, "entitlements", "", sso.Entitlements()...)
		if err != nil {
			return err
		}
		org.Entitlements = append(org.Entitlements, entitlement)
	}
	if org.Policy, err = in.Policy.read(); err != nil {
		return err
	}
	if err := org.Place(parent); err != nil {
		return err
	}
	a.orgs[in.Key] = &org
	if !missing && same(old, org) {
		return nil
	}
	org.UpdatedAt = a.now
	if err := a.tx.SaveOrganization(a.ctx, org); err != nil {
		return err
	}
	org.Version++
	action, did := "organization.created", "created"
	if !missing {
		action, did = "organization.changed", changed(
			field{"name", old.Name != org.Name}, field{"parent", old.Parent() != org.Parent()}, field{"state", old.State != org.State},
			field{"entitlements", !slices.Equal(old.Entitlements, org.Entitlements)}, field{"policy", !same(old.Policy, org.Policy)})
	}
	a.did("organization", in.Key, did)
	return a.record(org.ID, action, string(org.ID))
}

// domain claims a domain for an organization. A vouched one is verified at
// once, unless another organization has proved it.
func (a *applier) domain(org *sso.Organization, in *Domain) error {
	name, err := sso.ClaimDomain(in.Name)
	if err != nil {
		return err
	}
	old, err := a.tx.Org(org.ID).Domain(a.ctx, name)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	d := old
	if missing {
		d = sso.Domain{Org: org.ID, Name: name, State: sso.DomainInReview, CreatedAt: a.now}
	}
	if d.Connection, err = a.domainConnection(org, in.Connection); err != nil {
		return err
	}
	if in.Vouched && d.State != sso.DomainVerified {
		owner, err := a.tx.VerifiedDomain(a.ctx, name)
		if err == nil && owner.Org != org.ID {
			return &fault.Error{Kind: fault.Conflict, Code: "domain_taken", Got: name, Fix: fault.OperatorSide}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		d.State, d.Proof, d.VerifiedAt = sso.DomainVerified, sso.ProofVouched, a.now
	}
	// Withdrawn trust counts at once; a proof by DNS stands by itself.
	if !in.Vouched && d.Proof == sso.ProofVouched {
		d.State, d.Proof = sso.DomainInReview, ""
	}
	if !missing && same(old, d) {
		return nil
	}
	if err := a.tx.Org(org.ID).SaveDomain(a.ctx, d); err != nil {
		return err
	}
	did, action := "claimed, "+string(d.State), "domain.claimed"
	if !missing {
		did, action = changed(field{"state, now " + string(d.State), old.State != d.State}, field{"connection", old.Connection != d.Connection}), "domain.changed"
	}
	if d.Proof == sso.ProofVouched && old.Proof != sso.ProofVouched {
		action = "domain.vouched"
	}
	a.did("domain", name, did)
	return a.record(org.ID, action, name)
}

// domainConnection returns the connection that a domain names: one of the
// organization or of those above it.
func (a *applier) domainConnection(org *sso.Organization, key string) (sso.ConnectionID, error) {
	if key == "" {
		return "", nil
	}
	c, err := a.tx.ConnectionByKey(a.ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !org.Within(c.Org) {
		return "", &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "a connection of " + org.Key + " or above", Got: key, Fix: fault.OperatorSide}
	}
	return c.ID, err
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
		return &fault.Error{Kind: fault.Conflict, Code: "connection_key_taken", Got: in.Key, Fix: fault.OperatorSide}
	}
	c := old
	if missing {
		c = sso.Connection{ID: sso.NewConnectionID(a.now), Org: org.ID, Key: in.Key, CreatedAt: a.now}
	}
	if c.Name = sso.CleanName(in.Name); c.Name == "" {
		c.Name = org.Name
	}
	if c.Protocol, err = oneOf(in.Protocol, "protocol", sso.ProtocolSAML, sso.ProtocolSAML); err != nil {
		return err
	}
	if c.State, err = oneOf(in.State, "state", sso.ConnectionDraft, sso.ConnectionDraft, sso.ConnectionTested, sso.ConnectionActive, sso.ConnectionDisabled); err != nil {
		return err
	}
	if c.FirstSignIn, err = oneOf(in.FirstSignIn, "first_sign_in", sso.FirstCreate, sso.FirstCreate, sso.FirstMatch); err != nil {
		return err
	}
	c.SAML = a.outside.saml[in]
	if c.Defaults, err = a.defaults(org, &in.Defaults); err != nil {
		return err
	}
	c.Attributes = sso.AttributeMap(in.Attributes)
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
		did, action = changed(
			field{"name", old.Name != c.Name}, field{"state, now " + string(c.State), old.State != c.State}, field{"identity provider", !same(old.SAML, c.SAML)},
			field{"first sign-in", old.FirstSignIn != c.FirstSignIn}, field{"defaults", !same(old.Defaults, c.Defaults)}, field{"attributes", old.Attributes != c.Attributes}), "connection.changed"
	}
	a.did("connection", in.Key, did)
	return a.record(org.ID, action, string(c.ID))
}

func (a *applier) defaults(org *sso.Organization, in *Defaults) (sso.Defaults, error) {
	out := sso.Defaults{Role: sso.RoleMember, Groups: in.Groups}
	var err error
	if in.Role != "" {
		if out.Role, err = sso.ParseRole(in.Role); err != nil {
			return out, err
		}
	}
	for _, key := range in.Organizations {
		o, err := a.org(key)
		if err != nil {
			return out, err
		}
		if !o.Within(org.ID) {
			return out, &fault.Error{Kind: fault.Denied, Code: "defaults_tree", Want: "an organization at or below " + org.Key, Got: key, Fix: fault.OperatorSide}
		}
		out.Organizations = append(out.Organizations, o.ID)
	}
	return out, nil
}

func (a *applier) record(org sso.OrgID, action, target string) error {
	return a.tx.Record(a.ctx, sso.Event{Org: org, At: a.now, Actor: "operator", Action: action, Target: target, Detail: map[string]string{"by": "apply"}})
}
