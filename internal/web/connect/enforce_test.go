package connect

import (
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

func enforceSpecimens() map[string]webtest.Specimen {
	page := func(s enforce.State, f ui.Filled) webtest.Specimen {
		return webtest.Specimen{Page: enforcePageOf(at("/console/enforcement"), &s, f, now()), Path: "/console/enforcement"}
	}
	state := func(p sso.Policy) enforce.State {
		o := acme()
		o.Policy = p
		return enforce.State{Organization: o, Demands: p.Demanding(), Gate: sso.Gate{Connections: 1, Tested: 2, Beside: true}, Codes: store.BreakGlass{Left: 9, CreatedAt: then}}
	}
	early := state(sso.Policy{})
	early.Gate, early.Codes = sso.Gate{Connections: 1, Tested: 1}, store.BreakGlass{}
	early.Above = true
	pilot := state(sso.Policy{SSO: sso.SSOPilot, Pilot: []sso.GroupID{"grp_1"}, LocalUntil: now().Add(time.Hour)})
	pilot.Pilot = []string{"Staff <all>"}
	paused := state(sso.Policy{SSO: sso.SSORequired, Exempt: []string{"root@other.example"}, Pause: sso.Pause{Until: now().Add(time.Hour), Reason: "Okta is <down> again", By: "usr_o"}})
	paused.PausedBy = "Olga Owner"
	vendor := paused
	vendor.PausedBy, vendor.Organization.Policy.Pause.Vendor = "", true
	return map[string]webtest.Specimen{
		"enforce-early":    page(early, ui.Filled{}),
		"enforce-problem":  page(early, ui.Filled{Values: map[string][]string{"sso": {"required"}, "exempt": {"x"}}, Problems: map[string]string{"gate": "enforce_not_ready", "exempt": "enforce_address"}}),
		"enforce-pilot":    page(pilot, ui.Filled{}),
		"enforce-required": page(state(sso.Policy{SSO: sso.SSORequired}), ui.Filled{}),
		"enforce-paused":   page(paused, ui.Filled{}),
		"enforce-vendor":   page(vendor, ui.Filled{}),
		"codes-ask":        {Page: askCodesPage(at("/console/enforcement/codes")), Path: "/console/enforcement/codes"},
		"codes-made":       {Page: codesPageOf(at("/console/enforcement/codes"), []string{"0123-4567-89AB-CDEF", "1123-4567-89AB-CDEF"}), Path: "/console/enforcement/codes"},
	}
}
