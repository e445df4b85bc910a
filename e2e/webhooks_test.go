//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the server signs is taken by the library that others wrote for Standard
// Webhooks, and nothing else is.
func TestWebhooksAreTakenByTheLibraryOfOthers(t *testing.T) {
	t.Parallel()
	messages, err := os.Open(filepath.Join("..", "internal", "events", "testdata", "signed.json"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = messages.Close() })
	c := exec.CommandContext(t.Context(), "node", "node/webhooks.mjs")
	c.Stdin = messages
	said, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "3 messages are taken") {
		t.Errorf("node/webhooks.mjs: %v\n%s", err, said)
	}
}
