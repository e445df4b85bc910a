package oidc_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
)

// A client that may go without PKCE is held to it as soon as it uses it, and a
// public one never goes without.
func TestAClientMayGoWithoutPKCE(t *testing.T) {
	t.Parallel()
	old := portal()
	old.PKCEOptional = true
	public := native()
	public.PKCEOptional = true
	bare := with(with(goodRequest(), "code_challenge"), "code_challenge_method")
	if r, err := oidc.Judge(bare, old); err != nil || !r.Challenge.IsZero() {
		t.Fatalf("without a challenge: %v, %v", r.Challenge, err)
	} else if again, err := oidc.Judge(r.Values(), old); err != nil || !again.Challenge.IsZero() {
		t.Fatalf("kept and judged again: %v, %v", again.Challenge, err)
	}
	if r, err := oidc.Judge(goodRequest(), old); err != nil || r.Challenge.String() != challenge {
		t.Fatalf("with a challenge: %v, %v", r.Challenge, err)
	}
	zeros := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, tc := range map[string]struct {
		c oidc.Client
		v map[string][]string
	}{
		"one that must use it":       {portal(), bare},
		"a public one":               {public, bare},
		"a method and no challenge":  {old, with(bare, "code_challenge_method", "S256")},
		"a plain challenge":          {old, with(goodRequest(), "code_challenge_method", "plain")},
		"a challenge without method": {old, with(goodRequest(), "code_challenge_method")},
		"a challenge that is none":   {old, with(goodRequest(), "code_challenge", zeros)},
		"none where it must be used": {portal(), with(goodRequest(), "code_challenge", zeros)},
		"two challenges":             {old, with(goodRequest(), "code_challenge", challenge, challenge)},
		"an empty one beside one":    {old, with(goodRequest(), "code_challenge", "", challenge)},
	} {
		_, err := oidc.Judge(tc.v, tc.c)
		if refusal, ok := errors.AsType[*oidc.AuthorizeError](err); !ok || refusal.Code != oidc.InvalidRequest {
			t.Errorf("%s: %v, want invalid_request", name, err)
		}
	}
}

// Whoever takes the challenge out of a request on its way must not get tokens
// for the code [RFC 9700 4.8.2].
func TestAVerifierWithoutAChallengeIsRefused(t *testing.T) {
	t.Parallel()
	judged, err := oidc.Judge(goodRequest(), portal())
	if err != nil {
		t.Fatal(err)
	}
	read := func(verifiers ...string) oidc.TokenRequest {
		t.Helper()
		r, err := oidc.ReadToken(nil, "", with(with(goodToken(), "client_id", "portal"), "code_verifier", verifiers...).Encode())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	none := oidc.Binding{ClientID: "portal", RedirectURI: "https://app.example/cb"}
	bound := none
	bound.Challenge = judged.Challenge
	for name, tc := range map[string]struct {
		r    oidc.TokenRequest
		b    oidc.Binding
		good bool
	}{
		"neither":                      {read(), none, true},
		"both":                         {read(verifier), bound, true},
		"a verifier, and no challenge": {read(verifier), none, false},
		"a challenge, and no verifier": {read(), bound, false},
		"an empty verifier":            {read(""), bound, false},
		"another verifier":             {read("x" + verifier[1:]), bound, false},
	} {
		if err := tc.r.Redeem(tc.b); (err == nil) != tc.good {
			t.Errorf("%s: Redeem() = %v", name, err)
		}
	}
}
