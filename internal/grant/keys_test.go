package grant_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const day = 24 * time.Hour

// published returns the IDs of the keys in the key set document.
func published(t *testing.T, s *grant.Service) []string {
	t.Helper()
	document, err := s.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.ID)
	}
	return ids
}

func TestKeysTurnOverAheadOfTheirUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	signer := func() string {
		t.Helper()
		tokens, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			t.Fatal(err)
		}
		return header(t, tokens.IDToken)
	}
	first := signer()
	if got := published(t, &h.Service); !slices.Equal(got, []string{first}) {
		t.Fatalf("published %v, want the one key %s", got, first)
	}
	begin := h.Now()
	to := func(d time.Duration) {
		h.clock.Store(begin.Add(d).UnixMicro())
		h.renew()
	}
	to(83*day - time.Hour)
	if got := published(t, &h.Service); len(got) != 1 {
		t.Fatalf("published %v before its time", got)
	}
	to(83 * day)
	got := published(t, &h.Service)
	if len(got) != 2 || signer() != first {
		t.Fatalf("published %v, signed by %s; want the next key beside %s, which still signs", got, signer(), first)
	}
	second := got[1]
	to(90 * day)
	if got := published(t, &h.Service); len(got) != 2 || signer() != second {
		t.Fatalf("published %v, signed by %s; want %s to sign and %s still published", got, signer(), second, first)
	}
	to(120 * day)
	if got := published(t, &h.Service); !slices.Equal(got, []string{second}) {
		t.Fatalf("published %v, want the retired key gone", got)
	}
	var said []string
	err := h.DB.Read(t.Context(), func(r *store.Reader) error {
		page, err := r.ListEvents(t.Context(), store.EventQuery{Noun: "key", Limit: 10})
		for _, e := range slices.Backward(page.Events) {
			line := e.Actor + " " + e.Action + " " + e.Target
			for _, c := range e.Changes {
				line += " " + c.Field + ": " + c.From + " → " + c.To
			}
			said = append(said, line)
		}
		return err
	})
	want := []string{
		"rollover key.made " + first + " " + first + ":  → current",
		"rollover key.made " + second + " " + second + ":  → next",
		"rollover key.promoted " + second + " " + second + ": next → current " + first + ": current → retired",
		"rollover key.deleted " + first + " " + first + ": retired → ",
	}
	if err != nil || !slices.Equal(said, want) {
		t.Errorf("the audit list says %q, %v, want %q", said, err, want)
	}
}

func TestALongSleepDoesNotSkipThePublishing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	first := published(t, &h.Service)
	h.wait(1000 * day)
	h.renew()
	if got := published(t, &h.Service); len(got) != 2 || got[0] != first[0] {
		t.Fatalf("published %v, want the next key beside %v", got, first)
	}
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	if got := header(t, tokens.IDToken); got != first[0] {
		t.Errorf("signed by %s, want %s until the next key is known", got, first[0])
	}
}

func TestNodesThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		nodes := make([]grant.Service, 8)
		var wg sync.WaitGroup
		for i := range nodes {
			nodes[i].DB, nodes[i].Issuer, nodes[i].Sealer, nodes[i].Now = h.DB, h.Issuer, h.Sealer, h.Now
			wg.Go(func() {
				if err := nodes[i].Prepare(h.Context()); err != nil {
					h.Error(err)
				}
			})
		}
		wg.Wait()
		want := published(h.T, &nodes[0])
		for i := range nodes {
			if got := published(h.T, &nodes[i]); len(got) != 1 || got[0] != want[0] {
				h.Errorf("node %d publishes %v, want %v", i, got, want)
			}
		}
	})
}

func TestPrepareNeedsTheSealingKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	if err := h.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := secret.NewSealer(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	restarted := grant.Service{DB: h.DB, Issuer: issuer, Sealer: other, Now: h.Now}
	if err := restarted.Prepare(t.Context()); !errors.Is(err, secret.ErrUnsealing) {
		t.Errorf("Prepare() with another sealing key = %v, want ErrUnsealing", err)
	}
}

// The second ring is made when an app wants it, and turns over like the first.
func TestAnAppThatKnowsNoOtherGetsRS256(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		if got := published(h.T, &h.Service); len(got) != 1 {
			h.Fatalf("published %v, want one key as long as nobody wants another", got)
		}
		h.portal.IDTokenAlg = sso.AlgRS256
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
		old, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			h.Fatal(err)
		}
		usual, err := h.exchange(&h.native, h.code(&h.native))
		if err != nil {
			h.Fatal(err)
		}
		got := published(h.T, &h.Service)
		if len(got) != 2 || !slices.Contains(got, header(h.T, old.IDToken)) || !slices.Contains(got, header(h.T, usual.IDToken)) || header(h.T, old.IDToken) == header(h.T, usual.IDToken) {
			h.Errorf("published %v, signed by %s and %s", got, header(h.T, old.IDToken), header(h.T, usual.IDToken))
		}
		for name, tokens := range map[string]oidc.TokenResponse{"RS256": old, "ES256": usual} {
			b, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.IDToken, ".")[0])
			if err != nil || !strings.Contains(string(b), `"alg":"`+name+`"`) {
				h.Errorf("signed by %s, want %s", b, name)
			}
		}
		// It says who somebody is as well as the other does.
		out, err := h.Authorize(h.Context(), request(&h.portal, "id_token_hint", old.IDToken, "prompt", "none"), h.person())
		if err != nil || out.Refused != "" {
			h.Errorf("as a hint: %+v, %v", out, err)
		}
		h.wait(83 * day)
		if got := published(h.T, &h.Service); len(got) != 4 {
			h.Errorf("published %v, want the next of each", got)
		}
	})
}
