package connect

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Opened is a setup link as whoever has it sees it before they go in.
type Opened struct {
	Link         sso.SetupLink
	Organization sso.Organization
	From         string // name of who made it; "": one of the vendor's
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
		if o.Organization, err = r.Organization(ctx, o.Link.Org); err != nil {
			return err
		}
		by, err := r.User(ctx, o.Link.By)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		// Operators stand for the vendor.
		home, err := r.Lineage(ctx, o.Organization.ID)
		if slices.ContainsFunc(home, func(h sso.Organization) bool { return h.ID == by.Home }) {
			o.From = by.Name()
		}
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

// SetupLinksPage is how many setup links one page has.
const SetupLinksPage = 50

// SetupLinks is a page of the setup links of an organization.
type SetupLinks struct {
	Links []sso.SetupLink
	Names map[string]string // of who made them
	Next  store.Place       // where the next page begins; zero: there is none
}

// SetupLinks returns a page of the setup links of the organization of a place,
// the latest first.
func (s *Service) SetupLinks(ctx context.Context, p *authority.Place, after store.Place) (SetupLinks, error) {
	var page SetupLinks
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		all, err := r.Org(p.ID).SetupLinks(ctx, after, SetupLinksPage+1)
		if err != nil {
			return err
		}
		page = SetupLinks{Links: all}
		if len(all) > SetupLinksPage {
			page.Links = all[:SetupLinksPage]
			last := &page.Links[SetupLinksPage-1]
			page.Next = store.Place{At: last.CreatedAt, ID: string(last.ID)}
		}
		var by []sso.Event
		for i := range page.Links {
			by = append(by, sso.Event{Actor: string(page.Links[i].By)})
		}
		page.Names, err = r.NamesIn(ctx, by)
		return err
	})
	return page, err
}

// CreateSetupLink makes a setup link, and returns its token, of which there is
// no other copy.
func (s *Service) CreateSetupLink(ctx context.Context, who *authority.Who, org sso.OrgID, in authority.NewLink) (link sso.SetupLink, token secret.Token, err error) {
	if in.Mail != "" {
		if err := s.Limits.Allow(ctx, backoff.Messages(who.By.User.ID)); err != nil {
			return link, token, err
		}
	}
	err = s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		link, token, err = authority.Links{Outbox: s.Outbox}.Make(ctx, a.Tx, &a.Organization, a.Person(), in, a.Event())
		return err
	})
	return link, token, err
}

// RevokeSetupLink closes a setup link for good.
func (s *Service) RevokeSetupLink(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.SetupLinkID) error {
	return s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		return authority.Links{Outbox: s.Outbox}.Revoke(ctx, a.Tx, org, id, a.Event())
	})
}
