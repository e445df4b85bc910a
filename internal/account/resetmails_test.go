package account_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// from returns a browser in a network of its own.
func from(i int) account.Browser {
	return account.Browser{Address: netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1})}
}

// answered has all requests answered and returns how many mails were sent.
func (w *world) answered() int {
	w.Helper()
	before, _ := w.mail()
	for {
		n, err := w.AnswerResets(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if n == 0 {
			after, _ := w.mail()
			return len(after) - len(before)
		}
	}
}

// A thousand networks fill no mailbox, and whoever asks from any of them is told
// what everybody is told. The person is not locked out by it: the last link that
// they were sent still works when a mail is refused to them.
func TestResetMailsOfAPersonAreBounded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		ctx := w.Context()
		bob := w.addPerson(&w.acme, "bob", sso.RoleMember)
		for i := range 40 {
			for _, address := range []string{"alice@acme.example", "nobody@acme.example"} {
				w.wants(fmt.Sprintf("request %d for %s", i, address), w.AskReset(ctx, from(i), address, ""), "")
			}
		}
		if n := w.answered(); n != 5 {
			w.Errorf("40 networks at once have %d mails sent, want 5", n)
		}
		w.advance(20*time.Minute - time.Second)
		w.wants("one by the person", w.AskReset(ctx, w.browser, "alice@acme.example", ""), "")
		if n := w.answered(); n != 0 {
			w.Errorf("just before the interval is over: %d mails, want none", n)
		}
		w.wants("twin: for somebody else", w.AskReset(ctx, w.browser, bob.User.Email.String(), ""), "")
		if n := w.answered(); n != 1 {
			w.Errorf("somebody else: %d mails, want 1", n)
		}
		w.advance(time.Second)
		w.wants("one more by the person", w.AskReset(ctx, w.browser, "alice@acme.example", ""), "")
		if n := w.answered(); n != 1 {
			w.Errorf("after the interval: %d mails, want 1", n)
		}
	})
}

// Whenever a mail is refused, the one before it is still worth something: by any
// pace at which strangers ask.
func TestWhoGetsNoMoreLinksHasOneThatWorks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		var last string
		refused := 0
		for i := range 60 {
			w.wants("asking", w.AskReset(w.Context(), from(i), "alice@acme.example", ""), "")
			if w.answered() == 1 {
				all, filled := w.mail()
				if !strings.HasPrefix(all[len(all)-1], "reset_password ") {
					w.Fatalf("mails %q", all)
				}
				last = filled["link"]
			} else {
				refused++
				token := secret.ParseToken(strings.TrimPrefix(last, recovery.ResetPath))
				_, err := w.Holder(w.Context(), recovery.Reset, token)
				w.wants("the link of the mail before", err, "")
			}
			w.advance(time.Duration(i%7) * 2 * time.Minute)
		}
		if refused == 0 {
			w.Error("nothing was refused: the test looks at nothing")
		}
	})
}

// Many ask at once and many nodes answer at once: no more mails than allowed.
func TestResetMailsAreBoundedAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(w *world) {
		for i := range 30 {
			w.wants("asking", w.AskReset(w.Context(), from(i), "alice@acme.example", ""), "")
		}
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() {
				for {
					n, err := w.AnswerResets(w.Context())
					if err != nil {
						w.Error(err)
						return
					}
					if n == 0 {
						return
					}
				}
			})
		}
		nodes.Wait()
		all, _ := w.mail()
		if want := slices.Repeat([]string{"reset_password alice@acme.example"}, 5); !slices.Equal(all, want) {
			w.Errorf("mails %q, want %d", all, len(want))
		}
	})
}
