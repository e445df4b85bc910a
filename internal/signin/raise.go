package signin

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// raise has who is signed in with this browser go on from there, where an app
// demands a second factor that their session lacks and they have one: they are
// asked for that, and for nothing else. Where they have none, they sign in anew,
// and it is known who they are: a factor is added after a fresh proof alone, and
// an identity provider may have more to say by now.
func (s *Service) raise(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) error {
	p, err := s.present(ctx, tx.Reader, b)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !goesOn(&p, a) || a.Org != "" && a.Org != p.Session.Org {
		return nil
	}
	onward := onwardOf(&p, a)
	onward.Session, onward.Proof.Org = p.Session.ID, p.Session.Org
	rules, entry, err := rulesOf(ctx, tx, b, &onward, &p, s.Now())
	if err != nil {
		return err
	}
	if err := s.need(ctx, tx, b, &onward, &p, rules, entry); err != nil {
		return err
	}
	if onward.Proof.Needs == sso.NeedFactor {
		*a = onward
		return nil
	}
	typed(a, &p.User)
	return nil
}

// demanded returns what an attempt needs about a second factor because the app
// demands one, whatever the organization does. A browser that is remembered
// shows none.
func (s *Service) demanded(ctx context.Context, tx *store.Writer, a *sso.Attempt, p *sso.Person, rules sso.Rules, entry sso.Entry) (sso.Need, error) {
	if a.Demand.Met(a.Proof.AMR) {
		return "", nil
	}
	have, err := tx.Factors(ctx, p.User.ID)
	if err != nil {
		return "", err
	}
	kinds := s.Factors.Kinds()
	m := sso.Meeting{AMR: a.Proof.AMR, Have: s.usable(have)}
	switch a.Proof.Second {
	case sso.SecondTOTP, sso.SecondSMS, sso.SecondPasskey, sso.SecondRecovery:
		m.Given = true
	}
	// Who goes on from a session has proved themselves long ago, perhaps.
	m.May = a.Proof.Session == "" && rules.MayAddFor(entry) && slices.ContainsFunc(kinds, a.Demand.Fits)
	if m.May && !slices.ContainsFunc(kinds, func(k sso.FactorKind) bool { return k != sso.FactorPasskey && a.Demand.Fits(k) }) {
		err = s.mayHaveKey(ctx, tx.Reader, a)
		if m.May = err == nil; gone(err) {
			err = nil
		}
	}
	return a.Demand.Need(m), err
}

// usable leaves those factors for which a person can be asked here.
func (s *Service) usable(have []sso.Factor) []sso.Factor {
	if s.Factors.Passkeys() {
		return have
	}
	return slices.DeleteFunc(slices.Clone(have), func(f sso.Factor) bool { return f.Kind == sso.FactorPasskey })
}
