// Package web is the HTTP edge: the router through which every request goes.
//
// It promises that a handler runs only after the route's declaration has been
// enforced. Each [Route] says who may call it ([Access]), how large a body it
// takes, and nothing else decides that. Handlers parse, call one flow and
// render; they return errors, which are answered at one place: a table maps
// the kind of a fault to a status, a person gets a page with a sentence and a
// reference, a program gets JSON, and the log gets one line.
//
// Links, cookies and origins follow the configured [BaseURL]. The Host header
// and X-Forwarded-Host and -Proto are never read.
//
// # Trust
//
// Everything in a request is hostile. Cookies are handed on only to routes
// that are protected against cross-origin requests; the others never see one.
// The address of a client is that of the connection, unless the connection
// comes from a proxy named in the configuration. What reaches the log has been
// cut short and freed of control characters, and is never a body, a token or a
// message of an identity provider.
package web
