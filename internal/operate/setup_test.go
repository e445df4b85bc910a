package operate_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (h *house) refused(what string, err error, code string) {
	h.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		h.Errorf("%s: %v, want %q", what, err, code)
	}
}

func TestAnOperatorVouchesForADomain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, name := h.Context(), "acme.example"
		acme, rival := h.org("acme"), h.addOrg("rival")
		for _, o := range []sso.OrgID{acme.ID, rival.ID} {
			h.write(func(tx *store.Writer) error { return tx.Org(o).SaveDomain(ctx, sso.NewDomain(o, name, h.now)) })
		}
		state := func(o sso.OrgID) (d sso.Domain) {
			h.write(func(tx *store.Writer) (err error) {
				d, err = tx.Org(o).Domain(ctx, name)
				return err
			})
			return d
		}
		h.refused("a support agent", h.Vouch(ctx, &h.support, "acme", name), "operator_role")
		h.refused("a customer's owner", h.Vouch(ctx, &h.alice, "acme", name), "operator_role")
		h.refused("an unclaimed domain", h.Vouch(ctx, &h.operator, "acme", "other.example"), "page_not_found")
		h.refused("the operators' own", h.Vouch(ctx, &h.operator, sso.OperatorsKey, name), "operators_organization")
		h.refused("an operator", h.Vouch(ctx, &h.operator, "acme", name), "")
		h.refused("a second time", h.Vouch(ctx, &h.operator, "acme", name), "")
		if d := state(acme.ID); d.State != sso.DomainVerified || d.Proof != sso.ProofVouched {
			t.Errorf("it is %s by %q", d.State, d.Proof)
		}
		h.refused("for another organization", h.Vouch(ctx, &h.operator, "rival", name), "domain_taken")
		h.refused("a support agent, taking it back", h.Unvouch(ctx, &h.support, "acme", name), "operator_role")
		h.refused("taken back", h.Unvouch(ctx, &h.operator, "acme", name), "")
		if d := state(acme.ID); d.State != sso.DomainInReview || d.Proof != "" {
			t.Errorf("taken back it is %s by %q", d.State, d.Proof)
		}
		h.refused("for another organization then", h.Vouch(ctx, &h.operator, "rival", name), "")
		if got := h.audit("acme"); got != "domain.vouch_withdrawn domain.vouched" {
			t.Errorf("the audit list says %s", got)
		}
		// A proof by DNS stands by itself.
		h.write(func(tx *store.Writer) error {
			d := sso.NewDomain(acme.ID, "dns.example", h.now)
			d.State, d.Proof = sso.DomainVerified, sso.ProofDNS
			return tx.Org(acme.ID).SaveDomain(ctx, d)
		})
		h.refused("a word that was not given", h.Unvouch(ctx, &h.operator, "acme", "dns.example"), "")
		if _, err := h.Organization(ctx, &h.support, "acme"); err != nil {
			t.Error(err)
		}
		h.write(func(tx *store.Writer) error {
			d, err := tx.Org(acme.ID).Domain(ctx, "dns.example")
			if d.State != sso.DomainVerified {
				t.Errorf("a proof by DNS is %s", d.State)
			}
			return err
		})
	})
}

func TestAnOperatorMakesASetupLink(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		in := authority.NewLink{NewSetupLink: sso.NewSetupLink{Scope: sso.SetupSSO, Note: "Ivan", Life: sso.SetupLinkLife}, Mail: "ivan@it.example"}
		_, _, err := h.CreateSetupLink(ctx, &h.support, "acme", in)
		h.refused("a support agent", err, "operator_role")
		_, _, err = h.CreateSetupLink(ctx, &h.operator, sso.OperatorsKey, in)
		h.refused("the operators' own", err, "operators_organization")
		link, token, err := h.CreateSetupLink(ctx, &h.operator, "acme", in)
		if err != nil {
			t.Fatal(err)
		}
		who := &authority.Who{Link: token, Address: "192.0.2.9"}
		setup := &authority.Service{DB: h.DB, Now: h.Now}
		if p, err := setup.Enter(ctx, who, "", authority.Setup); err != nil || p.Key != "acme" {
			t.Errorf("it opens %s, %v", p.Key, err)
		}
		v, err := h.Organization(ctx, &h.support, "acme")
		if err != nil || len(v.Links) != 1 || v.Links[0].ID != link.ID {
			t.Errorf("the organization shows %+v, %v", v.Links, err)
		}
		h.refused("a support agent, revoking", h.RevokeSetupLink(ctx, &h.support, "acme", link.ID), "operator_role")
		h.refused("of another organization", h.RevokeSetupLink(ctx, &h.operator, h.addOrg("rival").Key, link.ID), "page_not_found")
		h.refused("revoking", h.RevokeSetupLink(ctx, &h.operator, "acme", link.ID), "")
		_, err = setup.Enter(ctx, who, "", authority.Setup)
		h.refused("once revoked", err, "setup_link_over")
		if got := h.audit("acme"); got != "setup_link.created setup_link.revoked" {
			t.Errorf("the audit list says %s", got)
		}
	})
}
