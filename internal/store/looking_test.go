package store_test

import (
	"fmt"
	"testing"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// However little of a list one page looks at, all pages together show the same:
// everything is held to what it promises, with next to no rows being few.
func TestListsAreTheSameHoweverTheyAreLookedThrough(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		for _, few := range []int{0, 8} {
			t.Run(fmt.Sprintf("%s, %d rows are few", engine.Name, few), func(t *testing.T) {
				t.Parallel()
				storetest.RunLists(t, func(t *testing.T) *store.DB {
					t.Helper()
					db := engine.Bare(t)
					db.Look(few, 3)
					return db
				})
			})
		}
	}
}
