package connect

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// configured returns a connection to a vendor's product, with everything there
// is to know.
func configured(vendor idp.ID) *connect.Configuration {
	guide, _ := idp.ByID(vendor)
	c := &connect.Configuration{
		Connection: sso.Connection{ID: "con_1", Org: "org_a", Key: "acme-" + string(vendor), Name: guide.Name, Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft, Version: 4},
		Guide:      guide, Looks: idp.Match{Vendor: guide},
	}
	base := "https://id.example/saml/" + c.Key
	c.SAML.Vendor = string(vendor)
	c.Ours = idp.Values{
		idp.ACSURL: base + "/acs", idp.SPEntityID: base + "/metadata", idp.MetadataURL: base + "/metadata", idp.SLOURL: base + "/slo", idp.LoginURL: "https://id.example/login/acme", idp.ProductName: "Portal",
	}.With()
	return c
}

// known gives the connection an identity provider.
func known(c *connect.Configuration) *connect.Configuration {
	x := &c.SAML
	x.IdPEntityID, x.WantsSigned, x.MetadataURL = "https://sts.windows.net/6b2c1f0a/<x>", true, "https://login.microsoftonline.com/6b2c1f0a/federationmetadata.xml?appid=1"
	x.Endpoints = []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://login.microsoftonline.com/6b2c1f0a/saml2"}, {Binding: sso.BindingPOST, Location: "https://login.microsoftonline.com/6b2c1f0a/saml2"}}
	x.LogoutTo = x.Endpoints[:1]
	x.Certificates = [][]byte{{1}, {2}, {3}, {4}, {5}}
	x.Logout, x.Encryption, x.SPEntityID, x.SharedACS, x.ForceAuthn, x.NameIDFormat = true, sso.EncryptionAccepted, "urn:old:sp", true, true, "urn:example:format"
	x.Legacy = []sso.Legacy{{Switch: sso.LegacySHA1, Until: now().AddDate(0, 1, 0)}, {Switch: sso.LegacyRSA15, Until: then}}
	c.Looks = idp.Match{Vendor: c.Guide, Product: c.Guide.Name, Strength: idp.Strong}
	c.Certificates = []connect.Certificate{
		{Fingerprint: "aa11aa11aa11aa11", Subject: "CN=Microsoft Azure Federated SSO Certificate", NotBefore: then, NotAfter: now().AddDate(3, 0, 0)},
		{Fingerprint: "bb22bb22bb22bb22", Subject: "CN=ends soon", NotBefore: then, NotAfter: now().AddDate(0, 0, 12)},
		{Fingerprint: "cc33cc33cc33cc33", Subject: "CN=over", NotBefore: then.AddDate(-1, 0, 0), NotAfter: then},
		{Fingerprint: "dd44dd44dd44dd44", Subject: "CN=not yet", NotBefore: now().AddDate(0, 0, 3), NotAfter: now().AddDate(3, 0, 0)},
		{Fingerprint: "ee55ee55ee55ee55"},
	}
	c.Encrypts = c.Certificates[:1]
	c.Attributes = sso.AttributeMap{Subject: "http://schemas.microsoft.com/identity/claims/objectidentifier", Email: "mail"}
	c.Linked = 2
	c.Sent = &sso.Test{AnsweredAt: then, Result: sso.TestResult{NameID: "alice@acme.example", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", Attributes: []sso.Attribute{
		{Name: "http://schemas.microsoft.com/identity/claims/objectidentifier", Values: []string{"2f1e0d9c"}}, {Name: "mail", Values: []string{"Alice@acme.example"}}, {Name: "givenName", Values: []string{"<Alice>"}}, {Name: "groups", Values: []string{"ops", "dev"}},
	}}}
	return c
}

// filledWith returns a form that comes back.
func filledWith(problems map[string]string, pairs ...string) ui.Filled {
	f := ui.Filled{Values: url.Values{}, Problems: problems}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Set(pairs[i], pairs[i+1])
	}
	return f
}

func wizardSpecimens() map[string]webtest.Specimen {
	entra, mistaken := known(configured("entra-id")), known(configured("okta"))
	mistaken.Looks = idp.Match{Vendor: entra.Guide, Product: entra.Guide.Name, Strength: idp.Strong}
	mistaken.State, mistaken.SAML.MetadataURL, mistaken.SAML.WantsSigned = sso.ConnectionActive, "", false
	disabled := known(configured(idp.Generic))
	disabled.State, disabled.Looks = sso.ConnectionDisabled, idp.Match{Vendor: disabled.Guide}
	single := known(configured("okta"))
	pasted := known(configured("keycloak"))
	pasted.SAML.MetadataURL, pasted.SAML.IdPEntityID = "", "https://sso.acme.example/realms/acme"
	pasted.SAML.Endpoints = []sso.Endpoint{{Binding: sso.BindingPOST, Location: "https://sso.acme.example/realms/acme/protocol/saml"}}
	single.Certificates = single.Certificates[:1]
	bare := configured("adfs")
	at := func(path string) *visit { return at("/console/sso/x" + path) }
	changed := configurePageOf(at("/configure"), entra, ui.Filled{}, nil, now())
	changed.Notices = []ui.Notice{{State: ui.Warn, Title: ui.Say("changed_meanwhile"), Text: ui.Problem("connection_changed")}}
	activation := func(c *connect.Configuration, tested int, domains ...sso.Domain) ui.Page {
		return activatePageOf(at("/activate"), &connect.Readiness{Connection: c.Connection, Tested: tested, Domains: domains})
	}
	waiting := known(configured("entra-id"))
	waiting.Watching = connect.Watching{
		WatchState: sso.WatchState{ReadAt: then, Failing: then, Failure: "fetch_status", Got: "404", Held: sso.Published{EntityID: "https://other.example/<x>", Endpoints: []sso.Endpoint{{Binding: sso.BindingPOST, Location: "https://other.example/saml2"}}}, HeldAt: then},
		Change:     sso.Difference{EntityID: true, Hosts: true, SignOn: true, Logout: true}, Digest: "d1", Added: waiting.Certificates[:1], Removed: waiting.Certificates[1:2],
	}
	waiting.Changes = []connect.KeyChange{{Certificate: waiting.Certificates[0], At: now().AddDate(0, 0, 20)}, {Certificate: waiting.Certificates[1], At: now().AddDate(0, 0, 9), Read: true}}
	keys := known(configured("okta"))
	keys.Watching = connect.Watching{Change: sso.Difference{Removed: [][]byte{{1}}}, Digest: "d2", Removed: keys.Certificates[:1]}
	specimens := map[string]webtest.Specimen{
		"certificates-changing":   {Page: certificatesPageOf(at("/certificates"), waiting, ui.Filled{}, now())},
		"change":                  {Page: changePageOf(at("/change"), waiting)},
		"change-keys":             {Page: changePageOf(by(sso.SetupSSO, "/setup/sso/x/change"), keys)},
		"change-link":             {Page: changePageOf(by(sso.SetupSSO, "/setup/sso/x/change"), waiting)},
		"change-none":             {Page: changePageOf(at("/change"), entra)},
		"configure-waiting":       {Page: configurePageOf(at("/configure"), waiting, ui.Filled{}, nil, now())},
		"activate":                {Page: activation(entra, 1)},
		"activate-early":          {Page: activation(bare, 0)},
		"activate-on":             {Page: activation(mistaken, 2, sso.Domain{Name: "acme.example"})},
		"connection-deactivate":   {Page: confirmPage{Shell: at("/x").shell(), Confirm: deactivateConfirm(at("/x"), &entra.Connection)}},
		"new":                     {Page: newPageOf(at(""), "", ui.Filled{}, nil)},
		"new-search":              {Page: newPageOf(at("?q=azure"), "azure", ui.Filled{}, nil)},
		"new-none":                {Page: newPageOf(by(sso.SetupSSO, "/setup/sso/new?q=x"), "nowhere", ui.Filled{}, nil)},
		"new-several":             {Page: newPageOf(at(""), "", filledWith(map[string]string{"metadata": "metadata_several_idps"}, "metadata", "<x>"), []string{"https://a.example", "https://b.example"})},
		"configure-entra":         {Page: changed},
		"configure-adfs-empty":    {Page: configurePageOf(by(sso.SetupSSO, "/setup/sso/x/configure"), bare, ui.Filled{}, nil, now())},
		"configure-another":       {Page: configurePageOf(at("/configure"), mistaken, filledWith(map[string]string{"metadata": "metadata_html"}, "metadata", "<html>"), []string{"https://a.example"}, now())},
		"configure-generic":       {Page: configurePageOf(at("/configure"), disabled, ui.Filled{}, nil, now())},
		"configure-keycloak":      {Page: configurePageOf(at("/configure"), pasted, ui.Filled{}, nil, now())},
		"certificates":            {Page: certificatesPageOf(at("/certificates"), entra, ui.Filled{}, now())},
		"certificates-one":        {Page: certificatesPageOf(at("/certificates"), single, filledWith(map[string]string{"certificate": "metadata_no_certificate"}, "certificate", "x"), now())},
		"certificates-none":       {Page: certificatesPageOf(at("/certificates"), bare, ui.Filled{}, now())},
		"certificate-remove":      {Page: confirmPage{Shell: at("/x").shell(), Confirm: confirmRemoval(at("/x"), entra, &entra.Certificates[0])}},
		"connection-delete":       {Page: confirmPage{Shell: at("/x").shell(), Confirm: confirmDeletion(at("/x"), entra, "confirm_name")}},
		"connection-edit":         {Page: editPageOf(at("/edit"), entra, ui.Filled{})},
		"connection-edit-in-use":  {Page: editPageOf(at("/edit"), mistaken, filledWith(map[string]string{"name": "name_empty"}, "name", " "))},
		"connection-settings":     {Page: settingsPageOf(at("/settings"), entra, ui.Filled{}, now())},
		"connection-settings-bad": {Page: settingsPageOf(at("/settings"), bare, filledWith(map[string]string{"legacy-sha1": "legacy_until", "entity_id": "entity_id_form"}, "legacy-sha1", "2090-01-01", "entity_id", " x"), now())},
		"attributes":              {Page: attributesPageOf(at("/attributes"), entra, ui.Filled{})},
		"attributes-tried":        {Page: attributesPageOf(at("/attributes"), entra, filledWith(nil, "subject", "nothing"))},
		"values":                  {Page: valuesPageOf(at("/values"), entra, ui.Filled{})},
		"values-empty":            {Page: valuesPageOf(at("/values"), bare, filledWith(map[string]string{"sign_on": "metadata_location"}, "sign_on", "http://x"))},
	}
	for name, s := range specimens {
		s.Path = "/console/sso/x"
		specimens[name] = s
	}
	return specimens
}

// Every guide of the catalogue is shown, in both languages, and each page is
// sound: no value of ours that is missing, no two elements of one name.
func TestEveryGuideIsShown(t *testing.T) {
	t.Parallel()
	pages, err := ui.New(ui.Options{}, Pages())
	if err != nil {
		t.Fatal(err)
	}
	for _, vendor := range idp.All() {
		t.Run(string(vendor.ID), func(t *testing.T) {
			t.Parallel()
			for _, c := range []*connect.Configuration{configured(vendor.ID), known(configured(vendor.ID))} {
				page := configurePageOf(at("/console/sso/x/configure"), c, ui.Filled{}, nil, now())
				brought := 0
				for i := range page.Steps {
					if page.Steps[i].Metadata != nil {
						brought++
					}
				}
				if brought != 1 {
					t.Errorf("metadata can be brought at %d steps, want at one", brought)
				}
				for _, language := range webtest.Languages() {
					body := webtest.Specimen{Page: page, Path: "/console/sso/x/configure"}.Shown(t, pages, language).Body.String()
					for _, problem := range webtest.Unsound(body) {
						t.Errorf("%s: %s", language, problem)
					}
				}
			}
		})
	}
}

// What a colleague has saved is shown, with what was typed in the fields, and
// the next save is meant.
func TestAFormThatCameTooLateIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	v := at("/console/sso/x/settings")
	late := &fault.Error{Kind: fault.Conflict, Code: "connection_changed"}
	run := func(err error, fields map[string]string) (status int, notices []ui.Notice, p settingsPage, left error) {
		route := web.Route{Method: http.MethodGet, Path: "/", Access: web.Browser, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			left = again(r, filledWith(nil, "entity_id", "urn:typed", "version", "3"), err, fields, func(f ui.Filled, n []ui.Notice, s int) error {
				status, notices, p = s, n, settingsPageOf(v, known(configured("okta")), f, now())
				return nil
			})
			return nil
		}}
		serve(t, route)
		return status, notices, p, left
	}
	status, notices, p, err := run(late, nil)
	if err != nil || status != http.StatusConflict || len(notices) != 1 || p.EntityID.Value != "urn:typed" || p.Hidden[0].Value != "4" {
		t.Errorf("%v: %d, %v, %q in version %s, want what was typed in the version that is stored", err, status, notices, p.EntityID.Value, p.Hidden[0].Value)
	}
	if _, _, _, err := run(&fault.Error{Kind: fault.Invalid, Code: "entity_id_form"}, map[string]string{"entity_id_form": "entity_id"}); err != nil {
		t.Errorf("a problem of a field: %v", err)
	}
	other := errors.New("disk full")
	if _, _, _, err := run(other, nil); !errors.Is(err, other) {
		t.Errorf("what is no fault of a field is %v", err)
	}
}

func TestAPrivateKeyDoesNotComeBack(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----"
	private, several := &fault.Error{Code: "metadata_private_key"}, &fault.Error{Code: "metadata_several_idps"}
	upload := func() *web.Upload {
		return &web.Upload{Fields: url.Values{"metadata": {key}, "certificate": {key}, "version": {"1"}}, File: []byte("<two/>")}
	}
	if f := kept(upload(), private); f.Values.Get("metadata") != "" || f.Values.Has("version") {
		t.Errorf("kept of a private key is %v", f.Values)
	}
	if f := keptCertificate(upload(), private); f.Values.Get("certificate") != "" {
		t.Errorf("kept of a private key is %v", f.Values)
	}
	if f := kept(upload(), several); f.Values.Get("metadata") != "<two/>" {
		t.Errorf("of a file among whose identity providers one is chosen comes back %q", f.Values.Get("metadata"))
	}
	for size, comes := range map[int]bool{maxKept / 2: true, maxKept/2 + 1: false} { // browsers send two octets for the end of a line
		file := upload()
		file.Fields.Del("metadata")
		file.File = bytes.Repeat([]byte("\n"), size)
		if f := kept(file, several); f.Values.Has("metadata") != comes {
			t.Errorf("a file of %d ends of lines comes back: %v", size, !comes)
		}
	}
	if f := kept(upload(), &fault.Error{Code: "metadata_html"}); f.Values.Get("metadata") != key {
		t.Errorf("what was pasted otherwise does not come back")
	}
}

func TestStagesStandAsTheConnectionDoes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		c    *connect.Configuration
		at   sso.ConnectionState
		want [4]ui.State
	}{
		"nothing known": {configured("okta"), sso.ConnectionDraft, [4]ui.State{ui.Pending, "", "", ""}},
		"configured":    {known(configured("okta")), sso.ConnectionDraft, [4]ui.State{ui.OK, ui.Pending, "", ""}},
		"tested":        {known(configured("okta")), sso.ConnectionTested, [4]ui.State{ui.OK, ui.OK, "", ""}},
		"in use":        {known(configured("okta")), sso.ConnectionActive, [4]ui.State{ui.OK, ui.OK, ui.OK, ui.OK}},
		"switched off":  {known(configured("okta")), sso.ConnectionDisabled, [4]ui.State{ui.OK, ui.OK, ui.OK, ui.Warn}},
	} {
		tc.c.State = tc.at
		w := at("/console/sso").wizard(&tc.c.Connection, toTest, ui.Text{})
		for i, want := range tc.want {
			if got := w.Stages[i]; got.State != want || got.Current != (i == 1) {
				t.Errorf("%s: stage %d is %q, current %v, want %q", name, i+1, got.State, got.Current, want)
			}
		}
	}
}

func TestCertificatesCountTheirDays(t *testing.T) {
	t.Parallel()
	at := now()
	for left, want := range map[time.Duration]int{-time.Second: -1, 0: 0, 23 * time.Hour: 0, 24 * time.Hour: 1, 60 * 24 * time.Hour: 60} {
		c := connect.Certificate{NotAfter: at.Add(left)}
		if got := c.Days(at); got != want {
			t.Errorf("%v before its end: %d days, want %d", left, got, want)
		}
	}
}

// What is larger than is read is said beside the field, with the page as it is, and
// everything else as it was.
func TestWhatIsTooLargeIsSaidBesideTheField(t *testing.T) {
	t.Parallel()
	body := func(size int) *http.Request {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		if err := errors.Join(w.WriteField("metadata", strings.Repeat("x", size)), w.Close()); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &b)
		r.Header.Set("Content-Type", w.FormDataContentType())
		return r
	}
	cut := body(2000)
	cut.Body = http.MaxBytesReader(httptest.NewRecorder(), cut.Body, 1000)
	strange := body(10)
	strange.Header.Set("Content-Type", "text/plain")
	for name, tc := range map[string]struct {
		r    *http.Request
		code string
	}{
		"a form that fits": {body(1 << 20), ""},
		"too long a text":  {body(1<<20 + 1), "metadata_size"},
		"too large a form": {cut, "metadata_size"},
		"no form":          {strange, "request_form"},
	} {
		_, err := broughtIn(tc.r)
		err = tooLarge(err)
		if (err != nil) != (tc.code != "") || err != nil && !fault.Is(err, tc.code) {
			t.Errorf("%s: got %v, want %q", name, err, tc.code)
		}
	}
	if metadataFields()["metadata_size"] != "metadata" {
		t.Error("it is not said beside the field")
	}
}
