package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// SetupScope says what a setup link opens.
type SetupScope string

// The scopes.
const (
	SetupSSO     SetupScope = "sso"     // everything that setting single sign-on up takes
	SetupDomains SetupScope = "domains" // the domains alone, for who administers DNS
)

// Lives of a setup link.
const (
	SetupLinkLife    = 14 * 24 * time.Hour // unless another is chosen
	MaxSetupLinkLife = 90 * 24 * time.Hour
)

// SetupLink hands the set-up of single sign-on of one organization to somebody
// without an account. It opens as often as it takes until it expires or is
// revoked, and while who made it could make it: whoever has a link can let
// anybody in, and who owns the organization no more must not.
type SetupLink struct {
	ID        SetupLinkID
	Org       OrgID
	Scope     SetupScope
	Note      string // for whom, in the words of who made it
	By        UserID // who made it
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero: it was not
	OpenedAt  time.Time // the last time; zero: never
	// Disowned says that who made it is neither an owner of the organization, or
	// of one above it, nor an operator any more.
	Disowned bool
}

// NewSetupLink is a setup link as somebody asks for it.
type NewSetupLink struct {
	Scope SetupScope
	Note  string // for whom
	Life  time.Duration
}

// Make returns the link, made by a user for an organization.
func (n NewSetupLink) Make(org OrgID, by UserID, now time.Time) (SetupLink, error) {
	refuse := func(f fault.Error) error {
		f.Kind, f.Fix = fault.Invalid, fault.PersonSide
		return &f
	}
	note := CleanName(n.Note)
	switch {
	case n.Scope != SetupSSO && n.Scope != SetupDomains:
		return SetupLink{}, refuse(fault.Error{Code: "setup_link_scope_unknown", Want: "sso or domains", Got: clip(string(n.Scope))})
	case note == "":
		return SetupLink{}, refuse(fault.Error{Code: "setup_link_note", Want: "for whom the link is"})
	case n.Life <= 0 || n.Life > MaxSetupLinkLife:
		return SetupLink{}, refuse(fault.Error{Code: "setup_link_life", Want: "up to " + MaxSetupLinkLife.String(), Got: n.Life.String()})
	}
	return SetupLink{ID: NewSetupLinkID(now), Org: org, Scope: n.Scope, Note: note, By: by, CreatedAt: now, ExpiresAt: now.Add(n.Life)}, nil
}

// SetupLinkState says what has become of a setup link.
type SetupLinkState string

// The states.
const (
	SetupLinkUnopened SetupLinkState = "unopened"
	SetupLinkOpened   SetupLinkState = "opened"
	SetupLinkExpired  SetupLinkState = "expired"
	SetupLinkRevoked  SetupLinkState = "revoked"
	SetupLinkDisowned SetupLinkState = "disowned"
)

// State returns what has become of the link.
func (l *SetupLink) State(now time.Time) SetupLinkState {
	switch {
	case !l.RevokedAt.IsZero():
		return SetupLinkRevoked
	case !now.Before(l.ExpiresAt):
		return SetupLinkExpired
	case l.Disowned:
		return SetupLinkDisowned
	case l.OpenedAt.IsZero():
		return SetupLinkUnopened
	default:
		return SetupLinkOpened
	}
}

// Usable refuses a link that was revoked, has expired, or stands on nobody.
func (l *SetupLink) Usable(now time.Time) error {
	switch l.State(now) {
	case SetupLinkRevoked, SetupLinkExpired, SetupLinkDisowned:
		return NoSetupLink()
	}
	return nil
}

// Revocable reports whether there is something to revoke: one that stands on
// nobody now may open again.
func (l *SetupLink) Revocable(now time.Time) bool {
	return l.Usable(now) == nil || l.State(now) == SetupLinkDisowned
}

// NoSetupLink is the fault of a link that opens nothing, whether there ever was
// such a one or not.
func NoSetupLink() *fault.Error {
	return &fault.Error{Kind: fault.Denied, Code: "setup_link_over", Want: "a setup link that is neither expired nor revoked", Fix: fault.AdminSide}
}

// Covers reports whether the link opens what needs this scope.
func (l *SetupLink) Covers(need SetupScope) bool { return l.Scope == SetupSSO || l.Scope == need }

// Event returns the line of the audit list for what was done by the link.
func (l *SetupLink) Event(now time.Time, address, action, target string, detail map[string]string) Event {
	return Event{Org: l.Org, At: now, Actor: string(l.ID), Address: address, Action: action, Target: target, Detail: detail}
}
