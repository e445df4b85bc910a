package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// OutboxLife is how long a message is kept after it was sent or given up, for
// who asks where it has got to.
const OutboxLife = 30 * 24 * time.Hour

// MessageState says how far a message has come.
type MessageState string

// The states of a message.
const (
	MessageWaiting MessageState = "waiting" // to be sent, or being sent
	MessageSent    MessageState = "sent"    // taken over by the server or gateway
	MessageDead    MessageState = "dead"    // given up
)

// OutboxMessage is a message to a person.
type OutboxMessage struct {
	ID        sso.MessageID
	Channel   string
	Kind      string
	Org       sso.OrgID  // on whose behalf; "": the deployment's
	User      sso.UserID // to whom; "": somebody who is no user yet
	To        string     // address or number
	Language  string
	Data      []byte // sealed; nil once the message was sent
	State     MessageState
	CreatedAt time.Time
	DueAt     time.Time // of the next try
	ExpiresAt time.Time // afterwards it is not worth sending
	Leased    time.Time // somebody tries until then; zero: nobody does
	Tries     int64     // so far, with the one under way
	Code      string    // why the last try failed
	Detail    string    // what the server or gateway said
	DoneAt    time.Time // sent or given up; zero while it waits
	RemoteID  string    // what the server or gateway calls it
}

// OutboxPlace is where the data of the message with this ID stand, to which
// their seal is bound.
func OutboxPlace(id sso.MessageID) secret.Place {
	return secret.Place{Table: "outbox", Column: "data", Row: string(id)}
}

const outboxColumns = `id, channel, kind, org_id, user_id, recipient, language, data, state, created_at, due_at, expires_at, leased_until, tries, code, detail, done_at, remote_id`

func outboxFields(m *OutboxMessage) []any {
	return []any{
		&m.ID, &m.Channel, &m.Kind, opt(&m.Org), opt(&m.User), &m.To, &m.Language, &m.Data, &m.State, utc(&m.CreatedAt), utc(&m.DueAt), utc(&m.ExpiresAt),
		utc(&m.Leased), &m.Tries, &m.Code, &m.Detail, utc(&m.DoneAt), &m.RemoteID,
	}
}

// InsertMessage puts a message into the outbox. It waits, whatever its state says.
func (w *Writer) InsertMessage(ctx context.Context, m OutboxMessage) error {
	_, err := w.q.exec(ctx, `
		insert into outbox (id, channel, kind, org_id, user_id, recipient, language, data, state, created_at, due_at, expires_at, tries, code, detail, remote_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10, $11, 0, '', '', '')`,
		m.ID, m.Channel, m.Kind, null(m.Org), null(m.User), m.To, m.Language, m.Data, at(m.CreatedAt), at(m.DueAt), at(m.ExpiresAt))
	return doing(err, "inserting message %s", m.ID)
}

// Message returns the message with this ID, or [ErrNotFound].
func (r *Reader) Message(ctx context.Context, id sso.MessageID) (OutboxMessage, error) {
	m, err := one(ctx, r.q, outboxFields, `
		select `+outboxColumns+`
		from outbox
		where id = $1`,
		id)
	return m, doing(err, "reading message %s", id)
}

// MessagesDue reports whether a claim would give a message of this channel or
// an expiry would end one.
func (r *Reader) MessagesDue(ctx context.Context, channel string, now time.Time) (bool, error) {
	due, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (
			select 1 from outbox
			where channel = $1 and state = 'waiting' and due_at <= $2 and (leased_until is null or leased_until <= $2)
		)`,
		channel, at(now))
	return due, doing(err, "looking for messages by %s", channel)
}

// ClaimMessages gives up to limit messages of this channel that are due to the
// caller alone, until the lease ends, and counts a try of each. Those that
// lose their worth soonest come first. A caller that dies loses its lease.
func (w *Writer) ClaimMessages(ctx context.Context, channel string, now, until time.Time, limit int) ([]OutboxMessage, error) {
	all, err := list(ctx, w.q, outboxFields, `
		update outbox
		set leased_until = $3, tries = tries + 1
		where id in (
			select d.id
			from outbox d
			where d.channel = $1 and d.state = 'waiting' and d.due_at <= $2 and d.expires_at > $2 and (d.leased_until is null or d.leased_until <= $2)
			order by d.expires_at, d.id
			limit $4
		)
		returning `+outboxColumns,
		channel, at(now), at(until), limit)
	slices.SortFunc(all, func(a, b OutboxMessage) int { return a.ExpiresAt.Compare(b.ExpiresAt) }) // returning has no order
	return all, doing(err, "claiming messages by %s", channel)
}

// SettleMessage writes down how a try has ended: state, next try, reason, end
// and remote ID. Where somebody else has claimed the message meanwhile, or it
// is there no more, it is [ErrNotFound]. The data of a message that was sent
// are erased.
func (w *Writer) SettleMessage(ctx context.Context, m OutboxMessage) error {
	n, err := w.q.exec(ctx, `
		update outbox
		set state = $3, due_at = $4, code = $5, detail = $6, done_at = $7, remote_id = $8, leased_until = null,
			data = case when $9 then null else data end
		where id = $1 and tries = $2 and state = 'waiting'`,
		m.ID, m.Tries, m.State, at(m.DueAt), m.Code, shown(m.Detail), at(m.DoneAt), shown(m.RemoteID), m.State == MessageSent)
	return doing(found(n, err), "settling message %s", m.ID)
}

// ExpireMessages gives up what is not worth sending any more and is not being
// sent, and returns how many messages that were. The reason of the last try stays,
// where there was one.
func (w *Writer) ExpireMessages(ctx context.Context, channel string, now time.Time, code string) (int64, error) {
	n, err := w.q.exec(ctx, `
		update outbox
		set state = 'dead', done_at = $2, leased_until = null, code = case when code = '' then $3 else code end
		where channel = $1 and state = 'waiting' and expires_at <= $2 and (leased_until is null or leased_until <= $2)`,
		channel, at(now), code)
	return n, doing(err, "giving up messages by %s", channel)
}

// MessageCursor says where a list of messages goes on.
type MessageCursor struct {
	CreatedAt time.Time
	ID        sso.MessageID
}

// Messages returns the messages in a state, the latest first: those after the
// cursor, or from the start for the zero one.
func (r *Reader) Messages(ctx context.Context, state MessageState, after MessageCursor, limit int) ([]OutboxMessage, error) {
	var all []OutboxMessage
	var err error
	if after.ID == "" {
		all, err = page(ctx, r.q, outboxFields, `
			select `+outboxColumns+`
			from outbox
			where state = $1
			order by created_at desc, id desc
			limit $2`,
			state, limit)
	} else {
		all, err = page(ctx, r.q, outboxFields, `
			select `+outboxColumns+`
			from outbox
			where state = $1 and (created_at, id) < ($2, $3)
			order by created_at desc, id desc
			limit $4`,
			state, at(after.CreatedAt), after.ID, limit)
	}
	return all, doing(err, "listing %s messages", state)
}

// OutboxCount is how many messages of a channel wait or were given up.
type OutboxCount struct {
	Channel string
	State   MessageState
	Count   int64     // as far as [ManyMessages]
	Oldest  time.Time // when the oldest of them was put in
}

// ManyMessages is how far messages are counted.
const ManyMessages = 10000

// OutboxCounts counts what waits and what was given up.
func (r *Reader) OutboxCounts(ctx context.Context) ([]OutboxCount, error) {
	all, err := list(ctx, r.q, func(c *OutboxCount) []any { return []any{&c.Channel, &c.State, &c.Count, utc(&c.Oldest)} }, `
		with pile (channel, state) as (values ('mail', 'waiting'), ('mail', 'dead'), ('sms', 'waiting'), ('sms', 'dead')),
		counted as materialized (
			select pile.channel, pile.state,
				(select count(*) from (select 1 from outbox o where o.state = pile.state and o.channel = pile.channel limit $1) as few) as n,
				(select min(o.created_at) from outbox o where o.state = pile.state and o.channel = pile.channel) as oldest
			from pile
		)
		select channel, state, n, oldest
		from counted
		where n > 0
		order by channel, state desc`,
		ManyMessages)
	return all, doing(err, "counting messages")
}

// RetryMessages has messages that wait or were given up tried again now, with
// all the time they had at first, and returns those that it found. One that is
// being tried is left to who tries it.
func (w *Writer) RetryMessages(ctx context.Context, ids []sso.MessageID, now time.Time) ([]sso.MessageID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(2, ids)
	all, err := list(ctx, w.q, func(id *sso.MessageID) []any { return []any{id} }, `
		update outbox
		set state = 'waiting', due_at = $1, expires_at = $1 + (expires_at - created_at), done_at = null, leased_until = null
		where id in (`+in+`) and state <> 'sent' and data is not null and (leased_until is null or leased_until <= $1)
		returning id`,
		append([]any{at(now)}, args...)...)
	return all, doing(err, "trying messages again")
}

// DropMessages deletes messages that wait or were given up, and returns those
// that it found. One that is being tried is left to who tries it.
func (w *Writer) DropMessages(ctx context.Context, ids []sso.MessageID, now time.Time) ([]sso.MessageID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(2, ids)
	all, err := list(ctx, w.q, func(id *sso.MessageID) []any { return []any{id} }, `
		delete from outbox
		where id in (`+in+`) and state <> 'sent' and (leased_until is null or leased_until <= $1)
		returning id`,
		append([]any{at(now)}, args...)...)
	return all, doing(err, "dropping messages")
}
