package operate

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// NewOrganization says which organization is to be made.
type NewOrganization struct {
	Key    string
	Name   string
	Parent string // key of the organization above; "": none
}

// CreateOrganization makes an organization.
func (s *Service) CreateOrganization(ctx context.Context, by *sso.By, in NewOrganization) (sso.Organization, error) {
	if err := mayChange(by); err != nil {
		return sso.Organization{}, err
	}
	key, err := sso.ParseOrgKey(in.Key)
	if err != nil {
		return sso.Organization{}, err
	}
	name := sso.CleanName(in.Name)
	if name == "" {
		return sso.Organization{}, &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	var o sso.Organization
	err = s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		now := s.Now()
		o = sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: name, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
		if err := place(ctx, tx, &o, in.Parent); err != nil {
			return err
		}
		err := tx.SaveOrganization(ctx, o)
		if store.ConflictOn(err, store.OrganizationKey) {
			return &fault.Error{Kind: fault.Conflict, Code: "key_taken", Got: key, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		o.Version = 1
		return record(ctx, tx, by, now, o.ID, "organization.created", string(o.ID), nil, o.Settings().Changed(nil)...)
	})
	return o, err
}

// place puts o below the organization of this key, or at the top for "".
func place(ctx context.Context, tx *store.Writer, o *sso.Organization, parent string) error {
	if parent == "" {
		return o.Place(nil)
	}
	above, err := customer(ctx, tx.Reader, parent)
	if err != nil {
		return err
	}
	return o.Place(&above)
}

// RenameOrganization gives an organization another name to show.
func (s *Service) RenameOrganization(ctx context.Context, by *sso.By, key, name string) error {
	name = sso.CleanName(name)
	if name == "" {
		return &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	return s.change(ctx, by, key, "organization.renamed", func(_ *store.Writer, o *sso.Organization) (map[string]string, []sso.Change, error) {
		if o.Name == name {
			return nil, nil, errSame
		}
		o.Name = name
		return nil, nil, nil
	})
}

// MoveOrganization puts an organization below another one, or at the top for
// "". All that stands below it moves along.
func (s *Service) MoveOrganization(ctx context.Context, by *sso.By, key, parent string) error {
	return s.change(ctx, by, key, "organization.moved", func(tx *store.Writer, o *sso.Organization) (map[string]string, []sso.Change, error) {
		was := slices.Clone(o.Path)
		if err := place(ctx, tx, o, parent); err != nil {
			return nil, nil, err
		}
		if slices.Equal(was, o.Path) {
			return nil, nil, errSame
		}
		return map[string]string{"parent": parent}, nil, nil
	})
}

// SuspendOrganization shuts out everybody of an organization and of all below
// it, at once: sessions are judged when they are used.
func (s *Service) SuspendOrganization(ctx context.Context, by *sso.By, key string) error {
	return s.setState(ctx, by, key, sso.OrgSuspended, "organization.suspended")
}

// ResumeOrganization lets the people of a suspended organization in again.
func (s *Service) ResumeOrganization(ctx context.Context, by *sso.By, key string) error {
	return s.setState(ctx, by, key, sso.OrgActive, "organization.resumed")
}

func (s *Service) setState(ctx context.Context, by *sso.By, key string, state sso.OrgState, action string) error {
	return s.change(ctx, by, key, action, func(_ *store.Writer, o *sso.Organization) (map[string]string, []sso.Change, error) {
		if o.State == state {
			return nil, nil, errSame
		}
		o.State = state
		return nil, nil, nil
	})
}

// Grant switches an entitlement on for an organization, under a plan of the
// vendor's that may be empty. Granting it again changes the plan.
func (s *Service) Grant(ctx context.Context, by *sso.By, key string, e sso.Entitlement, plan string) error {
	if err := known(e); err != nil {
		return err
	}
	plan = sso.CleanName(plan)
	return s.change(ctx, by, key, "entitlement.granted", func(tx *store.Writer, o *sso.Organization) (map[string]string, []sso.Change, error) {
		was, err := planOf(ctx, tx, o, e)
		if err != nil {
			return nil, nil, err
		}
		if o.Entitled(e) && was == plan {
			return nil, nil, errSame
		}
		if !o.Entitled(e) {
			o.Entitlements = append(o.Entitlements, e)
		}
		g := sso.EntitlementGrant{Entitlement: e, Plan: plan, By: string(by.User.ID), At: s.Now()}
		changes := []sso.Change{{Field: "plan", From: was, To: plan}}
		if was == plan {
			changes = nil
		}
		return map[string]string{"entitlement": string(e), "plan": plan}, changes, tx.Org(o.ID).SaveEntitlement(ctx, g)
	})
}

// planOf returns under which plan an entitlement was granted, if it was.
func planOf(ctx context.Context, tx *store.Writer, o *sso.Organization, e sso.Entitlement) (string, error) {
	all, err := tx.Org(o.ID).Entitlements(ctx)
	for i := range all {
		if all[i].Entitlement == e {
			return all[i].Plan, err
		}
	}
	return "", err
}

// Revoke switches an entitlement off. While single sign-on is the only way in
// for anybody who comes by it, here or below, it stays.
func (s *Service) Revoke(ctx context.Context, by *sso.By, key string, e sso.Entitlement) error {
	if err := known(e); err != nil {
		return err
	}
	return s.change(ctx, by, key, "entitlement.revoked", func(tx *store.Writer, o *sso.Organization) (map[string]string, []sso.Change, error) {
		if !o.Entitled(e) {
			return nil, nil, errSame
		}
		if e == sso.EntitledSSO {
			if err := spared(ctx, tx, o); err != nil {
				return nil, nil, err
			}
		}
		o.Entitlements = slices.DeleteFunc(slices.Clone(o.Entitlements), func(have sso.Entitlement) bool { return have == e })
		return map[string]string{"entitlement": string(e)}, nil, tx.Org(o.ID).DeleteEntitlement(ctx, e)
	})
}

// spared refuses to take single sign-on from an organization where somebody has
// no other way in, unless one above it is entitled too.
func spared(ctx context.Context, tx *store.Writer, o *sso.Organization) error {
	line, err := tx.Lineage(ctx, o.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(line, func(above sso.Organization) bool { return above.ID != o.ID && above.Entitled(sso.EntitledSSO) }) {
		return nil
	}
	demanded := slices.ContainsFunc(line, func(of sso.Organization) bool { return of.Policy.Demanding() })
	if !demanded {
		domains, err := tx.Org(o.ID).Domains(ctx)
		if err != nil {
			return err
		}
		demanded = slices.ContainsFunc(domains, func(d sso.Domain) bool { return d.State == sso.DomainVerified && d.PasswordOff })
	}
	if !demanded {
		if demanded, err = tx.Org(o.ID).DemandedBelow(ctx); err != nil {
			return err
		}
	}
	if demanded {
		return &fault.Error{Kind: fault.Conflict, Code: "entitlement_demanded", Want: "another way in for everybody", Got: o.Key, Fix: fault.AdminSide}
	}
	return nil
}

func known(e sso.Entitlement) error {
	if !slices.Contains(sso.Entitlements(), e) {
		return &fault.Error{Kind: fault.Invalid, Code: "entitlement_unknown", Got: string(e), Fix: fault.OperatorSide}
	}
	return nil
}

// errSame ends a change that would change nothing: nothing is saved or written
// down, and the caller is told that it is done.
var errSame = &fault.Error{Kind: fault.Conflict, Code: "unchanged"}

// change runs one change of a customer's organization with its audit line.
func (s *Service) change(ctx context.Context, by *sso.By, key, action string, do func(*store.Writer, *sso.Organization) (map[string]string, []sso.Change, error)) error {
	if err := mayChange(by); err != nil {
		return err
	}
	err := s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		o, err := customer(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		was := o
		detail, more, err := do(tx, &o)
		if err != nil {
			return err
		}
		o.UpdatedAt = s.Now()
		if err := tx.SaveOrganization(ctx, o); err != nil {
			return err
		}
		e := by.Event(o.UpdatedAt, action, string(o.ID), detail)
		e.Org, e.Changes = o.ID, append(o.Settings().Changed(was.Settings()), more...)
		return tx.Record(ctx, e)
	})
	if fault.Is(err, errSame.Code) {
		return nil
	}
	return err
}
