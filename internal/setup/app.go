package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

func (a *applier) app(from *App) error {
	if _, err := sso.ParseKey(from.Key); err != nil {
		return in("key", err)
	}
	old, found, err := a.findApp(from)
	if err != nil {
		return err
	}
	app := old
	var before *App
	if found {
		before = to(a.say.app(&old))
	} else {
		app = sso.App{ID: sso.NewAppID(a.now), Key: from.Key, Name: from.Key, ClientID: from.Key, CreatedAt: a.now}
	}
	a.kept[app.ID] = true
	if err := a.mergeApp(&app, from); err != nil {
		return err
	}
	if found && same(old, app) {
		return nil
	}
	app.UpdatedAt = a.now
	if err := a.tx.SaveApp(a.ctx, app); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return in("client_id", &fault.Error{Kind: fault.Conflict, Code: "app_client_id_taken", Want: "a client_id that no other app has", Got: app.ClientID, Fix: fault.OperatorSide, Err: err})
		}
		return err
	}
	did, action := Created, "app.created"
	if found {
		did, action = Changed, "app.changed"
	}
	fields := difference(before, a.say.app(&app))
	a.did("app", from.Key, did, fields)
	return a.record("", action, string(app.ID), fields)
}

// mergeApp gives the app what the file says of it.
func (a *applier) mergeApp(app *sso.App, from *App) error {
	setName(&app.Name, from.Name, from.Key)
	set(&app.ClientID, from.ClientID)
	set(&app.LoginURL, from.LoginURL)
	if from.RedirectURIs != nil {
		app.RedirectURIs = from.RedirectURIs
	}
	return errors.Join(in("client_id", checkClientID(app.ClientID)), a.mergeSecret(app, from), in("redirect_uris", checkRedirectURIs(app.RedirectURIs)), in("login_url", checkLoginURL(app.LoginURL)))
}

func checkClientID(id string) error {
	if id == "" || len(id) > maxClientID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == ':' || r >= utf8.RuneSelf-1 }) {
		return &fault.Error{Kind: fault.Invalid, Code: "app_client_id", Want: "printable characters without white space and colon, 1 to 200", Got: id, Fix: fault.OperatorSide}
	}
	return nil
}

func checkRedirectURIs(all []string) error {
	if n := len(all); n == 0 || n > maxRedirectURIs {
		return &fault.Error{Kind: fault.Invalid, Code: "app_redirect_uri", Want: "1 to 50 redirect_uris", Got: strconv.Itoa(n), Fix: fault.OperatorSide}
	}
	for i, u := range all {
		if err := oidc.CheckRedirectURI(u); err != nil {
			return in(strconv.Itoa(i), err)
		}
	}
	return nil
}

func checkLoginURL(u string) error {
	if u == "" {
		return nil
	}
	return oidc.CheckLoginURL(u)
}

// mergeSecret gives the app a secret or takes it away, if the file says so. An
// app never becomes public because a line is missing.
func (a *applier) mergeSecret(app *sso.App, from *App) error {
	s, given := a.outside.secrets[from]
	if given {
		h := secret.ParseToken(s).Hash()
		app.SecretHash = h[:]
	}
	if from.ClientSecretHash != nil {
		digits, ok := strings.CutPrefix(*from.ClientSecretHash, secretHashPrefix)
		h, err := hex.DecodeString(digits)
		if !ok || err != nil || len(h) != sha256.Size || given {
			return in("client_secret_hash", refused("client_secret_hash: sha256: and 64 hexadecimal digits, in place of client_secret_file", "another text, or both"))
		}
		given, app.SecretHash = true, h
	}
	switch {
	case from.Public == nil:
		return nil
	case *from.Public && given:
		return in("public", refused("either public: true or client_secret_file", "both"))
	case *from.Public:
		app.SecretHash = nil
		return nil
	case app.Public():
		return in("public", refused("client_secret_file, or public: true", "public: false without a secret"))
	}
	return nil
}

// findApp returns the app that the file means: the one of its key, else the one
// of its client ID, which gets the key. The list is read once for a file.
func (a *applier) findApp(from *App) (sso.App, bool, error) {
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
	app, found := a.apps[from.Key]
	return app, found, nil
}
