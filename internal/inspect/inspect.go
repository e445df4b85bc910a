// Package inspect is how the owners of an organization, and support, find out
// what became of sign-ins and why, and decide what no sign-in may decide: who
// somebody is whom two accounts could mean.
//
// Who may do it is package authority's to say, each time and within the
// transaction of the change. A change, its line in the audit list and the mails
// that it causes are one transaction.
package inspect

import (
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// PageSize is how many lines a page of a list has.
const PageSize = 50

// Service inspects. Its fields are set once, before it is used; it is safe for
// concurrent use.
type Service struct {
	DB        *store.DB
	Authority *authority.Service
	Outbox    *notify.Outbox
	Sealer    *secret.Sealer // of messages that are kept as they came
	BaseURL   string         // without a slash at the end
	Now       func() time.Time
}
