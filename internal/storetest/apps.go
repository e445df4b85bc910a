package storetest

import (
	"errors"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) app(key string) sso.App {
	at := w.later()
	return sso.App{
		ID: sso.NewAppID(at), Key: key, Name: "Portal", ClientID: "client-" + key, Kind: sso.AppNative, Disabled: true,
		AuthMethod: sso.AuthPrivateKeyJWT, Secrets: []sso.AppSecret{w.appSecret()}, JWKS: `{"keys":[]}`, JWKSURI: "https://app.example/jwks",
		GrantTypes: sso.GrantTypes(), RedirectURIs: []string{"https://app.example/cb?a=1&b=2"}, PostLogoutRedirectURIs: []string{"https://app.example/bye"},
		BackchannelLogoutURI: "https://app.example/out", LoginURL: "https://app.example/login", IDTokenAlg: sso.AlgRS256, RequirePAR: true, DPoP: true, PKCEOptional: true,
		AllowedOrgs: []sso.OrgID{"org_a", "org_b"}, RequiredEntitlement: sso.EntitledSCIM, AllowedRoles: []sso.Role{sso.RoleOwner},
		Brand:  sso.Brand{Name: "Portal", Accent: "#0a6b5e", Logo: "abc"},
		Claims: sso.AppClaims{Role: sso.ClaimNever, Groups: sso.ClaimAlways, Names: sso.ClaimNever, RoleClaim: "role", GroupsClaim: "teams"}, Scopes: []string{"users:read"},

		CreatedAt: at, UpdatedAt: at,
	}
}

func (w *world) appSecret() sso.AppSecret {
	return sso.NewAppSecret(secret.NewToken(), "usr_operator", w.later())
}

// addApp stores an app and returns it as it is kept.
func (w *world) addApp(key string) sso.App {
	w.Helper()
	a := w.app(key)
	w.write(func(tx *store.Writer) error { return tx.SaveApp(w.ctx, a) })
	a.Version = 1
	return a
}

func appsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	missing[sso.App](w, "App()")(r.App(ctx, "app_none"))
	missing[sso.App](w, "AppByClientID()")(r.AppByClientID(ctx, "client-portal"))
	none[sso.App](w, "Apps()")(r.Apps(ctx))

	portal := w.addApp("portal")
	full(w, portal)
	bare := sso.App{ID: sso.NewAppID(w.now), Key: "bare", ClientID: "client-bare", Kind: sso.AppSPA, CreatedAt: w.later(), UpdatedAt: w.now, Version: 1}
	w.write(func(tx *store.Writer) error {
		fresh := bare
		fresh.Version = 0
		return tx.SaveApp(ctx, fresh)
	})
	same(w, "App()", portal, get[sso.App](w, "App()")(r.App(ctx, portal.ID)))
	same(w, "AppByClientID()", bare, get[sso.App](w, "AppByClientID()")(r.AppByClientID(ctx, "client-bare")))
	same(w, "Apps()", []sso.App{portal, bare}, get[[]sso.App](w, "Apps()")(r.Apps(ctx)))

	// All is another, and the secrets are left alone.
	changed := bare
	changed.ID, changed.Key, changed.Name, changed.ClientID, changed.CreatedAt, changed.Version = portal.ID, "portal-2", "Portal 2", "client-2", portal.CreatedAt, 1
	save := func(a sso.App) { w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, a) }) }
	save(changed)
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.SaveApp(ctx, changed) })
	changed.Version, changed.Secrets = 2, portal.Secrets
	same(w, "App() after a save", changed, get[sso.App](w, "App()")(r.App(ctx, portal.ID)))

	taken := w.app("portal-2")
	w.conflict(store.AppKey, func(tx *store.Writer) error { return tx.SaveApp(ctx, taken) })
	taken.Key, taken.ClientID = "portal-3", "client-2"
	w.conflict(store.AppClientID, func(tx *store.Writer) error { return tx.SaveApp(ctx, taken) })
	if err := w.db.Write(ctx, func(tx *store.Writer) error { return tx.SaveApp(ctx, taken) }); !errors.Is(err, store.ErrConflict) {
		w.Errorf("SaveApp() = %v, want ErrConflict", err)
	}
}

func appsAreListed(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[sso.App](w, "ListApps()")(r.ListApps(ctx, store.AppQuery{Limit: 9}))
	missing[sso.App](w, "AppByKey()")(r.AppByKey(ctx, "b"))
	all := map[string]sso.App{}
	for _, a := range []struct{ key, name, client string }{{"c", "Cash Desk", "till_9"}, {"a", "100% Cotton", "shop"}, {"b", "Bistro", "client-b"}} {
		app := w.app(a.key)
		app.Name, app.ClientID = a.name, a.client
		w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
		app.Version = 1
		all[a.key] = app
	}
	same(w, "AppByKey()", all["b"], get[sso.App](w, "AppByKey()")(r.AppByKey(ctx, "b")))
	for _, tc := range []struct {
		query store.AppQuery
		want  string
	}{
		{store.AppQuery{Limit: 9}, "abc"},
		{store.AppQuery{Limit: 2}, "ab"},
		{store.AppQuery{Limit: 2, After: "b"}, "c"},
		{store.AppQuery{Limit: 9, Typed: "cAsH"}, "c"},
		{store.AppQuery{Limit: 9, Typed: "client"}, "b"},
		{store.AppQuery{Limit: 9, Typed: "%"}, "a"},
		{store.AppQuery{Limit: 9, Typed: "_"}, "c"},
		{store.AppQuery{Limit: 9, Typed: "!"}, ""},
		{store.AppQuery{Limit: 9, Typed: "o", After: "a"}, "b"},
		{store.AppQuery{}, ""},
	} {
		var want []sso.App
		for _, key := range tc.want {
			want = append(want, all[string(key)])
		}
		same(w, "ListApps()", want, get[[]sso.App](w, "ListApps()")(r.ListApps(ctx, tc.query)))
	}
}

// A deleted app takes along what it was given: no token of its opens anything.
func deletedAppsAreGone(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	s, _ := w.addSession(acme.ID, alice.ID)
	portal, other := w.addApp("portal"), w.addApp("other")
	tokens := map[sso.AppID]store.Token{}
	for _, app := range []sso.App{portal, other} {
		grant := store.Grant{ID: sso.NewGrantID(w.now), App: app.ID, User: alice.ID, Org: acme.ID, Session: s.ID, Code: secret.NewToken().Hash(), CreatedAt: w.now}
		tokens[app.ID] = store.Token{Hash: secret.NewToken().Hash(), Kind: store.AccessToken, Grant: grant.ID, CreatedAt: w.now, ExpiresAt: w.later()}
		w.write(func(tx *store.Writer) error {
			return errors.Join(tx.InsertGrant(ctx, grant, first()), tx.InsertToken(ctx, tokens[app.ID]))
		})
	}
	w.write(func(tx *store.Writer) error { return tx.DeleteApp(ctx, portal.ID) })
	r := w.reader()
	missing[sso.App](w, "App()")(r.App(ctx, portal.ID))
	missing[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, tokens[portal.ID].Hash))
	get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, s.ID))
	other.Secrets = nil
	same(w, "Access() of another app", other, get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, tokens[other.ID].Hash)).App)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteApp(ctx, portal.ID) })
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.InsertAppSecret(ctx, portal.ID, w.appSecret()) })
}

func appSecretsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	portal, other := w.addApp("portal"), w.addApp("other")
	first, second, third := portal.Secrets[0], w.appSecret(), w.appSecret()
	full(w, second, "UsedAt")
	add := func(s sso.AppSecret) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.InsertAppSecret(ctx, portal.ID, s) }
	}
	kept := func(what string, want ...sso.AppSecret) {
		w.Helper()
		same(w, what, want, get[sso.App](w, "AppByClientID()")(r.AppByClientID(ctx, portal.ClientID)).Secrets)
		same(w, "the other app", other.Secrets, get[sso.App](w, "App()")(r.App(ctx, other.ID)).Secrets)
	}
	w.write(add(second))
	kept("two secrets", first, second)
	w.conflict(store.AppSecretPlace, add(third))
	kept("a third secret is refused", first, second)

	// The place of the older one is free, and the order is that of their making.
	w.write(func(tx *store.Writer) error { return tx.DeleteAppSecret(ctx, portal.ID, first.ID) })
	w.write(add(third))
	kept("the first has made room", second, third)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteAppSecret(ctx, portal.ID, first.ID) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteAppSecret(ctx, other.ID, second.ID) })

	third.UsedAt = w.later()
	use := func(id sso.AppSecretID) {
		w.write(func(tx *store.Writer) error { return tx.UseAppSecret(ctx, id, third.UsedAt) })
	}
	use(third.ID)
	use(first.ID) // is gone
	kept("the third is in use", second, third)
	w.write(func(tx *store.Writer) error { return tx.UseAppSecret(ctx, third.ID, w.now) }) // came late
	kept("a later use counts", second, third)
}

// Several operators add a secret at once, and each has looked whether there is
// room: one of them is in time.
func secretsNeverBecomeThree(w *world) {
	ctx := w.ctx
	portal := w.addApp("portal")
	const racers = 6
	fresh := make([]sso.AppSecret, racers)
	for i := range fresh {
		fresh[i] = w.appSecret()
	}
	won := w.race(racers, store.ErrConflict, func(n int, tx *store.Writer) error { return tx.InsertAppSecret(ctx, portal.ID, fresh[n]) })
	app := get[sso.App](w, "App()")(w.reader().App(ctx, portal.ID))
	if won != 1 || len(app.Secrets) != sso.MaxAppSecrets {
		w.Errorf("%d of %d add a secret, and %d are good; want one and 2", won, racers, len(app.Secrets))
	}
}
