package provision_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// acting returns somebody of the vendor's who acts as a user.
func (h *house) acting(as sso.By) sso.By {
	h.Helper()
	as.Session.ID = sso.NewSessionID(h.now())
	as.Session.Actor, as.Session.Reason = "usr_support", "a ticket of theirs"
	h.write(func(tx *store.Writer) error {
		return tx.InsertSession(h.Context(), as.Session, secret.NewToken().Hash())
	})
	return as
}

// A support agent who acts as an owner for an hour could make themselves an
// owner for good, by each of the ways in which one is made.
func TestWhoActsAsAnOwnerMakesNone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		by := h.acting(h.owner)
		invite := func(who *sso.By, address, role string) error {
			return errOf(h.Invite(ctx, who, h.acme.ID, provision.NewInvitations{Addresses: address, Role: role}))
		}
		list := func(who *sso.By, role string) (sso.ImportID, error) {
			return h.Upload(ctx, who, h.acme.ID, provision.NewImport{Name: "x.csv", File: []byte("email\nx@guest.example\n"), Role: role})
		}
		must(h, "the owner invites one", invite(&h.owner, "real@guest.example", "owner"))
		page, err := h.Invitations(ctx, h.place(&h.owner, ""), store.Place{})
		must(h, "listing invitations", err)
		open := page.Invitations[0].ID
		owners, err := list(&h.owner, "owner")
		must(h, "the owner uploads a list of owners", err)
		for _, role := range []string{"owner", "admin"} {
			refused(h, "inviting: "+role, invite(&by, "support@vendor.example", role), "acting_lasting")
			refused(h, "a role: "+role, h.ChangeRole(ctx, &by, h.acme.ID, h.member.User.ID, role), "acting_lasting")
			refused(h, "access below: "+role, h.SetAccess(ctx, &by, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: role}), "acting_lasting")
			refused(h, "a list: "+role, second2(list(&by, role)), "acting_lasting")
		}
		refused(h, "sending an owner's invitation anew", h.Resend(ctx, &by, h.acme.ID, open), "acting_lasting")
		refused(h, "carrying out the list of owners", h.Start(ctx, &by, h.acme.ID, owners), "acting_lasting")
		refused(h, "security", h.SaveSecurity(ctx, &by, h.acme.ID, provision.Security{Version: h.place(&by, "").Version}, provision.RefuseLockOut), "acting_lasting")

		must(h, "inviting a member", invite(&by, "x@guest.example", "member"))
		must(h, "making a member of one who is restricted", h.ChangeRole(ctx, &by, h.acme.ID, h.add(h.acme, "rick", sso.RoleRestricted).User.ID, "member"))
		must(h, "access below", h.SetAccess(ctx, &by, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: "member"}))
		must(h, "taking a role away", h.ChangeRole(ctx, &by, h.acme.ID, h.admin.User.ID, "member"))
		must(h, "leaving an owner as they are", h.ChangeRole(ctx, &by, h.acme.ID, h.owner.User.ID, "owner"))
		must(h, "an owner's groups", h.SetGroups(ctx, &by, h.acme.ID, h.owner.User.ID, []string{"staff"}))
		must(h, "revoking an owner's invitation", h.Revoke(ctx, &by, h.acme.ID, open))
		must(h, "the owner carries the list out", h.Start(ctx, &h.owner, h.acme.ID, owners))
	})
}

// A row gives what a form may not: it is refused as a row, the others are
// carried out. It is judged by who carries it out, not by who uploaded it.
func TestNoRowMakesAnOwnerWhileSomebodyActs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		by := h.acting(h.owner)
		id, err := h.Upload(ctx, &h.owner, h.acme.ID, provision.NewImport{
			Name: "x.csv", File: []byte("email,role\nnew@guest.example,owner\nmia@acme.example,admin\nadam@acme.example,member\n"), Role: "member",
		})
		must(h, "the owner uploads", err)
		must(h, "support carries it out", h.Start(ctx, &by, h.acme.ID, id))
		page, err := h.Import(ctx, h.place(&h.owner, ""), id, "", 0)
		must(h, "reading the list", err)
		if page.Done != 3 || page.Failed != 2 {
			h.Errorf("%d done, %d failed; want 3 and 2", page.Done, page.Failed)
		}
		for i := range page.Rows {
			if r := &page.Rows[i]; (r.Code == "acting_lasting") != (r.Row.Role != "member") {
				h.Errorf("the row of %s, %s, says %q", r.Row.Email, r.Row.Role, r.Code)
			}
		}
		if mia, adam := h.role(h.acme.ID, h.member.User.ID), h.role(h.acme.ID, h.admin.User.ID); mia != sso.RoleMember || adam != sso.RoleMember {
			h.Errorf("they are %s and %s, want members both", mia, adam)
		}
	})
}
