package signin_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Nobody gets into an organization by naming it where they are asked to choose.
func TestAnOrganizationThatWasNotOfferedCannotBeChosen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply("organizations: [{key: off, name: Off, state: suspended}]")
		w.joins("paul", "acme", "initech", "off")
		refuses := func(what string, a sso.Attempt, choices ...string) {
			t.Helper()
			for _, choice := range choices {
				if got, err := w.Choose(t.Context(), w.browser, a.ID, choice); !fault.Is(err, "choice_unknown") {
					t.Errorf("%s: %q leads to %s of %s, %v, want choice_unknown", what, choice, got.Next(), got.Proof.Org, err)
				}
			}
		}
		foreign := []string{string(w.orgOf("globex")), string(w.orgOf("acme-emea")), string(sso.Nowhere), "acme", "", "' or 1=1"}
		a := w.proven("paul", sso.StepOrg)
		refuses("after the password", a, foreign...)
		w.browser.Session = w.mustFinish(w.chooses(a, "plain")).Token // the twin
		refuses("from a session", w.begins(signin.Start{Offer: true}), foreign...)
		refuses("where the app asks for one", w.begins(signin.Start{Offer: true, Org: w.orgOf("acme")}), append(foreign, string(w.orgOf("initech")), string(w.orgOf("plain")))...)
		w.chooses(w.begins(signin.Start{Offer: true, Org: w.orgOf("acme")}), "acme")
		// One that is shut is not offered, and does not open by being named.
		if done, err := w.Choose(t.Context(), w.browser, w.begins(signin.Start{Offer: true}).ID, string(w.orgOf("off"))); err == nil {
			_, err = w.finish(done.ID)
			w.mustRefuse(err, "organization_suspended")
		} else if !fault.Is(err, "choice_unknown") {
			t.Errorf("a suspended one: %v", err)
		}
	})
}

// What was offered is judged again when the session is made.
func TestWhatChangesWhileSomebodyChooses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for code, change := range map[string]func(tx *store.Writer, o sso.Organization) error{
			"membership_missing": func(tx *store.Writer, o sso.Organization) error {
				return tx.Org(o.ID).RemoveMembership(t.Context(), w.someone("paul").ID, w.now)
			},
			"organization_suspended": func(tx *store.Writer, o sso.Organization) error {
				o.State, o.UpdatedAt = sso.OrgSuspended, w.now
				return tx.SaveOrganization(t.Context(), o)
			},
			"policy_address": func(tx *store.Writer, o sso.Organization) error {
				o.Policy.IPAllow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
				return tx.SaveOrganization(t.Context(), o)
			},
			"": func(*store.Writer, sso.Organization) error { return nil },
		} {
			key := strings.Trim("shop-"+strings.ReplaceAll(code, "_", "-"), "-")
			w.apply("organizations: [{key: " + key + ", name: Shop}]")
			w.joins("paul", key)
			org := w.orgOf(key)
			w.browser = newBrowser()
			before := w.proven("paul", sso.StepOrg)
			chosen := w.chooses(w.proven("paul", sso.StepOrg), key)
			w.changes(func(tx *store.Writer) error {
				o, err := tx.Organization(t.Context(), org)
				if err != nil {
					return err
				}
				return change(tx, o)
			})
			for what, end := range map[string]func() error{
				"before the choice": func() error {
					a, err := w.Choose(t.Context(), w.browser, before.ID, string(org))
					if err != nil {
						return err
					}
					_, err = w.finish(a.ID)
					return err
				},
				"after it": func() error { _, err := w.finish(chosen.ID); return err },
			} {
				err := end()
				if f, ok := errors.AsType[*fault.Error](err); (code == "") != (err == nil) || code != "" && (!ok || f.Code != code) {
					t.Errorf("%q %s: %v", code, what, err)
				}
			}
		}
	})
}
