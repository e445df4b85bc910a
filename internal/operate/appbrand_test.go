package operate_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestTheSignInPageOfAnAppHasItsOwnLook(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		if _, _, err := h.CreateApp(h.Context(), &h.operator, newPortal()); err != nil {
			h.Fatal(err)
		}
		save := func(by *sso.By, version int64, to operate.AppBrand) error {
			return h.SaveAppBrand(h.Context(), by, "portal", version, to)
		}
		logo := func(hash string) (picture []byte, err error) {
			h.write(func(tx *store.Writer) error {
				picture, err = tx.Logo(h.Context(), hash)
				return nil
			})
			return picture, err
		}
		must := func(what string, err error) {
			h.Helper()
			if err != nil {
				h.Fatalf("%s: %v", what, err)
			}
		}
		var drawn bytes.Buffer
		must("drawing", png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 40, 20))))
		sent := sso.NewLogo{Picture: append(drawn.Bytes(), "<script>alert(1)</script>"...)}

		for what, tc := range map[string]struct {
			by      *sso.By
			version int64
			to      operate.AppBrand
			code    string
		}{
			"support":                  {&h.support, 1, operate.AppBrand{Logo: sent}, "operator_role"},
			"of a page that is old":    {&h.operator, 7, operate.AppBrand{Logo: sent}, "app_moved"},
			"a drawing with a program": {&h.operator, 1, operate.AppBrand{Logo: sso.NewLogo{Picture: []byte("<svg onload=alert(1)>")}}, "brand_logo"},
			"style in a colour":        {&h.operator, 1, operate.AppBrand{Accent: "#fff;} body{", Logo: sent}, "brand_accent"},
		} {
			if err := save(tc.by, tc.version, tc.to); !fault.Is(err, tc.code) {
				h.Errorf("%s: SaveAppBrand() = %v, want %s", what, err, tc.code)
			}
		}
		if app := h.app("portal"); !app.Brand.IsZero() || app.Version != 1 {
			h.Fatalf("the brand is %+v", app.Brand)
		}

		must("a brand", save(&h.operator, 1, operate.AppBrand{Name: " The Portal ", Accent: "#0A6B5E", Logo: sent}))
		first := h.app("portal").Brand
		if first.Name != "The Portal" || first.Accent != "#0a6b5e" || first.Logo == "" {
			h.Errorf("the brand is %+v", first)
		}
		if kept, err := logo(first.Logo); err != nil || !bytes.HasPrefix(kept, []byte("\x89PNG")) || bytes.Contains(kept, []byte("script")) {
			h.Errorf("Logo() = %q, %v", kept, err)
		}
		// What changes other settings does not come to the logo.
		must("other settings", h.ChangeApp(h.Context(), &h.operator, "portal", 0, func(a *sso.App) error {
			a.Name, a.Brand = "Another", sso.Brand{Logo: "0123"}
			return nil
		}))
		if b := h.app("portal").Brand; b != (sso.Brand{Logo: first.Logo}) {
			h.Errorf("the brand is %+v", b)
		}
		must("a name, and the logo as it is", save(&h.operator, 0, operate.AppBrand{Name: "Portal"}))
		if b := h.app("portal").Brand; b != (sso.Brand{Name: "Portal", Logo: first.Logo}) {
			h.Errorf("the brand is %+v", b)
		}
		must("no logo", save(&h.operator, 0, operate.AppBrand{Name: "Portal", Logo: sso.NewLogo{Gone: true}}))
		if b := h.app("portal").Brand; b.Logo != "" {
			h.Errorf("the brand is %+v", b)
		}
		if _, err := logo(first.Logo); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("Logo() of one that was removed: %v", err)
		}
		var said []string
		for _, e := range h.appEvents() {
			if change, ok := changed(&e)["brand.logo"]; ok {
				said = append(said, e.Action+": "+change)
			}
		}
		slices.Sort(said)
		if want := []string{"app.changed:  → " + first.Logo, "app.changed: " + first.Logo + " → "}; !slices.Equal(said, want) {
			h.Errorf("the audit list says %q, want %q", said, want)
		}
	})
}
