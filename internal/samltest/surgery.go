package samltest

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Hostile messages are made by cutting and pasting text, as attackers do: the
// parser under test must not get to say what can be built. A part that is not
// found is a mistake in the attack, and panics.

// part is a piece of a document and what stands around it.
type part struct {
	before, text, after string
}

func (p part) with(text string) string { return p.before + text + p.after }

// without returns the document less the part.
func (p part) without() string { return p.before + p.after }

// find returns the first element with this name as it is written, children
// and all.
func find(doc, name string) part {
	start := tag(doc, "<"+name, 0)
	if start < 0 {
		panic("samltest: no element " + name)
	}
	depth, at := 0, start
	for {
		open, end := tag(doc, "<"+name, at), strings.Index(doc[at:], "</"+name+">")
		if end < 0 {
			panic("samltest: no end of element " + name)
		}
		if end += at; open >= 0 && open < end {
			depth, at = depth+1, open+1
			continue
		}
		depth, at = depth-1, end+len("</"+name+">")
		if depth == 0 {
			return part{doc[:start], doc[start:at], doc[at:]}
		}
	}
}

// tag returns where a start tag begins that is not empty, from an offset on.
func tag(doc, open string, from int) int {
	for {
		i := strings.Index(doc[from:], open)
		if i < 0 {
			return -1
		}
		i += from
		rest := doc[i+len(open):]
		end := strings.IndexByte(rest, '>')
		if end >= 0 && strings.IndexByte(" >", rest[0]) >= 0 && (end == 0 || rest[end-1] != '/') {
			return i
		}
		from = i + len(open)
	}
}

// has reports whether the element has a signature of its own: behind its
// Issuer, where it was put.
func has(element, name string) bool {
	_, rest, ok := strings.Cut(element, "</saml:Issuer>")
	return ok && strings.HasPrefix(rest, "<"+name)
}

// signed reports whether an element has a signature of its own.
func signed(element string) bool { return has(element, "ds:Signature") }

// unsigned returns an element without the signature of its own.
func unsigned(element string) string {
	if !signed(element) {
		return element
	}
	return find(element, "ds:Signature").without()
}

// evil returns an element in which another user is named.
func evil(element string) string {
	if !strings.Contains(element, DefaultNameID) {
		panic("samltest: nobody is named")
	}
	return strings.ReplaceAll(element, DefaultNameID, EvilNameID)
}

// EvilNameID is whom attackers want to be.
const EvilNameID = "admin@acme.example"

// renamed returns an element with another ID.
func renamed(element, id string) string {
	before, rest, ok := strings.Cut(element, ` ID="`)
	if !ok {
		panic("samltest: no ID")
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + ` ID="` + id + `"` + after
}

// replaced replaces exactly one occurrence of old.
func replaced(doc, old, text string) string {
	if n := strings.Count(doc, old); n == 0 {
		panic("samltest: nothing like " + old)
	}
	return strings.Replace(doc, old, text, 1)
}

// Replace returns a change that replaces the first occurrence of old.
func Replace(old, text string) func(doc string) string {
	return func(doc string) string { return replaced(doc, old, text) }
}

// Reseal changes the text of the first signature and then makes its
// SignatureValue anew, with the key of the identity provider.
func (r *Response) Reseal(change func(signature string) string) {
	r.AfterSigning(func(doc string) string {
		p := find(doc, "ds:Signature")
		doc = p.with(change(p.text))
		tree, err := xmltree.Parse([]byte(doc), xmltree.Message)
		if err != nil {
			panic(fmt.Sprintf("samltest: %v", err))
		}
		for e := range tree.Root().Descendants() {
			if e.Local() != "Signature" {
				continue
			}
			sealed, err := xmldsig.Seal(e.Parent(), r.ResponseSigning.Key)
			if err != nil {
				panic(fmt.Sprintf("samltest: %v", err))
			}
			return string(sealed)
		}
		panic("samltest: no signature")
	})
}
