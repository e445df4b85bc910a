package xmldsig

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// What identity providers send, each its own way.
func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	enveloped := C14N{Algorithm: EnvelopedSignatureURI}
	last := func(e xmltree.Element) xmltree.Element { return child(e, "Subject") }
	for name, tc := range map[string]struct {
		which func(xmltree.Element) xmltree.Element
		how   Signing
	}{
		"the response":                    {itself, Signing{}},
		"the response by the empty URI":   {itself, Signing{Document: true}},
		"the assertion":                   {assertion, Signing{}},
		"RSA":                             {assertion, Signing{Key: rsaKey()}},
		"RSA-PSS":                         {assertion, Signing{Key: rsaKey(), Method: PSSSHA256}},
		"RSA with SHA-512":                {assertion, Signing{Key: rsaKey(), Method: RSASHA512, Digest: SHA512}},
		"SHA-384":                         {assertion, Signing{Method: ECDSASHA384, Digest: SHA384}},
		"enveloped alone":                 {assertion, Signing{Transforms: []C14N{enveloped}}},
		"C14N 1.0":                        {assertion, Signing{InfoC14N: C14N{Algorithm: C14N10}, Transforms: []C14N{enveloped, {Algorithm: C14N10}}}},
		"C14N 1.1":                        {assertion, Signing{InfoC14N: C14N{Algorithm: C14N11}, Transforms: []C14N{enveloped, {Algorithm: C14N11}}}},
		"C14N 1.0 with comments":          {assertion, Signing{InfoC14N: C14N{Algorithm: C14N10WithComments}, Transforms: []C14N{enveloped, {Algorithm: C14N10WithComments}}}},
		"C14N 1.1 with comments":          {assertion, Signing{InfoC14N: C14N{Algorithm: C14N11WithComments}, Transforms: []C14N{enveloped, {Algorithm: C14N11WithComments}}}},
		"exclusive C14N with comments":    {assertion, Signing{InfoC14N: C14N{Algorithm: ExclusiveC14NWithComments}, Transforms: []C14N{enveloped, {Algorithm: ExclusiveC14NWithComments}}}},
		"prefixes":                        {assertion, Signing{InfoC14N: C14N{Algorithm: ExclusiveC14N, Prefixes: []string{"xs", ""}}, Transforms: []C14N{enveloped, {Algorithm: ExclusiveC14N, Prefixes: []string{"xs", "", "none", "xs", "samlp"}}}}},
		"the signature last":              {assertion, Signing{After: last(assertion(parse(t, unsigned)))}},
		"a certificate in KeyInfo":        {assertion, Signing{Certificate: certificate(t, ecdsaKey())}},
		"as many prefixes as are allowed": {assertion, Signing{Transforms: []C14N{enveloped, {Algorithm: ExclusiveC14N, Prefixes: strings.Fields(strings.Repeat("xs ", maxPrefixes))}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			how := tc.how
			if how.Key == nil {
				how.Key = ecdsaKey()
			}
			root := parse(t, unsigned)
			if !how.After.IsZero() {
				how.After = last(assertion(root))
			}
			out, err := Sign(tc.which(root), how)
			if err != nil {
				t.Fatal(err)
			}
			e := tc.which(parse(t, string(out)))
			v, err := Verify(e, verifying(t, ecdsaKey(), rsaKey()), Legacy{})
			if err != nil || v.Element() != e {
				t.Errorf("Verify() = %v, want the element, of %s", err, out)
			}
			forged := parse(t, strings.Replace(string(out), "alice", "admin", 1))
			if _, err := Verify(tc.which(forged), verifying(t, ecdsaKey(), rsaKey()), Legacy{}); codeOf(t, err) != CodeDigest {
				t.Errorf("with another name: %v, want %s", err, CodeDigest)
			}
		})
	}
}

func TestVerifyNeedsLegacySwitches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		how    Signing
		legacy Legacy
		code   string
	}{
		"SHA-1 in the signature": {Signing{Key: rsaKey(), Method: RSASHA1}, Legacy{SHA1: true}, CodeAlgorithm},
		"SHA-1 in the digest":    {Signing{Key: rsaKey(), Digest: SHA1}, Legacy{SHA1: true}, CodeAlgorithm},
		"RSA of 1024 bits":       {Signing{Key: rsa1024Key()}, Legacy{RSA1024: true}, CodeKey},
	} {
		e := assertion(parse(t, sign(t, unsigned, assertion, tc.how)))
		keys := verifying(t, tc.how.Key)
		if _, err := Verify(e, keys, Legacy{}); codeOf(t, err) != tc.code {
			t.Errorf("%s without its switch: %v, want %s", name, err, tc.code)
		}
		if _, err := Verify(e, keys, tc.legacy); err != nil {
			t.Errorf("%s with its switch: %v", name, err)
		}
	}
}

// The digest of nothing by SHA-1 is no digest under the legacy switch either.
func TestVerifyRefusesTheEmptyDigestOfSHA1(t *testing.T) {
	t.Parallel()
	src := sign(t, unsigned, assertion, Signing{Key: ecdsaKey(), Digest: SHA1})
	value := between(t, src, "<ds:DigestValue>", "</ds:DigestValue>")
	src = replaced(t, src, value, "<ds:DigestValue>2jmj7l5rSw0yVb/vlWAYkK/YBwk=</ds:DigestValue>")
	sealed, err := Seal(assertion(parse(t, src)), ecdsaKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(assertion(parse(t, string(sealed))), verifying(t, ecdsaKey()), Legacy{SHA1: true}); codeOf(t, err) != CodeDigest {
		t.Errorf("Verify() = %v, want %s", err, CodeDigest)
	}
}

func TestVerifyRefusesWithoutKeys(t *testing.T) {
	t.Parallel()
	e := assertion(parse(t, signed(t)))
	for name, keys := range map[string][]Key{"none": nil, "the zero key": {{}}} {
		if _, err := Verify(e, keys, Legacy{SHA1: true, RSA1024: true}); codeOf(t, err) != CodeKey {
			t.Errorf("%s: %v, want %s", name, err, CodeKey)
		}
	}
}

// Without a URI nobody knows what is meant; it is not the document.
func TestVerifyRefusesARootSignatureWithoutURI(t *testing.T) {
	t.Parallel()
	src := sign(t, unsigned, itself, Signing{Key: ecdsaKey(), Document: true})
	for from, want := range map[string]string{` URI=""`: CodeReference, "none such": ""} {
		sealed, err := Seal(parse(t, strings.Replace(src, from, "", 1)), ecdsaKey())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(parse(t, string(sealed)), verifying(t, ecdsaKey()), Legacy{}); codeOf(t, err) != want {
			t.Errorf("without %q: %v, want %q", from, err, want)
		}
	}
}

// An element without an ID can be meant by the empty URI alone, and an ID that is
// no ID by nothing.
func TestVerifyNeedsAnID(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ hostile, twin string }{
		"no ID":             {"", ` ID="a1"`},
		"an empty ID":       {` ID=""`, ` ID="a1"`},
		"an ID with quotes": {` ID="x' or @ID='a1"`, ` ID="x-or-ID-a1"`},
		"xml:id":            {` xml:id="a1"`, ` ID="a1"`},
		"Id":                {` Id="a1"`, ` ID="a1"`},
		"a qualified ID":    {` samlp:ID="a1"`, ` ID="a1"`},
	} {
		for src, want := range map[string]string{tc.hostile: CodeReference, tc.twin: ""} {
			doc := strings.Replace(unsigned, ` ID="a1"`, src, 1)
			id := ""
			if _, after, ok := strings.Cut(src, `"`); ok {
				id = strings.TrimSuffix(after, `"`)
			}
			out := sign(t, doc, assertion, Signing{Key: ecdsaKey(), URI: "#" + id})
			if _, err := Verify(assertion(parse(t, out)), verifying(t, ecdsaKey()), Legacy{}); codeOf(t, err) != want {
				t.Errorf("%s: %q: %v, want %q", name, src, err, want)
			}
		}
	}
}

func TestVerifiedReachesDescendantsAlone(t *testing.T) {
	t.Parallel()
	out := sign(t, unsigned, itself, Signing{Key: ecdsaKey(), Certificate: certificate(t, ecdsaKey())})
	root := parse(t, out)
	v, err := Verify(root, verifying(t, ecdsaKey()), Legacy{})
	if err != nil {
		t.Fatal(err)
	}
	inner, ok := v.Descendant(assertion(root))
	if !ok || inner.Element() != assertion(root) {
		t.Error("the assertion of a signed response is not verified")
	}
	if _, ok := inner.Descendant(child(assertion(root), "Subject")); !ok {
		t.Error("the subject of a verified assertion is not verified")
	}
	signature := child(root, "Signature")
	for name, e := range map[string]xmltree.Element{
		"nothing":                    {},
		"the signature":              signature,
		"KeyInfo":                    child(signature, "KeyInfo"),
		"SignedInfo":                 child(signature, "SignedInfo"),
		"the same of another reader": assertion(parse(t, out)),
	} {
		if got, ok := v.Descendant(e); ok || !got.Element().IsZero() {
			t.Errorf("%s is verified", name)
		}
	}
	if _, ok := inner.Descendant(root); ok {
		t.Error("what is around a verified element is verified")
	}
	if _, ok := (Verified{}).Descendant(root); ok {
		t.Error("nothing verifies something")
	}
}

// What the scratch memory of one verification held decides nothing in the next.
func TestVerifyIsStateless(t *testing.T) {
	t.Parallel()
	good, bad := signed(t), replaced(t, signed(t), "alice", "admin")
	keys := verifying(t, ecdsaKey())
	for i := range 40 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			if _, err := Verify(assertion(parse(t, good)), keys, Legacy{}); err != nil {
				t.Error(err)
			}
			if _, err := Verify(assertion(parse(t, bad)), keys, Legacy{}); codeOf(t, err) != CodeDigest {
				t.Errorf("Verify() = %v, want %s", err, CodeDigest)
			}
		})
	}
}
