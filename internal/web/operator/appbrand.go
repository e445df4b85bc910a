package operator

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// appBrand serves GET /operator/apps/{app}/brand.
func (h *Handler) appBrand(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, brandPage(&v, ui.Filled{}))
}

func brandPage(v *operate.AppView, f ui.Filled) formPage {
	p := formPage{Shell: appShell(&v.App, tabBrand, changes), Name: ui.As(v.Name)}
	p.Lead = ui.Say("app_brand_lead")
	p.Forms = []form{{
		Action: pathOfApp(v.Key) + "/brand", Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(v.Version, 10)}},
		Fields: []field{
			input(f.Input(ui.Input{Name: "product", Label: ui.Say("app_brand_name"), Help: ui.Say("app_brand_name_help"), Value: v.Brand.Name, Max: 4 * sso.MaxName, Optional: true})),
			input(f.Input(ui.Input{Name: "accent", Label: ui.Say("app_brand_accent"), Help: ui.Say("app_brand_accent_help"), Value: v.Brand.Accent, Max: 7, Mono: true, Optional: true})),
		},
		Submit: ui.Submit{Word: ui.Say("save_changes")},
	}}
	return p
}

// saveAppBrand serves POST /operator/apps/{app}/brand.
func (h *Handler) saveAppBrand(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	return h.changeApp(w, r, f, brandPage, func(a *sso.App) error {
		a.Brand.Name, a.Brand.Accent = sso.CleanName(f.Get("product")), strings.ToLower(strings.TrimSpace(f.Get("accent")))
		return nil
	})
}
