package sso

import (
	"reflect"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Which says which settings of a connection are meant.
type Which string

// The settings of a connection.
const (
	Live     Which = ""         // by which people sign in
	Prepared Which = "prepared" // that are set up and tried beside them
	Former   Which = "former"   // that were live until they were swapped; the way back
)

// Shadow is what a connection knows of an identity provider beside what is
// live: which attributes carry what, and whom it trusts. Nobody is signed in by
// it, but for who had left by it while it was live.
type Shadow struct {
	Org        OrgID
	Connection ConnectionID
	Which      Which // never [Live]
	SAML       SAML
	Attributes AttributeMap
	Turn       int64 // as [Connection.Turn], while it was live
	UpdatedAt  time.Time
	Version    int64
}

// Beside returns the connection with the settings of a shadow. What the
// identity provider was told of us is the connection's own, and stays.
func (c *Connection) Beside(s *Shadow) Connection {
	out := *c
	out.SAML, out.Attributes, out.Turn, out.Version = s.SAML, s.Attributes, s.Turn, s.Version
	out.SAML.SPEntityID, out.SAML.SharedACS, out.SAML.IdPInitiated = c.SAML.SPEntityID, c.SAML.SharedACS, c.SAML.IdPInitiated
	return out
}

// Aside returns the settings of c as a shadow.
func (c *Connection) Aside(as Which, now time.Time) Shadow {
	return Shadow{Org: c.Org, Connection: c.ID, Which: as, SAML: c.SAML, Attributes: c.Attributes, Turn: c.Turn, UpdatedAt: now}
}

// Preparable refuses to prepare settings beside those of a connection by which
// nobody signs in yet: its own can be changed as they are.
func (c *Connection) Preparable() error {
	if c.State != ConnectionActive && c.State != ConnectionDisabled {
		return &fault.Error{Kind: fault.Conflict, Code: "shadow_draft", Want: string(ConnectionActive), Got: string(c.State), Fix: fault.AdminSide}
	}
	return nil
}

// NoShadow is the fault of settings that are not there, or not any more.
func NoShadow(which Which) *fault.Error {
	return &fault.Error{Kind: fault.Conflict, Code: "shadow_gone", Want: "settings that are " + string(which), Got: "none", Fix: fault.AdminSide}
}

// Swap makes the prepared settings the live ones, and returns those that were,
// for the way back. former are those that were kept until now, if any: no two
// that were ever live have the same turn.
func (c *Connection) Swap(prepared, former *Shadow, now time.Time) (Shadow, error) {
	next := c.Beside(prepared)
	if err := next.Complete(); err != nil {
		return Shadow{}, err
	}
	if reflect.DeepEqual(next.SAML, c.SAML) && next.Attributes == c.Attributes {
		return Shadow{}, &fault.Error{Kind: fault.Conflict, Code: "shadow_same", Want: "settings that differ from the live ones", Got: "the same", Fix: fault.AdminSide}
	}
	was := c.Aside(Former, now)
	turn := c.Turn
	if former != nil {
		turn = max(turn, former.Turn)
	}
	c.SAML, c.Attributes, c.Turn, c.UpdatedAt = next.SAML, next.Attributes, turn+1, now
	return was, nil
}

// Return makes the settings that were live before the live ones again, and
// returns those that were: each is the way back from the other. Both have been
// live, so neither is asked for a test.
func (c *Connection) Return(former *Shadow, now time.Time) (Shadow, error) {
	next := c.Beside(former)
	if err := next.Complete(); err != nil {
		return Shadow{}, err
	}
	was := c.Aside(Former, now)
	c.SAML, c.Attributes, c.Turn, c.UpdatedAt = next.SAML, next.Attributes, former.Turn, now
	return was, nil
}
