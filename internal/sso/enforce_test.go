package sso_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

var enforceNow = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func address(t *testing.T, s string) sso.Email {
	t.Helper()
	e, err := sso.ParseEmail(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhoMustComeBySingleSignOn(t *testing.T) {
	t.Parallel()
	bob := address(t, "bob@acme.example")
	pilot := []sso.GroupID{"grp_pilot"}
	paused := sso.Pause{Until: enforceNow.Add(time.Hour)}
	for name, tc := range map[string]struct {
		policy sso.Policy
		entry  sso.Entry
		want   bool
	}{
		"optional":                           {sso.Policy{SSO: sso.SSOOptional}, sso.Entry{Method: sso.ByPassword, Email: bob}, false},
		"required":                           {sso.Policy{SSO: sso.SSORequired}, sso.Entry{Method: sso.ByPassword, Email: bob}, true},
		"required, by a passkey":             {sso.Policy{SSO: sso.SSORequired}, sso.Entry{Method: sso.ByPasskey, Email: bob}, true},
		"required, through a connection":     {sso.Policy{SSO: sso.SSORequired}, sso.Entry{Method: sso.BySSO, Email: bob}, false},
		"required, exempt":                   {sso.Policy{SSO: sso.SSORequired, Exempt: []string{bob.Key()}}, sso.Entry{Method: sso.ByPassword, Email: bob}, false},
		"required, an owner outside":         {sso.Policy{SSO: sso.SSORequired}, sso.Entry{Method: sso.ByPassword, Email: bob, Outside: true}, false},
		"pilot, in the group":                {sso.Policy{SSO: sso.SSOPilot, Pilot: pilot}, sso.Entry{Method: sso.ByPassword, Email: bob, Groups: []sso.GroupID{"grp_x", "grp_pilot"}}, true},
		"pilot, in another group":            {sso.Policy{SSO: sso.SSOPilot, Pilot: pilot}, sso.Entry{Method: sso.ByPassword, Email: bob, Groups: []sso.GroupID{"grp_x"}}, false},
		"pilot, exempt":                      {sso.Policy{SSO: sso.SSOPilot, Pilot: pilot, Exempt: []string{bob.Key()}}, sso.Entry{Method: sso.ByPassword, Email: bob, Groups: pilot}, false},
		"pause":                              {sso.Policy{SSO: sso.SSORequired, Pause: paused}, sso.Entry{Method: sso.ByPassword, Email: bob, At: enforceNow}, false},
		"pause, its last instant":            {sso.Policy{SSO: sso.SSORequired, Pause: paused}, sso.Entry{Method: sso.ByPassword, Email: bob, At: paused.Until}, true},
		"pause, where nobody knows the time": {sso.Policy{SSO: sso.SSORequired, Pause: paused}, sso.Entry{Method: sso.ByPassword, Email: bob}, true},
		"break-glass":                        {sso.Policy{Of: "org_a", SSO: sso.SSORequired}, sso.Entry{Method: sso.ByBreakGlass, Email: bob, Glass: "org_a"}, false},
		"break-glass of another":             {sso.Policy{Of: "org_a", SSO: sso.SSORequired}, sso.Entry{Method: sso.ByBreakGlass, Email: bob, Glass: "org_below"}, true},
		"break-glass of nobody":              {sso.Policy{SSO: sso.SSORequired}, sso.Entry{Method: sso.ByBreakGlass, Email: bob}, true},
	} {
		if got := tc.policy.DemandsSSO(tc.entry); got != tc.want {
			t.Errorf("%s: DemandsSSO() = %v, want %v", name, got, tc.want)
		}
	}
}

func TestAPausedDomainIsPausedWithItsOrganization(t *testing.T) {
	t.Parallel()
	o := sso.Organization{ID: "org_a", Policy: sso.Policy{Pause: sso.Pause{Until: enforceNow.Add(time.Hour)}}}
	d := sso.Domain{Org: o.ID, Name: "acme.example", State: sso.DomainVerified, PasswordOff: true}
	e := sso.Entry{Method: sso.ByPassword, Email: address(t, "bob@acme.example"), At: enforceNow}
	if d.Demand(&o).DemandsSSO(e) {
		t.Error("the domain demands single sign-on in a pause")
	}
	e.At = enforceNow.Add(time.Hour)
	if !d.Demand(&o).DemandsSSO(e) {
		t.Error("the domain demands nothing after the pause")
	}
}

func TestExemptPeopleGiveASecondFactorWhileTheyAreMeant(t *testing.T) {
	t.Parallel()
	bob := address(t, "bob@acme.example")
	policy := sso.Policy{SSO: sso.SSOPilot, Pilot: []sso.GroupID{"grp_pilot"}, Exempt: []string{bob.Key()}}
	in := sso.Entry{Method: sso.ByPassword, Email: bob, Groups: policy.Pilot}
	if got := (sso.Rules{policy}).MFAOf(in); got != sso.MFARequired {
		t.Errorf("in the pilot: MFAOf() = %s, want %s", got, sso.MFARequired)
	}
	in.Groups = nil
	if got := (sso.Rules{policy}).MFAOf(in); got != sso.MFAOptional {
		t.Errorf("outside of it: MFAOf() = %s, want %s", got, sso.MFAOptional)
	}
}

func TestTheGateSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	open := sso.Gate{Connections: 1, Tested: 2, Beside: true}
	to := sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay}
	for missing, gate := range map[string]sso.Gate{
		"":               open,
		"beside":         {Connections: 1, Tested: 2},
		"second":         {Connections: 1, Tested: 1, Beside: true},
		"tested, second": {Connections: 1, Beside: true},
		"active":         {Tested: 2, Beside: true},
	} {
		var p sso.Policy
		err := p.Enforce(to, &gate, enforceNow)
		if missing == "" {
			if err != nil || p.SSO != sso.SSORequired {
				t.Errorf("Enforce() through an open gate = %v, leaves %q", err, p.SSO)
			}
			continue
		}
		f := fault.From(err)
		if f.Code != "enforce_not_ready" || f.Got != "missing: "+missing || p.Demanding() {
			t.Errorf("Enforce() without %s = %v (%s), leaves %q", missing, err, f.Got, p.SSO)
		}
	}
}

func TestOnlyADemandOfMorePeoplePassesTheGate(t *testing.T) {
	t.Parallel()
	var shut sso.Gate
	a, b := []sso.GroupID{"grp_a"}, []sso.GroupID{"grp_a", "grp_b"}
	bob := address(t, "bob@acme.example")
	for name, tc := range map[string]struct {
		from sso.Policy
		to   sso.Demand
		want bool
	}{
		"required stays":               {sso.Policy{SSO: sso.SSORequired}, sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay}, true},
		"required to a pilot":          {sso.Policy{SSO: sso.SSORequired}, sso.Demand{SSO: sso.SSOPilot, Pilot: a, Sessions: sso.SessionsStay}, true},
		"a pilot loses a group":        {sso.Policy{SSO: sso.SSOPilot, Pilot: b}, sso.Demand{SSO: sso.SSOPilot, Pilot: a, Sessions: sso.SessionsStay}, true},
		"back to optional":             {sso.Policy{SSO: sso.SSORequired}, sso.Demand{SSO: sso.SSOOptional}, true},
		"a pilot gains a group":        {sso.Policy{SSO: sso.SSOPilot, Pilot: a}, sso.Demand{SSO: sso.SSOPilot, Pilot: b, Sessions: sso.SessionsStay}, false},
		"a pilot becomes required":     {sso.Policy{SSO: sso.SSOPilot, Pilot: a}, sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay}, false},
		"somebody more is exempt":      {sso.Policy{SSO: sso.SSORequired}, sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay, Exempt: []sso.Email{bob}}, true},
		"somebody is exempt no more":   {sso.Policy{SSO: sso.SSORequired, Exempt: []string{bob.Key()}}, sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay}, false},
		"nor in a pilot":               {sso.Policy{SSO: sso.SSOPilot, Pilot: a, Exempt: []string{bob.Key()}}, sso.Demand{SSO: sso.SSOPilot, Pilot: a, Sessions: sso.SessionsStay}, false},
		"nor with less of it":          {sso.Policy{SSO: sso.SSORequired, Exempt: []string{bob.Key()}}, sso.Demand{SSO: sso.SSOPilot, Pilot: a, Sessions: sso.SessionsStay}, false},
		"exempt where nothing is said": {sso.Policy{SSO: sso.SSORequired, Exempt: []string{bob.Key()}}, sso.Demand{SSO: sso.SSOOptional}, true},
		"optional to a pilot":          {sso.Policy{}, sso.Demand{SSO: sso.SSOPilot, Pilot: a, Sessions: sso.SessionsStay}, false},
	} {
		err := tc.from.Enforce(tc.to, &shut, enforceNow)
		if tc.want && err != nil || !tc.want && !fault.Is(err, "enforce_not_ready") {
			t.Errorf("%s: Enforce() = %v, want it allowed: %v", name, err, tc.want)
		}
	}
}

func TestDemandsThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	open := sso.Gate{Connections: 1, Tested: 2, Beside: true}
	for code, to := range map[string]sso.Demand{
		"enforce_degree":   {SSO: "most", Sessions: sso.SessionsStay},
		"enforce_pilot":    {SSO: sso.SSOPilot, Sessions: sso.SessionsStay},
		"enforce_sessions": {SSO: sso.SSORequired},
		"enforce_at":       {SSO: sso.SSORequired, Sessions: sso.SessionsAt, At: enforceNow},
		"enforce_exempt":   {SSO: sso.SSORequired, Sessions: sso.SessionsStay, Exempt: make([]sso.Email, sso.MaxExempt+1)},
	} {
		p := sso.Policy{SSO: sso.SSOOptional}
		if err := p.Enforce(to, &open, enforceNow); !fault.Is(err, code) || p.Demanding() {
			t.Errorf("Enforce(%+v) = %v, want %s", to, err, code)
		}
	}
}

func TestAPauseHasAnEndAndAReason(t *testing.T) {
	t.Parallel()
	const why = "the identity provider is down"
	for code, err := range map[string]error{
		"pause_life":   second(sso.NewPause(73, why, enforceNow)),
		"pause_reason": second(sso.NewPause(1, "  because  ", enforceNow)),
	} {
		if !fault.Is(err, code) {
			t.Errorf("NewPause() = %v, want %s", err, code)
		}
	}
	if err := second(sso.NewPause(0, why, enforceNow)); !fault.Is(err, "pause_life") {
		t.Errorf("NewPause() of no hours = %v", err)
	}
	pause, err := sso.NewPause(4, why, enforceNow)
	if err != nil || !pause.Until.Equal(enforceNow.Add(4*time.Hour)) {
		t.Fatalf("NewPause() = %+v, %v", pause, err)
	}
	optional := sso.Organization{Policy: sso.Policy{SSO: sso.SSOOptional}}
	if err := optional.PauseSSO(pause, nil); !fault.Is(err, "pause_nothing") {
		t.Errorf("PauseSSO() of nothing = %v", err)
	}
	required := sso.Organization{Policy: sso.Policy{SSO: sso.SSORequired}}
	if err := required.PauseSSO(pause, nil); err != nil || !required.Policy.Pause.Running(enforceNow) {
		t.Errorf("PauseSSO() = %v", err)
	}
	open := sso.Gate{Connections: 1, Tested: 2, Beside: true}
	if err := required.Policy.Enforce(sso.Demand{SSO: sso.SSORequired, Sessions: sso.SessionsStay}, &open, enforceNow); err != nil || required.Policy.Pause.Running(enforceNow) {
		t.Errorf("Enforce() = %v, and the pause goes on: %v", err, required.Policy.Pause)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSessionsThatCameAnotherWayEndWhenTheyWereToEnd(t *testing.T) {
	t.Parallel()
	bob := address(t, "bob@acme.example")
	local := sso.Session{Org: "org_a", SeenAt: enforceNow, ExpiresAt: enforceNow.Add(time.Hour)}
	through, acted, glass := local, local, local
	through.Connection, acted.Actor, glass.AMR = "con_1", "usr_support", []string{"otp", sso.AMRBreakGlass}
	at := func(until time.Time) sso.Policy {
		return sso.Policy{Of: "org_a", SSO: sso.SSORequired, LocalUntil: until}
	}
	exempt, paused, above := at(enforceNow), at(enforceNow), at(enforceNow)
	exempt.Exempt, paused.Pause, above.Of = []string{bob.Key()}, sso.Pause{Until: enforceNow.Add(time.Minute)}, "org_above"
	for name, tc := range map[string]struct {
		session sso.Session
		policy  sso.Policy
		role    sso.Role
		over    bool
	}{
		"at once":                         {local, at(enforceNow), sso.RoleMember, true},
		"later":                           {local, at(enforceNow.Add(time.Second)), sso.RoleMember, false},
		"by themselves":                   {local, at(time.Time{}), sso.RoleMember, false},
		"through a connection":            {through, at(enforceNow), sso.RoleMember, false},
		"of support, who acts as them":    {acted, at(enforceNow), sso.RoleMember, false},
		"by a break-glass code":           {glass, at(enforceNow), sso.RoleOwner, false},
		"by one that opens nothing above": {glass, above, sso.RoleMember, true},
		"of who is exempt":                {local, exempt, sso.RoleMember, false},
		"of an owner outside":             {local, at(enforceNow), sso.RoleOwner, false},
		"in a pause":                      {local, paused, sso.RoleMember, false},
	} {
		p := sso.Person{Session: tc.session, User: sso.User{State: sso.UserActive, Email: bob}, Membership: sso.Membership{Role: tc.role}, Networks: sso.Rules{tc.policy}}
		if err := p.Valid(enforceNow); tc.over != fault.Is(err, "session_sso_required") || !tc.over && err != nil {
			t.Errorf("%s: Valid() = %v, want it over: %v", name, err, tc.over)
		}
	}
}

func TestAWayStaysOpenOnlyForWhomItIsLeft(t *testing.T) {
	t.Parallel()
	bob := address(t, "bob@acme.example")
	exempt := []string{bob.Key()}
	for name, tc := range map[string]struct {
		by     sso.Beside
		exempt []string
		proved bool
		want   bool
	}{
		"an owner's code":                {sso.Beside{Email: bob, Role: sso.RoleOwner, Method: sso.ByBreakGlass}, nil, true, true},
		"a code of who is none any more": {sso.Beside{Email: bob, Role: sso.RoleMember, Method: sso.ByBreakGlass}, nil, true, false},
		"an owner of the domain":         {sso.Beside{Email: bob, Role: sso.RoleOwner, Method: sso.ByPassword}, nil, true, false},
		"an owner outside":               {sso.Beside{Email: bob, Role: sso.RoleOwner, Method: sso.ByPassword}, nil, false, true},
		"somebody exempt":                {sso.Beside{Email: bob, Role: sso.RoleMember, Method: sso.ByPassword}, exempt, true, true},
		"somebody else":                  {sso.Beside{Email: bob, Role: sso.RoleMember, Method: sso.ByPassword}, nil, false, false},
	} {
		if got := tc.by.Stays(tc.exempt, tc.proved, 1); got != tc.want {
			t.Errorf("%s: Stays() = %v, want %v", name, got, tc.want)
		}
		if got, want := tc.by.Stays(tc.exempt, tc.proved, 0), tc.want && tc.by.Method != sso.ByBreakGlass; got != want {
			t.Errorf("%s, and no code is left: Stays() = %v, want %v", name, got, want)
		}
	}
}

func FuzzNewPause(f *testing.F) {
	f.Add(4, "the identity provider is down")
	f.Fuzz(func(t *testing.T, hours int, reason string) {
		// Whatever is asked for, a pause ends, within three days, and says why.
		pause, err := sso.NewPause(hours, reason, enforceNow)
		if err != nil {
			return
		}
		if pause.Until.Sub(enforceNow) > sso.MaxPause || !pause.Until.After(enforceNow) || len(strings.TrimSpace(pause.Reason)) < sso.MinPauseReason {
			t.Errorf("NewPause(%d, %q) = %+v", hours, reason, pause)
		}
	})
}
