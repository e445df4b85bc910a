package ui

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

// Input is a field for one line of text: {{template "field" .Email}}.
type Input struct {
	Name     string
	ID       string // "": Name
	Label    Text
	Help     Text   // a sentence below the label
	Value    string // what it holds: kept from the form that came back
	Problem  string // code of the fault that is told beside it
	Wrong    []Text // what is wrong in particular, in place of the sentence for the code
	Type     string // of the element; "": text
	Complete string // autocomplete; "": off
	Mode     string // inputmode; "": by the type
	Max      int    // octets that are sent at most; 0: 320
	Optional bool   // says so beside the label
	Focus    bool   // the first field of a page that is a form
	Fixed    bool   // shown and sent, not changed
	Mono     bool   // for what is compared letter by letter
	List     string // ID of a datalist on the page, of what may be chosen; "": none
}

// Area is a field for several lines: {{template "area" .Addresses}}.
type Area struct {
	Name     string
	ID       string
	Label    Text
	Help     Text
	Value    string
	Problem  string
	Wrong    []Text // what is wrong in particular, such as with which lines, in place of the sentence for the code
	Rows     int    // 0: 4
	Optional bool
	Focus    bool
	Mono     bool
}

// Select is a field for one of several things: {{template "select" .Role}}.
type Select struct {
	Name     string
	ID       string
	Label    Text
	Help     Text
	Value    string
	Problem  string
	Options  []Option
	Optional bool
	Focus    bool
}

// Option is one of the things that can be chosen.
type Option struct {
	Value string
	Label Text
	Help  Text // below the label, of a box or a circle
	Off   bool // shown, and cannot be chosen
}

// Check is a box that is ticked or not: {{template "check" .Mail}}.
type Check struct {
	Name    string
	ID      string
	Value   string // that is sent when it is ticked; "": on
	Label   Text
	Help    Text
	Problem string
	Checked bool
	Focus   bool
}

// Choices is a group of boxes, or of circles where one is chosen:
// {{template "choices" .Groups}}.
type Choices struct {
	Name    string
	Label   Text
	Help    Text
	Problem string
	One     bool // circles
	Values  []string
	Options []Option
	Focus   bool // on the first of them
}

// Chosen reports whether an option is chosen.
func (c Choices) Chosen(o Option) bool { return slices.Contains(c.Values, o.Value) }

// ID returns the identifier of an option's element.
func (c Choices) ID(o Option) string { return c.Name + "-" + o.Value }

// File is a field for a file: {{template "file" .CSV}}. Its form is sent as
// multipart/form-data.
type File struct {
	Name     string
	ID       string
	Label    Text
	Help     Text
	Problem  string
	Accept   string
	Optional bool
	Now      string // path of ours of the picture that there is by now; "": none
	Focus    bool
}

// Hidden is a value that a form carries along.
type Hidden struct{ Name, Value string }

// Filled is a form that has come back: what was typed, and the codes of what
// is wrong with it, by the names of fields. The zero value is a form that
// nobody has filled in yet.
//
// The first field with a problem has the focus, and no other.
type Filled struct {
	Values   url.Values
	Problems map[string]string
	Wrong    map[string][]Text // what is wrong in particular, by the names of fields
	First    string            // the field whose problem came first; "": the first by its name
}

// focus reports whether a field has the focus, which the form would otherwise
// give it or not.
func (f Filled) focus(name string, otherwise bool) bool {
	switch {
	case len(f.Problems) == 0:
		return otherwise
	case f.First != "":
		return name == f.First
	default:
		return name == slices.Min(slices.Collect(maps.Keys(f.Problems)))
	}
}

// Beside returns the form with each fault of err told beside the field that
// belongs to its code, and whether that is so for all of err.
func (f Filled) Beside(err error, fields map[string]string) (Filled, bool) {
	problems := map[string]string{}
	f.First = ""
	for _, e := range each(err) {
		code := fault.From(e).Code
		field, ok := fields[code]
		if !ok {
			return f, false
		}
		problems[field], f.First = code, cmp.Or(f.First, field)
	}
	f.Problems = problems
	return f, len(problems) != 0
}

// each returns the errors that were joined into err, or err alone.
func each(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	default:
		return []error{err}
	}
}

// Input returns the field with what the form holds for it.
func (f Filled) Input(i Input) Input {
	if v, ok := f.Values[i.Name]; ok && i.Type != "password" {
		i.Value = strings.Join(v, " ")
	}
	i.Wrong = f.Wrong[i.Name]
	i.Problem, i.Focus = f.Problems[i.Name], f.focus(i.Name, i.Focus)
	return i
}

// Area returns the field with what the form holds for it.
func (f Filled) Area(a Area) Area {
	if v, ok := f.Values[a.Name]; ok {
		a.Value = strings.Join(v, "\n")
	}
	a.Wrong = f.Wrong[a.Name]
	a.Problem, a.Focus = f.Problems[a.Name], f.focus(a.Name, a.Focus)
	return a
}

// Select returns the field with what the form holds for it.
func (f Filled) Select(s Select) Select {
	if f.Values.Has(s.Name) {
		s.Value = f.Values.Get(s.Name)
	}
	s.Problem, s.Focus = f.Problems[s.Name], f.focus(s.Name, s.Focus)
	return s
}

// Check returns the box with what the form holds for it. A form that was sent
// without the box says that it is not ticked.
func (f Filled) Check(c Check) Check {
	if f.Values != nil {
		c.Checked = f.Values.Has(c.Name)
	}
	c.Problem, c.Focus = f.Problems[c.Name], f.focus(c.Name, c.Focus)
	return c
}

// Choices returns the group with what the form holds for it.
func (f Filled) Choices(c Choices) Choices {
	if f.Values != nil {
		c.Values = f.Values[c.Name]
	}
	c.Problem, c.Focus = f.Problems[c.Name], f.focus(c.Name, c.Focus)
	return c
}

// File returns the field with what is wrong with it. Browsers keep no file.
func (f Filled) File(x File) File {
	x.Problem, x.Focus = f.Problems[x.Name], f.focus(x.Name, x.Focus)
	return x
}

// Plain reports whether what is typed is no sentence, and is to be left as it
// is typed.
func (i Input) Plain() bool { return i.Mono || i.Type == "email" || i.Complete == "username" }

// flaw is what is said about a field, by the identifier of its element.
type flaw struct {
	ID      string
	Problem string
	Help    Text
	Wrong   []Text
}

// Described returns the identifiers of what describes the field.
func (f flaw) Described() string {
	var ids []string
	if !f.Help.IsZero() {
		ids = append(ids, f.ID+"-help")
	}
	if f.Problem != "" {
		ids = append(ids, f.ID+"-problem")
	}
	return strings.Join(ids, " ")
}

// Again shows a form once more where err is about what was typed, each fault
// beside its field, and returns err where it is not.
func (f Filled) Again(r *http.Request, err error, fields map[string]string, show func(Filled, int) error) error {
	filled, ok := f.Beside(err, fields)
	if !ok {
		return err
	}
	_, status := web.Record(r, err)
	return show(filled, status)
}
