package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// The trace of a sign-in that goes well stands in its attempt until it is told of:
// what everybody waits for who signs in is one row, and not one beside it with
// eight indexes. A refusal leaves its trace at once, and somebody who takes their time
// leaves theirs as far as it has come.
//
// What is to be done about a trace stands in untold: 1, it has ended and is to be
// told of; 2, it is to be written if it does not end soon; 0, nothing.

// Answer is what an identity provider has said about an attempt, and was good.
type Answer struct {
	Assertion secret.Hash // of what names the assertion
	Until     time.Time   // it could be used again
	Trace     sso.Trace
	Member    *sso.Person // whom it has proved: user and membership, as they are now; nil: neither is known here
}

// AnswerAttempt stores what this version of an attempt knows since an identity
// provider has answered, and the trace. Where it was answered by this assertion
// before, or another attempt was, that is [ErrUsed].
func (w *Writer) AnswerAttempt(ctx context.Context, a sso.Attempt, by Answer) error {
	t := &by.Trace
	const answer = `
		update attempts
		set proof = $3, waits = $4, hops = $5, reference = $6, assertion = $7, trace_at = $8, trace_org_id = $9, trace_user_id = $10,
			checks = $11, address = $12, user_agent = $13, who = $14, detail = $15, untold = 2, version = version + 1`
	const fresh = `
		where id = $1 and version = $2 and not exists (select 1 from attempts b where b.assertion = $7)`
	args := []any{
		a.ID, a.Version, toJSON(a.Proof), toJSON(a.Waits), toJSON(a.Hops), t.Reference, by.Assertion[:], at(t.At), null(t.Org), null(t.User),
		checksJSON(t.Checks), shown(t.Address), shown(t.UserAgent), shown(t.Who), toJSON(t.Detail),
	}
	// An assertion that is good for longer than the attempt keeps it. Most are not, and
	// what is not named is not moved in its index.
	text := answer + fresh + bringingMark
	if by.Until.After(a.ExpiresAt) {
		text, args = answer+`, kept_until = $16`+fresh+bringingMark, append(args, at(by.Until))
	}
	n, err := w.q.changed(ctx, text, args...)
	if err == nil && n == 0 {
		switch _, err = w.AnsweredBy(ctx, by.Assertion); {
		case err == nil:
			err = ErrUsed
		case errors.Is(err, ErrNotFound):
			err = errStale()
		}
	}
	if err == nil {
		a.Reference = t.Reference
		w.q.keep(a, a.Version+1, by.Member)
	}
	return doing(w.q.stale(a.ID, err), "storing the answer to attempt %s", a.ID)
}

// AnsweredBy returns which attempt was answered by an assertion, or [ErrNotFound].
func (r *Reader) AnsweredBy(ctx context.Context, assertion secret.Hash) (sso.AttemptID, error) {
	id, err := one(ctx, r.q, func(id *sso.AttemptID) []any { return []any{id} }, `
		select a.id
		from attempts a
		where a.assertion = $1`,
		assertion[:])
	return id, doing(err, "looking for what an assertion has answered")
}

// EndAttempt stores that this version of an attempt is done, which way it went, and
// its trace: where an identity provider has answered, what has come to that since,
// and what is missing, where an older program has kept the answer.
// Nothing goes on from there.
func (w *Writer) EndAttempt(ctx context.Context, a sso.Attempt, t sso.Trace) error {
	entered := a.Proof.Org
	if a.Session != "" {
		entered = "" // they were in
	}
	var n int64
	var err error
	if a.Reference != "" {
		n, err = w.q.changed(ctx, `
			update attempts
			set done_at = $3, hops = $4, trace_at = $3, trace_user_id = $5, entered_org_id = $6, untold = 1, version = version + 1,
				trace_org_id = coalesce(trace_org_id, $7), address = case when address = '' then $8 else address end, user_agent = case when user_agent = '' then $9 else user_agent end
			where id = $1 and version = $2`+bringingMark,
			a.ID, a.Version, at(a.DoneAt), toJSON(t.Hops), null(t.User), null(entered), null(t.Org), shown(t.Address), shown(t.UserAgent))
	} else {
		n, err = w.q.changed(ctx, `
			update attempts
			set done_at = $3, hops = $4, trace_at = $3, trace_user_id = $5, entered_org_id = $6, reference = $7, trace_org_id = $8, checks = $9, address = $10, user_agent = $11, who = $12,
				detail = $13, untold = 1, version = version + 1
			where id = $1 and version = $2`+bringingMark,
			a.ID, a.Version, at(a.DoneAt), toJSON(t.Hops), null(t.User), null(entered), t.Reference, null(t.Org), checksJSON(t.Checks), shown(t.Address), shown(t.UserAgent), shown(t.Who), toJSON(t.Detail))
	}
	if err = saved(n, err); err == nil {
		w.q.drop(a.ID)
	}
	return doing(w.q.stale(a.ID, err), "ending attempt %s", a.ID)
}

// heldTrace is the trace that an attempt holds, as it goes into the columns of one.
const heldTrace = `a.reference, a.id, a.trace_org_id, a.connection_id, a.trace_user_id, a.method, a.trace_at, '', '', '', '', a.checks, a.address, a.user_agent, a.who, a.hops, a.detail`

// WriteTraces writes the traces that attempts hold, as they have come so far; those
// that stand there already stay.
func (w *Writer) WriteTraces(ctx context.Context, ids ...sso.AttemptID) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), tellStep)]
		ids = ids[len(some):]
		in, args := anyOf(1, some)
		_, err := w.q.exec(ctx, `
			insert into traces (`+traceInto+`)
			select `+heldTrace+`
			from attempts a
			where a.id in (`+in+`) and a.reference <> ''
			on conflict (reference) do nothing`,
			args...)
		if err == nil {
			_, err = w.q.exec(ctx, `update attempts set untold = 0 where id in (`+in+`) and untold = 2`, args...)
		}
		if err != nil {
			return doing(err, "writing the traces of %d attempts", len(some))
		}
	}
	return nil
}

// TarryingAttempts returns up to limit attempts that an identity provider has
// answered by then, that have not come to their end, and whose traces are held.
func (r *Reader) TarryingAttempts(ctx context.Context, by time.Time, limit int) ([]sso.AttemptID, error) {
	all, err := list(ctx, r.q, func(id *sso.AttemptID) []any { return []any{id} }, `
		select a.id
		from attempts a
		where a.untold > 0 and a.untold = 2 and a.trace_at <= $1
		order by a.trace_at, a.id
		limit $2`,
		at(by), limit)
	return all, doing(err, "listing attempts that do not come to their end")
}

// UntoldSignIn is a sign-in that became a session, whose trace is still held.
type UntoldSignIn struct {
	Attempt sso.AttemptID
	Org     sso.OrgID // signed in to; "": they were in, and have proved themselves anew
	Trace   sso.Trace // what the audit list tells of it
}

// UntoldSignIns returns up to limit sign-ins that became a session and are to be
// told of, first those that did so first. One that was refused before is first to be
// told of as that.
func (r *Reader) UntoldSignIns(ctx context.Context, limit int) ([]UntoldSignIn, error) {
	fields := func(u *UntoldSignIn) []any {
		t := &u.Trace
		return []any{&u.Attempt, opt(&u.Org), &t.Reference, opt(&t.Org), opt(&t.Connection), opt(&t.User), &t.Method, utc(&t.At), &t.Address, &t.UserAgent}
	}
	all, err := list(ctx, r.q, fields, `
		select a.id, a.entered_org_id, a.reference, a.trace_org_id, a.connection_id, a.trace_user_id, a.method, a.trace_at, a.address, a.user_agent
		from attempts a
		where a.untold > 0 and a.untold = 1 and not exists (select 1 from traces t where t.reference = a.reference and t.untold = 1)
		order by a.trace_at, a.id
		limit $1`,
		limit)
	return all, doing(err, "listing sign-ins that are not told of")
}

// tellSignIns writes the traces of sign-ins that became a session, and when people
// were last there. Where another node has told of one of them, that is a conflict.
func (w *Writer) tellSignIns(ctx context.Context, all []UntoldSignIn) error {
	for len(all) > 0 {
		some := all[:min(len(all), tellStep)]
		all = all[len(some):]
		if err := w.tellSome(ctx, some); err != nil {
			return doing(err, "writing the traces of %d sign-ins", len(some))
		}
	}
	return nil
}

func (w *Writer) tellSome(ctx context.Context, some []UntoldSignIn) error {
	in, args := anyOf(1, attemptsOf(some))
	n, err := w.q.exec(ctx, `update attempts set untold = 0 where id in (`+in+`) and untold = 1`, args...)
	if err == nil && n != int64(len(some)) {
		err = errStale()
	}
	if err != nil {
		return err
	}
	in, args = anyOf(1, attemptsOf(withoutTwins(some)))
	_, err = w.q.exec(ctx, `
		insert into traces (`+traceInto+`)
		select `+heldTrace+`
		from attempts a
		where a.id in (`+in+`)
		on conflict (reference) do update
		set user_id = excluded.user_id, at = excluded.at, code = '', want = '', got = '', fix = '', hops = excluded.hops, untold = 0
		where traces.attempt_id = excluded.attempt_id`,
		args...)
	if err != nil {
		return err
	}
	return w.NoteSignIns(ctx, entered(some)...)
}

func attemptsOf(all []UntoldSignIn) []sso.AttemptID {
	ids := make([]sso.AttemptID, len(all))
	for i := range all {
		ids[i] = all[i].Attempt
	}
	return ids
}

// withoutTwins leaves out who has drawn the reference of another one, which one
// statement could not write beside it: of two, one has a trace.
func withoutTwins(all []UntoldSignIn) []UntoldSignIn {
	met := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(u UntoldSignIn) bool {
		twin := met[u.Trace.Reference]
		met[u.Trace.Reference] = true
		return twin
	})
}

// entered returns who came in, of those who did.
func entered(all []UntoldSignIn) []SignedIn {
	var in []SignedIn
	for i := range all {
		if u := &all[i]; u.Org != "" {
			in = append(in, SignedIn{u.Trace.User, u.Org, u.Trace.At})
		}
	}
	return in
}

// tellStep is of how many sign-ins one statement writes.
const tellStep = 100

// SignedIn is when somebody signed in, to which organization.
type SignedIn struct {
	User sso.UserID
	Org  sso.OrgID
	At   time.Time
}

// NoteSignIns writes down when people last signed in, and to which organization;
// who was there later stays so, and who is gone is gone. It is no save: versions
// stay. It takes two statements.
func (w *Writer) NoteSignIns(ctx context.Context, all ...SignedIn) error {
	type place struct {
		org  sso.OrgID
		user sso.UserID
	}
	users, members := map[sso.UserID]time.Time{}, map[place]time.Time{}
	for _, in := range all {
		users[in.User] = latest(users[in.User], in.At)
		members[place{in.Org, in.User}] = latest(members[place{in.Org, in.User}], in.At)
	}
	if len(all) == 0 {
		return nil
	}
	var s statement // in one order: so nobody waits for who waits for them
	for _, user := range padded(slices.Sorted(maps.Keys(users))) {
		s.row("cast("+s.arg(user)+" as text)", "cast("+s.arg(at(users[user]))+" as bigint)")
	}
	_, err := w.q.exec(ctx, `
		with seen (user_id, at) as (values `+s.values()+`)
		update users
		set last_sign_in_at = seen.at
		from seen
		where users.id = seen.user_id and (users.last_sign_in_at is null or users.last_sign_in_at < seen.at)`,
		s.args...)
	if err != nil {
		return doing(err, "noting when %d people signed in", len(users))
	}
	s = statement{}
	for _, m := range padded(slices.SortedFunc(maps.Keys(members), func(a, b place) int { return cmp.Or(cmp.Compare(a.org, b.org), cmp.Compare(a.user, b.user)) })) {
		s.row("cast("+s.arg(m.org)+" as text)", "cast("+s.arg(m.user)+" as text)", "cast("+s.arg(at(members[m]))+" as bigint)")
	}
	_, err = w.q.exec(ctx, `
		with seen (org_id, user_id, at) as (values `+s.values()+`)
		update memberships
		set seen_at = seen.at
		from seen
		where memberships.org_id = seen.org_id and memberships.user_id = seen.user_id and memberships.seen_at < seen.at`,
		s.args...)
	return doing(err, "noting to which organizations %d people signed in", len(users))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
