package grant_test

import (
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A code that asks for a session of its own is exchanged by many at once, at two
// nodes: one gets tokens at most, and none of them is good for anything once the code
// has been shown again.
func TestACodeOfManyAtTwoNodes(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			one, other := e.Two(t)
			h := newHouse(t, one)
			there := &grant.Service{DB: other, Issuer: h.Issuer, Sealer: h.Sealer, Now: h.Now, Limits: h.Limits, Fetch: h.Fetch}
			for range 4 {
				code := h.code(&h.portal, "scope", "openid offline_access", "prompt", "consent")
				var all sync.WaitGroup
				var mu sync.Mutex
				var got []oidc.TokenResponse
				for i := range 6 {
					r := h.asks(&h.portal, code)
					all.Go(func() {
						node := &h.Service
						if i%2 == 1 {
							node = there
						}
						tokens, err := node.Exchange(t.Context(), r)
						if err == nil {
							mu.Lock()
							got = append(got, tokens)
							mu.Unlock()
						} else if !refusedWith(err, oidc.InvalidGrant) {
							t.Errorf("Exchange() = %v", err)
						}
					})
				}
				all.Wait()
				if len(got) != 1 {
					t.Errorf("%d got tokens, want one", len(got))
				}
				for _, tokens := range got {
					if _, err := h.Userinfo(t.Context(), tokens.AccessToken); !refused(err) {
						t.Errorf("Userinfo() = %v, want the token revoked", err)
					}
					if !tokens.RefreshToken.IsZero() {
						if _, err := h.renewBy(tokens, ""); !refusedWith(err, oidc.InvalidGrant) {
							t.Errorf("a refresh = %v, want invalid_grant", err)
						}
					}
				}
			}
		})
	}
}
