package connect_test

import (
	"encoding/pem"
	"testing"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
)

// Values of ours, which are copied there, are none of theirs; and what is wrong with
// the logout address is not said of another.
func TestValuesAreTheirs(t *testing.T) {
	eachEngine(t, func(h *house) {
		const theirs, ours = "https://idp.example/x", "https://sso.example/saml/acme-okta/acs"
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: samltest.New(h.T).Certificate()})
		for name, tc := range map[string]struct {
			entityID, signOn, logout, code string
		}{
			"theirs":               {theirs, theirs, theirs, ""},
			"alike":                {"https://sso.example.acme/x", theirs, "", ""},
			"our entity ID":        {ours, theirs, "", "metadata_own_value"},
			"our ACS URL":          {theirs, ours, "", "metadata_own_value"},
			"plain http at logout": {theirs, theirs, "http://idp.example/x", "metadata_logout_location"},
			"plain http":           {theirs, "http://idp.example/x", theirs, "metadata_location"},
		} {
			c, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Vendor: "okta"})
			if err != nil {
				h.Fatal(err)
			}
			e := &connect.Edit{Who: signedIn(&h.owner), Org: h.acme.ID, Key: c.Key, Version: c.Version}
			_, err = h.SaveValues(h.Context(), e, connect.Values{EntityID: tc.entityID, SignOn: tc.signOn, Logout: tc.logout, Certificate: certificate})
			if (err != nil) != (tc.code != "") || err != nil && !fault.Is(err, tc.code) {
				h.Errorf("%s: got %v, want %q", name, err, tc.code)
			}
		}
	})
}

// An address is read as one with what mails and pages put around it.
func TestAnAddressIsReadWithWhatStandsAroundIt(t *testing.T) {
	eachEngine(t, func(h *house) {
		for pasted, code := range map[string]string{
			"http://idp.example/m":               "fetch_failed", // nothing is there, but it was asked for
			"\u00a0http://idp.example/m\u00a0":   "fetch_failed",
			"\ufeff“http://idp.example/m”\u200b": "fetch_failed",
			"\u3000<http://idp.example/m>\r\n":   "fetch_failed",
			"see http://idp.example/m":           "metadata_not_xml",
		} {
			_, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Metadata: connect.Metadata{Text: pasted}})
			if !fault.Is(err, code) {
				h.Errorf("%q: %v, want %s", pasted, err, code)
			}
		}
	})
}
