package xmlenc

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Every algorithm of the content with every algorithm of the key, digest, mask
// and place.
func TestDecryptReadsWhatEncryptWrites(t *testing.T) {
	t.Parallel()
	transports := []Encryption{{Transport: RSA15}}
	for _, digest := range []string{SHA1, SHA256, SHA384, xmldsig.SHA384, SHA512} {
		for _, params := range []string{"", "label"} {
			transports = append(transports, Encryption{Transport: RSAOAEPMGF1P, Digest: digest, Params: []byte(params)})
			for _, mask := range []string{MGF1SHA1, MGF1SHA224, MGF1SHA256, MGF1SHA384, MGF1SHA512} {
				transports = append(transports, Encryption{Transport: RSAOAEP, Digest: digest, Mask: mask, Params: []byte(params)})
			}
		}
	}
	places := []Place{Inside, Named, Beside}
	keys := judged(t, ours())
	for _, c := range contents {
		t.Run(c.uri, func(t *testing.T) {
			t.Parallel()
			for i, how := range transports {
				how.To = to(ours()).To
				how.Content = c.uri
				how.Place = places[i%len(places)]
				text := strings.Replace(plain, "größe", strings.Repeat("x", i), 1) // all lengths of padding
				message := encrypt(t, text, how)
				if got, err := decrypt(t, message, keys, lenient); got != text {
					t.Errorf("%s, %s, %s, place %d: DecryptElement() = %q, %v", how.Transport, how.Digest, how.Mask, how.Place, got, err)
				}
				strict := ""
				if c.uri == TripleDESCBC || how.Transport == RSA15 {
					strict = CodeAlgorithm
				}
				if _, err := decrypt(t, message, keys, Policy{}); codeOf(t, err) != strict {
					t.Errorf("%s with %s and no switch: %v, want %q", c.uri, how.Transport, err, strict)
				}
			}
		})
	}
}

func TestSwitchesAllowNoMoreThanTheySay(t *testing.T) {
	t.Parallel()
	keys := judged(t, ours())
	old := to(ours())
	old.Transport, old.Content = RSA15, TripleDESCBC
	message := encrypt(t, plain, old)
	for _, policy := range []Policy{{RSA15: true}, {TripleDES: true}} {
		if _, err := decrypt(t, message, keys, policy); codeOf(t, err) != CodeAlgorithm {
			t.Errorf("%+v: %v, want %s", policy, err, CodeAlgorithm)
		}
	}
	if _, err := decrypt(t, message, keys, lenient); err != nil {
		t.Errorf("both switches: %v", err)
	}
}

// Some write the parameters of OAEP beside RSA-1.5.
func TestDigestOfPKCS1IsPassedOver(t *testing.T) {
	t.Parallel()
	how := to(ours())
	how.Transport = RSA15
	message := encrypt(t, plain, how)
	method := `<xenc:EncryptionMethod Algorithm="` + RSA15 + `"`
	digest := `><ds:DigestMethod xmlns:ds="` + xmldsig.Namespace + `" Algorithm="` + SHA1 + `"/></xenc:EncryptionMethod>`
	params := `><xenc:OAEPparams/></xenc:EncryptionMethod>`
	for rest, code := range map[string]string{"/>": "", digest: "", params: CodeShape} {
		if _, err := decrypt(t, once(message, method+"/>", method+rest), judged(t, ours()), lenient); codeOf(t, err) != code {
			t.Errorf("%s: %v, want %q", rest, err, code)
		}
	}
}

func TestContentAlgorithmIsAsNamed(t *testing.T) {
	t.Parallel()
	how := to(ours())
	how.Content, how.Certificate = AES128CBC, []byte("a certificate")
	message := encrypt(t, plain, how)
	if got := ContentAlgorithm(parse(t, []byte(message)).FirstChild().FirstChild()); got != AES128CBC {
		t.Errorf("ContentAlgorithm() = %q, want %s", got, AES128CBC)
	}
	if got := ContentAlgorithm(parse(t, []byte(message))); got != "" {
		t.Errorf("ContentAlgorithm() = %q of something else", got)
	}
	if _, err := decrypt(t, message, judged(t, ours()), Policy{}); err != nil {
		t.Errorf("with a hint: %v", err)
	}
}

func TestKeysRollOver(t *testing.T) {
	t.Parallel()
	ours, next, stranger := ours(), next(), stranger()
	for name, tc := range map[string]struct {
		to   []*rsa.PrivateKey
		keys []*rsa.PrivateKey
		code string
	}{
		"our key":                             {[]*rsa.PrivateKey{ours}, []*rsa.PrivateKey{ours}, ""},
		"our second key":                      {[]*rsa.PrivateKey{next}, []*rsa.PrivateKey{ours, next}, ""},
		"our key, encrypted for others too":   {[]*rsa.PrivateKey{stranger, next}, []*rsa.PrivateKey{ours, next}, ""},
		"as many keys as may be":              {[]*rsa.PrivateKey{stranger, ours}, []*rsa.PrivateKey{next, next, next, ours}, ""},
		"more keys of our own than may be":    {[]*rsa.PrivateKey{ours}, []*rsa.PrivateKey{ours, next, next, next, next}, CodeKey},
		"as many encrypted keys as may be":    {[]*rsa.PrivateKey{stranger, stranger, stranger, ours}, []*rsa.PrivateKey{ours}, ""},
		"more encrypted keys than may be":     {[]*rsa.PrivateKey{ours, ours, ours, ours, ours}, []*rsa.PrivateKey{ours}, CodeShape},
		"more private operations than may be": {[]*rsa.PrivateKey{ours, ours, ours}, []*rsa.PrivateKey{ours, next, next}, CodeShape},
		"a stranger's key":                    {[]*rsa.PrivateKey{stranger}, []*rsa.PrivateKey{ours, next}, CodeFailed},
		"no key of our own":                   {[]*rsa.PrivateKey{ours}, nil, CodeKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			for _, how := range []Encryption{
				{Content: AES128GCM, Place: Inside},
				{Content: AES128CBC, Place: Beside},
				{Content: AES256CBC, Place: Named, Transport: RSA15},
			} {
				how.To = to(tc.to...).To
				got, err := decrypt(t, encrypt(t, plain, how), judged(t, tc.keys...), lenient)
				if codeOf(t, err) != tc.code || err == nil && got != plain {
					t.Errorf("%+v: %q, %v, want %q", how.Content, got, err, tc.code)
				}
			}
		})
	}
}

// Under a key of PKCS #1 v1.5 a wrong key of ours is not told from the right one
// before the text is read.
func TestWrongKeyOfPKCS1IsPassedOver(t *testing.T) {
	t.Parallel()
	keys := judged(t, next(), stranger(), ours())
	how := to(ours())
	how.Transport, how.Content = RSA15, AES128CBC
	for range 60 { // CBC takes one in 16 random texts for padded
		message := encrypt(t, plain, how)
		if got, err := decrypt(t, message, keys, lenient); got != plain {
			t.Fatalf("DecryptElement() = %q, %v", got, err)
		}
		e := parse(t, []byte(message)).FirstChild().FirstChild()
		if got, err := Decrypt(e, keys, lenient); string(got) != plain {
			t.Fatalf("Decrypt() = %q, %v", got, err)
		}
	}
}

func TestRecipientsAreOurNames(t *testing.T) {
	t.Parallel()
	how := to(ours())
	how.Recipient = "https://sp.example"
	message := encrypt(t, plain, how)
	for name, tc := range map[string]struct {
		recipients []string
		code       string
	}{
		"nobody asked":     {nil, ""},
		"ours":             {[]string{"https://sp.example"}, ""},
		"our second name":  {[]string{"https://sp.example/acs", "https://sp.example"}, ""},
		"another's":        {[]string{"https://other.example"}, CodeShape},
		"longer than ours": {[]string{"https://sp.exampl"}, CodeShape},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			if _, err := decrypt(t, message, judged(t, ours()), Policy{Recipients: tc.recipients}); codeOf(t, err) != tc.code {
				t.Errorf("DecryptElement() = %v, want %q", err, tc.code)
			}
		})
	}
	if _, err := decrypt(t, encrypt(t, plain, to(ours())), judged(t, ours()), Policy{Recipients: []string{"https://sp.example"}}); err != nil {
		t.Errorf("a key that names no recipient: %v", err)
	}
}

func TestDecryptedElementStandsInItsPlace(t *testing.T) {
	t.Parallel()
	doc, err := DecryptElement(parse(t, []byte(encrypt(t, plain, to(ours())))).FirstChild().FirstChild(), judged(t, ours()), Policy{})
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Root()
	if !root.Is("urn:a", "Assertion") || !root.FirstChild().Is("urn:d", "Issuer") || root.Offset() != 0 {
		t.Errorf("{%s}%s with {%s}%s", root.Space(), root.Local(), root.FirstChild().Space(), root.FirstChild().Local())
	}
	if _, ok := root.FirstChild().AttrNS("urn:xs", "x"); !ok {
		t.Error("the attribute is in another namespace")
	}
	if _, ok := root.LookupPrefix("xenc"); ok {
		t.Error("a prefix of the xenc:EncryptedData itself is bound")
	}
}

// The text is read as strictly as every other, and what is wrong with it is told
// to nobody.
func TestDecryptElementRefusesWhatIsNoElement(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                   ``,
		"text":                      `x`,
		"two roots":                 plain + plain,
		"an element cut off":        plain[:20],
		"a document type":           `<!DOCTYPE x>` + plain,
		"a comment":                 strings.Replace(plain, "größe", "gr<!---->ö", 1),
		"a CDATA section":           strings.Replace(plain, "größe", "<![CDATA[x]]>", 1),
		"a prefix bound nowhere":    `<x:a/>`,
		"a prefix of its wrapping":  `<xenc:a/>`,
		"no UTF-8":                  "<a>\xFF</a>",
		"the end of its wrapping":   `</saml:EncryptedAssertion>`,
		"more elements than may be": `<a>` + strings.Repeat(`<a/>`, xmltree.MaxMessageElements) + `</a>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", CodeFailed)
			for _, c := range []string{AES128CBC, AES256GCM} {
				how := to(ours())
				how.Content = c
				if _, err := decrypt(t, encrypt(t, text, how), judged(t, ours()), Policy{}); codeOf(t, err) != CodeFailed {
					t.Errorf("%s: %v, want %s", c, err, CodeFailed)
				}
			}
		})
	}
}

// cipherValue is the text of every xenc:CipherValue, the key before the content.
var cipherValue = regexp.MustCompile(`(<xenc:CipherValue>)([^<]*)(</xenc:CipherValue>)`)

// alter changes the octets of the n-th xenc:CipherValue.
func alter(message string, n int, change func([]byte) []byte) string {
	i := -1
	return cipherValue.ReplaceAllStringFunc(message, func(m string) string {
		if i++; i != n {
			return m
		}
		parts := cipherValue.FindStringSubmatch(m)
		octets, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil {
			panic(err)
		}
		return parts[1] + base64.StdEncoding.EncodeToString(change(octets)) + parts[3]
	})
}

func flip(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = slices.Clone(b)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
}

// Whatever fails behind the private key, the error is the same in every part.
func TestEverySecretFailureLooksAlike(t *testing.T) {
	t.Parallel()
	const key, text = 0, 1
	ours, stranger := ours(), stranger()
	secretOf := func(size int) func([]byte) []byte { // a key of another size, rightly encrypted
		return func([]byte) []byte {
			how := to(ours)
			how.complete()
			w, err := how.wrap(&ours.PublicKey, make([]byte, size))
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
	}
	same := func(b []byte) []byte { return b }
	for name, tc := range map[string]struct {
		how    Encryption
		text   string
		part   int
		change func([]byte) []byte
	}{
		"a stranger's key":              {Encryption{To: to(stranger).To}, plain, text, same},
		"OAEP damaged":                  {Encryption{}, plain, key, flip(200)},
		"OAEP damaged in front":         {Encryption{}, plain, key, flip(0)},
		"OAEP of another digest":        {Encryption{Digest: SHA256}, plain, key, secretOf(32)},
		"OAEP of another label":         {Encryption{Params: []byte("label")}, plain, key, secretOf(32)},
		"a key beyond the modulus":      {Encryption{}, plain, key, func(b []byte) []byte { return slices.Repeat([]byte{0xFF}, len(b)) }},
		"a key of zeroes":               {Encryption{}, plain, key, func(b []byte) []byte { return make([]byte, len(b)) }},
		"an octet of the key cut off":   {Encryption{}, plain, key, func(b []byte) []byte { return b[:len(b)-1] }},
		"an octet more of the key":      {Encryption{}, plain, key, func(b []byte) []byte { return append([]byte{0}, b...) }},
		"no key":                        {Encryption{}, plain, key, func([]byte) []byte { return nil }},
		"a shorter key for AES-256":     {Encryption{}, plain, key, secretOf(16)},
		"a longer key for AES-128":      {Encryption{Content: AES128GCM}, plain, key, secretOf(32)},
		"a key of no algorithm":         {Encryption{}, plain, key, secretOf(31)},
		"an empty key":                  {Encryption{}, plain, key, secretOf(0)},
		"another key for GCM":           {Encryption{}, plain, key, secretOf(32)},
		"another key for CBC":           {Encryption{Content: AES256CBC}, plain, key, secretOf(32)},
		"GCM: tag":                      {Encryption{}, plain, text, flip(-1)},
		"GCM: first octet of the tag":   {Encryption{}, plain, text, flip(-16)},
		"GCM: text":                     {Encryption{}, plain, text, flip(20)},
		"GCM: IV":                       {Encryption{}, plain, text, flip(0)},
		"GCM: tag cut off":              {Encryption{}, plain, text, func(b []byte) []byte { return b[:len(b)-4] }},
		"CBC: padding":                  {Encryption{Content: AES128CBC}, "<a/>", text, flipPadding(16, 0x40)},
		"CBC: padding of zero":          {Encryption{Content: AES128CBC}, "<a/>", text, flipPadding(16, 12)},
		"CBC: padding longer by one":    {Encryption{Content: AES128CBC}, "<a/>", text, flipPadding(16, 12^13)},
		"CBC: padding of a whole block": {Encryption{Content: AES128CBC}, "<a/>", text, flipPadding(16, 12^16)},
		"CBC: text":                     {Encryption{Content: AES128CBC}, plain, text, flip(16)},
		"CBC: a block cut off":          {Encryption{Content: AES128CBC}, plain, text, func(b []byte) []byte { return b[:len(b)-16] }},
		"3DES: padding":                 {Encryption{Content: TripleDESCBC}, "<a/>", text, flipPadding(8, 0x40)},
		"RSA-1.5 damaged, CBC":          {Encryption{Transport: RSA15, Content: AES128CBC}, plain, key, flip(100)},
		"RSA-1.5 damaged, GCM":          {Encryption{Transport: RSA15}, plain, key, flip(100)},
		"RSA-1.5 beyond the modulus":    {Encryption{Transport: RSA15}, plain, key, func(b []byte) []byte { return slices.Repeat([]byte{0xFF}, len(b)) }},
		"no XML":                        {Encryption{}, "x", text, same},
		"no UTF-8":                      {Encryption{}, "<a>\xFF</a>", text, same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", CodeFailed)
			how := tc.how
			if how.To == nil {
				how.To = to(ours).To
			}
			message := encrypt(t, tc.text, how)
			root := parse(t, []byte(alter(message, tc.part, tc.change)))
			data := root.FirstChild().FirstChild()
			_, err := DecryptElement(data, judged(t, ours, next()), lenient)
			want := Error{
				Code: CodeFailed, Want: "data encrypted for one of our keys", Got: "data that cannot be decrypted",
				Path: "/samlp:Response/saml:EncryptedAssertion/xenc:EncryptedData", Offset: len(surrounding),
			}
			if got, ok := errors.AsType[*Error](err); !ok || *got != want {
				t.Fatalf("DecryptElement() = %v, want %v", err, &want)
			}
			if fmt.Sprintf("%+v", err) != want.Error() {
				t.Errorf("%+v, want %v", err, &want)
			}
			if name == "no XML" || strings.HasPrefix(name, "CBC: ") {
				return // octets that are no XML may be decrypted
			}
			if _, err := Decrypt(data, judged(t, ours, next()), lenient); codeOf(t, err) != CodeFailed {
				t.Errorf("Decrypt() = %v, want %s", err, CodeFailed)
			}
		})
	}
}

// flipPadding changes the last octet of a text of one block by its IV.
func flipPadding(block int, bits byte) func([]byte) []byte {
	return func(b []byte) []byte {
		b = slices.Clone(b)
		b[block-1] ^= bits
		return b
	}
}
