package setup_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestStreamsAreSetByAFile(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		key := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
		if err := os.WriteFile(filepath.Join(h.dir, "stream"), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		streams := func() (all []sso.Stream) {
			t.Helper()
			h.read(func(ctx context.Context, r *store.Reader) (err error) {
				all, err = r.Streams(ctx)
				return err
			})
			return all
		}
		const whole = `organizations: [{key: acme}]
streams:
  - {kind: syslog-tcp, target: "siem.example:514", organization: acme, note: SIEM}
  - {kind: syslog-tcp, target: "siem.example:514"}
  - {kind: http, target: "https://siem.example/in", secret_file: stream}
`
		dry, err := h.apply(whole, setup.DryRun)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.must(whole); len(got) != 4 || !slices.Equal(got, dry) {
			t.Errorf("new ones: %q, and a dry run said %q", got, dry)
		}
		if got := h.must(whole); len(got) != 0 {
			t.Errorf("again: %q, want nothing", got)
		}
		if got := h.must(`streams: [{kind: http, target: "https://siem.example/in "}]`); len(got) != 0 {
			t.Errorf("with a space behind it: %q, want nothing", got)
		}
		for _, x := range streams() {
			if of := h.organization("acme").ID; (x.Note == "SIEM") != (x.Org == of) || (x.Kind == sso.StreamHTTP) != (x.Secret != nil) {
				t.Errorf("stream %+v", x)
			}
		}
		if got := h.must(`streams: [{kind: syslog-tcp, target: "siem.example:514", organization: acme, state: disabled}]`); len(got) != 1 || !strings.HasSuffix(got[0], "changed state") {
			t.Errorf("switched off: %q", got)
		}
		sealer, err := h.Sealer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range streams() {
			if x.Kind != sso.StreamHTTP {
				continue
			}
			if got, err := sealer.Open(store.StreamSecretPlace(x.ID), x.Secret); err != nil || len(got) != 32 {
				t.Errorf("the secret is %v, %v", got, err)
			}
		}
		for name, tc := range map[string]struct{ file, code string }{
			"of nobody":              {`streams: [{kind: syslog-tcp, target: "siem.example:514", organization: none}]`, "organization_unknown"},
			"by nothing":             {`streams: [{kind: pigeon, target: "siem.example:514"}]`, "stream_kind"},
			"to nowhere":             {`streams: [{kind: http, target: "siem.example:514"}]`, "stream_target"},
			"with a password":        {`streams: [{kind: http, target: "https://a:b@siem.example/"}]`, "stream_target"},
			"a secret for syslog":    {`streams: [{kind: syslog-tcp, target: "siem.example:514", secret_file: stream}]`, "apply_value"},
			"one of them twice":      {`streams: [{kind: syslog-udp, target: "siem.example:514"}, {kind: syslog-udp, target: "siem.example:514"}]`, "apply_twice"},
			"certificates for plain": {`streams: [{kind: syslog-tcp, target: "siem.example:514", ca: x}]`, "stream_ca"},
		} {
			if _, err := h.apply(tc.file, setup.Commit); !says(err, tc.code) {
				t.Errorf("%s: %v, want %s", name, err, tc.code)
			}
		}
		f, err := setup.ParseFile([]byte(`streams: [{kind: syslog-tcp, target: "siem.example:514"}]`))
		if err != nil {
			t.Fatal(err)
		}
		if changes, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed}); err != nil || len(changes) != 2 || len(streams()) != 1 {
			t.Errorf("pruned: %v, %v", changes, err)
		}
		h.read(func(ctx context.Context, r *store.Reader) error {
			all, err := r.ListEvents(ctx, store.EventQuery{Noun: "stream", Limit: 10})
			for _, e := range all.Recorded {
				if text := string(e.Line()); strings.Contains(text, "siem.example/in") { // by which the receiver may know us
					t.Errorf("the audit list says the path: %s", text)
				}
			}
			if len(all.Recorded) != 6 {
				t.Errorf("%d events, want 6", len(all.Recorded))
			}
			return err
		})
	})
}
