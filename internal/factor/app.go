package factor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// App is a secret that is offered to a person, to be put into an authenticator
// app.
type App struct {
	Offer   string // for the form, with which it comes back
	Text    string // to be typed
	URI     string // to be opened on the same device
	Picture otp.Picture
}

// OfferApp makes a secret for a new authenticator app. An offer that the person
// has from before is shown again, so that what they have scanned stays good.
func (s *Service) OfferApp(act Act, before string) (App, error) {
	owner := act.Owner + string(act.User.ID)
	key, err := s.open(forApp, owner, fromText(before))
	if err != nil {
		key = otp.NewSecret()
		before = text(s.offer(forApp, owner, key))
	}
	account := act.User.Email.String()
	if account == "" {
		account = act.User.Name()
	}
	app := App{Offer: before, Text: otp.Secret(key).Text(), URI: otp.Secret(key).URI(s.Product, account)}
	app.Picture, err = otp.Draw(app.URI)
	return app, err
}

// AddApp adds the app that has the offered secret, which its code proves. The
// code counts as used: it proves nothing a second time.
func (s *Service) AddApp(ctx context.Context, tx *store.Writer, act Act, offer, code, name string) (sso.Factor, error) {
	now := s.Now()
	sealed, owner := fromText(offer), act.Owner+string(act.User.ID)
	key, err := s.open(forApp, owner, sealed)
	if err != nil {
		return sso.Factor{}, over(err)
	}
	step, ok := otp.Secret(key).Match(code, 0, now)
	if !ok {
		return sso.Factor{}, wrong() // the offer stays good for another try
	}
	if key, err = s.take(ctx, tx, forApp, owner, sealed); err != nil {
		return sso.Factor{}, err
	}
	if name, err = cleanName(name); err != nil {
		return sso.Factor{}, err
	}
	f := sso.Factor{ID: sso.NewFactorID(now), User: act.User.ID, Kind: sso.FactorTOTP, Name: name, Step: step, CreatedAt: now}
	f.Secret = s.Sealer.Seal(sso.FactorPlace(f.ID), key)
	return s.add(ctx, tx, act, f)
}

// UseApp proves the person by the code of one of their authenticator apps. A
// code that was used before is told apart: whoever has it waits for the next.
func (s *Service) UseApp(ctx context.Context, tx *store.Writer, user sso.UserID, code string) (sso.Factor, error) {
	now := s.Now()
	have, err := tx.Factors(ctx, user)
	if err != nil {
		return sso.Factor{}, err
	}
	used := false
	for _, f := range have {
		if f.Kind != sso.FactorTOTP {
			continue
		}
		plain, err := s.Sealer.Open(sso.FactorPlace(f.ID), f.Secret)
		if err != nil {
			return sso.Factor{}, fmt.Errorf("opening the secret of %s: %w", f.ID, err)
		}
		step, ok := otp.Secret(plain).Match(code, f.Step, now)
		if !ok {
			used = used || otp.Secret(plain).Used(code, f.Step, now)
			continue
		}
		err = tx.UseStep(ctx, f.ID, step, now)
		if errors.Is(err, store.ErrUsed) {
			return sso.Factor{}, codeUsed()
		}
		f.Step = step
		return f, err
	}
	if used {
		return sso.Factor{}, codeUsed()
	}
	return sso.Factor{}, wrong()
}

func codeUsed() error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "code_used", Want: "a code that was not used before", Fix: fault.PersonSide}
}
