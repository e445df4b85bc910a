package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// inactiveAfter is the organization's own rule about inactivity as an
// argument, null for none.
func inactiveAfter(o *sso.Organization) any {
	if o.Policy.InactiveAfter <= 0 {
		return nil
	}
	return int64(o.Policy.InactiveAfter)
}

// idleText finds active users at home where a rule about inactivity holds, of
// the organization itself or of one above it, about whom [sso.Idle.Due] has
// something to be done at the instant $1: who is past the time, or at a lead
// ($2 and $3, the longer one first) and not warned since. The last owner of an
// organization is left out, whatever the time.
func idleText(which string) string {
	return `
		with recursive below (id, after) as (
			select o.id, o.inactive_after * 1000000
			from organizations o
			where o.inactive_after > 0
			union -- ends even in a circle
			select c.id, below.after
			from below join organizations c on c.parent_id = below.id
		), few (id, after) as (
			select below.id, min(below.after) from below group by below.id
		)
		select x.id, x.org_id, x.after, x.last, x.warned
		from (
			select u.id, u.org_id, few.after, coalesce(w.at, 0) as warned, (
				select max(instants.at)
				from (
					select u.created_at as at
					union all select u.updated_at
					union all select u.last_sign_in_at
					union all select p.at from presence p where p.user_id = u.id
					union all select s.seen_at from sessions s where s.user_id = u.id and s.actor_id is null
				) instants
			) as last
			from few
				join users u on u.org_id = few.id
				left join inactivity_warnings w on w.user_id = u.id
			where ` + which + ` u.state = 'active' and u.created_at <= $1 - few.after + $2 and u.updated_at <= $1 - few.after + $2
				and (u.last_sign_in_at is null or u.last_sign_in_at <= $1 - few.after + $2)
		) x
		where (x.last + x.after < $1
				or x.after > $2 and x.last + x.after - $2 <= $1 and x.warned < x.last + x.after - $2
				or x.after > $3 and x.last + x.after - $3 <= $1 and x.warned < x.last + x.after - $3)
			and not exists (
				select 1
				from memberships m
				where m.user_id = x.id and m.role = 'owner' and not exists (
					select 1
					from memberships y
					where y.org_id = m.org_id and y.role = 'owner' and y.state = 'active' and y.user_id <> m.user_id))
		limit $4`
}

func idleFields(i *sso.Idle) []any {
	return []any{&i.User, &i.Home, span{&i.After}, utc(&i.Last), utcOrNever(&i.Warned)}
}

// span is a length of time in microseconds as a destination.
type span struct{ to *time.Duration }

// Scan reads microseconds.
func (s span) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return fmt.Errorf("reading a length of time: %T in place of a number", src)
	}
	*s.to = time.Duration(v) * time.Microsecond
	return nil
}

// Idle returns some of the people about whom something is to be done because
// they have not come for long, at most limit. Who was seen to is not among the
// next ones.
func (r *Reader) Idle(ctx context.Context, now time.Time, limit int) ([]sso.Idle, error) {
	shortest, longest := leads()
	all, err := list(ctx, r.q, idleFields, idleText(""), at(now), longest, shortest, limit)
	return all, doing(err, "listing people who do not come")
}

// IdleAmong is [Reader.Idle] of these users alone.
func (r *Reader) IdleAmong(ctx context.Context, now time.Time, users []sso.UserID) ([]sso.Idle, error) {
	if len(users) == 0 {
		return nil, nil
	}
	shortest, longest := leads()
	in, args := anyOf(5, users)
	all, err := list(ctx, r.q, idleFields, idleText(`u.id in (`+in+`) and`), append([]any{at(now), longest, shortest, len(users)}, args...)...)
	return all, doing(err, "looking again for people who do not come")
}

// leads returns the leads of warnings in microseconds.
func leads() (shortest, longest int64) {
	all := sso.Leads()
	return slices.Min(all).Microseconds(), slices.Max(all).Microseconds()
}

// NoteWarning writes down when a user was last told that they will be shut out.
func (w *Writer) NoteWarning(ctx context.Context, user sso.UserID, now time.Time) error {
	_, err := w.q.exec(ctx, `
		insert into inactivity_warnings (user_id, at)
		values ($1, $2)
		on conflict (user_id) do update
		set at = excluded.at`,
		user, at(now))
	return doing(err, "noting that %s was warned", user)
}
