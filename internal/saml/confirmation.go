package saml

import "time"

// judgeConfirmation judges the confirmations of the subject. One that fits in
// every respect suffices; nothing of one makes up for a fault of another
// [SAMLProf 4.1.4.3]. When none fits, the first is reported.
func (j *judge) judgeConfirmation(c *claims) {
	if len(c.bearers) == 0 {
		got := "no SubjectConfirmation"
		if c.confirmed > 0 {
			got = "other methods only"
		}
		at := c.subject
		if at.IsZero() {
			at = c.element
		}
		j.fail(checkMethod, "a bearer confirmation", got, at)
		return
	}
	c.bearer = j.choose(c.bearers)
	j.judgeBearer(c.bearer)
}

// choose returns the first confirmation that fits, or else the first.
func (j *judge) choose(bearers []bearer) bearer {
	if len(bearers) > 1 {
		for _, b := range bearers {
			trial := judge{report: newReport(), expect: j.expect, now: j.now, clock: j.clock}
			if trial.judgeBearer(b); !trial.failed() {
				return b
			}
		}
	}
	return bearers[0]
}

func (j *judge) judgeBearer(b bearer) {
	if b.data.IsZero() {
		j.fail(checkMethod, "SubjectConfirmationData", "none", b.element)
		return
	}
	j.pass(checkMethod, "bearer", "bearer")

	switch _, given := b.data.Attr("Recipient"); {
	case given && same(j.expect.ACS, b.recipient):
		j.pass(checkRecipient, j.expect.ACS, b.recipient)
	case given || !j.expect.Legacy.MissingRecipient:
		j.fail(checkRecipient, j.expect.ACS, or(b.recipient, "none"), b.data)
	}
	j.answers(checkInResponseTo, b.inResponseTo, b.answers, b.data)

	// The profile forbids NotBefore here; some products write it all the
	// same, so it is the value that counts.
	if b.notOnOrAfter.given {
		j.judgeWindow(checkConfirmationTime, b.notBefore, b.notOnOrAfter, b.data)
	} else {
		j.fail(checkConfirmationTime, "NotOnOrAfter", "none", b.data)
	}
}

// result returns what was judged as the assertion it is. The caller has made
// sure that c was read from a verified element and that no check failed.
func (j *judge) result(c *claims, signed Signed) *Assertion {
	a := &Assertion{
		ID: c.id, Issuer: c.issuer.text, IssueInstant: c.issued.at, NameID: c.nameID, Attributes: c.attributes,
		Signed: signed, Checks: j.checks[:], InResponseTo: c.bearer.inResponseTo, audience: j.expect.EntityID,
	}
	until := c.issued.at.Add(MaxLifetime)
	if c.notOnOrAfter.given {
		until = earlier(until, c.notOnOrAfter.at)
	}
	// Which confirmation will be the one accepted later is not known now: the
	// one that lasts longest bounds the replay.
	var last time.Time
	for _, b := range c.bearers {
		if b.notOnOrAfter.valid && b.notOnOrAfter.at.After(last) {
			last = b.notOnOrAfter.at
		}
	}
	a.NotOnOrAfter = earlier(until, last).Add(j.expect.Skew)

	for i, s := range c.statements {
		if i == c.authn {
			a.SessionIndex, a.AuthnInstant, a.AuthnContext = s.sessionIndex, s.at.at, s.context
		}
		if s.sessionEnd.given {
			if a.SessionNotOnOrAfter.IsZero() || s.sessionEnd.at.Before(a.SessionNotOnOrAfter) {
				a.SessionNotOnOrAfter = s.sessionEnd.at
			}
		}
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
