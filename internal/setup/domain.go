package setup

import (
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// withdrawn reports whether the operator takes back a word for the domain.
func (d *Domain) withdrawn() bool { return d.Vouched != nil && !*d.Vouched }

// domains applies those domains of the file whose turn it is.
func (a *applier) domains(f *File, turn func(*Domain) bool) error {
	for i := range f.Organizations {
		o := &f.Organizations[i]
		org, err := a.org(o.Key)
		if err != nil {
			return at("organization "+o.Key, err)
		}
		for j := range o.Domains {
			if !turn(&o.Domains[j]) {
				continue
			}
			if err := a.domain(org, &o.Domains[j]); err != nil {
				return at("organization "+o.Key, at("domain "+o.Domains[j].Name, err))
			}
		}
	}
	return nil
}

// domain claims a domain for an organization. A vouched one is verified at
// once, unless another organization has proved it.
func (a *applier) domain(org *sso.Organization, in *Domain) error {
	name, err := sso.ClaimDomain(in.Name)
	if err != nil {
		return wanting("a domain that is the organization's alone", err)
	}
	old, err := a.tx.Org(org.ID).Domain(a.ctx, name)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	d := old
	if missing {
		d = sso.NewDomain(org.ID, name, a.now)
	}
	if err := a.domainConnection(&d, org, in.Connection); err != nil {
		return err
	}
	switch {
	case in.Vouched == nil:
	case *in.Vouched:
		if err := a.vouch(&d); err != nil {
			return err
		}
	default:
		d.Unvouch(a.now)
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

// vouch verifies a domain on the operator's word.
func (a *applier) vouch(d *sso.Domain) error {
	if d.State == sso.DomainVerified {
		return nil
	}
	owner, err := a.tx.VerifiedDomain(a.ctx, d.Name)
	if err == nil && owner.Org != d.Org {
		return &fault.Error{Kind: fault.Conflict, Code: "domain_taken", Want: "a domain that is not verified for another organization", Got: d.Name, Fix: fault.OperatorSide}
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	d.Vouch(a.now)
	return nil
}

// domainConnection sets the connection that a domain names, if the file says
// which: one of the organization or of one below it, which may then make
// people of the domain.
func (a *applier) domainConnection(d *sso.Domain, org *sso.Organization, key *string) error {
	if key == nil || *key == "" {
		if key != nil {
			d.Connection = ""
		}
		return nil
	}
	unknown := &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "a connection of " + org.Key + " or below", Got: *key, Fix: fault.OperatorSide}
	c, err := a.tx.ConnectionByKey(a.ctx, *key)
	if errors.Is(err, store.ErrNotFound) {
		return unknown
	}
	if err != nil {
		return err
	}
	owner, err := a.tx.Organization(a.ctx, c.Org)
	if err != nil {
		return err
	}
	if !owner.Within(org.ID) {
		return unknown
	}
	d.Connection = c.ID
	return nil
}
