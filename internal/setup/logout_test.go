package setup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
)

// A connection tells its identity provider of a sign-out only where it knows
// how: a setting without effect would be relied on.
func TestLogoutNeedsAPlaceToGo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		idp := samltest.New(t)
		idp.SLO = "https://idp.example/slo"
		metadata, err := idp.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		const redirect, post = `Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo"`, `Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo"`
		with := func(name string, pairs ...string) {
			t.Helper()
			text := strings.NewReplacer(pairs...).Replace(string(metadata))
			if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		with("slo.xml", redirect, redirect+` ResponseLocation="https://idp.example/answers"`)
		with("unsafe.xml", redirect, strings.Replace(redirect, "https:", "javascript:", 1), post, post+` ResponseLocation="http://idp.example/answers"`)
		with("soap.xml", redirect, strings.Replace(redirect, "HTTP-Redirect", "SOAP", 1), post, strings.Replace(post, "HTTP-POST", "PAOS", 1))
		file := func(metadata, logout string) string {
			return `organizations: [{key: acme, connections: [{key: acme-okta, metadata_file: ` + metadata + `, logout: ` + logout + `}]}]`
		}
		for _, name := range []string{"idp.xml", "unsafe.xml", "soap.xml"} {
			if _, err := h.apply(file(name, "true"), setup.Commit); !fault.Is(err, "apply_value") {
				t.Errorf("%s: %v, want apply_value", name, err)
			}
			h.must(file(name, "false"))
		}
		h.must(file("slo.xml", "false"))
		if got := h.must(file("slo.xml", "true")); len(got) != 1 || got[0] != "connection acme-okta: changed logout" {
			t.Errorf("switched on: %q", got)
		}
		want := []sso.Endpoint{
			{Binding: sso.BindingRedirect, Location: "https://idp.example/slo", Answers: "https://idp.example/answers"},
			{Binding: sso.BindingPOST, Location: "https://idp.example/slo"},
		}
		if diff := cmp.Diff(want, h.connection("acme-okta").SAML.LogoutTo); diff != "" {
			t.Errorf("logout goes to (-want +got):\n%s", diff)
		}
		if _, err := h.apply(`organizations: [{key: acme, connections: [{key: acme-okta, metadata_file: idp.xml}]}]`, setup.Commit); !fault.Is(err, "apply_value") {
			t.Errorf("metadata that takes the place away: %v, want apply_value", err)
		}
	})
}
