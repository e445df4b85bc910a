package connect_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestClosingThePasswordOfADomain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.prove(&h.owner, acmeDomain)
		closed := sso.DomainWays{SSO: true}
		set := func(to sso.DomainWays) error {
			return h.SetDomainWays(h.Context(), signedIn(&h.owner), h.acme.ID, acmeDomain, to)
		}
		refused(t, "without a connection", set(closed), "domain_no_connection")
		c := h.connect(&h.acme, sso.ConnectionDraft)
		refused(t, "with a draft", set(closed), "domain_no_connection")
		c.State = sso.ConnectionActive
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), c) })
		refused(t, "without an owner beside it", set(closed), "domain_no_owner")
		u := h.owner.User
		h.write(func(tx *store.Writer) (err error) {
			if u, err = tx.User(h.Context(), u.ID); err != nil {
				return err
			}
			u.SetPassword("$argon2id$x", h.now())
			return tx.Org(h.acme.ID).SaveUser(h.Context(), u)
		})
		refused(t, "with an owner of the domain", set(closed), "domain_no_owner")
		h.acme.Policy.Exempt = []string{u.Email.Key()}
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		must(t, "with one who is exempt", set(closed))
		if d := h.domain(h.acme.ID, acmeDomain); !d.PasswordOff {
			t.Error("the password is open")
		}
		foreign := h.connect(&h.rival, sso.ConnectionActive)
		refused(t, "another organization's connection", set(sso.DomainWays{SSO: true, Password: true, Connection: foreign.ID}), "connection_unknown")
		must(t, "its own", set(sso.DomainWays{SSO: true, Password: true, Connection: c.ID}))
		if d := h.domain(h.acme.ID, acmeDomain); d.PasswordOff || d.Connection != c.ID {
			t.Errorf("the ways are %+v", d.Ways())
		}
	})
}

// Each of two owners would be the way in past the other one's domain.
func TestThePasswordsOfAllOwnersAreNotClosedOneDomainAfterTheOther(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		const second = "acme-emea.example"
		h.prove(&h.owner, acmeDomain)
		h.prove(&h.owner, second)
		h.connect(&h.acme, sso.ConnectionActive)
		emma := h.add(&h.acme, "emma", sso.RoleOwner)
		h.write(func(tx *store.Writer) error {
			for id, address := range map[sso.UserID]string{h.owner.User.ID: "olga@" + acmeDomain, emma.User.ID: "emma@" + second} {
				u, err := tx.User(h.Context(), id)
				if err != nil {
					return err
				}
				u.Email = sso.StoredEmail(address)
				u.SetPassword("$argon2id$x", h.now())
				if err := tx.Org(h.acme.ID).SaveUser(h.Context(), u); err != nil {
					return err
				}
			}
			return nil
		})
		set := func(name string, to sso.DomainWays) error {
			return h.SetDomainWays(h.Context(), signedIn(&h.owner), h.acme.ID, name, to)
		}
		closed := sso.DomainWays{SSO: true}
		must(t, "closing one", set(acmeDomain, closed))
		refused(t, "closing the other", set(second, closed), "domain_no_owner")
		must(t, "opening the one", set(acmeDomain, sso.DomainWays{SSO: true, Password: true}))
		must(t, "closing the other then", set(second, closed))
	})
}
