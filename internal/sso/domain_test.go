package sso_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

var claimedAt = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func look(f sso.DomainFinding) sso.DomainLook { return sso.DomainLook{Finding: f} }

// proven returns a claim whose record was seen.
func proven(org sso.OrgID) sso.Domain {
	d := sso.NewDomain(org, "acme.example", claimedAt)
	d.Look(look(sso.FoundRecord), nil, false, claimedAt)
	return d
}

func TestTheRecordIsOfOneClaimAlone(t *testing.T) {
	t.Parallel()
	d := sso.NewDomain("org_a", "acme.example", claimedAt)
	if d.ProofName() != "_sallyport.acme.example" || !strings.HasPrefix(d.ProofValue(), "sallyport-verification=") || len(d.ProofValue()) != 23+26 {
		t.Errorf("the record is %s %s", d.ProofName(), d.ProofValue())
	}
	same := sso.Domain{Org: "org_a", Name: "acme.example", State: sso.DomainLapsed, CreatedAt: claimedAt}
	if same.ProofValue() != d.ProofValue() {
		t.Error("the value changes while the claim is the same")
	}
	for what, other := range map[string]sso.Domain{
		"another organization": sso.NewDomain("org_b", "acme.example", claimedAt), "another name": sso.NewDomain("org_a", "acme.test", claimedAt),
		"claimed anew": sso.NewDomain("org_a", "acme.example", claimedAt.Add(time.Microsecond)),
	} {
		if other.ProofValue() == d.ProofValue() {
			t.Errorf("%s has the same value", what)
		}
	}
}

func TestNamesOfTheRecord(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		zone, within, spelled string
		elsewhere             []string
	}{
		"acme.example": {"acme.example", "_sallyport", "acme.example", []string{"acme.example", "_sallyport.acme.example.acme.example"}},
		"eu.acme.co.uk": {"acme.co.uk", "_sallyport.eu", "eu.acme.co.uk", []string{
			"eu.acme.co.uk", "_sallyport.eu.acme.co.uk.eu.acme.co.uk", "_sallyport.eu.acme.co.uk.acme.co.uk", "_sallyport.acme.co.uk",
		}},
		"xn--mnchen-3ya.example": {"xn--mnchen-3ya.example", "_sallyport", "münchen.example", []string{"xn--mnchen-3ya.example", "_sallyport.xn--mnchen-3ya.example.xn--mnchen-3ya.example"}},
	} {
		d := sso.NewDomain("org_a", name, claimedAt)
		zone, within := d.ProofZone()
		if zone != want.zone || within != want.within || d.Spelled() != want.spelled || !slices.Equal(d.ProofElsewhere(), want.elsewhere) {
			t.Errorf("%s: %s in %s, spelled %s, else at %v", name, within, zone, d.Spelled(), d.ProofElsewhere())
		}
	}
}

func TestOnlyTheRecordVerifies(t *testing.T) {
	t.Parallel()
	for f, verified := range map[sso.DomainFinding]bool{
		sso.FoundRecord: true, sso.FoundNothing: false, sso.FoundOther: false, sso.FoundElsewhere: false, sso.FoundTimeout: false, sso.FoundFailure: false, sso.FoundUnreachable: false,
	} {
		for _, state := range []sso.DomainState{sso.DomainInReview, sso.DomainLapsed} {
			d := sso.NewDomain("org_a", "acme.example", claimedAt)
			d.State = state
			turn := d.Look(look(f), nil, false, claimedAt)
			if (d.State == sso.DomainVerified) != verified || (turn == sso.TurnVerified) != verified || d.Check.Finding != f || !d.Check.At.Equal(claimedAt) {
				t.Errorf("%s, %s: %s and %q", state, f, d.State, turn)
			}
			if verified && (d.Proof != sso.ProofDNS || !d.VerifiedAt.Equal(claimedAt)) {
				t.Errorf("verified by %q at %s", d.Proof, d.VerifiedAt)
			}
		}
	}
}

// A domain whose record is gone stays for the grace, its owners are told three
// times, and then it lapses.
func TestADomainLapsesAfterItsOwnersWereTold(t *testing.T) {
	t.Parallel()
	for demanded, grace := range map[sso.Demanded]time.Duration{false: sso.DomainGrace, true: sso.DomainGraceDemanded} {
		d := proven("org_a")
		gone := claimedAt.Add(day)
		var told []time.Duration
		now, lapsed := gone, time.Duration(0)
		for ; lapsed == 0 && now.Sub(gone) < 60*day; now = d.Check.NextAt {
			switch turn := d.Look(look(sso.FoundNothing), nil, demanded, now); turn {
			case sso.TurnGone:
				told = append(told, now.Sub(gone))
			case sso.TurnLapsed:
				lapsed = now.Sub(gone)
			case sso.TurnNone:
			default:
				t.Fatalf("%q", turn)
			}
		}
		if want := []time.Duration{6 * time.Hour, grace / 2, grace - 2*day}; !slices.Equal(told, want) {
			t.Errorf("demanded %t: told after %v, want %v", demanded, told, want)
		}
		if lapsed != grace || d.State != sso.DomainLapsed {
			t.Errorf("demanded %t: %s after %s, want %s", demanded, d.State, lapsed, grace)
		}
		// It comes back by its record.
		if turn := d.Look(look(sso.FoundRecord), nil, demanded, now); turn != sso.TurnVerified || d.State != sso.DomainVerified || !d.Check.GoneAt.IsZero() {
			t.Errorf("the record of a lapsed domain: %q, %s", turn, d.State)
		}
	}
}

func TestARecordThatComesBackKeepsTheDomain(t *testing.T) {
	t.Parallel()
	d := proven("org_a")
	now := claimedAt.Add(day)
	for ; now.Before(claimedAt.Add(12 * day)); now = now.Add(6 * time.Hour) {
		d.Look(look(sso.FoundOther), nil, false, now)
	}
	if d.State != sso.DomainVerified || d.Ends(false).IsZero() {
		t.Fatalf("%s, until %s", d.State, d.Ends(false))
	}
	if turn := d.Look(look(sso.FoundRecord), nil, false, now); turn != sso.TurnBack || !d.Ends(false).IsZero() || !d.Check.WarnedAt.IsZero() {
		t.Errorf("%q, until %s", turn, d.Ends(false))
	}
	// The grace begins anew.
	if d.Look(look(sso.FoundNothing), nil, false, now.Add(day)); !d.Ends(false).Equal(now.Add(day + sso.DomainGrace)) {
		t.Errorf("until %s", d.Ends(false))
	}
}

// Servers that cannot be asked take nothing from anybody, however long.
func TestWhatCannotBeKnownChangesNothing(t *testing.T) {
	t.Parallel()
	d := proven("org_a")
	for i := range 400 {
		for _, f := range []sso.DomainFinding{sso.FoundTimeout, sso.FoundFailure, sso.FoundUnreachable} {
			if turn := d.Look(look(f), nil, true, claimedAt.Add(time.Duration(i)*day)); turn != sso.TurnNone {
				t.Fatalf("%s: %q", f, turn)
			}
		}
	}
	if d.State != sso.DomainVerified || !d.Check.GoneAt.IsZero() {
		t.Errorf("%s, gone at %s", d.State, d.Check.GoneAt)
	}
}

// The server was off for weeks: nobody was told, so the domain stays another
// day.
func TestNobodyLosesADomainUntold(t *testing.T) {
	t.Parallel()
	d := proven("org_a")
	d.Look(look(sso.FoundNothing), nil, false, claimedAt.Add(day))
	late := claimedAt.Add(40 * day)
	if turn := d.Look(look(sso.FoundNothing), nil, false, late); turn != sso.TurnGone || d.State != sso.DomainVerified {
		t.Errorf("%q, %s", turn, d.State)
	}
	if turn := d.Look(look(sso.FoundNothing), nil, false, late.Add(23*time.Hour)); turn != sso.TurnNone {
		t.Errorf("within a day: %q", turn)
	}
	if turn := d.Look(look(sso.FoundNothing), nil, false, late.Add(25*time.Hour)); turn != sso.TurnLapsed {
		t.Errorf("a day later: %q", turn)
	}
}

// One organization has the domain, and another one shows its record.
func TestContestedDomain(t *testing.T) {
	t.Parallel()
	// contest begins one, and has both looked at every six hours for so long.
	contest := func(holder *sso.Domain, held, shown func(sincePassed time.Duration) bool, length time.Duration) (d sso.Domain, turns []sso.DomainTurn, taken time.Duration) {
		start := claimedAt.Add(100 * day)
		d = sso.NewDomain("org_b", "acme.example", start)
		finding := func(there bool) sso.DomainLook {
			if there {
				return look(sso.FoundRecord)
			}
			return look(sso.FoundNothing)
		}
		for passed := time.Duration(0); passed <= length; passed += 6 * time.Hour {
			now := start.Add(passed)
			if holder.State == sso.DomainVerified {
				holder.Look(finding(held(passed)), nil, true, now)
			}
			var against *sso.Domain
			if holder.State == sso.DomainVerified {
				against = holder
			}
			if turn := d.Look(finding(shown(passed)), against, false, now); turn != sso.TurnNone {
				turns = append(turns, turn)
				taken = passed
			}
		}
		return d, turns, taken
	}
	always := func(time.Duration) bool { return true }
	never := func(time.Duration) bool { return false }

	holder := proven("org_a")
	d, turns, _ := contest(&holder, always, always, 90*day)
	if d.State != sso.DomainInReview || holder.State != sso.DomainVerified || !slices.Equal(turns, []sso.DomainTurn{sso.TurnContested}) {
		t.Errorf("while both records are there: %s, %s, %v", d.State, holder.State, turns)
	}

	holder = proven("org_a")
	d, turns, taken := contest(&holder, never, always, 10*day)
	if d.State != sso.DomainVerified || holder.State != sso.DomainLapsed || taken != sso.DomainTakeover || !slices.Equal(turns, []sso.DomainTurn{sso.TurnContested, sso.TurnTaken}) {
		t.Errorf("once the old record is gone: %s, %s, %v after %s", d.State, holder.State, turns, taken)
	}

	holder = proven("org_a")
	d, _, _ = contest(&holder, func(p time.Duration) bool { return p%(3*day) == 0 }, always, 60*day)
	if d.State != sso.DomainInReview || holder.State != sso.DomainVerified {
		t.Errorf("while the old record comes and goes: %s, %s", d.State, holder.State)
	}

	holder = proven("org_a")
	d, _, _ = contest(&holder, func(p time.Duration) bool { return p < 30*day }, func(p time.Duration) bool { return p%(3*day) != 0 }, 50*day)
	if d.State != sso.DomainInReview || holder.State != sso.DomainVerified {
		t.Errorf("while the new record comes and goes: %s, %s", d.State, holder.State)
	}

	holder = sso.NewDomain("org_a", "acme.example", claimedAt)
	holder.Vouch(claimedAt)
	d, _, _ = contest(&holder, never, always, 90*day)
	if d.State != sso.DomainInReview || holder.State != sso.DomainVerified {
		t.Errorf("for which the operator vouches: %s, %s", d.State, holder.State)
	}
}

func TestTheOperatorsWord(t *testing.T) {
	t.Parallel()
	d := sso.NewDomain("org_a", "acme.example", claimedAt)
	d.Vouch(claimedAt)
	if turn := d.Look(look(sso.FoundNothing), nil, true, claimedAt.Add(90*day)); turn != sso.TurnNone || d.State != sso.DomainVerified || !d.Check.NextAt.IsZero() {
		t.Errorf("without a record: %q, %s", turn, d.State)
	}
	d.Unvouch(claimedAt)
	if d.State != sso.DomainInReview || d.Proof != "" || d.Check.NextAt.IsZero() {
		t.Errorf("taken back: %s by %q", d.State, d.Proof)
	}
	byDNS := proven("org_a")
	if byDNS.Unvouch(claimedAt); byDNS.State != sso.DomainVerified {
		t.Errorf("a proof by DNS: %s", byDNS.State)
	}
}

// Whoever waits is looked at often, and nobody is looked at for ever.
func TestLooksBecomeRarer(t *testing.T) {
	t.Parallel()
	d := sso.NewDomain("org_a", "acme.example", claimedAt)
	n, last := 0, time.Duration(0)
	for now := d.Check.NextAt; !now.IsZero() && n < 1000; now = d.Check.NextAt {
		d.Look(look(sso.FoundNothing), nil, false, now)
		if gap := d.Check.NextAt.Sub(now); !d.Check.NextAt.IsZero() {
			if gap < last {
				t.Errorf("after %s it is looked at again in %s, sooner than before", now.Sub(claimedAt), gap)
			}
			last = gap
		}
		n++
	}
	if n < 50 || n > 200 {
		t.Errorf("an unproved claim is looked at %d times", n)
	}
	verified := proven("org_a")
	if got := verified.Check.NextAt.Sub(claimedAt); got != day {
		t.Errorf("a verified one is looked at again after %s", got)
	}
}

func TestWaysOfADomain(t *testing.T) {
	t.Parallel()
	in := func(demand sso.Enforcement, usable, beside bool) sso.WaysIn {
		return sso.WaysIn{Line: []sso.Organization{{ID: "org_a", Policy: sso.Policy{SSO: demand}}, {ID: "org_b"}}, Usable: usable, Beside: beside}
	}
	both, onlySSO, onlyPassword, none := sso.DomainWays{SSO: true, Password: true, Connection: "con_1"}, sso.DomainWays{SSO: true}, sso.DomainWays{Password: true}, sso.DomainWays{}
	for what, tc := range map[string]struct {
		to   sso.DomainWays
		in   sso.WaysIn
		had  sso.DomainWays
		bare bool // not verified
		code string
	}{
		"both":                              {both, in("", false, false), onlySSO, false, ""},
		"a password alone":                  {onlyPassword, in("", false, false), both, false, ""},
		"a password alone, though demanded": {onlyPassword, in(sso.SSORequired, true, true), both, false, "domain_sso_demanded"},
		"neither":                           {none, in("", true, true), both, false, "domain_no_way"},
		"single sign-on alone":              {onlySSO, in("", true, true), both, false, ""},
		"without a connection":              {onlySSO, in("", false, true), both, false, "domain_no_connection"},
		"without an owner beside it":        {onlySSO, in("", true, false), both, false, "domain_no_owner"},
		"as it was":                         {onlySSO, in("", false, false), onlySSO, false, ""},
		"another connection that works":     {sso.DomainWays{SSO: true, Connection: "con_2"}, in("", true, false), onlySSO, false, ""},
		"another one that nobody can use":   {sso.DomainWays{SSO: true, Connection: "con_2"}, in("", false, true), onlySSO, false, "domain_no_connection"},
		"of a claim":                        {both, in("", true, true), both, true, "domain_unverified"},
	} {
		d := proven("org_a")
		if tc.bare {
			d = sso.NewDomain("org_a", "acme.example", claimedAt)
		}
		d.SSOOff, d.PasswordOff = !tc.had.SSO, !tc.had.Password
		before := d.Ways()
		err := d.SetWays(tc.to, tc.in)
		if tc.code != "" && (!fault.Is(err, tc.code) || d.Ways() != before) || tc.code == "" && (err != nil || d.Ways() != tc.to) {
			t.Errorf("%s: %v, and the ways are %+v", what, err, d.Ways())
		}
	}
}

func TestADomainDemandsSSO(t *testing.T) {
	t.Parallel()
	alice, exempt := sso.StoredEmail("alice@acme.example"), sso.StoredEmail("root@acme.example")
	owner := sso.Organization{ID: "org_a", Policy: sso.Policy{Exempt: []string{exempt.Key()}}}
	d := proven("org_a")
	admits := func(e sso.Entry) bool { return d.Demand(&owner).Admit(e) == nil }
	if !admits(sso.Entry{Method: sso.ByPassword, Email: alice}) {
		t.Error("a password is refused, though it is on")
	}
	d.PasswordOff = true
	for what, tc := range map[string]struct {
		entry sso.Entry
		want  bool
	}{
		"a password":                    {sso.Entry{Method: sso.ByPassword, Email: alice}, false},
		"a passkey":                     {sso.Entry{Method: sso.ByPasskey, Email: alice}, false},
		"single sign-on":                {sso.Entry{Method: sso.BySSO, Email: alice}, true},
		"a password, of the exempt":     {sso.Entry{Method: sso.ByPassword, Email: exempt}, true},
		"a password, of who is outside": {sso.Entry{Method: sso.ByPassword, Email: sso.StoredEmail("o@else.example"), Outside: true}, true},
	} {
		if got := admits(tc.entry); got != tc.want {
			t.Errorf("%s: admitted: %t", what, got)
		}
	}
	off := owner
	off.Policy.SSO = sso.SSOOff
	if p := d.Demand(&off); p.DemandsSSO(sso.Entry{Method: sso.ByPassword, Email: alice}) {
		t.Error("what the organization does not use is demanded")
	}
	d.State = sso.DomainLapsed
	if p := d.Demand(&owner); p.DemandsSSO(sso.Entry{Method: sso.ByPassword, Email: alice}) {
		t.Error("a lapsed domain demands something")
	}
}

func TestADomainIsSentNowhere(t *testing.T) {
	t.Parallel()
	acme := sso.Organization{ID: "org_acme", Path: pathAcme, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}}
	demanding := acme
	demanding.Policy.SSO = sso.SSORequired
	active := []sso.Connection{{ID: "con_a", Org: "org_acme", State: sso.ConnectionActive}}
	for what, tc := range map[string]struct {
		org   sso.Organization
		claim *sso.Domain
		want  sso.Method
	}{
		"off":                      {acme, &sso.Domain{Org: "org_acme", SSOOff: true}, sso.ByPassword},
		"on":                       {acme, &sso.Domain{Org: "org_acme"}, sso.BySSO},
		"off, though demanded":     {demanding, &sso.Domain{Org: "org_acme", SSOOff: true}, sso.BySSO},
		"off at another's":         {acme, &sso.Domain{Org: "org_globex", SSOOff: true}, sso.BySSO},
		"without a claim":          {acme, nil, sso.BySSO},
		"with no password, though": {acme, &sso.Domain{Org: "org_acme", PasswordOff: true}, sso.BySSO},
	} {
		got := sso.FindRoute([]sso.Organization{tc.org}, active, tc.claim, nil)
		if got.Method != tc.want || (got.Rule == sso.RouteClosed) != (tc.want == sso.ByPassword) {
			t.Errorf("%s: FindRoute() = %+v, want %s", what, got, tc.want)
		}
	}
}
