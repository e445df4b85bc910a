package sso_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestWhatAnAppDemandsIsAskedFor(t *testing.T) {
	t.Parallel()
	pwd, app, key := []string{"pwd"}, []string{"pwd", "otp", "mfa"}, []string{"pwd", "pop", "mfa"}
	totp, passkey := sso.Factor{Kind: sso.FactorTOTP}, sso.Factor{Kind: sso.FactorPasskey}
	for name, tc := range map[string]struct {
		demand sso.AppDemand
		in     sso.Meeting
		want   sso.Need
	}{
		"nothing":                              {"", sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}, May: true}, ""},
		"a factor":                             {sso.DemandFactor, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}}, sso.NeedFactor},
		"a factor, which was given":            {sso.DemandFactor, sso.Meeting{AMR: app, Have: []sso.Factor{totp}, Given: true}, ""},
		"a factor, and there is none":          {sso.DemandFactor, sso.Meeting{AMR: pwd, May: true}, sso.NeedEnrol},
		"a factor, and there may be none":      {sso.DemandFactor, sso.Meeting{AMR: pwd}, ""},
		"a factor is liked":                    {sso.LikeFactor, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}, May: true}, sso.NeedFactor},
		"a factor is liked, and there is none": {sso.LikeFactor, sso.Meeting{AMR: pwd, May: true}, ""},
		"a key":                                {sso.DemandKey, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp, passkey}}, sso.NeedFactor},
		"a key, and an app was shown":          {sso.DemandKey, sso.Meeting{AMR: app, Have: []sso.Factor{totp, passkey}, Given: true}, sso.NeedFactor},
		"a key, which was given":               {sso.DemandKey, sso.Meeting{AMR: key, Have: []sso.Factor{totp, passkey}, Given: true}, ""},
		"a key beside an app":                  {sso.DemandKey, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}, May: true}, sso.NeedFactor},
		"a key beside an app that was shown":   {sso.DemandKey, sso.Meeting{AMR: app, Have: []sso.Factor{totp}, Given: true, May: true}, sso.NeedEnrol},
		"a key, and none may be added":         {sso.DemandKey, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}}, ""},
		"a key is liked, and there is an app":  {sso.LikeKey, sso.Meeting{AMR: pwd, Have: []sso.Factor{totp}, May: true}, ""},
		"a key is liked, and an app was shown": {sso.LikeKey, sso.Meeting{AMR: app, Have: []sso.Factor{totp, passkey}, Given: true}, ""},
	} {
		if got := tc.demand.Need(tc.in); got != tc.want {
			t.Errorf("%s: Need() = %q, want %q", name, got, tc.want)
		}
	}
}

func TestOnlyAKeyIsOfferedWhereNothingElseWillDo(t *testing.T) {
	t.Parallel()
	totp, passkey := sso.Factor{Kind: sso.FactorTOTP}, sso.Factor{Kind: sso.FactorPasskey}
	for demand, want := range map[sso.AppDemand]int{"": 2, sso.DemandFactor: 2, sso.LikeKey: 2, sso.DemandKey: 1} {
		if got, recovery := demand.Among([]sso.Factor{totp, passkey}); len(got) != want || recovery != (want == 2) {
			t.Errorf("%q leaves %v, codes for recovery: %v", demand, got, recovery)
		}
		if got := demand.Kinds([]sso.FactorKind{sso.FactorTOTP, sso.FactorPasskey}); len(got) != want {
			t.Errorf("%q lets add %v", demand, got)
		}
		if got, recovery := demand.Among([]sso.Factor{totp}); len(got) != 1 || !recovery {
			t.Errorf("%q leaves nothing of an app", demand)
		}
	}
}
