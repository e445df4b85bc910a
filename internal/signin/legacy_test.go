package signin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// practice is an old practice of an identity provider, and the code by which
// it is refused without its switch.
type practice struct {
	forge func(*samltest.Response)
	code  string
}

func practices(small crypto.Signer) map[sso.LegacySwitch]practice {
	return map[sso.LegacySwitch]practice{
		sso.LegacySHA1: {func(r *samltest.Response) {
			r.EachSigning(func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.RSASHA1, xmldsig.SHA1 })
		}, "sig_alg"},
		sso.LegacyRSA1024: {func(r *samltest.Response) {
			r.EachSigning(func(s *xmldsig.Signing) { s.Key = small })
		}, "sig_key"},
		sso.LegacyRSA15: {func(r *samltest.Response) {
			r.Base, r.Encryption.Transport = samltest.EncryptedAssertionSigned, xmlenc.RSA15
		}, "enc_alg"},
		sso.LegacyTripleDES: {func(r *samltest.Response) {
			r.Base, r.Encryption.Content = samltest.EncryptedAssertionSigned, xmlenc.TripleDESCBC
		}, "enc_alg"},
		sso.LegacyNoAuthnStatement: {func(r *samltest.Response) { r.Statements = nil }, "saml_shape"},
		sso.LegacyTransientNameID:  {func(r *samltest.Response) { r.NameIDFormat = saml.FormatTransient }, "saml_nameid"},
		sso.LegacyMissingAudience:  {func(r *samltest.Response) { r.Audience = "" }, "saml_audience"},
		sso.LegacyMissingRecipient: {func(r *samltest.Response) { r.Recipient = "" }, "saml_recipient"},
		sso.LegacyMissingDestination: {func(r *samltest.Response) {
			r.Base, r.Destination = samltest.ResponseSigned, ""
		}, "saml_destination"},
	}
}

// A switch is off from the end of its last day on, for a sign-in that began
// before as well.
func TestALegacySwitchEndsWithItsDay(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, storetest.Engines(t)[0])
	w.encrypt("acme-okta", sso.EncryptionAccepted)
	practices := practices(small)
	if len(practices) != len(sso.LegacySwitches()) {
		t.Errorf("%d of %d switches are tested", len(practices), len(sso.LegacySwitches()))
	}
	for sw, old := range practices {
		idp := w.idp
		if sw == sso.LegacyRSA1024 {
			if w.idp, err = samltest.NewIdP(idp.EntityID, idp.SSO, small); err != nil {
				t.Fatal(err)
			}
		}
		w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, metadata: METADATA}]}]`)
		w.idp = idp
		signIn := func(at time.Time) (sso.Trace, error) {
			who := string(sw)
			f := w.depart(w.identify(who+"@acme.example", sso.StepSSO), "acme-okta")
			w.now = at
			return w.respondTraced(f, w.answer(f, about(who+"@acme.example"), w.to("acme-okta", store.KeyCurrent), old.forge))
		}
		end := w.now.Truncate(day).Add(day)
		w.apply(fmt.Sprintf(`organizations: [{key: acme, connections: [{key: acme-okta, legacy: [{switch: %s, until: %s}]}]}]`, sw, w.now.Format(time.DateOnly)))
		w.now = end.Add(-time.Minute)
		trace, err := signIn(end.Add(-time.Millisecond))
		if err != nil {
			t.Errorf("%s: at the end of the last day: %v", sw, err)
		}
		if got := warned(trace); len(got) != 1 || got[0] != string(sw) {
			t.Errorf("%s: the trace warns of %q, want of the switch", sw, got)
		}
		w.now = end.Add(-time.Minute)
		trace, err = signIn(end)
		w.mustRefuse(err, old.code)
		if got := warned(trace); got != nil {
			t.Errorf("%s: the trace of a refusal warns of %q", sw, got)
		}
	}
}

const day = 24 * time.Hour

// The trace warns of what let the message in, and not of all that is on.
func TestTheTraceWarnsOfTheSwitchThatWasNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines(t)[0])
	w.apply(`organizations: [{key: acme, connections: [{key: acme-okta, legacy: [
		{switch: sha1, until: 2027-01-31}, {switch: sha1, until: 2026-12-31}, {switch: missing-audience, until: 2026-12-31}]}]}]`)
	for name, tc := range map[string]struct {
		forge func(*samltest.Response)
		want  string
	}{
		"nothing":  {func(*samltest.Response) {}, ""},
		"audience": {func(r *samltest.Response) { r.Audience = "" }, "missing-audience: accepted until 2027-01-01T00:00:00Z"},
		"SHA-1":    {practices(nil)[sso.LegacySHA1].forge, "sha1: accepted until 2027-02-01T00:00:00Z"},
	} {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		trace, err := w.respondTraced(f, w.answer(f, about("alice@acme.example"), tc.forge))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		for _, c := range trace.Checks {
			if c.Verdict == "warn" {
				got += c.About + ": " + c.Got[len("one that is "):]
			}
		}
		if got != tc.want {
			t.Errorf("%s: the trace warns of %q, want %q", name, got, tc.want)
		}
	}
}

// warned lists the switches of which a trace warns.
func warned(trace sso.Trace) []string {
	var names []string
	for _, c := range trace.Checks {
		if c.Rule == "legacy" && c.Verdict == "warn" {
			names = append(names, c.About)
		}
	}
	return names
}

// respondTraced answers a flight and returns the trace that was kept, of a
// good answer too.
func (w *world) respondTraced(f flight, response string) (sso.Trace, error) {
	w.Helper()
	_, err := w.Respond(w.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: response, RelayState: f.relay})
	var trace sso.Trace
	readErr := w.DB.Read(w.Context(), func(r *store.Reader) error {
		c, err := r.ConnectionByKey(w.Context(), f.key)
		if err != nil {
			return err
		}
		all, err := r.Org(c.Org).Traces(w.Context(), 20)
		for _, tr := range all {
			if tr.Attempt == f.attempt.ID {
				trace = tr
			}
		}
		return err
	})
	if readErr != nil {
		w.Fatal(readErr)
	}
	return trace, err
}
