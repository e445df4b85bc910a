package oidc_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
)

func refusedWith(err error, code oidc.Code) bool {
	e, ok := errors.AsType[*oidc.TokenError](err)
	return ok && e.Code == code
}

const (
	keyP256 = `{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}` // [RFC 7515 A.3]
	ownKey  = `{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`
	// An assertion of "cli" in the right form; nobody has signed it.
	asserted = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJjbGkiLCJzdWIiOiJjbGkiLCJhdWQiOiJodHRwczovL3Nzby5leGFtcGxlIiwianRpIjoiMSIsImV4cCI6MTc2NzMyMzA0NX0.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)

// read reads an assertion as the token endpoint does.
func read(assertion string) (oidc.Credentials, error) {
	r, err := oidc.ReadToken(nil, "", url.Values{
		"grant_type": {"client_credentials"}, "client_assertion": {assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}.Encode())
	return r.Client, err
}

func TestKeysThatVerifyAreKept(t *testing.T) {
	t.Parallel()
	by, err := read(asserted)
	if err != nil || by.ClientID != "cli" {
		t.Fatalf("%+v, %v", by, err)
	}
	for name, tc := range map[string]struct {
		document string
		knows    bool
		ok       bool
	}{
		"a key":                      {`{"keys":[` + keyP256 + `]}`, true, true},
		"beside others":              {`{"keys":[{"kty":"oct","kid":"a","k":"AA"},{"kty":"new"},7,` + keyP256 + `]}`, true, true},
		"for this algorithm":         {`{"keys":[` + strings.Replace(keyP256, `"kid"`, `"alg":"ES256","kid"`, 1) + `]}`, true, true},
		"for another algorithm":      {`{"keys":[` + strings.Replace(keyP256, `"kid"`, `"alg":"ES384","kid"`, 1) + `]}`, false, true},
		"for encryption":             {`{"keys":[` + strings.Replace(keyP256, `"kid"`, `"use":"enc","kid"`, 1) + `]}`, false, true},
		"of another name":            {`{"keys":[` + strings.Replace(keyP256, `"a"`, `"b"`, 1) + `]}`, false, true},
		"a private one, for all":     {`{"keys":[` + ownKey + `]}`, false, true},
		"a shared secret":            {`{"keys":[{"kty":"oct","kid":"a","k":"AA"}]}`, false, true},
		"none":                       {`{"keys":[]}`, false, true},
		"a point beside the curve":   {`{"keys":[` + strings.Replace(keyP256, `"y":"x`, `"y":"y`, 1) + `]}`, false, true},
		"no set":                     {`[]`, false, false},
		"no JSON":                    {`keys`, false, false},
		"endless":                    {`{"keys":[]}` + strings.Repeat(" ", oidc.MaxClientKeySet), false, false},
		"more than anybody needs":    {`{"keys":[` + strings.Repeat(keyP256+",", 20) + keyP256 + `]}`, false, false},
		"as many as anybody may use": {`{"keys":[` + strings.Repeat(keyP256+",", 19) + keyP256 + `]}`, true, true},
	} {
		keys, err := oidc.ParseClientKeys([]byte(tc.document))
		if (err == nil) != tc.ok || keys.Knows(by) != tc.knows {
			t.Errorf("%s: Knows() = %v, %v", name, keys.Knows(by), err)
		}
	}
	if keys, err := oidc.ParseClientKeys([]byte(`{"keys":[` + keyP256 + `]}`)); err != nil || keys.Knows(oidc.Credentials{ClientID: "cli"}) {
		t.Errorf("a client that signs nothing is known: %v", err)
	}
}

// A client that signs is not let in for having said so.
func TestAnAssertionThatNobodyVerifiedProvesNothing(t *testing.T) {
	t.Parallel()
	by, err := read(asserted)
	if err != nil {
		t.Fatal(err)
	}
	if err := (oidc.Client{ID: "cli", Signs: true}).Authenticate(by); !refusedWith(err, oidc.InvalidClient) {
		t.Errorf("Authenticate() = %v, want invalid_client", err)
	}
	if _, _, err := (oidc.Credentials{ClientID: "cli", Method: oidc.PrivateKeyJWT}).Prove(oidc.ClientKeys{}, issuer, time.Now()); !refusedWith(err, oidc.InvalidClient) {
		t.Errorf("Prove() of none = %v, want invalid_client", err)
	}
}

// No text that nobody signed proves anything, whatever keys there are.
func FuzzProve(f *testing.F) {
	f.Add(asserted, `{"keys":[`+keyP256+`]}`)
	f.Add("eyJhbGciOiJub25lIn0.e30.", `{"keys":[{"kty":"oct","k":"AA"}]}`)
	f.Add(asserted[:len(asserted)-2], `{"keys":[`+ownKey+`]}`)
	f.Fuzz(func(t *testing.T, assertion, document string) {
		by, err := read(assertion)
		if err != nil {
			return
		}
		keys, err := oidc.ParseClientKeys([]byte(document))
		if err != nil {
			return
		}
		if proved, a, err := by.Prove(keys, issuer, time.Unix(1767323000, 0)); err == nil {
			t.Fatalf("Prove(%q) by %s = %+v, %+v", assertion, document, proved, a)
		}
	})
}

// What is pushed is what is judged: nothing by which the client proves itself is
// kept, and the client is who proved itself.
func FuzzReadPushed(f *testing.F) {
	f.Add(goodRequest().Encode())
	f.Add(goodRequest().Encode() + "&client_secret=x")
	f.Add(goodRequest().Encode() + "&client_assertion=" + asserted + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
	f.Fuzz(func(t *testing.T, body string) {
		r, err := oidc.ReadPushed(nil, "", body)
		if err != nil {
			return
		}
		v := r.Parameters
		if v.Has("client_secret") || v.Has("client_assertion") || v.Has("request_uri") || len(v["client_id"]) != 1 || v.Get("client_id") != r.Client.ClientID {
			t.Fatalf("%q is read as %v of %q", body, v, r.Client.ClientID)
		}
		judged, err := oidc.JudgePushed(v, portal())
		if err != nil {
			if _, ok := errors.AsType[*oidc.TokenError](err); !ok {
				t.Fatalf("JudgePushed() = %v, which the client cannot be told", err)
			}
			return
		}
		if judged.ClientID != r.Client.ClientID {
			t.Fatalf("judged as of %q", judged.ClientID)
		}
	})
}

// No text that nobody signed now, for this request, proves possession of a key.
func FuzzVerifyDPoP(f *testing.F) {
	// The proof of [RFC 9449 4.1], of another time.
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg")
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	f.Fuzz(func(t *testing.T, header string) {
		d := oidc.DPoP{Header: []string{header}, Method: "POST", Path: oidc.TokenPath}
		if p, err := d.Verify(issuer, secret.Token{}, time.Unix(1767323000, 0)); err == nil || p != (oidc.Possession{}) {
			t.Fatalf("Verify(%q) = %+v, %v", header, p, err)
		}
	})
}

func TestTheProofOfTheStandard(t *testing.T) {
	t.Parallel()
	const proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	d := oidc.DPoP{Header: []string{proof}, Method: "POST", Path: "/token"} // [RFC 9449 4.1]
	p, err := d.Verify("https://server.example.com", secret.Token{}, time.Unix(1562262616, 0))
	if err != nil || p.Key != "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" { // [RFC 9449 6.1]
		t.Errorf("%+v, %v", p, err)
	}
}

func TestReadPresented(t *testing.T) {
	t.Parallel()
	proof := oidc.DPoP{Header: []string{"p"}, Method: "GET", Path: oidc.UserinfoPath}
	for name, tc := range map[string]struct {
		authorization []string
		proof         oidc.DPoP
		query, body   string
		token         string // "" for a refusal
		with          bool
		challenge     string
	}{
		"bound":                    {[]string{"DPoP abc"}, proof, "", "", "abc", true, ""},
		"bound, small":             {[]string{"dpop abc"}, proof, "", "", "abc", true, ""},
		"as a bearer token":        {[]string{"Bearer abc"}, proof, "", "", "abc", false, ""},
		"no proof":                 {[]string{"DPoP abc"}, oidc.DPoP{}, "", "", "", false, `DPoP realm="userinfo", error="invalid_dpop_proof"`},
		"no token":                 {[]string{"DPoP "}, proof, "", "", "", false, `DPoP realm="userinfo", error="invalid_token"`},
		"an endless token":         {[]string{"DPoP " + strings.Repeat("a", 513)}, proof, "", "", "", false, `error="invalid_token"`},
		"a second one in the body": {[]string{"DPoP abc"}, proof, "", "access_token=abc", "", false, `error="invalid_request"`},
		"a second one in the URL":  {[]string{"DPoP abc"}, proof, "access_token=abc", "", "", false, `error="invalid_request"`},
		"both schemes":             {[]string{"DPoP abc", "Bearer abc"}, proof, "", "", "", false, `Bearer realm="userinfo"`},
	} {
		got, err := oidc.ReadPresented(tc.authorization, tc.proof, tc.query, tc.body)
		if tc.token != "" {
			if err != nil || got.Token.Reveal() != tc.token || got.Proof.Given() != tc.with {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		refusal, ok := errors.AsType[*oidc.BearerError](err)
		if !ok || !strings.Contains(refusal.Challenge(), tc.challenge) || !got.Token.IsZero() {
			t.Errorf("%s: %v, want %s", name, err, tc.challenge)
		}
	}
}
