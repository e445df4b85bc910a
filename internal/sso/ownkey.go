package sso

import (
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
)

// OwnKey refuses to give somebody a password or passkey in a session that came
// from an identity provider of this organization, where they administer more
// than it answers for. It signs nobody in beyond its organization; a key of
// their own would, and whoever runs it could be them there.
//
// Who administers something of another customer and has no key yet is let have
// the first one: nobody but them could see to it.
func (s *Standing) OwnKey(org *Organization) error {
	for i := range s.Positions {
		p := &s.Positions[i]
		if p.Role != RoleOwner && p.Role != RoleAdmin || slices.Contains(p.Path, org.ID) {
			continue
		}
		if sameTree(p.Path, org.Path) || !s.User.CredentialsAt.IsZero() {
			return &fault.Error{
				Kind: fault.Denied, Code: "key_beyond", Want: "a sign-in that holds wherever this person administers", Got: "one through an identity provider of " + org.Key, Fix: fault.PersonSide,
			}
		}
	}
	return nil
}

func sameTree(a, b []OrgID) bool { return len(a) > 0 && len(b) > 0 && a[0] == b[0] }
