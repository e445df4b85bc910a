package signin

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// AskedBy is who wants a second factor, where it is not the organization alone.
type AskedBy struct {
	App string // its name; "": the organization does
	Key bool   // it is content with nothing but a security key or passkey
}

// askedBy returns which app wants the second factor that an attempt waits for.
// One that would like it is none where the person has nothing that fits: then
// it is the organization that asks.
func askedBy(ctx context.Context, r *store.Reader, a *sso.Attempt, have []sso.Factor) (AskedBy, error) {
	fits := func(f sso.Factor) bool { return a.Demand.Fits(f.Kind) }
	if a.Demand.Met(a.Proof.AMR) || !a.Demand.Insists() && !slices.ContainsFunc(have, fits) {
		return AskedBy{}, nil
	}
	app, err := r.App(ctx, a.App)
	if errors.Is(err, store.ErrNotFound) { // deleted this very moment
		return AskedBy{}, nil
	}
	return AskedBy{App: app.Name, Key: !a.Demand.Fits(sso.FactorTOTP)}, err
}
