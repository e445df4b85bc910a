package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Outbox takes messages in. Its fields are set once, before it is used; it is
// safe for concurrent use.
type Outbox struct {
	Sealer *secret.Sealer
	SMS    Budgets
	Now    func() time.Time
}

// Enqueue puts a message into the outbox, within the transaction of what it
// tells of. An address or number that is none is a fault that a person may see,
// and so is an SMS that exceeds a budget; every other mistake in a message is
// its caller's.
func (o *Outbox) Enqueue(ctx context.Context, tx *store.Writer, m Message) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("putting a message into the outbox: %w", err)
	}
	to, err := recipient(m.Channel, m.To)
	if err != nil {
		return err
	}
	now := o.Now()
	if m.Channel == SMS {
		if err := o.SMS.spend(ctx, tx, &m, sso.StoredPhone(to), now); err != nil {
			return err
		}
	}
	id := sso.NewMessageID(now)
	data, err := json.Marshal(m.Data)
	if err != nil {
		return fmt.Errorf("putting a message into the outbox: %w", err)
	}
	s, _ := shapeOf(m.Kind)
	until := now.Add(s.worth)
	if !m.Until.IsZero() {
		until = m.Until
	}
	return tx.InsertMessage(ctx, store.OutboxMessage{
		ID: id, Channel: string(m.Channel), Kind: string(m.Kind), Org: m.Org, User: m.User, To: to, Language: m.Language,
		Data: o.Sealer.Seal(store.OutboxPlace(id), data), CreatedAt: now, DueAt: now, ExpiresAt: until,
	})
}

// recipient returns an address or number in its one normal form.
func recipient(c Channel, to string) (string, error) {
	if c == SMS {
		p, err := sso.ParsePhone(to)
		return p.String(), err
	}
	e, err := sso.ParseEmail(to)
	return e.String(), err
}
