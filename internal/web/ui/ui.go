package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/sallyport/sallyport/internal/web"
)

//go:embed templates
var templateFiles embed.FS

// Options are what a deployment may change about the pages.
type Options struct {
	Product string // name above the card; "": Sallyport
}

// UI renders pages. It is safe for use by many goroutines.
type UI struct {
	product   string
	assets    map[string]asset
	catalog   *catalog
	templates map[string]*template.Template
}

// New returns a UI with everything read and parsed.
func New(o Options) (*UI, error) {
	u := &UI{product: o.Product, templates: map[string]*template.Template{}}
	if u.product == "" {
		u.product = "Sallyport"
	}
	var err error
	if u.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if u.catalog, err = loadCatalog(); err != nil {
		return nil, err
	}
	layout, err := template.New("layout").Option("missingkey=error").
		Funcs(template.FuncMap{"asset": u.assetURL}).
		ParseFS(templateFiles, "templates/layout.html", "templates/icons.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layout: %w", err)
	}
	for _, p := range everyPage() {
		name, _ := p.page()
		t, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("copying the layout: %w", err)
		}
		if u.templates[name], err = t.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("parsing page %s: %w", name, err)
		}
	}
	return u, nil
}

// assetURL returns where an asset is served, for templates.
func (u *UI) assetURL(name string) (string, error) {
	a, ok := u.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset is called %q", name)
	}
	return a.url, nil
}

// view is what a template sees.
type view struct {
	Lang    string
	Dir     string
	Product string
	Title   string
	Page    Page
	voice   voice
}

// T returns a text of the catalog; pairs of names and values fill its gaps.
func (v view) T(key string, pairs ...string) string { return v.voice.text(key, pairs...) }

// Render shows a page with a status.
func (u *UI) Render(w http.ResponseWriter, r *http.Request, status int, p Page) error {
	return u.render(w, u.catalog.voiceFor(r), status, p)
}

func (u *UI) render(w http.ResponseWriter, v voice, status int, p Page) error {
	name, title := p.page()
	var page bytes.Buffer
	err := u.templates[name].ExecuteTemplate(&page, "layout", view{
		Lang: v.tag.String(), Dir: v.direction(), Product: u.product, Title: v.text(title), Page: p, voice: v,
	})
	if err != nil {
		return fmt.Errorf("rendering page %s: %w", name, err)
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
