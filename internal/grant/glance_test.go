package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// beside runs a story at one node, with a second node's database.
func beside(t *testing.T, story func(h *house, other *store.DB)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			one, other := e.Two(t)
			story(newHouse(t, one), other)
		})
	}
}

// change changes the portal at another node.
func (h *house) change(other *store.DB, do func(*sso.App)) {
	h.Helper()
	h.changeApp(other, h.portal.ID, do)
}

func (h *house) changeApp(other *store.DB, id sso.AppID, do func(*sso.App)) {
	h.Helper()
	err := other.Write(h.Context(), func(tx *store.Writer) error {
		app, err := tx.App(h.Context(), id)
		if err != nil {
			return err
		}
		do(&app)
		return tx.SaveApp(h.Context(), app)
	})
	if err != nil {
		h.Fatal(err)
	}
}

// What a node has seen of an app is good for nothing where another node has
// changed it meanwhile: not for letting it in, and not for keeping it out. A code
// is not used up by who is not let in.
func TestAnAppIsWhatItIsNow(t *testing.T) {
	t.Parallel()
	beside(t, func(h *house, other *store.DB) {
		for name, tc := range map[string]struct {
			worse func(*sso.App)
			want  oidc.Code
		}{
			"switched off":          {func(a *sso.App) { a.Disabled = true }, oidc.InvalidClient},
			"without codes":         {func(a *sso.App) { a.GrantTypes = []sso.GrantType{sso.GrantClientCredentials} }, oidc.UnauthorizedClient},
			"held to show a key":    {func(a *sso.App) { a.DPoP = true }, oidc.InvalidDPoPProof},
			"of another way to ask": {func(a *sso.App) { a.AuthMethod = sso.AuthPrivateKeyJWT }, oidc.InvalidClient},
		} {
			if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil { // it is remembered from here on
				h.Fatalf("%s: before: %v", name, err)
			}
			code := h.code(&h.portal)
			var was sso.App
			h.change(other, func(a *sso.App) { was = *a; tc.worse(a) })
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, tc.want) {
				h.Errorf("%s: %v, want %s", name, err, tc.want)
			}
			h.change(other, func(a *sso.App) { version := a.Version; *a = was; a.Version = version })
			if _, err := h.exchange(&h.portal, code); err != nil {
				h.Errorf("%s: when all is as before: %v", name, err)
			}
		}

		own, code := h.portal.Secrets[0], h.code(&h.portal)
		there := func(fn func(tx *store.Writer) error) {
			if err := other.Write(h.Context(), fn); err != nil {
				h.Fatal(err)
			}
		}
		there(func(tx *store.Writer) error { return tx.DeleteAppSecret(h.Context(), h.portal.ID, own.ID) })
		if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("without its secret: %v, want invalid_client", err)
		}
		there(func(tx *store.Writer) error { return tx.InsertAppSecret(h.Context(), h.portal.ID, own) })
		if _, err := h.exchange(&h.portal, code); err != nil {
			h.Errorf("with a secret of a moment ago: %v", err)
		}
	})
}

// Of many nodes and threads, with an app that changes all the while, each code is
// exchanged once.
func TestACodeIsGoodOnceWhileItsAppChanges(t *testing.T) {
	t.Parallel()
	beside(t, func(h *house, other *store.DB) {
		second := &grant.Service{DB: other, Issuer: issuer, Sealer: h.Sealer, Now: h.Now, Limits: h.Limits, Fetch: h.Fetch}
		for range 3 {
			code := h.code(&h.portal)
			request := h.asks(&h.portal, code)
			done := make(chan error)
			for i := range 8 {
				go func() {
					at := &h.Service
					if i%2 == 1 {
						at = second
					}
					_, err := at.Exchange(h.Context(), request)
					done <- err
				}()
			}
			h.change(other, func(a *sso.App) { a.Name += "+" })
			won := 0
			for range 8 {
				switch err := <-done; {
				case err == nil:
					won++
				case !refusedWith(err, oidc.InvalidGrant):
					h.Errorf("Exchange() = %v", err)
				}
			}
			if won != 1 {
				h.Errorf("%d of 8 exchange one code", won)
			}
		}
	})
}

// A sign-in can begin for what an app asked a moment ago. At its end the app is
// what it is then.
func TestAnAuthorizeRequestIsJudgedByTheAppAsItIs(t *testing.T) {
	t.Parallel()
	beside(t, func(h *house, other *store.DB) {
		const added = "https://app.example/added"
		begin := func(more ...string) (grant.Outcome, error) {
			return h.Authorize(h.Context(), request(&h.portal, more...), nil)
		}
		if out, err := begin(); err != nil || out.SignIn == nil {
			h.Fatalf("Authorize() = %+v, %v", out, err)
		}
		if out, err := begin("redirect_uri", added); err == nil {
			h.Errorf("an address that is not registered: %+v", out)
		}
		h.change(other, func(a *sso.App) { a.RedirectURIs = append(a.RedirectURIs, added) })
		out, err := begin("redirect_uri", added)
		if err != nil || out.SignIn == nil {
			h.Errorf("an address that was registered at another node: %+v, %v", out, err)
		}
		h.change(other, func(a *sso.App) { a.RedirectURIs = a.RedirectURIs[:1] })
		if out, err = begin("redirect_uri", added); err == nil && out.SignIn == nil {
			h.Errorf("an address that is registered no more: %+v", out)
		}
		h.wait(time.Second)
		session := h.person().Session
		session.ID, session.AuthTime = sso.NewSessionID(h.Now()), h.Now()
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.InsertSession(ctx, session, secret.NewToken().Hash())
		})
		done, err := h.resume(request(&h.portal, "redirect_uri", added).Encode(), session)
		if err == nil {
			h.Errorf("at its end: %+v", done)
		}
		var page *oidc.AuthorizeError
		if errors.As(err, &page) {
			h.Errorf("the app is told at an address that is not its own: %v", err)
		}
		if done, err := h.resume(request(&h.portal).Encode(), session); err != nil || query(h.T, done.URL).Get("code") == "" {
			h.Errorf("twin: %+v, %v", done, err)
		}
	})
}
