package signin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Identify takes what the person typed, an address or a username, and finds
// out how they sign in. by is [sso.ByPassword] where the person asked for the
// password, else "". Without an id a new attempt is made. Whether a user
// exists cannot be told from the answer, but for users of a sub-organization
// that signs in another way than the one whose domain they have.
func (s *Service) Identify(ctx context.Context, b Browser, id sso.AttemptID, typed string, by sso.Method) (sso.Attempt, error) {
	typed = strings.TrimSpace(typed)
	var email sso.Email
	var username string
	var err error
	if strings.Contains(typed, "@") {
		email, err = sso.ParseEmail(typed)
	} else if username, err = sso.ParseUsername(typed); err != nil {
		err = &fault.Error{Kind: fault.Invalid, Code: "ident_email", Want: "one e-mail address", Fix: fault.PersonSide}
	}
	if err != nil {
		return sso.Attempt{}, err
	}
	identify := func(tx *store.Writer, a *sso.Attempt) error {
		if !a.Proof.At.IsZero() || a.Session != "" {
			return at(a, sso.StepIdentify)
		}
		a.Typed, a.Username = email, username
		a.Connection, a.Choices, a.Method = "", nil, ""
		return s.route(ctx, tx.Reader, a, by)
	}
	if id != "" {
		return s.change(ctx, b, id, identify)
	}
	a := s.newAttempt(b)
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := identify(tx, &a); err != nil {
			return err
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	return a, nil
}

// route finds out how the attempt goes on: through which connections, or by
// password.
func (s *Service) route(ctx context.Context, r *store.Reader, a *sso.Attempt, by sso.Method) error {
	w, err := s.leadsTo(ctx, r, a)
	if err != nil {
		return err
	}
	lineage, claim := w.line, w.claim
	if by == sso.ByPassword {
		// Where single sign-on is the only way in, the wish is not granted;
		// to the exempt and to those outside its domains it is.
		entry := sso.Entry{Method: sso.ByPassword, Email: a.Typed, Outside: claim == nil || !leads(lineage, claim.Org)}
		if !sso.RulesOf(lineage).DemandsSSO(entry) {
			a.Method = sso.ByPassword
			return nil
		}
	}
	var active []sso.Connection
	if len(lineage) > 0 && a.Username == "" {
		ids := make([]sso.OrgID, len(lineage))
		for i := range lineage {
			ids[i] = lineage[i].ID
		}
		if active, err = r.ActiveConnections(ctx, ids); err != nil {
			return err
		}
	}
	named, err := s.named(ctx, r, &w)
	if err != nil {
		return err
	}
	route := sso.FindRoute(lineage, active, claim, named)
	a.Method = route.Method
	switch len(route.Connections) {
	case 0:
	case 1:
		a.Connection = route.Connections[0]
	default:
		a.Choices, a.Method = route.Connections, ""
	}
	return nil
}

// named reads the connection that the domain names, if it names one. It is for
// new people and for those at home where it belongs: anybody else it could not
// sign in.
func (s *Service) named(ctx context.Context, r *store.Reader, w *way) (*sso.Named, error) {
	if w.claim == nil || w.claim.Connection == "" {
		return nil, nil
	}
	c, err := r.Connection(ctx, w.claim.Connection)
	if err != nil {
		return nil, err
	}
	if w.known != nil && !slices.Contains(w.known.HomePath, c.Org) {
		return nil, nil
	}
	lineage, err := r.Lineage(ctx, c.Org)
	if err != nil {
		return nil, err
	}
	return &sso.Named{Connection: c, Lineage: lineage}, nil
}

// leads reports whether org stands in this line.
func leads(line []sso.Organization, org sso.OrgID) bool {
	return slices.ContainsFunc(line, func(o sso.Organization) bool { return o.ID == org })
}

// way is where an attempt leads, as far as it is known before the proof.
type way struct {
	line  []sso.Organization // whose rules it follows, from the root; empty: nobody's
	claim *sso.Domain        // to the domain of the address; nil: none that is verified
	known *store.UserAt      // the one user of the claimant's tree with the address; nil: none, or several
}

// leadsTo returns where an attempt leads: to the organization that the sign-on
// URL names, else to the home of the one user of the claimant's tree who has
// the address, else to the organization that has proved its domain.
func (s *Service) leadsTo(ctx context.Context, r *store.Reader, a *sso.Attempt) (way, error) {
	var w way
	if !a.Typed.IsZero() {
		d, err := r.VerifiedDomain(ctx, a.Typed.Domain())
		switch {
		case err == nil:
			w.claim = &d
		case !errors.Is(err, store.ErrNotFound):
			return way{}, err
		}
	}
	var err error
	if w.claim != nil {
		if w.line, err = r.Lineage(ctx, w.claim.Org); err != nil {
			return way{}, err
		}
		users, err := r.UsersByEmail(ctx, a.Typed)
		if err != nil {
			return way{}, err
		}
		root := w.line[0].ID
		users = slices.DeleteFunc(users, func(u store.UserAt) bool {
			return u.User.State == sso.UserDeleted || u.HomePath[0] != root
		})
		if len(users) == 1 {
			w.known = &users[0]
		}
	}
	to := a.Org
	if to == "" && w.known != nil {
		to = w.known.User.Home
	}
	if to != "" && (len(w.line) == 0 || w.line[len(w.line)-1].ID != to) {
		w.line, err = r.Lineage(ctx, to)
	}
	return w, err
}

// Choice is one thing that the person may choose.
type Choice struct {
	ID   string
	Name string
}

// Choices returns what there is to choose: connections at [sso.StepChoose],
// organizations at [sso.StepOrg].
func (s *Service) Choices(ctx context.Context, a sso.Attempt) ([]Choice, error) {
	var choices []Choice
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		choices = nil
		if a.Next() == sso.StepOrg {
			orgs, err := r.OrganizationsByID(ctx, a.Proof.Orgs)
			for i := range orgs {
				choices = append(choices, Choice{ID: string(orgs[i].ID), Name: orgs[i].Name})
			}
			return err
		}
		connections, err := r.ConnectionsByID(ctx, a.Choices)
		for i := range connections {
			choices = append(choices, Choice{ID: string(connections[i].ID), Name: connections[i].Name})
		}
		return err
	})
	return choices, err
}

// Choose takes the person's choice at [sso.StepChoose] or [sso.StepOrg]. Only
// what was offered can be chosen.
func (s *Service) Choose(ctx context.Context, b Browser, id sso.AttemptID, choice string) (sso.Attempt, error) {
	return s.change(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) error {
		var offered bool
		switch a.Next() {
		case sso.StepChoose:
			if offered = slices.Contains(a.Choices, sso.ConnectionID(choice)); offered {
				a.Connection, a.Method = sso.ConnectionID(choice), sso.BySSO
			}
		case sso.StepOrg:
			if offered = slices.Contains(a.Proof.Orgs, sso.OrgID(choice)); offered {
				a.Proof.Org = sso.OrgID(choice)
			}
		default:
			return at(a, sso.StepChoose)
		}
		if !offered {
			return &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
		}
		return s.settle(ctx, tx, b, a)
	})
}
