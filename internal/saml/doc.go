// Package saml reads and writes SAML 2.0 messages as a service provider.
//
// It answers one question: does this response prove who the user is? [Verify]
// takes the posted bytes, what we asked for, and the time. It returns an
// [Assertion], or a [*Refusal] naming the rule that failed with the value
// wanted and the value got. Every check is evaluated and reported, also after
// the first failure. Around that question stand the messages we send
// ([Request]), logout in both directions ([VerifyLogoutRequest],
// [VerifyLogoutResponse], [LogoutRequest], [LogoutResponse]), the description of
// ourselves that identity providers read ([SPMetadata]) and the description of
// them that we read ([ParseIdPMetadata]).
//
// The package opens no connection, reads no clock and keeps no state; replay
// is the caller's to prevent, with the ID and NotOnOrAfter of [Assertion] and
// [Logout].
//
// # Trust
//
// The expectation alone says whose keys, which identity provider and which
// address count; no text of a message ever picks them. An Assertion is built
// from the element whose digest was checked, and from nothing else in the
// document, or from what stood encrypted in it. Decryption proves nothing: it
// comes after all that can be judged without it, and every failure of it looks
// alike. What a [Refusal] quotes comes from a message that proves nothing:
// it is for administrators to read, escaped, and for nobody to act upon.
//
// # Limits
//
// Encrypted attributes, and the artifact and PAOS bindings, are refused; SOAP is
// for logout alone.
package saml
