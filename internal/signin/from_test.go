package signin_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// A token that was copied is of no use outside the networks of the organization,
// and does not keep the session alive from there. The person goes on inside.
func TestASessionIsRefusedFromOutsideItsNetworks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		inside, outside := w.browser.Address, netip.MustParseAddr("203.0.113.9")
		w.apply(`
organizations:
  - {key: acme-emea, name: Acme EMEA, parent: acme, users: [{username: kim, email: kim@emea.example, password_hash: "` + w.hash + `"}]}
`)
		token := w.passwordSessionOf("kim")
		before, err := w.Person(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Person(ctx, token, outside); err != nil {
			t.Errorf("from anywhere, where no list says otherwise: %v", err)
		}
		w.allowFrom("acme", "192.0.2.0/24") // above theirs
		w.now = w.now.Add(2 * sso.SessionTouchEvery)
		for name, from := range map[string]netip.Addr{"elsewhere": outside, "nowhere": {}} {
			if _, err := w.Service.Person(ctx, token, from); !fault.Is(err, "policy_address") {
				t.Errorf("from %s: %v, want policy_address", name, err)
			}
		}
		w.browser.Session, w.browser.Address = token, outside
		if _, err := w.Confirm(ctx, w.browser, "/account"); !fault.Is(err, "policy_address") {
			t.Errorf("confirming from elsewhere: %v, want policy_address", err)
		}
		w.browser.Address = inside
		w.changes(func(tx *store.Writer) error {
			p, err := tx.PersonBySession(ctx, before.Session.ID)
			if !p.Session.SeenAt.Equal(before.Session.SeenAt) || !p.Session.EndedAt.IsZero() {
				t.Errorf("after that the session was seen at %s and ended at %s", p.Session.SeenAt, p.Session.EndedAt)
			}
			return err
		})
		if p, err := w.Person(ctx, token); err != nil || !p.Session.SeenAt.Equal(w.now) {
			t.Errorf("from inside: seen at %s, %v", p.Session.SeenAt, err)
		}
		if _, err := w.Service.Person(ctx, token, netip.MustParseAddr("::ffff:192.0.2.200")); err != nil {
			t.Errorf("from inside, IPv4 written as IPv6: %v", err)
		}
	})
}

// Whoever acts as somebody sits where the operators sit: the customer's list is
// not about them, the operators' own is.
func TestWhoActsIsAskedAboutTheirOwnNetworks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		at := w.now
		vendor := sso.Organization{ID: sso.NewOrgID(at), Key: sso.OperatorsKey, Name: "Vendor", State: sso.OrgActive, CreatedAt: at, UpdatedAt: at}
		vendor.Path = []sso.OrgID{vendor.ID}
		u := sso.User{ID: sso.NewUserID(at), Home: vendor.ID, Username: "otto", State: sso.UserActive, CreatedAt: at, UpdatedAt: at}
		m := sso.Membership{Org: vendor.ID, User: u.ID, Role: sso.RoleMember, CreatedAt: at, UpdatedAt: at}
		w.changes(func(tx *store.Writer) error {
			return errors.Join(tx.SaveOrganization(ctx, vendor), tx.Org(vendor.ID).SaveUser(ctx, u), tx.Org(vendor.ID).SaveMembership(ctx, m))
		})
		otto, err := w.Person(ctx, w.passwordSessionOf("otto"))
		if err != nil {
			t.Fatal(err)
		}
		paul, token := w.someone("paul"), secret.NewToken()
		w.changes(func(tx *store.Writer) error {
			return tx.InsertSession(ctx, sso.Session{
				ID: sso.NewSessionID(w.now), User: paul.ID, Org: paul.Home, Actor: otto.User.ID, ActorSession: otto.Session.ID, Reason: "ticket", AuthTime: w.now, CreatedAt: w.now,
				SeenAt: w.now, ExpiresAt: w.now.Add(time.Hour),
			}, token.Hash())
		})
		w.allowFrom("plain", "198.51.100.0/24")
		if _, err := w.Person(ctx, token); err != nil {
			t.Errorf("acting outside the customer's networks: %v", err)
		}
		w.allowFrom("operators", "198.51.100.0/24")
		if _, err := w.Person(ctx, token); !fault.Is(err, "policy_address") {
			t.Errorf("acting outside the operators' networks: %v, want policy_address", err)
		}
	})
}

// allowFrom has an organization let people in from one network alone.
func (w *world) allowFrom(key, network string) {
	w.Helper()
	n, err := sso.ParseNetwork(network)
	if err != nil {
		w.Fatal(err)
	}
	w.changes(func(tx *store.Writer) error {
		o, err := tx.OrganizationByKey(w.Context(), key)
		if err != nil {
			return err
		}
		o.Policy.IPAllow = []netip.Prefix{n}
		return tx.SaveOrganization(w.Context(), o)
	})
}
