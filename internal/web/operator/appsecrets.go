package operator

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// appSecrets serves GET /operator/apps/{app}/secrets.
func (h *Handler) appSecrets(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	if v.AuthMethod != sso.AuthSecret { // no tab leads here
		return v.MayAddSecret()
	}
	return h.UI.Render(w, r, http.StatusOK, showSecrets(&v))
}

func showSecrets(v *operate.AppView) listPage {
	path := pathOfApp(v.Key)
	p := listPage{Shell: appShell(&v.App, tabSecrets, changes), Name: ui.As(v.Name), Notices: appNotices(v)}
	p.Lead = ui.Say("app_secrets_lead")
	if v.MayAddSecret() == nil {
		p.Action = &ui.Action{Name: ui.Say("app_secret_add"), Path: path + "/secrets/new", Icon: "plus"}
	}
	p.Table = ui.Table{
		Caption: ui.Say("app_tab_secrets"),
		Columns: []ui.Column{{Name: ui.Say("app_secret_hint"), Wide: true}, {Name: ui.Say("app_secret_made")}, {Name: ui.Say("app_secret_used")}, {Name: ui.Say("actions"), Acts: true}},
		Empty:   ui.Empty{Icon: "key", Title: ui.Say("app_secrets_none"), Text: ui.Say("app_no_secret_text")},
	}
	for i := range v.Secrets {
		s := &v.Secrets[i]
		name := ui.Cell{Text: ui.Say("app_secret_ends", "Hint", s.Hint), Mono: true, Icon: "key"}
		if s.Hint == "" {
			name = ui.Cell{Text: ui.Say("app_secret_unseen"), Icon: "key"}
		}
		if by := v.Names[s.CreatedBy]; by != "" {
			name.Sub = ui.Say("app_secret_by", "Name", by)
		} else if s.CreatedBy == "operator" {
			name.Sub = ui.Say("app_secret_by_file")
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			name, {At: s.CreatedAt}, {At: s.UsedAt, Never: ui.Say("app_secret_never")},
			{Menu: &ui.Menu{Label: name.Text, Links: []ui.Button{{Word: ui.Say("app_secret_retire"), Path: path + "/secrets/" + string(s.ID) + "/retire", Icon: "trash"}}}},
		}})
	}
	return p
}

// askAppSecret serves GET /operator/apps/{app}/secrets/new.
func (h *Handler) askAppSecret(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	if err := v.MayAddSecret(); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, addSecretPage(&v.App))
}

func addSecretPage(a *sso.App) confirmPage {
	path := pathOfApp(a.Key) + "/secrets"
	c := ui.Confirm{
		ID: "add", Title: ui.Say("app_secret_add_title", "Name", a.Name), Text: ui.Say("app_secret_add_text"),
		Action: path + "/new", Do: ui.Say("app_secret_add"), Kind: ui.Main, Cancel: path,
	}
	if len(a.Secrets) > 0 {
		c.Points = []ui.Text{ui.Say("app_secret_add_both"), ui.Say("app_secret_add_then")}
	}
	return confirmPage{Shell: appShell(a, tabNone, changes), Confirm: c}
}

// addAppSecret serves POST /operator/apps/{app}/secrets/new.
func (h *Handler) addAppSecret(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	web.RetryAt(r, pathOfApp(r.PathValue("app"))+"/secrets")
	text, err := h.Flow.AddAppSecret(r.Context(), &by, r.PathValue("app"))
	if err != nil {
		return err
	}
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, secretMade(&v.App, text, anotherSecret))
}

// occasion says why a secret was made.
type occasion uint8

// The occasions.
const (
	firstSecret   occasion = iota // the app is new
	anotherSecret                 // beside one that there is, or was
)

// secretMadePage shows a secret, once.
type secretMadePage struct {
	ui.Shell
	Name  ui.Text
	Saved ui.Text
	Copy  []ui.Copy
	Back  ui.Button
}

// Head implements [ui.Page].
func (p secretMadePage) Head() ui.Head { return ui.Head{Template: "secret-made", Title: p.Name} }

func secretMade(a *sso.App, text secret.Token, why occasion) secretMadePage {
	p := secretMadePage{Shell: appShell(a, tabNone, changes), Name: ui.Say("app_secret_new"), Saved: ui.Say("app_secret_once")}
	p.Copy = []ui.Copy{{ID: "secret", Label: ui.Say("app_secret"), Value: text.Reveal()}}
	p.Back = ui.Button{Word: ui.Say("app_secret_back"), Path: pathOfApp(a.Key) + "/secrets", Kind: ui.Main}
	if why == firstSecret {
		p.Name = ui.Say("app_made", "Name", a.Name)
		p.Copy = append([]ui.Copy{{ID: "client-id", Label: ui.Say("app_client"), Value: a.ClientID}}, p.Copy...)
		p.Back = ui.Button{Word: ui.Say("app_made_back"), Path: pathOfApp(a.Key), Kind: ui.Main}
	}
	return p
}

// secretOf returns the secret that the URL names.
func secretOf(r *http.Request, v *operate.AppView) (*sso.AppSecret, error) {
	i := slices.IndexFunc(v.Secrets, func(s sso.AppSecret) bool { return string(s.ID) == r.PathValue("secret") })
	if i < 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return &v.Secrets[i], nil
}

// askRetire serves GET /operator/apps/{app}/secrets/{secret}/retire.
func (h *Handler) askRetire(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	s, err := secretOf(r, &v)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, retirePage(&v.App, s))
}

func retirePage(a *sso.App, s *sso.AppSecret) confirmPage {
	path := pathOfApp(a.Key) + "/secrets"
	c := ui.Confirm{
		ID: "retire", Title: ui.Say("app_retire_title", "Hint", s.Hint), Text: ui.Say("app_retire_text", "Name", a.Name),
		Action: path + "/" + string(s.ID) + "/retire", Do: ui.Say("app_secret_retire"), Cancel: path,
	}
	if s.Hint == "" {
		c.Title = ui.Say("app_retire_title_unseen")
	}
	if len(a.Secrets) == 1 {
		c.Points = []ui.Text{ui.Say("app_retire_last")}
	}
	return confirmPage{Shell: appShell(a, tabNone, changes), Confirm: c}
}

// retire serves POST /operator/apps/{app}/secrets/{secret}/retire.
func (h *Handler) retire(w http.ResponseWriter, r *http.Request) error {
	by, key := web.ByFrom(r), r.PathValue("app")
	if err := h.Flow.RetireAppSecret(r.Context(), &by, key, sso.AppSecretID(r.PathValue("secret"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOfApp(key)+"/secrets", "app_secret_retired"))
}
