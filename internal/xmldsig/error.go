package xmldsig

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Codes of [Error]. They are part of the product: never renamed.
const (
	CodeMissing   = "sig.missing"   // no signature where one is needed
	CodeCount     = "sig.count"     // more than one
	CodeShape     = "sig.shape"     // a signature put together in another way than ours
	CodeReference = "sig.ref"       // not one Reference to the signed element itself
	CodeTransform = "sig.transform" // other transforms than enveloped and one canonicalisation
	CodeC14N      = "sig.c14n"      // an unknown canonicalisation, or one that yields nothing
	CodeAlgorithm = "sig.alg"       // an algorithm that is not allowed or fits no key
	CodeKey       = "sig.key"       // no usable key
	CodeDigest    = "sig.digest"    // the element is not what was signed
	CodeValue     = "sig.value"     // none of the keys made the signature

	CodeIDDuplicate = "id.dup"       // one ID twice
	CodeIDForm      = "id.form"      // an ID of another form than identity providers use
	CodeIDQualified = "id.qualified" // an ID attribute in a namespace
)

// Error says which rule a signature, a key or an ID broke, and where.
type Error struct {
	Code   string
	Want   string
	Got    string
	Path   string // of the element, "" when no document is at hand
	Offset int    // of the element in its document
}

// Error returns everything in one line.
func (e *Error) Error() string {
	where := ""
	if e.Path != "" {
		where = fmt.Sprintf(" at %s (byte %d)", e.Path, e.Offset)
	}
	return fmt.Sprintf("%s%s: want %s, got %s", e.Code, where, e.Want, e.Got)
}

// longestGot bounds what an error repeats of a message.
const longestGot = 200

func refuse(code string, at xmltree.Element, want, got string) *Error {
	if len(got) > longestGot {
		got = got[:longestGot] + "..."
	}
	if at.IsZero() {
		return &Error{Code: code, Want: want, Got: got}
	}
	return &Error{Code: code, Want: want, Got: got, Path: at.Path(), Offset: at.Offset()}
}

func refuseKey(want, got string) *Error { return refuse(CodeKey, xmltree.Element{}, want, got) }
