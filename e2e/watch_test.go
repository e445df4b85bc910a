//go:build e2e

package e2e

import (
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/samltest"
)

// published is metadata at an address, which change.
type published struct {
	mu  sync.Mutex
	doc string // "": there is nothing
}

func (p *published) set(doc string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc = doc
}

// ServeHTTP serves them.
func (p *published) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doc == "" {
		http.Error(w, "gone", http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, p.doc)
}

// watchState is what the server knows of what is published.
type watchState struct {
	Held struct {
		EntityID string `json:"entity_id"`
	}
	HeldAt  string `json:"held_at"`
	Failing string `json:"failing_since"`
	Failure string
}

// watched returns that, and how the connection stands.
func (h *house) watched(t *testing.T) (s watchState, entityID string, certificates int) {
	t.Helper()
	var seen, settings string
	err := open(t, h.database).QueryRowContext(t.Context(), `select w.seen, c.saml from connection_watches w join connections c on c.id = w.connection_id`).Scan(&seen, &settings)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		EntityID     string   `json:"idp_entity_id"`
		Certificates []string `json:"certificates"`
	}
	for text, to := range map[string]any{seen: &s, settings: &c} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	return s, c.EntityID, len(c.Certificates)
}

// tomorrow has the day be over after which metadata are read again.
func (h *house) tomorrow(t *testing.T) {
	t.Helper()
	if _, err := open(t, h.database).ExecContext(t.Context(), "update connection_watches set due_at = 0"); err != nil {
		t.Fatal(err)
	}
}

// answerBy begins a sign-in at acme and has it answered by an identity provider; it returns the page that comes of it.
func (h *house) answerBy(t *testing.T, i *samltest.IdP) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun, err := client.Get(h.baseURL + "/login/acme")
	if err != nil {
		t.Fatal(err)
	}
	_ = begun.Body.Close()
	to, err := url.Parse(begun.Header.Get("Location"))
	if err != nil || to.Query().Get("SAMLRequest") == "" {
		t.Fatalf("the sign-on URL leads to %q, want the identity provider", to)
	}
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	request, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(string(request), ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	i.Now, i.RequestID = time.Now().UTC(), id
	i.SPEntityID, i.ACS = h.baseURL+"/saml/acme-idp/metadata", h.baseURL+"/saml/acme-idp/acs"
	answer, err := client.PostForm(i.ACS, url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(i.Respond())}, "RelayState": {to.Query().Get("RelayState")}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(answer.StatusCode, string(body))
}

// TestWatch has an identity provider gain a key, lose one, call itself otherwise and go away.
func TestWatch(t *testing.T) {
	t.Parallel()
	idp := func() (*samltest.IdP, string) {
		key, err := samltest.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		i, err := samltest.NewIdP("https://idp.example/", "https://idp.example/sso", key)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := i.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		return i, string(doc)
	}
	_, first := idp()
	next, second := idp()
	keyOf := func(doc string) string {
		from, to := strings.Index(doc, "<md:KeyDescriptor"), strings.Index(doc, "</md:KeyDescriptor>")
		return doc[from : to+len("</md:KeyDescriptor>")]
	}
	both := strings.Replace(first, keyOf(first), keyOf(first)+keyOf(second), 1)

	var p published
	p.set(first)
	l, err := net.Listen("tcp", freeAddr(t, "127.0.28.11"))
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: &p, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	h := newHouse(t, "organizations: [{key: acme, name: Acme Ltd, entitlements: [sso]}]\n", "--metadata-networks", "127.0.28.0/24")
	file := filepath.Join(t.TempDir(), "connection.yaml")
	writeFile(t, file, fmt.Sprintf("organizations: [{key: acme, connections: [{key: acme-idp, state: active, metadata_url: %q}]}]\n", "http://"+l.Addr().String()+"/metadata"))
	mustRun(t, sallyport(t), "apply", "-f", file, "--database", h.database, "--key-file", h.keyFile, "--metadata-networks", "127.0.28.0/24")
	read := func(what string, done func(s watchState, entityID string, certificates int) bool) {
		t.Helper()
		h.server.waitFor(t, what, func() bool { return done(h.watched(t)) })
	}
	read("first reading", func(watchState, string, int) bool {
		var n int
		err := open(t, h.database).QueryRowContext(t.Context(), "select count(*) from connection_watches where version > 1").Scan(&n)
		return err == nil && n == 1
	})

	p.set(both)
	if got := h.answerBy(t, next); !strings.Contains(got, `data-code="sig_value"`) {
		t.Errorf("signed with a key that is not known yet: %s, want sig_value", got)
	}
	read("new key", func(_ watchState, _ string, n int) bool { return n == 2 })
	if got := h.answerBy(t, next); strings.Contains(got, `data-code="sig_value"`) {
		t.Errorf("signed with the key that was published: %s", got)
	}

	p.set(strings.Replace(both, keyOf(first), "", 1))
	h.tomorrow(t)
	read("removal that waits", func(s watchState, _ string, n int) bool { return s.HeldAt != "" && n == 2 })

	p.set(strings.Replace(both, `entityID="https://idp.example/"`, `entityID="https://evil.example/"`, 1))
	h.tomorrow(t)
	read("entity ID that waits", func(s watchState, entityID string, n int) bool {
		return s.Held.EntityID == "https://evil.example/" && entityID == "https://idp.example/" && n == 2
	})

	p.set("")
	h.tomorrow(t)
	read("address that is gone", func(s watchState, entityID string, n int) bool {
		return s.Failing != "" && s.Failure == "fetch_status" && entityID == "https://idp.example/" && n == 2
	})
	if got := h.answerBy(t, next); strings.Contains(got, `data-code="sig_value"`) {
		t.Errorf("while the address is gone: %s", got)
	}
}
