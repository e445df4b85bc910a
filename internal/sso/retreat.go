package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// RetreatState says how far the work on a retreat has come.
type RetreatState string

// The states of a retreat.
const (
	RetreatRunning RetreatState = "running"
	RetreatDone    RetreatState = "done"
	RetreatStopped RetreatState = "stopped" // by somebody, or because they may not do it any more
)

// Retreat resets the accounts of those people of an organization who have no
// way in beside single sign-on, one after the other, before it is turned off.
type Retreat struct {
	Org       OrgID
	State     RetreatState
	By        UserID // who has it done
	ByOrg     OrgID  // as a member of
	Address   string
	AfterKey  []byte // in the order of names, behind whom it goes on
	AfterUser UserID
	Total     int // whom it was to reach
	Sent      int
	Skipped   int    // without an address, or whose account is not theirs to reset
	Code      string // why it stopped; "": by somebody
	NextAt    time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Stop ends the work.
func (r *Retreat) Stop(code string, now time.Time) {
	r.State, r.Code, r.UpdatedAt = RetreatStopped, code, now
}

// Stranded reports whether somebody would have no way in without single sign-on.
// passkey says that they have one.
func (u *User) Stranded(passkey bool) bool {
	return u.State == UserActive && u.PasswordHash == "" && !passkey
}

// TurnOff has single sign-on be used no more, and everything that hangs on it
// demanded no more. Where nobody uses it there is nothing to turn off.
func (p *Policy) TurnOff() error {
	if !p.SSOOn() {
		return &fault.Error{Kind: fault.Conflict, Code: "sso_off_already", Want: "single sign-on that is used", Got: string(SSOOff), Fix: fault.AdminSide}
	}
	p.SSO, p.Pilot, p.LocalUntil, p.Pause, p.Managed = SSOOff, nil, time.Time{}, Pause{}, false
	return nil
}
