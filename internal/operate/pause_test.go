package operate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestSupportPausesEnforcementOfACustomer(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		const why = "ticket 4711: their ADFS is down"
		h.refused("nothing is demanded", h.PauseSSO(ctx, &h.support, "acme", 4, why), "pause_nothing")
		acme := h.org("acme")
		d := sso.NewDomain(acme.ID, "closed.example", h.now)
		d.Vouch(h.now)
		d.PasswordOff = true
		h.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, d) })
		h.refused("a domain without passwords", h.PauseSSO(ctx, &h.support, "acme", 4, why), "")
		h.now = h.now.Add(time.Minute)
		h.refused("it is over", h.ResumeSSO(ctx, &h.support, "acme"), "")
		h.now = h.now.Add(time.Minute)
		d.PasswordOff = false
		h.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, d) })
		acme = h.org("acme")
		acme.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, acme) })
		h.refused("a customer's owner", h.PauseSSO(ctx, &h.alice, "acme", 4, why), "page_not_found")
		h.refused("the operators' own", h.PauseSSO(ctx, &h.operator, sso.OperatorsKey, 4, why), "operators_organization")
		h.refused("for too long", h.PauseSSO(ctx, &h.support, "acme", 100, why), "pause_life")
		h.refused("without a reason", h.PauseSSO(ctx, &h.support, "acme", 4, "x"), "pause_reason")
		h.refused("an agent", h.PauseSSO(ctx, &h.support, "acme", 4, why), "")
		o := h.org("acme")
		pause := o.Policy.Pause
		if !pause.Vendor || pause.By != h.support.User.ID || pause.Reason != why || !pause.Until.Equal(h.now.Add(4*time.Hour)) {
			t.Errorf("it is paused as %+v", pause)
		}
		h.now = h.now.Add(time.Minute)
		h.refused("a customer's owner resumes", h.ResumeSSO(ctx, &h.alice, "acme"), "page_not_found")
		h.refused("an agent resumes", h.ResumeSSO(ctx, &h.support, "acme"), "")
		h.refused("a second time", h.ResumeSSO(ctx, &h.support, "acme"), "")
		if o := h.org("acme"); o.Policy.Pause.Running(h.now) || o.Policy.SSO != sso.SSORequired {
			t.Errorf("after the pause: %+v", o.Policy)
		}
		var actions []string
		h.write(func(tx *store.Writer) error {
			events, err := tx.Org(acme.ID).Events(ctx, 100)
			actions = nil
			for i := range events {
				if events[i].Actor == string(h.support.User.ID) {
					actions = append(actions, events[i].Action)
				}
			}
			return err
		})
		if want := []string{"enforcement.resumed", "enforcement.paused", "enforcement.resumed", "enforcement.paused"}; !slices.Equal(actions, want) {
			t.Errorf("the audit list says %v, want %v", actions, want)
		}
	})
}
