// Package enforce is how an organization makes single sign-on the only way in
// for its people without locking anybody out: the gate before it, the pilot,
// the pause, and the codes by which owners come in when the identity provider
// fails; and settings of a connection beside those that are live, and their
// swap.
//
// What is demanded of whom is package sso's to decide, at every way in; here it
// is changed. A change and its line in the audit list are one transaction.
//
// # Trust
//
// Only an owner who is signed in changes what is demanded. The holder of a setup
// link does not: a connection that works is theirs to make, and who is locked
// out by it the owner's to decide.
package enforce

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service enforces single sign-on. Its fields are set once, before it is used;
// it is safe for concurrent use.
type Service struct {
	DB        *store.DB
	Authority *authority.Service
	BaseURL   string // without a slash at the end
	Recovery  *recovery.Service
	Limits    backoff.Limiter
	Now       func() time.Time
}

// State is how an organization stands with the demand for single sign-on.
type State struct {
	Organization sso.Organization
	Gate         sso.Gate
	Codes        store.BreakGlass
	Pilot        []string // names of the groups of the pilot
	PausedBy     string   // name of who has paused it; "": somebody of the vendor's, or nobody any more
	Demands      bool     // single sign-on is demanded of anybody, by the organization or a domain of its
	Above        bool     // an organization above demands single sign-on, whatever is chosen here
}

// demandedAbove reports whether an organization above the last of a line demands
// single sign-on.
func demandedAbove(line []sso.Organization) bool {
	return slices.ContainsFunc(line[:len(line)-1], func(o sso.Organization) bool { return o.Policy.Demanding() })
}

// State returns how the organization of a place stands.
func (s *Service) State(ctx context.Context, p *authority.Place) (State, error) {
	var out State
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		line, err := r.Lineage(ctx, p.ID)
		if err != nil {
			return err
		}
		out = State{Organization: line[len(line)-1]}
		out.Above = demandedAbove(line)
		org, policy := r.Org(p.ID), &out.Organization.Policy
		domains, err := org.Domains(ctx)
		if err != nil {
			return err
		}
		out.Demands = out.Organization.DemandsOf(domains)
		if out.Gate, err = gateOf(ctx, r, line, policy.Exempt); err != nil {
			return err
		}
		if out.Codes, err = org.BreakGlass(ctx); err != nil {
			return err
		}
		for _, id := range policy.Pilot {
			g, err := org.Group(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				continue // deleted since: nobody is in it
			}
			if err != nil {
				return err
			}
			out.Pilot = append(out.Pilot, g.Name)
		}
		if policy.Pause.By == "" || policy.Pause.Vendor {
			return nil
		}
		u, err := r.User(ctx, policy.Pause.By)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		out.PausedBy = u.Name()
		return err
	})
	return out, err
}

// Limits of what the gate looks at.
const (
	differentPeople = 2  // who have passed a test
	maxBeside       = 50 // who came in past single sign-on, the latest
)

// gateOf finds out what the gate of an organization asks, of which these people
// are exempt, or are to be; line leads to it from the root.
func gateOf(ctx context.Context, r *store.Reader, line []sso.Organization, exempt []string) (sso.Gate, error) {
	org := &line[len(line)-1]
	var gate sso.Gate
	usable, err := comeBy(ctx, r, line)
	if err != nil {
		return gate, err
	}
	gate.Connections = len(usable)
	for i := range usable {
		c := &usable[i]
		subjects, err := r.Org(c.Org).TestSubjects(ctx, c.ID, c.Fingerprint(), differentPeople)
		if err != nil {
			return gate, err
		}
		if i == 0 || len(subjects) < gate.Tested {
			gate.Tested = len(subjects)
		}
	}
	codes, err := r.Org(org.ID).BreakGlass(ctx)
	if err != nil {
		return gate, err
	}
	came, err := r.Org(org.ID).Beside(ctx, maxBeside)
	for i := 0; i < len(came) && err == nil && !gate.Beside; i++ {
		var proved bool
		_, proved, err = r.Rules(ctx, org, came[i].Email)
		gate.Beside = err == nil && came[i].Stays(exempt, proved, codes.Left)
	}
	return gate, err
}

// comeBy returns the connections by which the people of an organization come:
// its own that can be used, or those of the nearest one above it that has any.
func comeBy(ctx context.Context, r *store.Reader, line []sso.Organization) ([]sso.Connection, error) {
	for i := len(line) - 1; i >= 0; i-- {
		all, err := r.Org(line[i].ID).Connections(ctx)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(c sso.Connection) bool { return c.Usable(&line[i], line[:i]) != nil })
		if len(all) > 0 {
			return all, nil
		}
	}
	return nil, nil
}

// Edit is which organization somebody changes, in the version that they looked
// at.
type Edit struct {
	Who     *authority.Who
	Org     sso.OrgID
	Version int64
}

// change runs one change of an organization's policy by an owner.
func (s *Service) change(ctx context.Context, e *Edit, do func(a *authority.Act, o *sso.Organization) error) error {
	return s.Authority.Change(ctx, e.Who, e.Org, authority.Owner, func(a *authority.Act) error {
		o := a.Organization
		if o.Version != e.Version {
			return changed(&o)
		}
		if err := do(a, &o); err != nil {
			return err
		}
		o.UpdatedAt = a.Now
		err := a.Tx.SaveOrganization(ctx, o)
		if errors.Is(err, store.ErrConflict) { // at this moment
			return changed(&o)
		}
		return err
	})
}

func changed(o *sso.Organization) error {
	return &fault.Error{Kind: fault.Conflict, Code: "enforce_changed", Want: "the settings as they are", Got: "those from before, of " + o.Key, Fix: fault.PersonSide}
}

// Chosen is what an owner chooses about the demand.
type Chosen struct {
	SSO      sso.Enforcement
	Groups   []string // names, of the pilot
	Exempt   []string // addresses
	Sessions sso.LiveSessions
	Hours    int // until they end, with [sso.SessionsAt]
}

// Demand changes how far single sign-on is demanded.
func (s *Service) Demand(ctx context.Context, e *Edit, in Chosen) error {
	to := sso.Demand{SSO: in.SSO, Sessions: in.Sessions, At: s.Now().Add(time.Duration(in.Hours) * time.Hour)}
	var exempt []string
	for _, address := range in.Exempt {
		email, err := sso.ParseEmail(address)
		if err != nil {
			return &fault.Error{Kind: fault.Invalid, Code: "enforce_address", Want: "one e-mail address in each line", Got: fault.From(err).Got, Fix: fault.PersonSide, Err: err}
		}
		to.Exempt, exempt = append(to.Exempt, email), append(exempt, email.Key())
	}
	return s.change(ctx, e, func(a *authority.Act, o *sso.Organization) error {
		if in.SSO != sso.SSOOptional {
			if err := a.Granted(); err != nil {
				return err
			}
		}
		var err error
		if in.SSO == sso.SSOPilot {
			if to.Pilot, err = groups(ctx, a.In.OrgReader, in.Groups); err != nil {
				return err
			}
		}
		gate, err := gateOf(ctx, a.Tx.Reader, a.Lineage, exempt)
		if err != nil {
			return err
		}
		before := o.Settings()
		if err := o.Policy.Enforce(to, &gate, a.Now); err != nil {
			return because(ctx, a, &gate, err)
		}
		if !o.Policy.Demanding() { // else the gate has asked
			if err := staysBeside(ctx, a, o.Policy.Exempt); err != nil {
				return err
			}
		}
		detail := map[string]string{"exempt": strconv.Itoa(len(to.Exempt))}
		if o.Policy.Demanding() {
			detail["sessions"] = string(to.Sessions)
		}
		return a.Record("enforcement.changed", string(o.ID), detail, o.Settings().Changed(before)...)
	})
}

// staysBeside refuses to have only these people be exempt where a domain has no
// passwords, and nobody but an owner who is exempt gets in past it.
func staysBeside(ctx context.Context, a *authority.Act, exempt []string) error {
	if !slices.ContainsFunc(a.Policy.Exempt, func(key string) bool { return !slices.Contains(exempt, key) }) {
		return nil
	}
	domains, err := a.In.Domains(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(domains, func(d sso.Domain) bool { return d.Demand(&a.Organization).Demanding() })
	if i < 0 {
		return nil
	}
	if is, err := authority.OwnerBeside(ctx, a.Tx.Reader, a.Lineage, exempt); err != nil || is {
		return err
	}
	if was, err := authority.OwnerBeside(ctx, a.Tx.Reader, a.Lineage, a.Policy.Exempt); err != nil || !was {
		return err
	}
	return &fault.Error{Kind: fault.Conflict, Code: "domain_no_owner", Want: "an owner with a password who is outside the domain or exempt", Got: domains[i].Name, Fix: fault.AdminSide}
}

// because says why the gate is shut, where the list of its steps would not: who
// is to be exempt no more is the only one who came in past single sign-on.
func because(ctx context.Context, a *authority.Act, gate *sso.Gate, refused error) error {
	if !fault.Is(refused, "enforce_not_ready") || gate.Beside {
		return refused
	}
	was, err := gateOf(ctx, a.Tx.Reader, a.Lineage, a.Policy.Exempt)
	if err != nil {
		return err
	}
	if was.Ready() != nil {
		return refused
	}
	return &fault.Error{Kind: fault.Conflict, Code: "enforce_exempt_last", Want: "somebody else who came in past single sign-on", Got: "nobody", Fix: fault.AdminSide, Err: refused}
}

// groups returns the groups of these names, and refuses a name of none.
func groups(ctx context.Context, r *store.OrgReader, names []string) ([]sso.GroupID, error) {
	if len(names) > sso.MaxPilot {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "enforce_pilots", Want: strconv.Itoa(sso.MaxPilot) + " groups at most", Got: strconv.Itoa(len(names)), Fix: fault.PersonSide}
	}
	var all []sso.GroupID
	for _, name := range names {
		found, err := r.GroupsNamed(ctx, []string{name})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "enforce_group", Want: "the name of a group of the organization in each line", Got: name, Fix: fault.PersonSide}
		}
		if !slices.Contains(all, found[0]) {
			all = append(all, found[0])
		}
	}
	return all, nil
}
