package sso

import "github.com/sallyport/sallyport/internal/fault"

// OffersTiles reports whether an answer that nobody has asked for begins a
// sign-in here. At an address that connections share it could not be told whose
// it is.
func (c *Connection) OffersTiles() bool { return c.SAML.IdPInitiated && !c.SAML.SharedACS }

// CheckTiles refuses to let sign-ins begin at an identity provider whose answers
// come to an address that connections share.
func (s *SAML) CheckTiles() error {
	if s.IdPInitiated && s.SharedACS {
		return &fault.Error{Kind: fault.Invalid, Code: "connection_tile_shared", Want: "an address of the connection's own", Got: "the address that connections share", Fix: fault.AdminSide}
	}
	return nil
}

// TileApp returns the app to which somebody wants who came by a tile: the one
// that the RelayState names by its key, its client ID or its login URL, and to
// the octet, else the oldest one that can be begun at all, and of those the
// first by its key. ok is false where there is none. Nothing else that a RelayState says leads anywhere.
func TileApp(apps []App, relayState string) (app App, ok bool) {
	for i := range apps {
		a := &apps[i]
		switch {
		case a.LoginURL == "":
		case relayState != "" && (relayState == a.Key || relayState == a.ClientID || relayState == a.LoginURL):
			return *a, true
		case !ok || a.older(&app):
			app, ok = *a, true
		}
	}
	return app, ok
}

func (a *App) older(than *App) bool {
	if order := a.CreatedAt.Compare(than.CreatedAt); order != 0 {
		return order < 0
	}
	return a.Key < than.Key
}
