package inspect

import (
	"context"
	"errors"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// decision is one conflict in the course of being decided.
type decision struct {
	*authority.Act
	outbox     *notify.Outbox
	conflict   sso.Conflict
	connection sso.Connection
	rights     sso.Rights
}

// decide runs do in a transaction for an owner, and stores the remedy. Of any
// number who decide at the same time, one does.
func (s *Service) decide(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID, remedy sso.Remedy, do func(d *decision) error) error {
	return s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		d := &decision{Act: a, outbox: s.Outbox, rights: a.Rights()}
		var err error
		if d.conflict, err = a.In.Conflict(ctx, id); err != nil {
			return err
		}
		if d.connection, err = a.In.Connection(ctx, d.conflict.Connection); err != nil {
			return err
		}
		was := d.conflict.State
		if err := d.conflict.Decide(remedy, string(a.By()), a.Now); err != nil {
			return err
		}
		if err := do(d); err != nil {
			return err
		}
		return a.In.DecideConflict(ctx, d.conflict, was)
	})
}

// record writes a line of the audit list about the conflict.
func (d *decision) record(action, target string, detail map[string]string, changes ...sso.Change) error {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["conflict"], detail["kind"], detail["connection"] = string(d.conflict.ID), string(d.conflict.Kind), string(d.connection.ID)
	detail["asserted"] = d.conflict.Asserted.Email.String()
	return d.Record(action, target, detail, changes...)
}

// named reads one of those between whom it is decided.
func (d *decision) named(user sso.UserID) (sso.Standing, error) {
	if !d.conflict.Names(user) {
		return sso.Standing{}, store.ErrNotFound
	}
	return d.Tx.Standing(d.Ctx, user)
}

// Relink has the subject stand for one of the candidates from now on. Another
// subject that stood for them at the connection, and another user for whom this
// one stood, lose it. Whoever was signed in as one of them is signed out, and
// both hear of it.
func (s *Service) Relink(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID, to sso.UserID) error {
	return s.decide(ctx, who, org, id, sso.RemedyRelink, func(d *decision) error {
		them, err := d.named(to)
		if err != nil {
			return err
		}
		if err := d.rights.Relink(&d.Organization, &them); err != nil {
			return err
		}
		link := sso.Change{Field: "user", To: string(to)}
		lost, err := d.take(to)
		if err != nil {
			return err
		}
		if lost != nil {
			link.From = string(lost.ID)
		}
		links, err := d.Tx.LinksOfUser(ctx, to, d.connection.ID)
		if err != nil {
			return err
		}
		for _, l := range links {
			if err := d.In.DeleteLink(ctx, l.Connection, l.Subject, to); err != nil {
				return err
			}
		}
		if err := d.tie(to); err != nil {
			return err
		}
		if err := d.handOver(&them.User); err != nil {
			return err
		}
		return d.record("conflict.relinked", string(to), nil, link)
	})
}

// tie links the subject to a user, as it was named when it came: the connection
// may name people otherwise by now, and the same name be somebody else's.
func (d *decision) tie(to sso.UserID) error {
	return d.In.InsertLink(d.Ctx, sso.Link{
		Connection: d.connection.ID, Org: d.ID, Subject: d.conflict.Subject, User: to, Issuer: d.conflict.Asserted.Namespace, CreatedAt: d.Now, SeenAt: d.Now,
	})
}

// take takes the subject from whoever else it stands for, and returns them.
func (d *decision) take(to sso.UserID) (*sso.User, error) {
	link, err := d.Tx.Link(d.Ctx, d.connection.ID, d.conflict.Subject)
	if errors.Is(err, store.ErrNotFound) || err == nil && link.User == to {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	them, err := d.Tx.Standing(d.Ctx, link.User)
	if err != nil {
		return nil, err
	}
	if them.User.State != sso.UserDeleted {
		if err := d.rights.Recover(&them); err != nil {
			return nil, err
		}
	}
	if err := d.In.DeleteLink(d.Ctx, link.Connection, link.Subject, link.User); err != nil {
		return nil, err
	}
	return &them.User, d.handOver(&them.User)
}

// handOver signs somebody out whose account is opened by another key from now
// on, and tells them.
func (d *decision) handOver(u *sso.User) error {
	if _, err := d.Tx.EndSessionsOf(d.Ctx, u.ID, d.Now); err != nil {
		return err
	}
	return d.tell(u)
}

// tell tells somebody that another key opens their account.
func (d *decision) tell(u *sso.User) error {
	if u.Email.IsZero() || u.State == sso.UserDeleted {
		return nil
	}
	return d.outbox.Enqueue(d.Ctx, d.Tx, notify.Message{
		Channel: notify.Mail, Kind: notify.IdentityMoved, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language,
		Data: map[notify.Gap]string{notify.Organization: d.Name, notify.At: notify.Instant(d.Now)},
	})
}

// Merge has one account go up in another: what it was a member of, the other
// becomes too, in its own role where it has one; whoever signed in as it comes
// in as the other. It cannot be undone. Both are signed out, and hear of it.
func (s *Service) Merge(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID, into, from sso.UserID) error {
	return s.decide(ctx, who, org, id, sso.RemedyMerge, func(d *decision) error {
		stays, err := d.named(into)
		if err != nil {
			return err
		}
		goes, err := d.named(from)
		if err != nil {
			return err
		}
		if err := d.rights.Merge(&d.Organization, &stays, &goes); err != nil {
			return err
		}
		links, err := d.moveLinks(from, into)
		if err != nil {
			return err
		}
		if err := d.moveMemberships(&stays, &goes); err != nil {
			return err
		}
		if err := d.handOver(&stays.User); err != nil {
			return err
		}
		if !goes.User.Email.Same(stays.User.Email) {
			if err := d.tell(&goes.User); err != nil {
				return err
			}
		}
		if err := d.bury(from); err != nil {
			return err
		}
		return d.record("conflict.merged", string(into), map[string]string{
			"from": string(from), "address": goes.User.Email.String(), "organizations": strconv.Itoa(len(goes.Positions)), "links": strconv.Itoa(links),
		})
	})
}

// moveLinks gives all subjects that stood for one user to another, and that of
// the conflict where it is nobody's.
func (d *decision) moveLinks(from, into sso.UserID) (int, error) {
	links, err := d.Tx.AllLinksOf(d.Ctx, from)
	if err != nil {
		return 0, err
	}
	for _, l := range links {
		org, err := d.Tx.Organization(d.Ctx, l.Org)
		if err != nil {
			return 0, err
		}
		if !org.Within(d.ID) {
			return 0, &fault.Error{Kind: fault.Denied, Code: "conflict_guest", Want: "an account that no other customer's identity provider opens", Got: "one that is", Fix: fault.AdminSide}
		}
		in := d.Tx.Org(l.Org)
		if err := in.DeleteLink(d.Ctx, l.Connection, l.Subject, from); err != nil {
			return 0, err
		}
		l.User = into
		if err := in.InsertLink(d.Ctx, l.Link); err != nil {
			return 0, err
		}
	}
	_, err = d.Tx.Link(d.Ctx, d.connection.ID, d.conflict.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return len(links) + 1, d.tie(into)
	}
	return len(links), err
}

func (d *decision) moveMemberships(stays, goes *sso.Standing) error {
	for _, m := range sso.Merged(stays, goes, d.Now) {
		if err := d.Tx.Org(m.Org).SaveMembership(d.Ctx, m); err != nil {
			return err
		}
		if err := d.Tx.Org(m.Org).RemoveMembership(d.Ctx, goes.User.ID, d.Now); err != nil {
			return err
		}
	}
	return nil
}

// bury deletes an account that has gone up in another one. Its mark keeps no
// address: who comes with it is the other one.
func (d *decision) bury(user sso.UserID) error {
	if err := d.Tx.WipeCredentials(d.Ctx, user, d.Now); err != nil {
		return err
	}
	u, err := d.Tx.User(d.Ctx, user)
	if err != nil {
		return err
	}
	u.State, u.Username, u.Email, u.UpdatedAt = sso.UserDeleted, "", sso.Email{}, d.Now
	return d.Tx.Org(u.Home).SaveUser(d.Ctx, u)
}

// Invite invites the address as a guest, with a role that administers nothing.
// They come in by the mail, or by the same identity provider.
func (s *Service) Invite(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID, role sso.Role) error {
	return s.decide(ctx, who, org, id, sso.RemedyInvite, func(d *decision) error {
		if role != sso.RoleMember && role != sso.RoleRestricted {
			return &fault.Error{Kind: fault.Invalid, Code: "role_unknown", Want: "member or restricted", Got: string(role), Fix: fault.PersonSide}
		}
		e := d.conflict.Asserted.Email
		if err := d.invitable(e); err != nil {
			return err
		}
		i := sso.Invitation{
			ID: sso.NewInvitationID(d.Now), Org: d.ID, Email: e, Role: role, By: string(d.By()), CreatedAt: d.Now, SentAt: d.Now, ExpiresAt: d.Now.Add(sso.InvitationLife),
		}
		token := secret.NewToken()
		open, err := d.In.OpenInvitation(ctx, e)
		switch {
		case err == nil:
			i.ID, i.CreatedAt, i.Groups, i.Organizations, i.Language = open.ID, open.CreatedAt, open.Groups, open.Organizations, open.Language
			err = d.In.RenewInvitation(ctx, i, token.Hash())
		case errors.Is(err, store.ErrNotFound):
			err = d.In.InsertInvitation(ctx, i, token.Hash())
		}
		if err != nil {
			return err
		}
		if err := d.mail(&i, token); err != nil {
			return err
		}
		return d.record("conflict.invited", string(i.ID), nil, i.Settings().Changed(nil)...)
	})
}

// invitable refuses to invite who is somebody here already, and an address of a
// domain that others have proved.
func (d *decision) invitable(e sso.Email) error {
	users, err := d.Tx.UsersByEmail(d.Ctx, e)
	if err != nil {
		return err
	}
	for i := range users {
		if _, err := d.In.Membership(d.Ctx, users[i].ID); err == nil {
			return &fault.Error{Kind: fault.Conflict, Code: "invitation_member", Got: e.String(), Fix: fault.PersonSide}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	claim, err := routing.Claim(d.Ctx, d.Tx.Reader, e)
	if err != nil {
		return err
	}
	return d.rights.GiveAddress(e, &d.Organization, claim)
}

func (d *decision) mail(i *sso.Invitation, token secret.Token) error {
	by, err := d.Tx.User(d.Ctx, d.By())
	if err != nil {
		return err
	}
	return d.outbox.Enqueue(d.Ctx, d.Tx, notify.Message{
		Channel: notify.Mail, Kind: notify.Invitation, Org: d.ID, To: i.Email.String(), Language: i.Language, Until: i.ExpiresAt,
		Data: map[notify.Gap]string{
			notify.Organization: d.Name, notify.Inviter: by.Name(), notify.Link: recovery.InvitationPath + token.Reveal(), notify.Until: notify.Instant(i.ExpiresAt),
		},
	})
}

// Allow lets the subject come back as a new user, with the next sign-in. What
// was deleted stays deleted.
func (s *Service) Allow(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID) error {
	return s.decide(ctx, who, org, id, sso.RemedyAllow, func(d *decision) error {
		link, err := d.Tx.Link(ctx, d.connection.ID, d.conflict.Subject)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case !d.conflict.Names(link.User):
			return &fault.Error{Kind: fault.Conflict, Code: "conflict_remedy", Want: "a subject that stands for nobody", Got: "one that stands for somebody by now", Fix: fault.PersonSide}
		default:
			if err := d.In.DeleteLink(ctx, link.Connection, link.Subject, link.User); err != nil {
				return err
			}
		}
		return d.record("conflict.allowed", string(d.conflict.ID), nil)
	})
}

// Refuse keeps the answer no. The conflict can still be decided otherwise.
func (s *Service) Refuse(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.ConflictID) error {
	return s.decide(ctx, who, org, id, sso.RemedyRefuse, func(d *decision) error {
		return d.record("conflict.refused", string(d.conflict.ID), nil)
	})
}
