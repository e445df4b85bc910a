package connect

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// shadows returns what there is beside the settings of a connection in use.
func shadows(change func(s *enforce.Shadows)) *enforce.Shadows {
	c := known(configured("entra"))
	c.State = sso.ConnectionActive
	s := &enforce.Shadows{Connection: c.Connection, Linked: 1204, Tested: 2, Differs: []string{"attributes", "certificates", "idp_entity_id"}}
	prepared, former := c.Aside(sso.Prepared, now()), c.Aside(sso.Former, then)
	prepared.Version, former.Version = 11, 12
	prepared.SAML.IdPEntityID, former.SAML.IdPEntityID = "https://new.example", "https://former.example/<x>"
	s.Prepared, s.Former = &prepared, &former
	change(s)
	return s
}

func swapSpecimens() map[string]webtest.Specimen {
	const path = "/console/sso/acme-entra/swap"
	prepared := func(path string) *visit { return at(path).prepared() }
	ready := shadows(func(*enforce.Shadows) {})
	confirm := func(of func(p *swapPage) *ui.Confirm) confirmPage {
		p := swapPageOf(at(path), ready)
		return confirmPage{Shell: p.Shell, Confirm: *of(&p)}
	}
	draft := known(configured("entra"))
	draft.Which = sso.Prepared
	live := known(configured("entra"))
	live.State = sso.ConnectionActive
	return map[string]webtest.Specimen{
		"swap": {Page: swapPageOf(at(path), ready), Path: path},
		"swap-none": {Page: swapPageOf(at(path), shadows(func(s *enforce.Shadows) {
			s.Prepared, s.Former, s.Differs, s.Tested = nil, nil, nil, 0
		})), Path: path},
		"swap-draft": {Page: swapPageOf(at(path), shadows(func(s *enforce.Shadows) {
			s.Prepared, s.Former, s.Differs, s.Tested, s.State = nil, nil, nil, 0, sso.ConnectionDraft
		})), Path: path},
		"swap-open": {Page: swapPageOf(by(sso.SetupSSO, "/setup/sso/acme-entra/swap"), shadows(func(s *enforce.Shadows) {
			s.Former, s.Differs, s.Tested, s.Linked = nil, nil, 0, 0
			s.Prepared.SAML.Certificates = nil
		})), Path: "/setup/sso/acme-entra/swap"},
		"swap-return":        {Page: confirm(func(p *swapPage) *ui.Confirm { return p.Return }), Path: "/console/sso/acme-entra/return"},
		"swap-discard":       {Page: confirm(func(p *swapPage) *ui.Confirm { return p.Discard }), Path: "/console/sso/acme-entra/discard"},
		"prepared-configure": {Page: configurePageOf(prepared("/console/sso/acme-entra/configure?of=prepared"), draft, ui.Filled{}, nil, now()), Path: "/console/sso/acme-entra/configure?of=prepared"},
		"prepared-settings":  {Page: settingsPageOf(prepared("/console/sso/acme-entra/settings?of=prepared"), draft, ui.Filled{}, now()), Path: "/console/sso/acme-entra/settings?of=prepared"},
		"live-configure":     {Page: configurePageOf(at("/console/sso/acme-entra/configure"), live, ui.Filled{}, nil, now()), Path: "/console/sso/acme-entra/configure"},
	}
}

// Everything in which settings can differ is said in words.
func TestEveryDifferenceIsSaidInWords(t *testing.T) {
	t.Parallel()
	text, err := files.ReadFile("locales/swap.en.json")
	if err != nil {
		t.Fatal(err)
	}
	of := reflect.TypeFor[sso.SAML]()
	names := []string{"attributes"}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	for _, name := range names {
		ours := name == "sp_entity_id" || name == "shared_acs" // are the same for all settings of a connection
		if !ours && !strings.Contains(string(text), `"swap_of_`+name+`"`) {
			t.Errorf("no words for %s", name)
		}
	}
}

// On the pages of prepared settings everything that is done is done to them, and
// what leads to pages of the connection itself does not speak of them.
func TestPagesOfPreparedSettingsStayWithThem(t *testing.T) {
	t.Parallel()
	c := known(configured("entra"))
	v := at("/console/sso/acme-entra/configure").prepared()
	for _, path := range []string{configurePath, metadataPath, valuesPath, attributesPath, certificatesPath, certificatePath, settingsPath, encryptionPEMPath, testPath, testAcceptPath, testLinksPath} {
		if got := v.toConnection(&c.Connection, path); !strings.HasSuffix(got, "?of=prepared") {
			t.Errorf("%s leads to %s", path, got)
		}
	}
	for _, path := range []string{defaultsPath, activatePath, deactivatePath, editPath, deletePath, swapPath, preparePath, discardPath, returnPath} {
		if got := v.toConnection(&c.Connection, path); strings.Contains(got, "of=") {
			t.Errorf("%s leads to %s", path, got)
		}
	}
	if got := v.to(ssoPath); got != "/console/sso" {
		t.Errorf("the overview is at %s", got)
	}
	if e := v.edits("7"); e.Which != sso.Prepared || e.Version != 7 {
		t.Errorf("a form is about %+v", e)
	}
}
