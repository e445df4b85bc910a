package main

import (
	"strings"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A signature is what a ds:Signature says of itself. It was not verified.
type signature struct {
	Path         string      `json:"path"`
	In           string      `json:"in"` // the element around it
	InID         string      `json:"in_id"`
	References   []reference `json:"references"`
	Method       string      `json:"method"`
	C14N         string      `json:"c14n"`
	KeyNames     []string    `json:"key_names"`
	Certificates []string    `json:"certificates"` // their SHA-256; empty: none embedded
}

type reference struct {
	URI        string   `json:"uri"`
	Transforms []string `json:"transforms"`
	Digest     string   `json:"digest"`
}

// An encryption is the algorithms of one xenc:EncryptedData.
type encryption struct {
	Path      string         `json:"path"`
	In        string         `json:"in"` // the element around it
	Algorithm string         `json:"algorithm"`
	Keys      []encryptedKey `json:"keys"`
}

type encryptedKey struct {
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest"`
	MGF       string `json:"mgf"`
	Recipient string `json:"recipient"`
}

// algorithm returns the Algorithm of a child of the signature namespace.
func algorithm(e xmltree.Element, space, local string) string {
	c := child(e, space, local)
	if c.IsZero() {
		return ""
	}
	return attr(c, "Algorithm")
}

// readSignatures lists the signatures of a document.
func (t *thing) readSignatures() {
	for e := range t.root.Descendants() {
		if !e.Is(xmldsig.Namespace, "Signature") {
			continue
		}
		if len(t.Signatures) == maxListed {
			t.note("at most %d signatures are shown", maxListed)
			return
		}
		t.Signatures = append(t.Signatures, readSignature(e))
	}
}

func readSignature(e xmltree.Element) signature {
	s := signature{Path: shorten(e.Path()), References: []reference{}, KeyNames: []string{}, Certificates: []string{}}
	if in := e.Parent(); !in.IsZero() {
		s.In, s.InID = in.Local(), attr(in, "ID")
	}
	info := child(e, xmldsig.Namespace, "SignedInfo")
	s.Method = algorithm(info, xmldsig.Namespace, "SignatureMethod")
	s.C14N = algorithm(info, xmldsig.Namespace, "CanonicalizationMethod")
	if !info.IsZero() {
		for c := range info.Children() {
			if c.Is(xmldsig.Namespace, "Reference") {
				s.References = append(s.References, readReference(c))
			}
		}
	}
	if key := child(e, xmldsig.Namespace, "KeyInfo"); !key.IsZero() {
		s.Certificates = append(s.Certificates, fingerprints(key)...)
		for c := range key.Children() {
			if c.Is(xmldsig.Namespace, "KeyName") {
				s.KeyNames = append(s.KeyNames, content(c))
			}
		}
	}
	return s
}

func readReference(e xmltree.Element) reference {
	r := reference{URI: attr(e, "URI"), Transforms: []string{}, Digest: algorithm(e, xmldsig.Namespace, "DigestMethod")}
	if list := child(e, xmldsig.Namespace, "Transforms"); !list.IsZero() {
		for c := range list.Children() {
			r.Transforms = append(r.Transforms, attr(c, "Algorithm"))
		}
	}
	return r
}

// readEncryptions lists what is encrypted in a document. The key stands in the
// xenc:EncryptedData or beside it.
func (t *thing) readEncryptions() {
	const maxKeys = 16
	for e := range t.root.Descendants() {
		if !e.Is(xmlenc.Namespace, "EncryptedData") {
			continue
		}
		if len(t.Encryptions) == maxListed {
			t.note("at most %d encrypted parts are shown", maxListed)
			return
		}
		found := encryption{Path: shorten(e.Path()), Algorithm: algorithm(e, xmlenc.Namespace, "EncryptionMethod"), Keys: []encryptedKey{}}
		around := e
		if in := e.Parent(); !in.IsZero() {
			found.In, around = in.Local(), in
		}
		for k := range around.Descendants() {
			if k.Is(xmlenc.Namespace, "EncryptedKey") && len(found.Keys) < maxKeys {
				method := child(k, xmlenc.Namespace, "EncryptionMethod")
				found.Keys = append(found.Keys, encryptedKey{
					Algorithm: algorithm(k, xmlenc.Namespace, "EncryptionMethod"),
					Digest:    algorithm(method, xmldsig.Namespace, "DigestMethod"),
					MGF:       algorithm(method, xmlenc.Namespace11, "MGF"),
					Recipient: attr(k, "Recipient"),
				})
			}
		}
		t.Encryptions = append(t.Encryptions, found)
	}
}

// short returns the part of an identifier that tells it from others like it.
func short(uri string) string {
	trimmed := strings.TrimRight(uri, "#/")
	if !strings.HasPrefix(uri, "http://www.w3.org/") && !strings.HasPrefix(uri, "urn:oasis:names:tc:SAML:") {
		return uri
	}
	return trimmed[strings.LastIndexAny(trimmed, "#/:")+1:]
}
