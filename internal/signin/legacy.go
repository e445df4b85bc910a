package signin

import (
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
)

// tolerate returns what the core lets pass at this connection while these
// switches are on.
func tolerate(c *sso.Connection, on []sso.Legacy) (saml.Legacy, error) {
	// A transient NameID does no harm where an attribute is the subject.
	l := saml.Legacy{TransientNameID: c.Attributes.Subject != ""}
	for _, sw := range on {
		if err := l.Allow(string(sw.Switch)); err != nil {
			return saml.Legacy{}, fmt.Errorf("reading the settings of connection %s: %w", c.ID, err)
		}
	}
	return l, nil
}

// The line of a verdict list that warns of a switch.
const (
	ruleLegacy = "legacy"
	warn       = "warn"
)

// warnings returns a line for each switch that an accepted message needed. A
// switch is needed exactly if the message is refused without it, and so that
// is what is tried: the core has one way of judging, and no second one of
// telling what it tolerated. Few connections have a switch, and most of those
// have one.
func warnings(c *sso.Connection, on []sso.Legacy, judge func(without saml.Legacy) error) []sso.Check {
	var lines []sso.Check
	for i, sw := range on {
		without, err := tolerate(c, slices.Delete(slices.Clone(on), i, i+1))
		if err == nil {
			err = judge(without)
		}
		if err == nil {
			continue
		}
		lines = append(lines, sso.Check{
			Rule: ruleLegacy, About: string(sw.Switch), Verdict: warn,
			Want: "a message that does without", Got: "one that is accepted until " + sw.Until.UTC().Format(time.RFC3339),
		})
	}
	return lines
}
