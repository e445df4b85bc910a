package provision_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// connect gives an organization a connection that is in use.
func (h *house) connect(org sso.Organization) {
	h.Helper()
	now := h.now()
	h.write(func(tx *store.Writer) error {
		return tx.Org(org.ID).SaveConnection(h.Context(), sso.Connection{
			ID: sso.NewConnectionID(now), Org: org.ID, Key: org.Key + "-idp", Name: "IdP", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive,
			FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now,
		})
	})
}

// keepList says who keeps the list of people of Acme.
func (h *house) keepList(ctx context.Context, list provision.List) error {
	var o sso.Organization
	h.write(func(tx *store.Writer) error {
		var err error
		o, err = tx.Organization(ctx, h.acme.ID)
		return err
	})
	return h.SaveSecurity(ctx, &h.owner, h.acme.ID, provision.Security{Version: o.Version, List: list}, provision.RefuseLockOut)
}

// Where the identity provider says who there is, nobody is added or deleted by
// any way of the console, there and below; everything else that is done to
// people goes on, and all of it again once the list is taken back.
func TestNobodyIsAddedOrDeletedWhereTheIdPSaysWhoThereIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		refused(h, "leaving the list to nobody", h.keepList(ctx, provision.ListByIdP), "people_managed_by_nobody")
		h.connect(h.acme)
		own := map[*sso.By]map[string]targets{&h.owner: {}, &h.below: {}} // one of each thing for each act, from before
		closed := []string{"Invite", "Resend", "Remove"}
		for by, all := range own {
			for _, when := range []string{"managed", "taken back"} {
				for name := range acts(h) {
					all[name+when] = h.things(*by, strings.ToLower(by.User.Username+"-"+name+"-"+when[:1]))
				}
			}
		}
		must(h, "leaving the list to the identity provider", h.keepList(ctx, provision.ListByIdP))
		for by, all := range own {
			for name, act := range acts(h) {
				err := act(by, by.Org.ID, all[name+"managed"])
				if slices.Contains(closed, name) {
					refused(h, name+" by "+by.User.Username, err, "people_managed")
				} else if err != nil {
					h.Errorf("%s by %s: %v", name, by.User.Username, err)
				}
			}
		}
		if managed, err := h.Managed(ctx, h.place(&h.below, "")); err != nil || !managed {
			h.Errorf("Managed() below = %v, %v", managed, err)
		}
		h.owner.Org.Policy.Managed = true // as the router reads it with the next request
		them := own[&h.owner]["Suspendmanaged"].user
		page, err := h.Person(ctx, h.place(&h.owner, ""), them)
		if err != nil || page.Remove != "people_managed" || !page.Managed || page.Recover != "" {
			h.Errorf("the page of a person says %q, %q, %v", page.Remove, page.Recover, err)
		}
		must(h, "taking the list back", h.keepList(ctx, provision.ListByHand))
		for by, all := range own {
			for _, name := range closed {
				if err := acts(h)[name](by, by.Org.ID, all[name+"taken back"]); err != nil {
					h.Errorf("%s by %s afterwards: %v", name, by.User.Username, err)
				}
			}
		}
	})
}

// A list changes who is there, adds nobody, and says so row by row.
func TestAnImportAddsNobodyWhereTheIdPSaysWhoThereIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.connect(h.acme)
		in := provision.NewImport{Name: "x.csv", Role: "member", File: []byte("email,first_name\nnew@free.example,Nea\nmia@acme.example,Maria\nelsa@acme-emea.example,Elsa\n")}
		early := h.upload(&h.owner, in)
		const open = "2 new\n3 changed first_name\n4 changed first_name,member\n"
		if got := verdicts(early); got != open {
			h.Fatalf("before:\n%s, want\n%s", got, open)
		}
		must(h, "leaving the list to the identity provider", h.keepList(ctx, provision.ListByIdP))
		const closed = "2 bad people_managed acme\n3 changed first_name\n4 bad people_managed acme\n"
		if got := verdicts(h.upload(&h.owner, in)); got != closed {
			h.Errorf("a list that comes now:\n%s, want\n%s", got, closed)
		}
		// What was judged before is judged anew.
		must(h, "starting", h.Start(ctx, &h.owner, h.acme.ID, early.ID))
		if got := h.list(&h.owner, early.ID); got.Failed != 2 || got.Done != 3 {
			h.Errorf("carried out: %d, of which failed: %d", got.Done, got.Failed)
		}
		if len(h.find(&h.owner, "nea")) != 0 || len(h.find(&h.owner, "elsa")) != 0 || len(h.find(&h.owner, "maria")) != 1 {
			h.Error("the list has added somebody, or changed nobody")
		}
	})
}

// Of an invitation and the switch at the same moment, either comes first: none
// leaves after it. Which was first, the order of the audit list need not say:
// serializable transactions that overlap may be committed the other way round.
func TestNoInvitationSlipsPastTheSwitch(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.connect(h.acme)
		errs := atOnce(
			func(ctx context.Context) error { return h.keepList(ctx, provision.ListByIdP) },
			func(ctx context.Context) error {
				return second(h.Invite(ctx, &h.owner, h.acme.ID, provision.NewInvitations{Addresses: "x@guest.example", Role: "member"}))
			},
		)
		must(h, "the switch", errs[0])
		audit := h.audit(h.acme.ID)
		if (errs[1] == nil) != slices.Contains(audit, "invitation.sent") || !slices.Contains(audit, "policy.changed") {
			h.Errorf("inviting: %v; audit: %v", errs[1], audit)
		}
		refused(h, "inviting afterwards", second(h.Invite(h.Context(), &h.owner, h.acme.ID, provision.NewInvitations{Addresses: "y@guest.example", Role: "member"})), "people_managed")
	})
}
