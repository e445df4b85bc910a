package frame

import "github.com/sallyport/sallyport/internal/web/ui"

// ForSupport returns what is said above a page whose buttons are for operators,
// and in place of what they could do first where there is nothing yet.
func ForSupport() (looks, none ui.Text) { return ui.Say("for_support"), ui.Say("none_for_support") }

// Operator returns the frame of the console of the vendor's own people.
func Operator() ui.Shell {
	return ui.Shell{
		Area: ui.Say("operator_area"), Home: "/operator",
		Nav: []ui.NavGroup{
			{Items: []ui.NavItem{
				{Name: ui.Say("operator_overview"), Path: "/operator", Icon: "home"},
				{Name: ui.Say("operator_organizations"), Path: "/operator/organizations", Icon: "organization"},
				{Name: ui.Say("operator_people"), Path: "/operator/people", Icon: "people"},
				{Name: ui.Say("operator_traces"), Path: "/operator/traces", Icon: "search"},
				{Name: ui.Say("explain_title"), Path: "/operator/explain", Icon: "globe"},
			}},
			{Name: ui.Say("operator_deployment"), Items: []ui.NavItem{
				{Name: ui.Say("operator_apps"), Path: "/operator/apps", Icon: "apps"},
				{Name: ui.Say("operator_roles"), Path: "/operator/roles", Icon: "shield"},
				{Name: ui.Say("operator_keys"), Path: "/operator/keys", Icon: "key"},
				{Name: ui.Say("operator_api_keys"), Path: "/operator/api-keys", Icon: "code"},
				{Name: ui.Say("operator_outbox"), Path: "/operator/outbox", Icon: "mail"},
				{Name: ui.Say("operator_webhooks"), Path: "/operator/webhooks", Icon: "bell"},
				{Name: ui.Say("operator_audit"), Path: "/operator/audit", Icon: "log"},
			}},
		},
	}
}
