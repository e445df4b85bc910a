package saml

import (
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// maxNameID is the greatest length of a NameID in bytes: room for 256
// characters [SAMLCore 8.3.7] of any alphabet.
const maxNameID = 1024

// readNameID reads a NameID element, be it of an assertion or of a logout request.
func readNameID(e xmltree.Element) NameID {
	l := readLeaf(e)
	n := NameID{Value: l.text, Format: l.format}
	n.NameQualifier, _ = e.Attr("NameQualifier")
	n.SPNameQualifier, _ = e.Attr("SPNameQualifier")
	return n
}

func (j *judge) judgeNameID(c *claims) {
	n := c.nameID
	switch {
	case c.nameIDAt.IsZero() && !c.sealedID.IsZero(): // not decrypted, as was reported or for good reason
	case c.nameIDAt.IsZero():
		at := c.subject
		if at.IsZero() {
			at = c.element
		}
		j.fail(checkNameID, "a NameID", "none", at)
	case !isVisible(n.Value):
		j.fail(checkNameID, "a NameID", "an empty one", c.nameIDAt)
	case strings.ContainsFunc(n.Value, breaksLine):
		j.fail(checkNameID, "a NameID of one line", "control characters in it", c.nameIDAt)
	case strings.ContainsFunc(n.Format, notInURI):
		j.fail(checkNameID, "a URI for its Format", n.Format, c.nameIDAt)
	case len(n.Value) > maxNameID || len(n.NameQualifier) > maxNameID || len(n.SPNameQualifier) > maxNameID:
		j.fail(checkNameID, "at most 1024 bytes", "more", c.nameIDAt)
	case n.Format == FormatTransient && !j.expect.Legacy.TransientNameID:
		j.fail(checkNameID, "an identifier that lasts", "a transient NameID", c.nameIDAt)
	default:
		j.pass(checkNameID, "", n.Value)
	}
}

// isVisible reports whether there is anything in s that a person could see. What
// looks like nothing would be shown as nobody, and told apart from nothing.
func isVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		const blankBraille = '\u2800'
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != blankBraille &&
			!unicode.In(r, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point)
	})
}

// breaksLine reports whether a character ends a line or controls a terminal.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' // all of Zl and Zp
}

// notInURI reports whether no URI has this character.
func notInURI(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }
