package setup

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (u *User) name() string {
	if u.Username != "" {
		return u.Username
	}
	return u.Email
}

// user creates or changes a person at home in the organization. They are found
// by username, else by address.
func (a *applier) user(org *sso.Organization, in *User) error {
	want, err := in.read()
	if err != nil {
		return err
	}
	old, found, err := a.find(org, &want)
	if err != nil {
		return err
	}
	u := want
	u.Home = org.ID
	if found {
		u.ID, u.CreatedAt, u.LastSignInAt, u.Version, u.UpdatedAt = old.ID, old.CreatedAt, old.LastSignInAt, old.Version, old.UpdatedAt
		if u.FirstName == "" && u.LastName == "" {
			u.FirstName, u.LastName = old.FirstName, old.LastName
		}
		if u.Username == "" {
			u.Username = old.Username
		}
		if u.PasswordHash == "" { // the person may have chosen one since
			u.PasswordHash = old.PasswordHash
		}
	} else {
		u.ID, u.CreatedAt = sso.NewUserID(a.now), a.now
	}
	if !found || !same(old, u) {
		u.UpdatedAt = a.now
		if err := a.tx.Org(org.ID).SaveUser(a.ctx, u); err != nil {
			return err
		}
		did, action := "created", "user.created"
		if found {
			did, action = changed(
				field{"username", old.Username != u.Username}, field{"address", old.Email != u.Email}, field{"name", old.FirstName != u.FirstName || old.LastName != u.LastName},
				field{"state, now " + string(u.State), old.State != u.State}, field{"password", old.PasswordHash != u.PasswordHash}), "user.changed"
		}
		a.did("user", in.name(), did)
		if err := a.record(org.ID, action, string(u.ID)); err != nil {
			return err
		}
	}
	return a.membership(org, in, u.ID)
}

func (u *User) read() (sso.User, error) {
	out := sso.User{FirstName: sso.CleanName(u.FirstName), LastName: sso.CleanName(u.LastName), PasswordHash: u.PasswordHash}
	var err error
	if u.Username != "" {
		if out.Username, err = sso.ParseUsername(u.Username); err != nil {
			return out, err
		}
	}
	if u.Email != "" || u.Username == "" {
		if out.Email, err = sso.ParseEmail(u.Email); err != nil {
			return out, err
		}
	}
	if u.PasswordHash != "" {
		if err := password.Check(u.PasswordHash); err != nil {
			return out, err
		}
	}
	out.State, err = oneOf(u.State, "state", sso.UserActive, sso.UserActive, sso.UserSuspended)
	return out, err
}

// find returns the user of the organization whom the file means.
func (a *applier) find(org *sso.Organization, want *sso.User) (sso.User, bool, error) {
	if want.Username != "" {
		u, err := a.tx.Org(org.ID).UserByUsername(a.ctx, want.Username)
		if !errors.Is(err, store.ErrNotFound) {
			return u, err == nil, err
		}
	}
	if want.Email.IsZero() {
		return sso.User{}, false, nil
	}
	users, err := a.tx.Org(org.ID).UsersByEmail(a.ctx, want.Email)
	if err != nil {
		return sso.User{}, false, err
	}
	users = slices.DeleteFunc(users, func(u sso.User) bool { return u.State == sso.UserDeleted || want.Username != "" && u.Username != "" })
	switch len(users) {
	case 0:
		return sso.User{}, false, nil
	case 1:
		return users[0], true, nil
	default:
		return sso.User{}, false, &fault.Error{Kind: fault.Conflict, Code: "ident_conflict", Want: "exactly one user", Got: "several users with this address", Fix: fault.OperatorSide}
	}
}

func (a *applier) membership(org *sso.Organization, in *User, id sso.UserID) error {
	role := sso.RoleMember
	var err error
	if in.Role != "" {
		if role, err = sso.ParseRole(in.Role); err != nil {
			return err
		}
	}
	old, err := a.tx.Org(org.ID).Membership(a.ctx, id)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	m := old
	if missing {
		m = sso.Membership{Org: org.ID, User: id, CreatedAt: a.now}
	}
	m.Role, m.Groups = role, in.Groups
	if !missing && same(old, m) {
		return nil
	}
	m.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveMembership(a.ctx, m); err != nil {
		return err
	}
	if !missing {
		a.did("membership", in.name()+" in "+org.Key, changed(field{"role, now " + string(role), old.Role != role}, field{"groups", !slices.Equal(old.Groups, m.Groups)}))
	}
	return a.record(org.ID, "membership.saved", string(id))
}

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
		return "", &fault.Error{Kind: fault.Invalid, Code: "app_secret", Want: "32 to 256 printable characters without white space", Fix: fault.OperatorSide}
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
		app = sso.App{ID: sso.NewAppID(a.now), Key: in.Key, CreatedAt: a.now}
	}
	if app.Name = sso.CleanName(in.Name); app.Name == "" {
		app.Name = in.Key
	}
	if app.ClientID = in.ClientID; app.ClientID == "" {
		app.ClientID = in.Key
	}
	if len(app.ClientID) > maxClientID || strings.ContainsFunc(app.ClientID, func(r rune) bool { return r <= ' ' || r == ':' || r >= utf8.RuneSelf-1 }) {
		return &fault.Error{Kind: fault.Invalid, Code: "app_client_id", Want: "printable characters without white space and colon, at most 200", Got: app.ClientID, Fix: fault.OperatorSide}
	}
	app.SecretHash = nil
	if s := a.outside.secrets[in]; s != "" {
		h := secret.ParseToken(s).Hash()
		app.SecretHash = h[:]
	}
	if len(in.RedirectURIs) == 0 || len(in.RedirectURIs) > maxRedirectURIs {
		return &fault.Error{Kind: fault.Invalid, Code: "app_redirect_uri", Want: "1 to 50 redirect_uris", Fix: fault.OperatorSide}
	}
	for _, u := range in.RedirectURIs {
		if err := oidc.CheckRedirectURI(u); err != nil {
			return err
		}
	}
	app.RedirectURIs = in.RedirectURIs
	if found && same(old, app) {
		return nil
	}
	app.UpdatedAt = a.now
	if err := a.tx.SaveApp(a.ctx, app); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return &fault.Error{Kind: fault.Conflict, Code: "app_client_id_taken", Got: app.ClientID, Fix: fault.OperatorSide, Err: err}
		}
		return err
	}
	did, action := "created", "app.created"
	if found {
		did, action = changed(field{"name", old.Name != app.Name}, field{"client ID", old.ClientID != app.ClientID},
			field{"secret", !slices.Equal(old.SecretHash, app.SecretHash)}, field{"redirect URIs", !slices.Equal(old.RedirectURIs, app.RedirectURIs)}), "app.changed"
	}
	a.did("app", in.Key, did)
	return a.record("", action, string(app.ID))
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
