package operator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// moved is the fault of a form that was made of another version of an app than
// there is.
func moved() error {
	return &fault.Error{Kind: fault.Conflict, Code: "app_moved", Fix: fault.PersonSide}
}

// noGrant is the fault of an app that may do nothing.
func noGrant() error {
	return &fault.Error{Kind: fault.Invalid, Code: "app_grant_types", Want: "one or more", Got: "none", Fix: fault.PersonSide}
}

// appEntry serves GET /operator/apps/{app}/entry.
func (h *Handler) appEntry(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, entryPage(&v, ui.Filled{}))
}

func entryPage(v *operate.AppView, f ui.Filled) formPage {
	p := formPage{Shell: appShell(&v.App, tabEntry, changes), Name: ui.As(v.Name)}
	p.Lead = ui.Say("app_entry_lead")
	var keys []string
	for _, id := range v.AllowedOrgs {
		key := string(id) // of one that is not there
		if i := slices.IndexFunc(v.Orgs, func(o sso.Organization) bool { return o.ID == id }); i >= 0 {
			key = v.Orgs[i].Key
		}
		keys = append(keys, key)
	}
	entitlement := ui.Select{Name: "entitlement", Label: ui.Say("app_needs"), Help: ui.Say("app_needs_help"), Value: string(v.RequiredEntitlement), Options: []ui.Option{{Label: ui.Say("app_needs_none")}}}
	for _, e := range sso.Entitlements() {
		entitlement.Options = append(entitlement.Options, ui.Option{Value: string(e), Label: ui.Say("entitlement_" + string(e))})
	}
	roles := ui.Choices{Name: "roles", Label: ui.Say("app_roles"), Help: ui.Say("app_roles_help")}
	for _, role := range sso.Roles() {
		roles.Options = append(roles.Options, ui.Option{Value: string(role), Label: roleName(role)})
	}
	for i := range v.Roles {
		roles.Options = append(roles.Options, ui.Option{Value: string(v.Roles[i].Key), Label: ui.As(v.Roles[i].Name)})
	}
	for _, role := range v.AllowedRoles {
		roles.Values = append(roles.Values, string(role))
	}
	when := func(name string, value, unset sso.ClaimWhen, words ...sso.ClaimWhen) field {
		s := ui.Select{Name: name, Label: ui.Say("app_" + name), Value: or(string(value), string(unset))}
		for _, w := range words {
			s.Options = append(s.Options, ui.Option{Value: string(w), Label: ui.Say("app_claim_" + string(w))})
		}
		return choose(f.Select(s))
	}
	claim := func(name, value string) field {
		return input(f.Input(ui.Input{Name: name, Label: ui.Say("app_" + name), Help: ui.Say("app_claim_name_help"), Value: value, Mono: true, Max: 200, Optional: true}))
	}
	p.Forms = []form{{
		Action: pathOfApp(v.Key) + "/entry", Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(v.Version, 10)}},
		Fields: []field{
			area(f.Area(ui.Area{Name: "organizations", Label: ui.Say("app_organizations"), Help: ui.Say("app_organizations_help"), Value: strings.Join(keys, "\n"), Mono: true, Rows: 3, Optional: true})),
			choose(f.Select(entitlement)),
			choices(f.Choices(roles)),
			when("claim_role", v.Claims.Role, sso.ClaimAlways, sso.ClaimAlways, sso.ClaimNever),
			claim("role_claim", v.Claims.RoleClaim),
			when("claim_groups", v.Claims.Groups, byScope, byScope, sso.ClaimAlways, sso.ClaimNever),
			claim("groups_claim", v.Claims.GroupsClaim),
			when("claim_names", v.Claims.Names, byScope, byScope, sso.ClaimAlways, sso.ClaimNever),
		},
		Submit: ui.Submit{Word: ui.Say("save_changes")},
	}}
	return p
}

// byScope is the word of the form for [sso.ClaimByScope].
const byScope sso.ClaimWhen = "scope"

// claimWhen reads such a word, of which one is what is usual.
func claimWhen(word string, unset sso.ClaimWhen) sso.ClaimWhen {
	switch w := sso.ClaimWhen(word); w {
	case unset:
		return sso.ClaimByScope
	case sso.ClaimAlways, sso.ClaimNever:
		return w
	default:
		return sso.ClaimByScope
	}
}

// saveAppEntry serves POST /operator/apps/{app}/entry.
func (h *Handler) saveAppEntry(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	orgs, err := h.Flow.OrganizationsOf(r.Context(), &by, lines(f.Get("organizations")))
	return h.changeApp(w, r, f, entryPage, func(a *sso.App) error {
		if err != nil {
			return err
		}
		a.AllowedOrgs, a.RequiredEntitlement, a.AllowedRoles = orgs, sso.Entitlement(f.Get("entitlement")), nil
		for _, role := range f["roles"] {
			a.AllowedRoles = append(a.AllowedRoles, sso.Role(role))
		}
		a.Claims = sso.AppClaims{
			Role: claimWhen(f.Get("claim_role"), sso.ClaimAlways), Groups: claimWhen(f.Get("claim_groups"), byScope), Names: claimWhen(f.Get("claim_names"), byScope),
			RoleClaim: strings.TrimSpace(f.Get("role_claim")), GroupsClaim: strings.TrimSpace(f.Get("groups_claim")),
		}
		return nil
	})
}
