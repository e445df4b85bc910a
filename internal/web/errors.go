package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// Status returns the HTTP status of a fault: by its kind, with exceptions that
// have a status of their own.
func Status(f *fault.Error) int {
	switch f.Code {
	case "method_not_allowed":
		return http.StatusMethodNotAllowed
	case "request_too_large":
		return http.StatusRequestEntityTooLarge
	case "api_media_type":
		return http.StatusUnsupportedMediaType
	case "api_version_stale":
		return http.StatusPreconditionFailed
	case "api_version_wanted":
		return http.StatusPreconditionRequired
	case "idempotency_mismatch":
		return http.StatusUnprocessableEntity
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Exhausted:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Failure is what the page of a failed request is made of.
type Failure struct {
	Status    int
	Code      string // key of the sentence
	Reference string
	Fix       fault.Side
	Want      string // shown only for the codes whose values are the person's own
	Got       string
	Retry     string // path that starts anew; "": /login
	Onward    string // path where somebody who is signed in goes instead; "": nobody is
	Topic     Topic  // what the person was about
}

// Topic says what a person was about when a request failed.
type Topic string

// The topics. The zero value is signing in.
const (
	SigningIn  Topic = ""
	SigningOut Topic = "logout"
)

// Answer is an error whose answer is written down in a standard, such as those
// of the token endpoint. It is sent to programs as it stands.
type Answer interface {
	error
	Status() int
	Challenge() string // value of WWW-Authenticate, or ""
	JSON() []byte
}

// statusClientGone is logged where the browser did not wait for the answer.
const statusClientGone = 499

// fail answers a request with err.
func (rt *Router) fail(w *writer, r *http.Request, x *exchange, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		x.gone = true
		return
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		err = &fault.Error{Kind: fault.Exhausted, Code: "request_too_large", Fix: fault.PersonSide, Err: err}
	}
	if a, ok := errors.AsType[Answer](err); ok {
		x.cause = err
		if w.status != 0 {
			return
		}
		if c := a.Challenge(); c != "" {
			w.Header().Set("WWW-Authenticate", c)
		}
		writeJSON(w, a.Status(), a.JSON())
		return
	}
	f := *fault.From(err)
	if f.Ref == "" {
		f.Ref = secret.NewReference()
	}
	x.fault, x.cause = &f, f.Err
	if w.status != 0 {
		return // too late for a page; the log tells
	}
	if x.route.Access == API || x.route.Path == "" && strings.HasPrefix(r.URL.Path, APIPath) {
		writeJSONAs(w, problemType, Status(&f), rt.problem(w, &f, err))
		return
	}
	if x.route.Access.program() || rt.cfg.Failure == nil {
		b, err := json.Marshal(struct {
			Error     string `json:"error"`
			Reference string `json:"reference"`
		}{f.Code, f.Ref})
		if err != nil {
			panic(err) // two strings always marshal
		}
		writeJSON(w, Status(&f), b)
		return
	}
	rt.cfg.Failure(w, r, Failure{
		Status: Status(&f), Code: f.Code, Reference: f.Ref, Fix: f.Fix, Want: f.Want, Got: f.Got, Retry: x.retry, Onward: x.onward, Topic: x.topic,
	})
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	writeJSONAs(w, "application/json", status, body)
}

func writeJSONAs(w http.ResponseWriter, kind string, status int, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that is gone is not our failure
}

// SignedInAt says that the person is signed in, and at which path of ours they
// go on instead of starting anew, should this request fail.
func SignedInAt(r *http.Request, path string) { exchangeOf(r).onward = path }

// About says what the person is about, should this request fail.
func About(r *http.Request, t Topic) { exchangeOf(r).topic = t }

// RetryAt says at which path of ours a person may start anew, should this
// request fail.
func RetryAt(r *http.Request, path string) { exchangeOf(r).retry = path }
