package xmltree

import "fmt"

// Codes of [Error]. They are part of the product: never renamed.
const (
	CodeDoctype    = "xml.doctype"    // a document type declaration or part of one
	CodePI         = "xml.pi"         // a processing instruction
	CodeComment    = "xml.comment"    // a comment where none may stand
	CodeCDATA      = "xml.cdata"      // a CDATA section
	CodeEncoding   = "xml.encoding"   // not UTF-8, not XML 1.0, or a malformed XML declaration
	CodeWellFormed = "xml.wellformed" // not well-formed
	CodeNamespace  = "xml.ns"         // a namespace or prefix that may not be declared or used so
	CodeDuplicate  = "xml.dupattr"    // two attributes of one name
	CodeLimit      = "xml.limit"      // larger, deeper or longer than allowed
)

// Error says why a document was refused and at which byte of the input.
type Error struct {
	Code   string
	Offset int
	Detail string
}

// Error returns code, offset and detail in one line. It holds nothing of the
// document but names and numbers.
func (e *Error) Error() string {
	return fmt.Sprintf("%s at byte %d: %s", e.Code, e.Offset, e.Detail)
}
