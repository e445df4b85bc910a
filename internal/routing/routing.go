// Package routing finds out where an address leads and whom it would meet
// there, from what is stored: the facts by which package sso decides. It is one
// for the sign-in, which goes that way, and for who asks what would happen.
//
// It changes nothing, counts nothing and tells nobody anything.
package routing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Ask is what somebody says of themselves before anything is proved.
type Ask struct {
	Email    sso.Email
	Username string     // in place of an address
	Org      sso.OrgID  // whose sign-on URL they use; "": none; [sso.Nowhere] leads to nobody
	Wish     sso.Method // [sso.ByPassword] where they ask for the password; ""
	At       time.Time  // zero: no pause of enforcement counts
	Whom     bool       // who has the address is wanted, also where it leads nowhere else
}

// Way is where somebody leads, as far as it is known before the proof.
type Way struct {
	Line  []sso.Organization // whose rules they follow, from the root; empty: nobody's
	Claim *sso.Domain        // to the domain of the address; nil: none that is verified
	Known *store.UserAt      // the one user of the claimant's tree with the address; nil: none, several, or it leads nowhere else
}

// Lead returns where somebody leads: to the organization that the sign-on URL
// names, else to the home of the one user of the claimant's tree who has the
// address, else to the organization that has proved its domain.
func Lead(ctx context.Context, r *store.Reader, ask Ask) (Way, error) {
	var w Way
	if !ask.Email.IsZero() {
		d, err := r.Settings().VerifiedDomain(ctx, ask.Email.Domain())
		switch {
		case err == nil:
			w.Claim = &d
		case !errors.Is(err, store.ErrNotFound):
			return Way{}, err
		}
	}
	var err error
	if w.Claim != nil {
		if w.Line, err = r.Settings().Lineage(ctx, w.Claim.Org); err != nil {
			return Way{}, err
		}
		if w.Known, err = known(ctx, r, w.Line, ask); err != nil {
			return Way{}, err
		}
	}
	to := ask.Org
	if to == "" && w.Known != nil {
		to = w.Known.User.Home
	}
	if to != "" && (len(w.Line) == 0 || w.Line[len(w.Line)-1].ID != to) {
		w.Line, err = r.Settings().Lineage(ctx, to)
		if errors.Is(err, store.ErrNotFound) {
			w.Line, err = nil, nil // nobody's: as at one without connections and members
		}
	}
	return w, err
}

// known returns the one user of a tree with the address, or nil. Where the tree
// is one organization there is nothing that they could lead to but that.
func known(ctx context.Context, r *store.Reader, line []sso.Organization, ask Ask) (*store.UserAt, error) {
	if len(line) == 1 && !ask.Whom {
		if more, err := r.Settings().HasSuborganizations(ctx, line[0].ID); err != nil || !more {
			return nil, err
		}
	}
	users, err := r.UsersByEmail(ctx, ask.Email)
	if err != nil {
		return nil, err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool {
		return u.User.State == sso.UserDeleted || u.HomePath[0] != line[0].ID
	})
	if len(users) != 1 {
		return nil, nil
	}
	return &users[0], nil
}

// Outside reports whether nobody of this line has proved the domain of the
// address. A sign-on URL leads to an organization whatever the address is; only
// people of its domains must come through the connection.
func (w *Way) Outside() bool {
	return w.Claim == nil || !slices.ContainsFunc(w.Line, func(o sso.Organization) bool { return o.ID == w.Claim.Org })
}

// Rules returns the policies that hold on the way: of its line, and of the
// domain where somebody of the line has proved it.
func (w *Way) Rules() sso.Rules {
	rules := sso.RulesOf(w.Line)
	for i := range w.Line {
		if w.Claim != nil && w.Line[i].ID == w.Claim.Org {
			rules = append(rules, w.Claim.Demand(&w.Line[i]))
		}
	}
	return rules
}

// Find returns how somebody signs in: through which connections, or by
// password.
func Find(ctx context.Context, r *store.Reader, ask Ask) (sso.Route, Way, error) {
	w, err := Lead(ctx, r, ask)
	if err != nil {
		return sso.Route{}, w, err
	}
	if ask.Wish == sso.ByPassword {
		// Where single sign-on is the only way in, the wish is not granted;
		// to the exempt and to those outside its domains it is.
		entry := sso.Entry{Method: sso.ByPassword, Email: ask.Email, Outside: w.Outside(), At: ask.At}
		if !w.Rules().DemandsSSO(entry) {
			return sso.Route{Method: sso.ByPassword, Rule: sso.RouteWish}, w, nil
		}
	}
	var active []sso.Connection
	if len(w.Line) > 0 && ask.Username == "" {
		ids := make([]sso.OrgID, len(w.Line))
		for i := range w.Line {
			ids[i] = w.Line[i].ID
		}
		if active, err = r.Settings().ActiveConnections(ctx, ids); err != nil {
			return sso.Route{}, w, err
		}
	}
	named, err := w.named(ctx, r)
	if err != nil {
		return sso.Route{}, w, err
	}
	return sso.FindRoute(w.Line, active, w.Claim, named), w, nil
}

// named reads the connection that the domain names, if it names one. It is for
// new people and for those at home where it belongs: anybody else it could not
// sign in.
func (w *Way) named(ctx context.Context, r *store.Reader) (*sso.Named, error) {
	if w.Claim == nil || w.Claim.Connection == "" {
		return nil, nil
	}
	c, err := r.Settings().Connection(ctx, w.Claim.Connection)
	if err != nil {
		return nil, err
	}
	if w.Known != nil && !slices.Contains(w.Known.HomePath, c.Org) {
		return nil, nil
	}
	lineage, err := r.Settings().Lineage(ctx, c.Org)
	if err != nil {
		return nil, err
	}
	return &sso.Named{Connection: c, Lineage: lineage}, nil
}
