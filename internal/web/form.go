package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of bodies, in octets.
const (
	MaxBody     = 64 << 10 // of a form of ours
	MaxSAMLBody = 1 << 20  // of a form that an identity provider posts
)

// Form returns the fields of a posted form, and nothing from the URL.
func Form(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &fault.Error{
			Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide,
			Want: "application/x-www-form-urlencoded", Got: clip(r.Header.Get("Content-Type")),
		}
	}
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, err
		}
		return nil, &fault.Error{Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide, Err: err}
	}
	return r.PostForm, nil
}
