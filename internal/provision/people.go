package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// PageSize is how many lines a page of a list has.
const PageSize = 50

// People lists members of an organization, a page at a time, of which the query
// may say that it is a short one.
func (s *Service) People(ctx context.Context, in *Place, q store.PeopleQuery) (PeoplePage, error) {
	if q.Limit <= 0 || q.Limit > PageSize {
		q.Limit = PageSize
	}
	var page PeoplePage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		page, err = r.Org(in.ID).People(ctx, q)
		return err
	})
	return page, err
}

// Access is what somebody is in one organization of the tree.
type Access struct {
	sso.Organization
	Role   sso.Role // "": no member
	Groups []string
	// Fixed says why it cannot be changed, by the code of the fault; "": it can.
	Fixed string
}

// PersonPage is everything that an administrator may know of a person.
type PersonPage struct {
	sso.Standing
	Position sso.Position // in the organization that is administered
	// Tree is what they are in the organizations below it.
	Tree     []Access
	Sessions []store.SessionAt
	Links    []store.LinkAt
	Factors  []sso.Factor
	Codes    int // recovery codes that are left
	Traces   []sso.Trace
	Events   []sso.Event
	Names    map[string]string // of who stands in Events
	// Why something may not be done, by the code of the fault; "": it may.
	Manage, Suspend, Remove, Recover, Touch string
	Guest                                   bool // at home beyond the reach of who looks
	Managed                                 bool // the identity provider says who there is
}

// Limits of what the page of a person shows.
const (
	maxTree     = 200
	maxSessions = 50
	maxTraces   = 10
	maxEvents   = 20
)

// Person returns what an administrator may know of a member.
func (s *Service) Person(ctx context.Context, in *Place, user sso.UserID) (PersonPage, error) {
	var p PersonPage
	err := s.read(ctx, func(r *store.Reader) error {
		org := r.Org(in.ID)
		var err error
		if p.Position, err = org.Position(ctx, user); err != nil {
			return err
		}
		if p.Standing, err = r.Standing(ctx, user); err != nil {
			return err
		}
		p.judge(in)
		if err := listedByHand(ctx, r, &in.Organization); err != nil {
			if p.Managed = code(err) == "people_managed"; !p.Managed {
				return err
			}
			p.Remove = code(err)
		}
		if err := p.tree(ctx, org, in); err != nil {
			return err
		}
		if err := p.signIns(ctx, r, in, s.Now()); err != nil {
			return err
		}
		events, err := org.ListEvents(ctx, store.EventQuery{Target: string(user), Limit: maxEvents})
		if err != nil {
			return err
		}
		p.Events = events.Events
		p.Names, err = r.NamesIn(ctx, p.Events)
		return err
	})
	return p, err
}

// judge says beforehand what may be done.
func (p *PersonPage) judge(in *Place) {
	p.Manage, p.Suspend, p.Recover = code(in.Rights.Manage(&p.Standing)), code(in.Rights.Suspend(&p.Standing)), code(in.Rights.Recover(&p.Standing))
	p.Touch, p.Remove = code(in.Rights.Touch(&p.Position)), code(in.Rights.Remove(&p.Position))
	if p.Remove == "" && p.Manage == "" {
		p.Remove = p.Suspend // who is at home here is removed from everywhere
	}
	p.Guest = p.Manage == "rights_guest"
}

// code returns the code of a fault, or "".
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// tree reads what the person is below the organization.
func (p *PersonPage) tree(ctx context.Context, org *store.OrgReader, in *Place) error {
	tree, err := org.Tree(ctx, maxTree)
	if err != nil {
		return err
	}
	for i := range tree {
		if tree[i].ID == in.ID {
			continue
		}
		a := Access{Organization: tree[i]}
		for j := range p.Positions {
			if pos := &p.Positions[j]; pos.Org == a.ID {
				a.Role, a.Groups = pos.Role, pos.Groups
				a.Fixed = code(in.Rights.ChangeRole(pos, sso.RoleRestricted))
			}
		}
		p.Tree = append(p.Tree, a)
	}
	return nil
}

// signIns reads how the person signs in. Sessions and links of organizations
// beyond reach are nobody's business here.
func (p *PersonPage) signIns(ctx context.Context, r *store.Reader, in *Place, now time.Time) error {
	var err error
	if p.Sessions, err = sessionsIn(ctx, r, in, p.User.ID, now); err != nil {
		return err
	}
	if p.Traces, err = r.Org(in.ID).TracesOf(ctx, p.User.ID, maxTraces); err != nil {
		return err
	}
	for i := range p.Traces { // why they have their role is shown, and from where exactly they came is opened by owners
		p.Traces[i].Address = p.Traces[i].Redacted().Address
	}
	if p.Guest {
		return nil
	}
	links, err := r.AllLinksOf(ctx, p.User.ID)
	if err != nil {
		return err
	}
	p.Links = store.OnlyNear(&in.Organization, links)
	if p.Factors, err = r.Factors(ctx, p.User.ID); err != nil {
		return err
	}
	p.Codes, err = r.RecoveryCodesLeft(ctx, p.User.ID)
	return err
}

// sessionsIn reads the live sessions of somebody in an organization and below.
func sessionsIn(ctx context.Context, r *store.Reader, in *Place, user sso.UserID, now time.Time) ([]store.SessionAt, error) {
	all, err := r.SessionsOf(ctx, user, now, maxSessions)
	return slices.DeleteFunc(all, func(s store.SessionAt) bool {
		return !slices.Contains(s.Path, in.ID) || s.Live(now) != nil
	}), err
}

// Profile is what an administrator may say of a person.
type Profile struct {
	Version   int64 // that was looked at
	FirstName string
	LastName  string
	Username  string
	Email     string
	Language  string
}

// EditPerson changes the profile of somebody who is at home in the
// organization or below it.
func (s *Service) EditPerson(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, to Profile) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.whom(user, a.rights.Manage)
		if err != nil {
			return err
		}
		u := them.User
		if u.Version != to.Version {
			return store.ErrConflict
		}
		changed, err := a.edit(&u, &them, to)
		if err != nil || len(changed) == 0 {
			return err
		}
		u.UpdatedAt = a.now
		err = a.tx.Org(u.Home).SaveUser(a.ctx, u)
		if store.ConflictOn(err, store.HomeUsername) {
			return &fault.Error{Kind: fault.Conflict, Code: "username_taken", Got: u.Username, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		if !u.Email.Same(them.User.Email) {
			if err := a.tellOfAddress(&them.User, &u); err != nil {
				return err
			}
		}
		return a.recordAround(&them, "user.changed", map[string]string{"fields": strings.Join(changed, ", ")}, u.Settings().Changed(them.User.Settings())...)
	})
}

// tellOfAddress mails to the address that somebody had that they have another
// one now, and to the other one that it is theirs. Whoever changes an address
// gets at the account, so who loses it hears of it while they can still object.
// The mail names neither address: each goes to a mailbox that may be anybody's.
func (a *act) tellOfAddress(was, is *sso.User) error {
	for _, m := range []struct {
		kind notify.Kind
		to   sso.Email
	}{{notify.AddressChanged, was.Email}, {notify.AddressGiven, is.Email}} {
		if m.to.IsZero() {
			continue
		}
		err := a.Outbox.Enqueue(a.ctx, a.tx, notify.Message{
			Channel: notify.Mail, Kind: m.kind, Org: is.Home, User: is.ID, To: m.to.String(), Language: is.Language,
			Data: map[notify.Gap]string{notify.Organization: a.place.Name, notify.At: notify.Instant(a.now)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// edit gives u the profile and returns what has changed.
func (a *act) edit(u *sso.User, them *sso.Standing, to Profile) ([]string, error) {
	before := *u
	u.FirstName, u.LastName = sso.CleanName(to.FirstName), sso.CleanName(to.LastName)
	var err error
	if u.Username = ""; to.Username != "" {
		if u.Username, err = sso.ParseUsername(to.Username); err != nil {
			return nil, err
		}
	}
	if u.Email = (sso.Email{}); to.Email != "" {
		if u.Email, err = sso.ParseEmail(to.Email); err != nil {
			return nil, err
		}
	}
	if u.Username == "" && u.Email.IsZero() {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "ident_email", Want: "an address or a username", Fix: fault.PersonSide}
	}
	if u.Language, err = sso.ParseLanguage(to.Language); err != nil {
		return nil, err
	}
	if !u.Email.Same(before.Email) {
		// Whoever reads the mail of an account sets its password anew.
		if err := a.rights.Recover(them); err != nil {
			return nil, err
		}
		if err := a.by.Session.Proved(a.now); err != nil {
			return nil, err
		}
		if !u.Email.IsZero() {
			if err := a.giveAddress(u.Email, them.HomePath, u.ID); err != nil {
				return nil, err
			}
		}
	}
	var changed []string
	for _, f := range []struct {
		name string
		is   bool
	}{
		{"name", u.FirstName != before.FirstName || u.LastName != before.LastName}, {"username", u.Username != before.Username},
		{"address", u.Email != before.Email}, {"language", u.Language != before.Language},
	} {
		if f.is {
			changed = append(changed, f.name)
		}
	}
	return changed, nil
}

// giveAddress refuses an address that whoever is at home at this path may not
// be given: of a domain that somebody else has proved, or of another person of
// the tree. user is who is to have it, "" for somebody new.
func (a *act) giveAddress(e sso.Email, home []sso.OrgID, user sso.UserID) error {
	c, err := routing.Claim(a.ctx, a.tx.Reader, e)
	if err != nil {
		return err
	}
	if err := a.rights.GiveAddress(e, &sso.Organization{ID: home[len(home)-1], Path: home}, c); err != nil {
		return err
	}
	others, err := a.tx.UsersByEmail(a.ctx, e)
	if err != nil {
		return err
	}
	for i := range others {
		o := &others[i]
		if o.ID != user && o.State != sso.UserDeleted && len(o.HomePath) > 0 && o.HomePath[0] == home[0] {
			return &fault.Error{Kind: fault.Conflict, Code: "address_taken", Got: e.String(), Fix: fault.PersonSide}
		}
	}
	return nil
}

// recordAround writes a line about a person into the audit list of the
// organization, and of their home where that is another one.
func (a *act) recordAround(them *sso.Standing, action string, detail map[string]string, changes ...sso.Change) error {
	if err := a.record(action, string(them.User.ID), detail, changes...); err != nil || them.User.Home == a.place.ID {
		return err
	}
	return a.recordIn(them.User.Home, action, string(them.User.ID), detail, changes...)
}

// errSame undoes a change that changes nothing.
var errSame = errors.New("nothing has changed")

// unlessSame passes over a change that changed nothing.
func unlessSame(err error) error {
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}
