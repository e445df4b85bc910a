package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func attemptsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	missing[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, "att_none"))
	a := w.attempt()
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
	a.Version = 1
	full(w, a)
	full(w, a.Proof)
	same(w, "Attempt()", a, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, a.ID)))
	w.conflict("attempts_id", func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })

	fresh := sso.Attempt{ID: sso.NewAttemptID(w.now), Browser: a.Browser, CreatedAt: w.now, ExpiresAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, fresh) })
	fresh.Version = 1
	same(w, "an attempt of which little is known", fresh, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, fresh.ID)))

	changed := w.attempt()
	changed.ID, changed.Browser, changed.CreatedAt, changed.Test, changed.Demand, changed.Version = fresh.ID, fresh.Browser, fresh.CreatedAt, "", fresh.Demand, 1
	w.write(func(tx *store.Writer) error { return tx.SaveAttempt(ctx, changed) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.SaveAttempt(ctx, changed) })
	changed.Version++
	same(w, "Attempt() after a save", changed, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, fresh.ID)))

	changed.DoneAt, changed.Hops = w.later(), changed.Hops[:1]
	ended := changed
	ended.Request = "what is not stored any more"
	its := sso.Trace{Reference: changed.Reference, Attempt: changed.ID, Hops: changed.Hops}
	w.write(func(tx *store.Writer) error { return tx.EndAttempt(ctx, ended, its) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.EndAttempt(ctx, ended, its) })
	changed.Version++
	same(w, "Attempt() at its end", changed, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, fresh.ID)))

	c := w.addConnection(w.addOrg("acme", nil).ID, "acme-idp")
	gone := sso.Attempt{ID: sso.NewAttemptID(w.now), Browser: a.Browser, Connection: c.ID, Method: sso.BySSO, CreatedAt: w.now, ExpiresAt: w.later()}
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, gone) })
	gone.Version = 1
	none[store.Lost](w, "LostAttempts() before its time")(r.LostAttempts(ctx, gone.CreatedAt, 10))
	same(w, "LostAttempts()", []store.Lost{{Attempt: gone, Org: c.Org}}, get[[]store.Lost](w, "LostAttempts()")(r.LostAttempts(ctx, gone.ExpiresAt, 10)))
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.DeleteAttempts(ctx, nil), tx.DeleteAttempts(ctx, []sso.AttemptID{gone.ID}))
	})
	missing[sso.Attempt](w, "Attempt() that is deleted")(r.Attempt(ctx, gone.ID))
	same(w, "Attempt() of another", changed.ID, get[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, changed.ID)).ID)
}

func tracesAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	missing[sso.Trace](w, "Trace()")(r.Trace(ctx, "7F3K-22QD"))
	missing[sso.Trace](w, "Org().Trace()")(r.Org("org_a").Trace(ctx, "7F3K-22QD"))
	none[sso.Trace](w, "Traces()")(r.Org("org_a").Traces(ctx, 10))

	first, second, nobody := w.trace("org_a"), w.trace("org_a"), sso.Trace{Reference: secret.NewReference(), At: w.later()}
	full(w, first)
	for _, t := range []sso.Trace{first, second, nobody} {
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
	}
	same(w, "Trace()", first, get[sso.Trace](w, "Trace()")(r.Trace(ctx, first.Reference)))
	same(w, "Trace() of nobody", nobody, get[sso.Trace](w, "Trace()")(r.Trace(ctx, nobody.Reference)))
	same(w, "Org().Trace()", first, get[sso.Trace](w, "Org().Trace()")(r.Org("org_a").Trace(ctx, first.Reference)))
	same(w, "Traces()", []sso.Trace{second, first}, get[[]sso.Trace](w, "Traces()")(r.Org("org_a").Traces(ctx, 10)))
	same(w, "Traces() of one", []sso.Trace{second}, get[[]sso.Trace](w, "Traces()")(r.Org("org_a").Traces(ctx, 1)))
	w.conflict("traces_reference", func(tx *store.Writer) error { return tx.InsertTrace(ctx, first) })
}

func eventsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[sso.Event](w, "Events()")(r.Org("org_a").Events(ctx, 10))
	at := w.later()
	e := full(w, sso.Event{Org: "org_a", At: at, Actor: "usr_x", OnBehalf: "usr_y", Address: "192.0.2.1", UserAgent: "Firefox", Action: "connection.activated", Target: "con_x", Detail: map[string]string{"state": "active"}, Changes: []sso.Change{{Field: "state", From: "tested", To: "active"}}})
	later := e
	later.At, later.Detail = w.later(), nil
	w.write(func(tx *store.Writer) error { return tx.Record(ctx, e) })
	w.write(func(tx *store.Writer) error {
		elsewhere := later
		elsewhere.Org = "org_b"
		return tx.Org("org_a").Record(ctx, elsewhere) // is of the organization all the same
	})
	w.write(func(tx *store.Writer) error {
		return tx.Record(ctx, sso.Event{At: at, Actor: "operator", Action: "key.made"})
	})
	same(w, "Events()", []sso.Event{later, e}, get[[]sso.Event](w, "Events()")(r.Org("org_a").Events(ctx, 10)))
	same(w, "Events() of one", []sso.Event{later}, get[[]sso.Event](w, "Events()")(r.Org("org_a").Events(ctx, 1)))
}

func signingKeysAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[store.SigningKey](w, "SigningKeys()")(r.SigningKeys(ctx, store.KeyForOIDC))
	app := w.app("old")
	for _, want := range []sso.TokenAlg{"", sso.AlgES256, sso.AlgRS256} {
		same(w, "RS256Wanted() before it is", false, get[bool](w, "RS256Wanted()")(r.RS256Wanted(ctx)))
		app.IDTokenAlg = want
		w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
		app.Version++
	}
	same(w, "RS256Wanted()", true, get[bool](w, "RS256Wanted()")(r.RS256Wanted(ctx)))
	key := func(id string, use store.KeyUse, state store.KeyState) store.SigningKey {
		return store.SigningKey{
			ID: id, Use: use, Algorithm: "ES256", Private: []byte{1, 0, 255}, Public: []byte{2}, State: state, Since: w.later(), CreatedAt: w.later(),
		}
	}
	insert := func(k store.SigningKey) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.InsertSigningKey(ctx, k) }
	}
	current, next := key("k1", store.KeyForOIDC, store.KeyCurrent), key("k2", store.KeyForOIDC, store.KeyNext)
	full(w, current)
	w.write(insert(current))
	w.write(insert(next))
	w.write(insert(key("k3", store.KeyForSAML, store.KeyCurrent)))
	w.conflict(store.CurrentSigningKey, insert(key("k4", store.KeyForOIDC, store.KeyCurrent)))
	w.conflict("signing_keys_kid", insert(key("k1", store.KeyForOIDC, store.KeyNext)))
	same(w, "SigningKeys()", []store.SigningKey{current, next}, get[[]store.SigningKey](w, "SigningKeys()")(r.SigningKeys(ctx, store.KeyForOIDC)))

	now := w.later()
	w.conflict(store.CurrentSigningKey, func(tx *store.Writer) error { return tx.SetSigningKeyState(ctx, "k2", store.KeyCurrent, now) })
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.SetSigningKeyState(ctx, "k1", store.KeyRetired, now), tx.SetSigningKeyState(ctx, "k2", store.KeyCurrent, now))
	})
	current.State, current.Since, next.State, next.Since = store.KeyRetired, now, store.KeyCurrent, now
	same(w, "SigningKeys() after roll-over", []store.SigningKey{current, next}, get[[]store.SigningKey](w, "SigningKeys()")(r.SigningKeys(ctx, store.KeyForOIDC)))
	w.write(func(tx *store.Writer) error { return tx.DeleteSigningKey(ctx, "k1") })
	same(w, "SigningKeys() after a deletion", []store.SigningKey{next}, get[[]store.SigningKey](w, "SigningKeys()")(r.SigningKeys(ctx, store.KeyForOIDC)))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteSigningKey(ctx, "k1") })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SetSigningKeyState(ctx, "k1", store.KeyNext, now) })
}

// consume is [store.Writer.Consume] in a transaction of its own.
func (w *world) consume(kind store.Kind, hash secret.Hash, now time.Time) (string, error) {
	payload := ""
	err := w.db.Write(w.ctx, func(tx *store.Writer) error {
		var err error
		payload, err = tx.Consume(w.ctx, kind, hash, now)
		return err
	})
	return payload, err
}

func (w *world) addSingleUse(kind store.Kind, hash secret.Hash, expires time.Time) {
	w.Helper()
	w.write(func(tx *store.Writer) error { return tx.InsertSingleUse(w.ctx, kind, hash, expires, `{"a":1}`) })
}

func singleUse(w *world) {
	ctx := w.ctx
	hash := secret.NewToken().Hash()
	end := w.now.Add(time.Minute)
	insert := func(kind store.Kind) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.InsertSingleUse(ctx, kind, hash, end, "x") }
	}
	gives := func(what, payload string, want error, kind store.Kind, now time.Time) {
		w.Helper()
		// A look tells what consuming will, and consumes nothing.
		if got, err := w.reader().SingleUse(ctx, kind, hash, now); got != payload || !errors.Is(err, want) {
			w.Errorf("%s: SingleUse() = %q, %v, want %q, %v", what, got, err, payload, want)
		}
		got, err := w.consume(kind, hash, now)
		if got != payload || !errors.Is(err, want) {
			w.Errorf("%s: Consume() = %q, %v, want %q, %v", what, got, err, payload, want)
		}
	}
	gives("never there", "", store.ErrNotFound, store.KindSAMLLogout, w.now)
	w.addSingleUse(store.KindSAMLLogout, hash, end)
	w.refused(store.ErrUsed, insert(store.KindSAMLLogout))
	gives("of another kind", "", store.ErrNotFound, store.KindTrialCode, w.now)
	gives("expired", "", store.ErrNotFound, store.KindSAMLLogout, end)
	gives("in time", `{"a":1}`, nil, store.KindSAMLLogout, end.Add(-time.Microsecond))
	gives("twice", "", store.ErrUsed, store.KindSAMLLogout, w.now)
	gives("twice, expired", "", store.ErrUsed, store.KindSAMLLogout, end)
	w.refused(store.ErrUsed, insert(store.KindSAMLLogout))
	w.write(insert(store.KindSAMLAssertion)) // the same value of another kind is another thing

	// What is undone is not used up.
	undo := errors.New("undo")
	w.refused(undo, func(tx *store.Writer) error {
		if _, err := tx.Consume(ctx, store.KindSAMLAssertion, hash, w.now); err != nil {
			return err
		}
		return undo
	})
	gives("after an undone use", "x", nil, store.KindSAMLAssertion, w.now)

	// ErrUsed is an answer and no failure: the transaction may go on.
	w.write(func(tx *store.Writer) error {
		if err := tx.InsertSingleUse(ctx, store.KindSAMLAssertion, hash, end, ""); !errors.Is(err, store.ErrUsed) {
			w.Errorf("InsertSingleUse() = %v, want ErrUsed", err)
		}
		return tx.InsertTrace(ctx, w.trace("org_a"))
	})
}

func expiredIsDeleted(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	sweep := w.sweep
	s, session := w.addSession(acme.ID, alice.ID)
	a := w.attempt()
	trace := w.trace(acme.ID)
	app := w.app("portal")
	grant := store.Grant{ID: sso.NewGrantID(w.now), App: app.ID, User: alice.ID, Org: acme.ID, Session: s.ID, CreatedAt: w.now}
	end := s.ExpiresAt.Add(-time.Hour)
	token := store.Token{Hash: secret.NewToken().Hash(), Kind: store.AccessToken, Grant: grant.ID, CreatedAt: w.now, ExpiresAt: end}
	hash := secret.NewToken().Hash()
	a.ExpiresAt = end
	w.write(func(tx *store.Writer) error {
		return errors.Join(
			tx.InsertAttempt(ctx, a), tx.InsertTrace(ctx, trace), tx.SaveApp(ctx, app), tx.InsertGrant(ctx, grant, first()), tx.InsertToken(ctx, token),
			tx.InsertSingleUse(ctx, store.KindSAMLAssertion, hash, end, ""))
	})
	if n := sweep(end.Add(-time.Microsecond)); n != 0 {
		w.Errorf("DeleteExpired() before the time deletes %d", n)
	}
	if n := sweep(end); n != 1 {
		w.Errorf("DeleteExpired() deletes %d, want the token", n)
	}
	if n := sweep(end.Add(store.ClocksApart - time.Microsecond)); n != 0 {
		w.Errorf("DeleteExpired() by a clock that is ahead deletes %d", n)
	}
	if n := sweep(end.Add(store.ClocksApart)); n != 2 {
		w.Errorf("DeleteExpired() deletes %d, want attempt and single-use thing", n)
	}
	r := w.reader()
	missing[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, a.ID))
	missing[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, token.Hash))
	w.addSingleUse(store.KindSAMLAssertion, hash, end)
	get[sso.Person](w, "Person()")(r.Person(ctx, session))

	if n := sweep(s.ExpiresAt); n != 2 {
		w.Errorf("DeleteExpired() deletes %d, want session and single-use thing", n)
	}
	missing[sso.Person](w, "Person()")(r.Person(ctx, session))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { // the grant went with the session
		_, err := tx.RevokeGrantByCode(ctx, grant.Code, w.now)
		return err
	})
	get[sso.Trace](w, "Trace()")(r.Trace(ctx, trace.Reference))
	if n := sweep(trace.At.Add(store.TraceLife)); n != 1 {
		w.Errorf("DeleteExpired() deletes %d, want the trace", n)
	}
	missing[sso.Trace](w, "Trace()")(r.Trace(ctx, trace.Reference))
}
