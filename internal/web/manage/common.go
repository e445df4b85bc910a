package manage

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// maxLimit is how many lines of a list one page has at most.
const maxLimit = 50

// InOrganization names the organization that an operation is about.
type InOrganization struct {
	Organization string `path:"organization" doc:"Key or ID of the organization" example:"acme" maxLength:"64"`
}

// Paging says which page of a list is wanted.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"50" doc:"How many at most"`
	Cursor string `query:"cursor" maxLength:"2000" doc:"The value of next of the page before"`
}

// limit returns how many lines are wanted.
func (p Paging) limit() int {
	if p.Limit < 1 || p.Limit > maxLimit {
		return maxLimit
	}
	return p.Limit
}

// Page is a page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; not there on the last one"`
}

// listed is the answer with a page.
type listed[T any] struct {
	Body page[T]
}

// told is the answer with one thing, and its version where it has one.
type told[T any] struct {
	ETag string `header:"ETag" doc:"Version of what is shown"`
	Body T
}

// created is the answer with something new.
type created[T any] struct {
	Location string `header:"Location" doc:"Where it is read"`
	ETag     string `header:"ETag" doc:"Version of what is shown"`
	Body     T
}

// done is the answer without a body.
type done struct{}

// tell returns the answer with a thing without a version.
func tell[T any](v T) *told[T] { return &told[T]{Body: v} }

// cursor writes a place in a list; nil is the end of it.
func cursor[P any](place *P) string {
	if place == nil {
		return ""
	}
	b, err := json.Marshal(place)
	if err != nil {
		panic("manage: " + err.Error()) // texts, octets and times are always written
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// place reads a cursor. One that we did not make is refused.
func place[P any](cursor string) (P, error) {
	var p P
	if cursor == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.DisallowUnknownFields()
		err = d.Decode(&p)
	}
	if err != nil {
		return p, &fault.Error{Kind: fault.Invalid, Code: "api_cursor", Want: "the value of next of the page before", Fix: fault.AppSide, Err: err}
	}
	return p, nil
}

// cut returns what of a flow's page is shown: as many lines as are wanted, and
// the place of the last of them where there are more.
func cut[T, P any](lines []T, p Paging, next *P, at func(*T) P) ([]T, *P) {
	if n := p.limit(); len(lines) > n {
		last := at(&lines[n-1])
		return lines[:n], &last
	}
	return lines, next
}

// each returns what becomes of each of several; never nil, so that a list is
// one in JSON.
func each[T, U any](all []T, of func(*T) U) []U {
	out := make([]U, 0, len(all))
	for i := range all {
		out = append(out, of(&all[i]))
	}
	return out
}

// texts returns texts as a list that is never null.
func texts[T ~string](all []T) []string {
	return each(all, func(s *T) string { return string(*s) })
}

// etag writes a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// etagOf writes a version of what has none: all that can be changed of it.
func etagOf(parts ...string) string {
	sum := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(p), p)
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:15]) + `"`
}

// Matching is the version that a change is made to.
type Matching struct {
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag that was read. Where somebody has changed it since, nothing is done."`
}

// blind reports whether a change is made to whatever is there.
func (m Matching) blind() bool { return m.IfMatch == "" || m.IfMatch == "*" }

// version returns the version that was read; latest stands in for none.
func (m Matching) version(latest int64) (int64, error) {
	if m.blind() {
		return latest, nil
	}
	v, err := strconv.ParseInt(strings.Trim(m.IfMatch, `"`), 10, 64)
	if err != nil || m.IfMatch != etag(v) || v != latest {
		return 0, stale(nil)
	}
	return v, nil
}

// read returns the version that was read, for a flow that compares it in the
// transaction of the change; 0 stands for none.
func (m Matching) read() (int64, error) {
	if m.blind() {
		return 0, nil
	}
	v, err := strconv.ParseInt(strings.Trim(m.IfMatch, `"`), 10, 64)
	if err != nil || v <= 0 || m.IfMatch != etag(v) {
		return 0, stale(nil)
	}
	return v, nil
}

// wanted is version for a change that is not made blindly.
func (m Matching) wanted(latest int64) (int64, error) {
	if m.IfMatch == "" {
		return 0, versionWanted()
	}
	return m.version(latest)
}

func versionWanted() error {
	return &fault.Error{Kind: fault.Conflict, Code: "api_version_wanted", Want: "If-Match with the ETag that was read", Fix: fault.AppSide}
}

// instant returns a time as it is shown; nil: there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// or returns what a change gives, or what there was.
func or[T any](given *T, was T) T {
	if given == nil {
		return was
	}
	return *given
}

// by returns the program as somebody in the organization of a path, and that
// organization.
func (c *call) by(h *Handler, in InOrganization) (*sso.By, sso.Organization, error) {
	by, o, err := h.Programs.In(c.ctx(), &c.program, in.Organization, c.address)
	return &by, o, err
}

// vendor returns the program as somebody of the vendor's.
func (c *call) vendor(h *Handler) (*sso.By, error) {
	by, err := h.Programs.Vendor(c.ctx(), &c.program, c.address)
	return &by, err
}

// further returns the place of the next page; nil: there is none.
func further[P any](next P) *P {
	if reflect.ValueOf(&next).Elem().IsZero() {
		return nil
	}
	return &next
}

// under returns where something of an organization is read.
func under(o *sso.Organization, parts ...string) string {
	return Path + "/organizations/" + o.Key + "/" + strings.Join(parts, "/")
}
