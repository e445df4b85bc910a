package connect

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Watching is what is known of what an identity provider publishes.
type Watching struct {
	sso.WatchState
	URL string // that is read; "": none
	// Change is what waits for a decision under Digest; zero: nothing does.
	Change  sso.Difference
	Digest  string
	Added   []Certificate
	Removed []Certificate
}

// watching reads what is known of what the identity provider of c publishes.
func watching(ctx context.Context, r *store.OrgReader, c *sso.Connection) (Watching, error) {
	w, err := r.Watch(ctx, c.ID)
	if err != nil {
		return Watching{}, err
	}
	out := Watching{URL: c.SAML.MetadataURL}
	if w.Seen.URL != out.URL || out.URL == "" {
		return out, nil
	}
	out.WatchState = w.Seen
	if w.Seen.HeldAt.IsZero() {
		return out, nil
	}
	var fresh [][]byte
	out.Change, fresh = w.Compare(c, &w.Seen.Held, saml.MaxKeys)
	out.Digest = w.Seen.Held.Digest()
	for _, der := range append(out.Change.Added, fresh...) {
		out.Added = append(out.Added, certificateOf(der))
	}
	for _, der := range out.Change.Removed {
		out.Removed = append(out.Removed, certificateOf(der))
	}
	return out, nil
}

// words names what is different, for the audit list.
func words(d *sso.Difference) string {
	different := map[string]bool{"entity_id": d.EntityID, "endpoints": d.SignOn, "logout_to": d.Logout, "certificates": len(d.Removed)+len(d.Added) > 0}
	maps.DeleteFunc(different, func(_ string, is bool) bool { return !is })
	return strings.Join(slices.Sorted(maps.Keys(different)), ", ")
}

// Approve has a connection go by the change that waits under this digest. That
// the identity provider is another one from now on, as which its people are
// recognised, only an owner says.
func (s *Service) Approve(ctx context.Context, e *Edit, digest string) error {
	_, err := s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error {
		w, err := a.In.Watch(ctx, c.ID)
		if err != nil {
			return err
		}
		p, err := w.Waiting(digest)
		if err != nil {
			return err
		}
		d, _ := w.Compare(c, p, saml.MaxKeys)
		if err := mayDecide(a, &d); err != nil {
			return err
		}
		if err := w.Approve(c, digest); err != nil {
			return err
		}
		if err := fits(c); err != nil {
			return err
		}
		if err := a.In.SaveWatch(ctx, w); err != nil {
			return err
		}
		return a.Record("connection.change_approved", string(c.ID), map[string]string{"changed": words(&d)})
	})
	return err
}

// mayDecide refuses the holder of a setup link what is an owner's to decide:
// whether the identity provider is another one, so also that nobody is asked
// about it any more.
func mayDecide(a *authority.Act, d *sso.Difference) error {
	if (d.EntityID || d.Hosts) && a.Link != nil {
		return &fault.Error{Kind: fault.Denied, Code: "setup_link_scope", Want: "an owner", Got: string(a.Link.Scope), Fix: fault.AdminSide}
	}
	return nil
}

// Refuse leaves a connection as it is, whatever its identity provider
// publishes. The same change is not asked about again.
func (s *Service) Refuse(ctx context.Context, e *Edit, digest string) error {
	_, err := s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error {
		w, err := a.In.Watch(ctx, c.ID)
		if err != nil {
			return err
		}
		p, err := w.Waiting(digest)
		if err != nil {
			return err
		}
		d, _ := w.Compare(c, p, saml.MaxKeys)
		if err := mayDecide(a, &d); err != nil {
			return err
		}
		if err := w.Refuse(digest); err != nil {
			return err
		}
		if err := a.In.SaveWatch(ctx, w); err != nil {
			return err
		}
		return a.Record("connection.change_refused", string(c.ID), map[string]string{"changed": words(&d)})
	})
	return err
}

// ReadAgain has the metadata of a connection read soon, because somebody asks
// for it.
func (s *Service) ReadAgain(ctx context.Context, e *Edit) error {
	return s.Authority.Change(ctx, e.Who, e.Org, authority.Setup, func(a *authority.Act) error {
		c, err := connectionOf(ctx, a.Tx.Reader, a.ID, e.Key)
		if err != nil {
			return err
		}
		return a.In.AskWatch(ctx, c.ID, a.Now, a.Now.Add(-sso.WatchAsked))
	})
}
