//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// A database is an engine under test.
type database struct {
	name    string
	network string // the first three numbers of the loopback addresses of its stage
	// make returns the URL of a new, empty database.
	make func(t *testing.T) string
}

var databases = []database{
	{"sqlite", "127.0.21", func(t *testing.T) string {
		t.Helper()
		return "sqlite:" + filepath.Join(t.TempDir(), "sallyport.db")
	}},
	{"postgresql", "127.0.22", newPostgres},
}

// newPostgres makes a database on the server of with-postgres.sh.
func newPostgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv("SALLYPORT_TEST_POSTGRES")
	if server == "" {
		t.Fatal("SALLYPORT_TEST_POSTGRES is not set; run the tests by make test or e2e/with-postgres.sh")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "e2e_" + strings.ToLower(rand.Text())
	execute := func(ctx context.Context, statement string) {
		db, err := sql.Open("pgx", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	execute(t.Context(), "create database "+name)
	t.Cleanup(func() { execute(context.WithoutCancel(t.Context()), "drop database "+name+" with (force)") })
	u.Path = "/" + name
	return u.String()
}

// open returns the database of a stage, to look into it.
func open(t *testing.T, database string) *sql.DB {
	t.Helper()
	driver, source := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(60000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// A stage is one deployment with everything around it: the server on one database, two identity providers, each with a
// customer of its own, and two applications.
type stage struct {
	network  string
	database string
	keyFile  string
	file     string // that was applied
	baseURL  string

	simplesaml, lemonldap *idp // of the organizations acme and globex
	node                  nodeApp
	apache                apacheApp
}

// The connections of the two organizations.
const (
	acmeConnection   = "acme-simplesaml"
	globexConnection = "globex-lemonldap"
)

// newStage starts a stage on an empty database.
func newStage(t *testing.T, d database) *stage {
	t.Helper()
	dir := publicDir(t)
	s := &stage{
		network: d.network, database: d.make(t), keyFile: filepath.Join(t.TempDir(), "sealing.key"),
		node:   nodeApp{addr: freeAddr(t, d.network+".31")},
		apache: apacheApp{addr: freeAddr(t, d.network+".32"), state: filepath.Join(dir, "apache")},
	}
	s.simplesaml = startIdP(t, "simplesamlphp.py", d.network+".11", filepath.Join(dir, "simplesaml"))
	// Left to itself, SimpleSAMLphp names people anew at each sign-in, which is no way to know them again.
	s.simplesaml.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`}
	s.lemonldap = startIdP(t, "lemonldap.py", d.network+".12", filepath.Join(dir, "lemonldap"))

	listen, ops := freeAddr(t, d.network+".1"), freeAddr(t, d.network+".1")
	s.baseURL = "http://" + listen
	s.file = s.applyFile(t)
	makeKey(t, s.keyFile)
	s.apply(t)
	serve := settings{s.database, s.keyFile, s.baseURL, listen, ops}.serve()
	server := start(t, "sallyport", append([]string{sallyport(t)}, serve...)...)
	server.waitOK(t, "http://"+ops+"/readyz")

	s.simplesaml.trust(t, get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata"))
	s.lemonldap.trust(t, get(t, s.baseURL+"/saml/"+globexConnection+"/metadata"))
	s.node.serve(t, s.baseURL)
	s.apache.serve(t, s.baseURL)
	return s
}

// applyFile writes what the operator of the stage would: at acme people are created when they first come, at globex they
// are known beforehand.
func (s *stage) applyFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "app.secret")
	writeFile(t, secret, clientSecret)
	file := filepath.Join(dir, "sallyport.yaml")
	writeFile(t, file, fmt.Sprintf(`organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    connections:
      - key: %s
        protocol: saml
        metadata_file: %s
        state: active
        first_sign_in: create
        defaults: {role: member}
        attributes: {email: email, first_name: givenName, last_name: sn, username: uid}
  - key: globex
    name: Globex Corporation
    entitlements: [sso]
    domains: [{name: globex.test, vouched: true}]
    users: [{username: carol, email: carol.zoe@globex.test, role: admin}]
    connections:
      - key: %s
        protocol: saml
        metadata_file: %s
        state: active
        first_sign_in: match
        attributes: {email: email, first_name: givenName, last_name: sn, username: uid}
apps:
`, acmeConnection, s.simplesaml.metadata, globexConnection, s.lemonldap.metadata)+
		applied(s.node, secret)+applied(s.apache, secret))
	return file
}

// also applies something more, beside the running server.
func (s *stage) also(t *testing.T, content string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "more.yaml")
	writeFile(t, file, content)
	mustRun(t, sallyport(t), "apply", "-f", file, "--database", s.database, "--key-file", s.keyFile)
}

// makeKey makes a sealing key, as the operator of more than one node has to.
func makeKey(t *testing.T, file string) {
	t.Helper()
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	writeFile(t, file, base64.StdEncoding.EncodeToString(key[:])+"\n")
}

// apply applies the file of the stage, and returns what the command says.
func (s *stage) apply(t *testing.T, argv ...string) string {
	t.Helper()
	return mustRun(t, append([]string{sallyport(t), "apply", "-f", s.file, "--database", s.database, "--key-file", s.keyFile}, argv...)...)
}

// count counts the rows of a table.
func (s *stage) count(t *testing.T, table string) int {
	t.Helper()
	var n int
	if err := open(t, s.database).QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// acs returns the assertion consumer service of a connection.
func (s *stage) acs(connection string) string {
	return s.baseURL + "/saml/" + connection + "/acs"
}

// get returns the body of a page that has to be there.
func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s\n%s", url, res.Status, body)
	}
	return string(body)
}
