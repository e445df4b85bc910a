package samltest

import (
	"slices"

	"github.com/sallyport/sallyport/internal/saml"
)

// An Attack is one hostile response, the rule that must refuse it, and its
// twin: a response that differs in one thing and must be accepted. Without
// the twin a refusal could have any reason.
type Attack struct {
	No    Number
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

	// Plain says that it cannot be made on what is encrypted: it is too large, or
	// about attributes around it that are no part of it.
	Plain bool

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

// String returns the number and the name of the attack.
func (a Attack) String() string { return a.No.String() + " " + a.Name }

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
		wrappings(), hidings(), idConfusions(), truncations(), parsers(),
		references(), canonicals(), shapes(), algorithms(), keys(), exclusions(),
		sealings(), ciphers(),
		statuses(), addresses(), subjects(), times(), answers(), contexts(), conditions(),
	)
}

var (
	assertionAlone = []Base{AssertionSigned}
	responseAlone  = []Base{ResponseSigned}
	withAssertion  = []Base{AssertionSigned, BothSigned}
	withResponse   = []Base{ResponseSigned, BothSigned}
)
