package operate

import "github.com/sallyport/sallyport/internal/store"

// What lists and pages are made of, by the names under which those who show
// them know it.
type (
	OrganizationPlace = store.OrganizationPlace
	PeoplePlace       = store.PeoplePlace
	EventQuery        = store.EventQuery
	EventPage         = store.EventPage
	SignInCount       = store.SignInCount
	Found             = store.Found
)

// MessageDead is the state of a message that was given up.
const MessageDead = store.MessageDead
