package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

func TestMailGoesFromTheOutboxToThePerson(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		sink := mailtest.New(w, mailtest.Options{})
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierTo(sink, notify.StartTLS)})
		english := invitation("carol@acme.example")
		english.Language = "en-US"
		w.enqueue(invitation("bob@acme.example"))
		w.enqueue(english)
		w.deliver(c, notify.Mail)
		if got := sink.Wait(w, "bob@acme.example", 1).Subject; got != "Alice lädt Sie zu Acme ein" {
			w.Errorf("the mail to Bob is about %q", got)
		}
		if got := sink.Wait(w, "carol@acme.example", 1).Subject; got != "Alice invites you to Acme" {
			w.Errorf("the mail to Carol is about %q", got)
		}
		if n := sink.Conversations(); n != 1 {
			w.Errorf("two mails cost %d conversations", n)
		}
		sent := w.pile(store.MessageSent)["bob@acme.example"]
		if sent.Data != nil || sent.RemoteID == "" || sent.Tries != 1 || !sent.DoneAt.Equal(w.now()) {
			w.Errorf("the message that was sent is %+v, want it without its data", sent)
		}
		w.pass(time.Hour)
		w.deliver(c, notify.Mail)
		if n := len(sink.Mails()); n != 2 {
			w.Errorf("%d mails arrived, want each once", n)
		}
	})
}

func TestGreylistedMailComesAgain(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		var tries atomic.Int64
		sink := mailtest.New(w, mailtest.Options{Recipient: func(string) error {
			if tries.Add(1) < 3 {
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted"}
			}
			return nil
		}})
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierTo(sink, notify.StartTLS)})
		w.enqueue(invitation("bob@acme.example"))
		var waits []time.Duration
		for range 3 {
			w.deliver(c, notify.Mail)
			m, ok := w.pile(store.MessageWaiting)["bob@acme.example"]
			if !ok {
				break
			}
			if m.Code != "mail_deferred" || !strings.Contains(m.Detail, "Greylisted") || m.Data == nil {
				w.Errorf("the message that waits is %+v", m)
			}
			waits = append(waits, m.DueAt.Sub(w.now()))
			w.pass(m.DueAt.Sub(w.now()) - time.Microsecond)
			if n, err := c.Deliver(w.Context(), notify.Mail); n != 0 || err != nil {
				w.Errorf("Deliver() before the time = %d, %v", n, err)
			}
			w.pass(time.Microsecond)
		}
		if len(waits) != 2 || waits[0] < time.Minute || waits[0] > 72*time.Second || waits[1] < 2*time.Minute || waits[1] > 144*time.Second {
			w.Errorf("it waited %v, want a minute and then two", waits)
		}
		first := sink.Wait(w, "bob@acme.example", 1)
		if len(sink.Mails()) != 1 || first.Header.Get("Message-Id") == "" {
			w.Errorf("%d mails arrived", len(sink.Mails()))
		}
	})
}

func TestRefusedMailIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		sink := mailtest.New(w, mailtest.Options{Recipient: func(string) error {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
		}})
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierTo(sink, notify.StartTLS)})
		w.enqueue(invitation("bob@acme.example"))
		w.deliver(c, notify.Mail)
		dead := w.pile(store.MessageDead)["bob@acme.example"]
		if dead.Code != "mail_refused" || dead.Detail != "550 5.1.1 No such user" || dead.Tries != 1 {
			w.Errorf("the message is %+v, want it dead with the words of the server", dead)
		}
	})
}

// down is a server that is not there.
func down() carrierFunc {
	return func(context.Context, notify.Letter) (string, error) {
		return "", &fault.Error{Kind: fault.Unavailable, Code: "mail_unreachable", Got: "connection refused"}
	}
}

func TestMailIsTriedForThreeDays(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: down()})
		w.enqueue(invitation("bob@acme.example"))
		longest, previous := time.Duration(0), time.Duration(0)
		for {
			w.deliver(c, notify.Mail)
			m, ok := w.pile(store.MessageWaiting)["bob@acme.example"]
			if !ok {
				break
			}
			wait := m.DueAt.Sub(w.now())
			if wait < previous/2 {
				w.Fatalf("try %d waits %v after %v", m.Tries, wait, previous)
			}
			previous, longest = wait, max(longest, wait)
			w.pass(wait)
		}
		dead := w.pile(store.MessageDead)["bob@acme.example"]
		if age := dead.DoneAt.Sub(dead.CreatedAt); age < 60*time.Hour || age > 72*time.Hour || dead.Code != "mail_unreachable" {
			w.Errorf("it was given up after %v by %s, want nearly three days", age, dead.Code)
		}
		if longest > 5*time.Hour || dead.Tries < 20 || dead.Tries > 40 {
			w.Errorf("%d tries, at most %v apart", dead.Tries, longest)
		}
	})
}

func TestCodeIsTriedForTenMinutes(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		c := w.courier(map[notify.Channel]notify.Carrier{notify.SMS: carrierFunc(func(context.Context, notify.Letter) (string, error) {
			return "", &fault.Error{Kind: fault.Unavailable, Code: "sms_unreachable"}
		})})
		w.enqueue(code("+4915123456789"))
		w.deliver(c, notify.SMS)
		if wait := w.pile(store.MessageWaiting)["+4915123456789"].DueAt.Sub(w.now()); wait < 5*time.Second || wait > 6*time.Second {
			w.Errorf("the second try of a code comes after %v", wait)
		}
		for i := 0; len(w.pile(store.MessageWaiting)) > 0 && i < 1000; i++ {
			w.pass(10 * time.Second)
			w.deliver(c, notify.SMS)
		}
		dead := w.pile(store.MessageDead)["+4915123456789"]
		if age := dead.DoneAt.Sub(dead.CreatedAt); age < 8*time.Minute || age > 10*time.Minute {
			w.Errorf("it was given up after %v", age)
		}
	})
}

func TestWhatIsNeededSoonerGoesFirst(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		for i := range 100 {
			w.enqueue(invitation(fmt.Sprintf("person-%d@acme.example", i)))
		}
		w.pass(time.Second)
		w.enqueue(samples()[notify.ResetPassword])
		var first string
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierFunc(func(_ context.Context, l notify.Letter) (string, error) {
			if first == "" {
				first = l.To
			}
			return "", nil
		})})
		w.deliver(c, notify.Mail)
		if first != "bob@acme.example" || len(w.pile(store.MessageSent)) != 101 {
			w.Errorf("the first mail went to %s, want the reset that somebody waits for", first)
		}
	})
}

func TestMessageWaitsForItsChannel(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		none := w.courier(nil)
		w.enqueue(invitation("bob@acme.example"))
		w.deliver(none, notify.Mail)
		if m := w.pile(store.MessageWaiting)["bob@acme.example"]; m.Tries != 0 {
			w.Fatalf("the message is %+v, want it untouched", m)
		}
		w.enqueue(samples()[notify.ResetPassword]) // also to Bob, and of no use in an hour
		w.pass(time.Hour)
		w.deliver(none, notify.Mail)
		if dead := w.pile(store.MessageDead)["bob@acme.example"]; dead.Code != "channel_unconfigured" || dead.Kind != "reset_password" {
			w.Errorf("the reset is %+v, want it given up with the reason", dead)
		}
		sink := mailtest.New(w, mailtest.Options{})
		w.deliver(w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierTo(sink, notify.StartTLS)}), notify.Mail)
		sink.Wait(w, "bob@acme.example", 1)
	})
}

func TestMessageOfALostKeyIsNotSent(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.enqueue(invitation("bob@acme.example"))
		sent := false
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierFunc(func(context.Context, notify.Letter) (string, error) {
			sent = true
			return "", nil
		})})
		var err error
		if c.Sealer, err = secret.NewSealer([]byte(strings.Repeat("x", 32))); err != nil {
			w.Fatal(err)
		}
		w.deliver(c, notify.Mail)
		if dead := w.pile(store.MessageDead)["bob@acme.example"]; dead.Code != "message_unreadable" || dead.Data == nil || sent {
			w.Errorf("the message is %+v and was sent %v; want it kept until the key is found", dead, sent)
		}
	})
}

// Two nodes look after one outbox, and a node dies in the middle.
func TestNodesNeverSendOneMessageTwice(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		const messages, nodes = 60, 4
		for i := range messages {
			w.enqueue(invitation(fmt.Sprintf("person-%d@acme.example", i)))
		}
		var mu sync.Mutex
		times := map[string]int{}
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierFunc(func(_ context.Context, l notify.Letter) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			times[l.To]++
			return "", nil
		})})
		var all sync.WaitGroup
		for range nodes {
			all.Go(func() {
				for {
					n, err := c.Deliver(w.Context(), notify.Mail)
					if err != nil {
						w.Errorf("Deliver() = %v", err)
					}
					if n == 0 || err != nil {
						return
					}
				}
			})
		}
		all.Wait()
		for to, n := range times {
			if n != 1 {
				w.Errorf("%s was sent %d mails", to, n)
			}
		}
		if len(times) != messages {
			w.Errorf("%d of %d messages were sent", len(times), messages)
		}
	})
}

func TestNodeThatDiesLosesItsMessages(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.enqueue(invitation("bob@acme.example"))
		dies := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: silent{}})
		if _, err := dies.Deliver(w.Context(), notify.Mail); err != nil {
			w.Fatal(err)
		}
		sink := mailtest.New(w, mailtest.Options{})
		lives := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierTo(sink, notify.StartTLS)})
		w.deliver(lives, notify.Mail)
		if n := len(sink.Mails()); n != 0 {
			w.Fatalf("%d mails were sent while another node may be at it", n)
		}
		w.pass(10 * time.Minute)
		w.deliver(lives, notify.Mail)
		sink.Wait(w, "bob@acme.example", 1)
		if m := w.pile(store.MessageSent)["bob@acme.example"]; m.Tries != 2 {
			w.Errorf("it was sent by try %d", m.Tries)
		}
	})
}

// silent is a carrier that dies before it reports.
type silent struct{}

func (silent) Carry(context.Context, []notify.Letter, func(int, string, error)) {}

func TestWhatWasSentIsWrittenDownWhileTheServerStops(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		w.enqueue(invitation("bob@acme.example"))
		ctx, cancel := context.WithCancel(w.Context())
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: carrierFunc(func(context.Context, notify.Letter) (string, error) {
			cancel() // in the middle of the letter
			return "250 ok", nil
		})})
		if _, err := c.Deliver(ctx, notify.Mail); err != nil && !errors.Is(err, context.Canceled) {
			w.Fatal(err)
		}
		if m := w.pile(store.MessageSent)["bob@acme.example"]; m.RemoteID != "250 ok" {
			w.Errorf("the message is %+v, want it sent", m)
		}
	})
}

func TestLogNamesMessagesAndTellsNothingOfThem(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		c := w.courier(map[notify.Channel]notify.Carrier{notify.Mail: down()})
		w.enqueue(invitation("bob@acme.example"))
		w.deliver(c, notify.Mail)
		log := w.log.String()
		if !strings.Contains(log, "message=msg_") || !strings.Contains(log, "code=mail_unreachable") {
			w.Errorf("the log does not tell which message failed and why: %s", log)
		}
		for _, secret := range []string{"t0ken", "bob@", "Acme"} {
			if strings.Contains(log, secret) {
				w.Errorf("the log shows %q: %s", secret, log)
			}
		}
	})
}
