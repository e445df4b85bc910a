package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

//go:embed assets
var assetFiles embed.FS

// bundles says which files make which asset.
func bundles() map[string][]string {
	return map[string][]string{
		"page.css": {"tokens.css", "base.css", "card.css"},
		"page.js":  {"page.js"},
		"post.js":  {"post.js"},
		"mark.svg": {"mark.svg"},
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

// loadAssets returns the assets by their plain names.
func loadAssets() (map[string]asset, error) {
	kinds := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	assets := map[string]asset{}
	for name, files := range bundles() {
		var body []byte
		for _, file := range files {
			b, err := assetFiles.ReadFile("assets/" + file)
			if err != nil {
				return nil, fmt.Errorf("reading asset: %w", err)
			}
			body = append(body, b...)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		assets[name] = asset{
			url:  "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:hashLength] + ext,
			kind: kinds[ext], body: body,
		}
	}
	return assets, nil
}

// Routes returns the route of the assets.
func (u *UI) Routes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: "/assets/{file}", Access: web.Public, Handler: u.serveAsset}}
}

// serveAsset serves GET /assets/{file}.
func (u *UI) serveAsset(w http.ResponseWriter, r *http.Request) error {
	for _, a := range u.assets {
		if a.url != r.URL.Path {
			continue
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", immutable)
		_, err := w.Write(a.body)
		return err
	}
	return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
}
