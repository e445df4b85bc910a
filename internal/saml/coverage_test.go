package saml_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

// A reference is a test elsewhere that answers an attack, or one of its variants,
// that is none on a message alone.
type reference struct {
	no       samltest.Number
	variant  string
	in, test string
}

// elsewhere are the tests of what the messages alone do not show.
var elsewhere = []reference{
	{33, "in metadata", "saml", "TestParseIdPMetadataRefuses"},
	{33, "in what was decrypted", "xmltree", "TestFragmentIsReadAsStrictly"},
	{38, "every piece by itself", "xmltree", "TestParseRefuses"},
	{41, "every piece by itself", "xmltree", "TestValuesAreNormalised"},
	{42, "time and memory at the limits", "xmltree", "TestParseStopsAtTheLimitOfHugeInputs"},
	{43, "a canonical form of nothing", "xmldsig", "TestAnEmptyCanonicalFormIsNone"},
	{49, "198 documents and their canonical forms", "xmldsig", "TestCanonicalizeVectors"},
	{56, "the dates of a certificate decide nothing", "saml", "TestVerifyAccepts"},
	{57, "metadata without a key", "saml", "TestParseIdPMetadataRefuses"},
	{58, "curves that are none of ours", "xmldsig", "TestNewKeyRefuses"},
	{59, "moduli and exponents, when a key is uploaded", "xmldsig", "TestNewKeyRefuses"},
	{59, "keys that are for RSA-PSS alone", "xmldsig", "TestKeyForPSSAlone"},
	{66, "one answer to all questions", "saml", "TestRefusalsBehindEncryptionLookAlike"},
	{66, "one question for each request", "signin", "TestAKeyAnswersNoQuestions"},
	{67, "one answer to all questions", "xmlenc", "TestEverySecretFailureLooksAlike"},
	{77, "until when a replay has to be remembered", "saml", "TestNotOnOrAfterBoundsReplay"},
	{79, "several statements", "saml", "TestTheEarliestSessionEndCounts"},
	{82, "one ID, however it is wrapped", "saml", "TestAnAssertionKeepsItsID"},
	{82, "twice", "signin", "TestAssertionIsUsedOnce"},
	{82, "at once", "signin", "TestParallelPostsGiveOneSession"},
	{85, "when two names are one", "saml", "TestSubjectKey"},
	{86, "names and values that are merged", "saml", "TestAttributesAreMergedAndTrimmed"},
	{86, "two addresses", "signin", "TestRespondRefuses"},
	{87, "a response by Redirect where it is to be posted", "web/samlapi", "TestOnlyAFormWithEachFieldOnceIsRead"},
	{88, "fields, queries, methods and types", "web/samlapi", "TestOnlyAFormWithEachFieldOnceIsRead"},
	{90, "a body that is compressed or too large", "web/samlapi", "TestOnlyAFormWithEachFieldOnceIsRead"},
	{91, "an artifact, and SOAP", "web/samlapi", "TestOnlyAFormWithEachFieldOnceIsRead"},
	{92, "addresses of metadata that are no addresses", "saml", "TestCheckLocation"},
	{92, "where a person is sent", "web/login", "TestNobodyIsSentToAnUnsafeAddress"},
	{93, "a response in another browser", "signin", "TestOtherBrowserGetsNothing"},
	{93, "the page that goes on", "web/login", "TestOnlyTheBrowserThatBeganGoesOn"},
	{94, "a request of another browser", "signin", "TestOtherBrowserGetsNothing"},
	{94, "a session before", "signin", "TestFinishEndsTheSessionBefore"},
	{95, "a response that was captured", "signin", "TestOtherBrowserGetsNothing"},
	{96, "nobody asked", "signin", "TestAnswerToNothingIsRefused"},
	{97, "a RelayState that is none of ours", "signin", "TestAnswerToNothingIsRefused"},
	{98, "once, and of nobody else's sessions", "signin", "TestALogoutRequestCountsOnce"},
	{98, "of another connection", "signin", "TestALogoutEndsNothingElsewhere"},
	{98, "by a link or a picture", "web/samlapi", "TestALogoutComesInOneOfThreeWays"},
	{99, "by a foreign page", "web/login", "TestSigningOut"},
}

func TestEveryNumberIsAnswered(t *testing.T) {
	t.Parallel()
	answered := map[samltest.Number]bool{}
	for _, a := range samltest.Attacks() {
		answered[a.No] = true
	}
	for _, a := range logoutAttacks() {
		answered[a.no] = true
	}
	posted, _ := postedForms([]byte("<x/>"))
	for _, a := range posted {
		answered[a.no] = true
	}
	for _, r := range elsewhere {
		answered[r.no] = true
		files, err := filepath.Glob(filepath.Join("..", r.in, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(source, []byte("\nfunc "+r.test+"(t *testing.T) {"))
		}
		if !found {
			t.Errorf("%d, %s: there is no test %s in %s", r.no, r.variant, r.test, r.in)
		}
	}
	for no := samltest.Number(1); no <= samltest.LastNumber; no++ {
		if !answered[no] {
			t.Errorf("nothing answers number %d", no)
		}
	}
}

// attackCount is how many attacks each family has. Whoever adds one raises it;
// whoever loses one is told.
var attackCount = map[samltest.Family]int{
	samltest.Wrapping:    122,
	samltest.IDConfusion: 114,
	samltest.Content:     112,
	samltest.Parsing:     154,
	samltest.Referencing: 113,
	samltest.Keys:        116,
	samltest.Sealing:     114,
	samltest.Semantics:   266,
	samltest.Binding:     80,
	samltest.Logout:      133,
}

func TestNoFamilyLosesAttacks(t *testing.T) {
	t.Parallel()
	got := map[samltest.Family]int{}
	for _, a := range samltest.Attacks() {
		got[a.No.Family()]++
	}
	for _, a := range logoutAttacks() {
		got[a.family()]++
	}
	posted, _ := postedForms([]byte("<x/>"))
	got[samltest.Binding] += len(posted)
	if diff := cmp.Diff(attackCount, got); diff != "" {
		t.Errorf("attacks by family (-want +got):\n%s", diff)
	}
	for family, n := range got {
		t.Attr("attacks-listed", fmt.Sprintf("%d %s", n, family)) // for e2e/summary.py, as in newTally
	}
	seen := map[string]bool{}
	for _, a := range samltest.Attacks() {
		if seen[a.String()] {
			t.Errorf("two attacks are named %q", a)
		}
		seen[a.String()] = true
	}
}

// An assertion that is posted once more has the ID that was taken out of
// circulation, however it is wrapped: nothing else that is signed stays the same.
func TestAnAssertionKeepsItsID(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	id := func(r *samltest.Response) { r.AssertionID = "id-of-the-assertion" }
	for name, forges := range map[string][]func(*samltest.Response){
		"as it is": {},
		"in another response": {func(r *samltest.Response) {
			r.ID, r.IssueInstant, r.InResponseTo = "idOther", "2026-03-02T09:30:30Z", ""
		}},
		"in a signed response": {on(samltest.BothSigned)},
		"encrypted":            {on(samltest.EncryptedAssertionSigned)},
		"its signature in lines": {func(r *samltest.Response) {
			r.AfterSigning(samltest.Replace("<ds:SignatureValue>", "<ds:SignatureValue>\n"))
		}},
		"without a KeyInfo":      {func(r *samltest.Response) { r.AssertionSigning.Certificate = nil }},
		"written in another way": {in(samltest.Quotes)},
	} {
		a, err := saml.Verify(idp.Respond(append([]func(*samltest.Response){on(samltest.AssertionSigned), id}, forges...)...), idp.Expect(), idp.Now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.ID != "id-of-the-assertion" || a.Issuer != idp.EntityID {
			t.Errorf("%s: ID %s of %s", name, a.ID, a.Issuer)
		}
	}
}
