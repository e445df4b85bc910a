package operate

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// CreateSetupLink makes a setup link of a customer's organization, and returns
// its token, of which there is no other copy.
func (s *Service) CreateSetupLink(ctx context.Context, by *sso.By, key string, in authority.NewLink) (link sso.SetupLink, token secret.Token, err error) {
	if err := mayChange(by); err != nil {
		return link, token, err
	}
	err = s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		o, err := customer(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		link, token, err = s.Links.Make(ctx, tx, &o, &by.User, in, by.Event(s.Now(), "", "", nil))
		return err
	})
	return link, token, err
}

// RevokeSetupLink closes a setup link of a customer's organization for good.
func (s *Service) RevokeSetupLink(ctx context.Context, by *sso.By, key string, id sso.SetupLinkID) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		o, err := customer(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		return s.Links.Revoke(ctx, tx, o.ID, id, by.Event(s.Now(), "", "", nil))
	})
}

// Vouch verifies a claim to a domain on the operator's word, unless another
// organization has proved it.
func (s *Service) Vouch(ctx context.Context, by *sso.By, key, name string) error {
	return s.changeDomain(ctx, by, key, name, "domain.vouched", func(tx *store.Writer, d *sso.Domain) error {
		if d.State == sso.DomainVerified {
			return errSame
		}
		_, err := tx.VerifiedDomain(ctx, d.Name)
		if err == nil {
			return taken(d)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		d.Vouch(s.Now())
		return nil
	})
}

func taken(d *sso.Domain) error {
	return &fault.Error{Kind: fault.Conflict, Code: "domain_taken", Want: "a domain that is not verified for another organization", Got: d.Name, Fix: fault.OperatorSide}
}

// Unvouch takes the operator's word back. A proof by DNS stands by itself.
func (s *Service) Unvouch(ctx context.Context, by *sso.By, key, name string) error {
	return s.changeDomain(ctx, by, key, name, "domain.vouch_withdrawn", func(_ *store.Writer, d *sso.Domain) error {
		if d.Proof != sso.ProofVouched {
			return errSame
		}
		d.Unvouch(s.Now())
		return nil
	})
}

// changeDomain runs one change of a claim of a customer's organization with its
// audit line.
func (s *Service) changeDomain(ctx context.Context, by *sso.By, key, name, action string, do func(*store.Writer, *sso.Domain) error) error {
	if err := mayChange(by); err != nil {
		return err
	}
	err := s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		o, err := customer(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		d, err := tx.Org(o.ID).Domain(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: name, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		before := d.Settings()
		if err := do(tx, &d); err != nil {
			return err
		}
		err = tx.Org(o.ID).SaveDomain(ctx, d)
		if store.ConflictOn(err, store.VerifiedDomainName) { // at this moment
			return taken(&d)
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, by, s.Now(), o.ID, action, name, nil, d.Settings().Changed(before)...)
	})
	if fault.Is(err, errSame.Code) {
		return nil
	}
	return err
}
