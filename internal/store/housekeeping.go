package store

import (
	"cmp"
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// TraceLife is how long traces are kept. They hold what identity providers
// said about people.
const TraceLife = 90 * 24 * time.Hour

// MessageLife is how long messages are kept as they came. They hold all that an
// identity provider says about a person.
const MessageLife = 14 * 24 * time.Hour

// Retention is how long traces, and messages beside them, are kept. A zero
// field is [TraceLife] or [MessageLife].
type Retention struct {
	Traces   time.Duration
	Messages time.Duration
}

// housekeepingBatch bounds how many rows of a table one call deletes, so that
// sign-ins need not wait for it.
const housekeepingBatch = 1000

// InvitationKept is how long an invitation is kept when it cannot be accepted
// any more.
const InvitationKept = 90 * 24 * time.Hour

// ClocksApart is how far the clocks of two nodes may be apart, of which one deletes
// what has expired and the other one is asked. What says that something was used, or
// ended, is kept for so much longer: it could count again where it is still early.
const ClocksApart = 10 * time.Minute

// DeleteExpired deletes what is of no use any more: attempts, single-use
// things, tokens, sessions, logouts, remembered browsers, device codes, SMS codes, requests
// of programs, counts of tries, uploaded lists of people and support bundles past their time, traces and messages beside them past their retention,
// browsers past [BrowserLife], tests past [sso.TestKept], messages past
// [OutboxLife], logout notices past [LogoutNoticeLife], deliveries to webhooks past [DeliveryLife], conflicts past [ConflictLife] and invitations past [InvitationKept]. It returns
// how many rows it deleted; while that is not 0 there may be more. Before a
// session is deleted, it is noted who is to be told of that.
func (w *Writer) DeleteExpired(ctx context.Context, now time.Time, keep Retention) (int64, error) {
	if _, err := w.NoteEnds(ctx, now, housekeepingBatch); err != nil {
		return 0, err
	}
	total := int64(0)
	for _, sweep := range []struct {
		text   string
		before time.Time
	}{
		{`delete from attempts where id in (select id from attempts where kept_until <= $1 and untold <> 1 order by kept_until limit $2)`, now.Add(-ClocksApart)},
		{`delete from single_use where (kind, hash) in (select kind, hash from single_use where expires_at <= $1 order by expires_at limit $2)`, now.Add(-ClocksApart)},
		{`delete from tokens where hash in (select hash from tokens where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from machine_tokens where hash in (select hash from machine_tokens where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from device_codes where device_hash in (select device_hash from device_codes where expires_at <= $1 order by expires_at limit $2)`, now.Add(-sso.DeviceCodeKept)},
		{`delete from sessions where id in (select id from sessions where expires_at <= $1 and told_at is not null order by expires_at limit $2)`, now},
		{`delete from saml_logouts where (connection_id, subject, session_index) in (select connection_id, subject, session_index from saml_logouts where expires_at <= $1 order by expires_at limit $2)`, now.Add(-ClocksApart)},
		{`delete from devices where id in (select id from devices where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from browsers where (user_id, token_hash) in (select user_id, token_hash from browsers where seen_at <= $1 order by seen_at limit $2)`, now.Add(-BrowserLife)},
		{`delete from sms_codes where owner in (select owner from sms_codes where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from api_requests where (program_id, key_hash) in (select program_id, key_hash from api_requests where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from tries where key in (select key from tries where back_at <= $1 order by back_at limit $2)`, now},
		{`delete from imports where id in (select id from imports where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from invitations where id in (select id from invitations where expires_at <= $1 order by expires_at limit $2)`, now.Add(-InvitationKept)},
		{`delete from traces where reference in (select reference from traces where at <= $1 order by at limit $2)`, now.Add(-cmp.Or(keep.Traces, TraceLife))},
		{`delete from trace_messages where reference in (select reference from trace_messages where at <= $1 order by at limit $2)`, now.Add(-cmp.Or(keep.Messages, MessageLife))},
		{`delete from trace_bundles where id in (select id from trace_bundles where expires_at <= $1 order by expires_at limit $2)`, now},
		{`delete from tests where id in (select id from tests where created_at <= $1 order by created_at limit $2)`, now.Add(-sso.TestKept)},
		{`delete from outbox where id in (select id from outbox where done_at <= $1 order by done_at limit $2)`, now.Add(-OutboxLife)},
		{`delete from logout_notices where (app_id, sid) in (select app_id, sid from logout_notices where done_at <= $1 order by done_at limit $2)`, now.Add(-LogoutNoticeLife)},
		{`delete from webhook_deliveries where id in (select id from webhook_deliveries where done_at <= $1 order by done_at limit $2)`, now.Add(-DeliveryLife)},
		{`delete from conflicts where id in (select id from conflicts where seen_at <= $1 order by seen_at limit $2)`, now.Add(-ConflictLife)},
	} {
		n, err := w.q.exec(ctx, sweep.text, at(sweep.before), housekeepingBatch)
		if err != nil {
			return total, doing(err, "deleting what has expired")
		}
		total += n
	}
	return total, nil
}
