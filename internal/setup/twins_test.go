package setup_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Of webhooks and streams that no file can tell apart, it means one, and takes none
// of the others for left out.
func TestTwinsAreNotPruned(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: acme}]`)
		hooks := []sso.Webhook{
			{URL: "https://hooks.example/in", Types: []string{"user.*"}},
			{URL: "https://hooks.example/in", State: sso.WebhookDisabled},
			{URL: "https://hooks.example/in", Note: "CRM"},
		}
		streams := []sso.Stream{{Note: "one"}, {Note: "two"}}
		now := h.Now()
		h.write(func(ctx context.Context, tx *store.Writer) error {
			for i := range hooks {
				w := &hooks[i]
				w.ID, w.By, w.CreatedAt, w.UpdatedAt, w.Secret = sso.NewWebhookID(now), "usr_a", now, now, []byte{1}
				if w.State == "" {
					w.State = sso.WebhookEnabled
				}
				if err := tx.Org("").SaveWebhook(ctx, *w); err != nil {
					return err
				}
			}
			for i := range streams {
				x := &streams[i]
				x.ID, x.Kind, x.Target, x.State, x.By, x.CreatedAt, x.UpdatedAt = sso.NewStreamID(now), sso.StreamSyslogTCP, "siem.example:514", sso.WebhookEnabled, "usr_a", now, now
				if err := tx.SaveStream(ctx, *x); err != nil {
					return err
				}
			}
			return nil
		})
		prune := func(text string) (all []string) {
			t.Helper()
			f, err := setup.ParseFile([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			changes, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed})
			if err != nil {
				t.Fatal(err)
			}
			for i := range changes {
				all = append(all, changes[i].String())
			}
			return all
		}
		export := h.export(setup.WithoutHashes)
		for _, said := range []string{"# left out, since another webhook has their URL and note: 1\nwebhooks:", "# left out, since another stream has their kind, target and organization: 1\nstreams:"} {
			if !strings.Contains(export, said) {
				t.Errorf("%q is not in the export:\n%s", said, export)
			}
		}
		if got := prune(export); len(got) != 0 {
			t.Errorf("its own export, with what is left out deleted: %q, want nothing", got)
		}
		if got, want := prune(`webhooks: [{url: "https://hooks.example/in", note: CRM}]`), []string{"webhook https://hooks.example/in: deleted", "webhook https://hooks.example/in: deleted"}; !slices.Equal(got, want) {
			t.Errorf("the twins left out: %q, want %q", got, want)
		}
		if got, want := prune(`streams: []`), []string{"stream syslog-tcp siem.example:514: deleted", "stream syslog-tcp siem.example:514: deleted"}; !slices.Equal(got, want) {
			t.Errorf("all streams left out: %q, want %q", got, want)
		}
	})
}
