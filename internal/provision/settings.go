package provision

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Settings are what an owner decides about how the organization shows.
type Settings struct {
	Version int64 // of the organization that was looked at; 0: whichever there is by now
	Name    string
	Accent  string // colour, as #rrggbb; "": the deployment's
	Logo    sso.NewLogo
}

// SaveSettings changes how an organization shows. Only owners do.
func (s *Service) SaveSettings(ctx context.Context, by *sso.By, org sso.OrgID, to Settings) error {
	name, err := organizationName(to.Name)
	if err != nil {
		return err
	}
	accent, err := sso.ParseAccent(to.Accent)
	if err != nil {
		return err
	}
	logo, err := to.Logo.Drawn()
	if err != nil {
		return err
	}
	return s.change(ctx, by, org, func(a *act) error {
		if err := a.rights.Govern(); err != nil {
			return err
		}
		if to.Version != 0 && a.place.Version != to.Version {
			return store.ErrConflict
		}
		was := a.place
		a.place.Name, a.place.Brand.Accent, a.place.Brand.Logo = name, accent, sso.LogoAfter(org, was.Brand.Logo, logo)
		if a.place.Brand.Logo != was.Brand.Logo {
			if err := a.org.SaveLogo(ctx, a.place.Brand.Logo, logo.Picture, a.now); err != nil {
				return err
			}
		}
		if was.Name == name && was.Brand == a.place.Brand {
			return nil
		}
		a.place.UpdatedAt = a.now
		if err := a.tx.SaveOrganization(ctx, a.place); err != nil {
			return err
		}
		if was.Name != name {
			if err := a.record("organization.renamed", string(org), nil, sso.Change{Field: "name", From: was.Name, To: name}); err != nil {
				return err
			}
		}
		if was.Brand == a.place.Brand {
			return nil
		}
		was.Name = name // of that the line before tells
		return a.record("organization.brand_changed", string(org), nil, a.place.Settings().Changed(was.Settings())...)
	})
}

// LogoOf returns the picture of this hash, as PNG.
func (s *Service) LogoOf(ctx context.Context, hash string) ([]byte, error) {
	var picture []byte
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		picture, err = r.Logo(ctx, strings.TrimSuffix(hash, ".png"))
		return err
	})
	return picture, err
}

// Brand returns the brand that the people of an organization see, or that of
// the organization at which a sign-in was begun, where there is no
// organization.
func (s *Service) Brand(ctx context.Context, org sso.OrgID, attempt sso.AttemptID) (sso.Brand, error) {
	var b sso.Brand
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		switch {
		case org != "":
			b, err = r.BrandOf(ctx, org)
		case attempt != "":
			b, err = r.BrandOfAttempt(ctx, attempt)
		}
		return err
	})
	return b, err
}
