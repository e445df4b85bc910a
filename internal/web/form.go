package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
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
