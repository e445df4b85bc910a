package grant_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestAnAppOfAnOldLibraryGoesWithoutPKCE(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	bare := []string{"code_challenge", "", "code_challenge_method", ""}
	refused := func(what string) {
		t.Helper()
		out, err := h.Authorize(t.Context(), request(&h.portal, bare...), h.person())
		if err != nil || out.Refused != oidc.InvalidRequest {
			t.Errorf("%s: %+v, %v, want invalid_request", what, out, err)
		}
	}
	save := func(optional bool) {
		t.Helper()
		h.portal.PKCEOptional = optional
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
		h.portal.Version++
	}
	refused("an app that was not let go without")
	save(true)
	if tokens, err := h.exchange(&h.portal, h.code(&h.portal, bare...), "code_verifier", ""); err != nil || tokens.IDToken == "" {
		t.Fatalf("without PKCE: %v", err)
	}
	if _, err := h.exchange(&h.portal, h.code(&h.portal, bare...)); !refusedWith(err, oidc.InvalidGrant) {
		t.Errorf("a verifier without a challenge: %v, want invalid_grant", err)
	}
	if _, err := h.exchange(&h.portal, h.code(&h.portal), "code_verifier", ""); !refusedWith(err, oidc.InvalidGrant) {
		t.Errorf("a challenge without a verifier: %v, want invalid_grant", err)
	}
	if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
		t.Errorf("with PKCE: %v", err)
	}
	// It must use it from now on, and so must the code that is out.
	code := h.code(&h.portal, bare...)
	save(false)
	refused("an app that must use it again")
	if _, err := h.exchange(&h.portal, code, "code_verifier", ""); !refusedWith(err, oidc.InvalidGrant) {
		t.Errorf("a code from before: %v, want invalid_grant", err)
	}
}
