package oidc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
)

const clientSecret = "a+b/c=d%e:f-0123456789012345678901234"

func goodToken() url.Values {
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {"c0de"},
		"redirect_uri":  {"https://app.example/cb"},
		"code_verifier": {verifier},
	}
}

func basic(id, pass string) []string {
	return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+pass))}
}

func confidential() oidc.Client {
	c := portal()
	c.SecretHashes = []secret.Hash{secret.ParseToken(clientSecret).Sum()}
	return c
}

func TestClientsAuthenticate(t *testing.T) {
	t.Parallel()
	post := with(with(goodToken(), "client_id", "portal"), "client_secret", clientSecret)
	plusAsIs := strings.ReplaceAll(clientSecret, "%", "%25")
	for name, tc := range map[string]struct {
		client        oidc.Client
		authorization []string
		form          url.Values
		method        oidc.AuthMethod
	}{
		"basic, encoded":           {confidential(), basic("portal", url.QueryEscape(clientSecret)), goodToken(), oidc.SecretBasic},
		"basic, plus as it is":     {confidential(), basic("portal", plusAsIs), goodToken(), oidc.SecretBasic},
		"basic, small letters":     {confidential(), []string{strings.Replace(basic("portal", plusAsIs)[0], "Basic", "basic", 1)}, goodToken(), oidc.SecretBasic},
		"basic and same client_id": {confidential(), basic("portal", plusAsIs), with(goodToken(), "client_id", "portal"), oidc.SecretBasic},
		"post":                     {confidential(), nil, post, oidc.SecretPost},
		"public":                   {native(), nil, with(goodToken(), "client_id", "portal"), oidc.NoSecret},
		"public, empty secret":     {native(), nil, with(with(goodToken(), "client_id", "portal"), "client_secret", ""), oidc.NoSecret},
		"public, basic":            {native(), basic("portal", ""), goodToken(), oidc.NoSecret},
	} {
		r, err := oidc.ReadToken(tc.authorization, "", tc.form.Encode())
		if err != nil || r.Client.Method != tc.method {
			t.Errorf("%s: ReadToken() = %v, %v", name, r.Client.Method, err)
			continue
		}
		if err := tc.client.Authenticate(r.Client); err != nil {
			t.Errorf("%s: Authenticate() = %v, want it accepted", name, err)
		}
	}
}

// Operators hand secrets in as their SHA-256, whatever these look like.
func TestASecretThatLooksLikeATokenOfOurs(t *testing.T) {
	t.Parallel()
	chosen := strings.Repeat("k", 47)
	client := confidential()
	client.SecretHashes = []secret.Hash{secret.HashOf([]byte(chosen))}
	for pass, good := range map[string]bool{chosen: true, chosen[:46]: false, chosen[:46] + "l": false} {
		r, err := oidc.ReadToken(basic("portal", pass), "", goodToken().Encode())
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Authenticate(r.Client); (err == nil) != good {
			t.Errorf("Authenticate() by %s = %v, want good: %v", pass, err, good)
		}
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	t.Parallel()
	right := secret.ParseToken(clientSecret)
	noHash := confidential()
	noHash.SecretHashes = nil
	for name, tc := range map[string]struct {
		client   oidc.Client
		by, twin oidc.Credentials
		twinOf   oidc.Client
	}{
		"wrong secret":        {confidential(), oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: secret.ParseToken(clientSecret + "x")}, oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, confidential()},
		"no secret":           {confidential(), oidc.Credentials{ClientID: "portal", Method: oidc.NoSecret}, oidc.Credentials{ClientID: "portal", Method: oidc.NoSecret}, native()},
		"public with secret":  {native(), oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, confidential()},
		"another client":      {confidential(), oidc.Credentials{ClientID: "other", Method: oidc.SecretPost, Secret: right}, oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, confidential()},
		"client without hash": {noHash, oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, oidc.Credentials{ClientID: "portal", Method: oidc.SecretPost, Secret: right}, confidential()},
	} {
		if err := tc.twinOf.Authenticate(tc.twin); err != nil {
			t.Errorf("%s: twin: %v, want it accepted", name, err)
		}
		err := tc.client.Authenticate(tc.by)
		refusal, ok := errors.AsType[*oidc.TokenError](err)
		if !ok || refusal.Code != oidc.InvalidClient || refusal.Status() != http.StatusUnauthorized || !strings.HasPrefix(refusal.Challenge(), "Basic ") {
			t.Errorf("%s: Authenticate() = %v, want invalid_client", name, err)
			continue
		}
		unknown, ok := errors.AsType[*oidc.TokenError](oidc.UnknownTokenClient())
		if !ok || !bytes.Equal(refusal.JSON(), unknown.JSON()) {
			t.Errorf("%s: the answer %s differs from that of an unknown client", name, refusal.JSON())
		}
		if strings.Contains(err.Error(), refusal.Description) {
			t.Errorf("%s: the log does not tell why: %v", name, err)
		}
	}
}

func TestReadTokenRefuses(t *testing.T) {
	t.Parallel()
	type request struct {
		authorization []string
		query         string
		form          url.Values
	}
	good := request{basic("portal", "secret"), "", goodToken()}
	public := request{nil, "", with(goodToken(), "client_id", "portal")}
	refresh := request{good.authorization, "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"r3fresh"}}}
	device := request{nil, "", url.Values{"grant_type": {string(oidc.DeviceCode)}, "device_code": {"d3vice"}, "client_id": {"portal"}}}
	machine := request{good.authorization, "", url.Values{"grant_type": {"client_credentials"}}}
	edit := func(r request, name string, values ...string) request {
		r.form = with(r.form, name, values...)
		return r
	}
	header := func(values ...string) request { return request{values, "", goodToken()} }
	for name, tc := range map[string]struct {
		hostile, twin request
		code          oidc.Code
		status        int
	}{
		"secret in the URL":          {request{good.authorization, "client_secret=secret", good.form}, good, oidc.InvalidRequest, 400},
		"code in the URL":            {request{good.authorization, "code=c0de", good.form}, good, oidc.InvalidRequest, 400},
		"basic and post":             {edit(good, "client_secret", "secret"), edit(good, "client_secret", ""), oidc.InvalidRequest, 400},
		"two headers":                {header(basic("portal", "secret")[0], basic("portal", "secret")[0]), good, oidc.InvalidRequest, 400},
		"another client_id":          {edit(good, "client_id", "other"), edit(good, "client_id", "portal"), oidc.InvalidRequest, 400},
		"two client_ids":             {edit(public, "client_id", "portal", "portal"), public, oidc.InvalidRequest, 400},
		"two secrets":                {edit(public, "client_secret", "a", "b"), edit(public, "client_secret", "a"), oidc.InvalidRequest, 400},
		"no client":                  {edit(public, "client_id"), public, oidc.InvalidClient, 401},
		"endless client":             {edit(public, "client_id", strings.Repeat("p", 256)), edit(public, "client_id", strings.Repeat("p", 255)), oidc.InvalidClient, 401},
		"assertion":                  {edit(public, "client_assertion", "e30.e30.x"), edit(public, "client_assertion", ""), oidc.InvalidClient, 401},
		"assertion type":             {edit(public, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), public, oidc.InvalidClient, 401},
		"bearer":                     {header("Bearer abc"), good, oidc.InvalidClient, 401},
		"not base64":                 {header("Basic ???"), good, oidc.InvalidClient, 401},
		"no colon":                   {header("Basic " + base64.StdEncoding.EncodeToString([]byte("portal"))), good, oidc.InvalidClient, 401},
		"no name":                    {header(basic("", "secret")...), good, oidc.InvalidClient, 401},
		"broken escape":              {header(basic("portal", "a%zz")...), header(basic("portal", "a%20")...), oidc.InvalidClient, 401},
		"escaped line end":           {header(basic("portal", "a%0a")...), header(basic("portal", "a%20")...), oidc.InvalidClient, 401},
		"endless header":             {header("Basic " + strings.Repeat("A", 4096)), good, oidc.InvalidRequest, 400},
		"no grant type":              {edit(good, "grant_type"), good, oidc.InvalidRequest, 400},
		"password grant":             {edit(good, "grant_type", "password"), good, oidc.UnsupportedGrantType, 400},
		"device code in short":       {edit(good, "grant_type", "device_code"), good, oidc.UnsupportedGrantType, 400},
		"device code left out":       {edit(device, "device_code"), device, oidc.InvalidRequest, 400},
		"two device codes":           {edit(device, "device_code", "d3vice", "d3vice"), device, oidc.InvalidRequest, 400},
		"endless scope of a machine": {edit(machine, "scope", strings.Repeat("s ", 51)), edit(machine, "scope", strings.Repeat("s ", 50)), oidc.InvalidScope, 400},
		"refresh without a token":    {edit(refresh, "refresh_token"), refresh, oidc.InvalidRequest, 400},
		"two refresh tokens":         {edit(refresh, "refresh_token", "r3fresh", "r3fresh"), refresh, oidc.InvalidRequest, 400},
		"endless refresh token":      {edit(refresh, "refresh_token", strings.Repeat("r", 513)), edit(refresh, "refresh_token", strings.Repeat("r", 512)), oidc.InvalidRequest, 400},
		"refresh, endless scope":     {edit(refresh, "scope", strings.Repeat("s", 1025)), edit(refresh, "scope", strings.Repeat("s", 1024)), oidc.InvalidScope, 400},
		"two grant types":            {edit(good, "grant_type", "authorization_code", "password"), good, oidc.InvalidRequest, 400},
		"no code":                    {edit(good, "code"), good, oidc.InvalidRequest, 400},
		"two codes":                  {edit(good, "code", "c0de", "c0de"), good, oidc.InvalidRequest, 400},
		"endless code":               {edit(good, "code", strings.Repeat("c", oidc.MaxCode+1)), edit(good, "code", strings.Repeat("c", oidc.MaxCode)), oidc.InvalidRequest, 400},
		"code with a zero":           {edit(good, "code", "c\x00"), edit(good, "code", "c0"), oidc.InvalidRequest, 400},
		"no redirect URI":            {edit(good, "redirect_uri"), good, oidc.InvalidRequest, 400},
		"two redirect URIs":          {edit(good, "redirect_uri", "https://app.example/cb", "https://evil.example/"), good, oidc.InvalidRequest, 400},
		"two verifiers":              {edit(good, "code_verifier", verifier, verifier), good, oidc.InvalidRequest, 400},
		"short verifier":             {edit(good, "code_verifier", strings.Repeat("v", 42)), edit(good, "code_verifier", strings.Repeat("v", 43)), oidc.InvalidRequest, 400},
		"long verifier":              {edit(good, "code_verifier", strings.Repeat("v", 129)), edit(good, "code_verifier", strings.Repeat("v", 128)), oidc.InvalidRequest, 400},
		"verifier with a plus":       {edit(good, "code_verifier", strings.Repeat("v", 43)+"+"), edit(good, "code_verifier", strings.Repeat("v", 43)+"~"), oidc.InvalidRequest, 400},
		"body too large":             {edit(good, "x", strings.Repeat("x", oidc.MaxForm)), edit(good, "x", "x"), oidc.InvalidRequest, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := oidc.ReadToken(tc.twin.authorization, tc.twin.query, tc.twin.form.Encode()); err != nil {
				t.Fatalf("twin: ReadToken() = %v, want it accepted", err)
			}
			_, err := oidc.ReadToken(tc.hostile.authorization, tc.hostile.query, tc.hostile.form.Encode())
			refusal, ok := errors.AsType[*oidc.TokenError](err)
			if !ok || refusal.Code != tc.code || refusal.Status() != tc.status {
				t.Fatalf("ReadToken() = %v, want %s with %d", err, tc.code, tc.status)
			}
			if (refusal.Challenge() != "") != (tc.status == 401) {
				t.Fatalf("Challenge() = %q with %d", refusal.Challenge(), tc.status)
			}
			checkDescription(t, refusal.Description)
		})
	}
}

func TestReadTokenRefusesWhatTwoReadersReadDifferently(t *testing.T) {
	t.Parallel()
	body := with(goodToken(), "client_id", "portal").Encode()
	for name, tail := range map[string]string{"semicolon": ";x=y", "broken escape": "&x=%zz"} {
		if _, err := oidc.ReadToken(nil, "", body+tail); err == nil {
			t.Errorf("%s: ReadToken() accepts it", name)
		}
	}
	if _, err := oidc.ReadToken(nil, "", body+"&x=y"); err != nil {
		t.Errorf("twin: ReadToken() = %v, want it accepted", err)
	}
}

func TestRedeemHoldsTheCodeToWhatItWasIssuedFor(t *testing.T) {
	t.Parallel()
	v, err := oidc.Judge(goodRequest(), portal())
	if err != nil {
		t.Fatal(err)
	}
	bound := oidc.Binding{ClientID: "portal", RedirectURI: v.RedirectURI(), Challenge: v.Challenge}
	for name, tc := range map[string]struct{ parameter, hostile, twin string }{
		"another client":          {"client_id", "other", "portal"},
		"another registered URI":  {"redirect_uri", "https://app.example/cb?tenant=a", "https://app.example/cb"},
		"another verifier":        {"code_verifier", "x" + verifier[1:], verifier},
		"the challenge as plain":  {"code_verifier", challenge, verifier},
		"verifier with more text": {"code_verifier", verifier + "a", verifier},
	} {
		form := with(goodToken(), "client_id", "portal")
		for value, want := range map[string]bool{tc.hostile: false, tc.twin: true} {
			r, err := oidc.ReadToken(nil, "", with(form, tc.parameter, value).Encode())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			err = r.Redeem(bound)
			refusal, ok := errors.AsType[*oidc.TokenError](err)
			if want && err != nil || !want && (!ok || refusal.Code != oidc.InvalidGrant) {
				t.Errorf("%s: Redeem() with %s = %v", name, value, err)
			}
		}
	}
	r, err := oidc.ReadToken(nil, "", with(goodToken(), "client_id", "portal").Encode())
	if err != nil {
		t.Fatal(err)
	}
	if r.Redeem(oidc.Binding{}) == nil {
		t.Error("Redeem() accepts an empty binding")
	}
}

func TestTokenBodies(t *testing.T) {
	t.Parallel()
	r := oidc.TokenResponse{AccessToken: secret.ParseToken("at"), ExpiresIn: time.Hour, Scope: "openid email", IDToken: "a.b.c"}
	if got, want := string(r.JSON()), `{"access_token":"at","token_type":"Bearer","expires_in":3600,"scope":"openid email","id_token":"a.b.c"}`; got != want {
		t.Errorf("JSON() = %s, want %s", got, want)
	}
	e := oidc.TokenError{Code: oidc.InvalidGrant, Description: "used"}
	if got, want := string(e.JSON()), `{"error":"invalid_grant","error_description":"used"}`; got != want {
		t.Errorf("JSON() = %s, want %s", got, want)
	}
}

func TestReadBearer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		authorization []string
		query, body   string
		token         string // "" for a refusal
		status        int
		challenge     string
	}{
		"header":               {[]string{"Bearer abc"}, "", "", "abc", 0, ""},
		"header, small":        {[]string{"bearer abc"}, "", "", "abc", 0, ""},
		"body":                 {nil, "", "access_token=abc", "abc", 0, ""},
		"nothing":              {nil, "", "", "", 401, `Bearer realm="userinfo"`},
		"basic":                {[]string{"Basic abc"}, "", "", "", 401, `Bearer realm="userinfo"`},
		"empty":                {[]string{"Bearer "}, "", "", "", 401, `error="invalid_token"`},
		"endless":              {[]string{"Bearer " + strings.Repeat("a", 513)}, "", "", "", 401, `error="invalid_token"`},
		"URL":                  {nil, "access_token=abc", "", "", 400, `error="invalid_request"`},
		"header and URL":       {[]string{"Bearer abc"}, "access_token=abc", "", "", 400, `error="invalid_request"`},
		"header and body":      {[]string{"Bearer abc"}, "", "access_token=abc", "", 400, `error="invalid_request"`},
		"two headers":          {[]string{"Bearer abc", "Bearer abc"}, "", "", "", 400, `error="invalid_request"`},
		"twice in the body":    {nil, "", "access_token=abc&access_token=abc", "", 400, `error="invalid_request"`},
		"body that is no form": {nil, "", "%zz", "", 400, `error="invalid_request"`},
	} {
		token, err := oidc.ReadBearer(tc.authorization, tc.query, tc.body)
		if tc.token != "" {
			if err != nil || token.Reveal() != tc.token {
				t.Errorf("%s: ReadBearer() = %v, want %s", name, err, tc.token)
			}
			continue
		}
		refusal, ok := errors.AsType[*oidc.BearerError](err)
		if !ok || refusal.Status() != tc.status || !strings.Contains(refusal.Challenge(), tc.challenge) {
			t.Errorf("%s: ReadBearer() = %v, want status %d and %s", name, err, tc.status, tc.challenge)
			continue
		}
		if refusal.Code == "" && strings.Contains(refusal.Challenge(), "error") {
			t.Errorf("%s: Challenge() = %s, want no code where nothing was tried", name, refusal.Challenge())
		}
		if !json.Valid(refusal.JSON()) {
			t.Errorf("%s: JSON() = %s", name, refusal.JSON())
		}
		checkDescription(t, refusal.Description)
	}
}

// Whatever is read has one client, one code and a verifier of the right form; every refusal is a valid answer.
func FuzzReadToken(f *testing.F) {
	f.Add(basic("portal", "secret")[0], "", goodToken().Encode())
	f.Add("", "", with(goodToken(), "client_id", "portal").Encode())
	f.Add("Basic Og==", "code=x", "client_secret=a&client_secret=b")
	f.Fuzz(func(t *testing.T, authorization, query, body string) {
		var headers []string
		if authorization != "" {
			headers = []string{authorization}
		}
		r, err := oidc.ReadToken(headers, query, body)
		if err != nil {
			refusal, ok := errors.AsType[*oidc.TokenError](err)
			if !ok || refusal.Status() < 400 || !json.Valid(refusal.JSON()) {
				t.Fatalf("ReadToken() = %v, no valid answer", err)
			}
			return
		}
		if r.Client.ClientID == "" || r.Code.IsZero() || r.RedirectURI == "" || query != "" || r.Client.Secret.IsZero() != (r.Client.Method == oidc.NoSecret) {
			t.Fatalf("ReadToken() = %+v", r)
		}
	})
}

// Whatever is read is the one token that was sent, outside the URL.
func FuzzReadBearer(f *testing.F) {
	f.Add("Bearer abc", "", "")
	f.Add("", "x=y", "access_token=abc")
	f.Fuzz(func(t *testing.T, authorization, query, body string) {
		var headers []string
		if authorization != "" {
			headers = []string{authorization}
		}
		token, err := oidc.ReadBearer(headers, query, body)
		if err != nil {
			if refusal, ok := errors.AsType[*oidc.BearerError](err); !ok || refusal.Status() < 400 || refusal.Challenge() == "" {
				t.Fatalf("ReadBearer() = %v, no valid answer", err)
			}
			return
		}
		if token.IsZero() || strings.Contains(query, "access_token=") {
			t.Fatalf("ReadBearer() accepts %q, %q, %q", authorization, query, body)
		}
	})
}
