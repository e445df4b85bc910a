package operate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// signsInto gives an app tokens in somebody's session.
func (h *house) signsInto(app sso.AppID, by *sso.By) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		return tx.InsertGrant(h.Context(), store.Grant{
			ID: sso.NewGrantID(h.now), App: app, User: by.User.ID, Org: by.Org.ID, Session: by.Session.ID, SID: by.Session.ID,
			Code: secret.NewToken().Hash(), Scope: "openid", CreatedAt: h.now,
		}, store.Token{Hash: secret.NewToken().Hash()})
	})
}

// The page of an app says whom it was told of, of those who are signed out as well
// as of those who are gone: what stands there are the notices that are sent.
func TestOperatorsSeeOfWhomAnAppWasTold(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		app, _, err := h.CreateApp(ctx, &h.operator, newPortal())
		if err != nil {
			t.Fatal(err)
		}
		quiet, _, err := h.CreateApp(ctx, &h.operator, operate.NewApp{Key: "quiet", Name: "Quiet", Kind: sso.AppWeb, RedirectURIs: []string{"https://quiet.example/cb"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.ChangeApp(ctx, &h.operator, "portal", 0, func(a *sso.App) error {
			a.BackchannelLogoutURI = "https://app.example/logout"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		told := func(key string) []operate.Told {
			t.Helper()
			v, err := h.App(ctx, &h.support, key)
			if err != nil {
				t.Fatal(err)
			}
			return v.Told
		}
		acme := h.org("acme")
		bob, carl, dora := h.addPerson(acme, "bob", sso.RoleMember), h.addPerson(acme, "carl", sso.RoleMember), h.addPerson(acme, "dora", sso.RoleMember)
		for _, by := range []*sso.By{&bob, &carl, &dora} {
			h.signsInto(app.ID, by)
			h.signsInto(quiet.ID, by)
		}
		if all := told("portal"); len(all) != 0 {
			t.Errorf("everybody is signed in, and the app was told %+v", all)
		}
		// They leave one after the other: bob's notice arrives, carl's is tried again,
		// dora's is given up, and she is gone afterwards.
		ends := map[sso.UserID]time.Time{}
		settle := func(by *sso.By, do func(n *store.LogoutNotice)) {
			h.now = h.now.Add(time.Minute)
			ends[by.User.ID] = h.now
			h.write(func(tx *store.Writer) error {
				if err := tx.EndSession(ctx, by.Session.ID, h.now); err != nil {
					return err
				}
				if _, err := tx.NoteEnds(ctx, h.now, 10); err != nil {
					return err
				}
				claimed, err := tx.ClaimLogoutNotices(ctx, h.now, h.now.Add(time.Minute), 1)
				if err != nil || len(claimed) != 1 || claimed[0].User != by.User.ID {
					t.Fatalf("ClaimLogoutNotices() = %+v, %v", claimed, err)
				}
				n := claimed[0]
				do(&n)
				return tx.SettleLogoutNotice(ctx, n)
			})
		}
		again := h.now.Add(time.Hour)
		settle(&bob, func(n *store.LogoutNotice) { n.State, n.DoneAt = store.MessageSent, h.now })
		settle(&carl, func(n *store.LogoutNotice) { n.Code, n.Detail, n.DueAt = "backchannel_status", "502 <bad>", again })
		settle(&dora, func(n *store.LogoutNotice) {
			n.State, n.Code, n.DoneAt = store.MessageDead, "backchannel_expired", h.now
		})
		h.write(func(tx *store.Writer) error {
			u, err := tx.User(ctx, dora.User.ID)
			if err == nil {
				u.State, u.UpdatedAt = sso.UserDeleted, h.now
				err = tx.Org(acme.ID).SaveUser(ctx, u)
			}
			return err
		})
		want := []operate.Told{
			{User: dora.User.ID, Person: "dora", Org: "acme", State: operate.ToldNever, Code: "backchannel_expired", At: ends[dora.User.ID], Tries: 1},
			{User: carl.User.ID, Person: "carl", Org: "acme", State: operate.ToldWaiting, Code: "backchannel_status", Detail: "502 <bad>", At: ends[carl.User.ID], Next: again, Tries: 1},
			{User: bob.User.ID, Person: "bob", Org: "acme", State: operate.ToldDone, At: ends[bob.User.ID], Tries: 1},
		}
		if diff := cmp.Diff(want, told("portal")); diff != "" {
			t.Errorf("the app was told, wanted -, got +\n%s", diff)
		}
		if all := told("quiet"); len(all) != 0 {
			t.Errorf("an app without a back channel was told %+v", all)
		}
		// Of many, the latest are shown.
		for range operate.LatestTold {
			h.returns(&bob)
			h.signsInto(app.ID, &bob)
			settle(&bob, func(n *store.LogoutNotice) { n.State, n.DoneAt = store.MessageSent, h.now })
		}
		all := told("portal")
		if len(all) != operate.LatestTold || !all[0].At.Equal(h.now) || all[len(all)-1].User != bob.User.ID {
			t.Errorf("%d logouts are shown, the latest of %s", len(all), all[0].At)
		}
	})
}
