package xmlenc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// findKeys returns the xenc:EncryptedKey elements of an xenc:EncryptedData: those
// that its ds:KeyInfo holds or names by a ds:RetrievalMethod, and if it does
// neither, those beside it. Nothing is looked for elsewhere. [SAMLCore 2.3.4]
func findKeys(data, info xmltree.Element) ([]xmltree.Element, *Error) {
	var found []xmltree.Element
	if !info.IsZero() {
		if info.HasText() {
			return nil, refuse(CodeShape, info, "elements", "text")
		}
		for child := range info.Children() {
			switch {
			case child.Is(Namespace, "EncryptedKey"):
				found = append(found, child)
			case child.Is(xmldsig.Namespace, "RetrievalMethod"):
				key, err := retrieve(data, child)
				if err != nil {
					return nil, err
				}
				if slices.Contains(found, key) {
					return nil, refuse(CodeShape, child, "every xenc:EncryptedKey once", "one twice")
				}
				found = append(found, key)
			default:
				if err := checkHint(child); err != nil {
					return nil, err
				}
			}
		}
	}
	if len(found) == 0 {
		found = beside(data)
	}
	switch {
	case len(found) == 0:
		return nil, refuse(CodeShape, data, "an xenc:EncryptedKey", "none")
	case len(found) > MaxEncryptedKeys:
		return nil, refuse(CodeShape, found[MaxEncryptedKeys], fmt.Sprintf("%d of xenc:EncryptedKey at the most", MaxEncryptedKeys), fmt.Sprint(len(found)))
	}
	return found, nil
}

// beside returns the xenc:EncryptedKey elements that have the parent of data.
func beside(data xmltree.Element) []xmltree.Element {
	parent := data.Parent()
	if parent.IsZero() {
		return nil
	}
	var found []xmltree.Element
	for child := range parent.Children() {
		if child.Is(Namespace, "EncryptedKey") {
			found = append(found, child)
		}
	}
	return found
}

// retrieve returns the xenc:EncryptedKey that a ds:RetrievalMethod names: by its
// Id, beside data, untransformed. [xmlenc-core1 3.5.3]
func retrieve(data, method xmltree.Element) (none xmltree.Element, _ *Error) {
	if kind, ok := method.Attr("Type"); ok && kind != typeKey {
		return none, refuse(CodeShape, method, typeKey, kind)
	}
	if err := empty(method); err != nil {
		return none, err
	}
	uri, _ := method.Attr("URI")
	id, ok := strings.CutPrefix(uri, "#")
	if !ok || id == "" {
		return none, refuse(CodeShape, method, "a URI of this document", uri)
	}
	var found []xmltree.Element
	for _, key := range beside(data) {
		if own, ok := key.Attr("Id"); ok && own == id {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return none, refuse(CodeShape, method, "one xenc:EncryptedKey of this Id beside the xenc:EncryptedData", fmt.Sprint(len(found)))
	}
	return found[0], nil
}

// checkHints checks a ds:KeyInfo that says who can decrypt a key. We try all that
// we have, so nothing in it is used.
func checkHints(info xmltree.Element) *Error {
	for child := range info.Children() {
		if err := checkHint(child); err != nil {
			return err
		}
	}
	return nil
}

// checkHint refuses what is no hint but another way to the key: by a reference, by
// a key that is encrypted once more, by agreement or derivation.
func checkHint(e xmltree.Element) *Error {
	switch {
	case e.Space() == Namespace || e.Space() == Namespace11:
		return refuse(CodeAlgorithm, e, "a key encrypted by RSA", e.QName())
	case e.Space() == xmldsig.Namespace && e.Local() == "RetrievalMethod", e.Local() == "KeyInfoReference":
		return refuse(CodeShape, e, "a hint at a key", e.QName())
	}
	return nil
}
