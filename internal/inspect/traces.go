package inspect

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Viewer is who looks at traces: an owner, at those of one organization, or
// somebody of the vendor's, at all.
type Viewer struct {
	Who   authority.Who
	Place *authority.Place // nil: all
}

// TraceResult says which traces are wanted, by how they ended.
type TraceResult = store.TraceResult

// The results; "" is any.
const (
	Worked  = store.Worked
	Refused = store.Refused
)

// TraceQuery says which traces are wanted.
type TraceQuery struct {
	Words      string // a reference, an address or a username
	User       sso.UserID
	Connection string // key
	Result     TraceResult
	From, To   time.Time
	After      Place
}

// TraceList is one page of traces, as they are shown to whoever has not opened
// them.
type TraceList struct {
	Traces      []sso.Trace
	Connections []sso.Connection // that may be chosen among, of an owner's organization
	Names       TraceNames
	Next        Place  // where the next page begins; zero: there is none
	Reference   string // the one that was asked for; "": something else was
}

// TraceNames are the names of what traces are about.
type TraceNames struct {
	Organizations map[sso.OrgID]sso.Organization
	Connections   map[sso.ConnectionID]string
}

// mayLook refuses whoever is not of the vendor's what is not an organization's.
func (v *Viewer) mayLook() error {
	if v.Place == nil && !v.Who.By.Support() {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return nil
}

// Traces lists traces, the latest first. Where the words have the form of a
// reference, it is the trace with that one, or none.
func (s *Service) Traces(ctx context.Context, v *Viewer, q TraceQuery) (TraceList, error) {
	if err := v.mayLook(); err != nil {
		return TraceList{}, err
	}
	var out TraceList
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		out = TraceList{}
		var err error
		if v.Place != nil {
			if out.Connections, err = r.Org(v.Place.ID).Connections(ctx); err != nil {
				return err
			}
		}
		if err := s.find(ctx, r, v, q, &out); err != nil {
			return err
		}
		for i := range out.Traces {
			out.Traces[i] = out.Traces[i].Redacted()
		}
		out.Names, err = namesOf(ctx, r, out.Traces)
		return err
	})
	return out, err
}

func (s *Service) find(ctx context.Context, r *store.Reader, v *Viewer, q TraceQuery, out *TraceList) error {
	find := store.TraceQuery{User: q.User, Result: q.Result, From: q.From, To: q.To, After: q.After, Limit: PageSize}
	if words := strings.TrimSpace(q.Words); words != "" {
		if ref, ok := sso.ParseReference(words); ok {
			t, err := v.trace(ctx, r, ref)
			switch {
			case err == nil:
				out.Traces, out.Reference = []sso.Trace{t}, ref
				return nil
			case !errors.Is(err, store.ErrNotFound):
				return err
			}
		}
		find.Who = sso.WhoKey(words)
	}
	if q.Connection != "" {
		c, err := r.ConnectionByKey(ctx, q.Connection)
		if errors.Is(err, store.ErrNotFound) || err == nil && v.Place != nil && c.Org != v.Place.ID {
			return nil // there is nothing
		}
		if err != nil {
			return err
		}
		find.Connection = c.ID
	}
	var page store.TracePage
	var err error
	if v.Place != nil {
		page, err = r.Org(v.Place.ID).ListTraces(ctx, find)
	} else {
		page, err = r.ListTraces(ctx, find)
	}
	out.Traces, out.Next = page.Traces, page.Next
	return err
}

// trace reads a trace that the viewer may see, or [store.ErrNotFound].
func (v *Viewer) trace(ctx context.Context, r *store.Reader, reference string) (sso.Trace, error) {
	if v.Place != nil {
		return r.Org(v.Place.ID).Trace(ctx, reference)
	}
	return r.Trace(ctx, reference)
}

// namesOf reads the names of what traces are about. What is gone has none.
func namesOf(ctx context.Context, r *store.Reader, traces []sso.Trace) (TraceNames, error) {
	names := TraceNames{Organizations: map[sso.OrgID]sso.Organization{}, Connections: map[sso.ConnectionID]string{}}
	var orgs []sso.OrgID
	var connections []sso.ConnectionID
	for i := range traces {
		t := &traces[i]
		if _, known := names.Organizations[t.Org]; !known && t.Org != "" {
			names.Organizations[t.Org] = sso.Organization{}
			orgs = append(orgs, t.Org)
		}
		if _, known := names.Connections[t.Connection]; !known && t.Connection != "" {
			names.Connections[t.Connection] = ""
			connections = append(connections, t.Connection)
		}
	}
	foundOrgs, err := r.OrganizationsByID(ctx, orgs)
	if err != nil {
		return names, err
	}
	for i := range foundOrgs {
		names.Organizations[foundOrgs[i].ID] = foundOrgs[i]
	}
	foundConnections, err := r.ConnectionsByID(ctx, connections)
	for i := range foundConnections {
		names.Connections[foundConnections[i].ID] = foundConnections[i].Name
	}
	return names, err
}

// TraceView is a trace and what it is about.
type TraceView struct {
	sso.Trace
	Organization sso.Organization // zero: it is gone, or none was known
	Connection   *sso.Connection  // nil: likewise
	App          string           // name
	Opened       bool             // nothing is masked
	Bundles      []sso.Bundle     // that can be opened
	Raw          string           // the message, as it came; "": it is not kept, or was not opened
}

// Trace returns the trace with a reference, in any way of writing it, masked.
func (s *Service) Trace(ctx context.Context, v *Viewer, reference string) (TraceView, error) {
	if err := v.mayLook(); err != nil {
		return TraceView{}, err
	}
	var view TraceView
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if view, err = v.read(ctx, r, reference); err != nil {
			return err
		}
		view.Bundles, err = r.Bundles(ctx, view.Reference, s.Now(), maxBundles)
		return err
	})
	view.Trace = view.Redacted()
	return view, err
}

// read returns a trace as it is.
func (v *Viewer) read(ctx context.Context, r *store.Reader, reference string) (TraceView, error) {
	ref, ok := sso.ParseReference(reference)
	if !ok {
		return TraceView{}, &fault.Error{Kind: fault.Invalid, Code: "reference_form", Want: "a reference such as 7F3K-22QD", Fix: fault.PersonSide}
	}
	t, err := v.trace(ctx, r, ref)
	if errors.Is(err, store.ErrNotFound) {
		return TraceView{}, &fault.Error{Kind: fault.NotFound, Code: "trace_unknown", Got: ref, Fix: fault.PersonSide}
	}
	if err != nil {
		return TraceView{}, err
	}
	view := TraceView{Trace: t}
	if t.Org != "" {
		o, err := r.Organization(ctx, t.Org)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return TraceView{}, err
		}
		view.Organization = o
	}
	if t.Connection != "" {
		c, err := r.Connection(ctx, t.Connection)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return TraceView{}, err
		}
		if err == nil {
			view.Connection = &c
		}
	}
	if t.Detail.App != "" {
		app, err := r.App(ctx, t.Detail.App)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return TraceView{}, err
		}
		view.App = app.Name
	}
	return view, nil
}
