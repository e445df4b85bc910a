package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Newcomer is who comes for the first time through a connection that asks.
type Newcomer struct {
	Name       string // as the identity provider calls them; may be empty
	Email      sso.Email
	Connection string // what it is called
}

// Newcomer returns who is to be asked at [sso.StepFirst]. It tells nothing
// about who has an account here.
func (s *Service) Newcomer(ctx context.Context, b Browser, id sso.AttemptID) (Newcomer, error) {
	var n Newcomer
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		a, err := s.load(ctx, r, b, id)
		if err != nil {
			return err
		}
		if err := at(&a, sso.StepFirst); err != nil {
			return err
		}
		c, err := r.Connection(ctx, a.Connection)
		said := &a.Proof.First.Asserted
		n = Newcomer{Name: strings.TrimSpace(said.FirstName + " " + said.LastName), Email: said.Email, Connection: c.Name}
		return err
	})
	return n, err
}

// Connect proves, at [sso.StepFirst], by a password that an account is the
// newcomer's. name is its address or username, which need not be what the
// identity provider says. Somebody unknown, somebody without a password,
// somebody at home elsewhere and a wrong password get the same answer, after
// the same work; guesses are counted together with those at the sign-in. The
// account is linked when the sign-in is finished, after a second factor where
// it has one.
func (s *Service) Connect(ctx context.Context, b Browser, id sso.AttemptID, name, password string) (sso.Attempt, error) {
	a, err := s.connectByPassword(ctx, b, id, name, password)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopFirst, suspect{}, err)
	}
	return a, nil
}

func (s *Service) connectByPassword(ctx context.Context, b Browser, id sso.AttemptID, name, password string) (sso.Attempt, error) {
	name = strings.TrimSpace(name)
	var email sso.Email
	var username string
	var err error
	if strings.Contains(name, "@") {
		email, err = sso.ParseEmail(name)
	} else if username, err = sso.ParseUsername(name); err != nil {
		err = &fault.Error{Kind: fault.Invalid, Code: "ident_name", Want: "one e-mail address or a username", Fix: fault.PersonSide}
	}
	if err != nil {
		return sso.Attempt{}, err
	}
	var users []sso.User
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		a, err := s.load(ctx, r, b, id)
		if err != nil {
			return err
		}
		if err := at(&a, sso.StepFirst); err != nil {
			return err
		}
		users, err = connectable(ctx, r, &a, email, username)
		return err
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	right, err := s.guessPassword(ctx, b, nameOf(email, username), users, password)
	if err != nil {
		return sso.Attempt{}, err
	}
	return s.connect(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) (sso.UserID, error) {
		a.Proof.Password = fingerprint(right.hash)
		a.Proof.AMR = append(a.Proof.AMR, "pwd")
		return right.user.ID, right.settle(ctx, s, tx)
	})
}

// connectable returns the users with a password whom this name may mean and
// whom the connection may sign in.
func connectable(ctx context.Context, r *store.Reader, a *sso.Attempt, email sso.Email, username string) ([]sso.User, error) {
	c, err := r.Connection(ctx, a.Connection)
	if err != nil {
		return nil, err
	}
	var found []store.UserAt
	if username != "" {
		found, err = r.UsersByUsername(ctx, username)
	} else {
		found, err = r.UsersByEmail(ctx, email)
	}
	var all []sso.User
	for _, u := range found {
		if u.User.PasswordHash != "" && u.User.State != sso.UserDeleted && slices.Contains(u.HomePath, c.Org) && len(all) < maxNamesakes {
			all = append(all, u.User)
		}
	}
	return all, err
}

// ConnectPasskey is [Service.Connect] by a passkey, which says itself whose it
// is.
func (s *Service) ConnectPasskey(ctx context.Context, b Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	a, err := s.connectByPasskey(ctx, b, id, response)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopFirst, suspect{}, err)
	}
	return a, nil
}

func (s *Service) connectByPasskey(ctx context.Context, b Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	if err := s.Limiter.Allow(ctx, backoff.Network(b.Address)); err != nil {
		return sso.Attempt{}, err
	}
	return s.connect(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) (sso.UserID, error) {
		act := factor.Act{Owner: factor.BrowserOwner(b.Binding), Address: addressOf(b), UserAgent: b.UserAgent}
		user, by, err := s.Factors.UseAnyPasskey(ctx, tx, act, response)
		if err != nil {
			return "", err
		}
		a.Proof.AMR = append(a.Proof.AMR, "pop", "user")
		given(a, sso.SecondPasskey, by.ID, "pop")
		return user.ID, s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address))
	})
}

// connect takes a proof that an account is the newcomer's. Whether it may be
// is decided now, so that nobody is led to the end for nothing, and once more
// at the end.
func (s *Service) connect(ctx context.Context, b Browser, id sso.AttemptID, prove func(tx *store.Writer, a *sso.Attempt) (sso.UserID, error)) (sso.Attempt, error) {
	return s.answer(ctx, b, id, func(m *meeting) error {
		a := m.attempt
		a.Proof.AMR, a.Proof.At = slices.Clone(a.Proof.First.AMR), a.Proof.First.At
		a.Proof.SAML, a.Proof.NotAfter = a.Proof.First.SAML, a.Proof.First.NotAfter
		user, err := prove(m.tx, a)
		if err != nil {
			return hiddenError{err} // nothing happened that a trace should tell of
		}
		if err := m.own(user); err != nil {
			return err
		}
		a.Proof.User, a.Proof.Org = user, m.org
		if m.org == "" {
			a.Proof.Orgs = m.orgs
		}
		return s.settle(ctx, m.tx, b, a)
	})
}

// own decides about the user whom a newcomer has shown to be.
func (m *meeting) own(user sso.UserID) error {
	who, err := routing.Resident(m.ctx, m.tx.Reader, &m.in, user)
	if err != nil {
		return err
	}
	return m.decided(m.in.Connect(&who, m.now))
}

// Register makes a new user of the newcomer, at [sso.StepFirst].
func (s *Service) Register(ctx context.Context, b Browser, id sso.AttemptID) (sso.Attempt, error) {
	return s.answer(ctx, b, id, func(m *meeting) error {
		if err := m.decided(m.in.Register(m.now)); err != nil {
			return err
		}
		if err := m.store(); err != nil {
			return err
		}
		a, first := m.attempt, m.attempt.Proof.First
		a.Proof = sso.Proof{User: m.decision.User.ID, Org: m.org, AMR: first.AMR, At: first.At, SAML: first.SAML, NotAfter: first.NotAfter}
		if m.org == "" {
			a.Proof.Orgs = m.orgs
		}
		return s.settle(ctx, m.tx, b, a)
	})
}

// hiddenError is an error that undoes everything and leaves no trace.
type hiddenError struct{ error }

// Unwrap returns the error.
func (e hiddenError) Unwrap() error { return e.error }

// answer takes the newcomer's answer. A refusal by the rules keeps its trace,
// and what an administrator has to decide.
func (s *Service) answer(ctx context.Context, b Browser, id sso.AttemptID, do func(m *meeting) error) (sso.Attempt, error) {
	var a sso.Attempt
	var failure *fault.Error
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		failure = nil
		if a, err = s.load(ctx, tx.Reader, b, id); err != nil {
			return err
		}
		if err := at(&a, sso.StepFirst); err != nil {
			return err
		}
		m, err := s.newcomer(ctx, tx, b, &a)
		if err != nil {
			return err
		}
		err = do(m)
		if err == nil {
			a.Hop(sso.HopFirst, s.Now())
			return saveAttempt(ctx, tx, &a)
		}
		f, ok := errors.AsType[*fault.Error](err)
		if _, hidden := errors.AsType[hiddenError](err); hidden || !ok {
			return err
		}
		failure, err = s.refuse(m, b, f)
		return err
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("asking a newcomer: %w", err)
	}
	if failure != nil {
		return sso.Attempt{}, failure
	}
	return a, nil
}

// newcomer meets anew what is stored by now. What the connection may do is asked
// as if the answer of the identity provider had come this moment.
func (s *Service) newcomer(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) (*meeting, error) {
	c, err := connection(ctx, tx.Reader, a.Connection)
	if err != nil {
		return nil, err
	}
	if err := a.Proof.First.Asks(&c); err != nil {
		return nil, err
	}
	org, err := tx.Organization(ctx, c.Org)
	if err != nil {
		return nil, err
	}
	m := &meeting{ctx: ctx, tx: tx, outbox: s.Factors.Outbox, now: s.Now(), connection: c, attempt: a, address: addressOf(b), userAgent: b.UserAgent}
	err = m.meet(org, a.Proof.First.Asserted)
	return m, err
}

// refuse keeps the trace of a refused answer.
func (s *Service) refuse(m *meeting, b Browser, f *fault.Error) (*fault.Error, error) {
	trace := &sso.Trace{
		Attempt: m.attempt.ID, Org: m.connection.Org, Connection: m.connection.ID, Method: sso.BySSO, At: m.now,
		Checks: m.checks, Address: addressOf(b), UserAgent: b.UserAgent, Who: sso.WhoKey(m.in.Asserted.Email.String()),
	}
	m.tell(trace)
	s.tell(trace, m.attempt, sso.Hop{Step: sso.HopFirst, At: m.now, Code: f.Code})
	if !s.strays.allow(strayKey(b), m.now) {
		return f, nil // the same answer again and again
	}
	failure, err := recordFailure(m.ctx, m.tx, trace, f)
	if err == nil {
		err = m.clash(failure.Ref)
	}
	return failure, err
}

// link ties a newcomer to the account that they have shown to be theirs, at
// [sso.StepFinish].
func (s *Service) link(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) (*fault.Error, error) {
	m, err := s.newcomer(ctx, tx, b, a)
	if err != nil {
		return nil, err
	}
	if err := m.own(a.Proof.User); err != nil {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return nil, err
		}
		return s.refuse(m, b, f)
	}
	a.Proof.First = nil
	if err := s.Limiter.Forget(ctx, tx, backoff.Account(a.Proof.User, b.Address), backoff.SecondFactor(a.Proof.User)); err != nil {
		return nil, err
	}
	return nil, m.store()
}
