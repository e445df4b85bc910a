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
	return s.decide(ctx, e, digest, "connection.change_approved", func(w *sso.Watch, c *sso.Connection) error {
		if err := w.Approve(c, digest); err != nil {
			return err
		}
		return fits(c)
	})
}

// Refuse leaves a connection as it is, whatever its identity provider
// publishes. The same change is not asked about again, so this is decided by
// whoever may approve it.
func (s *Service) Refuse(ctx context.Context, e *Edit, digest string) error {
	return s.decide(ctx, e, digest, "connection.change_refused", func(w *sso.Watch, _ *sso.Connection) error { return w.Refuse(digest) })
}

// decide ends the waiting of the change under this digest.
func (s *Service) decide(ctx context.Context, e *Edit, digest, action string, end func(*sso.Watch, *sso.Connection) error) error {
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
		if (d.EntityID || d.Hosts) && a.Link != nil {
			return &fault.Error{Kind: fault.Denied, Code: "setup_link_scope", Want: "an owner", Got: string(a.Link.Scope), Fix: fault.AdminSide}
		}
		before := c.Settings()
		if err := end(&w, c); err != nil {
			return err
		}
		if err := a.In.SaveWatch(ctx, w); err != nil {
			return err
		}
		return a.Record(action, string(c.ID), map[string]string{"changed": words(&d)}, c.Settings().Changed(before)...)
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
