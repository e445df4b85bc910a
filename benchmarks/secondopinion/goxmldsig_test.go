package secondopinion

import (
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// errNoSignature says that there is nothing to be verified.
var errNoSignature = errors.New("no signature")

// goxmldsig has a signature verified with a certificate, and returns what was
// digested.
func goxmldsig(t *testing.T, c claim, cert []byte) (octets []byte, err error) {
	t.Helper()
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(c.message); err != nil {
		return nil, err
	}
	e := doc.Root()
	if e == nil {
		return nil, errNoSignature
	}
	for _, i := range tail(c.element) {
		children := e.ChildElements()
		if i >= len(children) {
			return nil, errNoSignature
		}
		e = children[i]
	}
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{parsed}})
	context.Clock = dsig.NewFakeClockAt(parsed.NotBefore.Add(parsed.NotAfter.Sub(parsed.NotBefore) / 2))
	for _, info := range detached.FindElements("./Signature/KeyInfo") { // else only certificates in it would be tried
		info.Parent().RemoveChild(info)
	}
	verified, err := context.Validate(detached)
	if err != nil {
		return nil, err
	}
	out := etree.NewDocument()
	out.SetRoot(verified)
	out.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	if octets, err = out.WriteToBytes(); err != nil {
		return nil, fmt.Errorf("writing what was verified: %w", err)
	}
	return octets, nil
}

func tail(path []int) []int {
	if len(path) == 0 {
		return nil
	}
	return path[1:]
}
