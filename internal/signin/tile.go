package signin

import (
	"context"
	"errors"
	"net/url"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Tile is where somebody begins who has clicked the tile of an application at
// their identity provider.
//
// What the identity provider posts then proves a person to whichever browser it
// comes through, which may be another one than theirs. So it signs nobody in:
// it is checked in full and used up, and the browser is sent to the identity
// provider with a request of our own, whose answer counts for that browser
// alone.
type Tile struct {
	Connection string // key
	App        string // client ID; "": none
}

// AppStartPath begins the sign-in to an app, by its client ID.
const AppStartPath = "/oauth2/start"

// tile judges an answer that nobody has asked for, at a connection that lets
// sign-ins begin at the identity provider.
func (j *judgement) tile(relay string, unwaited *fault.Error) (*Tile, error) {
	before, err := j.reread()
	if err != nil {
		return nil, err
	}
	last := len(j.lineage) - 1
	if err := j.connection.Usable(&j.lineage[last], j.lineage[:last]); err != nil {
		return nil, err
	}
	if !j.connection.OffersTiles() { // not any more
		return nil, unwaited
	}
	if err := j.again(before); err != nil {
		return nil, err
	}
	switch {
	case j.undecodable != nil:
		return nil, j.undecodable
	case j.refused != nil:
		return nil, j.refused
	}
	if err := j.once(); err != nil {
		return nil, err
	}
	t := &Tile{Connection: j.connection.Key}
	apps, err := j.tx.Apps(j.ctx)
	if app, ok := sso.TileApp(apps, relay); ok {
		t.App = app.ClientID
	}
	return t, err
}

// BeginTile stores a new attempt at the connection of a tile, for the browser
// that asks. An identity provider that answers whatever we ask as if nobody had
// asked would lead around in a circle: that ends after a few rounds.
func (s *Service) BeginTile(ctx context.Context, b Browser, tile Tile) (sso.Attempt, error) {
	a := s.newAttempt(b)
	var c sso.Connection
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		found, err := r.ConnectionByKey(ctx, tile.Connection)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "a connection", Got: tile.Connection, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		c, err = connection(ctx, r, found.ID)
		if err == nil && !c.OffersTiles() {
			err = unsolicited()
		}
		return err
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	err = s.Limiter.Allow(ctx, backoff.Tiles(c.ID, b.Binding), backoff.TilesOf(c.ID, b.Address))
	if fault.Is(err, "try_later") {
		return sso.Attempt{}, &fault.Error{Kind: fault.Exhausted, Code: "saml_tile_loop", Want: "an answer to our request", Got: "one that answers none, again and again", Fix: fault.IdPSide, Err: err}
	}
	if err != nil {
		return sso.Attempt{}, err
	}
	a.Connection, a.Method = c.ID, sso.BySSO
	if tile.App != "" {
		a.Back = s.sealBack(a.ID, AppStartPath+"?client_id="+url.QueryEscape(tile.App))
	}
	return a, s.DB.Write(ctx, func(tx *store.Writer) error {
		if tile.App != "" {
			if _, err := tx.AppByClientID(ctx, tile.App); errors.Is(err, store.ErrNotFound) {
				a.Back = nil
			} else if err != nil {
				return err
			}
		}
		return tx.InsertAttempt(ctx, a)
	})
}

// unsolicited is the refusal of an answer that nobody waits for.
func unsolicited() *fault.Error {
	return &fault.Error{Kind: fault.Denied, Code: "saml_irt", Want: "an answer to a sign-in that began here in the last 30 minutes", Got: "an answer that nobody waits for", Fix: fault.PersonSide}
}
