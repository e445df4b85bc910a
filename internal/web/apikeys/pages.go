package apikeys

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// listPage lists API keys.
type listPage struct {
	ui.Shell
	Keys ui.Table
	Docs ui.Link
}

// Head implements [ui.Page].
func (listPage) Head() ui.Head { return ui.Head{Template: "keys", Title: ui.Say("api_keys")} }

// list serves GET …/api-keys.
func (h *Handler) list(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := v.keys(r.Context())
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, listPageOf(v, &all, h.Flow.Now()))
}

func listPageOf(v *visit, all *programs.Keys, now time.Time) listPage {
	p := listPage{Shell: v.shell, Docs: ui.Link{Name: ui.Say("api_docs"), Path: "/docs/api"}}
	p.Lead = ui.Say("api_keys_lead")
	if v.changes {
		p.Action = &ui.Action{Name: ui.Say("api_key_new"), Path: v.to(newPath), Icon: "plus"}
	}
	p.Keys = ui.Table{
		Caption: ui.Say("api_keys"),
		Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("api_key_scopes")}, {Name: ui.Say("api_key_by")}, {Name: ui.Say("api_key_used")}, {Name: ui.Say("api_key_until")}, {Name: ui.Say("actions"), Acts: true}},
		Empty:   ui.Empty{Icon: "code", Title: ui.Say("api_keys_none"), Text: ui.Say("api_keys_none_text"), Action: p.Action},
	}
	if !p.Looks.IsZero() {
		_, p.Keys.Empty.Text = frame.ForSupport()
	}
	for i := range all.Keys {
		k := &all.Keys[i]
		row := ui.Row{Cells: []ui.Cell{
			{Text: ui.As(k.Name), Sub: ui.As(k.Hint), Icon: "code"}, state(k, now), {Text: ui.As(scopes(k)), Mono: true}, {Text: ui.As(all.Names[string(k.By)])},
			{At: k.UsedAt, Never: ui.Say("api_key_unused")}, {At: k.ExpiresAt, Never: ui.Say("api_key_forever")}, {},
		}}
		if v.changes && k.Usable(now) == nil {
			revoke := ui.Button{Word: ui.Say("api_key_revoke"), Path: v.to(revokePath, "{apikey}", string(k.ID)), Icon: "trash"}
			row.Cells[len(row.Cells)-1].Menu = &ui.Menu{Label: ui.As(k.Name), Links: []ui.Button{revoke}}
		}
		p.Keys.Rows = append(p.Keys.Rows, row)
	}
	p.Action = p.Keys.Above(p.Action)
	return p
}

func scopes(k *sso.APIKey) string {
	all := make([]string, len(k.Scopes))
	for i, s := range k.Scopes {
		all[i] = string(s)
	}
	return strings.Join(all, ", ")
}

// state says what has become of a key.
func state(k *sso.APIKey, now time.Time) ui.Cell {
	switch {
	case !k.RevokedAt.IsZero():
		return ui.Cell{Badges: []ui.Badge{{State: ui.Plain, Word: ui.Say("api_key_revoked")}}, At: k.RevokedAt}
	case k.Usable(now) != nil:
		return ui.Cell{Badges: []ui.Badge{{State: ui.Plain, Word: ui.Say("api_key_expired")}}}
	default:
		return ui.Cell{Badges: []ui.Badge{{State: ui.OK, Word: ui.Say("api_key_live")}}}
	}
}

// newPage asks what a key is to be for.
type newPage struct {
	ui.Shell
	Action string
	Name   ui.Input
	Scopes ui.Choices
	Life   ui.Select
	Submit ui.Submit
}

// Head implements [ui.Page].
func (newPage) Head() ui.Head { return ui.Head{Template: "key-new", Title: ui.Say("api_key_new")} }

// lives are for how many days a key may be made; 0 is for good.
func lives() []int { return []int{30, 90, 365, 0} }

// ask serves GET …/api-keys/new.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.UI.Render(w, r, http.StatusOK, newPageOf(v, ui.Filled{}))
}

func newPageOf(v *visit, f ui.Filled) newPage {
	life := ui.Select{Name: "days", Label: ui.Say("api_key_lasts"), Value: "90"}
	for _, n := range lives() {
		o := ui.Option{Value: strconv.Itoa(n), Label: ui.Count("api_key_days", n)}
		if n == 0 {
			o.Label = ui.Say("api_key_forever")
		}
		life.Options = append(life.Options, o)
	}
	choices := ui.Choices{Name: "scopes", Label: ui.Say("api_key_scopes"), Help: ui.Say("api_key_scopes_help")}
	for _, s := range v.scopes {
		choices.Options = append(choices.Options, ui.Option{Value: string(s), Label: ui.As(string(s)), Help: ui.Say("api_scope_" + strings.ReplaceAll(string(s), ":", "_"))})
	}
	p := newPage{
		Shell: v.shell, Action: v.to(newPath), Scopes: f.Choices(choices), Life: f.Select(life),
		Name:   f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Help: ui.Say("api_key_name_help"), Max: 4 * sso.MaxName, Focus: true}),
		Submit: ui.Submit{Word: ui.Say("api_key_create"), Cancel: v.to(listPath)},
	}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("api_keys"), Path: v.to(listPath)}), v.to(listPath)
	p.Lead = ui.Say("api_key_new_lead")
	return p
}

// madePage shows a key, once.
type madePage struct {
	ui.Shell
	Key   ui.Copy
	Try   ui.Copy
	Facts []ui.Fact
	Back  ui.Button
}

// Head implements [ui.Page].
func (madePage) Head() ui.Head { return ui.Head{Template: "key-made", Title: ui.Say("api_key_made")} }

// create serves POST …/api-keys/new.
func (h *Handler) create(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	n := sso.NewAPIKey{Name: form.Get("name"), Scopes: form["scopes"], Days: -1}
	if days, err := strconv.Atoi(form.Get("days")); err == nil && slices.Contains(lives(), days) {
		n.Days = days
	}
	k, text, err := v.make(r.Context(), n)
	if err != nil {
		fields := map[string]string{"name_empty": "name", "scope_none": "scopes", "scope_unknown": "scopes", "api_key_life": "days", "api_key_many": "name"}
		return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, newPageOf(v, f))
		})
	}
	return h.UI.Render(w, r, http.StatusOK, madePageOf(v, &k, text.Reveal(), h.BaseURL))
}

func madePageOf(v *visit, k *sso.APIKey, text, base string) madePage {
	path := "/api/v1/organizations"
	if k.Org != "" {
		path += "/" + string(k.Org)
	}
	p := madePage{
		Shell: v.shell,
		Key:   ui.Copy{ID: "key", Label: ui.Say("api_key"), Help: ui.Say("api_key_once"), Value: text},
		Try:   ui.Copy{ID: "try", Label: ui.Say("api_key_try"), Value: "curl -H 'Authorization: Bearer " + text + "' " + base + path},
		Facts: []ui.Fact{{Name: ui.Say("name"), Value: ui.As(k.Name)}, {Name: ui.Say("api_key_scopes"), Value: ui.As(scopes(k))}},
		Back:  ui.Button{Word: ui.Say("api_keys_back"), Path: v.to(listPath)},
	}
	if !k.ExpiresAt.IsZero() {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("api_key_until"), At: k.ExpiresAt})
	}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("api_keys"), Path: v.to(listPath)}), v.to(listPath)
	return p
}

// confirmPage asks before a key is revoked.
type confirmPage struct {
	ui.Shell
	Confirm ui.Confirm
}

// Head implements [ui.Page].
func (p confirmPage) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Confirm.Title} }

// askRevoke serves GET …/api-keys/{apikey}/revoke.
func (h *Handler) askRevoke(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := v.keys(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all.Keys, func(k sso.APIKey) bool { return string(k.ID) == r.PathValue("apikey") })
	if i < 0 {
		return authority.Unseen(r.PathValue("apikey"))
	}
	if all.Keys[i].Usable(h.Flow.Now()) != nil { // it ended meanwhile
		return web.SeeOther(w, r, v.to(listPath))
	}
	return h.UI.Render(w, r, http.StatusOK, confirmPageOf(v, &all.Keys[i]))
}

func confirmPageOf(v *visit, k *sso.APIKey) confirmPage {
	used := ui.Say("api_key_revoke_unused")
	if !k.UsedAt.IsZero() {
		used = ui.Between(": ", ui.Say("api_key_used"), ui.At(k.UsedAt))
	}
	p := confirmPage{Shell: v.shell, Confirm: ui.Confirm{
		ID: "revoke", Title: ui.Say("api_key_revoke_title", "Name", k.Name), Text: ui.Say("api_key_revoke_text"), Points: []ui.Text{used},
		Action: v.to(revokePath, "{apikey}", string(k.ID)), Do: ui.Say("api_key_revoke"), Cancel: v.to(listPath),
	}}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("api_keys"), Path: v.to(listPath)}), v.to(listPath)
	return p
}

// revoke serves POST …/api-keys/{apikey}/revoke.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.revoke(r.Context(), sso.APIKeyID(r.PathValue("apikey"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(listPath), "api_key_revoked"))
}
