package inspect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// way writes an explanation in one line.
func way(steps []inspect.Explained) string {
	var all []string
	for _, s := range steps {
		var about []string
		for _, v := range []string{s.Domain, s.Organization, s.Connection, s.User, string(s.Mode), string(s.Role), s.Code} {
			if v != "" {
				about = append(about, v)
			}
		}
		all = append(all, strings.TrimSpace(string(s.Way)+" "+strings.Join(about, "/")))
	}
	return strings.Join(all, "; ")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		alice, below := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.emea, "below", sso.RoleAdmin)
		secret := h.add(&h.rival, "secret", sso.RoleMember)
		h.address(&secret, "secret@rival.example")
		h.address(&below, "below@acme.example")
		h.connection(&h.rival, "rival-okta")
		place := &authority.Place{Organization: h.acme}
		asks := func(p *authority.Place, address, want string) {
			h.Helper()
			got, err := h.Explain(ctx, p, address)
			if err != nil {
				h.Fatal(err)
			}
			if way(got) != want {
				h.Errorf("%s goes\n%s, want\n%s", address, way(got), want)
			}
		}
		const acme = "domain_proved acme.example/The acme; "
		asks(place, "new@acme.example", acme+"nobody; sso_optional The acme; own The acme/Okta of acme; first Okta of acme/create; creates member")
		asks(place, "alice@acme.example", acme+"home The acme/alice; sso_optional The acme; own The acme/Okta of acme; first Okta of acme/create; links alice; signs_in alice/member")
		asks(place, "below@acme.example", acme+"home The emea/below; sso_optional The emea; own The acme/Okta of acme; first Okta of acme/create; links below; signs_in below/admin")
		h.link(&h.okta, "s", alice.User.ID)
		asks(place, "alice@acme.example", acme+"home The acme/alice; sso_optional The acme; own The acme/Okta of acme; linked Okta of acme/alice; signs_in alice/member")
		ways := func(change func(*sso.Domain)) {
			h.write(func(tx *store.Writer) error {
				d, err := tx.VerifiedDomain(ctx, "acme.example")
				if err != nil {
					return err
				}
				change(&d)
				return tx.Org(d.Org).SaveDomain(ctx, d)
			})
		}
		ways(func(d *sso.Domain) { d.SSOOff = true })
		asks(place, "new@acme.example", acme+"nobody; domain_off acme.example; password; passwordless")
		ways(func(d *sso.Domain) { d.SSOOff, d.PasswordOff = false, true })
		asks(place, "new@acme.example", acme+"nobody; domain_required acme.example; own The acme/Okta of acme; first Okta of acme/create; creates member")
		ways(func(d *sso.Domain) { d.PasswordOff = false })
		asks(place, "somebody@nowhere.example", "domain_unproved nowhere.example; password; passwordless")
		// Of another customer nothing is told, not even by what is left out.
		other := "domain_other rival.example"
		asks(place, "secret@rival.example", other)
		asks(place, "nobody@rival.example", other)
		// Whoever owns what is below sees no further up.
		asks(&authority.Place{Organization: h.emea}, "new@acme.example", "domain_other acme.example")
		if got, err := h.ExplainAnywhere(ctx, "secret@rival.example"); err != nil || !strings.HasPrefix(way(got), "domain_proved rival.example/The rival; home The rival/secret") {
			h.Errorf("support is told %s, %v", way(got), err)
		}

		change := func(mode sso.FirstSignIn, mapping bool, policy sso.Enforcement) {
			h.Helper()
			h.write(func(tx *store.Writer) error {
				c, err := tx.Connection(ctx, h.okta.ID)
				if err != nil {
					return err
				}
				c.FirstSignIn, c.Defaults.Mapping.On = mode, mapping
				if err := tx.Org(c.Org).SaveConnection(ctx, c); err != nil {
					return err
				}
				o, err := tx.Organization(ctx, h.acme.ID)
				if err != nil {
					return err
				}
				o.Policy.SSO = policy
				return tx.SaveOrganization(ctx, o)
			})
		}
		change(sso.FirstAsk, true, sso.SSORequired)
		asks(place, "new@acme.example", acme+"nobody; sso_required The acme; own The acme/Okta of acme; first Okta of acme/ask; asks")
		asks(place, "alice@acme.example", acme+"home The acme/alice; sso_required The acme; own The acme/Okta of acme; linked Okta of acme/alice; follows alice/member")
		change(sso.FirstInvited, true, sso.SSOOptional)
		asks(place, "new@acme.example", acme+"nobody; sso_optional The acme; own The acme/Okta of acme; first Okta of acme/invited; refused ident_not_invited")
		change(sso.FirstMatch, true, sso.SSOOptional)
		asks(place, "new@acme.example", acme+"nobody; sso_optional The acme; own The acme/Okta of acme; first Okta of acme/match; refused ident_no_match")
		change(sso.FirstCreate, true, sso.SSOOff)
		asks(place, "new@acme.example", acme+"nobody; sso_off The acme; password; passwordless")
		change(sso.FirstCreate, true, sso.SSOOptional)
		asks(place, "new@acme.example", acme+"nobody; sso_optional The acme; own The acme/Okta of acme; first Okta of acme/create; creates_group member")
		change(sso.FirstCreate, false, sso.SSOPilot)
		asks(place, "new@acme.example", acme+"nobody; sso_pilot The acme; own The acme/Okta of acme; first Okta of acme/create; creates member")
		change(sso.FirstCreate, false, sso.SSORequired)
		h.write(func(tx *store.Writer) error {
			o, err := tx.Organization(ctx, h.acme.ID)
			if err != nil {
				return err
			}
			o.Policy.Pause = sso.Pause{Until: h.Now().Add(time.Hour)}
			return tx.SaveOrganization(ctx, o)
		})
		asks(place, "new@acme.example", acme+"nobody; sso_paused The acme; own The acme/Okta of acme; first Okta of acme/create; creates member")
		if _, err := h.Explain(ctx, place, "no address"); err == nil {
			h.Error("explains what is no address")
		}
	})
}

// To ask what would happen makes nothing happen.
// Whoever owns a sub-organization hears what their people are there, and not
// what they are above or beside it.
func TestExplainTellsNoRoleBeyond(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		below := h.add(&h.emea, "below", sso.RoleMember)
		h.address(&below, "below@acme.example")
		h.write(func(tx *store.Writer) error { return tx.Org(h.emea.ID).RemoveMembership(ctx, below.User.ID, h.Now()) })
		h.join(&h.acme, below.User.ID, sso.RoleOwner)
		last := func(o *sso.Organization) string {
			h.Helper()
			steps, err := h.Explain(ctx, &authority.Place{Organization: *o}, "below@acme.example")
			if err != nil || len(steps) == 0 {
				h.Fatalf("Explain() = %v, %v", steps, err)
			}
			return way(steps[len(steps)-1:])
		}
		if got := last(&h.emea); got != "signs_in below" {
			h.Errorf("to the owner below: %s", got)
		}
		h.join(&h.emea, below.User.ID, sso.RoleMember)
		if got := last(&h.emea); got != "signs_in below/member" {
			h.Errorf("to the owner below, of a member: %s", got)
		}
		if got := last(&h.acme); got != "signs_in below/owner" {
			h.Errorf("to the owner above: %s", got)
		}
	})
}

func TestExplainChangesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		alice := h.add(&h.acme, "alice", sso.RoleMember)
		for _, address := range []string{"new@acme.example", "alice@acme.example", "x@partner.example"} {
			if _, err := h.Explain(h.Context(), &authority.Place{Organization: h.acme}, address); err != nil {
				h.Fatal(err)
			}
		}
		h.write(func(tx *store.Writer) error {
			links, err := tx.AllLinksOf(h.Context(), alice.User.ID)
			if len(links) != 0 {
				h.Errorf("%d links were made", len(links))
			}
			return err
		})
		in, err := h.Conflicts(h.Context(), &authority.Place{Organization: h.acme}, sso.ConflictOpen, store.Place{})
		if err != nil || len(in.Conflicts) != 0 || len(h.events()) != 0 || h.mails() != "" {
			h.Errorf("it left %d conflicts, %v, %q, %v", len(in.Conflicts), h.events(), h.mails(), err)
		}
	})
}
