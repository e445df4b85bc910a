package inspect

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Explained is one step of the way that an address would go, and by which rule.
// What is empty does not matter to the rule, or is not for who asks to know.
type Explained struct {
	Way          Way
	Domain       string
	Organization string // name
	Connection   string // name
	User         string // name
	Mode         sso.FirstSignIn
	Role         sso.Role
	Code         string // of the fault by which it is refused
}

// Way names a rule by which an address goes its way.
type Way string

// The rules, in the order in which they are asked.
const (
	WayDomainProved   Way = "domain_proved"   // Organization has proved Domain
	WayDomainUnproved Way = "domain_unproved" // nobody has proved Domain
	WayDomainOther    Way = "domain_other"    // Domain leads to another customer, of whom nothing is told
	WayHome           Way = "home"            // User has the address, and is at home in Organization
	WayNobody         Way = "nobody"          // nobody there has the address, or several have
	WaySSOOff         Way = "sso_off"         // Organization does not use single sign-on
	WayDomainOff      Way = "domain_off"      // it is off for Domain
	WayDomainRequired Way = "domain_required" // for Domain, only single sign-on
	WaySSOOptional    Way = "sso_optional"    // a password works beside it
	WaySSORequired    Way = "sso_required"    // only single sign-on
	WaySSOPilot       Way = "sso_pilot"       // only single sign-on, for the members of some groups
	WaySSOPaused      Way = "sso_paused"      // only single sign-on, but for a while
	WaySSOExempt      Way = "sso_exempt"      // only single sign-on, and this address is exempt
	WayPassword       Way = "password"        // the password is asked for
	WayPasswordless   Way = "passwordless"    // and there is nobody with one
	WayNamed          Way = "named"           // the domain names Connection
	WayOwn            Way = "own"             // Connection of Organization
	WayChoice         Way = "choice"          // Connection is one of those that the person may choose
	WayLinked         Way = "linked"          // User came through it before
	WayFirst          Way = "first"           // nobody did; what Mode says
	WaySignsIn        Way = "signs_in"        // as User, whose Role stays
	WayFollows        Way = "follows"         // as User, whose role follows the groups
	WayLinks          Way = "links"           // User is linked
	WayCreates        Way = "creates"         // a new user, with Role
	WayCreatesByGroup Way = "creates_group"   // a new user, with Role, unless a group says otherwise
	WayAsks           Way = "asks"            // the person is asked who they are
	WayRefused        Way = "refused"         // by Code
)

// Ways lists the rules.
func Ways() []Way {
	return []Way{
		WayDomainProved, WayDomainUnproved, WayDomainOther, WayHome, WayNobody, WaySSOOff, WayDomainOff, WayDomainRequired, WaySSOOptional, WaySSORequired, WaySSOPilot, WaySSOPaused, WaySSOExempt, WayPassword, WayPasswordless,
		WayNamed, WayOwn, WayChoice, WayLinked, WayFirst, WaySignsIn, WayFollows, WayLinks, WayCreates, WayCreatesByGroup, WayAsks, WayRefused,
	}
}

// Explain says which way an address would go, and by which rules, to the owner
// of an organization: nothing is told of what is beyond it. It asks the very
// functions by which sign-ins go, and does nothing.
func (s *Service) Explain(ctx context.Context, p *authority.Place, address string) ([]Explained, error) {
	return s.explain(ctx, address, func(path []sso.OrgID) bool { return slices.Contains(path, p.ID) })
}

// ExplainAnywhere is [Service.Explain] for who may look into the whole
// deployment.
func (s *Service) ExplainAnywhere(ctx context.Context, address string) ([]Explained, error) {
	return s.explain(ctx, address, func([]sso.OrgID) bool { return true })
}

func (s *Service) explain(ctx context.Context, address string, sees func(path []sso.OrgID) bool) ([]Explained, error) {
	e, err := sso.ParseEmail(address)
	if err != nil {
		return nil, err
	}
	x := explanation{ctx: ctx, service: s, email: e, sees: sees}
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		x.r, x.steps = r, nil
		return x.run()
	})
	return x.steps, err
}

// explanation is one address on its way.
type explanation struct {
	ctx     context.Context
	service *Service
	r       *store.Reader
	email   sso.Email
	sees    func(path []sso.OrgID) bool
	steps   []Explained
}

func (x *explanation) say(e Explained) { x.steps = append(x.steps, e) }

func (x *explanation) run() error {
	route, w, err := routing.Find(x.ctx, x.r, routing.Ask{Email: x.email, At: x.service.Now(), Whom: true})
	if err != nil {
		return err
	}
	switch {
	case w.Claim == nil:
		x.say(Explained{Way: WayDomainUnproved, Domain: x.email.Domain()})
		return x.password(&w)
	case !x.sees(w.Line[len(w.Line)-1].Path):
		x.say(Explained{Way: WayDomainOther, Domain: x.email.Domain()})
		return nil
	}
	claimant, err := x.organization(w.Claim.Org)
	if err != nil {
		return err
	}
	x.say(Explained{Way: WayDomainProved, Domain: x.email.Domain(), Organization: claimant})
	if w.Known != nil && x.sees(w.Known.HomePath) {
		home, err := x.organization(w.Known.User.Home)
		if err != nil {
			return err
		}
		x.say(Explained{Way: WayHome, User: w.Known.Name(), Organization: home})
	} else {
		x.say(Explained{Way: WayNobody})
	}
	x.policy(&w, &route)
	if route.Method == sso.ByPassword {
		return x.password(&w)
	}
	return x.connections(&route)
}

// organization returns the name of an organization, or "" where it is beyond
// who asks.
func (x *explanation) organization(id sso.OrgID) (string, error) {
	o, err := x.r.Organization(x.ctx, id)
	if err != nil || !x.sees(o.Path) {
		return "", err
	}
	return o.Name, nil
}

// policy says how far single sign-on is demanded of the address.
func (x *explanation) policy(w *routing.Way, route *sso.Route) {
	o := &w.Line[len(w.Line)-1]
	rules := w.Rules()
	now := x.service.Now()
	entry := sso.Entry{Method: sso.ByPassword, Email: x.email, Outside: w.Outside(), At: now}
	required := slices.ContainsFunc(rules, func(p sso.Policy) bool { return p.SSO == sso.SSORequired })
	unpaused := entry
	unpaused.At = time.Time{}
	step := Explained{Way: WaySSOOptional, Organization: o.Name}
	switch {
	case required && rules.DemandsSSO(entry):
		step.Way = WaySSORequired
	case required && rules.DemandsSSO(unpaused):
		step.Way = WaySSOPaused
	case required:
		step.Way = WaySSOExempt
	case !o.Policy.SSOOn():
		step.Way = WaySSOOff
	case rules.Pilots():
		step.Way = WaySSOPilot
	case route.Rule == sso.RouteClosed:
		step = Explained{Way: WayDomainOff, Domain: x.email.Domain()}
	}
	if step.Way == WaySSORequired && !sso.RulesOf(w.Line).DemandsSSO(entry) {
		step = Explained{Way: WayDomainRequired, Domain: x.email.Domain()}
	}
	x.say(step)
}

// password says whether anybody could give one.
func (x *explanation) password(w *routing.Way) error {
	x.say(Explained{Way: WayPassword})
	users, err := x.r.UsersByEmail(x.ctx, x.email)
	if err != nil {
		return err
	}
	has := slices.ContainsFunc(users, func(u store.UserAt) bool {
		return u.State == sso.UserActive && u.PasswordHash != "" && x.sees(u.HomePath) && (w.Claim == nil || u.HomePath[0] == w.Line[0].ID)
	})
	if !has {
		x.say(Explained{Way: WayPasswordless})
	}
	return nil
}

// connections says what would come of an answer through each of them.
func (x *explanation) connections(route *sso.Route) error {
	all, err := x.r.ConnectionsByID(x.ctx, route.Connections)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		step := Explained{Way: WayOwn, Connection: c.Name}
		switch {
		case len(all) > 1:
			step.Way = WayChoice
		case route.Rule == sso.RouteDomain:
			step.Way = WayNamed
		}
		if step.Organization, err = x.organization(c.Org); err != nil {
			return err
		}
		x.say(step)
		if err := x.arrive(c); err != nil {
			return err
		}
	}
	return nil
}

// arrive says what would come of an answer that names the address.
func (x *explanation) arrive(c *sso.Connection) error {
	org, err := x.r.Organization(x.ctx, c.Org)
	if err != nil {
		return err
	}
	in := sso.SignIn{Connection: *c, Org: org, Asserted: sso.Asserted{Email: x.email}, Typed: x.email}
	if err := routing.Meet(x.ctx, x.r, &in, x.service.Now()); err != nil {
		return err
	}
	if in.Defaults, err = x.r.OrganizationsByID(x.ctx, c.Defaults.Organizations); err != nil {
		return err
	}
	for i := range in.SameEmail {
		if u := &in.SameEmail[i]; u.OtherSubject && u.User.State != sso.UserDeleted {
			x.say(Explained{Way: WayLinked, User: x.name(&in, u.User.ID), Connection: c.Name})
			return x.signsIn(c, &in, &u.User)
		}
	}
	x.say(Explained{Way: WayFirst, Mode: c.FirstSignIn, Connection: c.Name})
	d, err := in.Decide(x.service.Now())
	if err != nil {
		return x.refused(err)
	}
	switch d.Act {
	case sso.ActAsk:
		x.say(Explained{Way: WayAsks})
	case sso.ActLink:
		x.say(Explained{Way: WayLinks, User: x.name(&in, d.User.ID)})
		return x.signsIn(c, &in, &d.User)
	default:
		step := Explained{Way: WayCreates, Role: d.Why.Role}
		if c.Defaults.Mapping.On && d.Why.Rule == sso.RoleByDefault {
			step.Way = WayCreatesByGroup
		}
		x.say(step)
	}
	return nil
}

// name returns the name of somebody who has the address, or "" where they are at
// home beyond who asks.
func (x *explanation) name(in *sso.SignIn, user sso.UserID) string {
	for i := range in.SameEmail {
		if u := &in.SameEmail[i]; u.User.ID == user && x.sees(u.HomePath) {
			return u.User.Name()
		}
	}
	return ""
}

// signsIn says as what somebody known would be signed in.
func (x *explanation) signsIn(c *sso.Connection, in *sso.SignIn, u *sso.User) error {
	if err := u.MaySignIn(); err != nil {
		return x.refused(err)
	}
	memberships, err := x.r.MembershipsAt(x.ctx, u.ID)
	if err != nil {
		return err
	}
	memberships = slices.DeleteFunc(memberships, func(m store.MembershipAt) bool { return !m.Within(c.Org) })
	if len(memberships) == 0 {
		x.say(Explained{Way: WayRefused, Code: "membership_missing"})
		return nil
	}
	// What somebody is beyond who asks is not theirs to know.
	step := Explained{Way: WaySignsIn, User: x.name(in, u.ID)}
	if i := slices.IndexFunc(memberships, func(m store.MembershipAt) bool { return x.sees(m.Path) }); i >= 0 {
		step.Role = memberships[i].Role
		if c.Defaults.Governs(memberships[i].Org) {
			step.Way = WayFollows
		}
	}
	x.say(step)
	return nil
}

// refused says by what it would be refused; an error that is none of ours is
// returned.
func (x *explanation) refused(err error) error {
	f := fault.From(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return err
	}
	x.say(Explained{Way: WayRefused, Code: f.Code})
	return nil
}
