package manage

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// Path begins the paths of all operations.
const Path = "/api/v1"

// maxBody bounds the body of a request, in octets, where an operation does not
// take more.
const maxBody = 256 << 10

// op is what an operation declares of itself.
type op struct {
	ID      string // of the operation, as clients call it
	Method  string
	Path    string // behind [Path]
	Scope   sso.Scope
	Tag     string
	Summary string
	About   string // more about it; may be empty
	Status  int    // of the answer where all is well; 0: 200, or 204 where there is no body
	MaxBody int64  // 0: [maxBody]
}

// api gathers operations: as routes at once, and in the document when one of
// them, or the document, is asked for first. Most of what a deployment that only
// signs people in would hold in memory otherwise is the description of this API.
type api struct {
	handler   *Handler
	routes    []web.Route
	declared  []func(huma.API)
	described func() described // once
}

// described is what the library makes of the operations.
type described struct {
	document   *huma.OpenAPI
	operations map[string]operation // by ID
}

// operation is an operation as the library carries it out.
type operation struct {
	*huma.Operation
	run func(huma.Context)
}

// strict has the library take the names of fields by their exact letters, as
// the document says them. It is a setting of the whole program there.
var strict = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

// newAPI returns an API without operations.
func newAPI(h *Handler) *api {
	a := &api{handler: h}
	a.described = sync.OnceValue(a.describe)
	return a
}

// describe has the library read all operations that were declared.
func (a *api) describe() described {
	strict()
	plain := huma.Format{
		Marshal: func(w io.Writer, v any) error {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			return e.Encode(v)
		},
		Unmarshal: unmarshal,
	}
	cfg := huma.Config{
		OpenAPI: document(), Formats: map[string]huma.Format{"application/json": plain, "json": plain}, DefaultFormat: "application/json",
		RejectUnknownQueryParameters: true,
		Transformers: []huma.Transformer{func(ctx huma.Context, _ string, v any) (any, error) {
			// What the operation itself refuses is known already.
			if refused, ok := v.(*huma.ErrorModel); ok && carried(ctx.Context()).err == nil {
				carried(ctx.Context()).err = wrong(refused)
			}
			return v, nil
		}},
	}
	d := described{document: cfg.OpenAPI, operations: map[string]operation{}}
	library := huma.NewAPI(cfg, adapter(d.operations))
	for _, declare := range a.declared {
		declare(library)
	}
	finish(d.document)
	return d
}

// problemRef is where the document describes what is answered to a request that
// failed.
const problemRef = "#/components/responses/Problem"

// organizationRef is where the document describes what names an organization in
// a path, for operations that leave it to their [seat] to read that.
const organizationRef = "#/components/parameters/Organization"

// register adds an operation.
func register[I, O any](a *api, o op, serve func(c *call, in *I) (*O, error)) {
	limit := o.MaxBody
	if limit == 0 {
		limit = maxBody
	}
	a.routes = append(a.routes, web.Route{
		Method: o.Method, Path: Path + o.Path, Access: web.API, Scope: o.Scope, MaxBody: limit,
		Handler: func(w http.ResponseWriter, r *http.Request) error {
			return a.handler.serve(w, r, a.described().operations[o.ID])
		},
	})
	a.declared = append(a.declared, func(library huma.API) { declare(library, o, serve) })
}

// declare has the library read what an operation takes and answers.
func declare[I, O any](library huma.API, o op, serve func(c *call, in *I) (*O, error)) {
	documented := huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: Path + o.Path, Summary: o.Summary, Description: about(o), Tags: []string{o.Tag},
		DefaultStatus: o.Status, MaxBodyBytes: -1, // the router bounds it
		Security:   []map[string][]string{{securityScheme: {}}},
		Responses:  map[string]*huma.Response{"4XX": {Ref: problemRef}, "5XX": {Ref: problemRef}},
		Metadata:   map[string]any{"op": o},
		Extensions: map[string]any{"x-scope": string(o.Scope)},
	}
	if _, named := reflect.TypeFor[I]().FieldByName("Organization"); !named && strings.Contains(o.Path, "{organization}") {
		documented.Parameters = append(documented.Parameters, &huma.Param{Ref: organizationRef})
	}
	if o.Method == http.MethodPost {
		documented.Parameters = append(documented.Parameters, &huma.Param{Ref: "#/components/parameters/IdempotencyKey"})
	}
	huma.Register(library, documented, func(ctx context.Context, in *I) (*O, error) {
		c := carried(ctx)
		out, err := attempt(c, in, serve)
		if err != nil {
			c.err = err
			return nil, &huma.ErrorModel{Status: http.StatusInternalServerError} // never sent
		}
		return out, nil
	})
}

// mostAttempts bounds how often an operation is carried out that is overtaken.
const mostAttempts = 12

// attempt carries an operation out. What somebody else has changed meanwhile is no
// reason to refuse who named no version that they have read: they change what is
// there then.
func attempt[I, O any](c *call, in *I, serve func(c *call, in *I) (*O, error)) (*O, error) {
	blind := Matching{IfMatch: c.Header(headerMatch)}.blind()
	for n := 1; ; n++ {
		out, err := serve(c, in)
		if err == nil || !blind || n == mostAttempts || !overtaken(err) {
			return out, err
		}
	}
}

// adapter keeps operations by their IDs: routes of ours lead to them.
type adapter map[string]operation

// Handle implements [huma.Adapter].
func (a adapter) Handle(documented *huma.Operation, run func(huma.Context)) {
	a[documented.OperationID] = operation{documented, run}
}

// ServeHTTP implements [huma.Adapter]. Requests come by the router alone.
func (adapter) ServeHTTP(http.ResponseWriter, *http.Request) { panic("manage: not by the router") }

// call is one request to an operation, and its answer until it is sent.
type call struct {
	r         *http.Request
	operation *huma.Operation
	program   sso.Program
	address   string

	status int
	header http.Header
	body   bytes.Buffer
	err    error
}

type callKey struct{}

// carried returns the call that a context carries.
func carried(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		panic("manage: a request that did not come by a route")
	}
	return c
}

// ctx returns the context in which the call is carried out.
func (c *call) ctx() context.Context { return c.r.Context() }

// unseen is what is not there for the program that asks.
func unseen(got string) error {
	return &fault.Error{Kind: fault.NotFound, Code: "not_found", Got: got, Fix: fault.AppSide}
}
