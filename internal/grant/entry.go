package grant

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// enter refuses a session whose person the app does not let in. It is asked
// when a code is about to be issued. The person sees a page that says why, and
// whom to ask: at the app they could do nothing about it. An app that wants no
// page is told access_denied.
func (s place) enter(ctx context.Context, app *sso.App, request *oidc.AuthorizeRequest, session sso.SessionID) error {
	err := app.On()
	if err == nil && app.Restricts() {
		var p sso.Person
		err = s.read(ctx, func(r *store.Reader) error {
			var err error
			if p, err = r.PersonBySession(ctx, session); err != nil {
				return err
			}
			return admit(ctx, r, app, &p)
		})
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Denied {
			if err := s.refusedEntry(ctx, app, &p, f); err != nil {
				return err
			}
		}
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Denied && request.Prompt.Has(oidc.PromptNone) {
		return request.Refuse(oidc.AccessDenied, "the person may not use this application")
	}
	return err
}

// refusedEntry writes down that an app does not let somebody in: a few times for
// each, who can ask as often as they like.
func (s place) refusedEntry(ctx context.Context, app *sso.App, p *sso.Person, f *fault.Error) error {
	return s.write(ctx, func(tx *store.Writer) error {
		left, err := s.Limits.Take(ctx, tx, backoff.Entries(app.ID, p.User.ID))
		if err != nil || !left {
			return err
		}
		e := sso.Event{
			Org: p.Org.ID, At: s.Now(), Actor: string(p.User.ID), Address: p.Session.Address, UserAgent: p.Session.UserAgent,
			Action: "app.refused", Target: string(app.ID), Detail: map[string]string{"code": f.Code},
		}
		if p.Session.ActedAs() {
			e.Actor, e.OnBehalf = string(p.Session.Actor), p.User.ID
		}
		return tx.Record(ctx, e)
	})
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

// inUse returns the secret by which an app has proved itself, where this node
// has to note that it is in use; "": there is none, or that was noted within the
// hour.
func (s *Service) inUse(app *sso.App, by *oidc.Credentials, now time.Time) sso.AppSecretID {
	if app.AuthMethod != sso.AuthSecret || by.Secret.IsZero() {
		return ""
	}
	used, ok := app.SecretOf(by.Secret.Sum())
	if !ok {
		return ""
	}
	if v, ok := s.noted.Load(used.ID); ok {
		if at, ok := v.(time.Time); ok && now.Sub(at) < sso.SecretUse {
			return ""
		}
	}
	return used.ID
}

// noteUse notes that a secret is in use.
func noteUse(ctx context.Context, tx *store.Writer, id sso.AppSecretID, now time.Time) error {
	if id == "" {
		return nil
	}
	return tx.UseAppSecret(ctx, id, now)
}
