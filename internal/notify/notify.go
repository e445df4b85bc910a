// Package notify tells people things by mail and by SMS.
//
// A message is put into the outbox by [Outbox.Enqueue], in the transaction of
// what it tells of: both happen or neither. It is sent later, by whichever node
// finds it first, and tried again for as long as it is worth sending. A message is sent
// at least once; twice only if a node dies between sending it and writing
// that down.
//
// The package holds the texts of all messages, in English and German. A caller
// names the kind and fills its gaps; it never writes a text, an address of our
// pages, or a header.
//
// # Trust
//
// What fills the gaps may come from anybody: names of people and organizations
// are shown as text and never read as markup, headers or links. Links lead below the base
// URL of the configuration, wherever the request came in. In the database they are sealed.
package notify
