package saml_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// TestAttacksBehindEncryption does the attacks on plain responses once more
// inside an encryption: each is refused by its rule, or as what was decrypted and
// is not good, and then the verdict list says so.
func TestAttacksBehindEncryption(t *testing.T) {
	t.Parallel()
	tried := newTally(t)
	// The encrypted counterpart of what is signed. What somebody without the key
	// does to a signed Response is done to it whether it is encrypted or not.
	for base, plain := range map[samltest.Base]samltest.Base{
		samltest.EncryptedAssertionSigned: samltest.AssertionSigned,
		samltest.EncryptedResponseSigned:  samltest.ResponseSigned,
	} {
		count := 0
		for _, attack := range samltest.Attacks() {
			if !slices.Contains(attack.On(), plain) || attack.Plain {
				continue
			}
			idp := samltest.New(t)
			trial := idp.Response()
			trial.Base = base
			attack.Forge(trial)
			if base == samltest.EncryptedResponseSigned && trial.Tampered() || trial.Base != base {
				continue
			}
			count++
			t.Run(attack.String()+"/"+string(base), func(t *testing.T) {
				t.Parallel()
				refusedBy(t, attack.Rule, saml.EncFailed)
				tried.made(attack.No.Family())
				_, err := saml.Verify(idp.Respond(on(base), attack.Forge), apply(idp.Expect(), attack.Expect, attack.ForgeExpect), idp.Now)
				refusal, ok := errors.AsType[*saml.Refusal](err)
				if !ok {
					t.Fatalf("Verify() = %v, want a refusal", err)
				}
				unreadable := refusal.Rule == saml.EncFailed && attack.Rule.Family() == "xml"
				hidden := refusal.Rule == saml.EncFailed && slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool {
					return c.Rule == attack.Rule && c.Verdict == saml.Fail
				})
				// What was moved to where nothing of it may be is found before anything
				// is decrypted, and what it lacks inside is not.
				moved := attack.Rule == saml.IDDup && refusal.Rule == saml.Shape || attack.Rule == saml.SigMissing && refusal.Rule == saml.SigPlace ||
					attack.Rule.Family() == "id" && refusal.Rule == saml.Count
				if refusal.Rule != saml.EncFailed && slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool {
					return c.Rule == saml.EncFailed && c.Verdict == saml.Fail
				}) {
					t.Errorf("the refusal names %v, which only who decrypts can know", refusal.Rule)
				}
				if refusal.Rule != attack.Rule && !unreadable && !hidden && !moved {
					t.Fatalf("Verify() = %v, want a refusal by rule %v", err, attack.Rule)
				}
				tried.refused(attack.No.Family())
				twin := attack.Twin
				if twin == nil {
					twin = func(*samltest.Response) {}
				}
				if _, err := saml.Verify(idp.Respond(on(base), twin), apply(idp.Expect(), attack.Expect, attack.TwinExpect), idp.Now); err != nil {
					t.Fatalf("twin: %v", err)
				}
				tried.accepted(attack.No.Family())
			})
		}
		if count < 400 {
			t.Errorf("only %d attacks on %s", count, base)
		}
	}
}

// TestRefusalsBehindEncryptionLookAlike changes an encrypted assertion in every
// way that gets as far as the private key: nobody who sees the refusal can tell
// one from another, so that nothing can be learnt by asking often.
func TestRefusalsBehindEncryptionLookAlike(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	expect := idp.Expect()
	expect.Legacy.RSA15 = true
	type outward struct {
		rule             saml.Rule
		about, want, got string
		path             string
		offset           int
	}
	var first *outward
	cbc := func(r *samltest.Response) {
		r.Base, r.ID, r.Encryption.Content = samltest.EncryptedAssertionSigned, "idFixed", xmlenc.AES256CBC
	}
	rsa15 := func(r *samltest.Response) { r.Encryption.Transport = xmlenc.RSA15 }
	flip := func(which, at int) func(*samltest.Response) {
		return func(r *samltest.Response) {
			r.AfterEncryption(func(doc string) string { return changeOctet(t, doc, which, at) })
		}
	}
	for name, forge := range map[string][]func(*samltest.Response){
		"the key":                {flip(0, 3)},
		"the key, by RSA 1.5":    {rsa15, flip(0, 3)},
		"the IV":                 {flip(1, 5)},
		"the text":               {flip(1, 500)},
		"the name of the user":   {func(r *samltest.Response) { r.AfterSigning(samltest.Replace("alice@", "blice@")) }},
		"the padding":            {flip(1, -17)},
		"no signature":           {func(r *samltest.Response) { r.Base = samltest.EncryptedNothingSigned }},
		"a stranger's signature": {samltest.SignByStranger},
		"no XML":                 {func(r *samltest.Response) { r.BeforeEncryption(func(string) string { return "x" }) }},
		"another element":        {func(r *samltest.Response) { r.BeforeEncryption(func(string) string { return "<x/>" }) }},
		"an ID of the Response":  {func(r *samltest.Response) { r.AssertionID = r.ID }},
		"an element nobody expects": {func(r *samltest.Response) {
			r.BeforeEncryption(samltest.Replace("<saml:Subject>", "<x/><saml:Subject>"))
		}},
		"an encryption in the encryption": {func(r *samltest.Response) {
			r.BeforeEncryption(samltest.Replace("</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"))
		}},
		"for another": {func(r *samltest.Response) { r.Encryption.To = []*rsa.PublicKey{newKey(t)} }},
	} {
		_, err := saml.Verify(idp.Respond(append([]func(*samltest.Response){cbc}, forge...)...), expect, idp.Now)
		refusal, ok := errors.AsType[*saml.Refusal](err)
		if !ok {
			t.Fatalf("%s: Verify() = %v, want a refusal", name, err)
		}
		got := &outward{refusal.Rule, refusal.About, refusal.Want, refusal.Got, refusal.Path, refusal.Offset}
		if first == nil {
			first = got
		}
		if got.rule != saml.EncFailed || got.got == "" || *got != *first {
			t.Errorf("%s: refusal %+v, want %+v", name, *got, *first)
		}
	}
}

// changeOctet flips a bit of an octet of the text in one CipherValue.
func changeOctet(t *testing.T, doc string, which, at int) string {
	t.Helper()
	const open = "<xenc:CipherValue>"
	start := 0
	for range which + 1 {
		start += bytes.Index([]byte(doc[start:]), []byte(open)) + len(open)
	}
	end := start + bytes.IndexByte([]byte(doc[start:]), '<')
	octets, err := base64.StdEncoding.DecodeString(doc[start:end])
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(octets)
	}
	octets[at] ^= 1
	return doc[:start] + base64.StdEncoding.EncodeToString(octets) + doc[end:]
}

func newKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	key, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		t.Fatalf("key of type %T", key.Public())
	}
	return public
}

// What is refused without decrypting is not decrypted: a private operation costs
// more than all the rest, and every one of them answers a question.
func TestNothingIsDecryptedInARefusedResponse(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	for name, forge := range map[string]func(*samltest.Response){
		"altered Response": func(r *samltest.Response) {
			r.AfterSigning(samltest.Replace(` Version="2.0"`, ` Version="2.0" Consent="x"`))
		},
		"signed by a stranger":   samltest.SignByStranger,
		"for another address":    func(r *samltest.Response) { r.Destination = "https://other.example" },
		"answer to another":      func(r *samltest.Response) { r.InResponseTo = "idOther" },
		"failure":                func(r *samltest.Response) { r.Status = []string{"urn:x"} },
		"another version":        func(r *samltest.Response) { r.Version = "1.1" },
		"of another issuer":      func(r *samltest.Response) { r.Issuer = "https://other.example" },
		"issued a long time ago": func(r *samltest.Response) { r.IssueInstant = "2001-01-01T00:00:00Z" },
	} {
		_, err := saml.Verify(idp.Respond(on(samltest.EncryptedResponseSigned), forge), idp.Expect(), idp.Now)
		refusal, ok := errors.AsType[*saml.Refusal](err)
		if !ok {
			t.Fatalf("%s: Verify() = %v, want a refusal", name, err)
		}
		for _, c := range refusal.Checks {
			if c.Rule.Family() == "enc" && c.Verdict != saml.Skip || c.Rule == saml.NameIdentifier && c.Verdict != saml.Skip {
				t.Errorf("%s: check %+v, want it skipped", name, c)
			}
		}
	}
}

func TestNameIDIsDecrypted(t *testing.T) {
	t.Parallel()
	for _, base := range slices.Concat(samltest.Bases[:], samltest.EncryptedBases[:]) {
		t.Run(string(base), func(t *testing.T) {
			t.Parallel()
			a := accept(t, samltest.New(t), on(base), samltest.EncryptNameID, func(r *samltest.Response) {
				r.NameQualifier, r.SPNameQualifier = "urn:a", "urn:b"
			})
			want := saml.NameID{Value: samltest.DefaultNameID, Format: saml.FormatEmail, NameQualifier: "urn:a", SPNameQualifier: "urn:b"}
			if diff := cmp.Diff(want, a.NameID); diff != "" {
				t.Errorf("NameID (-want +got):\n%s", diff)
			}
		})
	}
}

// What real messages rely on: an assertion that was cut out of its Response and
// encrypted as it stood declares none of its namespaces.
func TestNamespacesAroundTheEncryptionAreInScope(t *testing.T) {
	t.Parallel()
	for _, base := range samltest.EncryptedBases {
		for name, signing := range map[string]xmldsig.C14N{
			"exclusive": {Algorithm: xmldsig.ExclusiveC14N}, "exclusive, with prefixes": {Algorithm: xmldsig.ExclusiveC14N, Prefixes: []string{"xs", "samlp"}},
		} {
			t.Run(name+"/"+string(base), func(t *testing.T) {
				t.Parallel()
				a := accept(t, samltest.New(t), on(base), func(r *samltest.Response) {
					r.BeforeSigning(samltest.Replace("<samlp:Response ", `<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `))
					r.BeforeSigning(samltest.Replace("<saml:AttributeValue>", `<saml:AttributeValue xsi:type="xs:string">`))
					r.EachSigning(func(s *xmldsig.Signing) {
						s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, signing}
					})
				})
				if a.Attributes.Get("mail") == nil {
					t.Errorf("attributes %v", a.Attributes)
				}
			})
		}
	}
}

func TestEveryKeyOfOursIsTried(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	private, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := xmlenc.NewKey(private)
	if err != nil {
		t.Fatal(err)
	}
	message := idp.Respond(on(samltest.EncryptedAssertionSigned))
	expect := idp.Expect()
	right := expect.DecryptionKeys[0]
	for name, keys := range map[string][]xmlenc.Key{"first": {right, other}, "last": {other, other, right}} {
		expect.DecryptionKeys = keys
		if _, err := saml.Verify(message, expect, idp.Now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	expect.DecryptionKeys = []xmlenc.Key{other}
	if _, err := saml.Verify(message, expect, idp.Now); ruleOf(t, err) != saml.EncFailed {
		t.Errorf("another key alone: %v", err)
	}
}

// A fault of what is proved to be the identity provider's is told where it
// stands: below the encryption, at its place in the message.
func TestRefusalSaysWhereBehindEncryption(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	message := idp.Respond(on(samltest.EncryptedAssertionSigned), func(r *samltest.Response) { r.Audience = "https://other.example" })
	_, err := saml.Verify(message, idp.Expect(), idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok || refusal.Rule != saml.Audience {
		t.Fatal(err)
	}
	if want := "/samlp:Response/saml:EncryptedAssertion/saml:Assertion/saml:Conditions/saml:AudienceRestriction"; refusal.Path != want {
		t.Errorf("path %s, want %s", refusal.Path, want)
	}
	if !bytes.HasPrefix(message[refusal.Offset:], []byte("<saml:EncryptedAssertion")) {
		t.Errorf("offset %d", refusal.Offset)
	}
}

func TestVerifySignaturesDecrypts(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	old := func(r *samltest.Response) { r.NotOnOrAfter, r.Audience = "2001-01-01T00:00:00Z", "urn:x" }
	for base, want := range map[samltest.Base]saml.Signed{
		samltest.EncryptedAssertionSigned: {Assertion: true},
		samltest.EncryptedResponseSigned:  {Response: true},
		samltest.EncryptedBothSigned:      {Response: true, Assertion: true},
	} {
		got, err := saml.VerifySignatures(idp.Respond(on(base), old), idp.Expect())
		if err != nil || got.Signed != want {
			t.Errorf("%s: VerifySignatures() = %+v, %v", base, got, err)
		}
	}
	if _, err := saml.VerifySignatures(idp.Respond(on(samltest.EncryptedNothingSigned)), idp.Expect()); ruleOf(t, err) != saml.EncFailed {
		t.Errorf("nothing signed: %v", err)
	}
}
