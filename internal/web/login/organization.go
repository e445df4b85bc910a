package login

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// How many organizations are shown to who has many, before they search and
// after.
const (
	fewOrganizations   = 8
	foundOrganizations = 50
	maxSought          = 100 // octets of what is searched for
)

// organizationPage asks in which organization to go on.
type organizationPage struct {
	Action  string
	Who     string
	NotYou  string // "": they have just proved who they are
	Choices []organizationChoice
	Search  *organizationSearch // nil: there are few
	Note    ui.Text             // what is not shown
}

// organizationChoice is one of them. Sub tells it from another one of the same
// name.
type organizationChoice struct {
	ID, Sub string
	Word    ui.Text
}

type organizationSearch struct{ Action, Attempt, Typed string }

// Head implements [ui.Page].
func (p organizationPage) Head() ui.Head {
	title := ui.Say("choose_organization")
	if p.NotYou != "" {
		title = ui.Say("go_on_where")
	}
	return ui.Head{Template: "organization", Title: title}
}

// soughtIn returns what is searched for at a step, as the page's address says
// it.
func soughtIn(r *http.Request, step sso.Step) string {
	if q := sought(r); q != "" && step == sso.StepOrg {
		return "&q=" + url.QueryEscape(q)
	}
	return ""
}

func sought(r *http.Request) string {
	q := strings.ToValidUTF8(strings.TrimSpace(r.URL.Query().Get("q")), "")
	return strings.ToValidUTF8(q[:min(len(q), maxSought)], "")
}

// askOrganization asks where the person goes on. Of many, those they use come
// first, and the others are found by their names.
func (h *Handler) askOrganization(w http.ResponseWriter, r *http.Request, a *sso.Attempt) error {
	where, err := h.Flow.Whereabouts(r.Context(), *a)
	if err != nil {
		return err
	}
	page := organizationPage{Action: web.AttemptPath(choosePath, a.ID), Who: where.Who}
	if where.SignedIn {
		page.NotYou = web.AttemptPath(emailPath, a.ID)
	}
	q, shown := sought(r), where.Orgs
	if len(shown) > fewOrganizations {
		page.Search = &organizationSearch{Action: choosePath, Attempt: string(a.ID), Typed: q}
		limit := fewOrganizations
		if q != "" {
			shown, limit = matching(shown, q), foundOrganizations
		}
		switch left := len(shown) - limit; {
		case left > 0:
			shown, page.Note = shown[:limit], ui.Count("organizations_more", left)
		case len(shown) == 0:
			page.Note = ui.Say("organizations_none")
		}
	}
	for i := range shown {
		c := organizationChoice{ID: string(shown[i].ID), Word: ui.As(shown[i].Name)}
		if where.SignedIn {
			c.Word = ui.Say("go_on_in", "Who", where.Name, "Organization", shown[i].Name)
		}
		if namesake(where.Orgs, &shown[i]) {
			c.Sub = shown[i].Key
		}
		page.Choices = append(page.Choices, c)
	}
	return h.UI.Render(w, r, http.StatusOK, page)
}

// GoOn answers a POST by which somebody who is signed in goes on in another
// organization of theirs. Where what they have proved is not enough there, they
// sign in anew.
func (h *Handler) GoOn(w http.ResponseWriter, r *http.Request, org string) error {
	b := browserOf(r)
	b.Binding = web.Bind(w, r) // the form stands on a page that is none of a sign-in
	a, err := h.Flow.GoOn(r.Context(), b, org)
	if err == nil && a.Next() == sso.StepOrg {
		a, err = h.Flow.Choose(r.Context(), b, a.ID, string(a.Org))
	}
	return h.goOn(w, r, a, err)
}

// matching returns the organizations in whose name or key a text occurs.
func matching(all []signin.Place, q string) []signin.Place {
	q = strings.ToLower(q)
	var found []signin.Place
	for _, o := range all {
		if strings.Contains(strings.ToLower(o.Name), q) || strings.Contains(o.Key, q) {
			found = append(found, o)
		}
	}
	return found
}

// namesake reports whether another one of these organizations has the same name.
func namesake(all []signin.Place, o *signin.Place) bool {
	for i := range all {
		if all[i].ID != o.ID && strings.EqualFold(all[i].Name, o.Name) {
			return true
		}
	}
	return false
}
