package sso_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// The tree of these tests: acme with acme-emea and acme-us below it, and
// globex beside it.
var (
	pathAcme   = []sso.OrgID{"org_acme"}
	pathEMEA   = []sso.OrgID{"org_acme", "org_emea"}
	pathUS     = []sso.OrgID{"org_acme", "org_us"}
	pathGlobex = []sso.OrgID{"org_globex"}
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func email(t testing.TB, s string) sso.Email {
	t.Helper()
	e, err := sso.ParseEmail(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func resident(t testing.TB, id sso.UserID, address string, home []sso.OrgID) sso.Resident {
	return sso.Resident{
		User:     sso.User{ID: id, Home: home[len(home)-1], Email: email(t, address), FirstName: "Old", State: sso.UserActive},
		HomePath: home,
	}
}

// arrival is an assertion about alice@acme.example through acme's connection.
func arrival(t testing.TB, change func(*sso.SignIn)) *sso.SignIn {
	s := &sso.SignIn{
		Connection: sso.Connection{ID: "con_1", Org: "org_acme", FirstSignIn: sso.FirstCreate},
		Org:        sso.Organization{ID: "org_acme", Key: "acme", Path: pathAcme},
		Asserted:   sso.Asserted{Subject: "named:alice", Email: email(t, "alice@acme.example"), FirstName: "Alice", LastName: "Archer", Username: "alice"},
		Claim:      &sso.VerifiedClaim{Domain: sso.Domain{Org: "org_acme", Name: "acme.example", State: sso.DomainVerified}, OrgPath: pathAcme},
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestDecideSignsIn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*sso.SignIn)
		act    sso.Act
		user   sso.UserID // "" for a new one
	}{
		"an unknown subject is created": {nil, sso.ActCreate, ""},
		"an unknown subject of a user here is linked": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, sso.ActLink, "usr_1"},
		"the address is compared without case": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "Alice@acme.example", pathAcme)}
		}, sso.ActLink, "usr_1"},
		"a user of a sub-organization is linked": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathEMEA)}
		}, sso.ActLink, "usr_1"},
		"match links as well": {func(s *sso.SignIn) {
			s.Connection.FirstSignIn = sso.FirstMatch
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, sso.ActLink, "usr_1"},
		"a linked subject is that user": {func(s *sso.SignIn) { r := resident(t, "usr_2", "alice@acme.example", pathAcme); s.Linked = &r }, sso.ActSignIn, "usr_2"},
		"a linked subject without an address is that user": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			s.Linked = &r
			s.Asserted.Email = sso.Email{}
		}, sso.ActSignIn, "usr_2"},
		"a subject of the identity provider before, with the same address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			s.Linked, s.LinkedBy = &r, "https://before.example"
		}, sso.ActSignIn, "usr_2"},
		"a linked guest signs in": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathGlobex)
			r.Member = true
			s.Linked = &r
		}, sso.ActSignIn, "usr_2"},
		"a user elsewhere with that address does not matter": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_9", "alice@acme.example", pathGlobex)}
		}, sso.ActCreate, ""},
		"the typed address is the asserted one": {func(s *sso.SignIn) { s.Typed = email(t, "ALICE@ACME.example") }, sso.ActCreate, ""},
		"a sub-organization's people by its ancestor's domain": {func(s *sso.SignIn) {
			s.Org = sso.Organization{ID: "org_emea", Key: "acme-emea", Path: pathEMEA}
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathEMEA)}
		}, sso.ActLink, "usr_1"},
		"new people of a domain that names the connection": {func(s *sso.SignIn) {
			s.Org = sso.Organization{ID: "org_emea", Key: "acme-emea", Path: pathEMEA}
			s.Claim.Domain.Connection = "con_1"
		}, sso.ActCreate, ""},
		"a domain of an organization below counts": {func(s *sso.SignIn) { s.Claim.Domain.Org, s.Claim.OrgPath = "org_emea", pathEMEA }, sso.ActCreate, ""},
		"one deleted and one living user are no conflict": {func(s *sso.SignIn) {
			gone := resident(t, "usr_0", "alice@acme.example", pathAcme)
			gone.User.State = sso.UserDeleted
			s.SameEmail = []sso.Resident{gone, resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, sso.ActLink, "usr_1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, tc.change).Decide(now)
			if err != nil {
				t.Fatalf("Decide() = %v, want %s", err, tc.act)
			}
			if d.Act != tc.act || tc.user != "" && d.User.ID != tc.user {
				t.Fatalf("Decide() = %s as %s, want %s as %s", d.Act, d.User.ID, tc.act, tc.user)
			}
		})
	}
}

func TestDecideRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*sso.SignIn)
		code   string
	}{
		"another address than was typed": {func(s *sso.SignIn) { s.Typed = email(t, "bob@acme.example") }, "ident_email_mismatch"},
		"another address than was typed, of a known": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			s.Linked = &r
			s.Asserted.Email = sso.Email{}
			s.Typed = email(t, "bob@acme.example")
		}, "ident_email_mismatch"},
		"an unknown subject without an address": {func(s *sso.SignIn) { s.Asserted.Email = sso.Email{} }, "ident_email_missing"},
		"a domain that nobody has proved":       {func(s *sso.SignIn) { s.Claim = nil }, "ident_domain"},
		"a domain still in review":              {func(s *sso.SignIn) { s.Claim.Domain.State = sso.DomainInReview }, "ident_domain"},
		"a lapsed domain":                       {func(s *sso.SignIn) { s.Claim.Domain.State = sso.DomainLapsed }, "ident_domain"},
		"a domain of another organization":      {func(s *sso.SignIn) { s.Claim.OrgPath = pathGlobex }, "ident_domain"},
		"a proof of another domain":             {func(s *sso.SignIn) { s.Claim.Domain.Name = "other.example" }, "ident_domain"},
		"a sister's domain": {func(s *sso.SignIn) {
			s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA}
			s.Claim.OrgPath = pathUS
		}, "ident_domain"},
		"two users with the address": {func(s *sso.SignIn) {
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme), resident(t, "usr_2", "alice@acme.example", pathEMEA)}
		}, "ident_conflict"},
		"a user whose subject has changed": {func(s *sso.SignIn) {
			r := resident(t, "usr_1", "alice@acme.example", pathAcme)
			r.OtherSubject = true
			s.SameEmail = []sso.Resident{r}
		}, "ident_conflict"},
		"match without a user":     {func(s *sso.SignIn) { s.Connection.FirstSignIn = sso.FirstMatch }, "ident_no_match"},
		"a mode that is not known": {func(s *sso.SignIn) { s.Connection.FirstSignIn = "" }, "ident_no_match"},
		"match with a user elsewhere alone": {func(s *sso.SignIn) {
			s.Connection.FirstSignIn = sso.FirstMatch
			s.SameEmail = []sso.Resident{resident(t, "usr_9", "alice@acme.example", pathGlobex)}
		}, "ident_no_match"},
		"a parent's user through a child's connection": {func(s *sso.SignIn) {
			s.Connection.FirstSignIn = sso.FirstMatch
			s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA}
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, "ident_conflict"},
		"new people by an ancestor's domain": {func(s *sso.SignIn) { s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA} }, "ident_domain"},
		"a user who is at home in a sister too": {func(s *sso.SignIn) {
			s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA}
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathEMEA), resident(t, "usr_2", "alice@acme.example", pathUS)}
		}, "ident_conflict"},
		"a child's user who takes an address of the parent's domain": {func(s *sso.SignIn) {
			s.Org = sso.Organization{ID: "org_emea", Path: pathEMEA}
			r := resident(t, "usr_2", "mallory@acme.example", pathEMEA)
			s.Linked = &r
		}, "ident_domain"},
		"a linked user of another tree": {func(s *sso.SignIn) { r := resident(t, "usr_2", "alice@acme.example", pathGlobex); s.Linked = &r }, "ident_tree"},
		"a suspended user": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			r.User.State = sso.UserSuspended
			s.Linked = &r
		}, "user_suspended"},
		"a user who is at home above": {func(s *sso.SignIn) {
			s.Org, s.Claim.OrgPath = sso.Organization{ID: "org_emea", Path: pathEMEA}, pathEMEA
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, "ident_conflict"},
		"a known subject that takes the address of somebody above": {func(s *sso.SignIn) {
			s.Org, s.Claim.OrgPath = sso.Organization{ID: "org_emea", Path: pathEMEA}, pathEMEA
			r := resident(t, "usr_2", "m@acme.example", pathEMEA)
			s.Linked, s.SameEmail = &r, []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, "ident_conflict"},
		"a user who was deleted above": {func(s *sso.SignIn) {
			s.Org, s.Claim.Domain.Connection = sso.Organization{ID: "org_emea", Path: pathEMEA}, "con_1"
			r := resident(t, "usr_1", "alice@acme.example", pathAcme)
			r.User.State = sso.UserDeleted
			s.SameEmail = []sso.Resident{r}
		}, "user_deleted"},
		"a subject of the identity provider before, as somebody else": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "zed@acme.example", pathAcme)
			s.Linked, s.LinkedBy = &r, "https://before.example"
		}, "ident_conflict"},
		"a subject of the identity provider before, without an address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			s.Linked, s.LinkedBy, s.Asserted.Email = &r, "https://before.example", sso.Email{}
		}, "ident_conflict"},
		"a subject of the identity provider before, and nobody has an address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			r.User.Email = sso.Email{}
			s.Linked, s.LinkedBy, s.Asserted.Email = &r, "https://before.example", sso.Email{}
		}, "ident_conflict"},
		"a subject of another attribute, as somebody else": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "zed@acme.example", pathAcme)
			s.Connection.Attributes.Subject = "uid"
			s.Linked, s.LinkedBy = &r, s.Connection.Namespace()
			s.Connection.Attributes.Subject = "nickname"
		}, "ident_conflict"},
		"a deleted user": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			r.User.State = sso.UserDeleted
			s.SameEmail = []sso.Resident{r}
		}, "user_deleted"},
		"a suspended user found by address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "alice@acme.example", pathAcme)
			r.User.State = sso.UserSuspended
			s.SameEmail = []sso.Resident{r}
		}, "user_suspended"},
		"a known subject that takes a foreign address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "a@acme.example", pathAcme)
			s.Linked = &r
			s.Asserted.Email = email(t, "ceo@globex.example")
			s.Claim = nil
		}, "ident_domain"},
		"a known subject that takes a user's address": {func(s *sso.SignIn) {
			r := resident(t, "usr_2", "a@acme.example", pathAcme)
			s.Linked = &r
			s.SameEmail = []sso.Resident{resident(t, "usr_1", "alice@acme.example", pathAcme)}
		}, "ident_conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := arrival(t, tc.change).Decide(now)
			if !fault.Is(err, tc.code) {
				t.Fatalf("Decide() = %v, %v, want %s", d.Act, err, tc.code)
			}
		})
	}
}

func TestCreateGivesTheDefaults(t *testing.T) {
	t.Parallel()
	d, err := arrival(t, func(s *sso.SignIn) {
		s.Connection.Defaults = sso.Defaults{Role: sso.RoleRestricted, Groups: []string{"new"}, Organizations: []sso.OrgID{"org_acme", "org_emea", "org_globex"}}
		s.Defaults = []sso.Organization{{ID: "org_acme", Path: pathAcme}, {ID: "org_emea", Path: pathEMEA}, {ID: "org_globex", Path: pathGlobex}} // the last one has moved away
	}).Decide(now)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Memberships) != 2 || d.Memberships[1].Org != "org_emea" || d.Memberships[1].Role != sso.RoleRestricted || !slices.Equal(d.Memberships[1].Groups, []string{"new"}) {
		t.Fatalf("memberships = %+v, want both organizations with the default role and groups", d.Memberships)
	}
	if d.User.Home != "org_acme" || d.User.Name() != "Alice Archer" || d.User.Username != "alice" {
		t.Fatalf("user = %+v", d.User)
	}
	d, err = arrival(t, func(s *sso.SignIn) { s.Asked = &sso.Organization{ID: "org_emea", Path: pathEMEA} }).Decide(now)
	if err != nil || len(d.Memberships) != 1 || d.Memberships[0].Org != "org_emea" {
		t.Fatalf("at the sign-on URL of a sub-organization: %+v, %v, want a member there", d.Memberships, err)
	}
	d, err = arrival(t, func(s *sso.SignIn) { s.UsernameTaken = true }).Decide(now)
	if err != nil || d.User.Username != "" || d.Memberships[0].Role != sso.RoleMember {
		t.Fatalf("with a taken username and no defaults: user %+v, memberships %+v, %v", d.User, d.Memberships, err)
	}
}

func TestLaterSignInUpdatesTheProfileAndNothingElse(t *testing.T) {
	t.Parallel()
	r := resident(t, "usr_2", "a@acme.example", pathAcme)
	d, err := arrival(t, func(s *sso.SignIn) { s.Linked = &r }).Decide(now)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Changed || d.User.Email.String() != "alice@acme.example" || d.User.FirstName != "Alice" || len(d.Memberships) != 0 {
		t.Fatalf("Decide() = %+v, want name and address updated and no membership", d)
	}
	same := d.User
	d, err = arrival(t, func(s *sso.SignIn) { s.Linked = &sso.Resident{User: same, HomePath: pathAcme} }).Decide(now)
	if err != nil || d.Changed {
		t.Fatalf("the same again: Changed = %v, %v, want nothing to store", d.Changed, err)
	}
	guest := resident(t, "usr_2", "a@acme.example", pathGlobex)
	guest.Member = true
	d, err = arrival(t, func(s *sso.SignIn) { s.Linked = &guest }).Decide(now)
	if err != nil || d.Changed || d.User.FirstName != "Old" {
		t.Fatalf("a guest: %+v, %v, want the profile left to its own organization", d.User, err)
	}
}

// Whatever is stored and asserted, a sign-in never yields a user who is
// neither at home in the connection's tree nor a member there, and never makes
// or links one by an address whose domain is not proved for its line.
func TestDecideNeverLeavesTheTree(t *testing.T) {
	t.Parallel()
	paths := [][]sso.OrgID{pathAcme, pathEMEA, pathUS, pathGlobex}
	addresses := []string{"alice@acme.example", "bob@acme.example", "alice@globex.example"}
	rapid.Check(t, func(t *rapid.T) {
		someone := func(label string) sso.Resident {
			home := rapid.SampledFrom(paths).Draw(t, label+" home")
			r := sso.Resident{HomePath: home, Member: rapid.Bool().Draw(t, label+" member"), OtherSubject: rapid.Bool().Draw(t, label+" other")}
			e, _ := sso.ParseEmail(rapid.SampledFrom(addresses).Draw(t, label+" address"))
			r.User = sso.User{ID: sso.UserID("usr_" + label), Home: home[len(home)-1], Email: e, State: rapid.SampledFrom([]sso.UserState{sso.UserActive, sso.UserSuspended, sso.UserDeleted}).Draw(t, label+" state")}
			return r
		}
		org := rapid.SampledFrom(paths).Draw(t, "org")
		asserted, _ := sso.ParseEmail(rapid.SampledFrom(addresses).Draw(t, "asserted"))
		in := sso.SignIn{
			Connection: sso.Connection{ID: "con_1", Org: org[len(org)-1], FirstSignIn: rapid.SampledFrom([]sso.FirstSignIn{sso.FirstCreate, sso.FirstMatch}).Draw(t, "mode")},
			Org:        sso.Organization{ID: org[len(org)-1], Path: org},
			Asserted:   sso.Asserted{Subject: "s", Email: asserted},
		}
		if rapid.Bool().Draw(t, "linked") {
			r := someone("linked")
			in.Linked = &r
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "others") {
			r := someone(string(rune('a' + i)))
			r.User.Email = asserted
			in.SameEmail = append(in.SameEmail, r)
		}
		if rapid.Bool().Draw(t, "claimed") {
			p := rapid.SampledFrom(paths).Draw(t, "claim")
			in.Claim = &sso.VerifiedClaim{Domain: sso.Domain{Name: "acme.example", State: sso.DomainVerified}, OrgPath: p}
		}
		d, err := in.Decide(now)
		if err != nil {
			return
		}
		if d.User.State != sso.UserActive {
			t.Fatalf("signed in a %s user", d.User.State)
		}
		proved := in.Claim != nil && asserted.Domain() == "acme.example" &&
			(slices.Contains(in.Claim.OrgPath, in.Org.ID) || slices.Contains(in.Org.Path, in.Claim.OrgPath[len(in.Claim.OrgPath)-1]))
		own := proved && slices.Contains(in.Claim.OrgPath, in.Org.ID)
		switch d.Act {
		case sso.ActSignIn:
			if in.Linked == nil || d.User.ID != in.Linked.User.ID || !slices.Contains(in.Linked.HomePath, in.Org.ID) && !in.Linked.Member {
				t.Fatalf("signed in %s, linked is %+v", d.User.ID, in.Linked)
			}
			if !d.User.Email.Same(in.Linked.User.Email) && !own {
				t.Fatalf("took over the unproved address %s", d.User.Email)
			}
		case sso.ActLink, sso.ActCreate:
			if in.Linked != nil || !proved {
				t.Fatalf("%s by an unproved address", d.Act)
			}
			if d.Act == sso.ActCreate && (d.User.Home != in.Org.ID || !own) {
				t.Fatalf("created at home in %s, by an own domain: %v", d.User.Home, own)
			}
			for _, r := range in.SameEmail {
				if r.User.State != sso.UserDeleted && r.User.ID != d.User.ID && slices.Contains(r.HomePath, in.Claim.OrgPath[len(in.Claim.OrgPath)-1]) {
					t.Fatalf("%s although %s of the claimant's tree has the address", d.Act, r.User.ID)
				}
			}
			for _, r := range in.SameEmail {
				if r.User.ID == d.User.ID && !slices.Contains(r.HomePath, in.Org.ID) {
					t.Fatalf("linked %s of another tree", r.User.ID)
				}
			}
		}
	})
}

func TestAConnectionMovesNobodyWhoAdministersMore(t *testing.T) {
	t.Parallel()
	for _, beyond := range []bool{false, true} {
		d, err := arrival(t, func(s *sso.SignIn) {
			r := resident(t, "usr_2", "before@acme.example", pathAcme)
			r.Beyond = beyond
			s.Linked, s.LinkedBy = &r, s.Connection.Namespace()
			s.Asserted.FirstName = "Another"
		}).Decide(now)
		want := "alice@acme.example"
		if beyond {
			want = "before@acme.example"
		}
		if err != nil || d.Act != sso.ActSignIn || d.User.Email.String() != want || d.User.FirstName != "Another" {
			t.Errorf("beyond: %t: Decide() = %+v, %v, want %s", beyond, d, err, want)
		}
	}
}
