package manage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/web"
)

// Headers of the API.
const (
	headerIdempotency = "Idempotency-Key"
	headerReplayed    = "Idempotency-Replayed"
	headerMatch       = "If-Match"
)

// serve carries one request out: within the allowance of its program, once
// however often it is sent, and with the errors that the router answers.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, o operation) error {
	c := &call{operation: o.Operation, program: web.ProgramFrom(r), header: http.Header{}}
	if a := web.Address(r); a.IsValid() {
		c.address = a.String()
	}
	left, err := h.Programs.Spend(r.Context(), &c.program)
	allowance(w.Header(), left)
	if err != nil {
		if left.Wait > 0 {
			w.Header().Set("Retry-After", seconds(left.Wait))
		}
		return err
	}
	if err := asked(r, o.Operation); err != nil {
		return err
	}
	name := r.Header.Values(headerIdempotency)
	if r.Method != http.MethodPost || len(name) == 0 {
		c.run(r, o.run)
		if c.err != nil {
			return c.err
		}
		return c.send(w)
	}
	return h.once(w, r, c, strings.Join(name, ","), o.run)
}

// asked refuses a request of which a part would be passed over in silence: a
// parameter that comes twice or cannot be read, and a version that the operation
// does not go by.
func asked(r *http.Request, o *huma.Operation) error {
	var wrong []web.WrongMember
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		wrong = append(wrong, web.WrongMember{Detail: "expected a query that can be read"})
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 {
			wrong = append(wrong, web.WrongMember{Pointer: name, Detail: "expected each parameter once"})
		}
	}
	goesBy := slices.ContainsFunc(o.Parameters, func(p *huma.Param) bool { return p.Name == headerMatch })
	if given := r.Header.Values(headerMatch); r.Method != http.MethodGet && (len(given) > 1 || len(given) == 1 && given[0] != "*" && !goesBy) {
		detail := "expected one version"
		if !goesBy {
			detail = "expected no version: the operation does not go by one"
		}
		wrong = append(wrong, web.WrongMember{Pointer: headerMatch, Detail: detail})
	}
	if wrong == nil {
		return nil
	}
	return &web.WrongRequest{Fault: fault.Error{Kind: fault.Invalid, Code: "api_request", Fix: fault.AppSide}, Members: wrong}
}

// once is serve for a request that may be sent again under the same name.
func (h *Handler) once(w http.ResponseWriter, r *http.Request, c *call, name string, run func(huma.Context)) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\x00%s\x00%s\x00%s\x00", c.program.Org, r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"))
	_, _ = sum.Write(body)
	ctx, request, answer, err := h.Programs.Begin(r.Context(), &c.program, name, secret.Hash(sum.Sum(nil)))
	if err != nil {
		return err
	}
	if answer != nil {
		if err := h.stands(r.Context(), c); err != nil {
			return err
		}
		for key, value := range answer.Header {
			c.header.Set(key, value)
		}
		c.header.Set(headerReplayed, "true")
		c.status = answer.Status
		c.body.Write(answer.Body)
		return c.send(w)
	}
	c.run(r.WithContext(ctx), run)
	if c.err != nil {
		if err := h.Programs.Forget(r.Context(), request); err != nil {
			return errors.Join(c.err, err)
		}
		return c.err
	}
	kept := programs.Answer{Status: c.status, Header: map[string]string{}, Body: c.body.Bytes()}
	for key := range c.header {
		kept.Header[key] = c.header.Get(key)
	}
	if err := h.Programs.Keep(r.Context(), request, kept); err != nil {
		web.Report(r, err) // the effect stands, and this is still its answer
	}
	return c.send(w)
}

// stands refuses a program that could not ask anew for what it was answered
// before: one of an organization that is suspended, or from a network that is not
// among those of its organization.
func (h *Handler) stands(ctx context.Context, c *call) error {
	if c.program.Org == "" {
		return nil
	}
	_, _, err := h.Programs.In(ctx, &c.program, string(c.program.Org), c.address)
	return plain(err)
}

// run has the operation fill in the answer, or the error.
func (c *call) run(r *http.Request, run func(huma.Context)) {
	c.r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	run(c)
	c.err = plain(c.err)
}

// send sends the answer.
func (c *call) send(w http.ResponseWriter) error {
	for key, values := range c.header {
		w.Header()[key] = values
	}
	w.WriteHeader(c.status)
	_, _ = w.Write(c.body.Bytes()) // a caller that is gone is not our failure
	return nil
}

// allowance says how much a program may still ask
// [draft-ietf-httpapi-ratelimit-headers].
func allowance(h http.Header, a programs.Allowance) {
	h.Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, programs.Burst, int(programs.Burst*programs.Interval/time.Second)))
	h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%s`, a.Left, seconds(a.Reset)))
}

// seconds writes a time in seconds, rounded up.
func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

// plain gives the errors of flows the form that programs get: what is not there
// has one code, whether it is there for others or not, and so has a version
// that is not the latest.
func plain(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case ok && f.Kind == fault.NotFound && (f.Code == "page_not_found" || f.Code == "organization_unknown" || f.Code == "user_unknown" || f.Code == "app_unknown"):
		return unseen("")
	case ok && (f.Code == "conflict" || f.Code == "connection_changed" || f.Code == "enforce_changed" || f.Code == "app_moved"):
		return stale(err)
	}
	return err
}

// overtaken reports whether nothing was done because of a version that is not the
// latest.
func overtaken(err error) bool { return fault.Is(plain(err), "api_version_stale") }

func stale(err error) error {
	return &fault.Error{Kind: fault.Conflict, Code: "api_version_stale", Want: "the latest version in If-Match", Fix: fault.AppSide, Err: err}
}

// maxMembers is how many parts of a request are said to be wrong: whoever sends
// many of them mends the first ones, and sees.
const maxMembers = 100

// wrong returns what is wrong with a request, as the reader of requests says.
func wrong(e *huma.ErrorModel) error {
	f := fault.Error{Kind: fault.Invalid, Code: "api_request", Fix: fault.AppSide}
	tooLarge := len(e.Errors) > 0 && strings.Contains(e.Errors[0].Message, "request body too large")
	switch {
	case e.Status == http.StatusUnsupportedMediaType:
		f = fault.Error{Kind: fault.Invalid, Code: "api_media_type", Want: "application/json", Fix: fault.AppSide}
	case e.Status == http.StatusRequestEntityTooLarge || tooLarge:
		f = fault.Error{Kind: fault.Exhausted, Code: "request_too_large", Fix: fault.AppSide}
	}
	out := &web.WrongRequest{Fault: f}
	for _, d := range e.Errors[:min(len(e.Errors), maxMembers)] {
		at := pointer(d.Location)
		for _, where := range []string{repeatedAt, nothingAt} {
			if found, ok := strings.CutPrefix(d.Message, where); ok {
				at = found
			}
		}
		out.Members = append(out.Members, web.WrongMember{Pointer: at, Detail: d.Message})
	}
	if len(out.Members) == 0 && e.Detail != "" {
		out.Members = []web.WrongMember{{Pointer: "", Detail: e.Detail}}
	}
	return out
}

// pointer turns a place such as body.items[3].name into a JSON pointer, and
// query.limit into the name of the parameter [RFC 6901].
func pointer(place string) string {
	rest, inBody := strings.CutPrefix(place, "body")
	if !inBody {
		_, name, _ := strings.Cut(place, ".")
		return name
	}
	var p strings.Builder
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		p.WriteString("/" + escape(part))
	}
	return p.String()
}
