//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A person is somebody in users.json: the address they type at our page, and what they type at the identity provider's.
type person struct {
	email, user, password string
}

var (
	alice = person{"alice@acme.test", "alice", "alicepass"}
	bob   = person{"bob@acme.test", "bob", "bobpass"}
	carol = person{"carol.zoe@globex.test", "carol", "carolpass"}
)

// A page is where a journey ended.
type page struct {
	URL      string    `json:"url"`
	Status   int       `json:"status"`
	Body     string    `json:"body"`
	Pending  *request  `json:"pending"` // the request before which drive.py was told to stop
	Messages []message `json:"messages"`
	log      string
}

// A request is one that a browser is about to make, with the page that makes it.
type request struct {
	Method    string      `json:"method"`
	URL       string      `json:"url"`
	Fields    [][2]string `json:"fields"`
	Initiator *string     `json:"initiator"`
}

// field returns the value of a form field.
func (r *request) field(name string) string {
	for _, f := range r.Fields {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

// set returns r with another value in a form field.
func (r *request) set(name, value string) *request {
	changed := *r
	changed.Fields = nil
	for _, f := range r.Fields {
		if f[0] == name {
			f[1] = value
		}
		changed.Fields = append(changed.Fields, f)
	}
	return &changed
}

// at returns r for another address.
func (r *request) at(url string) *request {
	changed := *r
	changed.URL = url
	return &changed
}

// A message is a SAML message that a browser carried.
type message struct {
	Type string `json:"type"`
	XML  string `json:"xml"`
}

// A browser goes from start to the page whose URL begins with until, signing in as p where it is asked to, and pressing
// in turn the links and buttons whose text is given where there is nothing else to do.
type browser interface {
	signIn(t *testing.T, p person, start, until string, click ...string) page
}

// browsers returns a new browser of each kind.
func browsers(t *testing.T) map[string]browser {
	t.Helper()
	return map[string]browser{"plain": newPlain(t), "chromium": chromium{}}
}

// plain is a browser without JavaScript; it keeps its cookies from one journey to the next.
type plain struct {
	jar string
}

func newPlain(t *testing.T) plain {
	t.Helper()
	return plain{jar: filepath.Join(t.TempDir(), "jar.json")}
}

func (b plain) signIn(t *testing.T, p person, start, until string, click ...string) page {
	t.Helper()
	got, status := b.drive(t, append(append(p.arguments(), clicks(click)...), "--until", until, start)...)
	if status != 0 {
		t.Fatalf("drive.py did not arrive at %s:\n%s", until, got.log)
	}
	return got
}

// stopBefore goes from start until the request whose URL begins with prefix is about to be made, and returns it.
func (b plain) stopBefore(t *testing.T, p person, start, prefix string) *request {
	t.Helper()
	got, status := b.drive(t, append(p.arguments(), "--stop", prefix, start)...)
	if status != 0 || got.Pending == nil {
		t.Fatalf("drive.py did not come to %s:\n%s", prefix, got.log)
	}
	return got.Pending
}

// resume makes the request and goes on to where nothing is left to do.
func (b plain) resume(t *testing.T, r *request) page {
	t.Helper()
	return b.resumed(t, r)
}

// resumeUntil makes the request and goes on as p until the one whose URL begins with prefix is about to be made.
func (b plain) resumeUntil(t *testing.T, p person, r *request, prefix string) *request {
	t.Helper()
	got := b.resumed(t, r, append(p.arguments(), "--stop", prefix)...)
	if got.Pending == nil {
		t.Fatalf("drive.py did not come to %s:\n%s", prefix, got.log)
	}
	return got.Pending
}

func (b plain) resumed(t *testing.T, r *request, argv ...string) page {
	t.Helper()
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "request.json")
	writeFile(t, file, string(encoded))
	got, status := b.drive(t, append(argv, "--resume", file)...)
	if status != 0 {
		t.Fatalf("drive.py: exit status %d:\n%s", status, got.log)
	}
	return got
}

// visit goes to a URL and as far as it gets without signing in.
func (b plain) visit(t *testing.T, url string) page {
	t.Helper()
	got, status := b.drive(t, url)
	if status != 0 {
		t.Fatalf("drive.py: exit status %d:\n%s", status, got.log)
	}
	return got
}

func (b plain) drive(t *testing.T, argv ...string) (page, int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.json")
	log, status := run(t, append([]string{"python3", "idps/drive.py", "--jar", b.jar, "--json", file}, argv...)...)
	return readPage(t, file, log), status
}

// chromium is a real browser, new for each journey.
type chromium struct{}

func (chromium) signIn(t *testing.T, p person, start, until string, click ...string) page {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.json")
	argv := append([]string{"node", "node/browser.mjs", "--json", file, "--until", until}, p.arguments()...)
	log, status := run(t, append(append(argv, clicks(click)...), start)...)
	if status != 0 {
		t.Fatalf("chromium did not arrive at %s:\n%s", until, log)
	}
	return readPage(t, file, log)
}

// signInThen signs in and then visits further pages in the same browser, of which it returns the last.
func (chromium) signInThen(t *testing.T, p person, start, until string, then ...string) page {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.json")
	argv := append([]string{"node", "node/browser.mjs", "--json", file, "--until", until}, p.arguments()...)
	for _, url := range then {
		argv = append(argv, "--then", url)
	}
	log, status := run(t, append(argv, start)...)
	if status != 0 {
		t.Fatalf("chromium did not arrive at %s:\n%s", until, log)
	}
	return readPage(t, file, log)
}

func (p person) arguments() []string {
	return []string{"--email", p.email, "--user", p.user, "--password", p.password}
}

func clicks(texts []string) []string {
	var argv []string
	for _, text := range texts {
		argv = append(argv, "--click", text)
	}
	return argv
}

func readPage(t *testing.T, file, log string) page {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	got := page{log: log}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	return got
}
