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

// InTrace names a trace.
type InTrace struct {
	Reference string `path:"reference" example:"7F3K-22QD" maxLength:"20"`
}

// sightings are the operations on traces that somebody sees: those of an
// organization, or all.
type sightings struct {
	*Handler
	viewer func(c *call) (*inspect.Viewer, error)
}

func (h *Handler) traces(a *api) {
	sightings{h, h.seeingOne}.register(a, "/organizations/{organization}/traces", "", sso.ScopeTracesRead, sso.ScopeTracesRead)
	// What a trace says of people anywhere is opened by whoever may change things.
	sightings{h, h.seeingAll}.register(a, "/traces", "Any", sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite)
}

// register adds the operations; name stands in their IDs.
func (h sightings) register(a *api, all, name string, read, open sso.Scope) {
	const tag = "Traces"
	one, of, list := all+"/{reference}", "", "listTraces"
	if name != "" {
		of, list = " anywhere", "listAllTraces"
	}
	register(a, op{ID: list, Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List what became of sign-ins" + of, About: "The latest first, masked."}, h.list)
	register(a, op{ID: "get" + name + "Trace", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read what became of a sign-in" + of, About: "Masked."}, h.get)
	register(a, op{ID: "open" + name + "Trace", Method: http.MethodPost, Path: one + "/open", Scope: open, Tag: tag, Summary: "Read what became of a sign-in" + of + ", with nothing masked", About: "That it was opened stands in the audit list, with the reason."}, h.open)
	register(a, op{ID: "list" + name + "Bundles", Method: http.MethodGet, Path: one + "/bundles", Scope: read, Tag: tag, Summary: "List support bundles of a sign-in" + of}, h.bundles)
	register(a, op{ID: "create" + name + "Bundle", Method: http.MethodPost, Path: one + "/bundles", Scope: open, Tag: tag, Summary: "Create a support bundle of a sign-in" + of, Status: http.StatusCreated,
		About: "A link that opens the trace without an account. What is personal is blanked for good."}, h.makeBundle)
	register(a, op{ID: "revoke" + name + "Bundle", Method: http.MethodDelete, Path: one + "/bundles/{bundle}", Scope: open, Tag: tag, Summary: "Revoke a support bundle of a sign-in" + of}, h.revokeBundle)
}

// seeingOne returns who looks at the traces of the organization that the path
// names.
func (h *Handler) seeingOne(c *call) (*inspect.Viewer, error) {
	who, p, err := c.at(h, InOrganization{c.Param("organization")})
	if err != nil {
		return nil, err
	}
	return &inspect.Viewer{Who: *who, Place: p}, nil
}

// seeingAll returns who looks at the traces of all.
func (h *Handler) seeingAll(c *call) (*inspect.Viewer, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	v := &inspect.Viewer{}
	v.Who.By, v.Who.Address = *by, c.address
	return v, nil
}

func (h sightings) list(c *call, in *struct {
	Paging
	TraceFilter
}) (*listed[Trace], error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	after, err := place[inspect.Place](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Inspect.Traces(c.ctx(), v, in.query(after))
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Traces, in.Paging, further(list.Next), func(t *sso.Trace) inspect.Place { return inspect.Place{At: t.At, ID: t.Reference} })
	return &listed[Trace]{page[Trace]{each(lines, trace), cursor(next)}}, nil
}

func (h sightings) get(c *call, in *struct{ InTrace }) (*told[Trace], error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	t, err := h.Inspect.Trace(c.ctx(), v, in.Reference)
	if err != nil {
		return nil, err
	}
	return tell(trace(&t.Trace)), nil
}

func (h sightings) open(c *call, in *struct {
	InTrace
	Body Reason
}) (*told[OpenedTrace], error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	t, err := h.Inspect.Open(c.ctx(), v, in.Reference, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return tell(OpenedTrace{trace(&t.Trace), t.Raw}), nil
}

// Bundle is a link that opens a trace without an account.
type Bundle struct {
	ID        string    `json:"id"`
	CreatedBy string    `json:"created_by" doc:"ID of the user or key"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewBundle is a link to be made.
type NewBundle struct {
	Days int `json:"days,omitempty" minimum:"1" maximum:"30" default:"7"`
}

// MadeBundle is a link that was made.
type MadeBundle struct {
	Path string `json:"path" doc:"Where it leads, in this deployment; it is shown this once"`
}

func (h sightings) bundles(c *call, in *struct{ InTrace }) (*listed[Bundle], error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	t, err := h.Inspect.Trace(c.ctx(), v, in.Reference)
	if err != nil {
		return nil, err
	}
	return &listed[Bundle]{page[Bundle]{Items: each(t.Bundles, func(b *sso.Bundle) Bundle {
		return Bundle{ID: string(b.ID), CreatedBy: string(b.By), CreatedAt: b.CreatedAt.UTC(), ExpiresAt: b.ExpiresAt.UTC()}
	})}}, nil
}

func (h sightings) makeBundle(c *call, in *struct {
	InTrace
	Body NewBundle
}) (*created[MadeBundle], error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	token, err := h.Inspect.MakeBundle(c.ctx(), v, in.Reference, in.Body.Days)
	if err != nil {
		return nil, err
	}
	return &created[MadeBundle]{Location: c.r.URL.Path, Body: MadeBundle{Path: "/bundle/" + token.Reveal()}}, nil
}

func (h sightings) revokeBundle(c *call, in *struct {
	InTrace
	Bundle string `path:"bundle" doc:"ID of the support bundle" maxLength:"64"`
}) (*done, error) {
	v, err := h.viewer(c)
	if err != nil {
		return nil, err
	}
	return nil, h.Inspect.RevokeBundle(c.ctx(), v, in.Reference, sso.BundleID(in.Bundle))
}
