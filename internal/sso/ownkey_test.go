package sso_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestOwnKey(t *testing.T) {
	t.Parallel()
	emea := &sso.Organization{ID: "org_emea", Key: "emea", Path: pathEMEA}
	for name, tc := range map[string]struct {
		role sso.Role
		path []sso.OrgID
		keys bool // of their own, already
		code string
	}{
		"an owner there":              {sso.RoleOwner, pathEMEA, true, ""},
		"a member above":              {sso.RoleMember, pathAcme, true, ""},
		"an administrator above":      {sso.RoleAdmin, pathAcme, false, "key_beyond"},
		"an owner beside":             {sso.RoleOwner, pathUS, false, "key_beyond"},
		"an owner elsewhere":          {sso.RoleOwner, pathGlobex, true, "key_beyond"},
		"an owner elsewhere, no keys": {sso.RoleOwner, pathGlobex, false, ""},
		"a member elsewhere":          {sso.RoleMember, pathGlobex, true, ""},
	} {
		s := sso.Standing{Positions: []sso.Position{{Membership: sso.Membership{Role: sso.RoleOwner}, Path: pathEMEA}, {Membership: sso.Membership{Role: tc.role}, Path: tc.path}}}
		if tc.keys {
			s.User.CredentialsAt = now
		}
		if err := s.OwnKey(emea); (err == nil) != (tc.code == "") || err != nil && !fault.Is(err, tc.code) {
			t.Errorf("%s: OwnKey() = %v, want %q", name, err, tc.code)
		}
	}
}
