// Package fault is the only kind of error that a person may see.
//
// Every other error is ours: it is logged and shown as a reference alone. A
// fault says what happened by a stable code, what was wanted and what came,
// and whose side can mend it. Pages, the API and the log are written from it
// at one place, the edge; flows and rules only return it. Codes are listed in
// docs/errors.md and are never renamed.
//
// The package imports nothing of the house.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of answer a fault is. The edge maps it to a status.
type Kind uint8

// The kinds. Internal is the zero value: a fault without a kind is ours.
const (
	Internal        Kind = iota // our own failure; only the reference is shown
	Invalid                     // the input cannot be understood or accepted
	Unauthenticated             // nobody is signed in, or the proof was wrong
	Denied                      // understood, and refused
	NotFound                    // there is no such thing, or it is not theirs
	Conflict                    // the thing is in another state than the act needs
	Exhausted                   // too many, too large or too often
	Unavailable                 // something we depend on does not answer; try later
)

// String returns the lower-case name of k, for logs.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Unauthenticated:
		return "unauthenticated"
	case Denied:
		return "denied"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case Exhausted:
		return "exhausted"
	case Unavailable:
		return "unavailable"
	default:
		return "internal"
	}
}

// Side says who can mend the cause.
type Side uint8

// The sides.
const (
	Nobody       Side = iota // not known, or nothing to mend
	PersonSide               // the person at the browser
	AdminSide                // the customer's administrator, in our console
	IdPSide                  // the customer's administrator, at the identity provider
	AppSide                  // the developer of the application
	OperatorSide             // the operator of this deployment
)

// String returns the lower-case name of s, for logs and traces.
func (s Side) String() string {
	switch s {
	case PersonSide:
		return "person"
	case AdminSide:
		return "admin"
	case IdPSide:
		return "idp"
	case AppSide:
		return "app"
	case OperatorSide:
		return "operator"
	default:
		return ""
	}
}

// Error is a refusal or failure that has been thought about.
type Error struct {
	Kind Kind
	Code string // stable, snake_case; the key of the message catalog
	Want string // what would have been accepted; may be empty
	Got  string // what came instead; may be empty, is never a secret
	Fix  Side
	Ref  string // reference of the trace that was kept of it; "": the edge makes one
	Err  error  // the cause, for the log alone
}

// Error returns the text for the log: code, want, got and cause.
func (e *Error) Error() string {
	s := e.Code
	if e.Want != "" || e.Got != "" {
		s += fmt.Sprintf(": want %q, got %q", e.Want, e.Got)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// From returns the fault in err's chain, or one of kind [Internal] around err.
// It returns nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return &Error{Kind: Internal, Code: "internal", Err: err}
}

// Is reports whether err is a fault with this code.
func Is(err error, code string) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Code == code
}
