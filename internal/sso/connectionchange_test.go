package sso_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func okta() sso.Connection {
	return sso.Connection{
		ID: "con_1", Org: "org_a", Key: "acme-okta", Name: "Okta", Protocol: sso.ProtocolSAML, State: sso.ConnectionTested,
		SAML: sso.SAML{
			IdPEntityID: "http://www.okta.com/exk1", Certificates: [][]byte{{1}, {2}}, Vendor: "okta",
			Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://acme.okta.com/sso"}, {Binding: sso.BindingPOST, Location: "https://acme.okta.com/post"}},
		},
	}
}

func TestFingerprintIsThatOfWhatIsJudged(t *testing.T) {
	t.Parallel()
	base := okta()
	for name, change := range map[string]func(*sso.Connection){
		"name": func(c *sso.Connection) { c.Name = "IdP" }, "state": func(c *sso.Connection) { c.State = sso.ConnectionActive },
		"vendor": func(c *sso.Connection) { c.SAML.Vendor = "adfs" }, "metadata URL": func(c *sso.Connection) { c.SAML.MetadataURL = "https://x.example" },
		"order of certificates": func(c *sso.Connection) { slices.Reverse(c.SAML.Certificates) },
		"logout":                func(c *sso.Connection) { c.SAML.Logout = true }, "defaults": func(c *sso.Connection) { c.Defaults.Role = sso.RoleAdmin },
	} {
		c := okta()
		change(&c)
		if c.Fingerprint() != base.Fingerprint() {
			t.Errorf("%s: the fingerprint changes, and nothing that is judged", name)
		}
	}
	for name, change := range map[string]func(*sso.Connection){
		"issuer": func(c *sso.Connection) { c.SAML.IdPEntityID += "x" }, "certificate": func(c *sso.Connection) { c.SAML.Certificates[0] = []byte{3} },
		"one more certificate": func(c *sso.Connection) { c.SAML.Certificates = append(c.SAML.Certificates, []byte{3}) },
		"sign-on URL":          func(c *sso.Connection) { c.SAML.Endpoints[0].Location += "x" }, "encryption": func(c *sso.Connection) { c.SAML.Encryption = sso.EncryptionRequired },
		"our entity ID": func(c *sso.Connection) { c.SAML.SPEntityID = "x" }, "shared ACS": func(c *sso.Connection) { c.SAML.SharedACS = true },
		"binding": func(c *sso.Connection) { c.SAML.RequestBinding = sso.BindingPOST }, "legacy": func(c *sso.Connection) {
			c.SAML.Legacy = []sso.Legacy{{Switch: sso.LegacySHA1, Until: time.Unix(1, 0)}}
		},
		"subject": func(c *sso.Connection) { c.Attributes.Subject = "uid" }, "address": func(c *sso.Connection) { c.Attributes.Email = "mail" },
	} {
		c := okta()
		change(&c)
		if c.Fingerprint() == base.Fingerprint() {
			t.Errorf("%s: the fingerprint is that of before", name)
		}
		c.Retest(&base)
		if c.State != sso.ConnectionDraft {
			t.Errorf("%s: the connection still counts as tested", name)
		}
		c.State = sso.ConnectionActive
		c.Retest(&base)
		if c.State != sso.ConnectionActive {
			t.Errorf("%s: a connection that is active is switched off by a change", name)
		}
	}
}

func TestRequestsGoByTheChosenBinding(t *testing.T) {
	t.Parallel()
	c := okta()
	for binding, want := range map[sso.Binding]string{"": "https://acme.okta.com/sso", sso.BindingRedirect: "https://acme.okta.com/sso", sso.BindingPOST: "https://acme.okta.com/post"} {
		c.SAML.RequestBinding = binding
		if e, err := c.RequestEndpoint(); err != nil || e.Location != want {
			t.Errorf("%q: RequestEndpoint() = %v, %v, want %s", binding, e, err, want)
		}
	}
	c.SAML.RequestBinding, c.SAML.Endpoints = sso.BindingPOST, c.SAML.Endpoints[:1]
	if e, err := c.RequestEndpoint(); !fault.Is(err, "connection_no_endpoint") {
		t.Errorf("RequestEndpoint() = %v, %v, want a refusal: there is none by POST", e, err)
	}
	if err := c.Complete(); !fault.Is(err, "connection_incomplete") {
		t.Errorf("Complete() = %v, want a refusal", err)
	}
	c.SAML.RequestBinding = ""
	if err := c.Complete(); err != nil {
		t.Errorf("Complete() = %v", err)
	}
}

func TestAConnectionInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	for state, code := range map[sso.ConnectionState]string{sso.ConnectionDraft: "", sso.ConnectionTested: "", sso.ConnectionDisabled: "", sso.ConnectionActive: "connection_in_use"} {
		c := sso.Connection{State: state}
		if err := c.Deletable(); (err == nil) != (code == "") || err != nil && !fault.Is(err, code) {
			t.Errorf("%s: Deletable() = %v, want %q", state, err, code)
		}
	}
}

func TestConnectionKeysAreKeys(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for _, tc := range []struct {
		org, vendor string
		n           int
		want        string
	}{
		{"acme", "entra-id", 1, "acme-entra-id"}, {"acme", "entra-id", 2, "acme-entra-id-2"}, {"acme", "", 3, "acme-3"},
		{long, "okta", 1, long}, {long, "okta", 12, long[:60] + "-12"}, {long[:62], "okta", 1, long[:62]},
	} {
		got := sso.ConnectionKey(tc.org, tc.vendor, tc.n)
		if _, err := sso.ParseKey(got); err != nil || got != tc.want {
			t.Errorf("ConnectionKey(%q, %q, %d) = %q, %v, want %q", tc.org, tc.vendor, tc.n, got, err, tc.want)
		}
	}
}

func TestEntityIDsAreKeptToTheOctet(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "https://old.example/saml", "https://old.example/saml/", "urn:Acme:SP", "Acme Portal", "ärger", strings.Repeat("a", 1024)} {
		if got, err := sso.ParseSPEntityID(good); err != nil || got != good {
			t.Errorf("ParseSPEntityID(%q) = %q, %v", good, got, err)
		}
	}
	for name, bad := range map[string]string{"space before": " a", "space behind": "a ", "line end": "a\nb", "right to left": "a\u202eb", "no UTF-8": "a\xff", "nothing that XML can carry": "a\uFFFEb", "too long": strings.Repeat("a", 1025)} {
		if got, err := sso.ParseSPEntityID(bad); !fault.Is(err, "entity_id_form") {
			t.Errorf("%s: ParseSPEntityID() = %q, %v, want a refusal", name, got, err)
		}
	}
}
