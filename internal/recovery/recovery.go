// Package recovery gives people the way back to credentials of their own: a
// link to set a new password, and one to register anew after an account was
// reset, or for the first time.
//
// Administrators, operators and the people themselves ask for the same two
// links; this is the one place that makes and takes them. A link works once,
// for a limited time, and only while the person's address and password are
// those for which it was made.
//
// # Trust
//
// Who may ask is the caller's to decide. The token of a link goes to the
// person's address alone; the database has its hash. To look at what a link
// stands for consumes nothing, so a mail scanner that follows it does no harm.
package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How long the links work.
const (
	ResetLife        = time.Hour
	RegistrationLife = 7 * 24 * time.Hour
)

// Paths at which the links lead to a page, before the token.
const (
	ResetPath        = "/login/reset/"
	RegistrationPath = "/login/register/"
	InvitationPath   = "/login/invitation/"
)

// Service makes and takes links. Its fields are set once, before it is used; it
// is safe for concurrent use.
type Service struct {
	Outbox *notify.Outbox
	Now    func() time.Time
}

// Kind is a kind of link.
type Kind = store.Kind

// The kinds.
const (
	Reset        Kind = store.KindPasswordReset
	Registration Kind = store.KindRegistration
)

// ticket is what is kept of a link, under the hash of its token.
type ticket struct {
	User  sso.UserID `json:"user"`
	Stamp string     `json:"stamp"`
}

// stamp changes whenever the address or the password of a person does.
func stamp(u *sso.User) string {
	h := secret.HashOf([]byte(string(u.ID) + "\x00" + u.Email.Key() + "\x00" + u.PasswordHash))
	return fmt.Sprintf("%x", h[:])
}

// ResetPassword mails the person a link by which they set a new password.
// Whoever never had credentials has none to reset: the fault
// reset_no_credentials says that their account is to be reset instead.
func (s *Service) ResetPassword(ctx context.Context, tx *store.Writer, u *sso.User) error {
	switch {
	case u.PasswordHash == "" && u.CredentialsAt.IsZero():
		return &fault.Error{Kind: fault.Conflict, Code: "reset_no_credentials", Want: "somebody who has a password", Fix: fault.AdminSide}
	case u.Email.IsZero():
		return &fault.Error{Kind: fault.Conflict, Code: "reset_no_address", Fix: fault.AdminSide}
	}
	path, until, err := s.link(ctx, tx, Reset, u)
	if err != nil {
		return err
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.ResetPassword, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language, Until: until,
		Data: map[notify.Gap]string{notify.Link: path, notify.Until: notify.Instant(until)},
	})
}

// ResetAccount takes from the person all credentials of their own, ends their
// sessions, and mails them a link by which they register anew. org names the
// organization in the mail.
func (s *Service) ResetAccount(ctx context.Context, tx *store.Writer, u sso.User, org string) error {
	if u.Email.IsZero() {
		return &fault.Error{Kind: fault.Conflict, Code: "reset_no_address", Fix: fault.AdminSide}
	}
	if err := tx.WipeCredentials(ctx, u.ID, s.Now()); err != nil {
		return err
	}
	u.PasswordHash = ""
	path, until, err := s.link(ctx, tx, Registration, &u)
	if err != nil {
		return err
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.Registration, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language, Until: until,
		Data: map[notify.Gap]string{notify.Organization: org, notify.Link: path, notify.Until: notify.Instant(until)},
	})
}

// Register returns the path of a link by which the person registers. It is for
// who hands the link out by themselves.
func (s *Service) Register(ctx context.Context, tx *store.Writer, u *sso.User) (path string, until time.Time, err error) {
	return s.link(ctx, tx, Registration, u)
}

func (s *Service) link(ctx context.Context, tx *store.Writer, kind Kind, u *sso.User) (path string, until time.Time, err error) {
	path, life := ResetPath, ResetLife
	if kind == Registration {
		path, life = RegistrationPath, RegistrationLife
	}
	kept, err := json.Marshal(ticket{User: u.ID, Stamp: stamp(u)})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("keeping a link: %w", err)
	}
	token := secret.NewToken()
	until = s.Now().Add(life)
	if err := tx.InsertSingleUse(ctx, kind, token.Hash(), until, string(kept)); err != nil {
		return "", time.Time{}, err
	}
	return path + token.Reveal(), until, nil
}

// Holder returns for whom a link was made, and refuses one that does not work
// any more. It consumes nothing.
func (s *Service) Holder(ctx context.Context, r *store.Reader, kind Kind, token secret.Token) (sso.User, error) {
	kept, err := r.SingleUse(ctx, kind, token.Hash(), s.Now())
	return holder(ctx, r, kept, err)
}

// Redeem uses a link up and returns for whom it was made. Of any number of
// transactions that redeem it, one succeeds.
func (s *Service) Redeem(ctx context.Context, tx *store.Writer, kind Kind, token secret.Token) (sso.User, error) {
	kept, err := tx.Consume(ctx, kind, token.Hash(), s.Now())
	return holder(ctx, tx.Reader, kept, err)
}

// holder reads the person of a ticket. Whether the link was used, has expired,
// was overtaken or never was is one and the same to who holds it.
func holder(ctx context.Context, r *store.Reader, kept string, err error) (sso.User, error) {
	over := &fault.Error{Kind: fault.Conflict, Code: "link_over", Fix: fault.PersonSide}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUsed) {
		return sso.User{}, over
	}
	if err != nil {
		return sso.User{}, err
	}
	var t ticket
	if err := json.Unmarshal([]byte(kept), &t); err != nil {
		return sso.User{}, fmt.Errorf("reading a link: %w", err)
	}
	u, err := r.User(ctx, t.User)
	if errors.Is(err, store.ErrNotFound) {
		return sso.User{}, over
	}
	if err != nil {
		return sso.User{}, err
	}
	if u.State == sso.UserDeleted || stamp(&u) != t.Stamp {
		return sso.User{}, over
	}
	err = u.MaySignIn()
	return u, err
}
