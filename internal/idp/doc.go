// Package idp knows identity providers by their products: what an
// administrator finds in whose console, how each of them is recognised, and
// what the errors mean that people meet there.
//
// All of it is data, one file for each vendor, in English and German. Labels of
// consoles stay as their vendors write them. What no primary source confirms is
// marked, and is not to be presented as certain. Vendors rename their consoles:
// a new label is a change of data, never of code.
//
// # Trust
//
// Nothing here decides about trust. A vendor is recognised by names that
// anybody can choose, for a picture, a guide and a hint; what a connection
// accepts is decided by its entity ID and keys alone.
package idp
