package webtest

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jba/templatecheck"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// update has golden files rewritten. Packages with golden files of their own
// take [Update] rather than a second flag of the name.
var update = flag.Bool("update", false, "rewrite the golden files")

// Update reports whether golden files are to be rewritten.
func Update() bool { return *update }

// Languages are those in which every page is looked at.
func Languages() []string { return []string{"en", "de"} }

// Specimen is a page with something in every place.
type Specimen struct {
	Page   ui.Page
	Path   string     // at which it is asked for, with its parameters; "": /
	Person sso.Person // who is signed in; zero: nobody
	Status int        // 0: 200

	// Show shows it where rendering Page is not what a handler does.
	Show func(*ui.UI, http.ResponseWriter, *http.Request) error
}

// Pages is the set of pages of a transport, to be held to what every page of
// the house keeps.
type Pages struct {
	Set       ui.Set
	Specimens map[string]Specimen // by the name of the golden file
	// Composed lists how keys of texts begin that are put together when they
	// are used, and so stand nowhere as they are.
	Composed []string
	// Options are those of the UI.
	Options ui.Options
}

// Check compares each specimen with its golden file in testdata, in every
// language, and holds the set to its types, its texts and the rules of markup.
//
// The environment variable SALLYPORT_PAGES names a folder into which they are
// written as well, to be looked at in a browser.
func (p Pages) Check(t *testing.T) {
	t.Helper()
	u := p.open(t)
	t.Run("golden", func(t *testing.T) { p.checkGolden(t, u) })
	t.Run("markup", func(t *testing.T) { p.checkMarkup(t, u) })
	t.Run("types", func(t *testing.T) { p.checkTypes(t, p.open(t)) }) // templates that have not been used are as they were written
	t.Run("texts", p.checkTexts)
	if folder := os.Getenv("SALLYPORT_PAGES"); folder != "" {
		t.Run("written", func(t *testing.T) { p.write(t, u, folder) })
	}
}

// open returns a UI that has the set.
func (p Pages) open(t *testing.T) *ui.UI {
	t.Helper()
	var sets []ui.Set
	if p.Set.Name != ui.Own().Name {
		sets = append(sets, p.Set)
	}
	u, err := ui.New(p.Options, sets...)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Load(); err != nil {
		t.Fatal(err)
	}
	return u
}

// Shown returns the answer with a specimen in a language, as it comes out of
// a router.
func (s Specimen) Shown(t *testing.T, u *ui.UI, lang string) *httptest.ResponseRecorder {
	t.Helper()
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	route := web.Route{Method: http.MethodGet, Path: "/", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
		if s.Show != nil {
			return s.Show(u, w, r)
		}
		return u.Render(w, r, max(s.Status, http.StatusOK), s.Page)
	}}
	if s.Person.User.ID != "" {
		route.Access = web.SignedIn
	}
	rt, err := web.New(web.Config{
		BaseURL: base, Log: slog.New(slog.DiscardHandler), Failure: u.Failure,
		Person: func(context.Context, secret.Token, netip.Addr) (sso.Person, error) { return s.Person, nil },
	}, []web.Route{route})
	if err != nil {
		t.Fatal(err)
	}
	path := s.Path
	if path == "" {
		path = "/"
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", lang)
	r.Header.Set("Cookie", "__Host-sallyport-session=any")
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	if w.Code/100 == 3 || w.Code == http.StatusInternalServerError && s.Status != w.Code && s.Show == nil {
		t.Fatalf("%T is answered with %d:\n%s", s.Page, w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Language"); got != lang {
		t.Errorf("%T: Content-Language = %q, want %q", s.Page, got, lang)
	}
	return w
}

// hashes are in the names of assets, which follow their content; pages that
// are kept do not.
var hashes = regexp.MustCompile(`(/assets/[\w-]+)\.[0-9a-f]+\.`)

func (p Pages) checkGolden(t *testing.T, u *ui.UI) {
	for name, s := range p.Specimens {
		for _, lang := range Languages() {
			file := filepath.Join("testdata", name+"."+lang+".html")
			got := hashes.ReplaceAllString(s.Shown(t, u, lang).Body.String(), "$1.HASH.")
			if strings.Contains(got, "no value>") {
				t.Errorf("%s: a text has a gap that nothing fills:\n%s", file, got)
			}
			if Update() {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// checkTypes holds every branch of every template to the type of its page,
// also where no specimen goes, and every page to have a specimen.
func (p Pages) checkTypes(t *testing.T, u *ui.UI) {
	seen := map[reflect.Type]bool{}
	for _, s := range p.Specimens {
		seen[reflect.TypeOf(s.Page)] = true
	}
	for _, page := range p.Set.Pages {
		if !seen[reflect.TypeOf(page)] {
			t.Errorf("page %T has no specimen", page)
		}
		tmpl, err := u.Template(page)
		if err != nil {
			t.Fatal(err)
		}
		if err := templatecheck.CheckHTML(tmpl, page); err != nil {
			t.Errorf("page %T: %v", page, err)
		}
	}
}

// write writes the specimens with their assets, as a site of files.
func (p Pages) write(t *testing.T, u *ui.UI, folder string) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	files := map[string][]byte{}
	for path, body := range u.Assets() {
		files[strings.TrimPrefix(path, "/")] = body
	}
	for name, s := range p.Specimens {
		for _, lang := range Languages() {
			files[p.Set.Name+"/"+name+"."+lang+".html"] = s.Shown(t, u, lang).Body.Bytes()
		}
	}
	for name, content := range files {
		if err := root.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := root.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
