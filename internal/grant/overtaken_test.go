package grant_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// meanwhile has something happen when the service next asks what time it is: it
// does so when it has looked at the app, and before it writes.
func (h *house) meanwhile(do func()) {
	var did atomic.Bool
	now := h.Now
	h.Service.Now = func() time.Time {
		if did.CompareAndSwap(false, true) {
			do()
		}
		return now()
	}
}

// An app that another node has changed while it was proving who it is gets what it
// may have by then. What it has proved counts once, as ever, and a code that it did
// not get stays good.
func TestAnAppThatChangesWhileItAsks(t *testing.T) {
	t.Parallel()
	beside(t, func(h *house, other *store.DB) {
		s, k, now, n := newSigner(h), newHolder(h), h.Now, 0
		h.write(func(ctx context.Context, tx *store.Writer) error {
			h.portal.GrantTypes, h.portal.Scopes = sso.GrantTypes(), []string{"users:read"}
			return tx.SaveApp(ctx, h.portal)
		})
		for name, way := range map[string]struct {
			app    *sso.App
			code   bool // it asks by one
			proves bool // by what counts once
			ask    func(code, assertion string, proof oidc.DPoP) error
		}{
			"a machine's secret": {app: &h.portal, ask: func(_, _ string, _ oidc.DPoP) error {
				_, err := h.exchangeBy(&h.portal, oidc.DPoP{}, "grant_type", "client_credentials")
				return err
			}},
			"a machine's signature": {app: &s.app, proves: true, ask: func(_, assertion string, _ oidc.DPoP) error {
				_, err := s.machine(assertion)
				return err
			}},
			"a code and a key that is shown": {app: &h.portal, code: true, proves: true, ask: func(code, _ string, proof oidc.DPoP) error {
				_, err := h.redeemBy(&h.portal, proof, code)
				return err
			}},
			"a code and a signature": {app: &s.app, code: true, proves: true, ask: func(code, assertion string, _ oidc.DPoP) error {
				_, err := s.machine(assertion, "grant_type", "authorization_code", "code", code, "redirect_uri", s.app.RedirectURIs[0], "code_verifier", verifier)
				return err
			}},
		} {
			signed := func() string {
				n++
				return s.sign(jose.ES256, "ec", s.claims("overtaken"+strconv.Itoa(n)))
			}
			for what, tc := range map[string]struct {
				by   func(*sso.App)
				want oidc.Code // "": tokens
			}{
				"switched off":          {func(a *sso.App) { a.Disabled = true }, oidc.InvalidClient},
				"to ask for nothing":    {func(a *sso.App) { a.GrantTypes = []sso.GrantType{sso.GrantDevice} }, oidc.UnauthorizedClient},
				"to ask in another way": {func(a *sso.App) { a.AuthMethod = sso.AuthNone }, oidc.InvalidClient},
				"held to show a key":    {func(a *sso.App) { a.DPoP = true }, oidc.InvalidDPoPProof},
				"renamed":               {func(a *sso.App) { a.Name += "+" }, ""},
			} {
				if what == "held to show a key" && name == "a code and a key that is shown" {
					tc.want = "" // it does
				}
				code, assertion, proof := h.code(way.app), signed(), k.proof()
				var was sso.App
				h.meanwhile(func() { h.changeApp(other, way.app.ID, func(a *sso.App) { was = *a; tc.by(a) }) })
				err := way.ask(code, assertion, proof)
				h.Service.Now = now
				if tc.want == "" && err != nil || tc.want != "" && !refusedWith(err, tc.want) {
					h.Errorf("%s, of an app that is %s meanwhile: %v, want %q", name, what, err, tc.want)
				}
				h.changeApp(other, way.app.ID, func(a *sso.App) { version := a.Version; *a = was; a.Version = version })
				if err := way.ask(h.code(way.app), assertion, proof); way.proves && err == nil {
					h.Errorf("%s, of an app that was %s meanwhile: what it has shown counts twice", name, what)
				}
				err = way.ask(code, signed(), k.proof())
				if used := way.code && tc.want == ""; used && !refusedWith(err, oidc.InvalidGrant) || !used && err != nil {
					h.Errorf("%s, of an app that was %s meanwhile: anew %v; its code is used up: %v", name, what, err, used)
				}
			}
		}
		// Where the settings never stay as they were, nothing is given.
		h.Service.Now = func() time.Time {
			h.change(other, func(a *sso.App) { a.Name += "+" })
			return now()
		}
		if out, err := h.exchangeBy(&h.portal, oidc.DPoP{}, "grant_type", "client_credentials"); !fault.Is(err, "database_busy") {
			h.Errorf("of an app that changes all the while: %+v, %v, want database_busy", out, err)
		}
	})
}
