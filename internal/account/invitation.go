package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Way says how an invitation is accepted.
type Way string

// The ways.
const (
	AcceptAsNew    Way = "new"     // nobody has the address: a new account with a password
	AcceptSignedIn Way = "here"    // who is signed in is who is invited
	AcceptSignIn   Way = "sign_in" // somebody has the address, and has to sign in first
	AcceptBySSO    Way = "sso"     // the identity provider says who they are
	AcceptOther    Way = "other"   // somebody else is signed in
	AcceptDone     Way = "done"    // who is signed in has accepted it: a sign-in does, on the way here
)

// Offer is an invitation as it is shown to who opened its link.
type Offer struct {
	sso.Invitation
	Organization sso.Organization
	Inviter      string // name; "": somebody of the vendor's
	Way          Way
}

// Invitation returns what the link of an invitation offers, to the browser of
// by, who may be nobody. It uses nothing up.
func (s *Service) Invitation(ctx context.Context, by *sso.By, token secret.Token) (Offer, error) {
	var o Offer
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		o, err = s.offer(ctx, r, by, token)
		return err
	})
	return o, err
}

func (s *Service) offer(ctx context.Context, r *store.Reader, by *sso.By, token secret.Token) (Offer, error) {
	i, err := r.Invitation(ctx, token.Hash())
	if errors.Is(err, store.ErrNotFound) {
		return Offer{}, &fault.Error{Kind: fault.NotFound, Code: "invitation_unknown", Fix: fault.AdminSide}
	}
	if err != nil {
		return Offer{}, err
	}
	if i.AcceptedBy != "" && i.AcceptedBy == by.User.ID && !by.Session.ActedAs() {
		return Offer{Invitation: i, Way: AcceptDone}, nil
	}
	if err := i.Acceptable(s.Now()); err != nil {
		return Offer{}, err
	}
	o := Offer{Invitation: i}
	line, err := r.Lineage(ctx, i.Org)
	if err != nil {
		return Offer{}, err
	}
	o.Organization = line[len(line)-1]
	for j := range line {
		if line[j].State == sso.OrgSuspended {
			return Offer{}, &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: line[j].Key, Fix: fault.OperatorSide}
		}
	}
	inviter, err := r.Standing(ctx, sso.UserID(i.By))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Offer{}, err
	}
	o.Inviter = inviter.User.Name()
	if err == nil && !i.StoodFor(&inviter, &o.Organization) {
		return Offer{}, &fault.Error{Kind: fault.Conflict, Code: "invitation_revoked", Want: "an inviter who may still give the role", Fix: fault.AdminSide}
	}
	if o.Way, err = wayOf(ctx, r, by, &o, s.Now()); err != nil {
		return Offer{}, err
	}
	// Whoever is to look after an organization is let in by people.
	if err := sso.ListedByHand(line); err != nil && o.Role != sso.RoleOwner {
		if err := o.leave(ctx, r, by, err); err != nil {
			return Offer{}, err
		}
	}
	return o, nil
}

// leave leaves it to the identity provider, which says who there is, whether
// somebody becomes a member. Who has come through it takes what they were
// invited to; nobody is added for the reason that is given.
func (o *Offer) leave(ctx context.Context, r *store.Reader, by *sso.By, reason error) error {
	switch o.Way {
	case AcceptAsNew:
		o.Way = AcceptBySSO
	case AcceptSignedIn:
		_, err := r.Org(o.Org).Membership(ctx, by.User.ID)
		if errors.Is(err, store.ErrNotFound) {
			return reason
		}
		return err
	}
	return nil
}

// wayOf finds out how the invitation is accepted in this browser.
func wayOf(ctx context.Context, r *store.Reader, by *sso.By, o *Offer, now time.Time) (Way, error) {
	if by.User.ID != "" {
		if by.User.Email.Same(o.Email) && !by.Session.ActedAs() {
			return AcceptSignedIn, o.Organization.Host(&by.User)
		}
		return AcceptOther, nil
	}
	users, err := r.UsersByEmail(ctx, o.Email)
	if err != nil {
		return "", err
	}
	claim, err := routing.Claim(ctx, r, o.Email)
	if err != nil {
		return "", err
	}
	for i := range users {
		u := &users[i]
		if u.State == sso.UserDeleted {
			continue
		}
		if err := o.Organization.Host(&u.User); err != nil {
			return "", err
		}
		opens := o.near(u.HomePath, claim)
		if !opens {
			if opens, err = opensAnything(ctx, r, &u.User); err != nil {
				return "", err
			}
		}
		if opens {
			return AcceptSignIn, nil
		}
	}
	if err := o.Organization.House(o.Email, claim); err != nil {
		return "", err
	}
	rules, proved, err := r.Rules(ctx, &o.Organization, o.Email)
	if err != nil {
		return "", err
	}
	entry := sso.Entry{Method: sso.ByPassword, Email: o.Email, Outside: o.Role == sso.RoleOwner && !proved, At: now}
	if rules.Pilots() {
		for _, m := range o.Memberships("", now) {
			groups, err := r.Org(m.Org).GroupsNamed(ctx, m.Groups)
			if err != nil {
				return "", err
			}
			entry.Groups = append(entry.Groups, groups...)
		}
	}
	if rules.DemandsSSO(entry) {
		return AcceptBySSO, nil
	}
	return AcceptAsNew, nil
}

// near reports whether an account with its home on this path is at home where it is
// invited, or where its address belongs. claim is the verified one to its domain, or
// nil.
func (o *Offer) near(home []sso.OrgID, claim *sso.VerifiedClaim) bool {
	return home[0] == o.Organization.Path[0] || claim != nil && home[0] == claim.OrgPath[0]
}

// opensAnything reports whether somebody can sign in by their account. Another
// customer can make one with any address, shut it out and never say so: nobody
// is sent there who was invited here.
func opensAnything(ctx context.Context, r *store.Reader, u *sso.User) (bool, error) {
	if u.MaySignIn() != nil {
		return false, nil
	}
	if u.PasswordHash == "" && u.CredentialsAt.IsZero() { // a reset leads nowhere, either
		links, err := r.AllLinksOf(ctx, u.ID)
		if err != nil || len(links) == 0 {
			return false, err
		}
	}
	memberships, err := r.Memberships(ctx, u.ID)
	if err != nil {
		return false, err
	}
	for i := range memberships {
		p, err := r.Member(ctx, u.ID, memberships[i].Org)
		if err != nil {
			return false, err
		}
		if p.Admissible() == nil {
			return true, nil
		}
	}
	return false, nil
}

// Join accepts an invitation for the person who is signed in, who has the
// address to which it was sent. Roles and groups that they have already stay.
func (s *Service) Join(ctx context.Context, by *sso.By, token secret.Token) (sso.Organization, error) {
	var org sso.Organization
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		o, err := s.offer(ctx, tx.Reader, by, token)
		if err != nil {
			return err
		}
		org = o.Organization
		if o.Way != AcceptSignedIn {
			return &fault.Error{Kind: fault.Denied, Code: "invitation_other", Want: o.Email.String(), Got: by.User.Email.String(), Fix: fault.PersonSide}
		}
		known, err := vouched(ctx, tx.Reader, by, &o)
		if err != nil {
			return err
		}
		if !known {
			if err := holdsAll(ctx, tx.Reader, by); err != nil {
				return err
			}
			// Whoever else is signed in as them would come along.
			if _, err := tx.EndOtherSessions(ctx, by.User.ID, by.Session.ID, s.Now()); err != nil {
				return err
			}
		}
		return s.accept(ctx, tx, &o, by.User.ID, by.Event(s.Now(), "invitation.accepted", string(by.User.ID), nil))
	})
	return org, err
}

// vouched reports whether it is known whose an account is that accepts an
// invitation: it is at home where it is invited, or where its address belongs, or is
// a member already. Else whoever administers its home may have made it with
// somebody's address, and be signed in as them.
func vouched(ctx context.Context, r *store.Reader, by *sso.By, o *Offer) (bool, error) {
	home, err := r.Organization(ctx, by.User.Home)
	if err != nil {
		return false, err
	}
	claim, err := routing.Claim(ctx, r, o.Email)
	if err != nil || o.near(home.Path, claim) {
		return err == nil, err
	}
	_, err = r.Org(o.Org).Membership(ctx, by.User.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// holdsAll refuses somebody who has signed in by a password, or by what an identity
// provider says, to an account that has a passkey or another factor. The mailbox
// gives them the password; the factor may be of whoever made the account, who would
// come in here by it from then on.
func holdsAll(ctx context.Context, r *store.Reader, by *sso.By) error {
	if by.Session.Local() && slices.Contains(by.Session.AMR, "mfa") {
		return nil
	}
	have, err := r.Factors(ctx, by.User.ID)
	if err != nil || len(have) == 0 {
		return err
	}
	return &fault.Error{Kind: fault.Denied, Code: "invitation_factor", Want: "a sign-in with a factor of the account", Fix: fault.PersonSide}
}

// NewPerson is who accepts an invitation and has no account yet.
type NewPerson struct {
	FirstName string
	LastName  string
	Password  string
}

// Register accepts an invitation for somebody who has no account yet, and makes
// one, at home in the organization that invites.
func (s *Service) Register(ctx context.Context, b Browser, token secret.Token, in NewPerson) (sso.User, error) {
	nobody := &sso.By{Address: b.address(), UserAgent: b.UserAgent}
	o, err := s.Invitation(ctx, nobody, token)
	if err != nil {
		return sso.User{}, err
	}
	first, last := sso.CleanName(in.FirstName), sso.CleanName(in.LastName)
	u := sso.User{Home: o.Org, Email: o.Email, FirstName: first, LastName: last, Language: o.Language, State: sso.UserActive}
	var problems []error
	if first == "" && last == "" {
		problems = append(problems, &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide})
	}
	if err := s.judge(&u, &o.Organization, in.Password); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return sso.User{}, err
	}
	if u.PasswordHash, err = s.Passwords.Hash(ctx, in.Password); err != nil {
		return sso.User{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		o, err := s.offer(ctx, tx.Reader, nobody, token)
		if err != nil {
			return err
		}
		if o.Way != AcceptAsNew {
			return &fault.Error{Kind: fault.Conflict, Code: "invitation_way", Want: string(AcceptAsNew), Got: string(o.Way), Fix: fault.PersonSide}
		}
		now := s.Now()
		u.ID, u.CreatedAt, u.UpdatedAt, u.CredentialsAt = sso.NewUserID(now), now, now, now
		if err := tx.Org(u.Home).SaveUser(ctx, u); err != nil {
			return err
		}
		e := sso.Event{
			At: now, Actor: string(u.ID), Address: b.address(), UserAgent: sso.ClipUserAgent(b.UserAgent), Action: "user.registered", Target: string(u.ID),
			Changes: u.Settings().Changed(nil),
		}
		if err := tx.Org(u.Home).Record(ctx, e); err != nil {
			return err
		}
		e.Action, e.Changes = "invitation.accepted", nil
		return s.accept(ctx, tx, &o, u.ID, e)
	})
	return u, err
}

// accept uses the invitation up and makes the memberships, with their lines in
// the audit lists. Of any number that accept it at the same time, one does. e is
// the line that says who does.
func (s *Service) accept(ctx context.Context, tx *store.Writer, o *Offer, user sso.UserID, e sso.Event) error {
	now := e.At
	err := tx.AcceptInvitation(ctx, o.ID, user, now)
	if errors.Is(err, store.ErrUsed) {
		return &fault.Error{Kind: fault.Conflict, Code: "invitation_accepted", Fix: fault.PersonSide}
	}
	if err != nil {
		return err
	}
	for _, m := range o.Memberships(user, now) {
		there, err := tx.Organization(ctx, m.Org)
		if err != nil {
			return err
		}
		if !there.Within(o.Org) {
			continue // it was moved meanwhile: others give access to it now
		}
		org := tx.Org(m.Org)
		have, err := org.Membership(ctx, user)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case !have.CreatedAt.After(o.CreatedAt), !have.UpdatedAt.Equal(have.CreatedAt), have.Role == sso.RoleOwner:
			continue // what they are there, somebody has decided
		default: // made by a sign-in on the way here, with the connection's defaults
			at, err := tx.Organization(ctx, m.Org)
			if err != nil {
				return err
			}
			if err := org.RoleChanged(ctx, &at, user, have.Role, m.Role, now); err != nil {
				return err
			}
			m.CreatedAt = have.CreatedAt
			for _, g := range have.Groups {
				if !slices.Contains(m.Groups, g) {
					m.Groups = append(slices.Clone(m.Groups), g)
				}
			}
		}
		if err := org.SaveMembership(ctx, m); err != nil {
			return err
		}
		line := e
		line.Action, line.Changes = "membership.created", m.Settings().Changed(have.Settings())
		if !have.CreatedAt.IsZero() {
			line.Action = "membership.saved"
		}
		if len(line.Changes) == 0 {
			continue
		}
		if err := org.Record(ctx, line); err != nil {
			return err
		}
	}
	e.Detail = map[string]string{"invitation": string(o.ID)}
	return tx.Org(o.Org).Record(ctx, e)
}
