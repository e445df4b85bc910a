package signin_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

const tiled = `organizations:
  - key: acme
    connections: [{key: acme-okta, idp_initiated: true}]
apps:
  - {key: plain, client_id: plain, public: true, redirect_uris: ["https://plain.example/cb"]}
  - {key: portal, client_id: the-portal, public: true, redirect_uris: ["https://portal.example/cb"], login_url: "https://portal.example/login?from=tile"}
  - {key: zdesk, client_id: the-desk, public: true, redirect_uris: ["https://desk.example/cb"], login_url: "https://desk.example/login"}
`

// unasked makes an answer that nobody has asked for.
func (w *world) unasked(forge ...func(*samltest.Response)) string {
	w.Helper()
	idp := *w.idp
	idp.Now, idp.SPEntityID, idp.ACS, idp.RequestID = w.now, baseURL+"/saml/acme-okta/metadata", baseURL+"/saml/acme-okta/acs", ""
	return base64.StdEncoding.EncodeToString(idp.Respond(forge...))
}

func (w *world) post(b signin.Browser, response, relay string) (signin.Answered, error) {
	return w.Respond(w.Context(), b, signin.Response{ConnectionKey: "acme-okta", SAMLResponse: response, RelayState: relay})
}

func TestATileBeginsASignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(tiled)
		response := w.unasked(about("alice@acme.example"))
		answered, err := w.post(w.browser, response, "zdesk")
		if err != nil || answered.Tile == nil || *answered.Tile != (signin.Tile{Connection: "acme-okta", App: "the-desk"}) || answered.Attempt != "" {
			t.Fatalf("Respond() = %+v, %v, want the tile of the desk and no attempt", answered, err)
		}
		a, err := w.BeginTile(t.Context(), w.browser, *answered.Tile)
		if err != nil || a.Next() != sso.StepSSO {
			t.Fatalf("BeginTile() leads to %s, %v, want to the identity provider", a.Next(), err)
		}
		f := w.depart(a, "acme-okta")
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		done, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		if err != nil || done.Back != signin.AppStartPath+"?client_id=the-desk" {
			t.Errorf("Finish() leads to %q, %v", done.Back, err)
		}
		_, err = w.post(w.browser, response, "zdesk")
		w.mustRefuse(err, "saml_replay")
	})
}

// Where the attacker's own answer is put into somebody else's browser, that one
// is sent to the identity provider, and is whoever comes back from there.
func TestAnAnswerOfAnotherPersonSignsNobodyIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(tiled)
		victim := w.browser
		answered, err := w.post(victim, w.unasked(about("mallory@acme.example")), "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.BeginTile(t.Context(), victim, *answered.Tile)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Proof.At.IsZero() || a.Proof.User != "" {
			t.Errorf("the attempt has the proof %+v of a message that nobody asked for", a.Proof)
		}
		if _, err := w.Finish(t.Context(), victim, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("Finish() = %v before the identity provider has answered, want attempt_step", err)
		}
		f := w.depart(a, "acme-okta")
		w.mustRefuse(w.respond(f, w.unasked(about("mallory@acme.example"))), "saml_irt") // under the RelayState of our request
		if a, err = w.BeginTile(t.Context(), victim, *answered.Tile); err != nil {
			t.Fatal(err)
		}
		f = w.depart(a, "acme-okta")
		if err := w.respond(f, w.answer(f, about("victor@acme.example"))); err != nil {
			t.Fatal(err)
		}
		p, err := w.finish(a.ID)
		if err != nil || p.User.Email.String() != "victor@acme.example" {
			t.Errorf("the browser is signed in as %s, %v, want victor", p.User.Email, err)
		}
	})
}

func TestATileThatIsRefused(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		answered, err := w.post(w.browser, w.unasked(about("alice@acme.example")), "")
		w.mustRefuse(err, "saml_irt")
		if answered.Tile != nil || answered.Org != "acme" {
			t.Errorf("where tiles are off: %+v, want the sign-on URL of acme", answered)
		}
		if _, err := w.BeginTile(t.Context(), w.browser, signin.Tile{Connection: "acme-okta"}); !fault.Is(err, "saml_irt") {
			t.Errorf("BeginTile() = %v where tiles are off, want saml_irt", err)
		}
		w.apply(tiled)
		for name, tc := range map[string]struct {
			response string
			code     string
		}{
			"unsigned":                    {w.unasked(about("alice@acme.example"), samltest.Unsigned), "sig_missing"},
			"signed by a stranger":        {w.unasked(about("alice@acme.example"), samltest.SignByStranger), "sig_value"},
			"an answer to somebody":       {w.answer(flight{key: "acme-okta", request: ` ID="_of-another"`}, about("alice@acme.example")), "saml_irt"},
			"made for another connection": {w.answer(flight{key: "globex-idp"}, about("alice@acme.example")), "saml_destination"},
			"no XML":                      {base64.StdEncoding.EncodeToString([]byte("no XML")), "xml_wellformed"},
		} {
			answered, err := w.post(w.browser, tc.response, "")
			if !fault.Is(err, tc.code) || answered.Tile != nil {
				t.Errorf("%s: %+v, %v, want %s", name, answered, err, tc.code)
			}
		}
		w.apply("organizations: [{key: acme, connections: [{key: acme-okta, state: disabled}]}]")
		_, err = w.post(w.browser, w.unasked(about("alice@acme.example")), "")
		w.mustRefuse(err, "connection_inactive")
	})
}

func TestARelayStateLeadsToAppsAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(tiled)
		for relay, want := range map[string]string{
			"": "the-portal", "zdesk": "the-desk", "the-desk": "the-desk", "https://desk.example/login": "the-desk", "plain": "the-portal",
			"https://desk.example/login/": "the-portal", "//evil.example": "the-portal", "https://evil.example": "the-portal", "javascript:alert(1)": "the-portal",
			strings.Repeat("x", 5000): "the-portal", "/\\evil\r\n": "the-portal", secret.NewToken().Reveal(): "the-portal",
		} {
			answered, err := w.post(w.browser, w.unasked(about("alice@acme.example")), relay)
			if err != nil || answered.Tile == nil || answered.Tile.App != want {
				t.Errorf("RelayState %.40q: %+v, %v, want %s", relay, answered.Tile, err, want)
			}
		}
		a, err := w.BeginTile(t.Context(), w.browser, signin.Tile{Connection: "acme-okta", App: "https://evil.example"})
		if err != nil || a.Back != nil {
			t.Errorf("a tile of an app that is none leads on to %q, %v", a.Back, err)
		}
	})
}

func TestATileLeadsAroundInNoCircle(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(tiled)
		tile, rounds := signin.Tile{Connection: "acme-okta"}, 0
		var err error
		for ; err == nil && rounds < 20; rounds++ {
			_, err = w.BeginTile(t.Context(), w.browser, tile)
		}
		if !fault.Is(err, "saml_tile_loop") {
			t.Errorf("after %d rounds: %v, want saml_tile_loop", rounds, err)
		}
		if _, err := w.BeginTile(t.Context(), newBrowser(), tile); err != nil {
			t.Errorf("another browser: %v", err)
		}
	})
}

func TestATileIsUsedOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(tiled)
		response := w.unasked(about("alice@acme.example"))
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = w.post(newBrowser(), response, "") })
		}
		all.Wait()
		good := 0
		for _, err := range errs {
			switch {
			case err == nil:
				good++
			case !fault.Is(err, "saml_replay"):
				t.Error(err)
			}
		}
		if good != 1 {
			t.Errorf("%d of %d were good, want 1: %v", good, len(errs), errors.Join(errs...))
		}
	})
}

// asked reports whether somebody has just asked for a connection to be looked at.
func (w *world) asked() bool {
	w.Helper()
	var all []sso.Watch
	err := w.DB.Read(w.Context(), func(r *store.Reader) (err error) {
		all, err = r.WatchesDue(w.Context(), w.now, 100)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return slices.ContainsFunc(all, func(x sso.Watch) bool { return x.DueAt.Equal(w.now) })
}

// watchLater has acme's connection looked at at an address, and not for a long time.
func (w *world) watchLater() {
	w.Helper()
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(w.Context(), "acme-okta")
		if err != nil {
			return err
		}
		c.SAML.MetadataURL = "https://idp.example/metadata"
		org := tx.Org(c.Org)
		x, err := org.Watch(w.Context(), c.ID)
		x.DueAt = w.now.Add(100 * time.Hour)
		return errors.Join(err, org.SaveConnection(w.Context(), c), org.SaveWatch(w.Context(), x))
	})
	if err != nil {
		w.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.idp.Now = w.now
}

// Somebody whose identity provider has signed with a key that we do not know has
// its metadata read soon, and not again and again.
func TestAnUnknownKeyHasTheMetadataRead(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.watchLater()
		sign := func(forge func(*samltest.Response), code string) {
			t.Helper()
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			w.mustRefuse(w.respond(f, w.answer(f, about("alice@acme.example"), forge)), code)
		}
		sign(samltest.Unsigned, "sig_missing")
		if w.asked() {
			t.Error("a message without a signature has the metadata read")
		}
		sign(samltest.SignByStranger, "sig_value")
		if !w.asked() {
			t.Error("an unknown key does not have the metadata read")
		}
		w.now = w.now.Add(time.Minute)
		sign(samltest.SignByStranger, "sig_value")
		if w.asked() {
			t.Error("a minute later it has them read once more")
		}
	})
}

// Where everybody comes by tiles, nobody else meets the key.
func TestAnUnknownKeyOfATileHasTheMetadataRead(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.watchLater()
		_, err := w.post(w.browser, w.unasked(about("alice@acme.example"), samltest.SignByStranger), "")
		w.mustRefuse(err, "saml_irt")
		if w.asked() {
			t.Error("an answer that nobody has asked for has the metadata read where tiles are off")
		}
		w.apply(tiled)
		if w.asked() {
			t.Fatal("the file has the metadata read")
		}
		_, err = w.post(w.browser, w.unasked(about("alice@acme.example"), samltest.SignByStranger), "")
		w.mustRefuse(err, "sig_value")
		if !w.asked() {
			t.Error("the unknown key of a tile does not have the metadata read")
		}
	})
}
