package notify

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// How messages are handed over.
const (
	// batch is how many messages are claimed at a time, and lease for how long:
	// longer than all of them may take.
	batch = 16
	lease = batch * LetterTime
	// LetterTime is how long handing over one letter may take.
	LetterTime = 30 * time.Second
	// maxDetail bounds what is kept of what a server or gateway says, in octets.
	maxDetail = 500
)

// Carrier hands letters to who delivers them.
type Carrier interface {
	// Carry hands over letters in their order, and reports how each has fared
	// as soon as it is known: with what the server or gateway calls it, or with a
	// fault. A fault of kind Denied concerns this very letter and is final;
	// after any other one the letter is tried again. What is not reported was
	// not tried. Carry returns early when the context ends.
	Carry(ctx context.Context, letters []Letter, report func(i int, remoteID string, err error))
}

// Courier takes messages out of the outbox and sends them. Its fields are set
// once, before it is used; it is safe for concurrent use.
type Courier struct {
	DB       *store.DB
	Sealer   *secret.Sealer
	Writer   *Writer
	Carriers map[Channel]Carrier // a channel without one has its messages wait
	Now      func() time.Time
	Log      *slog.Logger
}

// Deliver tries some of the messages that are due, and returns how many those
// were: while that is not 0 there may be more. It gives up what nobody wants any
// more. Any number of nodes may call it at once.
func (c *Courier) Deliver(ctx context.Context, channel Channel) (int64, error) {
	now := c.Now()
	carrier := c.Carriers[channel]
	due := false
	err := c.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.MessagesDue(ctx, string(channel), now)
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	var claimed []store.OutboxMessage
	err = c.DB.Write(ctx, func(tx *store.Writer) (err error) {
		claimed = nil
		if _, err = tx.ExpireMessages(ctx, string(channel), now, givenUp(carrier)); err != nil || carrier == nil {
			return err
		}
		claimed, err = tx.ClaimMessages(ctx, string(channel), now, now.Add(lease), batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	c.carry(ctx, carrier, claimed)
	return int64(len(claimed)), nil
}

// givenUp returns the code of why a message that was never tried is given up.
func givenUp(carrier Carrier) string {
	f := fault.Error{Code: "message_expired"}
	if carrier == nil {
		f = fault.Error{Code: "channel_unconfigured"}
	}
	return f.Code
}

// carry hands over what was claimed. What is not tried in time is left to the
// end of its lease.
func (c *Courier) carry(ctx context.Context, carrier Carrier, claimed []store.OutboxMessage) {
	var letters []Letter
	var rows []store.OutboxMessage
	for _, m := range claimed {
		letter, err := c.read(m)
		if err != nil {
			c.settle(ctx, m, "", &fault.Error{Kind: fault.Denied, Code: "message_unreadable", Fix: fault.OperatorSide, Err: err})
			continue
		}
		letters, rows = append(letters, letter), append(rows, m)
	}
	if len(letters) == 0 {
		return
	}
	limit, cancel := context.WithTimeout(ctx, lease-LetterTime)
	defer cancel()
	carrier.Carry(limit, letters, func(i int, remoteID string, err error) { c.settle(ctx, rows[i], remoteID, err) })
}

// read opens a message and puts it into words.
func (c *Courier) read(m store.OutboxMessage) (Letter, error) {
	plain, err := c.Sealer.Open(store.OutboxPlace(m.ID), m.Data)
	if err != nil {
		return Letter{}, err
	}
	var data map[Gap]string
	if err := json.Unmarshal(plain, &data); err != nil {
		return Letter{}, errors.New("reading the data of a message: no JSON") // they hold links: not shown
	}
	l, err := c.Writer.Write(m.ID, Message{Channel: Channel(m.Channel), Kind: Kind(m.Kind), To: m.To, Language: m.Language, Data: data})
	l.Until = m.ExpiresAt
	return l, err
}

// settle writes down how a try has ended, even where the server is about to
// stop: what was sent must not be sent again.
func (c *Courier) settle(ctx context.Context, m store.OutboxMessage, remoteID string, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LetterTime)
	defer cancel()
	now := c.Now()
	m.Code, m.Detail, m.RemoteID = "", "", clip(remoteID)
	f := fault.From(failure)
	switch {
	case f == nil:
		m.State, m.DoneAt = store.MessageSent, now
	case f.Kind == fault.Denied:
		m.State, m.DoneAt = store.MessageDead, now
	default:
		m.State, m.DueAt = store.MessageWaiting, now.Add(wait(&m, failure))
		if !m.DueAt.Before(m.ExpiresAt) {
			m.State, m.DoneAt = store.MessageDead, now
		}
	}
	if f != nil {
		m.Code, m.Detail = f.Code, clip(detailOf(f))
	}
	err := c.DB.Write(ctx, func(tx *store.Writer) error { return tx.SettleMessage(ctx, m) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		c.Log.Warn("a message was taken over while it was being sent", "message", m.ID, "try", m.Tries)
	case err != nil:
		c.Log.Error("settling a message", "message", m.ID, "err", err)
	case f != nil && f.Kind == fault.Internal:
		c.Log.Error("sending a message", "message", m.ID, "kind", m.Kind, "try", m.Tries, "err", failure)
	case f != nil:
		c.Log.Warn("sending a message", "message", m.ID, "kind", m.Kind, "try", m.Tries, "state", m.State, "code", f.Code, "got", m.Detail)
	}
}

// detailOf is what the operator is told of a failure.
func detailOf(f *fault.Error) string {
	if f.Got != "" || f.Err == nil {
		return f.Got
	}
	return f.Err.Error()
}

// Bounds of the pause before the second try and of all later ones, and the
// parts of a message's life that they are.
const (
	shortestFirst, longestFirst, partFirst = 5 * time.Second, time.Minute, 200
	shortestLast, longestLast, partLast    = time.Minute, 4 * time.Hour, 12
)

// wait is how long a message rests before it is tried again: longer each time,
// measured by how long it is of worth, never equally long for two, and not
// before the gateway wants it.
func wait(m *store.OutboxMessage, failure error) time.Duration {
	worth := m.ExpiresAt.Sub(m.CreatedAt)
	first := min(max(worth/partFirst, shortestFirst), longestFirst)
	last := min(max(worth/partLast, shortestLast), longestLast)
	d := last
	if m.Tries < 16 {
		d = min(first<<max(m.Tries-1, 0), last)
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	d += time.Duration(binary.NativeEndian.Uint64(b[:]) % uint64(d/5))
	if after, ok := errors.AsType[*laterError](failure); ok {
		d = max(d, min(after.wait, longestLast))
	}
	return d
}

// laterError is a failure after which the gateway has said when to come again.
type laterError struct{ wait time.Duration }

// Error returns the text for the log.
func (e *laterError) Error() string { return fmt.Sprintf("asked to come again in %v", e.wait) }

// clip keeps the beginning of what a server said.
func clip(s string) string {
	if len(s) > maxDetail {
		return s[:maxDetail]
	}
	return s
}
