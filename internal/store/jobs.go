package store

import (
	"context"
	"time"
)

// Job is what is known of a job that one node at a time does every so often.
type Job struct {
	Name     string
	DueAt    time.Time
	Leased   time.Time // a node runs it until then; zero: nobody does
	EndedAt  time.Time // of the last run that came to its end; zero: none has
	Failures int64     // runs that failed since the last good one
	Error    string    // of the last one
}

const jobColumns = `j.name, j.due_at, j.leased_until, j.ended_at, j.failures, j.error`

func jobFields(j *Job) []any {
	return []any{&j.Name, utc(&j.DueAt), utc(&j.Leased), utc(&j.EndedAt), &j.Failures, &j.Error}
}

// Jobs returns all jobs that were ever due, by name.
func (r *Reader) Jobs(ctx context.Context) ([]Job, error) {
	all, err := list(ctx, r.q, jobFields, `
		select `+jobColumns+`
		from jobs j
		order by j.name`)
	return all, doing(err, "listing jobs")
}

// JobDue reports whether nobody runs this job and it is time for it. One that
// was never heard of is due.
func (r *Reader) JobDue(ctx context.Context, name string, now time.Time) (bool, error) {
	due, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select not exists (
			select 1 from jobs
			where name = $1 and (due_at > $2 or leased_until > $2)
		)`,
		name, at(now))
	return due, doing(err, "looking for job %s", name)
}

// ClaimJob gives a job that is due to the caller alone, until the lease ends,
// and reports whether it did. lease tells this run from every other one.
func (w *Writer) ClaimJob(ctx context.Context, name, lease string, now, until time.Time) (bool, error) {
	n, err := w.q.exec(ctx, `
		insert into jobs (name, due_at, leased_until, lease, failures, error)
		values ($1, $2, $3, $4, 0, '')
		on conflict (name) do update
		set leased_until = excluded.leased_until, lease = excluded.lease
		where jobs.due_at <= $2 and (jobs.leased_until is null or jobs.leased_until <= $2)`,
		name, at(now), at(until), lease)
	return n == 1, doing(err, "claiming job %s", name)
}

// EndJob writes down how a run has ended and when the job is due again. A run
// whose lease somebody else has taken is [ErrNotFound]. An empty failure is a
// good end.
func (w *Writer) EndJob(ctx context.Context, name, lease string, now, due time.Time, failure string) error {
	n, err := w.q.exec(ctx, `
		update jobs
		set due_at = $4, leased_until = null, lease = '', ended_at = $3, error = $5,
			failures = case when $5 = '' then 0 else failures + 1 end
		where name = $1 and lease = $2`,
		name, lease, at(now), at(due), shown(failure))
	return doing(found(n, err), "ending job %s", name)
}
