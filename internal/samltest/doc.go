// Package samltest is an identity provider that signs good and hostile
// responses.
//
// Tests take one with [New] and forge what it sends:
//
//	idp := samltest.New(t)
//	message := idp.Respond(func(r *samltest.Response) { r.Audience = "https://other.example" })
//	_, err := saml.Verify(message, idp.Expect(), idp.Now)
//
// What a forge sets in a [Response] is signed genuinely, for an identity
// provider may be wrong or wicked itself; what it does in
// [Response.AfterSigning] is done by somebody without the key. [Attacks] lists
// the known attacks by the numbers of their catalogue, each with the rule that
// must refuse it. [Products] are the ways in which responses are signed and
// written; every attack is made on them too.
//
// [Server] is the same identity provider over HTTP, with a page to choose who
// to be. The demonstration and the tests of the flows sign in through it.
//
// # Trust
//
// It proves nothing about anybody: whoever asks is whoever they like. It
// must never be an identity provider of a real organization.
package samltest
