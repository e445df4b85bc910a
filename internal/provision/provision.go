// Package provision is what owners and administrators do with the people of
// their organization: list, invite, import and export them, give them roles,
// groups and access to sub-organizations, shut them out and let them back in;
// and what owners decide about the organization itself.
//
// Every method takes who asks, and every change is judged again within its own
// transaction, by the rights that whoever asks has then. A change, its line in
// the audit list and the mails that it causes are one transaction.
//
// # Trust
//
// That somebody is signed in is the router's to know. Identifiers come from
// URLs and forms: each is looked up within the organization that is being
// administered, which [sso.Person.RightsIn] allows or not. What is another
// organization's is not found, whether it is there or not.
package provision

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service administers the people of organizations. Its fields are set once,
// before it is used; it is safe for concurrent use.
type Service struct {
	DB       *store.DB
	Outbox   *notify.Outbox
	Recovery *recovery.Service
	Limits   backoff.Limiter
	Now      func() time.Time
}

// Place is an organization in which somebody administers people.
type Place struct {
	sso.Organization
	// Line leads from the organization of the session down to this one.
	Line   []sso.Organization
	Rights sso.Rights
}

// Enter returns the organization with this key, or that of the session for "",
// as somebody may administer it. One where they may not is not found.
func (s *Service) Enter(ctx context.Context, by *sso.By, key string) (Place, error) {
	p := Place{Organization: by.Org, Line: []sso.Organization{by.Org}}
	if key == "" || key == by.Org.Key {
		p.Rights = by.RightsIn(&p.Organization)
		return p, p.Rights.Give(sso.RoleRestricted)
	}
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if p.Organization, err = r.OrganizationByKey(ctx, key); err != nil {
			return err
		}
		if p.Rights = by.RightsIn(&p.Organization); !p.Rights.Any() {
			return store.ErrNotFound
		}
		line, err := r.Lineage(ctx, p.ID)
		if err != nil {
			return err
		}
		p.Line = nil
		for i := range line {
			if line[i].Within(by.Org.ID) {
				p.Line = append(p.Line, line[i])
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return Place{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: key, Fix: fault.PersonSide}
	}
	return p, err
}

// Below reports whether the place is another organization than that of the
// session.
func (p *Place) Below() bool { return len(p.Line) > 1 }

// read lets fn read what is of a place.
func (s *Service) read(ctx context.Context, fn func(r *store.Reader) error) error {
	return s.DB.Read(ctx, fn)
}

// act is one change by somebody in one organization.
type act struct {
	*Service
	ctx    context.Context
	tx     *store.Writer
	org    *store.OrgWriter // in which it is done
	place  sso.Organization
	by     sso.By // as they are now
	rights sso.Rights
	now    time.Time
}

// change runs fn in a transaction, for somebody who may administer the
// organization now. It may run twice.
func (s *Service) change(ctx context.Context, by *sso.By, org sso.OrgID, fn func(a *act) error) error {
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		current, err := authority.Again(ctx, tx.Reader, by, now)
		if err != nil {
			return err
		}
		a := act{Service: s, ctx: ctx, tx: tx, by: current, now: now}
		if err := a.enter(org); err != nil {
			return err
		}
		return fn(&a)
	})
}

// enter finds the organization in which the change is to be done.
func (a *act) enter(org sso.OrgID) error {
	a.place, a.org = a.by.Org, a.tx.Org(org)
	if org != a.by.Org.ID {
		var err error
		if a.place, err = a.tx.Organization(a.ctx, org); err != nil {
			return err
		}
	}
	a.rights = a.by.RightsIn(&a.place)
	if !a.rights.Any() && org != a.by.Org.ID {
		return store.ErrNotFound
	}
	return a.rights.Give(sso.RoleRestricted)
}

// record writes a line of the organization's audit list, with the settings that
// are others now.
func (a *act) record(action, target string, detail map[string]string, changes ...sso.Change) error {
	return a.recordIn(a.place.ID, action, target, detail, changes...)
}

// recordIn writes a line of another organization's audit list.
func (a *act) recordIn(org sso.OrgID, action, target string, detail map[string]string, changes ...sso.Change) error {
	e := a.by.Event(a.now, action, target, detail)
	e.Changes = changes
	return a.tx.Org(org).Record(a.ctx, e)
}

// position reads what somebody is in the organization.
func (a *act) position(user sso.UserID) (sso.Position, error) { return a.org.Position(a.ctx, user) }

// member reads somebody of the organization with everything they are.
func (a *act) member(user sso.UserID) (sso.Standing, error) {
	if _, err := a.org.Membership(a.ctx, user); err != nil {
		return sso.Standing{}, err
	}
	return a.tx.Standing(a.ctx, user)
}

// whom reads somebody of the organization to whom the change may be done.
func (a *act) whom(user sso.UserID, may func(*sso.Standing) error) (sso.Standing, error) {
	them, err := a.member(user)
	if err != nil {
		return sso.Standing{}, err
	}
	err = may(&them)
	return them, err
}

// role reads a role that may be given: a built-in one, or one that the
// operator has defined.
func role(ctx context.Context, r *store.Reader, s string) (sso.Role, error) {
	if role, err := sso.ParseRole(s); err == nil {
		return role, nil
	}
	d, err := r.Role(ctx, sso.Role(s))
	if errors.Is(err, store.ErrNotFound) {
		_, err = sso.ParseRole(s)
	}
	return d.Key, err
}
