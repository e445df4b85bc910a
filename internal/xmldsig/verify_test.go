package xmldsig

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	saml  = "urn:oasis:names:tc:SAML:2.0:assertion"
	samlp = "urn:oasis:names:tc:SAML:2.0:protocol"
)

// unsigned is a response with one assertion.
const unsigned = `<samlp:Response xmlns:samlp="` + samlp + `" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:default" ID="r1">` +
	`<saml:Issuer xmlns:saml="` + saml + `">https://idp.example</saml:Issuer>` +
	`<saml:Assertion xmlns:saml="` + saml + `" ID="a1"><saml:Issuer>https://idp.example</saml:Issuer>` +
	`<saml:Subject><saml:NameID>alice@corp.example</saml:NameID></saml:Subject></saml:Assertion></samlp:Response>`

// parse reads a message that must be accepted.
func parse(tb testing.TB, src string) xmltree.Element {
	tb.Helper()
	doc, err := xmltree.Parse([]byte(src), xmltree.Message)
	if err != nil {
		tb.Fatalf("parsing %s: %v", src, err)
	}
	return doc.Root()
}

// child returns the first child of this name, or no element.
func child(e xmltree.Element, local string) xmltree.Element {
	for c := range e.Children() {
		if c.Local() == local {
			return c
		}
	}
	return xmltree.Element{}
}

func assertion(root xmltree.Element) xmltree.Element { return child(root, "Assertion") }

func itself(root xmltree.Element) xmltree.Element { return root }

// sign signs an element of a message.
func sign(tb testing.TB, src string, which func(xmltree.Element) xmltree.Element, how Signing) string {
	tb.Helper()
	out, err := Sign(which(parse(tb, src)), how)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// signed is the response with its assertion signed.
func signed(tb testing.TB) string {
	tb.Helper()
	e := assertion(parse(tb, unsigned))
	out, err := Sign(e, Signing{Key: ecdsaKey(), After: child(e, "Issuer"), Certificate: certificate(tb, ecdsaKey())})
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// replaced replaces the one place where old stands.
func replaced(tb testing.TB, src, old, with string) string {
	tb.Helper()
	if strings.Count(src, old) != 1 {
		tb.Fatalf("%q stands %d times in %s", old, strings.Count(src, old), src)
	}
	return strings.Replace(src, old, with, 1)
}

// between returns what stands from one string to the next other, both included.
func between(tb testing.TB, src, from, to string) string {
	tb.Helper()
	begin := strings.Index(src, from)
	if begin < 0 || !strings.Contains(src[begin:], to) {
		tb.Fatalf("no %q with %q behind it in %s", from, to, src)
	}
	return src[begin : begin+strings.Index(src[begin:], to)+len(to)]
}

// Changes made by someone who has a message that was signed, but no key.
func TestVerifyRefusesWhatWasChangedAfterwards(t *testing.T) {
	t.Parallel()
	genuine := signed(t)
	sig := between(t, genuine, "<ds:Signature ", "</ds:Signature>")
	body := replaced(t, genuine, sig, "")
	info := between(t, sig, "<ds:SignedInfo>", "</ds:SignedInfo>")
	value := between(t, sig, "<ds:SignatureValue>", "</ds:SignatureValue>")
	keyInfo := between(t, sig, "<ds:KeyInfo>", "</ds:KeyInfo>")
	whole := between(t, genuine, "<saml:Assertion ", "</saml:Assertion>")
	bare := between(t, body, "<saml:Assertion ", "</saml:Assertion>")
	evil := strings.NewReplacer("alice", "admin", `ID="a1"`, `ID="evil"`).Replace(bare)
	ecdsaByAttacker := between(t, sign(t, body, assertion, Signing{Key: attackerKey(), Certificate: certificate(t, attackerKey())}), "<ds:Signature ", "</ds:Signature>")

	change := func(old, with string) string { return replaced(t, genuine, old, with) }
	// loose sets a bit that decoders drop, so that one signature has two texts.
	loose := func(value string) string {
		at := strings.Index(value, "==") - 1
		return value[:at] + string(value[at]+1) + value[at+1:]
	}
	for name, tc := range map[string]struct {
		src   string
		which func(xmltree.Element) xmltree.Element
		code  string
	}{
		"another name":                        {change("alice", "admin"), assertion, CodeDigest},
		"an attribute more":                   {change(`ID="a1"`, `ID="a1" Version="2.0"`), assertion, CodeDigest},
		"an element more":                     {change("<saml:Subject>", "<saml:Subject><saml:NameID>admin</saml:NameID>"), assertion, CodeDigest},
		"white space more":                    {change("<saml:Subject>", " <saml:Subject>"), assertion, CodeDigest},
		"another namespace":                   {strings.Replace(genuine, saml+`" ID="a1"`, saml+`:evil" ID="a1"`, 1), assertion, CodeDigest},
		"another prefix":                      {strings.NewReplacer("saml:", "evil:", "xmlns:saml=", "xmlns:evil=").Replace(genuine), assertion, CodeDigest},
		"another digest":                      {change("<ds:DigestValue>", "<ds:DigestValue> "), assertion, CodeValue},
		"another algorithm":                   {change("xmldsig-more#ecdsa-sha256", "xmldsig-more#ecdsa-sha384"), assertion, CodeValue},
		"another canonicalisation":            {change(`<ds:CanonicalizationMethod Algorithm="`+ExclusiveC14N, `<ds:CanonicalizationMethod Algorithm="`+C14N10), assertion, CodeValue},
		"a signature by an attacker":          {change(sig, ecdsaByAttacker), assertion, CodeValue},
		"a certificate by an attacker":        {strings.Replace(change(sig, ecdsaByAttacker), between(t, ecdsaByAttacker, "<ds:KeyInfo>", "</ds:KeyInfo>"), keyInfo, 1), assertion, CodeValue},
		"no signature":                        {body, assertion, CodeMissing},
		"no signature on the response":        {genuine, itself, CodeMissing},
		"an empty signature":                  {change(sig, `<ds:Signature xmlns:ds="`+Namespace+`"/>`), assertion, CodeMissing},
		"a signature of another namespace":    {change(`xmlns:ds="`+Namespace, `xmlns:ds="urn:evil`), assertion, CodeMissing},
		"a signature of no namespace":         {change(sig, "<Signature>x</Signature>"), assertion, CodeMissing},
		"two signatures":                      {change(sig, sig+sig), assertion, CodeCount},
		"a second signature with an object":   {change("</saml:Assertion>", strings.Replace(sig, keyInfo, "<ds:Object>"+evil+"</ds:Object>", 1)+"</saml:Assertion>"), assertion, CodeCount},
		"signature moved to the response":     {replaced(t, body, "<saml:Assertion ", sig+"<saml:Assertion "), itself, CodeReference},
		"signature moved to another element":  {replaced(t, body, "<saml:NameID>", "<saml:NameID>"+sig), func(r xmltree.Element) xmltree.Element { return child(child(assertion(r), "Subject"), "NameID") }, CodeReference},
		"signature moved further down":        {replaced(t, body, "<saml:Subject>", "<saml:Subject>"+sig), assertion, CodeMissing},
		"altered, the original inside (XSW1)": {change(whole, strings.Replace(evil, "<saml:Subject>", strings.Replace(sig, "</ds:Signature>", bare+"</ds:Signature>", 1)+"<saml:Subject>", 1)), assertion, CodeShape},
		"altered, the original before (XSW2)": {change(whole, strings.Replace(evil, "<saml:Subject>", bare+sig+"<saml:Subject>", 1)), assertion, CodeReference},
		"forged before (XSW3)":                {change(whole, evil+whole), assertion, CodeMissing},
		"forged around (XSW4)":                {change(whole, strings.Replace(evil, "</saml:Assertion>", whole+"</saml:Assertion>", 1)), assertion, CodeMissing},
		"altered, the original behind (XSW5)": {change(whole, strings.Replace(evil, "<saml:Subject>", sig+"<saml:Subject>", 1)+bare), assertion, CodeReference},
		"altered, the original inside (XSW6)": {change(whole, strings.Replace(evil, "<saml:Subject>", replaced(t, sig, keyInfo, keyInfo+bare)+"<saml:Subject>", 1)), assertion, CodeShape},
		"altered, same ID, object (XSW8)":     {change(whole, strings.Replace(strings.Replace(evil, "evil", "a1", 1), "<saml:Subject>", replaced(t, sig, keyInfo, keyInfo+"<ds:Object>"+bare+"</ds:Object>")+"<saml:Subject>", 1)), assertion, CodeShape},
		"signature in KeyInfo":                {change(keyInfo, "<ds:KeyInfo>"+sig+"</ds:KeyInfo>"), assertion, CodeShape},
		"manifest in KeyInfo":                 {change(keyInfo, "<ds:KeyInfo><ds:Manifest/></ds:KeyInfo>"), assertion, CodeShape},
		"two SignedInfo":                      {change(info, info+info), assertion, CodeShape},
		"two SignedInfo in one":               {change(info, "<ds:SignedInfo>"+info+"</ds:SignedInfo>"), assertion, CodeShape},
		"a wrapper with two SignedInfo":       {change(info, "<x>"+info+info+"</x>"), assertion, CodeShape},
		"two SignatureValue":                  {change(value, value+value), assertion, CodeShape},
		"two KeyInfo":                         {change(keyInfo, keyInfo+keyInfo), assertion, CodeShape},
		"KeyInfo in front":                    {strings.Replace(change(keyInfo, ""), info, keyInfo+info, 1), assertion, CodeShape},
		"SignatureValue in front":             {strings.Replace(change(value, ""), info, value+info, 1), assertion, CodeShape},
		"an element before SignedInfo":        {change(info, "<x/>"+info), assertion, CodeShape},
		"no SignedInfo":                       {change(info, ""), assertion, CodeShape},
		"no SignatureValue":                   {change(value, ""), assertion, CodeShape},
		"an empty SignatureValue":             {change(value, "<ds:SignatureValue/>"), assertion, CodeValue},
		"an element in SignatureValue":        {change("<ds:SignatureValue>", "<ds:SignatureValue><x/>"), assertion, CodeShape},
		"junk in SignatureValue":              {change("<ds:SignatureValue>", "<ds:SignatureValue>*"), assertion, CodeShape},
		"loose bits behind SignatureValue":    {change(value, loose(value)), assertion, CodeShape},
		"padding inside SignatureValue":       {change("<ds:SignatureValue>", "<ds:SignatureValue>AA=="), assertion, CodeShape},
		"a SignatureValue without padding":    {change("==</ds:SignatureValue>", "</ds:SignatureValue>"), assertion, CodeShape},
		"a SignatureValue cut off":            {change(value, value[:len("<ds:SignatureValue>")+44]+"</ds:SignatureValue>"), assertion, CodeValue},
		"a huge SignatureValue":               {change("<ds:SignatureValue>", "<ds:SignatureValue>"+strings.Repeat("AAAA", 400)), assertion, CodeShape},
		"text beside SignedInfo":              {change(info, info+"x"), assertion, CodeShape},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			v, err := Verify(tc.which(parse(t, tc.src)), verifying(t, ecdsaKey()), Legacy{})
			if codeOf(t, err) != tc.code || !v.Element().IsZero() {
				t.Errorf("Verify() = %v, want %s, of %s", err, tc.code, tc.src)
			}
		})
	}
	// The twin of all of them, and changes that change nothing that is signed.
	for name, src := range map[string]string{
		"as it was signed":              genuine,
		"without KeyInfo":               change(keyInfo, ""),
		"with the KeyInfo of another":   change(keyInfo, between(t, ecdsaByAttacker, "<ds:KeyInfo>", "</ds:KeyInfo>")),
		"with other quotes":             change(`ID="a1"`, `ID='a1'`),
		"with a tag written in full":    change("</saml:NameID>", "</saml:NameID\n>"),
		"with a character escaped":      change("alice", "&#97;lice"),
		"with an unused prefix":         change(`<samlp:Response `, `<samlp:Response xmlns:unused="urn:x" `),
		"with the response changed":     change(`ID="r1"`, `ID="r2" Destination="x"`),
		"with lines in SignatureValue":  change("<ds:SignatureValue>", "<ds:SignatureValue>\r\n&#13;\n \t"),
		"with white space around parts": strings.NewReplacer(info, "\n"+info+"\n", value, value+"&#13;\n").Replace(genuine),
	} {
		e := assertion(parse(t, src))
		v, err := Verify(e, verifying(t, ecdsaKey()), Legacy{})
		if err != nil || v.Element() != e {
			t.Errorf("%s: Verify() = %v, want the assertion, of %s", name, err, src)
		}
	}
}

// Messages that were signed well, yet in another way than SAML has it. Every one is
// sealed by the key that is trusted, so that nothing else can be the reason.
func TestVerifyRefusesWhatIsSignedInAnotherWay(t *testing.T) {
	t.Parallel()
	genuine := signed(t)
	reference := between(t, genuine, "<ds:Reference ", "</ds:Reference>")
	transforms := between(t, reference, "<ds:Transforms>", "</ds:Transforms>")
	const enveloped = `<ds:Transform Algorithm="` + EnvelopedSignatureURI + `"/>`
	const exclusiveC14N = `<ds:Transform Algorithm="` + ExclusiveC14N + `"/>`
	digestMethod := between(t, reference, "<ds:DigestMethod ", "/>")
	digestValue := between(t, reference, "<ds:DigestValue>", "</ds:DigestValue>")
	infoC14N := between(t, genuine, "<ds:CanonicalizationMethod ", "/>")
	method := between(t, genuine, "<ds:SignatureMethod ", "/>")
	inclusive := func(list string) string {
		return `<ec:InclusiveNamespaces xmlns:ec="` + ExclusiveC14NSpace + `" PrefixList="` + list + `"/>`
	}
	transform := func(uri, content string) string {
		return `<ds:Transform Algorithm="` + uri + `">` + content + `</ds:Transform>`
	}
	digest := func(h crypto.Hash, n int) string {
		return "<ds:DigestValue>" + base64.StdEncoding.EncodeToString(h.New().Sum(nil)[:n]) + "</ds:DigestValue>"
	}
	many := strings.TrimSpace(strings.Repeat("xs ", maxPrefixes))

	type edit struct{ old, with, code string }
	edits := map[string]edit{
		"digest of nothing":              {digestValue, digest(crypto.SHA256, 32), CodeDigest},
		"digest cut off":                 {digestValue, "<ds:DigestValue>AAAA</ds:DigestValue>", CodeDigest},
		"no digest":                      {digestValue, "<ds:DigestValue/>", CodeDigest},
		"digest of junk":                 {digestValue, "<ds:DigestValue>*</ds:DigestValue>", CodeShape},
		"digest of elements":             {digestValue, "<ds:DigestValue><x/></ds:DigestValue>", CodeShape},
		"another digest":                 {digestValue, strings.Replace(digest(crypto.SHA256, 32), "47", "48", 1), CodeDigest},
		"digest by SHA-1":                {digestMethod, `<ds:DigestMethod Algorithm="` + SHA1 + `"/>`, CodeAlgorithm},
		"digest by MD5":                  {digestMethod, `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#md5"/>`, CodeAlgorithm},
		"digest by nothing":              {digestMethod, `<ds:DigestMethod/>`, CodeAlgorithm},
		"digest with a parameter":        {digestMethod, `<ds:DigestMethod Algorithm="` + SHA256 + `"><x/></ds:DigestMethod>`, CodeShape},
		"digest with text":               {digestMethod, `<ds:DigestMethod Algorithm="` + SHA256 + `">x</ds:DigestMethod>`, CodeShape},
		"two digests":                    {digestValue, digestValue + digestValue, CodeShape},
		"two digest methods":             {digestMethod, digestMethod + digestMethod, CodeShape},
		"digest before its method":       {digestMethod + digestValue, digestValue + digestMethod, CodeShape},
		"text in the reference":          {digestMethod, digestMethod + "x", CodeShape},
		"text in SignedInfo":             {reference, reference + "x", CodeShape},
		"an object in SignedInfo":        {reference, reference + "<ds:Object/>", CodeShape},
		"two canonicalisations of info":  {infoC14N, infoC14N + infoC14N, CodeShape},
		"two signature methods":          {method, method + method, CodeReference},
		"method before canonicalisation": {infoC14N + method, method + infoC14N, CodeShape},
		"a parameter of the method":      {method, strings.Replace(method, "/>", "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>", 1), CodeShape},

		"two references":           {reference, reference + reference, CodeReference},
		"a second, evil reference": {reference, reference + strings.Replace(reference, "#a1", "#evil", 1), CodeReference},
		"no reference":             {reference, "", CodeReference},
		"a manifest":               {`URI="#a1"`, `URI="#a1" Type="` + Namespace + `Manifest"`, CodeReference},
		"a reference without URI":  {` URI="#a1"`, "", CodeReference},

		"no transforms":                     {transforms, "", CodeTransform},
		"empty transforms":                  {transforms, "<ds:Transforms/>", CodeTransform},
		"transforms twice":                  {transforms, transforms + transforms, CodeShape},
		"transforms behind the digest":      {transforms + digestMethod, digestMethod + transforms, CodeTransform},
		"text among the transforms":         {enveloped, enveloped + "x", CodeShape},
		"another element among them":        {enveloped, enveloped + "<x/>", CodeTransform},
		"a transform of another namespace":  {exclusiveC14N, `<Transform Algorithm="` + ExclusiveC14N + `"/>`, CodeTransform},
		"no enveloped":                      {enveloped, "", CodeTransform},
		"enveloped twice":                   {exclusiveC14N, enveloped, CodeTransform},
		"enveloped behind canonicalisation": {enveloped + exclusiveC14N, exclusiveC14N + enveloped, CodeTransform},
		"canonicalisation twice":            {exclusiveC14N, exclusiveC14N + exclusiveC14N, CodeTransform},
		"a transform without an algorithm":  {exclusiveC14N, "<ds:Transform/>", CodeTransform},
		"a transform with text":             {exclusiveC14N, transform(ExclusiveC14N, "x"), CodeShape},
		"enveloped with a parameter":        {enveloped, transform(EnvelopedSignatureURI, "<x/>"), CodeShape},
		"XSLT":                              {exclusiveC14N, transform("http://www.w3.org/TR/1999/REC-xslt-19991116", `<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>`), CodeTransform},
		"XPath":                             {exclusiveC14N, transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>not(ancestor::*)</ds:XPath>"), CodeTransform},
		"XPath Filter 2":                    {exclusiveC14N, transform("http://www.w3.org/2002/06/xmldsig-filter2", ""), CodeTransform},
		"base64":                            {exclusiveC14N, transform(Namespace+"base64", ""), CodeTransform},
		"decryption":                        {exclusiveC14N, transform("http://www.w3.org/2002/07/decrypt#XML", ""), CodeTransform},
		"security token reference":          {exclusiveC14N, transform("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", ""), CodeTransform},
		"C14N 2.0":                          {exclusiveC14N, transform("http://www.w3.org/2010/xml-c14n2", ""), CodeTransform},
		"a space behind the algorithm":      {exclusiveC14N, transform(ExclusiveC14N+" ", ""), CodeTransform},
		"too many prefixes":                 {exclusiveC14N, transform(ExclusiveC14N, inclusive(many+" xs")), CodeTransform},
		"prefixes twice":                    {exclusiveC14N, transform(ExclusiveC14N, inclusive("xs")+inclusive("xs")), CodeTransform},
		"prefixes in another namespace":     {exclusiveC14N, transform(ExclusiveC14N, `<ds:InclusiveNamespaces PrefixList="xs"/>`), CodeTransform},
		"prefixes with content":             {exclusiveC14N, transform(ExclusiveC14N, strings.Replace(inclusive("xs"), "/>", "><x/></ec:InclusiveNamespaces>", 1)), CodeTransform},
		"prefixes for inclusive C14N":       {exclusiveC14N, transform(C14N10, inclusive("xs")), CodeTransform},

		"info by C14N 2.0":             {infoC14N, `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2010/xml-c14n2"/>`, CodeC14N},
		"info by nothing":              {infoC14N, `<ds:CanonicalizationMethod/>`, CodeC14N},
		"info by a space more":         {infoC14N, `<ds:CanonicalizationMethod Algorithm=" ` + ExclusiveC14N + `"/>`, CodeC14N},
		"info with another element":    {infoC14N, `<ds:CanonicalizationMethod Algorithm="` + ExclusiveC14N + `"><x/></ds:CanonicalizationMethod>`, CodeC14N},
		"info with too many prefixes":  {infoC14N, `<ds:CanonicalizationMethod Algorithm="` + ExclusiveC14N + `">` + inclusive(many+" xs") + `</ds:CanonicalizationMethod>`, CodeC14N},
		"info with text":               {infoC14N, `<ds:CanonicalizationMethod Algorithm="` + ExclusiveC14N + `">x</ds:CanonicalizationMethod>`, CodeShape},
		"signed by HMAC":               {method, `<ds:SignatureMethod Algorithm="` + Namespace + `hmac-sha1"/>`, CodeAlgorithm},
		"signed by DSA":                {method, `<ds:SignatureMethod Algorithm="` + Namespace + `dsa-sha1"/>`, CodeAlgorithm},
		"signed with SHA-1":            {method, `<ds:SignatureMethod Algorithm="` + ECDSASHA1 + `"/>`, CodeAlgorithm},
		"signed by a key of RSA":       {method, `<ds:SignatureMethod Algorithm="` + RSASHA256 + `"/>`, CodeAlgorithm},
		"signed by nothing":            {method, `<ds:SignatureMethod/>`, CodeAlgorithm},
		"signed by an empty algorithm": {method, `<ds:SignatureMethod Algorithm=""/>`, CodeAlgorithm},
	}
	for _, uri := range []string{
		"a1", "xa1", "#", "#r1", "#evil", "#A1", "#a1 ", " #a1", "#a1&#10;", "##a1", "%23a1", "#%611", "#xpointer(/)", "#xpointer(id('a1'))",
		"", "?a1", "https://idp.example/#a1", "file:///etc/passwd", "cid:a1",
	} {
		edits[fmt.Sprintf("the URI %q", uri)] = edit{`URI="#a1"`, `URI="` + uri + `"`, CodeReference}
	}
	for _, h := range []struct {
		uri  string
		hash crypto.Hash
	}{{SHA384, crypto.SHA384}, {SHA512, crypto.SHA512}} {
		edits["digest of nothing by "+h.uri] = edit{digestMethod + digestValue, `<ds:DigestMethod Algorithm="` + h.uri + `"/>` + digest(h.hash, h.hash.Size()), CodeDigest}
		edits["digest of SHA-256 for "+h.uri] = edit{digestMethod, `<ds:DigestMethod Algorithm="` + h.uri + `"/>`, CodeDigest}
	}
	for name, tc := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			src := replaced(t, genuine, tc.old, tc.with)
			if sealed, err := Seal(assertion(parse(t, src)), ecdsaKey()); err == nil {
				src = string(sealed)
			}
			if _, err := Verify(assertion(parse(t, src)), verifying(t, ecdsaKey()), Legacy{}); codeOf(t, err) != tc.code {
				t.Errorf("Verify() = %v, want %s, of %s", err, tc.code, src)
			}
		})
	}
	// The twin: sealed anew without a change.
	sealed, err := Seal(assertion(parse(t, genuine)), ecdsaKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(assertion(parse(t, string(sealed))), verifying(t, ecdsaKey()), Legacy{}); err != nil {
		t.Errorf("sealed anew: %v", err)
	}
}

// A canonicaliser that fails in silence signs nothing at all, and one signature
// over nothing is good for every message.
func TestVerifyRefusesSignaturesOverNothing(t *testing.T) {
	t.Parallel()
	genuine := signed(t)
	nothing, err := SignOctets(ECDSASHA256, nil, ecdsaKey())
	if err != nil {
		t.Fatal(err)
	}
	value := between(t, genuine, "<ds:SignatureValue>", "</ds:SignatureValue>")
	golden := replaced(t, genuine, value, "<ds:SignatureValue>"+base64.StdEncoding.EncodeToString(nothing)+"</ds:SignatureValue>")
	if _, err := Verify(assertion(parse(t, golden)), verifying(t, ecdsaKey()), Legacy{}); codeOf(t, err) != CodeValue {
		t.Errorf("a signature over no octets: %v, want %s", err, CodeValue)
	}
	poisoned := replaced(t, golden, "<samlp:Response ", `<samlp:Response xmlns:x="1" `)
	if _, err := xmltree.Parse([]byte(poisoned), xmltree.Message); err == nil {
		t.Error("a relative namespace was read")
	}
	if _, err := Verify(assertion(parse(t, genuine)), verifying(t, ecdsaKey()), Legacy{}); err != nil {
		t.Errorf("the twin: %v", err)
	}
}
