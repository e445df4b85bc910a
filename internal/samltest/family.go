package samltest

import "strconv"

// A Number is that of an attack in the catalogue that the suite follows. It
// never changes its meaning.
type Number int

// LastNumber is the last number of the catalogue that is about SAML messages.
const LastNumber Number = 99

// A Family is a kind of attack.
type Family string

// The families, in the order of the catalogue.
const (
	Wrapping    Family = "wrapping"             // a genuine signature, and something else read
	IDConfusion Family = "ID confusion"         // two elements for one ID
	Content     Family = "truncated text"       // values read in another way than they were signed
	Parsing     Family = "XML"                  // readers that differ, or break
	Referencing Family = "canonical form"       // what is signed is not what is said to be
	Keys        Family = "algorithms and keys"  // weak, wrong, foreign or no signatures
	Sealing     Family = "encryption"           // decrypted, and therefore believed
	Semantics   Family = "what a response says" // genuine, and not for us
	Binding     Family = "bindings"             // how a message comes
	Browsing    Family = "browsers"             // whose browser brings it
	Logout      Family = "logout"               // whose session is ended
)

// families are the last numbers of each.
var families = [...]struct {
	last   Number
	family Family
}{
	{17, Wrapping}, {25, IDConfusion}, {32, Content}, {42, Parsing}, {51, Referencing}, {62, Keys}, {69, Sealing},
	{86, Semantics}, {92, Binding}, {97, Browsing}, {LastNumber, Logout},
}

// Families returns all families, in the order of the catalogue.
func Families() []Family {
	all := make([]Family, 0, len(families))
	for _, f := range families {
		all = append(all, f.family)
	}
	return all
}

// Family returns the family of an attack.
func (n Number) Family() Family {
	for _, f := range families {
		if n > 0 && n <= f.last {
			return f.family
		}
	}
	panic("samltest: no attack has the number " + strconv.Itoa(int(n)))
}

// String returns the number as the literature writes it.
func (n Number) String() string {
	if n.Family() == Wrapping {
		return "XSW" + strconv.Itoa(int(n))
	}
	return strconv.Itoa(int(n))
}
