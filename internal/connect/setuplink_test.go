package connect_test

import (
	"slices"
	"testing"

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
