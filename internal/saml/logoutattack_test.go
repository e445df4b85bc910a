package saml_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// A logoutAttack is a hostile logout message, the rule that must refuse it, and
// its accepted twin, which differs in one thing.
type logoutAttack struct {
	no    samltest.Number
	name  string
	on    []string // bindings
	forge func(*draft)
	rule  saml.Rule
	twin  func(*draft) // nil: the message without a forge
}

// family returns the family under which the attack is counted: whatever is done to
// a logout message is about logout, but for what is done to its binding.
func (a logoutAttack) family() samltest.Family {
	if f := a.no.Family(); f == samltest.Binding || f == samltest.Browsing {
		return samltest.Binding
	}
	return samltest.Logout
}

func TestLogoutAttacks(t *testing.T) {
	t.Parallel()
	tried := newTally(t)
	peer := newLogoutPeer(t)
	for _, attack := range logoutAttacks() {
		for _, binding := range attack.on {
			t.Run(attack.no.String()+" "+attack.name+"/"+binding[strings.LastIndex(binding, ":")+1:], func(t *testing.T) {
				t.Parallel()
				refusedBy(t, attack.rule)
				tried.made(attack.family())
				l, a, err := peer.judge(t, peer.draft(binding, attack.forge))
				if err == nil {
					t.Fatalf("accepted %+v %+v, want a refusal by %v", l, a, attack.rule)
				}
				if rule := ruleOf(t, err); rule != attack.rule {
					t.Fatalf("got %v, want a refusal by %v", err, attack.rule)
				}
				tried.refused(attack.family())
				if _, _, err := peer.judge(t, peer.draft(binding, attack.twin)); err != nil {
					t.Fatalf("twin: %v", err)
				}
				tried.accepted(attack.family())
			})
		}
	}
}

// logoutAttacks returns all attacks on logout.
func logoutAttacks() []logoutAttack {
	return slices.Concat(logoutForgeries(), logoutWrappings(), logoutSealings(), logoutContents(), logoutAnswers(), queryAttacks(), formAttacks())
}

// answer makes a draft of the response.
func answer(forges ...func(*draft)) func(*draft) {
	return func(d *draft) {
		d.answers = true
		for _, forge := range forges {
			forge(d)
		}
	}
}

func beforeSigning(old, text string) func(*draft) {
	return func(d *draft) { d.before = samltest.Replace(old, text) }
}

func afterSigning(old, text string) func(*draft) {
	return func(d *draft) { d.after = samltest.Replace(old, text) }
}

func otherKey(d *draft) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	d.key = key
}

// signature returns the ds:Signature in a message.
func signature(doc string) string {
	from, to := strings.Index(doc, "<ds:Signature "), strings.Index(doc, "</ds:Signature>")
	return doc[from : to+len("</ds:Signature>")]
}

// stolenAssertion is what the identity provider signed for another purpose.
const stolenAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:ds="` + xmldsig.Namespace + `" ID="a1" Version="2.0" IssueInstant="2026-03-02T09:29:00Z">` +
	`<saml:Issuer>` + logoutIdP + `</saml:Issuer><ds:Signature><ds:SignedInfo/><ds:SignatureValue/></ds:Signature></saml:Assertion>`

const extensions = "<samlp:Extensions>"

func logoutForgeries() []logoutAttack {
	enveloped := []string{saml.BindingPost, saml.BindingSOAP}
	redirect := []string{saml.BindingRedirect}
	return []logoutAttack{
		{98, "unsigned", logoutBindings, func(d *draft) { d.unsigned = true }, saml.SigMissing, nil},
		{98, "signed by another key", logoutBindings, otherKey, saml.SigValue, nil},
		{98, "a response signed by another key", logoutBindings, answer(otherKey), saml.SigValue, answer()},
		{57, "no key configured", logoutBindings, func(d *draft) { d.expect = func(e *saml.LogoutExpect) { e.IdP.Keys = nil } }, saml.SigKey, nil},
		{98, "another user after signing", enveloped, afterSigning("alice@", "admin@"), saml.SigDigest, nil},
		{98, "another session after signing", enveloped, afterSigning(">s1<", ">s9<"), saml.SigDigest, nil},
		{98, "another message under the query's signature", redirect, func(d *draft) {
			forged := ""
			d.after = func(doc string) string {
				forged = strings.Replace(doc, "alice@", "admin@", 1)
				return doc
			}
			d.query = func(q string) string {
				_, rest, _ := strings.Cut(q, "&")
				return "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated([]byte(forged)))) + "&" + rest
			}
		}, saml.SigValue, nil},
		{60, "signature cut out", enveloped, func(d *draft) {
			d.after = func(doc string) string { return strings.Replace(doc, signature(doc), "", 1) }
		}, saml.SigMissing, nil},
		{13, "signature twice", enveloped, func(d *draft) {
			d.after = func(doc string) string { return strings.Replace(doc, signature(doc), signature(doc)+signature(doc), 1) }
		}, saml.SigCount, nil},
		{8, "wrapped, the genuine one in the signature", enveloped, func(d *draft) {
			d.after = func(doc string) string {
				sig := signature(doc)
				genuine := strings.Replace(doc, sig, "", 1)
				forged := strings.Replace(genuine, "alice@", "admin@", 1)
				forged = strings.Replace(forged, `ID="id1"`, `ID="id9"`, 1)
				sig = strings.Replace(sig, "</ds:Signature>", "<ds:Object>"+genuine+"</ds:Object></ds:Signature>", 1)
				return strings.Replace(forged, "</saml:Issuer>", "</saml:Issuer>"+sig, 1)
			}
		}, saml.SigShape, nil},
		{4, "wrapped, the genuine one in an extension", enveloped, func(d *draft) {
			d.after = func(doc string) string {
				forged := strings.Replace(strings.Replace(doc, signature(doc), "", 1), "alice@", "admin@", 1)
				forged = strings.Replace(forged, `ID="id1"`, `ID="id9"`, 1)
				return strings.Replace(forged, "</saml:Issuer>", "</saml:Issuer>"+extensions+doc+"</samlp:Extensions>", 1)
			}
		}, saml.Shape, nil},
		{12, "a signed assertion as the proof", logoutBindings, func(d *draft) {
			d.unsigned, d.after = true, samltest.Replace("</saml:Issuer>", "</saml:Issuer>"+stolenAssertion)
		}, saml.Shape, nil},
		{12, "a signed assertion in an extension", logoutBindings, func(d *draft) {
			d.unsigned, d.after = true, samltest.Replace("</saml:Issuer>", "</saml:Issuer>"+extensions+stolenAssertion+"</samlp:Extensions>")
		}, saml.Shape, func(d *draft) {
			d.before = samltest.Replace("</saml:Issuer>", "</saml:Issuer>"+extensions+"<x/></samlp:Extensions>")
		}},
		{12, "a stolen signature in an extension", logoutBindings, func(d *draft) {
			d.unsigned, d.after = true, samltest.Replace("</saml:Issuer>", "</saml:Issuer>"+extensions+`<ds:Signature xmlns:ds="`+xmldsig.Namespace+`"/></samlp:Extensions>`)
		}, saml.SigMissing, nil},
		{12, "a response to a sign-in", logoutBindings[:2], func(d *draft) {
			d.before = func(doc string) string { return strings.ReplaceAll(doc, "samlp:LogoutRequest", "samlp:Response") }
		}, saml.Shape, nil},
		{26, "a comment in the user's name", logoutBindings, afterSigning("alice@acme.example", "alice@acme.example<!-- -->.evil"), saml.XMLComment, nil},
		{33, "a document type", logoutBindings[:2], func(d *draft) { d.after = func(doc string) string { return "<!DOCTYPE x>" + doc } }, saml.XMLDoctype, nil},
		{18, "one ID twice", logoutBindings, beforeSigning("</saml:Issuer>", "</saml:Issuer>"+extensions+`<x ID="id1"/></samlp:Extensions>`), saml.IDDup,
			beforeSigning("</saml:Issuer>", "</saml:Issuer>"+extensions+`<x ID="id3"/></samlp:Extensions>`)},
		{23, "an ID with blanks", logoutBindings, beforeSigning(`ID="id1"`, `ID="id 1"`), saml.IDForm, beforeSigning(`ID="id1"`, `ID="1d-1"`)},
		{98, "a response where requests go", logoutBindings[:2], func(d *draft) { d.param = "SAMLResponse" }, saml.BindParam, nil},
	}
}

func logoutContents() []logoutAttack {
	request := func(change func(*saml.LogoutRequest)) func(*draft) {
		return func(d *draft) { change(&d.request) }
	}
	return []logoutAttack{
		{98, "another destination", logoutBindings, request(func(r *saml.LogoutRequest) { r.Destination = logoutSLO + "/evil" }), saml.Destination, nil},
		{98, "no destination", logoutBindings[:2], beforeSigning(` Destination="`+logoutSLO+`"`, ""), saml.Destination, nil},
		{98, "another issuer", logoutBindings, request(func(r *saml.LogoutRequest) { r.Issuer = logoutIdP + "/" }), saml.Issuer, nil},
		{98, "a further issuer nobody named", logoutBindings, request(func(r *saml.LogoutRequest) { r.Issuer = "urn:also" }), saml.Issuer, func(d *draft) {
			d.request.Issuer, d.expect = "urn:also", func(e *saml.LogoutExpect) { e.Issuers = []string{"urn:also"} }
		}},
		{98, "an empty issuer", logoutBindings, request(func(r *saml.LogoutRequest) { r.Issuer = "" }), saml.Issuer, nil},
		{98, "no issuer", logoutBindings, beforeSigning("<saml:Issuer>"+logoutIdP+"</saml:Issuer>", ""), saml.Issuer, nil},
		{98, "an issuer of another format", logoutBindings, beforeSigning("<saml:Issuer>", `<saml:Issuer Format="urn:x">`), saml.Issuer,
			beforeSigning("<saml:Issuer>", `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">`)},
		{98, "at its end", logoutBindings, request(func(r *saml.LogoutRequest) { r.NotOnOrAfter = logoutNow.Add(-time.Minute) }), saml.Time,
			request(func(r *saml.LogoutRequest) { r.NotOnOrAfter = logoutNow.Add(-59 * time.Second) })},
		{98, "old, without an end", logoutBindings, request(func(r *saml.LogoutRequest) {
			r.NotOnOrAfter, r.IssueInstant = time.Time{}, logoutNow.Add(-saml.MaxLogoutAge-time.Minute)
		}), saml.Time, request(func(r *saml.LogoutRequest) {
			r.NotOnOrAfter, r.IssueInstant = time.Time{}, logoutNow.Add(-saml.MaxLogoutAge)
		})},
		{98, "older than a day, with an end", logoutBindings, request(func(r *saml.LogoutRequest) { r.IssueInstant = logoutNow.Add(-25 * time.Hour) }), saml.Time, nil},
		{98, "issued in the future", logoutBindings, request(func(r *saml.LogoutRequest) { r.IssueInstant = logoutNow.Add(10 * time.Minute) }), saml.Time, nil},
		{98, "no IssueInstant", logoutBindings, beforeSigning(` IssueInstant="2026-03-02T09:29:00Z"`, ""), saml.Time, nil},
		{98, "an end without a zone", logoutBindings, beforeSigning(`NotOnOrAfter="2026-03-02T09:35:00Z"`, `NotOnOrAfter="2026-03-02T09:35:00"`), saml.Time, nil},
		{98, "another version", logoutBindings, beforeSigning(`Version="2.0"`, `Version="1.1"`), saml.Shape, nil},
		{98, "nobody", logoutBindings, func(d *draft) {
			d.before = func(doc string) string {
				from, to := strings.Index(doc, "<saml:NameID"), strings.Index(doc, "</saml:NameID>")
				return doc[:from] + doc[to+len("</saml:NameID>"):]
			}
		}, saml.NameIdentifier, nil},
		{98, "an empty name", logoutBindings, request(func(r *saml.LogoutRequest) { r.NameID.Value = " " }), saml.NameIdentifier, nil},
		{98, "a name of two lines", logoutBindings, request(func(r *saml.LogoutRequest) { r.NameID.Value = "a\nb" }), saml.NameIdentifier, nil},
		{98, "a name with an element", logoutBindings, beforeSigning("alice@", "alice<x/>@"), saml.Shape, nil},
		{98, "two names", logoutBindings, beforeSigning("</saml:NameID>", "</saml:NameID><saml:NameID>bob</saml:NameID>"), saml.Shape, nil},
		{98, "an encrypted name", logoutBindings, func(d *draft) {
			d.before = func(doc string) string {
				from, to := strings.Index(doc, "<saml:NameID"), strings.Index(doc, "</saml:NameID>")
				return doc[:from] + `<saml:EncryptedID><x/></saml:EncryptedID>` + doc[to+len("</saml:NameID>"):]
			}
		}, saml.EncKey, request(func(r *saml.LogoutRequest) { r.NameID.Format = saml.FormatTransient })},
		{98, "an empty session", logoutBindings, request(func(r *saml.LogoutRequest) { r.SessionIndexes = []string{"s1", ""} }), saml.Shape,
			request(func(r *saml.LogoutRequest) { r.SessionIndexes = nil })},
		{98, "many sessions", logoutBindings, request(func(r *saml.LogoutRequest) {
			r.SessionIndexes = slices.Repeat([]string{"s"}, saml.MaxSessionIndexes+1)
		}), saml.Shape, request(func(r *saml.LogoutRequest) { r.SessionIndexes = slices.Repeat([]string{"s"}, saml.MaxSessionIndexes) })},
		{98, "a session before the name", logoutBindings, beforeSigning("<saml:NameID", "<samlp:SessionIndex>s0</samlp:SessionIndex><saml:NameID"), saml.Shape, nil},
		{98, "text between the elements", logoutBindings, beforeSigning("<saml:NameID", "bob<saml:NameID"), saml.Shape, beforeSigning("<saml:NameID", "\n <saml:NameID")},
		{98, "an unknown element", logoutBindings, beforeSigning("<saml:NameID", "<saml:BaseID/><saml:NameID"), saml.Shape, nil},
	}
}

func logoutAnswers() []logoutAttack {
	response := func(change func(*saml.LogoutResponse)) func(*draft) {
		return answer(func(d *draft) { change(&d.response) })
	}
	nothingPending := func(d *draft) { d.expect = func(e *saml.LogoutExpect) { e.RequestID = "" } }
	unsigned := func(d *draft) { d.unsigned = true }
	return []logoutAttack{
		{98, "to another request", logoutBindings, response(func(r *saml.LogoutResponse) { r.InResponseTo = "id-theirs" }), saml.InResponseTo, answer()},
		{98, "to no request", logoutBindings, response(func(r *saml.LogoutResponse) { r.InResponseTo = "" }), saml.InResponseTo, answer()},
		{98, "nothing pending", logoutBindings, answer(nothingPending), saml.InResponseTo, answer()},
		{98, "unsigned, nothing pending", logoutBindings, answer(unsigned, nothingPending), saml.SigMissing, answer(unsigned)},
		{98, "unsigned, to another request", logoutBindings, answer(unsigned, func(d *draft) { d.response.InResponseTo = "id-theirs" }), saml.InResponseTo, answer(unsigned)},
		{98, "unsigned, for another address", logoutBindings, answer(unsigned, func(d *draft) { d.response.Destination = "https://sso.example/other" }), saml.Destination,
			answer(unsigned, beforeSigning(` Destination="`+logoutSLO+`"`, ""))},
		{98, "unsigned, by somebody else", logoutBindings, answer(unsigned, func(d *draft) { d.response.Issuer = "urn:evil" }), saml.Issuer, answer(unsigned)},
		{98, "refused", logoutBindings, response(func(r *saml.LogoutResponse) { r.Status.Code = saml.StatusResponder }), saml.Status,
			response(func(r *saml.LogoutResponse) { r.Status.Nested = []string{saml.StatusPartialLogout} })},
		{98, "success inside a failure", logoutBindings, response(func(r *saml.LogoutResponse) {
			r.Status = saml.StatusReport{Code: saml.StatusRequester, Nested: []string{saml.StatusSuccess}}
		}), saml.Status, answer()},
		{98, "without a status", logoutBindings, answer(func(d *draft) {
			d.before = func(doc string) string {
				from, to := strings.Index(doc, "<samlp:Status>"), strings.Index(doc, "</samlp:Status>")
				return doc[:from] + doc[to+len("</samlp:Status>"):]
			}
		}), saml.Status, answer()},
		{98, "a request among responses", logoutBindings[:2], answer(func(d *draft) {
			d.before = func(doc string) string { return strings.ReplaceAll(doc, "samlp:LogoutResponse", "samlp:LogoutRequest") }
		}), saml.Shape, answer()},
	}
}

// queryAttacks are those on the Redirect binding.
func queryAttacks() []logoutAttack {
	on := []string{saml.BindingRedirect}
	query := func(change func(string) string) func(*draft) { return func(d *draft) { d.query = change } }
	swap := func(old, text string) func(*draft) { return query(samltest.Replace(old, text)) }
	cut := func(name string) func(*draft) {
		return query(func(q string) string {
			return strings.Join(slices.DeleteFunc(strings.Split(q, "&"), func(p string) bool { return strings.HasPrefix(p, name+"=") }), "&")
		})
	}
	// packed replaces what the message is packed into, and signs it.
	packed := func(pack func(message []byte) []byte) func(*draft) {
		return func(d *draft) {
			message := []byte(nil)
			d.after = func(doc string) string { message = []byte(doc); return doc }
			d.query = func(q string) string {
				parts := strings.Split(q, "&")
				q = "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(pack(message))) + "&" + parts[1] + "&" + parts[2]
				value, err := xmldsig.SignOctets(xmldsig.ECDSASHA256, []byte(q), d.key)
				if err != nil {
					panic(err)
				}
				return q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
			}
		}
	}
	stored := func(message []byte) []byte {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.NoCompression)
		_, _ = w.Write(message)
		_ = w.Close()
		return b.Bytes()
	}
	padded := func(size int) func([]byte) []byte {
		return func(message []byte) []byte {
			return deflated(append(message, bytes.Repeat([]byte(" "), size-len(message))...))
		}
	}
	return []logoutAttack{
		{87, "the RelayState changed", on, swap("RelayState=a%2fb", "RelayState=a%2fc"), saml.SigValue, nil},
		{87, "the same RelayState encoded anew", on, swap("RelayState=a%2fb", "RelayState=a%2Fb"), saml.SigValue, func(d *draft) { d.relay = "RelayState=a%2Fb" }},
		{87, "the RelayState removed", on, cut("RelayState"), saml.SigValue, func(d *draft) { d.relay = "" }},
		{87, "an empty RelayState added", on, func(d *draft) {
			d.relay = ""
			d.query = samltest.Replace("&SigAlg", "&RelayState=&SigAlg")
		}, saml.SigValue, func(d *draft) { d.relay = "RelayState=" }},
		{87, "a weaker algorithm", on, swap("ecdsa-sha256", "ecdsa-sha1"), saml.SigAlg, nil},
		{87, "an algorithm with a shared key", on, func(d *draft) { d.algorithm = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" }, saml.SigAlg, nil},
		{87, "the algorithm of another key", on, func(d *draft) { d.algorithm = xmldsig.RSASHA256 }, saml.SigAlg, nil},
		{97, "a long RelayState", on, func(d *draft) { d.relay = "RelayState=" + strings.Repeat("x", 81) }, saml.BindParam,
			func(d *draft) { d.relay = "RelayState=" + strings.Repeat("x", 80) }},
		{87, "two messages", on, query(func(q string) string { m, _, _ := strings.Cut(q, "&"); return m + "&" + q }), saml.BindParam, nil},
		{87, "a request and a response", on, query(func(q string) string { return "SAMLResponse=AA&" + q }), saml.BindParam, nil},
		{87, "a response behind the request", on, query(func(q string) string { return q + "&SAMLResponse=AA" }), saml.BindParam, nil},
		{87, "two RelayStates", on, query(func(q string) string { return q + "&RelayState=x" }), saml.BindParam, nil},
		{87, "two signatures", on, query(func(q string) string { return q + "&Signature=AA" }), saml.BindParam, nil},
		{87, "two algorithms", on, query(func(q string) string { return q + "&SigAlg=AA" }), saml.BindParam, nil},
		{87, "an encoded name", on, swap("SAMLRequest=", "%53AMLRequest="), saml.BindParam, nil},
		{87, "an encoded name beside", on, query(func(q string) string { return q + "&Relay%53tate=x" }), saml.BindParam, query(func(q string) string { return q + "&tenant=x" })},
		{87, "a name in lower case", on, query(func(q string) string { return q + "&samlrequest=x" }), saml.BindParam, nil},
		{
			87, "an encoding in lower case", on,
			query(func(q string) string {
				return q + "&samlencoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
			}),
			saml.BindParam,
			query(func(q string) string {
				return q + "&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
			}),
		},
		{87, "a name without a value", on, query(func(q string) string { return q + "&SAMLResponse" }), saml.BindParam, nil},
		{87, "a semicolon", on, query(func(q string) string { return q + ";RelayState=x" }), saml.BindParam, nil},
		{87, "no message", on, cut("SAMLRequest"), saml.BindParam, nil},
		{87, "no algorithm", on, cut("SigAlg"), saml.BindParam, nil},
		{87, "no signature", on, cut("Signature"), saml.BindParam, nil},
		{87, "an empty signature", on, query(func(q string) string { q, _, _ = strings.Cut(q, "&Signature="); return q + "&Signature=" }), saml.BindParam, nil},
		{87, "another order", on, query(func(q string) string {
			parts := strings.Split(q, "&")
			return strings.Join([]string{parts[1], parts[0], parts[2], parts[3]}, "&")
		}), saml.BindParam, nil},
		{87, "the signature before its algorithm", on, query(func(q string) string {
			parts := strings.Split(q, "&")
			return strings.Join([]string{parts[0], parts[1], parts[3], parts[2]}, "&")
		}), saml.BindParam, nil},
		{87, "another encoding", on, query(func(q string) string { return q + "&SAMLEncoding=urn%3ax" }), saml.BindParam,
			query(func(q string) string {
				return q + "&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
			})},
		{87, "an empty encoding", on, query(func(q string) string { return q + "&SAMLEncoding=" }), saml.BindParam, nil},
		{87, "damaged escapes", on, query(func(q string) string { return strings.Replace(q, "SigAlg=http%3A", "SigAlg=http%3", 1) + "%" }), saml.BindParam, nil},
		{87, "a signature in the message too", on, beforeSigning("</saml:Issuer>", `</saml:Issuer><ds:Signature xmlns:ds="`+xmldsig.Namespace+`"/>`), saml.BindParam, nil},
		{87, "an unsigned response with a signature in it", on, answer(func(d *draft) {
			d.unsigned, d.after = true, samltest.Replace("</saml:Issuer>", `</saml:Issuer><ds:Signature xmlns:ds="`+xmldsig.Namespace+`"/>`)
		}), saml.BindParam, answer(func(d *draft) { d.unsigned = true })},
		{89, "a plus sign that nobody encoded", on, query(func(q string) string {
			q, _, _ = strings.Cut(q, "&Signature=")
			return q + "&Signature=AAA+AAAA"
		}), saml.BindBase64, nil},
		{89, "a blank in front of the signature", on, swap("&Signature=", "&Signature=+"), saml.BindBase64, nil},
		{89, "the URL-safe alphabet", on, query(func(q string) string {
			q, _, _ = strings.Cut(q, "&Signature=")
			return q + "&Signature=AAA_AAA-"
		}), saml.BindBase64, nil},
		{90, "a long query", on, query(func(q string) string { return q + "&x=" + strings.Repeat("x", saml.MaxQuery) }), saml.BindSize,
			query(func(q string) string { return q + "&x=" + strings.Repeat("x", saml.MaxQuery-len(q)-len("&x=")) })},
		{90, "a bomb", on, packed(padded(saml.MaxInflated + 1)), saml.BindInflate, packed(padded(saml.MaxInflated))},
		{90, "not compressed", on, packed(func(m []byte) []byte { return m }), saml.BindInflate, packed(stored)},
		{90, "with the header of zlib", on, packed(func(m []byte) []byte {
			var b bytes.Buffer
			w := zlib.NewWriter(&b)
			_, _ = w.Write(m)
			_ = w.Close()
			return b.Bytes()
		}), saml.BindInflate, packed(deflated)},
		{90, "octets behind the stream", on, packed(func(m []byte) []byte { return append(deflated(m), 0) }), saml.BindInflate, packed(deflated)},
		{90, "two streams", on, packed(func(m []byte) []byte { return append(deflated(m), deflated(m)...) }), saml.BindInflate, packed(deflated)},
		{90, "a stream without an end", on, packed(func(m []byte) []byte { d := deflated(m); return d[:len(d)-1] }), saml.BindInflate, packed(deflated)},
	}
}

// formAttacks are those on the POST and SOAP bindings.
func formAttacks() []logoutAttack {
	post := []string{saml.BindingPost}
	form := func(change func(url.Values)) func(*draft) { return func(d *draft) { d.form = change } }
	return []logoutAttack{
		{88, "no message", post, form(func(f url.Values) { f.Del("SAMLRequest") }), saml.BindParam, nil},
		{88, "two messages", post, form(func(f url.Values) { f.Add("SAMLRequest", "AA") }), saml.BindParam, nil},
		{88, "a request and a response", post, form(func(f url.Values) { f.Set("SAMLResponse", "AA") }), saml.BindParam, nil},
		{88, "two RelayStates", post, form(func(f url.Values) { f.Add("RelayState", "x") }), saml.BindParam, form(func(f url.Values) { f.Del("RelayState") })},
		{97, "a long RelayState", post, form(func(f url.Values) { f.Set("RelayState", strings.Repeat("x", 81)) }), saml.BindParam,
			form(func(f url.Values) { f.Set("RelayState", strings.Repeat("x", 80)) })},
		{88, "an empty message", post, form(func(f url.Values) { f.Set("SAMLRequest", "") }), saml.BindParam, nil},
		{90, "compressed", post, form(func(f url.Values) {
			m, err := base64.StdEncoding.DecodeString(f.Get("SAMLRequest"))
			if err != nil {
				panic(err)
			}
			f.Set("SAMLRequest", base64.StdEncoding.EncodeToString(deflated(m)))
		}), saml.BindInflate, nil},
		{89, "not base64", post, form(func(f url.Values) { f.Set("SAMLRequest", "<x/>") }), saml.BindBase64, nil},
	}
}

// An envelope holds one message and nothing that asks for more.
func TestReadSOAPRefuses(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	message := peer.draft(saml.BindingSOAP, nil).enveloped(t)
	const start, end = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`, `</s:Envelope>`
	good := start + "<s:Body>\n" + message + "</s:Body>" + end
	if m, err := saml.ReadSOAP([]byte(good)); err != nil || m.XML() != message {
		t.Fatalf("twin: %v, %v", m, err)
	}
	for name, tc := range map[string]struct {
		doc  string
		rule saml.Rule
	}{
		"no envelope":       {message, saml.BindParam},
		"SOAP 1.2":          {strings.Replace(good, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1), saml.BindParam},
		"no body":           {start + end, saml.BindParam},
		"an empty body":     {start + "<s:Body/>" + end, saml.BindParam},
		"two messages":      {start + "<s:Body>" + message + message + "</s:Body>" + end, saml.BindParam},
		"two bodies":        {start + "<s:Body>" + message + "</s:Body><s:Body/>" + end, saml.BindParam},
		"text in the body":  {start + "<s:Body>x" + message + "</s:Body>" + end, saml.BindParam},
		"a header too late": {start + "<s:Body>" + message + "</s:Body><s:Header/>" + end, saml.BindParam},
		"cut off":           {good[:len(good)-3], saml.XMLWellFormed},
		"a document type":   {"<!DOCTYPE x>" + good, saml.XMLDoctype},
		"nothing":           {"", saml.XMLWellFormed},
	} {
		_, err := saml.ReadSOAP([]byte(tc.doc))
		if rule := ruleOf(t, err); rule != tc.rule {
			t.Errorf("%s: got %v, want a refusal by %v", name, err, tc.rule)
		}
	}
}

// A message may take its namespaces from the envelope.
func TestSOAPMessagesStandInTheirEnvelope(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	d := peer.draft(saml.BindingSOAP, nil)
	const declared = ` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
	message := strings.Replace(d.enveloped(t), declared, "", 1)
	m, err := saml.ReadSOAP([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"` + declared + `><s:Body>` + message + `</s:Body></s:Envelope>`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := saml.VerifyLogoutRequest(m, peer.expect, logoutNow); err != nil {
		t.Error(err)
	}
}

func TestNothingReceivedIsRefused(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for _, m := range []*saml.Received{nil, {}} {
		if _, err := saml.VerifyLogoutRequest(m, peer.expect, logoutNow); ruleOf(t, err) != saml.BindParam {
			t.Errorf("request: %v", err)
		}
		if _, err := saml.VerifyLogoutResponse(m, peer.expect, logoutNow); ruleOf(t, err) != saml.BindParam {
			t.Errorf("response: %v", err)
		}
		if _, err := m.Answers(); ruleOf(t, err) != saml.BindParam {
			t.Errorf("what it answers: %v", err)
		}
	}
}

// Every byte of a signed query counts.
func TestNoByteOfAQueryChangesALogout(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	raw := peer.draft(saml.BindingRedirect, nil).rawQuery(t)
	end := strings.Index(raw, "&Signature=")
	for i := range end {
		for _, b := range []byte{raw[i] ^ 1, raw[i] ^ 0x20, 'A'} {
			changed := []byte(raw)
			if changed[i] == b {
				continue
			}
			changed[i] = b
			m, err := saml.ReadRedirect(string(changed))
			if err == nil {
				_, err = saml.VerifyLogoutRequest(m, peer.expect, logoutNow)
			}
			if err == nil {
				t.Fatalf("byte %d, %q for %q: accepted", i, b, raw[i])
			}
			if _, ok := errors.AsType[*saml.Refusal](err); !ok {
				t.Fatalf("error of type %T", err)
			}
		}
	}
}
