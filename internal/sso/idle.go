package sso

import "time"

// Leads returns how long before somebody is shut out they are warned, the
// shortest first.
func Leads() []time.Duration { return []time.Duration{24 * time.Hour, 7 * 24 * time.Hour} }

// Idle is somebody at home where a rule about inactivity holds, who has not
// come for a while.
type Idle struct {
	User   UserID
	Home   OrgID
	After  time.Duration // the strictest rule of the home organization and all above it
	Last   time.Time     // when they last came, or somebody took care of their account
	Warned time.Time     // when they were last told; zero: never
}

// IdleStep is what is to be done about somebody idle.
type IdleStep string

// The steps.
const (
	IdleRest    IdleStep = ""         // nothing
	IdleWarn    IdleStep = "warn"     // tell them when they will be shut out
	IdleShutOut IdleStep = "shut_out" // suspend them
)

// Until returns when they are shut out.
func (i *Idle) Until() time.Time { return i.Last.Add(i.After) }

// Due decides what is to be done now. Somebody is warned once at each lead, and
// not at a lead that is no shorter than the rule: they would be warned while
// they are there.
func (i *Idle) Due(now time.Time) IdleStep {
	until := i.Until()
	if now.After(until) {
		return IdleShutOut
	}
	for _, lead := range Leads() {
		from := until.Add(-lead)
		if lead < i.After && !now.Before(from) && i.Warned.Before(from) {
			return IdleWarn
		}
	}
	return IdleRest
}

// Dispensable refuses to shut out the last owner of any organization.
func (s *Standing) Dispensable() error {
	for i := range s.Positions {
		if err := s.Positions[i].dispensable(); err != nil {
			return err
		}
	}
	return nil
}
