package signin_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// encrypt says whether the assertions of a connection are encrypted.
func (w *world) encrypt(key string, how sso.Encryption) {
	w.Helper()
	org, _, _ := strings.Cut(key, "-")
	if how == sso.EncryptionOff {
		how = "off"
	}
	w.apply(fmt.Sprintf(`organizations: [{key: %s, connections: [{key: %s, encryption: %s}]}]`, org, key, how))
}

// turn takes a step with the keys of a connection.
func (w *world) turn(key string, turn federation.Turn) {
	w.Helper()
	keys, err := w.setup().Keys(w.Context(), key)
	if err != nil {
		w.Fatal(err)
	}
	var lost []string
	if old := federation.In(keys, store.KeyRetired); old != nil {
		lost = append(lost, old.ID)
	}
	if _, err := w.setup().TurnKeys(w.Context(), key, turn, lost...); err != nil {
		w.Fatal(err)
	}
}

// certificate returns the certificate of a connection's key in this state.
func (w *world) certificate(key string, state store.KeyState) []byte {
	w.Helper()
	keys, err := w.setup().Keys(w.Context(), key)
	if err != nil {
		w.Fatal(err)
	}
	for _, k := range keys {
		if k.State == state {
			return k.Certificate
		}
	}
	w.Fatalf("%s has no %s key", key, state)
	return nil
}

// to has a response encrypted for a key of a connection, if it is encrypted.
func (w *world) to(key string, state store.KeyState) func(*samltest.Response) {
	w.Helper()
	cert, err := x509.ParseCertificate(w.certificate(key, state))
	if err != nil {
		w.Fatal(err)
	}
	public := cert.PublicKey.(*rsa.PublicKey)
	return func(r *samltest.Response) { r.Encryption.To = []*rsa.PublicKey{public} }
}

// sealedAs has a response signed and encrypted in this way.
func sealedAs(base samltest.Base) func(*samltest.Response) {
	return func(r *samltest.Response) { r.Base = base }
}

func TestAnEncryptedAssertionSignsIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		sealed, plain := sealedAs(samltest.EncryptedAssertionSigned), sealedAs(samltest.AssertionSigned)
		w.encrypt("acme-okta", sso.EncryptionAccepted)
		to := w.to("acme-okta", store.KeyCurrent)
		signIn := func(forge ...func(*samltest.Response)) error {
			_, err := w.signInBySSO("alice@acme.example", "acme-okta", append(forge, to)...)
			return err
		}
		for _, base := range samltest.EncryptedBases {
			if err := signIn(sealedAs(base)); err != nil {
				t.Errorf("%s: %v", base, err)
			}
		}
		if err := signIn(samltest.EncryptNameID); err != nil {
			t.Errorf("an encrypted NameID: %v", err)
		}
		cbc := func(r *samltest.Response) { r.Encryption.Content = xmlenc.AES128CBC }
		if err := signIn(sealed, cbc); err != nil {
			t.Errorf("CBC in an unsigned response, as AD FS sends it: %v", err)
		}
		if err := signIn(plain); err != nil {
			t.Errorf("accepted, and a plain assertion: %v", err)
		}

		w.encrypt("acme-okta", sso.EncryptionRequired)
		if err := signIn(sealed); err != nil {
			t.Errorf("required, and encrypted: %v", err)
		}
		w.mustRefuse(signIn(plain), "enc_missing")
		w.mustRefuse(signIn(plain, samltest.EncryptNameID), "enc_missing")

		w.encrypt("acme-okta", sso.EncryptionOff)
		w.mustRefuse(signIn(sealed), "enc_key")
		if err := signIn(plain); err != nil {
			t.Errorf("off, and a plain assertion: %v", err)
		}
		w.encrypt("acme-okta", sso.EncryptionAccepted)
		if err := signIn(sealed); err != nil {
			t.Errorf("on again, with the key from before: %v", err)
		}
	})
}

// Whatever is wrong behind the encryption looks alike from outside, and each
// question costs a request: the first answer burns it.
func TestAKeyAnswersNoQuestions(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.encrypt("acme-okta", sso.EncryptionAccepted)
		w.encrypt("globex-idp", sso.EncryptionAccepted)
		to, cbc := w.to("acme-okta", store.KeyCurrent), func(r *samltest.Response) { r.Encryption.Content = xmlenc.AES256CBC }
		var outward string
		for name, forge := range map[string]func(*samltest.Response){
			"for another customer's key": w.to("globex-idp", store.KeyCurrent),
			"padding altered":            func(r *samltest.Response) { cbc(r); r.AfterEncryption(flipLastBlock) },
			"not signed":                 sealedAs(samltest.EncryptedNothingSigned),
			"signed by a stranger":       samltest.SignByStranger,
			"no assertion inside":        func(r *samltest.Response) { r.BeforeEncryption(func(string) string { return "<x/>" }) },
			"no XML inside":              func(r *samltest.Response) { r.BeforeEncryption(func(string) string { return "x" }) },
		} {
			f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
			err := w.respond(f, w.answer(f, about("alice@acme.example"), to, sealedAs(samltest.EncryptedAssertionSigned), forge))
			w.mustRefuse(err, "enc_failed")
			said := fault.From(err)
			if text := said.Want + "\n" + said.Got; outward == "" {
				outward = text
			} else if text != outward {
				t.Errorf("%s: the answer is %q, and another failure's %q", name, text, outward)
			}
			good := w.answer(f, about("alice@acme.example"), to, sealedAs(samltest.EncryptedAssertionSigned))
			w.mustRefuse(w.respond(f, good), "saml_replay")
		}
	})
}

// flipLastBlock alters the end of the encrypted text, where the padding is.
func flipLastBlock(doc string) string {
	end := strings.LastIndex(doc, "</xenc:CipherValue>")
	start := strings.LastIndex(doc[:end], ">") + 1
	octets, err := base64.StdEncoding.DecodeString(doc[start:end])
	if err != nil {
		panic(err)
	}
	octets[len(octets)-17] ^= 1 // the block before shows in the last one
	return doc[:start] + base64.StdEncoding.EncodeToString(octets) + doc[end:]
}

// Whoever administers an identity provider of their own, and has caught what
// was encrypted for another customer, learns nothing of it by signing a
// response around it.
func TestOneCustomersSecretIsClosedToAnother(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for _, key := range []string{"acme-okta", "globex-idp"} {
			w.encrypt(key, sso.EncryptionAccepted)
		}
		steal := func(from string) error {
			f := w.depart(w.identify("carol@globex.example", sso.StepSSO), "globex-idp")
			return w.respond(f, w.answer(f, about("carol@globex.example"), sealedAs(samltest.EncryptedResponseSigned), w.to(from, store.KeyCurrent)))
		}
		w.mustRefuse(steal("acme-okta"), "enc_failed")
		if err := steal("globex-idp"); err != nil {
			t.Errorf("its own: %v", err)
		}
	})
}

func TestDecryptionKeysTurnOver(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.encrypt("acme-okta", sso.EncryptionAccepted)
		signIn := func(forge ...func(*samltest.Response)) error {
			_, err := w.signInBySSO("alice@acme.example", "acme-okta", append(forge, sealedAs(samltest.EncryptedAssertionSigned))...)
			return err
		}
		shows := func(certs ...[]byte) {
			t.Helper()
			xml, err := w.Metadata(t.Context(), "acme-okta")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(string(xml), `use="encryption"`); got != len(certs) {
				t.Errorf("the metadata shows %d keys for encryption, want %d", got, len(certs))
			}
			at := 0
			for _, cert := range certs {
				i := strings.Index(string(xml)[at:], base64.StdEncoding.EncodeToString(cert))
				if i < 0 {
					t.Fatalf("the metadata lacks a key, or has another order:\n%s", xml)
				}
				at += i
			}
		}
		first, toFirst := w.certificate("acme-okta", store.KeyCurrent), w.to("acme-okta", store.KeyCurrent)
		shows(first)
		if err := signIn(toFirst); err != nil {
			t.Fatal(err)
		}
		w.turn("acme-okta", federation.MakeNext)
		second, toSecond := w.certificate("acme-okta", store.KeyNext), w.to("acme-okta", store.KeyNext)
		shows(first, second)
		for name, to := range map[string]func(*samltest.Response){"current": toFirst, "next": toSecond} {
			if err := signIn(to); err != nil {
				t.Errorf("encrypted for the %s key: %v", name, err)
			}
		}
		w.turn("acme-okta", federation.PromoteNext)
		shows(second)
		used := func() time.Time {
			t.Helper()
			keys, err := w.setup().Keys(t.Context(), "acme-okta")
			if err != nil || keys[len(keys)-1].State != store.KeyRetired || !keys[0].UsedAt.IsZero() {
				t.Fatalf("Keys() = %+v, %v", keys, err)
			}
			return keys[len(keys)-1].UsedAt
		}
		// That it is encrypted for the retired key is noted, once a day.
		noted := time.Time{}
		for _, try := range []struct {
			key    string
			to     func(*samltest.Response)
			passed time.Duration
			notes  bool
		}{{"current", toSecond, 0, false}, {"retired", toFirst, 0, true}, {"retired", toFirst, time.Hour, false}, {"current", toSecond, 24 * time.Hour, false}, {"retired", toFirst, 0, true}} {
			w.now = w.now.Add(try.passed)
			w.idp.Now = w.now
			if err := signIn(try.to); err != nil {
				t.Errorf("encrypted for the %s key: %v", try.key, err)
			}
			if try.notes {
				noted = w.now
			}
			if got := used(); !got.Equal(noted) {
				t.Errorf("after %s for the %s key it was used at %s, want %s", try.passed, try.key, got, noted)
			}
		}
		w.now = w.now.Add(24 * time.Hour)
		w.idp.Now = w.now
		w.mustRefuse(signIn(toFirst, samltest.SignByStranger), "enc_failed")
		if got := used(); !got.Equal(noted) {
			t.Errorf("a stranger keeps the retired key: it was used at %s", got)
		}
		w.turn("acme-okta", federation.ForgetOld)
		shows(second)
		w.mustRefuse(signIn(toFirst), "enc_failed")
		if err := signIn(toSecond); err != nil {
			t.Errorf("after the old key is forgotten: %v", err)
		}
		w.encrypt("acme-okta", sso.EncryptionOff)
		shows()
	})
}

// AD FS encrypts as soon as it sees a key, so that only who wants it shows one.
func TestMetadataSaysWhatAnIdentityProviderNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.Service.Name = "Vendor & Sons"
	w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, attributes: {email: "urn:oid:0.9.2342.19200300.100.1.3", groups: memberOf}}]}]`)
	read := func() string {
		xml, err := w.Metadata(t.Context(), "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		return string(xml)
	}
	xml := read()
	for _, part := range []string{
		`entityID="https://sso.example/saml/acme-okta/metadata"`, `Location="https://sso.example/saml/acme-okta/acs"`,
		`>Vendor &amp; Sons</mdui:DisplayName>`, `Name="urn:oid:0.9.2342.19200300.100.1.3"`, `Name="memberOf"`, `Name="firstName"`,
	} {
		if !strings.Contains(xml, part) {
			t.Errorf("the metadata lacks %s:\n%s", part, xml)
		}
	}
	if strings.Contains(xml, `use="encryption"`) {
		t.Errorf("the metadata shows a key for encryption, which nobody asked for:\n%s", xml)
	}

	// The next key that signs is published before it signs.
	current := base64.StdEncoding.EncodeToString(w.certificate("", store.KeyCurrent))
	w.turn("", federation.MakeNext)
	next := base64.StdEncoding.EncodeToString(w.certificate("", store.KeyNext))
	w.now = w.now.Add(time.Minute)
	if xml := read(); strings.Count(xml, `use="signing"`) != 2 || strings.Index(xml, current) > strings.Index(xml, next) || !strings.Contains(xml, next) {
		t.Errorf("the metadata does not show the key in use and then the next:\n%s", xml)
	}
	w.turn("", federation.PromoteNext)
	w.now = w.now.Add(time.Minute)
	if xml := read(); strings.Count(xml, `use="signing"`) != 2 || strings.Index(xml, next) > strings.Index(xml, current) || !strings.Contains(xml, current) {
		t.Errorf("the metadata does not show the key that signs now and then the one before:\n%s", xml)
	}
	w.turn("", federation.ForgetOld)
	w.now = w.now.Add(time.Minute)
	if xml := read(); strings.Count(xml, `use="signing"`) != 1 || !strings.Contains(xml, next) {
		t.Errorf("the metadata does not show the key that signs now alone:\n%s", xml)
	}
}

// Somebody who asks a key by altered messages is stopped, and nobody else.
func TestManyUnopenedAnswersAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.encrypt("acme-okta", sso.EncryptionAccepted)
	to, sealed := w.to("acme-okta", store.KeyCurrent), sealedAs(samltest.EncryptedAssertionSigned)
	answer := func(forge ...func(*samltest.Response)) error {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		return w.respond(f, w.answer(f, append([]func(*samltest.Response){about("alice@acme.example"), to}, forge...)...))
	}
	const burst = 100
	for i := range burst {
		if err := answer(sealedAs(samltest.EncryptedNothingSigned)); !fault.Is(err, "enc_failed") {
			t.Fatalf("number %d: %v, want enc_failed", i+1, err)
		}
	}
	w.mustRefuse(answer(sealedAs(samltest.EncryptedNothingSigned)), "enc_throttled")
	w.mustRefuse(answer(sealed), "enc_throttled")
	if err := answer(sealedAs(samltest.AssertionSigned)); err != nil {
		t.Errorf("a plain assertion, from the same network: %v", err)
	}
	here := w.browser.Address
	w.browser.Address = netip.MustParseAddr("198.51.100.7")
	if err := answer(sealed); err != nil {
		t.Errorf("from another network: %v", err)
	}
	w.browser.Address = here
	w.now = w.now.Add(10 * time.Second)
	if err := answer(sealed); err != nil {
		t.Errorf("after a while: %v", err)
	}
}
