package saml_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/samltest"
)

// A tally counts the attacks of a test by family, as they are made.
type tally struct {
	mu    sync.Mutex
	count map[samltest.Family]*verdicts
}

// verdicts are how many attacks of a family were made, how many of them were
// refused by the right rule, and how many of their twins were accepted.
type verdicts struct{ made, refused, accepted int }

// newTally returns a tally that tells its counts at the end of the test, for
// e2e/summary.py.
func newTally(t *testing.T) *tally {
	t.Helper()
	c := &tally{count: map[samltest.Family]*verdicts{}}
	t.Cleanup(func() {
		for _, family := range samltest.Families() {
			if v := c.count[family]; v != nil {
				t.Attr("attacks", fmt.Sprintf("%d %d %d %s", v.made, v.refused, v.accepted, family))
			}
		}
	})
	return c
}

func (c *tally) add(f samltest.Family, v verdicts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.count[f]
	if sum == nil {
		sum = new(verdicts)
		c.count[f] = sum
	}
	sum.made, sum.refused, sum.accepted = sum.made+v.made, sum.refused+v.refused, sum.accepted+v.accepted
}

func (c *tally) made(f samltest.Family)     { c.add(f, verdicts{made: 1}) }
func (c *tally) refused(f samltest.Family)  { c.add(f, verdicts{refused: 1}) }
func (c *tally) accepted(f samltest.Family) { c.add(f, verdicts{accepted: 1}) }
