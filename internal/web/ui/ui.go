package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/sallyport/sallyport/internal/web"
)

//go:embed templates locales assets icons
var files embed.FS

// Options are what a deployment may change about the pages.
type Options struct {
	Brand Brand
	// BrandOf returns what is another for a request, such as that of the
	// organization to which somebody signs in. It may be nil.
	BrandOf func(*http.Request) Brand
	Now     func() time.Time // nil: [time.Now]
}

// UI renders pages. It is safe for use by many goroutines.
type UI struct {
	options  Options
	assets   map[string]asset
	icons    map[string]template.HTML
	matcher  language.Matcher
	editions [][]func() (*edition, error) // by set and language
	pages    map[reflect.Type]int         // set of a type of page
}

// edition is a set in a language: its texts, and its templates, which say them.
type edition struct {
	voice
	templates *template.Template
}

// New returns a UI for our own pages and those of the sets. A set is read in a
// language when that is first asked for; [UI.Load] reads all of them.
func New(o Options, sets ...Set) (*UI, error) {
	u := &UI{options: o, matcher: language.NewMatcher(languages()), pages: map[reflect.Type]int{}}
	if u.options.Now == nil {
		u.options.Now = time.Now
	}
	sets = append([]Set{Own()}, sets...)
	var err error
	if u.icons, err = loadIcons(); err != nil {
		return nil, err
	}
	if u.assets, err = loadAssets(sets); err != nil {
		return nil, err
	}
	for i, set := range sets {
		for _, p := range set.Pages {
			if err := u.register(i, set, p); err != nil {
				return nil, err
			}
		}
		var byLanguage []func() (*edition, error)
		for _, tag := range languages() {
			byLanguage = append(byLanguage, sync.OnceValues(func() (*edition, error) { return u.read(sets, i, tag) }))
		}
		u.editions = append(u.editions, byLanguage)
	}
	return u, nil
}

// register notes to which set a type of page belongs.
func (u *UI) register(i int, set Set, p Page) error {
	kind, name := reflect.TypeOf(p), p.Head().Template
	if _, twice := u.pages[kind]; twice {
		return fmt.Errorf("page %v of %s is listed twice", kind, set.Name)
	}
	if _, err := fs.Stat(set.Files, "templates/"+name+".html"); err != nil {
		return fmt.Errorf("page %v of %s: %w", kind, set.Name, err)
	}
	u.pages[kind] = i
	return nil
}

// read reads a set in a language. Each page is a template of its own, which
// all see the layouts and the components.
func (u *UI) read(sets []Set, i int, tag language.Tag) (*edition, error) {
	v, err := newVoice(sets, i, tag)
	if err != nil {
		return nil, err
	}
	t, err := template.New("base").Option("missingkey=error").Funcs(u.functions(v)).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layouts: %w", err)
	}
	if i != 0 && len(sets[i].Pages) != 0 {
		if t, err = t.ParseFS(sets[i].Files, "templates/*.html"); err != nil {
			return nil, fmt.Errorf("parsing the pages of %s: %w", sets[i].Name, err)
		}
	}
	return &edition{v, t}, nil
}

// Load reads every set in every language, and says what does not fit. It is
// for tests; a running program reads what it needs.
func (u *UI) Load() error {
	for _, byLanguage := range u.editions {
		for _, read := range byLanguage {
			if _, err := read(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Template returns the template of a type of page in the first language. It is
// for tests, which hold the one to the other.
func (u *UI) Template(p Page) (*template.Template, error) {
	set, ok := u.pages[reflect.TypeOf(p)]
	if !ok {
		return nil, fmt.Errorf("page %T is in no set", p)
	}
	e, err := u.editions[set][0]()
	if err != nil {
		return nil, err
	}
	return e.templates.Lookup(p.Head().Template + ".html"), nil
}

// functions are what templates call. They speak one language.
func (u *UI) functions(v voice) template.FuncMap {
	return template.FuncMap{
		"asset":   u.assetURL,
		"icon":    u.icon,
		"t":       v.text,
		"n":       v.count,
		"say":     v.say,
		"runs":    v.runs,
		"problem": v.problem,
		"prove":   func() string { return web.ConfirmPath(web.AccountPath) },
		"number":  v.number,
		"title":   func(p Page) string { return v.say(p.Head().Title) },
		"moment":  func(at time.Time) moment { return v.moment(at, u.options.Now()) },

		// For the components.
		"stateicon": func(s State) template.HTML { return u.icons[string(s)] }, // a plain word has none
		"about":     func(id string, help Text) about { return about{id, help} },
		"flaw": func(id, problem string, help Text, wrong ...[]Text) flaw {
			return flaw{id, problem, help, slices.Concat(wrong...)}
		},
		"nothing":  func() Text { return Text{} },
		"initials": initials,
		"plot":     Chart.plot,
		"sequence": Sequence.plot,
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
	e, err := u.editions[set][u.languageOf(r)]()
	if err != nil {
		return err
	}
	f := u.frame(r, e.voice, p)
	var page bytes.Buffer
	for _, part := range []struct {
		template string
		data     any
	}{{f.layout + "-begin", f}, {p.Head().Template + ".html", p}, {f.layout + "-end", f}} {
		if err := e.templates.ExecuteTemplate(&page, part.template, part.data); err != nil {
			return fmt.Errorf("rendering page %T: %w", p, err)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", e.tag.String())
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
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 {
		return strings.ToUpper(string(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return strings.ToUpper(string(first) + string(last))
}
