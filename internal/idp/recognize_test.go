package idp_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/idp"
)

// An example is how an identity provider presents itself.
type example struct {
	entityID, sso, certificate string
}

// examples are realistic ones of every vendor, some from the vendors' own
// documentation with the numbers changed.
func examples() map[idp.ID][]example {
	return map[idp.ID][]example{
		"entra-id": {
			{"https://sts.windows.net/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/", "https://login.microsoftonline.com/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/saml2", "CN=Microsoft Azure Federated SSO Certificate"},
			{"https://sts.windows.net/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/", "https://login.microsoftonline.us/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/saml2", ""},
			{"https://sts.chinacloudapi.cn/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/", "https://login.partner.microsoftonline.cn/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/saml2", ""},
		},
		"okta": {
			{"http://www.okta.com/exk1fcia6d6EMsf331d8", "https://acme.okta.com/app/acme_sallyport_1/exk1fcia6d6EMsf331d8/sso/saml", "1.2.840.113549.1.9.1=#160d696e666f406f6b74612e636f6d,CN=acme,OU=SSOProvider,O=Okta,L=San Francisco,ST=California,C=US"},
			{"http://www.okta.com/exk1fcia6d6EMsf331d8", "https://login.acme.example/app/acme_sallyport_1/exk1fcia6d6EMsf331d8/sso/saml", ""},
			{"", "https://acme.oktapreview.com/app/acme_sallyport_1/exk1fcia6d6EMsf331d8/sso/saml", ""},
		},
		"google-workspace": {
			{"https://accounts.google.com/o/saml2?idpid=C01abc234", "https://accounts.google.com/o/saml2/idp?idpid=C01abc234", "ST=California,C=US,OU=Google For Work,CN=Google,L=Mountain View,O=Google Inc."},
		},
		idp.Generic: {
			{"https://idp.acme.example/metadata", "https://idp.acme.example/sso", "CN=idp.acme.example"},
			{"acme", "https://sso.acme.example/sso", ""},
			{"", "", ""},
		},
	}
}

func TestRecognize(t *testing.T) {
	t.Parallel()
	all := examples()
	for _, v := range idp.All() {
		if len(all[v.ID]) == 0 {
			t.Errorf("%s has no example", v.ID)
		}
		for _, e := range all[v.ID] {
			if got := idp.Recognize(e.entityID, []string{e.sso}, []string{e.certificate}); got.Vendor.ID != v.ID {
				t.Errorf("Recognize(%q) = %s, want %s", e, got.Vendor.ID, v.ID)
			}
			// A part of it never leads to another vendor.
			for _, part := range []idp.Match{
				idp.Recognize(e.entityID, nil, nil), idp.Recognize("", []string{e.sso}, nil), idp.Recognize("", nil, []string{e.certificate}),
			} {
				if part.Vendor.ID != v.ID && part.Strength != idp.None {
					t.Errorf("a part of %q is recognised as %s (%s), want %s or nothing", e, part.Vendor.ID, part.Strength, v.ID)
				}
			}
		}
	}
}
