//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// lookPatience bounds a journey: every page is looked at four times, on a machine that does much else.
const lookPatience = 30 * time.Minute

// A house is a deployment for journeys through our own pages: the server on SQLite, with what a file says, and a post office for
// its mail and SMS. Its host has a name, since security keys are bound to one.
type house struct {
	settings
	post   *postOffice
	server *process
}

// newHouse starts a house with the organizations of a file; flags are what the server is told beside that.
func newHouse(t *testing.T, file string, flags ...string) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{post: newPostOffice(t), settings: settings{
		database: "sqlite:" + filepath.Join(dir, "sallyport.db"), keyFile: filepath.Join(dir, "sealing.key"),
		listen: freeAddr(t, "127.0.0.1"), ops: freeAddr(t, "127.0.0.1"),
	}}
	h.baseURL = "http://localhost" + h.listen[len("127.0.0.1"):]
	h.apply(t, file)
	h.server = start(t, "sallyport", slices.Concat([]string{sallyport(t)}, h.serve(), h.post.flags(), flags)...)
	h.server.waitOK(t, "http://"+h.ops+"/readyz")
	return h
}

// apply applies a file, beside the running server too.
func (h *house) apply(t *testing.T, content string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sallyport.yaml")
	writeFile(t, file, content)
	mustRun(t, sallyport(t), "apply", "-f", file, "--database", h.database, "--key-file", h.keyFile)
}

// journey goes the way of node/journeys/NAME.mjs, which finds data in its field of that name.
func (h *house) journey(t *testing.T, name string, data map[string]string) {
	t.Helper()
	all := map[string]string{"post": h.post.http.URL}
	maps.Copy(all, data)
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "node", "node/journey.mjs", name, "--base", h.baseURL, "--data", string(encoded))
}

// look runs a script that looks at pages. Pictures are kept where SALLYPORT_SHOTS says.
func look(t *testing.T, argv ...string) {
	t.Helper()
	if shots := os.Getenv("SALLYPORT_SHOTS"); shots != "" {
		argv = append(argv, "--shots", shots)
	}
	if out, status := runFor(t, lookPatience, argv...); status != 0 {
		t.Fatalf("%v: exit status %d\n%s", argv, status, out)
	}
}

// TestPages looks at every page that the tests of the packages render, in every state that they know. In make test they have
// run just before, and have left the pages in a folder.
func TestPages(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("SALLYPORT_PAGES")
	if folder == "" {
		folder = t.TempDir()
		cmd := []string{"env", "SALLYPORT_PAGES=" + folder, "go", "test", "-count", "1", "-run", "TestPages|TestGallery", "../internal/web/..."}
		if out, status := runFor(t, lookPatience, cmd...); status != 0 {
			t.Fatalf("rendering the pages: exit status %d\n%s", status, out)
		}
	}
	look(t, "node", "node/specimens.mjs", "--pages", folder)
}

// Alice's password, and the hash by which the server knows it, as after a move from another system.
const (
	alicesPassword = "correct horse battery staple"
	alicesHash     = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbi1vY3RldHMhIQ$nEh3Swz+TMjfsL5vLMaJKQ0OCFnnTjkZUT1j2UJCuik"
)

// TestSignInPages goes the way to a session and back out, with a password, and off it.
func TestSignInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}]
`)
	h.journey(t, "signin", map[string]string{"email": "alice@acme.test", "password": alicesPassword})
}
