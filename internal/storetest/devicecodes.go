package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// deviceCodesAreDecidedOnce: of all who decide, and of all who use, one does.
func deviceCodesAreDecidedOnce(w *world) {
	ctx, r := w.ctx, w.reader()
	app := w.app("cli")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	c := sso.DeviceCode{
		Device: secret.NewToken().Hash(), User: secret.NewToken().Hash(), App: app.ID, Scope: "openid", Address: "192.0.2.1", UserAgent: "cli/1",
		State: sso.DevicePending, Interval: sso.DurationOf(sso.DeviceCodeInterval), CreatedAt: w.now, ExpiresAt: w.now.Add(sso.DeviceCodeLife),
	}
	missing[sso.DeviceCode](w, "DeviceCode() that is none")(r.DeviceCode(ctx, c.Device))
	missing[sso.DeviceCode](w, "DeviceCodeByUser() that is none")(r.DeviceCodeByUser(ctx, c.User))
	w.write(func(tx *store.Writer) error { return tx.InsertDeviceCode(ctx, c) })
	twin := c
	twin.Device = secret.NewToken().Hash()
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.InsertDeviceCode(ctx, twin) })
	same(w, "DeviceCode()", c, get[sso.DeviceCode](w, "DeviceCode()")(r.DeviceCode(ctx, c.Device)))
	same(w, "DeviceCodeByUser()", c, get[sso.DeviceCode](w, "DeviceCodeByUser()")(r.DeviceCodeByUser(ctx, c.User)))
	missing[sso.DeviceCode](w, "DeviceCode() by what is typed")(r.DeviceCode(ctx, c.User))
	missing[sso.DeviceCode](w, "DeviceCodeByUser() by what the device has")(r.DeviceCodeByUser(ctx, c.Device))

	c.AskedAt, c.Interval = w.now.Add(time.Second), 10
	w.write(func(tx *store.Writer) error { return tx.AskDeviceCode(ctx, c) })
	same(w, "DeviceCode() that was asked about", c, get[sso.DeviceCode](w, "DeviceCode()")(r.DeviceCode(ctx, c.Device)))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.AskDeviceCode(ctx, twin) })

	use := func(tx *store.Writer) error { return tx.UseDeviceCode(ctx, c.Device) }
	w.refused(store.ErrNotFound, use) // nobody has agreed
	decide := func(state sso.DeviceCodeState, now time.Time) func(tx *store.Writer) error {
		return func(tx *store.Writer) error { return tx.DecideDeviceCode(ctx, c.User, state, "ses_1", now) }
	}
	w.refused(store.ErrNotFound, decide(sso.DeviceApproved, c.ExpiresAt))
	w.write(decide(sso.DeviceApproved, c.ExpiresAt.Add(-time.Microsecond)))
	w.refused(store.ErrNotFound, decide(sso.DeviceRefused, w.now))
	w.refused(store.ErrNotFound, decide(sso.DeviceApproved, w.now))
	c.State, c.Session = sso.DeviceApproved, "ses_1"
	same(w, "DeviceCode() that is approved", c, get[sso.DeviceCode](w, "DeviceCode()")(r.DeviceCode(ctx, c.Device)))
	w.write(use)
	w.refused(store.ErrNotFound, use)
	w.refused(store.ErrNotFound, decide(sso.DeviceApproved, w.now))

	kept := c.ExpiresAt.Add(sso.DeviceCodeKept)
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, kept.Add(-time.Microsecond), store.Retention{})
		return err
	})
	get[sso.DeviceCode](w, "DeviceCode() that has expired a while ago")(r.DeviceCode(ctx, c.Device))
	w.write(func(tx *store.Writer) error { _, err := tx.DeleteExpired(ctx, kept, store.Retention{}); return err })
	missing[sso.DeviceCode](w, "DeviceCode() long after")(r.DeviceCode(ctx, c.Device))
}

// machinesHaveTokens of their own, which are never taken for those of people.
func machinesHaveTokens(w *world) {
	ctx, r := w.ctx, w.reader()
	app := w.app("nightly")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	t := store.MachineToken{Hash: secret.NewToken().Hash(), App: app.ID, Scopes: []string{"users:read", "sso:read"}, Key: "thumb", CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	missing[store.MachineAccess](w, "MachineAccess() of no token")(r.MachineAccess(ctx, t.Hash))
	w.write(func(tx *store.Writer) error { return tx.InsertMachineToken(ctx, t) })
	got := get[store.MachineAccess](w, "MachineAccess()")(r.MachineAccess(ctx, t.Hash))
	same(w, "MachineAccess()", t, got.Token)
	if got.App.ID != app.ID || got.App.ClientID != app.ClientID {
		w.Errorf("MachineAccess() is of app %+v", got.App)
	}
	missing[store.Access](w, "Access() by a token of a machine")(r.Access(ctx, store.AccessToken, t.Hash))
	w.write(func(tx *store.Writer) error { return tx.DeleteMachineToken(ctx, t.Hash) })
	missing[store.MachineAccess](w, "MachineAccess() of a token that was deleted")(r.MachineAccess(ctx, t.Hash))
	w.write(func(tx *store.Writer) error { return tx.DeleteMachineToken(ctx, t.Hash) })
	w.write(func(tx *store.Writer) error { return tx.InsertMachineToken(ctx, t) })
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, t.ExpiresAt, store.Retention{})
		return err
	})
	missing[store.MachineAccess](w, "MachineAccess() of a token that has expired")(r.MachineAccess(ctx, t.Hash))
}
