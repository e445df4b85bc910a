package setup_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
)

// refusal is a file that is refused, and its accepted twin.
type refusal struct {
	file, twin string
	code       string
	says       []string // parts of the text
}

func refuse(t *testing.T, h *house, before string, cases map[string]refusal) {
	t.Helper()
	h.must(before)
	for name, tc := range cases {
		_, err := h.apply(tc.file, setup.Commit)
		if !fault.Is(err, tc.code) {
			t.Errorf("%s: Apply() = %v, want %s", name, err, tc.code)
			continue
		}
		for _, part := range tc.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want it to say %q", name, err, part)
			}
		}
		if f := fault.From(err); f.Want == "" || f.Got == "" {
			t.Errorf("%s: %v, want both what was wanted and what came", name, err)
		}
		if _, err := h.apply(tc.twin, setup.DryRun); err != nil {
			t.Errorf("%s: the accepted twin: %v", name, err)
		}
	}
}

// users is a file with these people of acme.
func users(list string) string { return `organizations: [{key: acme, users: [` + list + `]}]` }

func TestNobodyIsDoubledOrRenamedSilently(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		refuse(t, h, users(`{username: al, email: al@x.example}, {username: bo, email: bo@x.example}, {email: carl@x.example}`), map[string]refusal{
			"a new username for an address": {
				users(`{username: alice, email: al@x.example}`), users(`{username: alice, email: alice@x.example}`),
				"ident_conflict", []string{"organization acme: user alice: ", "the username al, which the user with this address has", `got "alice"`},
			},
			"the address of another user": {
				users(`{username: al, email: bo@x.example}`), users(`{username: al, email: new@x.example}`),
				"ident_conflict", []string{"no other user of acme", "bo@x.example, for al"},
			},
			"one username twice": {
				users(`{username: al}, {username: AL}`), users(`{username: al}, {username: bo}`),
				"apply_twice", []string{"organization acme: user AL: "},
			},
			"one address twice": {
				users(`{email: new@x.example}, {email: New@x.example, state: suspended}`), users(`{email: new@x.example}, {email: new@y.example, state: suspended}`),
				"apply_twice", []string{"organization acme: user New@x.example: "},
			},
			"two new usernames with one address": {
				users(`{username: u, email: new@x.example}, {username: v, email: new@x.example}`), users(`{username: u, email: new@x.example}, {username: v}`),
				"apply_twice", nil,
			},
			"one user by username and by address": {
				users(`{username: al}, {email: al@x.example}`), users(`{username: al}, {email: bo@x.example}`),
				"apply_twice", []string{"user al@x.example: "},
			},
		})
		// A person who had no username gets one, and so is renamed who is first made to have none.
		for _, list := range []string{`{username: carl, email: carl@x.example}`, `{username: "", email: al@x.example}`, `{username: alice, email: al@x.example}`} {
			if got := h.must(users(list)); len(got) != 1 || !strings.HasSuffix(got[0], "changed username") {
				t.Errorf("%s: %q, want the username changed", list, got)
			}
		}
	})
}

func TestEachThingOnceInAFile(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		refuse(t, h, `organizations: [{key: acme}]`, map[string]refusal{
			"an organization": {`organizations: [{key: a1}, {key: a1}]`, `organizations: [{key: a1}, {key: a2}]`, "apply_twice", []string{"organization a1: "}},
			"a connection": {
				`organizations: [{key: acme, connections: [{key: c1}, {key: c1}]}]`, `organizations: [{key: acme, connections: [{key: c1}, {key: c2}]}]`,
				"apply_twice", []string{"organization acme: connection c1: ", "c1 a second time"},
			},
			"a connection of two organizations": {
				`organizations: [{key: acme, connections: [{key: c1}]}, {key: b, connections: [{key: c1}]}]`, `organizations: [{key: acme, connections: [{key: c1}]}, {key: b, connections: [{key: c2}]}]`,
				"apply_twice", []string{"organization b: connection c1: "},
			},
			"a domain, written otherwise": {
				`organizations: [{key: acme, domains: [{name: x.example}, {name: X.Example, vouched: true}]}]`, `organizations: [{key: acme, domains: [{name: x.example}]}, {key: b, domains: [{name: X.Example, vouched: true}]}]`,
				"apply_twice", []string{"organization acme: domain x.example: "},
			},
			"an app": {
				`apps: [{key: p, redirect_uris: ["https://a.example/"]}, {key: p, redirect_uris: ["https://b.example/"]}]`, `apps: [{key: p, redirect_uris: ["https://a.example/"]}, {key: q, redirect_uris: ["https://b.example/"]}]`,
				"apply_twice", []string{"app p: "},
			},
		})
	})
}

func TestSecretsAreNotLostByAccident(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		refuse(t, h, whole, map[string]refusal{
			"public with a secret":             {`apps: [{key: portal, public: true, client_secret_file: app.secret}]`, `apps: [{key: portal, public: true}]`, "apply_value", []string{"app portal: "}},
			"not public and no secret":         {`apps: [{key: spa, public: false}]`, `apps: [{key: spa, public: false, client_secret_file: app.secret}]`, "apply_value", []string{"client_secret_file, or public: true"}},
			"a secret in a file without name":  {`apps: [{key: portal, client_secret_file: ""}]`, `apps: [{key: portal, client_secret_file: app.secret}]`, "apply_file", nil},
			"metadata in a file without name":  {connection(`metadata_file: ""`), connection(`metadata_file: idp.xml`), "apply_file", nil},
			"an active one without metadata":   {connection(`metadata: ""`), connection(`metadata: "", state: draft`), "connection_incomplete", nil},
			"metadata of white space":          {connection(`metadata: " "`), connection(`metadata: "", state: draft`), "metadata_empty", []string{`got "nothing"`}},
			"another organization's for mail":  {`organizations: [{key: acme-emea, domains: [{name: e.example, connection: acme-okta}]}]`, `organizations: [{key: acme, domains: [{name: e.example, connection: acme-okta}]}]`, "connection_unknown", []string{"a connection of acme-emea"}},
			"a word that is empty":             {connection(`state: ""`), connection(`state: disabled`), "apply_value", []string{"state: draft, tested, active, disabled"}},
			"a legacy switch that has no name": {connection(`legacy: [{until: 2027-01-31}]`), connection(`legacy: [{switch: sha1, until: 2027-01-31}]`), "apply_value", []string{"legacy.switch"}},
		})
	})
}

// connection is a file with this of acme's connection.
func connection(says string) string {
	return `organizations: [{key: acme, connections: [{key: acme-okta, ` + says + `}]}]`
}

// What no engine stores alike, or no reader sees, is refused in texts that are
// stored as they are.
func TestTextsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("u", 1025)
	eachEngine(t, func(t *testing.T, h *house) {
		cases := map[string]refusal{}
		for name, tc := range map[string]struct{ where, bad, good string }{
			"NUL in our entity ID":          {"sp_entity_id: %s", `"urn:x\0y"`, `"urn:xy"`},
			"a space after our entity ID":   {"sp_entity_id: %s", `"urn:x "`, `"urn:x y"`},
			"no UTF-8 in our entity ID":     {"sp_entity_id: %s", `!!binary dXJuOv8=`, `!!binary dXJuOng=`},
			"an endless entity ID":          {"sp_entity_id: %s", long, long[1:]},
			"a line end in the format":      {"nameid_format: %s", `"urn:x\n"`, `"urn:x"`},
			"no character in the format":    {"nameid_format: %s", `"urn:x\uFFFE"`, `"urn:x\uFFFD"`},
			"no character in an attribute":  {"attributes: {email: %s}", `"ma\uFFFFil"`, `"ma\uFFFDil"`},
			"no character in our entity ID": {"sp_entity_id: %s", `"urn:x\uFFFEy"`, `"urn:x\uFFFDy"`},
			"NUL in an attribute":           {"attributes: {email: %s}", `"ma\0il"`, `"E-mail Address"`},
			"a space before an attribute":   {"attributes: {groups: %s}", `" memberOf"`, `"memberOf"`},
			"no UTF-8 in an attribute":      {"attributes: {subject: %s}", `!!binary /w==`, `!!binary dWlk`},
			"NUL in a default group":        {"defaults: {groups: [%s]}", `"\0"`, `"Domain Users"`},
			"a group without a name":        {"defaults: {groups: [a, %s]}", `""`, `b`},
			"a group that turns the text":   {"defaults: {groups: [a, %s]}", `"\u202Ebc"`, `"Zürich 中"`},
			"an endless group":              {"defaults: {groups: [%s]}", strings.Repeat("ü", 257), strings.Repeat("ü", 256)},
			"too many groups":               {"defaults: {groups: [%s]}", strings.Repeat("g, ", sso.MaxGroups) + "g", strings.Repeat("g, ", sso.MaxGroups-1) + "g"},
		} {
			cases[name] = refusal{connection(strings.Replace(tc.where, "%s", tc.bad, 1)), connection(strings.Replace(tc.where, "%s", tc.good, 1)), "apply_value", []string{"organization acme: connection acme-okta: "}}
		}
		cases["NUL in a person's group"] = refusal{users(`{username: alice, groups: ["\0"]}`), users(`{username: alice, groups: ["0"]}`), "apply_value", []string{"user alice: "}}
		refuse(t, h, whole, cases)
	})
}

func TestYAMLFaultsAreSaidInWords(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"organizations: {}":                  `1:16: apply_yaml: want "a list", got "keys with values"`,
		"[]":                                 `1:1: apply_yaml: want "keys with values, as in key: value", got "a list"`,
		"roles:\n- {key: a, nmae: b}":        `2:12: apply_yaml: want "one of key, name, description", got "the key nmae"`,
		"apps: [{key: a, public: perhaps}]":  `1:25: apply_yaml: want "true or false", got "a text"`,
		"apps: [{key: a, redirect_uris: 5}]": `1:32: apply_yaml: want "a list", got "a number"`,
		"apps: [{key: a}, 2026-01-02]":       `1:18: apply_yaml: want "keys with values, as in key: value", got "a date"`,
		"apps: [{key: a}, ~]":                `1:18: apply_yaml: want "a value behind each -, or no -", got "nothing"`,
		"roles:\n- key: a\n-":                `3:2: apply_yaml: want "a value behind each -, or no -", got "nothing"`,
		"organizations:\n- key: a\n  webhooks: [{url: \"https://h.example/\", events: [user.created, null]}]": `3:65: apply_yaml: want "a value behind each -, or no -", got "nothing"`,
		"apps: [{key: a, key: b}]":               `1:17: apply_yaml: want "each key once", got "key a second time"`,
		"apps: [":                                `1: apply_yaml: want "YAML", got "did not find expected node content"`,
		"apps: []\n---\napps: []":                `2:1: apply_yaml: want "one document", got "several, with --- between them"`,
		"organizations: [{key: a, policy: sso}]": `1:34: apply_yaml: want "keys with values, as in key: value", got "a text"`,
		// All of them at once, each with its place.
		"apps: [{key: [a], name: {}}]\norganizations:\n- {key: a, stat: active}": `1:14: apply_yaml: want "a text", got "a list"
1:25: apply_yaml: want "a text", got "keys with values"
3:12: apply_yaml: want "one of key, name, parent, state, entitlements, brand, policy, domains, connections, groups, users, webhooks", got "the key stat"`,
	} {
		if _, err := setup.ParseFile([]byte(file)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
}

// An alias of an alias of an alias is short in a file and very many values.
func TestAliasesDoNotGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	file := func(times int) string {
		return `organizations:
- {key: a, users: &users [{username: a, groups: &groups [` + strings.Repeat("g, ", times) + `g]}` + strings.Repeat(", {groups: *groups}", times) + `]}
` + strings.Repeat("- users: *users\n", times)
	}
	if f, err := setup.ParseFile([]byte(file(3))); err != nil || len(f.Organizations[3].Users[3].Groups) != 4 {
		t.Errorf("some aliases: %+v, %v", f, err)
	}
	if _, err := setup.ParseFile([]byte(file(300))); !fault.Is(err, "apply_yaml") {
		t.Errorf("27 million groups in a file of a few thousand: %v, want it refused", err)
	}
	if _, err := setup.ParseFile([]byte("organizations: &o [{key: a}, *o]")); !fault.Is(err, "apply_yaml") {
		t.Errorf("a list within itself: %v, want it refused", err)
	}
}

// What a mapping takes over from another one is what it does not say itself.
func TestMergedKeys(t *testing.T) {
	t.Parallel()
	f, err := setup.ParseFile([]byte(`
organizations:
- {key: a, name: A, policy: &strict {mfa: required, session_idle: 30m}}
- {key: b, policy: {<<: *strict, session_idle: 1h}}
- {key: c, policy: {mfa: off, <<: [{sso: off}, *strict, {sso: required}]}}
- {key: d, policy: {<<: {<<: *strict, mfa: owners}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Organizations[1].Policy; *p.MFA != "required" || *p.SessionIdle != "1h" {
		t.Errorf("b has %s and %s, want what it says and the rest of a", *p.MFA, *p.SessionIdle)
	}
	if p := f.Organizations[2].Policy; *p.MFA != "off" || *p.SSO != "off" || *p.SessionIdle != "30m" {
		t.Errorf("c has %s, %s and %s", *p.MFA, *p.SSO, *p.SessionIdle)
	}
	if p := f.Organizations[3].Policy; *p.MFA != "owners" || *p.SessionIdle != "30m" {
		t.Errorf("d has %s and %s, want the nearest", *p.MFA, *p.SessionIdle)
	}
	for _, bad := range []string{"roles: [&a {<<: {<<: *a}}]", "roles: [{<<: 5, key: a}]", "roles: [&a {key: a, <<: *a}]", "roles: [{<<: {kye: a}}]", "roles: [&a {<<: [*a, *a]}]"} {
		if _, err := setup.ParseFile([]byte(bad)); !fault.Is(err, "apply_yaml") {
			t.Errorf("%s: %v, want it refused", bad, err)
		}
	}
}
