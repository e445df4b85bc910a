package grant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestACodeBecomesTokensAndUserinfo(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for _, app := range []*sso.App{&h.portal, &h.native} {
			out, err := h.Authorize(h.Context(), request(app), h.person())
			if err != nil {
				h.Fatal(err)
			}
			answer := query(h.T, out.URL)
			if !strings.HasPrefix(out.URL, app.RedirectURIs[0]+"?code=") || answer.Get("state") != "s-1" || answer.Get("iss") != issuer {
				h.Fatalf("Authorize() = %s", out.URL)
			}
			tokens, err := h.exchange(app, answer.Get("code"))
			if err != nil {
				h.Fatal(err)
			}
			claims := payload(h.T, tokens.IDToken)
			session := h.person().Session
			for name, want := range map[string]any{
				"iss": issuer, "aud": app.ClientID, "sub": string(h.user.ID), "nonce": "n-1", "sid": string(session.ID),
				"auth_time": float64(session.AuthTime.Unix()), "exp": float64(h.Now().Add(time.Hour).Unix()),
				"name": "Alice Sato", "preferred_username": "alice", "email": "alice@acme.example", "email_verified": true,
			} {
				if claims[name] != want {
					h.Errorf("id token: %s = %v, want %v", name, claims[name], want)
				}
			}
			info, err := h.Userinfo(h.Context(), tokens.AccessToken)
			if err != nil || info.Client.ID != app.ClientID {
				h.Fatalf("Userinfo() = %+v, %v", info, err)
			}
			if info.Claims.Subject != string(h.user.ID) || info.Claims.Org.Key != "acme" || info.Claims.Org.Role != "admin" || info.Claims.Groups[0] != "eng" {
				h.Errorf("Userinfo() = %s", info.Claims.JSON())
			}
		}
	})
}

func TestACodeIsGoodForOneTryAlone(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, tc := range map[string]struct {
			spoil func(code string) error // the first try
			want  oidc.Code
		}{
			"another app": {func(code string) error {
				_, err := h.exchange(&h.native, code)
				return err
			}, oidc.InvalidGrant},
			"another redirect URI": {func(code string) error {
				_, err := h.exchange(&h.portal, code, "redirect_uri", "https://app.example/cb2")
				return err
			}, oidc.InvalidGrant},
			"another verifier": {func(code string) error {
				_, err := h.exchange(&h.portal, code, "code_verifier", strings.Repeat("x", 43))
				return err
			}, oidc.InvalidGrant},
			"after its minute": {func(string) error {
				h.wait(grant.CodeLife)
				return &oidc.TokenError{Code: oidc.InvalidGrant}
			}, oidc.InvalidGrant},
		} {
			code := h.code(&h.portal)
			if err := tc.spoil(code); !refusedWith(err, tc.want) {
				h.Errorf("%s: Exchange() = %v, want %s", name, err, tc.want)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("%s: Exchange() afterwards = %v, want invalid_grant", name, err)
			}
		}
		// Who is not the client at all does not spoil the code.
		code := h.code(&h.portal)
		if _, err := h.exchange(&h.portal, code, "client_secret", pass+"x"); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("wrong secret: Exchange() = %v, want invalid_client", err)
		}
		if _, err := h.exchange(&h.portal, code, "client_id", "nobody"); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("unknown client: Exchange() = %v, want invalid_client", err)
		}
		h.wait(grant.CodeLife - time.Microsecond)
		if _, err := h.exchange(&h.portal, code); err != nil {
			h.Errorf("twin: Exchange() = %v, want tokens", err)
		}
		if _, err := h.exchange(&h.portal, "never made"); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("made up: Exchange() = %v, want invalid_grant", err)
		}
	})
}

func TestACodeUsedAgainRevokesWhatItGave(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, later := range map[string]time.Duration{"at once": 0, "after its minute": 2 * grant.CodeLife} {
			code := h.code(&h.portal)
			tokens, err := h.exchange(&h.portal, code)
			if err != nil {
				h.Fatal(err)
			}
			other, err := h.exchange(&h.portal, h.code(&h.portal))
			if err != nil {
				h.Fatal(err)
			}
			h.wait(later)
			if later != 0 { // the code itself may be forgotten by then
				h.write(func(ctx context.Context, tx *store.Writer) error {
					_, err := tx.DeleteExpired(ctx, h.Now(), store.Retention{})
					return err
				})
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err != nil {
				h.Fatalf("%s: Userinfo() before = %v", name, err)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("%s: Exchange() = %v, want invalid_grant", name, err)
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); !refused(err) {
				h.Errorf("%s: Userinfo() = %v, want the token revoked", name, err)
			}
			if _, err := h.Userinfo(h.Context(), other.AccessToken); err != nil {
				h.Errorf("%s: Userinfo() of another code's token = %v, want it untouched", name, err)
			}
		}
		var events []sso.Event
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			var err error
			events, err = r.Org(h.org.ID).Events(h.Context(), 10)
			return err
		})
		if err != nil || len(events) != 2 || events[0].Action != "grant.revoked" || events[0].Address != backend || events[0].UserAgent != library {
			h.Errorf("Events() = %+v, %v, want both revocations", events, err)
		}
	})
}

// refused reports whether err says no more than that the access token is no good.
func refused(err error) bool {
	e, ok := errors.AsType[*oidc.BearerError](err)
	return ok && e.Code == oidc.InvalidToken
}

func TestParallelExchangesGiveOneGrant(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		code := h.code(&h.portal)
		var wg sync.WaitGroup
		var got atomic.Int64
		tokens := make([]oidc.TokenResponse, 16)
		for i := range tokens {
			wg.Go(func() {
				var err error
				if tokens[i], err = h.exchange(&h.portal, code); err == nil {
					got.Add(1)
				} else if !refusedWith(err, oidc.InvalidGrant) {
					h.Errorf("Exchange() = %v, want invalid_grant", err)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			h.Fatalf("%d exchanges succeeded, want 1", got.Load())
		}
		for i := range tokens {
			if tokens[i].AccessToken.IsZero() {
				continue
			}
			if _, err := h.Userinfo(h.Context(), tokens[i].AccessToken); !refused(err) {
				h.Errorf("Userinfo() = %v, want the token revoked by the others", err)
			}
		}
	})
}

func TestWhatIsGivenEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, ctx context.Context, tx *store.Writer) error{
		"session ended": func(h *house, ctx context.Context, tx *store.Writer) error {
			return tx.EndSession(ctx, h.session, h.Now())
		},
		"user suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.user.State = sso.UserSuspended
			return tx.Org(h.org.ID).SaveUser(ctx, h.user)
		},
		"user deleted": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.user.State = sso.UserDeleted
			return tx.Org(h.org.ID).SaveUser(ctx, h.user)
		},
		"organization suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.org.State = sso.OrgSuspended
			return tx.SaveOrganization(ctx, h.org)
		},
		"token's hour over": func(h *house, _ context.Context, _ *store.Writer) error {
			h.wait(grant.TokenLife)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			tokens, err := h.exchange(&h.portal, h.code(&h.portal))
			if err != nil {
				t.Fatal(err)
			}
			code := h.code(&h.portal)
			if _, err := h.Userinfo(t.Context(), tokens.AccessToken); err != nil {
				t.Fatalf("twin: Userinfo() = %v", err)
			}
			h.write(func(ctx context.Context, tx *store.Writer) error { return end(h, ctx, tx) })
			if _, err := h.Userinfo(t.Context(), tokens.AccessToken); !refused(err) {
				t.Errorf("Userinfo() = %v, want invalid_token", err)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				t.Errorf("Exchange() = %v, want invalid_grant", err)
			}
		})
	}
}

func TestUserinfoTellsThePresent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid groups"))
	if err != nil {
		t.Fatal(err)
	}
	h.member.Role, h.member.Groups = sso.RoleRestricted, []string{"leavers"}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.Org(h.org.ID).SaveMembership(ctx, h.member)
	})
	info, err := h.Userinfo(t.Context(), tokens.AccessToken)
	if err != nil || info.Claims.Org.Role != "restricted" || info.Claims.Groups[0] != "leavers" {
		t.Errorf("Userinfo() = %s, %v, want role and groups as they are now", info.Claims.JSON(), err)
	}
	if info.Claims.Email != "" || info.Claims.Name != "" {
		t.Errorf("Userinfo() = %s, want nothing beyond the scope", info.Claims.JSON())
	}
}

func TestAnAddressIsVerifiedOnlyByItsOwnHouse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	verified := func(address string) any {
		t.Helper()
		email, err := sso.ParseEmail(address)
		if err != nil {
			t.Fatal(err)
		}
		h.user.Email = email
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.Org(h.org.ID).SaveUser(ctx, h.user) })
		h.user.Version++
		tokens, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			t.Fatal(err)
		}
		return payload(t, tokens.IDToken)["email_verified"]
	}
	other := sso.Organization{ID: sso.NewOrgID(h.Now()), Key: "globex", Name: "Globex", State: sso.OrgActive, CreatedAt: h.Now(), UpdatedAt: h.Now()}
	if err := other.Place(nil); err != nil {
		t.Fatal(err)
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(ctx, other), tx.Org(other.ID).SaveDomain(ctx, sso.Domain{
			Org: other.ID, Name: "globex.example", State: sso.DomainVerified, CreatedAt: h.Now(), VerifiedAt: h.Now(),
		}))
	})
	for address, want := range map[string]bool{
		"alice@acme.example":    true,
		"alice@globex.example":  false, // somebody else's domain
		"alice@nowhere.example": false,
	} {
		if got := verified(address); got != want {
			t.Errorf("%s: email_verified = %v, want %v", address, got, want)
		}
	}
}
