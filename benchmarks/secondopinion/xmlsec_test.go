package secondopinion

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// xmlsec1 is the program of the C library xmlsec.
type xmlsec1 struct{ program string }

// findXMLSec1 returns the program. Where it is missing the test is skipped, which
// in make test is a failure.
func findXMLSec1(t *testing.T) xmlsec1 {
	t.Helper()
	program, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 IS NOT INSTALLED, SO NOBODY GAVE A SECOND OPINION; apt-get install xmlsec1, or e2e/install.sh")
	}
	return xmlsec1{program}
}

// errTooLarge says that a message was not given to xmlsec1, which takes minutes for
// some of those that try the limits.
var errTooLarge = errors.New("too large to ask about")

// judge has a signature verified with the key of a certificate. KeyInfo is out of
// the question. It returns what xmlsec1 digested.
func (x xmlsec1) judge(t *testing.T, c claim, cert []byte) (octets, info []byte, err error) {
	t.Helper()
	dir := t.TempDir()
	message, key := filepath.Join(dir, "message.xml"), filepath.Join(dir, "cert.pem")
	for name, content := range map[string][]byte{
		message: c.message, key: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--verify", "--store-references", "--store-signatures", "--print-debug", "--enabled-key-data", "raw-x509-cert", "--pubkey-cert-pem", key}
	// xmlsec1 reads no schema, and has to be told which attributes are IDs.
	for _, name := range []string{"urn:oasis:names:tc:SAML:2.0:protocol:Response", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", c.expanded} {
		if name != "" {
			args = append(args, "--id-attr:ID", name)
		}
	}
	if c.signature != nil { // else the first that it finds
		args = append(args, "--node-xpath", xpath(c.signature))
	}
	if len(c.message) > 64<<10 {
		return nil, nil, errTooLarge
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), x.program, append(args, message)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, nil, errors.New(stderr.String())
	}
	return between(stdout.Bytes(), "PreDigest data"), between(stdout.Bytes(), "PreSigned data"), nil
}

// between returns one buffer of xmlsec1's output.
func between(out []byte, name string) []byte {
	_, rest, _ := bytes.Cut(out, []byte("== "+name+" - start buffer:\n"))
	if end := bytes.LastIndex(rest, []byte("\n== "+name+" - end buffer")); end >= 0 {
		return rest[:end]
	}
	return nil
}
