package samltest

import (
	"crypto/x509/pkix"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// Names of attributes.
const (
	wsClaims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	msClaims = "http://schemas.microsoft.com/identity/claims/"

	formatUnspecified    = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatUnspecifiedOld = "urn:oasis:names:tc:SAML:1.0:nameid-format:unspecified" // JumpCloud's
)

// attributesOf returns attributes of one value each, from pairs of name and
// value.
func attributesOf(pairs ...string) []saml.Attribute {
	var list []saml.Attribute
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, saml.Attribute{Name: pairs[i], Values: []string{pairs[i+1]}})
	}
	return list
}

// named returns address and names under these three names.
func named(email, firstName, lastName string) []saml.Attribute {
	return attributesOf(email, DefaultNameID, firstName, VendorFirstName, lastName, VendorLastName)
}

// guided are the names that the guides ask for where nothing is sent by
// default.
func guided() []saml.Attribute { return named("email", "firstName", "lastName") }

// Vendors are the identity providers of all vendors.
func Vendors() []Vendor {
	const (
		guid = "8d7e6c5b-4a39-4281-9706-f5e4d3c2b1a0"
		host = "idp.acme.example"
	)
	microsoft := named(wsClaims+"emailaddress", wsClaims+"givenname", wsClaims+"surname")
	oids := named("urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.42", "urn:oid:2.5.4.4")
	exclusive := func(prefixes ...string) func(*Response) { return by(xmldsig.ExclusiveC14N, prefixes...) }
	return []Vendor{
		{
			ID: "entra-id", EntityID: "https://sts.windows.net/" + guid + "/",
			SSO: "https://login.microsoftonline.com/" + guid + "/saml2", SLO: "https://login.microsoftonline.com/" + guid + "/saml2",
			Subject: pkix.Name{CommonName: "Microsoft Azure Federated SSO Certificate"},
			base:    AssertionSigned, how: written(DefaultNamespaces, BehindIssuer), format: saml.FormatEmail, signed: true,
			people: append(attributesOf(
				msClaims+"tenantid", guid, msClaims+"objectidentifier", "2f1e0d9c-8b7a-4695-8473-625140392817", msClaims+"displayname", "Alice Archer",
				msClaims+"identityprovider", "https://sts.windows.net/"+guid+"/", "http://schemas.microsoft.com/claims/authnmethodsreferences", "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
				wsClaims+"name", DefaultNameID,
			), microsoft...),
			groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
		}, {
			ID: "adfs", EntityID: "http://adfs.acme.example/adfs/services/trust", SSO: "https://adfs.acme.example/adfs/ls/", SLO: "https://adfs.acme.example/adfs/ls/",
			Subject: pkix.Name{CommonName: "ADFS Signing - adfs.acme.example"},
			base:    AssertionSigned, how: written(DefaultNamespaces, BehindIssuer), format: saml.FormatEmail, signed: true,
			people: append(attributesOf(wsClaims+"upn", "alice@acme.local"), microsoft...), groups: "http://schemas.xmlsoap.org/claims/Group",
		}, {
			ID: "okta", EntityID: "http://www.okta.com/exk1fcia6d6EMsf331d8", SSO: "https://acme.okta.com/app/acme_sallyport_1/exk1fcia6d6EMsf331d8/sso/saml",
			Subject: pkix.Name{CommonName: "acme", OrganizationalUnit: []string{"SSOProvider"}, Organization: []string{"Okta"}, Locality: []string{"San Francisco"}, Country: []string{"US"}},
			base:    BothSigned, format: saml.FormatEmail, people: guided(), groups: "groups",
			how: all(written(SAML2, BehindIssuer), exclusive("xs"), func(r *Response) { r.IssuerFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity" }),
		}, {
			ID: "google-workspace", EntityID: "https://accounts.google.com/o/saml2?idpid=C01abc234", SSO: "https://accounts.google.com/o/saml2/idp?idpid=C01abc234",
			Subject: pkix.Name{CommonName: "Google", OrganizationalUnit: []string{"Google For Work"}, Organization: []string{"Google Inc."}, Locality: []string{"Mountain View"}, Country: []string{"US"}},
			base:    AssertionSigned, format: formatUnspecified, people: guided(), groups: "groups",
			how: all(written(Java, BehindIssuer), func(r *Response) { r.Context = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified" }),
		}, {
			ID: "sap-ias", EntityID: "acme.accounts.ondemand.com", SSO: "https://acme.accounts.ondemand.com/saml2/idp/sso", SLO: "https://acme.accounts.ondemand.com/saml2/idp/slo",
			Subject: pkix.Name{CommonName: "acme.accounts.ondemand.com", Organization: []string{"SAP-SE"}, Country: []string{"DE"}},
			base:    AssertionSigned, how: written(NoPrefixes, BehindIssuer), format: formatUnspecified,
			people: append(attributesOf("user_uuid", guid, "locale", "de"), named("mail", "first_name", "last_name")...), groups: "Groups",
		}, {
			ID: "aws-iam-identity-center", EntityID: "https://portal.sso.eu-central-1.amazonaws.com/saml/assertion/MTIzNDU2Nzg5MDEyX2lucy1h",
			SSO: "https://portal.sso.eu-central-1.amazonaws.com/saml/assertion/MTIzNDU2Nzg5MDEyX2lucy1h", SLO: "https://portal.sso.eu-central-1.amazonaws.com/saml/logout/MTIzNDU2Nzg5MDEyX2lucy1h",
			Subject: pkix.Name{CommonName: "eu-central-1", OrganizationalUnit: []string{"AWS SSO"}, Organization: []string{"Amazon Web Services"}},
			base:    BothSigned, how: all(written(Java, BehindIssuer), by(xmldsig.ExclusiveC14NWithComments)), format: saml.FormatEmail, people: guided(),
		}, {
			ID: "onelogin", EntityID: "https://app.onelogin.com/saml/metadata/" + guid, SSO: "https://acme.onelogin.com/trust/saml2/http-post/sso/" + guid, SLO: "https://acme.onelogin.com/trust/saml2/http-redirect/slo/" + guid,
			Subject: pkix.Name{CommonName: "OneLogin Account", OrganizationalUnit: []string{"OneLogin IdP"}, Organization: []string{"Acme"}},
			base:    BothSigned, how: written(Prefixed, BehindIssuer), format: saml.FormatEmail, people: guided(), groups: "groups",
		}, {
			ID: "jumpcloud", EntityID: "https://acme.example/jumpcloud", SSO: "https://sso.jumpcloud.com/saml2/sallyport",
			Subject: pkix.Name{CommonName: "JumpCloudSAMLUser", OrganizationalUnit: []string{"JumpCloudSAMLIdP"}, Organization: []string{"JumpCloud"}},
			base:    AssertionSigned, how: written(DefaultNamespaces, BehindIssuer), format: formatUnspecifiedOld, people: guided(), groups: "memberOf",
		}, {
			ID: "pingone", EntityID: "https://auth.pingone.eu/" + guid, SSO: "https://auth.pingone.eu/" + guid + "/saml20/idp/sso", SLO: "https://auth.pingone.eu/" + guid + "/saml20/idp/slo",
			Subject: pkix.Name{CommonName: "PingOne SSO Certificate for Acme environment", Organization: []string{"Ping Identity"}},
			base:    AssertionSigned, nameID: guid, people: append(attributesOf("saml_subject", guid), guided()...), groups: "groups",
			how: all(written(Prefixed, BehindIssuer), func(r *Response) { r.SessionUntil = r.NotOnOrAfter }),
		}, {
			ID: "auth0", EntityID: "urn:acme.eu.auth0.com", SSO: "https://acme.eu.auth0.com/samlp/9qZr4tXk2LmN8vBc7sWd1fGh3jKp5yTe", SLO: "https://acme.eu.auth0.com/samlp/9qZr4tXk2LmN8vBc7sWd1fGh3jKp5yTe/logout",
			Subject: pkix.Name{CommonName: "acme.eu.auth0.com"},
			base:    AssertionSigned, how: written(Declarations, AtTheEnd), format: formatUnspecified, nameID: "auth0|5f7c8ec7c33c6c004bbafe82",
			people: append(attributesOf(wsClaims+"nameidentifier", "auth0|5f7c8ec7c33c6c004bbafe82", wsClaims+"name", "Alice Archer", "http://schema.auth0.com/email_verified", "true"), microsoft...),
		}, {
			ID: "duo", EntityID: "https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/metadata",
			SSO: "https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/sso", SLO: "https://sso-4f3e2d1c.sso.duosecurity.com/saml2/sp/DIABCDEFGHIJ12345678/slo",
			Subject: pkix.Name{CommonName: "DIABCDEFGHIJ12345678"},
			base:    BothSigned, how: written(Lines, BehindIssuer), format: saml.FormatEmail, people: guided(), groups: "groups",
		}, {
			ID: "cyberark", EntityID: "https://aab1234.my.idaptive.app/" + guid, SSO: "https://aab1234.my.idaptive.app/applogin/appKey/" + guid + "/customerId/AAB1234", SLO: "https://aab1234.my.idaptive.app/applogout",
			Subject: pkix.Name{CommonName: "Centrify Customer AAB1234 Application Signing Certificate"},
			base:    ResponseSigned, how: written(DefaultNamespaces, BehindIssuer), format: formatUnspecified, people: guided(), groups: "groups",
		}, {
			ID: "rippling", EntityID: "https://www.rippling.com/5e8f1a2b3c4d/idp.xml", SSO: "https://app.rippling.com/api/platform/sso/sp-initiated/5e8f1a2b3c4d",
			Subject: pkix.Name{CommonName: "rippling.com"},
			base:    BothSigned, how: all(written(Lines, BehindIssuer), by(xmldsig.C14N10)), format: saml.FormatEmail, people: guided(),
		}, {
			ID: "cloudflare-access", EntityID: "https://acme.cloudflareaccess.com/cdn-cgi/access/sso/saml/6f2c1b0d9e8a", SSO: "https://acme.cloudflareaccess.com/cdn-cgi/access/sso/saml/6f2c1b0d9e8a",
			Subject: pkix.Name{CommonName: "cloudflareaccess.com"},
			base:    BothSigned, how: written(Prefixed, BehindIssuer), format: saml.FormatEmail,
			people: append(attributesOf("id", guid, "name", "Alice Archer"), guided()...), groups: "groups",
		}, {
			ID: "lastpass", EntityID: "https://identity.lastpass.com", SSO: "https://identity.lastpass.com/SAML/SSOService",
			Subject: pkix.Name{CommonName: "identity.lastpass.com"},
			base:    AssertionSigned, how: written(Prefixed, BehindIssuer), format: saml.FormatEmail, people: guided(), groups: "groups",
		}, {
			ID: "miniorange", EntityID: "https://login.xecurify.com/moas", SSO: "https://login.xecurify.com/moas/idp/samlsso", SLO: "https://login.xecurify.com/moas/idp/samllogout",
			Subject: pkix.Name{CommonName: "miniOrange"},
			base:    AssertionSigned, how: all(written(SAML2, BehindIssuer), exclusive("xs")), format: saml.FormatEmail, people: guided(), groups: "groups",
		}, {
			ID: "pingfederate", EntityID: "acme-workforce", SSO: "https://sso.acme.example/idp/SSO.saml2", SLO: "https://sso.acme.example/idp/SLO.saml2",
			Subject: pkix.Name{CommonName: "sso.acme.example"},
			base:    ResponseSigned, how: all(written(Prefixed, BehindIssuer), withoutKeyInfo), format: formatUnspecified, people: guided(), groups: "groups",
		}, {
			ID: "keycloak", EntityID: "https://keycloak.acme.example/realms/acme", SSO: "https://keycloak.acme.example/realms/acme/protocol/saml", SLO: "https://keycloak.acme.example/realms/acme/protocol/saml",
			Subject: pkix.Name{CommonName: "acme"},
			base:    ResponseSigned, how: all(written(Lines, BehindIssuer), exclusive("dsig", "saml"), oneValueEach), format: saml.FormatEmail,
			people: append([]saml.Attribute{{Name: "Role", Values: []string{"offline_access", "uma_authorization"}}}, guided()...), groups: "groups",
		}, {
			ID: "shibboleth", EntityID: "https://" + host + "/idp/shibboleth", SSO: "https://" + host + "/idp/profile/SAML2/Redirect/SSO", SLO: "https://" + host + "/idp/profile/SAML2/Redirect/SLO",
			Subject: pkix.Name{CommonName: host},
			base:    EncryptedResponseSigned, how: all(written(SAML2, BehindIssuer), exclusive("xsd"), func(r *Response) { r.Encryption.Content = xmlenc.AES128GCM }), format: saml.FormatEmail,
			people: append(attributesOf("urn:oid:0.9.2342.19200300.100.1.1", "alice", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "alice@acme.example"), oids...), groups: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
		}, {
			ID: "netiq", EntityID: "https://nam.acme.example:8443/nidp/saml2/metadata", SSO: "https://nam.acme.example:8443/nidp/saml2/sso", SLO: "https://nam.acme.example:8443/nidp/saml2/slo",
			Subject: pkix.Name{CommonName: "nam.acme.example", Organization: []string{"Acme CA"}},
			base:    AssertionSigned, how: written(Prefixed, BehindIssuer), format: saml.FormatEmail, people: guided(), groups: "groups",
		}, {
			ID: "generic-saml", EntityID: "https://" + host + "/metadata", SSO: "https://" + host + "/sso",
			Subject: pkix.Name{CommonName: host},
			base:    BothSigned, how: written(Prefixed, BehindIssuer), format: saml.FormatPersistent, nameID: "b1946ac92492d2347c6235b4d2611184", people: guided(), groups: "groups",
		},
	}
}
