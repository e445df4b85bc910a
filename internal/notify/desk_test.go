package notify_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/mailtest"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) desk(carriers map[notify.Channel]notify.Carrier) *notify.Desk {
	w.Helper()
	return &notify.Desk{DB: w.db, Outbox: w.outbox, Courier: w.courier(carriers)}
}

func (w *world) stuck(d *notify.Desk, p notify.Pile, cursor string) notify.Stuck {
	w.Helper()
	page, err := d.Stuck(w.Context(), p, cursor)
	if err != nil {
		w.Fatalf("Stuck() = %v", err)
	}
	return page
}

// events returns the actions in the audit list of the operators.
func (w *world) events() (actions []string) {
	w.Helper()
	err := w.db.Read(w.Context(), func(r *store.Reader) error {
		all, err := r.Org("org_operators").Events(w.Context(), 1000)
		for _, e := range all {
			actions = append(actions, e.Action+" "+e.Target+" by "+e.Actor)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return actions
}

func TestOperatorSeesWhatIsStuckAndWhy(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		d := w.desk(map[notify.Channel]notify.Carrier{notify.Mail: down()})
		w.enqueue(invitation("bob@acme.example"))
		w.enqueue(code("+4915123456789"))
		w.deliver(d.Courier, notify.Mail)
		w.deliver(d.Courier, notify.SMS)
		page := w.stuck(d, notify.Waiting, "")
		if len(page.Items) != 2 || page.Next != "" || len(page.Unconfigured) != 1 || page.Unconfigured[0] != notify.SMS || len(page.Counts) != 2 {
			w.Fatalf("Stuck() = %+v, want two messages and a channel that nothing can be sent by", page)
		}
		for _, i := range page.Items {
			if i.Channel == notify.Mail && (i.Code != "mail_unreachable" || i.Detail != "connection refused" || i.Tries != 1 || !i.DueAt.After(w.now()) || i.To != "bob@acme.example") {
				w.Errorf("the mail is shown as %+v", i)
			}
			if strings.Contains(fmt.Sprintf("%+v", i), "t0ken") {
				w.Error("the link is shown to the operator")
			}
		}
		if dead := w.stuck(d, notify.Dead, ""); len(dead.Items) != 0 {
			w.Errorf("%d messages are given up", len(dead.Items))
		}
	})
}

func TestPilesGoOnByCursor(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		d := w.desk(nil)
		const n = 120
		for i := range n {
			w.pass(time.Millisecond)
			w.enqueue(invitation(fmt.Sprintf("person-%d@acme.example", i)))
		}
		var seen []string
		cursor, pages := "", 0
		for {
			page := w.stuck(d, notify.Waiting, cursor)
			for _, i := range page.Items {
				seen = append(seen, i.To)
			}
			pages++
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(seen) != n || pages != 3 || seen[0] != "person-119@acme.example" || seen[n-1] != "person-0@acme.example" {
			w.Errorf("%d messages on %d pages, from %s to %s", len(seen), pages, seen[0], seen[len(seen)-1])
		}
		for _, made := range []string{"x", "zz.", ".msg_1", "9999999999999999999999.msg_1", "\x00.\x00"} {
			if page := w.stuck(d, notify.Waiting, made); len(page.Items) != 50 && made != "\x00.\x00" {
				w.Errorf("the cursor %q gives %d messages, want the first page", made, len(page.Items))
			}
		}
	})
}

func TestOperatorTriesAgainAndDrops(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		broken := true
		d := w.desk(map[notify.Channel]notify.Carrier{notify.Mail: carrierFunc(func(context.Context, notify.Letter) (string, error) {
			if broken {
				return "", &fault.Error{Kind: fault.Denied, Code: "mail_refused", Got: "550 no"}
			}
			return "250 ok", nil
		})})
		w.enqueue(invitation("bob@acme.example"))
		w.enqueue(invitation("carol@acme.example"))
		w.deliver(d.Courier, notify.Mail)
		var ids []sso.MessageID
		for _, i := range w.stuck(d, notify.Dead, "").Items {
			if i.To == "bob@acme.example" {
				ids = append(ids, i.ID)
			}
		}
		n, err := d.Retry(w.Context(), operator(), append(ids, "msg_none"))
		if n != 1 || err != nil {
			w.Fatalf("Retry() = %d, %v", n, err)
		}
		broken = false
		w.deliver(d.Courier, notify.Mail)
		if sent := w.stuck(d, notify.Sent, "").Items; len(sent) != 1 || sent[0].To != "bob@acme.example" || sent[0].RemoteID != "250 ok" {
			w.Errorf("sent are %+v", sent)
		}
		dead := w.stuck(d, notify.Dead, "").Items
		n, err = d.Drop(w.Context(), operator(), []sso.MessageID{dead[0].ID, ids[0]}) // Bob's is sent, and stays
		if n != 1 || err != nil || len(w.stuck(d, notify.Dead, "").Items) != 0 || len(w.stuck(d, notify.Sent, "").Items) != 1 {
			w.Errorf("Drop() = %d, %v", n, err)
		}
		want := []string{"message.dropped " + string(dead[0].ID) + " by usr_operator", "message.retried " + string(ids[0]) + " by usr_operator"}
		got := w.events()
		slices.Sort(got) // they are of one instant
		slices.Sort(want)
		if !slices.Equal(got, want) {
			w.Errorf("the audit list says %q, want %q", got, want)
		}
		if _, err := d.Retry(w.Context(), operator(), make([]sso.MessageID, 201)); !fault.Is(err, "message_count") {
			w.Errorf("Retry() of 201 = %v, want message_count", err)
		}
	})
}

func TestOperatorSendsATest(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(w *world) {
		sink := mailtest.New(w, mailtest.Options{})
		good := carrierTo(sink, notify.StartTLS)
		d := w.desk(map[notify.Channel]notify.Carrier{notify.Mail: good})
		id, err := d.Test(w.Context(), operator(), notify.Mail, "op@vendor.example", "de")
		if err != nil || !strings.Contains(id, "OK") {
			w.Fatalf("Test() = %q, %v", id, err)
		}
		if m := sink.Wait(w, "op@vendor.example", 1); m.Subject != "Ein Test von Vendor" {
			w.Errorf("the test is about %q", m.Subject)
		}
		good.Password = func() (string, error) { return "wrong", nil }
		if _, err := d.Test(w.Context(), operator(), notify.Mail, "op@vendor.example", ""); !fault.Is(err, "mail_auth") {
			w.Errorf("a wrong password: %v, want mail_auth", err)
		}
		if _, err := d.Test(w.Context(), operator(), notify.Mail, "op", ""); !fault.Is(err, "ident_email") {
			w.Errorf("no address: %v, want ident_email", err)
		}
		if _, err := d.Test(w.Context(), operator(), notify.SMS, "+4915123456789", ""); !fault.Is(err, "channel_unconfigured") {
			w.Errorf("no gateway: %v, want channel_unconfigured", err)
		}
		if got := w.events(); len(got) != 2 || !strings.HasPrefix(got[0], "message.tested msg_") {
			w.Errorf("the audit list says %q, want both tests that were sent", got)
		}
		sms := w.desk(map[notify.Channel]notify.Carrier{notify.SMS: carrierFunc(func(context.Context, notify.Letter) (string, error) { return "m-1", nil })})
		w.outbox.SMS = notify.Budgets{PerNumber: 1}
		if id, err := sms.Test(w.Context(), operator(), notify.SMS, "+4915123456789", ""); id != "m-1" || err != nil {
			w.Errorf("Test() by SMS = %q, %v", id, err)
		}
		if _, err := sms.Test(w.Context(), operator(), notify.SMS, "+4915123456789", ""); !fault.Is(err, "sms_budget") {
			w.Errorf("a second test by SMS: %v, want sms_budget", err)
		}
	})
}

func TestPrinterShowsTheLink(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	got := carry(t.Context(), &notify.Printer{Out: &out}, letter(t, invitation("bob@acme.example")), letter(t, code("+4915123456789")))
	if got[0].err != nil || got[1].err != nil {
		t.Fatalf("Carry() reports %v", got)
	}
	for _, want := range []string{"Mail to bob@acme.example: Alice lädt Sie zu Acme ein\n", "\n  " + baseURL + "/login/invitation/t0ken\n", "SMS to +4915123456789\n  123456 is your code"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the terminal shows %s, without %q", out.String(), want)
		}
	}
}
