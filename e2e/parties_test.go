//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An idp is a real identity provider, on a loopback address of its own.
type idp struct {
	launcher, state     string
	base                string
	metadata            string // file
	metadataURL         string
	entityID            string
	idpInitiated        string // URL with {SP_ENTITY_ID} and {RELAY_STATE} to fill in
	logout              string // URL at which a person signs out there
	serviceProviderArgs []string
}

// startIdP starts the identity provider of a launcher in the folder idps.
func startIdP(t *testing.T, launcher, host, state string, argv ...string) *idp {
	t.Helper()
	launcher = filepath.Join("idps", launcher)
	p := start(t, launcher, append([]string{"python3", launcher, "start", "--hold", "--state", state, "--host", host}, argv...)...)
	p.waitLine(t, "ready")
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		if said, err := os.ReadFile(p.waitLine(t, "log=")); err == nil {
			t.Logf("log of the identity provider of %s:\n%s", launcher, tail(string(said)))
		}
	})
	i := &idp{
		launcher: launcher, state: state,
		metadata:     p.waitLine(t, "metadata_file="),
		metadataURL:  p.waitLine(t, "metadata_url="),
		entityID:     p.waitLine(t, "entity_id="),
		idpInitiated: p.waitLine(t, "idp_initiated_login="),
		logout:       p.waitLine(t, "idp_initiated_logout="),
	}
	i.base = origin(p.waitLine(t, "sso_url="))
	return i
}

// trust registers a service provider by its metadata.
func (i *idp) trust(t *testing.T, metadata string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sp.xml")
	writeFile(t, file, metadata)
	argv := []string{"python3", i.launcher, "add-sp", "--state", i.state}
	for _, o := range i.serviceProviderArgs {
		argv = append(argv, "--sp-opt", o)
	}
	mustRun(t, append(argv, file)...)
}

var originOf = regexp.MustCompile(`^http://[^/]+`)

func origin(url string) string { return originOf.FindString(url) }

// seen is what an application shows of the person who is signed in.
type seen struct {
	Name, Email, Organization, Role string
}

// An app is an application that others wrote, signed in to through an OpenID provider.
type app interface {
	// start is where signing in begins, home where it ends.
	start() string
	home() string
	// redirectURI and clientID are how the provider knows it.
	redirectURI() string
	clientID() string
	// serve runs it with this provider until the test ends.
	serve(t *testing.T, issuer string)
	// shows reads its page.
	shows(t *testing.T, p page) seen
}

const clientSecret = "the-secret-of-an-application-0123456789"

// nodeApp is node/app.mjs, on npm's openid-client.
type nodeApp struct{ addr string }

func (a nodeApp) start() string       { return "http://" + a.addr + "/login" }
func (a nodeApp) home() string        { return "http://" + a.addr + "/" }
func (a nodeApp) redirectURI() string { return "http://" + a.addr + "/callback" }
func (a nodeApp) clientID() string    { return "node-app" }

func (a nodeApp) serve(t *testing.T, issuer string) {
	t.Helper()
	host, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "app.mjs", "node", "node/app.mjs", "--issuer", issuer, "--client-id", a.clientID(),
		"--client-secret", clientSecret, "--host", host, "--port", port)
	p.waitLine(t, "ready")
}

var claimsElement = regexp.MustCompile(`(?s)<pre id="claims">(.*?)</pre>`)

func (a nodeApp) shows(t *testing.T, p page) seen {
	t.Helper()
	m := claimsElement.FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("the application shows nobody: %s (%d)\n%s\n%s", p.URL, p.Status, p.Body, p.log)
	}
	var claims struct {
		Name, Email string
		Org         struct{ Key, Role string }
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &claims); err != nil {
		t.Fatal(err)
	}
	return seen{claims.Name, claims.Email, claims.Org.Key, claims.Org.Role}
}

// apacheApp is Debian's Apache with mod_auth_openidc, which shows the claims as its environment variables.
type apacheApp struct {
	addr, state string
}

func (a apacheApp) start() string       { return "http://" + a.addr + "/secret/" }
func (a apacheApp) home() string        { return a.start() }
func (a apacheApp) redirectURI() string { return "http://" + a.addr + "/secret/redirect" }
func (a apacheApp) clientID() string    { return "apache-app" }

func (a apacheApp) serve(t *testing.T, issuer string) {
	t.Helper()
	host, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(a.state, 0o755); err != nil {
		t.Fatal(err)
	}
	p := start(t, "sp_openidc.py", "python3", "idps/sp_openidc.py", "start", "--hold", "--state", a.state,
		"--host", host, "--port", port, "--issuer", issuer, "--client-id", a.clientID(), "--client-secret", clientSecret)
	p.waitLine(t, "ready")
}

var environmentLine = regexp.MustCompile(`(?m)^(?:.*>)?OIDC_CLAIM_(\w+)=(.*)$`)

func (a apacheApp) shows(t *testing.T, p page) seen {
	t.Helper()
	claims := map[string]string{}
	for _, m := range environmentLine.FindAllStringSubmatch(p.Body, -1) {
		claims[m[1]] = m[2]
		if strings.Contains(p.Body, "<pre") { // how Chromium shows plain text
			claims[m[1]] = html.UnescapeString(m[2])
		}
	}
	var org struct{ Key, Role string }
	if err := json.Unmarshal([]byte(claims["org"]), &org); err != nil {
		t.Fatalf("the application shows no organization: %v: %s (%d)\n%s\n%s", err, p.URL, p.Status, p.Body, p.log)
	}
	return seen{claims["name"], claims["email"], org.Key, org.Role}
}

// applied returns the entry of an app in an apply file.
func applied(a app, secretFile string) string {
	return fmt.Sprintf("  - {key: %[1]s, name: %[1]s, client_id: %[1]s, client_secret_file: %s, redirect_uris: [%q], post_logout_redirect_uris: [%q]}\n",
		a.clientID(), secretFile, a.redirectURI(), a.home())
}
