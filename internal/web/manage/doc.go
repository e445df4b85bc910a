// Package manage serves the management API: what people do in the consoles, for
// programs. It is described by a document in the form of OpenAPI 3.1, which is
// made of the same types by which requests are read and answers written, and
// shown as pages at /docs/api.
//
// Each operation parses, calls one flow and renders. What they have in common is
// done at one place, around all of them: the allowance of the program, requests
// that are sent again, versions, and errors.
//
// # Trust
//
// That a key is good and has the scope of the operation, the router has asked.
// Whatever names an organization in a path is looked up as the program may see
// it: what it does not reach is not found, whether it is there or not.
package manage
