package saml

// A Side is who can mend what a [Rule] refused.
type Side string

// The sides.
const (
	IdPSide    Side = "idp"    // the identity provider: what it sends, or how it is set up
	AdminSide  Side = "admin"  // we: what we were told about the identity provider
	PersonSide Side = "person" // whoever signs in, by beginning anew
	NoSide     Side = ""       // nobody is known
)

// Side returns who can mend what r refused. Nobody is known to who reads a
// message that was changed on its way.
func (r Rule) Side() Side {
	switch r {
	case SigDigest:
		return NoSide
	case SigKey, Issuer:
		return AdminSide
	case InResponseTo:
		return PersonSide
	}
	return IdPSide
}
