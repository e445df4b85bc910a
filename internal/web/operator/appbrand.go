package operator

import (
	"net/http"
	"strconv"

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
	logo := ui.File{Name: "logo", Label: ui.Say("logo"), Help: ui.Say("app_brand_logo_help"), Accept: "image/png,image/jpeg", Optional: true, Now: web.LogoPath(v.Brand.Logo)}
	fields := []field{
		input(f.Input(ui.Input{Name: "product", Label: ui.Say("app_brand_name"), Help: ui.Say("app_brand_name_help"), Value: v.Brand.Name, Max: 4 * sso.MaxName, Optional: true})),
		input(f.Input(ui.Input{Name: "accent", Label: ui.Say("app_brand_accent"), Help: ui.Say("app_brand_accent_help"), Value: v.Brand.Accent, Max: 7, Mono: true, Optional: true})),
		file(f.File(logo)),
	}
	if v.Brand.Logo != "" {
		fields = append(fields, check(f.Check(ui.Check{Name: "no_logo", Label: ui.Say("logo_remove")})))
	}
	p.Forms = []form{{
		Action: pathOfApp(v.Key) + "/brand", File: true, Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(v.Version, 10)}},
		Fields: fields, Submit: ui.Submit{Word: ui.Say("save_changes")},
	}}
	return p
}

// saveAppBrand serves POST /operator/apps/{app}/brand.
func (h *Handler) saveAppBrand(w http.ResponseWriter, r *http.Request) error {
	sent, err := web.UploadForm(r, "logo")
	if err != nil {
		return err
	}
	f := sent.Fields
	to := operate.AppBrand{Name: f.Get("product"), Accent: f.Get("accent"), Logo: sso.NewLogo{Picture: sent.File, Gone: f.Has("no_logo")}}
	return h.saveApp(w, r, f, brandPage, func(by *sso.By, key string, version int64) error {
		return h.Flow.SaveAppBrand(r.Context(), by, key, version, to)
	})
}
