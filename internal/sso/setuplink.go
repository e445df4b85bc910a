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
// revoked.
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
)

// State returns what has become of the link.
func (l *SetupLink) State(now time.Time) SetupLinkState {
	switch {
	case !l.RevokedAt.IsZero():
		return SetupLinkRevoked
	case !now.Before(l.ExpiresAt):
		return SetupLinkExpired
	case l.OpenedAt.IsZero():
		return SetupLinkUnopened
	default:
		return SetupLinkOpened
	}
}

// Usable refuses a link that was revoked or has expired.
func (l *SetupLink) Usable(now time.Time) error {
	if state := l.State(now); state == SetupLinkRevoked || state == SetupLinkExpired {
		return NoSetupLink()
	}
	return nil
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
