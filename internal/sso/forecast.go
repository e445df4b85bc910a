package sso

import (
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Fate is how a member would come in if single sign-on were demanded of
// everybody.
type Fate string

// The fates, from the one that is no trouble to the one that is most.
const (
	FateComes     Fate = "comes"     // by a connection that knows them
	FateFirst     Fate = "first"     // by a connection that finds them by their address
	FateAsked     Fate = "asked"     // by a connection, after they have proved who they are
	FateBeside    Fate = "beside"    // with a password as before: they are not meant
	FateGuest     Fate = "guest"     // as the organization says where they are at home
	FateDoubled   Fate = "doubled"   // by a connection, as somebody new beside themselves
	FateLocked    Fate = "locked"    // not at all
	FateSuspended Fate = "suspended" // not at all, as before
)

// Fates lists the fates.
func Fates() []Fate {
	return []Fate{FateComes, FateFirst, FateAsked, FateBeside, FateGuest, FateDoubled, FateLocked, FateSuspended}
}

// Forecast is what would become of a member.
type Forecast struct {
	Fate       Fate
	Code       string       // why not, by the fault that they would meet; "": they come
	Connection ConnectionID // by which; "": none
	Role       Role         // that they would have from then on; "": the one they have
}

// Prospect is what is known of a member before it is said what would become of
// them.
type Prospect struct {
	User       User
	Membership Membership
	Root       OrgID // of the tree of the organization
	HomePath   []OrgID
	Rules      Rules // as they would be
	Entry      Entry // how they come without a connection
	Route      Route
	Ways       []SignIn // of each connection of the route, as if it met them for the first time
	Links      []Link   // that they have at these
}

// Foretell says what would become of a member. It asks the rules by which a
// sign-in is decided: those of its policies, of its route, and [SignIn.Decide].
func (p *Prospect) Foretell(now time.Time) Forecast {
	switch {
	case p.User.State != UserActive:
		return Forecast{Fate: FateSuspended, Code: "user_suspended"}
	case len(p.HomePath) == 0 || p.HomePath[0] != p.Root:
		return Forecast{Fate: FateGuest}
	case !p.Rules.DemandsSSO(p.Entry):
		return Forecast{Fate: FateBeside}
	case len(p.Ways) == 0:
		return Forecast{Fate: FateLocked, Code: "connection_inactive"}
	}
	best := p.by(&p.Ways[0], now)
	for i := 1; i < len(p.Ways); i++ {
		if f := p.by(&p.Ways[i], now); f.before(&best) {
			best = f
		}
	}
	return best
}

// before reports whether f is less trouble than g.
func (f *Forecast) before(g *Forecast) bool {
	return slices.Index(Fates(), f.Fate) < slices.Index(Fates(), g.Fate)
}

// by says what would become of the member at one connection.
func (p *Prospect) by(in *SignIn, now time.Time) Forecast {
	c := &in.Connection
	for i := range p.Links {
		if p.Links[i].Connection == c.ID {
			return Forecast{Fate: FateComes, Connection: c.ID, Role: p.becomes(c, &p.Links[i])}
		}
	}
	if in.Asserted.Email.IsZero() { // whatever address is asserted, it does not lead to them
		if c.FirstSignIn == FirstCreate {
			return Forecast{Fate: FateDoubled, Code: "ident_email_missing", Connection: c.ID}
		}
		return Forecast{Fate: FateLocked, Code: "ident_email_missing", Connection: c.ID}
	}
	d, err := in.Decide(now)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return Forecast{Fate: FateLocked, Code: f.Code, Connection: c.ID}
	}
	switch {
	case err == nil && d.Act == ActAsk:
		return Forecast{Fate: FateAsked, Connection: c.ID}
	case err == nil && d.Act == ActLink && d.User.ID == p.User.ID:
		return Forecast{Fate: FateFirst, Connection: c.ID}
	default:
		return Forecast{Fate: FateDoubled, Code: "ident_conflict", Connection: c.ID}
	}
}

// becomes returns the role that the groups give which the identity provider sent
// last, where it is another one; else "". The last owner of an organization
// stays one.
func (p *Prospect) becomes(c *Connection, l *Link) Role {
	if !c.Defaults.Governs(p.Membership.Org) {
		return ""
	}
	f := c.Defaults.Follow(p.Membership, l.Groups)
	if f.Role == p.Membership.Role {
		return ""
	}
	return f.Role
}
