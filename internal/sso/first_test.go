package sso_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// invited is an invitation to alice@acme.example, by the vendor.
func invited(t testing.TB, id sso.InvitationID, path []sso.OrgID, role sso.Role) sso.Invited {
	return sso.Invited{
		Invitation: sso.Invitation{ID: id, Org: path[len(path)-1], Email: email(t, "alice@acme.example"), Role: role, Groups: []string{string(id)}, ExpiresAt: now.Add(time.Hour)},
		Path:       path,
	}
}

func TestInvitedComesInAsInvited(t *testing.T) {
	t.Parallel()
	mode := func(m sso.FirstSignIn, in ...sso.Invited) func(*sso.SignIn) {
		return func(s *sso.SignIn) { s.Connection.FirstSignIn, s.Invited = m, in }
	}
	outside := func(m sso.FirstSignIn, in ...sso.Invited) func(*sso.SignIn) {
		return func(s *sso.SignIn) { s.Connection.FirstSignIn, s.Invited, s.Claim = m, in, nil }
	}
	demoted := &sso.Standing{User: sso.User{State: sso.UserActive}}
	owner := &sso.Standing{User: sso.User{State: sso.UserActive}, Positions: []sso.Position{{Membership: sso.Membership{Org: "org_acme", Role: sso.RoleOwner}}}}
	by := func(i sso.Invited, by *sso.Standing) sso.Invited { i.By = by; return i }
	for name, tc := range map[string]struct {
		change  func(*sso.SignIn)
		code    string // "": comes in
		accepts []sso.InvitationID
		roles   []sso.Role
	}{
		"invited":                 {mode(sso.FirstInvited, invited(t, "inv_1", pathAcme, sso.RoleMember)), "", []sso.InvitationID{"inv_1"}, []sso.Role{sso.RoleMember}},
		"nobody invited":          {mode(sso.FirstInvited), "ident_not_invited", nil, nil},
		"invited below":           {mode(sso.FirstInvited, invited(t, "inv_1", pathEMEA, sso.RoleMember)), "", []sso.InvitationID{"inv_1"}, []sso.Role{sso.RoleMember}},
		"invited by two":          {mode(sso.FirstInvited, invited(t, "inv_1", pathAcme, sso.RoleAdmin), invited(t, "inv_2", pathEMEA, sso.RoleMember)), "", []sso.InvitationID{"inv_1", "inv_2"}, []sso.Role{sso.RoleAdmin, sso.RoleMember}},
		"invited by another tree": {mode(sso.FirstInvited, invited(t, "inv_1", pathGlobex, sso.RoleMember)), "ident_not_invited", nil, nil},
		"invitation of another address": {mode(sso.FirstInvited, func() sso.Invited {
			i := invited(t, "inv_1", pathAcme, sso.RoleMember)
			i.Email = email(t, "bob@acme.example")
			return i
		}()), "ident_not_invited", nil, nil},
		"invitation that is over":       {mode(sso.FirstInvited, func() sso.Invited { i := invited(t, "inv_1", pathAcme, sso.RoleMember); i.ExpiresAt = now; return i }()), "ident_not_invited", nil, nil},
		"invitation that is revoked":    {mode(sso.FirstInvited, func() sso.Invited { i := invited(t, "inv_1", pathAcme, sso.RoleMember); i.RevokedAt = now; return i }()), "ident_not_invited", nil, nil},
		"invited to own by an owner":    {mode(sso.FirstInvited, by(invited(t, "inv_1", pathAcme, sso.RoleOwner), owner)), "", []sso.InvitationID{"inv_1"}, []sso.Role{sso.RoleOwner}},
		"invited to own by who may not": {mode(sso.FirstInvited, by(invited(t, "inv_1", pathAcme, sso.RoleOwner), demoted)), "ident_not_invited", nil, nil},
		"a guest of an open door":       {outside(sso.FirstCreate, invited(t, "inv_1", pathAcme, sso.RoleMember)), "", []sso.InvitationID{"inv_1"}, []sso.Role{sso.RoleMember}},
		"a guest of invited":            {outside(sso.FirstInvited, invited(t, "inv_1", pathAcme, sso.RoleMember)), "", []sso.InvitationID{"inv_1"}, []sso.Role{sso.RoleMember}},
		"a guest of match":              {outside(sso.FirstMatch, invited(t, "inv_1", pathAcme, sso.RoleMember)), "ident_domain", nil, nil},
		// Who is to own the place must read the mail: the identity provider
		// does not say whose an address elsewhere is.
		"a guest invited to own":        {outside(sso.FirstCreate, by(invited(t, "inv_1", pathAcme, sso.RoleOwner), owner)), "ident_domain", nil, nil},
		"a guest invited to administer": {outside(sso.FirstCreate, by(invited(t, "inv_1", pathAcme, sso.RoleAdmin), owner)), "ident_domain", nil, nil},
		"a guest of another's domain": {func(s *sso.SignIn) {
			s.Invited, s.Claim.OrgPath = []sso.Invited{invited(t, "inv_1", pathAcme, sso.RoleMember)}, pathGlobex
		}, "ident_domain", nil, nil},
		"a guest with the address of somebody here": {func(s *sso.SignIn) {
			s.Invited, s.Claim = []sso.Invited{invited(t, "inv_1", pathAcme, sso.RoleMember)}, nil
			s.SameEmail = []sso.Resident{resident(t, "usr_owner", "alice@acme.example", pathAcme)}
		}, "ident_domain", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, tc.change).Decide(now)
			if tc.code != "" {
				if !fault.Is(err, tc.code) {
					t.Fatalf("Decide() = %v, want %s", err, tc.code)
				}
				return
			}
			if err != nil || d.Act != sso.ActCreate {
				t.Fatalf("Decide() = %s, %v, want somebody new", d.Act, err)
			}
			var roles []sso.Role
			for _, m := range d.Memberships {
				if m.User != d.User.ID {
					t.Errorf("a membership of %s", m.User)
				}
				roles = append(roles, m.Role)
			}
			if !slices.Equal(d.Accepts, tc.accepts) || !slices.Equal(roles, tc.roles) {
				t.Errorf("accepts %v as %v, want %v as %v", d.Accepts, roles, tc.accepts, tc.roles)
			}
		})
	}
}

func asking(change func(*sso.SignIn)) func(*sso.SignIn) {
	return func(s *sso.SignIn) {
		s.Connection.FirstSignIn = sso.FirstAsk
		if change != nil {
			change(s)
		}
	}
}

// Whoever has the address, the question is the same: the answer to an assertion
// tells nothing about who has an account.
func TestAskAsksWhoeverHasTheAddress(t *testing.T) {
	t.Parallel()
	gone := resident(t, "usr_0", "alice@acme.example", pathAcme)
	gone.User.State = sso.UserDeleted
	for name, same := range map[string][]sso.Resident{
		"nobody": nil, "one": {resident(t, "usr_1", "alice@acme.example", pathAcme)},
		"two":          {resident(t, "usr_1", "alice@acme.example", pathAcme), resident(t, "usr_2", "alice@acme.example", pathEMEA)},
		"one deleted":  {gone},
		"one far away": {resident(t, "usr_9", "alice@acme.example", pathGlobex)},
	} {
		if d, err := arrival(t, asking(func(s *sso.SignIn) { s.SameEmail = same })).Decide(now); err != nil || d.Act != sso.ActAsk {
			t.Errorf("%s: Decide() = %s, %v, want ask", name, d.Act, err)
		}
	}
	if _, err := arrival(t, asking(func(s *sso.SignIn) { s.Claim = nil })).Decide(now); !fault.Is(err, "ident_domain") {
		t.Errorf("outside the domains: %v, want ident_domain", err)
	}
	if d, err := arrival(t, asking(func(s *sso.SignIn) { r := resident(t, "usr_1", "alice@acme.example", pathAcme); s.Linked = &r })).Decide(now); err != nil || d.Act != sso.ActSignIn {
		t.Errorf("who is known: %s, %v", d.Act, err)
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	proved := func(change func(*sso.Resident)) *sso.Resident {
		r := resident(t, "usr_1", "al@old.example", pathAcme)
		if change != nil {
			change(&r)
		}
		return &r
	}
	for name, tc := range map[string]struct {
		change func(*sso.SignIn)
		who    *sso.Resident
		code   string
		clash  sso.ClashKind
	}{
		"an account under another address": {nil, proved(nil), "", ""},
		"an account of a sub-organization": {nil, proved(func(r *sso.Resident) { r.HomePath = pathEMEA }), "", ""},
		"the account with this address":    {func(s *sso.SignIn) { s.SameEmail = []sso.Resident{*proved(nil)} }, proved(nil), "", ""},
		"an account of another customer":   {nil, proved(func(r *sso.Resident) { r.HomePath = pathGlobex }), "ident_tree", ""},
		"an account of the one above": {func(s *sso.SignIn) {
			s.Org, s.Claim.OrgPath = sso.Organization{ID: "org_emea", Path: pathEMEA}, pathEMEA
		}, proved(nil), "ident_tree", ""},
		"a guest":                         {nil, proved(func(r *sso.Resident) { r.HomePath, r.Member = pathGlobex, true }), "ident_tree", ""},
		"a suspended account":             {nil, proved(func(r *sso.Resident) { r.User.State = sso.UserSuspended }), "user_suspended", ""},
		"an account with another subject": {nil, proved(func(r *sso.Resident) { r.OtherSubject = true }), "ident_conflict", sso.ClashSubject},
		"somebody else with this address": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_2", "alice@acme.example", pathEMEA)}
		}, proved(nil), "ident_conflict", sso.ClashAddress},
		"a domain that is not verified now":   {func(s *sso.SignIn) { s.Claim = nil }, proved(nil), "ident_domain", ""},
		"a subject that is somebody's by now": {func(s *sso.SignIn) { s.Linked = proved(nil) }, proved(nil), "attempt_changed", ""},
		"a connection that asks no more":      {func(s *sso.SignIn) { s.Connection.FirstSignIn = sso.FirstCreate }, proved(nil), "attempt_changed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, asking(tc.change)).Connect(tc.who, now)
			if tc.code == "" {
				if err != nil || d.Act != sso.ActLink || d.User.ID != "usr_1" || d.User.FirstName != "Alice" {
					t.Fatalf("Connect() = %s as %s %q, %v", d.Act, d.User.ID, d.User.FirstName, err)
				}
				return
			}
			kind := sso.ClashKind("")
			if d.Clash != nil {
				kind = d.Clash.Kind
			}
			if !fault.Is(err, tc.code) || kind != tc.clash {
				t.Fatalf("Connect() = %v with clash %q, want %s with %q", err, kind, tc.code, tc.clash)
			}
		})
	}
}

func TestRegisterMakesSomebodyRestricted(t *testing.T) {
	t.Parallel()
	gone := resident(t, "usr_0", "alice@acme.example", pathAcme)
	gone.User.State = sso.UserDeleted
	here := func(r ...sso.Resident) func(*sso.SignIn) { return func(s *sso.SignIn) { s.SameEmail = r } }
	for name, tc := range map[string]struct {
		change func(*sso.SignIn)
		code   string
		role   sso.Role
	}{
		"nobody has the address":    {nil, "", sso.RoleRestricted},
		"the defaults say owner":    {func(s *sso.SignIn) { s.Connection.Defaults.Role = sso.RoleOwner }, "", sso.RoleRestricted},
		"who was invited":           {func(s *sso.SignIn) { s.Invited = []sso.Invited{invited(t, "inv_1", pathAcme, sso.RoleAdmin)} }, "", sso.RoleAdmin},
		"somebody has the address":  {here(resident(t, "usr_1", "alice@acme.example", pathAcme)), "ident_conflict", ""},
		"who had it was deleted":    {here(gone), "user_deleted", ""},
		"deleted, and may be again": {func(s *sso.SignIn) { s.SameEmail, s.Recreate = []sso.Resident{gone}, true }, "", sso.RoleRestricted},
		"an ancestor's domain":      {func(s *sso.SignIn) { s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA} }, "ident_domain", ""},
		"a group gives a role": {func(s *sso.SignIn) {
			s.Asserted.Groups = []string{"Admins"}
			s.Connection.Defaults.Mapping = sso.GroupRoles{On: true, Rows: []sso.GroupRow{{Group: "Admins", Role: sso.RoleAdmin}}}
		}, "", sso.RoleAdmin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, asking(tc.change)).Register(now)
			if tc.code != "" {
				if !fault.Is(err, tc.code) {
					t.Fatalf("Register() = %v, want %s", err, tc.code)
				}
				return
			}
			if err != nil || d.Act != sso.ActCreate || d.Memberships[0].Role != tc.role || d.Why.Role != tc.role {
				t.Fatalf("Register() = %+v, %v, want %s", d, err, tc.role)
			}
		})
	}
}

func TestClashSaysBetweenWhom(t *testing.T) {
	t.Parallel()
	gone := resident(t, "usr_0", "alice@acme.example", pathAcme)
	gone.User.State = sso.UserDeleted
	known := func(address string, change func(*sso.SignIn)) func(*sso.SignIn) {
		return func(s *sso.SignIn) {
			r := resident(t, "usr_7", address, pathAcme)
			s.Linked = &r
			if change != nil {
				change(s)
			}
		}
	}
	for name, tc := range map[string]struct {
		change func(*sso.SignIn)
		want   sso.Clash
	}{
		"another subject": {func(s *sso.SignIn) {
			r := resident(t, "usr_1", "alice@acme.example", pathAcme)
			r.OtherSubject = true
			s.SameEmail = []sso.Resident{r}
		}, sso.Clash{Kind: sso.ClashSubject, Candidates: []sso.UserID{"usr_1"}}},
		// Of other customers' people, nobody hears.
		"several": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme), resident(t, "usr_2", "alice@acme.example", pathUS), resident(t, "usr_9", "alice@acme.example", pathGlobex)}
		}, sso.Clash{Kind: sso.ClashCandidates, Candidates: []sso.UserID{"usr_1", "usr_2"}}},
		"outside the domains": {func(s *sso.SignIn) {
			s.Claim = nil
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme), resident(t, "usr_9", "alice@acme.example", pathGlobex)}
		}, sso.Clash{Kind: sso.ClashDomain, Candidates: []sso.UserID{"usr_1"}}},
		"deleted":             {func(s *sso.SignIn) { s.SameEmail = []sso.Resident{gone} }, sso.Clash{Kind: sso.ClashDeleted, Candidates: []sso.UserID{"usr_0"}}},
		"deleted, and linked": {known("alice@acme.example", func(s *sso.SignIn) { s.Linked.User.State = sso.UserDeleted }), sso.Clash{Kind: sso.ClashDeleted, Candidates: []sso.UserID{"usr_7"}}},
		"an address of another": {known("old@acme.example", func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}), sso.Clash{Kind: sso.ClashAddress, Candidates: []sso.UserID{"usr_7", "usr_1"}}},
		"a known address outside": {known("old@acme.example", func(s *sso.SignIn) { s.Claim = nil }), sso.Clash{Kind: sso.ClashDomain, Candidates: []sso.UserID{"usr_7"}}},
		"another provider":        {known("old@acme.example", func(s *sso.SignIn) { s.LinkedBy = "https://before.example" }), sso.Clash{Kind: sso.ClashProvider, Candidates: []sso.UserID{"usr_7"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, tc.change).Decide(now)
			if err == nil || d.Clash == nil || d.Clash.Kind != tc.want.Kind || !slices.Equal(d.Clash.Candidates, tc.want.Candidates) {
				t.Fatalf("Decide() = %+v, %v, want %+v", d.Clash, err, tc.want)
			}
		})
	}
	// What is no matter of who somebody is goes to nobody's inbox.
	if d, err := arrival(t, func(s *sso.SignIn) { s.Typed = email(t, "bob@acme.example") }).Decide(now); err == nil || d.Clash != nil {
		t.Errorf("another address than was typed: clash %+v, %v", d.Clash, err)
	}
	// Allowed to come back, somebody comes back as somebody new.
	d, err := arrival(t, func(s *sso.SignIn) { s.SameEmail, s.Recreate = []sso.Resident{gone}, true }).Decide(now)
	if err != nil || d.Act != sso.ActCreate || !d.Recreated || d.User.ID == "usr_0" {
		t.Errorf("allowed to come back: %+v, %v", d, err)
	}
}

func TestKeptProfileIsLeftAlone(t *testing.T) {
	t.Parallel()
	for keep, want := range map[bool]string{true: "old@acme.example", false: "alice@acme.example"} {
		d, err := arrival(t, func(s *sso.SignIn) {
			r := resident(t, "usr_1", "old@acme.example", pathAcme)
			s.Linked, s.Connection.Defaults.KeepProfile = &r, keep
		}).Decide(now)
		if err != nil || d.User.Email.String() != want || d.Changed == keep || (d.User.FirstName == "Old") != keep {
			t.Errorf("keep %v: %+v, %v", keep, d.User, err)
		}
	}
}
