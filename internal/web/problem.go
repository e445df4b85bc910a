package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
)

// APIPath begins the paths of the management API.
const APIPath = "/api/"

// ErrorsPath is where the codes are explained to whoever calls the API; the
// code follows.
const ErrorsPath = "/docs/api#error-"

const problemType = "application/problem+json"

// Problem is what a program is told of a request that failed [RFC 9457].
type Problem struct {
	Type      string        `json:"type" format:"uri-reference" doc:"Where the code is explained"`
	Title     string        `json:"title" doc:"What happened, in a sentence"`
	Status    int           `json:"status" doc:"The status of the answer"`
	Code      string        `json:"code" doc:"Stable name of what happened; see docs/errors.md"`
	Detail    string        `json:"detail,omitempty" doc:"What was wanted and what came, in a sentence"`
	Want      string        `json:"want,omitempty" doc:"What would have been accepted"`
	Got       string        `json:"got,omitempty" doc:"What came instead"`
	Side      string        `json:"side,omitempty" enum:"person,admin,idp,app,operator" doc:"Who can mend it"`
	Reference string        `json:"reference" doc:"By which the log is found"`
	Errors    []WrongMember `json:"errors,omitempty" doc:"What is wrong with which part of the request"`
}

// WrongMember says what is wrong with one part of a request.
type WrongMember struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the body, or the name of a parameter" example:"/name"`
	Detail  string `json:"detail" doc:"What is wrong with it"`
}

// WrongRequest is a fault that says which parts of a request are wrong.
type WrongRequest struct {
	Fault   fault.Error
	Members []WrongMember
}

// Error returns the text for the log.
func (e *WrongRequest) Error() string { return e.Fault.Error() }

// Unwrap returns the fault.
func (e *WrongRequest) Unwrap() error { return &e.Fault }

// problem returns what a program is told of a fault. Of what is ours it gets
// the reference alone.
func (rt *Router) problem(w http.ResponseWriter, f *fault.Error, cause error) []byte {
	p := Problem{Type: ErrorsPath + f.Code, Status: Status(f), Code: f.Code, Reference: f.Ref, Side: f.Fix.String()}
	if f.Kind != fault.Internal {
		p.Want, p.Got = f.Want, f.Got
	}
	if rt.cfg.Sentence != nil {
		p.Title = rt.cfg.Sentence(f.Code)
	}
	switch {
	case p.Want != "" && p.Got != "":
		p.Detail = "Want " + p.Want + ", got " + p.Got + "."
	case p.Want != "":
		p.Detail = "Want " + p.Want + "."
	case p.Got != "":
		p.Detail = "Got " + p.Got + "."
	}
	if wrong, ok := errors.AsType[*WrongRequest](cause); ok {
		p.Errors = wrong.Members
	}
	if f.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport"`)
	}
	if f.Code == "scope_missing" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sallyport", error="insufficient_scope", scope="`+f.Want+`"`)
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts always marshal
	}
	return b
}
