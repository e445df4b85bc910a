package setup

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Lengths of a client secret, in octets. A shorter one could be guessed, and
// its stored hash is not stretched.
const (
	minClientSecret = 32
	maxClientSecret = 256
)

// clientSecret reads the secret from a file: one line of printable ASCII.
func clientSecret(b []byte) (string, error) {
	s := strings.TrimSpace(string(b))
	bad := len(s) < minClientSecret || len(s) > maxClientSecret
	for i := 0; i < len(s) && !bad; i++ {
		bad = s[i] <= ' ' || s[i] >= 0x7F
	}
	if bad {
		return "", &fault.Error{Kind: fault.Invalid, Code: "app_secret", Want: "32 to 256 printable characters without white space", Got: "a text of " + strconv.Itoa(len(s)) + " octets", Fix: fault.OperatorSide}
	}
	return s, nil
}

const (
	maxClientID     = 200
	maxRedirectURIs = 50
)

func (a *applier) app(in *App) error {
	if _, err := sso.ParseKey(in.Key); err != nil {
		return err
	}
	old, found, err := a.findApp(in.Key)
	if err != nil {
		return err
	}
	app := old
	if !found {
		app = sso.App{ID: sso.NewAppID(a.now), Key: in.Key, Name: in.Key, ClientID: in.Key, CreatedAt: a.now}
	}
	if err := a.mergeApp(&app, in); err != nil {
		return err
	}
	if found && same(old, app) {
		return nil
	}
	app.UpdatedAt = a.now
	if err := a.tx.SaveApp(a.ctx, app); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return &fault.Error{Kind: fault.Conflict, Code: "app_client_id_taken", Want: "a client_id that no other app has", Got: app.ClientID, Fix: fault.OperatorSide, Err: err}
		}
		return err
	}
	did, action := "created", "app.created"
	if found {
		did, action = changed(field{"name", old.Name != app.Name}, field{"client ID", old.ClientID != app.ClientID},
			field{"secret", !slices.Equal(old.SecretHash, app.SecretHash)}, field{"redirect URIs", !slices.Equal(old.RedirectURIs, app.RedirectURIs)},
			field{"login URL", old.LoginURL != app.LoginURL}), "app.changed"
	}
	a.did("app", in.Key, did)
	return a.record("", action, string(app.ID))
}

// mergeApp gives the app what the file says of it.
func (a *applier) mergeApp(app *sso.App, in *App) error {
	setName(&app.Name, in.Name, in.Key)
	set(&app.ClientID, in.ClientID)
	if app.ClientID == "" || len(app.ClientID) > maxClientID || strings.ContainsFunc(app.ClientID, func(r rune) bool { return r <= ' ' || r == ':' || r >= utf8.RuneSelf-1 }) {
		return &fault.Error{Kind: fault.Invalid, Code: "app_client_id", Want: "printable characters without white space and colon, 1 to 200", Got: app.ClientID, Fix: fault.OperatorSide}
	}
	if err := a.mergeSecret(app, in); err != nil {
		return err
	}
	if in.RedirectURIs != nil {
		app.RedirectURIs = in.RedirectURIs
	}
	if n := len(app.RedirectURIs); n == 0 || n > maxRedirectURIs {
		return &fault.Error{Kind: fault.Invalid, Code: "app_redirect_uri", Want: "1 to 50 redirect_uris", Got: strconv.Itoa(n), Fix: fault.OperatorSide}
	}
	for _, u := range in.RedirectURIs {
		if err := oidc.CheckRedirectURI(u); err != nil {
			return err
		}
	}
	set(&app.LoginURL, in.LoginURL)
	if app.LoginURL != "" {
		if err := oidc.CheckLoginURL(app.LoginURL); err != nil {
			return err
		}
	}
	return nil
}

// mergeSecret gives the app a secret or takes it away, if the file says so. An
// app never becomes public because a line is missing.
func (a *applier) mergeSecret(app *sso.App, in *App) error {
	s, given := a.outside.secrets[in]
	if given {
		h := secret.ParseToken(s).Hash()
		app.SecretHash = h[:]
	}
	switch {
	case in.Public == nil:
		return nil
	case *in.Public && given:
		return refused("either public: true or client_secret_file", "both")
	case *in.Public:
		app.SecretHash = nil
		return nil
	case app.Public():
		return refused("client_secret_file, or public: true", "public: false without a secret")
	}
	return nil
}

// findApp returns the app of this key. The list is read once for a file.
func (a *applier) findApp(key string) (sso.App, bool, error) {
	if a.apps == nil {
		apps, err := a.tx.Apps(a.ctx)
		if err != nil {
			return sso.App{}, false, err
		}
		a.apps = map[string]sso.App{}
		for i := range apps {
			a.apps[apps[i].Key] = apps[i]
		}
	}
	app, found := a.apps[key]
	return app, found, nil
}
