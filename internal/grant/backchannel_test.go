package grant_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const atLogout = "https://app.example/backchannel"

// line is the back channel of apps: what they were sent, and what they answer.
type line struct {
	mu     sync.Mutex
	calls  []safehttp.Request
	status map[string]int // by URL; 200 where nothing stands
	broken map[string]bool
}

func (l *line) call(_ context.Context, r safehttp.Request) (safehttp.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, r)
	if l.broken[r.URL] {
		return safehttp.Answer{}, errors.New("no route to host")
	}
	status := l.status[r.URL]
	if status == 0 {
		status = http.StatusOK
	}
	return safehttp.Answer{Status: status, Body: []byte("said <b>")}, nil
}

// tokens returns the logout tokens that were sent to a URL, and forgets all.
func (l *line) tokens(t *testing.T, to string) []string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, r := range l.calls {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil || r.Method != http.MethodPost || r.Header["Content-Type"] != "application/x-www-form-urlencoded" || len(form) != 1 {
			t.Errorf("sent: %+v (%v)", r, err)
		}
		if r.URL == to {
			all = append(all, form.Get("logout_token"))
		}
	}
	l.calls = nil
	return all
}

// withBackChannel gives both apps one.
func (h *house) withBackChannel() *line {
	h.Helper()
	l := &line{status: map[string]int{}, broken: map[string]bool{}}
	h.Call = l.call
	h.portal.BackchannelLogoutURI, h.native.BackchannelLogoutURI = atLogout, "https://spa.example/backchannel"
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return errors.Join(tx.SaveApp(ctx, h.portal), tx.SaveApp(ctx, h.native))
	})
	h.portal.Version, h.native.Version = 2, 2
	return l
}

// end ends the person's session.
func (h *house) end() {
	h.Helper()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.EndSession(ctx, h.person().Session.ID, h.Now())
	})
}

// tells runs the job until there is nothing left to do.
func (h *house) tells() {
	h.Helper()
	for {
		n, err := h.TellApps(h.Context())
		if err != nil {
			h.Fatalf("TellApps() = %v", err)
		}
		if n == 0 {
			return
		}
	}
}

func (h *house) notices(app sso.App) []store.LogoutNotice {
	h.Helper()
	var all []store.LogoutNotice
	err := h.DB.Read(h.Context(), func(r *store.Reader) (err error) {
		all, err = r.LogoutNotices(h.Context(), app.ID, 10)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

// The names are those of the certification plan for back-channel logout; the one
// of a login through another app's request is that of RP-initiated logout.
func TestBackChannelLogoutAsTheCertificationPlanAsks(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		t := h.T
		l := h.withBackChannel()
		tokens, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			t.Fatal(err)
		}
		signedIn := payload(t, tokens.IDToken)
		h.tells()
		if sent := l.tokens(t, atLogout); len(sent) != 0 {
			t.Fatalf("told while the person is signed in: %v", sent)
		}
		h.wait(time.Hour)
		h.end()
		h.tells()
		sent := l.tokens(t, atLogout)
		if len(sent) != 1 {
			t.Fatalf("oidcc-backchannel-rp-initiated-logout: %d logout tokens, want one", len(sent))
		}
		head, err := base64.RawURLEncoding.DecodeString(strings.Split(sent[0], ".")[0])
		if err != nil {
			t.Fatal(err)
		}
		var header struct{ Typ, Alg, Kid string }
		if err := json.Unmarshal(head, &header); err != nil || header.Typ != "logout+jwt" || header.Alg != "ES256" || header.Kid == "" {
			t.Errorf("the header is %s (%v)", head, err)
		}
		got := payload(t, sent[0])
		if got["jti"] == "" || got["jti"] == nil {
			t.Errorf("no jti: %v", got)
		}
		delete(got, "jti")
		now := float64(h.Now().Unix())
		want := map[string]any{
			"iss": issuer, "aud": "portal", "iat": now, "exp": now + 120, "sub": signedIn["sub"], "sid": signedIn["sid"],
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		for name := range want {
			if a, b := mustJSON(t, got[name]), mustJSON(t, want[name]); a != b {
				t.Errorf("%s is %s, want %s", name, a, b)
			}
		}
		if len(got) != len(want) { // nonce is prohibited
			t.Errorf("the token says %v", got)
		}
		if _, err := oidc.VerifyHint(sent[0], issuer, "portal", h.published()...); err == nil {
			t.Error("a logout token is taken for an id token")
		}
		h.tells()
		if again := l.tokens(t, atLogout); len(again) != 0 {
			t.Errorf("told again: %d", len(again))
		}
		if all := h.notices(h.portal); len(all) != 1 || all[0].State != store.MessageSent || all[0].Tries != 1 || !all[0].DoneAt.Equal(h.Now()) {
			t.Errorf("what is kept of it: %+v", all)
		}
	})
}

// An app that knows no other algorithm could not read it otherwise.
func TestALogoutTokenIsSignedAsIDTokensAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	l := h.withBackChannel()
	h.portal.IDTokenAlg = sso.AlgRS256
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	h.end()
	h.tells()
	sent := l.tokens(t, atLogout)
	if len(sent) != 1 || header(t, sent[0]) != header(t, tokens.IDToken) {
		t.Errorf("the logout token is signed by another key than the id token was")
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// published returns the public keys that are in the key set.
func (h *house) published() []oidc.PublicKey {
	h.Helper()
	var all []oidc.PublicKey
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		keys, err := r.SigningKeys(h.Context(), store.KeyForOIDC)
		for _, k := range keys {
			public, err := oidc.ParsePublicKey(k.Public)
			if err != nil {
				return err
			}
			all = append(all, public)
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

func TestEveryAppOfASessionIsToldOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	l := h.withBackChannel()
	for _, app := range []*sso.App{&h.portal, &h.portal, &h.native} {
		if _, err := h.exchange(app, h.code(app)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid offline_access")); err != nil {
		t.Fatal(err)
	}
	h.end()
	h.tells()
	l.mu.Lock()
	var to []string
	for _, r := range l.calls {
		to = append(to, r.URL)
	}
	l.mu.Unlock()
	if len(to) != 2 || to[0] == to[1] {
		t.Errorf("told: %v, want each app once", to)
	}
}

func TestAnAppThatFailsIsToldAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	l := h.withBackChannel()
	for _, app := range []*sso.App{&h.portal, &h.native} {
		if _, err := h.exchange(app, h.code(app)); err != nil {
			t.Fatal(err)
		}
	}
	h.end()
	l.status[atLogout] = http.StatusServiceUnavailable
	h.tells()
	first := l.tokens(t, atLogout)
	if all := h.notices(h.portal); len(first) != 1 || all[0].State != store.MessageWaiting || all[0].Code != "backchannel_status" || all[0].Detail != "503 said <b>" || !all[0].DueAt.Equal(h.Now().Add(5*time.Second)) {
		t.Errorf("after 503: %d calls, %+v", len(first), all)
	}
	if all := h.notices(h.native); all[0].State != store.MessageSent {
		t.Errorf("the other app waits with it: %+v", all)
	}
	h.wait(4 * time.Second)
	if h.tells(); len(l.tokens(t, atLogout)) != 0 {
		t.Error("tried again too early")
	}
	h.wait(time.Second)
	l.broken[atLogout] = true
	h.tells()
	second := l.tokens(t, atLogout)
	if all := h.notices(h.portal); len(second) != 1 || all[0].Code != "backchannel_failed" || !all[0].DueAt.Equal(h.Now().Add(20*time.Second)) {
		t.Errorf("where it cannot be reached: %d calls, %+v", len(second), all)
	}
	if len(first) == 1 && len(second) == 1 && payload(t, first[0])["jti"] == payload(t, second[0])["jti"] {
		t.Error("both tries bring one token, which is taken once")
	}
	h.wait(20 * time.Second)
	l.broken, l.status = nil, nil
	h.tells()
	if all := h.notices(h.portal); all[0].State != store.MessageSent || all[0].Tries != 3 || all[0].Code != "" {
		t.Errorf("in the end: %+v", all)
	}
}

// Of an app that cannot be reached not more is asked than was under way already.
func TestAnAppThatIsSilentIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	l := h.withBackChannel()
	const sessions = 24
	for range sessions {
		if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
			t.Fatal(err)
		}
		over := h.person().Session.ID
		h.renew()
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.EndSession(ctx, over, h.Now()) })
	}
	l.broken[atLogout] = true
	h.tells()
	if calls := len(l.tokens(t, atLogout)); calls == 0 || calls > 4 {
		t.Errorf("an app that does not answer is called %d times", calls)
	}
	h.wait(5 * time.Second)
	l.broken = nil
	h.tells()
	sids := map[any]bool{}
	for _, token := range l.tokens(t, atLogout) {
		sids[payload(t, token)["sid"]] = true
	}
	if len(sids) != sessions {
		t.Errorf("in the end it is told of %d sessions, want %d", len(sids), sessions)
	}
}

func TestAnAppIsNotToldForEver(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(h *house, l *line)
		code  string
		tries int64
	}{
		"it refuses": {func(_ *house, l *line) { l.status[atLogout] = http.StatusBadRequest }, "backchannel_refused", 1},
		"it has no back channel any more": {func(h *house, _ *line) {
			h.portal.BackchannelLogoutURI = ""
			h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
		}, "backchannel_unset", 1},
		"a day has passed": {func(h *house, l *line) {
			l.status[atLogout] = http.StatusBadGateway
			h.tells()
			h.wait(store.LogoutNoticeWorth)
		}, "backchannel_status", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			l := h.withBackChannel()
			if _, err := h.exchange(&h.portal, h.code(&h.portal)); err != nil {
				t.Fatal(err)
			}
			h.end()
			h.write(func(ctx context.Context, tx *store.Writer) error {
				_, err := tx.NoteEnds(ctx, h.Now(), 10)
				return err
			})
			tc.spoil(h, l)
			h.tells()
			if all := h.notices(h.portal); len(all) != 1 || all[0].State != store.MessageDead || all[0].Code != tc.code || all[0].Tries != tc.tries || all[0].DoneAt.IsZero() {
				t.Errorf("what is kept of it: %+v", all)
			}
		})
	}
}

// What calling one app panics with is a failure of the job, and the other app is told.
func TestAnAppThatIsNotThoughtOfEndsNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		l := h.withBackChannel()
		for _, app := range []*sso.App{&h.portal, &h.native} {
			if _, err := h.exchange(app, h.code(app)); err != nil {
				h.Fatal(err)
			}
		}
		h.Call = func(ctx context.Context, r safehttp.Request) (safehttp.Answer, error) {
			if r.URL == atLogout {
				panic("an answer that nobody thought of")
			}
			return l.call(ctx, r)
		}
		h.end()
		_, err := h.TellApps(h.Context())
		if _, panicked := errors.AsType[*fault.PanicError](err); !panicked {
			h.Errorf("TellApps() = %v, want what the call has panicked with", err)
		}
		if sent := l.tokens(h.T, h.native.BackchannelLogoutURI); len(sent) != 1 {
			h.Errorf("the other app is told %d times", len(sent))
		}
		h.Call = l.call
		h.wait(time.Hour)
		h.tells()
		if sent := l.tokens(h.T, atLogout); len(sent) != 1 {
			h.Errorf("afterwards the app is told %d times", len(sent))
		}
	})
}
