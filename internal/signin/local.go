package signin

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Password proves the person by a password, at [sso.StepPassword]. Somebody
// unknown, somebody without a password, two people of one name and a wrong
// password get the same answer after the same work and time.
func (s *Service) Password(ctx context.Context, b Browser, id sso.AttemptID, typed string) (sso.Attempt, error) {
	var a sso.Attempt
	var user sso.User
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if a, err = s.load(ctx, r, b, id); err != nil {
			return err
		}
		if err := at(&a, sso.StepPassword); err != nil {
			return err
		}
		user, err = s.candidate(ctx, r, b, &a)
		return err
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	tries := triesOf(&a, &user, b)
	hash, err := tries.hash(ctx, s, user.PasswordHash)
	if err != nil {
		return sso.Attempt{}, err
	}
	ok, err := s.Passwords.Verify(ctx, hash, typed)
	if err != nil {
		return sso.Attempt{}, err
	}
	if !ok {
		return sso.Attempt{}, &fault.Error{Kind: fault.Unauthenticated, Code: "password_wrong", Fix: fault.PersonSide}
	}
	if err := user.MaySignIn(); err != nil {
		return sso.Attempt{}, err
	}
	better, err := s.rehash(ctx, user.PasswordHash, typed)
	if err != nil {
		return sso.Attempt{}, err
	}
	return s.change(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) error {
		if err := at(a, sso.StepPassword); err != nil {
			return err
		}
		if better != user.PasswordHash {
			if err := tx.UpgradePassword(ctx, user.ID, user.PasswordHash, better); err != nil {
				return err
			}
		}
		// What was counted at the account stays until the sign-in is finished:
		// who knows the password must not guess at the second factor all anew.
		if err := s.Limiter.Forget(ctx, tx, tries.name); err != nil {
			return err
		}
		if err := s.Limiter.GiveBack(ctx, tx, tries.network); err != nil {
			return err
		}
		a.Connection = ""
		a.Proof = sso.Proof{AMR: []string{"pwd"}, At: s.Now(), Password: fingerprint(better)}
		return s.belong(ctx, tx, b, a, &user)
	})
}

// fingerprint tells one password hash from another, and nothing about it. A
// proof is worth nothing once the password was changed.
func fingerprint(hash string) string {
	h := secret.HashOf([]byte("proof\x00" + hash))
	return hex.EncodeToString(h[:16])
}

// rehash returns the hash that is to stand in for this one, now that its
// password is known. Where there is no time for it now, there will be at the
// next sign-in.
func (s *Service) rehash(ctx context.Context, hash, typed string) (string, error) {
	if !password.NeedsRehash(hash) {
		return hash, nil
	}
	better, err := s.Passwords.Hash(ctx, typed)
	if fault.Is(err, "password_throttled") {
		return hash, nil
	}
	return better, err
}

// tries are what a guess at a password is counted at.
type tries struct{ network, name, account backoff.Key }

// triesOf returns the counts for a guess. Those of nobody's name are like
// those of somebody's, so that the work is the same.
func triesOf(a *sso.Attempt, user *sso.User, b Browser) tries {
	name := cmp.Or(a.Typed.Key(), sso.UsernameKey(a.Username)) // as a reset is counted
	t := tries{network: backoff.Network(b.Address), name: backoff.Name(name, user.ID, b.Address), account: backoff.Account(user.ID, b.Address)}
	if user.ID == "" {
		t.account = backoff.Name("account of "+name, "", b.Address)
	}
	return t
}

// hash counts a guess and returns the hash to hold it against. A user has more
// than one name. Guesses beyond those of one name are simply wrong: to say more
// would say that the names are one person's.
func (t tries) hash(ctx context.Context, s *Service, hash string) (string, error) {
	if err := s.Limiter.Allow(ctx, t.network, t.name); err != nil {
		return "", err
	}
	err := s.Limiter.Allow(ctx, t.account)
	if fault.Is(err, "try_later") {
		return "", nil
	}
	return hash, err
}

// candidate returns the one user whom an attempt at a password is about, or a zero
// user: of the session that is to be confirmed, or else of the typed name.
func (s *Service) candidate(ctx context.Context, r *store.Reader, b Browser, a *sso.Attempt) (sso.User, error) {
	if a.Session != "" {
		p, err := s.confirmed(ctx, r, b, a)
		return p.User, err
	}
	w, err := s.leadsTo(ctx, r, a)
	if err != nil {
		return sso.User{}, err
	}
	if err := passwordAllowed(&w, b, a); err != nil {
		return sso.User{}, err
	}
	return s.oneUser(ctx, r, a, &w)
}

// belong writes into the proof who the person is and where they are to be signed
// in, as far as it is known. It is found out only now: what is looked up for
// somebody who exists must not be seen in the time that a wrong password takes.
func (s *Service) belong(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, u *sso.User) error {
	memberships, err := tx.Memberships(ctx, u.ID)
	if err != nil {
		return err
	}
	var orgs []sso.OrgID
	for _, m := range memberships {
		orgs = append(orgs, m.Org)
	}
	org, ok := sso.PickOrg(orgs, a.Org, u.Home)
	if !ok {
		return &fault.Error{Kind: fault.Denied, Code: "membership_missing", Fix: fault.AdminSide}
	}
	a.Proof.User, a.Proof.Org = u.ID, org
	if org == "" {
		a.Proof.Orgs = orgs
	}
	return s.settle(ctx, tx, b, a)
}

// passwordAllowed asks the organization to which the address leads, before
// anything about the person is looked at. The person's own organization is
// asked in [Service.Finish].
func passwordAllowed(w *way, b Browser, a *sso.Attempt) error {
	// A sign-on URL leads to an organization whatever the address is; only
	// people of its domains must come through the connection.
	outside := w.claim == nil || !leads(w.line, w.claim.Org)
	return sso.RulesOf(w.line).Admit(sso.Entry{Method: sso.ByPassword, Email: a.Typed, Address: b.Address, Outside: outside})
}

// oneUser returns the one active user with a password whom the attempt names,
// or a zero user where there is none or where there are several. Whoever has
// the address in another tree than that of who has proved its domain does not
// count: no organization stands in the way of another one's people.
func (s *Service) oneUser(ctx context.Context, r *store.Reader, a *sso.Attempt, w *way) (sso.User, error) {
	var users []store.UserAt
	var err error
	if a.Username != "" {
		users, err = r.UsersByUsername(ctx, a.Username)
	} else {
		users, err = r.UsersByEmail(ctx, a.Typed)
	}
	if err != nil {
		return sso.User{}, err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool {
		return u.User.PasswordHash == "" || u.User.State == sso.UserDeleted || a.Org != "" && !slices.Contains(u.HomePath, a.Org)
	})
	if own := slices.DeleteFunc(slices.Clone(users), func(u store.UserAt) bool { return w.claim == nil || u.HomePath[0] != w.line[0].ID }); len(own) > 0 {
		users = own
	}
	if len(users) != 1 {
		return sso.User{}, nil
	}
	return users[0].User, nil
}
