package signin

import (
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// expect reads what the response must fit: the connection that the URL names
// and the request that is out. At the address that connections share, the
// request alone says which it is; the message never does. The fault says why
// nobody waits for it.
func (j *judgement) expect(r *store.Reader, in Response) (*fault.Error, error) {
	j.shared = in.ConnectionKey == ""
	unwaited, err := j.find(r, in.RelayState)
	if err != nil {
		return nil, err
	}
	return j.fits(r, in, unwaited)
}

// fits reads the connection and what it trusts.
func (j *judgement) fits(r *store.Reader, in Response, unwaited *fault.Error) (*fault.Error, error) {
	if !j.shared {
		c, err := r.Settings().ConnectionByKey(j.ctx, in.ConnectionKey)
		if err := j.about(r, c, err, in.ConnectionKey); err != nil {
			return nil, err
		}
	}
	if unwaited != nil {
		return unwaited, nil
	}
	if j.shared {
		c, err := r.Settings().Connection(j.ctx, j.waiting.Connection)
		if err := j.about(r, c, err, string(j.waiting.Connection)); err != nil {
			return nil, err
		}
	}
	j.trace.Attempt = j.attempt.ID
	if err := j.meant(r); err != nil || j.which == sso.Live || j.gone != nil {
		return nil, err
	}
	return nil, j.trusting(r)
}

// glance is expect by what this node has stored and seen last, where nothing of that
// speaks against the response; what is decided by it, the transaction confirms.
func (j *judgement) glance(in Response) bool {
	g := *j
	g.shared = in.ConnectionKey == ""
	a, known := j.DB.AttemptAtAGlance(sso.RelayedAttempt(in.RelayState))
	if j.look != glance || !known || g.waits(&a, in.RelayState) != nil {
		return false
	}
	var unwaited *fault.Error
	_, err := j.DB.Glance(func(r *store.Reader) (err error) {
		unwaited, err = g.fits(r, in, nil)
		return err
	})
	if err != nil || unwaited != nil || g.gone != nil {
		return false
	}
	*j = g
	return true
}

// find reads the attempt whose request a RelayState leads back to. Whatever
// becomes of the response, the request is used up where the attempt is saved.
func (j *judgement) find(r *store.Reader, relay string) (*fault.Error, error) {
	var a sso.Attempt
	if id := sso.RelayedAttempt(relay); id != "" {
		var err error
		if a, err = r.Attempt(j.ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return j.waits(&a, relay), nil
}

// waits takes over the request of an attempt that is answered, as one that was.
func (j *judgement) waits(a *sso.Attempt, relay string) *fault.Error {
	w := a.Awaited(relay)
	switch {
	case w != nil && w.Answered:
		return replayed()
	case w == nil, !j.now.Before(a.ExpiresAt):
		j.unsolicited = true
		return unsolicited()
	}
	w.Answered = true
	j.attempt, j.waiting = *a, *w
	return nil
}

// about has the response judged by what a connection trusts, if there is such
// a one.
func (j *judgement) about(r *store.Reader, c sso.Connection, err error, named string) error {
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "a connection", Got: named, Fix: fault.IdPSide}
	}
	if err != nil {
		return err
	}
	j.connection, j.trace.Connection, j.trace.Org = c, c.ID, c.Org
	j.trust, err = j.trusts(j.ctx, r, &j.connection)
	return err
}
