package connect

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Opened is a setup link as whoever has it sees it before they go in.
type Opened struct {
	Link         sso.SetupLink
	Organization sso.Organization
}

// SetupLink returns the setup link with this token, or the fault
// setup_link_over. Looking at it changes nothing.
func (s *Service) SetupLink(ctx context.Context, token secret.Token) (Opened, error) {
	var o Opened
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if o.Link, err = r.SetupLink(ctx, token.Hash()); err != nil {
			return err
		}
		o.Organization, err = r.Organization(ctx, o.Link.Org)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Opened{}, sso.NoSetupLink()
	}
	if err != nil {
		return Opened{}, err
	}
	return o, o.Link.Usable(s.Now())
}

// OpenSetupLink notes, in the audit list too, that somebody went in by a setup
// link, from this address.
func (s *Service) OpenSetupLink(ctx context.Context, token secret.Token, address string) (Opened, error) {
	var o Opened
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		if o.Link, err = tx.SetupLink(ctx, token.Hash()); errors.Is(err, store.ErrNotFound) {
			return sso.NoSetupLink()
		}
		if err != nil {
			return err
		}
		now := s.Now()
		if err := o.Link.Usable(now); err != nil {
			return err
		}
		if o.Organization, err = tx.Organization(ctx, o.Link.Org); err != nil {
			return err
		}
		org := tx.Org(o.Link.Org)
		if err := org.NoteSetupLink(ctx, o.Link.ID, now); err != nil {
			return err
		}
		return org.Record(ctx, o.Link.Event(now, address, "setup_link.opened", string(o.Link.ID), map[string]string{"note": o.Link.Note}))
	})
	return o, err
}
