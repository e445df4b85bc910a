package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Desk is where operators look after messages. Its fields are set once, before
// it is used; it is safe for concurrent use.
type Desk struct {
	DB      *store.DB
	Outbox  *Outbox
	Courier *Courier
}

// Pile is a list of messages that have come equally far.
type Pile string

// The piles.
const (
	Waiting Pile = "waiting" // to be sent, or to be tried again
	Dead    Pile = "dead"    // given up
	Sent    Pile = "sent"    // taken over by the server or gateway
)

// Bounds of what is looked at and acted on at once.
const (
	pageSize = 50
	maxActed = 200
)

// Item is a message as operators see it: everything but what it says.
type Item struct {
	ID        sso.MessageID
	Channel   Channel
	Kind      Kind
	Org       sso.OrgID
	User      sso.UserID
	To        string
	CreatedAt time.Time
	DueAt     time.Time // of the next try, while it waits
	ExpiresAt time.Time // when it is given up
	DoneAt    time.Time // sent or given up
	Tries     int64
	Code      string // why the last try failed: a code with a sentence
	Detail    string // what the server or gateway said to it
	RemoteID  string // what the server or gateway calls it
}

// Cursor returns the cursor of what comes behind the message.
func (m *Item) Cursor() string {
	return strconv.FormatInt(m.CreatedAt.UnixMicro(), 36) + "." + string(m.ID)
}

// Count is how many messages of a channel lie in a pile.
type Count struct {
	Channel Channel
	Pile    Pile
	Count   int64
	Oldest  time.Time
}

// Stuck is a page of a pile, and how it stands with all.
type Stuck struct {
	Items  []Item
	Next   string // cursor of the next page; "": this is the last one
	Counts []Count
	// Unconfigured lists the channels that nothing can be sent by, so that what
	// goes there waits until it is given up.
	Unconfigured []Channel
}

// Stuck returns a page of a pile, the latest messages first. cursor is the
// Next of the page before, or "".
func (d *Desk) Stuck(ctx context.Context, pile Pile, cursor string) (Stuck, error) {
	after := parseCursor(cursor)
	var page Stuck
	err := d.DB.Read(ctx, func(r *store.Reader) error {
		rows, err := r.Messages(ctx, store.MessageState(pile), after, pageSize+1)
		if err != nil {
			return err
		}
		counts, err := r.OutboxCounts(ctx)
		if err != nil {
			return err
		}
		page = Stuck{}
		more := len(rows) > pageSize
		for i := range rows[:min(len(rows), pageSize)] {
			page.Items = append(page.Items, item(&rows[i]))
		}
		if more {
			page.Next = page.Items[pageSize-1].Cursor()
		}
		for _, c := range counts {
			page.Counts = append(page.Counts, Count{Channel(c.Channel), Pile(c.State), c.Count, c.Oldest})
		}
		return nil
	})
	if err != nil {
		return Stuck{}, fmt.Errorf("listing messages: %w", err)
	}
	for _, c := range []Channel{Mail, SMS} {
		if d.Courier.Carriers[c] == nil {
			page.Unconfigured = append(page.Unconfigured, c)
		}
	}
	return page, nil
}

func item(m *store.OutboxMessage) Item {
	return Item{
		ID: m.ID, Channel: Channel(m.Channel), Kind: Kind(m.Kind), Org: m.Org, User: m.User, To: m.To, CreatedAt: m.CreatedAt, DueAt: m.DueAt,
		ExpiresAt: m.ExpiresAt, DoneAt: m.DoneAt, Tries: m.Tries, Code: m.Code, Detail: m.Detail, RemoteID: m.RemoteID,
	}
}

// parseCursor reads a cursor, which came by the URL. One that we did not make
// counts for none.
func parseCursor(s string) store.MessageCursor {
	at, id, _ := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(at, 36, 64)
	if err != nil || id == "" {
		return store.MessageCursor{}
	}
	return store.MessageCursor{CreatedAt: time.UnixMicro(micros).UTC(), ID: sso.MessageID(id)}
}

// Retry has messages that wait or were given up tried again at once, and
// returns how many those were. One that is just being tried is left alone.
func (d *Desk) Retry(ctx context.Context, by sso.By, ids []sso.MessageID) (int, error) {
	return d.act(ctx, by, "message.retried", ids, (*store.Writer).RetryMessages)
}

// Drop deletes messages that wait or were given up, and returns how many those
// were. One that is just being tried is left alone.
func (d *Desk) Drop(ctx context.Context, by sso.By, ids []sso.MessageID) (int, error) {
	return d.act(ctx, by, "message.dropped", ids, (*store.Writer).DropMessages)
}

func (d *Desk) act(ctx context.Context, by sso.By, action string, ids []sso.MessageID,
	do func(*store.Writer, context.Context, []sso.MessageID, time.Time) ([]sso.MessageID, error),
) (int, error) {
	if len(ids) > maxActed {
		return 0, &fault.Error{Kind: fault.Exhausted, Code: "message_count", Want: "at most 200", Got: strconv.Itoa(len(ids)), Fix: fault.PersonSide}
	}
	n := 0
	err := d.DB.Write(ctx, func(tx *store.Writer) error {
		now := d.Outbox.Now()
		done, err := do(tx, ctx, ids, now)
		if err != nil {
			return err
		}
		n = len(done)
		for _, id := range done {
			if err := tx.Record(ctx, by.Event(now, action, string(id), nil)); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// Test sends a test at once, past the outbox, and returns what the server or
// gateway calls it. A failure says what was wrong.
func (d *Desk) Test(ctx context.Context, by sso.By, channel Channel, to, language string) (remoteID string, err error) {
	m := Message{Channel: channel, Kind: Test, Language: language}
	if m.To, err = recipient(channel, to); err != nil {
		return "", err
	}
	carrier := d.Courier.Carriers[channel]
	if carrier == nil {
		return "", &fault.Error{Kind: fault.Conflict, Code: "channel_unconfigured", Got: string(channel), Fix: fault.OperatorSide}
	}
	now := d.Outbox.Now()
	letter, err := d.Courier.Writer.Write(sso.NewMessageID(now), m)
	if err != nil {
		return "", err
	}
	letter.Until = now.Add(worthCode)
	err = d.DB.Write(ctx, func(tx *store.Writer) error {
		if channel == SMS {
			if err := d.Outbox.SMS.spend(ctx, tx, &m, sso.StoredPhone(m.To), now); err != nil {
				return err
			}
		}
		return tx.Record(ctx, by.Event(now, "message.tested", string(letter.ID), map[string]string{"channel": string(channel)}))
	})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, LetterTime)
	defer cancel()
	err = errors.New("sending a test: the time is over")
	carrier.Carry(ctx, []Letter{letter}, func(_ int, id string, failure error) { remoteID, err = id, failure })
	return remoteID, err
}
