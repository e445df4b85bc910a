package provision_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (h *house) invite(by *sso.By, addresses string) error {
	h.Helper()
	return errOf(h.Invite(h.Context(), by, h.acme.ID, provision.NewInvitations{Addresses: addresses, Role: "member", Groups: []string{"ops"}, Organizations: []sso.OrgID{h.emea.ID}, Language: "de"}))
}

func (h *house) invitations(by *sso.By) []sso.Invitation {
	h.Helper()
	page, err := h.Invitations(h.Context(), h.place(by, ""), store.Place{})
	must(h, "listing invitations", err)
	return page.Invitations
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		must(h, "inviting two", h.invite(&h.admin, "a@guest.example, <B@guest.example>;\na@GUEST.example"))
		list := h.invitations(&h.admin)
		if len(list) != 2 || list[0].Role != sso.RoleMember || !slices.Equal(list[0].Groups, []string{"ops"}) || !slices.Equal(list[0].Organizations, []sso.OrgID{h.emea.ID}) || list[0].Language != "de" {
			h.Fatalf("invitations %+v", list)
		}
		if got := h.mails(); got != "invitation B@guest.example, invitation a@guest.example" {
			h.Errorf("mails %q", got)
		}
		must(h, "inviting one again", errOf(h.Invite(ctx, &h.owner, h.acme.ID, provision.NewInvitations{Addresses: "a@guest.example", Role: "owner"})))
		list = h.invitations(&h.admin)
		at := slices.IndexFunc(list, func(i sso.Invitation) bool { return i.Email.String() == "a@guest.example" })
		if len(list) != 2 || list[at].Role != sso.RoleOwner || len(list[at].Groups) != 0 {
			h.Errorf("after inviting again: %+v", list)
		}
		refused(h, "an administrator replaces what an owner gives", h.invite(&h.admin, "a@guest.example"), "invitation_addresses")
		if again := h.invitations(&h.admin); again[at].Role != sso.RoleOwner || !again[at].SentAt.Equal(list[at].SentAt) {
			h.Errorf("the owner's invitation is %+v", again[at])
		}
		refused(h, "an administrator sends what only an owner gives", h.Resend(ctx, &h.admin, h.acme.ID, list[at].ID), "rights_owner")
		refused(h, "and takes it back", h.Revoke(ctx, &h.admin, h.acme.ID, list[at].ID), "rights_owner")
		must(h, "an owner sends it again", h.Resend(ctx, &h.owner, h.acme.ID, list[at].ID))
		must(h, "revoking", h.Revoke(ctx, &h.owner, h.acme.ID, list[at].ID))
		refused(h, "sending one that was revoked", h.Resend(ctx, &h.owner, h.acme.ID, list[at].ID), "invitation_revoked")
		refused(h, "revoking it again", h.Revoke(ctx, &h.owner, h.acme.ID, list[at].ID), "invitation_revoked")
	})
}

// Whoever administers a customer could reset their own people: none of those
// is invited to the operators, and is thereby support.
func TestTheOperatorsInviteNoPersonOfACustomer(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		operators := h.addOrg(sso.OperatorsKey, nil)
		operator := h.add(operators, "otto", sso.RoleOwner)
		invite := func(by *sso.By, address string) error {
			return errOf(h.Invite(h.Context(), by, by.Org.ID, provision.NewInvitations{Addresses: address, Role: "member"}))
		}
		refused(h, "a customer's person", invite(&operator, h.member.User.Email.String()), "invitation_addresses")
		must(h, "somebody new", invite(&operator, "nora@vendor.example"))
		must(h, "a customer's person by another customer", invite(&h.rival, h.member.User.Email.String()))
		must(h, "removing them", h.Remove(h.Context(), &h.admin, h.acme.ID, h.member.User.ID))
		must(h, "the address of somebody who is gone", invite(&operator, h.member.User.Email.String()))
	})
}

// An invitation that was out is no way back for somebody who was removed.
func TestRemovalWithdrawsInvitations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		state := func(by *sso.By) sso.InvitationState {
			all := h.invitations(by)
			return all[0].State(h.now())
		}
		out := func(by *sso.By, address string) {
			must(h, "inviting "+address, errOf(h.Invite(ctx, by, by.Org.ID, provision.NewInvitations{Addresses: address, Role: "member"})))
		}
		address := h.member.User.Email.String()
		out(&h.below, address)
		out(&h.rival, address)
		must(h, "removing", h.Remove(ctx, &h.admin, h.acme.ID, h.member.User.ID))
		if got := state(&h.below); got != sso.InvitationRevoked {
			h.Errorf("the invitation below is %s", got)
		}
		if got := state(&h.rival); got != sso.InvitationOpen {
			h.Errorf("that of another customer is %s", got)
		}
		guest := h.add(h.rival.Org, "greta", sso.RoleMember)
		out(&h.below, guest.User.Email.String())
		h.join(h.acme, guest.User, sso.RoleMember)
		must(h, "removing a guest", h.Remove(ctx, &h.admin, h.acme.ID, guest.User.ID))
		if got := state(&h.below); got != sso.InvitationRevoked {
			h.Errorf("the invitation of the guest is %s", got)
		}
	})
}

// Where anything is wrong with a list of addresses, nobody of it is invited,
// and each that is wrong is named.
func TestAListOfAddressesIsInvitedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.verify(h.acme.ID, "acme.example")
		h.verify(h.rival.Org.ID, "rival.example")
		many := make([]string, provision.MaxInvited+1)
		for i := range many {
			many[i] = fmt.Sprintf("a%d@guest.example", i)
		}
		for name, tc := range map[string]struct {
			by        *sso.By
			org       sso.OrgID
			addresses string
			code      string
			wrong     string
		}{
			"one that is none":    {&h.admin, h.acme.ID, "good@guest.example no@thing@here", "invitation_addresses", "no@thing@here ident_email"},
			"a member":            {&h.admin, h.acme.ID, "good@guest.example mia@acme.example", "invitation_addresses", "mia@acme.example invitation_member"},
			"nobody":              {&h.admin, h.acme.ID, " ,; ", "invitation_nobody", ""},
			"too many":            {&h.admin, h.acme.ID, strings.Join(many, " "), "invitation_many", ""},
			"somebody from above": {&h.below, h.emea.ID, "good@guest.example ceo@acme.example", "invitation_addresses", "ceo@acme.example ident_foreign"},
		} {
			_, err := h.Invite(h.Context(), tc.by, tc.org, provision.NewInvitations{Addresses: tc.addresses, Role: "member"})
			refused(h, name, err, tc.code)
			if problems, ok := errors.AsType[*provision.ProblemsError](err); ok != (tc.wrong != "") || ok && problems.Problems[0].Address+" "+problems.Problems[0].Code != tc.wrong {
				h.Errorf("%s: problems %+v, want %q", name, problems, tc.wrong)
			}
		}
		if got := h.mails(); got != "" {
			h.Errorf("mails %q", got)
		}
		// Guests, who are asked to prove themselves where they are at home.
		must(h, "somebody of another customer's domain", h.invite(&h.admin, "rita@rival.example new@rival.example"))
		must(h, "somebody from above, by who administers above", errOf(h.Invite(h.Context(), &h.owner, h.emea.ID, provision.NewInvitations{Addresses: "ceo@acme.example", Role: "member"})))
		refused(h, "organizations beside", errOf(h.Invite(h.Context(), &h.below, h.emea.ID, provision.NewInvitations{Addresses: "x@guest.example", Role: "member", Organizations: []sso.OrgID{h.acme.ID}})), "not_found")
		refused(h, "organizations that are not there", errOf(h.Invite(h.Context(), &h.below, h.emea.ID, provision.NewInvitations{Addresses: "x@guest.example", Role: "member", Organizations: []sso.OrgID{"org_none"}})), "not_found")
	})
}

// Two administrators invite one address at once: one invitation is open, and
// the link of the later mail works.
func TestTwoInviteOneAddressAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		var acts []func(context.Context) error
		for i := range 4 {
			by := []sso.By{h.admin, h.owner}[i%2]
			acts = append(acts, func(ctx context.Context) error {
				_, err := h.Invite(ctx, &by, h.acme.ID, provision.NewInvitations{Addresses: "a@guest.example", Role: "member"})
				return err
			})
		}
		for _, err := range atOnce(acts...) {
			must(h, "inviting", err)
		}
		if list := h.invitations(&h.admin); len(list) != 1 {
			h.Errorf("%d invitations, want one", len(list))
		}
	})
}

func TestInvitationsThatHaveExpiredAreSentAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		must(h, "inviting", h.invite(&h.admin, "a@guest.example"))
		i := h.invitations(&h.admin)[0]
		h.at.Store(i.ExpiresAt.UnixMicro())
		if got := i.State(h.now()); got != sso.InvitationExpired {
			h.Fatalf("state %s", got)
		}
		later := h.add(h.acme, "later", sso.RoleAdmin)
		must(h, "sending again", h.Resend(h.Context(), &later, h.acme.ID, i.ID))
		if got := h.invitations(&later)[0]; got.State(h.now()) != sso.InvitationOpen || got.By != string(later.User.ID) {
			h.Errorf("sent again: %+v", got)
		}
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		id, err := h.CreateGroup(ctx, &h.admin, h.acme.ID, " Operations ", "who is on call")
		must(h, "creating", err)
		_, err = h.CreateGroup(ctx, &h.admin, h.acme.ID, "Operations", "")
		refused(h, "creating another of the name", err, "group_taken")
		_, err = h.CreateGroup(ctx, &h.admin, h.acme.ID, "a\u202eb", "")
		refused(h, "a name that nobody can read", err, "group_name")
		_, err = h.CreateGroup(ctx, &h.admin, h.acme.ID, "x", strings.Repeat("x", sso.MaxDescription+1))
		refused(h, "a long description", err, "description_long")

		must(h, "adding by address", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, "MIA@acme.example"))
		must(h, "adding again", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, "mia"))
		must(h, "adding by username", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, "adam"))
		refused(h, "adding a stranger", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, "rita@rival.example"), "member_unknown")
		refused(h, "adding nobody", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, " "), "member_unknown")
		refused(h, "an administrator adds an owner", h.AddToGroup(ctx, &h.admin, h.acme.ID, id, "olga"), "rights_owner")
		must(h, "renaming", h.EditGroup(ctx, &h.admin, h.acme.ID, id, "Ops", ""))
		g, n, err := h.Group(ctx, h.place(&h.admin, ""), id)
		if err != nil || g.Name != "Ops" || n != 2 {
			h.Errorf("Group() = %+v, %d, %v", g, n, err)
		}
		must(h, "removing", h.RemoveFromGroup(ctx, &h.admin, h.acme.ID, id, h.admin.User.ID))
		must(h, "deleting", h.DeleteGroup(ctx, &h.admin, h.acme.ID, id))
		if s := h.standing(h.member.User.ID); len(s.Positions[0].Groups) != 0 {
			h.Errorf("groups %q", s.Positions[0].Groups)
		}
		want := []string{"group.created", "membership.groups_changed", "membership.groups_changed", "group.changed", "membership.groups_changed", "group.deleted"}
		if got := h.audit(h.acme.ID); !slices.Equal(got, want) {
			h.Errorf("audit %q, want %q", got, want)
		}
	})
}
