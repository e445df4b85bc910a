package xmlenc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmldsig"
)

// once replaces one part of a message, which must be there once.
func once(message, old, text string) string {
	if strings.Count(message, old) != 1 {
		panic(fmt.Sprintf("%d times %s", strings.Count(message, old), old))
	}
	return strings.Replace(message, old, text, 1)
}

// Every case is an accepted message in which one thing was changed.
func TestDecryptRefusesByWhatCanBeSeen(t *testing.T) {
	t.Parallel()
	const (
		data   = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">`
		gcm256 = `<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>`
		digest = `<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`
		mask   = `<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>`
		params = `<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>`
		info   = `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`
		cipher = `<xenc:CipherData><xenc:CipherValue>`
		last   = `</xenc:CipherData></xenc:EncryptedData>`
	)
	how := to(ours())
	how.Transport, how.Digest, how.Mask, how.Params = RSAOAEP, SHA256, MGF1SHA256, []byte("label")
	inside := encrypt(t, plain, how)
	how.Place = Named
	named := encrypt(t, plain, how)
	how.Place = Beside
	beside := encrypt(t, plain, how)
	how.Place, how.Content = Inside, AES128CBC
	inCBC := encrypt(t, plain, how)

	key := regexp.MustCompile(`<xenc:EncryptedKey.*</xenc:EncryptedKey>`).FindString
	id := regexp.MustCompile(`Id="([^"]*)"`).FindStringSubmatch(named)[1]
	hints := info + `<ds:KeyName>x</ds:KeyName>`
	first := func(octets int) func([]byte) []byte { return func(b []byte) []byte { return b[:octets] } }
	nothing := func([]byte) []byte { return nil }
	spaced := func(m string) string { // line ends and blanks in base64
		return regexp.MustCompile(`[A-Za-z0-9+/]{60}`).ReplaceAllString(m, "$0&#13;\r\n\t ")
	}

	for name, tc := range map[string]struct {
		message string
		code    string // "" is for the twins
	}{
		"inside":       {inside, ""},
		"named":        {named, ""},
		"beside":       {beside, ""},
		"in CBC mode":  {inCBC, ""},
		"with a space": {spaced(inside), ""},

		"another element":  {once(strings.ReplaceAll(inside, "EncryptedData>", "EncryptedKey>"), "<xenc:EncryptedData ", "<xenc:EncryptedKey "), CodeShape},
		"of no Type":       {once(inside, ` Type="`+TypeElement+`"`, ""), ""},
		"of Content":       {once(inside, TypeElement, TypeContent), CodeShape},
		"of an empty Type": {once(inside, TypeElement, ""), CodeShape},
		"a MIME type":      {once(inside, ` Type=`, ` MimeType="text/xml" Type=`), ""},
		"an Encoding":      {once(inside, ` Type=`, ` Encoding="http://www.w3.org/2000/09/xmldsig#base64" Type=`), CodeShape},

		"no method":                    {once(inside, gcm256, ""), CodeShape},
		"two methods":                  {once(inside, gcm256, gcm256+gcm256), CodeShape},
		"a method without a name":      {once(inside, gcm256, `<xenc:EncryptionMethod/>`), CodeAlgorithm},
		"an unknown method":            {once(inside, AES256GCM, AES256GCM+" "), CodeAlgorithm},
		"triple DES":                   {once(inside, AES256GCM, TripleDESCBC), CodeAlgorithm},
		"a key wrap as method":         {once(inside, AES256GCM, Namespace+"kw-aes256"), CodeAlgorithm},
		"a stream cipher":              {once(inside, AES256GCM, Namespace+"arcfour"), CodeAlgorithm},
		"RSA of the text":              {once(inside, AES256GCM, RSAOAEP), CodeAlgorithm},
		"the size of the key":          {once(inside, gcm256, `<xenc:EncryptionMethod Algorithm="`+AES256GCM+`"><xenc:KeySize> 256 </xenc:KeySize></xenc:EncryptionMethod>`), ""},
		"another size of the key":      {once(inside, gcm256, `<xenc:EncryptionMethod Algorithm="`+AES256GCM+`"><xenc:KeySize>128</xenc:KeySize></xenc:EncryptionMethod>`), CodeShape},
		"a parameter of AES":           {once(inside, gcm256, `<xenc:EncryptionMethod Algorithm="`+AES256GCM+`">`+params+`</xenc:EncryptionMethod>`), CodeShape},
		"text in a method":             {once(inside, gcm256, `<xenc:EncryptionMethod Algorithm="`+AES256GCM+`">x</xenc:EncryptionMethod>`), CodeShape},
		"properties":                   {once(inside, last, `</xenc:CipherData><xenc:EncryptionProperties/></xenc:EncryptedData>`), CodeShape},
		"text in data":                 {once(inside, last, `</xenc:CipherData>x</xenc:EncryptedData>`), CodeShape},
		"the key behind the text":      {once(once(inside, key(inside), ""), last, `</xenc:CipherData>`+info+key(inside)+`</ds:KeyInfo></xenc:EncryptedData>`), CodeShape},
		"white space between elements": {once(inside, data, data+" \n "), ""},

		"RSA-1.5":                   {once(inside, RSAOAEP, RSA15), CodeAlgorithm},
		"a symmetric key wrap":      {once(inside, RSAOAEP, Namespace+"kw-aes256"), CodeAlgorithm},
		"a triple DES key wrap":     {once(inside, RSAOAEP, Namespace+"kw-tripledes"), CodeAlgorithm},
		"another OAEP":              {once(inside, RSAOAEP, Namespace+"rsa-oaep"), CodeAlgorithm},
		"MD5":                       {once(inside, xmldsig.SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5"), CodeAlgorithm},
		"another mask":              {once(inside, MGF1SHA256, Namespace11+"mgf1md5"), CodeAlgorithm},
		"a digest without a name":   {once(inside, ` Algorithm="`+SHA256+`"`, ""), CodeAlgorithm},
		"parameters in another row": {once(inside, params+digest+mask, mask+digest+params), ""},
		"two digests":               {once(inside, digest, digest+digest), CodeShape},
		"two masks":                 {once(inside, mask, mask+mask), CodeShape},
		"two labels":                {once(inside, params, params+params), CodeShape},
		"an unknown parameter":      {once(inside, digest, digest+`<xenc:KeySize>2048</xenc:KeySize>`), CodeShape},
		"text between parameters":   {once(inside, digest, digest+`x`), CodeShape},
		"a mask in a mask":          {once(inside, mask, strings.Replace(mask, "/>", ">"+mask+"</xenc11:MGF>", 1)), CodeShape},
		"a mask that contradicts":   {once(inside, RSAOAEP, RSAOAEPMGF1P), CodeShape},
		"a label that is no base64": {once(inside, "bGFiZWw=", "bGFiZWw"), CodeShape},
		"a label with stray bits":   {once(inside, "bGFiZWw=", "bGFiZWx="), CodeShape},
		"a label of 10 KB":          {once(inside, "bGFiZWw=", strings.Repeat("bGFi", 2500)), CodeShape},

		"no KeyInfo and nothing beside": {once(inside, info+key(inside)+"</ds:KeyInfo>", ""), CodeShape},
		"an empty KeyInfo":              {once(inside, key(inside), ""), CodeShape},
		"two of KeyInfo":                {once(inside, info, info+"</ds:KeyInfo>"+info), CodeShape},
		"text in KeyInfo":               {once(inside, info, info+"x"), CodeShape},
		"a hint":                        {once(inside, info, hints), ""},
		"a hint and the key beside":     {once(beside, gcm256, gcm256+hints+"</ds:KeyInfo>"), ""},
		"a key agreement":               {once(inside, info, info+`<xenc:AgreementMethod Algorithm="http://www.w3.org/2009/xmlenc11#ECDH-ES"/>`), CodeAlgorithm},
		"a derived key":                 {once(inside, info, info+`<xenc11:DerivedKey xmlns:xenc11="`+Namespace11+`"/>`), CodeAlgorithm},
		"a key somewhere else":          {once(inside, info, info+`<x:KeyInfoReference xmlns:x="http://www.w3.org/2009/xmldsig11#" URI="#x"/>`), CodeShape},
		"a text of five keys":           {once(inside, key(inside), strings.Repeat(key(inside), 5)), CodeShape},
		"a text of four keys":           {once(inside, key(inside), strings.Repeat(key(inside), 4)), ""},

		"a key encrypted by a key":     {once(inside, `</xenc:EncryptionMethod>`+cipher, `</xenc:EncryptionMethod>`+info+key(inside)+`</ds:KeyInfo>`+cipher), CodeAlgorithm},
		"a key behind another":         {once(inside, `</xenc:EncryptionMethod>`+cipher, `</xenc:EncryptionMethod>`+info+`<ds:RetrievalMethod URI="#x"/></ds:KeyInfo>`+cipher), CodeShape},
		"a key with a hint":            {once(inside, `</xenc:EncryptionMethod>`+cipher, `</xenc:EncryptionMethod>`+hints+`</ds:KeyInfo>`+cipher), ""},
		"a key with what it encrypts":  {once(inside, `</xenc:CipherData></xenc:EncryptedKey>`, `</xenc:CipherData><xenc:ReferenceList/><xenc:CarriedKeyName/></xenc:EncryptedKey>`), ""},
		"a key with something else":    {once(inside, `</xenc:CipherData></xenc:EncryptedKey>`, `</xenc:CipherData><xenc:EncryptionProperties/></xenc:EncryptedKey>`), CodeShape},
		"a key without a method":       {regexp.MustCompile(`(<xenc:EncryptedKey [^>]*>)<xenc:EncryptionMethod.*?</xenc:EncryptionMethod>`).ReplaceAllString(inside, "$1"), CodeShape},
		"a key by a reference":         {regexp.MustCompile(`<xenc:CipherValue>[^<]*</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`).ReplaceAllString(inside, `<xenc:CipherReference URI="https://evil.example/"/></xenc:CipherData></xenc:EncryptedKey>`), CodeShape},
		"a text by a reference":        {regexp.MustCompile(`<xenc:CipherValue>[^<]*</xenc:CipherValue>`+last).ReplaceAllString(inside, `<xenc:CipherReference URI="https://evil.example/"/>`+last), CodeShape},
		"a text and a reference to it": {once(inside, `</xenc:CipherValue>`+last, `</xenc:CipherValue><xenc:CipherReference URI="#x"/>`+last), CodeShape},
		"an element in base64":         {once(inside, `</xenc:CipherValue>`+last, `<a/></xenc:CipherValue>`+last), CodeShape},
		"junk in base64":               {once(inside, `</xenc:CipherValue>`+last, `!</xenc:CipherValue>`+last), CodeShape},
		"octets behind the padding":    {once(inCBC, `</xenc:CipherValue>`+last, `AAAA</xenc:CipherValue>`+last), CodeShape},

		"named without a Type":                    {once(named, ` Type="`+typeKey+`"`, ""), ""},
		"named by another Type":                   {once(named, typeKey, xmldsig.Namespace+"X509Data"), CodeShape},
		"named elsewhere":                         {once(named, `URI="#`, `URI="https://evil.example/#`), CodeShape},
		"named by a path":                         {once(named, `URI="#`, `URI="file:///etc/passwd#`), CodeShape},
		"named by nothing":                        {once(named, `URI="#`+id+`"`, ""), CodeShape},
		"named by an empty Id":                    {once(named, `URI="#`+id, `URI="#`), CodeShape},
		"named by an XPointer":                    {once(named, `URI="#`+id, `URI="#xpointer(id('`+id+`'))`), CodeShape},
		"named by the Id of nothing":              {once(named, `URI="#`, `URI="#x`), CodeShape},
		"named by the Id of itself":               {once(once(named, `<xenc:EncryptedData `, `<xenc:EncryptedData Id="_own" `), `URI="#`+id, `URI="#_own`), CodeShape},
		"named twice":                             {regexp.MustCompile(`<ds:RetrievalMethod [^>]*>`).ReplaceAllString(named, "$0$0"), CodeShape},
		"named where two have one Id":             {once(named, key(named), key(named)+key(named)), CodeShape},
		"named with transforms":                   {regexp.MustCompile(`(<ds:RetrievalMethod [^>]*)/>`).ReplaceAllString(named, "$1><ds:Transforms/></ds:RetrievalMethod>"), CodeShape},
		"named outside of its EncryptedAssertion": {once(once(named, key(named), ""), behind, `</saml:EncryptedAssertion>`+key(named)+`</samlp:Response>`), CodeShape},

		"GCM: tag and IV alone": {alter(inside, 1, first(28)), CodeFailed},
		"GCM: an octet less":    {alter(inside, 1, first(27)), CodeShape},
		"GCM: the IV alone":     {alter(inside, 1, first(12)), CodeShape},
		"GCM: nothing":          {alter(inside, 1, nothing), CodeShape},
		"CBC: two blocks":       {alter(inCBC, 1, first(32)), CodeFailed},
		"CBC: an octet less":    {alter(inCBC, 1, first(31)), CodeShape},
		"CBC: the IV alone":     {alter(inCBC, 1, first(16)), CodeShape},
		"CBC: nothing":          {alter(inCBC, 1, nothing), CodeShape},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			got, err := decrypt(t, tc.message, judged(t, ours()), Policy{})
			if codeOf(t, err) != tc.code || err == nil && got != plain {
				t.Errorf("DecryptElement() = %q, %v, want %q", got, err, tc.code)
			}
			if err == nil {
				return
			}
			root := parse(t, []byte(tc.message))
			e, _ := errors.AsType[*Error](err)
			found := false
			for d := range root.Descendants() {
				found = found || d.Path() == e.Path && d.Offset() == e.Offset
			}
			if !found || e.Want == "" {
				t.Errorf("%v names no element", err)
			}
		})
	}
}

// Messages of identity providers of many vendors.
func TestDecryptReadsRealMessages(t *testing.T) {
	t.Parallel()
	count := 0
	for line := range bytes.Lines(vector(t, "responses.jsonl")) {
		var r struct {
			ID     string   `json:"id"`
			File   string   `json:"file"`
			Keys   []string `json:"sp_keys"`
			Expect string   `json:"expect"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Keys) == 0 || r.Expect != "accept" {
			continue
		}
		src := vector(t, r.File)
		if decoded, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(src))); err == nil {
			src = decoded
		}
		var keys []Key
		for _, file := range r.Keys {
			k, err := KeyFromPEM(vector(t, file))
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
		for e := range parse(t, src).Descendants() {
			if !e.Is(Namespace, "EncryptedData") {
				continue
			}
			count++
			doc, err := DecryptElement(e, keys, lenient)
			if err != nil {
				t.Errorf("%s: %v", r.ID, err)
				continue
			}
			if root := doc.Root(); !root.Is("urn:oasis:names:tc:SAML:2.0:assertion", "Assertion") {
				t.Errorf("%s: {%s}%s", r.ID, root.Space(), root.Local())
			}
		}
	}
	if count < 5 {
		t.Errorf("%d encrypted assertions, want more", count)
	}
}
