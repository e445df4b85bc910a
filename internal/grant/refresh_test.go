package grant_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const offline = "openid profile email groups offline_access"

// offlineTokens signs in and lets the app stay.
func (h *house) offlineTokens(app *sso.App) oidc.TokenResponse {
	h.Helper()
	tokens, err := h.exchange(app, h.code(app, "scope", offline))
	if err != nil || tokens.RefreshToken.IsZero() {
		h.Fatalf("Exchange() = %+v, %v, want a refresh token", tokens, err)
	}
	return tokens
}

// refresh presents a refresh token as the app would; more changes the form.
func (h *house) refresh(app *sso.App, token secret.Token, more ...string) (oidc.TokenResponse, error) {
	h.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.Reveal()}, "client_id": {app.ClientID}}
	if !app.Public() {
		form.Set("client_secret", pass)
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r, err := oidc.ReadToken(nil, "", form.Encode())
	if err != nil {
		h.Fatal(err)
	}
	return h.Exchange(h.Context(), r)
}

func (h *house) events() []sso.Event {
	h.Helper()
	var events []sso.Event
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		var err error
		events, err = r.Org(h.org.ID).Events(h.Context(), 10)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return events
}

func TestARefreshTokenProlongsASignIn(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for _, app := range []*sso.App{&h.portal, &h.native} {
			h.renew()
			tokens := h.offlineTokens(app)
			before := payload(h.T, tokens.IDToken)
			for range 3 { // the browser's session is over by then; the app goes on
				h.wait(sso.SessionIdle)
				next, err := h.refresh(app, tokens.RefreshToken)
				if err != nil || next.RefreshToken == tokens.RefreshToken || next.AccessToken == tokens.AccessToken {
					h.Fatalf("refresh = %+v, %v", next, err)
				}
				after := payload(h.T, next.IDToken)
				for _, same := range []string{"iss", "sub", "aud", "auth_time", "sid", "email", "org_id"} {
					if before[same] != after[same] {
						h.Errorf("%s was %v and is %v", same, before[same], after[same])
					}
				}
				if _, has := after["nonce"]; has || after["iat"] == before["iat"] {
					h.Errorf("id token at a refresh: %v", after)
				}
				if _, err := h.Userinfo(h.Context(), next.AccessToken); err != nil {
					h.Errorf("Userinfo() = %v", err)
				}
				tokens = next
			}
		}
		h.renew()
		if tokens, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil || !tokens.RefreshToken.IsZero() {
			h.Errorf("without offline_access: %+v, %v, want no refresh token", tokens, err)
		}
	})
}

func TestARefreshTokenIsNarrowedAndNeverWidened(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid email offline_access"))
		if err != nil {
			h.Fatal(err)
		}
		if _, err := h.refresh(&h.portal, tokens.RefreshToken, "scope", "openid groups"); !refusedWith(err, oidc.InvalidScope) {
			h.Errorf("more than was granted: %v, want invalid_scope", err)
		}
		next, err := h.refresh(&h.portal, tokens.RefreshToken, "scope", "openid")
		if err != nil || next.Scope != "openid" {
			h.Fatalf("less: %+v, %v", next, err)
		}
		if info, err := h.Userinfo(h.Context(), next.AccessToken); err != nil || info.Claims.Email != "" {
			h.Errorf("Userinfo() = %s, %v, want no address", info.Claims.JSON(), err)
		}
		whole, err := h.refresh(&h.portal, next.RefreshToken)
		if err != nil {
			h.Fatal(err)
		}
		if info, err := h.Userinfo(h.Context(), whole.AccessToken); err != nil || info.Claims.Email == "" {
			h.Errorf("all again: Userinfo() = %s, %v", info.Claims.JSON(), err)
		}
	})
}

// A used refresh token that comes again is in two hands: the one that has its
// successor is out too [RFC 9700 4.14.2].
func TestARefreshTokenUsedAgainEndsEverything(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, again := range map[string]func(first, second secret.Token) secret.Token{
			"after the grace": func(first, _ secret.Token) secret.Token {
				h.wait(grant.RefreshGrace + time.Second)
				return first
			},
			"within the grace, when its successor was used": func(first, second secret.Token) secret.Token {
				if _, err := h.refresh(&h.portal, second); err != nil {
					h.Fatal(err)
				}
				return first
			},
		} {
			tokens, other := h.offlineTokens(&h.portal), h.offlineTokens(&h.portal)
			next, err := h.refresh(&h.portal, tokens.RefreshToken)
			if err != nil {
				h.Fatal(err)
			}
			before := len(h.events())
			if _, err := h.refresh(&h.portal, again(tokens.RefreshToken, next.RefreshToken)); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("%s: %v, want invalid_grant", name, err)
			}
			for _, token := range []secret.Token{tokens.RefreshToken, next.RefreshToken} {
				if _, err := h.refresh(&h.portal, token); !refusedWith(err, oidc.InvalidGrant) {
					h.Errorf("%s: the family goes on: %v", name, err)
				}
			}
			if _, err := h.Userinfo(h.Context(), next.AccessToken); !refused(err) {
				h.Errorf("%s: Userinfo() = %v, want invalid_token", name, err)
			}
			if events := h.events(); len(events) != before+1 || events[0].Action != "grant.revoked" || events[0].Detail["reason"] != "refresh_token_used_again" || events[0].Address != backend {
				h.Errorf("%s: events %+v", name, events)
			}
			if _, err := h.refresh(&h.portal, other.RefreshToken); err != nil {
				h.Errorf("%s: twin, of another sign-in: %v", name, err)
			}
		}
	})
}

func TestALostAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens := h.offlineTokens(&h.portal)
		first, err := h.refresh(&h.portal, tokens.RefreshToken)
		if err != nil {
			h.Fatal(err)
		}
		h.wait(grant.RefreshGrace)
		second, err := h.refresh(&h.portal, tokens.RefreshToken)
		if err != nil || second.RefreshToken != first.RefreshToken || second.AccessToken == first.AccessToken {
			h.Fatalf("the same once more: %v", err)
		}
		if _, err := h.refresh(&h.portal, second.RefreshToken); err != nil {
			h.Errorf("what came of it: %v", err)
		}
	})
}

func TestParallelRefreshesGiveOneSuccessor(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens := h.offlineTokens(&h.portal)
		got := make([]oidc.TokenResponse, 16)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = h.refresh(&h.portal, tokens.RefreshToken); err != nil {
					h.Errorf("refresh = %v", err)
				}
			})
		}
		wg.Wait()
		for i := range got {
			if got[i].RefreshToken != got[0].RefreshToken {
				h.Fatal("parallel requests were given different refresh tokens")
			}
		}
		if _, err := h.refresh(&h.portal, got[0].RefreshToken); err != nil {
			h.Errorf("the successor: %v", err)
		}
	})
}

func TestARefreshTokenIsOneAppsAlone(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens := h.offlineTokens(&h.portal)
		if _, err := h.refresh(&h.native, tokens.RefreshToken); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("another app: %v, want invalid_grant", err)
		}
		if _, err := h.refresh(&h.portal, tokens.RefreshToken, "client_secret", pass+"x"); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("a wrong secret: %v, want invalid_client", err)
		}
		if _, err := h.refresh(&h.portal, tokens.AccessToken); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("an access token: %v, want invalid_grant", err)
		}
		if _, err := h.Userinfo(h.Context(), tokens.RefreshToken); !refused(err) {
			h.Errorf("Userinfo() by a refresh token = %v, want invalid_token", err)
		}
		if _, err := h.refresh(&h.portal, tokens.RefreshToken); err != nil {
			h.Errorf("twin: %v", err)
		}
	})
}

// What is asked at the door is asked at every refresh.
func TestARefreshIsAWayIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *house, ctx context.Context, tx *store.Writer) error{
		"user suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.user.State = sso.UserSuspended
			return tx.Org(h.org.ID).SaveUser(ctx, h.user)
		},
		"organization suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.org.State = sso.OrgSuspended
			return tx.SaveOrganization(ctx, h.org)
		},
		"single sign-on required": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.org.Policy.SSO = sso.SSORequired
			return tx.SaveOrganization(ctx, h.org)
		},
		"single sign-on required, and sessions end in a while": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.org.Policy.SSO, h.org.Policy.LocalUntil = sso.SSORequired, h.Now().Add(time.Hour)
			return tx.SaveOrganization(ctx, h.org)
		},
		"all sessions ended": func(h *house, ctx context.Context, tx *store.Writer) error {
			_, err := tx.EndSessionsOf(ctx, h.user.ID, h.Now())
			return err
		},
		"no member any more": func(h *house, ctx context.Context, tx *store.Writer) error {
			return tx.Org(h.org.ID).RemoveMembership(ctx, h.user.ID, h.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			next, err := h.refresh(&h.portal, h.offlineTokens(&h.portal).RefreshToken)
			if err != nil {
				t.Fatalf("twin: %v", err)
			}
			h.write(func(ctx context.Context, tx *store.Writer) error { return change(h, ctx, tx) })
			if _, err := h.refresh(&h.portal, next.RefreshToken); !refusedWith(err, oidc.InvalidGrant) {
				t.Errorf("refresh = %v, want invalid_grant", err)
			}
		})
	}
}

func TestOfflineAccessEndsByItself(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens := h.offlineTokens(&h.portal)
		h.wait(sso.OfflineIdle - time.Second)
		next, err := h.refresh(&h.portal, tokens.RefreshToken)
		if err != nil {
			h.Fatalf("just in time: %v", err)
		}
		h.wait(sso.OfflineIdle)
		if _, err := h.refresh(&h.portal, next.RefreshToken); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("unused for too long: %v", err)
		}
	})
}

// Whoever acts as a user is gone when the acting ends, from apps too.
func TestActingGivesNoOfflineAccess(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		session := h.person().Session
		session.ID, session.Actor, session.ActorSession = sso.NewSessionID(h.Now()), "usr_support", "ses_support"
		h.token = secret.NewToken()
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.InsertSession(ctx, session, h.token.Hash())
		})
		tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", offline))
		if err != nil || !tokens.RefreshToken.IsZero() || strings.Contains(tokens.Scope, "offline_access") {
			h.Errorf("Exchange() = %+v, %v, want tokens without a refresh token", tokens, err)
		}
	})
}

func TestAnAppHoldsSoManySessions(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		first := h.offlineTokens(&h.portal)
		elsewhere := h.offlineTokens(&h.native)
		for range sso.MaxOffline {
			h.wait(time.Second)
			h.offlineTokens(&h.portal)
		}
		if _, err := h.refresh(&h.portal, first.RefreshToken); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("the one used longest ago: %v, want invalid_grant", err)
		}
		if _, err := h.refresh(&h.native, elsewhere.RefreshToken); err != nil {
			h.Errorf("twin, of another app: %v", err)
		}
	})
}

func TestTokensAreRevokedAndAskedAbout(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		about := func(app *sso.App, token secret.Token) oidc.TokenQuestion {
			q := oidc.TokenQuestion{Client: oidc.Credentials{ClientID: app.ClientID, Method: oidc.NoSecret}, Token: token}
			if !app.Public() {
				q.Client.Method, q.Client.Secret = oidc.SecretPost, secret.ParseToken(pass)
			}
			return q
		}
		active := func(token secret.Token) bool {
			h.Helper()
			i, err := h.Introspect(h.Context(), about(&h.portal, token))
			if err != nil {
				h.Fatal(err)
			}
			if i.Active && (i.Subject != string(h.user.ID) || i.ClientID != "portal" && i.ClientID != "native" || i.Org.Key != "acme") {
				h.Errorf("Introspect() = %+v", i)
			}
			return i.Active
		}
		tokens, foreign := h.offlineTokens(&h.portal), h.offlineTokens(&h.native)
		if !active(tokens.AccessToken) || !active(tokens.RefreshToken) || active(secret.NewToken()) {
			h.Fatal("what is good is not told from what is not")
		}
		// An API is handed access tokens of others. With a refresh token nobody
		// may get in there.
		if !active(foreign.AccessToken) || active(foreign.RefreshToken) {
			h.Error("another app's tokens are not told apart")
		}
		// Another app's word ends nothing, and it does not learn that.
		if err := h.Revoke(h.Context(), about(&h.native, tokens.RefreshToken)); err != nil || !active(tokens.RefreshToken) {
			h.Errorf("another app: Revoke() = %v", err)
		}
		if err := h.Revoke(h.Context(), about(&h.portal, tokens.AccessToken)); err != nil || active(tokens.AccessToken) || !active(tokens.RefreshToken) {
			h.Errorf("an access token: Revoke() = %v", err)
		}
		next, err := h.refresh(&h.portal, tokens.RefreshToken)
		if err != nil || active(tokens.RefreshToken) {
			h.Fatalf("after a use: %v", err)
		}
		for range 2 { // again is no error
			if err := h.Revoke(h.Context(), about(&h.portal, next.RefreshToken)); err != nil {
				h.Errorf("a refresh token: Revoke() = %v", err)
			}
		}
		if active(next.RefreshToken) || active(next.AccessToken) {
			h.Error("what the grant gave goes on")
		}
		if _, err := h.refresh(&h.portal, next.RefreshToken); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("refresh = %v", err)
		}
		if _, err := h.Introspect(h.Context(), about(&h.native, next.AccessToken)); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("a public client: Introspect() = %v, want invalid_client", err)
		}
		if err := h.Revoke(h.Context(), oidc.TokenQuestion{Client: oidc.Credentials{ClientID: "nobody", Method: oidc.NoSecret}, Token: next.AccessToken}); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("an unknown client: Revoke() = %v, want invalid_client", err)
		}
	})
}
