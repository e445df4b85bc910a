package signin

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
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
		err = &fault.Error{Kind: fault.Invalid, Code: "ident_name", Want: "one e-mail address or a username", Fix: fault.PersonSide}
	}
	if err != nil {
		return sso.Attempt{}, err
	}
	identify := func(tx *store.Writer, a *sso.Attempt) error {
		if a.Proof.Session != "" && a.Next() == sso.StepOrg { // nobody who is signed in: somebody else
			a.Proof = sso.Proof{}
		}
		if !a.Proof.At.IsZero() || a.Session != "" {
			return at(a, sso.StepIdentify)
		}
		a.Typed, a.Username = email, username
		a.Connection, a.Choices, a.Method = "", nil, ""
		a.Hop(sso.HopIdentify, s.Now())
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
	ask := askOf(a)
	ask.Wish, ask.At = by, s.Now()
	route, _, err := routing.Find(ctx, r, ask)
	if err != nil {
		return err
	}
	a.Method = route.Method
	if n := len(a.Hops); n > 0 && (!a.Typed.IsZero() || a.Username != "" || a.Org != "") {
		a.Hops[n-1].By = route.Rule
	}
	switch len(route.Connections) {
	case 0:
	case 1:
		a.Connection = route.Connections[0]
	default:
		a.Choices, a.Method = route.Connections, ""
	}
	return nil
}

// askOf returns what an attempt says of its person.
func askOf(a *sso.Attempt) routing.Ask {
	return routing.Ask{Email: a.Typed, Username: a.Username, Org: a.Org}
}

// Choice is one thing that the person may choose.
type Choice struct {
	ID   string
	Name string
}

// Choices returns the connections among which to choose at [sso.StepChoose].
func (s *Service) Choices(ctx context.Context, a sso.Attempt) ([]Choice, error) {
	var choices []Choice
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		choices = nil
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
		a.Hop(sso.HopChoose, s.Now())
		if !offered {
			return &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
		}
		if a.Proof.Session != "" {
			if err := s.goOn(ctx, tx, b, a); err != nil {
				return err
			}
		}
		return s.settle(ctx, tx, b, a)
	})
}
