package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// TraceResult says which traces are wanted, by how they ended.
type TraceResult string

// The results.
const (
	AnyResult TraceResult = ""
	Worked    TraceResult = "worked"
	Refused   TraceResult = "refused"
)

// TraceQuery says which traces are wanted. An empty field asks for nothing.
type TraceQuery struct {
	Who        string     // as [sso.WhoKey]
	User       sso.UserID // who was signed in
	Connection sso.ConnectionID
	Result     TraceResult
	From       time.Time // not before
	To         time.Time // before
	After      Place
	Limit      int
}

// TracePage is one page of traces, the latest first.
type TracePage struct {
	Traces []sso.Trace
	// Next is where the next page begins; zero: there is none. As in
	// [PeoplePage], the page before it may not be full.
	Next Place
}

// ListTraces returns a page of the traces of all organizations.
func (r *Reader) ListTraces(ctx context.Context, q TraceQuery) (TracePage, error) {
	p, err := listTraces(ctx, r.q, "", q)
	return p, doing(err, "listing traces")
}

// ListTraces returns a page of the organization's traces.
func (r *OrgReader) ListTraces(ctx context.Context, q TraceQuery) (TracePage, error) {
	p, err := listTraces(ctx, r.q, r.org, q)
	return p, doing(err, "listing traces of %s", r.org)
}

// listTraces goes along one index, that of what is rarest: of one person, of
// one connection, of one organization, or of all. What else is demanded is asked
// of one trace after the other, and no farther than a page may look.
func listTraces(ctx context.Context, to *queries, org sso.OrgID, q TraceQuery) (TracePage, error) {
	var until *Place
	if q.walks(org) {
		var s statement
		q.road(&s, org)
		far, err := page(ctx, to, func(p *Place) []any { return []any{utc(&p.At), &p.ID} }, `
			select t.at, t.reference
			from traces t
			where `+s.conditions()+`
			order by t.at desc, t.reference desc
			limit 1 offset `+s.arg(to.db.look.far),
			s.args...)
		if err != nil {
			return TracePage{}, err
		}
		if len(far) > 0 {
			until = &far[0]
		}
	}
	var s statement
	q.road(&s, org)
	q.check(&s, org)
	if until != nil {
		a := s.arg(at(until.At))
		s.where("t.at >= " + a + " and (t.at > " + a + " or t.reference >= " + s.arg(until.ID) + ")")
	}
	all, err := page(ctx, to, traceFields, `
		select `+traceColumns+`
		from traces t
		where `+s.conditions()+`
		order by t.at desc, t.reference desc
		limit `+s.arg(q.Limit+1),
		s.args...)
	if err != nil {
		return TracePage{}, err
	}
	p := TracePage{Traces: all[:min(len(all), q.Limit)]}
	switch {
	case len(all) > q.Limit && q.Limit > 0:
		last := &all[q.Limit-1]
		p.Next = Place{At: last.At, ID: last.Reference}
	case until != nil:
		p.Next = *until
	}
	return p, nil
}

// road demands what stands in the index that is gone along.
func (q *TraceQuery) road(s *statement, org sso.OrgID) {
	switch {
	case q.User != "":
		s.where("t.user_id = " + s.arg(q.User))
	case q.Who != "":
		s.where("t.who <> '' and t.who = " + s.arg(q.Who))
	case q.Connection != "":
		s.where("t.connection_id = " + s.arg(q.Connection))
		q.refused(s)
	case org != "":
		s.where("t.org_id = " + s.arg(org))
		q.refused(s)
	default:
		s.where("t.at >= " + s.arg(int64(0)))
		q.refused(s)
	}
	if !q.From.IsZero() {
		s.where("t.at >= " + s.arg(at(q.From)))
	}
	if !q.To.IsZero() {
		s.where("t.at < " + s.arg(at(q.To)))
	}
	if q.After.ID != "" {
		a := s.arg(at(q.After.At))
		s.where("t.at <= " + a + " and (t.at < " + a + " or t.reference < " + s.arg(q.After.ID) + ")")
	}
}

// refused demands what has an index of its own.
func (q *TraceQuery) refused(s *statement) {
	if q.Result == Refused {
		s.where("t.code <> ''")
	}
}

// walks reports whether more is looked at than is shown.
func (q *TraceQuery) walks(org sso.OrgID) bool {
	switch {
	case q.User != "" || q.Who != "":
		return org != "" || q.Result != AnyResult || q.Connection != "" || q.User != "" && q.Who != ""
	case q.Connection != "":
		return org != "" || q.Result == Worked
	default:
		return q.Result == Worked
	}
}

// check demands the rest of one trace after the other.
func (q *TraceQuery) check(s *statement, org sso.OrgID) {
	if org != "" {
		s.where(holds("t.org_id = " + s.arg(org)))
	}
	if q.User != "" && q.Who != "" {
		s.where(holds("t.who = " + s.arg(q.Who)))
	}
	if q.Connection != "" {
		s.where(holds("t.connection_id = " + s.arg(q.Connection)))
	}
	switch q.Result {
	case Worked:
		s.where(holds("t.code = ''"))
	case Refused:
		s.where(holds("t.code <> ''"))
	}
}
