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
		waiting[o.Key] = o
	}
	var place func(o *Organization, below []string) error
	place = func(o *Organization, below []string) error {
		if slices.Contains(below, o.Key) {
			return at("organization "+o.Key, &fault.Error{Kind: fault.Conflict, Code: "organization_cycle", Want: wantParent, Got: o.Key, Fix: fault.OperatorSide})
		}
		if len(below) >= sso.MaxTreeDepth {
			return at("organization "+o.Key, tooDeep(o.Key))
		}
		above, err := a.waitingAbove(o, waiting)
		if err != nil {
			return at("organization "+o.Key, err)
		}
		if above != nil {
			if err := place(above, append(below, o.Key)); err != nil {
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

// wantParent is what the parent of an organization has to be.
const wantParent = "a parent that is not the organization itself or below it"

func tooDeep(key string) error {
	return &fault.Error{Kind: fault.Conflict, Code: "organization_depth", Want: "at most 8 levels", Got: key, Fix: fault.OperatorSide}
}

// waitingAbove returns the organization that will be above this one and has to
// be placed before it, the nearest where there are several: its parent in the
// file, or one that is above its parent in the database.
func (a *applier) waitingAbove(in *Organization, waiting map[string]*Organization) (*Organization, error) {
	from := in.Key
	if in.Parent != nil {
		from = *in.Parent
		if above := waiting[from]; above != nil {
			return above, nil
		}
	}
	o, err := a.tx.OrganizationByKey(a.ctx, from)
	if errors.Is(err, store.ErrNotFound) || err == nil && o.Parent() == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	line, err := a.tx.Lineage(a.ctx, o.Parent())
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(line) {
		if above := waiting[line[i].Key]; above != nil {
			return above, nil
		}
	}
	return nil, nil
}

func (a *applier) organization(in *Organization) error {
	old, err := a.tx.OrganizationByKey(a.ctx, in.Key)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	org := old
	if missing {
		org = sso.Organization{ID: sso.NewOrgID(a.now), Key: in.Key, Name: in.Key, State: sso.OrgActive, CreatedAt: a.now}
		org.Path = []sso.OrgID{org.ID}
	}
	if err := a.mergeOrganization(&org, in); err != nil {
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
		if old.Parent() != org.Parent() {
			a.move(&old)
			a.orgs[in.Key] = &org
		}
	}
	a.did("organization", in.Key, did)
	return a.record(org.ID, action, string(org.ID))
}

// mergeOrganization gives the organization what the file says of it.
func (a *applier) mergeOrganization(org *sso.Organization, in *Organization) error {
	setName(&org.Name, in.Name, in.Key)
	if err := choose(&org.State, in.State, "state", sso.OrgActive, sso.OrgSuspended); err != nil {
		return err
	}
	if in.Entitlements != nil {
		org.Entitlements = nil
		for i := range in.Entitlements {
			var e sso.Entitlement
			if err := choose(&e, &in.Entitlements[i], "entitlements", sso.Entitlements()...); err != nil {
				return err
			}
			org.Entitlements = append(org.Entitlements, e)
		}
	}
	if err := in.Policy.merge(&org.Policy); err != nil {
		return err
	}
	switch {
	case in.Parent == nil:
		return nil
	case *in.Parent == "":
		return org.Place(nil)
	default:
		parent, err := a.org(*in.Parent)
		if err != nil {
			return at("parent", err)
		}
		return wanting(wantParent, org.Place(parent))
	}
}

// move notes that an organization stands elsewhere than old says. With it
// moved all that is below, so what was read of organizations is out of date.
func (a *applier) move(old *sso.Organization) {
	clear(a.orgs)
	a.moved[old.ID] = true
	for _, id := range old.Path[:len(old.Path)-1] {
		a.left[id] = true
	}
}

// tree judges the tree once everything has its place. What moved must not
// stand too deep with all that is below it, no connection above the old place
// may go on making members there, and no domain there may name a connection
// that has gone. Connections that moved keep what is below them.
func (a *applier) tree() error {
	if len(a.moved) == 0 {
		return nil
	}
	all, err := a.tx.Organizations(a.ctx)
	if err != nil {
		return err
	}
	byID := map[sso.OrgID]*sso.Organization{}
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for i := range all {
		o := &all[i]
		if len(o.Path) > sso.MaxTreeDepth && slices.ContainsFunc(o.Path, func(id sso.OrgID) bool { return a.moved[id] }) {
			return at("organization "+o.Key, tooDeep(o.Key))
		}
		if !a.left[o.ID] {
			continue
		}
		connections, err := a.tx.Org(o.ID).Connections(a.ctx)
		if err != nil {
			return err
		}
		for j := range connections {
			for _, id := range connections[j].Defaults.Organizations {
				if target := byID[id]; target != nil && !target.Within(o.ID) {
					return at("connection "+connections[j].Key, outsideTree(o, target.Key))
				}
			}
		}
		if err := a.named(o, byID); err != nil {
			return err
		}
	}
	return nil
}

// named refuses a domain of the organization that names a connection which is
// no longer at or below it.
func (a *applier) named(o *sso.Organization, byID map[sso.OrgID]*sso.Organization) error {
	domains, err := a.tx.Org(o.ID).Domains(a.ctx)
	if err != nil {
		return err
	}
	for i := range domains {
		if domains[i].Connection == "" {
			continue
		}
		c, err := a.tx.Connection(a.ctx, domains[i].Connection)
		if err != nil {
			return err
		}
		if owner := byID[c.Org]; owner == nil || !owner.Within(o.ID) {
			return at("domain "+domains[i].Name, &fault.Error{Kind: fault.Conflict, Code: "connection_unknown", Want: "a connection of " + o.Key + " or below", Got: c.Key, Fix: fault.OperatorSide})
		}
	}
	return nil
}

func (a *applier) record(org sso.OrgID, action, target string) error {
	return a.tx.Record(a.ctx, sso.Event{Org: org, At: a.now, Actor: "operator", Action: action, Target: target, Detail: map[string]string{"by": "apply"}})
}
