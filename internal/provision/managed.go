package provision

import (
	"context"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Managed reports whether the identity provider says who there is in an
// organization, so that nobody is added or deleted by hand.
func (s *Service) Managed(ctx context.Context, in *Place) (bool, error) {
	var managed bool
	err := s.read(ctx, func(r *store.Reader) error {
		err := listedByHand(ctx, r, &in.Organization)
		if managed = fault.Is(err, "people_managed"); managed {
			return nil
		}
		return err
	})
	return managed, err
}

// listedByHand refuses to add and delete people where the identity provider
// says who there is.
func (a *act) listedByHand() error { return listedByHand(a.ctx, a.tx.Reader, &a.place) }

func listedByHand(ctx context.Context, r *store.Reader, o *sso.Organization) error {
	line := []sso.Organization{*o}
	if len(o.Path) > 1 {
		var err error
		if line, err = r.Lineage(ctx, o.ID); err != nil {
			return err
		}
	}
	return sso.ListedByHand(line)
}

// manageable refuses to leave the list of people to an identity provider that
// there is not: nobody could be added any more.
func (a *act) manageable() error {
	active, err := a.tx.ActiveConnections(a.ctx, a.place.Path)
	if err != nil {
		return err
	}
	if len(active) == 0 || !a.place.Policy.SSOOn() {
		return &fault.Error{Kind: fault.Conflict, Code: "people_managed_by_nobody", Want: "a connection that is active", Got: "none", Fix: fault.AdminSide}
	}
	return nil
}
