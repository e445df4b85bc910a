package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// SignInCount says how many sign-ins of one hour ended the same way.
type SignInCount struct {
	Hour   time.Time // its beginning
	Org    sso.OrgID // "" where none was known
	Method sso.Method
	Code   string // fault code; "": they worked
	N      int
}

func signInCountFields(c *SignInCount) []any {
	return []any{utc(&c.Hour), &c.Org, &c.Method, &c.Code, &c.N}
}

// CountSignIns counts the traces of the hour that begins then and keeps the
// result, in place of one that was kept before. Traces may go after that. It
// takes two statements.
func (w *Writer) CountSignIns(ctx context.Context, hour time.Time) error {
	_, err := w.q.exec(ctx, `
		insert into sign_in_counts (hour, org_id, method, code, n)
		select cast($1 as bigint), coalesce(t.org_id, ''), t.method, t.code, count(*)
		from traces t
		where t.at >= $1 and t.at < $2 and t.method <> 'logout'
		group by coalesce(t.org_id, ''), t.method, t.code
		on conflict (hour, org_id, method, code) do update
		set n = excluded.n`,
		at(hour), at(hour.Add(time.Hour)))
	if err == nil {
		_, err = w.q.exec(ctx, `
			insert into sign_in_totals (hour, method, code, n)
			select c.hour, c.method, c.code, sum(c.n)
			from sign_in_counts c
			where c.hour = $1
			group by c.hour, c.method, c.code
			on conflict (hour, method, code) do update
			set n = excluded.n`,
			at(hour))
	}
	return doing(err, "counting the sign-ins of %s", hour.Format(time.RFC3339))
}

// NextTrace returns when the first trace since then was made, or the zero time.
func (r *Reader) NextTrace(ctx context.Context, since time.Time) (time.Time, error) {
	t, err := one(ctx, r.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		select min(t.at)
		from traces t
		where t.at >= $1`,
		at(since))
	return t, doing(err, "looking for the next trace")
}

// LastCounted returns the latest hour that was counted and had a sign-in, or
// the zero time.
func (r *Reader) LastCounted(ctx context.Context) (time.Time, error) {
	t, err := one(ctx, r.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		select max(c.hour)
		from sign_in_counts c`)
	return t, doing(err, "reading which hour was counted last")
}

// SignInCounts returns how the sign-ins of the whole deployment ended since
// then, summed over organizations, the earliest hour first. Their Org is "".
func (r *Reader) SignInCounts(ctx context.Context, since time.Time) ([]SignInCount, error) {
	all, err := list(ctx, r.q, signInCountFields, `
		select c.hour, '', c.method, c.code, c.n
		from sign_in_totals c
		where c.hour >= $1
		order by c.hour, c.method, c.code`,
		at(since))
	return all, doing(err, "reading counts of sign-ins")
}

// SignInCounts returns how the organization's sign-ins ended since then, the
// earliest hour first.
func (r *OrgReader) SignInCounts(ctx context.Context, since time.Time) ([]SignInCount, error) {
	all, err := list(ctx, r.q, signInCountFields, `
		select c.hour, c.org_id, c.method, c.code, c.n
		from sign_in_counts c
		where c.org_id = $1 and c.hour >= $2
		order by c.hour, c.method, c.code`,
		r.org, at(since))
	return all, doing(err, "reading counts of sign-ins of %s", r.org)
}
