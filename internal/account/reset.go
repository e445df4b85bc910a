package account

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// AskReset takes down that somebody wants back into the account of an address.
// Whatever comes of it, they get the same answer after the same work; the mail
// says the rest. language is that of their browser.
func (s *Service) AskReset(ctx context.Context, b Browser, address, language string) error {
	e, err := sso.ParseEmail(address)
	if err != nil {
		return err
	}
	if err := s.Limits.Allow(ctx, backoff.Name(e.Key(), "", b.Address), backoff.Network(b.Address)); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertResetRequest(ctx, store.ResetRequest{Email: e, Language: language, CreatedAt: s.Now()})
	})
}

// resetBatch is how many requests one batch answers.
const resetBatch = 20

// AnswerResets finds out what becomes of requests and mails it: a link to a new
// password for who has one, where to sign in for who signs in elsewhere, and
// nothing for an address that nobody has. It returns how many it has answered.
// It is a batch of a job, and any number of nodes may run it.
func (s *Service) AnswerResets(ctx context.Context) (int64, error) {
	n := int64(0)
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		all, err := tx.TakeResetRequests(ctx, resetBatch)
		n = int64(len(all))
		if err != nil {
			return err
		}
		for i := range all {
			if err := s.answer(ctx, tx, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// answer mails each person of the address what they can do. Two people of two
// customers may share an address; each has an account of their own. Who has had
// many such mails lately gets none: a link of one of them still works.
func (s *Service) answer(ctx context.Context, tx *store.Writer, q *store.ResetRequest) error {
	users, err := tx.UsersByEmail(ctx, q.Email)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool { return u.MaySignIn() != nil })
	const most = 3
	for i := range users[:min(len(users), most)] {
		u := &users[i].User
		if u.Language == "" {
			u.Language = q.Language
		}
		left, err := s.Limits.Take(ctx, tx, backoff.Resets(u.ID))
		if err != nil {
			return err
		}
		if !left {
			continue
		}
		err = demandsSSO(ctx, tx.Reader, u, s.Now())
		switch {
		case fault.Is(err, "policy_sso_required"):
			err = s.sendElsewhere(ctx, tx, u)
		case err != nil:
		case u.PasswordHash == "" && u.CredentialsAt.IsZero():
			links, lerr := tx.AllLinksOf(ctx, u.ID)
			if lerr != nil {
				return lerr
			}
			if len(links) > 0 {
				err = s.sendElsewhere(ctx, tx, u)
			}
		default:
			err = s.Recovery.ResetPassword(ctx, tx, u)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendElsewhere mails where to sign in instead.
func (s *Service) sendElsewhere(ctx context.Context, tx *store.Writer, u *sso.User) error {
	home, err := tx.Organization(ctx, u.Home)
	if err != nil {
		return err
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.SSOInstead, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language,
		Data: map[notify.Gap]string{notify.Organization: home.Name, notify.Link: "/login/" + home.Key},
	})
}

// Holder returns for whom a link from a mail is, without using it up.
func (s *Service) Holder(ctx context.Context, kind recovery.Kind, token secret.Token) (u sso.User, err error) {
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		if u, err = s.Recovery.Holder(ctx, r, kind, token); err != nil {
			return err
		}
		return demandsSSO(ctx, r, &u, s.Now())
	})
	return u, err
}

// Redeem uses a link from a mail up and gives its person a new password. All
// their sessions end. It returns the person, to be sent to the sign-in.
func (s *Service) Redeem(ctx context.Context, b Browser, kind recovery.Kind, token secret.Token, chosen string) (sso.User, error) {
	u, err := s.Holder(ctx, kind, token)
	if err != nil {
		return sso.User{}, err
	}
	hash, err := s.hashFor(ctx, &u, chosen)
	if err != nil {
		return sso.User{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if u, err = s.Recovery.Redeem(ctx, tx, kind, token); err != nil {
			return err
		}
		if err := s.mayHavePassword(ctx, tx, &u); err != nil {
			return err
		}
		if _, err := tx.EndSessionsOf(ctx, u.ID, s.Now()); err != nil {
			return err
		}
		if err := s.Limits.UnlockFirst(ctx, tx, u.ID); err != nil { // they have shown that the mailbox is theirs
			return err
		}
		e := sso.Event{At: s.Now(), Actor: string(u.ID), Address: b.address(), UserAgent: sso.ClipUserAgent(b.UserAgent), Action: "user.password_reset", Target: string(u.ID)}
		if kind == recovery.Registration {
			e.Action, e.Changes = "user.registered", []sso.Change{{Field: "password", To: "set"}}
		}
		if err := tx.Org(u.Home).Record(ctx, e); err != nil {
			return err
		}
		return s.store(ctx, tx, &u, b, hash)
	})
	return u, err
}

// hashFor judges a chosen password and hashes it, outside of any transaction:
// it takes long.
func (s *Service) hashFor(ctx context.Context, u *sso.User, chosen string) (string, error) {
	var home sso.Organization
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		home, err = r.Organization(ctx, u.Home)
		return err
	})
	if err != nil {
		return "", err
	}
	if err := s.judge(u, &home, chosen); err != nil {
		return "", err
	}
	return s.Passwords.Hash(ctx, chosen)
}
