package grant_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// An app's address for logouts leads to nothing of ours, neither by itself nor by
// what the app answers there.
func TestTheBackChannelReachesNothingInside(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/secret", http.StatusTemporaryRedirect) // with the form
		}
	}))
	t.Cleanup(inside.Close)
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	ours := netip.MustParsePrefix("127.0.0.0/8")
	for name, tc := range map[string]struct {
		url    string
		caller *safehttp.Caller
		hits   int64
		code   string
		state  store.MessageState
	}{
		"loopback":                         {inside.URL, safehttp.NewCaller(safehttp.Public), 0, "backchannel_failed", store.MessageWaiting},
		"loopback by IPv6":                 {"http://[::1]" + port, safehttp.NewCaller(safehttp.Public), 0, "backchannel_failed", store.MessageWaiting},
		"IPv4 in IPv6":                     {"http://[::ffff:127.0.0.1]" + port, safehttp.NewCaller(safehttp.Public), 0, "backchannel_failed", store.MessageWaiting},
		"a name that leads there":          {"http://localhost" + port, safehttp.NewCaller(safehttp.Public), 0, "backchannel_failed", store.MessageWaiting},
		"the services of the cloud":        {"https://169.254.169.254/latest", safehttp.NewCaller(safehttp.Public), 0, "backchannel_failed", store.MessageWaiting},
		"onward from where we may call":    {inside.URL + "/moved", safehttp.NewCaller(safehttp.Public, ours), 1, "backchannel_status", store.MessageWaiting},
		"twin: where the operator lets us": {inside.URL + "/logout", safehttp.NewCaller(safehttp.Public, ours), 1, "", store.MessageSent},
	} {
		reached.Store(0)
		h := newHouse(t, storetest.SQLite(t))
		h.Call = tc.caller.Call
		h.portal.BackchannelLogoutURI = tc.url
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
		h.portal.Version++
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			t.Fatal(err)
		}
		h.end()
		h.tells()
		all := h.notices(h.portal)
		if len(all) != 1 || all[0].Code != tc.code || all[0].State != tc.state || reached.Load() != tc.hits {
			t.Errorf("%s: %+v, and %d requests have come, want %q and %d", name, all, reached.Load(), tc.code, tc.hits)
		}
	}
}

// The token by which an app is told of a logout opens nothing, to whomever the app
// shows it.
func TestALogoutTokenIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	l := h.withBackChannel()
	h.withReturn()
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	over := h.person().Session
	h.renew()
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.EndSession(ctx, over.ID, h.Now()) })
	h.tells()
	sent := l.tokens(t, atLogout)
	if len(sent) != 1 {
		t.Fatalf("%d logout tokens were sent", len(sent))
	}
	for name, hint := range map[string]string{"the logout token": sent[0], "twin: the id token": tokens.IDToken} {
		// Of the session before: the person is asked, and the app is known by an id token alone.
		got, err := h.Logout(t.Context(), map[string][]string{"id_token_hint": {hint}}, "ses_other")
		if err != nil || got.Sure || (got.App.ID == h.portal.ID) != (hint == tokens.IDToken) {
			t.Errorf("%s as a hint at the logout: %+v, %v", name, got, err)
		}
		out, err := h.Authorize(t.Context(), request(&h.portal, "prompt", "none", "id_token_hint", hint), h.person())
		if err != nil || (query(t, out.URL).Get("code") != "") != (hint == tokens.IDToken) {
			t.Errorf("%s as a hint at the authorize endpoint: %+v, %v", name, out, err)
		}
	}
	if _, err := h.Userinfo(t.Context(), secret.ParseToken(sent[0])); !refused(err) {
		t.Errorf("a logout token at userinfo: %v", err)
	}
}
