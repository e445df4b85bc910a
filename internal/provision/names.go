package provision

import "github.com/sallyport/sallyport/internal/store"

// What lists consist of, for those who show them.
type (
	// PeopleQuery says which members are listed and in which order.
	PeopleQuery = store.PeopleQuery
	// PeoplePlace is a place in a list of people.
	PeoplePlace = store.PeoplePlace
	// Member is a line of a list of people.
	Member = store.Member
	// Way says how a member comes in.
	Way = store.Way
	// Sort is an order in which people are listed.
	Sort = store.Sort
	// GroupLine is a line of a list of groups.
	GroupLine = store.GroupLine
	// GroupPlace is a place in a list of groups.
	GroupPlace = store.GroupPlace
	// OrganizationLine is a line of a list of organizations.
	OrganizationLine = store.OrganizationLine
	// OrganizationPlace is a place in a list of organizations.
	OrganizationPlace = store.OrganizationPlace
	// PeoplePage is one page of a list of people.
	PeoplePage = store.PeoplePage
	// InvitationPlace is a place in a list of invitations.
	InvitationPlace = store.Place
	// EventQuery says which lines of the audit list are wanted.
	EventQuery = store.EventQuery
	// SignInCount says how many sign-ins of one hour ended the same way.
	SignInCount = store.SignInCount
	// PeopleCounts says how many members there are, and of what kind.
	PeopleCounts = store.PeopleCounts
	// SessionAt is a session and the organization it is in.
	SessionAt = store.SessionAt
	// LinkAt is a link and what its connection is called.
	LinkAt = store.LinkAt
)

// The ways, the orders, and how far the members of things in a list are
// counted.
const (
	WaySSO      = store.WaySSO
	WayPassword = store.WayPassword
	WayNone     = store.WayNone
	SortNewest  = store.SortNewest
	SortSeen    = store.SortSeen
	ManyMembers = store.ManyMembers
	ManyPeople  = store.ManyPeople
)
