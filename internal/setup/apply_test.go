package setup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a database with a folder of files beside the apply file.
type house struct {
	testing.TB
	setup.Service
	dir    string
	engine storetest.Engine
}

func newHouse(t testing.TB, e storetest.Engine) *house {
	t.Helper()
	h := &house{TB: t, dir: t.TempDir(), engine: e}
	h.Service = setup.Service{DB: e.Open(t), Fetch: safehttp.New(), Now: func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }}
	sealer, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	h.Sealer = func(context.Context) (*secret.Sealer, error) { return sealer, nil }
	metadata, err := samltest.New(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"idp.xml": string(metadata), "past.xml": until(t, metadata, "2026-03-04T05:06:07Z"), "good.xml": until(t, metadata, "2026-03-04T05:06:08Z"), "logo.png": string(picture(t)), "app.secret": strings.Repeat("s", 32) + "\n", "short.secret": "short", "page.html": "<!doctype html><html><body>Sign in</body></html>",
	} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// freshHouse is a house with another database and the same files.
func freshHouse(t testing.TB, h *house) *house {
	t.Helper()
	fresh := *h
	fresh.DB = h.engine.Open(t)
	return &fresh
}

func (h *house) apply(file string, mode setup.Mode) ([]string, error) {
	h.Helper()
	f, err := setup.ParseFile([]byte(file))
	if err != nil {
		return nil, err
	}
	changes, err := h.Apply(h.Context(), f, setup.Files(h.dir), setup.Options{Mode: mode})
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.String())
	}
	return lines, err
}

func (h *house) must(file string) []string {
	h.Helper()
	lines, err := h.apply(file, setup.Commit)
	if err != nil {
		h.Fatal(err)
	}
	return lines
}

const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

// whole uses every key of an apply file. The child stands before its parent.
const whole = `
organizations:
  - {key: acme-emea, name: Acme EMEA, parent: acme}
  - key: acme
    name: Acme Ltd
    state: active
    entitlements: [sso, scim]
    domains: [{name: ACME.example, vouched: true, connection: acme-okta}, {name: other.example}]
    connections:
      - key: acme-okta
        name: Acme Okta
        protocol: saml
        metadata_file: idp.xml
        state: active
        first_sign_in: match
        defaults: {role: restricted, groups: [new], organizations: [acme, acme-emea]}
        attributes: {subject: uid, email: mail, first_name: givenName, last_name: sn, username: uid, groups: memberOf}
        sp_entity_id: "https://old.example/sp"
        sign_requests: always
        nameid_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
        force_authn: true
        legacy: [{switch: sha1, until: 2027-01-31}]
    policy: {sso: required, mfa: owners, mfa_after_sso: ask, exempt: [Root@Other.example], ip_allow: [192.0.2.0/24, "2001:db8::1"], inactive_after: 90d, session_idle: 30m, session_life: 12h}
    users:
      - {username: alice, email: alice@acme.example, first_name: Alice, last_name: Archer, role: owner, groups: [a, b], password_hash: "` + hash + `"}
      - {email: bob@acme.example, state: suspended}
apps:
  - {key: portal, name: Portal, client_id: portal-1, client_secret_file: app.secret, redirect_uris: ["https://app.example/cb"]}
  - {key: spa, redirect_uris: ["http://127.0.0.1/cb"]}
`

func eachEngine(t *testing.T, test func(t *testing.T, h *house)) {
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newHouse(t, e))
		})
	}
}

func TestApplyStoresWhatTheFileSaysAndThenNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		dry, err := h.apply(whole, setup.DryRun)
		if err != nil {
			t.Fatal(err)
		}
		first := h.must(whole)
		if len(first) != 10 || strings.Join(dry, "\n") != strings.Join(first, "\n") {
			t.Fatalf("the dry run says\n%s\nand the run does\n%s", strings.Join(dry, "\n"), strings.Join(first, "\n"))
		}
		if again := h.must(whole); len(again) != 0 {
			t.Fatalf("the second time: %q, want nothing", again)
		}
		err = h.DB.Read(t.Context(), func(r *store.Reader) error {
			ctx := t.Context()
			acme, err := r.OrganizationByKey(ctx, "acme")
			if err != nil {
				return err
			}
			emea, err := r.OrganizationByKey(ctx, "acme-emea")
			if err != nil {
				return err
			}
			if emea.Parent() != acme.ID || acme.Policy.SSO != sso.SSORequired || acme.Policy.Exempt[0] != "root@other.example" || acme.Policy.IPAllow[1].String() != "2001:db8::1/128" || acme.Policy.InactiveAfter.Std() != 90*24*time.Hour {
				t.Errorf("organizations %+v, %+v", acme, emea)
			}
			c, err := r.ConnectionByKey(ctx, "acme-okta")
			if err != nil {
				return err
			}
			if c.SAML.IdPEntityID != "https://idp.example/metadata" || len(c.SAML.Certificates) != 1 || !c.SignsRequests() || len(c.Defaults.Organizations) != 2 || c.Attributes.Subject != "uid" || len(c.SAML.LegacyOn(time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC))) != 1 || len(c.SAML.LegacyOn(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))) != 0 {
				t.Errorf("connection %+v", c)
			}
			d, err := r.VerifiedDomain(ctx, "acme.example")
			if err != nil {
				return err
			}
			if d.Org != acme.ID || d.Proof != sso.ProofVouched || d.Connection != c.ID {
				t.Errorf("domain %+v", d)
			}
			alice, err := r.Org(acme.ID).UserByUsername(ctx, "alice")
			if err != nil {
				return err
			}
			m, err := r.Org(acme.ID).Membership(ctx, alice.ID)
			if err != nil {
				return err
			}
			if alice.PasswordHash != hash || m.Role != sso.RoleOwner || len(m.Groups) != 2 {
				t.Errorf("user %+v, membership %+v", alice, m)
			}
			portal, err := r.AppByClientID(ctx, "portal-1")
			if err != nil {
				return err
			}
			spa, err := r.AppByClientID(ctx, "spa")
			if portal.Public() || !spa.Public() {
				t.Errorf("apps %+v, %+v", portal, spa)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestApplySaysWhatItChanges(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(whole)
		for change, want := range map[[2]string]string{
			{"name: Acme Ltd", "name: Acme"}:                        "organization acme: changed name",
			{"first_sign_in: match", "first_sign_in: create"}:       "connection acme-okta: changed first_sign_in",
			{"vouched: true", "vouched: false"}:                     "domain acme.example: changed vouched, state",
			{"role: owner", "role: admin"}:                          "membership alice in acme: changed role",
			{"last_name: Archer", "last_name: Bow"}:                 "user alice: changed last_name",
			{"https://app.example/cb", "https://app.example/other"}: "app portal: changed redirect_uris",
			{"sso: required", "sso: optional"}:                      "organization acme: changed policy.sso",
			{"state: suspended", "state: active"}:                   "user bob@acme.example: changed state",
		} {
			got := h.must(strings.Replace(whole, change[0], change[1], 1))
			if len(got) != 1 || got[0] != want {
				t.Errorf("%q: %q, want %q", change[1], got, want)
			}
			h.must(whole)
		}
		// What is not mentioned stays.
		if got := h.must(`organizations: [{key: new}]`); len(got) != 1 || got[0] != "organization new: created" {
			t.Errorf("a new organization alone: %q", got)
		}
		if got := h.must(whole); len(got) != 0 {
			t.Errorf("after it: %q, want everything as it was", got)
		}
	})
}

// until returns metadata that are good until then.
func until(t testing.TB, metadata []byte, end string) string {
	t.Helper()
	text := strings.Replace(string(metadata), " entityID=", ` validUntil="`+end+`" entityID=`, 1)
	if text == string(metadata) {
		t.Fatal("the metadata have no entity ID")
	}
	return text
}

func TestMetadataAreTakenUntilTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	const text = `organizations: [{key: acme, name: Acme, connections: [{key: acme-okta, metadata_file: good.xml, vendor: ""}]}]`
	eachEngine(t, func(t *testing.T, h *house) {
		file := filepath.Join(h.dir, "good.xml")
		metadata, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		okta := regexp.MustCompile(`entityID="[^"]*"`).ReplaceAll(metadata, []byte(`entityID="http://www.okta.com/exk1fxp1ax2SDgHY30h8"`)) // which is recognised
		if err := os.WriteFile(file, okta, 0o600); err != nil {
			t.Fatal(err)
		}
		h.must(text)
		good := h.Now
		h.Now = func() time.Time { return good().Add(time.Second) }
		if again := h.must(text); len(again) != 0 { // what was taken does not make the file wrong
			t.Errorf("applied once more, it changes %v", again)
		}
		h.must(strings.Replace(text, "name: Acme", "name: Acme Ltd", 1))
		_, err = h.apply(strings.Replace(text, "acme-okta", "acme-other", 1), setup.Commit)
		if !fault.Is(err, "metadata_expired") {
			t.Errorf("another connection by metadata of the past: %v, want metadata_expired", err)
		}
	})
}

func TestApplyRefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: globex, domains: [{name: taken.example, vouched: true}], connections: [{key: globex-idp}]}]`)
		for name, tc := range map[string]struct{ old, text, code string }{
			"a bad key":                      {"key: acme-emea", "key: Acme_EMEA", "key_form"},
			"the key of a page":              {"key: acme-emea", "key: continue", "key_reserved"},
			"one key twice":                  {"key: acme-emea, name: Acme EMEA, parent: acme", "key: acme", "apply_twice"},
			"an unknown parent":              {"parent: acme}", "parent: nobody}", "organization_unknown"},
			"a circle":                       {"    name: Acme Ltd", "    parent: acme-emea", "organization_cycle"},
			"an unknown entitlement":         {"[sso, scim]", "[sso, everything]", "apply_value"},
			"an unknown state":               {"state: active\n    ent", "state: sleeping\n    ent", "apply_value"},
			"a public mail domain":           {"other.example}]", "gmail.com}]", "domain_public_mail"},
			"another's verified domain":      {"name: other.example", "name: taken.example, vouched: true", "domain_taken"},
			"a domain for another's route":   {"connection: acme-okta", "connection: globex-idp", "connection_unknown"},
			"a domain for what is above":     {"parent: acme}", "parent: acme, domains: [{name: emea.example, connection: acme-okta}]}", "connection_unknown"},
			"another's connection key":       {"- key: acme-okta", "- key: globex-idp", "connection_key_taken"},
			"metadata that is not there":     {"idp.xml", "missing.xml", "apply_file"},
			"a web page for metadata":        {"idp.xml", "page.html", "metadata_html"},
			"metadata of the past":           {"idp.xml", "past.xml", "metadata_expired"},
			"metadata in two places":         {"metadata_file: idp.xml", "metadata_file: idp.xml\n        metadata: x", "apply_value"},
			"active without metadata":        {"metadata_file: idp.xml", "metadata: ''", "connection_incomplete"},
			"a mode that does not exist yet": {"first_sign_in: match", "first_sign_in: guess", "apply_value"},
			"tiles at a shared address":      {"force_authn: true", "idp_initiated: true\n        shared_acs: true", "connection_tile_shared"},
			"an unknown role by default":     {"role: restricted", "role: king", "role_unknown"},
			"defaults in another tree":       {"organizations: [acme, acme-emea]", "organizations: [globex]", "defaults_tree"},
			"an unknown legacy switch":       {"switch: sha1", "switch: md5", "apply_value"},
			"a legacy switch for ever":       {"until: 2027-01-31", "until: never", "apply_value"},
			"an unknown enforcement":         {"sso: required", "sso: always", "apply_value"},
			"an exempt that is no address":   {"Root@Other.example", "root", "ident_email"},
			"a network that is none":         {"192.0.2.0/24", "192.0.2.0/33", "apply_value"},
			"a length of time that is none":  {"90d", "soon", "apply_value"},
			"a user without a name":          {"email: bob@acme.example, state", "state", "ident_email"},
			"a username with @":              {"username: alice", "username: a@b", "username_form"},
			"a password in the clear":        {hash, "secret", "password_hash"},
			"an unknown role":                {"role: owner", "role: Owner", "role_unknown"},
			"a short secret":                 {"app.secret", "short.secret", "app_secret"},
			"a client ID with a colon":       {"client_id: portal-1", "client_id: 'a:b'", "app_client_id"},
			"another app's client ID":        {"key: spa,", "key: spa, client_id: portal-1,", "app_client_id_taken"},
			"a redirect URI over plain http": {"https://app.example/cb", "http://app.example/cb", "app_redirect_uri"},
			"no redirect URI":                {`["http://127.0.0.1/cb"]`, "[]", "app_redirect_uri"},
			"an unknown key":                 {"name: Acme Ltd", "nmae: Acme Ltd", "apply_yaml"},
			"a value of another kind":        {"name: Acme Ltd", "name: [Acme]", "apply_yaml"},
			"a second document":              {"apps:\n", "---\napps:\n", "apply_yaml"},
			"metadata by plain http":         {"metadata_file: idp.xml", "metadata_url: http://idp.example/", "fetch_url"},
		} {
			if !strings.Contains(whole, tc.old) {
				t.Fatalf("%s: the file has no %q", name, tc.old)
			}
			_, err := h.apply(strings.Replace(whole, tc.old, tc.text, 1), setup.Commit)
			if !says(err, tc.code) {
				t.Errorf("%s: Apply() = %v, want %s", name, err, tc.code)
			}
		}
		if changes := h.must(whole); len(changes) != 10 {
			t.Fatalf("after all refusals the file changes %q, want everything: a refused file must leave nothing", changes)
		}
	})
}

func TestChosenPasswordSurvives(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(whole)
		without := strings.Replace(whole, `, password_hash: "`+hash+`"`, "", 1)
		if got := h.must(without); len(got) != 0 {
			t.Errorf("a file without the password: %q, want nothing changed", got)
		}
	})
}

// A file is read or refused with a fault, and never panics.
func FuzzParseFile(f *testing.F) {
	f.Add(whole)
	f.Add("organizations: [{key: a}]\n---\n")
	f.Add("organizations: &a [*a]")
	f.Add("roles: [&a {<<: [*a, {key: x}], key: y}]")
	f.Add("organizations: [{entitlements: [sso, {name: scim, plan: x}], policy: {<<: &p {sso: off}}}, {policy: *p}]")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := setup.ParseFile([]byte(text)); err != nil && !fault.Is(err, "apply_yaml") && !fault.Is(err, "apply_size") {
			t.Fatalf("ParseFile() = %v, want a fault", err)
		}
	})
}

// The identity provider writes an address with capitals; the operator's file
// does not. They are one address, and neither undoes the other.
func TestApplyLeavesTheSpellingOfAnAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: acme, users: [{username: carol, email: Carol.Zoe@Acme.example}]}]`)
		if got := h.must(`organizations: [{key: acme, users: [{username: carol, email: carol.zoe@acme.example}]}]`); len(got) != 0 {
			t.Errorf("the same address: %q, want nothing changed", got)
		}
		if got := h.must(`organizations: [{key: acme, users: [{username: carol, email: carol@acme.example}]}]`); len(got) != 1 {
			t.Errorf("another address: %q, want it changed", got)
		}
	})
}

func TestMovedOrganizationLeavesNoDomainBehind(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`
organizations:
  - {key: acme, domains: [{name: acme.example, vouched: true, connection: apac-idp}]}
  - {key: apac, parent: acme, connections: [{key: apac-idp}]}
`)
		if _, err := h.apply(`organizations: [{key: apac, parent: ""}]`, setup.Commit); !fault.Is(err, "connection_unknown") {
			t.Errorf("moving what a domain names = %v, want connection_unknown", err)
		}
		h.must(`organizations: [{key: apac, parent: ""}, {key: acme, domains: [{name: acme.example, connection: ""}]}]`)
	})
}

func TestDomainChangesHandsInOneFile(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, h *house) {
		h.must(`organizations: [{key: acme, domains: [{name: acme.example, vouched: true}]}]`)
		h.must(`organizations: [{key: buyer, domains: [{name: acme.example, vouched: true}]}, {key: acme, domains: [{name: acme.example, vouched: false}]}]`)
	})
}

// says reports whether one of the mistakes of a file has this code.
func says(err error, code string) bool {
	mistakes, ok := errors.AsType[setup.Mistakes](err)
	return ok && slices.ContainsFunc(mistakes, func(m *setup.Mistake) bool { return fault.Is(m, code) })
}
