package enforce

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Shadows are the settings of a connection beside those that are live.
type Shadows struct {
	sso.Connection
	Prepared *sso.Shadow // nil: none are prepared
	Former   *sso.Shadow // the way back; nil: there is none
	Tested   int         // different people who have passed a test of the prepared ones as they are, two at most
	Linked   int         // people whom the connection signs in
	Differs  []string    // in what the prepared ones differ, by the names of the settings
}

// enough is how many different people a test is looked for of.
const enough = 2

// OtherIdP reports whether the prepared settings are of another identity
// provider than the live ones.
func (s *Shadows) OtherIdP() bool {
	return s.Prepared != nil && s.Prepared.SAML.IdPEntityID != s.SAML.IdPEntityID
}

// Ready refuses to swap settings with which nobody can sign in, that nobody has
// tried, or that are those that are live.
func (s *Shadows) Ready() error {
	if s.Prepared == nil {
		return sso.NoShadow(sso.Prepared)
	}
	c := s.Connection
	if _, err := c.Swap(s.Prepared, s.Former, s.UpdatedAt); err != nil {
		return err
	}
	if s.Tested == 0 {
		return &fault.Error{Kind: fault.Conflict, Code: "connection_untested", Want: "a test of the prepared settings as they are", Got: "none", Fix: fault.AdminSide}
	}
	return nil
}

// Shadows returns what there is beside the live settings of a connection of the
// organization of a place, by its key.
func (s *Service) Shadows(ctx context.Context, p *authority.Place, key string) (Shadows, error) {
	var out Shadows
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		out, err = shadowsOf(ctx, r, p.ID, key)
		return err
	})
	return out, err
}

func shadowsOf(ctx context.Context, r *store.Reader, id sso.OrgID, key string) (Shadows, error) {
	c, err := r.ConnectionByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Org != id {
		return Shadows{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: key, Fix: fault.PersonSide}
	}
	if err != nil {
		return Shadows{}, err
	}
	out, org := Shadows{Connection: c}, r.Org(id)
	for which, to := range map[sso.Which]**sso.Shadow{sso.Prepared: &out.Prepared, sso.Former: &out.Former} {
		found, err := org.Shadow(ctx, c.ID, which)
		switch {
		case err == nil:
			*to = &found
		case !errors.Is(err, store.ErrNotFound):
			return Shadows{}, err
		}
	}
	if out.Linked, err = org.LinkedUsers(ctx, c.ID); err != nil || out.Prepared == nil {
		return out, err
	}
	next := c.Beside(out.Prepared)
	out.Differs = differs(&c, &next)
	subjects, err := org.TestSubjects(ctx, c.ID, next.Fingerprint(), enough)
	out.Tested = len(subjects)
	return out, err
}

// differs lists in what two settings of a connection differ.
func differs(a, b *sso.Connection) []string {
	var names []string
	if a.Attributes != b.Attributes {
		names = append(names, "attributes")
	}
	from, to := reflect.ValueOf(a.SAML), reflect.ValueOf(b.SAML)
	for i := range from.NumField() {
		if !reflect.DeepEqual(from.Field(i).Interface(), to.Field(i).Interface()) {
			name, _, _ := strings.Cut(from.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Seen names a connection, and the versions of its settings that somebody has
// seen who changes which of them are live.
type Seen struct {
	Who     *authority.Who
	Org     sso.OrgID
	Key     string
	Version int64 // of the live ones
	Beside  int64 // of the others
}

// Prepare makes settings beside the live ones, which they are like at first.
func (s *Service) Prepare(ctx context.Context, who *authority.Who, org sso.OrgID, key string) error {
	return s.beside(ctx, who, org, key, func(a *authority.Act, all *Shadows) error {
		if err := all.Preparable(); err != nil {
			return err
		}
		if all.Prepared != nil { // somebody was quicker
			return nil
		}
		if err := a.In.SaveShadow(ctx, all.Aside(sso.Prepared, a.Now)); err != nil {
			return err
		}
		return a.Record("connection.prepared", string(all.ID), map[string]string{"key": all.Key, "name": all.Name})
	})
}

// Discard forgets the settings that are prepared.
func (s *Service) Discard(ctx context.Context, who *authority.Who, org sso.OrgID, key string) error {
	return s.beside(ctx, who, org, key, func(a *authority.Act, all *Shadows) error {
		if all.Prepared == nil {
			return nil
		}
		if err := a.In.DeleteShadow(ctx, all.ID, sso.Prepared); err != nil {
			return err
		}
		return a.Record("connection.discarded", string(all.ID), map[string]string{"key": all.Key, "name": all.Name})
	})
}

// Swap has people sign in by the prepared settings from now on, and keeps the
// ones that were live for the way back. It is one step: whoever has left by the
// old ones comes back by them, and by no mixture of both. Another identity
// provider, which then says who everybody is, is an owner's to choose.
func (s *Service) Swap(ctx context.Context, seen Seen) error {
	return s.beside(ctx, seen.Who, seen.Org, seen.Key, func(a *authority.Act, all *Shadows) error {
		if err := a.Granted(); err != nil {
			return err
		}
		if err := a.Proved(); err != nil {
			return err
		}
		if all.Prepared == nil {
			return sso.NoShadow(sso.Prepared)
		}
		if err := seen.same(all, all.Prepared); err != nil {
			return err
		}
		if err := all.Ready(); err != nil {
			return err
		}
		if all.OtherIdP() && all.Linked > 0 {
			if err := a.Allow(authority.Owner); err != nil {
				return err
			}
		}
		was, err := all.Connection.Swap(all.Prepared, all.Former, a.Now)
		if err != nil {
			return err
		}
		if err := a.In.DeleteShadow(ctx, all.ID, sso.Prepared); err != nil {
			return err
		}
		return all.turn(ctx, a, &was, "connection.swapped")
	})
}

// Return has people sign in by the settings again that were live before the
// last swap, and keeps those that are live for the way back from there.
func (s *Service) Return(ctx context.Context, seen Seen) error {
	return s.beside(ctx, seen.Who, seen.Org, seen.Key, func(a *authority.Act, all *Shadows) error {
		if err := a.Granted(); err != nil {
			return err
		}
		if all.Former == nil {
			return sso.NoShadow(sso.Former)
		}
		if err := seen.same(all, all.Former); err != nil {
			return err
		}
		if all.Former.SAML.IdPEntityID != all.SAML.IdPEntityID && all.Linked > 0 {
			if err := a.Allow(authority.Owner); err != nil {
				return err
			}
		}
		was, err := all.Connection.Return(all.Former, a.Now)
		if err != nil {
			return err
		}
		return all.turn(ctx, a, &was, "connection.returned")
	})
}

// turn saves the settings that are live now, and those that were.
func (s *Shadows) turn(ctx context.Context, a *authority.Act, was *sso.Shadow, action string) error {
	if err := a.In.DeleteShadow(ctx, s.ID, sso.Former); err != nil {
		return err
	}
	if err := a.In.SaveShadow(ctx, *was); err != nil {
		return err
	}
	if err := a.In.SaveConnection(ctx, s.Connection); err != nil {
		return err
	}
	if err := s.watch(ctx, a); err != nil {
		return err
	}
	live := s.Connection
	before := live.Beside(was)
	return a.Record(action, string(s.ID), map[string]string{"key": s.Key, "name": s.Name, "changed": strings.Join(differs(&before, &live), ", ")}, live.Settings().Changed(before.Settings())...)
}

// watch has what the identity provider publishes looked at anew, from where the
// live settings came.
func (s *Shadows) watch(ctx context.Context, a *authority.Act) error {
	w, err := a.In.Watch(ctx, s.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	w.Begin(s.SAML.MetadataURL, s.SAML.Certificates, a.Now)
	w.DueAt = a.Now
	return a.In.SaveWatch(ctx, w)
}

// same refuses to change what somebody has changed meanwhile.
func (n *Seen) same(all *Shadows, beside *sso.Shadow) error {
	if n.Version != all.Version || n.Beside != beside.Version {
		return &fault.Error{
			Kind: fault.Conflict, Code: "connection_changed", Want: versions(n.Version, n.Beside), Got: versions(all.Version, beside.Version), Fix: fault.AdminSide,
		}
	}
	return nil
}

func versions(live, beside int64) string {
	return strconv.FormatInt(live, 10) + "/" + strconv.FormatInt(beside, 10)
}

// beside runs fn in a transaction on a connection and what is beside its live
// settings.
func (s *Service) beside(ctx context.Context, who *authority.Who, org sso.OrgID, key string, fn func(a *authority.Act, all *Shadows) error) error {
	return s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		all, err := shadowsOf(ctx, a.Tx.Reader, a.ID, key)
		if err != nil {
			return err
		}
		return fn(a, &all)
	})
}
