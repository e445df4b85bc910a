package operator

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Bounds of what is told about one field.
const (
	maxWrong      = 5  // lines that are wrong
	maxWrongShown = 60 // characters of each
)

// besideSettings tells what is wrong with an app beside the fields of a form,
// which again shows anew.
func besideSettings(r *http.Request, typed url.Values, err error, again func(f ui.Filled, status int) error) error {
	filled, ok := wrongBeside(typed, err)
	if !ok {
		return err
	}
	_, status := web.Record(r, err)
	return again(filled, status)
}

// wrongBeside returns the form with what is wrong with an app told beside its fields,
// and whether that is all of err.
func wrongBeside(typed url.Values, err error) (ui.Filled, bool) {
	filled := ui.Filled{Values: typed, Problems: map[string]string{}, Wrong: map[string][]ui.Text{}}
	for _, m := range registration.Mistakes(err) {
		field, ok := fieldOf(m)
		if !ok {
			return filled, false
		}
		filled.First = cmp.Or(filled.First, field)
		filled.Problems[field] = fault.From(m.Err).Code
		switch wrong := inParticular(typed.Get(field), m); {
		case wrong.IsZero() || len(filled.Wrong[field]) > maxWrong:
		case len(filled.Wrong[field]) == maxWrong:
			filled.Wrong[field] = append(filled.Wrong[field], ui.Say("uri_more"))
		default:
			filled.Wrong[field] = append(filled.Wrong[field], wrong)
		}
	}
	if len(filled.Problems) > 0 {
		return filled, true
	}
	codes := map[string]string{
		"name_empty": "name", "key_taken": "key", "app_client_id_taken": "key", "app_grant_types": "grant_types", "organization_unknown": "organizations",
		"app_settings": "organizations", "role_unknown": "roles", "brand_logo": "logo", "brand_accent": "accent", "app_secret_none": "auth_method",
	}
	if fault.Is(err, "organization_unknown") {
		if got := fault.From(err).Got; got != "" {
			filled.Wrong["organizations"] = []ui.Text{ui.Texts(place(typed.Get("organizations"), slices.Index(lines(typed.Get("organizations")), got)), ui.Say("no_such_organization"))}
		}
	}
	return filled.Beside(err, codes)
}

// fieldOf returns the field in which a setting stands, on whichever page of an
// app.
func fieldOf(m *registration.Mistake) (string, bool) {
	fields := map[string]string{
		"key": "key", "client_id": "key", "kind": "kind", "redirect_uris": "redirect_uris", "post_logout_redirect_uris": "logout_uris", "login_url": "login_url",
		"backchannel_logout_uri": "backchannel_uri", "grant_types": "grant_types", "auth_method": "auth_method", "jwks": "jwks", "jwks_uri": "jwks_uri", "scopes": "scopes",
		"id_token_alg": "id_token_alg", "pkce_optional": "pkce_optional", "claims": "role_claim", "allowed_organizations": "organizations", "allowed_roles": "roles",
		"required_entitlement": "entitlement", "brand.name": "product", "brand.accent": "accent",
	}
	if field, ok := fields[m.Setting]; ok {
		return field, true
	}
	setting, _, _ := strings.Cut(m.Setting, ".")
	field, ok := fields[setting]
	return field, ok
}

// inParticular says what is wrong with what was typed, and in which line;
// nothing where the sentence for the fault's code says it all.
func inParticular(typed string, m *registration.Mistake) ui.Text {
	all := lines(typed)
	at, flaw := m.Flaw()
	switch {
	case flaw != "" && strings.Contains(m.Setting, "."):
		return ui.Texts(place(typed, at), ui.Say("uri_"+flaw))
	case flaw != "":
		return ui.Say("uri_" + flaw)
	case m.Setting == "redirect_uris" && len(all) == 0:
		return ui.Say("uri_none")
	case m.Setting == "redirect_uris" || m.Setting == "post_logout_redirect_uris":
		return ui.Say("uri_many")
	case m.Setting == "scopes":
		if got := fault.From(m.Err).Got; slices.Contains(strings.Fields(typed), got) {
			return ui.Texts(ui.As(got+": "), ui.Problem("app_scope"))
		}
	}
	return ui.Text{}
}

// place names one of the lines that were typed, which lines returns without the
// empty ones: by its number among all, and what it says.
func place(typed string, at int) ui.Text {
	number, found := 0, 0
	for line := range strings.Lines(typed) {
		number++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if found++; found == at+1 {
			shown := []rune(line)
			if len(shown) > maxWrongShown {
				shown = append(shown[:maxWrongShown], '…')
			}
			return ui.Texts(ui.Say("uri_line", "Line", strconv.Itoa(number), "Text", string(shown)), ui.As(" "))
		}
	}
	return ui.Text{}
}

// elsewhere tells above a form what is wrong with an app in none of its fields.
func (p *formPage) elsewhere(f ui.Filled) {
	var here []string
	for _, form := range p.Forms {
		for _, x := range form.Fields {
			here = append(here, x.name())
		}
	}
	n := &ui.Notice{State: ui.Refused, Title: ui.Say("app_wrong_elsewhere")}
	for _, field := range slices.Sorted(func(yield func(string) bool) {
		for field := range f.Problems {
			if !slices.Contains(here, field) && !yield(field) {
				return
			}
		}
	}) {
		n.Points = append(n.Points, ui.Problem(f.Problems[field]))
	}
	if len(n.Points) > 0 {
		p.Notice = n
	}
}

// name returns what the field is called in its form.
func (x field) name() string {
	switch {
	case x.Input != nil:
		return x.Input.Name
	case x.Area != nil:
		return x.Area.Name
	case x.Select != nil:
		return x.Select.Name
	case x.Check != nil:
		return x.Check.Name
	case x.Choices != nil:
		return x.Choices.Name
	default:
		return x.File.Name
	}
}
