package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"reflect"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/sallyport/sallyport/internal/web"
)

//go:embed templates locales assets icons
var files embed.FS

// Options are what a deployment may change about the pages.
type Options struct {
	Product string           // name above the card; "": Sallyport
	Now     func() time.Time // nil: [time.Now]
}

// UI renders pages. It is safe for use by many goroutines.
type UI struct {
	product string
	now     func() time.Time
	assets  map[string]asset
	icons   map[string]template.HTML
	matcher language.Matcher
	voices  [][]voice              // by set and language
	sets    [][]*template.Template // by set and language
	pages   map[reflect.Type]int   // set of a type of page
}

// New returns a UI for our own pages and those of the sets, with everything
// read and parsed.
func New(o Options, sets ...Set) (*UI, error) {
	u := &UI{product: o.Product, now: o.Now, matcher: language.NewMatcher(languages()), pages: map[reflect.Type]int{}}
	if u.product == "" {
		u.product = "Sallyport"
	}
	if u.now == nil {
		u.now = time.Now
	}
	sets = append([]Set{Own()}, sets...)
	var err error
	if u.icons, err = loadIcons(); err != nil {
		return nil, err
	}
	if u.assets, err = loadAssets(sets); err != nil {
		return nil, err
	}
	if u.voices, err = loadCatalogs(sets); err != nil {
		return nil, err
	}
	for i, set := range sets {
		byLanguage, err := u.parse(i, set)
		if err != nil {
			return nil, err
		}
		u.sets = append(u.sets, byLanguage)
		for _, p := range set.Pages {
			if err := u.register(i, set, p); err != nil {
				return nil, err
			}
		}
	}
	return u, nil
}

// parse returns the templates of a set in every language. Each page is a
// template of its own, which all see the layouts and the components.
func (u *UI) parse(i int, set Set) ([]*template.Template, error) {
	var parsed []*template.Template
	for _, v := range u.voices[i] {
		t, err := template.New(set.Name).Option("missingkey=error").Funcs(u.functions(v)).
			ParseFS(files, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("parsing the layouts: %w", err)
		}
		if i != 0 {
			if t, err = t.ParseFS(set.Files, "templates/*.html"); err != nil {
				return nil, fmt.Errorf("parsing the pages of %s: %w", set.Name, err)
			}
		}
		parsed = append(parsed, t)
	}
	return parsed, nil
}

// register notes where the template of a type of page is.
func (u *UI) register(i int, set Set, p Page) error {
	kind, name := reflect.TypeOf(p), p.Head().Template
	if _, twice := u.pages[kind]; twice {
		return fmt.Errorf("page %v of %s is listed twice", kind, set.Name)
	}
	if u.sets[i][0].Lookup(name+".html") == nil {
		return fmt.Errorf("page %v of %s: there is no templates/%s.html", kind, set.Name, name)
	}
	u.pages[kind] = i
	return nil
}

// Template returns the template of a type of page in the first language, or
// nil. It is for tests, which hold the one to the other.
func (u *UI) Template(p Page) *template.Template {
	set, ok := u.pages[reflect.TypeOf(p)]
	if !ok {
		return nil
	}
	return u.sets[set][0].Lookup(p.Head().Template + ".html")
}

// functions are what templates call. They speak one language.
func (u *UI) functions(v voice) template.FuncMap {
	return template.FuncMap{
		"asset":   u.assetURL,
		"icon":    u.icon,
		"t":       v.text,
		"n":       v.count,
		"say":     v.say,
		"problem": v.problem,
		"number":  v.number,
		"title":   func(p Page) string { return v.say(p.Head().Title) },
		"moment":  func(at time.Time) moment { return v.moment(at, u.now()) },

		// For the components.
		"about":    func(id string, help Text) about { return about{id, help} },
		"flaw":     func(id, problem string, help Text) flaw { return flaw{id, problem, help} },
		"nothing":  func() Text { return Text{} },
		"initials": initials,
		"plot":     Chart.plot,
		"next":     func(i int) int { return i + 1 },
		"half":     func(i int) int { return i / 2 },
	}
}

// Render shows a page with a status, in the language of the request.
func (u *UI) Render(w http.ResponseWriter, r *http.Request, status int, p Page) error {
	set, ok := u.pages[reflect.TypeOf(p)]
	if !ok {
		return fmt.Errorf("rendering page %T, which is in no set", p)
	}
	lang := u.languageOf(r)
	v, t := u.voices[set][lang], u.sets[set][lang]
	f := u.frame(r, v, p)
	var page bytes.Buffer
	for _, part := range []struct {
		template string
		data     any
	}{{f.layout + "-begin", f}, {p.Head().Template + ".html", p}, {f.layout + "-end", f}} {
		if err := t.ExecuteTemplate(&page, part.template, part.data); err != nil {
			return fmt.Errorf("rendering page %T: %w", p, err)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.tag.String())
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a browser that is gone is not our failure
	return nil
}

// Post has the browser post a form to another site.
func (u *UI) Post(w http.ResponseWriter, r *http.Request, f Form) error {
	if err := web.CheckTarget(f.Action); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", web.PostingPolicy)
	return u.Render(w, r, http.StatusOK, post{f})
}

// initials returns the first letters of the first and the last word of a name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	out := []rune(words[0])[:1]
	if len(words) > 1 {
		out = append(out, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(out))
}
