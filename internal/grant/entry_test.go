package grant_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// bars are the ways to keep alice, an administrator of acme, out of an app, by
// what she is told.
func (h *house) bars() map[string]func(*sso.App) {
	return map[string]func(*sso.App){
		"app_disabled":     func(a *sso.App) { a.Disabled = true },
		"app_organization": func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_other"} },
		"app_entitlement":  func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM },
		"app_role":         func(a *sso.App) { a.AllowedRoles = []sso.Role{sso.RoleOwner} },
	}
}

// save keeps a changed app; app stands for its new version.
func (h *house) save(app *sso.App) {
	h.Helper()
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, *app) })
	app.Version++
}

// changed keeps the app otherwise, until the test says back.
func (h *house) changed(app *sso.App, change func(*sso.App)) (back func()) {
	h.Helper()
	was := *app
	change(app)
	h.save(app)
	return func() {
		h.Helper()
		was.Version = app.Version
		*app = was
		h.save(app)
	}
}

func TestNobodyEntersAnAppThatDoesNotLetThemIn(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		ask := func(more ...string) (string, oidc.Code, error) {
			out, err := h.Authorize(h.Context(), request(&h.portal, more...), h.person())
			return out.URL, out.Refused, err
		}
		for code, bar := range h.bars() {
			back := h.changed(&h.portal, bar)
			if url, _, err := ask(); !fault.Is(err, code) || url != "" {
				h.Errorf("%s: Authorize() = %q, %v, want the page", code, url, err)
			}
			session := h.person().Session
			if out, err := h.resume(request(&h.portal).Encode(), session); !fault.Is(err, code) || out.URL != "" {
				h.Errorf("%s: Resume() = %+v, %v, want the page", code, out, err)
			}
			// An app that asks in secret, in a frame, must not be shown a page.
			if url, refused, err := ask("prompt", "none"); err != nil || refused != oidc.AccessDenied || query(h.T, url).Get("error") != "access_denied" || query(h.T, url).Get("code") != "" {
				h.Errorf("%s: without a page: %q, %q, %v, want access_denied", code, url, refused, err)
			}
			if out, err := h.Authorize(h.Context(), request(&h.native), h.person()); err != nil || query(h.T, out.URL).Get("code") == "" {
				h.Errorf("%s: another app: %+v, %v, want a code", code, out, err)
			}
			back()
			if url, _, err := ask(); err != nil || query(h.T, url).Get("code") == "" {
				h.Errorf("%s: once it lets her in: %q, %v, want a code", code, url, err)
			}
		}
	})
}

// Who is not let in is written down, and fills no list by asking again.
func TestWhomAnAppDoesNotLetInIsWrittenDown(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for code, bar := range h.bars() {
			if code == "app_disabled" { // nobody's in particular
				continue
			}
			back := h.changed(&h.portal, bar)
			for range 10 {
				if _, err := h.Authorize(h.Context(), request(&h.portal), h.person()); !fault.Is(err, code) {
					h.Fatalf("%s: Authorize() = %v", code, err)
				}
			}
			back()
		}
		all := h.refusedEntries()
		if len(all) != 3 || all[0].Actor != string(h.person().User.ID) || all[0].Target != string(h.portal.ID) || all[0].Org == "" {
			h.Errorf("written down: %+v, want three of alice at the portal", all)
		}
	})
}

// refusedEntries returns what is written down of entries that an app refused.
func (h *house) refusedEntries() (out []sso.Event) {
	h.Helper()
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		all, err := r.Unsealed(h.Context(), 1000)
		for i := range all {
			if e := &all[i].Event; e.Action == "app.refused" {
				out = append(out, *e)
			}
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// What an app was given before is good for nothing from the moment in which it
// does not let the person in, and for what it was once it does again.
func TestAnAppHoldsNothingOfWhomItDoesNotLetIn(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for code, bar := range h.bars() {
			tokens := h.offlineTokens(&h.portal)
			fresh := h.code(&h.portal)
			want := oidc.InvalidGrant
			if code == "app_disabled" {
				want = oidc.InvalidClient
			}
			back := h.changed(&h.portal, bar)
			if _, err := h.exchange(&h.portal, fresh); !refusedWith(err, want) {
				h.Errorf("%s: a code gives %v, want %s", code, err, want)
			}
			if _, err := h.refresh(&h.portal, tokens.RefreshToken); !refusedWith(err, want) {
				h.Errorf("%s: a refresh token gives %v, want %s", code, err, want)
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err == nil {
				h.Errorf("%s: an access token opens userinfo", code)
			}
			back()
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err != nil {
				h.Errorf("%s: once it lets her in: Userinfo() = %v", code, err)
			}
			if _, err := h.refresh(&h.portal, tokens.RefreshToken); err != nil {
				h.Errorf("%s: once it lets her in: a refresh token gives %v", code, err)
			}
		}
	})
}

// What the vendor has switched on for a customer holds for what is below it,
// and an app that is open to a customer is.
func TestWhatHoldsAboveOpensAnApp(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		above := sso.Organization{ID: sso.NewOrgID(h.Now()), Key: "group", Name: "Group", State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSCIM}, CreatedAt: h.Now(), UpdatedAt: h.Now()}
		if err := above.Place(nil); err != nil {
			h.Fatal(err)
		}
		if err := h.org.Place(&above); err != nil {
			h.Fatal(err)
		}
		h.write(func(ctx context.Context, tx *store.Writer) error {
			if err := tx.SaveOrganization(ctx, above); err != nil {
				return err
			}
			return tx.SaveOrganization(ctx, h.org)
		})
		for name, allow := range map[string]func(*sso.App){
			"entitlement":  func(a *sso.App) { a.RequiredEntitlement = sso.EntitledSCIM },
			"organization": func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{above.ID} },
		} {
			back := h.changed(&h.portal, allow)
			tokens := h.offlineTokens(&h.portal)
			if _, err := h.refresh(&h.portal, tokens.RefreshToken); err != nil {
				h.Errorf("%s: a refresh token gives %v", name, err)
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err != nil {
				h.Errorf("%s: Userinfo() = %v", name, err)
			}
			back()
		}
	})
}

// Two secrets are good at once; which of them is in use is seen, without a
// write at each sign-in.
func TestEitherSecretIsGoodAndItsUseIsNoted(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		next := secret.NewToken()
		added := sso.NewAppSecret(next, "operator", h.Now())
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.InsertAppSecret(ctx, h.portal.ID, added) })
		used := func() (times []time.Time) {
			h.Helper()
			err := h.DB.Read(h.Context(), func(r *store.Reader) error {
				app, err := r.App(h.Context(), h.portal.ID)
				for i := range app.Secrets {
					times = append(times, app.Secrets[i].UsedAt)
				}
				return err
			})
			if err != nil || len(times) != 2 {
				h.Fatalf("App() = %v, %v, want two secrets", times, err)
			}
			return times
		}
		first := h.Now()
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			h.Fatal(err)
		}
		if got := used(); !got[0].Equal(first) || !got[1].IsZero() {
			h.Errorf("used at %v, want the first secret at %v alone", got, first)
		}
		h.wait(59 * time.Minute)
		if _, err := h.exchange(&h.portal, h.code(&h.portal), "client_secret", next.Reveal()); err != nil {
			h.Fatal(err)
		}
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			h.Fatal(err)
		}
		if got := used(); !got[0].Equal(first) || !got[1].Equal(h.Now()) {
			h.Errorf("used at %v, want the first secret still at %v and the second at %v", got, first, h.Now())
		}
		h.wait(time.Minute)
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			h.Fatal(err)
		}
		if got := used(); !got[0].Equal(h.Now()) {
			h.Errorf("used at %v, want the first secret at %v", got, h.Now())
		}

		// A retired one opens nothing, and the other goes on.
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.DeleteAppSecret(ctx, h.portal.ID, h.portal.Secrets[0].ID)
		})
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("a retired secret gives %v, want invalid_client", err)
		}
		if _, err := h.exchange(&h.portal, h.code(&h.portal), "client_secret", next.Reveal()); err != nil {
			h.Errorf("the other secret gives %v", err)
		}
	})
}
