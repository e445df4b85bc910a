package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// LogoutNoticeLife is how long it is kept that an app was told of the end of a
// session, or could not be.
const LogoutNoticeLife = 30 * 24 * time.Hour

// LogoutNoticeWorth is how long an app is tried to be told of the end of a
// session: a day of trouble on its side should not leave anybody signed in.
const LogoutNoticeWorth = 24 * time.Hour

// endsAtOnce is of how many sessions one statement notes the end.
const endsAtOnce = 128

// LogoutNotice is what an app is to be told: a session by which it was given
// tokens is over. There is one for each app and session, and it outlives the
// session.
type LogoutNotice struct {
	App       sso.AppID
	SID       sso.SessionID // as id tokens call the session
	User      sso.UserID
	Org       sso.OrgID
	State     MessageState
	CreatedAt time.Time
	DueAt     time.Time // of the next try
	ExpiresAt time.Time // afterwards nobody tries any more
	Leased    time.Time // somebody tries until then; zero: nobody does
	Tries     int64     // so far, with the one under way
	Code      string    // why the last try failed
	Detail    string    // what the app said
	DoneAt    time.Time // told, or given up; zero while it waits
}

const logoutNoticeColumns = `app_id, sid, user_id, org_id, state, created_at, due_at, expires_at, leased_until, tries, code, detail, done_at`

func logoutNoticeFields(n *LogoutNotice) []any {
	return []any{
		&n.App, &n.SID, &n.User, &n.Org, &n.State, utc(&n.CreatedAt), utc(&n.DueAt), utc(&n.ExpiresAt), utc(&n.Leased), &n.Tries, &n.Code, &n.Detail, utc(&n.DoneAt),
	}
}

// noticesOf writes down that apps are to be told of the end of these sessions,
// which a statement names whose arguments are from $3 on: those apps that were
// given tokens in them and have a back channel. What an app holds by itself goes
// by the session from which it came; an app that has given that back, or lost
// it, is not told.
func (w *Writer) noticesOf(ctx context.Context, now time.Time, sessions string, args ...any) error {
	_, err := w.q.exec(ctx, `
		insert into logout_notices (app_id, sid, user_id, org_id, state, created_at, due_at, expires_at, tries, code, detail)
		select g.app_id, g.sid, min(g.user_id), min(g.org_id), 'waiting', cast($1 as bigint), cast($1 as bigint), cast($2 as bigint), 0, '', ''
		from grants g join apps p on p.id = g.app_id
		where p.backchannel_uri <> '' and g.id in (
			select x.id from grants x where x.session_id in (`+sessions+`) and (x.sid = x.session_id or x.revoked_at is null)
			union
			select y.id from grants y where y.sid <> y.session_id and y.sid in (`+sessions+`)
		)
		group by g.app_id, g.sid
		on conflict (app_id, sid) do update
		set state = 'waiting', due_at = excluded.due_at, expires_at = excluded.expires_at, leased_until = null, tries = 0, code = '', detail = '', done_at = null`,
		append([]any{at(now), at(now.Add(LogoutNoticeWorth))}, args...)...)
	return err
}

// NoteEnds writes down which apps are to be told of sessions that are over, for
// at most limit sessions that ended and as many that have expired, and returns
// how many sessions those were. That a session is over stands in its row, put
// there by whoever ended it and by nobody else, so that no way out is forgotten.
func (w *Writer) NoteEnds(ctx context.Context, now time.Time, limit int) (int64, error) {
	fields := func(id *sso.SessionID) []any { return []any{id} }
	ids, err := list(ctx, w.q, fields, `
		select id
		from sessions
		where ended_at is not null and told_at is null
		order by ended_at
		limit $1`,
		limit)
	if err != nil {
		return 0, doing(err, "looking for sessions that have ended")
	}
	expired, err := list(ctx, w.q, fields, `
		select id
		from sessions
		where expires_at <= $1 and ended_at is null and told_at is null
		order by expires_at
		limit $2`,
		at(now), limit)
	if err != nil {
		return 0, doing(err, "looking for sessions that have expired")
	}
	ids = append(ids, expired...)
	for some := range slices.Chunk(ids, endsAtOnce) {
		in, args := anyOf(3, some)
		if err := w.noticesOf(ctx, now, in, args...); err != nil {
			return 0, doing(err, "noting who is to be told of sessions that are over")
		}
		in, args = anyOf(2, some)
		if _, err := w.q.exec(ctx, `
			update sessions
			set told_at = $1
			where id in (`+in+`)`,
			append([]any{at(now)}, args...)...); err != nil {
			return 0, doing(err, "noting that sessions are over")
		}
	}
	return int64(len(ids)), nil
}

// LogoutNoticesDue reports whether there is anything to do about the ends of
// sessions.
func (r *Reader) LogoutNoticesDue(ctx context.Context, now time.Time) (bool, error) {
	due, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from sessions where ended_at is not null and told_at is null)
			or exists (select 1 from sessions where expires_at <= $1 and ended_at is null and told_at is null)
			or exists (select 1 from logout_notices where state = 'waiting' and due_at <= $1 and (leased_until is null or leased_until <= $1))`,
		at(now))
	return due, doing(err, "looking for apps that are to be told of a logout")
}

// ClaimLogoutNotices gives up to limit notices that are due to the caller alone,
// until the lease ends, and counts a try of each. A caller that dies loses its
// lease.
func (w *Writer) ClaimLogoutNotices(ctx context.Context, now, until time.Time, limit int) ([]LogoutNotice, error) {
	all, err := list(ctx, w.q, logoutNoticeFields, `
		update logout_notices
		set leased_until = $2, tries = tries + 1
		where (app_id, sid) in (
			select d.app_id, d.sid
			from logout_notices d
			where d.state = 'waiting' and d.due_at <= $1 and d.expires_at > $1 and (d.leased_until is null or d.leased_until <= $1)
			order by d.due_at, d.app_id, d.sid
			limit $3
		)
		returning `+logoutNoticeColumns,
		at(now), at(until), limit)
	slices.SortFunc(all, func(a, b LogoutNotice) int { return a.CreatedAt.Compare(b.CreatedAt) }) // returning has no order
	return all, doing(err, "claiming logout notices")
}

// SettleLogoutNotice writes down how a try has ended: state, next try, reason
// and end. Where somebody else has claimed the notice meanwhile, or it is there
// no more, it is [ErrNotFound].
func (w *Writer) SettleLogoutNotice(ctx context.Context, n LogoutNotice) error {
	changed, err := w.q.exec(ctx, `
		update logout_notices
		set state = $4, due_at = $5, code = $6, detail = $7, done_at = $8, leased_until = null
		where app_id = $1 and sid = $2 and tries = $3 and state = 'waiting'`,
		n.App, n.SID, n.Tries, n.State, at(n.DueAt), n.Code, shown(n.Detail), at(n.DoneAt))
	return doing(found(changed, err), "settling a logout notice of %s", n.App)
}

// ExpireLogoutNotices gives up what is not worth a try any more and is not being
// tried. The reason of the last try stays, where there was one.
func (w *Writer) ExpireLogoutNotices(ctx context.Context, now time.Time, code string) error {
	_, err := w.q.exec(ctx, `
		update logout_notices
		set state = 'dead', done_at = $1, leased_until = null, code = case when code = '' then $2 else code end
		where state = 'waiting' and due_at <= $1 and expires_at <= $1 and (leased_until is null or leased_until <= $1)`,
		at(now), code)
	return doing(err, "giving up logout notices")
}

// LogoutNotices returns what an app was told, or is to be, the latest first, at
// most limit notices.
func (r *Reader) LogoutNotices(ctx context.Context, app sso.AppID, limit int) ([]LogoutNotice, error) {
	all, err := list(ctx, r.q, logoutNoticeFields, `
		select `+logoutNoticeColumns+`
		from logout_notices
		where app_id = $1
		order by created_at desc, sid
		limit $2`,
		app, limit)
	return all, doing(err, "listing logout notices of %s", app)
}
