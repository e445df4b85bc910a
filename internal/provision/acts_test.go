package provision_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// targets are the identifiers of things of one organization.
type targets struct {
	by         sso.By // who administers it
	org        sso.OrgID
	user       sso.UserID
	session    sso.SessionID
	group      sso.GroupID
	invitation sso.InvitationID
	list       sso.ImportID
	below      sso.OrgID
}

// things makes one of each kind in an organization.
func (h *house) things(by sso.By, name string) targets {
	h.Helper()
	ctx := h.Context()
	them := h.add(by.Org, name, sso.RoleMember)
	v := targets{by: by, org: by.Org.ID, user: them.User.ID, session: them.Session.ID}
	var err error
	v.group, err = h.CreateGroup(ctx, &by, v.org, "Group of "+name, "")
	must(h, "making a group", err)
	_, err = h.Invite(ctx, &by, v.org, provision.NewInvitations{Addresses: name + "@guest.example", Role: "member"})
	must(h, "inviting", err)
	page, err := h.Invitations(ctx, h.place(&by, ""), store.Place{})
	must(h, "listing invitations", err)
	v.invitation = page.Invitations[0].ID
	v.list, err = h.Upload(ctx, &by, v.org, provision.NewImport{Name: "x.csv", File: []byte("email\n" + name + "-new@guest.example\n"), Role: "member"})
	must(h, "uploading", err)
	must(h, "making a suborganization", h.CreateSuborganization(ctx, &by, v.org, "Below "+name, "below-"+name))
	tree, err := h.Tree(ctx, h.place(&by, ""))
	must(h, "reading the tree", err)
	v.below = tree[len(tree)-1].ID
	return v
}

// acts are all changes that the console knows. Each is given an organization
// and what it is about.
func acts(h *house) map[string]func(by *sso.By, org sso.OrgID, v targets) error {
	return map[string]func(by *sso.By, org sso.OrgID, v targets) error{
		"EditPerson": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.EditPerson(h.Context(), by, org, v.user, provision.Profile{Version: h.standing(v.user).User.Version, FirstName: "New", Username: "new" + string(v.user[len(v.user)-5:])})
		},
		"ChangeRole": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.ChangeRole(h.Context(), by, org, v.user, "admin")
		},
		"SetGroups": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.SetGroups(h.Context(), by, org, v.user, []string{"x"})
		},
		"SetAccess": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.SetAccess(h.Context(), by, org, v.user, map[sso.OrgID]string{v.below: "member"})
		},
		"Suspend":       func(by *sso.By, org sso.OrgID, v targets) error { return h.Suspend(h.Context(), by, org, v.user) },
		"Resume":        func(by *sso.By, org sso.OrgID, v targets) error { return h.Resume(h.Context(), by, org, v.user) },
		"Remove":        func(by *sso.By, org sso.OrgID, v targets) error { return h.Remove(h.Context(), by, org, v.user) },
		"ResetPassword": func(by *sso.By, org sso.OrgID, v targets) error { return h.ResetPassword(h.Context(), by, org, v.user) },
		"ResetAccount":  func(by *sso.By, org sso.OrgID, v targets) error { return h.ResetAccount(h.Context(), by, org, v.user) },
		"Unlock":        func(by *sso.By, org sso.OrgID, v targets) error { return h.Unlock(h.Context(), by, org, v.user) },
		"EndSession": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.EndSession(h.Context(), by, org, v.user, v.session)
		},
		"EndSessions": func(by *sso.By, org sso.OrgID, v targets) error {
			_, err := h.EndSessions(h.Context(), by, org, v.user)
			return err
		},
		"Invite": func(by *sso.By, org sso.OrgID, v targets) error {
			_, err := h.Invite(h.Context(), by, org, provision.NewInvitations{Addresses: "x@guest.example", Role: "member", Organizations: []sso.OrgID{v.below}})
			return err
		},
		"Resend": func(by *sso.By, org sso.OrgID, v targets) error { return h.Resend(h.Context(), by, org, v.invitation) },
		"Revoke": func(by *sso.By, org sso.OrgID, v targets) error { return h.Revoke(h.Context(), by, org, v.invitation) },
		"EditGroup": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.EditGroup(h.Context(), by, org, v.group, "Other "+string(v.group), "")
		},
		"AddToGroup": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.AddToGroup(h.Context(), by, org, v.group, h.standing(v.user).User.Email.String())
		},
		"RemoveFromGroup": func(by *sso.By, org sso.OrgID, v targets) error {
			return h.RemoveFromGroup(h.Context(), by, org, v.group, v.user)
		},
		"DeleteGroup": func(by *sso.By, org sso.OrgID, v targets) error { return h.DeleteGroup(h.Context(), by, org, v.group) },
		"Start":       func(by *sso.By, org sso.OrgID, v targets) error { return h.Start(h.Context(), by, org, v.list) },
		"Stop":        func(by *sso.By, org sso.OrgID, v targets) error { return h.Stop(h.Context(), by, org, v.list) },
	}
}

// Whoever administers one organization reaches nothing of another one: neither
// by naming the other one, nor by naming its things in their own.
func TestNoActReachesAnotherOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		theirs, own := h.things(h.rival, "ruth"), h.things(h.owner, "anna")
		before := len(h.audit(theirs.org))
		for name, act := range acts(h) {
			for how, org := range map[string]sso.OrgID{"in the other organization": theirs.org, "in their own": own.org} {
				if err := act(&own.by, org, theirs); !fault.Is(err, "not_found") {
					h.Errorf("%s %s: %v, want not_found", name, how, err)
				}
			}
		}
		for what, err := range map[string]error{
			"CreateGroup":           second(h.CreateGroup(h.Context(), &own.by, theirs.org, "x", "")),
			"Upload":                second(h.Upload(h.Context(), &own.by, theirs.org, provision.NewImport{File: []byte("email\na@b.example"), Role: "member"})),
			"CreateSuborganization": h.CreateSuborganization(h.Context(), &own.by, theirs.org, "x", "x"),
			"SaveSettings":          h.SaveSettings(h.Context(), &own.by, theirs.org, provision.Settings{Name: "x"}),
			"SaveSecurity":          h.SaveSecurity(h.Context(), &own.by, theirs.org, provision.Security{Version: 1}, provision.RefuseLockOut),
			"Export":                h.Export(h.Context(), &own.by, &provision.Place{Organization: h.rival.Org}, store.PeopleQuery{}, new(strings.Builder)),
		} {
			refused(h, what, err, "not_found")
		}
		if after := len(h.audit(theirs.org)); after != before {
			h.Errorf("the other organization's audit list grew by %d", after-before)
		}
		for what, err := range map[string]error{
			"Person":  second(h.Person(h.Context(), h.place(&own.by, ""), theirs.user)),
			"Group":   third(h.Group(h.Context(), h.place(&own.by, ""), theirs.group)),
			"Import":  second(h.Import(h.Context(), h.place(&own.by, ""), theirs.list, "", 0)),
			"Removal": second(h.Removal(h.Context(), h.place(&own.by, ""), theirs.user)),
		} {
			refused(h, what, err, "not_found")
		}
	})
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

// The twin of the test before: each of the acts works in one's own house, and
// from above.
func TestEachActWorksAtHomeAndFromAbove(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqliteOf(t))
	for name := range acts(h) {
		for i, by := range []sso.By{h.below, h.owner} {
			v := h.things(h.below, fmt.Sprintf("t%d-%s", i, strings.ToLower(name)))
			if err := acts(h)[name](&by, v.org, v); err != nil {
				t.Errorf("%s by %s: %v", name, by.User.Username, err)
			}
		}
	}
}
