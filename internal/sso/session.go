package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Lives of a session.
const (
	SessionIdle = 8 * time.Hour      // since it was last used
	SessionLife = 7 * 24 * time.Hour // since the sign-in
)

// SessionTouchEvery is how stale SeenAt may get before it is written again;
// it spares a write on most requests.
const SessionTouchEvery = 5 * time.Minute

// Session is a browser that is signed in.
type Session struct {
	ID         SessionID // stands in id tokens as sid
	User       UserID
	Org        OrgID        // whose member the person is signed in as
	Connection ConnectionID // "" after a local sign-in
	AMR        []string     // authentication methods [RFC 8176]
	AuthTime   time.Time    // when the person last proved who they are
	CreatedAt  time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // absolute
	EndedAt    time.Time // zero while it lives
	UserAgent  string
	Address    string
	// What the identity provider calls this session, for single logout.
	SAMLNameID       string
	SAMLSessionIndex string
}

// Live refuses a session that has ended, been idle too long or grown too old.
func (s *Session) Live(now time.Time) error {
	if !s.EndedAt.IsZero() || !now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= SessionIdle {
		return &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	return nil
}

// Person is who a live session stands for, read together and judged together:
// state is checked when it is used, not only when the session began.
type Person struct {
	Session    Session
	User       User
	Org        Organization
	Membership Membership
	// Suspended says that the organization, or one above it, is suspended.
	Suspended bool
}

// Valid refuses the person of a session that may not be used any more.
func (p *Person) Valid(now time.Time) error {
	if err := p.Session.Live(now); err != nil {
		return err
	}
	return p.Admissible()
}

// Admissible refuses a person who may not be signed in at all, whatever the
// session.
func (p *Person) Admissible() error {
	if err := p.User.MaySignIn(); err != nil {
		return err
	}
	if p.Suspended {
		return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: p.Org.Key, Fix: fault.OperatorSide}
	}
	return nil
}

// App is a client of our OpenID provider.
type App struct {
	ID           AppID
	Key          string
	Name         string
	ClientID     string
	SecretHash   []byte // SHA-256 of the client secret; empty: a public client
	RedirectURIs []string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Version      int64
}

// Public reports whether the app keeps no secret.
func (a *App) Public() bool { return len(a.SecretHash) == 0 }
