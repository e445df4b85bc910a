package account

import (
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/sso"
)

// CodesFile returns recovery codes, as a page shows them with blanks between,
// as a text file. Nothing but codes is taken: what a form brings is not sent
// back as a file of ours.
func CodesFile(codes string) (string, error) {
	list := strings.Fields(codes)
	for _, code := range list {
		if _, err := otp.RecoveryHash(code); err != nil || len(list) > sso.RecoveryCodes {
			return "", &fault.Error{Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide, Err: err}
		}
	}
	return strings.Join(list, "\r\n") + "\r\n", nil
}
