package provision_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// proved returns somebody in another session, who proved themselves so long ago.
func (h *house) proved(by sso.By, ago time.Duration) sso.By {
	h.Helper()
	by.Session.ID = sso.NewSessionID(h.now())
	by.Session.AuthTime = h.now().Add(-ago)
	h.write(func(tx *store.Writer) error {
		return tx.InsertSession(h.Context(), by.Session, secret.NewToken().Hash())
	})
	return by
}

// Whoever has a console can do all that wants a fresh proof, so to give one
// wants it too, whichever way it is given. The same way for less does not.
func TestAConsoleIsGivenAfterAFreshProofOnly(t *testing.T) {
	t.Parallel()
	ways := map[string]func(h *house, by *sso.By, role string) error{
		"by hand": func(h *house, by *sso.By, role string) error {
			them := h.add(h.acme, "hand-"+role, sso.RoleRestricted)
			return h.ChangeRole(h.Context(), by, h.acme.ID, them.User.ID, role)
		},
		"with groups": func(h *house, by *sso.By, role string) error {
			them := h.add(h.acme, "groups-"+role, sso.RoleRestricted)
			return h.SetPosition(h.Context(), by, h.acme.ID, them.User.ID, provision.NewPosition{Role: &role})
		},
		"below": func(h *house, by *sso.By, role string) error {
			them := h.add(h.acme, "below-"+role, sso.RoleRestricted)
			return h.SetAccess(h.Context(), by, h.acme.ID, them.User.ID, map[sso.OrgID]string{h.emea.ID: role})
		},
		"by an invitation": func(h *house, by *sso.By, role string) error {
			_, err := h.Invite(h.Context(), by, h.acme.ID, provision.NewInvitations{Addresses: "i-" + role + "@acme.example", Role: role})
			return err
		},
		"by an invitation that is sent anew": func(h *house, by *sso.By, role string) error {
			_, err := h.Invite(h.Context(), &h.owner, h.acme.ID, provision.NewInvitations{Addresses: "r-" + role + "@acme.example", Role: role})
			must(h, "inviting", err)
			list, err := h.Invitations(h.Context(), h.place(&h.owner, ""), store.Place{})
			must(h, "listing", err)
			return h.Resend(h.Context(), by, h.acme.ID, list.Invitations[0].ID)
		},
	}
	for name, give := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(h *house) {
				old := h.proved(h.owner, sso.FreshFor)
				for _, role := range []sso.Role{sso.RoleOwner, sso.RoleAdmin} {
					refused(h, string(role), give(h, &old, string(role)), "session_stale")
				}
				must(h, "a member", give(h, &old, "member"))
			})
			eachEngine(t, func(h *house) {
				for _, role := range []sso.Role{sso.RoleOwner, sso.RoleAdmin} {
					must(h, string(role)+" after a proof", give(h, &h.owner, string(role)))
				}
			})
		})
	}
}

// Whoever is a member of the operators' organization may act as anybody.
func TestNobodyBecomesASupportAgentWithoutAFreshProof(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		operators := h.addOrg(sso.OperatorsKey, nil)
		operator := h.add(operators, "oskar", sso.RoleOwner)
		old := h.proved(operator, sso.FreshFor)
		for _, by := range []*sso.By{&old, &operator} {
			wants := ""
			if by == &old {
				wants = "session_stale"
			}
			_, err := h.Invite(h.Context(), by, operators.ID, provision.NewInvitations{Addresses: "sue@vendor.example", Role: "member"})
			them := h.add(operators, "r"+string(by.Session.ID)[4:], sso.RoleRestricted)
			changed := h.ChangeRole(h.Context(), by, operators.ID, them.User.ID, "member")
			if wants == "" {
				must(h, "inviting after a proof", err)
				must(h, "a role after a proof", changed)
				continue
			}
			refused(h, "inviting", err, wants)
			refused(h, "a role", changed, wants)
		}
	})
}

// To take a console away wants no proof.
func TestAConsoleIsTakenAwayWithoutAProof(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		old := h.proved(h.owner, sso.FreshFor)
		must(h, "an administrator becomes a member", h.ChangeRole(h.Context(), &old, h.acme.ID, h.admin.User.ID, "member"))
		them := h.add(h.acme, "olaf", sso.RoleOwner)
		must(h, "an owner becomes an administrator", h.ChangeRole(h.Context(), &old, h.acme.ID, them.User.ID, "admin"))
	})
}

// A list makes administrators and sets passwords: it is carried out after a
// fresh proof. To look at what it would do wants none.
func TestAListIsCarriedOutAfterAFreshProofOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		old := h.proved(h.owner, sso.FreshFor)
		id, err := h.Upload(h.Context(), &old, h.acme.ID, provision.NewImport{Name: "x.csv", File: []byte("email\nnew@acme.example\n"), Role: "owner"})
		must(h, "uploading", err)
		refused(h, "a list", h.Start(h.Context(), &old, h.acme.ID, id), "session_stale")
		must(h, "a list, after a proof", h.Start(h.Context(), &h.owner, h.acme.ID, id))
	})
}
