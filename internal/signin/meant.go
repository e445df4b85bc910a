package signin

import (
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// settings names those by which a response was judged.
type settings struct {
	which   sso.Which
	version int64
}

// meant has the response judged by the settings by which its request left, and
// by no others: those that are prepared, for a test of them; else those that
// were live then. Where these are not there any more, nothing judges it, and
// the person begins again.
func (j *judgement) meant(r *store.Reader) error {
	j.which, j.gone = j.waiting.Which, nil
	if j.waiting.Connection == j.connection.ID && j.which == sso.Live && j.waiting.Turn != j.connection.Turn {
		j.which = sso.Former
	}
	if j.which == sso.Live {
		return nil
	}
	s, err := r.Shadow(j.ctx, j.connection.ID, j.which)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && j.which == sso.Former && s.Turn != j.waiting.Turn:
		j.gone = &fault.Error{Kind: fault.Conflict, Code: "connection_swapped", Want: "the settings by which the sign-in began", Got: "others", Fix: fault.PersonSide}
		return nil
	case err != nil:
		return err
	}
	j.connection = j.connection.Beside(&s)
	return nil
}

// trusting reads what the settings trust.
func (j *judgement) trusting(r *store.Reader) error {
	var err error
	if j.which == sso.Live {
		j.trust, err = j.trusts(j.ctx, r, &j.connection)
	} else { // few ask
		j.trust, err = j.readTrust(j.ctx, r, &j.connection)
	}
	return err
}

// judgedBy returns by which settings the message is judged.
func (j *judgement) judgedBy() settings { return settings{j.which, j.connection.Version} }
