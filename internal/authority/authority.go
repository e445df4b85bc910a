// Package authority says who may set up single sign-on of an organization, and
// in whose name it is written down: an owner who is signed in, or the holder of
// a setup link.
//
// # Trust
//
// That somebody is signed in is the router's to know; that a setup link is good
// is asked here, each time. Every change is judged again in its own transaction.
package authority

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service finds out who may do what. Its fields are set once, before it is
// used; it is safe for concurrent use.
type Service struct {
	DB  *store.DB
	Now func() time.Time
}

// Who asks: somebody signed in, or whoever has a setup link.
type Who struct {
	By      sso.By       // signed in; zero where Link is set
	Link    secret.Token // of a setup link; zero for somebody signed in
	Address string       // of the browser
}

// Need is what somebody must at least be given to do something.
type Need uint8

// The needs, from the least.
const (
	Domains Need = iota // a setup link for the domains is enough
	Setup               // a setup link for everything is enough
	Owner               // an owner, signed in
)

// Place is an organization whose single sign-on somebody may set up.
type Place struct {
	sso.Organization
	// Lineage leads from the root down to the organization, which is the last.
	Lineage []sso.Organization
	// Line is the end of it that whoever asks may see.
	Line []sso.Organization
	Link *sso.SetupLink // by which; nil for somebody signed in
}

// Entitled reports whether single sign-on is switched on for the organization,
// or for one above it.
func (p *Place) Entitled() bool {
	for i := range p.Lineage {
		if p.Lineage[i].Entitled(sso.EntitledSSO) {
			return true
		}
	}
	return false
}

// Below reports whether the place is another organization than that of the
// session.
func (p *Place) Below() bool { return len(p.Line) > 1 }

// Enter returns the organization with this key, or for "" that of the session
// or of the link. One that may not be seen is not found.
func (s *Service) Enter(ctx context.Context, who *Who, key string, need Need) (Place, error) {
	var p Place
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if p, err = s.open(ctx, r, who); err != nil {
			return err
		}
		if key == "" || key == p.Key {
			return p.read(ctx, r, p.ID, who)
		}
		o, err := r.OrganizationByKey(ctx, key)
		if err != nil {
			return err
		}
		return p.read(ctx, r, o.ID, who)
	})
	if errors.Is(err, store.ErrNotFound) {
		return Place{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: key, Fix: fault.PersonSide}
	}
	if err != nil {
		return Place{}, err
	}
	err = p.allows(who, need)
	return p, err
}

// open returns the organization at which whoever asks begins.
func (s *Service) open(ctx context.Context, r *store.Reader, who *Who) (Place, error) {
	if who.Link.IsZero() {
		return Place{Organization: who.By.Org}, nil
	}
	l, err := r.SetupLink(ctx, who.Link.Hash())
	if errors.Is(err, store.ErrNotFound) {
		return Place{}, sso.NoSetupLink()
	}
	if err != nil {
		return Place{}, err
	}
	if err := l.Usable(s.Now()); err != nil {
		return Place{}, err
	}
	o, err := r.Organization(ctx, l.Org)
	return Place{Organization: o, Link: &l}, err
}

// read fills in an organization that may be seen.
func (p *Place) read(ctx context.Context, r *store.Reader, id sso.OrgID, who *Who) error {
	line, err := r.Lineage(ctx, id)
	if err != nil {
		return err
	}
	from := p.ID
	p.Lineage, p.Organization = line, line[len(line)-1]
	for i := range line {
		if line[i].Within(from) {
			p.Line = append(p.Line, line[i])
		}
	}
	if p.Link != nil && p.ID != p.Link.Org || p.Link == nil && !who.By.RightsIn(&p.Organization).Any() {
		return store.ErrNotFound
	}
	for i := range line {
		if p.Link != nil && line[i].State != sso.OrgActive { // who is signed in was asked that already
			return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: line[i].Key, Fix: fault.OperatorSide}
		}
	}
	return nil
}

// allows refuses who may not do what has this need.
func (p *Place) allows(who *Who, need Need) error {
	if p.Link == nil {
		rights := who.By.RightsIn(&p.Organization)
		return rights.Govern()
	}
	scope := sso.SetupSSO
	if need == Domains {
		scope = sso.SetupDomains
	}
	if need == Owner || !p.Link.Covers(scope) {
		return &fault.Error{Kind: fault.Denied, Code: "setup_link_scope", Want: "an owner, or a setup link for this", Got: string(p.Link.Scope), Fix: fault.AdminSide}
	}
	return nil
}

// Act is one change by somebody in one organization.
type Act struct {
	Place
	Ctx context.Context
	Tx  *store.Writer
	In  *store.OrgWriter // the organization in which it is done
	Now time.Time
	who Who // as they are now
}

// Change runs fn in a transaction, for somebody who may do what has this need
// now. It may run twice.
func (s *Service) Change(ctx context.Context, who *Who, org sso.OrgID, need Need, fn func(a *Act) error) error {
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		a := Act{Ctx: ctx, Tx: tx, In: tx.Org(org), Now: s.Now(), who: *who}
		if who.Link.IsZero() {
			by, err := Again(ctx, tx.Reader, &who.By, a.Now)
			if err != nil {
				return err
			}
			// A connection opens every account of the organization, for good.
			if by.Session.ActedAs() {
				return &fault.Error{Kind: fault.Denied, Code: "acting_setup", Fix: fault.OperatorSide}
			}
			a.who.By = by
		}
		var err error
		if a.Place, err = s.open(ctx, tx.Reader, &a.who); err != nil {
			return err
		}
		if err := a.read(ctx, tx.Reader, org, &a.who); err != nil {
			return err
		}
		if err := a.allows(&a.who, need); err != nil {
			return err
		}
		return fn(&a)
	})
}

// Allow refuses a part of the change that has a greater need than the rest.
func (a *Act) Allow(need Need) error { return a.allows(&a.who, need) }

// Proved refuses somebody signed in who has not proved lately that it is them.
// Whoever has a setup link was given it by somebody who had.
func (a *Act) Proved() error {
	if !a.who.Link.IsZero() {
		return nil
	}
	return a.who.By.Session.Proved(a.Now)
}

// Record writes a line of the organization's audit list, with the settings that
// are others now.
func (a *Act) Record(action, target string, detail map[string]string, changes ...sso.Change) error {
	e := a.event(action, target, detail)
	e.Changes = changes
	return a.In.Record(a.Ctx, e)
}

// Event returns the line for what is done, without what that is.
func (a *Act) Event() sso.Event { return a.event("", "", nil) }

// Person returns who does it; nil for the holder of a setup link.
func (a *Act) Person() *sso.User {
	if a.Link != nil {
		return nil
	}
	return &a.who.By.User
}

func (a *Act) event(action, target string, detail map[string]string) sso.Event {
	if a.Link != nil {
		return a.Link.Event(a.Now, a.who.Address, action, target, detail)
	}
	return a.who.By.Event(a.Now, action, target, detail)
}

// By returns the user who does it, or "" for the holder of a setup link.
func (a *Act) By() sso.UserID {
	if a.Link != nil {
		return ""
	}
	return a.who.By.User.ID
}

// Program returns the program that does it; nil for people.
func (a *Act) Program() *sso.Program { return a.who.By.Program }

// Rights returns what who does it may do in the organization; the holder of a
// setup link has none over people.
func (a *Act) Rights() sso.Rights { return a.who.By.RightsIn(&a.Organization) }

// Granted refuses what single sign-on has to be switched on for.
func (p *Place) Granted() error {
	if p.Entitled() {
		return nil
	}
	return &fault.Error{Kind: fault.Denied, Code: "organization_not_entitled", Want: string(sso.EntitledSSO), Got: p.Key, Fix: fault.OperatorSide}
}

// maxOwners is how many owners are written to.
const maxOwners = 50

// Owners returns the owners of an organization who may sign in, or those of the
// nearest above it that has any. line leads to it from the root.
func Owners(ctx context.Context, r *store.Reader, line []sso.Organization) ([]store.Member, error) {
	for i := range slices.Backward(line) {
		owners, err := r.Org(line[i].ID).People(ctx, store.PeopleQuery{Role: sso.RoleOwner, State: sso.UserActive, Limit: maxOwners})
		if err != nil || len(owners.People) > 0 {
			return owners.People, err
		}
	}
	return nil, nil
}

// OwnerBeside reports whether an owner of an organization gets in by a password,
// with these people exempt, and with no passwords in these domains besides those
// that have none. line leads to it from the root.
func OwnerBeside(ctx context.Context, r *store.Reader, line []sso.Organization, exempt []string, closing ...string) (bool, error) {
	owners, err := Owners(ctx, r, line)
	if err != nil {
		return false, err
	}
	var names []string
	for i := range owners {
		if name := owners[i].Email.Domain(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	claims, err := r.VerifiedDomains(ctx, names)
	if err != nil {
		return false, err
	}
	closed := closing
	for i := range claims {
		if claims[i].PasswordOff {
			closed = append(closed, claims[i].Name)
		}
	}
	return slices.ContainsFunc(owners, func(u store.Member) bool {
		return u.PasswordHash != "" && (!slices.Contains(closed, u.Email.Domain()) || slices.Contains(exempt, u.Email.Key()))
	}), nil
}

// KeepWayAbove refuses to take away connections of the organization by which alone
// people of a domain above come, and by no password: the domain names one of them, and
// no other one can be used there. got is what was to be taken away.
func (a *Act) KeepWayAbove(got string, connections ...sso.ConnectionID) error {
	demanded := false
	above := a.Lineage[:len(a.Lineage)-1]
	for i := range above {
		org := a.Tx.Org(above[i].ID)
		all, err := org.Connections(a.Ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(c sso.Connection) bool { return c.Usable(&above[i], above[:i]) == nil }) {
			return nil // by it they come there, and below
		}
		demanded = demanded || above[i].Policy.Demanding()
		domains, err := org.Domains(a.Ctx)
		if err != nil {
			return err
		}
		only := slices.ContainsFunc(domains, func(d sso.Domain) bool {
			return d.State == sso.DomainVerified && slices.Contains(connections, d.Connection) && (demanded || d.Demand(&above[i]).Demanding())
		})
		if only {
			return &fault.Error{Kind: fault.Conflict, Code: "connection_demanded_above", Want: "another way in for who is above", Got: got, Fix: fault.AdminSide}
		}
	}
	return nil
}
