package setup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestWebhooksAreSetByAFile(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		keys := map[string][]byte{"one": bytes.Repeat([]byte{1}, 32), "two": bytes.Repeat([]byte{2}, 32)}
		for name, key := range keys {
			if err := os.WriteFile(filepath.Join(h.dir, name), []byte("whsec_"+base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		sealer, err := h.Sealer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		hook := func() (w sso.Webhook, key, previous []byte) {
			t.Helper()
			h.read(func(ctx context.Context, r *store.Reader) error {
				all, err := r.Org("").Webhooks(ctx)
				if err != nil || len(all) != 1 {
					t.Fatalf("webhooks %+v, %v, want one", all, err)
				}
				w = all[0]
				return nil
			})
			key, err := sealer.Open(store.WebhookSecretPlace(w.ID), w.Secret)
			if err != nil {
				t.Fatal(err)
			}
			if w.Previous != nil {
				if previous, err = sealer.Open(store.WebhookSecretPlace(w.ID), w.Previous); err != nil {
					t.Fatal(err)
				}
			}
			return w, key, previous
		}
		file := func(says string) string { return `webhooks: [{url: "https://hooks.example/in"` + says + `}]` }
		dry, err := h.apply(file(", secret_file: one"), setup.DryRun)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.must(file(", secret_file: one")); len(got) != 1 || !slices.Equal(got, dry) {
			t.Errorf("a new one: %q, and a dry run said %q", got, dry)
		}
		if _, key, _ := hook(); !bytes.Equal(key, keys["one"]) {
			t.Error("it has another secret than the file")
		}
		for _, same := range []string{file(", secret_file: one"), file("")} {
			if got := h.must(same); len(got) != 0 {
				t.Errorf("%s again: %q, want nothing", same, got)
			}
		}
		if got := h.must(file(", secret_file: two, note: people, events: [user.created]")); len(got) != 1 || got[0] != "webhook https://hooks.example/in: changed note, events, secret_file" {
			t.Errorf("another secret: %q", got)
		}
		if w, key, previous := hook(); !bytes.Equal(key, keys["two"]) || !bytes.Equal(previous, keys["one"]) || !w.PreviousUntil.Equal(h.Now().Add(sso.SecretOverlap)) {
			t.Errorf("secrets %v and %v until %v, want the one before to sign beside it for a while", key, previous, w.PreviousUntil)
		}
		// As in the console, one that is switched on has not failed yet.
		h.write(func(ctx context.Context, tx *store.Writer) error {
			w, _, _ := hook()
			w.State, w.Failures, w.FailingSince = sso.WebhookFailed, 7, h.Now().Add(-sso.WebhookPatience)
			return tx.Org("").SaveWebhook(ctx, w)
		})
		if got := h.must(file(", state: enabled")); len(got) != 1 {
			t.Errorf("switched on: %q", got)
		}
		if w, _, _ := hook(); w.State != sso.WebhookEnabled || w.Failures != 0 || !w.FailingSince.IsZero() {
			t.Errorf("switched on it has failed %d times since %v", w.Failures, w.FailingSince)
		}
		err = h.DB.Read(t.Context(), func(r *store.Reader) error {
			all, err := r.ListEvents(t.Context(), store.EventQuery{Noun: "webhook", Limit: 10})
			for _, e := range all.Recorded {
				if text := string(e.Line()); strings.Contains(text, "hooks.example/in") { // by which the receiver may know us
					t.Errorf("the audit list says the path: %s", text)
				}
			}
			if len(all.Recorded) != 3 {
				t.Errorf("%d events, want 3", len(all.Recorded))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct{ file, code string }{
			"not to be called":       {`webhooks: [{url: "ftp://hooks.example/"}]`, "webhook_url"},
			"an event that is none":  {file(", events: [user.eaten]"), "event_type_unknown"},
			"a secret that is none":  {file(", secret_file: app.secret"), "webhook_secret"},
			"a state that is none":   {file(", state: failed"), "apply_value"},
			"more than there may be": {`webhooks: [` + strings.Repeat(`{url: "https://x.example/"},`, 1) + manyHooks() + `]`, "webhooks_many"},
			"one of them twice":      {`webhooks: [{url: "https://x.example/"}, {url: "https://x.example/"}]`, "apply_twice"},
		} {
			if _, err := h.apply(tc.file, setup.Commit); !says(err, tc.code) {
				t.Errorf("%s: %v, want %s", name, err, tc.code)
			}
		}
		f, err := setup.ParseFile([]byte(`webhooks: []`))
		if err != nil {
			t.Fatal(err)
		}
		if changes, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed}); err != nil || len(changes) != 1 || changes[0].Did != setup.Deleted {
			t.Errorf("pruned: %v, %v", changes, err)
		}
	})
}

// Several webhooks may have one URL. A line that is new takes none of them from
// the line that means it.
func TestWebhooksOfOneURLAreToldApartByTheirNotes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		ids := func() map[string]sso.WebhookID {
			t.Helper()
			of := map[string]sso.WebhookID{}
			h.read(func(ctx context.Context, r *store.Reader) error {
				all, err := r.Org("").Webhooks(ctx)
				for i := range all {
					of[all[i].Note] = all[i].ID
				}
				if len(of) != len(all) {
					t.Errorf("%d webhooks have %d notes", len(all), len(of))
				}
				return err
			})
			return of
		}
		h.must(`webhooks: [{url: "https://hooks.example/", note: people}]`)
		first := ids()["people"]
		const two = `webhooks: [{url: "https://hooks.example/", note: "audit "}, {url: " https://hooks.example/", note: people}]`
		if got := h.must(two); len(got) != 1 || !strings.HasSuffix(got[0], "created") {
			t.Errorf("another one before it: %q, want one that is made", got)
		}
		if got := h.must(two); len(got) != 0 {
			t.Errorf("again: %q, want nothing", got)
		}
		if of := ids(); len(of) != 2 || of["people"] != first {
			t.Errorf("now they are %v, want %s to be the same", of, first)
		}
		// Alone, it may get another note.
		h.must(`webhooks: [{url: "https://other.example/", note: a}]`)
		was := ids()["a"]
		if got := h.must(`webhooks: [{url: "https://other.example/", note: b}]`); len(got) != 1 || ids()["b"] != was {
			t.Errorf("another note: %q, want it changed", got)
		}
	})
}

// What is deleted makes room for what is new.
func TestPruningMakesRoomForWebhooks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`webhooks: [{url: "https://old.example/"}]`)
		f, err := setup.ParseFile([]byte(`webhooks: [` + manyHooks() + `]`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{}); !says(err, "webhooks_many") {
			t.Errorf("beside the old one: %v, want webhooks_many", err)
		}
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed}); err != nil {
			t.Errorf("in its place: %v", err)
		}
	})
}

func manyHooks() string {
	var b strings.Builder
	for i := range sso.MaxWebhooks {
		fmt.Fprintf(&b, `{url: "https://h%d.example/"},`, i)
	}
	return b.String()
}
