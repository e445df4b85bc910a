package connect

import (
	"context"
	"errors"
	"reflect"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// configured returns a connection of an organization, by its key, with these
// settings of it. Nobody signs in by those that are prepared: with them it is a
// draft.
func configured(ctx context.Context, r *store.Reader, org sso.OrgID, key string, which sso.Which) (sso.Connection, error) {
	c, err := connectionOf(ctx, r, org, key)
	if err != nil || which == sso.Live {
		return c, err
	}
	s, err := r.Org(org).Shadow(ctx, c.ID, which)
	if errors.Is(err, store.ErrNotFound) {
		return sso.Connection{}, sso.NoShadow(which)
	}
	c = c.Beside(&s)
	c.State = sso.ConnectionDraft
	return c, err
}

// prepares reports whether settings are prepared beside those of a connection.
func prepares(ctx context.Context, r *store.OrgReader, c sso.ConnectionID) (bool, error) {
	_, err := r.Shadow(ctx, c, sso.Prepared)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// savePrepared saves what an edit has changed of the prepared settings. What is
// of the connection itself is changed where the live ones are: our own names
// too, which identity providers have been told.
func (e *Edit) savePrepared(ctx context.Context, a *authority.Act, before, c *sso.Connection) error {
	rest := *before
	rest.SAML, rest.Attributes, rest.State = c.SAML, c.Attributes, c.State
	if !reflect.DeepEqual(rest, *c) || c.SAML.SPEntityID != before.SAML.SPEntityID || c.SAML.SharedACS != before.SAML.SharedACS {
		return &fault.Error{Kind: fault.Conflict, Code: "shadow_ours", Want: "a change of the prepared settings", Got: "one of the connection itself", Fix: fault.AdminSide}
	}
	s := c.Aside(sso.Prepared, a.Now)
	s.Version = before.Version
	if err := a.In.SaveShadow(ctx, s); err != nil {
		return err
	}
	return a.Record("connection.prepared_changed", string(c.ID), map[string]string{"changed": changes(before, c)}, c.Settings().Changed(before.Settings())...)
}

// onlyLive refuses what is done to a connection, and not to settings beside its
// own.
func (e *Edit) onlyLive() error {
	if e.Which != sso.Live {
		return unknownSetting(string(e.Which))
	}
	return nil
}
