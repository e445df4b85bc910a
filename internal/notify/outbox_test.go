package notify_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

var testTime = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func newOutbox(t *testing.T) *notify.Outbox {
	t.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &notify.Outbox{Sealer: sealer, Now: func() time.Time { return testTime }}
}

func invitation(to string) notify.Message {
	return notify.Message{Channel: notify.Mail, Kind: notify.Invitation, Org: "org_x", To: to, Language: "de", Data: map[notify.Gap]string{
		notify.Organization: "Acme", notify.Inviter: "Alice", notify.Link: "/login/invitation/t0ken", notify.Until: notify.Instant(testTime.Add(time.Hour)),
	}}
}

func waiting(t *testing.T, db *store.DB) []store.OutboxMessage {
	t.Helper()
	var all []store.OutboxMessage
	err := db.Read(t.Context(), func(r *store.Reader) (err error) {
		all, err = r.Messages(t.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMessageIsThereWithItsCauseOrNotAtAll(t *testing.T) {
	t.Parallel()
	db, outbox := storetest.SQLite(t), newOutbox(t)
	changed := errors.New("changed my mind")
	err := db.Write(t.Context(), func(tx *store.Writer) error {
		if err := outbox.Enqueue(t.Context(), tx, invitation("bob@acme.example")); err != nil {
			return err
		}
		return changed
	})
	if !errors.Is(err, changed) || len(waiting(t, db)) != 0 {
		t.Fatalf("an undone transaction: %v, and %d messages wait", err, len(waiting(t, db)))
	}
	err = db.Write(t.Context(), func(tx *store.Writer) error {
		return outbox.Enqueue(t.Context(), tx, invitation(" Bob@ACME.example "))
	})
	all := waiting(t, db)
	if err != nil || len(all) != 1 {
		t.Fatalf("Enqueue() = %v, and %d messages wait", err, len(all))
	}
	m := all[0]
	if m.To != "Bob@acme.example" || m.Channel != "mail" || m.Kind != "invitation" || m.Org != "org_x" || !m.DueAt.Equal(testTime) || !m.ExpiresAt.After(testTime.Add(24*time.Hour)) {
		t.Errorf("the message is %+v", m)
	}
	if bytes.Contains(m.Data, []byte("t0ken")) || bytes.Contains(m.Data, []byte("Acme")) {
		t.Error("the database holds the link of a message in the clear")
	}
	if _, err := outbox.Sealer.Open(store.OutboxPlace(m.ID), m.Data); err != nil {
		t.Errorf("opening the data: %v", err)
	}
	if _, err := outbox.Sealer.Open(store.OutboxPlace("msg_other"), m.Data); err == nil {
		t.Error("the data open in another row")
	}
}

func TestEnqueueRefuses(t *testing.T) {
	t.Parallel()
	db, outbox := storetest.SQLite(t), newOutbox(t)
	for name, tc := range map[string]struct {
		spoil func(*notify.Message)
		code  string
	}{
		"no address":              {func(m *notify.Message) { m.To = "bob" }, "ident_email"},
		"a header in the address": {func(m *notify.Message) { m.To = "bob@acme.example\r\nBcc: eve@evil.example" }, "ident_email"},
		"two addresses":           {func(m *notify.Message) { m.To = "bob@acme.example,eve@evil.example" }, "ident_email"},
		"no number":               {func(m *notify.Message) { *m = code("0151 23456789") }, "phone_form"},
		"no such kind":            {func(m *notify.Message) { m.Kind = "advertisement" }, "internal"},
		"an invitation by SMS":    {func(m *notify.Message) { m.Channel, m.To = notify.SMS, "+4915123456789" }, "internal"},
		"a code by mail": {func(m *notify.Message) {
			*m = code("+4915123456789")
			m.Channel, m.To = notify.Mail, "bob@acme.example"
		}, "internal"},
		"a gap that is not filled":  {func(m *notify.Message) { delete(m.Data, notify.Link) }, "internal"},
		"a gap that is not there":   {func(m *notify.Message) { m.Data["bonus"] = "x" }, "internal"},
		"a link to another site":    {func(m *notify.Message) { m.Data[notify.Link] = "https://evil.example/login" }, "internal"},
		"a link without a scheme":   {func(m *notify.Message) { m.Data[notify.Link] = "//evil.example/login" }, "internal"},
		"a link by a backslash":     {func(m *notify.Message) { m.Data[notify.Link] = `/\evil.example/login` }, "internal"},
		"a link that ends a header": {func(m *notify.Message) { m.Data[notify.Link] = "/login\r\nX: y" }, "internal"},
		"an instant that is none":   {func(m *notify.Message) { m.Data[notify.Until] = "tomorrow" }, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			m := invitation("bob@acme.example")
			tc.spoil(&m)
			err := db.Write(t.Context(), func(tx *store.Writer) error { return outbox.Enqueue(t.Context(), tx, m) })
			if got := fault.From(err); got == nil || got.Code != tc.code {
				t.Errorf("Enqueue() = %v, want %s", err, tc.code)
			}
			if n := len(waiting(t, db)); n != 0 {
				t.Errorf("%d messages wait", n)
			}
		})
	}
}

func code(to string) notify.Message {
	return notify.Message{Channel: notify.SMS, Kind: notify.SMSCode, To: to, Data: map[notify.Gap]string{notify.Code: "123456"}}
}

func TestCodeIsOfNoUseLater(t *testing.T) {
	t.Parallel()
	db, outbox := storetest.SQLite(t), newOutbox(t)
	early := code("+4915123456780")
	early.Until = testTime.Add(time.Minute)
	err := db.Write(t.Context(), func(tx *store.Writer) error {
		return errors.Join(outbox.Enqueue(t.Context(), tx, code("00 49 151 23456789")), outbox.Enqueue(t.Context(), tx, early))
	})
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]time.Duration{}
	for _, m := range waiting(t, db) {
		ends[m.To] = m.ExpiresAt.Sub(testTime)
	}
	if ends["+4915123456789"] != 10*time.Minute || ends["+4915123456780"] != time.Minute {
		t.Errorf("the codes are tried for %v, want ten minutes and one", ends)
	}
}
