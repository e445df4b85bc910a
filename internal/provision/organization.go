package provision

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// OrganizationPage is one page of a list of organizations.
type OrganizationPage struct {
	Organizations []store.OrganizationLine
	Next          store.OrganizationPlace // where the next page begins; zero: there is none
}

// Suborganizations lists the organizations right below one whose names begin
// so.
func (s *Service) Suborganizations(ctx context.Context, in *Place, beginning string, after store.OrganizationPlace) (OrganizationPage, error) {
	var page OrganizationPage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		page.Organizations, err = r.Org(in.ID).Suborganizations(ctx, sso.Fold(beginning), after, PageSize+1)
		return err
	})
	if len(page.Organizations) > PageSize {
		page.Organizations = page.Organizations[:PageSize]
		page.Next = page.Organizations[PageSize-1].Place
	}
	return page, err
}

// Tree returns the organizations below one, the upper ones first, at most 200.
func (s *Service) Tree(ctx context.Context, in *Place) ([]sso.Organization, error) {
	var tree []sso.Organization
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		tree, err = r.Org(in.ID).Tree(ctx, maxTree)
		return err
	})
	return slices.DeleteFunc(tree, func(o sso.Organization) bool { return o.ID == in.ID }), err
}

// CreateSuborganization makes an organization below one. Only owners do.
func (s *Service) CreateSuborganization(ctx context.Context, by *sso.By, org sso.OrgID, name, key string) error {
	key, err := sso.ParseOrgKey(strings.TrimSpace(key))
	if err != nil {
		return err
	}
	name, err = organizationName(name)
	if err != nil {
		return err
	}
	return s.change(ctx, by, org, func(a *act) error {
		if err := a.rights.Govern(); err != nil {
			return err
		}
		if a.place.OfOperators() {
			return &fault.Error{Kind: fault.Denied, Code: "operators_organization", Got: a.place.Key, Fix: fault.OperatorSide}
		}
		o := sso.Organization{ID: sso.NewOrgID(a.now), Key: key, Name: name, State: sso.OrgActive, CreatedAt: a.now, UpdatedAt: a.now}
		if err := o.Place(&a.place); err != nil {
			return err
		}
		err := a.tx.SaveOrganization(ctx, o)
		if store.ConflictOn(err, store.OrganizationKey) {
			return &fault.Error{Kind: fault.Conflict, Code: "key_taken", Got: key, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		if err := a.recordIn(o.ID, "organization.created", string(o.ID), map[string]string{"name": name, "key": key}, o.Settings().Changed(nil)...); err != nil {
			return err
		}
		return a.record("organization.child_created", string(o.ID), map[string]string{"name": name, "key": key}, o.Settings().Changed(nil)...)
	})
}

func organizationName(s string) (string, error) {
	name := sso.CleanName(s)
	if name == "" {
		return "", &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	return name, nil
}

// Security is what an owner decides about sign-ins, as it was typed.
type Security struct {
	Version       int64 // of the organization that was looked at
	MFA           string
	MFAAfterSSO   string
	SessionIdle   time.Duration // 0: the common one
	SessionLife   time.Duration
	InactiveAfter time.Duration // 0: never
	IPAllow       string        // networks, separated by white space or commas
	List          List
}

// LockOut says what becomes of a list of networks that shuts its author out.
type LockOut uint8

// The answers.
const (
	RefuseLockOut LockOut = iota // it is refused
	AcceptLockOut                // the author has been warned and wants it so
)

// List says who keeps the list of people.
type List uint8

// The answers.
const (
	ListByHand List = iota // owners and administrators do
	ListByIdP              // the identity provider does
)

// Bounds of what an owner may choose.
const (
	MinIdle     = 5 * time.Minute
	MaxIdle     = 30 * 24 * time.Hour
	MinLife     = 15 * time.Minute
	MaxLife     = 90 * 24 * time.Hour
	MinInactive = 7 * 24 * time.Hour
	MaxInactive = 3650 * 24 * time.Hour
	maxNetworks = 500
)

// Line returns the organization and all above it, whose policies hold for it
// too.
func (s *Service) Line(ctx context.Context, in *Place) ([]sso.Organization, error) {
	var line []sso.Organization
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		line, err = r.Lineage(ctx, in.ID)
		return err
	})
	return line, err
}

// SaveSecurity changes what an organization demands of its sign-ins. Only
// owners do. A list of networks that leaves out the address of its author is
// the fault policy_locks_out, unless they accept that.
func (s *Service) SaveSecurity(ctx context.Context, by *sso.By, org sso.OrgID, to Security, lockOut LockOut) error {
	return s.change(ctx, by, org, func(a *act) error {
		if err := a.rights.Govern(); err != nil {
			return err
		}
		if err := a.rights.Own(); err != nil {
			return err
		}
		if a.place.Version != to.Version {
			return store.ErrConflict
		}
		p, err := to.policy(a.place.Policy)
		if err != nil {
			return err
		}
		address, err := netip.ParseAddr(a.by.Address)
		if err == nil && lockOut == RefuseLockOut && p.LocksOut(address) {
			return &fault.Error{Kind: fault.Conflict, Code: "policy_locks_out", Want: "a list with your own address", Got: address.String(), Fix: fault.PersonSide}
		}
		if p.Managed && !a.place.Policy.Managed {
			if err := a.manageable(); err != nil {
				return err
			}
		}
		changed := policyChanges(a.place.Policy, p)
		if len(changed) == 0 {
			return nil
		}
		was := a.place.Policy
		a.place.Policy, a.place.UpdatedAt = p, a.now
		if err := a.tx.SaveOrganization(ctx, a.place); err != nil {
			return err
		}
		return a.record("policy.changed", string(org), changed, p.Settings().Changed(was.Settings())...)
	})
}

// policy gives a policy what was typed.
func (s *Security) policy(p sso.Policy) (sso.Policy, error) {
	switch p.MFA = sso.MFADemand(s.MFA); p.MFA {
	case "", sso.MFAOff, sso.MFAOptional, sso.MFAOwners, sso.MFARequired:
	default:
		return p, &fault.Error{Kind: fault.Invalid, Code: "policy_form", Got: "mfa", Fix: fault.PersonSide}
	}
	switch p.MFAAfterSSO = sso.SSOFactor(s.MFAAfterSSO); p.MFAAfterSSO {
	case "", sso.SSOFactorTrust, sso.SSOFactorAsk:
	default:
		return p, &fault.Error{Kind: fault.Invalid, Code: "policy_form", Got: "mfa_after_sso", Fix: fault.PersonSide}
	}
	for _, d := range []struct {
		to       *sso.Duration
		d        time.Duration
		min, max time.Duration
		refusal  fault.Error
	}{
		{&p.SessionIdle, s.SessionIdle, MinIdle, MaxIdle, fault.Error{Code: "policy_idle", Want: "5 minutes to 30 days"}},
		{&p.SessionLife, s.SessionLife, MinLife, MaxLife, fault.Error{Code: "policy_life", Want: "15 minutes to 90 days"}},
		{&p.InactiveAfter, s.InactiveAfter, MinInactive, MaxInactive, fault.Error{Code: "policy_inactive", Want: "7 to 3650 days"}},
	} {
		if d.d != 0 && (d.d < d.min || d.d > d.max) {
			d.refusal.Kind, d.refusal.Got, d.refusal.Fix = fault.Invalid, d.d.String(), fault.PersonSide
			return p, &d.refusal
		}
		*d.to = sso.DurationOf(d.d)
	}
	p.Managed = s.List == ListByIdP
	var err error
	p.IPAllow, err = networks(s.IPAllow)
	return p, err
}

// networks reads a list of networks, in its one order.
func networks(list string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
		n, err := sso.ParseNetwork(s)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	if len(all) > maxNetworks {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "network_many", Want: "at most 500 networks", Fix: fault.PersonSide}
	}
	return all, nil
}

// policyChanges says what differs between two policies, as far as this page
// decides about it.
func policyChanges(was, is sso.Policy) map[string]string {
	changed := map[string]string{}
	say := func(name, before, after string) {
		if before != after {
			changed[name+"_before"], changed[name+"_after"] = before, after
		}
	}
	say("mfa", string(was.MFA), string(is.MFA))
	say("mfa_after_sso", string(was.MFAAfterSSO), string(is.MFAAfterSSO))
	say("session_idle", was.SessionIdle.Std().String(), is.SessionIdle.Std().String())
	say("session_life", was.SessionLife.Std().String(), is.SessionLife.Std().String())
	say("inactive_after", was.InactiveAfter.Std().String(), is.InactiveAfter.Std().String())
	say("managed", strconv.FormatBool(was.Managed), strconv.FormatBool(is.Managed))
	say("ip_allow", Networks(was.IPAllow), Networks(is.IPAllow))
	return changed
}

// Networks writes a list of networks, one a line.
func Networks(list []netip.Prefix) string {
	lines := make([]string, len(list))
	for i, n := range list {
		lines[i] = n.String()
	}
	return strings.Join(lines, "\n")
}
