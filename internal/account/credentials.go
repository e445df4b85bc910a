package account

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// SetPassword gives the person another password, or a first one, and ends all
// their other sessions. The one in which they ask goes on by the token that is
// returned: whoever else had the old one is out, too. old is asked for where
// there is one. Where the policy demands single sign-on of them, there is no
// password to be set; nor is there by an identity provider that answers for
// less than they administer.
func (s *Service) SetPassword(ctx context.Context, by *sso.By, b Browser, old, chosen string) (secret.Token, error) {
	if err := own(by); err != nil {
		return secret.Token{}, err
	}
	u := &by.User
	if u.PasswordHash != "" {
		if err := s.Limits.Allow(ctx, backoff.Account(u.ID, b.Address)); err != nil {
			return secret.Token{}, err
		}
		ok, err := s.Passwords.Verify(ctx, u.PasswordHash, old)
		if err != nil {
			return secret.Token{}, err
		}
		if !ok {
			return secret.Token{}, &fault.Error{Kind: fault.Unauthenticated, Code: "password_old_wrong", Fix: fault.PersonSide}
		}
	}
	if err := s.judge(u, &by.Org, chosen); err != nil {
		return secret.Token{}, err
	}
	hash, err := s.Passwords.Hash(ctx, chosen)
	if err != nil {
		return secret.Token{}, err
	}
	token := secret.NewToken()
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := mayHaveKey(ctx, tx.Reader, by); err != nil {
			return err
		}
		now, has := *u, u.PasswordHash
		if err := s.mayHavePassword(ctx, tx, &now); err != nil {
			return err
		}
		if now.PasswordHash != has {
			return &fault.Error{Kind: fault.Conflict, Code: "conflict", Fix: fault.PersonSide}
		}
		if err := s.Limits.Forget(ctx, tx, backoff.Account(u.ID, b.Address)); err != nil {
			return err
		}
		if _, err := tx.EndOtherSessions(ctx, u.ID, by.Session.ID, s.Now()); err != nil {
			return err
		}
		err := tx.RotateSession(ctx, by.Session.ID, token.Hash(), s.Now())
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, "user.password_changed", string(u.ID), nil); err != nil {
			return err
		}
		return s.store(ctx, tx, &now, b, hash)
	})
	return token, err
}

// mayHaveKey is [sso.Standing.OwnKey] of a session that came from an identity
// provider.
func mayHaveKey(ctx context.Context, r *store.Reader, by *sso.By) error {
	if by.Session.Connection == "" {
		return nil
	}
	c, err := r.Connection(ctx, by.Session.Connection)
	if err != nil {
		return err
	}
	org, err := r.Organization(ctx, c.Org)
	if err != nil {
		return err
	}
	standing, err := r.Standing(ctx, by.User.ID)
	if err != nil {
		return err
	}
	return standing.OwnKey(&org)
}

// judge refuses a password that is easily guessed by who knows the person.
func (s *Service) judge(u *sso.User, org *sso.Organization, chosen string) error {
	return password.Judge(chosen, u.FirstName, u.LastName, u.Username, u.Email.String(), org.Name, org.Key)
}

// mayHavePassword reads the user anew into u, and refuses whoever may not sign
// in, or not by a password.
func (s *Service) mayHavePassword(ctx context.Context, tx *store.Writer, u *sso.User) error {
	fresh, err := tx.User(ctx, u.ID)
	if err != nil {
		return err
	}
	*u = fresh
	if err := u.MaySignIn(); err != nil {
		return err
	}
	return demandsSSO(ctx, tx.Reader, u, s.Now())
}

// demandsSSO refuses a password to whoever must come through a connection:
// wherever they are a member, one way that is open is enough.
func demandsSSO(ctx context.Context, r *store.Reader, u *sso.User, now time.Time) error {
	memberships, err := r.Memberships(ctx, u.ID)
	if err != nil {
		return err
	}
	refusal := error(&fault.Error{Kind: fault.Denied, Code: "policy_sso_required", Fix: fault.PersonSide})
	if len(memberships) == 0 {
		return nil
	}
	for i := range memberships {
		demands, err := demandsSSOIn(ctx, r, u, &memberships[i], now)
		if err != nil {
			return err
		}
		if !demands {
			return nil
		}
	}
	return refusal
}

// store writes a new password, forgets the browsers that were remembered, and
// tells the person.
func (s *Service) store(ctx context.Context, tx *store.Writer, u *sso.User, b Browser, hash string) error {
	now := s.Now()
	u.PasswordHash, u.UpdatedAt = hash, now
	if u.CredentialsAt.IsZero() {
		u.CredentialsAt = now
	}
	if err := tx.Org(u.Home).SaveUser(ctx, *u); err != nil {
		return err
	}
	if err := tx.DeleteDevices(ctx, u.ID); err != nil {
		return err
	}
	return s.tell(ctx, tx, u, b, notify.PasswordChanged)
}

// act is what the person does with their factors, in their session.
func act(by *sso.By, b Browser) factor.Act {
	return factor.Act{User: by.User, Owner: string(by.Session.ID), Address: b.address(), UserAgent: b.UserAgent}
}

// OfferApp offers an authenticator app. before is what was offered before, ""
// for a new one: a form that comes back shows the same.
func (s *Service) OfferApp(_ context.Context, by *sso.By, b Browser, before string) (factor.App, error) {
	if err := own(by); err != nil {
		return factor.App{}, err
	}
	return s.Factors.OfferApp(act(by, b), before)
}

// AddApp adds the authenticator app that was offered, with a code of it as the
// proof.
func (s *Service) AddApp(ctx context.Context, by *sso.By, b Browser, offer, code, name string) error {
	return s.guess(ctx, by, b, func(tx *store.Writer) error {
		_, err := s.Factors.AddApp(ctx, tx, act(by, b), offer, code, name)
		return err
	})
}

// OfferNumber sends a code to a telephone number that is to be added.
func (s *Service) OfferNumber(ctx context.Context, by *sso.By, b Browser, number string) error {
	if err := own(by); err != nil {
		return err
	}
	if err := s.Limits.Allow(ctx, backoff.Messages(by.User.ID)); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error { return s.Factors.OfferNumber(ctx, tx, act(by, b), number) })
}

// AddNumber adds the telephone number to which a code was sent.
func (s *Service) AddNumber(ctx context.Context, by *sso.By, b Browser, code, name string) error {
	if err := own(by); err != nil {
		return err
	}
	sent, err := s.Factors.CheckCode(ctx, act(by, b), code)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		_, err := s.Factors.AddNumber(ctx, tx, act(by, b), sent, name)
		return err
	})
}

// OfferPasskey returns what a browser needs to make a passkey, as JSON.
func (s *Service) OfferPasskey(ctx context.Context, by *sso.By, b Browser) (offer []byte, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		if err := mayHaveKey(ctx, r, by); err != nil {
			return err
		}
		offer, err = s.Factors.OfferPasskey(ctx, r, act(by, b))
		return err
	})
	return offer, err
}

// AddPasskey adds the passkey that a browser has made.
func (s *Service) AddPasskey(ctx context.Context, by *sso.By, b Browser, response []byte, name string) error {
	if err := own(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := mayHaveKey(ctx, tx.Reader, by); err != nil {
			return err
		}
		_, err := s.Factors.AddPasskey(ctx, tx, act(by, b), response, name)
		return err
	})
}

// RemoveFactor takes a factor away, unless it is the last one and one is
// demanded.
func (s *Service) RemoveFactor(ctx context.Context, by *sso.By, b Browser, id sso.FactorID) error {
	if err := own(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		return s.Factors.Remove(ctx, tx, act(by, b), id)
	})
}

// RenameFactor gives a factor another name.
func (s *Service) RenameFactor(ctx context.Context, by *sso.By, b Browser, id sso.FactorID, name string) error {
	if err := own(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error { return s.Factors.Rename(ctx, tx, act(by, b), id, name) })
}

// NewRecoveryCodes makes a new set of recovery codes, which is shown once; the
// old ones work no more.
func (s *Service) NewRecoveryCodes(ctx context.Context, by *sso.By, b Browser) (codes []string, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		codes, err = s.Factors.NewRecoveryCodes(ctx, tx, act(by, b))
		return err
	})
	return codes, err
}

// guess runs what takes a code that could be guessed.
func (s *Service) guess(ctx context.Context, by *sso.By, b Browser, do func(tx *store.Writer) error) error {
	if err := own(by); err != nil {
		return err
	}
	key := backoff.Account(by.User.ID, b.Address)
	if err := s.Limits.Allow(ctx, key); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := do(tx); err != nil {
			return err
		}
		// A right code is no reason to forget what was guessed at the password.
		return s.Limits.GiveBack(ctx, tx, key)
	})
}
