package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestARequestThatIsSentTwiceIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key, other := h.deploymentKey(sso.Scopes()...), h.deploymentKey(sso.Scopes()...)
	const path, body = "/api/v1/organizations", `{"key":"acme","name":"Acme"}`
	first := h.call(key, http.MethodPost, path, body, "Idempotency-Key", "one")
	second := h.call(key, http.MethodPost, path, body, "Idempotency-Key", "one")
	h.answered(first, http.StatusCreated)
	if h.answered(second, http.StatusCreated); first.Body.String() != second.Body.String() || second.Header().Get("Idempotency-Replayed") != "true" || second.Header().Get("Location") != first.Header().Get("Location") {
		t.Errorf("answered with %v %s, then with %v %s", first.Header(), first.Body, second.Header(), second.Body)
	}
	h.refused(h.call(key, http.MethodPost, path, `{"key":"acme","name":"Other"}`, "Idempotency-Key", "one"), http.StatusUnprocessableEntity, "idempotency_mismatch")
	h.refused(h.call(other, http.MethodPost, path, body, "Idempotency-Key", "one"), http.StatusConflict, "key_taken") // its own names
	h.refused(h.call(key, http.MethodPost, path, body, "Idempotency-Key", "ä"), http.StatusBadRequest, "idempotency_form")
	// A refusal has no effect, and may be sent again.
	h.refused(h.call(key, http.MethodPost, path, `{"key":"sub","name":"Sub","parent":"later"}`, "Idempotency-Key", "two"), http.StatusNotFound, "not_found")
	h.answered(h.call(key, http.MethodPost, path, `{"key":"later","name":"Later"}`), http.StatusCreated)
	h.answered(h.call(key, http.MethodPost, path, `{"key":"sub","name":"Sub","parent":"later"}`, "Idempotency-Key", "two"), http.StatusCreated)
}

// An answer is kept for the program that asked, for this request, as long as it
// may ask for that: the name alone opens nothing.
func TestAnAnswerIsRepeatedToNobodyElse(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	k, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	_, theirs := h.apiKey(&rival, sso.OrganizationScopes()...)
	_, sibling := h.apiKey(&acme, sso.OrganizationScopes()...)
	const path, body = "/api/v1/organizations/acme/users", `{"username":"zoe","email":"zoe@guest.example"}`
	again := func(key secret.Token, method, path string) *httptest.ResponseRecorder {
		return h.call(key, method, path, body, "Idempotency-Key", "one")
	}
	first := again(key, http.MethodPost, path)
	h.answered(first, http.StatusCreated)
	for name, tc := range map[string]struct {
		got    *httptest.ResponseRecorder
		status int
		code   string
	}{
		"another organization's program":          {again(theirs, http.MethodPost, path), http.StatusNotFound, "not_found"},
		"another organization's program, at home": {again(theirs, http.MethodPost, "/api/v1/organizations/rival/users"), http.StatusCreated, ""},
		"another program of the organization":     {again(sibling, http.MethodPost, path), http.StatusConflict, "user_there"},
		"for another path":                        {again(key, http.MethodPost, "/api/v1/organizations/acme/groups"), http.StatusUnprocessableEntity, "idempotency_mismatch"},
		"for the same of another organization":    {again(key, http.MethodPost, "/api/v1/organizations/rival/users"), http.StatusUnprocessableEntity, "idempotency_mismatch"},
		"for another way of naming it":            {again(key, http.MethodPost, "/api/v1/organizations/"+string(acme.by.Org.ID)+"/users"), http.StatusUnprocessableEntity, "idempotency_mismatch"},
		"with a parameter":                        {again(key, http.MethodPost, path+"?x=1"), http.StatusUnprocessableEntity, "idempotency_mismatch"},
		"the twin":                                {again(key, http.MethodPost, path), http.StatusCreated, ""},
	} {
		replayed := tc.got.Header().Get("Idempotency-Replayed") == "true"
		if replayed != (name == "the twin") {
			t.Errorf("%s: is the answer repeated? %v: %d %s", name, replayed, tc.got.Code, tc.got.Body)
		}
		if tc.code == "" {
			h.answered(tc.got, tc.status)
			continue
		}
		h.refused(tc.got, tc.status, tc.code)
	}
	h.write(func(tx *store.Writer) error { return tx.RevokeAPIKey(h.Context(), k.ID, now()) })
	h.refused(again(key, http.MethodPost, path), http.StatusUnauthorized, "api_key_over")
}

func TestOfManyEqualRequestsOneIsCarriedOut(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	var all sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		all.Go(func() {
			codes[i] = h.call(key, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"zoe"}`, "Idempotency-Key", "race").Code
		})
	}
	all.Wait()
	for _, code := range codes {
		if code != http.StatusCreated && code != http.StatusConflict {
			t.Errorf("answered with %v, want 201, or 409 while it runs", codes)
		}
	}
	got := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/users?q=zoe", ""), http.StatusOK)
	if len(got["items"].([]any)) != 1 {
		t.Errorf("there are %v", got)
	}
	h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"zoe"}`, "Idempotency-Key", "race"), http.StatusCreated)
}

// Where the server stops between the effect and its answer, the effect is not
// had again.
func TestARequestWhoseAnswerIsLostIsNotCarriedOutAgain(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	k, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const path, body = "/api/v1/organizations/acme/users", `{"username":"zoe"}`
	h.answered(h.call(key, http.MethodPost, path, body, "Idempotency-Key", "one"), http.StatusCreated)
	// As it is where the answer was not kept.
	name := secret.HashOf([]byte("one"))
	h.write(func(tx *store.Writer) error {
		q, err := tx.APIRequest(t.Context(), string(k.ID), name)
		if err != nil {
			return err
		}
		later := q
		later.BegunAt = q.ExpiresAt
		later.ExpiresAt = q.ExpiresAt.Add(programs.RequestKept)
		if _, err := tx.BeginAPIRequest(t.Context(), later, now()); err != nil {
			return err
		}
		return tx.FinishAPIRequest(t.Context(), string(k.ID), name, later.BegunAt)
	})
	h.refused(h.call(key, http.MethodPost, path, body, "Idempotency-Key", "one"), http.StatusConflict, "idempotency_unanswered")
}

// A request that takes longer than anybody waits gives way to one that is sent
// again. Of the two, one has its effect, whichever comes to it first.
func TestARequestThatIsOvertakenHasNoEffect(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	k, _ := h.apiKey(&acme, sso.OrganizationScopes()...)
	program, asks, at := k.Program(), secret.HashOf([]byte("what it asks")), now()
	slow := &programs.Service{DB: h.db, Authority: h.programs.Authority, Sealer: h.programs.Sealer, Now: func() time.Time { return at.Add(-time.Hour) }}
	begin := func(s *programs.Service) (context.Context, programs.Request) {
		t.Helper()
		ctx, q, _, err := s.Begin(t.Context(), &program, "one", asks)
		if err != nil {
			t.Fatal(err)
		}
		return ctx, q
	}
	effect := func(*store.Writer) error { return nil }
	first, overtaken := begin(slow)
	second, request := begin(h.programs)
	if err := h.db.Write(first, effect); !fault.Is(err, "idempotency_running") {
		t.Errorf("the effect of the first: %v, want idempotency_running", err)
	}
	if err := h.programs.Forget(t.Context(), overtaken); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an effect may take more than one transaction
		if err := h.db.Write(second, effect); err != nil {
			t.Errorf("the effect of the second: %v", err)
		}
	}
	if err := h.programs.Keep(t.Context(), request, programs.Answer{Status: http.StatusCreated}); err != nil {
		t.Fatal(err)
	}
	if _, _, answer, err := h.programs.Begin(t.Context(), &program, "one", asks); err != nil || answer == nil || answer.Status != http.StatusCreated {
		t.Errorf("sent again: %v, %v, want the answer of the second", answer, err)
	}
}

// Whoever hangs up after the effect, and asks again under the same name, gets no
// second one.
func TestARequestThatFailsAfterItsEffectIsNotCarriedOutAgain(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	k, _ := h.apiKey(&acme, sso.OrganizationScopes()...)
	program, asks := k.Program(), secret.HashOf([]byte("what it asks"))
	begin := func() (context.Context, programs.Request, error) {
		ctx, q, _, err := h.programs.Begin(t.Context(), &program, "one", asks)
		return ctx, q, err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// One that is refused before it has an effect may be sent again, whatever was
	// counted meanwhile.
	ctx, q, err := begin()
	must(err)
	must(h.connecting.Limits.Allow(ctx, backoff.Looks(acme.by.Org.ID)))
	must(h.programs.Forget(ctx, q))
	ctx, q, err = begin()
	must(err)
	must(h.db.Write(ctx, func(*store.Writer) error { return nil })) // its effect
	must(h.programs.Forget(ctx, q))
	if _, _, err := begin(); !fault.Is(err, "idempotency_unanswered") {
		t.Errorf("sent again: %v, want idempotency_unanswered", err)
	}
}

func TestAProgramThatAsksTooOftenIsToldWhenToGoOn(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key, other := h.deploymentKey(sso.Scopes()...), h.deploymentKey(sso.Scopes()...)
	at := now()
	h.programs.Now = func() time.Time { return at } // while a slow machine asks, it may ask once more and once more
	first := h.call(key, http.MethodGet, "/api/v1/organizations", "")
	if first.Header().Get("RateLimit") == "" || first.Header().Get("RateLimit-Policy") == "" {
		t.Errorf("nothing is said of the allowance: %v", first.Header())
	}
	var last *httptest.ResponseRecorder
	for range programs.Burst {
		if last = h.call(key, http.MethodGet, "/api/v1/organizations/none", ""); last.Code == http.StatusTooManyRequests {
			break
		}
	}
	h.refused(last, http.StatusTooManyRequests, "api_rate")
	if after, err := strconv.Atoi(last.Header().Get("Retry-After")); err != nil || after < 1 || after > 3 {
		t.Errorf("whoever asks too often may go on after %q", last.Header().Get("Retry-After"))
	}
	h.answered(h.call(other, http.MethodGet, "/api/v1/organizations", ""), http.StatusOK)
}
