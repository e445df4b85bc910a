package grant_test

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// device is a program without a browser.
type device struct {
	house *house
	app   sso.App
	oidc.DeviceResponse
}

func newDevice(h *house, scope string) *device {
	h.Helper()
	d := &device{house: h, app: sso.App{
		ID: sso.NewAppID(h.Now()), Key: "cli", Name: "Command line", ClientID: "cli", Kind: sso.AppNative, AuthMethod: sso.AuthNone,
		GrantTypes: []sso.GrantType{sso.GrantDevice, sso.GrantRefresh}, CreatedAt: h.Now(), UpdatedAt: h.Now(),
	}}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, d.app) })
	d.app.Version = 1
	d.begin(scope)
	return d
}

// begin asks for codes.
func (d *device) begin(scope string) {
	d.house.Helper()
	r, err := oidc.ReadDevice(nil, "", url.Values{"client_id": {"cli"}, "scope": {scope}}.Encode())
	if err == nil {
		d.DeviceResponse, err = d.house.Device(d.house.Context(), r, grant.From{Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "cli/1.0"})
	}
	if err != nil {
		d.house.Fatal(err)
	}
}

// poll asks whether somebody has agreed.
func (d *device) poll() (oidc.TokenResponse, error) { return d.pollAs("cli", d.Device.Reveal()) }

func (d *device) pollAs(clientID, code string, more ...string) (oidc.TokenResponse, error) {
	d.house.Helper()
	form := url.Values{"grant_type": {string(oidc.DeviceCode)}, "device_code": {code}, "client_id": {clientID}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r, err := oidc.ReadToken(nil, "", form.Encode())
	if err != nil {
		d.house.Fatal(err)
	}
	return d.house.Exchange(d.house.Context(), r)
}

// by is the person at their browser.
func (h *house) by() *sso.By { return &sso.By{Person: *h.person(), Address: "198.51.100.3"} }

func TestADeviceIsSignedInBySomebodyElsewhere(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		d := newDevice(h, "openid email offline_access")
		if _, err := d.poll(); !refusedWith(err, oidc.AuthorizationPending) {
			h.Errorf("before anybody has agreed: %v, want authorization_pending", err)
		}
		w, err := h.Waiting(h.Context(), h.by(), " "+strings.ToLower(strings.ReplaceAll(d.User.String(), "-", ""))+" ")
		if err != nil || w.App != "Command line" || w.Address != "192.0.2.7" || w.UserAgent != "cli/1.0" || w.Code.String() != d.User.String() || !w.Scope.Has(oidc.OfflineAccess) {
			h.Fatalf("Waiting() = %+v, %v", w, err)
		}
		if app, err := h.Approve(h.Context(), h.by(), d.User.String()); err != nil || app != "Command line" {
			h.Fatalf("Approve() = %q, %v", app, err)
		}
		if events := h.events(); events[0].Action != "device.approved" || events[0].Actor != string(h.user.ID) || events[0].Address != "198.51.100.3" || events[0].Detail["address"] != "192.0.2.7" {
			h.Errorf("written down: %+v", events[0])
		}
		h.wait(5 * time.Second)
		tokens, err := d.poll()
		if err != nil || tokens.RefreshToken.IsZero() {
			h.Fatalf("after: %+v, %v", tokens, err)
		}
		said := payload(h.T, tokens.IDToken)
		if said["sub"] != string(h.user.ID) || said["aud"] != "cli" || said["email"] != "alice@acme.example" || said["nonce"] != nil || said["acr"] != "urn:sallyport:1fa" {
			h.Errorf("the id token says %v", said)
		}
		h.wait(5 * time.Second)
		if _, err := d.poll(); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("a second time: %v, want invalid_grant", err)
		}
		// It lasts while the browser is gone.
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.EndSession(ctx, h.session, h.Now()) })
		if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err != nil {
			h.Errorf("userinfo after the browser has signed out: %v", err)
		}
	})
}

func TestADeviceThatIsNotLetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	d := newDevice(h, "openid")

	if _, err := h.Refuse(t.Context(), h.by(), d.User.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.poll(); !refusedWith(err, oidc.AccessDenied) {
		t.Errorf("refused: %v, want access_denied", err)
	}
	if _, err := h.Approve(t.Context(), h.by(), d.User.String()); !fault.Is(err, "device_code_unknown") {
		t.Errorf("agreed to after that: %v, want device_code_unknown", err)
	}

	d.begin("openid")
	h.wait(sso.DeviceCodeLife)
	if _, err := d.poll(); !refusedWith(err, oidc.ExpiredToken) {
		t.Errorf("too late: %v, want expired_token", err)
	}
	if _, err := h.Waiting(t.Context(), h.by(), d.User.String()); !fault.Is(err, "device_code_unknown") {
		t.Errorf("typed too late: %v, want device_code_unknown", err)
	}

	d.begin("openid")
	if _, err := h.Approve(t.Context(), h.by(), d.User.String()); err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string][]string{
		"another app":        {"native", d.Device.Reveal()},
		"what is typed":      {"cli", d.User.String()},
		"made up":            {"cli", "x"},
		"a session's token":  {"cli", h.token.Reveal()},
		"an app with a code": {"portal", d.Device.Reveal(), "client_secret", pass},
	} {
		if _, err := d.pollAs(form[0], form[1], form[2:]...); !refusedWith(err, oidc.InvalidGrant) && !refusedWith(err, oidc.UnauthorizedClient) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.EndSession(ctx, h.session, h.Now()) })
	if tokens, err := d.poll(); !refusedWith(err, oidc.InvalidGrant) {
		t.Errorf("signed out since: %+v, %v, want invalid_grant", tokens, err)
	}
}

func TestWhoIsAskedAboutADeviceIsJudgedNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	d := newDevice(h, "openid offline_access")
	by := h.by()
	d.app.AllowedRoles = []sso.Role{sso.RoleOwner}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, d.app) })
	if _, err := h.Approve(t.Context(), by, d.User.String()); !fault.Is(err, "app_role") {
		t.Errorf("whom the app does not let in: %v, want app_role", err)
	}
	d.app.Version, d.app.AllowedRoles = 2, nil
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, d.app) })
	if _, err := h.Approve(t.Context(), by, d.User.String()); err != nil {
		t.Fatalf("twin: %v", err)
	}
	waiting := *d
	d.begin("openid")
	h.user.State = sso.UserSuspended
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.Org(h.org.ID).SaveUser(ctx, h.user) })
	if _, err := h.Approve(t.Context(), by, d.User.String()); !grant.SignedOut(err) {
		t.Errorf("suspended since the page: %v, want it refused", err)
	}
	if tokens, err := waiting.poll(); !refusedWith(err, oidc.InvalidGrant) {
		t.Errorf("suspended since they agreed: %+v, %v, want invalid_grant", tokens, err)
	}
}

func TestADeviceThatAsksTooOftenWaitsLonger(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	d := newDevice(h, "openid")
	for i, tc := range []struct {
		after time.Duration
		want  oidc.Code
	}{
		{0, oidc.AuthorizationPending},
		{4 * time.Second, oidc.SlowDown},
		{9 * time.Second, oidc.SlowDown}, // ten by now
		{15 * time.Second, oidc.AuthorizationPending},
	} {
		h.wait(tc.after)
		if _, err := d.poll(); !refusedWith(err, tc.want) {
			t.Errorf("question %d: %v, want %s", i+1, err, tc.want)
		}
	}
}

func TestCodesOfDevicesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	d := newDevice(h, "openid")
	right := d.User.String()
	guesses := 0
	for {
		_, err := h.Waiting(t.Context(), h.by(), oidc.NewUserCode().String())
		if fault.Is(err, "try_later") {
			break
		}
		if guesses++; !fault.Is(err, "device_code_unknown") || guesses > 20 {
			t.Fatalf("guess %d: %v", guesses, err)
		}
	}
	if guesses != 10 {
		t.Errorf("%d guesses, want ten", guesses)
	}
	if _, err := h.Approve(t.Context(), h.by(), right); !fault.Is(err, "try_later") {
		t.Errorf("the right one after that: %v, want try_later", err)
	}
	h.wait(time.Minute)
	for range 20 { // a right one is no guess
		if _, err := h.Waiting(t.Context(), h.by(), right); err != nil {
			t.Fatal(err)
		}
	}
	for range 40 {
		r, err := oidc.ReadDevice(nil, "", url.Values{"client_id": {"cli"}, "scope": {"openid"}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, err = h.Device(t.Context(), r, grant.From{Address: netip.MustParseAddr("203.0.113.9")}); err != nil {
			if !refusedWith(err, oidc.SlowDown) {
				t.Errorf("many codes from one network: %v, want slow_down", err)
			}
			d.begin("openid") // twin: another network
			return
		}
	}
	t.Error("forty codes for one network")
}

func TestAnAppThatIsNotForDevicesGetsNoCodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, form := range map[string]url.Values{
		"unauthorized_client": {"client_id": {"native"}, "scope": {"openid"}},
		"invalid_client":      {"client_id": {"portal"}, "scope": {"openid"}},
		"invalid_scope":       {"client_id": {"cli"}},
	} {
		r, err := oidc.ReadDevice(nil, "", form.Encode())
		if err == nil {
			_, err = h.Device(t.Context(), r, grant.From{})
		}
		if !refusedWith(err, oidc.Code(name)) {
			t.Errorf("%v: %v, want %s", form, err, name)
		}
	}
}

// Of any number of questions at the same time, one gets tokens; and of all who
// decide, one does.
func TestADeviceGetsItsTokensOnceHoweverOftenItAsks(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		d := newDevice(h, "openid offline_access")
		by := h.by()
		var decided, polled [4]error
		var all sync.WaitGroup
		for i := range decided {
			decide := h.Approve
			all.Go(func() { _, decided[i] = decide(h.Context(), by, d.User.String()) })
		}
		all.Wait()
		for i := range polled {
			all.Go(func() { _, polled[i] = d.poll() })
		}
		all.Wait()
		count := func(all []error) (n int) {
			for _, err := range all {
				if err == nil {
					n++
				}
			}
			return n
		}
		if count(decided[:]) != 1 || count(polled[:]) != 1 {
			h.Errorf("decided %v, polled %v, want one of each", decided, polled)
		}
	})
}
