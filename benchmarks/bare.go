package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
)

// bare is the least that can be called a server for sign-ins: it sends people to the
// identity provider, verifies what they come back with, gives a code for it, tokens
// for the code, and tells who that is. It stores nothing, keeps no sessions and no log,
// and knows one app and one connection. How many sign-ins it does says how fast a
// machine is at what every server has to do.
type bare struct {
	base   string
	secret []byte
	idp    saml.IdP
	sso    string
	key    *ecdsa.PrivateKey

	mu       sync.Mutex
	attempts map[string]bareAttempt // by RelayState
	grants   map[string]bareGrant   // by code
	tokens   map[string]string      // the person of an access token
}

// A bareAttempt is somebody who is at the identity provider.
type bareAttempt struct{ requestID, redirectURI, state, nonce, challenge string }

// A bareGrant is what a code gives.
type bareGrant struct{ person, nonce, challenge string }

// bareArgument is what this program is started with to be a bare server, before its
// address and the folder with the metadata and the secret.
const bareArgument = "bare"

// serveBare is a bare server at an address, until it is stopped. It reads what a server
// is set up with from a folder.
func serveBare(address, dir string) error {
	debug.SetGCPercent(300) // as the server has it
	handler, err := newBare("http://"+address, os.DirFS(dir))
	if err != nil {
		return err
	}
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newBare(base string, dir fs.FS) (http.Handler, error) {
	metadata, err := fs.ReadFile(dir, metadataFile)
	if err != nil {
		return nil, err
	}
	idp, err := saml.ParseIdPMetadata(metadata)
	if err != nil {
		return nil, err
	}
	sso, err := idp.SignOn()
	if err != nil {
		return nil, err
	}
	secret, err := fs.ReadFile(dir, secretFile)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	b := &bare{
		base: base, secret: secret, sso: sso.Location, idp: idp.Expect(), key: key,
		attempts: map[string]bareAttempt{}, grants: map[string]bareGrant{}, tokens: map[string]string{},
	}
	mux := http.NewServeMux()
	for pattern, step := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /oauth2/authorize":             b.authorize,
		"POST /saml/" + connection + "/acs": b.acs,
		"POST /oauth2/token":                b.token,
		"GET /oauth2/userinfo":              b.userinfo,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := step(w, r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		})
	}
	return mux, nil
}

func (b *bare) entityID() string { return b.base + "/saml/" + connection + "/metadata" }
func (b *bare) acsURL() string   { return b.base + "/saml/" + connection + "/acs" }

func (b *bare) authorize(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a := bareAttempt{saml.NewID(), q.Get("redirect_uri"), q.Get("state"), q.Get("nonce"), q.Get("code_challenge")}
	relayState := rand.Text()
	to, err := saml.Request{ID: a.requestID, Destination: b.sso, Issuer: b.entityID(), ACS: b.acsURL(), IssueInstant: time.Now()}.RedirectURL(relayState)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.attempts[relayState] = a
	b.mu.Unlock()
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (b *bare) acs(w http.ResponseWriter, r *http.Request) error {
	relayState := r.PostFormValue("RelayState")
	b.mu.Lock()
	a, ok := b.attempts[relayState]
	delete(b.attempts, relayState)
	b.mu.Unlock()
	if !ok {
		return errors.New("no such attempt")
	}
	message, err := saml.DecodePost(r.PostFormValue("SAMLResponse"))
	if err != nil {
		return err
	}
	assertion, err := saml.Verify(message, saml.Expect{IdP: b.idp, EntityID: b.entityID(), ACS: b.acsURL(), RequestID: a.requestID, Skew: saml.DefaultSkew}, time.Now())
	if err != nil {
		return err
	}
	code := rand.Text()
	b.mu.Lock()
	b.grants[code] = bareGrant{assertion.NameID.Value, a.nonce, a.challenge}
	b.mu.Unlock()
	http.Redirect(w, r, a.redirectURI+"?"+url.Values{"code": {code}, "state": {a.state}}.Encode(), http.StatusSeeOther)
	return nil
}

func (b *bare) token(w http.ResponseWriter, r *http.Request) error {
	id, secret, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	b.mu.Lock()
	g, ok := b.grants[code]
	delete(b.grants, code)
	b.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != clientID || subtle.ConstantTimeCompare([]byte(secret), b.secret) != 1 || base64.RawURLEncoding.EncodeToString(challenge[:]) != g.challenge {
		return errors.New("invalid_grant")
	}
	now := time.Now()
	idToken, err := b.sign(map[string]any{"iss": b.base, "aud": clientID, "sub": g.person, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	if err != nil {
		return err
	}
	access := rand.Text()
	b.mu.Lock()
	b.tokens[access] = g.person
	b.mu.Unlock()
	return answerJSON(w, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 3600, "id_token": idToken})
}

func (b *bare) userinfo(w http.ResponseWriter, r *http.Request) error {
	b.mu.Lock()
	person, ok := b.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	b.mu.Unlock()
	if !ok {
		return errors.New("invalid_token")
	}
	return answerJSON(w, map[string]any{"sub": person, "email": person})
}

// sign returns claims as a token signed by ES256.
func (b *bare) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, b.key, hash[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func answerJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(body)
}
