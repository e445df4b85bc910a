package connect

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// MaxDomains bounds how many domains one organization claims.
const MaxDomains = 500

// MaxDomainPeople bounds among how many people those of a domain are counted.
const MaxDomainPeople = 20000

// DomainView is a claim with what there is to know about it.
type DomainView struct {
	sso.Domain
	// Elsewhere says that another organization's claim is verified.
	Elsewhere bool
	// Demanded says that people of the domain cannot sign in without it.
	Demanded    sso.Demanded
	People      store.DomainPeople
	Connections []sso.Connection // through which its people may sign in
}

// Domain returns a claim of the organization of a place.
func (s *Service) Domain(ctx context.Context, p *authority.Place, name string) (DomainView, error) {
	var v DomainView
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if v.Domain, err = domainOf(ctx, r, p.ID, name); err != nil {
			return err
		}
		holder, err := holderOf(ctx, r, &v.Domain)
		if err != nil {
			return err
		}
		v.Elsewhere = holder != nil
		v.Demanded = v.DemandedBy(p.Lineage)
		if v.State != sso.DomainVerified {
			return nil
		}
		if v.People, err = r.CountDomainPeople(ctx, p.ID, v.Name, MaxDomainPeople); err != nil {
			return err
		}
		if v.Connections, err = r.Org(p.ID).Connections(ctx); err != nil {
			return err
		}
		return v.addNamed(ctx, r)
	})
	return v, err
}

// addNamed adds the connection that the domain names where it is one of an
// organization below.
func (v *DomainView) addNamed(ctx context.Context, r *store.Reader) error {
	has := func(c sso.Connection) bool { return c.ID == v.Connection }
	if v.Connection == "" || slices.ContainsFunc(v.Connections, has) {
		return nil
	}
	c, err := r.Connection(ctx, v.Connection)
	if err == nil {
		v.Connections = append(v.Connections, c)
	}
	return err
}

// domainOf reads a claim. One of another organization is not found.
func domainOf(ctx context.Context, r *store.Reader, org sso.OrgID, name string) (sso.Domain, error) {
	d, err := r.Org(org).Domain(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return d, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: name, Fix: fault.PersonSide}
	}
	return d, err
}

// holderOf returns the verified claim of another organization to the same
// name, or nil.
func holderOf(ctx context.Context, r *store.Reader, d *sso.Domain) (*sso.Domain, error) {
	h, err := r.VerifiedDomain(ctx, d.Name)
	if errors.Is(err, store.ErrNotFound) || err == nil && h.Org == d.Org {
		return nil, nil
	}
	return &h, err
}

// ClaimDomain claims a domain for an organization, to be proved. It returns the
// name in its one normal form.
func (s *Service) ClaimDomain(ctx context.Context, who *authority.Who, org sso.OrgID, typed string) (string, error) {
	name, err := sso.ClaimDomain(typed)
	if err != nil {
		return "", err
	}
	err = s.Authority.Change(ctx, who, org, authority.Domains, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		all, err := a.In.Domains(ctx)
		if err != nil {
			return err
		}
		switch {
		case slices.ContainsFunc(all, func(d sso.Domain) bool { return d.Name == name }):
			return &fault.Error{Kind: fault.Conflict, Code: "domain_claimed", Want: "a domain that is not in the list yet", Got: name, Fix: fault.AdminSide}
		case len(all) >= MaxDomains:
			return &fault.Error{Kind: fault.Exhausted, Code: "domain_many", Want: strconv.Itoa(MaxDomains) + " domains at most", Got: strconv.Itoa(len(all)), Fix: fault.AdminSide}
		}
		d := sso.NewDomain(org, name, a.Now)
		if err := a.In.SaveDomain(ctx, d); err != nil {
			return err
		}
		return a.Record("domain.claimed", name, nil, d.Settings().Changed(nil)...)
	})
	return name, err
}

// RemoveDomain withdraws a claim. One that is verified only an owner
// withdraws, after a fresh proof: it must be verified anew to come back.
func (s *Service) RemoveDomain(ctx context.Context, who *authority.Who, org sso.OrgID, name string) error {
	return s.Authority.Change(ctx, who, org, authority.Domains, func(a *authority.Act) error {
		d, err := domainOf(ctx, a.Tx.Reader, org, name)
		if err != nil {
			return err
		}
		if d.State == sso.DomainVerified {
			if err := a.Allow(authority.Owner); err != nil {
				return err
			}
			if err := a.Proved(); err != nil {
				return err
			}
		}
		if err := a.In.DeleteDomain(ctx, name); err != nil {
			return err
		}
		return a.Record("domain.removed", name, nil, sso.Settings{}.Changed(d.Settings())...)
	})
}

// SetDomainWays chooses how the people of a domain sign in. Only an owner
// closes a password, or opens it again.
func (s *Service) SetDomainWays(ctx context.Context, who *authority.Who, org sso.OrgID, name string, to sso.DomainWays) error {
	return s.ChangeDomainWays(ctx, who, org, name, func(w *sso.DomainWays) error {
		*w = to
		return nil
	})
}

// ChangeDomainWays is [Service.SetDomainWays] for who changes the ways as they
// are now: edit changes them, or refuses. It may run twice.
func (s *Service) ChangeDomainWays(ctx context.Context, who *authority.Who, org sso.OrgID, name string, edit func(w *sso.DomainWays) error) error {
	return s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		d, err := domainOf(ctx, a.Tx.Reader, org, name)
		if err != nil {
			return err
		}
		was, before := d.Ways(), d.Settings()
		to := was
		if err := edit(&to); err != nil {
			return err
		}
		if was.Password != to.Password {
			if err := a.Allow(authority.Owner); err != nil {
				return err
			}
		}
		in, err := waysIn(a, &d, to.Connection)
		if err != nil {
			return err
		}
		if err := d.SetWays(to, in); err != nil {
			return err
		}
		if was == to {
			return nil
		}
		if err := a.In.SaveDomain(ctx, d); err != nil {
			return err
		}
		return a.Record("domain.changed", name, nil, d.Settings().Changed(before)...)
	})
}

// waysIn gathers by what the ways of a domain are judged, if it names this
// connection.
func waysIn(a *authority.Act, d *sso.Domain, connection sso.ConnectionID) (sso.WaysIn, error) {
	named, err := namedConnection(a, connection)
	if err != nil {
		return sso.WaysIn{}, err
	}
	ids := make([]sso.OrgID, len(a.Lineage))
	for i := range a.Lineage {
		ids[i] = a.Lineage[i].ID
	}
	active, err := a.Tx.ActiveConnections(a.Ctx, ids)
	if err != nil {
		return sso.WaysIn{}, err
	}
	open := *d
	open.SSOOff, open.Connection = false, connection
	in := sso.WaysIn{Line: a.Lineage, Usable: sso.FindRoute(a.Lineage, active, &open, named).Method == sso.BySSO}
	in.Beside, err = authority.OwnerBeside(a.Ctx, a.Tx.Reader, a.Lineage, a.Policy.Exempt, d.Name)
	return in, err
}

// namedConnection reads the connection that a domain is to name: one of the
// organization or of one below it.
func namedConnection(a *authority.Act, id sso.ConnectionID) (*sso.Named, error) {
	if id == "" {
		return nil, nil
	}
	unknown := &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "a connection of " + a.Key + " or below", Got: string(id), Fix: fault.AdminSide}
	c, err := a.Tx.Connection(a.Ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	line, err := a.Tx.Lineage(a.Ctx, c.Org)
	if err != nil {
		return nil, err
	}
	if !line[len(line)-1].Within(a.ID) {
		return nil, unknown
	}
	return &sso.Named{Connection: c, Lineage: line}, nil
}
