package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	pemBegin     = "-----BEGIN "
	asn1Sequence = 0x30
)

// A certificate is an X.509 certificate, or a public key alone.
type certificate struct {
	Where     string   `json:"where,omitempty"` // path of its element
	Use       string   `json:"use,omitempty"`   // of the KeyDescriptor around it
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	Serial    string   `json:"serial"`
	NotBefore *instant `json:"not_before"`
	NotAfter  *instant `json:"not_after"`
	DaysLeft  *int     `json:"days_left"` // negative: days since it expired; null: unknown
	Key       string   `json:"key"`
	Signature string   `json:"signature_algorithm"`
	SHA256    string   `json:"sha256"`
	SHA1      string   `json:"sha1"`
	KeySHA256 string   `json:"key_sha256"` // of the SubjectPublicKeyInfo
	Problem   string   `json:"problem,omitempty"`
}

// readDER describes a certificate.
func readDER(der []byte, now time.Time) certificate {
	sum := sha256.Sum256(der)
	thumb := crypto.SHA1.New() // what many consoles call the thumbprint
	_, _ = thumb.Write(der)
	c := certificate{SHA256: hex.EncodeToString(sum[:]), SHA1: hex.EncodeToString(thumb.Sum(nil))}
	cert, err := x509.ParseCertificate(der)
	if err == nil {
		days := int(cert.NotAfter.Sub(now).Hours() / 24)
		c.Subject, c.Issuer, c.Serial = cert.Subject.String(), cert.Issuer.String(), cert.SerialNumber.Text(16)
		c.NotBefore = newInstant(cert.NotBefore.UTC().Format(time.RFC3339), now)
		c.NotAfter = newInstant(cert.NotAfter.UTC().Format(time.RFC3339), now)
		c.DaysLeft, c.Signature, c.Key = &days, cert.SignatureAlgorithm.String(), cert.PublicKeyAlgorithm.String()
	} else {
		c.Problem = "not readable but for its key: " + strings.TrimPrefix(err.Error(), "x509: ")
	}
	key, err := xmldsig.KeyFromCertificate(der)
	if err != nil {
		c.Problem = "no key that signatures are verified with: " + err.Error()
		return c
	}
	c.setKey(key)
	return c
}

func (c *certificate) setKey(key xmldsig.Key) {
	fingerprint := key.Fingerprint()
	c.Key, c.KeySHA256 = fmt.Sprintf("%s %d bits", key.Kind(), key.Bits()), hex.EncodeToString(fingerprint[:])
}

// isCertificate reports whether DER is a certificate, be it one of which the
// key alone can be read.
func isCertificate(der []byte) bool {
	if len(der) == 0 || der[0] != asn1Sequence {
		return false
	}
	if _, err := xmldsig.KeyFromCertificate(der); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(der)
	return err == nil
}

// peelDER makes a certificate or a public key a thing.
func (p *peeler) peelDER(l layer, name string) bool {
	der := l.content
	if isCertificate(der) {
		t := p.add(l.below(name, der), kindCertificate)
		t.Certificates = []certificate{readDER(der, p.now)}
		return true
	}
	if key, err := xmldsig.KeyFromSPKI(der); err == nil {
		t := p.add(l.below(name, der), kindPublicKey)
		c := certificate{}
		c.setKey(key)
		t.Certificates = []certificate{c}
		return true
	}
	if isPrivateKey(der) {
		p.addPrivateKey(l, name)
		return true
	}
	return false
}

func isPrivateKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(der)
	return err == nil
}

// addPrivateKey says that there is a private key, and nothing about it.
func (p *peeler) addPrivateKey(l layer, name string) {
	p.add(l.below(name, l.content), kindPrivateKey).note("a private key stays with its owner; nothing of it is shown, and whoever got it from elsewhere should have it replaced")
}

// peelPEM reads the blocks of PEM, be their lines joined or indented.
func (p *peeler) peelPEM(l layer) {
	whole := strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(string(l.content))
	text := whole
	for !p.full() {
		_, rest, found := strings.Cut(text, pemBegin)
		if !found {
			return
		}
		label, rest, ok := strings.Cut(rest, "-----")
		begin := len(whole) - len(rest)
		if !ok {
			p.unknown(l, "PEM whose first line does not end")
			return
		}
		body, after, ended := strings.Cut(rest, "-----END ")
		if i := strings.Index(body, pemBegin); i >= 0 {
			body, after, ended = body[:i], body[i:]+"-----END "+after, false
		}
		text = after
		block := l
		if !ended {
			block.problems = append(append([]problem{}, l.problems...), placed("bind.base64", "PEM", []byte(whole), begin, "the PEM block has no end"))
		}
		if strings.Contains(label, "PRIVATE KEY") {
			block.content = []byte(body)
			p.addPrivateKey(block, "PEM")
			continue
		}
		run := base64Run(strings.TrimSpace(body))
		block.content = decodePacked(run)
		if !p.peelDER(block, "PEM") {
			p.unknown(block.below("PEM", block.content), fmt.Sprintf("a PEM block %q that holds neither a certificate nor a public key, or is damaged", label))
		}
	}
}

// maxListed is how many certificates, signatures and encryptions of one
// document are shown.
const maxListed = 256

// readCertificates lists the certificates of a document, each once.
func (t *thing) readCertificates(now time.Time) {
	seen := map[string]bool{}
	for e := range t.root.Descendants() {
		if !e.Is(xmldsig.Namespace, "X509Certificate") {
			continue
		}
		text, _ := e.Leaf()
		der := decodePacked(base64Run(text))
		use := ""
		for at := e; !at.IsZero(); at = at.Parent() {
			if at.Is(nsMetadata, "KeyDescriptor") {
				use = attr(at, "use")
			}
		}
		identity := use + "\x00" + string(der)
		if seen[identity] {
			continue
		}
		if len(t.Certificates) == maxListed {
			t.note("at most %d certificates are shown", maxListed)
			return
		}
		seen[identity] = true
		c := readDER(der, now)
		c.Where, c.Use = shorten(e.Path()), use
		if len(bytes.TrimSpace(der)) == 0 {
			c = certificate{Where: c.Where, Use: use, Problem: "not base64, or nothing"}
		}
		t.Certificates = append(t.Certificates, c)
	}
}

// fingerprints returns the SHA-256 of the certificates below an element.
func fingerprints(e xmltree.Element) []string {
	var sums []string
	for d := range e.Descendants() {
		if d.Is(xmldsig.Namespace, "X509Certificate") && len(sums) < maxListed {
			text, _ := d.Leaf()
			sum := sha256.Sum256(decodePacked(base64Run(text)))
			sums = append(sums, hex.EncodeToString(sum[:]))
		}
	}
	return sums
}
