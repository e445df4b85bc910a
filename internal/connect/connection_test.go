package connect_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func sealer(t *testing.T) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// metadataAt is the one address at which there are metadata.
const metadataAt = "https://idp.example/metadata.xml"

// fetch answers for the rest of the world.
func (h *house) fetch(_ context.Context, url string) ([]byte, error) {
	if url != metadataAt {
		return nil, &fault.Error{Kind: fault.Unavailable, Code: "fetch_failed", Got: url}
	}
	return []byte(metadata(h.T, "", "")), nil
}

// metadata returns those of an identity provider, changed.
func metadata(t *testing.T, old, text string) string {
	t.Helper()
	doc, err := samltest.New(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if old == "" {
		return string(doc)
	}
	return strings.ReplaceAll(string(doc), old, text)
}

// entra returns metadata in the dialect of Entra ID.
func entra(t *testing.T) string {
	t.Helper()
	idp := samltest.New(t)
	idp.EntityID = "https://sts.windows.net/6b2c1f0a-3f8e-4d5b-9a41-0c7d8e9f1a2b/"
	idp.SSO = "https://login.microsoftonline.com/6b2c1f0a-3f8e-4d5b-9a41-0c7d8e9f1a2b/saml2"
	idp.SLO = idp.SSO
	doc, err := idp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// certificate returns the certificate of another key, in DER.
func certificate(t *testing.T) []byte {
	t.Helper()
	pair, err := saml.NewKeyPair(saml.ForSigning, "another", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return pair.Certificate
}

func inPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (h *house) create(n connect.NewConnection) sso.Connection {
	h.Helper()
	c, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, n)
	must(h.T, "creating a connection", err)
	return c
}

func (h *house) edit(c *sso.Connection) *connect.Edit {
	return &connect.Edit{Who: signedIn(&h.owner), Org: c.Org, Key: c.Key, Version: c.Version}
}

// stored returns the connection as it is stored.
func (h *house) stored(key string) sso.Connection {
	h.Helper()
	c, err := h.Connection(h.Context(), &authority.Place{Organization: h.acme}, key)
	must(h.T, "reading a connection", err)
	return c
}

// activate has people sign in by the connection.
func (h *house) activate(c *sso.Connection) {
	h.Helper()
	c.State = sso.ConnectionActive
	h.write(func(tx *store.Writer) error { return tx.Org(c.Org).SaveConnection(h.Context(), *c) })
	c.Version++
}

func TestAConnectionIsChosenOrRecognised(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		type step struct {
			name           string
			n              connect.NewConnection
			key, is, calls string
			complete       bool
		}
		entraName := vendorName("entra-id")
		genericName := vendorName(idp.Generic)
		for _, s := range []step{
			{"chosen", connect.NewConnection{Vendor: "okta"}, "acme-okta", "okta", "Okta", false},
			{"pasted", connect.NewConnection{Metadata: connect.Metadata{Text: entra(t)}}, "acme-entra-id", "entra-id", entraName, true},
			{"by its address", connect.NewConnection{Metadata: connect.Metadata{Text: " " + metadataAt + "\n"}}, "acme", "", genericName, true},
			{"chosen, with a file", connect.NewConnection{Vendor: idp.Generic, Metadata: connect.Metadata{File: []byte(metadata(t, "", ""))}}, "acme-generic-saml", "generic-saml", genericName + " 2", true},
			{"chosen, and it is another", connect.NewConnection{Vendor: "okta", Metadata: connect.Metadata{Text: entra(t)}}, "acme-okta-2", "okta", "Okta 2", true},
		} {
			c := h.create(s.n)
			got := h.stored(c.Key)
			if got.Key != s.key || got.SAML.Vendor != s.is || got.Name != s.calls || got.State != sso.ConnectionDraft || (got.Complete() == nil) != s.complete || got.Version != c.Version {
				t.Errorf("%s: %+v, want %s, %s, %q, complete %v", s.name, got, s.key, s.is, s.calls, s.complete)
			}
		}
		if c := h.stored("acme"); c.SAML.MetadataURL != metadataAt {
			t.Errorf("of the address is kept %q", c.SAML.MetadataURL)
		}
		if got := h.audit(h.acme.ID); !slices.Equal(got, slices.Repeat([]string{"connection.created"}, 5)) {
			t.Errorf("the audit list says %v", got)
		}
	})
}

func vendorName(id idp.ID) string {
	v, _ := idp.ByID(id)
	return v.Name
}

// The metadata of each vendor, as it writes them, are all that it takes.
func TestEveryVendorIsConnectedByOnePaste(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for _, v := range samltest.Vendors() {
			doc, err := v.Metadata(v.New(t))
			if err != nil {
				t.Fatal(err)
			}
			c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: string(doc)}})
			is := v.ID
			if is == string(idp.Generic) {
				is = "" // nobody in particular
			}
			if c.SAML.Vendor != is || c.Complete() != nil || c.SAML.IdPEntityID != v.EntityID {
				t.Errorf("%s is taken for %q: %v", v.ID, c.SAML.Vendor, c.Complete())
			}
		}
	})
}

func TestWhatIsNoMetadataMakesNoConnection(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for name, tc := range map[string]struct {
			n    connect.NewConnection
			code string
		}{
			"a web page":           {connect.NewConnection{Metadata: connect.Metadata{Text: "<!doctype html><html>"}}, "metadata_html"},
			"our own metadata":     {connect.NewConnection{Metadata: connect.Metadata{Text: h.BaseURL + "/saml/acme-okta/metadata"}}, "metadata_own"},
			"an address inside":    {connect.NewConnection{Metadata: connect.Metadata{Text: "https://10.0.0.1/"}}, "fetch_failed"},
			"a private key":        {connect.NewConnection{Metadata: connect.Metadata{File: []byte("-----BEGIN PRIVATE KEY-----")}}, "metadata_private_key"},
			"metadata of the past": {connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "entityID=", `validUntil="2026-08-31T00:00:00Z" entityID=`)}}, "metadata_expired"},
			"a vendor unheard of":  {connect.NewConnection{Vendor: "x"}, "setting_unknown"},
		} {
			_, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, tc.n)
			refused(t, name, err, tc.code)
			if f, ok := errors.AsType[*fault.Error](err); ok && tc.n.Vendor != "" && !strings.Contains(f.Want, "okta") {
				t.Errorf("%s: it wants %s, and does not say what there is", name, f.Want)
			}
		}
		if got := h.audit(h.acme.ID); len(got) != 0 {
			t.Errorf("the audit list says %v", got)
		}
		h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "entityID=", `validUntil="2026-09-02T00:00:00Z" entityID=`)}})
	})
}

func TestOfSeveralIdentityProvidersOneIsChosen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		two := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + metadata(t, "", "") + entra(t) + `</md:EntitiesDescriptor>`
		c := h.create(connect.NewConnection{})
		_, err := h.SaveMetadata(h.Context(), h.edit(&c), connect.Metadata{Text: two})
		refused(t, "without a choice", err, "metadata_several_idps")
		several := connect.Several(err)
		if len(several) != 2 {
			t.Fatalf("to be chosen from are %q", several)
		}
		c, err = h.SaveMetadata(h.Context(), h.edit(&c), connect.Metadata{Text: two, EntityID: several[1]})
		if err != nil || c.SAML.IdPEntityID != several[1] || c.SAML.Vendor != "entra-id" {
			t.Errorf("SaveMetadata() = %+v, %v", c.SAML, err)
		}
	})
}

// Links are of subjects at one identity provider: another one in its place would
// sign its own people in as those of the first.
func TestAnotherIdentityProviderDoesNotTakeAConnectionOver(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		c, err := h.SaveMetadata(h.Context(), h.edit(&c), connect.Metadata{Text: entra(t)})
		must(t, "another identity provider for a draft", err)
		h.activate(&c)
		_, err = h.SaveMetadata(h.Context(), h.edit(&c), connect.Metadata{Text: metadata(t, "", "")})
		refused(t, "another one for a connection in use", err, "connection_other_idp")
		_, err = h.SaveValues(h.Context(), h.edit(&c), connect.Values{EntityID: "urn:evil", SignOn: "https://evil.example/sso", Certificate: inPEM(certificate(t))})
		refused(t, "another one by hand", err, "connection_other_idp")

		// Switched off, it still has the links.
		c.State = sso.ConnectionDisabled
		u := h.owner.User
		h.write(func(tx *store.Writer) error {
			return errors.Join(tx.Org(c.Org).SaveConnection(h.Context(), c), tx.Org(c.Org).InsertLink(h.Context(), sso.Link{Connection: c.ID, Org: c.Org, Subject: "s", User: u.ID, CreatedAt: h.now(), SeenAt: h.now()}))
		})
		c.Version++
		_, err = h.SaveMetadata(h.Context(), h.edit(&c), connect.Metadata{Text: metadata(t, "", "")})
		refused(t, "another one for people who are linked", err, "connection_other_idp")

		// The same one with another key: both count from now on.
		before := c.SAML.Certificates
		der := certificate(t)
		c, err = h.SaveValues(h.Context(), h.edit(&c), connect.Values{EntityID: c.SAML.IdPEntityID, SignOn: c.SAML.Endpoints[0].Location, Certificate: inPEM(der)})
		must(t, "another key of the same one", err)
		if len(c.SAML.Certificates) != 2 || !bytes.Equal(c.SAML.Certificates[0], before[0]) || !bytes.Equal(c.SAML.Certificates[1], der) {
			t.Errorf("there are %d certificates, want the old and the new one", len(c.SAML.Certificates))
		}
	})
}

func TestCertificatesOverlap(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		first := connect.Fingerprint(c.SAML.Certificates[0])
		refused(t, "removing the last one", h.RemoveCertificate(h.Context(), h.edit(&c), first), "certificate_last")
		der := certificate(t)
		must(t, "adding", h.AddCertificate(h.Context(), h.edit(&c), inPEM(der)))
		c = h.stored(c.Key)
		must(t, "adding it again", h.AddCertificate(h.Context(), h.edit(&c), der))
		if got := h.stored(c.Key); len(got.SAML.Certificates) != 2 || got.Version != c.Version {
			t.Errorf("there are %d certificates in version %d, want 2 in %d", len(got.SAML.Certificates), got.Version, c.Version)
		}
		refused(t, "adding what is none", h.AddCertificate(h.Context(), h.edit(&c), []byte(metadata(t, "", ""))), "metadata_no_certificate")
		refused(t, "removing what is not there", h.RemoveCertificate(h.Context(), h.edit(&c), "00"), "certificate_unknown")
		must(t, "removing the old one", h.RemoveCertificate(h.Context(), h.edit(&c), first))
		if got := h.stored(c.Key); len(got.SAML.Certificates) != 1 || !bytes.Equal(got.SAML.Certificates[0], der) {
			t.Errorf("left is %x", got.SAML.Certificates)
		}
		for range saml.MaxKeys - 1 {
			c = h.stored(c.Key)
			must(t, "adding one more", h.AddCertificate(h.Context(), h.edit(&c), certificate(t)))
		}
		c = h.stored(c.Key)
		refused(t, "adding one too many", h.AddCertificate(h.Context(), h.edit(&c), certificate(t)), "certificate_many")
	})
}

// Names of attributes stand in our metadata, which have to be XML.
func TestAttributesHaveNamesThatXMLCanCarry(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		for _, name := range []string{"ma\x01il", "ma\xffil", "ma\uFFFEil"} {
			refused(t, name, h.SaveAttributes(h.Context(), h.edit(&c), sso.AttributeMap{Email: name}), "attribute_form")
		}
		must(t, "the character that stands for one unknown", h.SaveAttributes(h.Context(), h.edit(&c), sso.AttributeMap{Email: "ma\uFFFDil"}))
	})
}

// Two colleagues have the same page open.
func TestNothingThatAColleagueSavesIsLost(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		must(t, "the first", h.SaveAttributes(h.Context(), h.edit(&c), sso.AttributeMap{Email: " mail "}))
		for name, save := range map[string]func(*connect.Edit) error{
			"attributes": func(e *connect.Edit) error { return h.SaveAttributes(h.Context(), e, sso.AttributeMap{}) },
			"settings":   func(e *connect.Edit) error { return h.SaveSettings(h.Context(), e, connect.Settings{}) },
			"metadata": func(e *connect.Edit) error {
				_, err := h.SaveMetadata(h.Context(), e, connect.Metadata{Text: entra(t)})
				return err
			},
			"name":        func(e *connect.Edit) error { return h.Rename(h.Context(), e, "X", idp.Generic) },
			"deletion":    func(e *connect.Edit) error { return h.DeleteConnection(h.Context(), e) },
			"certificate": func(e *connect.Edit) error { return h.AddCertificate(h.Context(), e, certificate(t)) },
		} {
			refused(t, name, save(h.edit(&c)), "connection_changed")
		}
		if got := h.stored(c.Key); got.Attributes.Email != "mail" || got.Version != c.Version+1 {
			t.Errorf("stored is %+v", got)
		}

		// At the same moment: one of all.
		c = h.stored(c.Key)
		var all sync.WaitGroup
		var mu sync.Mutex
		saved := 0
		for i := range 4 {
			all.Go(func() {
				err := h.SaveAttributes(h.Context(), h.edit(&c), sso.AttributeMap{Email: strings.Repeat("x", i+1)})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					saved++
				case !fault.Is(err, "connection_changed"):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := h.stored(c.Key); saved != 1 || got.Version != c.Version+1 {
			t.Errorf("%d of four saved, and the version is %d, want 1 and %d", saved, got.Version, c.Version+1)
		}
	})
}

func TestSettingsAreThoseThatAreOffered(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: entra(t)}})
		for name, tc := range map[string]struct {
			to   connect.Settings
			code string
		}{
			"signing":             {connect.Settings{SignRequests: "sometimes"}, "setting_unknown"},
			"binding":             {connect.Settings{RequestBinding: sso.BindingSOAP}, "setting_unknown"},
			"format":              {connect.Settings{NameIDFormat: saml.FormatTransient}, "setting_unknown"},
			"encryption":          {connect.Settings{Encryption: "maybe"}, "setting_unknown"},
			"our entity ID":       {connect.Settings{SPEntityID: "urn:x "}, "entity_id_form"},
			"another's entity ID": {connect.Settings{SPEntityID: strings.ToUpper(h.BaseURL) + "/saml/globex/metadata"}, "entity_id_other"},
			"a switch for good":   {connect.Settings{Legacy: map[sso.LegacySwitch]string{sso.LegacySHA1: "2027-12-31"}}, "legacy_until"},
			"a switch until soon": {connect.Settings{Legacy: map[sso.LegacySwitch]string{sso.LegacySHA1: "soon"}}, "legacy_until"},
		} {
			refused(t, name, h.SaveSettings(h.Context(), h.edit(&c), tc.to), tc.code)
		}
		to := connect.Settings{
			SignRequests: sso.SignAlways, RequestBinding: sso.BindingPOST, NameIDFormat: saml.FormatPersistent, ForceAuthn: true, Encryption: sso.EncryptionAccepted,
			SPEntityID: "https://OLD.example/saml/", SharedACS: true, Logout: true, Legacy: map[sso.LegacySwitch]string{sso.LegacySHA1: "2027-08-31", sso.LegacyRSA15: ""},
		}
		must(t, "saving", h.SaveSettings(h.Context(), h.edit(&c), to))
		got := h.stored(c.Key)
		x := got.SAML
		until := time.Date(2027, 9, 1, 0, 0, 0, 0, time.UTC)
		if x.SignRequests != sso.SignAlways || x.RequestBinding != sso.BindingPOST || x.NameIDFormat != saml.FormatPersistent || !x.ForceAuthn || x.Encryption != sso.EncryptionAccepted ||
			x.SPEntityID != to.SPEntityID || !x.SharedACS || !x.Logout || len(x.Legacy) != 1 || x.Legacy[0].Switch != sso.LegacySHA1 || !x.Legacy[0].Until.Equal(until) {
			t.Errorf("stored is %+v", x)
		}
		page, err := h.Configuration(h.Context(), &authority.Place{Organization: h.acme}, c.Key, sso.Live)
		must(t, "reading", err)
		if page.Ours[idp.ACSURL] != "https://sso.example/saml/acs" || page.Ours[idp.SPEntityID] != to.SPEntityID || len(page.Encrypts) != 1 || page.Ours[idp.LoginURL] != "https://sso.example/login/acme" {
			t.Errorf("ours are %v, and %d certificates for encryption", page.Ours, len(page.Encrypts))
		}
		if text, err := h.EncryptionCertificate(h.Context(), &authority.Place{Organization: h.acme}, c.Key, sso.Live); err != nil || !bytes.HasPrefix(text, []byte("-----BEGIN CERTIFICATE-----")) {
			t.Errorf("EncryptionCertificate() = %q, %v", text, err)
		}
		must(t, "saving the same", h.SaveSettings(h.Context(), h.edit(&got), to))
		if again := h.stored(c.Key); again.Version != got.Version {
			t.Error("what changes nothing makes a new version")
		}
		if got := slices.Sorted(slices.Values(h.audit(h.acme.ID))); !slices.Equal(got, []string{"connection.changed", "connection.created", "connection.key_made"}) {
			t.Errorf("the audit list says %v", got)
		}
		bare := h.create(connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		refused(t, "logout where there is nowhere to go", h.SaveSettings(h.Context(), h.edit(&bare), connect.Settings{Logout: true}), "setting_unknown")
		refused(t, "a certificate for encryption that there is not", errOf(h.EncryptionCertificate(h.Context(), &authority.Place{Organization: h.acme}, bare.Key, sso.Live)), "certificate_unknown")
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestADeletedConnectionTakesItsLinksAlong(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Vendor: "okta"})
		c.SAML.IdPEntityID = "urn:idp"
		h.activate(&c)
		refused(t, "one in use", h.DeleteConnection(h.Context(), h.edit(&c)), "connection_in_use")
		c.State = sso.ConnectionDisabled
		h.write(func(tx *store.Writer) error {
			return errors.Join(tx.Org(c.Org).SaveConnection(h.Context(), c), tx.Org(c.Org).InsertLink(h.Context(), sso.Link{Connection: c.ID, Org: c.Org, Subject: "s", User: h.owner.User.ID, CreatedAt: h.now(), SeenAt: h.now()}))
		})
		c.Version++
		token, _ := h.link(&h.acme, sso.SetupSSO)
		e := h.edit(&c)
		e.Who = holding(token)
		refused(t, "who people are, by the holder of a link", h.DeleteConnection(h.Context(), e), "setup_link_scope")
		h.pass(sso.FreshFor)
		refused(t, "by an owner's old session", h.DeleteConnection(h.Context(), h.edit(&c)), "session_stale")
		h.proves(&h.owner)
		must(t, "by an owner", h.DeleteConnection(h.Context(), h.edit(&c)))
		refused(t, "looking at it", errOf(h.Connection(h.Context(), &authority.Place{Organization: h.acme}, c.Key)), "page_not_found")
		draft := h.create(connect.NewConnection{Vendor: "okta"})
		e = h.edit(&draft)
		e.Who = holding(token)
		must(t, "a draft, by the holder of a link", h.DeleteConnection(h.Context(), e))
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"connection.created", "connection.deleted", "connection.created", "connection.deleted"}) {
			t.Errorf("the audit list says %v", got)
		}
	})
}

func TestWhoMaySetUpAConnection(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.create(connect.NewConnection{Vendor: "okta"})
		dns, _ := h.link(&h.acme, sso.SetupDomains)
		everything, _ := h.link(&h.acme, sso.SetupSSO)
		theirs, _ := h.link(&h.rival, sso.SetupSSO)
		rename := func(who *authority.Who, org sso.OrgID) error {
			now := h.stored(c.Key)
			return h.Rename(h.Context(), &connect.Edit{Who: who, Org: org, Key: c.Key, Version: now.Version}, "Okta of "+h.now().String(), "okta")
		}
		for name, tc := range map[string]struct {
			who  *authority.Who
			org  sso.OrgID
			code string
		}{
			"an owner":                           {signedIn(&h.owner), h.acme.ID, ""},
			"the holder of a link":               {holding(everything), h.acme.ID, ""},
			"the holder of a link for domains":   {holding(dns), h.acme.ID, "setup_link_scope"},
			"an owner of another organization":   {signedIn(&h.other), h.rival.ID, "page_not_found"},
			"the holder of another one's link":   {holding(theirs), h.rival.ID, "page_not_found"},
			"an owner of another, named as here": {signedIn(&h.other), h.acme.ID, "page_not_found"},
		} {
			err := rename(tc.who, tc.org)
			if (err == nil) != (tc.code == "") || err != nil && !fault.Is(err, tc.code) && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v, want %q", name, err, tc.code)
			}
		}
		h.acme.Entitlements = nil
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		refused(t, "without the entitlement", rename(signedIn(&h.owner), h.acme.ID), "organization_not_entitled")
		refused(t, "what becomes of people without the entitlement",
			h.SaveDefaults(h.Context(), signedIn(&h.owner), h.acme.ID, c.Key, connect.NewDefaults{Version: c.Version, FirstSignIn: sso.FirstAsk}), "organization_not_entitled")
		refused(t, "a new one without the entitlement", errOf(h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{})), "organization_not_entitled")
	})
}

// Each address that somebody names is a call to somebody who did not ask for it.
func TestOneOrganizationHasOnlySoMuchRead(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		stopped := 0
		for range 25 {
			_, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Metadata: connect.Metadata{Text: "https://nobody.example/metadata"}})
			switch {
			case fault.Is(err, "try_later"):
				stopped++
			case !fault.Is(err, "fetch_failed"):
				t.Fatalf("an address where nothing is: %v", err)
			}
		}
		if stopped != 5 {
			t.Errorf("%d of 25 were stopped, want 5", stopped)
		}
		_, err := h.CreateConnection(h.Context(), signedIn(&h.other), h.rival.ID, connect.NewConnection{Metadata: connect.Metadata{Text: metadataAt}})
		must(t, "another organization's", err)
		_, err = h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Metadata: connect.Metadata{Text: metadata(t, "", "")}})
		must(t, "what is pasted", err)
		h.pass(20 * time.Second)
		_, err = h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Metadata: connect.Metadata{Text: metadataAt}})
		must(t, "one later", err)
	})
}
