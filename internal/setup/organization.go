package setup

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

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
			a.failed[o.Key] = true
			if err := a.note(on(o, "organization "+o.Key, in("key", err))); err != nil {
				return err
			}
			continue
		}
		waiting[o.Key] = o
	}
	for i := range f.Organizations {
		if o := &f.Organizations[i]; waiting[o.Key] == o {
			if err := a.place(o, waiting, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// place saves an organization after all that will be above it. below are those
// that wait for it.
func (a *applier) place(o *Organization, waiting map[string]*Organization, below []string) error {
	err := a.placed(o, waiting, below)
	delete(waiting, o.Key)
	if err != nil {
		a.failed[o.Key] = true
	}
	return a.noteEach(on(o, "organization "+o.Key, err))
}

func (a *applier) placed(o *Organization, waiting map[string]*Organization, below []string) error {
	if slices.Contains(below, o.Key) {
		return in("parent", &fault.Error{Kind: fault.Conflict, Code: "organization_cycle", Want: wantParent, Got: o.Key, Fix: fault.OperatorSide})
	}
	if len(below) >= sso.MaxTreeDepth {
		return in("parent", tooDeep(o.Key))
	}
	above, err := a.waitingAbove(o, waiting)
	if err != nil {
		return err
	}
	if above != nil {
		if err := a.place(above, waiting, append(below, o.Key)); err != nil {
			return err
		}
		if a.failed[above.Key] {
			return errSkip
		}
	}
	return a.organization(o)
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
	var before *Organization
	if !missing {
		said, err := a.say.organization(&old)
		if err != nil {
			return err
		}
		before = &said
	}
	if err := a.mergeOrganization(&org, in); err != nil {
		return err
	}
	a.orgs[in.Key] = &org
	plans, err := a.plans(&old, in)
	if err != nil {
		return err
	}
	if !missing && same(old, org) && len(plans) == 0 {
		return nil
	}
	org.UpdatedAt = a.now
	if err := a.tx.SaveOrganization(a.ctx, org); err != nil {
		return err
	}
	org.Version++
	if err := a.saveBeside(&old, &org, in, plans); err != nil {
		return err
	}
	after, err := a.say.organization(&org)
	if err != nil {
		return err
	}
	action, did := "organization.created", Created
	if !missing {
		action, did = "organization.changed", Changed
		if old.Parent() != org.Parent() {
			a.move(&old)
			a.orgs[in.Key] = &org
		}
	}
	fields := difference(before, after)
	a.did("organization", in.Key, did, fields)
	return a.record(org.ID, action, string(org.ID), fields)
}

// mergeOrganization gives the organization what the file says of it.
func (a *applier) mergeOrganization(org *sso.Organization, o *Organization) error {
	setName(&org.Name, o.Name, o.Key)
	return errors.Join(
		choose(&org.State, o.State, "state", sso.OrgActive, sso.OrgSuspended),
		o.mergeEntitlements(org),
		o.Policy.merge(&org.Policy),
		in("brand", look(&org.Brand, org.ID, o.Brand.Logo, a.outside.logos[o], o.Brand.Accent)),
		in("parent", a.mergeParent(org, o.Parent)),
	)
}

func (o *Organization) mergeEntitlements(org *sso.Organization) error {
	if o.Entitlements == nil {
		return nil
	}
	had := org.Entitlements
	org.Entitlements = nil
	err := every(o.Entitlements, func(from *Entitlement) error {
		var e sso.Entitlement
		if err := choose(&e, &from.Name, "entitlements", sso.Entitlements()...); err != nil {
			return on(from, "", err)
		}
		if !slices.Contains(org.Entitlements, e) {
			org.Entitlements = append(org.Entitlements, e)
		}
		return nil
	})
	if slices.Equal(slices.Sorted(slices.Values(had)), slices.Sorted(slices.Values(org.Entitlements))) {
		org.Entitlements = had // in which order they are said means nothing
	}
	return err
}

func (a *applier) mergeParent(org *sso.Organization, key *string) error {
	switch {
	case key == nil:
		return nil
	case *key == "":
		return org.Place(nil)
	default:
		parent, err := a.org(*key)
		if err != nil {
			return err
		}
		if parent.OfOperators() {
			return &fault.Error{Kind: fault.Denied, Code: "operators_organization", Want: "a customer", Got: *key, Fix: fault.OperatorSide}
		}
		return wanting(wantParent, org.Place(parent))
	}
}

// plans returns the grants that the file says otherwise than they are stored.
func (a *applier) plans(old *sso.Organization, o *Organization) ([]sso.EntitlementGrant, error) {
	var grants []sso.EntitlementGrant
	var err error
	if old.ID != "" && len(o.Entitlements) > 0 {
		if grants, err = a.tx.Org(old.ID).Entitlements(a.ctx); err != nil {
			return nil, err
		}
	}
	var out []sso.EntitlementGrant
	for i := range o.Entitlements {
		e := &o.Entitlements[i]
		if e.Plan == nil {
			continue
		}
		g := sso.EntitlementGrant{Entitlement: sso.Entitlement(e.Name), Plan: sso.CleanName(*e.Plan), By: actor, At: a.now}
		known := slices.ContainsFunc(grants, func(have sso.EntitlementGrant) bool {
			return have.Entitlement == g.Entitlement && have.Plan == g.Plan
		})
		if !known && (g.Plan != "" || slices.ContainsFunc(grants, func(have sso.EntitlementGrant) bool { return have.Entitlement == g.Entitlement })) {
			out = append(out, g)
		}
	}
	return out, nil
}

// saveBeside saves what of an organization stands in tables of its own.
func (a *applier) saveBeside(old, org *sso.Organization, o *Organization, plans []sso.EntitlementGrant) error {
	for _, g := range plans {
		if err := a.tx.Org(org.ID).SaveEntitlement(a.ctx, g); err != nil {
			return err
		}
	}
	for _, e := range old.Entitlements {
		if !org.Entitled(e) {
			if err := a.tx.Org(org.ID).DeleteEntitlement(a.ctx, e); err != nil {
				return err
			}
		}
	}
	if org.Brand.Logo == old.Brand.Logo {
		return nil
	}
	return a.tx.Org(org.ID).SaveLogo(a.ctx, org.Brand.Logo, a.outside.logos[o], a.now)
}

// pictureOf returns the logo that a brand of the file gives, as text or by the
// name of another file, as we keep it; nil: none.
func pictureOf(logo, file *string, files Files) ([]byte, error) {
	switch {
	case logo != nil && file != nil:
		return nil, in("brand", refused("one of logo and logo_file", "both"))
	case file != nil:
		picture, err := files.Read(*file)
		if err == nil {
			picture, err = drawn(picture)
		}
		return picture, in("brand.logo_file", err)
	case value(logo) == "":
		return nil, nil
	}
	picture, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*logo), ""))
	if err != nil {
		return nil, in("brand.logo", refused("brand.logo: a picture in base64", short(*logo)))
	}
	picture, err = drawn(picture)
	return picture, in("brand.logo", err)
}

// drawn is [sso.DrawLogo], and says what came.
func drawn(picture []byte) ([]byte, error) {
	out, err := sso.DrawLogo(picture)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Got == "" {
		said := *f
		said.Got = strconv.Itoa(len(picture)) + " octets of another kind"
		return nil, &said
	}
	return out, err
}

// look gives the brand of an organization, or of an app, what the file says of
// it: a picture, or that there is to be none, and a colour.
func look[ID sso.OrgID | sso.AppID](to *sso.Brand, owner ID, said *string, picture []byte, colour *string) error {
	to.Logo = sso.LogoAfter(owner, to.Logo, sso.NewLogo{Picture: picture, Gone: said != nil})
	if colour == nil {
		return nil
	}
	accent, err := sso.ParseAccent(*colour)
	if err == nil {
		to.Accent = accent
	}
	return in("accent", err)
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

// actor is who applies files, in the audit list.
const actor = "operator"

// maxTold bounds how many settings a line of the audit list tells of.
const maxTold = 60

// record writes a line of the audit list, with what was before and after.
func (a *applier) record(org sso.OrgID, action, target string, fields []Field) error {
	e := sso.Event{Org: org, At: a.now, Actor: actor, Action: action, Target: target, Detail: map[string]string{"by": "apply"}}
	for _, f := range fields[:min(len(fields), maxTold)] {
		e.Changes = append(e.Changes, sso.Change{Field: f.Key, From: f.Before, To: f.After})
	}
	return a.tx.Record(a.ctx, e)
}
