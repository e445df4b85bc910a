package setup

import (
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// withdrawn reports whether the operator takes back a word for the domain.
func (d *Domain) withdrawn() bool { return d.Vouched != nil && !*d.Vouched }

// domains applies those domains of an organization whose turn it is.
func (a *applier) domains(org *sso.Organization, all []Domain, turn func(*Domain) bool) error {
	return every(all, func(d *Domain) error {
		if !turn(d) {
			return nil
		}
		return on(d, "domain "+d.Name, a.domain(org, d))
	})
}

// domain claims a domain for an organization. A vouched one is verified at
// once, unless another organization has proved it.
func (a *applier) domain(org *sso.Organization, from *Domain) error {
	name, err := sso.ClaimDomain(from.Name)
	if err != nil {
		return in("name", wanting("a domain that is the organization's alone", err))
	}
	old, err := a.tx.Org(org.ID).Domain(a.ctx, name)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	d := old
	var before *Domain
	if missing {
		d = sso.NewDomain(org.ID, name, a.now)
	} else {
		said, err := a.say.domain(&old)
		if err != nil {
			return err
		}
		before = &said
	}
	a.kept[domainOf{org.ID, name}] = true
	if err := errors.Join(in("connection", a.domainConnection(&d, org, from.Connection)), a.mergeWays(&d, org, from)); err != nil {
		return err
	}
	switch {
	case from.Vouched == nil:
	case *from.Vouched:
		if err := a.vouch(&d); err != nil {
			return in("vouched", err)
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
	did, action := Created, "domain.claimed"
	if !missing {
		did, action = Changed, "domain.changed"
	}
	if d.Proof == sso.ProofVouched && old.Proof != sso.ProofVouched {
		action = "domain.vouched"
	}
	after, err := a.say.domain(&d)
	if err != nil {
		return err
	}
	fields := difference(before, after)
	if old.State != d.State {
		fields = append(fields, Field{Key: "state", Before: string(old.State), After: string(d.State)})
	}
	a.did("domain", name, did, fields)
	return a.record(org.ID, action, name, fields)
}

// domainOf is a claim of an organization to a name.
type domainOf struct {
	org  sso.OrgID
	name string
}

// mergeWays gives the domain what the file says of how its people sign in. Where
// single sign-on is demanded, people of a domain without it could not sign in at
// all.
func (a *applier) mergeWays(to *sso.Domain, org *sso.Organization, from *Domain) error {
	if from.SSO != nil {
		to.SSOOff = !*from.SSO
	}
	if from.Password != nil {
		to.PasswordOff = !*from.Password
	}
	if !to.SSOOff {
		return nil
	}
	refuse := func(code, want string) error {
		return in("sso", &fault.Error{Kind: fault.Conflict, Code: code, Want: want, Got: to.Name, Fix: fault.OperatorSide})
	}
	if to.PasswordOff {
		return refuse("domain_no_way", "single sign-on, a password, or both")
	}
	line, err := a.tx.Lineage(a.ctx, org.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(line, func(o sso.Organization) bool { return o.Policy.Demanding() }) {
		return refuse("domain_sso_demanded", "an organization that does not demand single sign-on")
	}
	return nil
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
	if a.lame[*key] {
		return errSkip
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
