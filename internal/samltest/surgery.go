package samltest

import (
	"strings"
)

// Hostile messages are made by cutting and pasting text, as attackers do: the
// parser under test must not get to say what can be built. A part that is not
// found is a mistake in the attack, and panics.

// EvilNameID is whom attackers want to be.
const EvilNameID = "admin@acme.example"

// evil returns an element in which another user is named.
func evil(element string) string {
	if !strings.Contains(element, DefaultNameID) {
		panic("samltest: nobody is named")
	}
	return strings.ReplaceAll(element, DefaultNameID, EvilNameID)
}

// idOf returns the ID of the first element that has one.
func idOf(doc string) string {
	_, rest, ok := strings.Cut(doc, ` ID="`)
	if !ok {
		panic("samltest: no ID")
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// renamed returns an element with another ID.
func renamed(element, id string) string {
	return replaced(element, ` ID="`+idOf(element)+`"`, ` ID="`+id+`"`)
}

// replaced replaces the first occurrence of old.
func replaced(doc, old, text string) string {
	if !strings.Contains(doc, old) {
		panic("samltest: nothing like " + old)
	}
	return strings.Replace(doc, old, text, 1)
}

// Replace returns a change that replaces the first occurrence of old.
func Replace(old, text string) func(doc string) string {
	return func(doc string) string { return replaced(doc, old, text) }
}

// algorithm returns an element with another Algorithm of the first element in
// it that has this name.
func algorithm(element, name, uri string) string {
	p := find(element, name)
	_, rest, ok := strings.Cut(p.text, ` Algorithm="`)
	if !ok {
		panic("samltest: no Algorithm of " + name)
	}
	old, _, _ := strings.Cut(rest, `"`)
	return p.with(replaced(p.text, ` Algorithm="`+old+`"`, ` Algorithm="`+uri+`"`))
}

// after returns a forge that changes the signed document.
func after(change func(doc string) string) func(*Response) {
	return func(r *Response) { r.AfterSigning(change) }
}

// before returns a forge that changes the document before it is signed.
func before(change func(doc string) string) func(*Response) {
	return func(r *Response) { r.BeforeSigning(change) }
}

// swap returns a forge that replaces text before it is signed.
func swap(old, text string) func(*Response) { return before(Replace(old, text)) }

// without returns a forge that leaves an element out.
func without(name string) func(*Response) {
	return before(func(doc string) string { return find(doc, name).without() })
}

// valued puts in a further value of the first attribute.
func valued(doc, content string) string {
	return replaced(doc, "<saml:AttributeValue>", "<saml:AttributeValue>"+content+"</saml:AttributeValue><saml:AttributeValue>")
}

// inValue returns a forge that does so before anything is signed.
func inValue(content string) func(*Response) {
	return before(func(doc string) string { return valued(doc, content) })
}

// tamper returns a forge that replaces text after it was signed.
func tamper(old, text string) func(*Response) { return after(Replace(old, text)) }

// all returns a forge that does one after the other.
func all(forges ...func(*Response)) func(*Response) {
	return func(r *Response) {
		for _, forge := range forges {
			forge(r)
		}
	}
}

// asItIs is the forge that changes nothing.
func asItIs(*Response) {}

// onSignature returns a forge that changes the outermost signature and leaves
// its value as it was.
func onSignature(change func(signature string) string) func(*Response) {
	return after(func(doc string) string {
		p := outermost(doc)
		return p.with(change(p.text))
	})
}

// reseal returns a forge that changes the outermost signature and makes its
// value anew.
func reseal(change func(signature string) string) func(*Response) {
	return func(r *Response) { r.Reseal(change) }
}

// Reseal changes the text of the outermost signature and then makes its
// SignatureValue anew, with the key of the identity provider.
func (r *Response) Reseal(change func(signature string) string) {
	r.AfterSigning(func(doc string) string {
		p := outermost(doc)
		return r.sealAnew(p.with(change(p.text)), len(p.before))
	})
}
