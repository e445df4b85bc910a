package xmldsig

import (
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// maxID is how many octets an ID may have.
const maxID = 256

// fewIDs is up to how many IDs comparing each with each is the quickest.
const fewIDs = 32

// CheckIDs refuses documents in which an ID could mean two elements to two
// readers: a value twice, also in different documents given here, an ID in
// a namespace, xml:id, two IDs on one element, and values beside
// [A-Za-z0-9_.-]{1,256} as they are written. The error is an *Error.
func CheckIDs(docs ...*xmltree.Document) error {
	var seen idSet
	for _, doc := range docs {
		for e := range doc.Root().Descendants() {
			if err := seen.addAll(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// addAll adds the IDs of one element.
func (s *idSet) addAll(e xmltree.Element) error {
	found := false
	for i := range e.NumAttrs() {
		a := e.AttrAt(i)
		local := a.Local()
		if !isIDName(local) {
			continue
		}
		value := a.Raw()
		switch {
		case a.Prefix() != "":
			return refuse(CodeIDQualified, e, "an ID in no namespace", a.Prefix()+":"+local)
		case found:
			return refuse(CodeIDForm, e, "one ID", "another one named "+local)
		case local != "ID" && isSAML(e.Space()):
			return refuse(CodeIDForm, e, "an attribute named ID", local)
		case !isID(value):
			return refuse(CodeIDForm, e, "1 to 256 letters, digits, '_', '.' and '-'", value)
		case !s.add(value):
			return refuse(CodeIDDuplicate, e, "an ID of its own", value)
		}
		found = true
	}
	return nil
}

// isIDName reports whether readers take attributes of this name for IDs.
func isIDName(local string) bool {
	switch local {
	case "AssertionID", "RequestID", "ResponseID":
		return true
	}
	return len(local) == 2 && strings.EqualFold(local, "ID")
}

// isSAML reports whether a namespace is one in which IDs are named ID.
// [SAMLCore 1.3.4]
func isSAML(space string) bool { return strings.HasPrefix(space, "urn:oasis:names:tc:SAML:2.0:") }

func isID(value string) bool {
	if value == "" || len(value) > maxID {
		return false
	}
	for i := range len(value) {
		c := value[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// idSet is a set of IDs.
type idSet struct {
	few  [fewIDs]string
	n    int                 // of few
	many map[string]struct{} // once few is full
}

// add reports whether the ID was new.
func (s *idSet) add(id string) bool {
	if s.many != nil {
		before := len(s.many)
		s.many[id] = struct{}{}
		return len(s.many) > before
	}
	for i := range s.n {
		if s.few[i] == id {
			return false
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = id
		s.n++
		return true
	}
	s.many = make(map[string]struct{}, 4*fewIDs)
	for _, other := range &s.few {
		s.many[other] = struct{}{}
	}
	s.many[id] = struct{}{}
	return true
}
