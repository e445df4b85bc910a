// Package login serves the pages of a sign-in: who are you, how, your
// password, and the way to an identity provider and back.
//
// Every page asks one question and works without scripts. Where a sign-in
// stands is decided in one place, [Handler.resume], from the stored attempt;
// handlers call one step of the flow and go there.
//
// # Trust
//
// The attempt's identifier stands in URLs and is no secret: each step checks
// the browser's cookie. What is asked for beside a field never tells whether a
// user exists.
package login
