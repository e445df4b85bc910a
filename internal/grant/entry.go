package grant

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// enter refuses a session whose person the app does not let in. It is asked
// when a code is about to be issued. The person sees a page that says why, and
// whom to ask: at the app they could do nothing about it. An app that wants no
// page is told access_denied.
func (s *Service) enter(ctx context.Context, app *sso.App, request *oidc.AuthorizeRequest, session sso.SessionID) error {
	err := app.On()
	if err == nil && app.Restricts() {
		err = s.DB.Read(ctx, func(r *store.Reader) error {
			p, err := r.PersonBySession(ctx, session)
			if err != nil {
				return err
			}
			return admit(ctx, r, app, &p)
		})
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Denied && request.Prompt.Has(oidc.PromptNone) {
		return request.Refuse(oidc.AccessDenied, "the person may not use this application")
	}
	return err
}

// admit refuses a person whom the app does not let in.
func admit(ctx context.Context, r *store.Reader, app *sso.App, p *sso.Person) error {
	var above []sso.Organization
	if app.AsksAbove(&p.Org) {
		var err error
		if above, err = r.Settings().Lineage(ctx, p.Org.ID); err != nil {
			return err
		}
	}
	return app.Admits(p, above)
}

// noteSecret notes that a secret of the app is in use, where that was not noted
// within the hour.
func noteSecret(ctx context.Context, tx *store.Writer, app *sso.App, by *oidc.Credentials, now time.Time) error {
	if app.AuthMethod != sso.AuthSecret || by.Secret.IsZero() {
		return nil
	}
	s, ok := app.SecretOf(by.Secret.Hash())
	if !ok || s.Noted(now) {
		return nil
	}
	return tx.UseAppSecret(ctx, s.ID, now)
}
