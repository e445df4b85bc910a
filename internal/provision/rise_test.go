package provision_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// session says what has become of somebody's session.
func (h *house) session(by *sso.By) sso.Rise {
	h.Helper()
	var p sso.Person
	h.write(func(tx *store.Writer) error {
		var err error
		p, err = tx.PersonBySession(h.Context(), by.Session.ID)
		return err
	})
	switch {
	case !p.Session.EndedAt.IsZero():
		return sso.SignedOut
	case p.Waits():
		return sso.Renewed
	default:
		return sso.Unmoved
	}
}

// Whatever way a role changes, sessions follow it.
func TestSessionsFollowARole(t *testing.T) {
	t.Parallel()
	ways := map[string]func(h *house, them *sso.By, to sso.Role) error{
		"by hand": func(h *house, them *sso.By, to sso.Role) error {
			return h.ChangeRole(h.Context(), &h.owner, h.acme.ID, them.User.ID, string(to))
		},
		"by a list": func(h *house, them *sso.By, to sso.Role) error {
			id, err := h.Upload(h.Context(), &h.owner, h.acme.ID, provision.NewImport{
				Name: "x.csv", File: []byte("email,role\n" + them.User.Email.String() + "," + string(to) + "\n"), Role: "member",
			})
			if err != nil {
				return err
			}
			return h.Start(h.Context(), &h.owner, h.acme.ID, id)
		},
	}
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(h *house) {
				h.write(func(tx *store.Writer) error {
					return tx.SaveRole(h.Context(), sso.RoleDefinition{Key: "auditor", Name: "Auditor", CreatedAt: h.now(), UpdatedAt: h.now()})
				})
				for _, step := range []struct {
					from, to sso.Role
					want     sso.Rise
				}{
					{sso.RoleRestricted, sso.RoleMember, sso.Renewed}, {sso.RoleMember, "auditor", sso.Renewed},
					{sso.RoleMember, sso.RoleAdmin, sso.SignedOut}, {sso.RoleAdmin, sso.RoleOwner, sso.SignedOut},
					{sso.RoleOwner, sso.RoleAdmin, sso.Unmoved}, {sso.RoleAdmin, sso.RoleMember, sso.Unmoved}, {sso.RoleMember, sso.RoleRestricted, sso.Unmoved},
				} {
					them := h.add(h.acme, string(step.from+"-to-"+step.to), step.from)
					elsewhere := h.join(h.emea, them.User, sso.RoleMember)
					must(h, them.User.Username, change(h, &them, step.to))
					if got := h.role(h.acme.ID, them.User.ID); got != step.to {
						h.Fatalf("%s: they are a %s", them.User.Username, got)
					}
					if got := h.session(&them); got != step.want {
						h.Errorf("%s: their session is %v, want %v", them.User.Username, got, step.want)
					}
					if got := h.session(&elsewhere); got != sso.Unmoved {
						h.Errorf("%s: their session elsewhere is %v", them.User.Username, got)
					}
				}
				them := h.add(h.acme, "groups", sso.RoleMember)
				must(h, "groups", h.SetGroups(h.Context(), &h.owner, h.acme.ID, them.User.ID, []string{"ops"}))
				if got := h.session(&them); got != sso.Unmoved {
					h.Errorf("who got a group: %v", got)
				}
			})
		})
	}
}

// From above, a role below rises: the sessions there follow, no others.
func TestSessionsBelowFollowARole(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		there := h.join(h.emea, h.member.User, sso.RoleMember)
		must(h, "access", h.SetAccess(h.Context(), &h.owner, h.acme.ID, h.member.User.ID, map[sso.OrgID]string{h.emea.ID: "admin"}))
		if below, here := h.session(&there), h.session(&h.member); below != sso.SignedOut || here != sso.Unmoved {
			h.Errorf("below %v, here %v", below, here)
		}
	})
}

// Two who change a role at once leave sessions as the role that stands demands:
// never one that has grown without being asked.
func TestARoleChangesTwiceAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.write(func(tx *store.Writer) error {
			return tx.SaveRole(h.Context(), sso.RoleDefinition{Key: "auditor", Name: "Auditor", CreatedAt: h.now(), UpdatedAt: h.now()})
		})
		them := h.add(h.acme, "rick", sso.RoleRestricted)
		to := func(by *sso.By, role string) func(context.Context) error {
			return func(ctx context.Context) error { return h.ChangeRole(ctx, by, h.acme.ID, them.User.ID, role) }
		}
		for _, err := range atOnce(to(&h.owner, "auditor"), to(&h.admin, "member")) {
			must(h, "changing", err)
		}
		var p sso.Person
		h.write(func(tx *store.Writer) error {
			var err error
			p, err = tx.PersonBySession(h.Context(), them.Session.ID)
			return err
		})
		if p.Settle(); p.Membership.Role != sso.RoleRestricted || !p.Waits() {
			h.Errorf("the session is good for a %s, waiting %v", p.Membership.Role, p.Waits())
		}
	})
}
