package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// InvitationPath is the path at which an invitation is accepted, before its
// token.
const InvitationPath = recovery.InvitationPath

// MaxInvited bounds how many addresses are invited at once.
const MaxInvited = 200

// NewInvitations says who is to be invited, and to what.
type NewInvitations struct {
	Addresses     string // separated by white space, commas or semicolons
	Role          string
	Groups        []string
	Organizations []sso.OrgID // below the one that invites
	Language      string      // of the mail
}

// AddressProblem says what is wrong with one of several addresses.
type AddressProblem struct {
	Address string
	Code    string
}

// ProblemsError is the refusal of a list of which something is wrong. Nothing
// of it was done.
type ProblemsError struct {
	Fault    fault.Error
	Problems []AddressProblem
}

// Error returns the text for the log.
func (e *ProblemsError) Error() string { return e.Fault.Error() }

// Unwrap returns the fault, for who does not look at the problems.
func (e *ProblemsError) Unwrap() error { return &e.Fault }

// Invite mails invitations and returns how many. An invitation that is out to
// one of the addresses is sent anew, with what it gives now. Where any of the
// addresses cannot be invited, nobody is, and the error is a [*ProblemsError].
func (s *Service) Invite(ctx context.Context, by *sso.By, org sso.OrgID, in NewInvitations) (int, error) {
	emails, err := addresses(in.Addresses)
	if err != nil {
		return 0, err
	}
	err = s.change(ctx, by, org, func(a *act) error {
		if err := a.listedByHand(); err != nil {
			return err
		}
		model, err := a.invitation(&in)
		if err != nil {
			return err
		}
		var problems []AddressProblem
		for _, e := range emails {
			i := model
			i.Email = e
			err := a.invite(i)
			if err != nil && refusesOne(err) {
				problems = append(problems, AddressProblem{e.String(), code(err)})
				continue
			}
			if err != nil {
				return err
			}
		}
		return refusal(problems)
	})
	return len(emails), err
}

// refusesOne reports whether an error is about one address, so that the others
// can be looked at too.
func refusesOne(err error) bool {
	return slices.Contains([]string{"invitation_member", "ident_foreign", "operator_elsewhere", "rights_owner"}, code(err))
}

// refusal returns the refusal of a list, or nil where there is no problem.
func refusal(problems []AddressProblem) error {
	if len(problems) == 0 {
		return nil
	}
	got := make([]string, 0, len(problems))
	for _, p := range problems {
		got = append(got, p.Address)
	}
	return &ProblemsError{fault.Error{Kind: fault.Invalid, Code: "invitation_addresses", Got: strings.Join(got, ", "), Fix: fault.PersonSide}, problems}
}

// addresses reads a list of addresses, each of which counts once.
func addresses(list string) ([]sso.Email, error) {
	var emails []sso.Email
	var problems []AddressProblem
	seen := map[string]bool{}
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
		e, err := sso.ParseEmail(strings.Trim(s, "<>"))
		switch {
		case err != nil:
			problems = append(problems, AddressProblem{s, code(err)})
		case !seen[e.Key()]:
			seen[e.Key()] = true
			emails = append(emails, e)
		}
	}
	if len(emails) > MaxInvited {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "invitation_many", Want: "at most 200 addresses", Fix: fault.PersonSide}
	}
	if len(emails)+len(problems) == 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "invitation_nobody", Fix: fault.PersonSide}
	}
	return emails, refusal(problems)
}

// invitation judges what an invitation is to give.
func (a *act) invitation(in *NewInvitations) (sso.Invitation, error) {
	role, err := role(a.ctx, a.tx.Reader, in.Role)
	if err != nil {
		return sso.Invitation{}, err
	}
	if err := give(a.rights, role, a.now); err != nil {
		return sso.Invitation{}, err
	}
	i := sso.Invitation{
		Org: a.place.ID, Role: role, By: string(a.by.User.ID), CreatedAt: a.now, SentAt: a.now, ExpiresAt: a.now.Add(sso.InvitationLife),
	}
	if i.Language, err = sso.ParseLanguage(in.Language); err != nil {
		return i, err
	}
	if i.Groups, err = groupNames(in.Groups); err != nil {
		return i, err
	}
	below, err := a.tx.OrganizationsByID(a.ctx, in.Organizations)
	if err != nil {
		return i, err
	}
	for j := range below {
		if !below[j].Within(a.place.ID) {
			return i, store.ErrNotFound
		}
		i.Organizations = append(i.Organizations, below[j].ID)
	}
	if len(below) < len(slices.Compact(slices.Sorted(slices.Values(in.Organizations)))) {
		return i, store.ErrNotFound
	}
	return i, nil
}

// invite sends one invitation.
func (a *act) invite(i sso.Invitation) error {
	if err := a.invitable(i.Email); err != nil {
		return err
	}
	token := secret.NewToken()
	open, err := a.org.OpenInvitation(a.ctx, i.Email)
	switch {
	case err == nil:
		// What an owner offers, an administrator does not take back.
		if err := a.rights.Cover(open.Role); err != nil {
			return err
		}
		i.ID, i.CreatedAt = open.ID, open.CreatedAt
		err = a.org.RenewInvitation(a.ctx, i, token.Hash())
	case errors.Is(err, store.ErrNotFound):
		i.ID = sso.NewInvitationID(a.now)
		err = a.org.InsertInvitation(a.ctx, i, token.Hash())
	}
	if err != nil {
		return err
	}
	if err := a.mailInvitation(&i, token); err != nil {
		return err
	}
	return a.record("invitation.sent", string(i.ID), map[string]string{"address": i.Email.String(), "role": string(i.Role)}, i.Settings().Changed(nil)...)
}

// invitable refuses to invite who is a member already, and an address of a
// domain that another organization of the same tree has proved. Whoever has an
// address of another customer's domain may be invited as a guest.
func (a *act) invitable(e sso.Email) error {
	users, err := a.tx.UsersByEmail(a.ctx, e)
	if err != nil {
		return err
	}
	for i := range users {
		_, err := a.org.Membership(a.ctx, users[i].ID)
		if err == nil {
			return &fault.Error{Kind: fault.Conflict, Code: "invitation_member", Got: e.String(), Fix: fault.PersonSide}
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := a.place.Host(&users[i].User); err != nil && users[i].State != sso.UserDeleted {
			return err
		}
	}
	c, err := routing.Claim(a.ctx, a.tx.Reader, e)
	if err != nil || c == nil || c.OrgPath[0] != a.place.Path[0] || len(users) > 0 {
		return err
	}
	return a.rights.GiveAddress(e, &a.place, c)
}

func (a *act) mailInvitation(i *sso.Invitation, token secret.Token) error {
	if err := a.Limits.Letter(a.ctx, a.tx, a.place.Path[0]); err != nil {
		return err
	}
	return a.Outbox.Enqueue(a.ctx, a.tx, notify.Message{
		Channel: notify.Mail, Kind: notify.Invitation, Org: a.place.ID, To: i.Email.String(), Language: i.Language, Until: i.ExpiresAt,
		Data: map[notify.Gap]string{
			notify.Organization: a.place.Name, notify.Inviter: a.by.User.Name(), notify.Link: InvitationPath + token.Reveal(), notify.Until: notify.Instant(i.ExpiresAt),
		},
	})
}

// InvitationPage is one page of a list of invitations.
type InvitationPage struct {
	Invitations []sso.Invitation
	Names       map[string]string // of who has invited
	Next        store.Place       // where the next page begins; zero: there is none
}

// Invitations lists the invitations of an organization, the latest first.
func (s *Service) Invitations(ctx context.Context, in *Place, after store.Place) (InvitationPage, error) {
	var page InvitationPage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		if page.Invitations, err = r.Org(in.ID).Invitations(ctx, after, PageSize+1); err != nil {
			return err
		}
		if len(page.Invitations) > PageSize {
			page.Invitations = page.Invitations[:PageSize]
			last := &page.Invitations[PageSize-1]
			page.Next = store.Place{At: last.CreatedAt, ID: string(last.ID)}
		}
		var events []sso.Event
		for _, i := range page.Invitations {
			events = append(events, sso.Event{Actor: i.By})
		}
		page.Names, err = r.NamesIn(ctx, events)
		return err
	})
	return page, err
}

// Resend mails an invitation anew, with a new link; the old one is void.
func (s *Service) Resend(ctx context.Context, by *sso.By, org sso.OrgID, id sso.InvitationID) error {
	return s.change(ctx, by, org, func(a *act) error {
		if err := a.listedByHand(); err != nil {
			return err
		}
		i, err := a.org.Invitation(ctx, id)
		if err != nil {
			return err
		}
		if err := i.Acceptable(a.now); err != nil && !fault.Is(err, "invitation_expired") {
			return err
		}
		// Whoever sends it stands for what it gives.
		if err := give(a.rights, i.Role, a.now); err != nil {
			return err
		}
		if err := a.invitable(i.Email); err != nil {
			return err
		}
		token := secret.NewToken()
		i.By, i.SentAt, i.ExpiresAt = string(a.by.User.ID), a.now, a.now.Add(sso.InvitationLife)
		if err := a.org.RenewInvitation(ctx, i, token.Hash()); err != nil {
			return err
		}
		if err := a.mailInvitation(&i, token); err != nil {
			return err
		}
		return a.record("invitation.sent", string(i.ID), map[string]string{"address": i.Email.String(), "role": string(i.Role), "again": "yes"}, i.Settings().Changed(nil)...)
	})
}

// withdraw revokes the invitations that are out to an address in an
// organization and below it.
func (a *act) withdraw(org sso.OrgID, e sso.Email) error {
	if e.IsZero() {
		return nil
	}
	open, err := a.tx.OpenInvitationsTo(a.ctx, e)
	if err != nil {
		return err
	}
	for _, i := range open {
		o, err := a.tx.Organization(a.ctx, i.Org)
		if err != nil {
			return err
		}
		if !o.Within(org) {
			continue
		}
		if err := a.tx.Org(i.Org).RevokeInvitation(a.ctx, i.ID, a.now); err != nil {
			return err
		}
		if err := a.recordIn(i.Org, "invitation.revoked", string(i.ID), map[string]string{"address": i.Email.String()}, sso.Settings{}.Changed(i.Settings())...); err != nil {
			return err
		}
	}
	return nil
}

// Revoke makes an invitation of no use.
func (s *Service) Revoke(ctx context.Context, by *sso.By, org sso.OrgID, id sso.InvitationID) error {
	return s.change(ctx, by, org, func(a *act) error {
		i, err := a.org.Invitation(ctx, id)
		if err != nil {
			return err
		}
		if err := i.Acceptable(a.now); err != nil && !fault.Is(err, "invitation_expired") {
			return err
		}
		if err := a.rights.Cover(i.Role); err != nil {
			return err
		}
		if err := a.org.RevokeInvitation(ctx, id, a.now); err != nil {
			return err
		}
		return a.record("invitation.revoked", string(id), map[string]string{"address": i.Email.String()}, sso.Settings{}.Changed(i.Settings())...)
	})
}
