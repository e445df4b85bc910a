//go:build e2e

package e2e

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An attack leads a browser to where it ought to be refused. The person in it is about to bring home a response that the
// identity provider made for them.
type attack struct {
	name string
	code string // of the failure page
	// mount makes the attack, in the victim's browser or in another one, and returns the page where it ended and the
	// browser that must have got no session.
	mount func(t *testing.T, s *stage) (page, plain)
}

var attacks = []attack{
	{"altered in transit", "sig_digest", func(t *testing.T, s *stage) (page, plain) {
		b := newPlain(t)
		r := s.response(t, b, bob)
		return b.resume(t, alter(t, r, "bob@acme.test", "alice@acme.test")), b
	}},
	{"posted to another organization", "tenant_connection", func(t *testing.T, s *stage) (page, plain) {
		b := newPlain(t)
		return b.resume(t, s.response(t, b, bob).at(s.acs(globexConnection))), b
	}},
	{"posted into another browser", "bind_cookie_missing", func(t *testing.T, s *stage) (page, plain) {
		other := newPlain(t)
		return other.resume(t, s.response(t, newPlain(t), bob)), other
	}},
	{"posted into another browser that is signing in", "bind_cookie", func(t *testing.T, s *stage) (page, plain) {
		other := newPlain(t)
		s.response(t, other, alice)
		return other.resume(t, s.response(t, newPlain(t), bob)), other
	}},
	{"replayed by another browser", "saml_replay", func(t *testing.T, s *stage) (page, plain) {
		b, other := newPlain(t), newPlain(t)
		r := s.response(t, b, bob)
		if got := s.node.shows(t, b.resume(t, r)); got.Email != bob.email {
			t.Fatalf("the untouched response signed in %+v, want %s", got, bob.email)
		}
		if got := b.visit(t, s.node.start()); got.URL != s.node.home() {
			t.Errorf("after signing in, a visit to the application ends at %s\n%s", got.URL, got.log)
		}
		return other.resume(t, r), other
	}},
	{"replayed as the answer to another request", "saml_irt", func(t *testing.T, s *stage) (page, plain) {
		b := newPlain(t)
		old := s.response(t, newPlain(t), bob)
		return b.resume(t, s.response(t, b, bob).set("SAMLResponse", old.field("SAMLResponse"))), b
	}},
	{"expired", "saml_time", func(t *testing.T, s *stage) (page, plain) {
		late := s.double(t, s.withKeys(t), "--clock-offset", "-3600")
		b := newPlain(t)
		return b.resume(t, s.responseOf(t, late, b, nil)), b
	}},
	{"for another audience", "saml_audience", func(t *testing.T, s *stage) (page, plain) {
		const other = "https://other.example/metadata"
		metadata := get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata")
		s.simplesaml.trust(t, regexp.MustCompile(`entityID="[^"]*"`).ReplaceAllString(metadata, `entityID="`+other+`"`))
		b := newPlain(t)
		return b.resume(t, s.responseOf(t, s.simplesaml, b, func(request string) string {
			return regexp.MustCompile(`(Issuer[^>]*>)[^<]*<`).ReplaceAllString(request, "${1}"+other+"<")
		})), b
	}},
	{"unsolicited", "saml_irt", func(t *testing.T, s *stage) (page, plain) {
		metadata := get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata")
		entityID := regexp.MustCompile(`entityID="([^"]*)"`).FindStringSubmatch(metadata)[1]
		start := strings.NewReplacer("{SP_ENTITY_ID}", url.QueryEscape(entityID), "{RELAY_STATE}", "anything").
			Replace(s.simplesaml.idpInitiated)
		b := newPlain(t)
		return b.resume(t, b.stopBefore(t, bob, start, s.acs(acmeConnection))), b
	}},
	{"signed with an embedded key", "sig_value", func(t *testing.T, s *stage) (page, plain) {
		impostor := s.double(t, filepath.Join(publicDir(t), "simplesaml"))
		b := newPlain(t)
		return b.resume(t, s.responseOf(t, impostor, b, nil)), b
	}},
}

// failure is what the failure page carries for support: a stable code, and a reference to read out.
var (
	failureCode = regexp.MustCompile(`data-code="([^"]*)"`)
	reference   = regexp.MustCompile(`>[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}<`)
)

// TestRefuses brings home what an attacker would, and expects the failure page and nobody signed in. The twin of every
// attack is the journey of TestSignIn, from which it differs in one thing.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			for _, a := range attacks {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					got, b := a.mount(t, s)
					if got.Status < 400 || got.Status > 499 {
						t.Errorf("it ended at %s with status %d, want a refusal\n%s", got.URL, got.Status, got.log)
					}
					code := failureCode.FindStringSubmatch(got.Body)
					if len(code) != 2 || code[1] != a.code {
						t.Errorf("the failure page has the code %q, want %s\n%s", code, a.code, got.Body)
					}
					if !reference.MatchString(got.Body) {
						t.Errorf("the failure page has no reference\n%s", got.Body)
					}
					s.wantSignedOut(t, b)
				})
			}
		})
	}
}

// response signs p in to the application as far as the response that is about to be posted.
func (s *stage) response(t *testing.T, b plain, p person) *request {
	t.Helper()
	return b.stopBefore(t, p, s.node.start(), s.acs(acmeConnection))
}

// responseOf is [stage.response] with another identity provider in the place of acme's, and a change to our request.
func (s *stage) responseOf(t *testing.T, i *idp, b plain, change func(xml string) string) *request {
	t.Helper()
	r := b.stopBefore(t, bob, s.node.start(), s.simplesaml.base)
	to := i.base + strings.TrimPrefix(r.URL, s.simplesaml.base)
	if change != nil {
		to = alterRequest(t, to, change)
	}
	return b.resumeUntil(t, bob, r.at(to), s.acs(acmeConnection))
}

// withKeys returns a new state folder with the keys of acme's identity provider.
func (s *stage) withKeys(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(publicDir(t), "simplesaml")
	if err := os.CopyFS(filepath.Join(dir, "cert"), os.DirFS(filepath.Join(s.simplesaml.state, "cert"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// double starts another SimpleSAMLphp that gives itself out as acme's, from a folder of its own: with the same keys, where
// they are there, or with new ones, which it sends along in its signatures.
func (s *stage) double(t *testing.T, state string, argv ...string) *idp {
	t.Helper()
	i := startIdP(t, "simplesamlphp.py", s.network+".13", state,
		append([]string{"--idp-opt", "entity=" + s.simplesaml.entityID}, argv...)...)
	i.serviceProviderArgs = s.simplesaml.serviceProviderArgs
	i.trust(t, get(t, s.baseURL+"/saml/"+acmeConnection+"/metadata"))
	return i
}

// wantSignedOut fails the test when b is signed in: the application must still be asked for an address.
func (s *stage) wantSignedOut(t *testing.T, b plain) {
	t.Helper()
	got := b.visit(t, s.node.start())
	if !strings.HasPrefix(got.URL, s.baseURL) || !strings.Contains(got.Body, `name="email"`) {
		t.Errorf("somebody is signed in: a visit to the application ends at %s\n%s", got.URL, got.log)
	}
}

// alter changes the text of a response in the form that carries it.
func alter(t *testing.T, r *request, from, to string) *request {
	t.Helper()
	xml, err := base64.StdEncoding.DecodeString(r.field("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(xml, []byte(from), []byte(to))
	if bytes.Equal(changed, xml) {
		t.Fatalf("the response does not hold %q:\n%s", from, xml)
	}
	return r.set("SAMLResponse", base64.StdEncoding.EncodeToString(changed))
}

// alterRequest changes the AuthnRequest in a URL of the redirect binding.
func alterRequest(t *testing.T, to string, change func(xml string) string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	deflated, err := base64.StdEncoding.DecodeString(query.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	xml, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(xml))
	if changed == string(xml) {
		t.Fatalf("the request is unchanged:\n%s", xml)
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, changed); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	query.Set("SAMLRequest", base64.StdEncoding.EncodeToString(out.Bytes()))
	u.RawQuery = query.Encode()
	return u.String()
}
