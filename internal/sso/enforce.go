package sso

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// Pause is a time in which single sign-on is not demanded, so that people get
// in while their identity provider fails.
type Pause struct {
	Until  time.Time `json:"until,omitzero"`
	Since  time.Time `json:"since,omitzero"`
	By     UserID    `json:"by,omitempty"`
	Vendor bool      `json:"vendor,omitempty"` // it is the vendor's people who paused it
	Reason string    `json:"reason,omitempty"`
}

// Running reports whether the pause lasts at an instant; at the zero one it
// never does.
func (p Pause) Running(at time.Time) bool { return !at.IsZero() && at.Before(p.Until) }

// Bounds of a pause.
const (
	MaxPause       = 72 * time.Hour
	MinPauseReason = 10 // characters
)

// PauseHours are for how many hours enforcement can be paused.
func PauseHours() []int { return []int{1, 4, 8, 24, 72} }

// NewPause judges a pause: a time that is offered, and a reason that those who
// read of it understand.
func NewPause(hours int, reason string, now time.Time) (Pause, error) {
	life := time.Duration(hours) * time.Hour
	if hours < 1 || life > MaxPause {
		return Pause{}, &fault.Error{Kind: fault.Invalid, Code: "pause_life", Want: "1 to 72 hours", Got: strconv.Itoa(hours), Fix: fault.PersonSide}
	}
	reason = CleanDescription(reason)
	if utf8.RuneCountInString(reason) < MinPauseReason {
		return Pause{}, &fault.Error{Kind: fault.Invalid, Code: "pause_reason", Want: "a reason of at least 10 characters", Fix: fault.PersonSide}
	}
	return Pause{Since: now, Until: now.Add(life), Reason: reason}, nil
}

// DemandsOf reports whether single sign-on is demanded of anybody: by the
// organization, or by one of these domains of its.
func (o *Organization) DemandsOf(domains []Domain) bool {
	return o.Policy.Demanding() || slices.ContainsFunc(domains, func(d Domain) bool { return d.Demand(o).Demanding() })
}

// PauseSSO pauses the demand for single sign-on, that of these domains of the
// organization too. Where nothing is demanded there is nothing to pause.
func (o *Organization) PauseSSO(pause Pause, domains []Domain) error {
	if !o.DemandsOf(domains) {
		return &fault.Error{Kind: fault.Conflict, Code: "pause_nothing", Want: "single sign-on that is demanded", Fix: fault.AdminSide}
	}
	o.Policy.Pause = pause
	return nil
}

// LiveSessions says what becomes of sessions that did not come through a
// connection once single sign-on is demanded.
type LiveSessions string

// What becomes of them.
const (
	SessionsEnd  LiveSessions = "end"  // at once
	SessionsAt   LiveSessions = "at"   // at a time
	SessionsStay LiveSessions = "stay" // they end by themselves
)

// Demand is how far single sign-on is to be demanded, as somebody chooses it.
type Demand struct {
	SSO      Enforcement // [SSOOptional], [SSOPilot] or [SSORequired]
	Pilot    []GroupID
	Exempt   []Email
	Sessions LiveSessions
	At       time.Time // with [SessionsAt]
}

// maxSessionsAt is how far ahead the end of sessions may be.
const maxSessionsAt = 90 * 24 * time.Hour

// Bounds of whom a demand names.
const (
	MaxExempt = 50 // people
	MaxPilot  = 50 // groups
)

// Enforce has the policy demand single sign-on as chosen. What is asked for
// more than before has to pass the gate. A pause ends with it.
func (p *Policy) Enforce(to Demand, gate *Gate, now time.Time) error {
	if err := to.judge(now); err != nil {
		return err
	}
	if p.tightens(&to) {
		if err := gate.Ready(); err != nil {
			return err
		}
	}
	p.SSO, p.Pilot, p.Pause, p.LocalUntil = to.SSO, nil, Pause{}, time.Time{}
	p.Exempt = nil
	for _, e := range to.Exempt {
		p.Exempt = append(p.Exempt, e.Key())
	}
	if !p.Demanding() {
		return nil
	}
	if to.SSO == SSOPilot {
		p.Pilot = to.Pilot
	}
	switch to.Sessions {
	case SessionsEnd:
		p.LocalUntil = now
	case SessionsAt:
		p.LocalUntil = to.At
	case SessionsStay:
	}
	return nil
}

// tightens reports whether single sign-on would be demanded of more people. Who
// is exempt no more is one more: they may have been the only way that stays.
func (p *Policy) tightens(to *Demand) bool {
	if to.SSO != SSORequired && to.SSO != SSOPilot {
		return false
	}
	switch {
	case !p.Demanding(), to.SSO == SSORequired && p.SSO == SSOPilot:
		return true
	case p.SSO == SSOPilot && slices.ContainsFunc(to.Pilot, func(g GroupID) bool { return !slices.Contains(p.Pilot, g) }):
		return true
	default:
		return slices.ContainsFunc(p.Exempt, func(key string) bool { return !to.exempts(key) })
	}
}

func (d *Demand) exempts(key string) bool {
	return slices.ContainsFunc(d.Exempt, func(e Email) bool { return e.Key() == key })
}

func (d *Demand) judge(now time.Time) error {
	refuse := func(code, want, got string) error {
		return &fault.Error{Kind: fault.Invalid, Code: code, Want: want, Got: got, Fix: fault.PersonSide}
	}
	switch {
	case d.SSO != SSOOptional && d.SSO != SSOPilot && d.SSO != SSORequired:
		return refuse("enforce_degree", "optional, pilot or required", clip(string(d.SSO)))
	case d.SSO == SSOPilot && len(d.Pilot) == 0:
		return refuse("enforce_pilot", "a group at least", "none")
	case len(d.Exempt) > MaxExempt:
		return refuse("enforce_exempt", strconv.Itoa(MaxExempt)+" people at most", strconv.Itoa(len(d.Exempt)))
	case d.SSO == SSOOptional:
		return nil
	case d.Sessions != SessionsEnd && d.Sessions != SessionsAt && d.Sessions != SessionsStay:
		return refuse("enforce_sessions", "now, at a time, or by themselves", clip(string(d.Sessions)))
	case d.Sessions == SessionsAt && (!d.At.After(now) || d.At.Sub(now) > maxSessionsAt):
		return refuse("enforce_at", "a time within the next 90 days", d.At.UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// Gate is what is known of an organization before its people may have no other
// way in than single sign-on.
type Gate struct {
	Connections int // that are active, and by which its people come
	// Tested is how many different people have passed a test of the settings as
	// they are, two at most; of several connections, the one that was tried least.
	Tested int
	Beside bool // somebody came in, since the activation, by a way that stays open
}

// GateStep is one thing that the gate asks for.
type GateStep string

// The steps, in their order.
const (
	GateActive GateStep = "active"
	GateTested GateStep = "tested"
	GateSecond GateStep = "second"
	GateBeside GateStep = "beside"
)

// GateSteps lists what the gate asks for.
func GateSteps() []GateStep { return []GateStep{GateActive, GateTested, GateSecond, GateBeside} }

// Passed reports whether a step is done.
func (g *Gate) Passed(s GateStep) bool {
	switch s {
	case GateActive:
		return g.Connections > 0
	case GateTested:
		return g.Tested > 0
	case GateSecond:
		return g.Tested > 1
	default:
		return g.Beside
	}
}

// Ready refuses to close the other ways while a step is missing, and says which.
func (g *Gate) Ready() error {
	var missing []string
	for _, s := range GateSteps() {
		if !g.Passed(s) {
			missing = append(missing, string(s))
		}
	}
	if missing == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Conflict, Code: "enforce_not_ready", Want: "every step of the list", Got: "missing: " + strings.Join(missing, ", "), Fix: fault.AdminSide}
}

// BreakGlassCodes is how many break-glass codes a set has.
const BreakGlassCodes = 10

// Beside is a sign-in past single sign-on by somebody who may stay outside it,
// noted so that the gate knows of a way that stays open.
type Beside struct {
	User   UserID
	Email  Email
	Role   Role
	Method Method
	At     time.Time
}

// Stays reports whether the way stays open once single sign-on is demanded of
// everybody: an owner's code does while there are others left to come by, and
// the password of who is not meant by it.
func (b *Beside) Stays(exempt []string, proved bool, codes int) bool {
	if b.Method == ByBreakGlass {
		return b.Role == RoleOwner && codes > 0
	}
	all := Policy{SSO: SSORequired, Exempt: exempt}
	return !all.DemandsSSO(Entry{Method: b.Method, Email: b.Email, Outside: b.Role == RoleOwner && !proved})
}
