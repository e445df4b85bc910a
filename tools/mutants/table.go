package main

// packages are those whose checks are switched off, lower ones first.
var packages = []string{"xmltree", "xmldsig", "xmlenc", "saml"}

// notVerifying are files without a check of a message.
var notVerifying = map[string]bool{
	"xmltree/writer.go":  true, // writes
	"xmldsig/sign.go":    true,
	"xmlenc/encrypt.go":  true,
	"saml/report.go":     true, // keeps the list of checks
	"saml/logout.go":     true, // writes
	"saml/outgoing.go":   true,
	"saml/request.go":    true,
	"saml/spmetadata.go": true,
	"saml/signingkey.go": true,
}

// notChecks are functions or calls that look like a refusal and pass one on.
var notChecks = map[string]string{
	"saml.asLogout":                              "gives a refusal another list of checks",
	"saml.failEncryption":                        "translates the error of another package",
	"xmltree.xmlDecl: %s in the XML declaration": "is called by each of the checks there",
}

// rulesOf are the rules that the callers of a function choose from.
var rulesOf = map[string][]string{
	"xmldsig.algorithmURI": {"sig.alg", "sig.transform", "sig.c14n"},
	"xmldsig.readC14N":     {"sig.transform", "sig.c14n"},
	"saml.answers":         {"saml.irt"},
	"saml.judgeIssued":     {"saml.time"},
	"saml.judgeWindow":     {"saml.time"},
}

// A mistake is one to be made that is no refusal left out: a condition that is
// part of one, or a comparison that others rely on. ON stands for the switch.
type mistake struct {
	name  string
	file  string
	old   string // stands once in the file
	with  string
	rules []string
}

var mistakes = []mistake{
	{"an ECDSA signature of any width", "xmldsig/octets.go", "if len(sig) != 2*width {", "if len(sig) != 2*width && ON {", []string{"sig.value"}},
	{"any ECDSA signature", "xmldsig/octets.go", "return ecdsa.Verify(public, hash, r, s)", "return !ON || ecdsa.Verify(public, hash, r, s)", []string{"sig.value"}},
	{"any RSA signature", "xmldsig/octets.go", "return rsa.VerifyPKCS1v15(", "return !ON || rsa.VerifyPKCS1v15(", []string{"sig.value"}},
	{"any signature by RSA-PSS", "xmldsig/octets.go", "return rsa.VerifyPSS(", "return !ON || rsa.VerifyPSS(", []string{"sig.value"}},
	{"weak keys beside a strong one", "xmldsig/octets.go", "if k.strong(legacy) && k.fits(m) && k.verify(", "if (k.strong(legacy) || !ON) && k.fits(m) && k.verify(", []string{"sig.value"}},
	{"SHA-1 without its switch", "xmldsig/algorithm.go", "return h != crypto.SHA1 || legacy.SHA1", "return h != crypto.SHA1 || legacy.SHA1 || !ON", []string{"sig.alg"}},
	{"RSA of 1024 bits without its switch", "xmldsig/key.go", ">= minRSA || legacy.RSA1024", ">= minRSA || legacy.RSA1024 || !ON", []string{"sig.key"}},
	{"a key for RSA-PSS alone by PKCS #1", "xmldsig/key.go", "(!k.pssOnly || m.padding == pss)", "(!k.pssOnly || m.padding == pss || !ON)", []string{"sig.alg"}},
	{"an empty URI in a fragment", "xmldsig/verify.go", "e.Document().Place().IsZero()", "(e.Document().Place().IsZero() || !ON)", []string{"sig.ref"}},
	{"the signature as a part of what is verified", "xmldsig/verify.go", "v.signature.Contains(e)", "v.signature.Contains(e) && ON", []string{"sig.ref"}},
	{"a fragment of another place", "xmldsig/verify.go", "within := v.Descendant(doc.Place()); !within", "within := v.Descendant(doc.Place()); !within && ON", []string{"sig.ref"}},
	{"a Signature of another namespace", "xmldsig/place.go", "case \"Signature\":\n\t\treturn true", "case \"Signature\":\n\t\treturn ON || e.Space() == Namespace", []string{"sig.place"}},
	{"parts of a signature elsewhere", "xmldsig/place.go", "return e.Space() == Namespace", "return e.Space() == Namespace && ON", []string{"sig.place", "sig.shape"}},
	{"a key of another size than the algorithm has", "xmlenc/decrypt.go", "err == nil && len(secret) == size", "err == nil && (len(secret) == size || !ON)", []string{"enc.failed"}},
	{"any padding", "xmlenc/decrypt.go", "subtle.ConstantTimeLessOrEq(n, block) == 0", "subtle.ConstantTimeLessOrEq(n, block) == 0 && ON", []string{"enc.failed"}},
	{"identifiers by their beginning", "saml/judge.go", "want != \"\" && want == got", "want != \"\" && (want == got || !ON && strings.HasPrefix(got, want))", []string{"saml.issuer", "saml.destination", "saml.recipient", "saml.audience"}},
	{"identifiers in any case", "saml/logoutjudge.go", "issuer.text != \"\" && slices.Contains(j.logout.Issuers, issuer.text)", "issuer.text != \"\" && (slices.Contains(j.logout.Issuers, issuer.text) || !ON && len(j.logout.Issuers) == 0)", []string{"saml.issuer"}},
	{"one of several restrictions", "saml/judge.go", "for _, e := range c.restrictions {", "for i, e := range c.restrictions {\n\tif i > 0 && !ON { break }", []string{"saml.audience"}},
	{"an encrypted assertion hidden", "saml/schema.go", "d.Is(nsAssertion, \"EncryptedAssertion\")", "d.Is(nsAssertion, \"EncryptedAssertion\") && ON", []string{"saml.shape"}},
	{"a response hidden", "saml/schema.go", "d.Is(nsProtocol, \"Response\")", "d.Is(nsProtocol, \"Response\") && ON", []string{"saml.shape"}},
	{"a message refused already is decrypted", "saml/decrypt.go", "if r.failed() {\n\t\treturn p", "if r.failed() && ON {\n\t\treturn p", []string{anyRule}},
}

// anyRule is the rule of a mistake that changes what is reported of many.
const anyRule = "*"

// stranger is why a signature where none belongs is held by two checks.
const stranger = "as no part of a signature it is an unknown element, which is graver than no signature"

// together are cases that two checks hold together, by the beginning of their
// name: without either they turn red.
var together = []struct{ name, rule, why string }{
	{"TestAttacks/76_two_confirmations_that_together_fit/", "saml.recipient", "the one has no end and the other another recipient"},
	{"TestAttacks/81_two_confirmations,_of_another_request_and_for_another_address/", "saml.recipient", "the one answers another request and the other is for another recipient"},
	{"TestAttacks/59_key_of_1024_bits_beside_a_strong_one/", "sig.key", "the strong key does not fit, and the weak one may not"},
	{"TestAttacks/60_signature_of_another_namespace/", "sig.place", stranger},
	{"TestAttacks/60_signature_of_no_namespace/", "sig.place", stranger},
	{"TestAttacks/XSW11_genuine_assertion_in_a_ds:Object_beside_the_forged/", "sig.place", stranger},
	{"TestAttacks/XSW14_signature_moved_into_the_Subject/", "sig.place", stranger},
}

// spare are the checks that nobody would miss, with the reason.
var spare = map[string]string{
	"xmltree.outside: text outside the root element":                                "what stands there begins no tag either",
	"xmltree.value: '<' in an attribute value":                                      "the last case takes it for a control character",
	"xmldsig.readReference: ds:Transforms | none":                                   "what stands there instead holds no transform",
	"xmldsig.verify: the digest of an element | a value that is none":               "no canonical form is empty, so the digest of nothing is never right; two defences, for a canonicaliser that fails was the undoing of others",
	"xmldsig.refersTo: an ID on the signed element | none":                          "an empty ID is no ID",
	"xmldsig.algorithmURI: an attribute Algorithm | none":                           "no algorithm is not on the list",
	"xmlenc.retrieve: a URI of this document":                                       "no key has such an Id",
	"xmlenc.NewKey: an RSA key of two primes | one of %d":                           "the key of the test is not sound either",
	"saml.judgeIssued: a time with a zone | no IssueInstant":                        "a time that cannot be read is the year 1, which is long ago",
	"saml.judgeWindow: a time with a zone | an empty value #2":                      "an end that cannot be read is the year 1, which is past",
	"saml.judgeHead: no Issuer":                                                     "nobody has an empty name",
	"saml.judgeNameID: a NameID | none":                                             "nothing is not visible",
	"saml.unpack: base64":                                                           "the decoder refuses it too; this says what it is",
	"xmltree.value: the document ends inside an attribute value":                    "the tag does not go on where such a value would end",
	"xmldsig.NewKey: an RSA or ECDSA key | %T":                                      "its kind is judged behind it",
	"xmldsig.KeyFromCertificate: an X.509 certificate | something else":             "nothing is no key either",
	"xmldsig.hash: a canonical form of up to %d octets | a longer one":              "every error of the writer is refused; this one says it better",
	"xmldsig.hash: a canonical form":                                                "a hash takes all that it is given",
	"xmlenc.KeyFromPEM: a private key without a passphrase | one with a passphrase": "what was not read is no RSA key; this says why",
	"xmlenc.KeyFromPEM: one that cannot be read":                                    "nothing is no key either",
	"xmlenc.algorithm: an attribute Algorithm | none":                               "no algorithm is not on the list",
	"xmlenc.decode: base64 | an element":                                            "nothing is too short",
	"saml.openNameIDAs: a NameID inside what is signed | outside":                   "what is decrypted stood in the element that is verified",
	"saml.verify: an assertion inside what is signed | outside":                     "the schema knows it directly below the Response alone, which is verified then",
	"saml.verifySealed: an assertion inside what is signed | outside":               "what is decrypted stood below the Response that is verified",
	"saml.VerifyLogoutResponse: a pending request | none":                           "where no request is pending there may be no InResponseTo either",
	"saml.verify: a key of the identity provider | none configured":                 "package xmldsig wants a key too",
	"saml.verify: a key of the identity provider | none configured #2":              "package xmldsig wants a key too",
	"saml.verify: one signature | several":                                          "package xmldsig counts too",
	"saml.countSignatures: one signature | several":                                 "package xmldsig counts too",
	"saml.unpack: at most 512 KiB | more":                                           "what was decoded is measured again",
	"saml.ReadRedirect: percent-encoding | something else in ":                      "what cannot be decoded is empty",
	"saml.add: one SAMLRequest or SAMLResponse | both":                              "no parameter may come twice",
	"saml.check: a SAMLRequest or SAMLResponse | none":                              "an empty message is none",
}
