package ui

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// loadIcons returns the pictures of the house by their names, ready to stand
// in a page. They are files of our own, which is why a template may take them
// for markup. A picture never stands without a word, and is not read aloud.
func loadIcons() (map[string]template.HTML, error) {
	found, err := fs.Glob(files, "icons/*.svg")
	if err != nil {
		return nil, fmt.Errorf("listing the icons: %w", err)
	}
	icons := make(map[string]template.HTML, len(found))
	for _, file := range found {
		b, err := files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading icon: %w", err)
		}
		name := strings.TrimSuffix(path.Base(file), ".svg")
		svg, ok := strings.CutPrefix(strings.TrimSpace(string(b)), `<svg xmlns="http://www.w3.org/2000/svg" `)
		if !ok {
			return nil, fmt.Errorf("icon %s does not begin as all others do", name)
		}
		icons[name] = template.HTML(`<svg class="icon icon-` + name + `" aria-hidden="true" ` + svg)
	}
	return icons, nil
}

// icon returns a picture, for templates.
func (u *UI) icon(name string) (template.HTML, error) {
	svg, ok := u.icons[name]
	if !ok {
		return "", fmt.Errorf("no icon is called %q", name)
	}
	return svg, nil
}

// FactorIcon returns the name of the picture of a second factor.
func FactorIcon(k sso.FactorKind) string {
	switch k {
	case sso.FactorPasskey:
		return "passkey"
	case sso.FactorSMS:
		return "phone"
	default:
		return "device"
	}
}
