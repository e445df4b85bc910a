package oidcapi

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ada := sso.Person{User: sso.User{ID: "usr_1", FirstName: "Ada", LastName: "Lovelace"}, Org: sso.Organization{Name: "Acme"}}
	code, ok := oidc.ParseUserCode("BCDF-GHJK")
	if !ok {
		t.Fatal("the code of the example is none")
	}
	device := grant.Waiting{
		Code: code, App: `Command "line" <b>`, Scope: oidc.OpenID | oidc.Profile | oidc.Email | oidc.Groups | oidc.OfflineAccess,
		Address: "192.0.2.7", UserAgent: "acme-cli/2.1 (linux; amd64)", Since: now.Add(-40 * time.Second),
	}
	unknown := device
	unknown.Address, unknown.UserAgent, unknown.Scope = "", "", oidc.OpenID
	pages := map[string]webtest.Specimen{}
	for name, page := range map[string]ui.Page{
		"device-code":         codePageOf("", ""),
		"device-code-problem": codePageOf(`BCDF"<b>`, "device_code_unknown"),
		"device":              devicePageOf(&device, &ada),
		"device-unknown":      devicePageOf(&unknown, &ada),
		"device-approved":     donePage{Approved: true, App: device.App},
		"device-refused":      donePage{App: device.App},
	} {
		pages[name] = webtest.Specimen{Page: page, Path: grant.DevicePath, Person: ada}
	}
	webtest.Pages{Set: Pages(), Specimens: pages, Options: ui.Options{Now: func() time.Time { return now }}}.Check(t)
}
