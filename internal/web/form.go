package web

import (
	"bytes"
	"encoding/hex"
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
func readForm(r *http.Request) (form url.Values, err error) {
	err = lendBody(r, func(body []byte) error {
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			return err
		}
		form, err = parseFields(body)
		return err
	})
	return form, err
}

// Body returns the body of a request as it came, which the router has bounded.
func Body(r *http.Request) (text string, err error) {
	err = lendBody(r, func(body []byte) error {
		text = string(body)
		return nil
	})
	return text, err
}

// lendBody reads the body of a request into memory that is used again when use has
// returned.
func lendBody(r *http.Request, use func(body []byte) error) error {
	scratch, ok := bodies.Get().(*bytes.Buffer)
	if !ok {
		scratch = new(bytes.Buffer)
	}
	scratch.Reset()
	_, err := scratch.ReadFrom(r.Body)
	if err == nil {
		err = use(scratch.Bytes())
	}
	if scratch.Cap() <= MaxBody {
		bodies.Put(scratch) // a giant's is let go
	}
	return err
}

// bodies keeps the scratch memory of one body for the next one.
var bodies sync.Pool

// maxPairs bounds the fields of a form as [url.ParseQuery] does.
const maxPairs = 10_000

// parseFields reads what [url.ParseQuery] reads, and overwrites it: a response of an
// identity provider is one value of many thousand octets, in which few are escaped.
func parseFields(body []byte) (url.Values, error) {
	if bytes.Count(body, []byte("&")) >= maxPairs {
		return nil, errors.New("too many fields")
	}
	form := url.Values{}
	for len(body) > 0 {
		var pair []byte
		pair, body, _ = bytes.Cut(body, []byte("&"))
		if len(pair) == 0 {
			continue
		}
		if bytes.IndexByte(pair, ';') >= 0 {
			return nil, errors.New("a semicolon between fields")
		}
		name, value, _ := bytes.Cut(pair, []byte("="))
		key, err := unescape(name)
		if err != nil {
			return nil, err
		}
		text, err := unescape(value)
		if err != nil {
			return nil, err
		}
		form[key] = append(form[key], text)
	}
	return form, nil
}

// unescape returns what a name or a value stands for, and overwrites it.
func unescape(s []byte) (string, error) {
	for i := bytes.IndexByte(s, '+'); i >= 0; i = bytes.IndexByte(s, '+') {
		s[i] = ' '
	}
	read := s[:0]
	for {
		i := bytes.IndexByte(s, '%')
		if i < 0 {
			return string(append(read, s...)), nil
		}
		read = append(read, s[:i]...)
		var octet [1]byte
		digits := s[i+1 : min(i+3, len(s))]
		if n, err := hex.Decode(octet[:], digits); err != nil || n != 1 {
			return "", url.EscapeError("%" + string(digits))
		}
		read, s = append(read, octet[0]), s[i+3:]
	}
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
		return &fault.Error{Kind: fault.Invalid, Code: "request_form", Want: "fields of at most 1 MiB", Fix: fault.PersonSide, Err: &http.MaxBytesError{Limit: maxField}}
	}
	u.Fields.Add(name, string(value))
	return nil
}
