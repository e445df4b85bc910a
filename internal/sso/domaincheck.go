package sso

import "time"

// DomainFinding is what was found in the DNS for a claim.
type DomainFinding string

// The findings. The last three say nothing about the domain, and change
// nothing.
const (
	FoundRecord      DomainFinding = "record"      // where it has to be
	FoundNothing     DomainFinding = "nothing"     // no TXT record there
	FoundOther       DomainFinding = "other"       // others
	FoundElsewhere   DomainFinding = "elsewhere"   // it is at another name
	FoundTimeout     DomainFinding = "timeout"     // no answer in time
	FoundFailure     DomainFinding = "failure"     // the servers of the domain fail
	FoundUnreachable DomainFinding = "unreachable" // no server could be asked
)

// decides reports whether the finding says anything about the domain.
func (f DomainFinding) decides() bool {
	return f != FoundTimeout && f != FoundFailure && f != FoundUnreachable
}

// DomainLook is one look in the DNS.
type DomainLook struct {
	Finding DomainFinding `json:"finding,omitempty"`
	Where   string        `json:"where,omitempty"`  // the record is
	Values  []string      `json:"values,omitempty"` // of other records
}

// DomainCheck is what is known of the record of a claim.
type DomainCheck struct {
	DomainLook
	At     time.Time `json:"at,omitzero"` // of the last look
	NextAt time.Time `json:"-"`           // of the next one; zero: none by itself
	// SeenAt is since when the record is there, GoneAt since when that of a
	// verified domain is not; at most one of them is set.
	SeenAt   time.Time `json:"seen_at,omitzero"`
	GoneAt   time.Time `json:"gone_at,omitzero"`
	WarnedAt time.Time `json:"warned_at,omitzero"` // when the owners were last told that it is gone
}

// Times of a domain.
const (
	// DomainGrace is how long a verified domain stays so without its record,
	// DomainGraceDemanded where people could not sign in without it.
	DomainGrace         = 14 * 24 * time.Hour
	DomainGraceDemanded = 30 * 24 * time.Hour
	// DomainTakeover is how long another organization's record has to be there,
	// and the old one not, before the domain is theirs.
	DomainTakeover = 3 * 24 * time.Hour

	lastWarning   = 2 * 24 * time.Hour  // before a domain lapses
	warnedBefore  = 24 * time.Hour      // nobody loses a domain sooner after a warning
	checkVerified = 24 * time.Hour      // between two looks
	checkGone     = 6 * time.Hour       // while the record is missing or cannot be read
	checkLapsed   = 60 * 24 * time.Hour // how long a lapsed one is looked at
	checkReview   = 14 * 24 * time.Hour // how long a claim that nobody proves
)

// DomainTurn is what a look has changed.
type DomainTurn string

// The turns.
const (
	TurnNone      DomainTurn = ""
	TurnVerified  DomainTurn = "verified"  // the first proof, or a lapsed one anew
	TurnContested DomainTurn = "contested" // the record is there, and another organization has the domain
	TurnTaken     DomainTurn = "taken"     // from another organization, which has lost it
	TurnGone      DomainTurn = "gone"      // the owners are to be told that the record is gone
	TurnBack      DomainTurn = "back"      // it is there again
	TurnLapsed    DomainTurn = "lapsed"
)

// Look takes in what was found. holder is the verified claim of another
// organization, or nil; one that is taken from it has lapsed. demanded says
// that people of the domain could not sign in without it.
func (d *Domain) Look(found DomainLook, holder *Domain, demanded Demanded, now time.Time) DomainTurn {
	d.Check.DomainLook, d.Check.At = found, now
	turn := TurnNone
	switch {
	case !found.Finding.decides(), d.State == DomainVerified && d.Proof == ProofVouched:
	case d.State == DomainVerified:
		turn = d.keep(found.Finding, demanded, now)
	case found.Finding != FoundRecord:
		d.Check.SeenAt = time.Time{}
	default:
		turn = d.prove(holder, now)
	}
	d.Check.NextAt = d.next(now)
	return turn
}

// Demanded says whether sign-ins depend on a domain.
type Demanded bool

// prove takes in that the record of a claim is there.
func (d *Domain) prove(holder *Domain, now time.Time) DomainTurn {
	first := d.Check.SeenAt.IsZero()
	if first {
		d.Check.SeenAt = now
	}
	switch {
	case holder == nil:
		d.State, d.Proof, d.VerifiedAt = DomainVerified, ProofDNS, now
		d.Check.GoneAt, d.Check.WarnedAt = time.Time{}, time.Time{}
		return TurnVerified
	case holder.gives(d, now):
		holder.State, holder.Check.NextAt = DomainLapsed, now.Add(checkVerified)
		d.prove(nil, now)
		return TurnTaken
	case first:
		return TurnContested
	default:
		return TurnNone
	}
}

// gives reports whether a verified domain goes to another claim of which the
// record is there. What the operator vouches for is the operator's to take.
func (d *Domain) gives(to *Domain, now time.Time) bool {
	return d.Proof == ProofDNS && !d.Check.GoneAt.IsZero() && now.Sub(d.Check.GoneAt) >= DomainTakeover && now.Sub(to.Check.SeenAt) >= DomainTakeover
}

// keep takes in whether the record of a verified domain is still there.
func (d *Domain) keep(found DomainFinding, demanded Demanded, now time.Time) DomainTurn {
	c := &d.Check
	if found == FoundRecord {
		back := !c.GoneAt.IsZero()
		c.GoneAt, c.WarnedAt = time.Time{}, time.Time{}
		if c.SeenAt.IsZero() {
			c.SeenAt = now
		}
		if back {
			return TurnBack
		}
		return TurnNone
	}
	if c.GoneAt.IsZero() {
		c.GoneAt, c.SeenAt = now, time.Time{}
	}
	ends := d.Ends(demanded)
	for _, due := range []time.Time{ends.Add(-lastWarning), c.GoneAt.Add(ends.Sub(c.GoneAt) / 2), c.GoneAt.Add(checkGone)} {
		if !now.Before(due) && c.WarnedAt.Before(due) {
			c.WarnedAt = now
			return TurnGone
		}
	}
	if now.Before(ends) || now.Sub(c.WarnedAt) < warnedBefore {
		return TurnNone
	}
	d.State = DomainLapsed
	return TurnLapsed
}

// Ends returns when the domain lapses if its record does not come back; zero
// where the record is there.
func (d *Domain) Ends(demanded Demanded) time.Time {
	switch {
	case d.State != DomainVerified || d.Check.GoneAt.IsZero():
		return time.Time{}
	case bool(demanded):
		return d.Check.GoneAt.Add(DomainGraceDemanded)
	default:
		return d.Check.GoneAt.Add(DomainGrace)
	}
}

// DemandedBy reports whether people of the domain could not sign in without
// it: an organization of the line, or the domain, demands single sign-on.
func (d *Domain) DemandedBy(line []Organization) Demanded {
	for i := range line {
		if line[i].Policy.Demanding() {
			return true
		}
	}
	return Demanded(d.PasswordOff)
}

// next returns when the domain is looked at again by itself: often while
// somebody waits for it, then ever more rarely.
func (d *Domain) next(now time.Time) time.Time {
	age := now.Sub(d.CreatedAt)
	switch {
	case d.State == DomainVerified && d.Proof == ProofVouched:
		return time.Time{}
	case d.State == DomainVerified && d.Check.Finding == FoundRecord:
		return now.Add(checkVerified)
	case d.State == DomainVerified:
		return now.Add(checkGone)
	case d.State == DomainLapsed && now.Sub(d.Check.GoneAt) < checkLapsed, !d.Check.SeenAt.IsZero():
		return now.Add(checkGone)
	case d.State == DomainLapsed, age >= checkReview:
		return time.Time{}
	case age < 10*time.Minute:
		return now.Add(time.Minute)
	case age < time.Hour:
		return now.Add(5 * time.Minute)
	case age < 24*time.Hour:
		return now.Add(30 * time.Minute)
	default:
		return now.Add(checkGone)
	}
}
