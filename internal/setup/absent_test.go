package setup_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// read hands the test what is stored.
func (h *house) read(fn func(ctx context.Context, r *store.Reader) error) {
	h.Helper()
	if err := h.DB.Read(h.Context(), func(r *store.Reader) error { return fn(h.Context(), r) }); err != nil {
		h.Fatal(err)
	}
}

func (h *house) organization(key string) (o sso.Organization) {
	h.Helper()
	h.read(func(ctx context.Context, r *store.Reader) (err error) {
		o, err = r.OrganizationByKey(ctx, key)
		return err
	})
	return o
}

func (h *house) connection(key string) (c sso.Connection) {
	h.Helper()
	h.read(func(ctx context.Context, r *store.Reader) (err error) {
		c, err = r.ConnectionByKey(ctx, key)
		return err
	})
	return c
}

func (h *house) person(org, username string) (u sso.User, m sso.Membership) {
	h.Helper()
	id := h.organization(org).ID
	h.read(func(ctx context.Context, r *store.Reader) (err error) {
		if u, err = r.Org(id).UserByUsername(ctx, username); err != nil {
			return err
		}
		m, err = r.Org(id).Membership(ctx, u.ID)
		return err
	})
	return u, m
}

// What a file mentions only by name keeps all that it has.
func TestAbsentIsUnchanged(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(strings.Replace(whole, "state: active\n    ent", "state: suspended\n    ent", 1))
		for name, file := range map[string]string{
			"an organization":         `organizations: [{key: acme}]`,
			"one below another":       `organizations: [{key: acme-emea}]`,
			"a parent and its child":  `organizations: [{key: acme-emea}, {key: acme}]`,
			"an empty policy":         `organizations: [{key: acme, policy: {}}]`,
			"nothing in place of it":  `organizations: [{key: acme, name: , state: , entitlements: , parent: , policy: , users: }]`,
			"a domain":                `organizations: [{key: acme, domains: [{name: acme.example}]}]`,
			"a connection":            `organizations: [{key: acme, connections: [{key: acme-okta}]}]`,
			"a connection, half said": `organizations: [{key: acme, connections: [{key: acme-okta, defaults: {role: restricted}, attributes: {email: mail}}]}]`,
			"a user by username":      `organizations: [{key: acme, users: [{username: alice}]}]`,
			"a user by address":       `organizations: [{key: acme, users: [{email: alice@acme.example}, {email: bob@acme.example}]}]`,
			"an app":                  `apps: [{key: portal}, {key: spa}]`,
			"a secret that is kept":   `apps: [{key: portal, public: false}]`,
		} {
			if got := h.must(file); len(got) != 0 {
				t.Errorf("%s: %q, want nothing changed", name, got)
			}
		}
	})
}

// One thing said changes that one thing, in what has others too.
func TestOneThingSaidChangesThatAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(whole)
		for _, tc := range []struct {
			file, want string
		}{
			{`organizations: [{key: acme, policy: {mfa: off}}]`, "organization acme: changed policy.mfa"},
			{`organizations: [{key: acme, state: suspended}]`, "organization acme: changed state"},
			{`organizations: [{key: acme, connections: [{key: acme-okta, force_authn: false}]}]`, "connection acme-okta: changed force_authn"},
			{`organizations: [{key: acme, connections: [{key: acme-okta, defaults: {groups: []}}]}]`, "connection acme-okta: changed defaults.groups"},
			{`organizations: [{key: acme, connections: [{key: acme-okta, attributes: {subject: ""}}]}]`, "connection acme-okta: changed attributes.subject"},
			{`organizations: [{key: acme, users: [{username: alice, state: suspended}]}]`, "user alice: changed state"},
			{`organizations: [{key: acme, users: [{username: alice, groups: [c]}]}]`, "membership alice in acme: changed groups"},
			{`apps: [{key: portal, name: Door}]`, "app portal: changed name"},
		} {
			if got := h.must(tc.file); len(got) != 1 || got[0] != tc.want {
				t.Errorf("%s: %q, want %q", tc.file, got, tc.want)
			}
		}
		acme, c := h.organization("acme"), h.connection("acme-okta")
		if p := acme.Policy; p.SSO != sso.SSORequired || p.MFA != sso.MFAOff || len(p.Exempt) != 1 || len(p.IPAllow) != 2 || p.InactiveAfter == 0 || len(acme.Entitlements) != 2 {
			t.Errorf("organization %+v, want all but mfa and state as it was", acme)
		}
		if c.State != sso.ConnectionActive || len(c.SAML.Certificates) != 1 || c.SAML.ForceAuthn || c.SAML.SPEntityID == "" || c.SAML.SignRequests != sso.SignAlways || len(c.SAML.Legacy) != 1 {
			t.Errorf("connection %+v, want all but force_authn as it was", c)
		}
		if c.Defaults.Role != sso.RoleRestricted || len(c.Defaults.Organizations) != 2 || c.Attributes != (sso.AttributeMap{Email: "mail", FirstName: "givenName", LastName: "sn", Username: "uid", Groups: "memberOf"}) {
			t.Errorf("defaults %+v and attributes %+v, want all but the groups and the subject as they were", c.Defaults, c.Attributes)
		}
		u, m := h.person("acme", "alice")
		if u.Email.String() != "alice@acme.example" || u.PasswordHash != hash || u.FirstName != "Alice" || m.Role != sso.RoleOwner {
			t.Errorf("user %+v, membership %+v, want all but state and groups as it was", u, m)
		}
	})
}

// To take something away, a file says so.
func TestEmptyIsSaid(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(whole)
		const file = `
organizations:
  - key: acme
    entitlements: []
    policy: {exempt: [], ip_allow: [], inactive_after: "", session_idle: "", session_life: ""}
    domains: [{name: acme.example, connection: ""}]
    connections:
      - key: acme-okta
        state: disabled
        metadata: ""
        defaults: {groups: [], organizations: []}
        sp_entity_id: ""
        nameid_format: ""
        sign_requests: auto
        legacy: []
    users: [{username: alice, first_name: "", last_name: "", email: "", groups: [], password_hash: ""}, {username: "", email: bob@acme.example}]
  - {key: acme-emea, parent: ""}
apps: [{key: portal, public: true}]
`
		h.must(file)
		if again := h.must(file); len(again) != 0 {
			t.Errorf("the second time: %q, want nothing", again)
		}
		acme, c := h.organization("acme"), h.connection("acme-okta")
		if p := acme.Policy; len(acme.Entitlements) != 0 || !reflect.DeepEqual(p, sso.Policy{SSO: sso.SSORequired, MFA: sso.MFAOwners, MFAAfterSSO: sso.SSOFactorAsk, Exempt: p.Exempt, IPAllow: p.IPAllow}) || len(p.Exempt)+len(p.IPAllow) != 0 {
			t.Errorf("organization %+v", acme)
		}
		if s := c.SAML; s.IdPEntityID != "" || len(s.Certificates)+len(s.Endpoints)+len(s.Legacy)+len(c.Defaults.Groups)+len(c.Defaults.Organizations) != 0 || s.SPEntityID+s.NameIDFormat != "" || s.SignRequests != sso.SignAuto || !s.ForceAuthn {
			t.Errorf("connection %+v", c)
		}
		if u, m := h.person("acme", "alice"); u.Name() != "alice" || !u.Email.IsZero() || u.PasswordHash != "" || len(m.Groups) != 0 || m.Role != sso.RoleOwner {
			t.Errorf("user %+v, membership %+v", u, m)
		}
		if path := h.organization("acme-emea").Path; len(path) != 1 {
			t.Errorf("acme-emea stands at %v, want it at the root", path)
		}
		h.read(func(ctx context.Context, r *store.Reader) error {
			app, err := r.AppByClientID(ctx, "portal-1")
			if !app.Public() {
				t.Errorf("app %+v, want a public client", app)
			}
			return err
		})
	})
}

// What is new gets the default of what its file leaves out.
func TestNewThingsGetDefaults(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`
organizations: [{key: new, connections: [{key: new-idp}], domains: [{name: new.example}], users: [{username: nina}]}]
apps: [{key: web, redirect_uris: ["https://web.example/cb"]}]`)
		o, c := h.organization("new"), h.connection("new-idp")
		u, m := h.person("new", "nina")
		if o.Name != "new" || o.State != sso.OrgActive || len(o.Path) != 1 || len(o.Entitlements) != 0 || c.Name != "new" || c.Protocol != sso.ProtocolSAML || c.State != sso.ConnectionDraft ||
			c.FirstSignIn != sso.FirstCreate || c.Defaults.Role != sso.RoleMember || u.State != sso.UserActive || m.Role != sso.RoleMember {
			t.Errorf("organization %+v, connection %+v, user %+v, membership %+v", o, c, u, m)
		}
		h.read(func(ctx context.Context, r *store.Reader) error {
			d, err := r.Org(o.ID).Domain(ctx, "new.example")
			if err != nil || d.State != sso.DomainInReview {
				t.Errorf("domain %+v", d)
			}
			app, _ := r.AppByClientID(ctx, "web")
			if !app.Public() || app.Name != "web" {
				t.Errorf("app %+v", app)
			}
			return err
		})
	})
}

// The example of the documentation is applied as it stands, with the files
// that it names beside it.
func TestDocumentedExampleWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "apply.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	if !found || !strings.Contains(example, "apps:") {
		t.Fatal("docs/apply.md has no example of an apply file")
	}
	const placeholder = `# password_hash: "$argon2id$…"`
	if !strings.Contains(example, placeholder) {
		t.Fatalf("the example has no line %q", placeholder)
	}
	eachEngine(t, func(t *testing.T, h *house) {
		for from, to := range map[string]string{"idp.xml": "okta.xml", "app.secret": "portal.secret"} {
			if err := os.Rename(filepath.Join(h.dir, from), filepath.Join(h.dir, to)); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range []string{
			example,
			// As argon2(1) of Debian prints it, with the options of the documentation.
			strings.Replace(example, placeholder, `password_hash: "$argon2id$v=19$m=19456,t=2,p=1$MWJiYmYxMWY1MzkwZmRhNTNhOTg0MjA2NmYwMGE1ZTM$Ub/mn6RkBp0+/U1L8D3L5WSEcgNkyRYYzAec/lCY6yA"`, 1),
		} {
			if got := h.must(file); len(got) == 0 {
				t.Error("nothing was changed, want the first time to")
			}
			if again := h.must(file); len(again) != 0 {
				t.Errorf("the second time: %q, want nothing", again)
			}
		}
		if u, _ := h.person("acme", "root"); u.PasswordHash == "" {
			t.Error("the user has no password")
		}
		if _, err := h.apply(example, setup.DryRun); err != nil {
			t.Error(err)
		}
	})
}

// What the documentation shows of a file is one.
func TestDocumentedPartsAreFiles(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "apply.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "```yaml\n")[1:]
	for _, part := range parts {
		text, _, _ := strings.Cut(part, "```")
		if _, err := setup.ParseFile([]byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if len(parts) < 2 {
		t.Errorf("%d parts, want several", len(parts))
	}
}

// Every key that a file may have stands in the documentation.
func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "apply.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := f.Tag.Get("yaml")
			if key == "" {
				continue
			}
			if n++; !strings.Contains(string(page), key) {
				t.Errorf("docs/apply.md says nothing of the key %s of %v", key, typ)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[setup.File]())
	if n < 60 {
		t.Errorf("%d keys are found: the search is broken", n)
	}
}

// write changes what is stored behind the back of the file.
func (h *house) write(fn func(ctx context.Context, tx *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), func(tx *store.Writer) error { return fn(h.Context(), tx) }); err != nil {
		h.Fatal(err)
	}
}
