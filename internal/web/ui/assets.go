package ui

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

// bundles says which files make which asset of our own.
func bundles() map[string][]string {
	return map[string][]string{
		"page.css":   {"tokens.css", "base.css", "card.css", "shell.css", "parts.css", "lists.css", "figures.css", "pictures.css", "setup.css"},
		"page.js":    {"page.js"},
		"post.js":    {"post.js"},
		"passkey.js": {"passkey.js"},
		"mark.svg":   {"mark.svg"},
	}
}

// immutable lets a browser keep an asset: another content has another name.
const immutable = "public, max-age=31536000, immutable"

// hashLength is how much of the hash stands in the name of an asset.
const hashLength = 12

// asset is one file as it is served.
type asset struct {
	url  string
	kind string
	body []byte
}

// loadAssets returns the assets by their plain names: ours, and those that sets
// bring along.
func loadAssets(sets []Set) (map[string]asset, error) {
	assets := map[string]asset{}
	for name, parts := range bundles() {
		var body []byte
		for _, part := range parts {
			b, err := files.ReadFile("assets/" + part)
			if err != nil {
				return nil, fmt.Errorf("reading asset: %w", err)
			}
			body = append(body, b...)
		}
		if err := addAsset(assets, name, body); err != nil {
			return nil, err
		}
	}
	for _, set := range sets[1:] {
		found, err := fs.Glob(set.Files, "assets/*")
		if err != nil {
			return nil, fmt.Errorf("listing the assets of %s: %w", set.Name, err)
		}
		for _, file := range found {
			body, err := fs.ReadFile(set.Files, file)
			if err != nil {
				return nil, fmt.Errorf("reading asset of %s: %w", set.Name, err)
			}
			if err := addAsset(assets, path.Base(file), body); err != nil {
				return nil, err
			}
		}
	}
	return assets, nil
}

// addAsset adds an asset under a name that no other has.
func addAsset(assets map[string]asset, name string, body []byte) error {
	ext := path.Ext(name)
	kind := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[ext]
	if kind == "" {
		return fmt.Errorf("asset %s is neither style, script nor picture", name)
	}
	if _, twice := assets[name]; twice {
		return fmt.Errorf("two assets are called %s", name)
	}
	sum := sha256.Sum256(body)
	assets[name] = asset{
		url:  "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:hashLength] + ext,
		kind: kind, body: body,
	}
	return nil
}

// assetURL returns where an asset is served, for templates.
func (u *UI) assetURL(name string) (string, error) {
	a, ok := u.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset is called %q", name)
	}
	return a.url, nil
}

// Assets returns the content of all assets by the paths at which they are
// served.
func (u *UI) Assets() map[string][]byte {
	all := make(map[string][]byte, len(u.assets))
	for _, a := range u.assets {
		all[a.url] = a.body
	}
	return all
}

// Routes returns the route of the assets.
func (u *UI) Routes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: "/assets/{file}", Access: web.Public, Handler: u.serveAsset}}
}

// serveAsset serves GET /assets/{file}.
func (u *UI) serveAsset(w http.ResponseWriter, r *http.Request) error {
	a, ok := u.find(r.URL.Path)
	if !ok {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", immutable)
	_, err := w.Write(a.body)
	return err
}

// find returns the asset at a path.
func (u *UI) find(path string) (asset, bool) {
	for _, a := range u.assets {
		if a.url == path {
			return a, true
		}
	}
	hex, ok := strings.CutPrefix(path, "/assets/accent-")
	hex, suffix, cut := strings.Cut(hex, ".")
	if !ok || !cut || "."+suffix != u.accentSuffix() {
		return asset{}, false
	}
	accent, err := parseColour("#" + hex)
	if err != nil {
		return asset{}, false
	}
	return asset{url: path, kind: u.assets["page.css"].kind, body: accentStyle(accent)}, true
}

// accentURL returns where the style sheet of an accent is served, which is made
// when it is asked for. It changes when ours does.
func (u *UI) accentURL(accent string) string {
	return "/assets/accent-" + strings.ToLower(strings.TrimPrefix(accent, "#")) + u.accentSuffix()
}

// accentSuffix returns the end of those names, which is that of our own sheet.
func (u *UI) accentSuffix() string {
	return strings.TrimPrefix(u.assets["page.css"].url, "/assets/page")
}
