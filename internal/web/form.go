package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"sync"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of bodies, in octets.
const (
	MaxBody     = 64 << 10 // of a form of ours
	MaxSAMLBody = 1 << 20  // of a form that an identity provider posts
)

// Form returns the fields of a posted form, and nothing from the URL.
func Form(r *http.Request) (url.Values, error) {
	if r.PostForm != nil { // somebody has asked before
		return r.PostForm, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &fault.Error{
			Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide,
			Want: "application/x-www-form-urlencoded", Got: clip(r.Header.Get("Content-Type")),
		}
	}
	form, err := readForm(r)
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, err
		}
		return nil, &fault.Error{Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide, Err: err}
	}
	r.PostForm = form
	return form, nil
}

// readForm reads the fields of a body, and looks whether the URL has good ones.
func readForm(r *http.Request) (url.Values, error) {
	body, err := Body(r)
	if err != nil {
		return nil, err
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	return url.ParseQuery(body)
}

// Body returns the body of a request as it came, which the router has bounded.
func Body(r *http.Request) (string, error) {
	scratch, ok := bodies.Get().(*bytes.Buffer)
	if !ok {
		scratch = new(bytes.Buffer)
	}
	scratch.Reset()
	_, err := scratch.ReadFrom(r.Body)
	body := scratch.String()
	if scratch.Cap() <= MaxBody {
		bodies.Put(scratch) // a giant's is let go
	}
	if err != nil {
		return "", err
	}
	return body, nil
}

// bodies keeps the scratch memory of one body for the next one.
var bodies sync.Pool

// Limits of a form with a file.
const (
	maxFields = 100
	maxField  = 1 << 20 // octets of one that is no file
)

// Upload is a form with a file, as it was posted.
type Upload struct {
	Fields url.Values
	Name   string // of the file; "": none was chosen
	File   []byte
}

// UploadForm returns a posted form that has one file, in the field of this
// name. How large it may be is the route's to declare.
func UploadForm(r *http.Request, file string) (Upload, error) {
	refuse := func(err error) error {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return err
		}
		return &fault.Error{Kind: fault.Invalid, Code: "request_form", Want: "multipart/form-data", Fix: fault.PersonSide, Err: err}
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return Upload{}, refuse(err)
	}
	u := Upload{Fields: url.Values{}}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return u, nil
		}
		if err != nil {
			return Upload{}, refuse(err)
		}
		if n == maxFields {
			return Upload{}, refuse(errors.New("too many fields"))
		}
		if err := u.take(part, file); err != nil {
			return Upload{}, refuse(err)
		}
	}
}

// take reads a part of the form.
func (u *Upload) take(part *multipart.Part, file string) error {
	name := part.FormName()
	if name == file && part.FileName() != "" {
		if u.Name != "" {
			return errors.New("more than one file")
		}
		u.Name = clean(part.FileName())
		var err error
		u.File, err = io.ReadAll(part)
		return err
	}
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return err
	}
	if len(value) > maxField {
		return errors.New("a field is too long")
	}
	u.Fields.Add(name, string(value))
	return nil
}
