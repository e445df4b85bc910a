package setup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func (h *house) export(hashes setup.Hashes) string {
	h.Helper()
	var b bytes.Buffer
	if err := h.Export(h.Context(), &b, hashes); err != nil {
		h.Fatal(err)
	}
	return b.String()
}

// logo is a small picture in base64.
func logo(t testing.TB) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(picture(t))
}

func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	m.Set(1, 1, color.NRGBA{R: 200, G: 20, B: 90, A: 120})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rich is a deployment with everything that a file can say.
func rich(t testing.TB) string {
	return `
roles:
  - {key: auditor, name: "Auditor: reads", description: "sees\nwhat is"}
  - {key: approver}
` + strings.NewReplacer(
		"    name: Acme Ltd\n", `    name: Acme Ltd
    brand: {accent: "#0A6B5E", logo: `+logo(t)+`}
    groups: [{name: Ops, description: who keeps it running}, {name: ops}, {name: "on"}, {name: "1:2"}]
`,
		"entitlements: [sso, scim]", "entitlements: [{name: sso, plan: Enterprise}, scim]",
		"{name: other.example}", "{name: other.example}, {name: strict.example, vouched: true, password: false}",
		"sso: required", "sso: pilot, pilot: [Ops, a]",
		"defaults: {role: restricted,", "defaults: {keep_profile: true, mapping: {on: true, rows: [{group: Platform, role: auditor, groups: [ops]}, {group: 5a1b0c2d-0000-4abc-8def-0123456789ab, label: All, groups: [Ops]}]}, role: restricted,",
		"role: owner, groups: [a, b]", "role: owner, language: de, groups: [a, b], access: [{organization: acme-emea, role: auditor, groups: [x]}]",
		"organizations:\n", "organizations:\n  - {key: calm, policy: {sso: off}, domains: [{name: partner.example, vouched: true, sso: false}]}\n",
		"app.secret, redirect_uris", "app.secret, brand: {name: The Portal, logo: "+logo(t)+"}, redirect_uris",
		"    users:\n", "    webhooks: [{url: \"https://hooks.acme.example/in\", note: people, events: [user.*, membership.saved], state: disabled}]\n    users:\n",
	).Replace(strings.Replace(whole, "users:\n", "users:\n      - {username: Zoë, first_name: \"O'Neil: \\\"Z\\\"\", last_name: 'yes', groups: [b]}\n", 1)) + `
webhooks: [{url: "https://events.vendor.example/"}, {url: "https://events.vendor.example/", note: second}]
streams: [{kind: http, target: "https://siem.example/in", note: SIEM, organization: calm, state: disabled}, {kind: syslog-tls, target: "siem.example:6514"}]
`
}

func TestExportSaysAllAndApplyBringsItBack(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			one, two := newHouse(t, e), newHouse(t, e)
			one.must(rich(t))
			said := one.export(setup.WithHashes)
			if again := one.must(said); len(again) != 0 {
				t.Errorf("an export applied to where it is from: %q, want nothing", again)
			}
			two.must(said)
			if diff := cmp.Diff(said, two.export(setup.WithHashes)); diff != "" {
				t.Errorf("the export of a deployment made by an export (-first +second):\n%s", diff)
			}
			if again := two.must(said); len(again) != 0 {
				t.Errorf("the second time: %q, want nothing", again)
			}
			for _, part := range []string{
				"plan: Enterprise", "accent: '#0a6b5e'", "pilot: [Ops, a]", "parent: acme", "sso: false", "sso: off", "password: false", "organization: acme-emea", "role: auditor",
				"label: All", "events: [membership.saved, user.*]", "language: de", hash, "switch: sha1", "until: \"2027-01-31\"", "ip_allow: [192.0.2.0/24, '2001:db8::1/128']", "client_secret_hashes:", "sha256:",
			} {
				if !strings.Contains(said, part) {
					t.Errorf("the export has no %q:\n%s", part, said)
				}
			}
		})
	}
}

// Without being asked for them, an export holds nothing by which anybody could
// be impersonated.
func TestExportKeepsHashesToItself(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(rich(t))
		said := h.export(setup.WithoutHashes)
		for _, secret := range []string{"argon2", "sha256", "password_hash", "client_secret_hash"} {
			if strings.Contains(said, secret) {
				t.Errorf("the export has %q:\n%s", secret, said)
			}
		}
		if !strings.Contains(said, "client_secret_file: portal.secret") {
			t.Errorf("the export does not say where the secret of the app goes:\n%s", said)
		}
		if again := h.must(strings.ReplaceAll(said, "portal.secret", "app.secret")); len(again) != 0 {
			t.Errorf("applied where it is from: %q, want nothing", again)
		}
	})
}

// An export of a deployment in which nothing was chosen takes back what was chosen
// since.
func TestAnExportTakesBackWhatWasSetSince(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: acme}]`)
		before := h.export(setup.WithoutHashes)
		if got := h.must(before); len(got) != 0 {
			t.Errorf("applied where it is from: %q, want nothing", got)
		}
		h.must(`organizations: [{key: acme, entitlements: [sso], policy: {sso: optional, mfa: required, mfa_after_sso: ask, managed: true, session_idle: 1h}}]`)
		if got := h.must(before); !slices.Equal(got, []string{"organization acme: changed entitlements, policy.sso, policy.mfa, policy.mfa_after_sso, policy.session_idle, policy.managed"}) {
			t.Errorf("taken back: %q", got)
		}
		if after := h.export(setup.WithoutHashes); after != before {
			t.Errorf("wanted -, got +\n%s", cmp.Diff(before, after))
		}
		// Below one that says off, to say nothing is not to say optional.
		if got := h.must(`organizations: [{key: acme, policy: {mfa: optional}}]`); len(got) != 1 {
			t.Errorf("optional after nothing: %q, want a change", got)
		}
	})
}

// The same holds of deployments that nobody thought of.
func TestEveryExportComesBack(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9 .:#'"{}\[\],&*!|>%@-]{1,30}`), rapid.SampledFrom([]string{"yes", "on", "null", "~", "1e3", "0x1F", "2027-01-31", "- a", "a: b", "é中😀", " x", "x ", "#", "|", "<<"}),
	)
	keys := rapid.StringMatching(`[a-z][a-z0-9]{0,9}`)
	h := newHouse(t, storetest.Engines(t)[0]) // the other engine keeps the same; each try takes two databases
	rapid.Check(t, func(rt *rapid.T) {
		one, two := freshHouse(t, h), freshHouse(t, h)
		f := setup.File{}
		names := rapid.SliceOfNDistinct(keys, 1, 4, rapid.ID).Draw(rt, "organizations")
		for i, key := range names {
			o := setup.Organization{Key: "o-" + key, Name: text(texts.Draw(rt, "name"))}
			if i > 0 && rapid.Bool().Draw(rt, "below") {
				o.Parent = text("o-" + names[rapid.IntRange(0, i-1).Draw(rt, "parent")])
			}
			for _, name := range rapid.SliceOfNDistinct(keys, 0, 5, rapid.ID).Draw(rt, "users") {
				u := setup.User{Username: &name, FirstName: text(texts.Draw(rt, "first")), LastName: text(texts.Draw(rt, "last")), Role: text(rapid.SampledFrom([]string{"owner", "member", "restricted"}).Draw(rt, "role"))}
				if rapid.Bool().Draw(rt, "address") {
					u.Email = text(name + "@" + key + ".example")
				}
				o.Users = append(o.Users, u)
			}
			o.Policy.SessionIdle = text(fmt.Sprintf("%ds", rapid.IntRange(1, 100_000).Draw(rt, "idle")))
			f.Organizations = append(f.Organizations, o)
		}
		if _, err := one.Apply(t.Context(), &f, setup.Files(h.dir), setup.Options{}); err != nil {
			rt.Fatal(err)
		}
		said := one.export(setup.WithHashes)
		parsed, err := setup.ParseFile([]byte(said))
		if err != nil {
			rt.Fatalf("the export is refused: %v\n%s", err, said)
		}
		if changes, err := one.Apply(t.Context(), parsed, setup.Files(h.dir), setup.Options{}); err != nil || len(changes) != 0 {
			rt.Fatalf("where it is from it changes %v, %v\n%s", changes, err, said)
		}
		if _, err := two.Apply(t.Context(), parsed, setup.Files(h.dir), setup.Options{}); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(said, two.export(setup.WithHashes)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func text(s string) *string { return &s }

func TestMistakesAreFoundTogether(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		_, err := h.apply(`
organizations:
  - key: acme
    state: asleep
    policy: {mfa: sometimes, exempt: [a@x.example, nobody]}
  - key: Globex
    users: [{username: a@b}]
  - key: other
    connections: [{key: c1, state: on}]
    domains: [{name: other.example, connection: c1}, {name: gmail.com}]
    users: [{username: bo, role: king}, {}]
apps:
  - {key: p, redirect_uris: ["https://a.example/", "http://b.example/"]}
`, setup.Commit)
		if err == nil {
			t.Fatal("a file full of mistakes is applied")
		}
		var got []string
		for line := range strings.SplitSeq(err.Error(), "\n") {
			place, _, _ := strings.Cut(line, ": ")
			got = append(got, place+" "+fault.From(fmt.Errorf("%w", codeIn(line))).Got)
		}
		want := []string{"4:12 apply_value", "5:19 apply_value", "5:52 ident_email", "6:10 key_form", "9:36 apply_value", "10:61 domain_public_mail", "11:34 role_unknown", "11:41 ident_email", "13:52 app_redirect_uri"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mistakes (-want +got):\n%s\n%v", diff, err)
		}
	})
}

// codeIn returns the code of a line that says a mistake.
func codeIn(line string) error {
	for part := range strings.SplitSeq(line, ": ") {
		if strings.Contains(part, "_") && !strings.Contains(part, " ") {
			return &fault.Error{Got: part}
		}
	}
	return &fault.Error{}
}

const pruned = `
roles: [{key: kept}]
organizations:
  - key: acme
    domains: [{name: kept.example}]
    connections: [{key: kept}]
    groups: [{name: kept}]
    users: [{username: kept, role: owner}]
apps: [{key: kept, redirect_uris: ["https://app.example/"]}]
`

func TestPruneDeletesWhatListsLeaveOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(strings.NewReplacer(
			"[{key: kept}]", "[{key: kept}, {key: gone}]", "{name: kept.example}", "{name: kept.example}, {name: gone.example}", "{name: kept}", "{name: kept}, {name: gone}",
			"{username: kept,", "{username: gone, email: gone@acme.example}, {username: kept,", "{key: kept, redirect", "{key: gone, redirect_uris: [\"https://gone.example/\"]}, {key: kept, redirect",
		).Replace(pruned) + "\n")
		prune := func(file string) []string {
			t.Helper()
			f, err := setup.ParseFile([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			changes, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, c := range changes {
				lines = append(lines, c.String())
			}
			return lines
		}
		if got := h.must(pruned); len(got) != 0 {
			t.Errorf("without prune: %q, want nothing", got)
		}
		if got := prune(`organizations: [{key: acme}]`); len(got) != 0 {
			t.Errorf("a file without lists: %q, want nothing", got)
		}
		want := []string{"user gone in acme: deleted", "domain gone.example of acme: deleted", "connection gone: deleted", "group gone in acme: deleted", "app gone: deleted", "role gone: deleted"}
		if diff := cmp.Diff(want, prune(pruned)); diff != "" {
			t.Errorf("prune (-want +got):\n%s", diff)
		}
		if got := prune(pruned); len(got) != 0 {
			t.Errorf("the second time: %q, want nothing", got)
		}
	})
}

// What would shut people out, or let them in among the vendor's own, is refused.
func TestPruneAndWaysRefuse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.write(func(ctx context.Context, tx *store.Writer) error {
			id := sso.NewOrgID(h.Now())
			return tx.SaveOrganization(ctx, sso.Organization{ID: id, Key: sso.OperatorsKey, Name: "Operators", Path: []sso.OrgID{id}, State: sso.OrgActive, CreatedAt: h.Now(), UpdatedAt: h.Now()})
		})
		refuse(t, h, `organizations: [{key: acme, policy: {sso: required}}, {key: calm}]`, map[string]refusal{
			"a customer below the operators": {`organizations: [{key: acme, parent: operators}]`, `organizations: [{key: acme, parent: calm}]`, "operators_organization", nil},
			"a guest among the operators": {
				users(`{username: al, access: [{organization: operators, role: owner}]}`), users(`{username: al, access: [{organization: calm, role: owner}]}`), "apply_value", []string{"user al: access: "},
			},
			"no way for a domain": {
				`organizations: [{key: calm, domains: [{name: x.example, sso: false, password: false}]}]`, `organizations: [{key: calm, domains: [{name: x.example, sso: true, password: false}]}]`, "domain_no_way", nil,
			},
			"a domain without what is demanded": {
				`organizations: [{key: acme, domains: [{name: x.example, sso: false}]}]`, `organizations: [{key: calm, domains: [{name: x.example, sso: false}]}]`, "domain_sso_demanded", nil,
			},
			"a pilot about nobody":    {`organizations: [{key: calm, policy: {sso: pilot}}]`, `organizations: [{key: calm, groups: [{name: g}], policy: {sso: pilot, pilot: [g]}}]`, "apply_value", []string{"policy.pilot"}},
			"a pilot beside no pilot": {`organizations: [{key: calm, groups: [{name: g}], policy: {pilot: [g]}}]`, `organizations: [{key: calm, groups: [{name: g}]}]`, "apply_value", nil},
			"metadata twice": {
				`organizations: [{key: calm, connections: [{key: c, metadata_file: idp.xml, identity_provider: {entity_id: x}}]}]`, `organizations: [{key: calm, connections: [{key: c, identity_provider: {entity_id: x}}]}]`, "apply_value", nil,
			},
			"a browser sent to plain http": {
				`organizations: [{key: calm, connections: [{key: c, identity_provider: {sign_on: [{binding: post, url: "http://idp.example/"}]}}]}]`,
				`organizations: [{key: calm, connections: [{key: c, identity_provider: {sign_on: [{binding: post, url: "https://idp.example/"}]}}]}]`, "metadata_location", nil,
			},
			"a certificate that is none": {
				`organizations: [{key: calm, connections: [{key: c, identity_provider: {certificates: [MIIC]}}]}]`, `organizations: [{key: calm, connections: [{key: c, identity_provider: {certificates: []}}]}]`, "metadata_no_certificate", nil,
			},
			"a logo that is none":   {`organizations: [{key: calm, brand: {logo: bm8=}}]`, `organizations: [{key: calm, brand: {logo: ""}}]`, "brand_logo", nil},
			"a role of a page":      {`roles: [{key: owner}]`, `roles: [{key: owner-2}]`, "role_built_in", nil},
			"a language that is no": {users(`{username: al, language: "?"}`), users(`{username: al, language: de-AT}`), "language_form", nil},
		})
		prune := func(file string) error {
			f, err := setup.ParseFile([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed})
			return err
		}
		h.must(`
roles: [{key: auditor}]
organizations:
  - key: acme
    connections: [{key: live, metadata_file: idp.xml, state: active}]
    users: [{username: root, role: owner}, {username: eve, role: auditor}]
  - {key: calm, groups: [{name: g}], policy: {sso: pilot, pilot: [g]}}`)
		for name, tc := range map[string]struct{ file, code string }{
			"the last owner":            {`organizations: [{key: acme, users: [{username: eve}]}]`, "rights_last_owner"},
			"a connection that is used": {`organizations: [{key: acme, connections: []}]`, "connection_in_use"},
			"a role that somebody has":  {`roles: []`, "role_used"},
			"a group of a pilot":        {`organizations: [{key: calm, groups: []}]`, "group_pilot"},
		} {
			if err := prune(tc.file); !says(err, tc.code) {
				t.Errorf("%s: %v, want %s", name, err, tc.code)
			}
		}
	})
}

// People who come through a connection are on another list.
func TestPruneLeavesPeopleOfTheIdentityProvider(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: acme, connections: [{key: idp}], users: [{username: root, role: owner}, {username: came}, {username: gone}]}]`)
		came, _ := h.person("acme", "came")
		c := h.connection("idp")
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.Org(c.Org).InsertLink(ctx, sso.Link{Connection: c.ID, Org: c.Org, Subject: "s", User: came.ID, Issuer: "i", CreatedAt: h.Now(), SeenAt: h.Now()})
		})
		f, err := setup.ParseFile([]byte(`organizations: [{key: acme, users: [{username: root}]}]`))
		if err != nil {
			t.Fatal(err)
		}
		changes, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Prune: setup.PruneListed})
		if err != nil || len(changes) != 1 || changes[0].Name != "gone in acme" {
			t.Errorf("Apply() = %v, %v, want gone deleted alone", changes, err)
		}
	})
}

// Between the plan and the act somebody else has changed what is there.
func TestWhatWasNotAgreedToIsNotDone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.must(`organizations: [{key: acme, groups: [{name: a}]}]`)
		f, err := setup.ParseFile([]byte(`organizations: [{key: acme, groups: []}]`))
		if err != nil {
			t.Fatal(err)
		}
		how := setup.Options{Mode: setup.DryRun, Prune: setup.PruneListed}
		plan, err := h.Apply(t.Context(), f, setup.Files(h.dir), how)
		if err != nil || len(plan) != 1 {
			t.Fatalf("plan %v, %v", plan, err)
		}
		h.must(`organizations: [{key: acme, groups: [{name: b}]}]`)
		how = setup.Options{Prune: setup.PruneListed, Agreed: plan}
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), how); !says(err, "apply_moved") {
			t.Errorf("Apply() = %v, want apply_moved", err)
		}
		if plan, err = h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Mode: setup.DryRun, Prune: setup.PruneListed}); err != nil || len(plan) != 2 {
			t.Fatalf("nothing was to be done, and now the plan is %v, %v", plan, err)
		}
		how.Agreed = plan
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), how); err != nil {
			t.Errorf("as it was agreed: %v", err)
		}
	})
}

// The plan says where an identity provider would be from now on. Meanwhile it is
// elsewhere again: what the file names is not what was seen.
func TestWhatWasAgreedToIsItsValuesToo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		metadata, err := os.ReadFile(filepath.Join(h.dir, "idp.xml"))
		if err != nil {
			t.Fatal(err)
		}
		at := func(host string) {
			t.Helper()
			moved := regexp.MustCompile(`Location="https?://[^/"]+`).ReplaceAll(metadata, []byte(`Location="https://`+host))
			if err := os.WriteFile(filepath.Join(h.dir, "moves.xml"), moved, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h.must(`organizations: [{key: acme, name: Acme, connections: [{key: acme-idp, metadata_file: idp.xml}]}]`)
		f, err := setup.ParseFile([]byte(`organizations: [{key: acme, name: Acme Ltd, connections: [{key: acme-idp, metadata_file: moves.xml}]}]`))
		if err != nil {
			t.Fatal(err)
		}
		at("new.example")
		plan, err := h.Apply(t.Context(), f, setup.Files(h.dir), setup.Options{Mode: setup.DryRun, Prune: setup.PruneListed})
		if err != nil || len(plan) != 2 || !strings.Contains(strings.Join(plan[1].Details(), " "), "new.example") {
			t.Fatalf("plan %v, %v", plan, err)
		}
		how := setup.Options{Prune: setup.PruneListed, Agreed: plan}
		at("evil.example")
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), how); !says(err, "apply_moved") {
			t.Errorf("with other metadata: %v, want apply_moved", err)
		}
		at("new.example")
		h.must(`organizations: [{key: acme, name: Acme Corp}]`)
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), how); !says(err, "apply_moved") {
			t.Errorf("with another name before: %v, want apply_moved", err)
		}
		h.must(`organizations: [{key: acme, name: Acme}]`)
		if _, err := h.Apply(t.Context(), f, setup.Files(h.dir), how); err != nil {
			t.Errorf("as it was agreed: %v", err)
		}
	})
}

// broken takes so many octets and then no more.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

// An export reads as it writes: who cannot be written to is not read for.
func TestExportReadsPieceByPiece(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.Engines(t)[0])
	var file strings.Builder
	file.WriteString("organizations: [{key: acme, users: [")
	for i := range 2600 {
		fmt.Fprintf(&file, "{username: u%04d},", i)
	}
	h.must(file.String() + "]}]")
	read := func(w io.Writer, want error) int64 {
		t.Helper()
		before := h.DB.Stats().Statements
		err := h.Export(t.Context(), w, setup.WithoutHashes)
		if (err != nil) != (want != nil) {
			t.Fatalf("Export() = %v, want %v", err, want)
		}
		return h.DB.Stats().Statements - before
	}
	whole, half := read(io.Discard, nil), read(&broken{left: 50_000}, io.ErrShortWrite)
	if half >= whole {
		t.Errorf("an export that cannot be written takes %d statements, and a whole one %d", half, whole)
	}
	if people := int64(2600 / 500); whole > 20+2*people {
		t.Errorf("%d statements for 2,600 people, want few for each 500", whole)
	}
}
