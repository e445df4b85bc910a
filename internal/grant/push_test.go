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

// push sends a request past the browser, as the app.
func (h *house) push(app *sso.App, more ...string) (oidc.PushedResponse, error) {
	h.Helper()
	form := request(app, more...)
	if !app.Public() {
		form.Set("client_secret", pass)
	}
	r, err := oidc.ReadPushed(nil, "", form.Encode())
	if err != nil {
		return oidc.PushedResponse{}, err
	}
	return h.Push(h.Context(), r, netip.MustParseAddr("192.0.2.1"))
}

func TestAPushedRequestIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, app := range map[string]*sso.App{"keeps a secret": &h.portal, "public": &h.native} {
			pushed, err := h.push(app, "nonce", "pushed")
			if err != nil || pushed.ExpiresIn != grant.PushedLife {
				h.Fatalf("%s: Push() = %+v, %v", name, pushed, err)
			}
			short := oidc.PushedQuery(app.ClientID, pushed.Token)
			short.Set("nonce", "of the browser") // does not count
			out, err := h.Authorize(h.Context(), short, h.person())
			if err != nil || out.Refused != "" || !strings.HasPrefix(out.URL, app.RedirectURIs[0]+"?code=") {
				h.Fatalf("%s: Authorize() = %+v, %v, want a code", name, out, err)
			}
			tokens, err := h.exchange(app, query(h.T, out.URL).Get("code"))
			if err != nil || payload(h.T, tokens.IDToken)["nonce"] != "pushed" {
				h.Errorf("%s: nonce %v, %v, want that of the request that was pushed", name, payload(h.T, tokens.IDToken)["nonce"], err)
			}
			if again, err := h.Authorize(h.Context(), short, h.person()); !fault.Is(err, "oidc_request_uri") || again.URL != "" {
				h.Errorf("%s: a second time: %+v, %v, want oidc_request_uri on a page", name, again, err)
			}
		}
	})
}

func TestAPushedRequestIsOneAppsForAMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	pushed, err := h.push(&h.portal)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		parameters url.Values
		code       string
	}{
		"another app's":      {oidc.PushedQuery("native", pushed.Token), "oidc_request_uri"},
		"of no app":          {oidc.PushedQuery("", pushed.Token), "oidc_client_unknown"},
		"of an app that not": {oidc.PushedQuery("nobody", pushed.Token), "oidc_client_unknown"},
		"made up":            {url.Values{"client_id": {"portal"}, "request_uri": {"urn:ietf:params:oauth:request_uri:x"}}, "oidc_request_uri"},
	} {
		if out, err := h.Authorize(t.Context(), tc.parameters, h.person()); !fault.Is(err, tc.code) || out.URL != "" {
			t.Errorf("%s: %+v, %v, want %s", name, out, err, tc.code)
		}
	}
	// None of them has used it up.
	h.wait(grant.PushedLife - time.Second)
	if out, err := h.Authorize(t.Context(), oidc.PushedQuery("portal", pushed.Token), h.person()); err != nil || out.Refused != "" {
		t.Errorf("twin: %+v, %v, want a code", out, err)
	}
	if pushed, err = h.push(&h.portal); err != nil {
		t.Fatal(err)
	}
	h.wait(grant.PushedLife)
	if out, err := h.Authorize(t.Context(), oidc.PushedQuery("portal", pushed.Token), h.person()); !fault.Is(err, "oidc_request_uri") {
		t.Errorf("too late: %+v, %v, want oidc_request_uri", out, err)
	}
	// A name of another kind, or of somebody else's making, is fetched by nobody.
	h.Fetch = func(context.Context, string) ([]byte, error) { t.Error("something was fetched"); return nil, nil }
	out, err := h.Authorize(t.Context(), request(&h.portal, "request_uri", "http://169.254.169.254/"), h.person())
	if err != nil || out.Refused != oidc.RequestURINotSupported {
		t.Errorf("a URL: %+v, %v, want request_uri_not_supported", out, err)
	}
}

func TestWhatCannotBePushed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	if _, err := h.push(&h.portal); err != nil {
		t.Fatalf("twin: %v", err)
	}
	for name, tc := range map[string]struct {
		more []string
		code oidc.Code
	}{
		"a wrong secret":           {[]string{"client_secret", "x"}, oidc.InvalidClient},
		"a redirect URI of others": {[]string{"redirect_uri", "https://evil.example/"}, oidc.InvalidRequest},
		"a pushed request":         {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, oidc.InvalidRequest},
		"no URI of a request":      {[]string{"request_uri", ""}, oidc.InvalidRequest},
		"a request object":         {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, oidc.RequestNotSupported},
		"implicit":                 {[]string{"response_type", "token"}, oidc.UnsupportedResponseType},
		"plain PKCE":               {[]string{"code_challenge_method", "plain"}, oidc.InvalidRequest},
		"no openid":                {[]string{"scope", "email"}, oidc.InvalidScope},
		"endless":                  {[]string{"state", strings.Repeat("s", oidc.MaxAuthorize)}, oidc.InvalidRequest},
	} {
		form := request(&h.portal, append([]string{"client_secret", pass}, tc.more...)...)
		r, err := oidc.ReadPushed(nil, "", form.Encode())
		if err == nil {
			_, err = h.Push(t.Context(), r, netip.MustParseAddr("192.0.2.1"))
		}
		if !refusedWith(err, tc.code) {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
}

func TestAnAppThatHasToPushIsNotAnsweredOtherwise(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.portal.RequirePAR = true
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	out, err := h.Authorize(t.Context(), request(&h.portal), h.person())
	if err != nil || out.Refused != oidc.InvalidRequest || query(t, out.URL).Get("code") != "" {
		t.Errorf("by the browser: %+v, %v, want invalid_request", out, err)
	}
	h.wait(time.Hour)
	pushed, err := h.push(&h.portal, "prompt", "login")
	if err != nil {
		t.Fatal(err)
	}
	out, err = h.Authorize(t.Context(), oidc.PushedQuery("portal", pushed.Token), h.person())
	if err != nil || out.SignIn == nil {
		t.Fatalf("pushed: %+v, %v, want a sign-in", out, err)
	}
	// The sign-in fails, and is begun anew.
	again, err := h.Again(t.Context(), out.SignIn.Request)
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := oidc.ParseForm(again)
	if err != nil || oidc.PushedIn(parameters).IsZero() {
		t.Fatalf("begun anew by %s, %v", again, err)
	}
	out, err = h.Authorize(t.Context(), parameters, h.person())
	if err != nil || out.SignIn == nil {
		t.Fatalf("begun anew: %+v, %v, want a sign-in", out, err)
	}
	if done, err := h.resume(out.SignIn.Request, h.person().Session); err != nil || done.Refused != "" {
		t.Errorf("and done: %+v, %v, want a code", done, err)
	}
	if same, err := h.Again(t.Context(), request(&h.native).Encode()); err != nil || same != request(&h.native).Encode() {
		t.Errorf("twin: %s, %v", same, err)
	}
}

// Of any number of browsers that bring the same name, one is answered.
func TestAPushedRequestIsUsedOnceHoweverManyBringIt(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		pushed, err := h.push(&h.portal)
		if err != nil {
			h.Fatal(err)
		}
		var got [6]error
		var all sync.WaitGroup
		person := h.person()
		for i := range got {
			all.Go(func() { _, got[i] = h.Authorize(h.Context(), oidc.PushedQuery("portal", pushed.Token), person) })
		}
		all.Wait()
		answered := 0
		for _, err := range got {
			switch {
			case err == nil:
				answered++
			case !fault.Is(err, "oidc_request_uri"):
				h.Errorf("refused with %v", err)
			}
		}
		if answered != 1 {
			h.Errorf("%d were answered, want one", answered)
		}
	})
}

// Whoever says that they are a public app can push requests without a name. One
// network has so many; an app that proves itself is not counted.
func TestStrangersDoNotFillTheRequestsThatArePushed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	var by oidc.DPoP
	push := func(app *sso.App, from string, more ...string) error {
		r, err := oidc.ReadPushed(nil, "", request(app, more...).Encode())
		if err == nil {
			r.Proof = by
			_, err = h.Push(t.Context(), r, netip.MustParseAddr(from))
		}
		return err
	}
	for range 300 {
		if err := push(&h.native, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := push(&h.native, "192.0.2.200"); !fault.Is(err, "try_later") {
		t.Errorf("one more from this network: %v, want try_later", err)
	}
	k := newHolder(h)
	by = oidc.DPoP{Header: []string{k.sign(with(k.claims(), "htu", issuer+oidc.PushPath))}, Method: "POST", Path: oidc.PushPath}
	if err := push(&h.native, "192.0.2.1"); !fault.Is(err, "try_later") {
		t.Errorf("with a proof of possession: %v, want try_later", err)
	}
	// What was refused has left nothing behind, not even that its proof was seen.
	if err := push(&h.native, "198.51.100.1"); err != nil {
		t.Errorf("from another network: %v", err)
	}
	if err := push(&h.native, "198.51.100.1"); !refusedWith(err, oidc.InvalidDPoPProof) {
		t.Errorf("and again: %v, want invalid_dpop_proof", err)
	}
	by = oidc.DPoP{}
	if err := push(&h.portal, "192.0.2.1", "client_secret", pass); err != nil {
		t.Errorf("an app that proves itself: %v", err)
	}
}
