package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

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

// SeeOther sends the browser to a path of ours with GET.
func SeeOther(w http.ResponseWriter, r *http.Request, path string) error {
	if !strings.HasPrefix(path, "/") { // would change the host of the joined URL
		return fmt.Errorf("sending the browser to %q, which is not a path", path)
	}
	w.Header().Set("Location", exchangeOf(r).base.Join(path))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// SeeOtherSite sends the browser to another site with GET. It is for answers
// to a GET only: Chromium holds a form's redirects to our content policy, so
// an answer to a POST shows the page of ui.Leave instead.
func SeeOtherSite(w http.ResponseWriter, target string) error {
	if err := CheckTarget(target); err != nil {
		return err
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
