package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

func TestVerifyLogoutRequestReturnsWhatItSays(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for _, binding := range logoutBindings {
		got, _, err := peer.judge(t, peer.draft(binding, func(d *draft) {
			d.request.NameID.NameQualifier, d.request.Reason = "urn:q", saml.ReasonUser
		}))
		if err != nil {
			t.Fatalf("%s: %v", binding, err)
		}
		want := &saml.Logout{
			ID: "id1", Issuer: logoutIdP, IssueInstant: logoutNow.Add(-time.Minute), SessionIndexes: []string{"s1", "s2"}, Reason: saml.ReasonUser,
			NameID:       saml.NameID{Value: "alice@acme.example", Format: saml.FormatEmail, NameQualifier: "urn:q"},
			NotOnOrAfter: logoutNow.Add(5*time.Minute + saml.DefaultSkew),
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(saml.Logout{}, "Checks"), cmpopts.IgnoreUnexported(saml.Logout{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", binding, diff)
		}
	}
}

// seal encrypts the name in a request, for this key.
func seal(t *testing.T, d *draft, key xmlenc.Key) {
	t.Helper()
	d.before = func(doc string) string {
		from, to := strings.Index(doc, "<saml:NameID"), strings.Index(doc, "</saml:NameID>")+len("</saml:NameID>")
		sealed, err := xmlenc.Encrypt([]byte(doc[from:to]), xmlenc.Encryption{To: []*rsa.PublicKey{key.Public()}})
		if err != nil {
			t.Fatal(err)
		}
		return doc[:from] + "<saml:EncryptedID>" + string(sealed) + "</saml:EncryptedID>" + doc[to:]
	}
}

func TestVerifyLogoutRequestOpensAnEncryptedName(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	ours, theirs := samltest.New(t).SPKey, rsaKey(t)
	with := func(keys ...xmlenc.Key) func(*saml.LogoutExpect) {
		return func(e *saml.LogoutExpect) { e.DecryptionKeys = keys }
	}
	for _, binding := range logoutBindings {
		got, _, err := peer.judge(t, peer.draft(binding, func(d *draft) {
			seal(t, d, ours)
			d.expect = with(theirs, ours)
		}))
		if err != nil || got.NameID.Value != "alice@acme.example" || !got.Ends(got.SubjectKey(), "s1") {
			t.Errorf("%s: got %+v, %v, want the name", binding, got, err)
		}
		for name, tc := range map[string]struct {
			forge func(*draft)
			rule  saml.Rule
		}{
			"without a key of ours":  {func(d *draft) { seal(t, d, ours) }, saml.EncKey},
			"for another's key":      {func(d *draft) { seal(t, d, theirs); d.expect = with(ours) }, saml.EncFailed},
			"not signed":             {func(d *draft) { seal(t, d, ours); d.expect, d.unsigned = with(ours), true }, saml.SigMissing},
			"a plain name beside it": {func(d *draft) { seal(t, d, ours); both(d); d.expect = with(ours) }, saml.Shape},
			"an assertion inside": {func(d *draft) {
				d.expect = with(ours)
				d.request.NameID.Value = "x"
				seal(t, d, ours)
				inner := d.before
				d.before = func(doc string) string {
					return inner(strings.NewReplacer("<saml:NameID", "<saml:Assertion><saml:NameID", "</saml:NameID>", "</saml:NameID></saml:Assertion>").Replace(doc))
				}
			}, saml.Shape},
		} {
			_, _, err := peer.judge(t, peer.draft(binding, tc.forge))
			refusal, ok := errors.AsType[*saml.Refusal](err)
			if !ok || refusal.Rule != tc.rule {
				t.Errorf("%s, %s: got %v, want a refusal by rule %s", binding, name, err, tc.rule)
				continue
			}
			if !slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool { return c.Rule == tc.rule && c.Verdict == saml.Fail }) {
				t.Errorf("%s, %s: the verdict list does not say so", binding, name)
			}
		}
	}
}

// both puts a plain name before the encrypted one.
func both(d *draft) {
	sealed := d.before
	d.before = func(doc string) string {
		return strings.Replace(sealed(doc), "<saml:EncryptedID>", "<saml:NameID>bob</saml:NameID><saml:EncryptedID>", 1)
	}
}

func rsaKey(t *testing.T) xmlenc.Key {
	t.Helper()
	private, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := xmlenc.NewKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What a response answers is its own word, and is read from whatever response
// came. What is none answers nothing, and the rule is named that it breaks.
func TestReceivedTellsWhatItAnswers(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for _, binding := range logoutBindings {
		m, err := peer.draft(binding, func(d *draft) { d.answers = true }).read(t)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Answers(); got != "id-ours" || err != nil {
			t.Errorf("%s: Answers() = %q, %v, want id-ours", binding, got, err)
		}
		if m, err = peer.draft(binding, nil).read(t); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Answers(); got != "" || ruleOf(t, err) != saml.BindParam {
			t.Errorf("%s: Answers() of a request = %q, %v, want a refusal by %s", binding, got, err, saml.BindParam)
		}
	}
	for message, want := range map[string]saml.Rule{"<x": saml.XMLWellFormed, "<!DOCTYPE x><x/>": saml.XMLDoctype, "<x/>": saml.Shape} {
		m, err := saml.ReadPost(url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(message))}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Answers(); got != "" || ruleOf(t, err) != want {
			t.Errorf("Answers() of %s = %q, %v, want a refusal by %s", message, got, err, want)
		}
	}
}

func TestVerifyLogoutResponseReturnsWhatItSays(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for _, binding := range logoutBindings {
		for _, unsigned := range []bool{false, true} {
			_, got, err := peer.judge(t, peer.draft(binding, func(d *draft) {
				d.answers, d.unsigned = true, unsigned
				d.response.Status = saml.StatusReport{Code: saml.StatusSuccess, Nested: []string{saml.StatusPartialLogout}, Message: "one is left"}
			}))
			if err != nil {
				t.Fatalf("%s: %v", binding, err)
			}
			if got.Signed == unsigned || !got.Partial() || got.InResponseTo != "id-ours" || got.Status.Message != "one is left" || got.Issuer != logoutIdP {
				t.Errorf("%s: got %+v", binding, got)
			}
		}
	}
}

// A logout ends the sessions it names, and no one else's.
func TestLogoutEnds(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	named, _, err := peer.judge(t, peer.draft(saml.BindingPost, nil))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := peer.judge(t, peer.draft(saml.BindingPost, func(d *draft) {
		d.request.SessionIndexes = nil
		d.request.NameID.NameQualifier, d.request.NameID.SPNameQualifier = logoutIdP, logoutSP // the defaults
	}))
	if err != nil {
		t.Fatal(err)
	}
	const alice, bob = "named:alice@acme.example", "named:bob@acme.example"
	for _, tc := range []struct {
		logout         *saml.Logout
		subject, index string
		want           bool
	}{
		{named, alice, "s1", true}, {named, alice, "s2", true}, {named, alice, "s3", false}, {named, alice, "", false}, {named, bob, "s1", false},
		{all, alice, "s3", true}, {all, alice, "", true}, {all, bob, "s3", false},
	} {
		if got := tc.logout.Ends(tc.subject, tc.index); got != tc.want {
			t.Errorf("Ends(%s, %s) of %v = %v", tc.subject, tc.index, tc.logout.SessionIndexes, got)
		}
	}
}

// Every verdict list about logout has the same lines.
func TestLogoutReportsTheSameChecksAlways(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	good, _, err := peer.judge(t, peer.draft(saml.BindingRedirect, nil))
	if err != nil {
		t.Fatal(err)
	}
	names := func(checks []saml.Check) (names []string) {
		for _, c := range checks {
			names = append(names, string(c.Rule)+" "+c.About)
		}
		return names
	}
	for _, attack := range logoutAttacks() {
		for _, binding := range attack.on {
			_, _, err := peer.judge(t, peer.draft(binding, attack.forge))
			refusal, ok := errors.AsType[*saml.Refusal](err)
			if !ok {
				t.Fatalf("%s: %v", attack.name, err)
			}
			if diff := cmp.Diff(names(good.Checks), names(refusal.Checks)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", attack.name, diff)
			}
		}
	}
}

// What we write, we read.
func TestLogoutMessagesOfOursVerify(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	key := saml.SigningKey{Signer: peer.key}
	d := peer.draft("", nil)
	expect := peer.expect
	expect.RequestID = d.response.InResponseTo
	verify := func(how string, m *saml.Received, err error) {
		t.Helper()
		if err == nil && m.IsRequest() {
			_, err = saml.VerifyLogoutRequest(m, expect, logoutNow)
		} else if err == nil {
			_, err = saml.VerifyLogoutResponse(m, expect, logoutNow)
		}
		if err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
	type message interface {
		SignedRedirectURL(string, saml.SigningKey) (string, error)
		SignedPostForm(string, saml.SigningKey) (saml.PostForm, error)
		SOAP(saml.SigningKey) ([]byte, error)
	}
	for name, msg := range map[string]message{"request": d.request, "response": d.response} {
		address, err := msg.SignedRedirectURL("handle", key)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(address, "?")
		m, err := saml.ReadRedirect(query)
		verify(name+" by Redirect", m, err)
		if m != nil && (m.RelayState != "handle" || m.IsRequest() != (name == "request")) {
			t.Errorf("%s: got %+v", name, m)
		}
		form, err := msg.SignedPostForm("handle", key)
		if err != nil {
			t.Fatal(err)
		}
		values := url.Values{"RelayState": {form.RelayState}}
		if form.SAMLRequest != "" {
			values.Set("SAMLRequest", form.SAMLRequest)
		} else {
			values.Set("SAMLResponse", form.SAMLResponse)
		}
		m, err = saml.ReadPost(values)
		verify(name+" by POST", m, err)
		envelope, err := msg.SOAP(key)
		if err != nil {
			t.Fatal(err)
		}
		m, err = saml.ReadSOAP(envelope)
		verify(name+" by SOAP", m, err)
	}
	unsigned, err := d.response.RedirectURL("")
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(unsigned, "?")
	m, err := saml.ReadRedirect(query)
	verify("unsigned response", m, err)
}

// A DEFLATE stream may begin with the octets that XML begins with: here it is the
// length of what is stored in its first block.
func TestRedirectTakesAStreamThatLooksLikeXML(t *testing.T) {
	t.Parallel()
	message := []byte("<x>" + strings.Repeat("y", '<'+256-len("<x></x>")) + "</x>")
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(message); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(packed.Bytes(), []byte("\x00<")) {
		t.Fatalf("the stream begins with %q", packed.Bytes()[:2])
	}
	m, err := saml.ReadRedirect("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes())))
	if err != nil || m.XML() != string(message) {
		t.Errorf("ReadRedirect() = %v, %v, want the message", m, err)
	}
	raw := url.QueryEscape(base64.StdEncoding.EncodeToString(message))
	_, err = saml.ReadRedirect("SAMLRequest=" + raw)
	if refusal, ok := errors.AsType[*saml.Refusal](err); !ok || refusal.Rule != saml.BindInflate || refusal.Got != "XML that is not compressed" {
		t.Errorf("ReadRedirect() of what is not compressed = %v", err)
	}
}

func TestLogoutMessagesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for name, forge := range map[string]func(*draft){
		"an ID with a digit first": func(d *draft) { d.request.ID = "1" },
		"no https":                 func(d *draft) { d.request.Destination = "http://idp.example/slo" },
		"a script":                 func(d *draft) { d.request.Destination = "javascript:alert(1)" },
		"a control character":      func(d *draft) { d.request.NameID.Value = "a\x00b" },
	} {
		if address, err := peer.draft("", forge).request.RedirectURL(""); err == nil {
			t.Errorf("%s: got %s", name, address)
		}
	}
	if _, err := peer.draft("", nil).response.RedirectURL(strings.Repeat("x", saml.MaxRelayState+1)); err == nil {
		t.Error("a long RelayState was written")
	}
}
