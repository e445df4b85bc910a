package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func apiKeysAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	key := func(org sso.OrgID, at time.Time) (sso.APIKey, secret.Hash) {
		k := sso.APIKey{
			ID: sso.NewAPIKeyID(at), Org: org, Name: "HR", Hint: "sallyport_AbCd…wxyz", Scopes: []sso.Scope{sso.ScopeUsersRead, sso.ScopeUsersWrite}, By: "usr_a",
			CreatedAt: at, ExpiresAt: at.Add(time.Hour), RevokedAt: at.Add(time.Minute), UsedAt: at,
		}
		token := secret.NewToken().Hash()
		w.write(func(tx *store.Writer) error { return tx.InsertAPIKey(ctx, k, token) })
		return k, token
	}
	k, token := key(acme.ID, w.now)
	full(w, k)
	later, _ := key(acme.ID, w.now.Add(time.Second))
	deployment, _ := key("", w.now)
	r := w.reader()
	same(w, "APIKeyByToken()", k, get[sso.APIKey](w, "APIKeyByToken()")(r.APIKeyByToken(ctx, token)))
	missing[sso.APIKey](w, "APIKeyByToken()")(r.APIKeyByToken(ctx, secret.NewToken().Hash()))
	same(w, "APIKey()", k, get[sso.APIKey](w, "APIKey()")(r.APIKey(ctx, k.ID)))
	missing[sso.APIKey](w, "APIKey()")(r.APIKey(ctx, "key_none"))
	same(w, "APIKeys()", []sso.APIKey{later, k}, get[[]sso.APIKey](w, "APIKeys()")(r.Org(acme.ID).APIKeys(ctx, w.now, 10)))
	same(w, "APIKeys() of one", []sso.APIKey{later}, get[[]sso.APIKey](w, "APIKeys()")(r.Org(acme.ID).APIKeys(ctx, w.now, 1)))
	none[sso.APIKey](w, "APIKeys() of another organization")(r.Org(other.ID).APIKeys(ctx, w.now, 10))
	same(w, "DeploymentAPIKeys()", []sso.APIKey{deployment}, get[[]sso.APIKey](w, "DeploymentAPIKeys()")(r.DeploymentAPIKeys(ctx, w.now, 10)))
	names := get[map[string]string](w, "NamesIn()")(r.NamesIn(ctx, []sso.Event{{Actor: string(k.ID)}, {Actor: "key_none"}}))
	same(w, "NamesIn()", map[string]string{string(k.ID): "HR"}, names)

	live, _ := key(acme.ID, w.now.Add(2*time.Second))
	live.RevokedAt = time.Time{}
	for _, k := range []sso.APIKey{{Org: acme.ID}, {Org: acme.ID, ExpiresAt: w.now.Add(time.Hour)}, {Org: other.ID}, {}} {
		k.ID, k.Name, k.CreatedAt = sso.NewAPIKeyID(w.now), "good", w.now
		w.write(func(tx *store.Writer) error { return tx.InsertAPIKey(ctx, k, secret.NewToken().Hash()) })
	}
	for _, tc := range []struct {
		org  sso.OrgID
		at   time.Duration
		want int
	}{{acme.ID, time.Minute, 2}, {acme.ID, time.Hour, 1}, {other.ID, 0, 1}, {"", 0, 1}, {"org_none", 0, 0}} {
		if n := get[int](w, "CountAPIKeys()")(r.CountAPIKeys(ctx, tc.org, w.now.Add(tc.at))); n != tc.want {
			w.Errorf("CountAPIKeys() of %q after %v = %d, want %d", tc.org, tc.at, n, tc.want)
		}
	}
	// However many keys have ended since: the ones that are good are always there.
	for _, tc := range []struct {
		at   time.Duration
		want int
	}{{time.Minute, 2}, {time.Hour, 1}} {
		good := slices.DeleteFunc(get[[]sso.APIKey](w, "APIKeys()")(r.Org(acme.ID).APIKeys(ctx, w.now.Add(tc.at), tc.want)), func(k sso.APIKey) bool { return k.Name != "good" })
		if len(good) != tc.want {
			w.Errorf("of the first %d keys after %v, %d are good", tc.want, tc.at, len(good))
		}
	}
	if first := get[[]sso.APIKey](w, "DeploymentAPIKeys()")(r.DeploymentAPIKeys(ctx, w.now.Add(time.Hour), 1)); len(first) != 1 || first[0].Name != "good" {
		w.Errorf("the first key of the deployment is %v, want the one that is good", first)
	}
	w.write(func(tx *store.Writer) error { return tx.TouchAPIKey(ctx, live.ID, w.now.Add(time.Hour)) })
	w.write(func(tx *store.Writer) error { return tx.TouchAPIKey(ctx, live.ID, w.now.Add(time.Minute)) })
	w.write(func(tx *store.Writer) error { return tx.RevokeAPIKey(ctx, k.ID, w.now.Add(time.Hour)) })
	same(w, "APIKey() that was revoked before", k, get[sso.APIKey](w, "APIKey()")(r.APIKey(ctx, k.ID)))
	got := get[sso.APIKey](w, "APIKey()")(r.APIKey(ctx, live.ID))
	same(w, "use of a key", w.now.Add(time.Hour), got.UsedAt)
}

// A setup link that a program has made is good for as long as its key is.
func setupLinksGoWithTheirKey(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	k := sso.APIKey{ID: sso.NewAPIKeyID(w.now), Org: acme.ID, Name: "HR", CreatedAt: w.now}
	l := sso.SetupLink{ID: sso.NewSetupLinkID(w.now), Org: acme.ID, Scope: sso.SetupSSO, By: sso.UserID(k.ID), CreatedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	w.write(func(tx *store.Writer) error { return tx.InsertAPIKey(ctx, k, secret.NewToken().Hash()) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertSetupLink(ctx, l, secret.NewToken().Hash()) })
	disowned := func() bool {
		return get[sso.SetupLink](w, "SetupLink()")(w.reader().Org(acme.ID).SetupLink(ctx, l.ID)).Disowned
	}
	if disowned() {
		w.Error("the link of a live key is disowned")
	}
	w.write(func(tx *store.Writer) error { return tx.RevokeAPIKey(ctx, k.ID, w.now) })
	if !disowned() {
		w.Error("the link of a revoked key is not disowned")
	}
}

func apiRequestsAreKept(w *world) {
	ctx := w.ctx
	q := store.APIRequest{Program: "key_a", Key: secret.HashOf([]byte("k")), Body: secret.HashOf([]byte("b")), State: store.APIRequestRunning, BegunAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	begin := func(q store.APIRequest, abandoned time.Time) *store.APIRequest {
		var there *store.APIRequest
		w.write(func(tx *store.Writer) (err error) {
			there, err = tx.BeginAPIRequest(ctx, q, abandoned)
			return err
		})
		return there
	}
	if there := begin(q, time.Time{}); there != nil {
		w.Fatalf("the first request finds %v", there)
	}
	same(w, "APIRequest()", q, get[store.APIRequest](w, "APIRequest()")(w.reader().APIRequest(ctx, q.Program, q.Key)))
	missing[store.APIRequest](w, "APIRequest() of another program")(w.reader().APIRequest(ctx, "key_b", q.Key))
	other := q
	other.Program = "key_b"
	if there := begin(other, time.Time{}); there != nil {
		w.Errorf("another program's request finds %v", there)
	}
	again := q
	again.BegunAt, again.Body = w.now.Add(time.Minute), secret.HashOf([]byte("c"))
	if there := begin(again, w.now.Add(-time.Second)); there == nil || there.Body != q.Body {
		w.Errorf("a request that runs is begun again: %v", there)
	}
	if there := begin(again, w.now); there != nil {
		w.Errorf("a request that was abandoned does not give way: %v", there)
	}
	// The one that it has taken the place of has no effect any more, and is not the
	// one that is answered or forgotten.
	if err := w.db.Write(ctx, func(tx *store.Writer) error { return tx.FinishAPIRequest(ctx, q.Program, q.Key, q.BegunAt) }); !errors.Is(err, store.ErrNotFound) {
		w.Errorf("the effect of a request that was abandoned: %v, want ErrNotFound", err)
	}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.AnswerAPIRequest(ctx, q.Program, q.Key, q.BegunAt, []byte("late")), tx.ForgetAPIRequest(ctx, q.Program, q.Key, q.BegunAt))
	})
	if there := begin(again, w.now.Add(-time.Second)); there == nil || there.State != store.APIRequestRunning {
		w.Errorf("what was abandoned ends the one in its place: %v", there)
	}
	w.write(func(tx *store.Writer) error { return tx.FinishAPIRequest(ctx, q.Program, q.Key, again.BegunAt) })
	w.write(func(tx *store.Writer) error { return tx.ForgetAPIRequest(ctx, q.Program, q.Key, again.BegunAt) })
	if there := begin(again, w.now.Add(time.Hour)); there == nil || there.State != store.APIRequestDone {
		w.Errorf("a request that had its effect is begun again: %v", there)
	}
	w.write(func(tx *store.Writer) error {
		return tx.AnswerAPIRequest(ctx, q.Program, q.Key, again.BegunAt, []byte("sealed"))
	})
	w.write(func(tx *store.Writer) error { return tx.ForgetAPIRequest(ctx, q.Program, q.Key, again.BegunAt) })
	if there := begin(again, w.now.Add(time.Hour)); there == nil || there.State != store.APIRequestAnswered || string(there.Answer) != "sealed" {
		w.Errorf("a request that was answered is %v", there)
	}
	late := again
	late.BegunAt, late.ExpiresAt = q.ExpiresAt, q.ExpiresAt.Add(time.Hour)
	if there := begin(late, time.Time{}); there != nil {
		w.Errorf("a request past its time does not give way: %v", there)
	}
	w.write(func(tx *store.Writer) error { return tx.ForgetAPIRequest(ctx, q.Program, q.Key, late.BegunAt) })
	missing[store.APIRequest](w, "APIRequest() that was forgotten")(w.reader().APIRequest(ctx, q.Program, q.Key))
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, q.ExpiresAt, store.Retention{})
		return err
	})
	missing[store.APIRequest](w, "APIRequest() that has expired")(w.reader().APIRequest(ctx, "key_b", q.Key))
}

func oneOfManyBeginsARequest(w *world) {
	q := store.APIRequest{Program: "key_a", Key: secret.HashOf([]byte("k")), Body: secret.HashOf([]byte("b")), BegunAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	var began atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var there *store.APIRequest
			err := w.db.Write(w.ctx, func(tx *store.Writer) (err error) {
				there, err = tx.BeginAPIRequest(w.ctx, q, w.now.Add(-time.Hour))
				return err
			})
			if err != nil {
				w.Errorf("BeginAPIRequest() = %v", err)
			} else if there == nil {
				began.Add(1)
			}
		})
	}
	all.Wait()
	if n := began.Load(); n != 1 {
		w.Errorf("%d requests of one name began, want 1", n)
	}
}

// What is wanted along with a transaction is kept with it, or not at all.
func alongWithATransaction(w *world) {
	q := store.APIRequest{Program: "key_a", Key: secret.HashOf([]byte("k")), BegunAt: w.now, ExpiresAt: w.now.Add(time.Hour)}
	w.write(func(tx *store.Writer) error {
		_, err := tx.BeginAPIRequest(w.ctx, q, w.now.Add(-time.Hour))
		return err
	})
	ctx := store.Along(w.ctx, func(ctx context.Context, tx *store.Writer) error {
		return tx.FinishAPIRequest(ctx, q.Program, q.Key, q.BegunAt)
	})
	state := func() store.APIRequestState {
		return get[store.APIRequest](w, "APIRequest()")(w.reader().APIRequest(w.ctx, q.Program, q.Key)).State
	}
	if err := w.db.Write(ctx, func(*store.Writer) error { return store.ErrUsed }); !errors.Is(err, store.ErrUsed) || state() != store.APIRequestRunning {
		w.Errorf("a transaction that fails: %v, and the request is %s", err, state())
	}
	if err := w.db.Write(store.Aside(ctx), func(*store.Writer) error { return nil }); err != nil || state() != store.APIRequestRunning {
		w.Errorf("a transaction aside: %v, and the request is %s", err, state())
	}
	if err := w.db.Write(ctx, func(*store.Writer) error { return nil }); err != nil || state() != store.APIRequestDone {
		w.Errorf("a transaction that succeeds: %v, and the request is %s", err, state())
	}
}

func requestsAreSpent(w *world) {
	key := secret.HashOf([]byte("k"))
	spend := func(n int, at time.Time) (left int, wait time.Time) {
		w.write(func(tx *store.Writer) (err error) {
			left, wait, err = tx.SpendTries(w.ctx, key, n, 10, time.Second, at)
			return err
		})
		return left, wait
	}
	for i, tc := range []struct {
		n    int
		at   time.Duration
		left int
		wait time.Duration // 0: none
	}{{4, 0, 6, 0}, {4, 0, 2, 0}, {4, 0, 0, 2 * time.Second}, {4, 2 * time.Second, 0, 0}, {1, 2 * time.Second, 0, 3 * time.Second}, {10, time.Hour, 0, 0}} {
		left, wait := spend(tc.n, w.now.Add(tc.at))
		want := time.Time{}
		if tc.wait != 0 {
			want = w.now.Add(tc.wait)
		}
		if left != tc.left || !wait.Equal(want) {
			w.Errorf("%d: %d after %v leaves %d, wait until %v; want %d, %v", i, tc.n, tc.at, left, wait, tc.left, want)
		}
	}
}
