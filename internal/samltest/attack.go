package samltest

import (
	"slices"

	"github.com/sallyport/sallyport/internal/saml"
)

// An Attack is one hostile response, the rule that must refuse it, and its
// twin: a response that differs in one thing and must be accepted. Without
// the twin a refusal could have any reason.
type Attack struct {
	Name  string
	Bases []Base // nil: all of [Bases]
	Forge func(*Response)
	Rule  saml.Rule

	// Behind, where Rule is [saml.EncFailed], is the rule that what was decrypted
	// breaks: the verdict list says so, and the refusal does not.
	Behind saml.Rule

	// Alone says that no other rule refuses the response, so that the check
	// of this rule is all that stands in the way.
	Alone bool

	// Expect changes what the service provider expects, of the attack and of
	// the twin.
	Expect func(*saml.Expect)

	// ForgeExpect further changes what is expected of the attack.
	ForgeExpect func(*saml.Expect)

	// Twin is the accepted one; nil: the response without a forge.
	Twin func(*Response)
	// TwinExpect further changes what is expected of the twin.
	TwinExpect func(*saml.Expect)
}

// On returns the bases that the attack works on.
func (a Attack) On() []Base {
	if a.Bases == nil {
		return Bases[:]
	}
	return a.Bases
}

// Attacks returns all attacks.
func Attacks() []Attack {
	return slices.Concat(
		wrappings(), idConfusions(), contents(), parsers(),
		references(), algorithms(), exclusions(),
		sealings(), ciphers(),
		statuses(), addresses(), subjects(), times(), answers(), contexts(),
	)
}

// WrapSignature inserts a forged assertion before the genuine one (XSW 3).
func WrapSignature(r *Response) { r.AfterSigning(xsw3) }

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

// tamper returns a forge that replaces text after it was signed.
func tamper(old, text string) func(*Response) { return after(Replace(old, text)) }

// reseal returns a forge that changes the signature and makes its value anew.
func reseal(change func(signature string) string) func(*Response) {
	return func(r *Response) { r.Reseal(change) }
}

var (
	assertionAlone = []Base{AssertionSigned}
	responseAlone  = []Base{ResponseSigned}
	withAssertion  = []Base{AssertionSigned, BothSigned}
	withResponse   = []Base{ResponseSigned, BothSigned}
)
