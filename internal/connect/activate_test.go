package connect_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// tested notes a test that ended in a state.
func (h *house) tested(c *sso.Connection, subject string, state sso.TestState) {
	h.Helper()
	now := h.now()
	t := sso.Test{ID: sso.NewTestID(now), Org: c.Org, Connection: c.ID, State: sso.TestWaiting, Fingerprint: c.Fingerprint(), CreatedAt: now}
	h.write(func(tx *store.Writer) error {
		in, done := tx.Org(c.Org), t
		done.State, done.Subject, done.AnsweredAt = state, subject, now
		return errors.Join(in.InsertTest(h.Context(), t), in.AnswerTest(h.Context(), done))
	})
}

// complete makes a connection that could be used.
func (h *house) complete() sso.Connection {
	h.Helper()
	return h.create(connect.NewConnection{Metadata: connect.Metadata{Text: entra(h.T)}})
}

func TestAConnectionIsActivatedOnceItWasTried(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		must(h.T, "switching off what is not on", h.Deactivate(h.Context(), h.edit(&c)))
		refused(h.T, "an untested one", h.Activate(h.Context(), h.edit(&c)), "connection_untested")
		h.tested(&c, "alice", sso.TestFailed)
		refused(h.T, "one that failed", h.Activate(h.Context(), h.edit(&c)), "connection_untested")
		h.tested(&c, "alice", sso.TestPassed)
		must(h.T, "activating it", h.Activate(h.Context(), h.edit(&c)))
		if got := h.stored(c.Key); got.State != sso.ConnectionActive || got.Version != c.Version+1 {
			h.Errorf("state %s, version %d", got.State, got.Version)
		}
		refused(h.T, "what was seen before", h.Deactivate(h.Context(), h.edit(&c)), "connection_changed")
		c = h.stored(c.Key)
		must(h.T, "activating it again", h.Activate(h.Context(), h.edit(&c)))
		must(h.T, "switching it off", h.Deactivate(h.Context(), h.edit(&c)))
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"connection.created", "connection.activated", "connection.disabled"}) {
			h.Errorf("audit %q", got)
		}
	})
}

func TestATestCountsForTheSettingsThatItTried(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		h.tested(&c, "alice", sso.TestPassed)
		changed := c
		changed.SAML.ForceAuthn = true
		h.write(func(tx *store.Writer) error { return tx.Org(c.Org).SaveConnection(h.Context(), changed) })
		changed = h.stored(c.Key)
		refused(h.T, "other settings", h.Activate(h.Context(), h.edit(&changed)), "connection_untested")
		h.tested(&changed, "bob", sso.TestPassed)
		h.tested(&changed, "bob", sso.TestPassed)
		r, err := h.Readiness(h.Context(), &authority.Place{Organization: h.acme}, c.Key)
		if err != nil || r.Tested != 1 || r.Ready() != nil {
			h.Errorf("Readiness() = %d people, %v, %v", r.Tested, r.Ready(), err)
		}
	})
}

func TestNobodyIsLockedOutBySwitchingOff(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c, second := h.complete(), h.complete()
		for _, each := range []*sso.Connection{&c, &second} {
			h.tested(each, "alice", sso.TestPassed)
			must(h.T, "activating", h.Activate(h.Context(), h.edit(each)))
			*each = h.stored(each.Key)
		}
		h.acme.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		must(h.T, "one of two", h.Deactivate(h.Context(), h.edit(&second)))
		refused(h.T, "the only one", h.Deactivate(h.Context(), h.edit(&c)), "connection_only_way")

		// So it is where a domain has no passwords.
		h.acme.Policy.SSO, h.acme.Version = sso.SSOOptional, h.acme.Version+1
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		d := sso.NewDomain(h.acme.ID, "acme.example", h.now())
		d.Vouch(h.now())
		d.PasswordOff = true
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(h.Context(), d) })
		refused(h.T, "the only one for a domain", h.Deactivate(h.Context(), h.edit(&c)), "connection_only_way")
		d.PasswordOff = false
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(h.Context(), d) })
		must(h.T, "where passwords work", h.Deactivate(h.Context(), h.edit(&c)))
	})
}

// Who comes by the connection above is not locked out by its owner, nor by who
// has a setup link of that one.
func TestNobodyBelowIsLockedOutBySwitchingOff(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c, second := h.complete(), h.complete()
		for _, each := range []*sso.Connection{&c, &second} {
			h.tested(each, "alice", sso.TestPassed)
			must(h.T, "activating", h.Activate(h.Context(), h.edit(each)))
			*each = h.stored(each.Key)
		}
		below := h.addOrg("acme-emea")
		must(h.T, "placing it", below.Place(&h.acme))
		below.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), below) })
		token, _ := h.link(&h.acme, sso.SetupSSO)
		held := func(c *sso.Connection) *connect.Edit {
			e := h.edit(c)
			e.Who = holding(token)
			return e
		}
		must(h.T, "one of two", h.Deactivate(h.Context(), held(&second)))
		refused(h.T, "the only one, by a link", h.Deactivate(h.Context(), held(&c)), "connection_demanded_below")
		refused(h.T, "the only one", h.Deactivate(h.Context(), h.edit(&c)), "connection_demanded_below")
		below.Policy.SSO, below.Version = sso.SSOOptional, below.Version+1
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), below) })
		must(h.T, "where passwords work", h.Deactivate(h.Context(), h.edit(&c)))
	})
}

// A domain may name a connection of an organization below, which its owner must
// not switch off for the people above.
func TestNobodyAboveIsLockedOutBySwitchingOff(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		below := h.addOrg("acme-emea")
		must(h.T, "placing it", below.Place(&h.acme))
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), below) })
		olaf := h.add(&below, "olaf", sso.RoleOwner)
		c := h.connect(&below, sso.ConnectionActive)
		d := sso.NewDomain(h.acme.ID, acmeDomain, h.now())
		d.Vouch(h.now())
		d.PasswordOff, d.Connection = true, c.ID
		save := func(d sso.Domain) {
			h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(h.Context(), d) })
		}
		save(d)
		off := func() error {
			return h.Deactivate(h.Context(), &connect.Edit{Who: signedIn(&olaf), Org: below.ID, Key: c.Key, Version: c.Version})
		}
		again := func() {
			h.write(func(tx *store.Writer) error {
				now, err := tx.Connection(h.Context(), c.ID)
				if err != nil {
					return err
				}
				now.State = sso.ConnectionActive
				c.Version = now.Version + 1
				return tx.Org(below.ID).SaveConnection(h.Context(), now)
			})
		}
		refused(h.T, "the only way", off(), "connection_demanded_above")
		open := d
		open.PasswordOff = false
		save(open)
		must(h.T, "twin: passwords are open", off())
		again()
		lapsed := d
		lapsed.State = sso.DomainLapsed
		save(lapsed)
		must(h.T, "twin: the domain has lapsed", off())
		again()
		save(d)
		h.connect(&h.acme, sso.ConnectionActive)
		must(h.T, "twin: they have another connection", off())
	})
}

func TestNobodyElseActivates(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		h.tested(&c, "alice", sso.TestPassed)
		foreign := h.edit(&c)
		foreign.Who = signedIn(&h.other)
		if err := h.Activate(h.Context(), foreign); err == nil {
			h.Error("another organization's owner activated it")
		}
		domains, _ := h.link(&h.acme, sso.SetupDomains)
		foreign.Who = holding(domains)
		refused(h.T, "a link for domains", h.Activate(h.Context(), foreign), "setup_link_scope")
		all, _ := h.link(&h.acme, sso.SetupSSO)
		foreign.Who = holding(all)
		must(h.T, "a link for everything", h.Activate(h.Context(), foreign))
	})
}

// Of two who switch at once, one is told that the other was quicker.
func TestOneOfTwoActivates(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		h.tested(&c, "alice", sso.TestPassed)
		var race sync.WaitGroup
		got := make([]error, 4)
		for i := range got {
			race.Go(func() { got[i] = h.Activate(h.Context(), h.edit(&c)) })
		}
		race.Wait()
		won := 0
		for _, err := range got {
			if err == nil {
				won++
			} else if !fault.Is(err, "connection_changed") {
				h.Errorf("Activate() = %v", err)
			}
		}
		if won != 1 {
			h.Errorf("%d activated it", won)
		}
	})
}

// Whoever decides by what answers are judged can be anybody of the organization:
// a session that was left open is not enough.
func TestTrustIsChangedByWhoHasProvedThemselves(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		h.tested(&c, "alice", sso.TestPassed)
		h.pass(sso.FreshFor)
		refused(h.T, "activating by an old session", h.Activate(h.Context(), h.edit(&c)), "session_stale")
		must(h.T, "a draft's certificate", h.AddCertificate(h.Context(), h.edit(&c), certificate(h.T)))
		c = h.stored(c.Key)
		h.tested(&c, "alice", sso.TestPassed)
		h.proves(&h.owner)
		must(h.T, "twin: activating", h.Activate(h.Context(), h.edit(&c)))
		c = h.stored(c.Key)
		h.pass(sso.FreshFor)
		refused(h.T, "a certificate by an old session", h.AddCertificate(h.Context(), h.edit(&c), certificate(h.T)), "session_stale")
		h.proves(&h.owner)
		must(h.T, "twin: a certificate", h.AddCertificate(h.Context(), h.edit(&c), certificate(h.T)))
	})
}
