package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func factorsAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	none[sso.Factor](w, "Factors()")(r.Factors(ctx, alice.ID))
	missing[sso.Factor](w, "FactorByCredential()")(r.FactorByCredential(ctx, []byte("c")))

	app := w.addFactor(full(w, w.totp(alice.ID), "Phone", "Passkey"))
	at := w.later()
	phone := w.addFactor(sso.Factor{ID: sso.NewFactorID(at), User: alice.ID, Kind: sso.FactorSMS, Phone: "+4930123456", CreatedAt: at})
	key := w.addFactor(w.passkey(alice.ID, "c\x00\xff"))
	full(w, *key.Passkey)
	w.addFactor(w.totp(bob.ID))
	same(w, "Factors()", []sso.Factor{app, phone, key}, get[[]sso.Factor](w, "Factors()")(r.Factors(ctx, alice.ID)))
	same(w, "FactorByCredential()", key, get[sso.Factor](w, "FactorByCredential()")(r.FactorByCredential(ctx, []byte("c\x00\xff"))))
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.InsertFactor(ctx, w.totp("usr_none")) })

	// Another user's factor is not there.
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.RenameFactor(ctx, bob.ID, app.ID, "mine") })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteFactor(ctx, bob.ID, app.ID) })

	now := w.later()
	key.Passkey.Counter, key.Passkey.BackedUp = 9, false
	w.write(func(tx *store.Writer) error {
		return errors.Join(
			tx.RenameFactor(ctx, alice.ID, app.ID, "Work"), tx.UseStep(ctx, app.ID, 8, now), tx.UseFactor(ctx, key, now), tx.DeleteFactor(ctx, alice.ID, phone.ID))
	})
	app.Name, app.Step, app.UsedAt, key.UsedAt = "Work", 8, now, now
	same(w, "Factors() after changes", []sso.Factor{app, key}, get[[]sso.Factor](w, "Factors()")(r.Factors(ctx, alice.ID)))
	for _, step := range []int64{8, 7} {
		w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.UseStep(ctx, app.ID, step, now) })
	}
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteFactor(ctx, alice.ID, phone.ID) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.UseFactor(ctx, phone, now) })
}

func passkeyIsOnes(w *world) {
	acme, globex := w.addOrg("acme", nil), w.addOrg("globex", nil)
	alice, mallory := w.addUser(acme.ID, "alice"), w.addUser(globex.ID, "mallory")
	key := w.addFactor(w.passkey(alice.ID, "c"))
	w.conflict(store.FactorCredential, func(tx *store.Writer) error { return tx.InsertFactor(w.ctx, w.passkey(mallory.ID, "c")) })
	w.conflict(store.FactorCredential, func(tx *store.Writer) error { return tx.InsertFactor(w.ctx, w.passkey(alice.ID, "c")) })
	w.addFactor(w.passkey(mallory.ID, "d"))
	w.addFactor(w.totp(mallory.ID)) // those without a credential are not in each other's way
	w.addFactor(w.totp(alice.ID))
	same(w, "FactorByCredential()", key, get[sso.Factor](w, "FactorByCredential()")(w.reader().FactorByCredential(w.ctx, []byte("c"))))
}

func recoveryCodesAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	a, b, c := secret.HashOf([]byte("a")), secret.HashOf([]byte("b")), secret.HashOf([]byte("c"))
	left := func(want int) {
		w.Helper()
		if got := get[int](w, "RecoveryCodesLeft()")(w.reader().RecoveryCodesLeft(ctx, alice.ID)); got != want {
			w.Errorf("%d recovery codes are left, want %d", got, want)
		}
	}
	use := func(user sso.UserID, code secret.Hash) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.UseRecoveryCode(ctx, user, code, w.now) }
	}
	left(0)
	w.refused(store.ErrNotFound, use(alice.ID, a))
	w.write(func(tx *store.Writer) error {
		return tx.ReplaceRecoveryCodes(ctx, alice.ID, []secret.Hash{a, b}, w.now)
	})
	left(2)
	w.refused(store.ErrNotFound, use(bob.ID, a)) // another one's
	w.write(use(alice.ID, a))
	w.refused(store.ErrNotFound, use(alice.ID, a))
	left(1)
	w.write(func(tx *store.Writer) error { return tx.ReplaceRecoveryCodes(ctx, alice.ID, []secret.Hash{c}, w.now) })
	w.refused(store.ErrNotFound, use(alice.ID, b)) // of the set before
	left(1)
	w.write(use(alice.ID, c))
	left(0)
}

func devicesAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	device := func(user sso.UserID) (sso.Device, secret.Hash) {
		at := w.later()
		d := sso.Device{ID: sso.NewDeviceID(at), User: user, UserAgent: "Mozilla/5.0", Address: "192.0.2.1", CreatedAt: at, ExpiresAt: at.Add(sso.DeviceLife)}
		token := secret.NewToken().Hash()
		w.write(func(tx *store.Writer) error { return tx.InsertDevice(ctx, d, token) })
		return full(w, d), token
	}
	first, token := device(alice.ID)
	second, _ := device(alice.ID)
	other, others := device(bob.ID)
	missing[sso.Device](w, "Device()")(r.Device(ctx, secret.NewToken().Hash()))
	same(w, "Device()", first, get[sso.Device](w, "Device()")(r.Device(ctx, token)))
	same(w, "Devices()", []sso.Device{first, second}, get[[]sso.Device](w, "Devices()")(r.Devices(ctx, alice.ID)))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteDevice(ctx, bob.ID, first.ID) })
	w.write(func(tx *store.Writer) error { return tx.DeleteDevice(ctx, alice.ID, first.ID) })
	missing[sso.Device](w, "Device() that was deleted")(r.Device(ctx, token))
	w.write(func(tx *store.Writer) error { return tx.DeleteDevices(ctx, alice.ID) })
	none[sso.Device](w, "Devices()")(r.Devices(ctx, alice.ID))
	same(w, "Device() of another user", other, get[sso.Device](w, "Device()")(r.Device(ctx, others)))
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, other.ExpiresAt, store.Retention{})
		return err
	})
	missing[sso.Device](w, "Device() past its time")(r.Device(ctx, others))
}

func (w *world) smsCode(user sso.UserID, owner string) store.SMSCode {
	at := w.later()
	return store.SMSCode{
		Owner: owner, User: user, Factor: "fac_x", Phone: "+4930123456", Code: []byte{1, 0, 255}, Sent: 1, SentAt: at, ExpiresAt: at.Add(time.Minute),
	}
}

func smsCodesAreKept(w *world) {
	const most, tries, pause = 2, 3, time.Second
	ctx := w.ctx
	alice := w.addUser(w.addOrg("acme", nil).ID, "alice")
	send := func(c store.SMSCode) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.SendSMSCode(ctx, c, most, pause) }
	}
	try := func(now time.Time) (c store.SMSCode, err error) {
		err = w.db.Write(ctx, func(tx *store.Writer) (err error) {
			c, err = tx.TrySMSCode(ctx, "att_1", tries, now)
			return err
		})
		return c, err
	}
	missing[store.SMSCode](w, "SMSCode()")(w.reader().SMSCode(ctx, "att_1"))
	missing[store.SMSCode](w, "TrySMSCode()")(try(w.now))
	first := w.smsCode(alice.ID, "att_1")
	w.write(send(first))
	full(w, first, "Tries")
	same(w, "SMSCode()", first, get[store.SMSCode](w, "SMSCode()")(w.reader().SMSCode(ctx, "att_1")))
	for i := range tries {
		first.Tries = i + 1
		same(w, "TrySMSCode()", first, get[store.SMSCode](w, "TrySMSCode()")(try(first.SentAt)))
	}
	missing[store.SMSCode](w, "TrySMSCode() once too often")(try(first.SentAt))

	// A new code begins with new tries, but neither at once nor without end.
	second := w.smsCode(alice.ID, "att_1")
	w.conflict(store.SMSCodeLimit, send(second))
	second.SentAt, second.Factor, second.Code = first.SentAt.Add(pause), "", []byte{2}
	w.write(send(second))
	second.Sent, second.Tries = 2, 1
	same(w, "TrySMSCode() of the second code", second, get[store.SMSCode](w, "TrySMSCode()")(try(second.SentAt)))
	missing[store.SMSCode](w, "TrySMSCode() past its time")(try(second.ExpiresAt))
	third := w.smsCode(alice.ID, "att_1")
	third.SentAt = second.SentAt.Add(time.Hour)
	w.conflict(store.SMSCodeLimit, send(third))
	w.write(send(w.smsCode(alice.ID, "att_2")))

	use := func(c store.SMSCode) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.UseSMSCode(ctx, c) }
	}
	w.refused(store.ErrUsed, use(first)) // was replaced
	w.write(use(second))
	w.refused(store.ErrUsed, use(second))
	get[store.SMSCode](w, "SMSCode() of another owner")(w.reader().SMSCode(ctx, "att_2"))
}

func triesAreCounted(w *world) {
	const burst, interval = 3, time.Minute
	ctx := w.ctx
	key := secret.HashOf([]byte("a key"))
	var now time.Time
	try := func(key secret.Hash, want time.Time) {
		w.Helper()
		w.write(func(tx *store.Writer) error {
			wait, err := tx.Try(ctx, key, "usr_1", burst, interval, now)
			if !wait.Equal(want) {
				w.Errorf("Try() at %v = wait until %v, want %v", now.Sub(w.now), wait.Sub(w.now), want.Sub(w.now))
			}
			return err
		})
	}
	now = w.now
	for range burst {
		try(key, time.Time{})
	}
	try(key, w.now.Add(interval))
	try(secret.HashOf([]byte("another key")), time.Time{})
	now = w.now.Add(interval - time.Microsecond)
	try(key, w.now.Add(interval))
	now = w.now.Add(interval) // one is given back
	try(key, time.Time{})
	try(key, w.now.Add(2*interval))
	now = w.now.Add(time.Hour) // all are
	for range burst {
		try(key, time.Time{})
	}
	try(key, now.Add(interval))

	w.write(func(tx *store.Writer) error { return tx.GiveBackTry(ctx, key, interval) })
	try(key, time.Time{})
	try(key, now.Add(interval))
	for name, forget := range map[string]func(*store.Writer) error{
		"the key":     func(tx *store.Writer) error { return tx.ForgetTry(ctx, key) },
		"the account": func(tx *store.Writer) error { return tx.ForgetTriesAt(ctx, "usr_1", secret.Hash{}) },
		"its time": func(tx *store.Writer) error {
			_, err := tx.DeleteExpired(ctx, now.Add(burst*interval), store.Retention{})
			return err
		},
	} {
		w.write(forget)
		w.Logf("after %s was forgotten", name)
		for range burst {
			try(key, time.Time{})
		}
		try(key, now.Add(interval))
	}
	w.write(func(tx *store.Writer) error { return tx.ForgetTriesAt(ctx, "usr_1", key) }) // all but this one
	try(key, now.Add(interval))
	w.write(func(tx *store.Writer) error { return tx.ForgetTriesAt(ctx, "usr_2", secret.Hash{}) }) // another's account
	try(key, now.Add(interval))
}

func passwordIsUpgraded(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	upgrade := func(from, to string) {
		w.Helper()
		w.write(func(tx *store.Writer) error { return tx.UpgradePassword(ctx, alice.ID, from, to) })
	}
	upgrade(alice.PasswordHash, "new")
	alice.PasswordHash = "new"
	same(w, "User() after an upgrade", alice, get[sso.User](w, "User()")(w.reader().User(ctx, alice.ID)))
	upgrade("old", "newer") // was changed meanwhile
	same(w, "User() after a late upgrade", alice, get[sso.User](w, "User()")(w.reader().User(ctx, alice.ID)))
}

func credentialsAreNoted(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	carol := w.user(acme.ID, "carol")
	carol.CredentialsAt = time.Time{}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, carol) })
	carol.Version, carol.CredentialsAt = 1, w.later()
	for _, at := range []time.Time{carol.CredentialsAt, w.later()} { // the first time counts
		w.write(func(tx *store.Writer) error { return tx.NoteCredentials(ctx, carol.ID, at) })
	}
	same(w, "User()", carol, get[sso.User](w, "User()")(w.reader().User(ctx, carol.ID)))
}

func newBrowsersAreNoticed(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	first, second := secret.NewToken().Hash(), secret.NewToken().Hash()
	know := func(user sso.UserID, token secret.Hash, now time.Time, want bool) {
		w.Helper()
		w.write(func(tx *store.Writer) error {
			news, err := tx.KnowBrowser(ctx, user, token, now)
			if news != want {
				w.Errorf("KnowBrowser() = %v, want %v", news, want)
			}
			return err
		})
	}
	know(alice.ID, first, w.now, false) // the first of all is no news
	know(alice.ID, first, w.now, false)
	know(alice.ID, second, w.now, true)
	know(alice.ID, second, w.now.Add(time.Hour), false)
	know(bob.ID, first, w.now, false) // one browser, two people
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, w.now.Add(store.BrowserLife), store.Retention{})
		return err
	})
	know(alice.ID, first, w.now, true) // was not seen for a year; the other was
}

func sessionIsRefreshed(w *world) {
	ctx, r := w.ctx, w.reader()
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	s, old := w.addSession(acme.ID, alice.ID)
	token, now := secret.NewToken().Hash(), w.later()
	s.AMR, s.AuthTime, s.ExpiresAt = []string{"pwd", "otp"}, now, now.Add(10*time.Minute)
	s.SAML.NameID, s.SAML.SessionIndex, s.SAML.IssuedAt = "new", "_2", now
	w.write(func(tx *store.Writer) error { return tx.RefreshSession(ctx, s, token, now) })
	s.SeenAt = now
	missing[sso.Person](w, "Person() by the old token")(r.Person(ctx, old))
	same(w, "Person() by the new one", s, get[sso.Person](w, "Person()")(r.Person(ctx, token)).Session)
	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, s.ID, now) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.RefreshSession(ctx, s, secret.NewToken().Hash(), now) })
}

func credentialsAreWiped(w *world) {
	ctx, r := w.ctx, w.reader()
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	tokens := map[sso.UserID]secret.Hash{}
	for _, u := range []sso.User{alice, bob} {
		w.addMember(acme.ID, u.ID)
		_, tokens[u.ID] = w.addSession(acme.ID, u.ID)
		w.addFactor(w.totp(u.ID))
		w.write(func(tx *store.Writer) error {
			at := w.later()
			return errors.Join(
				tx.ReplaceRecoveryCodes(ctx, u.ID, []secret.Hash{secret.HashOf([]byte("a"))}, at),
				tx.InsertDevice(ctx, sso.Device{ID: sso.NewDeviceID(at), User: u.ID, CreatedAt: at, ExpiresAt: at}, secret.NewToken().Hash()),
				tx.SendSMSCode(ctx, w.smsCode(u.ID, "att_"+string(u.ID)), 1, 0))
		})
	}
	now := w.later()
	w.write(func(tx *store.Writer) error { return tx.WipeCredentials(ctx, alice.ID, now) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.WipeCredentials(ctx, "usr_none", now) })

	// An edit that began before does not bring the password back.
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, alice) })
	alice.PasswordHash, alice.UpdatedAt, alice.Version = "", now, 2
	same(w, "User()", alice, get[sso.User](w, "User()")(r.User(ctx, alice.ID)))
	none[sso.Factor](w, "Factors()")(r.Factors(ctx, alice.ID))
	none[sso.Device](w, "Devices()")(r.Devices(ctx, alice.ID))
	missing[store.SMSCode](w, "SMSCode()")(r.SMSCode(ctx, "att_"+string(alice.ID)))
	if p := get[sso.Person](w, "Person()")(r.Person(ctx, tokens[alice.ID])); !p.Session.EndedAt.Equal(now) {
		w.Errorf("the session ended at %v, want %v", p.Session.EndedAt, now)
	}
	same(w, "User() of another", bob, get[sso.User](w, "User()")(r.User(ctx, bob.ID)))
	factors, devices := get[[]sso.Factor](w, "Factors()")(r.Factors(ctx, bob.ID)), get[[]sso.Device](w, "Devices()")(r.Devices(ctx, bob.ID))
	if len(factors) != 1 || len(devices) != 1 {
		w.Errorf("another user is left with %d factors and %d devices", len(factors), len(devices))
	}
	if p := get[sso.Person](w, "Person()")(r.Person(ctx, tokens[bob.ID])); !p.Session.EndedAt.IsZero() {
		w.Error("another user's session ended")
	}
	for user, want := range map[sso.UserID]int{alice.ID: 0, bob.ID: 1} {
		if got := get[int](w, "RecoveryCodesLeft()")(r.RecoveryCodesLeft(ctx, user)); got != want {
			w.Errorf("%d recovery codes are left, want %d", got, want)
		}
	}
}

// many runs fn in as many transactions at once, and holds the number of those
// that succeed to want. The others must end in refusal.
func (w *world) many(want int, refusal error, fn func(tx *store.Writer) error) {
	w.Helper()
	const writers = 12
	var all sync.WaitGroup
	var won atomic.Int64
	for range writers {
		all.Go(func() {
			switch err := w.db.Write(w.ctx, fn); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, refusal):
				w.Errorf("Write() = %v, want %v", err, refusal)
			}
		})
	}
	all.Wait()
	if got := won.Load(); got != int64(want) {
		w.Errorf("%d of %d succeed, want %d", got, writers, want)
	}
}

func oneOfManyUsesStep(w *world) {
	app := w.addFactor(w.totp(w.addUser(w.addOrg("acme", nil).ID, "alice").ID))
	w.many(1, store.ErrUsed, func(tx *store.Writer) error { return tx.UseStep(w.ctx, app.ID, app.Step+1, w.now) })
}

func oneOfManyUsesRecoveryCode(w *world) {
	alice := w.addUser(w.addOrg("acme", nil).ID, "alice")
	a, b := secret.HashOf([]byte("a")), secret.HashOf([]byte("b"))
	w.write(func(tx *store.Writer) error {
		return tx.ReplaceRecoveryCodes(w.ctx, alice.ID, []secret.Hash{a, b}, w.now)
	})
	w.many(1, store.ErrNotFound, func(tx *store.Writer) error { return tx.UseRecoveryCode(w.ctx, alice.ID, a, w.now) })
}

func oneOfManyUsesSMSCode(w *world) {
	c := w.smsCode(w.addUser(w.addOrg("acme", nil).ID, "alice").ID, "att_1")
	w.write(func(tx *store.Writer) error { return tx.SendSMSCode(w.ctx, c, 1, 0) })
	w.many(1, store.ErrUsed, func(tx *store.Writer) error { return tx.UseSMSCode(w.ctx, c) })
}

func triesAtOnce(w *world) {
	const burst = 4
	no := errors.New("no")
	w.many(burst, no, func(tx *store.Writer) error {
		wait, err := tx.Try(w.ctx, secret.HashOf([]byte("k")), "", burst, time.Minute, w.now)
		if err == nil && !wait.IsZero() {
			err = no
		}
		return err
	})
}
