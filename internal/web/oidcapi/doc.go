// Package oidcapi is the OpenID provider on the wire: discovery, keys,
// authorize, token and userinfo.
//
// It reads requests, calls package grant and writes what comes back. An
// authorize request that needs a person to sign in is handed to the pages of
// the sign-in, through [SignIn].
//
// # Trust
//
// Only GET /oauth2/authorize sees cookies. Applications may post an authorize
// request from their own pages, where the browser leaves our cookies out; it is
// sent on to GET, and judged there. Token and userinfo are called by programs
// with credentials in the request, and may be read only by pages of the
// application that the answer is for.
package oidcapi
