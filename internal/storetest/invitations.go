package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) invitation(org sso.OrgID, address string) (sso.Invitation, secret.Hash) {
	w.Helper()
	at := w.later()
	return sso.Invitation{
		ID: sso.NewInvitationID(at), Org: org, Email: w.email(address), Role: sso.RoleMember, Groups: []string{"staff"}, Organizations: []sso.OrgID{"org_x"},
		Language: "de", By: "usr_x", CreatedAt: at, SentAt: at, ExpiresAt: at.Add(sso.InvitationLife),
	}, secret.NewToken().Hash()
}

func (w *world) addInvitation(org sso.OrgID, address string) (sso.Invitation, secret.Hash) {
	w.Helper()
	i, token := w.invitation(org, address)
	w.write(func(tx *store.Writer) error { return tx.Org(org).InsertInvitation(w.ctx, i, token) })
	return i, token
}

func invitationsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	r := w.reader()
	over, overToken := w.invitation(acme.ID, "over@acme.example")
	over.RevokedAt, over.AcceptedAt, over.AcceptedBy = w.later(), w.later(), "usr_y"
	full(w, over)
	missing[sso.Invitation](w, "Invitation()")(r.Invitation(ctx, overToken))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertInvitation(ctx, over, overToken) })
	same(w, "Invitation()", over, get[sso.Invitation](w, "Invitation()")(r.Invitation(ctx, overToken)))

	i, token := w.addInvitation(acme.ID, "Bob@acme.example")
	far, _ := w.addInvitation(other.ID, "bob@acme.example")
	twin, twinToken := w.invitation(acme.ID, "bob@acme.example")
	w.conflict(store.OpenInvitationTo, func(tx *store.Writer) error { return tx.Org(acme.ID).InsertInvitation(ctx, twin, twinToken) })
	same(w, "OpenInvitation()", i, get[sso.Invitation](w, "OpenInvitation()")(r.Org(acme.ID).OpenInvitation(ctx, twin.Email)))
	same(w, "Invitations()", []sso.Invitation{i, over}, get[[]sso.Invitation](w, "Invitations()")(r.Org(acme.ID).Invitations(ctx, store.Place{}, 10)))
	same(w, "Invitations() behind the first", []sso.Invitation{over},
		get[[]sso.Invitation](w, "Invitations()")(r.Org(acme.ID).Invitations(ctx, store.Place{At: i.CreatedAt, ID: string(i.ID)}, 10)))
	same(w, "InvitationsTo()", []sso.Invitation{i, far}, get[[]sso.Invitation](w, "InvitationsTo()")(r.InvitationsTo(ctx, i.Email, w.now)))
	none[sso.Invitation](w, "InvitationsTo() too late")(r.InvitationsTo(ctx, i.Email, w.now.Add(sso.InvitationLife+time.Hour)))

	i.Role, i.Groups, i.Organizations, i.Language, i.By = sso.RoleAdmin, nil, nil, "en", "usr_z"
	i.SentAt, i.ExpiresAt = w.later(), w.later().Add(sso.InvitationLife)
	renewed := secret.NewToken().Hash()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).RenewInvitation(ctx, i, renewed) })
	missing[sso.Invitation](w, "Invitation() by its old token")(r.Invitation(ctx, token))
	same(w, "a renewed invitation", i, get[sso.Invitation](w, "Invitation()")(r.Invitation(ctx, renewed)))

	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.AcceptInvitation(ctx, i.ID, "usr_b", i.ExpiresAt) })
	i.AcceptedAt, i.AcceptedBy = w.later(), "usr_b"
	w.write(func(tx *store.Writer) error { return tx.AcceptInvitation(ctx, i.ID, "usr_b", i.AcceptedAt) })
	same(w, "an accepted invitation", i, get[sso.Invitation](w, "Invitation()")(r.Org(acme.ID).Invitation(ctx, i.ID)))
	for what, act := range map[string]func(tx *store.Writer) error{
		"accepting": func(tx *store.Writer) error { return tx.AcceptInvitation(ctx, i.ID, "usr_c", w.later()) },
		"renewing":  func(tx *store.Writer) error { return tx.Org(acme.ID).RenewInvitation(ctx, i, token) },
		"revoking":  func(tx *store.Writer) error { return tx.Org(acme.ID).RevokeInvitation(ctx, i.ID, w.later()) },
	} {
		if err := w.db.Write(ctx, act); !errors.Is(err, store.ErrUsed) {
			w.Errorf("%s one that was accepted: %v, want ErrUsed", what, err)
		}
	}

	second, secondToken := w.addInvitation(acme.ID, "bob@acme.example") // the first one is open no more
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.Org(other.ID).RevokeInvitation(ctx, second.ID, w.now) })
	same(w, "the open invitations to an address", []sso.Invitation{far, second}, get[[]sso.Invitation](w, "OpenInvitationsTo()")(r.OpenInvitationsTo(ctx, second.Email)))
	second.RevokedAt = w.later()
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).RevokeInvitation(ctx, second.ID, second.RevokedAt)
	})
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.AcceptInvitation(ctx, second.ID, "usr_b", w.now) })
	same(w, "a revoked invitation", second, get[sso.Invitation](w, "Invitation()")(r.Invitation(ctx, secondToken)))
	missing[sso.Invitation](w, "OpenInvitation() when none is")(r.Org(acme.ID).OpenInvitation(ctx, second.Email))
	same(w, "the open invitations to an address", []sso.Invitation{far}, get[[]sso.Invitation](w, "OpenInvitationsTo()")(r.OpenInvitationsTo(ctx, second.Email)))
}

func oneOfManyAccepts(w *world) {
	acme := w.addOrg("acme", nil)
	i, _ := w.addInvitation(acme.ID, "bob@acme.example")
	won := w.race(racers, store.ErrUsed, func(n int, tx *store.Writer) error {
		return tx.AcceptInvitation(w.ctx, i.ID, sso.UserID("usr_"+string(rune('a'+n))), w.now)
	})
	if won != 1 {
		w.Errorf("%d of %d accept one invitation", won, racers)
	}
}
