package signin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// AskPasskey returns what the browser is given to find out by a passkey who the
// person is, as JSON; nil where browsers have no passkeys at our address, or
// this one keeps no cookie. It stores nothing.
func (s *Service) AskPasskey(b Browser) ([]byte, error) {
	if !s.Factors.Passkeys() || b.Binding == [32]byte{} {
		return nil, nil
	}
	return s.Factors.AskAnyPasskey(factor.BrowserOwner(b.Binding))
}

// Passkey proves the person by a passkey alone, before anything else is proved.
// Without an id a new attempt is made.
func (s *Service) Passkey(ctx context.Context, b Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	a, err := s.passkey(ctx, b, id, response)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopPasskey, suspect{}, err)
	}
	return a, nil
}

func (s *Service) passkey(ctx context.Context, b Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	if err := s.Limiter.Allow(ctx, backoff.Network(b.Address)); err != nil {
		return sso.Attempt{}, err
	}
	begun := s.newAttempt(b)
	var a sso.Attempt
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		a = begun // the transaction may run twice
		if id != "" {
			var err error
			if a, err = s.load(ctx, tx.Reader, b, id); err != nil {
				return err
			}
			if !a.Proof.At.IsZero() {
				return at(&a, sso.StepIdentify)
			}
		}
		if err := s.provePasskey(ctx, tx, b, &a, response); err != nil {
			return err
		}
		if id != "" {
			return saveAttempt(ctx, tx, &a)
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("signing in by a passkey: %w", err)
	}
	return a, nil
}

func (s *Service) provePasskey(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, response []byte) error {
	act := factor.Act{Owner: factor.BrowserOwner(b.Binding), Address: addressOf(b), UserAgent: b.UserAgent}
	user, by, err := s.Factors.UseAnyPasskey(ctx, tx, act, response)
	if err != nil {
		return err
	}
	if err := user.MaySignIn(); err != nil {
		return err
	}
	a.Method, a.Connection, a.Choices = sso.ByPasskey, "", nil
	a.Hop(sso.HopPasskey, s.Now())
	a.Proof = sso.Proof{AMR: []string{"pop", "user", "mfa"}, At: s.Now(), Second: sso.SecondPasskey, Factor: by.ID}
	if err := s.belong(ctx, tx, b, a, &user); err != nil {
		return err
	}
	return s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address))
}
