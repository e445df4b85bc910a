package connect_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestASetupLinkIsOpenedAgainAndAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		token, link := h.link(&h.acme, sso.SetupDomains)
		seen, err := h.SetupLink(h.Context(), token)
		must(t, "looking", err)
		if seen.Link.ID != link.ID || seen.Organization.ID != h.acme.ID || !seen.Link.OpenedAt.IsZero() || len(h.audit(h.acme.ID)) != 0 {
			t.Errorf("looking at a link shows %+v and writes %v", seen.Link, h.audit(h.acme.ID))
		}
		for range 2 {
			opened, err := h.OpenSetupLink(h.Context(), token, "192.0.2.9")
			must(t, "opening", err)
			if opened.Link.Scope != sso.SetupDomains || opened.Organization.ID != h.acme.ID {
				t.Errorf("what is opened is %+v", opened)
			}
		}
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"setup_link.opened", "setup_link.opened"}) {
			t.Errorf("the audit list says %v", got)
		}
		seen, err = h.SetupLink(h.Context(), token)
		must(t, "looking again", err)
		if seen.Link.OpenedAt.IsZero() {
			t.Error("that the link was opened is not noted")
		}
	})
}

func TestALinkThatIsOverOpensNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		over := func(what string, token secret.Token) {
			t.Helper()
			_, err := h.SetupLink(h.Context(), token)
			refused(t, "looking at a link that "+what, err, "setup_link_over")
			_, err = h.OpenSetupLink(h.Context(), token, "192.0.2.9")
			refused(t, "opening a link that "+what, err, "setup_link_over")
		}
		expired, _ := h.link(&h.acme, sso.SetupSSO)
		h.pass(sso.SetupLinkLife)
		revoked, link := h.link(&h.acme, sso.SetupSSO)
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.acme.ID).RevokeSetupLink(h.Context(), link.ID, h.now())
		})
		over("never was", secret.NewToken())
		over("has expired", expired)
		over("was revoked", revoked)
		if got := h.audit(h.acme.ID); len(got) != 0 {
			t.Errorf("the audit list says %v", got)
		}
		good, _ := h.link(&h.acme, sso.SetupSSO)
		_, err := h.OpenSetupLink(h.Context(), good, "192.0.2.9")
		must(t, "opening one that is good", err)
	})
}

func newLink(scope sso.SetupScope, mail string) authority.NewLink {
	return authority.NewLink{NewSetupLink: sso.NewSetupLink{Scope: scope, Note: " Ivan  from IT ", Life: sso.SetupLinkLife}, Mail: mail}
}

// A setup link is mailed to whatever address its maker names, and counts with the
// other mails of the customer's day. Where there is none left, there is no link.
func TestMailsOfSetupLinksAreBoundedADay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.write(func(tx *store.Writer) error {
			for left := true; left; {
				var err error
				if left, err = (backoff.Limiter{Now: h.now}).Take(h.Context(), tx, backoff.Letters(h.acme.ID)); err != nil {
					return err
				}
			}
			return nil
		})
		_, _, err := h.CreateSetupLink(h.Context(), signedIn(&h.owner), h.acme.ID, newLink(sso.SetupDomains, "ivan@it.example"))
		refused(t, "one more mail", err, "mail_budget")
		if mails, audit := h.mails(), h.audit(h.acme.ID); len(mails) != 0 || len(audit) != 0 {
			t.Errorf("mails %v, audit list %v, want nothing", mails, audit)
		}
		_, _, err = h.CreateSetupLink(h.Context(), signedIn(&h.owner), h.acme.ID, newLink(sso.SetupDomains, ""))
		must(t, "one that is handed over by hand", err)
	})
}

func TestAnOwnerMakesASetupLink(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		link, token, err := h.CreateSetupLink(h.Context(), signedIn(&h.owner), h.acme.ID, newLink(sso.SetupDomains, "ivan@it.example"))
		must(t, "making one", err)
		if link.Note != "Ivan from IT" || link.Scope != sso.SetupDomains || link.By != h.owner.User.ID || link.ExpiresAt.Sub(link.CreatedAt) != sso.SetupLinkLife {
			t.Errorf("the link is %+v", link)
		}
		h.holds("mails", h.mails(), []string{"setup_link ivan@it.example"})
		opened, err := h.OpenSetupLink(h.Context(), token, "192.0.2.9")
		must(t, "opening it", err)
		if opened.Link.ID != link.ID {
			t.Errorf("it opens %s", opened.Link.ID)
		}
		seen, err := h.SetupLink(h.Context(), token)
		if must(t, "looking at it", err); seen.From != "olga" {
			t.Errorf("it is from %q", seen.From)
		}
		_, err = h.ClaimDomain(h.Context(), holding(token), h.acme.ID, acmeDomain)
		must(t, "using it", err)
		must(t, "revoking it", h.RevokeSetupLink(h.Context(), signedIn(&h.owner), h.acme.ID, link.ID))
		must(t, "revoking it twice", h.RevokeSetupLink(h.Context(), signedIn(&h.owner), h.acme.ID, link.ID))
		_, err = h.ClaimDomain(h.Context(), holding(token), h.acme.ID, "acme.test")
		refused(t, "using it then", err, "setup_link_over")
		h.holds("the audit list", h.audit(h.acme.ID), []string{"setup_link.created", "setup_link.opened", "domain.claimed", "setup_link.revoked"})
		h.write(func(tx *store.Writer) error {
			events, err := tx.Org(h.acme.ID).Events(h.Context(), 10)
			if err != nil {
				return err
			}
			names, err := tx.NamesIn(h.Context(), events)
			if names[string(link.ID)] != "Ivan from IT" {
				t.Errorf("in the audit list the link is called %q", names[string(link.ID)])
			}
			return err
		})
	})
}

func TestWhoMakesNoSetupLink(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		admin := h.add(&h.acme, "adam", sso.RoleAdmin)
		token, link := h.link(&h.acme, sso.SetupSSO)
		create := func(who *authority.Who, in authority.NewLink) error {
			_, _, err := h.CreateSetupLink(h.Context(), who, h.acme.ID, in)
			return err
		}
		good := newLink(sso.SetupSSO, "")
		must(t, "an owner", create(signedIn(&h.owner), good))
		refused(t, "an administrator", create(signedIn(&admin), good), "rights_owner")
		refused(t, "the holder of a link", create(holding(token), good), "setup_link_scope")
		refused(t, "the holder of a link, revoking", h.RevokeSetupLink(h.Context(), holding(token), h.acme.ID, link.ID), "setup_link_scope")
		refused(t, "another organization's, revoking", h.RevokeSetupLink(h.Context(), signedIn(&h.other), h.rival.ID, link.ID), "page_not_found")
		for code, bad := range map[string]func(*authority.NewLink){
			"setup_link_scope_unknown": func(n *authority.NewLink) { n.Scope = "all" },
			"setup_link_note":          func(n *authority.NewLink) { n.Note = " " },
			"setup_link_life":          func(n *authority.NewLink) { n.Life = sso.MaxSetupLinkLife + 1 },
			"ident_email":              func(n *authority.NewLink) { n.Mail = "nobody" },
		} {
			in := good
			bad(&in)
			refused(t, code, create(signedIn(&h.owner), in), code)
		}
		h.acme.Entitlements = nil
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		refused(t, "without the entitlement", create(signedIn(&h.owner), good), "organization_not_entitled")
		page, err := h.SetupLinks(h.Context(), h.place(signedIn(&h.owner)), store.Place{})
		must(t, "listing", err)
		if len(page.Links) != 2 || page.Names[string(h.owner.User.ID)] != "olga" || page.Next.ID != "" {
			t.Errorf("the list is %+v", page)
		}
	})
}
