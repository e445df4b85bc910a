package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// need decides what a proven attempt needs about a second factor, and writes it
// down in the attempt. A remembered browser counts as one.
func (s *Service) need(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, p *sso.Person, rules sso.Rules, entry sso.Entry) error {
	if a.Proof.Second == sso.SecondDevice {
		a.Proof.Second = "" // to be seen again: it may be forgotten by now
	}
	if a.Proof.First != nil {
		if asked, err := s.needToConnect(ctx, tx, a); err != nil || asked {
			return err
		}
	}
	if a.Method == sso.BySSO && slices.Contains(a.Proof.AMR, "mfa") && a.Proof.Second == "" {
		a.Proof.Second = sso.SecondIdP
	}
	needs, err := s.demanded(ctx, tx, a, p, rules, entry)
	if err != nil || needs != "" {
		a.Proof.Needs = needs
		return err
	}
	asking := sso.Asking{Entry: entry, Role: p.Membership.Role, Given: a.Proof.Second != "", Has: true}
	a.Proof.Needs = rules.Need(asking)
	if a.Proof.Needs == "" {
		return nil
	}
	have, err := tx.Factors(ctx, p.User.ID)
	if err != nil {
		return err
	}
	asking.Has = len(have) > 0
	if a.Proof.Needs = rules.Need(asking); a.Proof.Needs != sso.NeedFactor || b.Device.IsZero() {
		return nil
	}
	device, err := tx.Device(ctx, b.Device.Hash())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	if device.User == p.User.ID && s.Now().Before(device.ExpiresAt) {
		a.Proof.Second, a.Proof.Needs = sso.SecondDevice, ""
	}
	return nil
}

// needToConnect asks who connects an account for a second factor of that
// account, where it has any: what the identity provider asked for says nothing
// about whose the account is, and no policy makes one proof out of two.
func (s *Service) needToConnect(ctx context.Context, tx *store.Writer, a *sso.Attempt) (bool, error) {
	switch a.Proof.Second {
	case sso.SecondTOTP, sso.SecondSMS, sso.SecondPasskey, sso.SecondRecovery:
		return false, nil
	}
	have, err := tx.Factors(ctx, a.Proof.User)
	if err != nil || len(have) == 0 {
		return false, err
	}
	a.Proof.Needs = sso.NeedFactor
	return true, nil
}

// settle is need as soon as the organization is known, so that the person is
// not led to the end only to be sent back. What it cannot judge is judged there.
func (s *Service) settle(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) error {
	if a.Proof.Org == "" {
		return nil
	}
	p, err := tx.Member(ctx, a.Proof.User, a.Proof.Org)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rules, entry, err := rulesOf(ctx, tx, b, a, &p, s.Now())
	if err != nil {
		return err
	}
	return s.need(ctx, tx, b, a, &p, rules, entry)
}

// current refuses a proof that is worth nothing any more: the password was
// changed since, or the factor is gone.
func current(ctx context.Context, tx *store.Writer, a *sso.Attempt, u *sso.User) error {
	stale := &fault.Error{Kind: fault.Denied, Code: "proof_stale", Want: "a password and factors that are still there", Fix: fault.PersonSide}
	if a.Proof.Password != "" && a.Proof.Password != fingerprint(u.PasswordHash) {
		return stale
	}
	if a.Proof.Factor == "" {
		return nil
	}
	have, err := tx.Factors(ctx, u.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(have, func(f sso.Factor) bool { return f.ID == a.Proof.Factor }) {
		return stale
	}
	return nil
}

// Asked is what the person may answer with at [sso.StepFactor].
type Asked struct {
	Name     string // what to call the person
	Factors  []sso.Factor
	Recovery bool      // they have recovery codes
	Passkey  []byte    // options for the browser, as JSON; nil: they have no passkey that it could use
	Sent     *SentCode // the code that is on its way to them
	By       AskedBy
}

// SentCode is a code that is on its way.
type SentCode struct {
	Factor sso.FactorID // whose number it goes to; "": one that is to be added
	Hint   string       // the last digits of the number
}

// act returns who does something in an attempt. Its user is read anew.
func (s *Service) act(ctx context.Context, r *store.Reader, b Browser, a *sso.Attempt) (factor.Act, error) {
	u, err := r.User(ctx, a.Proof.User)
	return factor.Act{User: u, Owner: string(a.ID), Address: addressOf(b), UserAgent: b.UserAgent}, err
}

// within returns who is in an attempt that waits for this step.
func (s *Service) within(ctx context.Context, r *store.Reader, b Browser, id sso.AttemptID, step sso.Step) (factor.Act, error) {
	a, err := s.waiting(ctx, r, b, id, step)
	if err != nil {
		return factor.Act{}, err
	}
	return s.act(ctx, r, b, &a)
}

// waiting returns the browser's attempt if it waits for this step.
func (s *Service) waiting(ctx context.Context, r *store.Reader, b Browser, id sso.AttemptID, step sso.Step) (sso.Attempt, error) {
	a, err := s.load(ctx, r, b, id)
	if err == nil {
		err = at(&a, step)
	}
	return a, err
}

// Asked returns what the person may answer with, at [sso.StepFactor].
func (s *Service) Asked(ctx context.Context, b Browser, id sso.AttemptID) (Asked, error) {
	var out Asked
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		out = Asked{}
		a, err := s.waiting(ctx, r, b, id, sso.StepFactor)
		if err != nil {
			return err
		}
		act, err := s.act(ctx, r, b, &a)
		if err != nil {
			return err
		}
		out.Name = act.User.Name()
		have, err := r.Factors(ctx, act.User.ID)
		if err != nil {
			return err
		}
		left, err := r.RecoveryCodesLeft(ctx, act.User.ID)
		if err != nil {
			return err
		}
		if out.By, err = askedBy(ctx, r, &a, have); err != nil {
			return err
		}
		out.Factors, out.Recovery = a.Demand.Among(s.usable(have))
		out.Recovery = out.Recovery && left > 0
		if s.Factors.Passkeys() && slices.ContainsFunc(out.Factors, func(f sso.Factor) bool { return f.Kind == sso.FactorPasskey }) {
			if out.Passkey, err = s.Factors.AskPasskey(act, out.Factors); err != nil {
				return err
			}
		}
		out.Sent, err = s.sent(ctx, r, act)
		return err
	})
	return out, err
}

// sent returns the code that is on its way to the person, or nil.
func (s *Service) sent(ctx context.Context, r *store.Reader, act factor.Act) (*SentCode, error) {
	c, err := s.Factors.Pending(ctx, r, act)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &SentCode{Factor: c.Factor, Hint: (&sso.Factor{Kind: sso.FactorSMS, Phone: c.Phone}).Hint()}, nil
}

// SendCode sends a code to one of the person's numbers, at [sso.StepFactor].
func (s *Service) SendCode(ctx context.Context, b Browser, id sso.AttemptID, number sso.FactorID) error {
	return s.message(ctx, b, id, sso.StepFactor, func(tx *store.Writer, act factor.Act) error {
		return s.Factors.SendCode(ctx, tx, act, number)
	})
}

// message sends something to the person, if there may be one more message.
func (s *Service) message(ctx context.Context, b Browser, id sso.AttemptID, step sso.Step, send func(tx *store.Writer, act factor.Act) error) error {
	a, err := s.Attempt(ctx, b, id)
	if err != nil {
		return err
	}
	if err := at(&a, step); err != nil {
		return err
	}
	if err := s.Limiter.Allow(ctx, backoff.Network(b.Address), backoff.Messages(a.Proof.User)); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		act, err := s.within(ctx, tx.Reader, b, id, step)
		if err != nil {
			return err
		}
		if err := s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address)); err != nil {
			return err
		}
		return send(tx, act)
	})
}

// Answer is what the person answers with.
type Answer struct {
	By       sso.Second // SecondTOTP, SecondSMS, SecondPasskey or SecondRecovery
	Code     string
	Response []byte // of the browser, to a passkey's options
	Remember bool   // the browser needs no second factor for a while
}

// Factor proves the person by a second factor, at [sso.StepFactor].
func (s *Service) Factor(ctx context.Context, b Browser, id sso.AttemptID, in Answer) (sso.Attempt, error) {
	a, err := s.second(ctx, b, id, in)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopFactor, suspect{}, err)
	}
	return a, nil
}

func (s *Service) second(ctx context.Context, b Browser, id sso.AttemptID, in Answer) (sso.Attempt, error) {
	act, err := s.guess(ctx, b, id, sso.StepFactor, in.By)
	if err != nil {
		return sso.Attempt{}, err
	}
	var code store.SMSCode
	if in.By == sso.SecondSMS {
		if code, err = s.Factors.CheckCode(ctx, act, in.Code); err != nil {
			return sso.Attempt{}, err
		}
	}
	a, err := s.change(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) error {
		if err := at(a, sso.StepFactor); err != nil {
			return err
		}
		act, err := s.act(ctx, tx.Reader, b, a)
		if err != nil {
			return err
		}
		var used sso.Factor
		method := "otp"
		switch in.By {
		case sso.SecondTOTP:
			used, err = s.Factors.UseApp(ctx, tx, act.User.ID, in.Code)
		case sso.SecondSMS:
			method = "sms"
			used, err = s.Factors.UseNumber(ctx, tx, act, code)
		case sso.SecondPasskey:
			method = "pop"
			used, err = s.Factors.UsePasskey(ctx, tx, act, in.Response)
		case sso.SecondRecovery:
			_, err = s.Factors.UseRecoveryCode(ctx, tx, act, in.Code)
		default:
			err = &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		given(a, in.By, used.ID, method)
		a.Hop(sso.HopFactor, s.Now())
		// A recovery code stands in for something that may be lost: the browser
		// is not remembered by it.
		a.Proof.Remember = in.Remember && in.By != sso.SecondRecovery
		return s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address))
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("asking for a second factor: %w", err)
	}
	return a, nil
}

// given writes a second factor into the proof.
func given(a *sso.Attempt, by sso.Second, id sso.FactorID, method string) {
	a.Proof.Needs, a.Proof.Second, a.Proof.Factor = "", by, id
	for _, m := range []string{method, "mfa"} {
		if !slices.Contains(a.Proof.AMR, m) {
			a.Proof.AMR = append(a.Proof.AMR, m)
		}
	}
}

// guess reads who is at a step where a code or the like is given, and counts
// the guess at everything that it is one at. A passkey cannot be
// guessed; it costs work.
func (s *Service) guess(ctx context.Context, b Browser, id sso.AttemptID, step sso.Step, by sso.Second) (factor.Act, error) {
	var act factor.Act
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		act, err = s.within(ctx, r, b, id, step)
		return err
	})
	if err != nil {
		return act, err
	}
	keys := []backoff.Key{backoff.Network(b.Address)}
	if by != sso.SecondPasskey {
		keys = append(keys, backoff.Account(act.User.ID, b.Address), backoff.SecondFactor(act.User.ID))
	}
	return act, s.Limiter.Allow(ctx, keys...)
}
