package connect

import (
	"context"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Readiness is what stands between a connection and people who sign in by it.
type Readiness struct {
	Connection sso.Connection
	Tested     int          // different people who have passed a test of the settings as they are, two at most
	Domains    []sso.Domain // whose people are sent to it: verified, of this organization
}

// enough is how many different people a test is asked of that somebody is to
// rely on: a second one, so that it works for more than who set it up.
const enough = 2

// Ready refuses what cannot be switched on: settings with which nobody can sign
// in, or that nobody has tried.
func (r *Readiness) Ready() error {
	if err := r.Connection.Complete(); err != nil {
		return err
	}
	if r.Tested == 0 {
		return &fault.Error{Kind: fault.Conflict, Code: "connection_untested", Want: "a test that passed with the settings as they are", Got: "none", Fix: fault.AdminSide}
	}
	return nil
}

// Readiness returns how far a connection of the organization of a place is.
func (s *Service) Readiness(ctx context.Context, p *authority.Place, key string) (Readiness, error) {
	var out Readiness
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		c, err := connectionOf(ctx, r, p.ID, key)
		if err != nil {
			return err
		}
		out, err = readiness(ctx, r.Org(p.ID), &c)
		return err
	})
	return out, err
}

func readiness(ctx context.Context, r *store.OrgReader, c *sso.Connection) (Readiness, error) {
	out := Readiness{Connection: *c}
	subjects, err := r.TestSubjects(ctx, c.ID, c.Fingerprint(), enough)
	if err != nil {
		return Readiness{}, err
	}
	out.Tested = len(subjects)
	domains, err := r.Domains(ctx)
	for i := range domains {
		if d := &domains[i]; d.State == sso.DomainVerified && (d.Connection == "" || d.Connection == c.ID) {
			out.Domains = append(out.Domains, *d)
		}
	}
	return out, err
}

// Activate has people sign in by a connection from now on. It must have been
// tried with the settings that it has.
func (s *Service) Activate(ctx context.Context, e *Edit) error {
	return s.turn(ctx, e, sso.ConnectionActive, func(a *authority.Act, c *sso.Connection) error {
		if err := a.Granted(); err != nil {
			return err
		}
		if err := a.Proved(); err != nil {
			return err
		}
		r, err := readiness(ctx, a.In.OrgReader, c)
		if err != nil {
			return err
		}
		return r.Ready()
	})
}

// Deactivate has nobody sign in by a connection any more. Where single sign-on
// is the only way in, that would lock everybody out, so it is refused; so it is
// for an organization below that comes by it, and for the people of a domain above
// that names it.
func (s *Service) Deactivate(ctx context.Context, e *Edit) error {
	return s.turn(ctx, e, sso.ConnectionDisabled, func(a *authority.Act, c *sso.Connection) error {
		if err := a.KeepWayAbove(c.Key, c.ID); err != nil {
			return err
		}
		demanded := false
		for i := range a.Lineage {
			demanded = demanded || a.Lineage[i].Policy.Demanding()
		}
		domains, err := a.In.Domains(ctx)
		if err != nil {
			return err
		}
		for i := range domains {
			demanded = demanded || domains[i].State == sso.DomainVerified && domains[i].PasswordOff
		}
		refusal := fault.Error{Kind: fault.Conflict, Code: "connection_only_way", Want: "another way in", Got: c.Key, Fix: fault.AdminSide}
		if !demanded {
			refusal = fault.Error{Kind: fault.Conflict, Code: "connection_demanded_below", Want: "another way in for who is below", Got: c.Key, Fix: fault.AdminSide}
			if demanded, err = a.In.DemandedBelow(ctx); err != nil || !demanded {
				return err
			}
		}
		all, err := a.In.Connections(ctx)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].ID != c.ID && all[i].State == sso.ConnectionActive {
				return nil
			}
		}
		return &refusal
	})
}

// turn changes the state of a connection, after it was judged. What is on or off
// already stays as it is.
func (s *Service) turn(ctx context.Context, e *Edit, to sso.ConnectionState, judge func(a *authority.Act, c *sso.Connection) error) error {
	if err := e.onlyLive(); err != nil {
		return err
	}
	return s.Authority.Change(ctx, e.Who, e.Org, authority.Setup, func(a *authority.Act) error {
		c, err := e.load(ctx, a)
		if err != nil {
			return err
		}
		if c.State == to || to == sso.ConnectionDisabled && c.State != sso.ConnectionActive {
			return nil
		}
		if err := judge(a, &c); err != nil {
			return err
		}
		before := c.Settings()
		c.State, c.UpdatedAt = to, a.Now
		if err := a.In.SaveConnection(ctx, c); err != nil {
			return err
		}
		action := "connection.activated"
		if to == sso.ConnectionDisabled {
			action = "connection.disabled"
		} else if err := a.In.ForgetBeside(ctx); err != nil { // with this connection, nobody has tried to come in past it
			return err
		}
		return a.Record(action, string(c.ID), map[string]string{"key": c.Key, "name": c.Name}, c.Settings().Changed(before)...)
	})
}
