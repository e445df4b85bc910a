package signin

import (
	"errors"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// identify gathers what is stored about the asserted person, has package sso
// decide, and stores the outcome. It returns the user and the organizations of
// the connection's tree that they belong to.
func (j *judgement) identify(assertion *saml.Assertion, a *sso.Attempt) (sso.User, []sso.OrgID, error) {
	asserted, err := j.connection.Attributes.Map(assertion.SubjectKey(), assertion.NameID.Value, attributes(assertion))
	if err != nil {
		return sso.User{}, nil, err
	}
	in := sso.SignIn{Connection: j.connection, Org: j.lineage[len(j.lineage)-1], Asserted: asserted, Typed: a.Typed}
	link, memberships, err := j.linked(&in)
	if err != nil {
		return sso.User{}, nil, err
	}
	// The common case, somebody known whose address has not changed, needs no
	// look at anybody else.
	if in.Linked == nil || !asserted.Email.IsZero() && !asserted.Email.Same(in.Linked.User.Email) {
		if err := j.others(&in); err != nil {
			return sso.User{}, nil, err
		}
	}
	d, err := in.Decide(j.now)
	if err != nil {
		return sso.User{}, nil, err
	}
	if err := j.store(&in, &d, link); err != nil {
		return sso.User{}, nil, err
	}
	if d.Act == sso.ActLink {
		if memberships, err = j.tx.MembershipsAt(j.ctx, d.User.ID); err != nil {
			return sso.User{}, nil, err
		}
	}
	if d.Act == sso.ActCreate {
		var orgs []sso.OrgID
		for _, m := range d.Memberships {
			orgs = append(orgs, m.Org)
		}
		return d.User, orgs, nil
	}
	return d.User, orgsWithin(j.connection.Org, memberships), nil
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
	in.Linked = &sso.Resident{User: user.User, HomePath: user.HomePath, Member: len(orgsWithin(j.connection.Org, memberships)) > 0}
	return &link, memberships, nil
}

// others reads who else has the asserted address or username, and who has
// proved its domain.
func (j *judgement) others(in *sso.SignIn) error {
	if in.Asserted.Email.IsZero() {
		return nil
	}
	users, err := j.tx.UsersByEmail(j.ctx, in.Asserted.Email)
	if err != nil {
		return err
	}
	// Links matter only for those who could be signed in.
	for _, u := range users {
		r := sso.Resident{User: u.User, HomePath: u.HomePath}
		if in.Linked == nil && in.Within(u.HomePath) {
			links, err := j.tx.LinksOfUser(j.ctx, u.User.ID, j.connection.ID)
			if err != nil {
				return err
			}
			r.OtherSubject = len(links) > 0
		}
		in.SameEmail = append(in.SameEmail, r)
	}
	d, err := j.tx.VerifiedDomain(j.ctx, in.Asserted.Email.Domain())
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	default:
		org, err := j.tx.Organization(j.ctx, d.Org)
		if err != nil {
			return err
		}
		in.Claim = &sso.VerifiedClaim{Domain: d, OrgPath: org.Path}
	}
	if in.Linked == nil && in.Asserted.Username != "" {
		_, err := j.tx.Org(j.connection.Org).UserByUsername(j.ctx, in.Asserted.Username)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		in.UsernameTaken = err == nil
	}
	return nil
}

// store writes what was decided, with an audit event for all that is new.
func (j *judgement) store(in *sso.SignIn, d *sso.Decision, link *sso.Link) error {
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
	if link != nil {
		return nil
	}
	own := j.tx.Org(j.connection.Org)
	if err := own.InsertLink(j.ctx, sso.Link{Connection: j.connection.ID, Org: j.connection.Org, Subject: in.Asserted.Subject, User: d.User.ID, CreatedAt: j.now, SeenAt: j.now}); err != nil {
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
