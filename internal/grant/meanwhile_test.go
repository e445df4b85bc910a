package grant_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// node is another server on the same database.
func (h *house) node() *grant.Service {
	return &grant.Service{DB: h.DB, Issuer: issuer, Sealer: h.Sealer, Now: h.Now, Limits: h.Limits, Fetch: h.Fetch}
}

// atOnce does everything at the same time.
func atOnce(all ...func()) {
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for _, do := range all {
		wait.Go(func() {
			<-begin
			do()
		})
	}
	close(begin)
	wait.Wait()
}

// Somebody has agreed, and the device comes for its tokens when things are not as
// they were. What was refused it once it does not get later.
func TestWhatChangesWhileADeviceWaits(t *testing.T) {
	t.Parallel()
	app := func(change func(*sso.App)) func(*house, *device) {
		return func(h *house, d *device) { change(&d.app); h.save(&d.app) }
	}
	for name, tc := range map[string]struct {
		change func(h *house, d *device)
		want   oidc.Code // "": tokens
	}{
		"nothing":                      {func(*house, *device) {}, ""},
		"the time is up":               {func(h *house, _ *device) { h.wait(sso.DeviceCodeLife) }, oidc.ExpiredToken},
		"the app is off":               {app(func(a *sso.App) { a.Disabled = true }), oidc.InvalidClient},
		"the app is not for devices":   {app(func(a *sso.App) { a.GrantTypes = []sso.GrantType{sso.GrantRefresh} }), oidc.UnauthorizedClient},
		"the app lets others in":       {app(func(a *sso.App) { a.AllowedRoles = []sso.Role{sso.RoleOwner} }), oidc.InvalidGrant},
		"the app lets others in (org)": {app(func(a *sso.App) { a.AllowedOrgs = []sso.OrgID{"org_other"} }), oidc.InvalidGrant},
		"the person is suspended": {func(h *house, _ *device) {
			h.user.State = sso.UserSuspended
			h.write(func(ctx context.Context, tx *store.Writer) error { return tx.Org(h.org.ID).SaveUser(ctx, h.user) })
		}, oidc.InvalidGrant},
		"the organization is suspended": {func(h *house, _ *device) {
			h.org.State = sso.OrgSuspended
			h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveOrganization(ctx, h.org) })
		}, oidc.InvalidGrant},
		"the person is no member any more": {func(h *house, _ *device) {
			h.write(func(ctx context.Context, tx *store.Writer) error {
				return tx.Org(h.org.ID).RemoveMembership(ctx, h.user.ID, h.Now())
			})
		}, oidc.InvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			d := newDevice(h, "openid offline_access")
			if _, err := h.Approve(t.Context(), h.by(), d.User.String()); err != nil {
				t.Fatal(err)
			}
			was := d.app
			tc.change(h, d)
			tokens, err := d.poll()
			if tc.want == "" {
				if err != nil || tokens.AccessToken.IsZero() {
					t.Errorf("the device gets %+v, %v", tokens, err)
				}
				return
			}
			if !refusedWith(err, tc.want) || !tokens.AccessToken.IsZero() || !tokens.RefreshToken.IsZero() {
				t.Errorf("the device gets %+v, %v, want %s", tokens, err, tc.want)
			}
			if tc.want != oidc.InvalidGrant || d.app.Version == was.Version {
				return
			}
			was.Version = d.app.Version
			h.save(&was)
			h.wait(time.Minute)
			if tokens, err := d.poll(); !refusedWith(err, oidc.InvalidGrant) {
				t.Errorf("once it is as before, the device gets %+v, %v", tokens, err)
			}
		})
	}
}

// One says yes and one says no, at two servers, while the device asks both: it
// gets tokens once where the yes was first, and none where the no was.
func TestADeviceIsDecidedAboutOnceAtManyNodes(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		d := newDevice(h, "openid offline_access")
		for range 6 {
			d.begin("openid offline_access")
			nodes := []*grant.Service{h.node(), h.node()}
			by, code := h.by(), d.User.String()
			ask := func(node *grant.Service) (oidc.TokenResponse, error) {
				return node.Exchange(h.Context(), oidc.TokenRequest{Client: oidc.Credentials{ClientID: "cli", Method: oidc.NoSecret, Address: backend}, Grant: oidc.DeviceCode, Device: d.Device})
			}
			var yes, no error
			var early [2]oidc.TokenResponse
			atOnce(
				func() { _, yes = nodes[0].Approve(h.Context(), by, code) },
				func() { _, no = nodes[1].Refuse(h.Context(), by, code) },
				func() { early[0], _ = ask(nodes[0]) },
				func() { early[1], _ = ask(nodes[1]) },
			)
			if (yes == nil) == (no == nil) {
				h.Fatalf("a yes ends with %v, and a no with %v", yes, no)
			}
			if lost := errors.Join(yes, no); !fault.Is(lost, "device_code_unknown") {
				h.Errorf("who comes second is told %v", lost)
			}
			h.wait(time.Minute)
			var late [2]oidc.TokenResponse
			atOnce(func() { late[0], _ = ask(nodes[0]) }, func() { late[1], _ = ask(nodes[1]) })
			got := 0
			for _, tokens := range append(early[:], late[:]...) {
				if !tokens.AccessToken.IsZero() {
					got++
				}
			}
			if want := map[bool]int{true: 1, false: 0}[yes == nil]; got != want {
				h.Errorf("the answer was %v, and the device got tokens %d times", yes == nil, got)
			}
		}
	})
}

// A trial is begun by an operator, and comes back to somebody who is none any
// more, to an app that is gone, or twice. Nothing that it has shown opens anything.
func TestWhatChangesBetweenATrialAndItsAnswer(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		olga := h.addOperator("olga", sso.RoleAdmin)
		grants := func(code string) bool {
			h.Helper()
			var err error
			h.write(func(ctx context.Context, tx *store.Writer) error {
				_, err = tx.RevokeGrantByCode(ctx, secret.ParseToken(code).Hash(), h.Now())
				return nil
			})
			return err == nil
		}
		answer := h.answered(olga, h.begin(olga, "portal"))
		demoted := *olga
		demoted.Membership.Role = sso.RoleMember
		if got, err := h.FinishTrial(h.Context(), &demoted, answer); !fault.Is(err, "operator_role") || got.Claims != nil {
			h.Errorf("who is no operator any more gets %+v, %v", got, err)
		}
		// At two servers, one shows what has come of it.
		var shown [4]grant.Tried
		var errs [4]error
		var both []func()
		for i := range shown {
			node := h.node()
			if _, err := node.JWKS(h.Context()); err != nil {
				h.Fatal(err)
			}
			both = append(both, func() { shown[i], errs[i] = node.FinishTrial(h.Context(), olga, answer) })
		}
		atOnce(both...)
		n := 0
		for i := range shown {
			if shown[i].Claims != nil {
				n++
			} else if !fault.Is(errs[i], "trial_unknown") {
				h.Errorf("who comes second gets %v", errs[i])
			}
		}
		if n != 1 {
			h.Errorf("a trial was shown %d times", n)
		}
		if grants(answer.Get("code")) {
			h.Error("the trial has left a grant")
		}
		// Of two trials, the code of one does not end the other one.
		one, two := h.answered(olga, h.begin(olga, "portal")), h.answered(olga, h.begin(olga, "native"))
		one.Set("code", two.Get("code"))
		if got, err := h.FinishTrial(h.Context(), olga, one); err != nil || got.Refused != oidc.InvalidGrant || got.Claims != nil {
			h.Errorf("the code of another app's trial: %+v, %v", got, err)
		}
		// The app is deleted meanwhile; a new one of its name is not the one.
		begun, left := h.begin(olga, "native"), h.answered(olga, h.begin(olga, "native"))
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.DeleteApp(ctx, h.native.ID) })
		again := h.native
		again.ID, again.Version = sso.NewAppID(h.Now().Add(time.Second)), 0
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, again) })
		if out, err := h.Authorize(h.Context(), begun, &olga.Person); !fault.Is(err, "oidc_redirect_uri") {
			h.Errorf("of an app that is gone: Authorize() = %+v, %v", out, err)
		}
		if got, err := h.FinishTrial(h.Context(), olga, left); !fault.Is(err, "trial_unknown") || got.Claims != nil {
			h.Errorf("of an app that is gone: FinishTrial() = %+v, %v", got, err)
		}
		if got, err := h.FinishTrial(h.Context(), olga, h.answered(olga, h.begin(olga, "native"))); err != nil || got.Claims == nil {
			h.Errorf("twin, the one of today: %+v, %v", got, err)
		}
	})
}

// A thief shows a refresh token that the app has used, while the app shows the
// next one, at two servers: whoever is first, at the end neither has anything.
func TestAThiefAndTheAppRefreshAtTheSameTime(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for range 4 {
			stolen := h.offlineTokens(&h.portal)
			h.wait(time.Second)
			next, err := h.refresh(&h.portal, stolen.RefreshToken)
			if err != nil {
				h.Fatal(err)
			}
			h.wait(grant.RefreshGrace + time.Second)
			refresh := func(node *grant.Service, token secret.Token) (oidc.TokenResponse, error) {
				return node.Exchange(h.Context(), oidc.TokenRequest{
					Client: oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: secret.ParseToken(pass), Address: backend}, Grant: oidc.RefreshToken, Refresh: token,
				})
			}
			nodes := []*grant.Service{h.node(), h.node()}
			for _, node := range nodes {
				if _, err := node.JWKS(h.Context()); err != nil {
					h.Fatal(err)
				}
			}
			var app oidc.TokenResponse
			var appErr, thiefErr error
			atOnce(
				func() { app, appErr = refresh(nodes[0], next.RefreshToken) },
				func() { _, thiefErr = refresh(nodes[1], stolen.RefreshToken) },
			)
			if !refusedWith(thiefErr, oidc.InvalidGrant) {
				h.Fatalf("the thief gets %v", thiefErr)
			}
			if appErr != nil && !refusedWith(appErr, oidc.InvalidGrant) {
				h.Fatalf("the app gets %v", appErr)
			}
			for what, token := range map[string]secret.Token{"the first": stolen.AccessToken, "the second": next.AccessToken, "the last": app.AccessToken} {
				if _, err := h.Userinfo(h.Context(), token); !refused(err) {
					h.Errorf("%s access token: %v, want it to be over", what, err)
				}
			}
			for what, token := range map[string]secret.Token{"the second": next.RefreshToken, "the last": app.RefreshToken} {
				if token.IsZero() {
					continue
				}
				if tokens, err := h.refresh(&h.portal, token); !refusedWith(err, oidc.InvalidGrant) {
					h.Errorf("%s refresh token: %+v, %v, want it to be over", what, tokens, err)
				}
			}
		}
		// The twin: who shows the next one alone goes on.
		if _, err := h.refresh(&h.portal, h.offlineTokens(&h.portal).RefreshToken); err != nil {
			h.Errorf("twin: %v", err)
		}
	})
}
