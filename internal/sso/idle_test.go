package sso_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestWhoDoesNotComeIsWarnedAndShutOut(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		after, ago time.Duration
		warned     time.Duration // ago; 0: never
		want       sso.IdleStep
	}{
		"here today":                         {90 * day, 0, 0, sso.IdleRest},
		"eight days before":                  {90 * day, 82 * day, 0, sso.IdleRest},
		"seven days before":                  {90 * day, 83 * day, 0, sso.IdleWarn},
		"seven days before, and warned":      {90 * day, 84 * day, day, sso.IdleRest},
		"warned before they came last":       {90 * day, 83 * day, 100 * day, sso.IdleWarn},
		"two days before":                    {90 * day, 88 * day, 5 * day, sso.IdleRest},
		"a day before":                       {90 * day, 89 * day, 6 * day, sso.IdleWarn},
		"a day before, and warned again":     {90 * day, 89*day + time.Hour, time.Hour, sso.IdleRest},
		"a day before, never warned":         {90 * day, 89 * day, 0, sso.IdleWarn},
		"at the last instant":                {90 * day, 90 * day, day, sso.IdleRest},
		"after it":                           {90 * day, 90*day + 1, day, sso.IdleShutOut},
		"long after it, never warned":        {90 * day, 500 * day, 0, sso.IdleShutOut},
		"a rule of a week: not on arrival":   {7 * day, 0, 0, sso.IdleRest},
		"a rule of a week: a day before":     {7 * day, 6 * day, 0, sso.IdleWarn},
		"a rule of an hour: no warning":      {time.Hour, 30 * time.Minute, 0, sso.IdleRest},
		"a rule of an hour: after an hour":   {time.Hour, 61 * time.Minute, 0, sso.IdleShutOut},
		"a rule of a day: no warning":        {day, 23 * time.Hour, 0, sso.IdleRest},
		"a rule of eight days: seven before": {8 * day, day, 0, sso.IdleWarn},
	} {
		i := sso.Idle{After: tc.after, Last: now.Add(-tc.ago)}
		if tc.warned > 0 {
			i.Warned = now.Add(-tc.warned)
		}
		if got := i.Due(now); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// Whatever the rule and whenever somebody looks: nobody is warned more often
// than there are leads, and nobody is shut out early.
func TestNobodyIsPestered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
		i := sso.Idle{After: time.Duration(rapid.Int64Range(1, 400*24*3600).Draw(t, "after")) * time.Second, Last: start}
		steps := rapid.SliceOfN(rapid.Int64Range(1, 20*24*3600), 1, 60).Draw(t, "steps")
		warnings, now := 0, start
		for _, s := range steps {
			now = now.Add(time.Duration(s) * time.Second)
			switch i.Due(now) {
			case sso.IdleWarn:
				warnings++
				i.Warned = now
				if !now.Before(i.Until()) && now != i.Until() {
					t.Fatalf("warned at %v, which is after %v", now, i.Until())
				}
			case sso.IdleShutOut:
				if now.Sub(start) <= i.After {
					t.Fatalf("shut out after %v by a rule of %v", now.Sub(start), i.After)
				}
			case sso.IdleRest:
				if now.Sub(start) > i.After {
					t.Fatalf("still in after %v by a rule of %v", now.Sub(start), i.After)
				}
			}
		}
		if warnings > len(sso.Leads()) {
			t.Fatalf("warned %d times", warnings)
		}
	})
}

func TestLastOwnerIsNotDispensable(t *testing.T) {
	t.Parallel()
	owner := func(others int) sso.Position {
		return sso.Position{Membership: sso.Membership{Role: sso.RoleOwner}, OtherOwners: others}
	}
	member := sso.Position{Membership: sso.Membership{Role: sso.RoleAdmin}}
	for name, tc := range map[string]struct {
		positions []sso.Position
		want      bool
	}{
		"nothing":                       {nil, true},
		"an administrator":              {[]sso.Position{member}, true},
		"one of two owners":             {[]sso.Position{owner(1)}, true},
		"the last owner":                {[]sso.Position{owner(0)}, false},
		"the last owner of another one": {[]sso.Position{member, owner(2), owner(0)}, false},
	} {
		if got := (&sso.Standing{Positions: tc.positions}).Dispensable() == nil; got != tc.want {
			t.Errorf("%s: dispensable %v, want %v", name, got, tc.want)
		}
	}
}
