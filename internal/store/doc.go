// Package store keeps the nouns of package sso in a database: SQLite beside
// the program, or PostgreSQL when one machine is not enough. All SQL of the
// house stands here, in one text for both engines.
//
// [DB.Read] hands out a [Reader], which cannot write. [DB.Write] hands out a
// [Writer] inside one transaction that sees and leaves the database as if it
// ran alone; where the engine cannot arrange that at once, the function is run
// again. [Reader.Org] and [Writer.Org] narrow both to one organization: their
// methods find and touch no row of another one, whatever is asked of them.
// Every method is one statement unless its comment says otherwise.
//
// What is not there is [ErrNotFound], what stands in the way is [ErrConflict],
// what was used up before is [ErrUsed]; every other error is the database's.
//
// # Trust
//
// The package trusts its callers to have judged the nouns, and the database
// file or server to hold what was written. It takes any text for a look-up.
// Tokens reach it only as hashes; keys only sealed.
//
// # Limits
//
// Instants are kept to the microsecond. Texts are kept as they are; what an
// engine cannot hold (invalid UTF-8, U+0000) is found nowhere and is refused
// in a save, except in what browsers and identity providers say of themselves
// for support, where it is replaced.
package store
