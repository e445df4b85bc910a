package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// TestStart says what is tried, and who does it.
type TestStart struct {
	Org        sso.OrgID
	Connection sso.ConnectionID
	Which      sso.Which    // settings of it
	By         string       // a user's or a setup link's ID; "": whoever has Link
	Link       secret.Token // a test link, which says the rest; zero: none
}

// BeginTest begins a sign-in that leads nowhere, at [sso.StepSSO]. A connection
// may be tried before it is active.
func (s *Service) BeginTest(ctx context.Context, b Browser, start TestStart) (sso.Attempt, error) {
	a := s.newAttempt(b)
	a.Method, a.Fresh = sso.BySSO, true
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		t := sso.Test{ID: sso.NewTestID(a.CreatedAt), Org: start.Org, Connection: start.Connection, By: start.By, State: sso.TestWaiting, CreatedAt: a.CreatedAt, Shadow: start.Which == sso.Prepared}
		if !start.Link.IsZero() {
			l, err := tx.TestLink(ctx, start.Link.Hash())
			if errors.Is(err, store.ErrNotFound) {
				return sso.NoTestLink()
			}
			if err != nil {
				return err
			}
			if err := l.Usable(a.CreatedAt); err != nil {
				return err
			}
			t.Org, t.Connection, t.Link, t.By, t.Shadow = l.Org, l.Connection, l.ID, "", l.Shadow
		}
		if _, err := tx.Org(t.Org).Connection(ctx, t.Connection); err != nil {
			return err
		}
		c, err := tried(ctx, tx.Reader, t.Connection, t.Which())
		if err != nil {
			return err
		}
		t.Fingerprint = c.Fingerprint()
		a.Connection, a.Test = c.ID, t.ID
		free, err := s.Limiter.Take(ctx, tx, backoff.Tests(c.ID, b.Address))
		if err != nil {
			return err
		}
		if !free {
			return &fault.Error{Kind: fault.Exhausted, Code: "try_later", Want: "fewer tests from one network", Got: "one more", Fix: fault.PersonSide}
		}
		if err := tx.Org(t.Org).InsertTest(ctx, t); err != nil {
			return err
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("beginning a test: %w", err)
	}
	return a, nil
}

// TestOf returns the test for which the browser began an attempt.
func (s *Service) TestOf(ctx context.Context, b Browser, id sso.AttemptID) (sso.Test, error) {
	var t sso.Test
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		a, err := r.Attempt(ctx, id)
		if err != nil {
			return err
		}
		if err := a.OwnedBy(b.Binding); err != nil {
			return err
		}
		if a.Test == "" {
			return store.ErrNotFound
		}
		t, err = r.Test(ctx, a.Test)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Test{}, &fault.Error{Kind: fault.NotFound, Code: "attempt_unknown", Fix: fault.PersonSide}
	}
	return t, err
}

// triedBy reads the connection that an attempt tries, with the settings of it
// that are tried.
func triedBy(ctx context.Context, r *store.Reader, a *sso.Attempt) (sso.Connection, sso.Which, error) {
	t, err := r.Test(ctx, a.Test)
	if err != nil {
		return sso.Connection{}, "", err
	}
	c, err := tried(ctx, r, a.Connection, t.Which())
	return c, t.Which(), err
}

// tried reads a connection that is to be tried, active or not, with these
// settings of it.
func tried(ctx context.Context, r *store.Reader, id sso.ConnectionID, which sso.Which) (sso.Connection, error) {
	return judged(ctx, r, id, func(c *sso.Connection, org *sso.Organization, above []sso.Organization) error {
		if err := sso.Permitted(org, above); err != nil {
			return err
		}
		if which != sso.Live {
			s, err := r.Shadow(ctx, id, which)
			if errors.Is(err, store.ErrNotFound) {
				return sso.NoShadow(which)
			}
			if err != nil {
				return err
			}
			*c = c.Beside(&s)
		}
		return c.Complete()
	})
}

// tryOut judges the answer to a test in the transaction, and writes down what a
// sign-in would have come to. Nobody is
// made, linked, changed or signed in; a draft that passes is one that was tested.
func (j *judgement) tryOut() error {
	before, err := j.reread()
	if err != nil {
		return err
	}
	if err := j.addressed(); err != nil {
		return err
	}
	if err := j.again(before); err != nil {
		return err
	}
	t, err := j.tx.Test(j.ctx, j.attempt.Test)
	if err != nil {
		return err
	}
	if err := j.usable(); err != nil {
		return err
	}
	a := j.attempt
	verdict := j.examine(&t, &a)
	failure, isFault := errors.AsType[*fault.Error](verdict)
	if verdict != nil && !isFault {
		return verdict
	}
	code := ""
	if failure != nil {
		code = failure.Code
	}
	j.came(&a, code)
	t.State, t.AnsweredAt = sso.TestPassed, j.now
	if j.gone == nil {
		t.Fingerprint = j.connection.Fingerprint()
	}
	if failure != nil {
		t.State = sso.TestFailed
		t.Result.Code, t.Result.Want, t.Result.Got, t.Result.Fix = failure.Code, failure.Want, failure.Got, failure.Fix.String()
		j.trace.Code, j.trace.Want, j.trace.Got, j.trace.Fix = failure.Code, failure.Want, failure.Got, failure.Fix.String()
		if err := j.unknownKey(failure); err != nil {
			return err
		}
	}
	j.trace.Method, j.trace.Checks, a.Hops = sso.ByTest, t.Result.Checks, j.trace.Hops
	keep := KeepAll
	if failure != nil {
		keep = KeepRefused
	}
	if err := j.keepMessage(keep); err != nil {
		return err
	}
	if err := recordSuccess(j.ctx, j.tx, &j.trace); err != nil {
		return err
	}
	t.Reference = j.trace.Reference
	if err := j.tx.Org(t.Org).AnswerTest(j.ctx, t); err != nil {
		return err
	}
	if t.Passed() && j.which == sso.Live {
		if err := j.tx.Org(t.Org).NoteTested(j.ctx, j.connection); err != nil {
			return err
		}
	}
	a.DoneAt = j.now
	return j.save(&a)
}

// examine fills in what the answer was worth, and returns why a sign-in by it
// would have been refused. Of what is refused for what it says, that is looked
// at all the same: whoever sets up mends everything at once.
func (j *judgement) examine(t *sso.Test, a *sso.Attempt) error {
	t.Result.Checks = j.trace.Checks
	x := examination{judgement: j, test: t}
	switch {
	case j.gone != nil:
		return j.gone
	case j.undecodable != nil:
		return j.undecodable
	case j.refused != nil:
		var heard bool
		if x.said, heard = saml.Listen(j.message, j.expected); heard {
			if err := x.look(a); err != nil {
				return err
			}
		}
		return j.refused
	}
	if err := j.once(); err != nil {
		return err
	}
	x.said = j.assertion.Said()
	return x.run(a)
}
