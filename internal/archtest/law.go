// Package archtest holds the law of imports as a table, and its test fails on
// a breach. The table is the map: a package that is not in it does not exist,
// and a row says all that the package may see of the house.
package archtest

// Layers, from the bottom. A row may name a layer for all of its rooms.
const (
	leaves    = "leaves"
	xmlCore   = "xml core"
	protocols = "protocols"
	domain    = "domain"
	storage   = "storage"
	lower     = "lower flows"
	flows     = "flows"
	transport = "transport"
	command   = "command"
	support   = "test support"
)

// room is a package: where it stands and which rooms of the house it may
// import, named by layer or one by one.
type room struct {
	path  string
	layer string
	may   []string
}

// law returns the table.
func law() []room {
	return []room{
		{"internal/fault", leaves, nil},
		{"internal/secret", leaves, nil},
		{"internal/safehttp", leaves, []string{"internal/fault"}},
		{"internal/dnsproof", leaves, nil},

		// Nothing but these three touches XML; each sees only those before it.
		{"internal/xmltree", xmlCore, nil},
		{"internal/xmldsig", xmlCore, []string{"internal/xmltree"}},
		{"internal/xmlenc", xmlCore, []string{"internal/xmltree", "internal/xmldsig"}},

		// Pure functions, which know nothing of our domain or of each other.
		{"internal/saml", protocols, []string{xmlCore}},
		{"internal/oidc", protocols, []string{leaves}},
		{"internal/password", protocols, []string{leaves}},
		{"internal/otp", protocols, []string{leaves}},
		{"internal/passkey", protocols, []string{leaves}},
		{"internal/idp", protocols, []string{"internal/fault"}},

		// Nouns and rules, without I/O.
		{"internal/sso", domain, []string{"internal/fault", "internal/secret"}},

		{"internal/store", storage, []string{"internal/fault", "internal/secret", domain}},

		// What several use cases need done, in the transaction of theirs.
		{"internal/backoff", lower, []string{"internal/fault", "internal/secret", domain, storage}},
		{"internal/notify", lower, []string{leaves, domain, storage}},
		{"internal/authority", lower, []string{"internal/fault", "internal/secret", domain, storage, "internal/notify", "internal/backoff"}},
		{"internal/federation", lower, []string{"internal/fault", "internal/secret", "internal/saml", "internal/idp", domain, storage}},
		{"internal/factor", lower, []string{"internal/fault", "internal/secret", "internal/otp", "internal/passkey", domain, storage, "internal/notify"}},
		{"internal/registration", lower, []string{"internal/fault", "internal/secret", "internal/oidc", domain}},
		{"internal/routing", lower, []string{domain, storage}},
		{"internal/recovery", lower, []string{"internal/fault", "internal/secret", domain, storage, "internal/notify"}},
		{"internal/jobs", lower, []string{leaves, domain, storage, "internal/notify"}},

		// Use cases. They never import one another.
		{"internal/provision", flows, []string{leaves, protocols, domain, storage, lower}},
		{"internal/account", flows, []string{leaves, "internal/password", "internal/otp", domain, storage, lower}},
		{"internal/signin", flows, []string{leaves, xmlCore, protocols, domain, storage, lower}},
		{"internal/connect", flows, []string{leaves, xmlCore, protocols, domain, storage, lower}},
		{"internal/enforce", flows, []string{leaves, "internal/otp", domain, storage, lower}},
		{"internal/inspect", flows, []string{leaves, domain, storage, lower}},
		{"internal/operate", flows, []string{leaves, domain, storage, lower}},
		{"internal/programs", flows, []string{"internal/fault", "internal/secret", domain, storage, "internal/authority"}},
		{"internal/events", flows, []string{leaves, domain, storage, lower}},
		{"internal/doctor", flows, []string{leaves, domain, storage}},
		{"internal/setup", flows, []string{leaves, xmlCore, protocols, domain, storage, "internal/federation", "internal/registration"}},
		{"internal/grant", flows, []string{leaves, protocols, domain, storage, "internal/backoff"}},

		// Parse, call one flow, render. They share the edge and the pages, and
		// never import one another.
		{"internal/web", transport, []string{"internal/fault", "internal/secret", domain}},
		{"internal/web/ui", transport, []string{"internal/fault", "internal/secret", domain, "internal/web"}},
		{"internal/web/login", transport, []string{"internal/fault", "internal/secret", domain, "internal/otp", "internal/signin", "internal/web", "internal/web/ui"}},
		{"internal/web/samlapi", transport, []string{"internal/fault", "internal/secret", domain, "internal/saml", "internal/signin", "internal/web", "internal/web/ui"}},
		{"internal/web/oidcapi", transport, []string{"internal/fault", "internal/secret", domain, "internal/oidc", "internal/grant", "internal/web", "internal/web/ui"}},
		{"internal/web/frame", transport, []string{domain, "internal/inspect", "internal/web/ui"}},
		{"internal/web/console", transport, []string{"internal/fault", "internal/secret", domain, "internal/provision", "internal/web", "internal/web/frame", "internal/web/ui"}},
		{"internal/web/connect", transport, []string{"internal/fault", "internal/secret", domain, "internal/authority", "internal/connect", "internal/enforce", "internal/inspect", "internal/signin", "internal/idp", "internal/web", "internal/web/frame", "internal/web/ui"}},
		{"internal/web/account", transport, []string{"internal/fault", "internal/secret", domain, "internal/account", "internal/recovery", "internal/web", "internal/web/ui"}},
		{"internal/web/operator", transport, []string{"internal/fault", "internal/secret", domain, "internal/authority", "internal/inspect", "internal/notify", "internal/operate", "internal/grant", "internal/federation", "internal/registration", "internal/web", "internal/web/frame", "internal/web/ui"}},
		{"internal/web/apikeys", transport, []string{"internal/secret", domain, "internal/authority", "internal/programs", "internal/web", "internal/web/frame", "internal/web/ui"}},
		{"internal/web/mirror", transport, []string{"internal/fault", "internal/secret", "internal/doctor", "internal/web"}},
		{"internal/web/manage", transport, []string{"internal/fault", "internal/secret", domain, "internal/authority", "internal/connect", "internal/enforce", "internal/events", "internal/federation", "internal/idp", "internal/inspect", "internal/notify", "internal/operate", "internal/programs", "internal/provision", "internal/web"}},
		{"internal/web/events", transport, []string{"internal/fault", "internal/secret", domain, "internal/authority", "internal/events", "internal/web", "internal/web/frame", "internal/web/ui"}},
		{"internal/web/ops", transport, []string{"internal/fault", "internal/web"}},

		// The demo's application is a stranger: it sees nothing of ours.
		{"cmd/sallyport/demoapp", command, nil},
		// The demo runs the identity provider of the tests.
		{"cmd/sallyport", command, []string{leaves, xmlCore, protocols, domain, storage, lower, flows, transport, "cmd/sallyport/demoapp", "internal/samltest"}},

		{"internal/samltest", support, []string{"internal/fault", xmlCore, "internal/saml"}},
		{"internal/passkeytest", support, nil},
		{"internal/mailtest", support, nil},
		{"internal/dnstest", support, nil},
		{"internal/storetest", support, []string{leaves, domain, storage}},
		{"internal/webtest", support, []string{leaves, domain, transport}},
		{"internal/archtest", support, nil},
		{"e2e", support, []string{"internal/dnstest", "internal/mailtest"}},
	}
}

// reserved are packages from elsewhere that only these rooms may import.
func reserved() map[string][]string {
	// oidc uses the names of statuses alone.
	edge := []string{"internal/safehttp", "internal/oidc", transport, command, "internal/samltest", "internal/webtest", "e2e"}
	return map[string][]string{
		"encoding/xml":                         {}, // accepts duplicate attributes, unbound prefixes, two roots and DOCTYPE
		"unsafe":                               {},
		"database/sql":                         {storage, "internal/storetest"},
		"github.com/jackc/pgx/v5":              {storage, "internal/storetest"},
		"modernc.org/sqlite":                   {storage, "internal/storetest"},
		"zombiezen.com/go/sqlite":              {storage},
		"net/http":                             edge,
		"html/template":                        {"internal/notify", transport, command, "internal/samltest"},
		"text/template":                        {},
		"math/rand":                            {},
		"math/rand/v2":                         {storage}, // the pause before a second try
		"os":                                   {"internal/secret", "internal/setup", storage, command, support},
		"github.com/go-jose/go-jose/v4":        {"internal/oidc"},
		"golang.org/x/crypto/argon2":           {"internal/password"},
		"golang.org/x/crypto/bcrypt":           {"internal/password"},
		"crypto/pbkdf2":                        {"internal/password", "internal/mailtest"},
		"github.com/pquerna/otp":               {"internal/otp"},
		"rsc.io/qr":                            {"internal/otp"},
		"github.com/go-webauthn/webauthn":      {"internal/passkey", "internal/passkeytest"},
		"github.com/coreos/go-oidc/v3":         {"cmd/sallyport/demoapp"},
		"github.com/alecthomas/kong":           {"cmd/sallyport"},
		"github.com/wneessen/go-mail":          {"internal/notify"},
		"github.com/emersion":                  {"internal/mailtest"},
		"github.com/miekg/dns":                 {"internal/dnstest"},
		"github.com/nicksnyder/go-i18n":        {"internal/notify", "internal/web/ui"},
		"github.com/danielgtaylor/huma/v2":     {"internal/web/manage"},
		"code.dny.dev/ssrf":                    {"internal/safehttp"},
		"go.yaml.in/yaml/v3":                   {"internal/idp", "internal/setup", "cmd/sallyport"},
		"golang.org/x/crypto/chacha20poly1305": {"internal/secret"},
	}
}

// banned are names of packages that say nothing about what is inside.
func banned() []string {
	return []string{"util", "utils", "common", "types", "models", "helpers", "misc", "shared"}
}
