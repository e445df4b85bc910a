package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// InvitationLife is how long an invitation can be accepted after it was sent.
const InvitationLife = 14 * 24 * time.Hour

// Invitation asks whoever reads the mail to an address to become a member.
type Invitation struct {
	ID            InvitationID
	Org           OrgID
	Email         Email
	Role          Role
	Groups        []string // in Org
	Organizations []OrgID  // of which they become members besides, with the same role
	Language      string   // of the mail; "": the deployment's
	By            string   // a user's ID, or a name such as "operator"
	CreatedAt     time.Time
	SentAt        time.Time
	ExpiresAt     time.Time
	RevokedAt     time.Time // zero: not revoked
	AcceptedAt    time.Time // zero: not accepted
	AcceptedBy    UserID
}

// InvitationState says what has become of an invitation.
type InvitationState string

// The states of an invitation.
const (
	InvitationOpen     InvitationState = "open"
	InvitationAccepted InvitationState = "accepted"
	InvitationRevoked  InvitationState = "revoked"
	InvitationExpired  InvitationState = "expired"
)

// State returns what has become of the invitation.
func (i *Invitation) State(now time.Time) InvitationState {
	switch {
	case !i.AcceptedAt.IsZero():
		return InvitationAccepted
	case !i.RevokedAt.IsZero():
		return InvitationRevoked
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	default:
		return InvitationOpen
	}
}

// Acceptable refuses an invitation that cannot be accepted any more.
func (i *Invitation) Acceptable(now time.Time) error {
	switch i.State(now) {
	case InvitationAccepted:
		return &fault.Error{Kind: fault.Conflict, Code: "invitation_accepted", Fix: fault.PersonSide}
	case InvitationRevoked:
		return &fault.Error{Kind: fault.Conflict, Code: "invitation_revoked", Fix: fault.AdminSide}
	case InvitationExpired:
		return &fault.Error{Kind: fault.Conflict, Code: "invitation_expired", Fix: fault.AdminSide}
	default:
		return nil
	}
}

// StoodFor reports whether who sent the invitation could send it now. What
// somebody offered who has lost their rights since makes nobody an owner or an
// administrator; other roles stay offered.
func (i *Invitation) StoodFor(by *Standing, org *Organization) bool {
	if i.Role != RoleOwner && i.Role != RoleAdmin {
		return true
	}
	return by.User.State == UserActive && slices.ContainsFunc(by.Positions, func(p Position) bool {
		return slices.Contains(org.Path, p.Org) && (p.Role == RoleOwner || p.Role == RoleAdmin && i.Role == RoleAdmin)
	})
}

// Memberships returns the memberships that the invitation gives a user.
func (i *Invitation) Memberships(user UserID, now time.Time) []Membership {
	all := []Membership{{Org: i.Org, User: user, Role: i.Role, Groups: i.Groups, CreatedAt: now, UpdatedAt: now}}
	for _, org := range i.Organizations {
		if org != i.Org {
			all = append(all, Membership{Org: org, User: user, Role: i.Role, CreatedAt: now, UpdatedAt: now})
		}
	}
	return all
}
