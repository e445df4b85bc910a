package passkey_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/passkeytest"
)

const origin = "https://sso.example"

var (
	challenge = []byte("0123456789abcdef0123456789abcdef")
	handle    = []byte("usr_alice")
)

func party(t *testing.T, baseURL string) *passkey.Party {
	t.Helper()
	p, err := passkey.NewParty(baseURL, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// create has an authenticator make a credential, and returns what came of it.
func create(t *testing.T, p *passkey.Party, a *passkeytest.Authenticator, forge ...func(*passkeytest.Ceremony)) (passkey.Credential, error) {
	t.Helper()
	options, err := p.CreationOptions(challenge, passkey.User{Handle: handle, Name: "alice@acme.example", DisplayName: "Alice"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := passkey.ParseCreation(a.Create(options, origin, forge...))
	if err != nil {
		return passkey.Credential{}, err
	}
	return p.Created(made, challenge)
}

// use has an authenticator prove itself.
func use(t *testing.T, p *passkey.Party, a *passkeytest.Authenticator, known passkey.Credential, v passkey.Verification, forge ...func(*passkeytest.Ceremony)) (passkey.Use, error) {
	t.Helper()
	options, err := p.RequestOptions(challenge, nil, v)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := passkey.ParseAssertion(a.Get(options, origin, forge...))
	if err != nil {
		return passkey.Use{}, err
	}
	return p.Proved(answer, challenge, known, handle, v)
}

func TestAPasskeyIsMadeAndUsed(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := party(t, origin)
	for name, set := range map[string]func(*passkeytest.Authenticator){
		"ES256": func(*passkeytest.Authenticator) {},
		"EdDSA": func(a *passkeytest.Authenticator) { a.Key = ed },
		"RS256": func(a *passkeytest.Authenticator) { a.Key = rsaKey },
	} {
		a := passkeytest.New(t)
		set(a)
		made, err := create(t, p, a)
		if err != nil {
			t.Errorf("%s: Created() = %v", name, err)
			continue
		}
		if !bytes.Equal(made.ID, a.ID) || !made.Verified || made.BackupEligible || made.BackedUp || !slices.Equal(made.Transports, []string{"usb"}) {
			t.Errorf("%s: Created() = %+v", name, made)
		}
		got, err := use(t, p, a, made, passkey.VerificationRequired)
		if want := (passkey.Use{Verified: true, Counter: 1}); err != nil || got != want {
			t.Errorf("%s: Proved() = %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// hostile are the lies that both ceremonies refuse, each told apart by what was
// wanted.
func hostile() map[string]struct {
	forge func(*passkeytest.Ceremony)
	want  string
} {
	type lie = struct {
		forge func(*passkeytest.Ceremony)
		want  string
	}
	return map[string]lie{
		"another challenge": {func(c *passkeytest.Ceremony) {
			c.Challenge = base64.RawURLEncoding.EncodeToString([]byte("another one of 32 octets, or so."))
		}, "the challenge that was given"},
		"the challenge with padding": {func(c *passkeytest.Ceremony) { c.Challenge += "=" }, "the challenge that was given"},
		"a phishing site":            {func(c *passkeytest.Ceremony) { c.Origin = "https://sso.example.evil.com" }, origin},
		"a neighbour":                {func(c *passkeytest.Ceremony) { c.Origin = "https://www.sso.example" }, origin},
		"plain http":                 {func(c *passkeytest.Ceremony) { c.Origin = "http://sso.example" }, origin},
		"another port":               {func(c *passkeytest.Ceremony) { c.Origin = "https://sso.example:444" }, origin},
		"the origin with a slash":    {func(c *passkeytest.Ceremony) { c.Origin = origin + "/" }, origin},
		"the origin in capitals":     {func(c *passkeytest.Ceremony) { c.Origin = "https://SSO.example" }, origin},
		"a frame in another site":    {func(c *passkeytest.Ceremony) { c.CrossOrigin = true }, "a page of our own"},
		"a frame, half told":         {func(c *passkeytest.Ceremony) { c.TopOrigin = "https://evil.com" }, "a page of our own"},
		"another domain":             {func(c *passkeytest.Ceremony) { c.Domain = "example" }, "a credential of sso.example"},
		"nobody touched it":          {func(c *passkeytest.Ceremony) { c.Flags &^= passkeytest.UserPresent }, "somebody who touched it"},
		"a backup of what has none":  {func(c *passkeytest.Ceremony) { c.Flags |= passkeytest.BackedUp }, "a backup only of what can be backed up"},
	}
}

func refused(t *testing.T, what string, err error, want string) {
	t.Helper()
	f := fault.From(err)
	if err == nil || f.Code != "passkey_refused" || f.Want != want {
		t.Errorf("%s: %v, want it refused for %q", what, err, want)
	}
}

func TestLiesAreRefused(t *testing.T) {
	t.Parallel()
	p, a := party(t, origin), passkeytest.New(t)
	made, err := create(t, p, a)
	if err != nil {
		t.Fatal(err)
	}
	for name, lie := range hostile() {
		_, err := create(t, p, passkeytest.New(t), lie.forge)
		refused(t, "making: "+name, err, lie.want)
		_, err = use(t, p, a, made, passkey.VerificationPreferred, lie.forge)
		refused(t, "using: "+name, err, lie.want)
	}
	_, err = create(t, p, passkeytest.New(t), func(c *passkeytest.Ceremony) { c.Type = "webauthn.get" })
	refused(t, "making by a use", err, "webauthn.create")
	_, err = create(t, p, passkeytest.New(t), func(c *passkeytest.Ceremony) { c.RawID = []byte("another") })
	refused(t, "making under another ID", err, "one credential ID of at most 1,023 octets")
	for alg, name := range map[int]string{-65535: "RSA with SHA-1", -47: "secp256k1", 0: "none", -37: "PSS"} {
		_, err = create(t, p, passkeytest.New(t), func(c *passkeytest.Ceremony) { c.Algorithm = alg })
		refused(t, "making with "+name, err, "a signature algorithm of -8, -7 or -257")
	}

	stranger := passkeytest.New(t)
	byKey := "a signature by the registered key"
	for name, tc := range map[string]struct {
		forge func(*passkeytest.Ceremony)
		want  string
	}{
		"by a making":       {func(c *passkeytest.Ceremony) { c.Type = "webauthn.create" }, "webauthn.get"},
		"by another key":    {func(c *passkeytest.Ceremony) { c.Signer = stranger.Key }, byKey},
		"of another's":      {func(c *passkeytest.Ceremony) { c.RawID = stranger.ID }, "this credential"},
		"for another user":  {func(c *passkeytest.Ceremony) { c.Handle = []byte("usr_mallory") }, "the credential's owner"},
		"for nobody":        {func(c *passkeytest.Ceremony) { c.Handle = nil }, "the credential's owner"},
		"that is not asked": {func(c *passkeytest.Ceremony) { c.Flags &^= passkeytest.UserVerified }, "somebody who was asked for a PIN or the like"},
		"now with a backup": {func(c *passkeytest.Ceremony) { c.Flags |= passkeytest.BackupEligible }, "a credential that can be backed up as before"},
		"with a cut signature": {func(c *passkeytest.Ceremony) {
			c.Spoil = func(_, _, signature *[]byte) { *signature = (*signature)[:len(*signature)-1] }
		}, byKey},
		"without a signature": {func(c *passkeytest.Ceremony) { c.Spoil = func(_, _, signature *[]byte) { *signature = nil } }, byKey},
		"with a raised counter": {func(c *passkeytest.Ceremony) { // after it was signed
			c.Spoil = func(data, _, _ *[]byte) { (*data)[36]++ }
		}, byKey},
		"with other client data": {func(c *passkeytest.Ceremony) {
			c.Spoil = func(_, client, _ *[]byte) { *client = bytes.Replace(*client, []byte("{"), []byte("{ "), 1) }
		}, byKey},
	} {
		_, err := use(t, p, a, made, passkey.VerificationRequired, tc.forge)
		refused(t, "using "+name, err, tc.want)
	}
	if _, err := use(t, p, a, made, passkey.VerificationRequired); err != nil {
		t.Errorf("the twin without a lie: %v", err)
	}
}

func TestWhatASecondFactorMayLeaveOut(t *testing.T) {
	t.Parallel()
	p, a := party(t, origin), passkeytest.New(t)
	a.Flags = passkeytest.UserPresent
	made, err := create(t, p, a)
	if err != nil || made.Verified {
		t.Fatalf("Created() = %+v, %v", made, err)
	}
	got, err := use(t, p, a, made, passkey.VerificationDiscouraged, func(c *passkeytest.Ceremony) { c.Handle = nil })
	if err != nil || got.Verified {
		t.Errorf("Proved() = %+v, %v, want it proved without a PIN and a handle", got, err)
	}
	_, err = use(t, p, a, made, passkey.VerificationRequired)
	refused(t, "the same as the only factor", err, "somebody who was asked for a PIN or the like")
}

func TestACounterThatDoesNotRiseIsNoticed(t *testing.T) {
	t.Parallel()
	p, a := party(t, origin), passkeytest.New(t)
	made, err := create(t, p, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		known, says uint32
		regressed   bool
	}{
		{0, 0, false}, {0, 1, false}, {4, 5, false}, {4, 900, false}, {4, 4, true}, {4, 3, true}, {4, 0, true},
	} {
		made.Counter = tc.known
		got, err := use(t, p, a, made, passkey.VerificationRequired, func(c *passkeytest.Ceremony) { c.Counter = tc.says })
		if err != nil || got.Regressed != tc.regressed || got.Counter != tc.says {
			t.Errorf("%d after %d: %+v, %v, want regressed %v", tc.says, tc.known, got, err, tc.regressed)
		}
	}
}

func TestTheDomainComesFromTheBaseURL(t *testing.T) {
	t.Parallel()
	for base, tc := range map[string]struct {
		domain, origin string
		usable         bool
	}{
		"https://sso.example":          {"sso.example", "https://sso.example", true},
		"https://SSO.example:443":      {"sso.example", "https://sso.example", true},
		"https://sso.example:8443/x":   {"sso.example", "https://sso.example:8443", true},
		"http://localhost:8080":        {"localhost", "http://localhost:8080", true},
		"http://127.0.0.1:8080":        {"127.0.0.1", "http://127.0.0.1:8080", false},
		"http://[::1]:8080":            {"::1", "http://[::1]:8080", false},
		"https://sso.example.internal": {"sso.example.internal", "https://sso.example.internal", true},
	} {
		p := party(t, base)
		if p.Usable() != tc.usable {
			t.Errorf("%s: Usable() = %v", base, p.Usable())
		}
		options, err := p.RequestOptions(challenge, nil, passkey.VerificationRequired)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(options), `"rpId":"`+tc.domain+`"`) {
			t.Errorf("%s: %s, want the domain %s", base, options, tc.domain)
		}
		a := passkeytest.New(t)
		creation, err := p.CreationOptions(challenge, passkey.User{Handle: handle}, nil)
		if err != nil {
			t.Fatal(err)
		}
		made, err := passkey.ParseCreation(a.Create(creation, tc.origin))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Created(made, challenge); err != nil {
			t.Errorf("%s: Created() at %s = %v", base, tc.origin, err)
		}
	}
	for _, bad := range []string{"", "/", "sso.example", "https://"} {
		if _, err := passkey.NewParty(bad, ""); err == nil {
			t.Errorf("NewParty(%q) succeeds", bad)
		}
	}
}

func TestOptionsSayWhatWeWant(t *testing.T) {
	t.Parallel()
	p := party(t, origin)
	have := []passkey.Credential{{ID: []byte{1, 2}, Transports: []string{"usb"}}}
	raw, err := p.CreationOptions(challenge, passkey.User{Handle: handle, Name: "alice", DisplayName: "Alice"}, have)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Attestation            string
		PubKeyCredParams       []struct{ Alg int }
		ExcludeCredentials     []struct{ ID, Type string }
		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Attestation != "none" || len(got.PubKeyCredParams) != 3 || got.AuthenticatorSelection.ResidentKey != "preferred" ||
		len(got.ExcludeCredentials) != 1 || got.ExcludeCredentials[0].ID != "AQI" || got.ExcludeCredentials[0].Type != "public-key" {
		t.Errorf("CreationOptions() = %s", raw)
	}
}

func TestUnreadableAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing": "", "no JSON": "{", "no answer": "{}", "a list": "[]", "too long": `{"id":"` + strings.Repeat("A", passkey.MaxResponse) + `"}`,
		"two": `{} {}`, "no object": `{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"","authenticatorData":""}}`,
	} {
		if _, err := passkey.ParseCreation([]byte(answer)); !fault.Is(err, "passkey_unreadable") {
			t.Errorf("%s: ParseCreation() = %v", name, err)
		}
		if _, err := passkey.ParseAssertion([]byte(answer)); !fault.Is(err, "passkey_unreadable") {
			t.Errorf("%s: ParseAssertion() = %v", name, err)
		}
	}
}

// Whatever a browser posts is read or refused, and proves nothing to who does
// not hold the key.
func FuzzParse(f *testing.F) {
	p, err := passkey.NewParty(origin, "Acme")
	if err != nil {
		f.Fatal(err)
	}
	a := passkeytest.New(f)
	creation, err := p.CreationOptions(challenge, passkey.User{Handle: handle}, nil)
	if err != nil {
		f.Fatal(err)
	}
	request, err := p.RequestOptions(challenge, nil, passkey.VerificationRequired)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.Create(creation, origin))
	f.Add(a.Get(request, origin))
	stranger := passkeytest.New(f)
	made, err := passkey.ParseCreation(stranger.Create(creation, origin))
	if err != nil {
		f.Fatal(err)
	}
	known, err := p.Created(made, challenge)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if c, err := passkey.ParseCreation(answer); err == nil {
			_ = c.Challenge()
			_, _ = p.Created(c, challenge)
		} else if !fault.Is(err, "passkey_unreadable") {
			t.Errorf("ParseCreation() = %v", err)
		}
		got, err := passkey.ParseAssertion(answer)
		if err != nil {
			return
		}
		if _, err := p.Proved(got, challenge, known, handle, passkey.VerificationDiscouraged); !fault.Is(err, "passkey_refused") {
			t.Errorf("an answer without the key proves: %v", err)
		}
	})
}
