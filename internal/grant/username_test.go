package grant_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// An app that asks for no address is told none by another name.
func TestTheUsernameIsNotTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	says := func() (claims map[string]any, username string) {
		t.Helper()
		tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid profile"))
		if err != nil {
			t.Fatal(err)
		}
		known, err := h.Introspect(t.Context(), oidc.TokenQuestion{Client: oidc.Credentials{ClientID: "portal", Secret: secret.ParseToken(pass)}, Token: tokens.AccessToken})
		if err != nil || !known.Active {
			t.Fatalf("Introspect() = %+v, %v", known, err)
		}
		return payload(t, tokens.IDToken), known.Username
	}
	if claims, username := says(); claims["preferred_username"] != "alice" || username != "alice" {
		t.Errorf("twin: who has a username is called %v, %q", claims["preferred_username"], username)
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		u, err := tx.User(ctx, h.user.ID)
		if err != nil {
			return err
		}
		u.Username = ""
		return tx.Org(u.Home).SaveUser(ctx, u)
	})
	claims, username := says()
	if v, told := claims["preferred_username"]; told || username != "" {
		t.Errorf("who has none is called %v, %q", v, username)
	}
	if _, told := claims["email"]; told {
		t.Error("the address is told, which was not asked for")
	}
}
