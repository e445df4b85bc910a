package secondopinion

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// What we decrypt of what we encrypt, xmlsec1 decrypts to the same element; and
// neither decrypts it once an octet of the text was changed under GCM.
func TestXMLSec1DecryptsTheSame(t *testing.T) {
	t.Parallel()
	x := findXMLSec1(t)
	private, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	own, err := xmlenc.NewKey(private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	idp := samltest.New(t)
	idp.SPKey = own
	for _, content := range []string{xmlenc.AES128GCM, xmlenc.AES192GCM, xmlenc.AES256GCM, xmlenc.AES128CBC, xmlenc.AES192CBC, xmlenc.AES256CBC, xmlenc.TripleDESCBC} {
		for _, transport := range []string{xmlenc.RSAOAEPMGF1P, xmlenc.RSA15} {
			message := idp.Respond(func(r *samltest.Response) {
				r.Base = samltest.EncryptedAssertionSigned
				r.Encryption.Content, r.Encryption.Transport, r.Encryption.To = content, transport, []*rsa.PublicKey{own.Public()}
			})
			name := fmt.Sprintf("%s by %s", content, transport)
			ours, err := decryptOurs(t, message, own)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			theirs, err := x.decrypt(t, message, der)
			if err != nil {
				t.Fatalf("%s: xmlsec1 does not decrypt it: %v", name, err)
			}
			if !bytes.Equal(ours, theirs) {
				t.Errorf("%s: xmlsec1 decrypts\n%s\nwe decrypt\n%s", name, theirs, ours)
			}
			if !strings.HasSuffix(content, "-gcm") {
				continue
			}
			at := bytes.LastIndex(message, []byte("<xenc:CipherValue>")) + 60
			changed := slices.Clone(message)
			changed[at] = 'A' + (changed[at]-'A'+1)%26
			if _, err := decryptOurs(t, changed, own); err == nil {
				t.Errorf("%s: we decrypt what was changed", name)
			}
			if _, err := x.decrypt(t, changed, der); err == nil {
				t.Errorf("%s: xmlsec1 decrypts what was changed", name)
			}
		}
	}
}

// decryptOurs returns the canonical form of the encrypted assertion.
func decryptOurs(t *testing.T, message []byte, key xmlenc.Key) ([]byte, error) {
	t.Helper()
	doc, err := xmltree.Parse(message, xmltree.Message)
	if err != nil {
		t.Fatal(err)
	}
	for e := range doc.Root().Descendants() {
		if e.Is(xmlenc.Namespace, "EncryptedData") {
			inner, err := xmlenc.DecryptElement(e, []xmlenc.Key{key}, xmlenc.Policy{RSA15: true, TripleDES: true})
			if err != nil {
				return nil, err
			}
			return canonical(t, inner.Root(), xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}), nil
		}
	}
	t.Fatal("nothing is encrypted")
	return nil, nil
}

// decrypt returns the same of what xmlsec1 decrypts, which puts it in the place of
// what is encrypted.
func (x xmlsec1) decrypt(t *testing.T, message, private []byte) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	file, key := filepath.Join(dir, "message.xml"), filepath.Join(dir, "key.pem")
	for name, content := range map[string][]byte{file: message, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), x.program, "--decrypt", "--privkey-pem", key, file)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &stderr)
	}
	doc, err := xmltree.Parse(stdout.Bytes(), xmltree.Message)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, &stdout)
	}
	for e := range doc.Root().Descendants() {
		if e.Local() == "Assertion" {
			return canonical(t, e, xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}), nil
		}
	}
	return nil, fmt.Errorf("no assertion in %s", &stdout)
}
