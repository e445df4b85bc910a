// Package passkey registers security keys and passkeys and checks what they
// prove [WebAuthn Level 3].
//
// It writes the options that a browser is given, and reads what the browser
// answers. It opens nothing, reads no clock and keeps no state: that a challenge
// was made by us, for this browser, and is used once, is the caller's to see
// to, and so is whose credential it is.
//
// # Trust
//
// Of an answer, only what the authenticator has signed is believed, and only
// after the signature has been checked with the key that was registered. We
// ask for no attestation and look at none: who made an authenticator is
// nothing that we decide by. Origin and domain come from the base URL of the
// configuration and are compared exactly.
package passkey

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/sallyport/sallyport/internal/fault"
)

// MaxResponse is the length of the longest answer that is read, in octets.
const MaxResponse = 32 << 10

// maxCredentialID is the length of the longest credential ID [WebAuthn 5.8.1].
const maxCredentialID = 1023

// Party is us: the relying party.
type Party struct {
	name   string
	origin string
	domain string
}

// NewParty returns the relying party at a base URL, under a name that
// authenticators may show.
func NewParty(baseURL, name string) (*Party, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("making a relying party of %q: not a URL with a host", baseURL)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	origin := u.Scheme + "://" + host
	if strings.Contains(host, ":") {
		origin = u.Scheme + "://[" + host + "]"
	}
	if usual := map[string]string{"https": "443", "http": "80"}[u.Scheme]; port != "" && port != usual {
		origin += ":" + port
	}
	return &Party{name: name, origin: origin, domain: host}, nil
}

// Usable reports whether browsers have passkeys here at all: they belong to a
// domain, and an address such as 127.0.0.1 is none.
func (p *Party) Usable() bool {
	_, err := netip.ParseAddr(p.domain)
	return err != nil
}

// Credential is what is kept of an authenticator [WebAuthn 4].
type Credential struct {
	ID             []byte
	PublicKey      []byte // COSE
	AAGUID         []byte
	Transports     []string
	Counter        uint32
	Verified       bool // the authenticator asked the person for a PIN or the like
	BackupEligible bool
	BackedUp       bool
}

// User is who a credential is made for. The handle comes back with each use.
type User struct {
	Handle      []byte
	Name        string // such as an address
	DisplayName string
}

// Verification says whether the authenticator has to ask the person for a PIN,
// a finger or the like.
type Verification string

// The verifications.
const (
	VerificationRequired    Verification = "required"
	VerificationPreferred   Verification = "preferred"
	VerificationDiscouraged Verification = "discouraged"
)

// algorithms lists the signatures that we check, the preferred first.
func algorithms() []webauthncose.COSEAlgorithmIdentifier {
	return []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgEdDSA, webauthncose.AlgES256, webauthncose.AlgRS256}
}

// ceremonyTimeout is how long browsers wait for the person, in milliseconds.
const ceremonyTimeout = 300_000

// descriptor names a credential to the browser.
type descriptor struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

func descriptors(credentials []Credential) []descriptor {
	list := make([]descriptor, len(credentials))
	for i, c := range credentials {
		list[i] = descriptor{Type: publicKey, ID: encode(c.ID), Transports: c.Transports}
	}
	return list
}

const publicKey = "public-key"

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// CreationOptions returns what the browser is given to make a credential, as
// JSON: PublicKeyCredentialCreationOptionsJSON. An authenticator that holds one
// of have makes no second one.
func (p *Party) CreationOptions(challenge []byte, u User, have []Credential) ([]byte, error) {
	type parameter struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	}
	var parameters []parameter
	for _, alg := range algorithms() {
		parameters = append(parameters, parameter{publicKey, int(alg)})
	}
	options := map[string]any{
		"rp":                 map[string]string{"id": p.domain, "name": p.name},
		"user":               map[string]string{"id": encode(u.Handle), "name": u.Name, "displayName": u.DisplayName},
		"challenge":          encode(challenge),
		"pubKeyCredParams":   parameters,
		"timeout":            ceremonyTimeout,
		"excludeCredentials": descriptors(have),
		"authenticatorSelection": map[string]any{
			"residentKey": VerificationPreferred, "requireResidentKey": false, "userVerification": VerificationPreferred,
		},
		"attestation": "none",
	}
	return marshal(options)
}

// RequestOptions returns what the browser is given to use a credential, as
// JSON: PublicKeyCredentialRequestOptionsJSON. Without any allowed ones it
// offers those that it finds for our domain.
func (p *Party) RequestOptions(challenge []byte, allowed []Credential, v Verification) ([]byte, error) {
	return marshal(map[string]any{
		"challenge": encode(challenge), "rpId": p.domain, "timeout": ceremonyTimeout, "userVerification": v, "allowCredentials": descriptors(allowed),
	})
}

func marshal(options map[string]any) ([]byte, error) {
	b, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("writing options for a browser: %w", err)
	}
	return b, nil
}

// refuse is the answer to an authenticator that proves nothing.
func refuse(want, got string, cause error) error {
	return &fault.Error{Kind: fault.Denied, Code: "passkey_refused", Want: want, Got: got, Fix: fault.PersonSide, Err: cause}
}

func unreadable(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Code: "passkey_unreadable", Fix: fault.PersonSide, Err: cause}
}

// Creation is a browser's answer to [Party.CreationOptions], not checked yet.
type Creation struct {
	parsed *protocol.ParsedCredentialCreationData
}

// ParseCreation reads a browser's answer: RegistrationResponseJSON.
func ParseCreation(response []byte) (*Creation, error) {
	if len(response) > MaxResponse {
		return nil, unreadable(nil)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, unreadable(err)
	}
	return &Creation{parsed}, nil
}

// Challenge returns the challenge that was answered, to be looked up or opened
// by the caller. It proves nothing by itself.
func (c *Creation) Challenge() []byte { return challengeOf(c.parsed.Response.CollectedClientData) }

// Created checks the answer to this challenge and returns the credential that
// was made.
func (p *Party) Created(c *Creation, challenge []byte) (Credential, error) {
	object := &c.parsed.Response.AttestationObject
	auth := &object.AuthData
	if err := p.client(c.parsed.Response.CollectedClientData, challenge, protocol.CreateCeremony); err != nil {
		return Credential{}, err
	}
	if err := p.authenticator(auth, VerificationPreferred); err != nil {
		return Credential{}, err
	}
	id := auth.AttData.CredentialID
	if len(id) == 0 || len(id) > maxCredentialID || !bytes.Equal(id, c.parsed.RawID) {
		return Credential{}, refuse("one credential ID of at most 1,023 octets", "another", nil)
	}
	var key webauthncose.PublicKeyData
	if err := webauthncbor.Unmarshal(auth.AttData.CredentialPublicKey, &key); err != nil {
		return Credential{}, unreadable(err)
	}
	known := false
	for _, alg := range algorithms() {
		known = known || key.Algorithm == int64(alg)
	}
	if !known {
		return Credential{}, refuse("a signature algorithm of -8, -7 or -257", fmt.Sprint(key.Algorithm), nil)
	}
	if _, err := webauthncose.ParsePublicKey(auth.AttData.CredentialPublicKey); err != nil {
		return Credential{}, unreadable(err)
	}
	made := Credential{
		ID: id, PublicKey: auth.AttData.CredentialPublicKey, AAGUID: auth.AttData.AAGUID, Counter: auth.Counter,
		Verified: auth.Flags.HasUserVerified(), BackupEligible: auth.Flags.HasBackupEligible(), BackedUp: auth.Flags.HasBackupState(),
	}
	for _, t := range c.parsed.Response.Transports {
		if known, ok := transport(string(t)); ok && len(made.Transports) < len(transports()) {
			made.Transports = append(made.Transports, known)
		}
	}
	return made, nil
}

// transports lists the ways to reach an authenticator [WebAuthn 5.8.4]; of
// others nothing is kept.
func transports() []string {
	return []string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}
}

func transport(s string) (string, bool) {
	for _, t := range transports() {
		if s == t {
			return t, true
		}
	}
	return "", false
}

// Assertion is a browser's answer to [Party.RequestOptions], not checked yet.
type Assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
}

// ParseAssertion reads a browser's answer: AuthenticationResponseJSON.
func ParseAssertion(response []byte) (*Assertion, error) {
	if len(response) > MaxResponse {
		return nil, unreadable(nil)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, unreadable(err)
	}
	return &Assertion{parsed}, nil
}

// Challenge returns the challenge that was answered, to be looked up or opened
// by the caller. It proves nothing by itself.
func (a *Assertion) Challenge() []byte { return challengeOf(a.parsed.Response.CollectedClientData) }

// Credential returns the ID of the credential that answers, by which its key is
// found. It proves nothing by itself.
func (a *Assertion) Credential() []byte { return a.parsed.RawID }

// Use is what an authenticator said of itself when it was used.
type Use struct {
	Verified  bool // it asked the person for a PIN or the like
	Counter   uint32
	BackedUp  bool
	Regressed bool // its counter did not rise: there may be a copy of it
}

// Proved checks the answer to this challenge by a credential, whose owner has
// this handle. The handle must come with the answer where the browser chose the
// credential.
func (p *Party) Proved(a *Assertion, challenge []byte, by Credential, handle []byte, v Verification) (Use, error) {
	if !bytes.Equal(a.parsed.RawID, by.ID) {
		return Use{}, refuse("this credential", "another", nil)
	}
	if h := a.parsed.Response.UserHandle; len(h) > 0 && !bytes.Equal(h, handle) || len(h) == 0 && v == VerificationRequired {
		return Use{}, refuse("the credential's owner", "another", nil)
	}
	if err := p.client(a.parsed.Response.CollectedClientData, challenge, protocol.AssertCeremony); err != nil {
		return Use{}, err
	}
	auth := &a.parsed.Response.AuthenticatorData
	if err := p.authenticator(auth, v); err != nil {
		return Use{}, err
	}
	if auth.Flags.HasBackupEligible() != by.BackupEligible {
		return Use{}, refuse("a credential that can be backed up as before", "one that has changed", nil)
	}
	// The library checks all of this once more, and the signature.
	err := a.parsed.Verify(encode(challenge), p.domain, "", []string{p.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false,
		v == VerificationRequired, true, by.PublicKey, protocol.SignaturePolicy{})
	if err != nil {
		return Use{}, refuse("a signature by the registered key", "another", err)
	}
	return Use{
		Verified: auth.Flags.HasUserVerified(), Counter: auth.Counter, BackedUp: auth.Flags.HasBackupState(),
		// Authenticators that do not count say 0 always [WebAuthn 7.2].
		Regressed: (auth.Counter != 0 || by.Counter != 0) && auth.Counter <= by.Counter,
	}, nil
}

// client checks what the browser says of the page it was on.
func (p *Party) client(c protocol.CollectedClientData, challenge []byte, ceremony protocol.CeremonyType) error {
	switch {
	case c.Type != ceremony:
		return refuse(string(ceremony), clip(string(c.Type)), nil)
	case len(challenge) == 0 || subtle.ConstantTimeCompare([]byte(c.Challenge), []byte(encode(challenge))) != 1:
		return refuse("the challenge that was given", "another", nil)
	case c.Origin != p.origin:
		return refuse(p.origin, clip(c.Origin), nil)
	case c.CrossOrigin || c.TopOrigin != "":
		return refuse("a page of our own", "one within another site's", nil)
	}
	return nil
}

// authenticator checks what the authenticator says of itself, before its
// signature is.
func (p *Party) authenticator(a *protocol.AuthenticatorData, v Verification) error {
	domain := sha256.Sum256([]byte(p.domain))
	switch {
	case !bytes.Equal(a.RPIDHash, domain[:]):
		return refuse("a credential of "+p.domain, "one of another domain", nil)
	case !a.Flags.HasUserPresent():
		return refuse("somebody who touched it", "nobody", nil)
	case v == VerificationRequired && !a.Flags.HasUserVerified():
		return refuse("somebody who was asked for a PIN or the like", "somebody who touched it", nil)
	case a.Flags.HasBackupState() && !a.Flags.HasBackupEligible():
		return refuse("a backup only of what can be backed up", "another", nil)
	}
	return nil
}

func challengeOf(c protocol.CollectedClientData) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(c.Challenge)
	if err != nil {
		return nil
	}
	return b
}

// clip bounds what is told of a value from outside.
func clip(s string) string {
	const limit = 100
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}
