package signin

import (
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// person is who an assertion is about, as decided, and not stored yet.
type person struct {
	in       sso.SignIn
	decision sso.Decision
	link     *sso.Link
	orgs     []sso.OrgID // of the connection's tree, of which they are a member
	org      sso.OrgID   // to be signed in to; "": to be chosen
}

// identify gathers what is stored about the asserted person and has package
// sso decide. Nothing is written yet: a sign-in that is refused leaves nobody
// behind.
func (j *judgement) identify(assertion *saml.Assertion, a *sso.Attempt) (person, error) {
	asserted, err := j.connection.Attributes.Map(assertion.SubjectKey(), assertion.NameID.Value, attributes(assertion))
	if err != nil {
		return person{}, err
	}
	p := person{in: sso.SignIn{Connection: j.connection, Org: j.lineage[len(j.lineage)-1], Asserted: asserted, Typed: a.Typed}}
	var memberships []store.MembershipAt
	if p.link, memberships, err = j.linked(&p.in); err != nil {
		return person{}, err
	}
	// The common case, somebody known whose address has not changed, needs no
	// look at anybody else.
	if p.in.Linked == nil || !asserted.Email.IsZero() && !asserted.Email.Same(p.in.Linked.User.Email) {
		if err := routing.Meet(j.ctx, j.tx.Reader, &p.in, j.now); err != nil {
			return person{}, err
		}
	}
	if p.in.Linked == nil {
		if err := j.places(&p.in, a); err != nil {
			return person{}, err
		}
	}
	if p.decision, err = p.in.Decide(j.now); err != nil {
		return person{}, err
	}
	switch p.decision.Act {
	case sso.ActCreate:
		for _, m := range p.decision.Memberships {
			p.orgs = append(p.orgs, m.Org)
		}
	case sso.ActLink:
		if memberships, err = j.tx.MembershipsAt(j.ctx, p.decision.User.ID); err != nil {
			return person{}, err
		}
		p.orgs = orgsWithin(j.connection.Org, memberships)
	default:
		p.orgs = orgsWithin(j.connection.Org, memberships)
	}
	var ok bool
	if p.org, ok = sso.PickOrg(p.orgs, a.Org, j.connection.Org); !ok {
		return person{}, &fault.Error{Kind: fault.Denied, Code: "membership_missing", Got: p.decision.User.Email.String(), Fix: fault.AdminSide}
	}
	return p, nil
}

// places reads where a new person would belong.
func (j *judgement) places(in *sso.SignIn, a *sso.Attempt) error {
	var err error
	if in.Defaults, err = j.tx.OrganizationsByID(j.ctx, j.connection.Defaults.Organizations); err != nil {
		return err
	}
	if a.Org == "" {
		return nil
	}
	asked, err := j.tx.Organization(j.ctx, a.Org)
	in.Asked = &asked
	return err
}

// linked reads the user to whom the subject is linked, if there is one.
func (j *judgement) linked(in *sso.SignIn) (*sso.Link, []store.MembershipAt, error) {
	link, err := j.tx.Link(j.ctx, j.connection.ID, in.Asserted.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	user, err := j.tx.UserAt(j.ctx, link.User)
	if err != nil {
		return nil, nil, err
	}
	memberships, err := j.tx.MembershipsAt(j.ctx, link.User)
	if err != nil {
		return nil, nil, err
	}
	in.LinkedBy = link.Issuer
	in.Linked = &sso.Resident{User: user.User, HomePath: user.HomePath, Member: len(orgsWithin(j.connection.Org, memberships)) > 0}
	return &link, memberships, nil
}

// store writes what was decided, with an audit event for all that is new.
func (j *judgement) store(p *person) error {
	d := &p.decision
	home := j.tx.Org(d.User.Home)
	if d.Changed {
		if err := home.SaveUser(j.ctx, d.User); err != nil {
			return err
		}
	}
	for _, m := range d.Memberships {
		if err := j.tx.Org(m.Org).SaveMembership(j.ctx, m); err != nil {
			return err
		}
	}
	own, issuer := j.tx.Org(j.connection.Org), j.connection.SAML.IdPEntityID
	if p.link != nil {
		if p.link.Issuer == issuer {
			return nil
		}
		p.link.Issuer, p.link.SeenAt = issuer, j.now
		return own.SaveLink(j.ctx, *p.link)
	}
	if err := own.InsertLink(j.ctx, sso.Link{Connection: j.connection.ID, Org: j.connection.Org, Subject: p.in.Asserted.Subject, User: d.User.ID, Issuer: issuer, CreatedAt: j.now, SeenAt: j.now}); err != nil {
		return err
	}
	action := "user.linked"
	if d.Act == sso.ActCreate {
		action = "user.created"
	}
	return own.Record(j.ctx, sso.Event{At: j.now, Actor: "sign-in", Action: action, Target: string(d.User.ID), Detail: map[string]string{"connection": string(j.connection.ID)}})
}

func attributes(a *saml.Assertion) []sso.Attribute {
	list := make([]sso.Attribute, len(a.Attributes))
	for i, attr := range a.Attributes {
		list[i] = sso.Attribute{Name: attr.Name, Values: attr.Values}
	}
	return list
}

// orgsWithin returns the organizations of these memberships that are org or
// stand below it.
func orgsWithin(org sso.OrgID, memberships []store.MembershipAt) []sso.OrgID {
	var found []sso.OrgID
	for _, m := range memberships {
		if m.Within(org) {
			found = append(found, m.Org)
		}
	}
	return found
}
