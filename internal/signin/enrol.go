package signin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Offered is what the person may add as a second factor, at [sso.StepEnrol].
type Offered struct {
	Name    string // what to call the person
	Kinds   []sso.FactorKind
	App     *factor.App // for an authenticator app
	Passkey []byte      // options for the browser, as JSON
	Sent    *SentCode   // the code that is on its way to a number
	By      AskedBy
}

// Offer returns what the person may add; for a kind, what they need for it. An
// app that was offered before is offered again.
func (s *Service) Offer(ctx context.Context, b Browser, id sso.AttemptID, kind sso.FactorKind, before string) (Offered, error) {
	var out Offered
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		a, err := s.waiting(ctx, r, b, id, sso.StepEnrol)
		if err != nil {
			return err
		}
		act, err := s.act(ctx, r, b, &a)
		if err != nil {
			return err
		}
		if out.By, err = askedBy(ctx, r, &a, nil); err != nil {
			return err
		}
		out.Name, out.Kinds = act.User.Name(), a.Demand.Kinds(s.Factors.Kinds())
		switch kind {
		case sso.FactorTOTP:
			app, err := s.Factors.OfferApp(act, before)
			out.App = &app
			return err
		case sso.FactorPasskey:
			if err := s.mayHaveKey(ctx, r, &a); err != nil {
				return err
			}
			out.Passkey, err = s.Factors.OfferPasskey(ctx, r, act)
			return err
		case sso.FactorSMS:
			out.Sent, err = s.sent(ctx, r, act)
			return err
		default:
			return nil
		}
	})
	return out, err
}

// OfferNumber sends a code to a number that is to be added, at [sso.StepEnrol].
func (s *Service) OfferNumber(ctx context.Context, b Browser, id sso.AttemptID, number string) error {
	return s.message(ctx, b, id, sso.StepEnrol, func(tx *store.Writer, act factor.Act) error {
		return s.Factors.OfferNumber(ctx, tx, act, number)
	})
}

// mayHaveKey is [sso.Standing.OwnKey] of who comes from an identity provider: a
// passkey opens an account by itself.
func (s *Service) mayHaveKey(ctx context.Context, r *store.Reader, a *sso.Attempt) error {
	if a.Method != sso.BySSO {
		return nil
	}
	c, err := r.Connection(ctx, a.Connection)
	if err != nil {
		return err
	}
	org, err := r.Organization(ctx, c.Org)
	if err != nil {
		return err
	}
	standing, err := r.Standing(ctx, a.Proof.User)
	if err != nil {
		return err
	}
	return standing.OwnKey(&org)
}

// Addition is a second factor that the person adds.
type Addition struct {
	Kind     sso.FactorKind
	Offer    string // of an app, as it was offered
	Code     string // of the app, or sent to the number
	Response []byte // of the browser, to a passkey's options
	Remember bool   // the browser needs no second factor for a while
}

// Enrol adds a second factor, at [sso.StepEnrol], which counts as given. It
// returns recovery codes to be shown once, where the person had none.
func (s *Service) Enrol(ctx context.Context, b Browser, id sso.AttemptID, in Addition) (a sso.Attempt, codes []string, err error) {
	if a, codes, err = s.enrol(ctx, b, id, in); err != nil {
		return sso.Attempt{}, nil, s.refused(ctx, b, id, sso.HopEnrol, suspect{}, err)
	}
	return a, codes, nil
}

func (s *Service) enrol(ctx context.Context, b Browser, id sso.AttemptID, in Addition) (a sso.Attempt, codes []string, err error) {
	by := map[sso.FactorKind]sso.Second{sso.FactorTOTP: sso.SecondTOTP, sso.FactorSMS: sso.SecondSMS, sso.FactorPasskey: sso.SecondPasskey}[in.Kind]
	if by == "" {
		return sso.Attempt{}, nil, &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
	}
	act, err := s.guess(ctx, b, id, sso.StepEnrol, by)
	if err != nil {
		return sso.Attempt{}, nil, err
	}
	var code store.SMSCode
	if in.Kind == sso.FactorSMS {
		if code, err = s.Factors.CheckCode(ctx, act, in.Code); err != nil {
			return sso.Attempt{}, nil, err
		}
	}
	a, err = s.change(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) error {
		codes = nil
		if err := at(a, sso.StepEnrol); err != nil {
			return err
		}
		act, err := s.act(ctx, tx.Reader, b, a)
		if err != nil {
			return err
		}
		var added sso.Factor
		method := "otp"
		switch in.Kind {
		case sso.FactorTOTP:
			added, err = s.Factors.AddApp(ctx, tx, act, in.Offer, in.Code, "")
		case sso.FactorSMS:
			method = "sms"
			added, err = s.Factors.AddNumber(ctx, tx, act, code, "")
		case sso.FactorPasskey:
			method = "pop"
			if err := s.mayHaveKey(ctx, tx.Reader, a); err != nil {
				return err
			}
			added, err = s.Factors.AddPasskey(ctx, tx, act, in.Response, "")
		}
		if err != nil {
			return err
		}
		given(a, by, added.ID, method)
		a.Hop(sso.HopEnrol, s.Now())
		a.Proof.Remember = in.Remember
		left, err := tx.RecoveryCodesLeft(ctx, act.User.ID)
		if err != nil {
			return err
		}
		if left == 0 {
			if codes, err = s.Factors.NewRecoveryCodes(ctx, tx, act); err != nil {
				return err
			}
		}
		return s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address))
	})
	if err != nil {
		return sso.Attempt{}, nil, fmt.Errorf("adding a second factor: %w", err)
	}
	return a, codes, nil
}
