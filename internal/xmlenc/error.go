package xmlenc

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Codes of [Error]. They are part of the product: never renamed.
const (
	CodeFailed    = "enc.failed" // cannot be decrypted, for whatever reason
	CodeAlgorithm = "enc.alg"    // an algorithm that is not allowed
	CodeShape     = "enc.shape"  // an encryption put together in another way than ours
	CodeKey       = "enc.key"    // no usable key of our own
)

// Error says which rule an encryption or a key broke, and where. Whatever is
// wrong with the octets of one xenc:EncryptedData, its error by [CodeFailed] is
// always the same.
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
	return &Error{Code: code, Want: want, Got: got, Path: at.Path(), Offset: at.Offset()}
}

func refuseKey(want, got string) *Error { return &Error{Code: CodeKey, Want: want, Got: got} }

// failed is the one error of everything that happens behind a private key.
func failed(data xmltree.Element) *Error {
	return refuse(CodeFailed, data, "data encrypted for one of our keys", "data that cannot be decrypted")
}
