package signin

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// maxNamesakes is how many people of one name a password is held against, the
// oldest accounts first. An organization can give any name to its people, those
// of another one's too, and must not lock them out by that.
const maxNamesakes = 3

// Password proves the person by a password, at [sso.StepPassword]. Somebody
// unknown, somebody without a password, several people of one name and a wrong
// password get the same answer after the same work and time.
func (s *Service) Password(ctx context.Context, b Browser, id sso.AttemptID, typed string) (sso.Attempt, error) {
	var whom suspect
	a, err := s.password(ctx, b, id, typed, &whom)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopPassword, whom, err)
	}
	return a, nil
}

func (s *Service) password(ctx context.Context, b Browser, id sso.AttemptID, typed string, whom *suspect) (sso.Attempt, error) {
	var a sso.Attempt
	var users []sso.User
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if a, err = s.load(ctx, r, b, id); err != nil {
			return err
		}
		if err := at(&a, sso.StepPassword); err != nil {
			return err
		}
		users, whom.org, err = s.candidates(ctx, r, b, &a)
		return err
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	if len(users) == 1 {
		whom.user, whom.org = users[0].ID, users[0].Home
	}
	right, err := s.guessPassword(ctx, b, nameOf(a.Typed, a.Username), users, typed)
	if err != nil {
		return sso.Attempt{}, err
	}
	return s.change(ctx, b, id, func(tx *store.Writer, a *sso.Attempt) error {
		if err := at(a, sso.StepPassword); err != nil {
			return err
		}
		if err := right.settle(ctx, s, tx); err != nil {
			return err
		}
		a.Connection = ""
		a.Hop(sso.HopPassword, s.Now())
		a.Proof = sso.Proof{AMR: []string{"pwd"}, At: s.Now(), Password: fingerprint(right.hash)}
		return s.belong(ctx, tx, b, a, &right.user)
	})
}

// guessed is a password that was right.
type guessed struct {
	user  sso.User
	hash  string // that is to stand in for the stored one
	tries tries
	users int // how many it was held against
	index int // of the user among them
}

// guessPassword counts a guess at the password of a name, and holds it against
// those of the users who may have it.
func (s *Service) guessPassword(ctx context.Context, b Browser, name string, users []sso.User, typed string) (guessed, error) {
	g := guessed{tries: triesOf(name, users, b), users: len(users)}
	hashes, err := g.tries.hashes(ctx, s, users)
	if err != nil {
		return g, err
	}
	if g.index, err = s.Passwords.VerifyAny(ctx, hashes, typed); err != nil {
		return g, err
	}
	if g.index < 0 {
		return g, &fault.Error{Kind: fault.Unauthenticated, Code: "password_wrong", Fix: fault.PersonSide}
	}
	g.user = users[g.index]
	if err := g.user.MaySignIn(); err != nil {
		return g, err
	}
	g.hash, err = s.rehash(ctx, g.user.PasswordHash, typed)
	return g, err
}

// settle gives back what a right guess was counted at, and stores the better
// hash. What was counted at the account stays until the sign-in is finished: who
// knows the password must not guess at the second factor all anew.
func (g *guessed) settle(ctx context.Context, s *Service, tx *store.Writer) error {
	if g.hash != g.user.PasswordHash {
		if err := tx.UpgradePassword(ctx, g.user.ID, g.user.PasswordHash, g.hash); err != nil {
			return err
		}
	}
	if err := s.Limiter.Forget(ctx, tx, append(g.tries.accounts[g.users:], g.tries.name)...); err != nil {
		return err
	}
	others := slices.Delete(slices.Clone(g.tries.accounts[:g.users]), g.index, g.index+1)
	return s.Limiter.GiveBack(ctx, tx, append(others, g.tries.network)...)
}

// nameOf returns the form in which a name is counted.
func nameOf(e sso.Email, username string) string {
	return cmp.Or(e.Key(), sso.UsernameKey(username)) // as a reset is counted
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
	if !s.Passwords.NeedsRehash(hash) {
		return hash, nil
	}
	better, err := s.Passwords.Hash(ctx, typed)
	if fault.Is(err, "password_throttled") {
		return hash, nil
	}
	return better, err
}

// tries are what a guess at a password is counted at.
type tries struct {
	network, name backoff.Key
	accounts      []backoff.Key // of the people of that name, and then of nobody
}

// triesOf returns the counts for a guess. Those of nobody's name are like
// those of somebody's, so that the work is the same.
func triesOf(name string, users []sso.User, b Browser) tries {
	var only sso.UserID
	if len(users) == 1 {
		only = users[0].ID
	}
	t := tries{network: backoff.Network(b.Address), name: backoff.Name(name, only, b.Address)}
	for i := range maxNamesakes {
		if i < len(users) {
			t.accounts = append(t.accounts, backoff.Account(users[i].ID, b.Address))
		} else {
			t.accounts = append(t.accounts, backoff.Name("account "+strconv.Itoa(i)+" of "+name, "", b.Address))
		}
	}
	return t
}

// hashes counts a guess and returns the hashes to hold it against. A user has
// more than one name. Guesses beyond those of one name are simply wrong: to say
// more would say that the names are one person's.
func (t tries) hashes(ctx context.Context, s *Service, users []sso.User) ([]string, error) {
	if err := s.Limiter.Allow(ctx, t.network, t.name); err != nil {
		return nil, err
	}
	hashes := make([]string, len(users))
	err := s.Limiter.Allow(ctx, t.accounts...)
	if fault.Is(err, "try_later") {
		return hashes, nil
	}
	for i := range users {
		hashes[i] = users[i].PasswordHash
	}
	return hashes, err
}

// candidates returns the users whom an attempt at a password may be about: the
// one of the session that is to be confirmed, or else those of the typed name;
// and the organization to which that leads.
func (s *Service) candidates(ctx context.Context, r *store.Reader, b Browser, a *sso.Attempt) ([]sso.User, sso.OrgID, error) {
	if a.Session != "" {
		p, err := s.confirmed(ctx, r, b, a)
		return []sso.User{p.User}, p.Org.ID, err
	}
	w, err := routing.Lead(ctx, r, askOf(a))
	if err != nil {
		return nil, "", err
	}
	var org sso.OrgID
	if n := len(w.Line); n > 0 {
		org = w.Line[n-1].ID
	}
	if err := passwordAllowed(&w, b, a, s.Now()); err != nil {
		return nil, org, err
	}
	users, err := s.namesakes(ctx, r, a, &w)
	return users, org, err
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
	org, ok := sso.PickOrg(orgs, a.Org, "")
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
func passwordAllowed(w *routing.Way, b Browser, a *sso.Attempt, now time.Time) error {
	return w.Rules().Admit(sso.Entry{Method: sso.ByPassword, Email: a.Typed, Address: b.Address, Outside: w.Outside(), At: now})
}

// namesakes returns the users with a password whom the attempt names, at most
// [maxNamesakes]. Whoever has the address in another tree than that of who has
// proved its domain does not count: no organization stands in the way of
// another one's people.
func (s *Service) namesakes(ctx context.Context, r *store.Reader, a *sso.Attempt, w *routing.Way) ([]sso.User, error) {
	var users []store.UserAt
	var err error
	if a.Username != "" {
		users, err = r.UsersByUsername(ctx, a.Username)
	} else {
		users, err = r.UsersByEmail(ctx, a.Typed)
	}
	if err != nil {
		return nil, err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool {
		return u.User.PasswordHash == "" || u.User.State == sso.UserDeleted
	})
	if a.Org != "" {
		if users, err = namedAt(ctx, r, a.Org, users); err != nil {
			return nil, err
		}
	}
	if own := slices.DeleteFunc(slices.Clone(users), func(u store.UserAt) bool { return w.Claim == nil || u.HomePath[0] != w.Line[0].ID }); len(own) > 0 {
		users = own
	}
	var all []sso.User
	for _, u := range users[:min(len(users), maxNamesakes)] {
		all = append(all, u.User)
	}
	return all, nil
}
