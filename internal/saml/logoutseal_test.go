package saml_test

import (
	"crypto/rsa"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// The keys of service providers, ours and another.
var ourKey, theirKey = sync.OnceValue(newSPKey), sync.OnceValue(newSPKey)

func newSPKey() xmlenc.Key {
	private, err := samltest.NewKey()
	if err != nil {
		panic(err)
	}
	key, err := xmlenc.NewKey(private)
	if err != nil {
		panic(err)
	}
	return key
}

// encryptedName returns a message in which the name of the user is encrypted.
func encryptedName(doc string, name func(string) string, how func(*xmlenc.Encryption)) string {
	from, to := strings.Index(doc, "<saml:NameID"), strings.Index(doc, "</saml:NameID>")+len("</saml:NameID>")
	e := xmlenc.Encryption{To: []*rsa.PublicKey{ourKey().Public()}}
	how(&e)
	sealed, err := xmlenc.Encrypt([]byte(name(doc[from:to])), e)
	if err != nil {
		panic(err)
	}
	return doc[:from] + "<saml:EncryptedID>" + string(sealed) + "</saml:EncryptedID>" + doc[to:]
}

// logoutSealings put into the encryption of a name what must not be in it.
func logoutSealings() []logoutAttack {
	withKey := func(d *draft) { d.expect = func(e *saml.LogoutExpect) { e.DecryptionKeys = []xmlenc.Key{ourKey()} } }
	same := func(name string) string { return name }
	usual := func(*xmlenc.Encryption) {}
	sealed := func(name func(string) string, how func(*xmlenc.Encryption)) func(*draft) {
		return func(d *draft) {
			withKey(d)
			d.before = func(doc string) string { return encryptedName(doc, name, how) }
		}
	}
	twin := sealed(same, usual)
	enveloped := []string{saml.BindingPost, saml.BindingSOAP}
	attacks := []logoutAttack{
		{63, "encrypted name and no key", logoutBindings, func(d *draft) { twin(d); d.expect = nil }, saml.EncKey, twin},
		{63, "encrypted name for another", logoutBindings, sealed(same, func(e *xmlenc.Encryption) { e.To = []*rsa.PublicKey{theirKey().Public()} }), saml.EncFailed, twin},
		{63, "encrypted name exchanged", enveloped, func(d *draft) {
			twin(d)
			d.after = func(doc string) string {
				from, to := strings.Index(doc, "<saml:EncryptedID>"), strings.Index(doc, "</saml:EncryptedID>")+len("</saml:EncryptedID>")
				return doc[:from] + encryptedName("<saml:NameID>admin@acme.example</saml:NameID>", same, usual) + doc[to:]
			}
		}, saml.SigDigest, twin},
		{63, "encrypted name, not signed", logoutBindings, func(d *draft) { twin(d); d.unsigned = true }, saml.SigMissing, twin},
		{67, "encrypted name by RSA 1.5", logoutBindings, sealed(same, func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSA15 }), saml.EncAlg, func(d *draft) {
			sealed(same, func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSA15 })(d)
			d.expect = func(e *saml.LogoutExpect) { e.DecryptionKeys, e.Legacy.RSA15 = []xmlenc.Key{ourKey()}, true }
		}},
		{69, "encrypted name for another by its word", logoutBindings, sealed(same, func(e *xmlenc.Encryption) { e.Recipient = "https://other.example" }), saml.EncShape,
			sealed(same, func(e *xmlenc.Encryption) { e.Recipient = logoutSP })},
		{85, "a name and an encrypted one", logoutBindings, func(d *draft) {
			withKey(d)
			d.before = func(doc string) string {
				return strings.Replace(encryptedName(doc, same, usual), "<saml:EncryptedID>", "<saml:NameID>bob</saml:NameID><saml:EncryptedID>", 1)
			}
		}, saml.Shape, twin},
	}
	for name, change := range map[string]func(string) string{
		"an assertion":           func(n string) string { return "<saml:Assertion>" + n + "</saml:Assertion>" },
		"a BaseID":               func(string) string { return "<saml:BaseID/>" },
		"two":                    func(n string) string { return n + n },
		"nothing":                func(string) string { return "" },
		"no XML":                 func(string) string { return "alice" },
		"a comment":              samltest.Replace("@", "<!-- -->@"),
		"an element":             samltest.Replace("@", "<x/>@"),
		"a document type":        func(n string) string { return "<!DOCTYPE x>" + n },
		"the ID of the message":  samltest.Replace("<saml:NameID ", `<saml:NameID ID="id1" `),
		"a name of another kind": func(n string) string { return strings.ReplaceAll(n, "saml:NameID", "NameID") },
	} {
		attacks = append(attacks, logoutAttack{65, "inside an encrypted name: " + name, logoutBindings, sealed(change, usual), saml.EncFailed, twin})
	}
	return attacks
}
