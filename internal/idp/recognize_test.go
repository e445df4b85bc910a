package idp_test

import (
	"strings"
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
		"adfs": {
			{"http://adfs.acme.example/adfs/services/trust", "https://adfs.acme.example/adfs/ls/", "CN=ADFS Signing - adfs.acme.example"},
			{"http://login.acme.example/adfs/services/trust", "https://login.acme.example/adfs/ls", "CN=login.acme.example"},
		},
		"auth0": {
			{"urn:acme.eu.auth0.com", "https://acme.eu.auth0.com/samlp/9qZr4tXk2LmN8vBc7sWd1fGh3jKp5yTe", "CN=acme.eu.auth0.com"},
			{"urn:acme.auth0.com", "https://login.acme.example/samlp/9qZr4tXk2LmN8vBc7sWd1fGh3jKp5yTe", ""},
		},
		"aws-iam-identity-center": {
			{"https://portal.sso.eu-central-1.amazonaws.com/saml/assertion/MTIzNDU2Nzg5MDEyX2lucy1hYmNkZWYwMTIz", "https://portal.sso.eu-central-1.amazonaws.com/saml/assertion/MTIzNDU2Nzg5MDEyX2lucy1hYmNkZWYwMTIz", "CN=eu-central-1,OU=AWS SSO,O=Amazon Web Services\\, Inc.,C=US"},
		},
		"cloudflare-access": {
			{"https://acme.cloudflareaccess.com/cdn-cgi/access/sso/saml/6f2c1b0d9e8a7f6c5b4a", "https://acme.cloudflareaccess.com/cdn-cgi/access/sso/saml/6f2c1b0d9e8a7f6c5b4a", ""},
		},
		"cyberark": {
			{"https://aab1234.my.idaptive.app/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0", "https://aab1234.my.idaptive.app/applogin/appKey/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0/customerId/AAB1234", "CN=Centrify Customer AAB1234 Application Signing Certificate"},
			{"https://aab1234.my.centrify.com/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0", "https://aab1234.my.centrify.com/applogin/appKey/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0/customerId/AAB1234", ""},
			{"https://aab1234.id.cyberark.cloud/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0", "https://aab1234.id.cyberark.cloud/applogin/appKey/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0/customerId/AAB1234", ""},
		},
		"duo": {
			{"https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/metadata", "https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/sso", ""},
		},
		"jumpcloud": {
			// The entity ID is whatever somebody types.
			{"https://acme.example/jumpcloud", "https://sso.jumpcloud.com/saml2/sallyport", "CN=JumpCloudSAMLUser,OU=JumpCloudSAMLIdP,O=JumpCloud Inc.,L=Boulder,ST=CO,C=US"},
			{"JumpCloud", "https://sso.jumpcloud.com/saml2/sallyport2", ""},
			{"acme", "https://sso.eu.jumpcloud.com/saml2/sallyport", ""},
		},
		"keycloak": {
			{"https://keycloak.acme.example/realms/acme", "https://keycloak.acme.example/realms/acme/protocol/saml", "CN=acme"},
			{"https://acme.example/auth/realms/staff", "https://acme.example/auth/realms/staff/protocol/saml", ""},
		},
		"lastpass": {
			{"https://identity.lastpass.com", "https://identity.lastpass.com/SAML/SSOService", ""},
		},
		"miniorange": {
			{"https://login.xecurify.com/moas", "https://login.xecurify.com/moas/idp/samlsso", "CN=miniOrange"},
			{"https://acme.xecurify.com/moas", "https://acme.xecurify.com/moas/idp/samlsso", ""},
		},
		"netiq": {
			{"https://nam.acme.example:8443/nidp/saml2/metadata", "https://nam.acme.example:8443/nidp/saml2/sso", "CN=nam.acme.example"},
		},
		"onelogin": {
			{"https://app.onelogin.com/saml/metadata/3e2d1c0b-9f8e-4d7c-8b6a-5f4e3d2c1b0a", "https://acme.onelogin.com/trust/saml2/http-post/sso/3e2d1c0b-9f8e-4d7c-8b6a-5f4e3d2c1b0a", "CN=OneLogin Account,OU=OneLogin IdP,O=Acme"},
			{"https://app.onelogin.com/saml/metadata/123456", "https://acme.onelogin.com/trust/saml2/http-redirect/sso/123456", ""},
		},
		"pingfederate": {
			{"acme-workforce", "https://sso.acme.example/idp/SSO.saml2", "CN=sso.acme.example"},
		},
		"pingone": {
			{"https://auth.pingone.eu/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0", "https://auth.pingone.eu/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0/saml20/idp/sso", "CN=PingOne SSO Certificate for Acme environment,O=Ping Identity,C=US"},
			{"https://auth.pingone.com/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0", "https://login.acme.example/8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0/saml20/idp/sso", ""},
		},
		"rippling": {
			{"https://www.rippling.com/5e8f1a2b3c4d/idp.xml", "https://app.rippling.com/api/platform/sso/sp-initiated/5e8f1a2b3c4d", ""},
		},
		"sap-ias": {
			{"https://acme.accounts.ondemand.com", "https://acme.accounts.ondemand.com/saml2/idp/sso", "CN=acme.accounts.ondemand.com,O=SAP-SE,C=DE"},
			{"acme.accounts.ondemand.com", "https://acme.accounts.ondemand.com/saml2/idp/sso/acme.accounts.ondemand.com", ""},
			{"https://acme.accounts.cloud.sap", "https://acme.accounts.cloud.sap/saml2/idp/sso", ""},
		},
		"shibboleth": {
			{"https://idp.acme.example/idp/shibboleth", "https://idp.acme.example/idp/profile/SAML2/Redirect/SSO", "CN=idp.acme.example"},
			{"urn:mace:acme.example:idp", "https://idp.acme.example/idp/profile/SAML2/POST/SSO", ""},
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

// What runs where the customer likes is known by its path alone, and whoever
// types a path into a name of theirs deceives nobody but a guide.
func TestRecognizeSaysHowSurely(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		entityID, sso, certificate string
		want                       idp.ID
		strength                   idp.Strength
	}{
		"the vendor's address":              {"http://www.okta.com/exk1fcia6d6EMsf331d8", "https://acme.okta.com/app/a/exk1fcia6d6EMsf331d8/sso/saml", "", "okta", idp.Strong},
		"a path on the customer's host":     {"", "https://login.acme.example/app/a/exk1fcia6d6EMsf331d8/sso/saml", "", "okta", idp.Path},
		"AD FS":                             {"http://adfs.acme.example/adfs/services/trust", "https://adfs.acme.example/adfs/ls/", "", "adfs", idp.Path},
		"a certificate alone":               {"acme", "https://sso.acme.example/in", "CN=JumpCloudSAMLUser,OU=JumpCloudSAMLIdP", "jumpcloud", idp.Strong},
		"capitals":                          {"HTTPS://STS.WINDOWS.NET/3F1B8A8E-6A7D-4D0E-9D55-0F7A3C1F2B90/", "", "", "entra-id", idp.Strong},
		"an address beats a typed name":     {"https://sts.windows.net/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/", "https://sso.jumpcloud.com/saml2/x", "", "jumpcloud", idp.Strong},
		"a vendor's name in a foreign host": {"https://sts.windows.net.evil.example/3f1b8a8e-6a7d-4d0e-9d55-0f7a3c1f2b90/", "https://evil.example/login.microsoftonline.com/x/saml2", "", idp.Generic, idp.None},
		"nothing":                           {"", "", "", idp.Generic, idp.None},
		"too long to look at":               {"", "https://acme.okta.com/app/" + strings.Repeat("a", 4096), "", idp.Generic, idp.None},
	} {
		got := idp.Recognize(tc.entityID, []string{tc.sso}, []string{tc.certificate})
		if got.Vendor.ID != tc.want || got.Strength != tc.strength {
			t.Errorf("%s: Recognize = %s (%s), want %s (%s)", name, got.Vendor.ID, got.Strength, tc.want, tc.strength)
		}
	}
}

// Products without a guide of their own are named, and get the general guide.
func TestRecognizeNamesProductsWithoutGuide(t *testing.T) {
	t.Parallel()
	for sso, want := range map[string]string{
		"https://idp.acme.example/simplesaml/saml2/idp/SSOService.php":                "SimpleSAMLphp",
		"https://idp.acme.example/simplesaml/module.php/saml/idp/singleSignOnService": "SimpleSAMLphp",
		"https://auth.acme.example/saml/singleSignOn":                                 "LemonLDAP::NG",
		"https://authentik.acme.example/application/saml/app/sso/binding/redirect/":   "authentik",
		"https://idp.acme.example/sso":                                                "",
	} {
		got := idp.Recognize("", []string{sso}, nil)
		if got.Vendor.ID != idp.Generic || got.Product != want || got.Strength > idp.Weak {
			t.Errorf("Recognize(%s) = %s %q (%s), want the general guide for %q", sso, got.Vendor.ID, got.Product, got.Strength, want)
		}
	}
}

func TestMetadataAddress(t *testing.T) {
	t.Parallel()
	for id, want := range map[idp.ID]string{
		"okta":                    "https://acme.okta.com/app/exk1fcia6d6EMsf331d8/sso/saml/metadata",
		"adfs":                    "https://adfs.acme.example/FederationMetadata/2007-06/FederationMetadata.xml",
		"auth0":                   "https://acme.eu.auth0.com/samlp/metadata/9qZr4tXk2LmN8vBc7sWd1fGh3jKp5yTe",
		"aws-iam-identity-center": "https://portal.sso.eu-central-1.amazonaws.com/saml/metadata/MTIzNDU2Nzg5MDEyX2lucy1hYmNkZWYwMTIz",
		"cloudflare-access":       "https://acme.cloudflareaccess.com/cdn-cgi/access/sso/saml/6f2c1b0d9e8a7f6c5b4a/saml-metadata",
		"duo":                     "https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/metadata",
		"keycloak":                "https://keycloak.acme.example/realms/acme/protocol/saml/descriptor",
		"netiq":                   "https://nam.acme.example:8443/nidp/saml2/metadata",
		"onelogin":                "https://app.onelogin.com/saml/metadata/3e2d1c0b-9f8e-4d7c-8b6a-5f4e3d2c1b0a",
		"sap-ias":                 "https://acme.accounts.ondemand.com/saml2/metadata",

		"google-workspace": "", // there is none
		"entra-id":         "", // it needs the ID of the application
		"shibboleth":       "", // a file that stands still
	} {
		v, _ := idp.ByID(id)
		e := examples()[id][0]
		if got := v.MetadataAddress(e.entityID, []string{e.sso}); got != want {
			t.Errorf("%s: MetadataAddress = %q, want %q", id, got, want)
		}
		if got := v.MetadataAddress("https://idp.acme.example", []string{"https://idp.acme.example/in"}); got != "" {
			t.Errorf("%s: MetadataAddress of something else = %q", id, got)
		}
	}
}
