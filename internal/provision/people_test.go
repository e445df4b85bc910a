package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Rights reach down the tree: never up, never sideways, and never for who has
// none.
func TestWhoMayEnter(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for name, tc := range map[string]struct {
			by   *sso.By
			key  string
			code string
		}{
			"their own organization":         {&h.owner, "", ""},
			"their own, by its key":          {&h.owner, "acme", ""},
			"one below":                      {&h.owner, "acme-emea", ""},
			"an administrator, one below":    {&h.admin, "acme-emea", ""},
			"one above":                      {&h.below, "acme", "page_not_found"},
			"another customer's":             {&h.owner, "rival", "page_not_found"},
			"one that is not there":          {&h.owner, "nothing", "page_not_found"},
			"a member, their own":            {&h.member, "", "console_role"},
			"a member, one below":            {&h.member, "acme-emea", "page_not_found"},
			"what no database takes for key": {&h.owner, "\x00", "page_not_found"},
		} {
			p, err := h.Enter(h.Context(), tc.by, tc.key)
			if tc.code != "" {
				refused(h, name, err, tc.code)
				continue
			}
			if err != nil || !p.Rights.Any() {
				h.Errorf("%s: %v, %v", name, p.Rights, err)
			}
		}
		p := h.place(&h.owner, "acme-emea")
		if len(p.Line) != 2 || p.Line[0].ID != h.acme.ID || !p.Below() {
			h.Errorf("the line to Acme EMEA is %v", p.Line)
		}
	})
}

func TestAdministratorsLeaveOwnersAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		second := h.add(h.acme, "otto", sso.RoleOwner)
		for what, err := range map[string]error{
			"ChangeRole":    h.ChangeRole(ctx, &h.admin, h.acme.ID, second.User.ID, "member"),
			"making one":    h.ChangeRole(ctx, &h.admin, h.acme.ID, h.member.User.ID, "owner"),
			"SetGroups":     h.SetGroups(ctx, &h.admin, h.acme.ID, second.User.ID, []string{"x"}),
			"inviting one":  errOf(h.Invite(ctx, &h.admin, h.acme.ID, provision.NewInvitations{Addresses: "x@guest.example", Role: "owner"})),
			"EndSessions":   errOf(h.EndSessions(ctx, &h.admin, h.acme.ID, second.User.ID)),
			"SaveSettings":  h.SaveSettings(ctx, &h.admin, h.acme.ID, provision.Settings{Name: "x"}),
			"suborganize":   h.CreateSuborganization(ctx, &h.admin, h.acme.ID, "x", "x"),
			"SaveSecurity":  h.SaveSecurity(ctx, &h.admin, h.acme.ID, provision.Security{Version: 1}, provision.RefuseLockOut),
			"list of owner": second2(h.Upload(ctx, &h.admin, h.acme.ID, provision.NewImport{File: []byte("email\na@guest.example"), Role: "owner"})),
		} {
			refused(h, what, err, "rights_owner")
		}
		for what, err := range map[string]error{
			"Suspend":       h.Suspend(ctx, &h.admin, h.acme.ID, second.User.ID),
			"Remove":        h.Remove(ctx, &h.admin, h.acme.ID, second.User.ID),
			"ResetAccount":  h.ResetAccount(ctx, &h.admin, h.acme.ID, second.User.ID),
			"ResetPassword": h.ResetPassword(ctx, &h.admin, h.acme.ID, second.User.ID),
			"EditPerson":    h.EditPerson(ctx, &h.admin, h.acme.ID, second.User.ID, provision.Profile{Version: 1, Username: "x"}),
		} {
			refused(h, what, err, "rights_outrank")
		}
		must(h, "an owner demotes another", h.ChangeRole(ctx, &h.owner, h.acme.ID, second.User.ID, "member"))
		refused(h, "an owner demotes themselves, the last one", h.ChangeRole(ctx, &h.owner, h.acme.ID, h.owner.User.ID, "admin"), "rights_last_owner")
		refused(h, "a role that nobody has defined", h.ChangeRole(ctx, &h.owner, h.acme.ID, second.User.ID, "auditor"), "role_unknown")
		h.write(func(tx *store.Writer) error {
			return tx.SaveRole(ctx, sso.RoleDefinition{Key: "auditor", Name: "Auditor", CreatedAt: h.now(), UpdatedAt: h.now()})
		})
		must(h, "a role that the operator has defined", h.ChangeRole(ctx, &h.admin, h.acme.ID, second.User.ID, "auditor"))
	})
}

func errOf(_ int, err error) error            { return err }
func second2(_ sso.ImportID, err error) error { return err }

// Two owners take each other's role away at once. One of them stays an owner,
// whoever it is.
func TestTwoOwnersDemoteEachOtherAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for round := range 5 {
			other := h.add(h.acme, fmt.Sprintf("otto%d", round), sso.RoleOwner)
			errs := atOnce(
				func(ctx context.Context) error {
					return h.ChangeRole(ctx, &h.owner, h.acme.ID, other.User.ID, "member")
				},
				func(ctx context.Context) error {
					return h.ChangeRole(ctx, &other, h.acme.ID, h.owner.User.ID, "member")
				},
			)
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case !fault.Is(err, "rights_last_owner") && !fault.Is(err, "console_role"):
					h.Errorf("round %d: %v", round, err)
				}
			}
			first, second := h.role(h.acme.ID, h.owner.User.ID), h.role(h.acme.ID, other.User.ID)
			if won != 1 || (first == sso.RoleOwner) == (second == sso.RoleOwner) {
				h.Fatalf("round %d: %d succeeded, they are %s and %s", round, won, first, second)
			}
			if second == sso.RoleOwner {
				h.owner = other
			}
		}
	})
}

// The same by removal and suspension.
func TestTheLastOwnersRemoveAndSuspendEachOtherAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		other := h.add(h.acme, "otto", sso.RoleOwner)
		errs := atOnce(
			func(ctx context.Context) error { return h.Remove(ctx, &h.owner, h.acme.ID, other.User.ID) },
			func(ctx context.Context) error { return h.Suspend(ctx, &other, h.acme.ID, h.owner.User.ID) },
		)
		if (errs[0] == nil) == (errs[1] == nil) {
			h.Fatalf("removing: %v, suspending: %v, want one of them done", errs[0], errs[1])
		}
	})
}

func TestSuspendedIsOutAtOnceAndResumedIsIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		refused(h, "suspending oneself", h.Suspend(ctx, &h.admin, h.acme.ID, h.admin.User.ID), "rights_self")
		must(h, "suspending", h.Suspend(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		if u := h.standing(h.member.User.ID).User; u.State != sso.UserSuspended || h.sessions(u.ID) != 0 {
			h.Errorf("state %s, %d sessions", u.State, h.sessions(u.ID))
		}
		refused(h, "resetting who is suspended", h.ResetPassword(ctx, &h.admin, h.acme.ID, h.member.User.ID), "user_suspended")
		must(h, "resuming", h.Resume(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		if u := h.standing(h.member.User.ID).User; u.State != sso.UserActive {
			h.Errorf("state %s", u.State)
		}
		want := []string{"user.suspended", "user.resumed"}
		if got := h.audit(h.acme.ID); !slices.Equal(got, want) {
			h.Errorf("audit %q, want %q", got, want)
		}
	})
}

// Who is removed from home is gone everywhere; who is removed from elsewhere
// is gone from there and below.
func TestRemoval(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		guest := h.add(h.rival.Org, "greta", sso.RoleMember)
		h.join(h.acme, guest.User, sso.RoleMember)
		h.join(h.emea, guest.User, sso.RoleMember)
		at, err := h.Removal(ctx, h.place(&h.admin, ""), guest.User.ID)
		if err != nil || at.Deletes || at.Organizations != 2 || at.Sessions != 2 {
			h.Errorf("Removal() of a guest = %+v, %v", at, err)
		}
		must(h, "removing a guest", h.Remove(ctx, &h.admin, h.acme.ID, guest.User.ID))
		if s := h.standing(guest.User.ID); s.User.State != sso.UserActive || len(s.Positions) != 1 || h.sessions(guest.User.ID) != 1 {
			h.Errorf("the guest is %s with %v", s.User.State, s.Positions)
		}

		h.join(h.emea, h.member.User, sso.RoleMember)
		h.join(h.rival.Org, h.member.User, sso.RoleMember)
		at, err = h.Removal(ctx, h.place(&h.admin, ""), h.member.User.ID)
		if err != nil || !at.Deletes || at.Organizations != 3 || at.Sessions != 3 {
			h.Errorf("Removal() of who is at home = %+v, %v", at, err)
		}
		must(h, "removing who is at home", h.Remove(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		s := h.standing(h.member.User.ID)
		if s.User.State != sso.UserDeleted || len(s.Positions) != 0 || s.User.PasswordHash != "" || h.sessions(s.User.ID) != 0 {
			h.Errorf("who was removed is %+v", s)
		}
		refused(h, "removing them again", h.Remove(ctx, &h.admin, h.acme.ID, h.member.User.ID), "not_found")
		refused(h, "removing oneself", h.Remove(ctx, &h.admin, h.acme.ID, h.admin.User.ID), "rights_self")
		if got := h.audit(h.rival.Org.ID); !slices.Equal(got, []string{"membership.removed"}) {
			h.Errorf("the other organization is told %q", got)
		}
	})
}

// A sub-organization's owner could become whoever is at home there, by their
// address: not where that person may do more, elsewhere.
func TestNobodyIsTakenOverFromBelow(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		boss := h.add(h.emea, "boss", sso.RoleMember)
		must(h, "twin: while they are nobody above", h.EditPerson(ctx, &h.below, h.emea.ID, boss.User.ID, provision.Profile{Version: 1, Username: "boss", Email: "boss@acme-emea.example"}))
		h.join(h.acme, boss.User, sso.RoleOwner)
		for what, err := range map[string]error{
			"EditPerson":    h.EditPerson(ctx, &h.below, h.emea.ID, boss.User.ID, provision.Profile{Version: 2, Email: "elsa@acme-emea.example"}),
			"ResetAccount":  h.ResetAccount(ctx, &h.below, h.emea.ID, boss.User.ID),
			"ResetPassword": h.ResetPassword(ctx, &h.below, h.emea.ID, boss.User.ID),
			"Suspend":       h.Suspend(ctx, &h.below, h.emea.ID, boss.User.ID),
			"Remove":        h.Remove(ctx, &h.below, h.emea.ID, boss.User.ID),
		} {
			refused(h, what, err, "rights_outrank")
		}
	})
}

func TestAddressesThatNobodyMayBeGiven(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.verify(h.acme.ID, "acme.example")
		h.verify(h.rival.Org.ID, "rival.example")
		them := h.add(h.emea, "tom", sso.RoleMember)
		edit := func(by *sso.By, org sso.OrgID, address string) error {
			return h.EditPerson(h.Context(), by, org, them.User.ID, provision.Profile{Version: h.standing(them.User.ID).User.Version, Email: address})
		}
		refused(h, "an address of another customer", edit(&h.owner, h.emea.ID, "tom@rival.example"), "ident_foreign")
		refused(h, "an address of the organization above", edit(&h.below, h.emea.ID, "tom@acme.example"), "ident_foreign")
		refused(h, "an address of somebody of the tree", edit(&h.owner, h.emea.ID, "MIA@acme.example"), "address_taken")
		refused(h, "no address and no username", edit(&h.owner, h.emea.ID, ""), "ident_email")
		refused(h, "no address", edit(&h.owner, h.emea.ID, "tom"), "ident_email")
		must(h, "an address of the organization above, by its owner", edit(&h.owner, h.emea.ID, "tom@acme.example"))
		must(h, "an address that nobody has proved", edit(&h.below, h.emea.ID, "tom@free.example"))
		refused(h, "an old version", h.EditPerson(h.Context(), &h.owner, h.emea.ID, them.User.ID, provision.Profile{Version: 1, Username: "t"}), "conflict")
		refused(h, "a username of somebody else", h.EditPerson(h.Context(), &h.below, h.emea.ID, them.User.ID, provision.Profile{Version: h.standing(them.User.ID).User.Version, Username: "ELSA"}), "username_taken")
	})
}

func TestResets(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		must(h, "resetting a password", h.ResetPassword(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		if got := h.mails(); got != "reset_password mia@acme.example" {
			h.Errorf("mails %q", got)
		}
		if h.sessions(h.member.User.ID) == 0 {
			h.Error("a mail about the password has ended the sessions")
		}
		acting := h.admin
		acting.Session.ID = sso.NewSessionID(h.now())
		acting.Session.Actor, acting.Session.Reason = "usr_support", "a ticket of theirs"
		h.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, acting.Session, secret.NewToken().Hash()) })
		refused(h, "resetting while acting", h.ResetAccount(ctx, &acting, h.acme.ID, h.member.User.ID), "acting_credentials")
		move := func(by *sso.By, address string) error {
			return h.EditPerson(h.Context(), by, h.acme.ID, h.member.User.ID, provision.Profile{Version: h.standing(h.member.User.ID).User.Version, FirstName: "Mia", Email: address})
		}
		refused(h, "having the mail of somebody while acting", move(&acting, "support@vendor.example"), "acting_credentials")
		must(h, "another name while acting", move(&acting, h.member.User.Email.String()))
		must(h, "another address by themselves", move(&h.admin, "mia.new@acme.example"))
		must(h, "and back", move(&h.admin, "mia@acme.example"))
		must(h, "unlocking while acting", h.Unlock(ctx, &acting, h.acme.ID, h.member.User.ID))

		must(h, "resetting an account", h.ResetAccount(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		if u := h.standing(h.member.User.ID).User; u.PasswordHash != "" || h.sessions(u.ID) != 0 {
			h.Errorf("after the reset: password %q, %d sessions", u.PasswordHash, h.sessions(u.ID))
		}
		if got := h.mails(); !strings.Contains(got, "registration mia@acme.example, reset_password mia@acme.example") {
			h.Errorf("mails %q", got)
		}
		must(h, "uploading somebody without credentials", second2(h.Upload(ctx, &h.admin, h.acme.ID, provision.NewImport{File: []byte("email\nnew@guest.example"), Role: "member"})))
		imports, err := h.Imports(ctx, h.place(&h.admin, ""))
		must(h, "listing imports", err)
		must(h, "importing", h.Start(ctx, &h.admin, h.acme.ID, imports[0].ID))
		page, err := h.People(ctx, h.place(&h.admin, ""), store.PeopleQuery{Words: []string{"new@guest"}})
		if err != nil || len(page.People) != 1 {
			h.Fatalf("People() = %v, %v", page, err)
		}
		refused(h, "resetting a password that never was", h.ResetPassword(ctx, &h.admin, h.acme.ID, page.People[0].ID), "reset_no_credentials")
		must(h, "resetting their account", h.ResetAccount(ctx, &h.admin, h.acme.ID, page.People[0].ID))
	})
}

func TestAccessToSuborganizations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		set := func(by *sso.By, org sso.OrgID, user sso.UserID, want map[sso.OrgID]string) error {
			return h.SetAccess(ctx, by, org, user, want)
		}
		must(h, "giving", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: "admin"}))
		if got := h.role(h.emea.ID, h.member.User.ID); got != sso.RoleAdmin {
			h.Errorf("role below: %q", got)
		}
		must(h, "changing", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: "member"}))
		must(h, "taking", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: ""}))
		if got := h.role(h.emea.ID, h.member.User.ID); got != "" {
			h.Errorf("role below: %q, want none", got)
		}
		refused(h, "the organization itself", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.acme.ID: ""}), "not_found")
		refused(h, "another customer's", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.rival.Org.ID: "member"}), "not_found")
		refused(h, "an owner, by an administrator", set(&h.admin, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: "owner"}), "rights_owner")
		h.join(h.acme, h.below.User, sso.RoleMember)
		refused(h, "the last owner below", set(&h.owner, h.acme.ID, h.below.User.ID, map[sso.OrgID]string{h.emea.ID: ""}), "rights_last_owner")
	})
}

func TestSessionsOfAMember(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.join(h.emea, h.member.User, sso.RoleMember)
		elsewhere := h.join(h.rival.Org, h.member.User, sso.RoleMember)
		refused(h, "a session elsewhere", h.EndSession(ctx, &h.admin, h.acme.ID, h.member.User.ID, elsewhere.Session.ID), "not_found")
		page, err := h.Person(ctx, h.place(&h.admin, ""), h.member.User.ID)
		if err != nil || len(page.Sessions) != 2 {
			h.Errorf("%d sessions are shown, %v, want those of Acme and below", len(page.Sessions), err)
		}
		n, err := h.EndSessions(ctx, &h.admin, h.acme.ID, h.member.User.ID)
		if err != nil || n != 2 || h.sessions(h.member.User.ID) != 1 {
			h.Errorf("EndSessions() = %d, %v, %d left", n, err, h.sessions(h.member.User.ID))
		}
	})
}

// A change is judged by what its author is when it is made, not when the page
// was shown.
func TestRightsAreThoseOfTheMoment(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		must(h, "demoting", h.ChangeRole(ctx, &h.owner, h.acme.ID, h.admin.User.ID, "member"))
		refused(h, "a change by who was an administrator", h.Suspend(ctx, &h.admin, h.acme.ID, h.member.User.ID), "console_role")
		must(h, "promoting", h.ChangeRole(ctx, &h.owner, h.acme.ID, h.admin.User.ID, "admin"))
		must(h, "suspending", h.Suspend(ctx, &h.owner, h.acme.ID, h.admin.User.ID))
		refused(h, "a change by who is out", h.Suspend(ctx, &h.admin, h.acme.ID, h.member.User.ID), "session_over")
	})
}

// A page of a person is a handful of statements, whatever there is to show.
func TestAPageIsAHandfulOfStatements(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		in := h.place(&h.owner, "")
		for i := range 5 {
			o := h.addOrg(fmt.Sprintf("acme-%d", i), &h.acme)
			h.join(o, h.member.User, sso.RoleMember)
		}
		for name, tc := range map[string]struct {
			most int64
			page func() error
		}{
			"People":   {1, func() error { return second(h.People(h.Context(), in, store.PeopleQuery{})) }},
			"Person":   {11, func() error { return second(h.Person(h.Context(), in, h.member.User.ID)) }},
			"Overview": {8, func() error { return second(h.Overview(h.Context(), in)) }},
			"Groups":   {1, func() error { return second(h.Groups(h.Context(), in, "", store.GroupPlace{})) }},
			"Events":   {2, func() error { return second(h.Events(h.Context(), in, store.EventQuery{})) }},
		} {
			before := h.DB.Stats().Statements
			must(h, name, tc.page())
			if n := h.DB.Stats().Statements - before; n > tc.most {
				h.Errorf("%s takes %d statements, want at most %d", name, n, tc.most)
			}
		}
	})
}
