package authority

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Links makes setup links, for owners and for operators.
type Links struct {
	Outbox *notify.Outbox
}

// NewLink is a setup link that somebody asks for.
type NewLink struct {
	sso.NewSetupLink
	Mail string // address to which it is sent; "": nobody is written to
}

// SetupLinkPath is where a setup link leads; its token follows.
const SetupLinkPath = "/setup/"

// Make stores a setup link of an organization, made by this user, with its line
// in the audit list, and sends it where it says so. What it returns is the only
// copy of the token.
func (l Links) Make(ctx context.Context, tx *store.Writer, org *sso.Organization, by *sso.User, in NewLink, event sso.Event) (sso.SetupLink, secret.Token, error) {
	link, err := in.Make(org.ID, by.ID, event.At)
	if err != nil {
		return link, secret.Token{}, err
	}
	token := secret.NewToken()
	if err := tx.Org(org.ID).InsertSetupLink(ctx, link, token.Hash()); err != nil {
		return link, secret.Token{}, err
	}
	event.Org, event.Action, event.Target = org.ID, "setup_link.created", string(link.ID)
	event.Detail, event.Changes = map[string]string{"mail": in.Mail}, link.Settings().Changed(nil)
	if err := tx.Record(ctx, event); err != nil || in.Mail == "" {
		return link, token, err
	}
	if err := (backoff.Limiter{Now: l.Outbox.Now}).Letter(ctx, tx, org.Path[0]); err != nil {
		return link, secret.Token{}, err
	}
	return link, token, l.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.SetupLink, Org: org.ID, To: in.Mail, Language: by.Language, Until: link.ExpiresAt,
		Data: map[notify.Gap]string{
			notify.Organization: org.Name, notify.Inviter: by.Name(), notify.Link: SetupLinkPath + token.Reveal(), notify.Until: notify.Instant(link.ExpiresAt),
		},
	})
}

// Revoke closes a setup link of an organization for good, with its line in the
// audit list. One that is closed already stays as it is.
func (Links) Revoke(ctx context.Context, tx *store.Writer, org sso.OrgID, id sso.SetupLinkID, event sso.Event) error {
	link, err := tx.Org(org).SetupLink(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: string(id), Fix: fault.PersonSide}
	}
	if err != nil || !link.RevokedAt.IsZero() {
		return err
	}
	if err := tx.Org(org).RevokeSetupLink(ctx, id, event.At); err != nil {
		return err
	}
	event.Org, event.Action, event.Target, event.Detail = org, "setup_link.revoked", string(id), map[string]string{"note": link.Note}
	event.Changes = sso.Settings{}.Changed(link.Settings())
	return tx.Record(ctx, event)
}
