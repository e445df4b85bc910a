package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// told is a person with a session in a browser, by which an app with a back
// channel and one without were given tokens, the first one for itself as well.
type told struct {
	user    sso.User
	session sso.Session
	token   secret.Hash
	offline sso.Session
	grants  []store.Grant // of the browser's session to both, and of what the first one holds
}

// tellable returns two apps: one that is told of logouts, and one that is not.
func (w *world) tellable() (told, untold sso.App) {
	w.Helper()
	told, untold = w.app("told"), w.app("untold")
	told.BackchannelLogoutURI, untold.BackchannelLogoutURI = "https://app.example/logout", ""
	w.write(func(tx *store.Writer) error { return errors.Join(tx.SaveApp(w.ctx, told), tx.SaveApp(w.ctx, untold)) })
	return told, untold
}

// signedInto adds somebody who is signed in at an organization through a
// connection, and in apps.
func (w *world) signedInto(c sso.Connection, apps ...sso.App) told {
	w.Helper()
	t := told{user: w.addUser(c.Org, "user-"+strconv.FormatInt(w.seq.Load(), 10))}
	w.addMember(c.Org, t.user.ID)
	t.session, t.token = w.samlSession(c, t.user.ID, string(t.user.ID), "1")
	t.session.Actor, t.session.ActorSession = "", ""
	t.offline, _ = w.session(c.Org, t.user.ID, "")
	t.offline.App, t.offline.Actor, t.offline.ActorSession = apps[0].ID, "", ""
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.InsertSession(w.ctx, t.session, t.token), tx.InsertSession(w.ctx, t.offline, secret.NewToken().Hash()))
	})
	for i, in := range []sso.SessionID{t.session.ID, t.session.ID, t.offline.ID} {
		t.grants = append(t.grants, w.addGrant(apps[i%2], t, in))
	}
	return t
}

// addGrant gives an app tokens in one of the person's sessions.
func (w *world) addGrant(app sso.App, t told, in sso.SessionID) store.Grant {
	w.Helper()
	at := w.later()
	g := store.Grant{ID: sso.NewGrantID(at), App: app.ID, User: t.user.ID, Org: t.session.Org, Session: in, SID: t.session.ID, Code: secret.NewToken().Hash(), Scope: "openid", CreatedAt: at}
	w.write(func(tx *store.Writer) error { return tx.InsertGrant(w.ctx, g, first()) })
	return g
}

// notices returns of which sessions an app is to be told, or was.
func (w *world) notices(app sso.App) []store.LogoutNotice {
	w.Helper()
	return get[[]store.LogoutNotice](w, "LogoutNotices()")(w.reader().LogoutNotices(w.ctx, app.ID, 100))
}

// noteEnds notes all ends that there are.
func (w *world) noteEnds(now time.Time) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		for {
			if n, err := tx.NoteEnds(w.ctx, now, 3); n == 0 || err != nil {
				return err
			}
		}
	})
}

// Whoever ends a session, and however: the apps are told, each once.
func everyWayOutIsTold(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	app, other := w.tellable()
	only := func(n int, err error) error {
		if err == nil && n == 0 {
			err = errors.New("nothing was ended")
		}
		return err
	}
	for name, way := range map[string]func(tx *store.Writer, c sso.Connection, t *told, now time.Time) error{
		"its ID": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.EndSession(ctx, t.session.ID, now)
		},
		"its token": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.EndSessionOf(ctx, t.token, now)
		},
		"a token that was replaced": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			o, next := acme, secret.NewToken().Hash()
			return errors.Join(tx.Org(acme.ID).RoleChanged(ctx, &o, t.user.ID, sso.RoleRestricted, sso.RoleMember, now),
				tx.RenewSession(ctx, t.token, next, now.Add(time.Minute)), tx.EndSessionOf(ctx, t.token, now))
		},
		"the person, of one": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.EndOwnSession(ctx, t.user.ID, t.session.ID, now)
		},
		"the person, of all others": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return only(tx.EndOtherSessions(ctx, t.user.ID, "ses_none", now))
		},
		"an operator": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return only(tx.EndSessionsOf(ctx, t.user.ID, now))
		},
		"an administrator": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return only(tx.Org(acme.ID).EndSessionsOf(ctx, t.user.ID, now))
		},
		"an administrator, of one": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.Org(acme.ID).EndSession(ctx, t.user.ID, t.session.ID, now)
		},
		"the identity provider": func(tx *store.Writer, c sso.Connection, t *told, now time.Time) error {
			ended, err := tx.EndSAMLSessions(ctx, c.ID, t.session.SAML.Subject, nil, now)
			return only(len(ended), err)
		},
		"credentials that are wiped": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.WipeCredentials(ctx, t.user.ID, now)
		},
		"a connection that is deleted": func(tx *store.Writer, c sso.Connection, _ *told, now time.Time) error {
			_, err := tx.Org(acme.ID).DeleteConnection(ctx, c, now)
			return err
		},
		"a membership that ends": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.Org(acme.ID).RemoveMembership(ctx, t.user.ID, now)
		},
		"a user who is suspended": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			t.user.State, t.user.UpdatedAt = sso.UserSuspended, now
			return tx.Org(acme.ID).SaveUser(ctx, t.user)
		},
		"a user who is deleted": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			t.user.State, t.user.UpdatedAt = sso.UserDeleted, now
			return tx.Org(acme.ID).SaveUser(ctx, t.user)
		},
		"a connection that is switched off": func(tx *store.Writer, c sso.Connection, _ *told, now time.Time) error {
			c.State, c.Version, c.UpdatedAt = sso.ConnectionDisabled, 1, now
			return tx.Org(acme.ID).SaveConnection(ctx, c)
		},
		"a role that is more": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			o := acme
			return tx.Org(acme.ID).RoleChanged(ctx, &o, t.user.ID, sso.RoleMember, sso.RoleOwner, now)
		},
		"the end of what the app holds by itself": func(tx *store.Writer, _ sso.Connection, t *told, now time.Time) error {
			return tx.KeepOffline(ctx, t.user.ID, app.ID, 0, now)
		},
	} {
		c := w.addConnection(acme.ID, "c-"+secret.NewID("x", w.later())[2:])
		bystander := w.signedInto(c, app, other)
		t := w.signedInto(c, app, other)
		before := w.notices(app)
		now := w.later()
		w.write(func(tx *store.Writer) error { return way(tx, c, &t, now) })
		w.noteEnds(now)
		var told []store.LogoutNotice
		for _, n := range w.notices(app) {
			if !slices.ContainsFunc(before, func(b store.LogoutNotice) bool { return b.SID == n.SID }) && n.SID != bystander.session.ID {
				told = append(told, n)
			}
		}
		same(w, "ended by "+name, []store.LogoutNotice{{
			App: app.ID, SID: t.session.ID, User: t.user.ID, Org: acme.ID, State: store.MessageWaiting, CreatedAt: now, DueAt: now, ExpiresAt: now.Add(store.LogoutNoticeWorth),
		}}, told)
	}
	none[store.LogoutNotice](w, "what an app without a back channel is told")(w.reader().LogoutNotices(ctx, other.ID, 10))
}

func logoutNoticesAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	app, other := w.tellable()
	now := w.later()
	due := func(at time.Time) bool {
		w.Helper()
		return get[bool](w, "LogoutNoticesDue()")(w.reader().LogoutNoticesDue(ctx, at))
	}
	claim := func(at time.Time) []store.LogoutNotice {
		w.Helper()
		var all []store.LogoutNotice
		w.write(func(tx *store.Writer) (err error) {
			all, err = tx.ClaimLogoutNotices(ctx, at, at.Add(time.Minute), 10)
			return err
		})
		return all
	}
	t := w.signedInto(c, app, other)
	if due(now) {
		w.Error("something is due while everybody is signed in")
	}
	none[store.LogoutNotice](w, "LogoutNotices()")(w.reader().LogoutNotices(ctx, app.ID, 10))

	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, t.session.ID, now) })
	if !due(now) {
		w.Error("a session that has ended is not due")
	}
	w.noteEnds(now)
	if got := claim(now.Add(-time.Second)); got != nil {
		w.Errorf("claimed before it is due: %v", got)
	}
	got := claim(now)
	want := store.LogoutNotice{
		App: app.ID, SID: t.session.ID, User: t.user.ID, Org: acme.ID, State: store.MessageWaiting, CreatedAt: now, DueAt: now, ExpiresAt: now.Add(store.LogoutNoticeWorth),
		Leased: now.Add(time.Minute), Tries: 1,
	}
	same(w, "ClaimLogoutNotices()", []store.LogoutNotice{want}, got)
	if due(now) || claim(now) != nil {
		w.Error("what is claimed is due")
	}

	again := want
	again.DueAt, again.Code, again.Detail, again.Leased = now.Add(time.Minute), "backchannel_status", "503 <b>", time.Time{}
	w.write(func(tx *store.Writer) error { return tx.SettleLogoutNotice(ctx, again) })
	same(w, "after a try that failed", []store.LogoutNotice{again}, w.notices(app))
	if due(now) || !due(again.DueAt) {
		w.Error("the next try is due at another time")
	}
	second := claim(again.DueAt)[0]
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SettleLogoutNotice(ctx, again) }) // of the first try
	second.State, second.DoneAt, second.Code, second.Detail, second.Leased = store.MessageSent, w.later(), "", "", time.Time{}
	w.write(func(tx *store.Writer) error { return tx.SettleLogoutNotice(ctx, second) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SettleLogoutNotice(ctx, second) })
	same(w, "once it is told", []store.LogoutNotice{second}, w.notices(app))

	// What the app holds by itself came of the same session: the app is told
	// once more, unless it has lost or given that back.
	end := w.later()
	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, t.offline.ID, end) })
	w.noteEnds(end)
	if all := w.notices(app); len(all) != 1 || all[0].State != store.MessageWaiting || all[0].Tries != 0 || !all[0].DueAt.Equal(end) || !all[0].DoneAt.IsZero() {
		w.Errorf("after the end of what the app holds: %+v", all)
	}
	for name, tc := range map[string]struct {
		revoked int // of the grants
		end     func(t *told) sso.SessionID
		want    bool
	}{
		"a browser's, of which the grant is revoked": {0, func(t *told) sso.SessionID { return t.session.ID }, true},
		"an app's own, which it gave back":           {2, func(t *told) sso.SessionID { return t.offline.ID }, false},
	} {
		t := w.signedInto(c, app, other)
		w.write(func(tx *store.Writer) error {
			return errors.Join(tx.RevokeGrant(ctx, t.grants[tc.revoked].ID, end), tx.EndSession(ctx, tc.end(&t), end))
		})
		w.noteEnds(end)
		if got := slices.ContainsFunc(w.notices(app), func(n store.LogoutNotice) bool { return n.SID == t.session.ID }); got != tc.want {
			w.Errorf("%s: told %v, want %v", name, got, tc.want)
		}
	}

	late := end.Add(store.LogoutNoticeWorth)
	w.write(func(tx *store.Writer) error { return tx.ExpireLogoutNotices(ctx, late, "backchannel_expired") })
	for _, n := range w.notices(app) {
		if n.State != store.MessageDead || n.Code != "backchannel_expired" || !n.DoneAt.Equal(late) {
			w.Errorf("what nobody wants to know any more: %+v", n)
		}
	}
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, late.Add(store.LogoutNoticeLife), store.Retention{})
		return err
	})
	for _, n := range w.notices(app) {
		if n.State != store.MessageWaiting {
			w.Errorf("kept too long: %+v", n)
		}
	}
}

// A session that nobody ended is over when its time is, and is told of before it
// is forgotten.
func expiredSessionsAreTold(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	app, other := w.tellable()
	t := w.signedInto(c, app, other)
	given := w.addApp("given")
	w.addGrant(given, t, t.session.ID)
	before := t.session.ExpiresAt.Add(-time.Second)
	if get[bool](w, "LogoutNoticesDue()")(w.reader().LogoutNoticesDue(ctx, before)) {
		w.Error("it is due before its time")
	}
	over := t.offline.ExpiresAt
	if !get[bool](w, "LogoutNoticesDue()")(w.reader().LogoutNoticesDue(ctx, over)) {
		w.Error("it is not due at its time")
	}
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, over, store.Retention{})
		return err
	})
	missing[sso.Person](w, "PersonBySession()")(w.reader().PersonBySession(ctx, t.session.ID))
	if all := w.notices(app); len(all) != 1 || all[0].SID != t.session.ID {
		w.Errorf("told of %+v", all)
	}
	if a := w.notices(given); len(a) != 1 {
		w.Errorf("%d notices to an app that was given something, want 1", len(a))
	}
}

// Of many nodes that look at once, one claims each notice, and each end is noted
// once.
func oneOfManyTells(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	app, other := w.tellable()
	const people = 6
	for range people {
		t := w.signedInto(c, app, other)
		w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, t.session.ID, w.later()) })
	}
	now := w.later()
	var mu sync.Mutex
	claimed := map[sso.SessionID]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			var mine []store.LogoutNotice
			err := w.db.Write(ctx, func(tx *store.Writer) (err error) {
				if _, err := tx.NoteEnds(ctx, now, 2*people); err != nil {
					return err
				}
				mine, err = tx.ClaimLogoutNotices(ctx, now, now.Add(time.Minute), 2*people)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				w.Errorf("claiming = %v", err)
			}
			for _, n := range mine {
				claimed[n.SID]++
			}
		})
	}
	all.Wait()
	if len(claimed) != people {
		w.Errorf("%d notices are claimed, want %d", len(claimed), people)
	}
	for sid, n := range claimed {
		if n != 1 {
			w.Errorf("%s is claimed %d times", sid, n)
		}
	}
}
