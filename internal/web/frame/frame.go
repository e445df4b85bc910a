// Package frame is the frame of the organization console: the navigation that
// stands beside the pages of every transport that serves some of it, and how
// they lead to one another.
package frame

import (
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the pages of the navigation.
const (
	Home          = "/console"
	People        = "/console/people"
	Invitations   = "/console/invitations"
	Groups        = "/console/groups"
	Organizations = "/console/organizations"
	SSO           = "/console/sso"
	Domains       = "/console/domains"
	Conflicts     = "/console/conflicts"
	Traces        = "/console/traces"
	Security      = "/console/security"
	Settings      = "/console/settings"
	APIKeys       = "/console/api-keys"
	Audit         = "/console/audit"
	Webhooks      = "/console/webhooks"
)

// Console is the console of one organization, as somebody sees it.
type Console struct {
	Line  []sso.Organization // from the organization of the session down to this one
	Owner bool               // sees what only owners decide about
	Acted bool               // by somebody who acts as the user, to whom some of it is closed
}

// Organization returns whose console it is.
func (c Console) Organization() *sso.Organization { return &c.Line[len(c.Line)-1] }

// Below reports whether it is another organization's than that of the session.
func (c Console) Below() bool { return len(c.Line) > 1 }

// To returns a path of the console of the same organization: a pattern, pairs
// of its gaps and what fills them, and a query behind it.
func (c Console) To(pattern string, pairs ...string) string {
	path := Fill(pattern, pairs...)
	if !c.Below() {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "org=" + url.QueryEscape(c.Organization().Key)
}

// Fill returns a pattern with its gaps filled: pairs of a gap and what stands
// there.
func Fill(pattern string, pairs ...string) string {
	filled := make([]string, len(pairs))
	for i := range pairs {
		filled[i] = pairs[i]
		if i%2 == 1 {
			filled[i] = url.PathEscape(pairs[i])
		}
	}
	return strings.NewReplacer(filled...).Replace(pattern)
}

// At returns a path of the console of an organization of the line.
func (c Console) At(o *sso.Organization, path string) string {
	if o.ID == c.Line[0].ID {
		return path
	}
	return path + "?org=" + url.QueryEscape(o.Key)
}

// Shell returns the frame.
func (c Console) Shell() ui.Shell {
	s := ui.Shell{
		Area: ui.Say("console_area"), Home: c.To(Home), Organization: c.Organization().Name,
		Nav: []ui.NavGroup{{Items: []ui.NavItem{
			{Name: ui.Say("console_overview"), Path: c.To(Home), Icon: "home"},
			{Name: ui.Say("console_people"), Path: c.To(People), Icon: "people"},
			{Name: ui.Say("console_invitations"), Path: c.To(Invitations), Icon: "mail"},
			{Name: ui.Say("console_groups"), Path: c.To(Groups), Icon: "groups"},
			{Name: ui.Say("console_suborganizations"), Path: c.To(Organizations), Icon: "tree"},
		}}},
	}
	organization := ui.NavGroup{Name: ui.Say("console_organization")}
	if c.Owner {
		s.Nav = append(s.Nav, ui.NavGroup{Name: ui.Say("console_sign_in"), Items: []ui.NavItem{
			{Name: ui.Say("console_sso"), Path: c.To(SSO), Icon: "key"},
			{Name: ui.Say("console_domains"), Path: c.To(Domains), Icon: "globe"},
			{Name: ui.Say("console_conflicts"), Path: c.To(Conflicts), Icon: "people"},
			{Name: ui.Say("console_traces"), Path: c.To(Traces), Icon: "search"},
			{Name: ui.Say("console_security"), Path: c.To(Security), Icon: "shield", Off: c.Acted},
		}})
		organization.Items = append(organization.Items,
			ui.NavItem{Name: ui.Say("console_settings"), Path: c.To(Settings), Icon: "settings"},
			ui.NavItem{Name: ui.Say("console_webhooks"), Path: c.To(Webhooks), Icon: "bell", Off: c.Acted},
			ui.NavItem{Name: ui.Say("console_api_keys"), Path: c.To(APIKeys), Icon: "code"})
	}
	organization.Items = append(organization.Items, ui.NavItem{Name: ui.Say("console_audit"), Path: c.To(Audit), Icon: "log"})
	s.Nav = append(s.Nav, organization)
	for i := range c.Line[:len(c.Line)-1] {
		s.Trail = append(s.Trail, ui.Link{Name: ui.As(c.Line[i].Name), Path: c.At(&c.Line[i], Organizations)})
	}
	return s
}
