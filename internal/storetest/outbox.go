package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// message returns a message that is not stored yet.
func (w *world) message(to string) store.OutboxMessage {
	at := w.later()
	return store.OutboxMessage{
		ID: sso.NewMessageID(at), Channel: "mail", Kind: "invitation", Org: "org_x", User: "usr_x", To: to, Language: "de", Data: []byte{1, 0, 255},
		State: store.MessageWaiting, CreatedAt: at, DueAt: at, ExpiresAt: at.Add(time.Hour),
	}
}

func (w *world) addMessage(to string) store.OutboxMessage {
	w.Helper()
	m := w.message(to)
	w.write(func(tx *store.Writer) error { return tx.InsertMessage(w.ctx, m) })
	return m
}

// claim claims messages by mail and returns them by their recipients.
func (w *world) claim(now, until time.Time, limit int) map[string]store.OutboxMessage {
	w.Helper()
	got := map[string]store.OutboxMessage{}
	w.write(func(tx *store.Writer) error {
		clear(got)
		all, err := tx.ClaimMessages(w.ctx, "mail", now, until, limit)
		for _, m := range all {
			got[m.To] = m
		}
		return err
	})
	return got
}

// due reports whether there is something to claim.
func (w *world) due(channel string, now time.Time) bool {
	w.Helper()
	return get[bool](w, "MessagesDue()")(w.reader().MessagesDue(w.ctx, channel, now))
}

func messagesAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	missing[store.OutboxMessage](w, "Message()")(r.Message(ctx, "msg_none"))
	none[store.OutboxMessage](w, "Messages()")(r.Messages(ctx, store.MessageWaiting, store.MessageCursor{}, 10))
	none[store.OutboxCount](w, "OutboxCounts()")(r.OutboxCounts(ctx))
	if w.due("mail", w.now.Add(time.Hour)) {
		w.Error("something is due")
	}

	m := w.addMessage("alice@acme.example")
	full(w, m, "Leased", "Tries", "Code", "Detail", "DoneAt", "RemoteID")
	bare := w.message("bob@acme.example")
	bare.Org, bare.User, bare.Language, bare.Data = "", "", "", nil
	w.write(func(tx *store.Writer) error { return tx.InsertMessage(ctx, bare) })
	same(w, "Message()", m, get[store.OutboxMessage](w, "Message()")(r.Message(ctx, m.ID)))
	same(w, "a message to nobody known", bare, get[store.OutboxMessage](w, "Message()")(r.Message(ctx, bare.ID)))
	list := get[[]store.OutboxMessage](w, "Messages()")
	same(w, "Messages()", []store.OutboxMessage{bare, m}, list(r.Messages(ctx, store.MessageWaiting, store.MessageCursor{}, 10)))
	same(w, "the first page", []store.OutboxMessage{bare}, list(r.Messages(ctx, store.MessageWaiting, store.MessageCursor{}, 1)))
	same(w, "the second page", []store.OutboxMessage{m}, list(r.Messages(ctx, store.MessageWaiting, store.MessageCursor{CreatedAt: bare.CreatedAt, ID: bare.ID}, 1)))
	none[store.OutboxMessage](w, "Messages() in another state")(r.Messages(ctx, store.MessageDead, store.MessageCursor{}, 10))
	same(w, "OutboxCounts()", []store.OutboxCount{{Channel: "mail", State: store.MessageWaiting, Count: 2, Oldest: m.CreatedAt}},
		get[[]store.OutboxCount](w, "OutboxCounts()")(r.OutboxCounts(ctx)))
}

func messagesAreClaimed(w *world) {
	ctx := w.ctx
	first, second := w.addMessage("first@acme.example"), w.addMessage("second@acme.example")
	now, lease := w.later(), w.now.Add(time.Minute)
	if !w.due("mail", now) {
		w.Error("nothing is due")
	}
	if w.due("sms", now) {
		w.Error("something is due")
	}
	if w.due("mail", first.DueAt.Add(-time.Microsecond)) {
		w.Error("something is due")
	}

	want := first
	want.Leased, want.Tries = lease, 1
	same(w, "the message that waits longest", map[string]store.OutboxMessage{first.To: want}, w.claim(now, lease, 1))
	if got := w.claim(now, lease, 10); len(got) != 1 || got[second.To].ID != second.ID {
		w.Errorf("the next claim gives %v, want the second message", got)
	}
	if got := w.claim(lease.Add(-time.Microsecond), lease, 10); len(got) != 0 {
		w.Errorf("a claim within the lease gives %v", got)
	}
	if w.due("mail", lease.Add(-time.Microsecond)) {
		w.Error("something is due")
	}
	if !w.due("mail", lease) {
		w.Error("nothing is due")
	}

	// Who does not come back in time has lost what was claimed.
	again := w.claim(lease, lease.Add(time.Minute), 10)
	if again[first.To].Tries != 2 {
		w.Fatalf("a claim after the lease gives %v, want the second try", again)
	}
	late := want
	late.State, late.DoneAt = store.MessageSent, lease
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SettleMessage(ctx, late) })

	failed := again[first.To]
	failed.DueAt, failed.Code, failed.Detail = lease.Add(time.Hour), "mail_refused", "451 later\x00"
	w.write(func(tx *store.Writer) error { return tx.SettleMessage(ctx, failed) })
	failed.Leased, failed.Detail = time.Time{}, "451 later\uFFFD"
	same(w, "a try that failed", failed, get[store.OutboxMessage](w, "Message()")(w.reader().Message(ctx, first.ID)))
	if got := w.claim(failed.DueAt.Add(-time.Microsecond), lease, 10)[first.To]; got.ID != "" {
		w.Errorf("a claim before the next try gives %v", got)
	}

	sent := again[second.To]
	sent.State, sent.DoneAt, sent.RemoteID = store.MessageSent, lease, "250 queued"
	w.write(func(tx *store.Writer) error { return tx.SettleMessage(ctx, sent) })
	sent.Leased, sent.Data = time.Time{}, nil
	same(w, "a message that was sent", sent, get[store.OutboxMessage](w, "Message()")(w.reader().Message(ctx, second.ID)))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SettleMessage(ctx, sent) })
}

func messagesExpire(w *world) {
	ctx := w.ctx
	m, tried, leased := w.addMessage("never@acme.example"), w.addMessage("tried@acme.example"), w.addMessage("now@acme.example")
	end := leased.ExpiresAt
	held := end.Add(time.Minute)
	got := w.claim(w.later(), held, 10)
	for _, to := range []string{m.To, tried.To} {
		failed := got[to]
		failed.Code = map[string]string{tried.To: "mail_refused"}[to]
		w.write(func(tx *store.Writer) error { return tx.SettleMessage(ctx, failed) })
	}
	expire := func(now time.Time) (n int64) {
		w.write(func(tx *store.Writer) (err error) {
			n, err = tx.ExpireMessages(ctx, "mail", now, "message_expired")
			return err
		})
		return n
	}
	if n := expire(m.ExpiresAt.Add(-time.Microsecond)); n != 0 {
		w.Errorf("ExpireMessages() before the time ends %d", n)
	}
	if n := expire(end); n != 2 {
		w.Errorf("ExpireMessages() ends %d, want the two that nobody tries", n)
	}
	r := w.reader()
	for id, want := range map[sso.MessageID]string{m.ID: "message_expired", tried.ID: "mail_refused"} {
		if dead := get[store.OutboxMessage](w, "Message()")(r.Message(ctx, id)); dead.State != store.MessageDead || dead.Code != want || !dead.DoneAt.Equal(end) || dead.Data == nil {
			w.Errorf("an expired message is %v, want it dead by %s", dead, want)
		}
	}
	if n := expire(held); n != 1 {
		w.Errorf("ExpireMessages() after the lease ends %d, want the one that was left", n)
	}
	if got := w.claim(held, held.Add(time.Minute), 10); len(got) != 0 {
		w.Errorf("a claim gives %v, which has expired", got)
	}
	var swept int64
	w.write(func(tx *store.Writer) (err error) {
		swept, err = tx.DeleteExpired(ctx, end.Add(store.OutboxLife), store.Retention{})
		return err
	})
	if swept != 2 {
		w.Errorf("DeleteExpired() deletes %d, want two messages", swept)
	}
	missing[store.OutboxMessage](w, "Message()")(r.Message(ctx, m.ID))
}

func messagesAreRetriedAndDropped(w *world) {
	ctx := w.ctx
	dead, waiting, leased, sent := w.addMessage("dead@acme.example"), w.addMessage("waiting@acme.example"), w.addMessage("leased@acme.example"), w.addMessage("sent@acme.example")
	all := []sso.MessageID{dead.ID, waiting.ID, leased.ID, sent.ID, "msg_none"}
	got := w.claim(w.later(), dead.ExpiresAt, 10)
	settle := func(to string, change func(*store.OutboxMessage)) {
		m := got[to]
		change(&m)
		w.write(func(tx *store.Writer) error { return tx.SettleMessage(ctx, m) })
	}
	settle(dead.To, func(m *store.OutboxMessage) { m.State, m.DoneAt, m.Code = store.MessageDead, w.now, "mail_refused" })
	settle(waiting.To, func(m *store.OutboxMessage) { m.DueAt = w.now.Add(30 * time.Minute) })
	settle(sent.To, func(m *store.OutboxMessage) { m.State, m.DoneAt = store.MessageSent, w.now })

	act := func(what string, fn func(tx *store.Writer) ([]sso.MessageID, error), want ...sso.MessageID) {
		w.Helper()
		var ids []sso.MessageID
		w.write(func(tx *store.Writer) (err error) {
			ids, err = fn(tx)
			return err
		})
		slices.Sort(ids)
		slices.Sort(want)
		same(w, what, want, ids)
	}
	now := w.now.Add(time.Minute)
	act("RetryMessages()", func(tx *store.Writer) ([]sso.MessageID, error) { return tx.RetryMessages(ctx, all, now) }, dead.ID, waiting.ID)
	r := w.reader()
	again := get[store.OutboxMessage](w, "Message()")(r.Message(ctx, dead.ID))
	if again.State != store.MessageWaiting || !again.DueAt.Equal(now) || !again.ExpiresAt.Equal(now.Add(time.Hour)) || !again.DoneAt.IsZero() || again.Tries != 1 {
		w.Errorf("a dead message that is to be tried again is %v", again)
	}
	act("RetryMessages() of nothing", func(tx *store.Writer) ([]sso.MessageID, error) { return tx.RetryMessages(ctx, nil, now) })
	act("DropMessages() of nothing", func(tx *store.Writer) ([]sso.MessageID, error) { return tx.DropMessages(ctx, nil, now) })
	act("DropMessages()", func(tx *store.Writer) ([]sso.MessageID, error) { return tx.DropMessages(ctx, all, now) }, dead.ID, waiting.ID)
	missing[store.OutboxMessage](w, "Message()")(r.Message(ctx, dead.ID))
	get[store.OutboxMessage](w, "Message()")(r.Message(ctx, leased.ID))
}

// oneOfManyClaims lets many nodes look at once: each message is one's.
func oneOfManyClaims(w *world) {
	const messages = 20
	for i := range messages {
		w.addMessage(strings.Repeat("a", i+1) + "@acme.example")
	}
	now := w.later()
	const nodes = 8
	var claimed [nodes][]store.OutboxMessage
	w.race(nodes, nil, func(i int, tx *store.Writer) (err error) {
		claimed[i], err = tx.ClaimMessages(w.ctx, "mail", now, now.Add(time.Minute), 5)
		return err
	})
	seen := map[sso.MessageID]bool{}
	for _, m := range slices.Concat(claimed[:]...) {
		if seen[m.ID] {
			w.Errorf("message %s was given to two", m.ID)
		}
		seen[m.ID] = true
	}
	if len(seen) != messages {
		w.Errorf("%d messages were claimed, want all %d", len(seen), messages)
	}
}
