package sso

import "github.com/sallyport/sallyport/internal/fault"

// ManagesPeople reports whether the identity provider says who there is. It does
// so only while people may come through it: where connections are not used, the
// list is kept by hand again.
func (p Policy) ManagesPeople() bool { return p.Managed && p.SSOOn() }

// ListedByHand refuses to add people to the last organization of a line, or to
// delete them there, where the identity provider says who there is. A sign-in
// goes on adding them, and what credentials they have is still the owners' affair.
func ListedByHand(line []Organization) error {
	for i := range line {
		if line[i].Policy.ManagesPeople() {
			return &fault.Error{Kind: fault.Denied, Code: "people_managed", Want: "a change at the identity provider", Got: line[i].Key, Fix: fault.AdminSide}
		}
	}
	return nil
}
