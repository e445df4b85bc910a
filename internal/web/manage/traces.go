package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
)

// Trace is what happened in a sign-in. Until it is opened, what it says of
// people is masked.
type Trace struct {
	Reference    string      `json:"reference" example:"7F3K-22QD"`
	Organization string      `json:"organization,omitempty" doc:"ID"`
	Connection   string      `json:"connection,omitempty" doc:"ID"`
	User         string      `json:"user,omitempty" doc:"ID"`
	Method       string      `json:"method,omitempty" example:"sso"`
	At           time.Time   `json:"at"`
	Code         string      `json:"code,omitempty" doc:"Why it was refused; not there: it worked"`
	Want         string      `json:"want,omitempty"`
	Got          string      `json:"got,omitempty"`
	Side         string      `json:"side,omitempty" doc:"Who can mend it"`
	Who          string      `json:"who,omitempty" doc:"Address or name"`
	Address      string      `json:"address,omitempty" doc:"Of the browser"`
	UserAgent    string      `json:"user_agent,omitempty"`
	Checks       []Check     `json:"checks"`
	Hops         []Hop       `json:"hops" doc:"Each time that the browser came by"`
	Attributes   []Attribute `json:"attributes" doc:"What the identity provider has sent of the person"`
}

// Hop is one time that a browser came by.
type Hop struct {
	Step string    `json:"step"`
	At   time.Time `json:"at"`
	Host string    `json:"host,omitempty"`
	Code string    `json:"code,omitempty"`
}

// OpenedTrace is a trace with nothing masked.
type OpenedTrace struct {
	Trace
	Message string `json:"message,omitempty" doc:"The message as it came, where it is kept"`
}

// Reason says why a trace is opened, for the audit list.
type Reason struct {
	Reason string `json:"reason" minLength:"5" maxLength:"200" example:"Ticket 4711"`
}

func trace(t *sso.Trace) Trace {
	out := Trace{
		Reference: t.Reference, Organization: string(t.Org), Connection: string(t.Connection), User: string(t.User), Method: string(t.Method), At: t.At.UTC(),
		Code: t.Code, Want: t.Want, Got: t.Got, Side: t.Fix, Who: t.Who, Address: t.Address, UserAgent: t.UserAgent, Checks: each(t.Checks, check), Attributes: []Attribute{},
		Hops: each(t.Hops, func(h *sso.Hop) Hop { return Hop{Step: string(h.Step), At: h.At.UTC(), Host: h.Host, Code: h.Code} }),
	}
	if m := t.Detail.Message; m != nil {
		out.Attributes = each(m.Attributes, attribute)
	}
	return out
}

// TraceFilter says which traces are wanted.
type TraceFilter struct {
	Q          string    `query:"q" maxLength:"320" doc:"A reference, an address or a username"`
	User       string    `query:"user" maxLength:"64" doc:"ID"`
	Connection string    `query:"connection" maxLength:"64" doc:"Key"`
	Result     string    `query:"result" enum:"worked,refused"`
	From       time.Time `query:"from"`
	To         time.Time `query:"to"`
}

func (f *TraceFilter) query(after inspect.Place) inspect.TraceQuery {
	return inspect.TraceQuery{Words: f.Q, User: sso.UserID(f.User), Connection: f.Connection, Result: inspect.TraceResult(f.Result), From: f.From, To: f.To, After: after}
}

// InTrace names a trace of an organization.
type InTrace struct {
	InOrganization
	Reference string `path:"reference" example:"7F3K-22QD" maxLength:"20"`
}

func (h *Handler) traces(a *api) {
	const tag, all, one = "Traces", "/organizations/{organization}/traces", "/organizations/{organization}/traces/{reference}"
	scope := sso.ScopeTracesRead
	register(a, op{ID: "listTraces", Method: http.MethodGet, Path: all, Scope: scope, Tag: tag, Summary: "List what became of sign-ins", About: "The latest first, masked."}, h.listTraces)
	register(a, op{ID: "getTrace", Method: http.MethodGet, Path: one, Scope: scope, Tag: tag, Summary: "Read what became of a sign-in", About: "Masked."}, h.getTrace)
	register(a, op{ID: "openTrace", Method: http.MethodPost, Path: one + "/open", Scope: scope, Tag: tag, Summary: "Read what became of a sign-in, with nothing masked", About: "That it was opened stands in the audit list, with the reason."}, h.openTrace)
	register(a, op{ID: "listAllTraces", Method: http.MethodGet, Path: "/traces", Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List what became of sign-ins anywhere", About: "The latest first, masked."}, h.listAllTraces)
}

// viewer returns who looks at the traces of an organization.
func (c *call) viewer(h *Handler, in InOrganization) (*inspect.Viewer, error) {
	who, p, err := c.at(h, in)
	if err != nil {
		return nil, err
	}
	return &inspect.Viewer{Who: *who, Place: p}, nil
}

// found returns a page of traces.
func (h *Handler) found(c *call, v *inspect.Viewer, f *TraceFilter, p Paging) (*listed[Trace], error) {
	after, err := place[inspect.Place](p.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Inspect.Traces(c.ctx(), v, f.query(after))
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Traces, p, further(list.Next), func(t *sso.Trace) inspect.Place { return inspect.Place{At: t.At, ID: t.Reference} })
	return &listed[Trace]{page[Trace]{each(lines, trace), cursor(next)}}, nil
}

func (h *Handler) listTraces(c *call, in *struct {
	InOrganization
	Paging
	TraceFilter
}) (*listed[Trace], error) {
	v, err := c.viewer(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.found(c, v, &in.TraceFilter, in.Paging)
}

func (h *Handler) listAllTraces(c *call, in *struct {
	Paging
	TraceFilter
}) (*listed[Trace], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	v := &inspect.Viewer{}
	v.Who.By, v.Who.Address = *by, c.address
	return h.found(c, v, &in.TraceFilter, in.Paging)
}

func (h *Handler) getTrace(c *call, in *struct{ InTrace }) (*told[Trace], error) {
	v, err := c.viewer(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	t, err := h.Inspect.Trace(c.ctx(), v, in.Reference)
	if err != nil {
		return nil, err
	}
	return tell(trace(&t.Trace)), nil
}

func (h *Handler) openTrace(c *call, in *struct {
	InTrace
	Body Reason
}) (*told[OpenedTrace], error) {
	v, err := c.viewer(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	t, err := h.Inspect.Open(c.ctx(), v, in.Reference, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return tell(OpenedTrace{trace(&t.Trace), t.Raw}), nil
}
