package ui

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// Shell is the frame of the consoles and of the account: the navigation beside
// the page, and above its content the title with at most one primary action.
// A page stands in it by embedding it. Who is signed in, an operator who acts
// as somebody, and what was just saved are shown by themselves.
type Shell struct {
	Area         Text   // which console this is
	Home         string // path of its first page
	Organization string // whose it is; "": nobody's
	Nav          []NavGroup
	Under        string // path of the item of the navigation that is current; "": by the path of the request

	Trail  []Link // the pages above this one, from the outside in
	Lead   Text   // a sentence below the title
	Looks  Text   // why what could be done there is not offered
	Action *Action
	Tabs   []Tab
}

// NavGroup is some pages of the navigation under a word, which may be missing.
type NavGroup struct {
	Name  Text
	Items []NavItem
}

// NavItem is a page of the navigation. The one whose path is, or begins, that
// of the request is shown as current; of several, the longest.
type NavItem struct {
	Name Text
	Path string
	Icon string
	Note Text // such as how many things wait there
	Off  bool // as in [Button]
}

// Link leads to another page.
type Link struct {
	Name Text
	Path string
}

// Action is what a page is there for: a page of its own, where it is done.
type Action struct {
	Name Text
	Path string
	Icon string
}

// Tab is one of several views of a thing. Each has a path of its own.
type Tab struct {
	Name    Text
	Path    string
	Note    Text // such as a number
	Current bool
}

// shell makes a page that embeds a Shell known.
func (s Shell) shell() Shell { return s }

// EndActing is the path at which somebody who acts as a user stops it, by POST.
const EndActing = "/acting/end"

// Acting says that an operator acts as a person in an organization.
type Acting struct {
	As           string
	Organization string
}

// End returns where it is stopped.
func (Acting) End() string { return EndActing }

// person is who is signed in, for the menu, and where they may go.
type person struct {
	Name, Detail      string
	Console, Operator bool
}

// frame is what the layouts see.
type frame struct {
	Shell
	Lang    string
	Dir     string
	Brand   Brand
	Style   string // of the brand's accent; "": none
	Title   string
	Scripts []string // assets
	Refresh template.URL
	Person  *person
	Acting  *Acting
	Saved   string // a quiet confirmation
	Traced  string // the reference of a refusal that the page tells of and whose trace is kept; "": none
	layout  string
	current string // path of the item of the navigation
}

// frame returns what stands around a page.
func (u *UI) frame(r *http.Request, v voice, p Page) frame {
	head := p.Head()
	f := frame{
		Lang: v.tag.String(), Dir: v.direction(), Brand: u.brandOf(r), Title: v.say(head.Title),
		Refresh: head.refresh, Saved: v.saved(r.URL.Query().Get(savedName)), layout: "card",
	}
	if f.Brand.Accent != "" {
		f.Style = u.accentURL(f.Brand.Accent)
	}
	switch head.only {
	case "":
		f.Scripts = append([]string{"page.js"}, head.Scripts...)
	case "-":
	default:
		f.Scripts = []string{head.only}
	}
	if who, ok := web.Somebody(r); ok {
		f.know(&who)
	}
	if head.Template != "failure" { // which says it louder
		f.Traced = web.Traced(r)
	}
	if s, ok := p.(interface{ shell() Shell }); ok {
		f.Shell, f.layout = s.shell(), "shell"
		if f.current = f.Under; f.current == "" {
			f.current = f.Shell.best(r.URL.Path)
		}
	}
	return f
}

// know fills in who is signed in, and as whom somebody else acts.
func (f *frame) know(who *sso.Person) {
	f.Person = &person{Name: who.User.Name(), Detail: who.User.Email.String(), Console: who.Administers(), Operator: who.Support()}
	if f.Person.Detail == "" || f.Person.Detail == f.Person.Name {
		f.Person.Detail = who.Org.Name
	}
	if who.Session.ActedAs() {
		f.Acting = &Acting{As: who.User.Name(), Organization: who.Org.Name}
	}
}

// Current reports whether an item of the navigation is where the page stands.
func (f frame) Current(item NavItem) bool { return f.current == item.Path }

// best returns the path of the item that fits a path best.
func (s Shell) best(path string) string {
	best := ""
	for _, group := range s.Nav {
		for _, item := range group.Items {
			own, _, _ := strings.Cut(item.Path, "?")
			rest, ok := strings.CutPrefix(path, own)
			if ok && (rest == "" || rest[0] == '/') && len(item.Path) > len(best) {
				best = item.Path
			}
		}
	}
	return best
}

// savedName is the parameter by which the page after a form says that it was
// saved.
const savedName = "saved"

// Saved returns the path of the page to go to after a form, such that it
// confirms what was done: by the text of the key "saved_"+what, and no other.
func Saved(path, what string) string { return addSaved(path, what) }

// SavedCount returns such a path where the text depends on a number.
func SavedCount(path, what string, n int) string { return addSaved(path, what+"."+strconv.Itoa(n)) }

func addSaved(path, value string) string {
	fragment := ""
	if i := strings.IndexByte(path, '#'); i >= 0 {
		path, fragment = path[:i], path[i:]
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + savedName + "=" + url.QueryEscape(value) + fragment
}

// maxSaved bounds the parameter, in octets.
const maxSaved = 64

// saved returns the confirmation for the parameter of a request, or "". The
// parameter may have come from anywhere: it chooses among texts of the catalog
// that have no gap but a number.
func (v voice) saved(value string) string {
	if value == "" || len(value) > maxSaved {
		return ""
	}
	what, number, counted := strings.Cut(value, ".")
	if !counted {
		return v.fixed["saved_"+what]
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || !v.counted["saved_"+what] {
		return ""
	}
	return v.count("saved_"+what, n)
}
