package web_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

// multi returns a posted form with a file.
func multi(t *testing.T, write func(w *multipart.Writer) error) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := errors.Join(write(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?role=owner", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestAFormWithAFile(t *testing.T) {
	t.Parallel()
	add := func(w *multipart.Writer, name, file, content string) error {
		part, err := w.CreateFormFile(name, file)
		if err == nil {
			_, err = part.Write([]byte(content))
		}
		return err
	}
	u, err := web.UploadForm(multi(t, func(w *multipart.Writer) error {
		return errors.Join(w.WriteField("role", "member"), add(w, "list", "people\n.csv", "email\n"), w.WriteField("welcome", "on"))
	}), "list")
	if err != nil || u.Fields.Get("role") != "member" || u.Fields.Get("welcome") != "on" || string(u.File) != "email\n" || strings.Contains(u.Name, "\n") {
		t.Errorf("UploadForm() = %+v, %v", u, err)
	}
	u, err = web.UploadForm(multi(t, func(w *multipart.Writer) error { return add(w, "list", "", "") }), "list")
	if err != nil || u.Name != "" || u.File != nil {
		t.Errorf("no file was chosen: %+v, %v", u, err)
	}
	plain := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("role=member"))
	plain.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	large := multi(t, func(w *multipart.Writer) error { return add(w, "list", "x", strings.Repeat("x", 5000)) })
	large.Body = http.MaxBytesReader(httptest.NewRecorder(), large.Body, 1000)
	for what, r := range map[string]*http.Request{
		"no such form": plain,
		"two files": multi(t, func(w *multipart.Writer) error {
			return errors.Join(add(w, "list", "a", "x"), add(w, "list", "b", "x"))
		}),
		"a long field": multi(t, func(w *multipart.Writer) error { return w.WriteField("role", strings.Repeat("x", 1<<20+1)) }),
		"another file": multi(t, func(w *multipart.Writer) error { return add(w, "other", "a", strings.Repeat("x", 1<<20+1)) }),
		"many fields": multi(t, func(w *multipart.Writer) error {
			var errs []error
			for range 101 {
				errs = append(errs, w.WriteField("x", ""))
			}
			return errors.Join(errs...)
		}),
		"broken off": func() *http.Request {
			r := multi(t, func(w *multipart.Writer) error { return add(w, "list", "a", strings.Repeat("x", 100)) })
			r.Body = io.NopCloser(io.LimitReader(r.Body, 200))
			return r
		}(),
	} {
		if _, err := web.UploadForm(r, "list"); !fault.Is(err, "request_form") {
			t.Errorf("%s: %v, want request_form", what, err)
		}
	}
	_, err = web.UploadForm(large, "list")
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); !tooLarge {
		t.Errorf("a body too large: %v", err)
	}
}
