package saml

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// A judge holds what a message says against what is expected.
type judge struct {
	*report
	expect Expect
	now    time.Time
	clock  string // now, for the verdict list
}

// same compares two identifiers octet for octet. What is not configured is
// never equal to anything.
func same(want, got string) bool { return want != "" && want == got }

// response judges what stands on the Response itself. In a response of which
// only the assertion is signed an attacker can change all of it: it must fit,
// and it never suffices.
func (j *judge) response(m *envelope) {
	j.judgeStatus(m)

	switch issuer := m.issuer; {
	case issuer.element.IsZero(): // optional; that of the assertion decides
	case issuer.format != "" && issuer.format != formatEntity:
		j.fail(checkResponseIssuer, "the format "+formatEntity, issuer.format, issuer.element)
	case !same(j.expect.IdP.EntityID, issuer.text):
		j.fail(checkResponseIssuer, j.expect.IdP.EntityID, issuer.text, issuer.element)
	default:
		j.pass(checkResponseIssuer, j.expect.IdP.EntityID, issuer.text)
	}

	switch destination, given := m.response.Attr("Destination"); {
	case given && same(j.expect.ACS, destination):
		j.pass(checkDestination, j.expect.ACS, destination)
	case given:
		j.fail(checkDestination, j.expect.ACS, or(destination, "an empty value"), m.response)
	case m.signatures[0] > 0 && !j.expect.Legacy.MissingDestination: // [SAMLBind 3.5.5.2]
		j.fail(checkDestination, j.expect.ACS, "none on a signed Response", m.response)
	}

	id, given := m.response.Attr("InResponseTo")
	if given || j.expect.RequestID == "" {
		j.answers(checkResponseInResponseTo, id, given, m.response)
	}
	j.judgeIssued(checkResponseTime, readInstant(m.response, "IssueInstant"), m.response)
}

func (j *judge) judgeStatus(m *envelope) {
	j.status = m.status
	switch m.status.Code {
	case StatusSuccess:
		j.pass(checkStatus, "Success", "Success")
	case "":
		j.fail(checkStatus, "Success", "no status", m.response)
	default:
		j.fail(checkStatus, "Success", m.status.String(), m.statusAt)
	}
}

// assertion judges what stands in the assertion.
func (j *judge) assertion(c *claims) {
	switch issuer := c.issuer; {
	case issuer.text == "":
		j.fail(checkIssuer, j.expect.IdP.EntityID, "no Issuer", c.element)
	case issuer.format != "" && issuer.format != formatEntity:
		j.fail(checkIssuer, "the format "+formatEntity, issuer.format, issuer.element)
	case !same(j.expect.IdP.EntityID, issuer.text):
		j.fail(checkIssuer, j.expect.IdP.EntityID, issuer.text, issuer.element)
	default:
		j.pass(checkIssuer, j.expect.IdP.EntityID, issuer.text)
	}
	j.judgeIssued(checkIssueTime, c.issued, c.element)
	j.judgeNameID(c)
	j.judgeConfirmation(c)
	j.judgeConditions(c)
	j.judgeStatements(c)
	if c.badAttribute.IsZero() {
		j.pass(checkAttributes, "", "")
	} else {
		j.fail(checkAttributes, "a Name on every Attribute", "none", c.badAttribute)
	}
}

// answers judges an InResponseTo. Without a pending request there may be
// none: else an answer to somebody's request would pass for a sign-in that
// nobody asked for.
func (j *judge) answers(check int, id string, given bool, e xmltree.Element) {
	switch {
	case j.expect.RequestID == "" && !given:
		j.pass(check, "none", "none")
	case j.expect.RequestID == "":
		j.fail(check, "none, for no request is pending", or(id, "an empty value"), e)
	case !given:
		j.fail(check, j.expect.RequestID, "none", e)
	case id != j.expect.RequestID:
		j.fail(check, j.expect.RequestID, or(id, "an empty value"), e)
	default:
		j.pass(check, j.expect.RequestID, id)
	}
}

// judgeIssued judges an IssueInstant.
func (j *judge) judgeIssued(check int, issued instant, e xmltree.Element) {
	switch {
	case !issued.valid:
		j.fail(check, "a time with a zone", or(issued.raw, "no IssueInstant"), e)
	case issued.at.After(j.now.Add(MaxClockLead + j.expect.Skew)):
		j.fail(check, "not after "+j.clock, issued.raw, e)
	case !j.now.Before(issued.at.Add(MaxLifetime + j.expect.Skew)):
		j.fail(check, "at most a day before "+j.clock, issued.raw, e)
	default:
		j.pass(check, j.clock, issued.raw)
	}
}

func (j *judge) judgeConditions(c *claims) {
	if c.notBefore.given || c.notOnOrAfter.given {
		j.judgeWindow(checkConditionsTime, c.notBefore, c.notOnOrAfter, c.conditions)
	}
	at := c.element
	if !c.conditions.IsZero() {
		at = c.conditions
	}
	for _, e := range c.restrictions { // all of them must hold [SAMLCore 2.5.1.4]
		if got, ok := j.inAudience(e); ok {
			j.pass(checkAudience, j.expect.EntityID, got)
		} else {
			j.fail(checkAudience, j.expect.EntityID, or(got, "an empty value"), e)
		}
	}
	if len(c.restrictions) == 0 && !j.expect.Legacy.MissingAudience {
		j.fail(checkAudience, j.expect.EntityID, "no AudienceRestriction", at)
	}
}

// inAudience reports whether one Audience of a restriction is ours; if not, it
// returns all of them.
func (j *judge) inAudience(restriction xmltree.Element) (got string, ok bool) {
	var all []string
	for e := range restriction.Children() {
		if !e.Is(nsAssertion, "Audience") {
			continue
		}
		audience := readLeaf(e).text
		if same(j.expect.EntityID, audience) {
			return audience, true
		}
		if len(all) < 4 {
			all = append(all, audience)
		}
	}
	return strings.Join(all, " "), false
}

// judgeWindow judges a NotBefore and a NotOnOrAfter, where they are given.
func (j *judge) judgeWindow(check int, from, until instant, e xmltree.Element) {
	switch {
	case from.given && !from.valid:
		j.fail(check, "a time with a zone", or(from.raw, "an empty value"), e)
	case until.given && !until.valid:
		j.fail(check, "a time with a zone", or(until.raw, "an empty value"), e)
	case from.given && until.given && !from.at.Before(until.at):
		j.fail(check, "NotBefore before NotOnOrAfter", from.raw+" to "+until.raw, e)
	case from.given && j.now.Add(j.expect.Skew).Before(from.at):
		j.fail(check, j.clock, "not before "+from.raw, e)
	case until.given && !j.now.Add(-j.expect.Skew).Before(until.at):
		j.fail(check, j.clock, "not on or after "+until.raw, e)
	default:
		j.pass(check, j.clock, window(from, until))
	}
}

func window(from, until instant) string {
	switch {
	case !until.given:
		return "from " + from.raw
	case !from.given:
		return "until " + until.raw
	}
	return from.raw + " to " + until.raw
}

func (j *judge) judgeStatements(c *claims) {
	if len(c.statements) == 0 {
		if !j.expect.Legacy.NoAuthnStatement {
			j.fail(checkAuthnStatement, "an AuthnStatement", "none", c.element)
		}
		if len(j.expect.RequestedContexts) > 0 {
			j.fail(checkAuthnContext, strings.Join(j.expect.RequestedContexts, " or "), "no AuthnStatement", c.element)
		}
		if !j.expect.AuthnAfter.IsZero() {
			j.fail(checkAuthnTime, "after "+formatInstant(j.expect.AuthnAfter), "no AuthnStatement", c.element)
		}
		return
	}
	j.pass(checkAuthnStatement, "", "")
	context := ""
	met := len(j.expect.RequestedContexts) == 0
	for i, s := range c.statements {
		j.judgeAuthnInstant(s)
		if s.sessionEnd.given {
			j.judgeWindow(checkSessionTime, instant{}, s.sessionEnd, s.element)
		}
		if context == "" {
			context = s.context
		}
		if !met && slices.Contains(j.expect.RequestedContexts, s.context) {
			met, context, c.authn = true, s.context, i
		}
	}
	if met {
		j.pass(checkAuthnContext, strings.Join(j.expect.RequestedContexts, " or "), context)
	} else {
		j.fail(checkAuthnContext, strings.Join(j.expect.RequestedContexts, " or "), or(context, "none"), c.statements[0].element)
	}
}

func (j *judge) judgeAuthnInstant(s authnStatement) {
	switch after := j.expect.AuthnAfter; {
	case !s.at.valid:
		j.fail(checkAuthnTime, "a time with a zone", or(s.at.raw, "no AuthnInstant"), s.element)
	case s.at.at.After(j.now.Add(MaxClockLead + j.expect.Skew)):
		j.fail(checkAuthnTime, "not after "+j.clock, s.at.raw, s.element)
	case !after.IsZero() && s.at.at.Before(after.Add(-j.expect.Skew)):
		j.fail(checkAuthnTime, "after "+formatInstant(after), s.at.raw, s.element)
	default:
		j.pass(checkAuthnTime, "", s.at.raw)
	}
}

// or returns s, or the substitute if s is empty.
func or(s, substitute string) string {
	if s == "" {
		return substitute
	}
	return s
}
