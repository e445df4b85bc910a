package xmldsig

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheckIDsRefuses(t *testing.T) {
	t.Parallel()
	const ns = ` xmlns:samlp="` + samlp + `" xmlns:ds="` + Namespace + `"`
	many := func(n, last int) string {
		var b strings.Builder
		b.WriteString("<r>")
		for i := range n {
			fmt.Fprintf(&b, `<e ID="i%d"/>`, i)
		}
		fmt.Fprintf(&b, `<e ID="i%d"/></r>`, last)
		return b.String()
	}
	for name, tc := range map[string]struct{ hostile, twin, code string }{
		"one ID on two elements":           {`<r ID="a"><s ID="a"/></r>`, `<r ID="a"><s ID="b"/></r>`, CodeIDDuplicate},
		"one ID on two siblings":           {`<r><s ID="a"/><t ID="a"/></r>`, `<r><s ID="a"/><t ID="A"/></r>`, CodeIDDuplicate},
		"one ID by two names":              {`<r ID="a"><s Id="a"/></r>`, `<r ID="a"><s Id="b"/></r>`, CodeIDDuplicate},
		"one ID by AssertionID":            {`<r ID="a"><s AssertionID="a"/></r>`, `<r ID="a"><s AssertionID="b"/></r>`, CodeIDDuplicate},
		"one ID in a signature":            {`<r` + ns + ` ID="a"><ds:Object Id="a"/></r>`, `<r` + ns + ` ID="a"><ds:Object Id="b"/></r>`, CodeIDDuplicate},
		"the first of many IDs again":      {many(500, 0), many(500, 500), CodeIDDuplicate},
		"the last of many IDs again":       {many(500, 499), many(500, 500), CodeIDDuplicate},
		"the last of a few IDs again":      {many(fewIDs, fewIDs-1), many(fewIDs, fewIDs), CodeIDDuplicate},
		"the one beyond a few IDs again":   {many(fewIDs+1, fewIDs), many(fewIDs+1, fewIDs+1), CodeIDDuplicate},
		"xml:id":                           {`<r xml:id="a"/>`, `<r ID="a"/>`, CodeIDQualified},
		"a qualified ID":                   {`<r` + ns + ` ID="a" samlp:ID="b"/>`, `<r` + ns + ` ID="a" samlp:IDs="b"/>`, CodeIDQualified},
		"a qualified Id":                   {`<r` + ns + ` ds:Id="b"/>`, `<r` + ns + ` Id="b"/>`, CodeIDQualified},
		"a qualified AssertionID":          {`<r` + ns + ` samlp:AssertionID="b"/>`, `<r` + ns + ` AssertionID="b"/>`, CodeIDQualified},
		"two IDs":                          {`<r ID="a" id="b"/>`, `<r ID="a" ide="b"/>`, CodeIDForm},
		"ID and RequestID":                 {`<r ID="a" RequestID="b"/>`, `<r ID="a" InResponseTo="b"/>`, CodeIDForm},
		"ID and ResponseID":                {`<r ID="a" ResponseID="b"/>`, `<r ID="a" InResponseTo="b"/>`, CodeIDForm},
		"ID and iD":                        {`<r ID="a" iD="b"/>`, `<r ID="a" iDe="b"/>`, CodeIDForm},
		"Id on an element of SAML":         {`<samlp:r` + ns + ` Id="a"/>`, `<samlp:r` + ns + ` ID="a"/>`, CodeIDForm},
		"AssertionID on one":               {`<samlp:r` + ns + ` AssertionID="a"/>`, `<r` + ns + ` AssertionID="a"/>`, CodeIDForm},
		"an empty ID":                      {`<r ID=""/>`, `<r ID="a"/>`, CodeIDForm},
		"an ID of 257 characters":          {`<r ID="` + strings.Repeat("a", 257) + `"/>`, `<r ID="` + strings.Repeat("a", 256) + `"/>`, CodeIDForm},
		"an ID with a space":               {`<r ID="a b"/>`, `<r ID="a_b"/>`, CodeIDForm},
		"an ID with a space behind":        {`<r ID="a "/>`, `<r ID="a."/>`, CodeIDForm},
		"an ID with a line end":            {"<r ID='a\n'/>", "<r ID='a-'/>", CodeIDForm},
		"an ID with a character reference": {`<r ID="&#97;"/>`, `<r ID="a"/>`, CodeIDForm},
		"an ID with an entity":             {`<r ID="a&amp;b"/>`, `<r ID="a.b"/>`, CodeIDForm},
		"an ID with quotes":                {`<r ID="x' or @ID='y"/>`, `<r ID="x-or-ID-y"/>`, CodeIDForm},
		"an ID with a colon":               {`<r ID="a:b"/>`, `<r ID="a-b"/>`, CodeIDForm},
		"an ID beyond ASCII":               {`<r ID="é"/>`, `<r ID="e"/>`, CodeIDForm},
		"an ID with '@' and '['":           {`<r ID="a@["/>`, `<r ID="aZz"/>`, CodeIDForm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			if err := CheckIDs(parse(t, tc.hostile).Document()); codeOf(t, err) != tc.code {
				t.Errorf("CheckIDs(%s) = %v, want %s", tc.hostile, err, tc.code)
			}
			if err := CheckIDs(parse(t, tc.twin).Document()); err != nil {
				t.Errorf("CheckIDs(%s) = %v, want it accepted", tc.twin, err)
			}
		})
	}
}

// A decrypted assertion is a document of its own, yet its IDs are those of the
// message.
func TestCheckIDsLooksAcrossDocuments(t *testing.T) {
	t.Parallel()
	outer := parse(t, `<r ID="a"/>`).Document()
	for id, want := range map[string]string{"a": CodeIDDuplicate, "b": ""} {
		inner := parse(t, `<s ID="`+id+`"/>`).Document()
		if err := CheckIDs(outer, inner); codeOf(t, err) != want {
			t.Errorf("CheckIDs() with %s = %v, want %q", id, err, want)
		}
	}
}

func TestCheckIDsTakesLeadingDigits(t *testing.T) {
	t.Parallel()
	if err := CheckIDs(parse(t, `<r ID="0d9c5a3e-9d4f-4c6b-8a57-d2f0a5d2a7f1"/>`).Document()); err != nil {
		t.Error(err)
	}
}

func TestIsPart(t *testing.T) {
	t.Parallel()
	for local, want := range map[string]bool{
		"Signature": true, "SignedInfo": true, "SignatureValue": true, "Reference": true, "DigestValue": true, "Object": true,
		"Manifest": true, "SignatureProperties": true, "CanonicalizationMethod": true, "SignatureMethod": true,
		"KeyInfo": false, "KeyName": false, "X509Data": false, "DigestMethod": false, "Transform": false,
	} {
		if got := IsPart(parse(t, "<ds:"+local+` xmlns:ds="`+Namespace+`"/>`)); got != want {
			t.Errorf("IsPart(ds:%s) = %t, want %t", local, got, want)
		}
		if got, want := IsPart(parse(t, "<"+local+` xmlns="urn:x"/>`)), local == "Signature"; got != want {
			t.Errorf("IsPart(%s) = %t in another namespace, want %t", local, got, want)
		}
	}
}
