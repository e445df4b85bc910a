// Package oidc is the protocol core of the OpenID provider.
//
// It reads authorize and token requests, judges them against the description of
// a [Client], and writes what goes back: the redirect, the token response, the
// id token, the key set and the discovery document. Everything is a pure
// function of its arguments. The package opens no connection, reads no clock,
// keeps no state and knows nothing of organizations, sessions or storage; that a
// code is used once is the caller's to see to.
//
// The authorization code flow with PKCE S256 is the only one by which people
// sign in [RFC 9700 2.1], for confidential and public clients alike; refresh
// tokens prolong it. Request objects, dynamic registration
// and every response mode but query are refused with the code that the
// standards have for it.
//
// # Trust
//
// Every parameter is hostile. A browser is sent back to an application only
// through an [AuthorizeRequest] or an [*AuthorizeError], and both can only be
// made by [Judge] after the redirect URI has been found among those registered.
// Whatever goes wrong before that is a [*fault.Error], to be shown on a page of
// ours.
package oidc
