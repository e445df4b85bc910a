package grant_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// ask asks about a token, as the portal.
func (h *house) ask(token secret.Token) map[string]any {
	h.Helper()
	q, err := oidc.ReadTokenQuestion(nil, "", url.Values{"token": {token.Reveal()}, "client_id": {"portal"}, "client_secret": {pass}}.Encode())
	if err != nil {
		h.Fatal(err)
	}
	answer, err := h.Introspect(h.Context(), q)
	if err != nil {
		h.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(answer.JSON(), &said); err != nil {
		h.Fatal(err)
	}
	return said
}

// noMachine reports whether a token is no machine's that is good.
func (h *house) noMachine(token secret.Token) bool {
	said := h.ask(token)
	return said["active"] == false || said["sub"] != said["client_id"]
}

func TestAMachineGetsATokenForItself(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		s := newSigner(h)
		all, err := s.machine(s.sign(jose.ES256, "ec", s.claims("all")))
		if err != nil || all.Scope != "users:read sso:read" || all.IDToken != "" || !all.RefreshToken.IsZero() || all.ExpiresIn != grant.TokenLife {
			h.Fatalf("%+v, %v", all, err)
		}
		if got := h.ask(all.AccessToken); got["client_id"] != s.app.ClientID || got["scope"] != "users:read sso:read" {
			h.Fatalf("introspection: %v", got)
		}
		h.wait(time.Second)
		part, err := s.machine(s.sign(jose.ES256, "ec", s.claims("part")), "scope", "sso:read sso:read")
		if err != nil || part.Scope != "sso:read" {
			h.Fatalf("a part: %+v, %v", part, err)
		}
		if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("more")), "scope", "sso:read sso:write"); !refusedWith(err, oidc.InvalidScope) {
			h.Errorf("more than it has: %v, want invalid_scope", err)
		}
		said := h.ask(part.AccessToken)
		if said["active"] != true || said["client_id"] != "signer" || said["sub"] != "signer" || said["scope"] != "sso:read" || said["token_type"] != "Bearer" || said["org"] != nil || said["username"] != nil {
			h.Errorf("introspection: %v", said)
		}
		var page store.EventPage
		err = h.DB.Read(h.Context(), func(r *store.Reader) error {
			var err error
			page, err = r.ListEvents(h.Context(), store.EventQuery{Limit: 10})
			return err
		})
		events := page.Events
		if err != nil || len(events) < 2 || events[0].Action != "app.token_given" || events[0].Actor != string(s.app.ID) || events[0].Detail["scope"] != "sso:read" || events[0].Address != backend || events[0].UserAgent != library {
			h.Errorf("written down: %+v, %v", events, err)
		}
	})
}

func TestATokenOfAMachineOpensNothingOfAPersons(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	mine, err := s.machine(s.sign(jose.ES256, "ec", s.claims("1")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Userinfo(t.Context(), mine.AccessToken); err == nil {
		t.Error("userinfo by a token of a machine")
	}
	persons, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid offline_access"))
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]secret.Token{
		"a person's access token":  persons.AccessToken,
		"a person's refresh token": persons.RefreshToken,
		"a session":                h.token,
		"made up":                  secret.ParseToken("x"),
	} {
		if !h.noMachine(token) {
			t.Errorf("%s is a machine's", name)
		}
	}
}

func TestAMachinesTokenFallsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	s := newSigner(h)
	n := 0
	fresh := func() secret.Token {
		n++
		tokens, err := s.machine(s.sign(jose.ES256, "ec", s.claims(string(rune('a'+n)))))
		if err != nil {
			t.Fatal(err)
		}
		return tokens.AccessToken
	}
	save := func(change func(a *sso.App)) {
		change(&s.app)
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, s.app) })
		s.app.Version++
	}
	over := func(what string, token secret.Token) {
		t.Helper()
		if !h.noMachine(token) {
			t.Errorf("%s: the token is still good", what)
		}
	}
	token := fresh()
	save(func(a *sso.App) { a.Scopes = []string{"users:read"} })
	if got := h.ask(token); got["scope"] != "users:read" {
		t.Errorf("a scope was taken: %v", got)
	}
	save(func(a *sso.App) { a.Disabled = true })
	over("switched off", token)
	save(func(a *sso.App) { a.Disabled = false; a.GrantTypes = []sso.GrantType{sso.GrantCode} })
	over("not for machines any more", token)
	if _, err := s.machine(s.sign(jose.ES256, "ec", s.claims("no"))); !refusedWith(err, oidc.UnauthorizedClient) {
		t.Errorf("asks for another: %v, want unauthorized_client", err)
	}
	save(func(a *sso.App) { a.GrantTypes = nil })
	over("grant types by default", token)
	save(func(a *sso.App) { a.GrantTypes = sso.GrantTypes() })
	if h.noMachine(token) {
		t.Error("twin: the token is not good")
	}
	revoke := func(assertion string, form url.Values) {
		t.Helper()
		form.Set("token", token.Reveal())
		if assertion != "" {
			form.Set("client_assertion", assertion)
			form.Set("client_assertion_type", assertionType)
		}
		q, err := oidc.ReadTokenQuestion(nil, "", form.Encode())
		if err == nil {
			err = h.Revoke(t.Context(), q)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	revoke("", url.Values{"client_id": {"portal"}, "client_secret": {pass}})
	if h.noMachine(token) {
		t.Error("another app has revoked it")
	}
	revoke(s.sign(jose.ES256, "ec", s.claims("revoke")), url.Values{})
	over("revoked", token)
	token = fresh()
	h.wait(grant.TokenLife - time.Second)
	if h.noMachine(token) {
		t.Error("twin: expired too early")
	}
	h.wait(time.Second)
	over("expired", token)
}

func TestNoTokenForAMachineThatKeepsNoSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.native.GrantTypes, h.native.Scopes = sso.GrantTypes(), []string{"users:read"} // which no console lets pass
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.native) })
	for name, form := range map[string]url.Values{
		"public":                   {"client_id": {"native"}},
		"for people":               {"client_id": {"portal"}, "client_secret": {pass}},
		"for people, by its scope": {"client_id": {"portal"}, "client_secret": {pass}, "scope": {"openid"}},
	} {
		form.Set("grant_type", "client_credentials")
		r, err := oidc.ReadToken(nil, "", form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Exchange(t.Context(), r); !refusedWith(err, oidc.UnauthorizedClient) {
			t.Errorf("%s: %v, want unauthorized_client", name, err)
		}
	}
}
