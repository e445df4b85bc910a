package factor

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Passkeys reports whether browsers have passkeys at our address at all.
func (s *Service) Passkeys() bool { return s.Party.Usable() }

// OfferPasskey returns what the person's browser is given to make a passkey, as
// JSON.
func (s *Service) OfferPasskey(ctx context.Context, r *store.Reader, act Act) ([]byte, error) {
	have, err := r.Factors(ctx, act.User.ID)
	if err != nil {
		return nil, err
	}
	name := act.User.Email.String()
	if name == "" {
		name = act.User.Username
	}
	u := passkey.User{Handle: []byte(act.User.ID), Name: name, DisplayName: act.User.Name()}
	return s.Party.CreationOptions(s.offer(forCreation, act.Owner+string(act.User.ID), nil), u, credentials(have))
}

// AddPasskey adds the passkey that the person's browser has made.
func (s *Service) AddPasskey(ctx context.Context, tx *store.Writer, act Act, response []byte, name string) (sso.Factor, error) {
	made, err := passkey.ParseCreation(response)
	if err != nil {
		return sso.Factor{}, err
	}
	challenge := made.Challenge()
	if _, err := s.take(ctx, tx, forCreation, act.Owner+string(act.User.ID), challenge); err != nil {
		return sso.Factor{}, err
	}
	c, err := s.Party.Created(made, challenge)
	if err != nil {
		return sso.Factor{}, err
	}
	if name, err = cleanName(name); err != nil {
		return sso.Factor{}, err
	}
	now := s.Now()
	return s.add(ctx, tx, act, sso.Factor{
		ID: sso.NewFactorID(now), User: act.User.ID, Kind: sso.FactorPasskey, Name: name, CreatedAt: now,
		Passkey: &sso.Passkey{
			Credential: c.ID, PublicKey: c.PublicKey, AAGUID: c.AAGUID, Transports: c.Transports, Counter: c.Counter,
			Verifies: c.Verified, BackupEligible: c.BackupEligible, BackedUp: c.BackedUp,
		},
	})
}

// AskPasskey returns what a browser is given to use one of these passkeys as a
// second factor, as JSON.
func (s *Service) AskPasskey(act Act, have []sso.Factor) ([]byte, error) {
	return s.Party.RequestOptions(s.offer(forSecond, act.Owner+string(act.User.ID), nil), credentials(have), passkey.VerificationDiscouraged)
}

// UsePasskey proves the person by one of their passkeys, as a second factor.
func (s *Service) UsePasskey(ctx context.Context, tx *store.Writer, act Act, response []byte) (sso.Factor, error) {
	answer, err := passkey.ParseAssertion(response)
	if err != nil {
		return sso.Factor{}, err
	}
	if _, err := s.take(ctx, tx, forSecond, act.Owner+string(act.User.ID), answer.Challenge()); err != nil {
		return sso.Factor{}, err
	}
	f, err := s.holder(ctx, tx, answer)
	if err != nil {
		return sso.Factor{}, err
	}
	if f.User != act.User.ID {
		return sso.Factor{}, unknownPasskey()
	}
	return s.proved(ctx, tx, act, answer, f, passkey.VerificationDiscouraged)
}

// AskAnyPasskey returns what a browser is given to find out by itself who the
// person is, as JSON. owner names the browser.
func (s *Service) AskAnyPasskey(owner string) ([]byte, error) {
	return s.Party.RequestOptions(s.offer(forFirst, owner, nil), nil, passkey.VerificationRequired)
}

// UseAnyPasskey finds out who the person is by one of their passkeys, which has
// asked them for a PIN or the like: it stands in for a password and a second
// factor. act has no user yet.
func (s *Service) UseAnyPasskey(ctx context.Context, tx *store.Writer, act Act, response []byte) (sso.User, sso.Factor, error) {
	answer, err := passkey.ParseAssertion(response)
	if err != nil {
		return sso.User{}, sso.Factor{}, err
	}
	if _, err := s.take(ctx, tx, forFirst, act.Owner, answer.Challenge()); err != nil {
		return sso.User{}, sso.Factor{}, err
	}
	f, err := s.holder(ctx, tx, answer)
	if err != nil {
		return sso.User{}, sso.Factor{}, err
	}
	if act.User, err = tx.User(ctx, f.User); err != nil {
		return sso.User{}, sso.Factor{}, err
	}
	f, err = s.proved(ctx, tx, act, answer, f, passkey.VerificationRequired)
	return act.User, f, err
}

// holder returns the factor whose credential answers.
func (s *Service) holder(ctx context.Context, tx *store.Writer, answer *passkey.Assertion) (sso.Factor, error) {
	f, err := tx.FactorByCredential(ctx, answer.Credential())
	if errors.Is(err, store.ErrNotFound) {
		return sso.Factor{}, unknownPasskey()
	}
	return f, err
}

// unknownPasskey is the answer to a passkey that is nobody's or another
// person's: which of the two is not told.
func unknownPasskey() error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "passkey_unknown", Fix: fault.PersonSide}
}

// proved checks the answer and notes the use.
func (s *Service) proved(ctx context.Context, tx *store.Writer, act Act, answer *passkey.Assertion, f sso.Factor, v passkey.Verification) (sso.Factor, error) {
	use, err := s.Party.Proved(answer, answer.Challenge(), credential(f), []byte(f.User), v)
	if err != nil {
		return sso.Factor{}, err
	}
	if use.Regressed {
		// Somebody may have a copy. Whether that is so cannot be told from here, and
		// to shut the person out would help nobody: their administrator is told.
		if err := s.record(ctx, tx, act, "factor.counter_regressed", string(f.ID), nil); err != nil {
			return sso.Factor{}, err
		}
	}
	f.Passkey.Counter, f.Passkey.BackedUp = max(f.Passkey.Counter, use.Counter), use.BackedUp
	f.UsedAt = s.Now()
	return f, tx.UseFactor(ctx, f, f.UsedAt)
}

func credential(f sso.Factor) passkey.Credential {
	p := f.Passkey
	return passkey.Credential{
		ID: p.Credential, PublicKey: p.PublicKey, AAGUID: p.AAGUID, Transports: p.Transports, Counter: p.Counter,
		Verified: p.Verifies, BackupEligible: p.BackupEligible, BackedUp: p.BackedUp,
	}
}

// credentials returns the passkeys among a person's factors.
func credentials(have []sso.Factor) []passkey.Credential {
	var list []passkey.Credential
	for _, f := range have {
		if f.Kind == sso.FactorPasskey {
			list = append(list, credential(f))
		}
	}
	return list
}

// BrowserOwner names a browser as the owner of an offer, by its binding cookie.
func BrowserOwner(binding secret.Hash) string { return "browser " + text(binding[:]) }
