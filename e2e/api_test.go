//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestTheAPIByAGeneratedClient generates a client from the document of the management API, and makes a customer by it.
func TestTheAPIByAGeneratedClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations: []`)
	argv := []string{sallyport(t), "operator", "key", "e2e", "--database", h.database, "--key-file", h.keyFile}
	for _, scope := range []string{
		"deployment:read", "deployment:write", "organizations:read", "users:read", "users:write", "sso:read", "sso:write", "audit:read", "keys:read", "keys:write",
	} {
		argv = append(argv, "--scope", scope)
	}
	key := strings.TrimSpace(mustRun(t, argv...))
	document, err := filepath.Abs("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if out := mustRun(t, "node", "node/api.mjs", document, h.baseURL, key); !strings.Contains(out, "done") {
		t.Errorf("the client said %s", out)
	}
}
