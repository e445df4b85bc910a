package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// What the worst input may cost.
const (
	worstTime   = 50 * time.Millisecond
	worstOctets = 16 << 20
)

// A hostile form field makes all the work that it can, up to a limit of ours.
type hostile struct {
	name   string
	form   string
	expect saml.Expect
}

// worst tells what the worst form fields cost until they are refused.
func worst(w *world) (string, error) {
	inputs, err := hostiles(w)
	if err != nil {
		return "", err
	}
	rows := [][]string{{"", "octets", "CPU", "memory", "refused by"}, {"to stay below", "", fmt.Sprintf("%.1f ms", worstTime.Seconds()*1e3), mebi(worstOctets), ""}}
	for _, in := range inputs {
		var rule saml.Rule
		judge := func() { rule = in.judge(w.idp.Now) }
		judge() // scratch memory is there afterwards, as in a server
		const times = 15
		var samples []float64
		_, octets := allocated(times, func() {
			before := cpuTime()
			judge()
			samples = append(samples, float64((cpuTime()-before).Nanoseconds())/1e6)
		})
		if rule == "" {
			return "", fmt.Errorf("accepted: %s", in.name)
		}
		rows = append(rows, []string{in.name, fmt.Sprint(len(in.form)), fmt.Sprintf("%.1f ms", median(samples)), mebi(octets), string(rule)})
	}
	return table("The worst form fields at the limits", rows)
}

func mebi(octets float64) string { return fmt.Sprintf("%.1f MiB", octets/(1<<20)) }

// judge returns the rule by which the form field is refused, "" if it is not.
func (h *hostile) judge(now time.Time) saml.Rule {
	message, err := saml.DecodePost(h.form)
	if err == nil {
		_, err = saml.Verify(message, h.expect, now)
	}
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		return ""
	}
	return refusal.Rule
}

// hostiles returns the worst form fields that we know. Everything about them but
// one thing is good, so that nothing is spared: they are sent to another address.
func hostiles(w *world) ([]hostile, error) {
	expect := w.idp.Expect()
	expect.ACS = "https://other.example/acs"
	var list []hostile
	add := func(name string, expect saml.Expect, forge ...func(*samltest.Response)) error {
		r := w.idp.Response()
		for _, f := range forge {
			f(r)
		}
		doc, err := r.XML()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(doc) > xmltree.MaxMessageBytes {
			return fmt.Errorf("%s: %d octets, more than are read", name, len(doc))
		}
		list = append(list, hostile{name, base64.StdEncoding.EncodeToString(doc), expect})
		return nil
	}
	keys, err := manyKeys(expect)
	if err != nil {
		return nil, err
	}
	sealed, seal, err := manyAttempts(expect, w.idp.ACS)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		add("by anybody: attributes of two long namespaces", expect, unsigned(alternating(room))),
		add("by anybody: prefixes declared outermost", expect, unsigned(scattered())),
		add("by anybody: declarations of namespaces", expect, unsigned(declaring())),
		add("by anybody: elements", expect, unsigned(repeated(elements, `<e/>`))),
		add("by anybody: IDs", expect, unsigned(repeated(elements, `<e ID="i%d"/>`))),
		add("by anybody: references to characters", expect, unsigned(`<e a="`+strings.Repeat("&#9;", xmltree.MaxText/4)+`">`+strings.Repeat("&lt;", (room-xmltree.MaxText)/4-16)+"</e>")),
		add("by anybody: two signatures tried with 8 keys of 8192 bits", keys, wideSignatures),
		add("by anybody: 8 private operations of 4096 bits", sealed, seal),
		add("with a key: the longest canonical form", expect, signed(repeating())),
		add("with a key: attributes", expect, attributes(`a%d`, elements/2-64, "x")),
		add("with a key: values of references to characters", expect, attributes(`a%d`, 1, strings.Repeat("&lt;", xmltree.MaxText/4))),
		add("with a key: long names of attributes", expect, attributes("urn:"+strings.Repeat("x", 400)+"%d", room/540, "x")),
	)
	blank := list[0]
	blank.name = "by anybody: blanks in the base64 of the first"
	n := saml.MaxForm - len(blank.form)
	blank.form = strings.Repeat(" ", n/2) + blank.form[:len(blank.form)/2] + strings.Repeat("\n", n/2) + blank.form[len(blank.form)/2:]
	return append(list, blank), err
}

const (
	room     = xmltree.MaxMessageBytes - 16<<10 // for what is hostile in a message
	elements = xmltree.MaxMessageElements - 64  // likewise
)

// unsigned puts elements into the Response, outside of what is signed.
func unsigned(content string) func(*samltest.Response) {
	return func(r *samltest.Response) {
		r.AfterSigning(samltest.Replace("<samlp:Status>", "<samlp:Extensions>"+content+"</samlp:Extensions><samlp:Status>"))
	}
}

// signed puts elements into the assertion, where its schema allows any.
func signed(content string) func(*samltest.Response) {
	return func(r *samltest.Response) {
		r.BeforeSigning(samltest.Replace("</saml:Conditions>", "</saml:Conditions><saml:Advice>"+content+"</saml:Advice>"))
	}
}

// attributes gives the user some attributes.
func attributes(name string, n int, value string) func(*samltest.Response) {
	return func(r *samltest.Response) {
		r.Attributes = nil
		r.BeforeSigning(samltest.Replace("</saml:AuthnStatement>", "</saml:AuthnStatement><saml:AttributeStatement>"+
			repeated(n, `<saml:Attribute Name="`+name+`"><saml:AttributeValue>`+value+`</saml:AttributeValue></saml:Attribute>`)+"</saml:AttributeStatement>"))
	}
}

// repeated writes a text some times, each with its number if there is a verb for it.
func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Replace(format, "%d", strconv.Itoa(100+i), 1))
	}
	return b.String()
}

// alternating uses two namespaces by turns that differ in their last octet.
func alternating(space int) string {
	uri := "urn:" + strings.Repeat("x", xmltree.MaxName-len("urn:1"))
	var tag strings.Builder
	tag.WriteString("<e")
	for i := range xmltree.MaxAttributes {
		fmt.Fprintf(&tag, ` %c:n%d=""`, "ab"[i%2], 10+i/2)
	}
	tag.WriteString("/>")
	return `<r xmlns:a="` + uri + `1" xmlns:b="` + uri + `2">` + strings.Repeat(tag.String(), (space-3*len(uri))/tag.Len()) + "</r>"
}

// scattered uses the outermost of as many prefixes as may be in scope.
func scattered() string {
	const levels = xmltree.MaxNamespacesInScope/xmltree.MaxNamespaces - 1
	heads := ""
	for i := range levels {
		heads += "<r" + declarations(100+i*xmltree.MaxNamespaces) + ">"
	}
	tag := "<e" + repeated(xmltree.MaxAttributes, ` n%d:x=""`) + "/>"
	return heads + strings.Repeat(tag, (room-2*len(heads))/len(tag)) + strings.Repeat("</r>", levels)
}

// declaring declares namespaces and does nothing else.
func declaring() string {
	const levels = xmltree.MaxNamespacesInScope/xmltree.MaxNamespaces - 2
	tag := "<e" + declarations(100)
	return strings.Repeat(tag+">", levels) + strings.Repeat(tag+"/>", room/(len(tag)+2)-2*levels) + strings.Repeat("</e>", levels)
}

// declarations declares as many namespaces as one tag may, numbered from one on.
func declarations(first int) string {
	var b strings.Builder
	for i := range xmltree.MaxNamespaces {
		fmt.Fprintf(&b, ` xmlns:n%d="urn:%[1]d"`, first+i)
	}
	return b.String()
}

// repeating has a canonical form that repeats long namespaces in each element, up
// to nearly what is canonicalised at all.
func repeating() string {
	uri := "urn:%d" + strings.Repeat("x", xmltree.MaxName-len("urn:100"))
	const longest = 16 * xmltree.MaxMessageBytes
	const n = longest / (xmltree.MaxNamespaces * xmltree.MaxName) * 95 / 100
	heads := ""
	for i := range xmltree.MaxNamespaces {
		heads += strings.ReplaceAll(` xmlns:n%d="`+uri+`"`, "%d", strconv.Itoa(100+i))
	}
	return "<r" + heads + ">" + strings.Repeat("<e"+repeated(xmltree.MaxNamespaces, ` n%d:x=""`)+"/>", n) + "</r>"
}

// manyKeys expects signatures by as many keys as may be, of the greatest size.
func manyKeys(expect saml.Expect) (saml.Expect, error) {
	expect.IdP.Keys = nil
	for range xmldsig.MaxKeys {
		modulus, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), widest))
		if err != nil {
			return expect, err
		}
		modulus.SetBit(modulus, widest-1, 1).SetBit(modulus, 0, 1) // nobody needs the factors
		key, err := xmldsig.NewKey(&rsa.PublicKey{N: modulus, E: 1<<16 + 1})
		if err != nil {
			return expect, err
		}
		expect.IdP.Keys = append(expect.IdP.Keys, key)
	}
	return expect, nil
}

// widest is the size of the largest keys of identity providers, in bits.
const widest = 8192

// wideSignatures puts signatures into Response and assertion that have the size of
// the largest keys.
func wideSignatures(r *samltest.Response) {
	r.Base = samltest.BothSigned
	value := base64.StdEncoding.EncodeToString(append([]byte{1}, make([]byte, widest/8-1)...))
	r.AfterSigning(func(doc string) string {
		parts := strings.Split(doc, "SignatureValue>")
		for i := 1; i < len(parts); i += 2 {
			parts[i] = value + parts[i][strings.LastIndex(parts[i], "<"):]
		}
		return strings.Join(parts, "SignatureValue>")
	})
}

// manyAttempts expects what is encrypted for one of as many keys as may be, of the
// greatest size, and returns what encrypts it so that all others are tried before.
func manyAttempts(expect saml.Expect, acs string) (saml.Expect, func(*samltest.Response), error) {
	const bits = 4096
	var keys [2]*rsa.PrivateKey
	var own [2]xmlenc.Key
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, bits); err != nil {
			return expect, nil, err
		}
		if own[i], err = xmlenc.NewKey(keys[i]); err != nil {
			return expect, nil, err
		}
	}
	other, right := own[0], own[1]
	expect.DecryptionKeys = []xmlenc.Key{other, other, other, right}
	expect.ACS = acs // what fails is not decrypted
	stranger := &rsa.PublicKey{N: new(big.Int).Sub(keys[0].N, big.NewInt(2)), E: keys[0].E}
	return expect, func(r *samltest.Response) {
		r.Base = samltest.EncryptedNothingSigned
		r.Encryption = xmlenc.Encryption{To: []*rsa.PublicKey{stranger, right.Public()}, Content: xmlenc.AES256CBC}
		r.BeforeEncryption(samltest.Replace("</saml:Conditions>", "</saml:Conditions><saml:Advice>"+alternating(xmltree.MaxText*3/4-8<<10)+"</saml:Advice>"))
	}, nil
}
