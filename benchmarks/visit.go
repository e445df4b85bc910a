package main

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
)

// A visit is somebody who signs in, step by step.
type visit struct {
	browser  *http.Client
	address  string     // that the person has
	verifier string     // of the application, for the code
	idp      *url.URL   // where the server has sent the browser
	response url.Values // that the identity provider has the browser post
}

// browser is what one person signs in with: it keeps cookies and follows nothing.
func browser() (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, err
}

var transport = &http.Transport{MaxIdleConnsPerHost: 2 * browsers}

// authorize returns the address of an authorize request.
func (l *load) authorize(verifier, hint string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return l.server.base + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {"openid email profile"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "login_hint": {hint},
	}.Encode()
}

// leave asks the server to sign somebody in, as far as the identity provider.
func (l *load) leave(address string) (*visit, error) {
	client, err := browser()
	if err != nil {
		return nil, err
	}
	v := &visit{browser: client, address: address, verifier: rand.Text() + rand.Text()}
	v.idp, err = follow(client, l.authorize(v.verifier, address))
	for err == nil && v.idp.Host == l.server.host() { // pages of ours that send on
		v.idp, err = follow(client, v.idp.String())
	}
	if err != nil {
		return nil, fmt.Errorf("authorize: %w", err)
	}
	return v, nil
}

// answer has the identity provider answer the request that the visit came with.
func (w *world) answer(v *visit, base string) error {
	asked := v.idp.Query()
	packed, err := base64.StdEncoding.DecodeString(asked.Get("SAMLRequest"))
	if err != nil {
		return err
	}
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return err
	}
	id, err := requestID(message)
	if err != nil {
		return err
	}
	idp := *w.idp
	idp.Now, idp.RequestID = time.Now(), id
	idp.SPEntityID, idp.ACS = base+"/saml/"+connection+"/metadata", base+"/saml/"+connection+"/acs"
	r := idp.Response()
	r.NameID = v.address
	r.Attributes = []saml.Attribute{{Name: "mail", Values: []string{v.address}}, {Name: "givenName", Values: []string{"Alice"}}, {Name: "groups", Values: []string{"red", "green"}}}
	doc, err := r.XML()
	v.response = url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {asked.Get("RelayState")}}
	return err
}

// comeBack posts the response to the server, and returns the code with which it
// sends the browser to the application.
func (l *load) comeBack(v *visit) (code string, err error) {
	request, err := newRequest(http.MethodPost, l.server.base+"/saml/"+connection+"/acs", strings.NewReader(v.response.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://idp.example")
	bare := &http.Client{Transport: transport, CheckRedirect: v.browser.CheckRedirect} // a post from another site brings no cookies
	status, to, body, err := send(bare, request)
	if err != nil || to == nil {
		return "", fmt.Errorf("response: %d %s %w", status, body, err)
	}
	for to.Host == l.server.host() {
		if to, err = follow(v.browser, to.String()); err != nil {
			return "", fmt.Errorf("finishing: %w", err)
		}
	}
	if code = to.Query().Get("code"); code == "" {
		return "", fmt.Errorf("no code in %s", to)
	}
	return code, nil
}

// enter comes back with the response, and has the application exchange the code
// and ask who it is.
func (l *load) enter(v *visit) error {
	code, err := l.comeBack(v)
	if err != nil {
		return err
	}
	access, err := l.exchange(code, v.verifier)
	if err != nil {
		return err
	}
	request, err := newRequest(http.MethodGet, l.server.base+"/oauth2/userinfo", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+access)
	status, _, body, err := send(&http.Client{Transport: transport}, request)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("userinfo: %d %s %w", status, body, err)
	}
	return nil
}

// exchange gives a code for an access token.
func (l *load) exchange(code, verifier string) (string, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	request, err := newRequest(http.MethodPost, l.server.base+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(clientID, l.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, body, err := send(&http.Client{Transport: transport}, request)
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("token: %d %s %w", status, body, err)
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	err = json.Unmarshal(body, &tokens)
	return tokens.Access, err
}

func (s *server) host() string { return s.base[len("http://"):] }

// follow asks for an address and returns where the answer leads.
func follow(client *http.Client, address string) (*url.URL, error) {
	request, err := newRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	status, to, body, err := send(client, request)
	if err == nil && to == nil {
		err = fmt.Errorf("%s answers %d and leads nowhere: %.2000s", address, status, body)
	}
	return to, err
}

func newRequest(method, address string, body io.Reader) (*http.Request, error) {
	return http.NewRequestWithContext(context.Background(), method, address, body)
}

// send asks, and returns the status, where the answer leads, and its body.
func send(client *http.Client, request *http.Request) (int, *url.URL, []byte, error) {
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return 0, nil, nil, err
	}
	to, err := answer.Location()
	if errors.Is(err, http.ErrNoLocation) {
		return answer.StatusCode, nil, body, nil
	}
	return answer.StatusCode, to, body, err
}
