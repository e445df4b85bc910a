package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// rest stores what there is less of, as the program does itself.
func (f *filler) rest(ctx context.Context) error {
	if len(f.some) == 0 {
		return nil
	}
	for _, fill := range []func(context.Context) error{f.guests, f.invitations, f.sessions, f.messages, f.counts} {
		if err := fill(ctx); err != nil {
			return err
		}
	}
	return nil
}

// guests makes some people members of further organizations, and one of very
// many.
func (f *filler) guests(ctx context.Context) error {
	n := min(f.Events/100, f.Organizations-treeOrgs)
	return f.inBatches(ctx, "memberships of guests", n, func(tx *store.Writer, from, to int) error {
		for i := from; i < to; i++ {
			u, org := f.some[0], f.orgs[treeOrgs+i]
			if i >= 300 {
				u, org = pick(f.some[1:], i), f.orgs[i%largeOrgs]
			}
			if org == u.Home {
				continue
			}
			at := f.past(i, 30)
			if err := tx.Org(org).SaveMembership(ctx, sso.Membership{Org: org, User: u.ID, Role: sso.RoleMember, CreatedAt: at, UpdatedAt: at}); err != nil {
				return err
			}
		}
		return nil
	})
}

// invitations invites people, and takes some of it back.
func (f *filler) invitations(ctx context.Context) error {
	return f.inBatches(ctx, "invitations", f.Events/10, func(tx *store.Writer, from, to int) error {
		for i := from; i < to; i++ {
			email, err := sso.ParseEmail(fmt.Sprintf("guest.%d@guest.example", i))
			if err != nil {
				return err
			}
			at, org := f.past(i, 60), f.orgs[f.someOrg(i)]
			in := sso.Invitation{
				ID: sso.NewInvitationID(at), Org: org, Email: email, Role: sso.RoleMember, By: string(f.some[0].ID), CreatedAt: at, SentAt: at, ExpiresAt: at.Add(sso.InvitationLife),
			}
			if i%7 == 0 {
				in.RevokedAt = at.Add(time.Hour)
			}
			if err := tx.Org(org).InsertInvitation(ctx, in, secret.NewToken().Hash()); err != nil {
				return err
			}
		}
		return nil
	})
}

// sessions signs people in, one of them very often.
func (f *filler) sessions(ctx context.Context) error {
	return f.inBatches(ctx, "sessions", f.Events/10, func(tx *store.Writer, from, to int) error {
		for i := from; i < to; i++ {
			u := f.some[0]
			if i%20 > 0 {
				u = pick(f.some, mix(i))
			}
			at := f.past(i, 7)
			s := sso.Session{
				ID: sso.NewSessionID(at), User: u.ID, Org: u.Home, AMR: []string{"pwd"}, AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: f.now.Add(sso.SessionLife),
				UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", Address: "192.0.2.1",
			}
			if err := tx.InsertSession(ctx, s, secret.NewToken().Hash()); err != nil {
				return err
			}
		}
		return nil
	})
}

// messages leaves messages in the outbox: half were given up.
func (f *filler) messages(ctx context.Context) error {
	return f.inBatches(ctx, "messages", f.Events/10, func(tx *store.Writer, from, to int) error {
		for i := from; i < to; i++ {
			u, at := pick(f.some, mix(i)), f.past(i, 3)
			m := store.OutboxMessage{
				ID: sso.NewMessageID(at), Channel: "mail", Kind: "invitation", Org: u.Home, User: u.ID, To: u.Email.String(), Language: "en", CreatedAt: at, DueAt: f.now.Add(sso.SessionLife), ExpiresAt: f.now.Add(sso.SessionLife),
			}
			if err := tx.InsertMessage(ctx, m); err != nil {
				return err
			}
			if i%2 == 0 {
				m.State, m.DoneAt, m.Code = store.MessageDead, f.now, "message_expired"
				if err := tx.SettleMessage(ctx, m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// counts adds the sign-ins of each hour up, as a job does.
func (f *filler) counts(ctx context.Context) error {
	const hours = 30 * 24
	first := f.now.Truncate(time.Hour).Add(-hours * time.Hour)
	return f.inBatches(ctx, "hours of sign-ins", hours, func(tx *store.Writer, from, to int) error {
		for i := from; i < to; i++ {
			if err := tx.CountSignIns(ctx, first.Add(time.Duration(i)*time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
}
