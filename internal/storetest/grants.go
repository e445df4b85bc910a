package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func grantsAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	m := w.addMember(acme.ID, alice.ID)
	s, _ := w.addSession(acme.ID, alice.ID)
	app := w.app("portal")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	app.Version = 1
	at := w.later()
	g := store.Grant{
		ID: sso.NewGrantID(at), App: app.ID, User: alice.ID, Org: acme.ID, Session: s.ID, Code: secret.NewToken().Hash(), Scope: "openid email", Claims: "name", CreatedAt: at,
	}
	g.SID = "ses_browser"
	full(w, g, "RevokedAt")
	token := full(w, store.Token{Hash: secret.NewToken().Hash(), Kind: store.AccessToken, Grant: g.ID, Scope: "openid", Key: "thumb", CreatedAt: at, ExpiresAt: at.Add(time.Minute)}, "UsedAt", "Successor")

	r := w.reader()
	missing[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, token.Hash))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error {
		_, err := tx.RevokeGrantByCode(ctx, g.Code, w.now)
		return err
	})
	w.write(func(tx *store.Writer) error {
		if err := tx.InsertGrant(ctx, g, first()); err != nil {
			return err
		}
		return tx.InsertToken(ctx, token)
	})
	app.Version, app.Secrets = 1, nil
	want := store.Access{Token: token, Grant: g, App: app, Person: sso.Person{Session: s, User: alice, Org: acme, Membership: m, Networks: sso.RulesOf([]sso.Organization{acme})}}
	same(w, "Access()", want, get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, token.Hash)))
	missing[store.Access](w, "Access() of another kind")(r.Access(ctx, store.RefreshToken, token.Hash))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error {
		return tx.UseToken(ctx, token.Hash, []byte("sealed"), w.now, w.now)
	})
	w.conflict("tokens_hash", func(tx *store.Writer) error { return tx.InsertToken(ctx, token) })

	g.RevokedAt = w.later()
	w.write(func(tx *store.Writer) error {
		got, err := tx.RevokeGrantByCode(ctx, g.Code, g.RevokedAt)
		same(w, "RevokeGrantByCode()", g, got)
		return err
	})
	w.refused(store.ErrNotFound, func(tx *store.Writer) error {
		_, err := tx.RevokeGrantByCode(ctx, g.Code, w.later())
		return err
	})
	want.Grant = g
	same(w, "Access() when revoked", want, get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, token.Hash)))
}

func refreshTokensAreUsedOnce(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	app := w.app("portal")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	held := func() sso.Session {
		s, hash := w.session(acme.ID, alice.ID, "")
		s.App = app.ID
		w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, hash) })
		return s
	}
	s := held()
	at := w.later()
	g := store.Grant{ID: sso.NewGrantID(at), App: app.ID, User: alice.ID, Org: acme.ID, Session: s.ID, SID: "ses_browser", Code: secret.NewToken().Hash(), Scope: "openid", CreatedAt: at}
	token := store.Token{Hash: secret.NewToken().Hash(), Kind: store.RefreshToken, Grant: g.ID, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.InsertGrant(ctx, g, first()), tx.InsertToken(ctx, token))
	})
	r := w.reader()
	now := w.later()
	w.write(func(tx *store.Writer) error {
		return tx.UseToken(ctx, token.Hash, []byte("sealed"), now, at.Add(time.Minute))
	})
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.UseToken(ctx, token.Hash, []byte("other"), w.later(), at) })
	token.UsedAt, token.Successor, token.ExpiresAt = now, []byte("sealed"), at.Add(time.Minute)
	got := get[store.Access](w, "Access()")(r.Access(ctx, store.RefreshToken, token.Hash))
	same(w, "the token after its use", token, got.Token)
	same(w, "its session", s, got.Person.Session)

	g.RevokedAt = w.later()
	for range 2 { // the first time stays
		w.write(func(tx *store.Writer) error { return tx.RevokeGrant(ctx, g.ID, g.RevokedAt) })
		w.later()
	}
	same(w, "the grant", g, get[store.Access](w, "Access()")(r.Access(ctx, store.RefreshToken, token.Hash)).Grant)
	w.write(func(tx *store.Writer) error { return tx.DeleteToken(ctx, token.Hash) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteToken(ctx, token.Hash) })
	missing[store.Access](w, "Access() of a deleted token")(r.Access(ctx, store.RefreshToken, token.Hash))

	browser, _ := w.addSession(acme.ID, alice.ID)
	second, third := held(), held()
	w.write(func(tx *store.Writer) error { return tx.KeepOffline(ctx, alice.ID, app.ID, 2, w.later()) })
	names := map[sso.SessionID]string{}
	for _, s := range get[[]store.SessionAt](w, "SessionsOf()")(r.SessionsOf(ctx, alice.ID, w.now, 10)) {
		names[s.ID] = s.AppName
	}
	same(w, "who holds which session", map[sso.SessionID]string{browser.ID: "", second.ID: app.Name, third.ID: app.Name}, names)
}

// first returns an access token to be given first.
func first() store.Token { return store.Token{Hash: secret.NewToken().Hash()} }

// given returns what an app may be given for a code.
func (w *world) given() store.Grant {
	w.Helper()
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	s, _ := w.addSession(acme.ID, alice.ID)
	at := w.later()
	return store.Grant{
		ID: sso.NewGrantID(at), App: w.addApp("portal").ID, User: alice.ID, Org: acme.ID, Session: s.ID, SID: s.ID, Code: secret.NewToken().Hash(), Scope: "openid email",
		Claims: "name", CreatedAt: at,
	}
}

func codesGiveOnce(w *world) {
	ctx := w.ctx
	g := w.given()
	access := store.Token{Hash: secret.NewToken().Hash(), Kind: store.AccessToken, Grant: g.ID, Key: "thumb", CreatedAt: g.CreatedAt, ExpiresAt: w.later().Add(time.Hour)}
	r := w.reader()
	missing[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, access.Hash))
	w.write(func(tx *store.Writer) error { return tx.InsertGrant(ctx, g, access) })
	a := get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, access.Hash))
	same(w, "the first access token", access, a.Token)
	same(w, "its grant", g, a.Grant)
	same(w, "its person", g.User, a.Person.User.ID)
	missing[store.Access](w, "Access() of another kind")(r.Access(ctx, store.RefreshToken, access.Hash))

	again := g
	again.ID = sso.NewGrantID(w.later())
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.InsertGrant(ctx, again, first()) })
	again.Code = secret.NewToken().Hash()
	w.addSingleUse(store.KindCode, again.Code, w.now.Add(time.Hour)) // it was withdrawn
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.InsertGrant(ctx, again, first()) })
	again.Code = secret.NewToken().Hash()
	w.write(func(tx *store.Writer) error { return tx.InsertGrant(ctx, again, first()) })
	same(w, "the grant of the first code", g, get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, access.Hash)).Grant)

	w.write(func(tx *store.Writer) error { return tx.DeleteToken(ctx, access.Hash) })
	missing[store.Access](w, "Access() of one that is deleted")(r.Access(ctx, store.AccessToken, access.Hash))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteToken(ctx, access.Hash) })
	w.write(func(tx *store.Writer) error {
		_, err := tx.RevokeGrantByCode(ctx, g.Code, w.later())
		return err
	})
}

func oneOfManyRedeems(w *world) {
	g := w.given()
	won := w.race(racers, store.ErrUsed, func(_ int, tx *store.Writer) error {
		mine := g
		mine.ID = sso.NewGrantID(w.now)
		return tx.InsertGrant(w.ctx, mine, first())
	})
	if won != 1 {
		w.Errorf("%d of %d redeem one code", won, racers)
	}
}
